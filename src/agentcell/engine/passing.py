"""What the next agent sees after a handoff.

A run knows its conversation in two forms. `new_items` is what happened, for the result, the session and the events.
The model's view is an input and the items after it. They are equal until a handoff rewrites the view, by
`Handoff.input_filter`, else `RunConfig.handoff_input_filter`, else nesting. `pass_on` says what both become, and
changes nothing itself.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from ..agent import Agent
from ..exceptions import ArgumentTypeError, UserError
from ..handoffs import Handoff, HandoffInputData, nest_handoff_history
from ..items import HandoffOutputItem, ItemHelpers, RunItem, RunItemBase, ToolApprovalItem, ToolCallOutputItem

if TYPE_CHECKING:
    from .. import openai_types as oai
    from ..run_config import RunConfig
    from ..run_context import RunContextWrapper
    from .calls import CallResults
    from .state import RunState
    from .turn import TurnPlan

    Input = str | list[oai.ResponseInputItemParam]

logger: logging.Logger = logging.getLogger("agentcell")

CALL_TYPES = frozenset(
    {"function_call", "custom_tool_call", "computer_call", "local_shell_call", "shell_call", "apply_patch_call"}
)
"""Types of items that a model's service refuses without the item that answers them."""
FAILED_HANDOFF = "The handoff failed before the other agent could go on."
"""The output of a handoff that a hook, a filter, a mapper or the limit of handoffs has stopped."""


@dataclass(frozen=True)
class Passed:
    """What a handoff leaves behind."""

    input: Input
    """The input in the model's view; the run's own from here on."""
    model_items: list[RunItem]
    """The items after it in the model's view, those of earlier turns included."""
    new_items: list[RunItem]
    """What the turn leaves in the result, the session and the events."""
    rewritten: bool
    """Whether a filter or nesting was at work; otherwise input and items are what they were."""
    nested_items: list[RunItem] = field(default_factory=list)
    """Items of the run that nesting has put into `input` as they are; together with it they would be there twice."""

    def history(self) -> list[oai.ResponseInputItemParam]:
        """What the next agent's model is sent."""
        return model_history(self.input, self.model_items)


async def next_agent(context: RunContextWrapper[Any], handoff: Handoff[Any, Any], arguments: str) -> Agent[Any]:
    """Carry a handoff out and return the agent that goes on; raises `ArgumentTypeError` when it is none."""
    agent: Any = handoff.on_invoke_handoff(context, arguments)
    if inspect.isawaitable(agent):
        agent = await agent
    if not isinstance(agent, Agent):
        raise ArgumentTypeError(
            f"handoff {handoff.tool_name!r}: on_invoke_handoff must return the Agent that goes on, got {agent!r}"
        )
    return agent


async def hand_over(
    run: RunState[Any],
    agent: Agent[Any],
    turn: TurnPlan,
    results: CallResults,
    *,
    nested_items: Sequence[RunItem] = (),
) -> Passed:
    """Tell the hooks of the turn's handoff, and say what becomes of the run's conversation.

    Raises `UserError` when the run has handed off too often, what a hook raises, and what `pass_on` raises. Then nobody
    has taken over, and the handoff's output in `results` says so instead.
    """
    try:
        run.handoff_count += 1
        if run.max_handoffs is not None and run.handoff_count > run.max_handoffs:
            raise UserError(
                f"the run has handed off {run.handoff_count} times, and max_handoffs is {run.max_handoffs}; "
                "are two agents passing the conversation back and forth?"
            )
        await run.hooks.handoff(run.context, agent, cast(Any, results.next_agent))
        # What a turn that was opened again had already counts as earlier, as in the reference.
        before, new = (turn.items, []) if turn.reopened else ([], turn.items)
        passed = await pass_on(
            turn.handoffs[0].handoff,
            run.run_config,
            run.context,
            input=run.model_input,
            earlier=[*run.model_items, *(item for item in before if not isinstance(item, ToolApprovalItem))],
            turn=[*new, *results.outputs],
            nested_items=nested_items,
            server_managed=run.server_managed,
        )
        return replace(passed, new_items=[*before, *passed.new_items])
    except BaseException:
        results.outputs = [_withdrawn(item) for item in results.outputs]
        raise


def _withdrawn(item: RunItem) -> RunItem:
    if not isinstance(item, HandoffOutputItem):
        return item
    return ToolCallOutputItem(item.agent, {**item.raw_item, "output": FAILED_HANDOFF}, FAILED_HANDOFF)


def untold(items: Iterable[RunItem], told: Iterable[RunItem]) -> list[RunItem]:
    """Of the items that a turn leaves those without an event: not those of the model's response, nor copies of them."""
    known = {id(item.raw_item) for item in told}
    return [item for item in items if id(item.raw_item) not in known]


async def pass_on(
    handoff: Handoff[Any, Any],
    config: RunConfig,
    context: RunContextWrapper[Any],
    *,
    input: Input,
    earlier: Sequence[RunItem],
    turn: Sequence[RunItem],
    nested_items: Sequence[RunItem] = (),
    server_managed: bool = False,
) -> Passed:
    """What becomes of a run's conversation when `handoff` has happened.

    Args:
        handoff: the handoff.
        config: the run's settings.
        context: the run's context, for filters.
        input: the input in the model's view.
        earlier: the items after it, of the turns before.
        turn: all items of the turn, the handoff's output last.
        nested_items: the items that nesting has put into `input` at an earlier handoff.
        server_managed: whether the model's service keeps the conversation, so that it cannot be rewritten.

    Raises `UserError` for a filter that cannot be called or returns something else, or that meets a conversation which
    the service keeps; and whatever a filter or a mapper raises.
    """
    given = HandoffInputData(
        input_history=input if isinstance(input, str) else tuple(input),
        pre_handoff_items=tuple(earlier),
        new_items=tuple(item for item in turn if not isinstance(item, ToolApprovalItem)),
        run_context=context,
        _nested_items=tuple(nested_items),
    )
    chosen = handoff.input_filter if handoff.input_filter is not None else config.handoff_input_filter
    if chosen is not None:
        if server_managed:
            raise UserError(
                f"handoff {handoff.tool_name!r} has an input filter, but the conversation is kept by the server and "
                "cannot be rewritten; remove Handoff.input_filter or RunConfig.handoff_input_filter, or run without "
                "conversation_id, previous_response_id and auto_previous_response_id"
            )
        return _taken(await _filtered(chosen, given), chosen)
    nest = config.nest_handoff_history if handoff.nest_handoff_history is None else handoff.nest_handoff_history
    if nest and server_managed:
        logger.warning(
            "nest_handoff_history is left out for handoff %r: the conversation is kept by the server", handoff.tool_name
        )
    elif nest:
        mapper = config.handoff_history_mapper
        return _taken(nest_handoff_history(given, history_mapper=mapper), mapper)
    return Passed(input, [*earlier, *turn], list(turn), rewritten=False, nested_items=list(nested_items))


def model_history(input: Input, items: Sequence[RunItem]) -> list[oai.ResponseInputItemParam]:
    """A model's view as it is sent: without calls whose outputs a filter took away, and the reasoning before them."""
    answered = {raw.get("call_id") for item in items if (raw := _raw(item)).get("type", "").endswith("_output")}
    sent: list[Any] = []
    reasoning: list[Any] = []
    for item in items:
        raw = _raw(item)
        if raw.get("type") == "reasoning":
            reasoning.append(raw)
            continue
        if raw.get("type") not in CALL_TYPES or raw.get("call_id") in answered:
            sent += [*reasoning, raw]
        reasoning = []
    return [*ItemHelpers.input_to_new_input_list(input), *sent, *reasoning]


def _raw(item: RunItem) -> dict[str, Any]:
    return cast("dict[str, Any]", item.to_input_item())


async def _filtered(chosen: Any, given: HandoffInputData) -> HandoffInputData:
    if not callable(chosen):
        raise ArgumentTypeError(
            f"a handoff input filter must be a function of HandoffInputData, got {chosen!r} ({type(chosen).__name__})"
        )
    found: Any = chosen(given)
    if inspect.isawaitable(found):
        found = await found
    if not isinstance(found, HandoffInputData):
        raise ArgumentTypeError(
            f"the handoff input filter {_name(chosen)} must return HandoffInputData, got {found!r} "
            f"({type(found).__name__}); change what it was given with `data.clone(...)` and return that"
        )
    return found


def _taken(data: HandoffInputData, maker: Any) -> Passed:
    """What a filter, or nesting, has made of the conversation, checked."""
    history: Any = data.input_history
    if not isinstance(history, str):
        history = list(_sequence("input_history", history, Mapping, "input items (dictionaries) or a text", maker))
    earlier = _sequence("pre_handoff_items", data.pre_handoff_items, RunItemBase, "run items", maker)
    turn = _sequence("new_items", data.new_items, RunItemBase, "run items", maker)
    sent = turn
    if data.input_items is not None:
        sent = _sequence("input_items", data.input_items, RunItemBase, "run items", maker)
    nested = [] if isinstance(history, str) else [item for item in data._nested_items if _raw(item) in history]
    return Passed(history, [*earlier, *sent], list(turn), rewritten=True, nested_items=nested)


def _sequence(field: str, found: Any, kind: type[Any], expected: str, maker: Any) -> Sequence[Any]:
    """`found`, which must be a tuple or list of `kind`."""
    if isinstance(found, (tuple, list)):
        wrong = next((part for part in found if not isinstance(part, kind)), None)
        if wrong is None:
            return found
        found = wrong
    raise ArgumentTypeError(
        f"{_name(maker)}: {field} must be a tuple of {expected}, got {found!r} ({type(found).__name__})"
    )


def _name(maker: Any) -> str:
    return repr(getattr(maker, "__qualname__", None) or type(maker).__name__)
