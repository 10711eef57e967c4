"""Run states as JSON data, and back.

What a run knows is stored by value; agents, tools and guardrails are stored by name and found again from the initial
agent, because code is never stored. Where the reference has a field for something, it has the same name here, and its
own states (`$schemaVersion` 1.x) can be read: they are brought into our form first.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from functools import cache
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from .. import openai_types as oai
from ..agent import Agent
from ..approvals import ApprovalDecision, Decisions
from ..exceptions import InvalidRunState, UserError
from ..guardrail import (
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailResult,
    OutputGuardrail,
    OutputGuardrailResult,
)
from ..handoffs import Handoff
from ..items import (
    HandoffCallItem,
    HandoffOutputItem,
    InputItem,
    MessageOutputItem,
    ModelResponse,
    ReasoningItem,
    RunItem,
    ToolApprovalItem,
    ToolCallItem,
    ToolCallOutputItem,
    as_input_item,
    output_text,
)
from ..run_context import RunContextWrapper
from ..tool import FunctionTool
from ..tool_guardrails import (
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolInputGuardrailResult,
    ToolOutputGuardrail,
    ToolOutputGuardrailResult,
)
from ..tool_origin import ToolOrigin
from ..usage import deserialize_usage, serialize_usage
from .signing import shortly
from .state import RunState

logger: logging.Logger = logging.getLogger("agentcell")

VERSION = "agentcell-1"
"""The form of the states that are written."""

_PLAIN = (
    "max_turns",
    "current_turn",
    "conversation_id",
    "previous_response_id",
    "auto_previous_response_id",
    "max_handoffs",
    "reasoning_item_id_policy",
    "handoff_count",
    "invoked_by",
    "open_items",
    "input_checked",
    "known_to_server",
    "is_terminal",
    "conversation",
    "input_saved",
    "saved_items",
    "journal_id",
    "is_demo",
)
"""Fields of a run that are stored as they are."""
_CHECKS = (
    "input_guardrail_results",
    "output_guardrail_results",
    "tool_input_guardrail_results",
    "tool_output_guardrail_results",
)


def dumped(run: RunState[Any], serializer: Callable[[Any], Any] | None, strict: bool) -> dict[str, Any]:
    """A run's state as plain JSON data, not signed yet."""
    items: list[Any] = [*run.new_items]
    items += [item for item in (*run.model_items, *run.nested_items, *run.interruptions) if not _among(item, items)]
    places = {id(item): place for place, item in enumerate(items)}
    state = {
        "$schemaVersion": VERSION,
        "original_input": run.original_input,
        "model_input": run.model_input,
        "starting_agent": {"name": run.starting_agent.name},
        "current_agent": {"name": run.current_agent.name},
        "pending_input": run.added_input,
        "items": [_item(item) for item in items],
        "new_items": len(run.new_items),
        "model_items": [places[id(item)] for item in run.model_items],
        "nested_items": [places[id(item)] for item in run.nested_items],
        "interruptions": [places[id(item)] for item in run.interruptions],
        "history": run.history,
        "model_responses": [_response(response) for response in run.raw_responses],
        "context": _context(run.context, serializer, strict),
        "tool_users": sorted({agent.name for agent in reachable(run.starting_agent) if id(agent) in run.tool_users}),
        "nested_runs": {call: dumped(nested, serializer, strict) for call, nested in run.nested.items()},
        **{name: getattr(run, name) for name in _PLAIN},
        **{name: [_check(found) for found in getattr(run, name)] for name in _CHECKS},
    }
    return json.loads(json.dumps(to_jsonable_python(state, fallback=output_text)))


def loaded(
    initial_agent: Agent[Any],
    state: dict[str, Any],
    override: Any,
    deserializer: Callable[[Mapping[str, Any]], Any] | None,
    strict: bool,
) -> RunState[Any]:
    """The run of checked JSON data."""
    version = state.get("$schemaVersion")
    if version is None:
        raise InvalidRunState("Run state is missing schema version ($schemaVersion)")
    if isinstance(version, str) and version.partition(".")[0] == "1":
        from .foreign_state import translated

        state = translated(state)
    elif version != VERSION:
        raise InvalidRunState(
            f"Run state schema version {shortly(version)} is not supported; supported are {VERSION!r}, '1.x'"
        )
    try:
        context = _loaded_context(state["context"], override, deserializer, strict)
        return _loaded(initial_agent, state, context)
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        said = str(error)[:500]  # which may quote the state
        raise InvalidRunState(f"the run state has not the form of one: {type(error).__name__}: {said}") from error


def _loaded(initial_agent: Agent[Any], state: dict[str, Any], context: RunContextWrapper[Any]) -> RunState[Any]:
    agents = {agent.name: agent for agent in reversed(list(reachable(initial_agent)))}

    def agent_of(data: Mapping[str, Any]) -> Agent[Any]:
        name = data["name"]
        if name not in agents:
            raise UserError(
                f"Run state agent not found in agent map: {name!r}; the agents that {initial_agent.name!r} leads to "
                f"are {sorted(agents)}"
            )
        return agents[name]

    run: RunState[Any] = RunState(context, state["original_input"], agent_of(state["starting_agent"]))
    for name in _PLAIN:
        if name in state:
            setattr(run, name, state[name])
    run.invoked_by = None if run.invoked_by is None else cast("tuple[str, str, str]", tuple(run.invoked_by))
    items = [_loaded_item(data, agent_of) for data in state["items"]]
    run.new_items = items[: state["new_items"]]
    run.model_items = [items[place] for place in state["model_items"]]
    run.nested_items = [items[place] for place in state["nested_items"]]
    run.interruptions = [cast(ToolApprovalItem, items[place]) for place in state["interruptions"]]
    run.current_agent = agent_of(state["current_agent"])
    run.model_input, run.history = state["model_input"], state["history"]
    run.added_input = state["pending_input"]
    run.raw_responses = [_loaded_response(data) for data in state["model_responses"]]
    run.tool_users = {id(agents[name]) for name in state["tool_users"] if name in agents}
    for name in _CHECKS:
        setattr(run, name, [_loaded_check(name, data, agents.values()) for data in state.get(name, ())])
    for call, data in state["nested_runs"].items():
        inner = _loaded_context(data["context"], None, None, False)
        # Ours are stored with every run, the reference's with the run that asks.
        context.decisions.of_calls.update(inner.decisions.of_calls)
        context.decisions.of_tools.update(inner.decisions.of_tools)
        shared = RunContextWrapper(
            context.context, context.usage, inner.turn_input, inner.tool_input, decisions=context.decisions
        )
        run.nested[call] = _loaded(agent_of(data["starting_agent"]), data, shared)
        # The questions of nested runs are asked by the outer one: one object for both.
        for own in run.nested[call].interruptions:
            same = next((place for place, item in enumerate(run.interruptions) if _same_call(item, own)), None)
            if same is not None:
                run.interruptions[same] = own
    return run


def _same_call(one: ToolApprovalItem, other: ToolApprovalItem) -> bool:
    return (one.call_id, one.qualified_name) == (other.call_id, other.qualified_name)


def reachable(agent: Agent[Any]) -> Iterator[Agent[Any]]:
    """An agent and all that it leads to: by handoffs, and as tools; each once."""
    waiting, seen = [agent], set[int]()
    while waiting:
        found = waiting.pop(0)
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        targets = (h.target if isinstance(h, Handoff) else h for h in found.handoffs)
        tools = (tool._agent for tool in found.tools if isinstance(tool, FunctionTool))
        waiting += [other for other in (*targets, *tools) if other is not None]


def _among(item: Any, items: Sequence[Any]) -> bool:
    return any(item is other for other in items)


_KINDS: dict[str, type[Any]] = {
    kind.__dataclass_fields__["type"].default: kind
    for kind in (
        MessageOutputItem,
        ReasoningItem,
        ToolCallItem,
        ToolCallOutputItem,
        HandoffCallItem,
        HandoffOutputItem,
        ToolApprovalItem,
        InputItem,
    )
}
_TEXTS = ("description", "title", "tool_name", "tool_namespace", "input_id", "custom_data")
"""Fields of items that are stored as they are."""


def _item(item: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "type": item.type,
        "agent": {"name": item.agent.name},
        "raw_item": as_input_item(item.raw_item),
    }
    data.update({name: value for name in _TEXTS if (value := getattr(item, name, None)) is not None})
    if (origin := getattr(item, "tool_origin", None)) is not None:
        data["tool_origin"] = origin.to_json_dict()
    match item:
        case ToolCallOutputItem():
            data["output"] = item.output
        case HandoffOutputItem():
            data["source_agent"] = {"name": item.source_agent.name}
            data["target_agent"] = {"name": item.target_agent.name}
    return data


def _loaded_item(data: Mapping[str, Any], agent_of: Callable[[Mapping[str, Any]], Agent[Any]]) -> RunItem:
    kind = _KINDS.get(data["type"])
    if kind is None:
        raise InvalidRunState(f"the run state has an item of the unknown kind {shortly(data['type'])}")
    known = kind.__dataclass_fields__
    fields = {name: data[name] for name in _TEXTS if name in data and name in known}
    if "tool_origin" in known:
        fields["tool_origin"] = ToolOrigin.from_json_dict(data.get("tool_origin"))
    match data["type"]:
        case "tool_call_output_item":
            fields["output"] = data.get("output")
        case "handoff_output_item":
            fields["source_agent"] = agent_of(data["source_agent"])
            fields["target_agent"] = agent_of(data["target_agent"])
        case "tool_approval_item":
            space, name = fields.get("tool_namespace"), fields.get("tool_name") or data["raw_item"]["name"]
            fields["tool_lookup_key"] = ("namespaced", space, name) if space else ("bare", name)
    from_model = kind in (MessageOutputItem, ReasoningItem, ToolCallItem, HandoffCallItem, ToolApprovalItem)
    raw = typed_output(data["raw_item"]) if from_model else data["raw_item"]
    return kind(agent=agent_of(data["agent"]), raw_item=raw, **fields)


@cache
def _outputs() -> TypeAdapter[Any]:
    """Made once, because the union is large; and not before it is needed, because so is what it imports."""
    return TypeAdapter(oai.ResponseOutputItem)


def typed_output(data: Any) -> Any:
    """A model's output as the object that it was; what is of no known kind stays a dictionary."""
    try:
        return _outputs().validate_python(data)
    except ValidationError:
        return data


def _response(response: ModelResponse) -> dict[str, Any]:
    return {
        "output": [as_input_item(output) for output in response.output],
        "usage": serialize_usage(response.usage),
        "response_id": response.response_id,
        "request_id": response.request_id,
        "raw_usage": response.raw_usage,
    }


def _loaded_response(data: Mapping[str, Any]) -> ModelResponse:
    return ModelResponse(
        output=[typed_output(output) for output in data["output"]],
        usage=deserialize_usage(data["usage"]),
        response_id=data.get("response_id"),
        request_id=data.get("request_id"),
        raw_usage=data.get("raw_usage"),
    )


def _check(found: Any) -> dict[str, Any]:
    """What a guardrail has found, by the guardrail's name."""
    return {"guardrail": {"name": found.guardrail.get_name()}, "output": asdict(found.output)}


def _loaded_check(field: str, data: Mapping[str, Any], agents: Any) -> Any:
    name = data["guardrail"]["name"]
    if field.startswith("tool_"):
        side = "tool_input_guardrails" if "input" in field else "tool_output_guardrails"
        tools = (tool for agent in agents for tool in agent.tools)
        known = [guardrail for tool in tools for guardrail in getattr(tool, side, None) or ()]
        kind: Any = ToolInputGuardrail if "input" in field else ToolOutputGuardrail
        result: Any = ToolInputGuardrailResult if "input" in field else ToolOutputGuardrailResult
        output: Any = ToolGuardrailFunctionOutput(**data["output"])
    else:
        side = "input_guardrails" if "input" in field else "output_guardrails"
        known = [guardrail for agent in agents for guardrail in getattr(agent, side)]
        kind = InputGuardrail if "input" in field else OutputGuardrail
        result = InputGuardrailResult if "input" in field else OutputGuardrailResult
        output = GuardrailFunctionOutput(**data["output"])
    guardrail = next((g for g in known if g.get_name() == name), None) or kind(_gone, name=name)
    if result is OutputGuardrailResult:
        owner = next(iter(agents))
        return OutputGuardrailResult(guardrail, None, owner, output)
    return result(guardrail, output)


def _gone(*args: Any) -> Any:
    """Stands for a guardrail that ran before the state was stored and that no agent has any more."""
    raise UserError("this guardrail is known by name only; it belonged to the run that was stored")


def _context(context: RunContextWrapper[Any], serializer: Callable[[Any], Any] | None, strict: bool) -> dict[str, Any]:
    """The context: the user's object, the usage, the decisions."""
    value = context.context
    kind, how, stored = _stored_context(value, serializer, strict)
    decisions = context.decisions
    return {
        "context": stored,
        "context_meta": {
            "original_type": kind,
            "serialized_via": how,
            "requires_deserializer": kind not in ("none", "mapping"),
            "omitted": how == "omitted",
        },
        "usage": {**serialize_usage(context.usage), "cost": context.usage.cost},
        "turn_input": context.turn_input,
        "tool_input": context.tool_input,
        "decisions": [
            {"call_id": call, **asdict(decision)}
            for call, decision in decisions.of_calls.items()
            if call not in decisions.used
        ],
        "sticky_decisions": [
            {"agent": agent, "tool": tool, **asdict(decision)} for (agent, tool), decision in decisions.of_tools.items()
        ],
    }


def _stored_context(value: Any, serializer: Callable[[Any], Any] | None, strict: bool) -> tuple[str, str, Any]:
    """A context object's kind, how it was stored, and what is stored."""
    if value is None:
        return "none", "none", None
    if isinstance(value, Mapping):
        return "mapping", "mapping", dict(value)
    fields = not isinstance(value, type) and is_dataclass(value)
    model = isinstance(value, BaseModel)
    kind = "pydantic" if model else "dataclass" if fields else "custom"
    if serializer is not None:
        stored = serializer(value)
        if not isinstance(stored, Mapping):
            raise UserError(f"context_serializer must return a dictionary, got {stored!r}")
        return kind, "context_serializer", dict(stored)
    if strict:
        raise UserError(
            "RunState serialization requires context to be a mapping when strict_context is True; provide "
            f"context_serializer to store a {type(value).__name__}"
        )
    if model:
        return kind, "model_dump", value.model_dump(mode="json")
    if fields:
        return kind, "asdict", asdict(cast(Any, value))
    logger.warning("the context (%s) is not stored; provide context_serializer to keep it", type(value).__name__)
    return kind, "omitted", {}


def _loaded_context(
    data: Mapping[str, Any], override: Any, deserializer: Callable[[Mapping[str, Any]], Any] | None, strict: bool
) -> RunContextWrapper[Any]:
    value, meta = data["context"], data["context_meta"]
    if override is not None:
        given = override.context if isinstance(override, RunContextWrapper) else override
    elif value is None:
        given = None
    elif deserializer is not None:
        given = deserializer(value)
    else:
        given = value
        if meta.get("requires_deserializer"):
            said = f"the stored context was a {meta['original_type']} object and is only a dictionary now; provide "
            said += "context_deserializer or context_override"
            if strict:
                raise UserError(said)
            logger.warning(said)
    decisions = Decisions()
    for entry in data["decisions"]:
        rest = {name: value for name, value in entry.items() if name != "call_id"}
        decisions.of_calls[entry["call_id"]] = ApprovalDecision(**rest)
    for entry in data["sticky_decisions"]:
        rest = {name: value for name, value in entry.items() if name not in ("agent", "tool")}
        decisions.of_tools[entry["agent"], entry["tool"]] = ApprovalDecision(**rest)
    return RunContextWrapper(
        given,
        deserialize_usage(data["usage"]),
        data.get("turn_input") or [],
        data.get("tool_input"),
        decisions=decisions,
    )
