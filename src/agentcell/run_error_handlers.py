"""Error handlers: functions that may turn the end of a run by error into a final output.

Three kinds of errors can be handled: the limit of turns, a refusal, and a final output that does not fit the agent's
type. A handler returns `None` to leave the error as it is; anything else is the final output.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic

from typing_extensions import TypedDict

import agentcell as ac

from . import openai_types as oai
from .exceptions import MaxTurnsExceeded, ModelBehaviorError, ModelRefusalError
from .instances import checked_by_instance
from .items import ModelResponse, RunItem
from .run_context import RunContextWrapper, TContext


@dataclass
class RunErrorData:
    """How far the run had come, for a handler."""

    input: str | list[oai.ResponseInputItemParam]
    """What the run was started with."""
    new_items: list[RunItem]
    """The items so far."""
    history: list[oai.ResponseInputItemParam]
    """The whole conversation as input items."""
    output: list[oai.ResponseInputItemParam]
    """What the run has added to the conversation, as input items."""
    raw_responses: list[ModelResponse]
    """The model's responses so far."""
    last_agent: ac.Agent[Any]
    """The agent that was running."""


@checked_by_instance
@dataclass
class RunErrorHandlerInput(Generic[TContext]):
    """What a handler gets."""

    error: MaxTurnsExceeded | ModelRefusalError | ModelBehaviorError
    """What happened."""
    context: RunContextWrapper[TContext]
    """The run's context and usage."""
    run_data: RunErrorData
    """How far the run had come."""


@dataclass
class RunErrorHandlerResult:
    """What a handler makes of an error."""

    final_output: Any
    """The run's final output."""
    include_in_history: bool = True
    """Whether the output becomes a message of the run."""


RunErrorHandler = Callable[
    [RunErrorHandlerInput[Any]], "RunErrorHandlerResult | Awaitable[RunErrorHandlerResult | None] | Any"
]
"""Handles one kind of error; synchronous or not."""


class RunErrorHandlers(TypedDict, Generic[TContext], total=False):
    """One handler for each kind of error that can be handled."""

    max_turns: RunErrorHandler
    model_refusal: RunErrorHandler
    invalid_final_output: RunErrorHandler
