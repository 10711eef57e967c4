"""The fold: pure, the same for any chunking, and right about what is shown."""

from __future__ import annotations

import ast
import asyncio
import random
from itertools import pairwise
from typing import Any

import pytest
from histories import STEPS, history

from agentcell import Agent, Runner, function_tool
from agentcell.engine.log import Entry
from agentcell.stream_events import (
    ApprovalDecided,
    ApprovalRequested,
    CallParsed,
    RawResponsesStreamEvent,
    ToolFinished,
    ToolStarted,
)
from agentcell.testing import ScriptedModel, assistant_message, function_call
from agentcell.view.deltas import as_delta
from agentcell.view.feed import fold, merged
from agentcell.view.model import EMPTY, Delta, HandoffMark, Notice, RunView, Text, TextBlock, ToolCard, TurnHead
from agentcell.view.patch import changes
from agentcell.view.reduce import reduce

NAMES = pytest.mark.parametrize("name", STEPS)


def one_by_one(view: RunView, entries: tuple[Entry, ...] | list[Entry]) -> RunView:
    for entry in entries:
        view = reduce(view, entry.event, entry.at)
    return view


def shown(view: RunView) -> tuple[Any, list[str]]:
    """All of a view as plain data."""
    header = {name: getattr(view, name) for name in RunView.__slots__ if name not in ("blocks", "index")}
    return header, [repr(block) for block in view.blocks]


def blocks(name: str, kind: type[Any]) -> list[Any]:
    return [block for block in fold(EMPTY, history(name)).blocks if isinstance(block, kind)]


@NAMES
def test_folding_twice_from_any_prefix_is_equal(name: str) -> None:
    """Versions that fork from one another leave each other as they are."""
    entries = history(name)
    whole = shown(one_by_one(EMPTY, entries))
    prefixes = [EMPTY]
    for entry in entries:
        prefixes.append(reduce(prefixes[-1], entry.event, entry.at))
    snapshots = [shown(view) for view in prefixes]
    for cut, prefix in enumerate(prefixes):
        assert shown(one_by_one(prefix, entries[cut:])) == whole
        assert shown(one_by_one(prefix, entries[cut:])) == whole
    assert [shown(view) for view in prefixes] == snapshots
    assert shown(EMPTY) == shown(RunView())


@NAMES
def test_merging_gives_the_same_view(name: str) -> None:
    entries = history(name)
    merged_view, plain = fold(EMPTY, entries), one_by_one(EMPTY, entries)
    assert timeless(merged_view) == timeless(plain)


def timeless(view: RunView) -> Any:
    """A view without the time of the first piece, which merged pieces have from their last."""
    found = []
    for block in view.blocks:
        found.append({n: getattr(block, n) for n in block.__slots__ if n != "first_token"})
    return shown(view)[0], found


@NAMES
@pytest.mark.parametrize("seed", range(5))
def test_any_chunking_gives_the_same_view(name: str, seed: int) -> None:
    entries, view, rng = list(history(name)), EMPTY, random.Random(seed)
    while entries:
        size = rng.randint(1, 9)
        view, entries = fold(view, entries[:size]), entries[size:]
    assert timeless(view) == timeless(fold(EMPTY, history(name)))


@NAMES
def test_merging_loses_no_text(name: str) -> None:
    def pieces(events: Any) -> list[str]:
        return [d.text for event in events if (d := as_delta(event)) is not None]

    plain, joined = pieces(e.event for e in history(name)), pieces(event for event, _ in merged(history(name)))
    assert "".join(joined) == "".join(plain)
    assert len(joined) <= len(plain)
    others = [e.event for e in history(name) if as_delta(e.event) is None]
    assert [event for event, _ in merged(history(name)) if not isinstance(event, Delta)] == others


@NAMES
def test_changes_from_nothing_are_everything(name: str) -> None:
    view = fold(EMPTY, history(name))
    found = list(changes(EMPTY, view))
    assert [c.after for c in found] == list(view.blocks)
    assert all(c.before is None for c in found)
    assert list(changes(view, view)) == []


@NAMES
def test_applying_changes_step_by_step_gives_the_view(name: str) -> None:
    """What a page does that gets only the differences."""
    page: list[Any] = []
    view = EMPTY
    for entry in history(name):
        newer = reduce(view, entry.event, entry.at)
        places = {block.id: place for place, block in enumerate(page)}
        for change in changes(view, newer):
            if change.before is None:
                page.append(change.after)
            else:
                assert page[places[change.after.id]] == change.before
                page[places[change.after.id]] = change.after
        view = newer
    assert page == list(view.blocks)


@NAMES
def test_ids_are_unique_and_found(name: str) -> None:
    view = fold(EMPTY, history(name))
    ids = [block.id for block in view.blocks]
    assert len(ids) == len(set(ids))
    for place, block in enumerate(view.blocks):
        assert view.find(block.id) == (place, block)
    assert view.find("no such block") is None


@NAMES
def test_at_the_end_everything_is_settled(name: str) -> None:
    view = fold(EMPTY, history(name))
    assert view.finished and view.running_tools == 0
    assert (view.open_questions > 0) == (view.state == "paused")
    for block in view.blocks:
        match block:
            case TextBlock():
                assert block.done
            case ToolCard():
                ends = (
                    ("asking", "called", "completed")
                    if view.state == "paused"
                    else ("completed", "failed", "cancelled")
                )
                assert block.state in (*ends, "rejected")
            case TurnHead():
                assert block.ended is not None
            case HandoffMark():
                assert block.state in ("done", "ignored")


def test_plain_text() -> None:
    view = fold(EMPTY, history("plain"))
    head, text = list(view.blocks)
    assert isinstance(head, TurnHead) and (head.number, head.agent, head.new_agent) == (1, "A", True)
    assert isinstance(text, TextBlock) and (text.kind, text.agent, text.cut) == ("answer", "A", False)
    assert str(text.text) == "Hello there, this is an answer."
    assert view.final_output == "Hello there, this is an answer."
    assert (view.state, view.prompt, view.requests, view.turn) == ("done", "go", 1, 1)


def test_text_appears_piece_by_piece() -> None:
    seen, view = [], EMPTY
    for entry in history("plain"):
        view = reduce(view, entry.event, entry.at)
        if isinstance(entry.event, RawResponsesStreamEvent) and entry.event.data.type == "response.output_text.delta":
            assert view.state == "streaming"
            seen.append(str(view.blocks[len(view.blocks) - 1].text))  # type: ignore[union-attr]
    assert len(seen) == 6
    assert all(later.startswith(earlier) for earlier, later in pairwise(seen))


def test_reasoning_parts_are_blocks_of_their_own() -> None:
    texts = blocks("reasoning", TextBlock)
    assert [(t.kind, str(t.text)) for t in texts] == [
        ("reasoning", "First part."),
        ("reasoning", "Second part."),
        ("answer", "So."),
    ]


def test_parallel_tools() -> None:
    cards = blocks("parallel tools", ToolCard)
    assert [(c.name, c.call_id, c.state) for c in cards] == [
        ("add", "c1", "completed"),
        ("broken", "c2", "failed"),
        ("steps", "c3", "completed"),
    ]
    assert [str(c.arguments) for c in cards] == ['{"a":1,"b":2}', "{}", "{}"]
    assert cards[0].output == "3"
    assert cards[1].error == "ValueError: no luck" and "no luck" not in (cards[1].output or "")
    assert cards[2].progress == "second"
    assert all(c.started is not None and c.ended is not None and c.started < c.ended for c in cards)


def test_a_tool_card_lives_through_its_states() -> None:
    states, view = [], EMPTY
    for entry in history("tool"):
        view = reduce(view, entry.event, entry.at)
        found = view.find_call("c1")
        if found is not None and isinstance(found[1], ToolCard) and found[1].state not in states[-1:]:
            states.append(found[1].state)
    assert states == ["writing", "called", "running", "completed"]


def lives(name: str, block_id: str = "c1") -> list[tuple[str, str]]:
    """The states that a card and the header go through, from the call's first moment."""
    states, view = list[tuple[str, str]](), EMPTY
    for entry in history(name):
        view = reduce(view, entry.event, entry.at)
        found = view.find(block_id) or view.find_call(block_id)
        if found is not None and isinstance(found[1], ToolCard) and (found[1].state, view.state) not in states[-1:]:
            states.append((found[1].state, view.state))
    return states


def test_a_call_that_waits_is_said_by_its_card_and_by_the_header() -> None:
    written = [("writing", "streaming"), ("called", "streaming"), ("asking", "waiting")]
    ran = [("called", "tools"), ("running", "tools"), ("completed", "tools")]
    assert lives("approved")[:6] == written + ran
    (card, other) = blocks("approved", ToolCard)
    assert (card.state, card.output, card.edited) == ("completed", "paid 1", False) and other.state == "completed"


def test_edited_arguments_are_the_ones_shown() -> None:
    (card,) = blocks("edited", ToolCard)
    assert (str(card.arguments), card.edited, card.output) == (
        '{"a": 2}',
        True,
        '[A person changed the arguments of this call before it ran, to {"a": 2}]\npaid 2',
    )


def test_a_rejected_call_never_ran() -> None:
    (card,) = blocks("rejected", ToolCard)
    assert (card.state, card.output, card.started) == ("rejected", "Too much.", None)
    assert [state for state, _ in lives("rejected")][2:5] == ["asking", "called", "rejected"]


def test_a_rejection_leaves_the_tools_that_run() -> None:
    view = EMPTY
    for event in (
        CallParsed("c1", "pay", "{}", "tool"),
        CallParsed("c2", "add", "{}", "tool"),
        ToolStarted("c2", "add"),
        ApprovalRequested("c1", "pay", "{}", "", live=True),
        ApprovalDecided("c1", False),
        ToolFinished("c1", "pay", "No.", "rejected"),
    ):
        view = reduce(view, event, 1.0)
    assert view.running_tools == 1 and view.state == "tools"


def test_a_paused_run_says_how_to_go_on() -> None:
    view = fold(EMPTY, history("paused"))
    cards, (notice,) = blocks("paused", ToolCard), blocks("paused", Notice)
    assert view.state == "paused" and [card.state for card in cards] == ["asking", "completed"]
    assert not cards[0].live and cards[0].ended is None
    assert (notice.kind, notice.title) == ("paused", "Paused") and notice.text.startswith("A call waits for approval")
    assert "state.approve(state.get_interruptions()[0])" in notice.code
    compile(notice.code, "notice", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_a_call_that_waited_is_over_when_the_run_is_stopped() -> None:
    view = fold(EMPTY, history("stopped while a call waits"))
    assert view.state == "stopped"
    assert lives("stopped while a call waits")[-2:] == [("asking", "waiting"), ("cancelled", "stopped")]


def test_a_run_that_goes_on_shows_the_calls_that_it_makes() -> None:
    view = fold(EMPTY, history("gone on with"))
    kinds = [type(block).__name__ for block in view.blocks]
    assert kinds == ["ToolCard", "TurnHead", "TextBlock"]
    (card,), (head,) = blocks("gone on with", ToolCard), blocks("gone on with", TurnHead)
    assert (card.state, str(card.arguments), card.edited) == ("completed", '{"a": 2}', True)
    assert not head.new_agent and view.agent == "A"


def inner_cards(outer: ToolCard) -> list[ToolCard]:
    assert outer.inner is not None
    return [block for block in outer.inner.blocks if isinstance(block, ToolCard)]


def test_a_call_inside_an_agent_that_waits_stands_in_the_agents_card() -> None:
    view, waited = EMPTY, list[str]()
    for entry in history("nested approval"):
        view = reduce(view, entry.event, entry.at)
        waited += [view.state] if view.state not in waited[-1:] else []
    assert "waiting" in waited and not view.open_questions
    (outer,) = [block for block in view.blocks if isinstance(block, ToolCard)]
    (inner,) = inner_cards(outer)
    assert (inner.name, inner.call_id, inner.state, inner.output) == ("pay", "c1", "completed", "paid 1")
    assert outer.state == "completed" and outer.inner is not None and outer.inner.state == "done"


def test_ids_of_blocks_are_those_of_one_page() -> None:
    (outer,) = blocks("nested approval", ToolCard)
    assert outer.inner is not None
    ids = [block.id for block in fold(EMPTY, history("nested approval")).blocks]
    inner_ids = [block.id for block in outer.inner.blocks]
    assert len({*ids, *inner_ids}) == len(ids) + len(inner_ids)


def test_an_agent_whose_call_waits_is_not_cancelled() -> None:
    view = fold(EMPTY, history("nested pause"))
    (outer,) = blocks("nested pause", ToolCard)
    assert (outer.name, outer.state) == ("ask", "called")
    assert [(card.name, card.state) for card in inner_cards(outer)] == [("pay", "asking")]
    (notice,) = blocks("nested pause", Notice)
    assert view.state == "paused" and "A call waits" in notice.text


def test_added_input_is_said_where_it_is_taken_in() -> None:
    view = fold(EMPTY, history("added input"))
    (notice,) = blocks("added input", Notice)
    assert (notice.kind, notice.text) == ("input", "And be quick.")
    assert [head.new_agent for head in blocks("added input", TurnHead)] == [True]
    assert list(view.blocks).index(notice) < list(view.blocks).index(blocks("added input", TextBlock)[0])


def test_handoff() -> None:
    (mark,) = blocks("handoff", HandoffMark)
    assert (mark.source, mark.target, mark.state, mark.name) == ("A", "B", "done", "transfer_to_b")
    heads = blocks("handoff", TurnHead)
    assert [(h.agent, h.new_agent) for h in heads] == [("A", True), ("B", False)], "the handoff has said it"
    assert fold(EMPTY, history("handoff")).agent == "B"
    assert blocks("handoff", ToolCard) == [], "a transfer is no tool"


def test_several_handoffs() -> None:
    marks = blocks("several handoffs", HandoffMark)
    assert [(m.state, m.target) for m in marks] == [("done", "B"), ("ignored", None)]
    (card,) = blocks("several handoffs", ToolCard)
    assert card.state == "completed"


def test_cut_text() -> None:
    view = fold(EMPTY, history("cut text"))
    (text,) = blocks("cut text", TextBlock)
    assert text.cut and str(text.text).startswith("Half of")
    assert view.state == "failed" and view.final_output is None
    (notice,) = blocks("cut text", Notice)
    assert notice.kind == "error" and notice.title == "StreamInterrupted"


def test_failures_are_said_in_words() -> None:
    for name, title in (
        ("refusal", "ModelRefusalError"),
        ("unknown tool", "ModelBehaviorError"),
        ("max turns", "MaxTurnsExceeded"),
    ):
        view = fold(EMPTY, history(name))
        (notice,) = blocks(name, Notice)
        assert (view.state, notice.title) == ("failed", title)
        assert view.error is not None and view.error.startswith(title)


def test_a_refusal_is_shown_as_one() -> None:
    (text,) = blocks("refusal", TextBlock)
    assert (text.kind, str(text.text)) == ("refusal", "I will not.")


def test_versions_of_a_text_stay_what_they_were() -> None:
    first = Text("a")
    second = first.grown("b")
    other = first.grown("c")
    third = second.grown("d")
    assert [str(t) for t in (first, second, other, third)] == ["a", "ab", "ac", "abd"]
    assert [len(t) for t in (first, second, other, third)] == [1, 2, 2, 3]
    assert third.since(first) == "bd" and third.since(second) == "d" and third.since(third) == ""
    assert third.since(other) is None and third.since(None) == "abd" and other.since(first) is None
    assert Text("abd") == third and third != second and repr(second) == "Text('ab')"


def test_folding_is_linear() -> None:
    """Growing a text copies nothing of it: all versions share one list of pieces."""
    view = fold(EMPTY, history("plain")[:4])
    for number in range(2000):
        view = reduce(view, Delta("answer", 0, 0, f"{number} "), 1.0)
    block = view.blocks[len(view.blocks) - 1]
    assert isinstance(block, TextBlock)
    older = block.text
    view = reduce(view, Delta("answer", 0, 0, "x"), 1.0)
    block = view.blocks[len(view.blocks) - 1]
    assert isinstance(block, TextBlock)
    newer = block.text
    assert newer._pieces is older._pieces and newer.since(older) == "x"


@pytest.mark.parametrize("call_id", ["t1", "t1.0", "t2", "c.t1", "error", "paused", "call t1"])
def test_a_call_may_have_the_id_of_a_block_of_ours(call_id: str) -> None:
    """Ids of calls are the model's."""

    @function_tool
    def look() -> str:
        return "seen"

    async def run() -> list[Entry]:
        model = ScriptedModel([[function_call("look", {}, call_id=call_id)], [assistant_message("Done.")]])
        result = Runner.run_streamed(Agent(name="A", tools=[look], model=model), "Look.")
        await result._run.log.wait_closed()
        return list(result._run.log.entries)  # type: ignore[arg-type]

    view = fold(EMPTY, asyncio.run(run()))
    assert [type(block) for block in view.blocks] == [TurnHead, ToolCard, TurnHead, TextBlock]
    head, card = view.blocks[0], view.blocks[1]
    assert isinstance(card, ToolCard) and card.state == "completed"
    assert isinstance(head, TurnHead) and head.ended is not None
