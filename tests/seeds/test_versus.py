"""The page `run-vs-run-streamed`: forms that only agentcell takes, and the mistakes that the page warns of."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from agentcell.models.response_events import function_call_item as call
from agentcell.testing import LoopbackServer, Turn

from .program import Snippet, as_params, compiled
from .web import serving

PAGE = "run-vs-run-streamed"

BOTH = Snippet(
    PAGE,
    1,
    "a blocking run and a streamed one",
    """
from agents import Agent, Runner
agent = Agent(
    name="Assistant",
    instructions="You are a helpful assistant."
)
# Blocking - waits for full response
result = await Runner.run(agent, "Explain vector databases")
print(result.final_output)
# Streaming - yields events as they happen
async with Runner.run_streamed(agent, "Explain vector databases") as stream:
    async for event in stream:
        print(event)  # StreamEvent objects
""",
    ["Vectors.", "Vectors."],
)

TOKENS = Snippet(
    PAGE,
    2,
    "print the text token by token",
    """
from agents import Agent, Runner, RawResponsesStreamEvent
from openai.types.responses import ResponseTextDeltaEvent
import asyncio
agent = Agent(
    name="Writer",
    instructions="You are a concise technical writer."
)
async def stream_tokens():
    async with Runner.run_streamed(agent, "Describe the CAP theorem briefly") as stream:
        async for event in stream:
            # Filter to raw model events only
            if not isinstance(event, RawResponsesStreamEvent):
                continue
            # Extract text delta from the underlying response event
            data = event.data
            if isinstance(data, ResponseTextDeltaEvent):
                print(data.delta, end="", flush=True)
    print()  # newline after stream completes
asyncio.run(stream_tokens())
""",
    ["Pick two of three."],
    "Pick two of three.\n",
)

STOCKS = '''
from agents import function_tool
@function_tool
def get_stock_price(ticker: str) -> str:
    """Get the current stock price for a ticker symbol."""
    prices = {"AAPL": "$189.50", "GOOGL": "$175.20", "MSFT": "$420.30"}
    return prices.get(ticker.upper(), "Ticker not found")
'''

PRICES = [call("get_stock_price", {"ticker": t}, call_id=t) for t in ("AAPL", "MSFT")]

TOOLS = Snippet(
    PAGE,
    3,
    "tool calls, their results and messages",
    STOCKS
    + """
from agents import Agent, Runner, RunItemStreamEvent, function_tool
from agents.items import ToolCallItem, ToolCallOutputItem, MessageOutputItem
import asyncio
agent = Agent(
    name="Finance Agent",
    instructions="Help users with stock price queries.",
    tools=[get_stock_price]
)
async def stream_with_tools():
    async with Runner.run_streamed(agent, "What are the prices of AAPL and MSFT?") as stream:
        async for event in stream:
            if isinstance(event, RunItemStreamEvent):
                item = event.item
                if isinstance(item, ToolCallItem):
                    name = item.raw_item.name
                    args = item.raw_item.arguments
                    print(f"[TOOL CALL] {name}({args})")
                elif isinstance(item, ToolCallOutputItem):
                    print(f"[TOOL RESULT] {item.output}")
                elif isinstance(item, MessageOutputItem):
                    print(f"[AGENT] {item.raw_item.content[0].text}")
asyncio.run(stream_with_tools())
""",
    [PRICES, "AAPL and MSFT."],
    '[TOOL CALL] get_stock_price({"ticker":"AAPL"})\n[TOOL CALL] get_stock_price({"ticker":"MSFT"})\n'
    "[TOOL RESULT] $189.50\n[TOOL RESULT] $420.30\n[AGENT] AAPL and MSFT.\n",
)

RESULT = Snippet(
    PAGE,
    4,
    "the result after the stream",
    """
async with Runner.run_streamed(agent, "Summarise AI trends in 2026") as stream:
    async for event in stream:
        # ... handle events ...
        pass
    # After the stream completes, the full result is available
    result = stream.result
    print("Final output:", result.final_output)
    print("New items:", result.new_items)
    print("Raw responses:", result.raw_responses)
""",
    ["Trends."],
    given='from agents import Agent, Runner\nagent = Agent(name="Assistant")',
)

FASTAPI = Snippet(
    PAGE,
    5,
    "a FastAPI endpoint of server-sent events",
    STOCKS
    + """
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from agents import Agent, Runner, RawResponsesStreamEvent, RunItemStreamEvent
from agents.items import ToolCallItem, ToolCallOutputItem
from openai.types.responses import ResponseTextDeltaEvent
import json
app = FastAPI()
class ChatRequest(BaseModel):
    message: str
agent = Agent(
    name="Assistant",
    instructions="You are a helpful assistant.",
    tools=[get_stock_price]
)
async def sse_generator(message: str):
    async with Runner.run_streamed(agent, message) as stream:
        async for event in stream:
            if isinstance(event, RawResponsesStreamEvent):
                if isinstance(event.data, ResponseTextDeltaEvent):
                    payload = json.dumps({"type": "token", "content": event.data.delta})
                    yield f"data: {payload}\\n\\n"
            elif isinstance(event, RunItemStreamEvent):
                if isinstance(event.item, ToolCallItem):
                    payload = json.dumps({
                        "type": "tool_call",
                        "name": event.item.raw_item.name
                    })
                    yield f"data: {payload}\\n\\n"
                elif isinstance(event.item, ToolCallOutputItem):
                    payload = json.dumps({"type": "tool_done"})
                    yield f"data: {payload}\\n\\n"
    yield 'data: {"type": "done"}\\n\\n'
@app.post("/chat/stream")
async def chat_stream(req: ChatRequest):
    return StreamingResponse(
        sse_generator(req.message),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    )
""",
)

HANDOFFS = Snippet(
    PAGE,
    6,
    "handoffs as they happen",
    """
from agents import Agent, Runner, AgentUpdatedStreamEvent
billing_agent = Agent(name="Billing", instructions="Handle billing questions.")
tech_agent = Agent(name="Technical", instructions="Handle technical questions.")
triage_agent = Agent(
    name="Triage",
    instructions="Route to the right specialist agent.",
    handoffs=[billing_agent, tech_agent]
)
async def stream_with_handoffs():
    async with Runner.run_streamed(triage_agent, "I can't log in to my account") as stream:
        async for event in stream:
            # Detect when a handoff happens
            if isinstance(event, AgentUpdatedStreamEvent):
                print(f"[HANDOFF] Now talking to: {event.new_agent.name}")
""",
    [call("transfer_to_technical", {}, call_id="h1"), "Try again."],
    # The first event of every run names the agent that begins, too.
    "[HANDOFF] Now talking to: Triage\n[HANDOFF] Now talking to: Technical\n",
    then="await stream_with_handoffs()",
)

EVENT_TYPES = Snippet(
    PAGE,
    0,
    "the table of event types",
    """
from agents import Agent, AgentUpdatedStreamEvent, RawResponsesStreamEvent, Runner, RunItemStreamEvent
agent = Agent(name="A", tools=[get_stock_price], handoffs=[Agent(name="B")])
seen = []
async with Runner.run_streamed(agent, "Go.") as stream:
    async for event in stream:
        if isinstance(event, RunItemStreamEvent):
            seen.append(event.name)
        elif isinstance(event, AgentUpdatedStreamEvent):
            seen.append(event.new_agent.name)
        else:
            assert isinstance(event, RawResponsesStreamEvent)
print(*seen)
""",
    [PRICES[:1], call("transfer_to_b", {}, call_id="h1"), "Hi."],
    "A tool_called tool_output handoff_requested handoff_occured B message_output_created\n",
    given=STOCKS,
    corrected="`message_output` is `message_output_created`; `StreamedRunResult` is `RunResultStreaming`",
)

WITHOUT_WITH = Snippet(
    PAGE,
    0,
    "a run starts without `async with`",
    """
stream = Runner.run_streamed(agent, "Go.")
print(type(stream).__name__)
await stream.run_loop_task  # nobody has iterated it
print(stream.final_output)
""",
    ["Hi."],
    "RunResultStreaming\nHi.\n",
    given='from agents import Agent, Runner\nagent = Agent(name="A")',
    corrected='"Forgetting async with means the stream never starts" is not so: the run starts by itself',
)

TOO_EARLY = Snippet(
    PAGE,
    0,
    "`stream.result` before the end",
    """
from agentcell import RunNotFinished
async with Runner.run_streamed(agent, "Go.") as stream:
    try:
        stream.result
    except RunNotFinished as error:
        print(error)
""",
    [],
    "the run has not ended yet, so there is no result; iterate its events to the end first, or `await` it\n",
    given='from agents import Agent, Runner\nagent = Agent(name="A")',
)

PRINTING = [TOKENS, TOOLS, HANDOFFS, EVENT_TYPES, WITHOUT_WITH, TOO_EARLY]
SNIPPETS = [BOTH, RESULT, FASTAPI, *PRINTING]


@pytest.mark.parametrize("snippet", as_params(PRINTING))
def test_snippet(snippet: Snippet, run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str]) -> None:
    run_snippet(snippet)
    assert capsys.readouterr().out == snippet.printed


def test_printing_whole_events(run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Each event prints as its class with its fields."""
    run_snippet(BOTH)
    first, *events = capsys.readouterr().out.splitlines()
    assert first == "Vectors."
    kinds = [line.partition("(")[0] for line in events]
    assert kinds == ["AgentUpdatedStreamEvent", *9 * ["RawResponsesStreamEvent"], "RunItemStreamEvent"]
    assert "delta='Vectors.'" in events[5] and "name='message_output_created'" in events[-1]


def test_printing_the_result(run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str]) -> None:
    result = run_snippet(RESULT)["result"]
    output, items, responses = capsys.readouterr().out.splitlines()
    assert output == "Final output: Trends."
    assert items.startswith("New items: [MessageOutputItem(") and "text='Trends.'" in items
    assert responses.startswith("Raw responses: [ModelResponse(") and "'Trends.'" in responses
    assert type(result).__name__ == "RunResult" and result.last_agent.name == "Assistant"


def app_of(snippet: Snippet) -> Any:
    """The web application that a snippet defines."""
    names: dict[str, Any] = {"__name__": "page"}
    exec(compiled(snippet.source(), "agentcell"), names)
    return names["app"]


async def test_the_fastapi_endpoint(served: Callable[[Any], LoopbackServer]) -> None:
    """Over a real server and HTTP: a token is there before the answer is complete, and everything in its order."""
    go_on = threading.Event()
    served([PRICES, Turn(["Two prices."], hold_after=5, release=go_on)])
    seen: list[Any] = []
    async with serving(app_of(FASTAPI)) as url, httpx2.AsyncClient(base_url=url) as client:
        request = client.stream("POST", "/chat/stream", json={"message": "AAPL and MSFT?"})
        async with request as response:
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert response.headers["cache-control"] == "no-cache"
            assert response.headers["x-accel-buffering"] == "no"
            async for line in response.aiter_lines():
                if line:
                    seen.append(json.loads(line.removeprefix("data: ")))
                if seen and seen[-1]["type"] == "token":
                    go_on.set()
    calls = 2 * [{"type": "tool_call", "name": "get_stock_price"}] + 2 * [{"type": "tool_done"}]
    tokens = [{"type": "token", "content": part} for part in ("Two", " prices.")]
    assert seen == [*calls, *tokens, {"type": "done"}]


async def test_a_client_of_the_endpoint_that_leaves(served: Callable[[Any], LoopbackServer]) -> None:
    """The run ends with it: the model's connection is closed, although the answer never ends."""
    server = served([Turn(["Never said."], hold_after=5)])
    async with serving(app_of(FASTAPI)) as url, httpx2.AsyncClient(base_url=url) as client:
        async with client.stream("POST", "/chat/stream", json={"message": "Go."}) as response:
            async for line in response.aiter_lines():
                if line:
                    break
        await asyncio.to_thread(server.wait_for_disconnects, 1)
    assert server.disconnects == 1
