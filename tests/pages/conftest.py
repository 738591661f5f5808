"""Pages run by Streamlit's AppTest: the real app and store, without processes that train."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_cache
from streamlit.testing.v1 import AppTest, local_script_runner

from mnist_core.jobs import keeper
from mnist_core.store import Store, open_store
from tests.pages.finished_runs import finished_run

ROOT = Path(__file__).parents[2]
Open = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def looked_up_once() -> Iterator[None]:
    """What AppTest does anew at each drawing, and a server once: scripts are compiled, installed packages are asked for components."""
    compiled = script_cache.ScriptCache()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_script_runner, "ScriptCache", lambda: compiled)
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """The store that the pages use."""
    opened = open_store()
    yield opened
    opened.close()


@pytest.fixture
def open_page(home: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page by its file, with parameters of the address; fails if the page shows an exception."""
    # The pages talk to training through the store alone: these tests need no cluster.
    monkeypatch.setattr(keeper, "keep_cluster", lambda: None)

    def opened(page: str | None = None, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
        if page is not None:
            app.switch_page(f"pages/{page}.py")
            app.session_state["address_ready"] = True  # as after another page
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        assert not [error.value for error in app.error if "This part of the page could not be shown" in error.value]
        return app

    return opened


@pytest.fixture
def finished(store: Store) -> Callable[..., str]:
    """Makes a finished run of a student at a learning rate."""
    return partial(finished_run, store)


@pytest.fixture
def real_digits(mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages have real MNIST; skips where there is none."""
    monkeypatch.setenv("MNIST_LAB_DATA", str(mnist))
