"""`run_demo_loop`: talk with an agent in a terminal, line by line.

For trying an agent out. What models and tools say is made harmless before it is printed; `agentcell demo` and the
notebook show a run far better.
"""

from __future__ import annotations

from typing import Any

from .agent import Agent
from .exceptions import ArgumentTypeError
from .items import output_text
from .render.escape import plain
from .render.terminal_text import CleanText
from .result import RunResultStreaming
from .run import Runner
from .run_config import DEFAULT_MAX_TURNS
from .run_context import TContext

PROMPT = " > "
GOODBYES = ("exit", "quit")


async def run_demo_loop(
    agent: Agent[Any],
    *,
    stream: bool = True,
    context: TContext | None = None,
    max_turns: int | None = DEFAULT_MAX_TURNS,
) -> None:
    """Ask for a line, run the agent on it, print the answer, and so on; the conversation goes on from line to line.

    A handoff stays: the next line goes to the agent that answered the last one. "exit", "quit", the end of the input
    or Ctrl-C at the prompt end the loop; empty lines are asked again.

    Args:
        agent: who begins.
        stream: whether the answer is printed as it arrives, with calls, outputs and handoffs; or as a whole.
        context: any object, handed to tools and callbacks.
        max_turns: how many model calls each line may take; `None` for no limit.

    Raises what the run raises, and `ArgumentTypeError` when `agent` is no agent.
    """
    if not isinstance(agent, Agent):
        raise ArgumentTypeError(f"run_demo_loop takes an Agent, got {agent!r}")
    history: list[Any] = []
    while (line := _line()) is not None:
        if not line:
            continue
        given = [*history, {"role": "user", "content": line}]
        if stream:
            result = Runner.run_streamed(agent, given, context=context, max_turns=max_turns)
            await _show(result)
        else:
            result = await Runner.run(agent, given, context=context, max_turns=max_turns)
            if result.final_output is not None:
                print(plain(output_text(result.final_output)))
        agent, history = result.last_agent, result.to_input_list()


def _line() -> str | None:
    """What the person has typed; `None` when the loop is to end."""
    try:
        line = input(PROMPT).strip()
    except (EOFError, KeyboardInterrupt):
        print()
        return None
    return None if line.lower() in GOODBYES else line


async def _show(result: RunResultStreaming) -> None:
    """Print a run as it goes on."""
    text = CleanText()
    async for event in result.stream_events():
        if event.type == "raw_response_event":
            if event.data.type in ("response.output_text.delta", "response.refusal.delta"):
                print(text.feed(event.data.delta), end="", flush=True)
        elif event.type == "agent_updated_stream_event":
            _note(f"Agent updated: {event.new_agent.name}")
        elif event.name == "tool_called":
            _note(f"tool called: {event.item.tool_name}")
        elif event.name == "tool_output":
            _note(f"tool output: {output_text(event.item.output)}")
        elif event.name == "handoff_requested":
            _note(f"handoff requested: {event.item.raw_item.name}")
    print(text.end())


def _note(said: str) -> None:
    print(f"\n[{plain(said)}]", flush=True)
