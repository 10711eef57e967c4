"""A real JupyterLab, a real Notebook 7 and a real Chromium, for tests.

One server serves both front ends.

Lab is driven through its own commands and models (`window.jupyterapp`, which `expose_app_in_browser` gives), not
through menus; selectors are only used for what a reader sees. Server, settings, kernels and workspaces live in a
folder of their own, so nothing of the user's takes part, and everything waits for an event with a time limit.

    with Lab(folder) as lab:
        notebook = lab.open(["print('hello')"])
        notebook.run_cell(0)
        notebook.wait_idle()
        assert notebook.output_text(0) == "hello"
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from .notebook_page import NotebookPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Playwright

CHECKOUT = Path(__file__).parents[2]
"""The tree under test."""

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    # Timers and frames go on at full rate in a page that nobody looks at.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Saving happens when a test says so.
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}
"""User settings of JupyterLab by plugin."""

FOREIGN = ("AGENTCELL_", "IPYTHON", "JUPYTER", "OPENAI_")
"""How the variables begin that the server must not inherit."""

FRONT_ENDS: Mapping[str, str] = {"lab": "/doc/tree/{}?reset&token=", "notebook7": "/notebooks/{}?token="}
"""The address of a notebook by front end."""

START_SECONDS = 60
"""How long the server may take to answer; a first start on a cold disk is slow."""

_LOCAL = build_opener(ProxyHandler({}))
_PROBE = Path(__file__).with_name("page_probe.js")


def chromium() -> str | None:
    """The path of the Chromium to use: $CHROMIUM, or Debian's."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


def missing() -> str | None:
    """What these tests need and this machine does not have; `None` when they can run."""
    lacking = [name for name in ("playwright", "jupyterlab", "notebook", "anywidget") if find_spec(name) is None]
    path = chromium()
    if path is None or not Path(path).exists():
        lacking.append(f"chromium ({path or 'not on PATH'}; set $CHROMIUM to its path)")
    return f"needs {', '.join(lacking)}" if lacking else None


def environment(folder: Path) -> dict[str, str]:
    """An environment for a server and its kernels: this checkout, no key, no files of the user's."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTER_DATA_DIR": "data",
        "IPYTHONDIR": "ipython",
    }
    ours |= {name: str(folder / place) for name, place in places.items()}
    paths = [str(CHECKOUT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return ours | {"PYTHONPATH": os.pathsep.join(paths), "AGENTCELL_DEMO": "1", "JUPYTER_NO_CONFIG": "1"}


def notebook_json(sources: Sequence[str]) -> dict[str, Any]:
    """A notebook of code cells that have not run."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


class LabServer:
    """JupyterLab on a free port of 127.0.0.1, from entering the `with` block to leaving it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        """The folder that Lab shows."""
        self.token = secrets.token_hex(16)
        """The password of this server."""
        self.url = ""
        """Where it answers, without a slash at the end."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LabServer:
        self.root.mkdir(parents=True)
        for plugin, values in SETTINGS.items():
            path = self._folder / "settings" / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(port),
                env=environment(self._folder),
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: what outlives an orderly end can be ended with it.
                start_new_session=True,
            )
        try:
            self._wait_until_up()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):
            self.api("POST", "/api/shutdown")
        self._end()

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    def _command(self, port: int) -> list[str]:
        return [
            sys.executable,
            *("-m", "jupyterlab", "--no-browser", "--allow-root"),
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
            # Notebook 7 as an extension of the same server; both front ends hand out their application object.
            "--ServerApp.jpserver_extensions={'notebook': True}",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]

    def _wait_until_up(self) -> None:
        assert self._process is not None
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with suppress(OSError):
                self.api("GET", "/api/status")
                return
            time.sleep(0.05)
        raise RuntimeError(f"JupyterLab did not answer at {self.url}; it said:\n{self._log.read_text()[-4000:]}")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def api(self, method: str, path: str) -> Any:
        """Call the server's REST interface; returns the JSON answer, `None` for an empty one."""
        request = Request(self.url + path, method=method, headers={"Authorization": f"token {self.token}"})
        with _LOCAL.open(request, timeout=20) as response:
            body = response.read()
        return json.loads(body) if body else None

    def end_kernel(self, name: str) -> None:
        """End the kernel of a notebook, if it has one."""
        for session in self.api("GET", "/api/sessions"):
            if session["path"] == name:
                self.api("DELETE", f"/api/sessions/{session['id']}")


class Lab:
    """A server and a browser that looks at it."""

    def __init__(self, folder: Path) -> None:
        self.server = LabServer(folder)
        """The JupyterLab."""
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None

    def __enter__(self) -> Lab:
        from playwright.sync_api import sync_playwright

        self.server.__enter__()
        try:
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
            # One context, so that Lab's own code is fetched once; every notebook is a page of its own.
            self._context = self._browser.new_context()
            self._context.add_init_script(path=_PROBE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()
        self.server.__exit__()

    def open(
        self,
        content: Sequence[str] | Mapping[str, Any],
        *,
        width: int = 1200,
        height: int = 900,
        front_end: str = "lab",
    ) -> NotebookPage:
        """A new notebook in a window of its own, with its kernel idle; from cell sources or a whole notebook."""
        name = f"{secrets.token_hex(4)}.ipynb"
        whole = content if isinstance(content, Mapping) else notebook_json(content)
        (self.server.root / name).write_text(json.dumps(whole))
        notebook = self._page(name, width, height, front_end)
        notebook.load()
        return notebook

    def read(self, content: Mapping[str, Any], *, width: int = 1200, height: int = 900) -> NotebookPage:
        """A notebook as a reader without a kernel sees it: saved outputs, and nothing that runs."""
        name = f"{secrets.token_hex(4)}.ipynb"
        (self.server.root / name).write_text(json.dumps(content))
        notebook = self._page(name, width, height)
        notebook.load_without_kernel()
        return notebook

    def _page(self, name: str, width: int, height: int, front_end: str = "lab") -> NotebookPage:
        assert self._context is not None
        page = self._context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        url = self.server.url + FRONT_ENDS[front_end].format(quote(name)) + self.server.token
        return NotebookPage(self.server, page, name, url)
