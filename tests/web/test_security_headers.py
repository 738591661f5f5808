"""What browsers are told that they may do with an answer; which sites may frame the app; whose word on addresses counts.

That all pages run under the policy is shown by tests/browser: its pages may report no violation.
"""

from __future__ import annotations

import asyncio
import os

import pytest

from mnist_core import settings, web
from mnist_core.web.security_headers import SecurityHeaders, content_security_policy
from tests.web.exchanges import Server, request, send_to


def rules() -> dict[str, list[str]]:
    return {name: sources for name, *sources in (rule.split() for rule in content_security_policy().split(";"))}


def test_every_answer_says_it() -> None:
    answer = asyncio.run(send_to(SecurityHeaders(Server()), request("/train")))
    assert answer.headers[b"x-content-type-options"] == b"nosniff"
    assert answer.headers[b"referrer-policy"] == b"same-origin"
    assert b"default-src 'self'" in answer.headers[b"content-security-policy"]
    assert answer.headers[b"content-type"] == b"text/javascript"


def test_no_script_of_elsewhere_and_none_that_a_student_typed() -> None:
    allowed = rules()["script-src"]
    assert "'self'" in allowed
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "https:"} & set(allowed)
    assert rules()["object-src"] == ["'none'"]


def test_nobody_else_frames_the_app_unless_a_setting_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MNIST_LAB_FRAME_ANCESTORS", raising=False)
    assert rules()["frame-ancestors"] == ["'self'"]
    monkeypatch.setenv("MNIST_LAB_FRAME_ANCESTORS", "https://moodle.example, https://*.school.example:8443")
    assert rules()["frame-ancestors"] == ["'self'", "https://moodle.example", "https://*.school.example:8443"]


@pytest.mark.parametrize(
    "word", ["*", "moodle.example", "https://a;script-src", "javascript:x", "https://a/b", "'none'"]
)
def test_what_is_no_address_of_a_site_is_left_out(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_FRAME_ANCESTORS", f"{word} https://moodle.example")
    assert settings.frame_ancestors() == (["https://moodle.example"], [word])
    assert rules()["frame-ancestors"] == ["'self'", "https://moodle.example"]


def test_no_proxy_is_believed_unless_a_setting_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    monkeypatch.delenv("MNIST_LAB_PROXIES", raising=False)
    web.trust_proxies()
    assert os.environ["FORWARDED_ALLOW_IPS"] == ""
    monkeypatch.setenv("MNIST_LAB_PROXIES", "10.0.0.0/8 ::1, * nginx")
    web.trust_proxies()
    assert os.environ["FORWARDED_ALLOW_IPS"] == "10.0.0.0/8,::1"
    assert settings.proxies()[1] == ["*", "nginx"]


@pytest.mark.parametrize(
    ("named", "client"), [("", "127.0.0.1"), ("10.0.0.1", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")]
)
def test_the_server_takes_a_browsers_address_from_named_proxies_alone(
    named: str, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import uvicorn

    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    monkeypatch.setenv("MNIST_LAB_PROXIES", named)
    web.trust_proxies()
    server = Server()
    config = uvicorn.Config(server, log_config=None, lifespan="off", interface="asgi3")
    config.load()
    scope = request(headers=[(b"x-forwarded-for", b"203.0.113.9")]) | {"client": ("127.0.0.1", 1)}
    asyncio.run(send_to(config.loaded_app, scope))  # type: ignore[arg-type]
    assert server.asked[0]["client"][0] == client
