"""Tools: functions that a model may call.

`function_tool` turns a Python function into a `FunctionTool`: name, description and the JSON schema of the arguments
come from signature and docstring. How a call runs is told in `tool_invocation`, what becomes of its result in
`tool_outputs`.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Concatenate, Literal, ParamSpec, Union, Unpack, overload

from pydantic import BaseModel, TypeAdapter
from typing_extensions import TypedDict

import agentcell as ac

from .exceptions import ArgumentTypeError, ModelBehaviorError, UserError
from .function_schema import DocstringStyle, FuncSchema, function_schema
from .instances import checked_by_instance
from .items import RunItem
from .run_context import RunContextWrapper
from .strict_schema import ensure_strict_json_schema
from .tool_context import ToolContext
from .tool_guardrails import ToolInputGuardrail, ToolOutputGuardrail
from .tool_invocation import (
    UNSET,
    ToolCancelledItself,
    ToolErrorFunction,
    being_cancelled,
    call_function,
    default_tool_error_function,
    default_tool_timeout_error_message,
    failure_output,
    invoke_function_tool,
    is_async,
    parse_arguments,
)
from .tool_origin import FUNCTION_ORIGIN, ToolOrigin, ToolOriginType
from .tool_outputs import (
    ToolOutputFileContent,
    ToolOutputFileContentDict,
    ToolOutputImage,
    ToolOutputImageDict,
    ToolOutputText,
    ToolOutputTextDict,
)

ToolParams = ParamSpec("ToolParams")
"""The parameters of a function, as far as the model gives them."""
ToolFunctionWithoutContext = Callable[ToolParams, Any]
"""A function of the model's arguments alone."""
ToolFunctionWithContext = Callable[Concatenate[RunContextWrapper[Any], ToolParams], Any]
"""A function that gets the run's context first."""
ToolFunctionWithToolContext = Callable[Concatenate["ToolContext[Any]", ToolParams], Any]
"""A function that gets the context of its call first."""
ToolFunction = Union[
    ToolFunctionWithoutContext[ToolParams], ToolFunctionWithContext[ToolParams], ToolFunctionWithToolContext[ToolParams]
]
"""A function that can become a tool."""
ValidToolOutputPydanticModels = Union[ToolOutputText, ToolOutputImage, ToolOutputFileContent]
"""Rich content that a tool may return as an object."""
ToolTimeoutBehavior = Literal["error_as_result", "raise_exception"]
"""What happens when a tool takes too long: a text for the model, or the end of the run."""
ToolCaller = Literal["direct", "programmatic"]
"""Who may call a tool: the model, or a program that the model wrote."""
IsEnabled = bool | Callable[[RunContextWrapper[Any], "ac.Agent[Any]"], "bool | Awaitable[bool]"]
"""Whether the model sees a tool, or a function that decides it at each turn."""
NeedsApproval = bool | Callable[[RunContextWrapper[Any], dict[str, Any], str], Awaitable[bool]]
"""Whether a person must agree first, or a function of (context, arguments, call id) that says so."""


@dataclass(frozen=True)
class FunctionToolCustomDataContext:
    """What a `custom_data_extractor` gets."""

    tool_context: ToolContext[Any]
    """The call."""
    tool: FunctionTool
    """The tool."""
    output: Any
    """What the tool returned, or the text that took its place."""
    raw_item: Mapping[str, Any]
    """The output as the model gets it."""


FunctionToolCustomDataExtractor = Callable[
    [FunctionToolCustomDataContext], "Mapping[str, Any] | Awaitable[Mapping[str, Any] | None] | None"
]
"""Makes data for the application, which stay on the output's item and never reach the model."""


@checked_by_instance
@dataclass
class FunctionTool:
    """A tool that runs in this process."""

    name: str
    """The name the model calls."""
    description: str
    """What the tool does, for the model."""
    params_json_schema: dict[str, Any]
    """JSON schema of the arguments."""
    on_invoke_tool: Callable[[ToolContext[Any], str], Awaitable[Any]]
    """Runs the tool on the model's JSON text and returns the result."""
    strict_json_schema: bool = True
    """Whether the schema is in strict form, so that the model must follow it exactly."""
    is_enabled: IsEnabled = True
    """Whether the model sees the tool, decided at each turn."""
    tool_input_guardrails: list[ToolInputGuardrail[Any]] | None = None
    """Checks of each call before it runs."""
    tool_output_guardrails: list[ToolOutputGuardrail[Any]] | None = None
    """Checks of each result."""
    needs_approval: NeedsApproval = False
    """Whether a person must agree to each call."""
    timeout_seconds: float | None = None
    """How long a call may take."""
    timeout_behavior: ToolTimeoutBehavior = "error_as_result"
    """What happens when it takes longer."""
    timeout_error_function: ToolErrorFunction | None = None
    """Makes the text for the model then; the standard text when not given."""
    defer_loading: bool = False
    """Whether the model sees the tool only after it has searched for it."""
    custom_data_extractor: FunctionToolCustomDataExtractor | None = field(default=None, kw_only=True)
    """Makes the `custom_data` of the output's item."""
    allowed_callers: list[ToolCaller] | None = field(default=None, kw_only=True)
    """Who may call the tool; everybody when not given."""
    output_json_schema: dict[str, Any] | None = field(default=None, kw_only=True)
    """JSON schema of the result, which the model gets as JSON then."""
    _output_adapter: TypeAdapter[Any] | None = field(default=None, kw_only=True, repr=False)
    _namespace: str | None = field(default=None, kw_only=True, repr=False)
    _namespace_description: str | None = field(default=None, kw_only=True, repr=False)
    _origin: ToolOrigin = field(default=FUNCTION_ORIGIN, kw_only=True, repr=False)
    _title: str | None = field(default=None, kw_only=True, repr=False)
    _arguments_model: type[BaseModel] | None = field(default=None, kw_only=True, repr=False)
    _agent: ac.Agent[Any] | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ArgumentTypeError(f"a tool's name must be a text, got {self.name!r}")
        if self.strict_json_schema:
            self.params_json_schema = ensure_strict_json_schema(self.params_json_schema)
        self.timeout_seconds = _seconds(self.timeout_seconds)
        if self.timeout_behavior not in ("error_as_result", "raise_exception"):
            raise ValueError(
                f"timeout_behavior must be one of: error_as_result, raise_exception; got {self.timeout_behavior!r}"
            )
        if self.timeout_error_function is not None and not callable(self.timeout_error_function):
            raise ArgumentTypeError(
                f"timeout_error_function must be callable or None, got {self.timeout_error_function!r}"
            )
        _check_callers(self.name, self.allowed_callers)
        if self.output_json_schema is not None:
            self.output_json_schema = _object_schema(self.output_json_schema)

    def check_arguments(self, arguments: str) -> None:
        """Raise `ModelBehaviorError` when the JSON text does not fit the tool's parameters, without running it.

        Tools of functions are checked in full, others as far as names go.
        """
        given = parse_arguments(self.name, arguments)
        if self._arguments_model is not None:
            try:
                self._arguments_model(**given)
            except ValueError as error:
                raise ModelBehaviorError(str(error)) from error
            return
        schema = self.params_json_schema
        missing = sorted(set(schema.get("required", ())) - set(given))
        unknown = sorted(set(given) - set(schema.get("properties", ())))
        if missing:
            raise ModelBehaviorError(f"the arguments {missing} are missing")
        if unknown and schema.get("additionalProperties") is False:
            raise ModelBehaviorError(f"the tool takes no {unknown}; it takes {sorted(schema.get('properties', ()))}")

    @property
    def qualified_name(self) -> str:
        """The tool's name with its namespace, when it has one."""
        return f"{self._namespace}.{self.name}" if self._namespace else self.name

    @property
    def mcp_annotations(self) -> Any:
        """What an MCP server says about the tool; `None` for other tools."""
        return None


Tool = FunctionTool
"""Any tool an agent can have."""


@dataclass
class FunctionToolResult:
    """What one call of a turn has led to, for `tool_use_behavior`."""

    tool: FunctionTool
    """The tool."""
    output: Any
    """What it returned, or the text that took its place."""
    run_item: RunItem | None
    """The output's item."""
    interruptions: list[Any] = field(default_factory=list)
    """The approvals that a nested run waits for."""
    agent_run_result: Any = None
    """The result of the nested run, when the tool is an agent."""


class FunctionToolOptions(TypedDict, total=False):
    """The options of `function_tool`."""

    name_override: str | None
    description_override: str | None
    docstring_style: DocstringStyle | None
    use_docstring_info: bool
    failure_error_function: ToolErrorFunction | None
    strict_mode: bool
    is_enabled: IsEnabled
    needs_approval: NeedsApproval
    tool_input_guardrails: list[ToolInputGuardrail[Any]] | None
    tool_output_guardrails: list[ToolOutputGuardrail[Any]] | None
    timeout: float | None
    timeout_behavior: ToolTimeoutBehavior
    timeout_error_function: ToolErrorFunction | None
    defer_loading: bool
    custom_data_extractor: FunctionToolCustomDataExtractor | None
    allowed_callers: list[ToolCaller] | None
    output_type: Any
    output_json_schema: dict[str, Any] | None


@overload
def function_tool(func: Callable[..., Any], **options: Unpack[FunctionToolOptions]) -> FunctionTool: ...
@overload
def function_tool(
    func: None = None, **options: Unpack[FunctionToolOptions]
) -> Callable[[Callable[..., Any]], FunctionTool]: ...
def function_tool(
    func: Callable[..., Any] | None = None,
    *,
    name_override: str | None = None,
    description_override: str | None = None,
    docstring_style: DocstringStyle | None = None,
    use_docstring_info: bool = True,
    failure_error_function: ToolErrorFunction | None = UNSET,
    strict_mode: bool = True,
    is_enabled: IsEnabled = True,
    needs_approval: NeedsApproval = False,
    tool_input_guardrails: list[ToolInputGuardrail[Any]] | None = None,
    tool_output_guardrails: list[ToolOutputGuardrail[Any]] | None = None,
    timeout: float | None = None,
    timeout_behavior: ToolTimeoutBehavior = "error_as_result",
    timeout_error_function: ToolErrorFunction | None = None,
    defer_loading: bool = False,
    custom_data_extractor: FunctionToolCustomDataExtractor | None = None,
    allowed_callers: list[ToolCaller] | None = None,
    output_type: Any | None = None,
    output_json_schema: dict[str, Any] | None = None,
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Make a tool of a function, as a decorator with or without arguments.

    Name, description and the strict JSON schema of the arguments come from signature and docstring. A first parameter
    annotated with `RunContextWrapper` or `ToolContext` gets the run's context and is not shown to the model.

    Args:
        func: the function; synchronous ones run in a thread.
        name_override: the tool's name instead of the function's.
        description_override: the description instead of the docstring's.
        docstring_style: google, numpy or sphinx; recognised when not given.
        use_docstring_info: whether the docstring is read at all.
        failure_error_function: makes the text the model gets when the function raises; `None` ends the run instead.
        strict_mode: whether the schema is made strict.
        is_enabled: whether the model sees the tool, or a function that decides it at each turn.
        timeout: how long a call may take, in seconds; for asynchronous functions only.
        output_type: the type of the result: a pydantic model, dataclass or TypedDict. The model gets JSON then.
        output_json_schema: the JSON schema of the result instead of `output_type`.

    The other options become the fields of the `FunctionTool` that have their names.

    Raises `UserError` when no schema can be made, `ValueError` for a timeout that is impossible.
    """
    fields: dict[str, Any] = {
        "strict_json_schema": strict_mode,
        "is_enabled": is_enabled,
        "needs_approval": needs_approval,
        "tool_input_guardrails": tool_input_guardrails,
        "tool_output_guardrails": tool_output_guardrails,
        "timeout_seconds": timeout,
        "timeout_behavior": timeout_behavior,
        "timeout_error_function": timeout_error_function,
        "defer_loading": defer_loading,
        "custom_data_extractor": custom_data_extractor,
        "allowed_callers": allowed_callers,
        "output_json_schema": output_json_schema,
    }

    def make(function: Callable[..., Any]) -> FunctionTool:
        if not callable(function):
            raise ArgumentTypeError(f"function_tool makes a tool of a function, got {function!r}")
        schema = function_schema(
            function, docstring_style, name_override, description_override, use_docstring_info, strict_mode
        )
        return _tool(function, schema, failure_error_function, output_type, fields)

    return make if func is None else make(func)


def _tool(
    function: Callable[..., Any],
    schema: FuncSchema,
    on_error: ToolErrorFunction | None,
    output_type: Any,
    fields: Mapping[str, Any],
) -> FunctionTool:
    """The tool that calls a function whose schema is known."""
    adapter, output_schema = _declared(
        output_type, fields["output_json_schema"], schema.return_annotation, fields["allowed_callers"]
    )

    async def invoke(ctx: ToolContext[Any], input: str) -> Any:
        try:
            return await call_function(function, schema, ctx, input, adapter)
        except asyncio.CancelledError:
            if being_cancelled():
                raise
            error: BaseException = ToolCancelledItself()
        except (Exception, SystemExit) as raised:
            error = raised
        return await failure_output(on_error, schema.name, ctx, error)

    made = FunctionTool(
        schema.name,
        schema.description or "",
        schema.params_json_schema,
        invoke,
        **{**fields, "output_json_schema": output_schema},
        _output_adapter=adapter,
        _arguments_model=schema.params_pydantic_model,
    )
    if made.timeout_seconds is not None and not is_async(function):
        raise ValueError(
            f"tool {made.name!r}: a timeout is only supported for async functions, because nothing can stop a "
            "thread; make the function async, or leave the timeout out"
        )
    return made


def tool_namespace(*, name: str, description: str | None, tools: list[FunctionTool]) -> list[FunctionTool]:
    """Copies of the tools in a namespace: the model sees them together, under one name and description.

    Raises `UserError` for an empty name or description, and for anything but function tools.
    """
    for what, text in (("namespace name", name), ("description", description)):
        if not isinstance(text, str) or not text.strip():
            raise UserError(f"tool_namespace() requires a non-empty {what}, got {text!r}")
    space = name.strip()
    for tool in tools:
        if not isinstance(tool, FunctionTool):
            raise UserError(f"tool_namespace() only supports FunctionTool instances, got {tool!r}")
        if tool.name == space:
            raise UserError(
                f"tool_namespace(): the namespace {space!r} and its tool {tool.name!r} must have different names"
            )
    return [replace(tool, _namespace=space, _namespace_description=description) for tool in tools]


def get_function_tool_origin(function_tool: FunctionTool) -> ToolOrigin | None:
    """Where a tool came from."""
    return function_tool._origin


def _seconds(given: Any) -> float | None:
    """A timeout; raises `ArgumentTypeError` for what is no number and `ValueError` for impossible ones."""
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise ArgumentTypeError(f"a tool's timeout must be a positive number of seconds or None, got {given!r}")
    if not math.isfinite(given) or given <= 0:
        raise ValueError(f"a tool's timeout must be a finite number of seconds greater than 0, got {given!r}")
    return float(given)


def _check_callers(tool_name: str, given: Sequence[Any] | None) -> None:
    if given is None:
        return
    if not isinstance(given, list) or not given:
        raise UserError(
            f"Tool {tool_name!r}: allowed_callers must be a list with 'direct', 'programmatic' or both, got {given!r}"
        )
    for caller in given:
        if caller not in ("direct", "programmatic"):
            raise UserError(f"Tool {tool_name!r}: allowed_callers takes 'direct' and 'programmatic', got {caller!r}")
    if len(set(given)) < len(given):
        raise UserError(f"Tool {tool_name!r}: allowed_callers names a caller twice: {given!r}")


def _object_schema(schema: Any) -> dict[str, Any]:
    """A strict JSON schema of an object; raises `UserError` for other schemas."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise UserError(f"Function tool output_json_schema must define a JSON object schema, got {schema!r}")
    return ensure_strict_json_schema(copy.deepcopy(schema))


def _declared(
    output_type: Any, schema: Any, annotation: Any, callers: list[ToolCaller] | None
) -> tuple[TypeAdapter[Any] | None, dict[str, Any] | None]:
    """The validator and JSON schema of a tool's declared result, as far as there are any.

    A tool that programs call declares its result by its return annotation, too, unless that is a text or anything.
    """
    if output_type is not None and schema is not None:
        raise UserError("output_type and output_json_schema cannot both be provided.")
    if output_type is None and schema is not None:
        return None, schema
    declared, what = output_type, "output_type"
    by_programs = isinstance(callers, list) and "programmatic" in callers
    if declared is None and by_programs and annotation not in (str, Any, None, type(None), inspect.Signature.empty):
        declared, what = annotation, "the return annotation of a programmatic tool"
    if declared is None:
        return None, None
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(declared)
        return adapter, _object_schema(adapter.json_schema(mode="serialization"))
    except Exception as error:
        raise UserError(
            f"{what} must be a pydantic model, TypedDict or dataclass with a strict JSON schema, got {declared!r}; "
            "or give output_json_schema"
        ) from error


__all__ = [
    "FunctionTool",
    "FunctionToolCustomDataContext",
    "FunctionToolCustomDataExtractor",
    "FunctionToolOptions",
    "FunctionToolResult",
    "Tool",
    "ToolCaller",
    "ToolErrorFunction",
    "ToolFunction",
    "ToolFunctionWithContext",
    "ToolFunctionWithToolContext",
    "ToolFunctionWithoutContext",
    "ToolOrigin",
    "ToolOriginType",
    "ToolOutputFileContent",
    "ToolOutputFileContentDict",
    "ToolOutputImage",
    "ToolOutputImageDict",
    "ToolOutputText",
    "ToolOutputTextDict",
    "ToolParams",
    "ToolTimeoutBehavior",
    "ValidToolOutputPydanticModels",
    "default_tool_error_function",
    "default_tool_timeout_error_message",
    "function_tool",
    "get_function_tool_origin",
    "invoke_function_tool",
    "tool_namespace",
]
