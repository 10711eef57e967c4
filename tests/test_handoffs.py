"""Handoffs: how they are made, checked and carried out. Names and schemas are tested in `tests/parity`."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from agentcell import Agent, ArgumentTypeError, ModelBehaviorError, RunContextWrapper, UserError, handoff

CONTEXT: RunContextWrapper[Any] = RunContextWrapper(None)


class Reason(BaseModel):
    why: str


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"input_type": Reason}, "give both"),
        ({"input_type": Reason, "on_handoff": lambda c: None}, r"\(context, input\)"),
        ({"on_handoff": lambda c, i: None}, r"\(context\)"),
    ],
    ids=["no callback", "too few", "too many"],
)
def test_input_and_callback_must_fit(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        handoff(Agent(name="B"), **options)


def test_only_agents() -> None:
    with pytest.raises(ArgumentTypeError, match="'B'"):
        handoff("B")  # type: ignore[arg-type]


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_the_callback_gets_the_input(asynchronous: bool) -> None:
    seen: list[Any] = []

    async def later(context: Any, given: Reason) -> None:
        seen.append((context, given))

    def now(context: Any, given: Reason) -> None:
        seen.append((context, given))

    target = Agent(name="B")
    made = handoff(target, on_handoff=later if asynchronous else now, input_type=Reason)
    assert await made.on_invoke_handoff(CONTEXT, '{"why": "because"}') is target
    assert seen == [(CONTEXT, Reason(why="because"))]


@pytest.mark.parametrize("given", ["", "{}", "not json", '{"why": 3}'])
async def test_input_that_does_not_fit(given: str) -> None:
    made = handoff(Agent(name="B"), on_handoff=lambda c, i: None, input_type=Reason)
    with pytest.raises(ModelBehaviorError, match="B"):
        await made.on_invoke_handoff(CONTEXT, given)


async def test_without_input_anything_is_ignored() -> None:
    target = Agent(name="B")
    assert await handoff(target).on_invoke_handoff(CONTEXT, "whatever") is target
    assert handoff(target).target is target
