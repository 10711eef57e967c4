"""Tools: functions that a model may call.

`function_tool` turns a Python function into a `FunctionTool`. A call goes: the model's JSON -> validation by the
function's own pydantic model -> the function (a synchronous one in a thread, with the caller's context variables) ->
whatever it returns. An exception becomes a text for the model through `failure_error_function`, or ends the run when
that is `None`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, overload

from .exceptions import AgentsException, ArgumentTypeError, ModelBehaviorError, UserError
from .function_schema import DocstringStyle, FuncSchema, function_schema
from .run_context import RunContextWrapper
from .strict_schema import ensure_strict_json_schema

if TYPE_CHECKING:
    from .agent import Agent
    from .tool_context import ToolContext

ToolErrorFunction = Callable[[RunContextWrapper[Any], Exception], "str | Awaitable[str]"]
"""Makes the text that the model gets when a tool has failed."""

_UNSET = cast(Any, object())


def default_tool_error_function(ctx: RunContextWrapper[Any], error: Exception) -> str:
    """The text a model gets for a failed tool; the exception itself stays with the people who read the run."""
    return "An error occurred while running the tool. Please try again."


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
    is_enabled: bool | Callable[[RunContextWrapper[Any], Agent[Any]], bool | Awaitable[bool]] = True
    """Whether the model sees the tool, decided at each turn."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ArgumentTypeError(f"a tool's name must be a text, got {self.name!r}")
        if self.strict_json_schema:
            self.params_json_schema = ensure_strict_json_schema(self.params_json_schema)


Tool = FunctionTool
"""Any tool an agent can have."""


@overload
def function_tool(
    func: Callable[..., Any],
    *,
    name_override: str | None = None,
    description_override: str | None = None,
    docstring_style: DocstringStyle | None = None,
    use_docstring_info: bool = True,
    failure_error_function: ToolErrorFunction | None = None,
    strict_mode: bool = True,
    is_enabled: bool | Callable[[RunContextWrapper[Any], Agent[Any]], bool | Awaitable[bool]] = True,
) -> FunctionTool: ...
@overload
def function_tool(
    func: None = None,
    *,
    name_override: str | None = None,
    description_override: str | None = None,
    docstring_style: DocstringStyle | None = None,
    use_docstring_info: bool = True,
    failure_error_function: ToolErrorFunction | None = None,
    strict_mode: bool = True,
    is_enabled: bool | Callable[[RunContextWrapper[Any], Agent[Any]], bool | Awaitable[bool]] = True,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...
def function_tool(
    func: Callable[..., Any] | None = None,
    *,
    name_override: str | None = None,
    description_override: str | None = None,
    docstring_style: DocstringStyle | None = None,
    use_docstring_info: bool = True,
    failure_error_function: ToolErrorFunction | None = _UNSET,
    strict_mode: bool = True,
    is_enabled: bool | Callable[[RunContextWrapper[Any], Agent[Any]], bool | Awaitable[bool]] = True,
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
    """

    def make(function: Callable[..., Any]) -> FunctionTool:
        if not callable(function):
            raise ArgumentTypeError(f"function_tool makes a tool of a function, got {function!r}")
        schema = function_schema(
            function,
            docstring_style=docstring_style,
            name_override=name_override,
            description_override=description_override,
            use_docstring_info=use_docstring_info,
            strict_json_schema=strict_mode,
        )
        on_error = default_tool_error_function if failure_error_function is _UNSET else failure_error_function

        async def invoke(ctx: ToolContext[Any], input: str) -> Any:
            try:
                return await _call(function, schema, ctx, input)
            except (Exception, SystemExit) as error:
                return await _failure(on_error, schema.name, ctx, error)

        return FunctionTool(
            name=schema.name,
            description=schema.description or "",
            params_json_schema=schema.params_json_schema,
            on_invoke_tool=invoke,
            strict_json_schema=strict_mode,
            is_enabled=is_enabled,
        )

    return make if func is None else make(func)


async def _call(function: Callable[..., Any], schema: FuncSchema, ctx: ToolContext[Any], input: str) -> Any:
    """Validate the JSON text and run the function on it."""
    arguments = parse_arguments(schema.name, input)
    try:
        data = schema.params_pydantic_model(**arguments)
    except Exception as error:
        raise ModelBehaviorError(f"Invalid JSON input for tool {schema.name}: {error}") from error
    positional, keyword = schema.to_call_args(data)
    if schema.takes_context:
        positional.insert(0, ctx)
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):
        return await function(*positional, **keyword)
    result = await asyncio.to_thread(function, *positional, **keyword)
    return await result if inspect.isawaitable(result) else result


def parse_arguments(tool_name: str, input: str) -> dict[str, Any]:
    """The arguments of a call as a dictionary; an empty text means none.

    Raises `ModelBehaviorError` when the text is not a JSON object or nested too deeply to be read.
    """
    if not input.strip():
        return {}
    try:
        arguments = json.loads(input)
    except (ValueError, RecursionError) as error:
        raise ModelBehaviorError(f"Invalid JSON input for tool {tool_name}: {error}") from error
    if not isinstance(arguments, dict):
        raise ModelBehaviorError(
            f"Invalid JSON input for tool {tool_name}: expected an object, got {type(arguments).__name__}"
        )
    return arguments


async def _failure(on_error: ToolErrorFunction | None, name: str, ctx: ToolContext[Any], error: BaseException) -> Any:
    """The text for the model, or the error that ends the run."""
    ctx.failure = error
    known = error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
    if on_error is None:
        if isinstance(known, AgentsException):
            raise known
        raise UserError(f"Error running tool {name}: {known}") from known
    text = on_error(ctx, known)
    return await text if inspect.isawaitable(text) else text
