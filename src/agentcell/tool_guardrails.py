"""Tool guardrails: checks of one tool's arguments before it runs, and of its output after.

ToolGuardrailFunctionOutput.behavior
|-- allow               go on
|-- reject_content      do not run the tool, or drop its output; the model gets a message instead
`-- raise_exception     end the run
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, overload

from typing_extensions import TypedDict

import agentcell as ac

from .guardrail import checked, function_name
from .run_context import TContext
from .tool_context import ToolContext


class AllowBehavior(TypedDict):
    """Go on."""

    type: Literal["allow"]


class RejectContentBehavior(TypedDict):
    """Give the model a message instead."""

    type: Literal["reject_content"]
    message: str


class RaiseExceptionBehavior(TypedDict):
    """End the run."""

    type: Literal["raise_exception"]


def _allow() -> AllowBehavior:
    return {"type": "allow"}


@dataclass
class ToolGuardrailFunctionOutput:
    """What a tool guardrail's function found, and what follows."""

    output_info: Any
    """Whatever the function wants to tell about its check."""
    behavior: RejectContentBehavior | RaiseExceptionBehavior | AllowBehavior = field(default_factory=_allow)
    """What follows."""

    @classmethod
    def allow(cls, output_info: Any = None) -> ToolGuardrailFunctionOutput:
        """Go on."""
        return cls(output_info, _allow())

    @classmethod
    def reject_content(cls, message: str, output_info: Any = None) -> ToolGuardrailFunctionOutput:
        """Give the model `message` instead, and go on with the run."""
        return cls(output_info, {"type": "reject_content", "message": message})

    @classmethod
    def raise_exception(cls, output_info: Any = None) -> ToolGuardrailFunctionOutput:
        """End the run."""
        return cls(output_info, {"type": "raise_exception"})


@dataclass
class ToolInputGuardrailData:
    """What a tool input guardrail looks at."""

    context: ToolContext[Any]
    """The call."""
    agent: ac.Agent[Any]
    """Whose call it is."""


@dataclass
class ToolOutputGuardrailData(ToolInputGuardrailData):
    """What a tool output guardrail looks at."""

    output: Any
    """What the tool returned."""


@dataclass
class ToolInputGuardrailResult:
    """What a tool input guardrail found."""

    guardrail: ToolInputGuardrail[Any]
    """The guardrail."""
    output: ToolGuardrailFunctionOutput
    """What it found."""


@dataclass
class ToolOutputGuardrailResult:
    """What a tool output guardrail found."""

    guardrail: ToolOutputGuardrail[Any]
    """The guardrail."""
    output: ToolGuardrailFunctionOutput
    """What it found."""


ToolInputFunction = Callable[
    [ToolInputGuardrailData], "ToolGuardrailFunctionOutput | Awaitable[ToolGuardrailFunctionOutput]"
]
"""Checks a tool's arguments."""
ToolOutputFunction = Callable[
    [ToolOutputGuardrailData], "ToolGuardrailFunctionOutput | Awaitable[ToolGuardrailFunctionOutput]"
]
"""Checks a tool's output."""


@dataclass
class ToolInputGuardrail(Generic[TContext]):
    """A check that runs before a tool."""

    guardrail_function: ToolInputFunction
    """Makes the check."""
    name: str | None = None
    """The guardrail's name; the function's when not given."""

    def get_name(self) -> str:
        """The guardrail's name."""
        return self.name or function_name(self.guardrail_function)

    async def run(self, data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        """Make the check."""
        return await checked(self.guardrail_function, data)


@dataclass
class ToolOutputGuardrail(Generic[TContext]):
    """A check that runs after a tool."""

    guardrail_function: ToolOutputFunction
    """Makes the check."""
    name: str | None = None
    """The guardrail's name; the function's when not given."""

    def get_name(self) -> str:
        """The guardrail's name."""
        return self.name or function_name(self.guardrail_function)

    async def run(self, data: ToolOutputGuardrailData) -> ToolGuardrailFunctionOutput:
        """Make the check."""
        return await checked(self.guardrail_function, data)


@overload
def tool_input_guardrail(func: ToolInputFunction) -> ToolInputGuardrail[Any]: ...
@overload
def tool_input_guardrail(
    func: None = None, *, name: str | None = None
) -> Callable[[ToolInputFunction], ToolInputGuardrail[Any]]: ...
def tool_input_guardrail(
    func: ToolInputFunction | None = None, *, name: str | None = None
) -> ToolInputGuardrail[Any] | Callable[[ToolInputFunction], ToolInputGuardrail[Any]]:
    """Make a tool input guardrail of a function, as a decorator with or without arguments."""

    def make(function: ToolInputFunction) -> ToolInputGuardrail[Any]:
        return ToolInputGuardrail(function, name=name or function_name(function))

    return make if func is None else make(func)


@overload
def tool_output_guardrail(func: ToolOutputFunction) -> ToolOutputGuardrail[Any]: ...
@overload
def tool_output_guardrail(
    func: None = None, *, name: str | None = None
) -> Callable[[ToolOutputFunction], ToolOutputGuardrail[Any]]: ...
def tool_output_guardrail(
    func: ToolOutputFunction | None = None, *, name: str | None = None
) -> ToolOutputGuardrail[Any] | Callable[[ToolOutputFunction], ToolOutputGuardrail[Any]]:
    """Make a tool output guardrail of a function, as a decorator with or without arguments."""

    def make(function: ToolOutputFunction) -> ToolOutputGuardrail[Any]:
        return ToolOutputGuardrail(function, name=name or function_name(function))

    return make if func is None else make(func)
