"""`RunConfig`: settings of one run that override what its agents say."""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Generic, Literal, NotRequired

from typing_extensions import TypedDict

import agentcell as ac

from . import openai_types as oai
from .approvals import ApprovalMode, OnApproval
from .exceptions import ArgumentTypeError, UserError
from .guardrail import InputGuardrail, OutputGuardrail
from .handoffs import HandoffHistoryMapper, HandoffInputFilter
from .instances import checked_by_instance
from .lifecycle import RunHooksBase
from .model_settings import ModelSettings, as_settings
from .run_context import RunContextWrapper, TContext
from .run_error_handlers import RunErrorHandlers

DEFAULT_MAX_TURNS = 10
"""Model calls that a run may make unless it says otherwise."""

ToolNotFoundBehavior = Literal["raise_error", "return_error_to_model"]
"""What happens when the model calls a tool that does not exist."""
ToolNameCollisionPolicy = Literal["warn", "error"]
"""What happens when two tools of an agent have the same name."""
ReasoningItemIdPolicy = Literal["preserve", "omit"]
"""Whether reasoning items keep their ids when they are sent again."""


class TracingConfig(TypedDict, total=False):
    """Settings of the trace of a run."""

    api_key: str


@dataclass
class ModelInputData:
    """What a model call is about to be sent."""

    input: list[oai.ResponseInputItemParam]
    """The input items."""
    instructions: str | None
    """The system prompt."""


@dataclass
class CallModelData(Generic[TContext]):
    """What a filter of model calls gets."""

    model_data: ModelInputData
    """What is about to be sent."""
    agent: ac.Agent[TContext]
    """Who is running."""
    context: TContext | None
    """The user's object."""


CallModelInputFilter = Callable[[CallModelData[Any]], "ModelInputData | Awaitable[ModelInputData]"]
"""Changes what a model call is sent."""


@checked_by_instance
@dataclass
class ToolErrorFormatterArgs(Generic[TContext]):
    """What a formatter of tool errors gets."""

    kind: Literal["approval_rejected", "tool_not_found", "tool_exception"]
    """What happened."""
    tool_type: Literal["function", "computer", "shell", "apply_patch", "custom"]
    """What sort of tool."""
    tool_name: str
    """The tool's name."""
    call_id: str
    """The call."""
    default_message: str
    """What the model would be told."""
    run_context: RunContextWrapper[TContext]
    """The run's context."""
    error: Exception | None = None
    """What the tool raised, when it did."""


ToolErrorFormatter = Callable[[ToolErrorFormatterArgs[Any]], "str | Awaitable[str | None] | None"]
"""Makes the text for the model; `None` for the usual one."""


@dataclass
class ToolExecutionConfig:
    """How tools run."""

    max_function_tool_concurrency: int | None = None
    """How many function tools may run at the same time; `None` for all."""
    pre_approval_tool_input_guardrails: bool = False
    """Whether input guardrails run before a person is asked."""

    def __post_init__(self) -> None:
        most = self.max_function_tool_concurrency
        if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
            raise UserError(f"max_function_tool_concurrency must be a whole number of at least 1 or None, got {most!r}")


@dataclass
class OutputGuardrailBlockedMessageArgs(Generic[TContext]):
    """What a formatter of the message for withheld outputs gets."""

    default_message: str
    """The usual text."""
    guardrail_name: str
    """The guardrail that tripped."""
    agent: ac.Agent[Any]
    """Whose output was withheld."""
    run_context: RunContextWrapper[TContext]
    """The run's context."""


OutputGuardrailBlockedMessageFormatter = Callable[[OutputGuardrailBlockedMessageArgs[Any]], "str | None"]
"""Makes the text that stands in the place of a withheld output; a plain function, `None` for the usual text."""


def _default_provider() -> ac.ModelProvider:
    from .models.multi_provider import MultiProvider

    return MultiProvider()


def _sensitive_data_by_default() -> bool:
    said = os.environ.get("OPENAI_AGENTS_TRACE_INCLUDE_SENSITIVE_DATA", "true")
    return said.strip().lower() in ("1", "true", "yes", "on")


@checked_by_instance
@dataclass
class RunConfig:
    """Settings of one whole run."""

    model: str | ac.Model | None = None
    """The model for every agent of the run, whatever the agents say."""
    model_provider: ac.ModelProvider = field(default_factory=_default_provider)
    """Finds models that are given by name."""
    model_settings: ModelSettings | None = None
    """Settings laid over those of every agent."""
    handoff_input_filter: HandoffInputFilter | None = None
    """What the next agent sees after a handoff that has no filter of its own."""
    nest_handoff_history: bool = False
    """Whether a handoff folds the conversation so far into a summary message."""
    handoff_history_mapper: HandoffHistoryMapper | None = None
    """Makes that summary; `None` for the usual one."""
    input_guardrails: list[InputGuardrail[Any]] | None = None
    """Input guardrails beside those of the first agent."""
    output_guardrails: list[OutputGuardrail[Any]] | None = None
    """Output guardrails beside those of the last agent."""
    tracing_disabled: bool = False
    """Whether the run is left out of traces."""
    tracing: TracingConfig | None = None
    """Settings of the trace."""
    trace_include_sensitive_data: bool = field(default_factory=_sensitive_data_by_default)
    """Whether traces hold inputs and outputs."""
    workflow_name: str = "Agent workflow"
    """The trace's name."""
    trace_id: str | None = None
    """The trace's id."""
    group_id: str | None = None
    """Joins traces of one conversation."""
    trace_metadata: dict[str, Any] | None = None
    """Labels of the trace."""
    session_input_callback: Callable[..., Any] | None = None
    """Joins a session's history and new input."""
    call_model_input_filter: CallModelInputFilter | None = None
    """Changes what each model call is sent, just before it is sent."""
    tool_error_formatter: ToolErrorFormatter | None = None
    """Makes the text that the model gets for tool errors."""
    session_settings: Any | None = None
    """Settings of the session."""
    reasoning_item_id_policy: ReasoningItemIdPolicy | None = None
    """Whether reasoning items keep their ids when they are sent again."""
    sandbox: Any | None = None
    """Not supported; must be `None`."""
    tool_execution: ToolExecutionConfig | None = None
    """How tools run."""
    tool_not_found_behavior: ToolNotFoundBehavior = "raise_error"
    """What happens when the model calls a tool that does not exist."""
    tool_name_collision_policy: ToolNameCollisionPolicy = "warn"
    """What happens when two tools of an agent have the same name."""
    output_guardrail_blocked_message: str | OutputGuardrailBlockedMessageFormatter | None = None
    """What stands in the place of a tool's output that an output guardrail has withheld."""

    def __post_init__(self) -> None:
        if self.sandbox is not None:
            raise UserError(f"sandbox is not supported, got {self.sandbox!r}; leave it out")
        if inspect.iscoroutinefunction(self.output_guardrail_blocked_message):
            raise ArgumentTypeError(
                f"output_guardrail_blocked_message takes a text or a synchronous function, "
                f"got {self.output_guardrail_blocked_message!r}"
            )
        if self.model_settings is not None:
            self.model_settings = as_settings(self.model_settings, "RunConfig model_settings")
        if self.tool_execution is not None:
            self.tool_execution = _as_tool_execution(self.tool_execution)
        if self.tool_name_collision_policy not in ("warn", "error"):
            raise ValueError(
                f"tool_name_collision_policy must be either 'warn' or 'error', got {self.tool_name_collision_policy!r}"
            )


def _as_tool_execution(given: Any) -> ToolExecutionConfig:
    """`given` as settings of tools; raises `ArgumentTypeError` for another type or an unknown field."""
    if isinstance(given, ToolExecutionConfig):
        return given
    known = [f.name for f in fields(ToolExecutionConfig)]
    if not isinstance(given, dict) or not set(given) <= set(known):
        raise ArgumentTypeError(
            f"tool_execution must be a ToolExecutionConfig instance or a dict with {' and '.join(known)}, got {given!r}"
        )
    return ToolExecutionConfig(**given)


def as_run_config(given: RunConfig | Mapping[str, Any] | None) -> RunConfig:
    """`given` as a `RunConfig`; raises `ArgumentTypeError` for unknown keys and for other types."""
    if given is None:
        return RunConfig()
    if isinstance(given, RunConfig):
        return given
    if isinstance(given, Mapping):
        known = [f.name for f in fields(RunConfig)]
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise ArgumentTypeError(f"run_config has unknown keys {unknown!r}; it takes {', '.join(known)}")
        return RunConfig(**given)
    raise ArgumentTypeError(f"run_config must be a RunConfig, a dict or None, got {given!r}")


@checked_by_instance
class RunOptions(TypedDict, Generic[TContext]):
    """What a run may be given beside agent and input; see `Runner.run`."""

    context: NotRequired[TContext | None]
    max_turns: NotRequired[int | None]
    hooks: NotRequired[RunHooksBase[Any, Any] | None]
    run_config: NotRequired[RunConfig | dict[str, Any] | None]
    previous_response_id: NotRequired[str | None]
    auto_previous_response_id: NotRequired[bool]
    conversation_id: NotRequired[str | None]
    session: NotRequired[Any | None]
    error_handlers: NotRequired[RunErrorHandlers[Any] | None]
    max_handoffs: NotRequired[int | None]
    approvals: NotRequired[ApprovalMode]
    on_approval: NotRequired[OnApproval | None]
    approval_timeout: NotRequired[float | None]
