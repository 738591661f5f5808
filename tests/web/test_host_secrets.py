"""Every setting may come from the host's secrets, before the server is made."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from mnist_core import settings
from tests.conftest import ROOT

CODE = """
import json, os
from mnist_core import web
web.middleware()
print(json.dumps({name: value for name, value in os.environ.items() if name.startswith(("MNIST_LAB_", "FORWARDED_"))}))
"""


DOCUMENTED = re.findall(r"`(MNIST_LAB_\w+)`(?=.*\|)", (ROOT / "docs" / "environment.md").read_text(encoding="utf-8"))


def test_every_setting_is_documented() -> None:
    assert set(DOCUMENTED) == set(re.findall(r"MNIST_LAB_\w+", str(settings.__doc__)))


def test_secrets_reach_every_setting_before_the_server_is_made(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    secrets = {name: f"10.0.0.{number}" for number, name in enumerate(DOCUMENTED)} | {"MNIST_LAB_WORKERS": "1"}
    lines = [f'{name} = "{value}"' for name, value in secrets.items() if name != "MNIST_LAB_WORKERS"]
    (tmp_path / ".streamlit" / "secrets.toml").write_text("\n".join([*lines, "MNIST_LAB_WORKERS = 1"]))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MNIST_LAB_")}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == secrets | {"FORWARDED_ALLOW_IPS": secrets["MNIST_LAB_PROXIES"]}
