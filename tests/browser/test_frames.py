"""What a fast stream costs on the wire, against a bare widget that only sends the text.

Both cells read the same answer from the same kind of server at the same pace, in one notebook. The bare widget does the
least that shows the text: it joins what has arrived and sends it as one custom message a frame, as many frames a second
as a run may have. What is counted is what came in on the websocket.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from agentcell.testing import LoopbackServer, Turn
from agentcell.view.feed import FRAMES_PER_SECOND

from .conftest import OpenNotebook
from .notebook_page import NotebookPage, WireMessage, busiest_second
from .scenes import PLAIN_AGENT, connected, numbered_words

pytestmark = [pytest.mark.ci, pytest.mark.timeout(240)]

TOKENS = 10_000
TOKENS_PER_SECOND = 2_000

BARE_WIDGET = '''
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

BARE_STREAM = f"""
pending = []
async def send_frames():
    while True:
        await asyncio.sleep({1 / FRAMES_PER_SECOND})
        if pending:
            bare.send({{"text": "".join(pending)}})
            pending.clear()
frames = asyncio.ensure_future(send_frames())
async for event in await model._client.responses.create(model="loopback", input="Go on.", stream=True):
    if event.type == "response.output_text.delta":
        pending.append(event.delta)
await asyncio.sleep({2 / FRAMES_PER_SECOND})
frames.cancel()
"""


def comm_messages(messages: Sequence[WireMessage]) -> list[WireMessage]:
    return [message for message in messages if message.kind == "comm_msg" and message.method == "custom"]


def figures(messages: Sequence[WireMessage]) -> dict[str, float]:
    """Sums over some messages; times are those of sending."""
    seconds = messages[-1].sent - messages[0].sent
    return {
        "messages": len(messages),
        "seconds": round(seconds, 2),
        "messages_per_second": round(len(messages) / seconds, 1),
        "busiest_second": busiest_second(messages),
        "content_bytes": sum(message.content_bytes for message in messages),
        "websocket_bytes": sum(message.bytes for message in messages),
    }


def measured(notebook: NotebookPage, index: int) -> tuple[list[WireMessage], dict[str, float]]:
    """Run a cell; returns all its messages, and the CPU seconds of the page by kind."""
    start, cpu = notebook.wire_length(), notebook.cpu()
    notebook.run(index, timeout=120)
    after = notebook.cpu()
    return notebook.wire(start), {
        kind: round(after[kind] - cpu[kind], 2) for kind in ("TaskDuration", "LayoutDuration")
    }


def report(path: Path, rows: dict[str, dict[str, float]], facts: dict[str, object]) -> None:
    """Leave the figures as JSON and as a table to read."""
    path.with_suffix(".json").write_text(json.dumps({**facts, **rows}, indent=2))
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"| | {' | '.join(rows)} |", "|---|" + "---|" * len(rows)]
    lines += [f"| {name} | {' | '.join(str(row.get(name, '')) for row in rows.values())} |" for name in names]
    table = "\n".join([*(f"- {name}: {value}" for name, value in facts.items()), "", *lines, ""])
    path.with_suffix(".md").write_text(table)
    print(f"\n{table}")


def test_frames_stay_few_and_small_and_lose_nothing(
    open_notebook: OpenNotebook, serve: Callable[..., LoopbackServer], artifacts: Path
) -> None:
    text = numbered_words(TOKENS)
    answer = Turn([text], delay=1 / TOKENS_PER_SECOND)
    # A process of its own, so that the server does not share an interpreter with the test.
    server = serve([answer, answer], process=True)
    notebook = open_notebook(
        connected(server) + PLAIN_AGENT,
        BARE_WIDGET,
        BARE_STREAM,
        "%%agent plain -o run\nGo on.",
        "import json\nprint(json.dumps(run.final_output))",
    )
    notebook.run(0, 1)
    notebook.output(1, ".bare").wait_for(state="attached")
    notebook.watch("run", ".jp-OutputArea .ac-answer")
    bare_messages, bare_cpu = measured(notebook, 2)
    run_messages, run_cpu = measured(notebook, 3)
    notebook.run(4)

    bare, ours = figures(comm_messages(bare_messages)), figures(comm_messages(run_messages))
    record = [message for message in run_messages if message.kind == "update_display_data"]
    size = len(text.encode())
    # The two cells differ by a few frames: what the bare widget would take for exactly as many as the run had.
    wrapping = (bare["websocket_bytes"] - size) / bare["messages"]
    bare_at_our_rate = size + wrapping * ours["messages"]
    shown = re.findall(r"w\d{5}", notebook.output(3).text_content() or "")
    facts = {
        "text_bytes": size,
        "tokens": TOKENS,
        "record_bytes": sum(message.bytes for message in record),
        "content_to_text": round(ours["content_bytes"] / size, 3),
        "websocket_to_bare": round(ours["websocket_bytes"] / bare["websocket_bytes"], 3),
        "websocket_to_bare_at_our_rate": round(ours["websocket_bytes"] / bare_at_our_rate, 3),
        "texts_seen": len(notebook.texts("run")),
    }
    report(artifacts / "frames", {"bare": {**bare, **bare_cpu}, "agentcell": {**ours, **run_cpu}}, facts)

    assert notebook.output(1, ".bare").text_content() == text
    assert json.loads(notebook.output_text(4)) == text
    assert shown == re.findall(r"w\d{5}", text)
    assert notebook.texts("run")[-1].length >= len(text) * 0.9
    assert len(record) == 1
    ours_shown = [m for m in run_messages if m.kind.startswith("comm_") or "display" in m.kind]
    assert busiest_second(ours_shown) <= 40
    assert ours["content_bytes"] <= 3 * size
    assert ours["websocket_bytes"] <= 1.5 * bare_at_our_rate
