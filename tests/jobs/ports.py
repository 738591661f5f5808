"""Those who have an account on the machine and would like to speak to Dask's processes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

import psutil
from distributed.comm import connect
from distributed.security import Security


def listening(processes: Iterable[psutil.Process]) -> set[tuple[str, int]]:
    """All addresses on which the processes wait for connections."""
    return {
        (connection.laddr.ip, connection.laddr.port)
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def answers(port: int, security: Security | None) -> bool:
    """Whether what listens there tells a Dask client with this certificate (None: without one) who it is."""
    return asyncio.run(_answers(port, security))


async def _answers(port: int, security: Security | None) -> bool:
    arguments = {} if security is None else security.get_connection_args("client")
    address = f"{'tcp' if security is None else 'tls'}://127.0.0.1:{port}"
    try:
        comm = await connect(address, timeout=1, **arguments)
        await comm.write({"op": "identity", "reply": True})
        reply = await asyncio.wait_for(comm.read(), 5)
        comm.abort()
    except (TimeoutError, OSError):  # Dask's and TLS's errors are OSErrors
        return False
    return isinstance(reply, dict) and "id" in reply


def speaks_http(port: int) -> bool:
    """Whether what listens there answers a browser."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        try:
            connection.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
        except OSError:
            return False
