"""The notebooks we ship run, and what they leave can be read anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from nbclient import NotebookClient

from .session import CHECKOUT, environment

pytestmark = pytest.mark.ci

FIRST_RUN = CHECKOUT / "notebooks" / "01-first-run.ipynb"

ALL_RUNS = """
import json as _json
from agentcell import RunResult as _RunResult, RunResultStreaming as _RunResultStreaming
_runs = [value for value in {**globals(), **Out}.values() if isinstance(value, (_RunResult, _RunResultStreaming))]
print(_json.dumps(sorted({str(run.final_output) for run in _runs})))
"""
"""A cell that prints the final texts of all runs in the notebook."""


@pytest.fixture(scope="module")
def executed(folder: Path) -> nbformat.NotebookNode:
    """The first notebook after nbclient has run it, with the last cell's output telling the final texts."""
    notebook = nbformat.read(FIRST_RUN, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(ALL_RUNS))
    client = NotebookClient(notebook, timeout=100, kernel_name="python3")
    client.execute(env=environment(folder), cwd=str(folder))
    return notebook


def test_the_first_notebook_runs(executed: nbformat.NotebookNode) -> None:
    *cells, last = executed.cells
    finals = json.loads(last.outputs[0].text)
    assert finals
    saved = json.dumps([cell.get("outputs", []) for cell in cells])
    plain = " ".join(text for cell in cells for text in _plain(cell))
    for final in finals:
        words = final.replace("*", "").replace("`", "").split()
        assert [word for word in words if word not in plain.replace("*", "").replace("`", "")] == []
    assert "widget-view" not in saved
    assert not executed.metadata.get("widgets")


def _plain(cell: nbformat.NotebookNode) -> list[str]:
    """The texts of a cell's outputs."""
    outputs = cell.get("outputs", [])
    return [output.text if "text" in output else output.get("data", {}).get("text/plain", "") for output in outputs]


def test_every_agent_cell_has_its_record(executed: nbformat.NotebookNode) -> None:
    cells = [cell for cell in executed.cells if cell.cell_type == "code" and cell.source.startswith("%%agent")]
    assert cells
    for cell in cells:
        (data,) = [output.data for output in cell.outputs if "data" in output]
        assert {"text/html", "text/markdown", "text/plain"} <= set(data)
        assert data["text/plain"].startswith("Done")


def test_nbconvert_shows_the_records(executed: nbformat.NotebookNode, tmp_path: Path) -> None:
    path = tmp_path / "executed.ipynb"
    nbformat.write(executed, path)
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--stdout", str(path)]
    page = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    records = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    shown = BeautifulSoup(page, "html.parser").select(".jp-RenderedHTML > section")
    assert len(records) >= 3
    # nbconvert writes attributes in another order, so texts and tags are compared.
    assert [_skeleton(found) for found in shown] == [_skeleton(BeautifulSoup(r, "html.parser")) for r in records]


def _skeleton(tree: Tag) -> tuple[str, list[str]]:
    """The text of a tree, and the names of the elements of a section in order."""
    section = tree if tree.name == "section" else tree.section
    assert section is not None
    return section.get_text(), [element.name for element in section.find_all(True)]


def test_shipped_notebooks_hold_no_widget_state() -> None:
    for path in FIRST_RUN.parent.glob("*.ipynb"):
        assert "widgets" not in json.loads(path.read_text())["metadata"], path.name
