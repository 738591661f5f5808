"""The files in deploy/: nginx takes its configuration and passes on what the app needs, systemd takes the units."""

from __future__ import annotations

import gzip
import http.server
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_core.config import RunConfig
from mnist_core.jobs.private_cluster import temporary_security
from mnist_core.store import open_store
from tests.conftest import ROOT, wait_until

DEPLOY = ROOT / "deploy"
PAGE = b"<title>MNIST Lab</title>" * 100


class Upstream(http.server.BaseHTTPRequestHandler):
    """Stands for the app: a page, and what it was asked with."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "upgrade")
            self.end_headers()
            self.close_connection = True
            return
        self.send_response(200)
        for name in ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "Connection"):
            self.send_header(f"Was-{name}", self.headers.get(name, "-"))
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of nginx with our site, https ended there, in front of a stand-in for the app."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    security = temporary_security()
    (folder / "cert.pem").write_text(str(security.tls_ca_file))
    (folder / "key.pem").write_text(str(security.tls_client_key))
    app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=app.serve_forever, daemon=True).start()
    plain, secure = _free_port(), _free_port()
    site = (DEPLOY / "nginx.conf").read_text()
    for theirs, ours in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;"),
        ("/etc/ssl/mnist-lab/fullchain.pem", str(folder / "cert.pem")),
        ("/etc/ssl/mnist-lab/privkey.pem", str(folder / "key.pem")),
        ("127.0.0.1:8501", f"127.0.0.1:{app.server_port}"),
    ):
        assert theirs in site
        site = site.replace(theirs, ours)
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1; events {{}} "
        f"http {{ access_log off; client_body_temp_path {folder}/body; {places}\n{site} }}"
    )
    subprocess.run([program, "-t", "-c", str(file), "-e", str(folder / "errors")], check=True, capture_output=True)
    process = subprocess.Popen([program, "-c", str(file), "-e", str(folder / "errors")])
    wait_until(lambda: _answers(secure))
    yield secure
    process.terminate()
    process.wait(10)
    app.shutdown()
    app.server_close()


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_nginx_ends_https_compresses_and_says_who_asks(nginx: int) -> None:
    request = urllib.request.Request(
        f"https://127.0.0.1:{nginx}/mnist/train",
        headers={"Accept-Encoding": "gzip", "Host": "lab.school.example"},
    )
    with urllib.request.urlopen(request, context=trusting(), timeout=10) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.read()) == PAGE
        assert answer.headers["Was-Host"] == "lab.school.example"
        assert answer.headers["Was-X-Forwarded-Proto"] == "https"
        assert answer.headers["Was-X-Forwarded-For"] == "127.0.0.1"
        assert answer.headers["Was-Connection"] == "-"


@pytest.mark.parametrize("path", ["/mnist/live", "/mnist/_stcore/stream"])
def test_nginx_passes_both_websockets_on(nginx: int, path: str) -> None:
    with (
        socket.create_connection(("127.0.0.1", nginx), timeout=10) as plain,
        trusting().wrap_socket(plain, server_hostname="lab.school.example") as connection,
    ):
        words = f"GET {path} HTTP/1.1\r\nHost: lab.school.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        connection.sendall(words.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("unit", sorted(DEPLOY.glob("*.service")), ids=lambda unit: unit.stem)
def test_systemd_takes_the_unit_and_its_timer(unit: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    # What it starts must be there: these are where the guide installs it.
    text = re.sub(r"/opt/mnist-lab/bin/\S+", sys.executable, unit.read_text(), count=1)
    assert sys.executable in text
    copy = tmp_path / unit.name
    copy.write_text(text.replace("User=mnist-lab", f"User={os.environ.get('USER', 'root')}"))
    timers = [shutil.copy(timer, tmp_path) for timer in DEPLOY.glob(f"{unit.stem}.timer")]
    done = subprocess.run([program, "verify", str(copy), *timers], capture_output=True, text=True, check=False)
    assert unit.stem not in done.stderr, done.stderr


def commands(unit: str, home: Path) -> Iterator[list[str]]:
    """What the unit runs, as systemd reads it, with this program and another home."""
    for line in (DEPLOY / unit).read_text().splitlines():
        if line.startswith("ExecStart"):
            words = (
                line.partition("=")[2].replace("$$", "$").replace("%%", "%").replace("/var/lib/mnist-lab", str(home))
            )
            yield shlex.split(words.replace("/opt/mnist-lab/bin/mnist-lab", f"{sys.executable} -m mnist_core"))


def test_each_nights_backup_can_be_restored_and_goes_after_two_weeks(tmp_path: Path) -> None:
    home, restored = tmp_path / "home", tmp_path / "restored"
    backups = home / "backups"
    backups.mkdir(parents=True)
    old, young = backups / "old.zip", backups / "young.zip"
    for file, days in ((old, 16), (young, 13)):
        file.touch()
        os.utime(file, times=(time.time() - days * 86_400,) * 2)
    store = open_store(f"sqlite:///{home / 'runs.sqlite'}")
    run = store.runs.create("ann", RunConfig(dataset="built-in"))
    store.close()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MNIST_LAB_")}
    for command in commands("mnist-lab-backup.service", home):
        subprocess.run(command, cwd=ROOT, env=environment | {"MNIST_LAB_HOME": str(home)}, check=True)
    assert not old.exists()
    (backup,) = set(backups.iterdir()) - {young}
    command = [sys.executable, "-m", "mnist_core", "restore", str(backup)]
    subprocess.run(command, cwd=ROOT, env=environment | {"MNIST_LAB_HOME": str(restored)}, check=True)
    store = open_store(f"sqlite:///{restored / 'runs.sqlite'}")
    assert store.runs.get(run).owner == "ann"
    store.close()
