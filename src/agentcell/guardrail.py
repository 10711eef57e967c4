"""Guardrails: checks of what goes into a run and of what comes out.

An input guardrail looks at the run's input, before the first model call or beside it; an output guardrail looks at the
final output. Either can trip, which ends the run. A guardrail's function may be synchronous or asynchronous.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, overload

import agentcell as ac

from . import openai_types as oai
from .exceptions import ArgumentTypeError
from .run_context import RunContextWrapper, TContext


@dataclass
class GuardrailFunctionOutput:
    """What a guardrail's function found."""

    output_info: Any
    """Whatever the function wants to tell about its check."""
    tripwire_triggered: bool
    """Whether the run must end."""


@dataclass
class InputGuardrailResult:
    """What an input guardrail found."""

    guardrail: InputGuardrail[Any]
    """The guardrail."""
    output: GuardrailFunctionOutput
    """What it found."""


@dataclass
class OutputGuardrailResult:
    """What an output guardrail found."""

    guardrail: OutputGuardrail[Any]
    """The guardrail."""
    agent_output: Any
    """The output that was checked."""
    agent: ac.Agent[Any]
    """Whose output it was."""
    output: GuardrailFunctionOutput
    """What the guardrail found."""


InputGuardrailFunction = Callable[
    [RunContextWrapper[Any], "ac.Agent[Any]", "str | list[oai.ResponseInputItemParam]"],
    "GuardrailFunctionOutput | Awaitable[GuardrailFunctionOutput]",
]
"""Checks a run's input."""

OutputGuardrailFunction = Callable[
    [RunContextWrapper[Any], "ac.Agent[Any]", Any], "GuardrailFunctionOutput | Awaitable[GuardrailFunctionOutput]"
]
"""Checks a run's final output."""


async def checked(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a guardrail's function returns, awaited where it must be.

    Raises `ArgumentTypeError` when the guardrail was not made of a function.
    """
    if not callable(function):
        raise ArgumentTypeError(f"a guardrail's function must be callable, got {function!r}")
    found = function(*arguments)
    return await found if inspect.isawaitable(found) else found


def function_name(function: Callable[..., Any]) -> str:
    """The name of a guardrail that was not given one."""
    return getattr(function, "__name__", type(function).__name__)


@dataclass
class InputGuardrail(Generic[TContext]):
    """A check of the input, for the first agent of a run."""

    guardrail_function: InputGuardrailFunction
    """Makes the check, from (context, agent, input)."""
    name: str | None = None
    """The guardrail's name; the function's when not given."""
    run_in_parallel: bool = True
    """Whether it runs beside the first model call; otherwise the call waits for it."""

    def get_name(self) -> str:
        """The guardrail's name."""
        return self.name or function_name(self.guardrail_function)

    async def run(
        self, agent: ac.Agent[Any], input: str | list[oai.ResponseInputItemParam], context: RunContextWrapper[TContext]
    ) -> InputGuardrailResult:
        """Make the check."""
        return InputGuardrailResult(self, await checked(self.guardrail_function, context, agent, input))


@dataclass
class OutputGuardrail(Generic[TContext]):
    """A check of the final output, for the last agent of a run."""

    guardrail_function: OutputGuardrailFunction
    """Makes the check, from (context, agent, output)."""
    name: str | None = None
    """The guardrail's name; the function's when not given."""

    def get_name(self) -> str:
        """The guardrail's name."""
        return self.name or function_name(self.guardrail_function)

    async def run(
        self, context: RunContextWrapper[TContext], agent: ac.Agent[Any], agent_output: Any
    ) -> OutputGuardrailResult:
        """Make the check."""
        found = await checked(self.guardrail_function, context, agent, agent_output)
        return OutputGuardrailResult(self, agent_output=agent_output, agent=agent, output=found)


@overload
def input_guardrail(func: InputGuardrailFunction) -> InputGuardrail[Any]: ...
@overload
def input_guardrail(
    func: None = None, *, name: str | None = None, run_in_parallel: bool = True
) -> Callable[[InputGuardrailFunction], InputGuardrail[Any]]: ...
def input_guardrail(
    func: InputGuardrailFunction | None = None, *, name: str | None = None, run_in_parallel: bool = True
) -> InputGuardrail[Any] | Callable[[InputGuardrailFunction], InputGuardrail[Any]]:
    """Make an input guardrail of a function of (context, agent, input), as a decorator with or without arguments."""

    def make(function: InputGuardrailFunction) -> InputGuardrail[Any]:
        return InputGuardrail(function, name=name or function_name(function), run_in_parallel=run_in_parallel)

    return make if func is None else make(func)


@overload
def output_guardrail(func: OutputGuardrailFunction) -> OutputGuardrail[Any]: ...
@overload
def output_guardrail(
    func: None = None, *, name: str | None = None
) -> Callable[[OutputGuardrailFunction], OutputGuardrail[Any]]: ...
def output_guardrail(
    func: OutputGuardrailFunction | None = None, *, name: str | None = None
) -> OutputGuardrail[Any] | Callable[[OutputGuardrailFunction], OutputGuardrail[Any]]:
    """Make an output guardrail of a function of (context, agent, output), as a decorator with or without arguments."""

    def make(function: OutputGuardrailFunction) -> OutputGuardrail[Any]:
        return OutputGuardrail(function, name=name or function_name(function))

    return make if func is None else make(func)
