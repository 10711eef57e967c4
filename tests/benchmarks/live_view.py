"""What live views cost, side by side in one JupyterLab with Chromium: `python -m tests.benchmarks live`.

One simulated answer is shown in several ways, each in a new notebook with a kernel of its own. Measured are the
messages and bytes on the page's websocket, the CPU time of the kernel and of the page's main thread, the page's long
tasks, and the time from the model's last token until it is on the page.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.browser.lab import CHECKOUT, Lab
from tests.browser.notebook_page import NotebookPage

from .live_kernel import END, WAYS

OURS, BARE, MODULE = "agentcell", "bare", "streaming-markdown"
SCALES = {(2_000, 200): 30.0, (10_000, 2_000): 30.0, (50_000, 2_000): 30.0}
"""Tokens and tokens a second, and the seconds that a way may be late before it is cut off."""
LONG = 50_000
"""Tokens from which a third of the rounds is enough."""

PROBE = """END => {
  const bench = (window.bench = { tasks: [], frames: [], seen: 0 });
  const sink = (list) => (found) => {
    for (const entry of found.getEntries()) list.push([entry.startTime, entry.duration]);
  };
  new PerformanceObserver(sink(bench.tasks)).observe({ type: "longtask" });
  new PerformanceObserver(sink(bench.frames)).observe({ type: "long-animation-frame" });
  const wire = window.probe.wire;
  let looking = false;
  const look = () => {
    const last = [...document.querySelectorAll(".jp-OutputArea-output")].some(
      (output) => output.textContent.slice(-400).includes(END));
    if (last) bench.seen = performance.timeOrigin + performance.now();
    else requestAnimationFrame(look);
  };
  bench.look = () => { if (!looking) { looking = true; look(); } };
}"""

# Runs a cell and waits without asking all the time: questions would cost the page more than the cheap ways do.
RUN = """async ([index, patience]) => {
  const all = window.jupyterapp.shell.currentWidget.content;
  all.deselectAll();
  all.activeCellIndex = index;
  window.bench.began = performance.now();
  await window.jupyterapp.commands.execute("notebook:run-cell");
  const ended = performance.now();
  window.bench.look();
  await new Promise((done) => {
    const wait = () => (window.bench.seen || performance.now() > ended + patience ? done() : setTimeout(wait, 100));
    wait();
  });
  await new Promise((done) => setTimeout(done, 500));
}"""


@dataclass
class Sample:
    """One way, once."""

    messages: int = 0
    """What came in on the websocket while the answer was written, apart from the kernel's own states."""
    bytes: int = 0
    """Size of those messages."""
    content: int = 0
    """Size of their contents alone."""
    opening: int = 0
    """Size of the messages that open a view."""
    record: int = 0
    """Size of what stands in the cell when everything is over, where that is another message."""
    kernel: float = 0.0
    """CPU seconds of the kernel."""
    browser: float = 0.0
    """CPU seconds of the page's main thread."""
    long_tasks: int = 0
    """Tasks of the page of more than 50 ms."""
    late_frames: int = 0
    """Frames of the page that took more than 50 ms."""
    worst: float = 0.0
    """Milliseconds of the longest task."""
    last: float | None = None
    """Milliseconds from the last token to its being seen; `None` when it never was."""
    unfinished: str = ""
    """Why the figures are not of a whole answer."""
    notes: dict[str, Any] = field(default_factory=dict)
    """More, as JSON."""


def module_source() -> str | None:
    """The `streaming-markdown` module from where node finds its modules; `None` when it is not there."""
    for folder in os.environ.get("NODE_PATH", "").split(os.pathsep):
        path = Path(folder or ".") / "streaming-markdown" / "smd.min.js"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return None


def cells(way: str, count: int, rate: float, limit: float) -> list[str]:
    """A notebook that shows one answer in one way: setup, the place, the run, what the kernel knows."""
    setup = f"""
import sys, asyncio, gc, json
sys.path.insert(0, {str(CHECKOUT)!r})
%load_ext agentcell
from tests.benchmarks.live_kernel import *
from IPython.display import display
import ipywidgets, rich.live, rich.markdown, agentcell.notebook.widget, agentcell.render.record
source = Source({count}, {rate}, {limit})
paced = agent(source)
meter = Meter(get_ipython())
error = ""
warm = agent(Source(20, {rate}, {limit}))
gc.collect()
gc.freeze()
"""
    if way in (BARE, MODULE):
        draws = "PLAIN_TEXT" if way == BARE else f"MODULE_BESIDE % json.dumps({module_source()!r})"
        place = f"widget = Deltas({draws})\ndisplay(widget)"
        run = "await coalesced(source, widget)"
    elif way == OURS:
        place, run = "%%agent warm\nGo on.", "%%agent paced -o run\nGo on."
    else:
        place = "pass"
        run = f"try:\n    await WAYS[{way!r}](source)\nexcept TimeoutError:\n    error = 'cut off'"
    return [setup, place, run, "print(said(source, meter.spent, error))"]


def sample(lab: Lab, way: str, count: int, rate: float, limit: float) -> Sample:
    """Show one answer in one way."""
    notebook = lab.open(cells(way, count, rate, limit))
    try:
        notebook.page.set_default_timeout((count / rate + limit + 120) * 1000)
        notebook.run(0, 1)
        notebook.page.wait_for_timeout(800)
        notebook.page.evaluate(PROBE, END)
        start, cpu = notebook.wire_length(), notebook.cpu()["TaskDuration"]
        hear_end(notebook)
        notebook.page.evaluate(RUN, [2, 10_000])
        spent = notebook.cpu()["TaskDuration"] - cpu
        bench = notebook.page.evaluate("() => ({ ...window.bench, look: null, origin: performance.timeOrigin })")
        wire = notebook.wire(start)
        notebook.run(3)
        told = json.loads(notebook.output_text(3))
    finally:
        notebook.close()
    shown = [m for m in wire if m.channel == "iopub" and m.kind not in ("status", "execute_input")]
    record = [m for m in shown if way == OURS and m.kind == "update_display_data"]
    opening = [m for m in shown if m.kind == "comm_open" or (way == OURS and m.kind == "display_data")]
    live = [m for m in shown if m not in record and m not in opening]
    tasks = [duration for at, duration in bench["tasks"] if at + duration >= bench["began"]]
    seen = bench["seen"] / 1000 - told["last_at"] if bench["seen"] else None
    whole = told["sent"] == told["tokens"]
    return Sample(
        messages=len(live),
        bytes=sum(m.bytes for m in live),
        content=sum(m.content_bytes for m in live),
        opening=sum(m.bytes for m in opening),
        record=sum(m.bytes for m in record),
        kernel=told["cpu"],
        browser=spent,
        long_tasks=len(tasks),
        late_frames=sum(1 for at, duration in bench["frames"] if at + duration >= bench["began"]),
        worst=max(tasks, default=0.0),
        last=None if seen is None else seen * 1000,
        unfinished="" if whole else f"cut off {limit:.0f} s late, after {told['sent']:,} tokens",
        notes={
            "characters": told["characters"],
            # A frame's content has some 150 bytes around the operations.
            "operations": sum(m.content_bytes for m in live) - len(live) * wrapping(),
        },
    )


def wrapping() -> int:
    """Bytes of a frame's message around its operations."""
    frame = {"v": 1, "t": "frame", "seq": 100, "ops": []}
    content = {"data": {"method": "custom", "content": frame}, "comm_id": "0" * 32}
    return len(json.dumps(content)) - 2


def hear_end(notebook: NotebookPage) -> None:
    """Begin to look for the last word when it comes in, so that looking costs nothing before."""
    notebook.page.evaluate(
        """END => {
          const word = new TextEncoder().encode(END);
          const holds = (bytes) => {
            for (let at = bytes.indexOf(word[0]); at >= 0; at = bytes.indexOf(word[0], at + 1)) {
              let same = 1;
              while (same < word.length && bytes[at + same] === word[same]) same++;
              if (same === word.length) return true;
            }
            return false;
          };
          window.probe.hear = (data) => {
            if (typeof data === "string" ? data.includes(END) : holds(new Uint8Array(data))) window.bench.look();
          };
        }""",
        END,
    )


def measure(
    lab: Lab, ways: Sequence[str], count: int, rate: float, rounds: int, limit: float
) -> dict[str, list[Sample]]:
    """Samples of each way, the ways taking turns within each round."""
    found: dict[str, list[Sample]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in ways:
            if number and way in WAYS:
                continue  # a way that sends everything again is slow enough to be shown once
            if way == MODULE and module_source() is None:
                continue
            found[way].append(sample(lab, way, count, rate, limit))
            print(f"{count} at {rate}, {way}: {found[way][-1]}", flush=True)
    return found
