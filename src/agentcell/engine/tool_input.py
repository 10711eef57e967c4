"""The arguments of an agent that is called as a tool: what reads them, and their schema for the model."""

from __future__ import annotations

import dataclasses
from typing import Any

from pydantic import BaseModel, TypeAdapter

from ..agent_tool_input import AgentAsToolInput
from ..exceptions import ArgumentTypeError
from ..strict_schema import ensure_strict_json_schema


def adapter_of(parameters: type[Any] | None) -> TypeAdapter[Any]:
    """What reads the arguments of a call; raises `ArgumentTypeError` for what has no fields."""
    if parameters is None:
        return TypeAdapter(AgentAsToolInput)
    fits = isinstance(parameters, type) and (dataclasses.is_dataclass(parameters) or issubclass(parameters, BaseModel))
    if not fits:
        raise ArgumentTypeError(f"parameters takes a dataclass or a Pydantic model, got {parameters!r}")
    return TypeAdapter(parameters)


def schema_of(parameters: type[Any] | None, adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """The arguments' schema; a dataclass may describe its fields in their metadata."""
    schema = adapter.json_schema()
    if dataclasses.is_dataclass(parameters):
        for field in dataclasses.fields(parameters):
            text = field.metadata.get("description")
            if text and field.name in schema.get("properties", {}):
                schema["properties"][field.name].setdefault("description", text)
    return ensure_strict_json_schema(schema)
