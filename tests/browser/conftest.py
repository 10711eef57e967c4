"""One JupyterLab and one browser for all tests of this folder, one notebook for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentcell.testing import LoopbackServer

from .lab import CHECKOUT, FRONT_ENDS, Lab, missing
from .notebook_page import NotebookPage
from .stage import Stage

# Read now: during tests the package's own variables are gone.
REQUIRED = os.environ.get("AGENTCELL_REQUIRE_BROWSER") == "1"
"""Whether a machine without a browser fails these tests instead of skipping them."""

OpenNotebook = Callable[..., NotebookPage]
"""Cell sources, or one whole notebook, to an open notebook."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-images", action="store_true", help="write the README's pictures to docs/images")


# Package scope: Playwright's loop counts as running in this thread until it ends, and other tests need their own.
@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running JupyterLab with a browser."""
    reason = missing()
    if reason is not None and REQUIRED:
        pytest.fail(f"browser tests are required here: {reason}", pytrace=False)
    if reason is not None:
        pytest.skip(reason)
    with Lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module", params=list(FRONT_ENDS))
def front_end(request: pytest.FixtureRequest) -> str:
    """JupyterLab, and after it Notebook 7."""
    return request.param


@pytest.fixture(scope="module")
def stage(lab: Lab, front_end: str) -> Iterator[Stage]:
    """One notebook for all tests of a module, in each front end, in which one cell is run again and again."""
    with Stage(lab, front_end) as running:
        yield running
    assert not running.notebook.errors, "errors in the page:\n" + "\n".join(running.notebook.errors)


@pytest.fixture
def open_notebook(lab: Lab) -> Iterator[OpenNotebook]:
    """Opens notebooks, closes them at the end, and fails on errors in their pages."""
    opened: list[NotebookPage] = []

    def open_one(*content: Any, **options: Any) -> NotebookPage:
        whole = len(content) == 1 and isinstance(content[0], dict)
        opened.append(lab.open(content[0] if whole else content, **options))
        return opened[-1]

    yield open_one
    errors = [error for notebook in opened for error in notebook.errors]
    for notebook in opened:
        notebook.close()
    assert not errors, "errors in the page:\n" + "\n".join(errors)


@pytest.fixture
def read_notebook(lab: Lab) -> Iterator[Callable[[dict[str, Any]], NotebookPage]]:
    """Opens saved notebooks without a kernel."""
    opened: list[NotebookPage] = []

    def read_one(content: dict[str, Any]) -> NotebookPage:
        opened.append(lab.read(content))
        return opened[-1]

    yield read_one
    for notebook in opened:
        notebook.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., LoopbackServer]]:
    """Starts model servers in the test's own process, where it can hold and release their answers."""
    running: list[LoopbackServer] = []

    def serve_one(turns: Iterable[Any], **options: Any) -> LoopbackServer:
        running.append(LoopbackServer(turns, **options).start())
        return running[-1]

    yield serve_one
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """The folder for pictures and figures, outside version control."""
    folder = CHECKOUT / "test-output"
    folder.mkdir(exist_ok=True)
    return folder
