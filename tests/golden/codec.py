"""Entries of a run's log as JSON, and back.

Signals are data classes and go field by field, without those that have their default. The model's events are built
without validation, as the client does, so that texts that no validator lets pass, such as halves of a surrogate pair,
come through. Agents are kept as far as views can know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from agentcell import items, rich_results, stream_events
from agentcell.engine.log import Entry
from agentcell.models.response_events import _event_classes
from agentcell.stream_events import AgentUpdatedStreamEvent, RawResponsesStreamEvent, RunItemStreamEvent

_ITEMS: dict[str, Any] = {
    kind.type: kind for kind in vars(items).values() if isinstance(getattr(kind, "type", None), str)
}
_FIELDS = ("output", "description", "title")
"""What items have beside their agents and their raw item, as far as it is plain."""


@dataclass(frozen=True)
class StoredTool:
    """A tool, or a handoff, of a stored agent."""

    name: str
    params_json_schema: Mapping[str, Any]

    @property
    def tool_name(self) -> str:
        return self.name

    @property
    def input_json_schema(self) -> Mapping[str, Any]:
        return self.params_json_schema


@dataclass(frozen=True)
class StoredOutput:
    """The structured output of a stored agent."""

    schema: Mapping[str, Any]

    def is_plain_text(self) -> bool:
        return False

    def json_schema(self) -> Mapping[str, Any]:
        return self.schema


@dataclass(frozen=True)
class StoredAgent:
    """An agent, as far as events let views know it."""

    name: str
    tools: tuple[StoredTool, ...] = ()
    handoffs: tuple[StoredTool, ...] = ()
    output_type: StoredOutput | None = None


def event_data(data: Mapping[str, Any]) -> Any:
    """An event of the model as the client makes it from JSON."""
    return _event_classes()[data["type"]].construct(**data)


def encode_entry(entry: Any) -> list[Any]:
    """One entry: its time and its event."""
    return [entry.at, encode(entry.event)]


def decode_entry(data: list[Any]) -> Entry:
    """The entry that `encode_entry` has made this of."""
    return Entry(decode(data[1]), data[0])


def encode(event: Any) -> dict[str, Any]:
    """An event or signal as JSON data."""
    match event:
        case RawResponsesStreamEvent():
            return {"raw": _plain(event.data)}
        case AgentUpdatedStreamEvent():
            return {"agent": _agent(event.new_agent)}
        case RunItemStreamEvent():
            return {"item": event.name, **_item(event.item)}
    return _fields(event, "signal")


def decode(data: Mapping[str, Any]) -> Any:
    """The event that `encode` has made this of."""
    if "raw" in data:
        return RawResponsesStreamEvent(event_data(data["raw"]))
    if "agent" in data and len(data) == 1:
        return AgentUpdatedStreamEvent(_stored(data["agent"]))
    if "item" in data:
        given = {name: data[name] for name in _FIELDS if name in data}
        agents = {name: StoredAgent(data[name]) for name in ("source_agent", "target_agent") if name in data}
        made = _ITEMS[data["kind"]](StoredAgent(data["by"]), raw_item=data["data"], **given, **agents)
        return RunItemStreamEvent(data["item"], made)
    return _made(getattr(stream_events, data["signal"]), data)


def _item(item: Any) -> dict[str, Any]:
    found = {"kind": item.type, "by": item.name_of("agent"), "data": _plain(item.raw_item)}
    for name in _FIELDS:
        value = getattr(item, name, None)
        if isinstance(value, (str, dict, list, int, float)):
            found[name] = _plain(value)
        elif value is not None:
            found[name] = str(value)
    for name in ("source_agent", "target_agent"):
        if hasattr(item, name):
            found[name] = item.name_of(name)
    return found


def _agent(agent: Any) -> dict[str, Any]:
    """An agent's name, and what its tools, handoffs and output look like to a model."""
    output = agent.output_type if isinstance(agent, StoredAgent) else agent.output_schema()
    handoffs = [(_handoff(one), getattr(one, "input_json_schema", {})) for one in agent.handoffs]
    found = {
        "name": agent.name,
        "tools": {tool.name: _plain(tool.params_json_schema) for tool in agent.tools},
        "handoffs": {name: _plain(schema) for name, schema in handoffs},
        "output": None if output is None or output.is_plain_text() else _plain(output.json_schema()),
    }
    return {name: value for name, value in found.items() if value}


def _handoff(handoff: Any) -> str:
    from agentcell import handoffs

    return handoff.tool_name if hasattr(handoff, "tool_name") else handoffs.Handoff.default_tool_name(handoff)


def _stored(data: Mapping[str, Any]) -> Any:
    tools, handoffs = (
        tuple(StoredTool(name, schema) for name, schema in data.get(kind, {}).items()) for kind in ("tools", "handoffs")
    )
    output = data.get("output")
    return StoredAgent(data["name"], tools, handoffs, None if output is None else StoredOutput(output))


def _fields(value: Any, label: str) -> dict[str, Any]:
    """A data class by the fields that differ from their defaults."""
    found: dict[str, Any] = {label: type(value).__name__}
    for field in fields(value):
        held = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if held != default and field.name != "type":
            found[field.name] = encode(held) if field.name == "event" else _plain(held)
    return found


def _made(kind: Any, data: Mapping[str, Any]) -> Any:
    given: dict[str, Any] = {}
    for field in fields(kind):
        if field.name not in data:
            continue
        value = data[field.name]
        if field.name == "event":
            given[field.name] = decode(value)
        elif isinstance(value, dict) and "rich" in value:
            given[field.name] = _made(getattr(rich_results, value["rich"]), value)
        else:
            given[field.name] = _tupled(value, str(field.type))
    return kind(**given)


def _tupled(value: Any, annotation: str) -> Any:
    """JSON lists as the tuples that an annotation such as `tuple[tuple[str, ...], ...]` asks for."""
    if not isinstance(value, list) or not annotation.startswith("tuple["):
        return value
    return tuple(_tupled(each, annotation.removeprefix("tuple[")) for each in value)


def _plain(value: Any) -> Any:
    """Values as JSON data."""
    if isinstance(value, BaseModel):
        return {name: _plain(held) for name, held in value.model_dump(exclude_unset=True, by_alias=True).items()}
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value, "rich")
    if isinstance(value, Mapping):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
