"""A local Dask cluster that nobody else on the machine can speak to.

Whoever can connect to a Dask scheduler or worker can have it run any code. So all of ours speak TLS and show each other one
certificate, made at the start and kept in memory: who does not have its key is refused, on every port. Dask's HTTP servers,
which know no certificates, are not started.
"""

from __future__ import annotations

import datetime
import logging
from typing import Any

from distributed import Nanny, Scheduler, SpecCluster, Worker
from distributed.security import Security

from mnist_core import settings

# A machine whose clock is set back must not find the certificate invalid.
_EVER = (datetime.datetime(1970, 1, 1), datetime.datetime(9999, 12, 31))


def temporary_security() -> Security:
    """A certificate of our own, with its key, for all that takes part; neither is written to a file that stays."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mnist-lab")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_EVER[0])
        .not_valid_after(_EVER[1])
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _security(certificate.decode(), certificate.decode(), secret.decode())


def named_security() -> Security | None:
    """What the settings name for a scheduler of one's own; None: no TLS. Raises JobsError."""
    files = settings.scheduler_tls()
    return None if files is None else _security(*map(str, files))


def _security(authority: str, certificate: str, key: str) -> Security:
    roles = {
        f"tls_{role}_{part}": value
        for role in ("client", "scheduler", "worker")
        for part, value in (("cert", certificate), ("key", key))
    }
    return Security(require_encryption=True, tls_ca_file=authority, **roles)  # type: ignore[no-untyped-call]


class _NoHttp:
    def start_http_server(self, *_arguments: Any, **_options: Any) -> None:
        """Start none: it would show code, logs and call stacks to all who ask."""


class ClosedScheduler(_NoHttp, Scheduler):
    """A scheduler without an HTTP server."""


class ClosedWorker(_NoHttp, Worker):
    """A worker without an HTTP server."""


class ClosedNanny(Nanny):
    """The nanny of such a worker."""

    def __init__(self, scheduler: str, **options: Any) -> None:
        super().__init__(scheduler, worker_class=ClosedWorker, **options)


def closed_cluster(resources: dict[str, int], threads: int) -> SpecCluster:
    """A cluster of one worker (`scale` makes more) with so many threads and `resources`, on the loopback."""
    security = temporary_security()
    common = {"host": "127.0.0.1", "protocol": "tls://", "security": security}
    worker = {
        "cls": ClosedNanny,
        "options": common
        | {
            "nthreads": threads,
            "resources": resources,
            "memory_limit": None,
            "dashboard": False,
            "silence_logs": logging.WARNING,
        },
    }
    return SpecCluster(  # type: ignore[no-untyped-call]
        scheduler={"cls": ClosedScheduler, "options": common | {"port": 0, "dashboard": False}},
        workers={0: worker},
        worker=worker,
        security=security,
        silence_logs=logging.WARNING,
    )
