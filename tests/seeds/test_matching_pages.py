"""The three pages that agree with the reference: what they show runs on both libraries, and prints the same."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import agents
import pytest

import agentcell
from agentcell.models.response_events import function_call_item as call
from agentcell.testing import LoopbackServer, Turn

from .program import Snippet, as_params, reference_client, run_program

SIGNATURE = Snippet(
    "run-streamed-reference",
    1,
    "the signature of run_streamed",
    """
from agents import Runner

class Page:
    @classmethod
    def run_streamed(
        cls,
        starting_agent: "Agent[TContext]",
        input: "str | list[TResponseInputItem] | RunState[TContext]",
        context: "TContext | None" = None,
        max_turns: int = 10,  # DEFAULT_MAX_TURNS
        hooks: "RunHooks[TContext] | None" = None,
        run_config: "RunConfig | None" = None,
        previous_response_id: "str | None" = None,
        auto_previous_response_id: bool = False,
        conversation_id: "str | None" = None,
        session: "Session | None" = None,
        *,
        error_handlers: "RunErrorHandlers[TContext] | None" = None,
    ) -> "RunResultStreaming": ...

signature = Page.run_streamed
real = Runner.run_streamed
""",
)

EXAMPLE = Snippet(
    "run-streamed-reference",
    2,
    "read the deltas, then the final output",
    """
from agents import Agent, Runner
agent = Agent(name="writer", instructions="Write creative stories.")
result = Runner.run_streamed(agent, "Write a short poem about coding.")
print(type(result).__name__, result.is_complete, result.current_agent.name)  # "Return Value"
async for event in result.stream_events():
    if event.type == "raw_response_event":
        # Access raw LLM deltas for real-time text display
        if hasattr(event.data, 'delta') and hasattr(event.data.delta, 'text'):
            print(event.data.delta.text, end="", flush=True)
# After stream completes:
print(result.final_output)
print(result.is_complete, [item.type for item in result.new_items])
""",
    ["Code is poetry."],
    # A text delta is a `str` and has no `text`: the page's loop prints nothing, in either library.
    "RunResultStreaming False writer\nCode is poetry.\nTrue ['message_output_item']\n",
)

GUIDE_TOKENS = Snippet(
    "streaming-guide",
    1,
    "print the text token by token",
    """
import asyncio
from openai.types.responses import ResponseTextDeltaEvent
from agents import Agent, Runner

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
""",
    ["A joke. Another."],
    "A joke. Another.",
)

GUIDE_ITEMS = Snippet(
    "streaming-guide",
    2,
    "item and agent events",
    """
import asyncio
import random
from agents import Agent, ItemHelpers, Runner, function_tool

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
""",
    [call("how_many_jokes", {}, call_id="c1"), "Two jokes."],
    "=== Run starting ===\nAgent updated: Joker\n-- Tool was called\n-- Tool output: 4\n"
    "-- Message output:\n Two jokes.\n=== Run complete ===\n",
)

WORKFLOW = Snippet(
    "streaming-workflow",
    0,
    "its four steps, which have no code",
    """
from openai.types.responses import ResponseTextDeltaEvent
from agents import Agent, Runner, function_tool

@function_tool
def lookup(what: str) -> str:
    return what.upper()

second = Agent(name="Second", instructions="Help.")
agent = Agent(name="Assistant", instructions="Help.", tools=[lookup], handoffs=[second])
result = Runner.run_streamed(agent, "Hello")  # not awaited
print(type(result).__name__)
async for event in result.stream_events():
    if event.type == "raw_response_event":
        if isinstance(event.data, ResponseTextDeltaEvent):
            print(event.data.delta, end="|")
    elif event.type == "run_item_stream_event":
        print(event.name)
    elif event.type == "agent_updated_stream_event":
        print(event.new_agent.name)
print(result.final_output, len(result.new_items), len(result.raw_responses), result.last_agent.name)
""",
    [call("lookup", {"what": "x"}, call_id="c1"), call("transfer_to_second", {}, call_id="c2"), "Hi there."],
    "RunResultStreaming\nAssistant\ntool_called\ntool_output\nhandoff_requested\nhandoff_occured\nSecond\n"
    "Hi| there.|message_output_created\nHi there. 5 3 Second\n",
)

WORKFLOW_BREAK = Snippet(
    "streaming-workflow",
    0,
    "leaving the loop cancels the run",
    """
from agents import Agent, Runner
agent = Agent(name="Assistant", instructions="Help.")
stopped = Runner.run_streamed(agent, "Hello again")
async for event in stopped.stream_events():
    if event.type == "raw_response_event":
        break  # Cancellation is supported by breaking out of the stream_events loop
await asyncio.wait([stopped.run_loop_task])
print(stopped.final_output, stopped.is_complete, stopped.status)
""",
    [Turn(["More."], hold_after=2)],
    "None True stopped\n",
)

BOTH = [EXAMPLE, GUIDE_TOKENS, GUIDE_ITEMS, WORKFLOW]
SNIPPETS = [SIGNATURE, *BOTH, WORKFLOW_BREAK]


@pytest.mark.parametrize("library", ["agentcell", "agents"])
@pytest.mark.parametrize("snippet", as_params(BOTH))
def test_snippet(
    snippet: Snippet,
    library: str,
    served: Callable[[Any], LoopbackServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = served(snippet.turns)
    monkeypatch.setattr("random.randint", lambda low, high: 4)
    with nullcontext() if library == "agentcell" else reference_client(server) as close:
        run_program(snippet.source(), library, close)
    assert capsys.readouterr().out == snippet.printed
    assert len(server.requests) == len(snippet.turns)


@pytest.mark.parametrize("library", [agentcell, agents], ids=lambda library: library.__name__)
def test_the_signature(library: Any) -> None:
    """What the page lists is there, of that kind and in that order; what is more, is for keywords only."""
    names = run_program(SIGNATURE.source(), library.__name__)
    page, real = [inspect.signature(names[name]).parameters for name in ("signature", "real")]
    assert set(page) <= set(real)
    shared = [name for name in page if name in real]
    assert [name for name in real if name in page] == shared
    for name in shared:
        assert (real[name].kind, real[name].default) == (page[name].kind, page[name].default), name
    assert all(real[name].kind is inspect.Parameter.KEYWORD_ONLY for name in set(real) - set(page))


def test_leaving_the_loop(run_snippet: Callable[[Snippet], Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Row 20, 23-25: in the reference this run goes on."""
    run_snippet(WORKFLOW_BREAK)
    assert capsys.readouterr().out == WORKFLOW_BREAK.printed
