"""A kernel that runs one cell after the other and keeps what each leaves in the notebook."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

CHECKOUT = Path(__file__).parents[2]
"""The tree under test."""


def environment(folder: Path) -> dict[str, str]:
    """An environment for kernels: this checkout, no key, no files of the user's."""
    foreign = ("AGENTCELL_", "IPYTHON", "JUPYTER", "OPENAI_")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    ours |= {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    return ours | {"PYTHONPATH": os.pathsep.join(filter(None, [str(CHECKOUT / "src"), os.environ.get("PYTHONPATH")]))}


@dataclass(frozen=True)
class Outcome:
    """What running a cell left."""

    outputs: list[Any]
    """Its outputs, in the notebook format."""

    @property
    def tracebacks(self) -> list[Any]:
        """Errors with a traceback."""
        return [output for output in self.outputs if output.output_type == "error"]

    @property
    def bundles(self) -> list[dict[str, str]]:
        """What was displayed, by MIME type."""
        return [dict(output.data) for output in self.outputs if "data" in output]

    def stream(self, name: str = "stdout") -> str:
        """What was written to `stdout` or `stderr`."""
        return "".join(output.text for output in self.outputs if output.get("name") == name)

    @property
    def record(self) -> dict[str, str]:
        """The only displayed bundle, which must be readable in every form."""
        assert not self.tracebacks, self.tracebacks
        (only,) = self.bundles
        assert {"text/html", "text/markdown", "text/plain"} <= set(only), only
        assert "application/vnd.jupyter.widget-view+json" not in only
        return only


class KernelSession:
    """A running kernel."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client

    def run(self, source: str) -> Outcome:
        """Run one cell to its end."""
        cells = self._client.nb.cells
        cells.append(nbformat.v4.new_code_cell(source))
        return Outcome(self._client.execute_cell(cells[-1], len(cells) - 1).outputs)

    def is_complete(self, source: str) -> str:
        """What the kernel says of unfinished code: `complete`, `incomplete`, `invalid` or `unknown`."""
        return self._ask("is_complete", source)["status"]

    def pages(self, source: str) -> str:
        """What running `source` puts into the front end's pager."""
        reply = self._ask("execute", source)
        return "\n".join(item["data"]["text/plain"] for item in reply["payload"] if item["source"] == "page")

    def _ask(self, request: str, source: str) -> dict[str, Any]:
        async def ask() -> dict[str, Any]:
            return await getattr(self._client.kc, request)(source, reply=True, timeout=30)

        return run_sync(ask)()["content"]


@contextmanager
def kernel(folder: Path) -> Iterator[KernelSession]:
    """A kernel of its own, ended at the end."""
    client = NotebookClient(nbformat.v4.new_notebook(), timeout=60, kernel_name="python3", allow_errors=True)
    with client.setup_kernel(env=environment(folder), cwd=str(folder)):
        yield KernelSession(client)
