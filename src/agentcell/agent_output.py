"""What an agent's final output must look like."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from .exceptions import ModelBehaviorError, UserError
from .strict_schema import ensure_strict_json_schema

WRAPPER_KEY = "response"
"""Structured outputs must be objects; any other type travels under this key."""


class AgentOutputSchemaBase(ABC):
    """Describes, and reads, the final output of an agent."""

    @abstractmethod
    def is_plain_text(self) -> bool:
        """Whether the output is the message's text as it is."""

    @abstractmethod
    def name(self) -> str:
        """The name of the output's type."""

    @abstractmethod
    def json_schema(self) -> dict[str, Any]:
        """The JSON schema of the output; not for plain text."""

    @abstractmethod
    def is_strict_json_schema(self) -> bool:
        """Whether the schema is in strict form."""

    @abstractmethod
    def validate_json(self, json_str: str) -> Any:
        """The output object of the model's JSON; raises `ModelBehaviorError` when it does not fit."""


@dataclass(init=False)
class AgentOutputSchema(AgentOutputSchemaBase):
    """The output schema of a Python type."""

    output_type: type[Any]
    """The type of the output."""

    def __init__(self, output_type: type[Any], strict_json_schema: bool = True) -> None:
        self.output_type = output_type
        self._strict = strict_json_schema
        self._plain = output_type is None or output_type is str
        self._wrapped = not self._plain and not _is_object(output_type)
        self._schema: dict[str, Any] = {}
        if self._plain:
            self._adapter: TypeAdapter[Any] = TypeAdapter(str)
            return
        if self._wrapped:
            from typing_extensions import TypedDict

            wrapper = TypedDict("OutputType", {WRAPPER_KEY: output_type})  # type: ignore[misc]
            self._adapter = TypeAdapter(wrapper)
        else:
            self._adapter = TypeAdapter(output_type)
        self._schema = self._adapter.json_schema()
        if strict_json_schema:
            try:
                self._schema = ensure_strict_json_schema(self._schema)
            except UserError as error:
                raise UserError(
                    f"output_type {self.name()} has no strict JSON schema ({error}); make the type strict, or wrap it: "
                    "AgentOutputSchema(YourType, strict_json_schema=False)"
                ) from error

    @property
    def is_wrapped(self) -> bool:
        """Whether the type is no object, so that it travels under `WRAPPER_KEY`."""
        return self._wrapped

    def is_plain_text(self) -> bool:
        return self._plain

    def name(self) -> str:
        return _type_name(self.output_type)

    def json_schema(self) -> dict[str, Any]:
        if self._plain:
            raise UserError("the output is plain text, which has no JSON schema; ask is_plain_text() first")
        return self._schema

    def is_strict_json_schema(self) -> bool:
        return self._strict

    def validate_json(self, json_str: str) -> Any:
        try:
            value = self._adapter.validate_json(json_str)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in problem["loc"]) or "the output"
            raise ModelBehaviorError(
                f"Invalid JSON when parsing model output as {self.name()}: {where}: {problem['msg']}"
            ) from error
        return value[WRAPPER_KEY] if self._wrapped else value


def _is_object(output_type: Any) -> bool:
    """Whether the type's own schema is an object, so that no wrapper is needed."""
    origin = get_origin(output_type) or output_type
    return isinstance(origin, type) and issubclass(origin, (BaseModel, dict))


def _type_name(output_type: Any) -> str:
    arguments = get_args(output_type)
    origin = get_origin(output_type)
    if origin and arguments:
        return f"{_type_name(origin)}[{', '.join(_type_name(a) for a in arguments)}]"
    return getattr(output_type, "__name__", None) or repr(output_type)
