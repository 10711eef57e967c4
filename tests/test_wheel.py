"""The built wheel, installed into a virtual environment of its own and used from an empty folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.ci, pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and paths")]

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout."""
    target = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(target)]
    subprocess.run([*pip, str(ROOT)], check=True)
    [built] = target.glob("agentcell-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that has the wheel.

    The dependencies are those of the running environment, seen through a path file; an editable install in there is not
    seen, because the path files of such a folder are not read.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home)
    python = home / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", str(wheel)], check=True
    )
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = home / "lib" / version / "site-packages"
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nothing of this checkout and nothing of the person's own Jupyter."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "JUPYTER", "OPENAI_", "AGENTCELL_"))}
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    lab = str(Path(sys.prefix) / "share" / "jupyter" / "lab")
    return {**kept, **folders, "JUPYTERLAB_DIR": lab, "PYTHONIOENCODING": "utf-8"}


def test_the_wheel_holds_what_is_needed_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "agentcell/py.typed",
        "agentcell/render/assets/run.js",
        "agentcell/render/assets/run.css",
        "agentcell/notebooks/01-first-run.ipynb",
    ):
        assert names.count(needed) == 1, needed
    assert {name.split("/")[0] for name in names} == {"agentcell", names[-1].split("/")[0]}
    assert not [name for name in names if "checkpoint" in name or "__pycache__" in name]


def test_commands_work_from_an_empty_folder(installed: Path, environment: dict[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    def run(*command: str) -> str:
        done = subprocess.run(
            [str(installed / command[0]), *command[1:]], env=environment, cwd=empty, capture_output=True, timeout=120
        )
        assert (done.returncode, done.stderr.decode()) == (0, ""), command
        return done.stdout.decode()

    where = run("python", "-c", "import agentcell; print(agentcell.__file__)")
    assert Path(where.strip()).is_relative_to(installed.parent)
    assert run("agentcell", "version").startswith("agentcell ")
    assert "Handoff: Triage -> Weather" in run("agentcell", "demo", "--speed", "0")
    assert list(empty.iterdir()) == []


def test_lab_opens_a_copy_of_the_packaged_notebook(
    installed: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    jupyter = ["--allow-root", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=T", "--ServerApp.port_retries=0"]
    log = tmp_path / "log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            [str(installed / "agentcell"), "lab", "--no-browser", "--port", str(port), "--", *jupyter],
            env=environment,
            cwd=empty,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        served = wait_for(server, log, f"http://127.0.0.1:{port}/api/contents/agentcell-notebooks/01-first-run.ipynb")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
    own = json.loads((ROOT / "notebooks" / "01-first-run.ipynb").read_text(encoding="utf-8"))
    assert [cell["id"] for cell in served["content"]["cells"]] == [cell["id"] for cell in own["cells"]]
    assert [path.name for path in empty.iterdir()] == ["agentcell-notebooks"]
    assert f"http://127.0.0.1:{port}/lab/tree/agentcell-notebooks/01-first-run.ipynb?token=" in log.read_text()


def wait_for(server: subprocess.Popen[bytes], log: Path, address: str) -> dict[str, Any]:
    """The JSON at an address of a server that is starting, once it has said that it serves."""
    deadline = time.monotonic() + 60
    while "?token=" not in log.read_text():
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    request = urllib.request.Request(address, headers={"Authorization": "token T"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)
