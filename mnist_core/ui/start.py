"""What the server does at its start, before the first browser comes: light to import, since it delays the first answer."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit import cli_util
from streamlit.web.server import server_util

LOG = logging.getLogger("mnist_lab")
BROWSER_SECONDS = 0.2
FIRST_PAGE_SECONDS = 3.0  # the first page, if somebody waits for one, is drawn before the cluster takes the cores
NEW_OBJECTS = 2_000  # at which the collector looks for dead cycles among them; Python's 700 is for smaller programs


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Keep the cluster alive as long as the server lives: runs that wait from before go on without a page."""
    threading.Thread(target=_prepare, daemon=True).start()
    threading.Thread(target=_after_the_first_page, daemon=True).start()
    if not st.get_option("server.headless"):
        # As Streamlit does for a plain script. The server answers a moment after this.
        asyncio.get_running_loop().call_later(BROWSER_SECONDS, _open_browser)
    yield


def _open_browser() -> None:
    cli_util.open_browser(server_util.get_url(st.get_option("browser.serverAddress")))


def _prepare() -> None:
    """Have what the first page needs, while the browser still loads Streamlit's own scripts."""
    try:
        from mnist_core.ui import chart, frame, session  # noqa: F401

        session.store()
    except Exception as error:  # a page says it to who comes
        LOG.warning("%s", error)


def _after_the_first_page() -> None:
    time.sleep(FIRST_PAGE_SECONDS)
    _keep_cluster()  # first: who has pressed Run by now waits for it
    spare_the_collector()


def spare_the_collector() -> None:
    """What is loaded by now stays, and is not looked through for dead cycles again: with a class of thirty that stopped all browsers
    for a fifth of a second, every few seconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])


def _keep_cluster() -> None:
    try:
        from mnist_core.jobs import keeper

        keeper.keep_cluster()
    except Exception as error:  # a page says it to who comes
        LOG.warning("%s", error)
