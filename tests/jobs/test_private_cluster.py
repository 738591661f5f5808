"""The local cluster is closed: without its certificate nobody on the machine can speak to any of its processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dask
import psutil
import pytest
from cryptography import x509
from distributed import SpecCluster

from mnist_core import settings
from mnist_core.errors import JobsError
from mnist_core.jobs import private_cluster
from mnist_core.store import open_store
from tests.jobs.ports import answers, listening, speaks_http


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpecCluster]:
    """A closed cluster with one worker."""
    scratch = str(tmp_path_factory.mktemp("scratch"))
    with (
        dask.config.set({"temporary-directory": scratch}),
        private_cluster.closed_cluster({"train": 1}, threads=1) as started,
    ):
        started.sync(started._correct_state)
        yield started


# Sockets of refused clients are closed when they are collected: Dask's clients leave that to Python.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_every_port_answers_those_alone_who_have_its_certificate(cluster: SpecCluster) -> None:
    (nanny,) = cluster.workers.values()
    me, worker = psutil.Process(), psutil.Process(nanny.pid)
    ports = {port for _host, port in listening([me, worker])}
    # Scheduler, nanny and worker; no dashboard, no health check.
    addresses = {cluster.scheduler_address, nanny.address, nanny.worker_address}
    assert ports == {int(address.rpartition(":")[2]) for address in addresses}
    assert len(ports) == 3
    stranger = private_cluster.temporary_security()
    for port in sorted(ports):
        assert answers(port, cluster.security)
        assert not answers(port, None), "a client without a certificate"
        assert not answers(port, stranger), "one with a certificate of its own"
        assert not speaks_http(port)


def test_no_clock_makes_the_certificate_invalid() -> None:
    security = private_cluster.temporary_security()
    certificate = x509.load_pem_x509_certificate(security.tls_ca_file.encode())
    assert certificate.not_valid_before_utc.year == 1970
    assert certificate.not_valid_after_utc.year == 9999


def test_certificates_for_a_scheduler_of_ones_own_are_three_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert private_cluster.named_security() is None
    monkeypatch.setenv("MNIST_LAB_SCHEDULER", "tls://there:8786")
    with pytest.raises(JobsError, match=r"uses TLS.*MNIST_LAB_TLS_KEY"):
        private_cluster.named_security()
    security = private_cluster.temporary_security()
    files = dict(zip(settings.TLS, ("tls_ca_file", "tls_client_cert", "tls_client_key"), strict=True))
    for name, attribute in files.items():
        file = tmp_path / name
        monkeypatch.setenv(name, str(file))
        with pytest.raises(JobsError, match=r"as well|not a readable file"):
            private_cluster.named_security()
        file.write_text(getattr(security, attribute))
    security = private_cluster.named_security()
    assert security is not None
    assert security.require_encryption
    assert security.get_connection_args("client")["ssl_context"] is not None


def mode(place: Path) -> int:
    return place.stat().st_mode & 0o777


def test_a_home_that_we_make_is_for_this_account_alone(home: Path) -> None:
    open_store().close()
    assert (mode(home), mode(home / "runs.sqlite")) == (0o700, 0o600)


def test_what_an_earlier_version_left_open_is_closed_and_a_named_folder_is_left_as_it_is(home: Path) -> None:
    home.mkdir(mode=0o755)
    settings.checkpoint_folder().mkdir(mode=0o755)
    for name in ("runs.sqlite", "cluster.log", "cluster.lock"):
        (home / name).touch(mode=0o644)
    settings.make_home()
    assert mode(home) == 0o755
    assert {mode(place) for place in home.iterdir()} == {0o600, 0o700}
    assert settings.exposed() == []
    home.chmod(0o777)
    assert settings.exposed() == [home]


def test_the_home_that_nobody_named_is_closed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir(mode=0o755)
    monkeypatch.delenv("MNIST_LAB_HOME")
    monkeypatch.setattr(settings, "home", lambda: home)
    settings.make_home()
    assert mode(home) == 0o700
