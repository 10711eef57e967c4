"""Handoffs: passing the conversation to another agent, offered to the model as a tool.

What the next agent sees is decided in this order: `Handoff.input_filter`, `RunConfig.handoff_input_filter`, nesting
(`history` in this package), and by default everything. Filters are functions of `HandoffInputData`.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, Generic, TypeAlias, cast, overload

from typing_extensions import TypeVar

import agentcell as ac

from .. import openai_types as oai
from ..exceptions import ArgumentTypeError, ModelBehaviorError, UserError
from ..items import RunItem
from ..run_context import RunContextWrapper, TContext
from ..strict_schema import ensure_strict_json_schema
from .history import (
    HandoffHistoryMapper,
    default_handoff_history_mapper,
    get_conversation_history_wrappers,
    nest_handoff_history,
    reset_conversation_history_wrappers,
    set_conversation_history_wrappers,
)

__all__ = [
    "Handoff",
    "HandoffHistoryMapper",
    "HandoffInputData",
    "HandoffInputFilter",
    "default_handoff_history_mapper",
    "get_conversation_history_wrappers",
    "handoff",
    "nest_handoff_history",
    "reset_conversation_history_wrappers",
    "set_conversation_history_wrappers",
]

THandoffInput = TypeVar("THandoffInput", default=Any)
TAgent = TypeVar("TAgent", bound="ac.Agent[Any]", default="ac.Agent[Any]")

OnHandoffWithInput: TypeAlias = Callable[[RunContextWrapper[Any], THandoffInput], Any]
"""Called when a handoff with an input happens; may be async, its result is ignored."""
OnHandoffWithoutInput: TypeAlias = Callable[[RunContextWrapper[Any]], Any]
"""Called when a handoff without an input happens; may be async, its result is ignored."""


@dataclass(frozen=True)
class HandoffInputData:
    """What the next agent would see, for a filter to change.

    The next agent's model gets `input_history`, then `pre_handoff_items`, then `input_items`, or where they are `None`
    `new_items`. `new_items` are also what the result, the session and the events keep of the turn.
    """

    input_history: str | tuple[oai.ResponseInputItemParam, ...]
    """The input of the run, or what an earlier handoff has put in its place."""
    pre_handoff_items: tuple[RunItem, ...]
    """The items of the turns before."""
    new_items: tuple[RunItem, ...]
    """The items of the turn with the handoff, its call and its output included."""
    run_context: RunContextWrapper[Any] | None = None
    """The run's context."""
    input_items: tuple[RunItem, ...] | None = None
    """What the model gets in the place of `new_items`; `None` for the same."""
    _: KW_ONLY
    _nested_items: tuple[RunItem, ...] = field(default=(), repr=False, compare=False)
    """Items that nesting has put into `input_history` as they are, so that they are not counted twice."""

    def clone(self, **kwargs: Any) -> HandoffInputData:
        """A copy with the given fields changed; raises `TypeError` for fields that do not exist."""
        return replace(self, **kwargs)


HandoffInputFilter: TypeAlias = Callable[[HandoffInputData], HandoffInputData | Awaitable[HandoffInputData]]
"""Changes what the next agent sees; may be async."""


@dataclass
class Handoff(Generic[TContext, TAgent]):
    """A transfer to another agent as the model sees it: a tool."""

    tool_name: str
    """The name the model calls."""
    tool_description: str
    """When to call it, for the model."""
    input_json_schema: dict[str, Any]
    """JSON schema of what the model passes along; an empty object for nothing."""
    on_invoke_handoff: Callable[[RunContextWrapper[Any], str], Awaitable[TAgent]]
    """Returns the agent that goes on; gets the context and the model's arguments as JSON."""
    agent_name: str
    """The name of that agent."""
    input_filter: HandoffInputFilter | None = None
    """Changes what the next agent sees, instead of the run's filter and of nesting."""
    nest_handoff_history: bool | None = None
    """Whether the conversation so far is folded into a summary; `None` for what the run says."""
    strict_json_schema: bool = True
    """Whether the schema is in strict form."""
    is_enabled: bool | Callable[[RunContextWrapper[Any], ac.Agent[Any]], bool | Awaitable[bool]] = True
    """Whether the model sees the handoff, decided at each turn."""
    _: KW_ONLY
    target: ac.Agent[Any] | None = field(default=None, repr=False)
    """The agent itself where it is known before the call, for views and graphs."""

    def get_transfer_message(self, agent: ac.Agent[Any]) -> str:
        """What the model is told when the transfer has happened."""
        return json.dumps({"assistant": agent.name})

    @classmethod
    def default_tool_name(cls, agent: ac.Agent[Any]) -> str:
        """`transfer_to_` and the agent's name in a form that is allowed in tool names."""
        return "transfer_to_" + re.sub(r"[^a-zA-Z0-9_]", "_", agent.name).lower()

    @classmethod
    def default_tool_description(cls, agent: ac.Agent[Any]) -> str:
        """Names the agent, and says what it is for."""
        return f"Handoff to the {agent.name} agent to handle the request. {agent.handoff_description or ''}"


@overload
def handoff(
    agent: ac.Agent[TContext],
    *,
    tool_name_override: str | None = None,
    tool_description_override: str | None = None,
    input_filter: HandoffInputFilter | None = None,
    nest_handoff_history: bool | None = None,
    is_enabled: bool | Callable[[RunContextWrapper[Any], ac.Agent[Any]], bool | Awaitable[bool]] = True,
) -> Handoff[TContext, ac.Agent[TContext]]: ...


@overload
def handoff(
    agent: ac.Agent[TContext],
    *,
    on_handoff: OnHandoffWithInput[THandoffInput],
    input_type: type[THandoffInput],
    tool_description_override: str | None = None,
    tool_name_override: str | None = None,
    input_filter: HandoffInputFilter | None = None,
    nest_handoff_history: bool | None = None,
    is_enabled: bool | Callable[[RunContextWrapper[Any], ac.Agent[Any]], bool | Awaitable[bool]] = True,
) -> Handoff[TContext, ac.Agent[TContext]]: ...


@overload
def handoff(
    agent: ac.Agent[TContext],
    *,
    on_handoff: OnHandoffWithoutInput,
    tool_description_override: str | None = None,
    tool_name_override: str | None = None,
    input_filter: HandoffInputFilter | None = None,
    nest_handoff_history: bool | None = None,
    is_enabled: bool | Callable[[RunContextWrapper[Any], ac.Agent[Any]], bool | Awaitable[bool]] = True,
) -> Handoff[TContext, ac.Agent[TContext]]: ...


def handoff(
    agent: ac.Agent[TContext],
    tool_name_override: str | None = None,
    tool_description_override: str | None = None,
    on_handoff: OnHandoffWithInput[Any] | OnHandoffWithoutInput | None = None,
    input_type: type[Any] | None = None,
    input_filter: HandoffInputFilter | None = None,
    nest_handoff_history: bool | None = None,
    is_enabled: bool | Callable[[RunContextWrapper[Any], ac.Agent[Any]], bool | Awaitable[bool]] = True,
) -> Handoff[TContext, ac.Agent[TContext]]:
    """A handoff to `agent`.

    Args:
        agent: who goes on.
        tool_name_override: the tool's name; default `transfer_to_<name>`.
        tool_description_override: the tool's description.
        on_handoff: called when it happens, with the context, and with the input when `input_type` is given.
        input_type: the type of what the model passes along with the call; the next agent does not see it by itself.
        input_filter: changes what the next agent sees.
        nest_handoff_history: whether the conversation so far is folded into a summary; `None` for what the run says.
        is_enabled: whether the model sees the handoff, or a function that decides it at each turn.

    Raises `UserError` when only `input_type` is given, or `on_handoff` takes the wrong number of arguments.
    """

    if not isinstance(agent, ac.Agent):
        raise ArgumentTypeError(f"handoff() takes an Agent, got {agent!r}; pass the agent object itself")
    adapter = None
    if input_type is not None:
        from pydantic import TypeAdapter

        if on_handoff is None:
            raise UserError("input_type was given without on_handoff; the input would go nowhere, so give both")
        adapter = TypeAdapter(input_type)
    if on_handoff is not None:
        _check_callback(on_handoff, with_input=adapter is not None)

    async def invoke(ctx: RunContextWrapper[Any], input: str) -> ac.Agent[TContext]:
        if on_handoff is not None:
            arguments = [ctx] if adapter is None else [ctx, _parsed(adapter, agent.name, input)]
            result = cast("Callable[..., Any]", on_handoff)(*arguments)
            if inspect.isawaitable(result):
                await result
        return agent

    return Handoff(
        tool_name=tool_name_override or Handoff.default_tool_name(agent),
        tool_description=tool_description_override or Handoff.default_tool_description(agent),
        input_json_schema=ensure_strict_json_schema(adapter.json_schema() if adapter else {}),
        on_invoke_handoff=invoke,
        agent_name=agent.name,
        input_filter=input_filter,
        nest_handoff_history=nest_handoff_history,
        is_enabled=is_enabled,
        target=agent,
    )


def _check_callback(on_handoff: object, *, with_input: bool) -> None:
    takes = "(context, input)" if with_input else "(context)"
    if not callable(on_handoff):
        raise ArgumentTypeError(f"on_handoff must be a function of {takes}, got {on_handoff!r}")
    try:
        signature = inspect.signature(on_handoff)
    except ValueError:  # some callables written in C do not tell
        return
    if len(signature.parameters) != (2 if with_input else 1):
        raise UserError(f"on_handoff must take {takes}, got {signature}")


def _parsed(adapter: Any, agent_name: str, given: str | None) -> Any:
    """What the model passed along, as the handoff's input type."""
    if not given:
        raise ModelBehaviorError(f"handoff to {agent_name} needs an input, but the model gave {given!r}")
    try:
        return adapter.validate_json(given)
    except ValueError as error:
        raise ModelBehaviorError(f"handoff to {agent_name}: invalid input: {error}") from error
