"""The first notebook in a real JupyterLab, from the top to the bottom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import OpenNotebook
from .lab import CHECKOUT
from .scenes import VIEW

pytestmark = pytest.mark.ci


def test_the_first_notebook_runs_and_leaves_its_records(open_notebook: OpenNotebook) -> None:
    content: dict[str, Any] = json.loads((CHECKOUT / "notebooks" / "01-first-run.ipynb").read_text())
    notebook = open_notebook(content)
    notebook.run_all()
    notebook.wait_idle(100)
    saved = notebook.save()
    outputs = [output for cell in saved["cells"] for output in cell.get("outputs", [])]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert VIEW not in json.dumps(outputs)
    assert "widgets" not in saved["metadata"]
    agent_cells = [cell for cell in saved["cells"] if "".join(cell["source"]).startswith("%%agent")]
    assert agent_cells
    for cell in agent_cells:
        (output,) = cell["outputs"]
        assert "".join(output["data"]["text/plain"]).startswith("Done")
