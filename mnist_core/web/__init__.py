"""What stands between the network and Streamlit: middleware of the app's server. Light to import: it delays the first answer."""

from __future__ import annotations

import logging
import os

from starlette.middleware import Middleware

from mnist_core import settings
from mnist_core.web import host_secrets
from mnist_core.web.kept_files import KeptFiles
from mnist_core.web.limits import Limits
from mnist_core.web.redirect import Redirect
from mnist_core.web.security_headers import SecurityHeaders

LOG = logging.getLogger("mnist_lab")


def middleware() -> list[Middleware]:
    """All of it, the outermost first, for `st.App`; to be called before the server is made, which then knows the proxies.

    The host's secrets are read here, before anything asks for a setting.
    """
    host_secrets.read()
    trust_proxies()
    return [Middleware(SecurityHeaders), Middleware(Limits), Middleware(Redirect), Middleware(KeptFiles)]


def trust_proxies() -> None:
    """Have the server (uvicorn) believe what the named proxies say of the browser's address, and nobody else; by itself it
    believes every process of this machine."""
    named, refused = settings.proxies()
    if refused:
        LOG.warning("MNIST_LAB_PROXIES: no address or network, left out: %s", " ".join(map(repr, refused)))
    os.environ["FORWARDED_ALLOW_IPS"] = ",".join(named)
