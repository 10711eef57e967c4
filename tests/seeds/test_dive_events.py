"""The page `streaming-deep-dive`, snippets 1 to 12: the events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentcell.models.response_events import function_call_item as call

from .dive import IMPORTS, PAGE, PAIR, PLAIN, TEXT, TOOL
from .program import ADD, Snippet, as_params

TO_B = call("transfer_to_b", {}, call_id="h1")

ITERATE = Snippet(
    PAGE,
    1,
    "iterate the run itself",
    """
from agents import Runner

async for event in Runner.run_streamed(agent, input):
    # Handle each event
    print(f"Event: {event}")
""",
    ["Hi."],
    given=PLAIN,
)

ITEM_EVENT = Snippet(
    PAGE,
    2,
    "what an item event holds",
    """
from dataclasses import dataclass
from typing import Literal

@dataclass
class Page:
    item: "RunItem"
    type: Literal["run_item_stream_event"]
""",
    printed="True run_item_stream_event\n",
    given=IMPORTS + "from agentcell.testing import assistant_message",
    then="""
item = MessageOutputItem(agent=Agent(name="A"), raw_item=assistant_message("Hi."))
event = RunItemStreamEvent(item=item)
print(event.item is item, *[event.type] * (Page.__annotations__["type"] == Literal[event.type]))
""",
    corrected='`type` is `"run_item_stream_event"`, not `"run_item"`',
)

ITEMS = Snippet(
    PAGE,
    3,
    "messages, calls and outputs",
    """
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, RunItemStreamEvent):
        item = event.item

        if isinstance(item, MessageOutputItem):
            print(f"Message: {item.raw_item.content}")

        elif isinstance(item, ToolCallItem):
            print(f"Tool call: {item.raw_item.name}")

        elif isinstance(item, ToolCallOutputItem):
            print(f"Tool output: {item.output}")
""",
    [ADD, "Three."],
    "Tool call: add\nTool output: it is 3\nMessage: [ResponseOutputText(annotations=[], text='Three.', "
    "type='output_text', logprobs=[])]\n",
    given=TOOL,
)

MESSAGE = Snippet(
    PAGE,
    4,
    "the text of messages",
    """
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, RunItemStreamEvent):
        if isinstance(event.item, MessageOutputItem):
            # Extract text content
            for content in event.item.raw_item.content:
                if content.type == "output_text":
                    print(content.text, end="", flush=True)
""",
    ["Hi there."],
    "Hi there.",
    given=PLAIN,
    corrected=TEXT,
)

CALLS = Snippet(
    PAGE,
    5,
    "tool calls with their arguments",
    """
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, RunItemStreamEvent):
        if isinstance(event.item, ToolCallItem):
            print(f"Calling tool: {event.item.raw_item.name}")
            print(f"Arguments: {event.item.raw_item.arguments}")
""",
    [ADD, "Three."],
    'Calling tool: add\nArguments: {"a":1,"b":2}\n',
    given=TOOL,
)

OUTPUTS = Snippet(
    PAGE,
    6,
    "results of tools",
    """
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, RunItemStreamEvent):
        if isinstance(event.item, ToolCallOutputItem):
            print(f"Tool result: {event.item.output}")
""",
    [ADD, "Three."],
    "Tool result: it is 3\n",
    given=TOOL,
)

AGENT_EVENT = Snippet(
    PAGE,
    7,
    "what an agent event holds",
    """
from dataclasses import dataclass
from typing import Literal

@dataclass
class Page:
    agent: "Agent"
    type: Literal["agent_updated_stream_event"]
""",
    printed="True agent_updated_stream_event\n",
    given=IMPORTS,
    then="""
agent = Agent(name="A")
event = AgentUpdatedStreamEvent(agent=agent)
print(event.agent is agent is event.new_agent, *[event.type] * (Page.__annotations__["type"] == Literal[event.type]))
""",
    corrected='`type` is `"agent_updated_stream_event"`, not `"agent_updated"`',
)

UPDATES = Snippet(
    PAGE,
    8,
    "which agent runs",
    """
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, AgentUpdatedStreamEvent):
        print(f"Agent changed to: {event.agent.name}")
""",
    [TO_B, "Hi."],
    "Agent changed to: A\nAgent changed to: B\n",
    given=PAIR,
)

HANDOFF = Snippet(
    PAGE,
    9,
    "tell handoffs by the agent events",
    """
current_agent = None

async for event in Runner.run_streamed(agent, input):
    if isinstance(event, AgentUpdatedStreamEvent):
        if current_agent and current_agent != event.agent:
            print(f"Handoff: {current_agent.name} -> {event.agent.name}")
        current_agent = event.agent
""",
    [TO_B, "Hi."],
    "Handoff: A -> B\n",
    given=PAIR,
)

RAW_EVENT = Snippet(
    PAGE,
    10,
    "what a raw event holds",
    """
from dataclasses import dataclass
from typing import Literal

@dataclass
class Page:
    event: "TResponseStreamEvent"
    type: Literal["raw_response_event"]
""",
    printed="True raw_response_event\n",
    given=IMPORTS + "from openai.types.responses import ResponseTextDeltaEvent",
    then="""
delta = ResponseTextDeltaEvent(
    type="response.output_text.delta", delta="Hi", item_id="m1", output_index=0, content_index=0, sequence_number=1,
    logprobs=[],
)
event = RawResponsesStreamEvent(event=delta)
print(event.event is delta is event.data, *[event.type] * (Page.__annotations__["type"] == Literal[event.type]))
""",
    corrected='`type` is `"raw_response_event"`, not `"raw_response"`',
)

RAW = Snippet(
    PAGE,
    11,
    "items that begin and end",
    """
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, RawResponsesStreamEvent):
        raw = event.event

        if raw.type == "response.output_item.done":
            print("Output item completed")

        elif raw.type == "response.output_item.added":
            print("Output item added")
""",
    [["Hi.", "And more."]],
    2 * "Output item added\nOutput item completed\n",
    given=PLAIN,
)

DELTAS = Snippet(
    PAGE,
    12,
    "text deltas of raw events",
    """
async for event in Runner.run_streamed(agent, input):
    if isinstance(event, RawResponsesStreamEvent):
        if event.event.type == "response.output_text.delta":
            print(event.event.delta, end="|", flush=True)
""",
    ["Hi there you."],
    "Hi| there| you.|",
    given=PLAIN,
    corrected='the type is `"response.output_text.delta"`, and its `delta` is the text itself',
)

PRINTING = [ITEM_EVENT, ITEMS, MESSAGE, CALLS, OUTPUTS, AGENT_EVENT, UPDATES, HANDOFF, RAW_EVENT, RAW, DELTAS]
SNIPPETS = [ITERATE, *PRINTING]


@pytest.mark.parametrize("snippet", as_params(PRINTING))
def test_snippet(snippet: Snippet, run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str]) -> None:
    run_snippet(snippet)
    assert capsys.readouterr().out == snippet.printed


def test_iterating_a_run(run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str]) -> None:
    run_snippet(ITERATE)
    kinds = [line.partition("(")[0] for line in capsys.readouterr().out.splitlines()]
    names = ["AgentUpdatedStreamEvent", *9 * ["RawResponsesStreamEvent"], "RunItemStreamEvent"]
    assert kinds == [f"Event: {name}" for name in names]
