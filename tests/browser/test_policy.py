"""No page, in none of its views, needs what the content security policy forbids."""

from __future__ import annotations

import pytest

from mnist_core.ideas.registry import IDEAS
from tests.browser.conftest import Open, Put
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
VIEWS_OF_A_RUN = ("draw", "mistakes", "inside", "course", "disturb")
# Streamlit's long.js tries WebAssembly for whole numbers of 64 bits, and goes on without where it may not.
NOTE = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  const what = `${event.effectiveDirective} ${event.blockedURI}`;
  if (what !== "script-src wasm-eval") window.violations.push(what);
});
"""


def violations(page: Page, address: str) -> list[str]:
    """What the browser refuses to the page at this address, once all that it shows is drawn."""
    page.open(address)
    drawn = "return [...document.querySelectorAll('[data-testid=live-chart]')].every((one) => one._fullLayout)"
    wait_until(lambda: page.at_rest() and page.browser.execute_script(drawn), 60)
    return [f"{address}: {one}" for one in page.browser.execute_script("return window.violations")]


def test_no_view_of_any_page_violates_the_policy(open_browser: Open, put: Put) -> None:
    page = open_browser()
    page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTE})
    run = put(page, epochs=1)
    addresses = [
        "/",
        f"/train?run={run}",
        "/learning_rate",
        "/learning_rate?view=test",
        "/classroom",
        f"/compare?runs={run}",
    ]
    addresses += [f"/inspect?run={run}&view={view}" for view in VIEWS_OF_A_RUN]
    addresses += [f"/{idea.page}?view={idea.view}" for idea in IDEAS.values()]
    assert not [one for address in addresses for one in violations(page, address)]


def test_what_the_policy_forbids_is_noticed(open_browser: Open) -> None:
    page = open_browser()
    page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTE})
    page.open("/")
    page.browser.execute_script("document.head.append(Object.assign(document.createElement('script'), {text: '1'}))")
    wait_until(lambda: page.browser.execute_script("return window.violations") == ["script-src-elem inline"])
    # Read here, the browser's words on what the test did itself are not held against the page.
    wait_until(lambda: "Content Security Policy" in str(page.browser.get_log("browser")))
