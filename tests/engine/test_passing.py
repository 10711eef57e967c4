"""What a handoff makes of a conversation, and how it says what is wrong. Whole runs are in `tests/parity`."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from agentcell import (
    Agent,
    ArgumentTypeError,
    HandoffOutputItem,
    RunContextWrapper,
    ToolCallItem,
    ToolCallOutputItem,
    UserError,
    handoff,
)
from agentcell.engine.calls import CallResults
from agentcell.engine.hooks import Hooks
from agentcell.engine.passing import Passed, hand_over, model_history, next_agent, pass_on, untold
from agentcell.handoffs import Handoff
from agentcell.items import RunItem

CONTEXT: RunContextWrapper[Any] = RunContextWrapper("context")
A, B = Agent(name="A"), Agent(name="B")


def item(kind: str, call_id: str = "c", **more: Any) -> ToolCallItem:
    return ToolCallItem(A, {"type": kind, "call_id": call_id, **more})


CALL, OUTPUT = item("function_call"), item("function_call_output")
TURN: list[RunItem] = [item("function_call", "h"), item("function_call_output", "h")]


def rules(**given: Any) -> Any:
    """The part of a run's settings that is about handoffs."""
    return SimpleNamespace(
        **{"handoff_input_filter": None, "nest_handoff_history": False, "handoff_history_mapper": None, **given}
    )


async def passed(config: Any = None, made: Handoff[Any, Any] | None = None, **options: Any) -> Passed:
    given = {"input": "Hi", "earlier": [CALL, OUTPUT], "turn": TURN, **options}
    return await pass_on(made or handoff(B), config or rules(), CONTEXT, **given)


async def test_without_rules_all_stays() -> None:
    input: Any = [{"role": "user", "content": "Hi"}]
    found = await passed(input=input)
    assert not found.rewritten and found.input is input
    assert found.model_items == [CALL, OUTPUT, *TURN] and found.new_items == TURN


async def test_a_filter_that_changes_nothing() -> None:
    found = await passed(rules(handoff_input_filter=lambda data: data))
    assert found.rewritten
    assert (found.input, found.model_items, found.new_items) == ("Hi", [CALL, OUTPUT, *TURN], TURN)
    assert found.history() == [{"role": "user", "content": "Hi"}, *(i.to_input_item() for i in found.model_items)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: None, "None"),
        (lambda d: d.new_items, "data.clone"),
        (lambda d: d.clone(input_history=None), "input_history"),
        (lambda d: d.clone(input_history=("Hi",)), "'Hi'"),
        (lambda d: d.clone(pre_handoff_items=None), "pre_handoff_items"),
        (lambda d: d.clone(new_items=({"role": "user"},)), "new_items"),
        (lambda d: d.clone(input_items="x"), "input_items"),
        ("remove_all_tools", "'remove_all_tools'"),
    ],
)
@pytest.mark.parametrize("whose", ["the run's", "the handoff's"])
async def test_what_a_filter_must_be(change: Any, says: str, whose: str) -> None:
    config = rules(handoff_input_filter=change) if whose == "the run's" else rules()
    made = handoff(B, input_filter=change) if whose == "the handoff's" else None
    with pytest.raises(ArgumentTypeError, match=says) as caught:
        await passed(config, made)
    assert isinstance(caught.value, UserError)


async def test_conversations_of_the_server_cannot_be_filtered() -> None:
    for config, made in (
        (rules(handoff_input_filter=lambda d: d), None),
        (rules(), handoff(B, input_filter=lambda d: d)),
    ):
        with pytest.raises(UserError, match="conversation_id"):
            await passed(config, made, server_managed=True)


async def test_conversations_of_the_server_are_not_nested(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "agentcell"):
        found = await passed(rules(nest_handoff_history=True), server_managed=True)
    assert not found.rewritten and "transfer_to_b" in caplog.text


async def test_nested_items_are_remembered_while_the_input_has_them() -> None:
    said = ToolCallItem(A, {"role": "assistant", "content": "I pass."})
    first = await passed(rules(nest_handoff_history=True), turn=[said, *TURN])
    assert first.nested_items == [said]
    options: Any = {"input": first.input, "earlier": first.model_items, "nested_items": first.nested_items}
    assert (await passed(**options)).nested_items == [said]
    assert (await passed(rules(handoff_input_filter=lambda d: d), **options)).nested_items == [said]
    assert (await passed(rules(nest_handoff_history=True), **options)).nested_items == []
    emptied = rules(handoff_input_filter=lambda d: d.clone(input_history="Afresh."))
    assert (await passed(emptied, **options)).nested_items == []


def test_calls_without_outputs_are_not_sent() -> None:
    thought, other = item("reasoning", "r"), item("reasoning", "s")
    items = [thought, CALL, OUTPUT, other, item("function_call", "lost"), item("message", "m")]
    sent: list[Any] = model_history([], items)
    assert [part["call_id"] for part in sent] == ["r", "c", "c", "m"]
    assert model_history([{"type": "function_call", "call_id": "mine"}], []) != []  # type: ignore[list-item]


@pytest.mark.parametrize("kind", ["custom_tool_call", "computer_call", "shell_call"])
def test_calls_of_other_kinds(kind: str) -> None:
    assert model_history([], [item(kind)]) == []
    assert len(model_history([], [item(kind), item(f"{kind}_output")])) == 2


def test_untold() -> None:
    copied = ToolCallItem(A, CALL.raw_item)
    assert untold([copied, OUTPUT, *TURN], [CALL]) == [OUTPUT, *TURN]


async def test_a_failed_filter_takes_the_handoff_back() -> None:
    def fails(data: Any) -> Any:
        raise ValueError("no")

    raw = {"type": "function_call_output", "call_id": "h", "output": '{"assistant": "B"}'}
    tool = ToolCallOutputItem(A, {"type": "function_call_output", "call_id": "c", "output": "2"}, 2)
    results = CallResults([tool, HandoffOutputItem(A, raw, source_agent=A, target_agent=B)], next_agent=B)
    run = SimpleNamespace(
        run_config=rules(handoff_input_filter=fails),
        context=CONTEXT,
        model_input="Hi",
        model_items=[],
        server_managed=False,
        hooks=Hooks(),
        handoff_count=0,
        max_handoffs=None,
    )
    turn = SimpleNamespace(handoffs=[SimpleNamespace(handoff=handoff(B))], items=[], reopened=False)
    with pytest.raises(ValueError, match="no"):
        await hand_over(run, A, turn, results)  # type: ignore[arg-type]
    assert results.outputs[0] is tool
    taken_back = results.outputs[1]
    assert isinstance(taken_back, ToolCallOutputItem) and taken_back.raw_item["call_id"] == "h"
    assert "failed" in taken_back.output and raw["output"] == '{"assistant": "B"}'


async def test_the_next_agent() -> None:
    async def nobody(ctx: Any, arguments: str) -> Any:
        return "B"

    assert await next_agent(CONTEXT, handoff(B), "{}") is B
    with pytest.raises(ArgumentTypeError, match=r"'go'.*'B'"):
        await next_agent(CONTEXT, Handoff("go", "", {}, nobody, "B"), "{}")
