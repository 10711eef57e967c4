"""What the page `streaming-deep-dive` takes for granted: imports, agents, and its readers' own functions."""

from __future__ import annotations

PAGE = "streaming-deep-dive"

IMPORTS = """
from agents import (
    Agent, AgentsException, AgentUpdatedStreamEvent, RawResponsesStreamEvent, Runner, RunItemStreamEvent, function_tool,
)
from agents.items import MessageOutputItem, ToolCallItem, ToolCallOutputItem

input = "Go."
"""

PLAIN = IMPORTS + 'agent = Agent(name="A")\n'

TOOL = (
    IMPORTS
    + """
@function_tool
def add(a: int, b: int) -> str:
    return f"it is {a + b}"

agent = Agent(name="Adder", tools=[add])
"""
)

PAIR = IMPORTS + 'agent = Agent(name="A", handoffs=[Agent(name="B")])\n'

PROCESS = """
processed = []

def process_event(event):
    processed.append(event)
"""

KINDS = """
def kinds(events):
    return [getattr(event, "name", event.type) for event in events if event.type != "raw_response_event"]
"""

TEXT = 'the part\'s type is `"output_text"`, not `"text"`'
