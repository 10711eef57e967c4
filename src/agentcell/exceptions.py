"""What can go wrong, as one tree.

    AgentsException                 base; `.run_data` tells how far the run had come
    |-- MaxTurnsExceeded            the turn limit was reached without a final output
    |-- ModelBehaviorError          the model did something it must not: unknown tool, invalid JSON, broken stream
    |   |-- MalformedStreamEvent    the model's stream carried nonsense; `.index` and `.excerpt` say where and what
    |   `-- StreamInterrupted       the model's stream ended in the middle; `.partial_text` is what had arrived
    |-- ModelRefusalError           the model refused; `.refusal` is its text
    |-- ModelTimeoutError           an attempt of a model call took longer than it may
    |-- InputGuardrailTripwireTriggered     a check of the input tripped; `.guardrail_result` says which
    |-- OutputGuardrailTripwireTriggered    a check of the final output tripped
    |-- ToolInputGuardrailTripwireTriggered     a check of a tool's arguments ended the run
    |-- ToolOutputGuardrailTripwireTriggered    a check of a tool's output ended the run
    |-- ToolTimeoutError            a tool took longer than it may
    |-- MCPToolCancellationError    a server cancelled its tool
    |-- SessionBusy                 a session's file stayed locked by another process; nothing was written
    |-- SessionCorrupt              a session's file is no database, or a damaged one; it is left as it is
    |-- RunNotFinished              the outcome of a run was asked for before its end
    `-- UserError                   the code that uses the library is wrong
        |-- InvalidRunState         a stored state is not what was stored: altered, unsigned, of another key or version
        `-- ArgumentTypeError       an argument has the wrong type (also a `TypeError`)

Errors say what was given, what was expected and what to do. They never print themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import agentcell as ac

from . import openai_types as oai


@dataclass
class RunErrorDetails:
    """How far a run had come when it failed."""

    input: str | list[oai.ResponseInputItemParam]
    """What the run was started with."""
    new_items: list[ac.RunItem]
    """The items of all finished turns."""
    raw_responses: list[ac.ModelResponse]
    """The model's finished responses."""
    last_agent: ac.Agent[Any]
    """The agent that was running."""
    context_wrapper: ac.RunContextWrapper[Any]
    """The run's context and usage."""
    input_guardrail_results: list[ac.InputGuardrailResult]
    """What the input guardrails found."""
    output_guardrail_results: list[ac.OutputGuardrailResult]
    """What the output guardrails found."""
    tool_input_guardrail_results: list[ac.ToolInputGuardrailResult] = field(default_factory=lambda: [])
    """What the guardrails of tools' arguments found."""
    tool_output_guardrail_results: list[ac.ToolOutputGuardrailResult] = field(default_factory=lambda: [])
    """What the guardrails of tools' outputs found."""

    def __str__(self) -> str:
        return f"run of {self.last_agent.name!r}: {len(self.raw_responses)} responses, {len(self.new_items)} items"


class AgentsException(Exception):
    """Base of all errors that the library raises on purpose."""

    run_data: RunErrorDetails | None
    """How far the run had come, once the run has attached it."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.run_data = None


class MaxTurnsExceeded(AgentsException):
    """The run reached its limit of turns without a final output."""

    message: str
    """The error's text."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class ModelBehaviorError(AgentsException):
    """The model did something that it must not do, such as calling a tool that does not exist."""

    message: str
    """The error's text."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class StreamInterrupted(ModelBehaviorError):
    """The model's stream broke off; no tool of that response has run."""

    partial_text: str
    """The text that had arrived."""

    def __init__(self, message: str, partial_text: str = "") -> None:
        super().__init__(message)
        self.partial_text = partial_text


class MalformedStreamEvent(ModelBehaviorError):
    """The model's stream carried something that is no event; no tool of that response has run."""

    index: int
    """The number of the event in the stream, from 0."""
    excerpt: str
    """The beginning of what came, for people."""

    def __init__(self, index: int, excerpt: str) -> None:
        self.index = index
        self.excerpt = excerpt
        super().__init__(
            f"Event {index} of the model's stream is no event: expected a JSON object with a type, got {excerpt}"
        )


class ModelRefusalError(AgentsException):
    """The model refused to answer."""

    refusal: str
    """What the model said."""

    def __init__(self, refusal: str) -> None:
        self.refusal = refusal
        super().__init__(f"Model refused to produce output: {refusal}")


class InputGuardrailTripwireTriggered(AgentsException):
    """An input guardrail tripped."""

    guardrail_result: ac.InputGuardrailResult
    """What the guardrail found."""

    def __init__(self, guardrail_result: ac.InputGuardrailResult) -> None:
        self.guardrail_result = guardrail_result
        super().__init__(f"Guardrail {type(guardrail_result.guardrail).__name__} triggered tripwire")


class OutputGuardrailTripwireTriggered(AgentsException):
    """An output guardrail tripped."""

    guardrail_result: ac.OutputGuardrailResult
    """What the guardrail found."""

    def __init__(self, guardrail_result: ac.OutputGuardrailResult) -> None:
        self.guardrail_result = guardrail_result
        super().__init__(f"Guardrail {type(guardrail_result.guardrail).__name__} triggered tripwire")


class ToolInputGuardrailTripwireTriggered(AgentsException):
    """A guardrail of a tool's arguments ended the run."""

    guardrail: ac.ToolInputGuardrail[Any]
    """The guardrail."""
    output: ac.ToolGuardrailFunctionOutput
    """What it found."""

    def __init__(self, guardrail: ac.ToolInputGuardrail[Any], output: ac.ToolGuardrailFunctionOutput) -> None:
        self.guardrail = guardrail
        self.output = output
        super().__init__(f"Tool input guardrail {type(guardrail).__name__} triggered tripwire")


class ToolOutputGuardrailTripwireTriggered(AgentsException):
    """A guardrail of a tool's output ended the run."""

    guardrail: ac.ToolOutputGuardrail[Any]
    """The guardrail."""
    output: ac.ToolGuardrailFunctionOutput
    """What it found."""

    def __init__(self, guardrail: ac.ToolOutputGuardrail[Any], output: ac.ToolGuardrailFunctionOutput) -> None:
        self.guardrail = guardrail
        self.output = output
        super().__init__(f"Tool output guardrail {type(guardrail).__name__} triggered tripwire")


class ToolTimeoutError(AgentsException):
    """A tool took longer than it may."""

    tool_name: str
    """The tool."""
    timeout_seconds: float
    """How long it may take."""

    def __init__(self, tool_name: str, timeout_seconds: float) -> None:
        self.tool_name = tool_name
        self.timeout_seconds = timeout_seconds
        super().__init__(f"Tool '{tool_name}' timed out after {timeout_seconds:g} seconds.")


class MCPToolCancellationError(AgentsException):
    """A server cancelled the call of its tool."""

    message: str
    """The error's text."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class ModelTimeoutError(AgentsException):
    """An attempt of a model call took longer than `ModelSettings.timeout`."""

    timeout_seconds: float
    """How long an attempt may take."""

    def __init__(self, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        super().__init__(f"Model call timed out after {timeout_seconds:g} seconds.")


class SessionBusy(AgentsException):
    """A session's file stayed locked by another process; nothing was read or written."""

    path: str
    """The file."""
    waited: float
    """Seconds that the session waited."""

    def __init__(self, path: str, waited: float) -> None:
        self.path = path
        self.waited = waited
        super().__init__(
            f"The session's database {path!r} was locked by another process for {waited:g} seconds; nothing was "
            "written. End the program that holds the lock and try again, or give the session a longer busy_timeout."
        )


class SessionCorrupt(AgentsException):
    """A session's file is no database, or a damaged one; it was left as it is."""

    path: str
    """The file."""
    reason: str
    """What is wrong with it."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"The session's database {path!r} cannot be used: {reason}. Expected a file made by SQLite; it was left as "
            "it is. Give another path, or move the file away."
        )


class RunNotFinished(AgentsException):
    """The outcome of a streamed run was asked for before the run had ended."""


class UserError(AgentsException):
    """The code that uses the library is wrong."""

    message: str
    """The error's text."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class InvalidRunState(UserError):
    """A stored run state cannot be gone on with: it was altered, is not signed, or is of another key or version."""


class ArgumentTypeError(UserError, TypeError):
    """An argument has the wrong type; also a `TypeError`, as the reference raises."""
