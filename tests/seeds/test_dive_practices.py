"""The page `streaming-deep-dive`, snippets 27 to 35, 41 and 42: errors, cancelling, best practices, tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentcell.models.response_events import function_call_item as call
from agentcell.testing import LoopbackServer, Turn

from .dive import IMPORTS, KINDS, PAGE, PLAIN, PROCESS, TOOL
from .program import ADD, Snippet, as_params, run_program

SAFE = Snippet(
    PAGE,
    27,
    "errors of the run and of its consumer",
    """
async def safe_stream(agent, input):
    try:
        async for event in Runner.run_streamed(agent, input):
            try:
                process_event(event)
            except Exception as e:
                logger.error(f"Event processing error: {e}")
    except AgentsException as e:
        logger.error(f"Agent error during streaming: {e}")
        raise
""",
    [call("unknown", {}, call_id="c1")],
    "ERROR Event processing error: cannot process A\nERROR Agent error during streaming: Tool unknown not found in "
    "agent A\nModelBehaviorError\n",
    given=PLAIN
    + """
import logging, sys
logger = logging.Logger("page")
logger.addHandler(logging.StreamHandler(sys.stdout))
logger.handlers[0].setFormatter(logging.Formatter("%(levelname)s %(message)s"))

def process_event(event):
    if isinstance(event, AgentUpdatedStreamEvent):
        raise ValueError(f"cannot process {event.agent.name}")
""",
    then="""
try:
    await safe_stream(agent, input)
except AgentsException as error:
    print(type(error).__name__)
""",
)

ERROR_EVENTS = Snippet(
    PAGE,
    28,
    "errors of tools among the events",
    """
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, RunItemStreamEvent):
        if isinstance(event.item, ToolCallOutputItem):
            if "error" in event.item.output.lower():
                print(f"Tool error: {event.item.output}")
""",
    [[ADD, call("broken", {}, call_id="c2")], "One has failed."],
    "Tool error: An error occurred while running the tool. Please try again.\n",
    given=TOOL
    + """
@function_tool
def broken() -> str:
    raise ValueError("secret detail")

agent.tools.append(broken)
""",
)

TIMEOUT = Snippet(
    PAGE,
    29,
    "a run with a time limit",
    """
async def cancellable_stream(agent, input, timeout=30):
    try:
        async with asyncio.timeout(timeout):
            async for event in Runner.run_streamed(agent, input):
                process_event(event)
    except asyncio.TimeoutError:
        print("Streaming timed out")
""",
    [Turn(["Never complete."], hold_after=5)],
    "Streaming timed out\n",
    given=PLAIN + PROCESS,
    then="await cancellable_stream(agent, input, timeout=0.3)",
    corrected="`asyncio.timeout_for(iterator, timeout=...)` is `async with asyncio.timeout(...)`",
)

GRACEFUL = Snippet(
    PAGE,
    30,
    "stop a run, and wait until it is quiet",
    """
async def graceful_cancel(agent, input):
    stream = Runner.run_streamed(agent, input)

    try:
        async for event in stream:
            if should_cancel():
                break
            process_event(event)
    finally:
        await stream.aclose()
    print(stream.status, stream.final_output)
""",
    [Turn(["One two three."], hold_after=4)],
    "stopped None\n3 events, 1 task\n",
    given=PLAIN + PROCESS + "\ndef should_cancel(): return len(processed) == 3",
    then="await graceful_cancel(agent, input)\nprint(f'{len(processed)} events, {len(asyncio.all_tasks())} task')",
)

ITERATORS = Snippet(
    PAGE,
    31,
    "best practice: iterate, do not collect",
    """
# Good - async for
async for event in Runner.run_streamed(agent, input):
    process_event(event)

# Avoid - collect all first
events = [event async for event in Runner.run_streamed(agent, input)]
# Defeats purpose of streaming
""",
    ["Hi.", "Hi."],
    "['agent_updated_stream_event', 'message_output_created'] 11 11 True\n",
    given=PLAIN + PROCESS + KINDS,
    then="print(kinds(events), len(events), len(processed), kinds(events) == kinds(processed))",
)

ALL_TYPES = Snippet(
    PAGE,
    32,
    "best practice: handle every type of event",
    """
# Good - handle all types
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, RunItemStreamEvent):
        handle_run_item(event)
    elif isinstance(event, AgentUpdatedStreamEvent):
        handle_agent_update(event)
    elif isinstance(event, RawResponsesStreamEvent):
        handle_raw_event(event)

# Avoid - only handle one type
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, RunItemStreamEvent):
        handle_run_item(event)
    # Miss other events
""",
    [ADD, "Three.", ADD, "Three."],
    "6 items, 1 agents, 16 raw events\n",
    given=TOOL
    + """
items, agents, raw = [], [], []
handle_run_item, handle_agent_update, handle_raw_event = items.append, agents.append, raw.append
""",
    then="""
print(f"{len(items)} items, {len(agents)} agents, {len(raw)} raw events")
assert [event.name for event in items] == 2 * ["tool_called", "tool_output", "message_output_created"]
""",
)

FLUSH = Snippet(
    PAGE,
    33,
    "best practice: flush",
    """
# Good - flush
print(text, end="", flush=True)

# Avoid - no flush
print(text, end="")  # Might buffer
""",
    given="""
import sys
text, flushed = "Hi.", []
flush = sys.stdout.flush
sys.stdout.flush = lambda: (flushed.append(1), flush())
""",
    then="sys.stdout.flush = flush\nprint(len(flushed))",
    printed="Hi.Hi.1\n",
)

QUEUE = Snippet(
    PAGE,
    34,
    "best practice: mind a slow consumer",
    """
# Good - handle backpressure
queue = asyncio.Queue(maxsize=100)
# ... manage queue

# Avoid - ignore backpressure
async for event in Runner.run_streamed(agent, input):
    process_event(event)  # Might block if slow
""",
    ["Hi."],
    "100 11\n",
    given=PLAIN + PROCESS,
    then="print(queue.maxsize, len(processed))",
)

CLEAN_UP = Snippet(
    PAGE,
    35,
    "best practice: clean up",
    """
# Good - clean up
async with Runner.run_streamed(agent, input) as stream:
    async for event in stream:
        process_event(event)

# Avoid - leak resources
stream = Runner.run_streamed(agent, input)
async for event in stream:
    process_event(event)
# Forgot to close
""",
    ["Hi.", "Hi."],
    "22 events, Hi.\n1 task\n",
    given=PLAIN + PROCESS,
    # A run that was read to its end has nothing left to close.
    then="""
print(f"{len(processed)} events, {stream.final_output}")
await asyncio.wait([stream.run_loop_task])
print(len(asyncio.all_tasks()), "task")
""",
)

TESTING = Snippet(
    PAGE,
    41,
    "a test of a run",
    """
@pytest.mark.asyncio
async def test_streaming():
    events = []

    async for event in Runner.run_streamed(agent, input):
        events.append(event)

    assert len(events) > 0
    assert any(isinstance(e, RunItemStreamEvent) for e in events)
""",
    ["Hi."],
    "asyncio passed\n",
    given=PLAIN + "import pytest",
    then='await test_streaming()\nprint(test_streaming.pytestmark[0].name, "passed")',
)

MOCK = Snippet(
    PAGE,
    42,
    "a stream without a run",
    """
async def mock_stream():
    yield RunItemStreamEvent(item=mock_item)
    yield AgentUpdatedStreamEvent(agent=mock_agent)

async def test_with_mock_stream():
    events = []
    async for event in mock_stream():
        events.append(event)

    assert len(events) == 2
    print([event.type for event in events], events[0].name)
""",
    printed="['run_item_stream_event', 'agent_updated_stream_event'] message_output_created\n",
    given=IMPORTS
    + """
from agentcell.testing import assistant_message
mock_agent = Agent(name="A")
mock_item = MessageOutputItem(agent=mock_agent, raw_item=assistant_message("Hi."))
""",
    then="await test_with_mock_stream()",
)

SNIPPETS = [
    SAFE, ERROR_EVENTS, TIMEOUT, GRACEFUL, ITERATORS, ALL_TYPES, FLUSH, QUEUE, CLEAN_UP, TESTING, MOCK,
]  # fmt: skip


@pytest.mark.parametrize("snippet", as_params(SNIPPETS))
def test_snippet(snippet: Snippet, run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str]) -> None:
    run_snippet(snippet)
    assert capsys.readouterr().out == snippet.printed


def test_a_test_that_fails(served: Callable[[Any], LoopbackServer]) -> None:
    """The page's test of a run is one: without an item it fails."""
    served(["Hi."])
    source = TESTING.source().replace("Runner.run_streamed(agent, input)", "nothing()")
    nothing = "async def nothing():\n    yield AgentUpdatedStreamEvent(agent=agent)\n"
    with pytest.raises(AssertionError):
        run_program(nothing + source)


def test_a_run_that_is_out_of_time_ends(
    served: Callable[[Any], LoopbackServer], capsys: pytest.CaptureFixture[str]
) -> None:
    """The model's connection is closed, although the answer would never end."""
    server = served(TIMEOUT.turns)
    run_program(TIMEOUT.source())
    assert capsys.readouterr().out == TIMEOUT.printed
    assert server.wait_for_disconnects(1)
