"""Twenty runs at once in twenty cells: all complete, within one budget of messages, on a page that still answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from agentcell.testing import LoopbackServer, Turn
from agentcell.view.feed import MESSAGES_PER_SECOND

from .conftest import OpenNotebook
from .notebook_page import NotebookPage, busiest_second
from .scenes import PLAIN_AGENT, VIEW, connected, numbered_words

pytestmark = [pytest.mark.ci, pytest.mark.timeout(180)]

RUNS = 20
WORDS = 250
SECONDS_PER_WORD = 0.02

LISTEN = """() => {
  window.latencies = [];
  document.addEventListener("keydown", (event) => {
    requestAnimationFrame(() => setTimeout(() => window.latencies.push(performance.now() - event.timeStamp)));
  }, { capture: true });
}"""
"""Milliseconds from a key's being pressed until the page has drawn after it."""


def press_until_over(notebook: NotebookPage, last: int) -> list[float]:
    """Press a key that does nothing, again and again, until the last cell has said something."""
    said = f"""() => window.jupyterapp.shell.currentWidget.content.widgets[{last}].model.outputs.length > 0"""
    for _ in range(1000):
        notebook.page.keyboard.press("Shift")
        notebook.page.wait_for_timeout(50)
        if notebook.page.evaluate(said):
            break
    return notebook.page.evaluate("() => window.latencies")


def test_twenty_runs_at_once(
    open_notebook: OpenNotebook, serve: Callable[..., LoopbackServer], artifacts: Path
) -> None:
    text = numbered_words(WORDS)
    server = serve([Turn([text], delay=SECONDS_PER_WORD)] * RUNS, process=True)
    cells = [f"runs.append(Runner.run_streamed(plain, 'Go on.'))\nruns[{number}]" for number in range(RUNS)]
    # Going on in the background, every run is shown in the cell that has begun it.
    wait = "import json\nfor run in runs:\n    await run\nprint(json.dumps([run.final_output for run in runs]))"
    notebook = open_notebook(connected(server) + PLAIN_AGENT + "runs = []", *cells, wait)
    last = RUNS + 1
    notebook.run(0)
    notebook.page.evaluate(LISTEN)
    start = notebook.wire_length()
    notebook.run_all()
    latencies = sorted(press_until_over(notebook, last))
    notebook.wait_idle()
    notebook.page.wait_for_function(
        """([count, view]) => window.jupyterapp.shell.currentWidget.content.widgets.slice(1, count + 1).every((cell) =>
             cell.model.outputs.length && !(view in cell.model.outputs.get(0).data))""",
        arg=[RUNS, VIEW],
    )

    assert json.loads(notebook.output_text(last)) == [text] * RUNS
    words = re.findall(r"w\d{5}", text)
    for number in range(RUNS):
        assert re.findall(r"w\d{5}", notebook.output(number + 1).text_content() or "") == words, f"run {number}"
    ours = [m for m in notebook.wire(start) if m.kind.startswith("comm_") or "display" in m.kind]
    figures = {
        "runs": RUNS,
        "messages": len(ours),
        "busiest_second": busiest_second(ours),
        "keys": len(latencies),
        "latency_median_ms": round(median(latencies), 1),
        "latency_p95_ms": round(latencies[int(len(latencies) * 0.95)], 1),
        "latency_longest_ms": round(latencies[-1], 1),
    }
    (artifacts / "twenty-runs.json").write_text(json.dumps(figures, indent=2))
    print(f"\n{figures}")
    frames = [m for m in ours if m.method == "custom"]
    assert len({m.comm for m in frames}) == RUNS, "every run was seen while it went on"
    assert busiest_second(ours) <= MESSAGES_PER_SECOND
    assert len(latencies) >= 20
