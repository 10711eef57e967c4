"""The pages that this project was asked to implement: their code runs, and prints what they say.

Each snippet is a page's own code with `agents` replaced by `agentcell` and its indentation restored; code at the top
level that awaits stands in an `async def main()`. It runs as a program of its own would: the client finds its server
and key in the environment, and the server answers from a script.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from agentcell.models.openai_defaults import close_shared_http_client
from agentcell.models.response_events import function_call_item as call
from agentcell.testing import LoopbackServer, Turn

REFERENCE_EXAMPLE = """
from agentcell import Agent, Runner

async def main():
    agent = Agent(name="writer", instructions="Write creative stories.")
    result = Runner.run_streamed(agent, "Write a short poem about coding.")
    async for event in result.stream_events():
        if event.type == "raw_response_event":
            # Access raw LLM deltas for real-time text display
            if hasattr(event.data, 'delta') and hasattr(event.data.delta, 'text'):
                print(event.data.delta.text, end="", flush=True)
    # After stream completes:
    print(result.final_output)

asyncio.run(main())
"""

GUIDE_TOKENS = """
import asyncio
from openai.types.responses import ResponseTextDeltaEvent
from agentcell import Agent, Runner

async def main():
    agent = Agent(
        name="Joker",
        instructions="You are a helpful assistant.",
    )

    result = Runner.run_streamed(agent, input="Please tell me 5 jokes.")
    async for event in result.stream_events():
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent):
            print(event.data.delta, end="", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
"""

GUIDE_ITEMS = """
import asyncio
import random
from agentcell import Agent, ItemHelpers, Runner, function_tool

@function_tool
def how_many_jokes() -> int:
    return random.randint(1, 10)


async def main():
    agent = Agent(
        name="Joker",
        instructions="First call the `how_many_jokes` tool, then tell that many jokes.",
        tools=[how_many_jokes],
    )

    result = Runner.run_streamed(
        agent,
        input="Hello",
    )
    print("=== Run starting ===")

    async for event in result.stream_events():
        # We'll ignore the raw responses event deltas
        if event.type == "raw_response_event":
            continue
        # When the agent updates, print that
        elif event.type == "agent_updated_stream_event":
            print(f"Agent updated: {event.new_agent.name}")
            continue
        # When items are generated, print them
        elif event.type == "run_item_stream_event":
            if event.item.type == "tool_call_item":
                print("-- Tool was called")
            elif event.item.type == "tool_call_output_item":
                print(f"-- Tool output: {event.item.output}")
            elif event.item.type == "message_output_item":
                print(f"-- Message output:\\n {ItemHelpers.text_message_output(event.item)}")
            else:
                pass  # Ignore other event types

    print("=== Run complete ===")


if __name__ == "__main__":
    asyncio.run(main())
"""

WORKFLOW = """
# The page has no code; its four steps, and the cancellation that it promises.
from openai.types.responses import ResponseTextDeltaEvent
from agentcell import Agent, Runner

async def main():
    agent = Agent(name="Assistant", instructions="Help.")
    result = Runner.run_streamed(agent, "Hello")
    print(type(result).__name__)
    async for event in result.stream_events():
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent):
            print(event.data.delta, end="|")
        elif event.type == "run_item_stream_event":
            print(event.name)
        elif event.type == "agent_updated_stream_event":
            print(event.new_agent.name)
    print(result.final_output, len(result.new_items), result.is_complete)

    stopped = Runner.run_streamed(agent, "Hello again")
    async for event in stopped.stream_events():
        if event.type == "raw_response_event":
            break  # Cancellation is supported by breaking out of the stream_events loop
    await stopped.aclose()
    print(stopped.final_output, stopped.is_complete)

asyncio.run(main())
"""

VERSUS_BOTH = """
from agentcell import Agent, Runner
agent = Agent(
    name="Assistant",
    instructions="You are a helpful assistant."
)

async def main():
    # Blocking - waits for full response
    result = await Runner.run(agent, "Explain vector databases")
    print(result.final_output)
    # Streaming - yields events as they happen
    async with Runner.run_streamed(agent, "Explain vector databases") as stream:
        async for event in stream:
            print(event.type)  # StreamEvent objects

asyncio.run(main())
"""

VERSUS_TOKENS = """
from agentcell import Agent, Runner, RawResponsesStreamEvent
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
"""

VERSUS_TOOLS = '''
from agentcell import Agent, Runner, RunItemStreamEvent, function_tool
from agentcell.items import ToolCallItem, ToolCallOutputItem, MessageOutputItem
import asyncio
@function_tool
def get_stock_price(ticker: str) -> str:
    """Get the current stock price for a ticker symbol."""
    prices = {"AAPL": "$189.50", "GOOGL": "$175.20", "MSFT": "$420.30"}
    return prices.get(ticker.upper(), "Ticker not found")
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
'''

VERSUS_RESULT = """
from agentcell import Agent, Runner
agent = Agent(name="Assistant")

async def main():
    async with Runner.run_streamed(agent, "Summarise AI trends in 2026") as stream:
        async for event in stream:
            # ... handle events ...
            pass
        # After the stream completes, the full result is available
        result = stream.result
        print("Final output:", result.final_output)
        print("New items:", len(result.new_items))
        print("Raw responses:", len(result.raw_responses))

asyncio.run(main())
"""

VERSUS_HANDOFFS = """
from agentcell import Agent, Runner, AgentUpdatedStreamEvent
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
asyncio.run(stream_with_handoffs())
"""

DIVE = """
from agentcell import (
    Agent, AgentsException, AgentUpdatedStreamEvent, RawResponsesStreamEvent, Runner, RunItemStreamEvent, function_tool,
)
from agentcell.items import MessageOutputItem, ToolCallItem, ToolCallOutputItem
"""

DIVE_ITEMS = (
    DIVE
    + """
@function_tool
def add(a: int, b: int) -> int:
    return a + b

agent = Agent(name="Adder", tools=[add])

async def main():
    async for event in Runner.run_streamed(agent, "1 + 2?"):
        if isinstance(event, RunItemStreamEvent):
            item = event.item

            if isinstance(item, MessageOutputItem):
                print(f"Message: {item.raw_item.content[0].text}")

            elif isinstance(item, ToolCallItem):
                print(f"Tool call: {item.raw_item.name}")

            elif isinstance(item, ToolCallOutputItem):
                print(f"Tool output: {item.output}")

asyncio.run(main())
"""
)

DIVE_HANDOFF = (
    DIVE
    + """
b = Agent(name="B")
agent = Agent(name="A", handoffs=[b])

async def main():
    current_agent = None

    async for event in Runner.run_streamed(agent, "Go."):
        if isinstance(event, AgentUpdatedStreamEvent):
            if current_agent and current_agent != event.agent:
                print(f"Handoff: {current_agent.name} -> {event.agent.name}")
            current_agent = event.agent

asyncio.run(main())
"""
)

DIVE_RAW = (
    DIVE
    + """
agent = Agent(name="A")

async def main():
    async for event in Runner.run_streamed(agent, "Go."):
        if isinstance(event, RawResponsesStreamEvent):
            raw = event.event

            if raw.type == "response.output_item.done":
                print("Output item completed")

            elif raw.type == "response.output_item.added":
                print("Output item added")

asyncio.run(main())
"""
)

DIVE_GRACEFUL = (
    DIVE
    + """
agent = Agent(name="A")
seen = []

def should_cancel():
    return len(seen) == 3

async def graceful_cancel(agent, input):
    stream = Runner.run_streamed(agent, input)

    try:
        async for event in stream:
            if should_cancel():
                break
            seen.append(event)
    finally:
        await stream.aclose()
    print(len(seen), stream.is_complete, stream.final_output, len(asyncio.all_tasks()))

asyncio.run(graceful_cancel(agent, "Go."))
"""
)

DIVE_ERRORS = (
    DIVE
    + """
@function_tool
def add(a: int, b: int) -> int:
    return a + b

agent = Agent(name="A", tools=[add])

async def safe_stream(agent, input):
    try:
        async for event in Runner.run_streamed(agent, input, max_turns=1):
            pass
    except AgentsException as e:
        print(f"Agent error during streaming: {e}")

asyncio.run(safe_stream(agent, "Go."))
"""
)

DIVE_BACKPRESSURE = (
    DIVE
    + """
agent = Agent(name="A")

async def stream_with_backpressure(agent, input, max_queue=2):
    queue = asyncio.Queue(maxsize=max_queue)

    async def producer():
        async for event in Runner.run_streamed(agent, input):
            await queue.put(event)
        await queue.put(None)

    async def consumer():
        count = 0
        while await queue.get() is not None:
            count += 1
            queue.task_done()
        return count

    _, count = await asyncio.gather(producer(), consumer())
    print(count)

asyncio.run(stream_with_backpressure(agent, "Go."))
"""
)

DIVE_MOCK = (
    DIVE
    + """
from agentcell.items import MessageOutputItem
from agentcell.testing import assistant_message

mock_agent = Agent(name="A")
mock_item = MessageOutputItem(agent=mock_agent, raw_item=assistant_message("Hi."))

async def mock_stream():
    yield RunItemStreamEvent(item=mock_item)
    yield AgentUpdatedStreamEvent(agent=mock_agent)

async def test_with_mock_stream():
    events = []
    async for event in mock_stream():
        events.append(event)

    assert len(events) == 2
    print(events[0].name, events[1].new_agent.name)

asyncio.run(test_with_mock_stream())
"""
)

PRICES = [call("get_stock_price", {"ticker": t}, call_id=t) for t in ("AAPL", "MSFT")]
ADD = call("add", {"a": 1, "b": 2}, call_id="c1")
JOKES = call("how_many_jokes", {}, call_id="c1")
TO_TECH = call("transfer_to_technical", {}, call_id="h1")
TO_B = call("transfer_to_b", {}, call_id="h1")

PAGES: dict[str, tuple[str, list[Any], str]] = {
    "reference page": (REFERENCE_EXAMPLE, ["Code is poetry."], "Code is poetry.\n"),
    "guide: tokens": (GUIDE_TOKENS, ["A joke. Another."], "A joke. Another."),
    "guide: items": (
        GUIDE_ITEMS,
        [JOKES, "Two jokes."],
        "=== Run starting ===\nAgent updated: Joker\n-- Tool was called\n-- Tool output: 4\n"
        "-- Message output:\n Two jokes.\n=== Run complete ===\n",
    ),
    "workflow": (
        WORKFLOW,
        ["Hi there.", Turn(["More."], hold_after=2)],
        "RunResultStreaming\nAssistant\nHi| there.|message_output_created\nHi there. 1 True\nNone True\n",
    ),
    "versus: both": (
        VERSUS_BOTH,
        ["Vectors.", "Vectors."],
        "Vectors.\nagent_updated_stream_event\n" + 9 * "raw_response_event\n" + "run_item_stream_event\n",
    ),
    "versus: tokens": (VERSUS_TOKENS, ["Pick two of three."], "Pick two of three.\n"),
    "versus: tools": (
        VERSUS_TOOLS,
        [PRICES, "AAPL and MSFT."],
        '[TOOL CALL] get_stock_price({"ticker":"AAPL"})\n[TOOL CALL] get_stock_price({"ticker":"MSFT"})\n'
        "[TOOL RESULT] $189.50\n[TOOL RESULT] $420.30\n[AGENT] AAPL and MSFT.\n",
    ),
    "versus: result": (VERSUS_RESULT, ["Trends."], "Final output: Trends.\nNew items: 1\nRaw responses: 1\n"),
    "versus: handoffs": (
        VERSUS_HANDOFFS,
        [TO_TECH, "Try again."],
        "[HANDOFF] Now talking to: Triage\n[HANDOFF] Now talking to: Technical\n",
    ),
    "deep dive: items": (DIVE_ITEMS, [ADD, "It is 3."], "Tool call: add\nTool output: 3\nMessage: It is 3.\n"),
    "deep dive: handoff": (DIVE_HANDOFF, [TO_B, "Hi."], "Handoff: A -> B\n"),
    "deep dive: raw": (DIVE_RAW, ["Hi."], "Output item added\nOutput item completed\n"),
    "deep dive: graceful cancel": (DIVE_GRACEFUL, [Turn(["One two three."], hold_after=4)], "3 True None 1\n"),
    "deep dive: errors": (DIVE_ERRORS, [ADD], "Agent error during streaming: Max turns (1) exceeded\n"),
    "deep dive: backpressure": (DIVE_BACKPRESSURE, ["Hi there you."], "13\n"),
    "deep dive: mock": (DIVE_MOCK, [], "message_output_created A\n"),
}


@pytest.fixture
def closing_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """`asyncio.run` that closes the shared connections, as the end of a program does."""
    run = asyncio.run

    async def closing(work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await work
        finally:
            await close_shared_http_client()

    monkeypatch.setattr(asyncio, "run", lambda work: run(closing(work)))


@pytest.mark.usefixtures("closing_run")
@pytest.mark.parametrize(("code", "turns", "printed"), PAGES.values(), ids=PAGES.keys())
def test_page(
    code: str,
    turns: list[Any],
    printed: str,
    loopback: Callable[[Any], LoopbackServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = loopback(turns)
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.setattr("random.randint", lambda low, high: 4)
    exec(compile(code, "page.py", "exec"), {"__name__": "__main__", "asyncio": asyncio})
    assert capsys.readouterr().out == printed
