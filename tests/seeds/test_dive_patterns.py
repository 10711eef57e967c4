"""The page `streaming-deep-dive`, snippets 13 to 17, 22 to 26 and 36 to 40: patterns, performance and state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentcell.models.response_events import function_call_item as call

from .dive import IMPORTS, KINDS, PAGE, PAIR, PLAIN, PROCESS, TEXT, TOOL
from .program import ADD, Snippet, as_params

TO_B = call("transfer_to_b", {}, call_id="h1")
TWO_ADDS = [call("add", {"a": 1, "b": n}, call_id=f"c{n}") for n in (1, 2)]

TEXT_STREAM = Snippet(
    PAGE,
    13,
    "stream the text",
    """
async def stream_text(agent, input):
    async for event in Runner.run_streamed(agent, input):
        if isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, MessageOutputItem):
                for content in event.item.raw_item.content:
                    if content.type == "output_text":
                        print(content.text, end="", flush=True)
    print()  # New line at end
""",
    ["Hi there."],
    "Hi there.\n",
    given=PLAIN,
    then="await stream_text(agent, input)",
    corrected=TEXT,
)

PROGRESS = Snippet(
    PAGE,
    14,
    "a progress indicator",
    """
async def stream_with_progress(agent, input):
    tool_count = 0

    async for event in Runner.run_streamed(agent, input):
        if isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, ToolCallItem):
                tool_count += 1
                print(f"Tool {tool_count}: {event.item.raw_item.name}")

        elif isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, MessageOutputItem):
                print("Agent thinking...")
""",
    [TWO_ADDS, "Both done."],
    # The page's second branch asks what the first has asked, and is never reached.
    "Tool 1: add\nTool 2: add\n",
    given=TOOL,
    then="await stream_with_progress(agent, input)",
)

STRUCTURED = Snippet(
    PAGE,
    15,
    "structured output from its text",
    """
async def stream_structured_output(agent, input):
    output_parts = []

    async for event in Runner.run_streamed(agent, input):
        if isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, MessageOutputItem):
                for content in event.item.raw_item.content:
                    if content.type == "output_text":
                        output_parts.append(content.text)
                        print(content.text, end="", flush=True)

    # Parse final output
    final_output = "".join(output_parts)
    parsed = json.loads(final_output)
    return parsed
""",
    ['{"city": "Rome", "degrees": 21}'],
    "{\"city\": \"Rome\", \"degrees\": 21}\n{'city': 'Rome', 'degrees': 21}\n",
    given=IMPORTS
    + """
import json
from pydantic import BaseModel

class Weather(BaseModel):
    city: str
    degrees: int

agent = Agent(name="A", output_type=Weather)
""",
    then="parsed = await stream_structured_output(agent, input)\nprint()\nprint(parsed)",
    corrected=TEXT,
)

MULTI = Snippet(
    PAGE,
    16,
    "several agents",
    """
async def stream_multi_agent(agent, input):
    current_agent = None

    async for event in Runner.run_streamed(agent, input):
        if isinstance(event, AgentUpdatedStreamEvent):
            if current_agent:
                print(f"{current_agent.name}: Finished")
            current_agent = event.agent
            print(f"{current_agent.name}: Started")

        elif isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, MessageOutputItem):
                print(f"{current_agent.name}: ", end="")
                for content in event.item.raw_item.content:
                    if content.type == "output_text":
                        print(content.text, end="", flush=True)
                print()
""",
    [["One moment.", TO_B], "Hi, I am B."],
    "A: Started\nA: One moment.\nA: Finished\nB: Started\nB: Hi, I am B.\n",
    given=PAIR,
    then="await stream_multi_agent(agent, input)",
    corrected=TEXT,
)

TOOLS = Snippet(
    PAGE,
    17,
    "show tools at work",
    """
async def stream_tools(agent, input):
    async for event in Runner.run_streamed(agent, input):
        if isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, ToolCallItem):
                print(f"🔧 {event.item.raw_item.name}")
                print(f"   Args: {event.item.raw_item.arguments}")

            elif isinstance(event.item, ToolCallOutputItem):
                print(f"✓ Result: {event.item.output[:100]}...")
""",
    [ADD, "Three."],
    '🔧 add\n   Args: {"a":1,"b":2}\n✓ Result: it is 3...\n',
    given=TOOL,
    then="await stream_tools(agent, input)",
)

BATCH = Snippet(
    PAGE,
    22,
    "batches of events",
    """
async def batch_stream(agent, input, batch_size=10):
    batch = []

    async for event in Runner.run_streamed(agent, input):
        batch.append(event)

        if len(batch) >= batch_size:
            process_batch(batch)
            batch = []

    if batch:
        process_batch(batch)
""",
    ["Hi there."],
    "10 RawResponsesStreamEvent\n2 RunItemStreamEvent\n",
    given=PLAIN + "def process_batch(batch): print(len(batch), type(batch[-1]).__name__)",
    then="await batch_stream(agent, input)",
)

FILTER = Snippet(
    PAGE,
    23,
    "messages only",
    """
async def filtered_stream(agent, input):
    async for event in Runner.run_streamed(agent, input):
        # Only process message events
        if isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, MessageOutputItem):
                yield event
""",
    [["Adding.", ADD], "Three."],
    "message_output_created Adding.\nmessage_output_created Three.\n",
    given=TOOL,
    then="""
async for event in filtered_stream(agent, input):
    print(event.name, event.item.raw_item.content[0].text)
""",
)

BACKPRESSURE = Snippet(
    PAGE,
    24,
    "a bounded queue between the run and its consumer",
    """
async def stream_with_backpressure(agent, input, max_queue=100):
    queue = asyncio.Queue(maxsize=max_queue)

    async def producer():
        async for event in Runner.run_streamed(agent, input):
            await queue.put(event)

    async def consumer():
        while True:
            event = await queue.get()
            process_event(event)
            queue.task_done()

    await asyncio.gather(producer(), consumer())
""",
    ["Hi there you."],
    "13 RunItemStreamEvent\n",
    given=PLAIN
    + """
processed, complete = [], asyncio.Event()

def process_event(event):
    processed.append(event)
    if event.type == "run_item_stream_event":
        complete.set()
""",
    # The page's consumer waits for more for ever.
    then="""
running = asyncio.create_task(stream_with_backpressure(agent, input, max_queue=2))
await complete.wait()
running.cancel()
await asyncio.wait([running])
print(len(processed), type(processed[-1]).__name__)
""",
)

STATE = Snippet(
    PAGE,
    25,
    "state beside the events",
    """
async def stream_with_state(agent, input):
    state = {
        "tool_calls": [],
        "messages": [],
        "current_agent": None,
    }

    async for event in Runner.run_streamed(agent, input):
        if isinstance(event, AgentUpdatedStreamEvent):
            state["current_agent"] = event.agent.name

        elif isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, ToolCallItem):
                state["tool_calls"].append(event.item.raw_item.name)

            elif isinstance(event.item, MessageOutputItem):
                state["messages"].append(event.item.raw_item.content)

        yield event, state
""",
    [ADD, "Three."],
    "['add'] Adder ['Three.']\n",
    given=TOOL,
    then="""
async for event, state in stream_with_state(agent, input):
    pass
print(state["tool_calls"], state["current_agent"], [part.text for parts in state["messages"] for part in parts])
""",
)

RESULT = Snippet(
    PAGE,
    26,
    "collect a result",
    """
async def stream_to_result(agent, input):
    result = {
        "messages": [],
        "tool_calls": [],
        "final_output": None,
    }

    async for event in Runner.run_streamed(agent, input):
        if isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, MessageOutputItem):
                for content in event.item.raw_item.content:
                    if content.type == "output_text":
                        result["messages"].append(content.text)

            elif isinstance(event.item, ToolCallItem):
                result["tool_calls"].append({
                    "name": event.item.raw_item.name,
                    "arguments": event.item.raw_item.arguments,
                })

    result["final_output"] = "".join(result["messages"])
    return result
""",
    [ADD, "Three."],
    "{'messages': ['Three.'], 'tool_calls': [{'name': 'add', 'arguments': '{\"a\":1,\"b\":2}'}], "
    "'final_output': 'Three.'}\n",
    given=TOOL,
    then="print(await stream_to_result(agent, input))",
    corrected=TEXT,
)

CHAT = Snippet(
    PAGE,
    36,
    "a chat",
    """
async def chat_interface(agent, user_input):
    print("Assistant: ", end="", flush=True)

    async for event in Runner.run_streamed(agent, user_input):
        if isinstance(event, RunItemStreamEvent):
            if isinstance(event.item, MessageOutputItem):
                for content in event.item.raw_item.content:
                    if content.type == "output_text":
                        print(content.text, end="", flush=True)

    print()  # New line
""",
    ["Hi.", "Bye."],
    "Assistant: Hi.\nAssistant: Bye.\n",
    given=PLAIN,
    then='for line in ("Hello", "Good bye"):\n    await chat_interface(agent, line)',
    corrected=TEXT,
)

AGGREGATE = Snippet(
    PAGE,
    38,
    "several runs as one stream",
    """
async def aggregate_streams(agents, inputs):
    streams = [
        Runner.run_streamed(agent, input)
        for agent, input in zip(agents, inputs)
    ]

    async for event in merge_async_iterators(*streams):
        process_event(event)
""",
    ["Hi.", "Hi."],
    "A A A B B B\n",
    given=PLAIN
    + PROCESS
    + """
async def merge_async_iterators(*iterators):
    queue = asyncio.Queue()

    async def drain(iterator):
        async for value in iterator:
            await queue.put(value)
        await queue.put(None)

    tasks = [asyncio.create_task(drain(iterator)) for iterator in iterators]
    for _ in tasks:
        while (value := await queue.get()) is not None:
            yield value
""",
    then="""
await aggregate_streams([agent, agent.clone(name="B")], ["One.", "Two."])
items = [event.item.agent.name for event in processed if isinstance(event, RunItemStreamEvent)]
begun = [event.agent.name for event in processed if isinstance(event, AgentUpdatedStreamEvent)]
ended = [event.data.type for event in processed if event.type == "raw_response_event"].count("response.completed")
print(*sorted(items + begun + ["A", "B"][:ended]))
""",
)

CONDITIONAL = Snippet(
    PAGE,
    39,
    "stream or wait",
    """
async def conditional_stream(agent, input, stream_enabled=True):
    if stream_enabled:
        async for event in Runner.run_streamed(agent, input):
            process_event(event)
    else:
        result = await Runner.run(agent, input)
        return result.final_output
""",
    ["Streamed.", "Whole."],
    "None 11\nWhole. 11\n",
    given=PLAIN + PROCESS,
    then="""
print(await conditional_stream(agent, input), len(processed))
print(await conditional_stream(agent, input, stream_enabled=False), len(processed))
""",
)

CALLBACKS = Snippet(
    PAGE,
    40,
    "callbacks by the event's class",
    """
async def stream_with_callbacks(agent, input, callbacks):
    async for event in Runner.run_streamed(agent, input):
        event_type = type(event).__name__
        if event_type in callbacks:
            await callbacks[event_type](event)
""",
    [ADD, "Three."],
    "Adder\n['tool_called', 'tool_output', 'message_output_created']\n",
    given=TOOL + KINDS,
    then="""
items = []

async def on_item(event):
    items.append(event)

async def on_agent(event):
    print(event.new_agent.name)

await stream_with_callbacks(agent, input, {"RunItemStreamEvent": on_item, "AgentUpdatedStreamEvent": on_agent})
print(kinds(items))
""",
)

SNIPPETS = [
    TEXT_STREAM, PROGRESS, STRUCTURED, MULTI, TOOLS, BATCH, FILTER, BACKPRESSURE, STATE, RESULT, CHAT, AGGREGATE,
    CONDITIONAL, CALLBACKS,
]  # fmt: skip


@pytest.mark.parametrize("snippet", as_params(SNIPPETS))
def test_snippet(snippet: Snippet, run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str]) -> None:
    run_snippet(snippet)
    assert capsys.readouterr().out == snippet.printed
