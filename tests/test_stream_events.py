"""Events: the reference's forms, and the shorter ones that the pages show."""

from __future__ import annotations

from typing import Any

import pytest

from agentcell import (
    Agent,
    AgentUpdatedStreamEvent,
    ArgumentTypeError,
    HandoffCallItem,
    HandoffOutputItem,
    MessageOutputItem,
    RawResponsesStreamEvent,
    ReasoningItem,
    RunItemStreamEvent,
    ToolCallItem,
    ToolCallOutputItem,
)

AGENT = Agent(name="A")
ITEMS: dict[str, Any] = {
    "message_output_created": MessageOutputItem(AGENT, None),  # type: ignore[arg-type]
    "reasoning_item_created": ReasoningItem(AGENT, None),  # type: ignore[arg-type]
    "tool_called": ToolCallItem(AGENT, None),
    "tool_output": ToolCallOutputItem(AGENT, {}, ""),
    "handoff_requested": HandoffCallItem(AGENT, None),  # type: ignore[arg-type]
    "handoff_occured": HandoffOutputItem(AGENT, {}, AGENT, AGENT),
}


@pytest.mark.parametrize("name", ITEMS)
def test_the_name_follows_from_the_item(name: str) -> None:
    event = RunItemStreamEvent(item=ITEMS[name])
    assert event.name == name and event.type == "run_item_stream_event"
    assert event == RunItemStreamEvent(name, ITEMS[name])  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, "text", 3])
def test_no_item_no_event(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError):
        RunItemStreamEvent(item=wrong)


def test_a_given_name_wins() -> None:
    assert RunItemStreamEvent("mcp_list_tools", "anything").name == "mcp_list_tools"


def test_aliases() -> None:
    raw, updated = RawResponsesStreamEvent(event="x"), AgentUpdatedStreamEvent(agent=AGENT)
    assert raw == RawResponsesStreamEvent("x") and raw.event == raw.data == "x"  # type: ignore[comparison-overlap]
    assert updated == AgentUpdatedStreamEvent(AGENT) and updated.agent is updated.new_agent is AGENT
