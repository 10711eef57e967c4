"""The timeline of a run: lanes, rows, arrows, and where the time went."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest
from histories import STEPS, history

from agentcell.stream_events import (
    ApprovalDecided,
    ApprovalRequested,
    CallParsed,
    NestedEvent,
    RawResponsesStreamEvent,
    RunFinished,
    RunStarted,
    ToolFinished,
    ToolStarted,
    TurnStarted,
)
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, RunView
from agentcell.view.reduce import reduce
from agentcell.view.timeline import Ledger, Timeline


def lanes(timeline: Timeline) -> list[Any]:
    return [(lane.agent, lane.depth, [[bar for bar in row.bars] for row in lane.rows]) for lane in timeline.lanes]


def all_of(timeline: Timeline) -> Any:
    return lanes(timeline), timeline.arrows, timeline.ledger(), timeline.elapsed


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("seed", range(3))
def test_any_cutting_into_views_gives_the_same_timeline(name: str, seed: int) -> None:
    log = history(name)
    whole = Timeline()
    whole.advance(fold(EMPTY, log))
    dice, piecemeal, view = random.Random(seed), Timeline(), EMPTY
    for at, entry in enumerate(log):
        view = fold(view, [entry])
        if dice.random() < 0.4 or at == len(log) - 1:
            piecemeal.advance(view)
    assert all_of(piecemeal) == all_of(whole)


@pytest.mark.parametrize("name", STEPS)
def test_the_parts_of_the_time_add_up(name: str) -> None:
    view = EMPTY
    for entry in history(name):
        view = fold(view, [entry])
        timeline = Timeline()
        timeline.advance(view)
        assert timeline.ledger().whole == pytest.approx(view.elapsed)


def played(*events: tuple[float, Any]) -> tuple[RunView, Timeline]:
    view, timeline = EMPTY, Timeline()
    for at, event in events:
        view = reduce(view, event, at)
        timeline.advance(view)
    return view, timeline


def called(call_id: str) -> CallParsed:
    return CallParsed(call_id, "pay", "{}", "tool")


ANSWERED = (3.0, RawResponsesStreamEvent(SimpleNamespace(type="response.completed")))
BEGIN = ((0.0, RunStarted("r", "hi", 0.0)), (1.0, TurnStarted(1, "A", "m")))


def test_tools_at_the_same_time_stand_in_rows_of_their_own_and_later_ones_use_them_again() -> None:
    _, timeline = played(
        *BEGIN,
        *((2.0, called(c)) for c in "abc"),
        ANSWERED,
        (3.0, ToolStarted("a", "pay")),
        (3.5, ToolStarted("b", "pay")),
        (4.0, ToolFinished("a", "pay", "")),
        (4.5, ToolStarted("c", "pay")),
        (5.0, ToolFinished("b", "pay", "", "failed")),
        (6.0, ToolFinished("c", "pay", "")),
        (7.0, RunFinished("done")),
    )
    (lane,) = timeline.lanes
    tools = [[bar.block for bar in row.bars if bar.kind == "tool"] for row in lane.rows]
    assert tools == [["c.a", "c.c"], ["c.b"]]
    assert {bar.state for row in lane.rows for bar in row.bars if bar.kind == "tool"} == {"completed", "failed"}


def test_where_the_time_went() -> None:
    """Waiting for a person counts only while nothing runs; a running tool beats it, a model call beats both."""
    _, timeline = played(
        *BEGIN,
        ANSWERED,
        (3.0, called("a")),
        (3.0, called("b")),
        (3.0, ToolStarted("a", "pay")),
        (3.5, ApprovalRequested("b", "pay", "{}", "d", live=True)),
        (5.0, ToolFinished("a", "pay", "")),
        (9.0, ApprovalDecided("b", True)),
        (9.5, ToolStarted("b", "pay")),
        (10.0, ToolFinished("b", "pay", "")),
        (10.0, TurnStarted(2, "A", "m")),
        (12.0, RunFinished("done")),
    )
    assert timeline.ledger() == Ledger(model=4.0, tools=2.5, you=4.0, overhead=1.5)


def test_an_agent_as_a_tool_has_a_lane_below_its_caller_and_its_time_is_that_of_its_own_calls() -> None:
    inner = (
        (0.0, RunStarted("n", "x", 0.0)),
        (0.5, TurnStarted(1, "Clerk", "m")),
        (3.5, RunFinished("done")),
    )
    _, timeline = played(
        *BEGIN,
        (2.0, called("k")),
        (2.0, ToolStarted("k", "pay")),
        *((2.0 + at, NestedEvent("k", event, at)) for at, event in inner),
        (6.0, ToolFinished("k", "pay", "")),
        (6.0, TurnStarted(2, "A", "m")),
        (7.0, RunFinished("done")),
    )
    assert [(lane.agent, lane.depth) for lane in timeline.lanes] == [("A", 0), ("Clerk", 1)]
    (bar,) = [bar for row in timeline.lanes[1].rows for bar in row.bars]
    assert (bar.kind, bar.start, bar.end) == ("wait", 2.5, 5.5)
    assert "agent" in {bar.kind for row in timeline.lanes[0].rows for bar in row.bars}


def test_a_handoff_is_an_arrow_between_two_lanes() -> None:
    timeline = Timeline()
    timeline.advance(fold(EMPTY, history("handoff")))
    (arrow,) = timeline.arrows
    by_id = {lane.id: lane.agent for lane in timeline.lanes}
    assert (by_id[arrow.source], by_id[arrow.target]) == ("A", "B")
