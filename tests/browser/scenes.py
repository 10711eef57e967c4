"""Cells and scripted answers that the tests of this folder share."""

from __future__ import annotations

from typing import Any

from agentcell.models.response_events import function_call_item, message_item
from agentcell.testing import LoopbackServer, Turn

VIEW = "application/vnd.jupyter.widget-view+json"
"""The MIME type of a widget in an output."""


def connected(server: LoopbackServer) -> str:
    """A cell that loads the extension and makes `model`, which talks to `server` through the real client."""
    return f"""
%load_ext agentcell
from openai import AsyncOpenAI
from agentcell import Agent, OpenAIResponsesModel, Runner, function_tool
model = OpenAIResponsesModel("loopback", AsyncOpenAI(base_url={server.base_url!r}, api_key="any"))
"""


PLAIN_AGENT = """
plain = Agent(name="Plain", model=model)
"""

TEAM = '''
@function_tool
def weather(city: str, days: int = 1) -> str:
    """Say what the weather will be."""
    return f"sunny in {city} for {days} days"

writer = Agent(name="Writer", handoff_description="Writes reports.", model=model)
guide = Agent(name="Guide", tools=[weather], handoffs=[writer], model=model)
'''
"""Cells for the scripted answers of `team_turns`."""


CLERK = '''
@function_tool(needs_approval=True)
def send_letter(to: str, subject: str, body: str) -> str:
    """Send a letter."""
    return f"sent to {to}"

@function_tool
def find_address(name: str) -> str:
    """Find somebody's address."""
    return f"{name.lower()}@example.org"

clerk = Agent(name="Clerk", tools=[send_letter, find_address], model=model)
'''
"""Cells for the scripted answers of `clerk_calls`."""

LETTER = {
    "to": "ann@example.org",
    "subject": "The invoice of March, which we have talked about",
    "body": "Dear Ann,\n\nthe invoice is paid.\n\nBest wishes",
}


def clerk_calls() -> list[Any]:
    """An answer that looks up an address and wants to send a letter, which needs approval."""
    return [
        message_item("I look up the address and write to Ann."),
        function_call_item("find_address", {"name": "Ann"}, call_id="call_1"),
        function_call_item("send_letter", LETTER, call_id="call_2"),
    ]


def team_turns(report: str | Turn) -> list[Any]:
    """Answers that call `weather`, hand off to the writer, and end with a report."""
    return [
        [function_call_item("weather", {"city": "Paris", "days": 3})],
        [function_call_item("transfer_to_writer", {})],
        report,
    ]


def numbered_words(count: int, first: int = 0) -> str:
    """A text in Markdown in which every word is there once, so that any loss or repetition shows.

    Paragraphs with emphasis and inline code, headings, lists and code blocks, about 6.5 characters a word.
    """
    words = [f"w{number:05}" for number in range(first, first + count)]
    blocks: list[str] = []
    for start in range(0, count, 60):
        some = words[start : start + 60]
        blocks.append(f"## {' '.join(some[:4])}" if start % 240 == 0 else " ".join(some[:4]))
        if len(some) > 12:
            blocks.append(f"{' '.join(some[4:8])} **{' '.join(some[8:10])}** and `{some[10]}` {' '.join(some[11:30])}.")
        else:
            blocks.append(" ".join(some[4:]))
            continue
        blocks.append("\n".join(f"- {' '.join(some[at : at + 5])}" for at in range(30, len(some[:45]), 5)))
        rest = some[45:]
        if rest:
            lines = "\n".join(f"{rest[at]} = [{', '.join(rest[at + 1 : at + 5])}]" for at in range(0, len(rest), 5))
            blocks.append(f"```python\n{lines}\n```")
    return "\n\n".join(block for block in blocks if block)
