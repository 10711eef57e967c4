"""What can go wrong, as one tree.

    AgentsException                 base; `.run_data` tells how far the run had come
    |-- MaxTurnsExceeded            the turn limit was reached without a final output
    |-- ModelBehaviorError          the model did something it must not: unknown tool, invalid JSON, broken stream
    |   `-- StreamInterrupted       the model's stream ended in the middle; `.partial_text` is what had arrived
    |-- ModelRefusalError           the model refused; `.refusal` is its text
    |-- RunNotFinished              the outcome of a run was asked for before its end
    `-- UserError                   the code that uses the library is wrong
        `-- ArgumentTypeError       an argument has the wrong type (also a `TypeError`)

Errors say what was given, what was expected and what to do. They never print themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import openai_types as oai
    from .agent import Agent
    from .items import ModelResponse, RunItem
    from .run_context import RunContextWrapper


@dataclass
class RunErrorDetails:
    """How far a run had come when it failed."""

    input: str | list[oai.ResponseInputItemParam]
    """What the run was started with."""
    new_items: list[RunItem]
    """The items of all finished turns."""
    raw_responses: list[ModelResponse]
    """The model's finished responses."""
    last_agent: Agent[Any]
    """The agent that was running."""
    context_wrapper: RunContextWrapper[Any]
    """The run's context and usage."""

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


class ModelRefusalError(AgentsException):
    """The model refused to answer."""

    refusal: str
    """What the model said."""

    def __init__(self, refusal: str) -> None:
        self.refusal = refusal
        super().__init__(f"Model refused to produce output: {refusal}")


class RunNotFinished(AgentsException):
    """The outcome of a streamed run was asked for before the run had ended."""


class UserError(AgentsException):
    """The code that uses the library is wrong."""

    message: str
    """The error's text."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class ArgumentTypeError(UserError, TypeError):
    """An argument has the wrong type; also a `TypeError`, as the reference raises."""
