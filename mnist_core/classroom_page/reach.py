"""How phones reach this computer: addresses of the app in the network, and the code that a camera reads."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import segno
import streamlit as st

from mnist_core import escape, settings

# Networks inside the computer: containers and virtual machines, which no phone sees.
_INSIDE = ("docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "cni", "flannel", "lo")


def addresses() -> list[str]:
    """Addresses of the app, the likeliest first: the one that a setting names alone, else that by which this browser came, and
    those of the computer in its networks. Never one that leads a phone to itself."""
    if (named := settings.public_url()) is not None:
        return [named]
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return offered(str(st.context.url or ""), _interfaces(), int(st.get_option("server.port")), base)


def offered(page: str, interfaces: Mapping[str, Sequence[str]], port: int, base: str) -> list[str]:
    """The same of a browser at the address `page` and a computer with these interfaces and their addresses."""
    start = f"/{base}" if base else ""
    parts = urlsplit(page)
    own = [f"{parts.scheme}://{parts.netloc}{start}"] if parts.hostname and not is_local(parts.hostname) else []
    ours = [
        ipaddress.IPv4Address(address)
        for name, of_interface in interfaces.items()
        if not name.lower().startswith(_INSIDE)
        for address in of_interface
    ]
    # 192.168.… before 10.… before public ones: what a classroom's router gives.
    reached = sorted(
        (address for address in ours if not (address.is_loopback or address.is_link_local)),
        key=lambda address: (not address.is_private, not str(address).startswith("192.168."), address),
    )
    return list(dict.fromkeys([*own, *(f"http://{address}:{port}{start}" for address in reached)]))


def is_local(host: str) -> bool:
    """Whether the name leads each computer to itself."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.rstrip(".").lower() == "localhost" or host.lower().endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def listens_for_itself_alone() -> bool:
    """Whether the server was told to hear nobody but this computer."""
    address = str(st.get_option("server.address") or "")
    return address not in ("0.0.0.0", "::") and is_local(address)


def _interfaces() -> dict[str, list[str]]:
    """Name of each network interface that is up → its IPv4 addresses."""
    import socket

    import psutil

    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return {
        name: [one.address for one in of_interface if one.family == socket.AF_INET]
        for name, of_interface in psutil.net_if_addrs().items()
        if name in up
    }


def join_link(address: str, code: str) -> str:
    """What students open to join the class."""
    return f"{address}/?class={code}"


def picture(link: str, description: str) -> str:
    """The link as a QR code, as wide as its place; dark on light on either ground, as cameras want it."""
    svg = segno.make(link, error="m", micro=False).svg_inline(border=4, dark="#000", light="#fff", omitsize=True)
    return f'<div class="mnist-lab-qr" role="img" aria-label="{escape.html(description)}">{svg}</div>'
