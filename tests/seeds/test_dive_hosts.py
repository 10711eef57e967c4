"""The page `streaming-deep-dive`, snippets 18 to 21 and 37: runs shown in web pages, terminals and progress bars."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from asyncio import to_thread
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect

from agentcell.models.response_events import function_call_item as call
from agentcell.testing import LoopbackServer, Turn

from .dive import PAGE, TEXT, TOOL
from .program import ADD, Snippet, compiled
from .web import serving

SERIALIZE = """
def serialize_event(event):
    return getattr(event, "name", event.type)
"""

SOCKET = Snippet(
    PAGE,
    18,
    "events over a WebSocket",
    """
async def stream_to_websocket(websocket, agent, input):
    async for event in Runner.run_streamed(agent, input):
        event_data = {
            "type": event.type,
            "data": serialize_event(event),
        }
        await websocket.send_json(event_data)
""",
    given=TOOL + SERIALIZE,
    then="""
from fastapi import FastAPI, WebSocket

app = FastAPI()

@app.websocket("/socket")
async def endpoint(websocket: WebSocket):
    await websocket.accept()
    await stream_to_websocket(websocket, agent, await websocket.receive_text())
    await websocket.close()
""",
)

EVENTS = Snippet(
    PAGE,
    19,
    "server-sent events",
    """
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()

@app.get("/stream")
async def stream_endpoint(query: str):
    async def event_generator():
        async for event in Runner.run_streamed(agent, query):
            yield f"data: {serialize_event(event)}\\n\\n"

    return StreamingResponse(
        event_generator(),
        media_type="text/event-stream",
    )
""",
    given=TOOL + SERIALIZE,
)

REACT = Snippet(
    PAGE,
    20,
    "events in a React component",
    """
async function streamAgentResponse(agent, input, onEvent) {
  const response = await fetch('/stream', {
    method: 'POST',
    body: JSON.stringify({ input }),
  });

  const reader = response.body.getReader();
  const decoder = new TextDecoder();

  while (true) {
    const { done, value } = await reader.read();
    if (done) break;

    const chunk = decoder.decode(value);
    const events = chunk.split('\\n\\n').filter(Boolean);

    for (const event of events) {
      if (event.startsWith('data: ')) {
        const data = JSON.parse(event.slice(6));
        onEvent(data);
      }
    }
  }
}
""",
    # A page resolves addresses against its own; node has none.
    given="""
const real = globalThis.fetch;
globalThis.fetch = (path, options) => real(new URL(path, process.argv[2]), options);
""",
    then="await streamAgentResponse(null, 'Go.', (data) => console.log(JSON.stringify(data)));",
)

REACT_SERVER = Snippet(
    PAGE,
    0,
    "the endpoint that the component posts to",
    """
@app.post("/stream")
async def stream_endpoint(request: Request):
    given = json.loads(await request.body())["input"]

    async def event_generator():
        async for event in Runner.run_streamed(agent, given):
            yield f"data: {json.dumps({'type': event.type, 'data': serialize_event(event)})}\\n\\n"

    return StreamingResponse(event_generator(), media_type="text/event-stream")
""",
    given=TOOL
    + SERIALIZE
    + """
import json
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

app = FastAPI()
""",
)

TERMINAL = Snippet(
    PAGE,
    21,
    "a panel in the terminal",
    """
from rich.console import Console
from rich.live import Live
from rich.panel import Panel

console = Console()

async def stream_to_terminal(agent, input):
    with Live(console=console, refresh_per_second=10) as live:
        current_output = ""

        async for event in Runner.run_streamed(agent, input):
            if isinstance(event, RunItemStreamEvent):
                if isinstance(event.item, MessageOutputItem):
                    for content in event.item.raw_item.content:
                        if content.type == "output_text":
                            current_output += content.text
                            live.update(Panel(current_output))
""",
    [["Adding: ", ADD], "it is 3"],
    "╭──────────────────╮\n│ Adding: it is 3  │\n╰──────────────────╯",
    given=TOOL,
    then="await stream_to_terminal(agent, input)",
    corrected="`Live` takes its console by name (its first argument is what it shows); " + TEXT,
)

BAR = Snippet(
    PAGE,
    37,
    "a progress bar of tools",
    """
from tqdm import tqdm

async def stream_with_progress_bar(agent, input):
    tool_calls = []
    pbar = tqdm(desc="Tools", unit="call")

    async for event in Runner.run_streamed(agent, input):
        if isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, ToolCallItem):
                tool_calls.append(event.item.raw_item.name)
                pbar.update(1)
                pbar.set_description(f"Calling {event.item.raw_item.name}")

    pbar.close()
    print(tool_calls)
""",
    [ADD, call("add", {"a": 3, "b": 4}, call_id="c2"), "Seven."],
    "['add', 'add']\n",
    given=TOOL,
    then="await stream_with_progress_bar(agent, input)",
)

SNIPPETS = [SOCKET, EVENTS, REACT, TERMINAL, BAR]

KINDS = ["agent_updated_stream_event", "tool_called", "tool_output", "message_output_created"]


def app_of(snippet: Snippet) -> Any:
    """The web application that a snippet defines."""
    names: dict[str, Any] = {"__name__": "page"}
    exec(compiled(snippet.source(), "agentcell"), names)
    return names["app"]


async def test_a_socket(served: Callable[[Any], LoopbackServer]) -> None:
    """Events arrive while the answer is still being written."""
    go_on = threading.Event()
    server = served([ADD, Turn(["It is 3."], hold_after=5, release=go_on)])
    received: list[Any] = []
    async with serving(app_of(SOCKET)) as url, connect(url.replace("http", "ws") + "/socket") as socket:
        await socket.send("1 + 2?")
        async for message in socket:
            received.append(json.loads(message))
            if received[-1]["data"] == "tool_output":
                go_on.set()
    assert [one["data"] for one in received if one["type"] != "raw_response_event"] == KINDS
    assert len(received) == len(KINDS) + 7 + 11
    assert server.requests[0].body["input"] == [{"role": "user", "content": "1 + 2?"}]


async def test_a_socket_that_is_closed(served: Callable[[Any], LoopbackServer]) -> None:
    """The run ends when nobody takes its events any more."""
    server = served([Turn(["word " * 10_000], delay=0.001)])
    async with serving(app_of(SOCKET)) as url:
        async with connect(url.replace("http", "ws") + "/socket") as socket:
            await socket.send("Go.")
            await socket.recv()
        assert await to_thread(server.wait_for_disconnects, 1)


async def test_server_sent_events(served: Callable[[Any], LoopbackServer]) -> None:
    server = served([ADD, "It is 3."])
    async with serving(app_of(EVENTS)) as url, httpx2.AsyncClient(base_url=url) as client:
        response = await client.get("/stream", params={"query": "1 + 2?"})
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert [line for line in lines if line != "raw_response_event"] == KINDS
    assert len(server.requests) == 2 and len(lines) == len(KINDS) + 7 + 9 + 2


async def test_a_react_component(served: Callable[[Any], LoopbackServer], tmp_path: Path) -> None:
    """The page's JavaScript, in node, reads what an endpoint of the page's form sends."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    server = served([ADD, "It is 3."])
    script = tmp_path / "component.mjs"
    script.write_text(REACT.source(), encoding="utf-8")
    async with serving(app_of(REACT_SERVER)) as url:
        done = await to_thread(subprocess.run, [node, script, url], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    received = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["data"] for one in received if one["type"] != "raw_response_event"] == KINDS
    assert server.requests[0].body["input"] == [{"role": "user", "content": "Go."}]


def test_a_panel(
    run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    run_snippet(TERMINAL)
    assert capsys.readouterr().out == TERMINAL.printed


def test_a_progress_bar(run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str]) -> None:
    run_snippet(BAR)
    shown = capsys.readouterr()
    assert shown.out == BAR.printed
    steps = [line.partition(" [")[0] for line in shown.err.replace("\r", "\n").splitlines() if line]
    assert steps[0] == "Tools: 0call" and "Calling add: : 1call" in steps and steps[-1] == "Calling add: : 2call"
