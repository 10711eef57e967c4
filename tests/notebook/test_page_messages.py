"""What a page says is untrusted: it is read into values or dropped, and does nothing that the run does not allow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcell import Agent, Runner, RunResultStreaming, function_tool
from agentcell.notebook import page_messages
from agentcell.notebook import widget as widget_module
from agentcell.notebook.answering import carry_out
from agentcell.notebook.display import whole_view
from agentcell.notebook.page_messages import AddInput, Decide, Folded, Keep, Refused, Resume, Resync, Stop, read
from agentcell.testing import ScriptedModel, assistant_message, function_call
from agentcell.view.model import EMPTY, ToolCard

DIGEST = "0f" * 32


def do(action: Any, **more: Any) -> dict[str, Any]:
    return {"v": 1, "t": "do", "do": action, "key": "k", **more}


def decide(action: str, fields: Any, digest: Any = DIGEST) -> dict[str, Any]:
    return do(action, about="c1", digest=digest, fields=fields)


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        ({"v": 1, "t": "resync", "have": 3}, Resync()),
        ({"v": 1, "t": "fold", "key": "c1", "open": True}, Folded("c1", True)),
        (do("stop"), Stop()),
        (do("stop_after_turn"), Stop(after_turn=True)),
        (do("resume"), Resume("k")),
        (do("keep"), Keep()),
        (do("input", fields={"text": "more"}), AddInput("more", "k")),
        (do("input", fields={"text": "  "}), Refused("k", "There is nothing to add.")),
        (decide("approve", {}), Decide("c1", DIGEST, True, key="k")),
        (decide("approve", {'["a"]': "2"}), Decide("c1", DIGEST, True, key="k")),
        (decide("approve", {"always": True}), Decide("c1", DIGEST, True, True, key="k")),
        (
            decide("approve_edited", {'["a"]': "2", '["b"]': True, "[]": "{}", "always": True, "reason": "x"}),
            Decide("c1", DIGEST, True, True, None, {'["a"]': "2", '["b"]': True, "[]": "{}"}, "k"),
        ),
        (decide("reject", {"reason": " No. "}), Decide("c1", DIGEST, False, False, "No.", key="k")),
    ],
)
def test_messages_of_our_page_are_read(message: Any, meant: Any) -> None:
    assert read(message) == meant


@pytest.mark.parametrize(
    "message",
    [
        None, 5, "do", [], {}, {"v": 1}, {"v": 2, "t": "resync"}, {"v": True, "t": "resync"}, {"v": 1, "t": "eval"},
        {"v": 1, "t": "fold", "key": "c1"}, {"v": 1, "t": "fold", "key": "", "open": True},
        {"v": 1, "t": "fold", "key": "c1", "open": 1}, {"v": 1, "t": "fold", "key": ["c1"], "open": False},
        do("approve"), do("eval"), do(None), do(["stop"]), do("stop", key=5), do("stop", key="k" * 2000),
        do("input"), do("input", fields={"text": True}), do("input", fields=["text"]),
        decide("approve", {}, digest=None), decide("approve", {}, digest="0F" * 32), decide("approve", {}, digest="0f"),
        decide("approve", {"always": "yes"}), decide("reject", {"reason": True}), decide("approve", {"a": {"b": 1}}),
        decide("approve", {1: "x"}), decide("approve_edited", {"[": "x"}), decide("approve", None),
        decide("approve", {str(n): "x" for n in range(300)}),
        {**decide("approve", {}), "about": ""}, {**decide("approve", {}), "about": 3},
        {**decide("approve", {}), "about": "c" * 2000},
    ],
)  # fmt: skip
def test_anything_else_is_dropped(message: Any) -> None:
    assert read(message) is None


def test_what_is_too_long_is_answered() -> None:
    long = "x" * (page_messages.LARGEST_FORM + 1)
    for message in (
        decide("approve_edited", {'["a"]': long}),
        decide("reject", {"reason": long[:40_000]}),
        do("input", fields={"text": long[:40_000]}),
    ):
        answer = read(message)
        assert isinstance(answer, Refused) and "too long" in answer.why


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(DIGEST),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["v", "t", "do", "key", "about", "digest", "fields"]
almost = st.fixed_dictionaries(
    {"v": st.just(1) | junk, "t": st.sampled_from(["do", "resync"]) | junk},
    optional={
        "do": st.sampled_from(["approve", "approve_edited", "reject", "input", "stop", "resume", "keep"]) | junk,
        "key": st.text(max_size=5) | junk,
        "about": st.just("c1") | junk,
        "digest": st.just(DIGEST) | junk,
        "fields": junk
        | st.dictionaries(st.sampled_from(["text", "always", "reason", '["a"]', "[]", "[[", '["a",1]']), junk),
    },
)


@given(message=junk | almost)
def test_junk_never_raises(message: Any) -> None:
    read(message)


# What is carried out


class Scene:
    """A run whose call of `pay` waits, live or paused, and what the page can do to it."""

    def __init__(self, **options: Any) -> None:
        self.paid: list[tuple[int, str]] = []

        @function_tool(needs_approval=True)
        async def pay(a: int, to: str) -> str:
            """Pay somebody."""
            self.paid.append((a, to))
            return "paid"

        steps: Any = [[function_call("pay", {"a": 1, "to": "an\u200bn"}, call_id="c1")], [assistant_message("Done.")]]
        self.result: RunResultStreaming = Runner.run_streamed(
            Agent(name="A", model=ScriptedModel(steps), tools=[pay]), "go", **options
        )
        self.done: list[str] = []

    async def until(self, what: Callable[[], Any]) -> None:
        for _ in range(2000):
            if what():
                return
            await asyncio.sleep(0)
        raise AssertionError("it never came to this")

    @property
    def card(self) -> ToolCard:
        found = whole_view(self.result._run).find_call("c1")
        assert found is not None and isinstance(found[1], ToolCard)
        return found[1]

    def say(self, message: Any) -> str:
        asked = read(message)
        assert asked is not None
        run = self.result._run
        return carry_out(
            asked, run, whole_view(run), lambda: self.done.append("resume"), lambda: self.done.append("keep")
        )

    def decide(self, action: str, **fields: Any) -> str:
        return self.say(decide(action, {k if k in ("always", "reason") else f'["{k}"]': v for k, v in fields.items()},
                               self.card.digest))  # fmt: skip


async def live() -> Scene:
    scene = Scene(approvals="live")
    await scene.until(lambda: scene.result.pending_approvals)
    return scene


async def paused() -> Scene:
    scene = Scene()
    await scene.result
    return scene


MODES = pytest.mark.parametrize("begin", [live, paused])


@MODES
async def test_a_page_approves_edits_and_is_refused_the_second_time(begin: Any) -> None:
    scene = await begin()
    assert scene.decide("approve_edited", a="many") == "a: this is not a whole number"
    assert scene.decide("approve_edited", a="7", to="bob") == ""
    assert scene.decide("reject", reason="late") == (
        "The call 'c1' was approved by the view already, and the first decision counts"
    )
    result = scene.result if begin is live else scene.result.resume()
    await result
    assert scene.paid == [(7, "bob")]
    assert (scene.card.decided_by, scene.card.edited) == ("the view", True)


@MODES
async def test_what_nobody_touched_keeps_its_hidden_characters(begin: Any) -> None:
    scene = await begin()
    assert scene.decide("approve_edited", a="3", to="an\u27e8U+200B\u27e9n") == ""
    await (scene.result if begin is live else scene.result.resume())
    assert scene.paid == [(3, "an\u200bn")]


@MODES
async def test_a_stale_or_forged_decision_changes_nothing(begin: Any) -> None:
    scene = await begin()
    for action in ("approve", "approve_edited", "reject"):
        assert "not the one that is shown" in scene.say(decide(action, {}))
    message = decide("approve", {}, scene.card.digest) | {"about": "c9"}
    assert "no call 'c9' waits" in scene.say(message).lower()
    assert scene.card.state == "asking" and scene.paid == []
    scene.result.cancel()


async def test_added_input_waits_and_is_taken_in() -> None:
    scene = await live()
    assert scene.say(do("input", fields={"text": "and quickly"})) == ""
    view = whole_view(scene.result._run)
    assert [(b.title, b.pending) for b in view.blocks if getattr(b, "kind", "") == "input"] == [  # type: ignore[union-attr]
        ("Input waits for the next turn", True)
    ]
    scene.decide("approve")
    await scene.result
    view = whole_view(scene.result._run)
    assert [b.title for b in view.blocks if getattr(b, "kind", "") == "input"] == ["Input added"]  # type: ignore[union-attr]
    assert "ended" in scene.say(do("input", fields={"text": "late"}))


async def test_a_run_is_resumed_only_when_all_is_decided_and_once() -> None:
    scene = await paused()
    assert scene.say(do("resume")) == "Decide on every call first" and scene.done == []
    assert scene.decide("reject", reason="No.") == ""
    assert scene.say(do("resume")) == "" and scene.done == ["resume"]
    await scene.result.resume()
    assert "gone on with already" in scene.say(do("resume")) and scene.done == ["resume"]
    assert "does not wait" in scene.decide("approve")


async def test_a_run_that_has_ended_can_only_be_kept() -> None:
    scene = await live()
    scene.decide("approve")
    await scene.result
    assert "cannot be gone on with" in scene.say(do("resume"))
    assert scene.say(do("keep")) == "" and scene.done == ["keep"]


async def test_stopping_at_once_and_after_the_turn() -> None:
    scene = await live()
    assert scene.say(do("stop_after_turn")) == "" and scene.result._run.stop_after_turn
    assert not scene.result.is_complete
    assert scene.say(do("stop")) == ""
    await scene.until(lambda: scene.result._run.finished)
    assert scene.result.status == "stopped" and scene.paid == []


def test_a_widget_remembers_what_was_opened_and_closed_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widget_module, "MOST_FOLDED", 2)
    widget = widget_module.RunWidget(EMPTY, lambda message: "")
    for key, is_open in (("a", True), ("b", True), ("c", True), ("a", False)):
        widget._received(None, {"v": 1, "t": "fold", "key": key, "open": is_open}, None)
    assert widget.folded == {"a": False, "b": True}
    widget.close()
