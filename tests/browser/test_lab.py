"""The harness itself, on plain cells and a plain widget."""

from __future__ import annotations

import pytest

from .conftest import OpenNotebook
from .lab import Lab
from .notebook_page import WireMessage, busiest_second

pytestmark = pytest.mark.ci

PLAIN_WIDGET = '''
import anywidget, asyncio
class Bare(anywidget.AnyWidget):
    _esm = """export default { render({ model, el }) {
      const text = document.createElement("pre");
      text.className = "bare";
      el.append(text);
      model.on("msg:custom", message => text.append(message.text));
    } }"""
bare = Bare()
display(bare)
'''

BROKEN_WIDGET = """
import anywidget
class Broken(anywidget.AnyWidget):
    _esm = "export default { render() { throw new Error('oops') } }"
Broken()
"""


def test_cells_run_and_their_outputs_are_read(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        "print('hello')", "import os, agentcell\nagentcell.__file__, os.environ['AGENTCELL_DEMO']", "1/0"
    )
    notebook.run(0, 1)
    assert notebook.output_text(0) == "hello"
    assert "src/agentcell/__init__.py', '1'" in notebook.output_text(1)
    notebook.run(2)
    assert notebook.outputs(2)[0]["ename"] == "ZeroDivisionError"
    saved = notebook.save()
    assert saved["cells"][0]["outputs"][0]["text"] in ("hello\n", ["hello\n"])
    assert notebook.errors == []


def test_an_awaiting_cell_can_be_interrupted(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        "import asyncio\nprint('begun')\nwhile True:\n    await asyncio.sleep(0.05)", "print('next')"
    )
    notebook.run_cell(0)
    notebook.output(0).get_by_text("begun").wait_for()
    notebook.interrupt()
    notebook.wait_idle()
    assert notebook.outputs(0)[-1]["output_type"] == "error"
    notebook.run(1)
    assert notebook.output_text(1) == "next"


def test_the_wire_and_growing_texts_are_seen(open_notebook: OpenNotebook) -> None:
    pieces = 20
    notebook = open_notebook(
        PLAIN_WIDGET,
        f"for n in range({pieces}):\n    bare.send({{'text': f'piece {{n:02}} '}})\n    await asyncio.sleep(0.03)",
    )
    notebook.run(0)
    notebook.output(0, ".bare").wait_for(state="attached")
    notebook.watch("bare", ".bare")
    start, before = notebook.wire_length(), notebook.cpu()
    notebook.run(1)
    sent = [message for message in notebook.wire(start) if message.method == "custom"]
    assert len(sent) == pieces
    assert {message.channel for message in sent} == {"iopub"}
    assert all(0 < message.content_bytes < message.bytes for message in sent)
    assert len({message.comm for message in sent}) == 1
    samples = notebook.texts("bare")
    assert all(sample.grew for sample in samples)
    assert len(samples) >= pieces / 2
    assert samples[-1].length == pieces * len("piece 00 ")
    assert notebook.cpu()["TaskDuration"] > before["TaskDuration"]


def test_an_error_of_a_widget_is_noticed(lab: Lab) -> None:
    notebook = lab.open([BROKEN_WIDGET])
    try:
        with notebook.page.expect_event("pageerror"):
            notebook.run_cell(0)
        notebook.wait_idle()
        assert any("oops" in error for error in notebook.errors)
    finally:
        notebook.close()


def test_a_notebook_is_read_without_a_kernel(lab: Lab, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("print('kept')")
    notebook.run(0)
    reader = lab.read(notebook.save())
    try:
        assert reader.output_text(0) == "kept"
        assert reader.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session") is None
    finally:
        reader.close()


def test_themes_and_widths_change(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("print('x')")
    notebook.set_theme("JupyterLab Dark")
    notebook.set_width(480)
    assert notebook.page.evaluate("() => window.innerWidth") == 480


def test_the_busiest_second_slides() -> None:
    def at(*times: float) -> list[WireMessage]:
        return [WireMessage("comm_msg", "iopub", 1, 1, time) for time in times]

    assert busiest_second(at(0.0, 0.5, 1.4, 1.45, 1.49)) == 4
    assert busiest_second([]) == 0
