"""Running a function tool: from the model's JSON to a result, an error text, or an error that ends the run.

A call goes: JSON -> validation by the function's own pydantic model -> the function -> its declared type, if any. What
fails on the way becomes a text for the model, unless the tool's failure function is `None`. A synchronous function
runs in a thread of its own, with the caller's context variables: nothing can stop it, so the thread is a daemon that
nobody waits for when the call is cancelled. A timeout cancels the call like any other cancellation would.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import itertools
import json
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

import agentcell as ac

from .exceptions import AgentsException, ModelBehaviorError, ToolTimeoutError, UserError
from .function_schema import FuncSchema
from .run_config import ToolErrorFormatter, ToolErrorFormatterArgs
from .run_context import RunContextWrapper
from .tool_context import ToolContext
from .tool_outputs import fitting_output, output_text

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("agentcell")

ToolErrorFunction = Callable[[RunContextWrapper[Any], Exception], "str | Awaitable[str]"]
"""Makes the text that the model gets when a tool has failed."""

UNSET = cast(Any, object())
"""Stands for a failure function that nobody gave: the standard text, which the run's formatter may replace."""

_threads = itertools.count(1)


def default_tool_error_function(ctx: RunContextWrapper[Any], error: Exception) -> str:
    """The text a model gets for a failed tool; the exception itself stays with the people who read the run."""
    return "An error occurred while running the tool. Please try again."


def default_tool_timeout_error_message(*, tool_name: str, timeout_seconds: float) -> str:
    """The text a model gets for a tool that took too long."""
    return f"Tool '{tool_name}' timed out after {timeout_seconds:g} seconds."


class ToolCancelledItself(Exception):
    """A tool raised `CancelledError` although nobody had cancelled it."""

    def __init__(self) -> None:
        super().__init__("Tool execution cancelled.")


async def call_function(
    function: Callable[..., Any],
    schema: FuncSchema,
    ctx: ToolContext[Any],
    input: str,
    adapter: TypeAdapter[Any] | None = None,
) -> Any:
    """Validate the JSON text and run the function on it; the result fits `adapter`, when there is one.

    Raises `ModelBehaviorError` for arguments that do not fit, and whatever the function raises.
    """
    arguments = parse_arguments(schema.name, input)
    try:
        data = schema.params_pydantic_model(**arguments)
    except Exception as error:
        raise ModelBehaviorError(f"Invalid JSON input for tool {schema.name}: {error}") from error
    positional, keyword = schema.to_call_args(data)
    if schema.takes_context:
        positional.insert(0, ctx)
    if is_async(function):
        result = await function(*positional, **keyword)
    else:
        ctx.in_thread = True
        result = await in_thread(lambda: function(*positional, **keyword))
        ctx.in_thread = False
        if inspect.isawaitable(result):
            result = await result
    return result if adapter is None else fitting_output(result, adapter)


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling the function gives a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))


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


async def in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a daemon thread of its own and return what it returns; a cancelled wait leaves it running."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if ended.done():
            return
        if error is None:
            ended.set_result(result)
        elif isinstance(error, StopIteration):
            ended.set_exception(RuntimeError(f"the tool raised {error!r}"))
        else:
            ended.set_exception(error)

    def body() -> None:
        result: Any = None
        failure: BaseException | None = None
        try:
            result = work()
        except BaseException as error:
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(body,), daemon=True)
    thread.name = f"agentcell-tool-{next(_threads)}"
    thread.start()
    return await ended


def being_cancelled() -> bool:
    """Whether somebody has cancelled the current task, so that a `CancelledError` is not the tool's own idea."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def failure_output(on_error: ToolErrorFunction | None, name: str, ctx: ToolContext[Any], error: Any) -> Any:
    """The text for the model, or the error that ends the run."""
    known = error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
    ctx.failure = error
    if on_error is None:
        if isinstance(known, AgentsException):
            raise known
        raise UserError(f"Error running tool {name}: {output_text(known)}") from known
    if on_error is not UNSET:
        text = on_error(ctx, known)
        return await text if inspect.isawaitable(text) else text
    default = default_tool_error_function(ctx, known)
    formatter = ctx.run_config.tool_error_formatter if ctx.run_config is not None else None
    if formatter is None or isinstance(known, ToolCancelledItself):
        return default
    args = ToolErrorFormatterArgs(
        "tool_exception", "function", ctx.qualified_tool_name, ctx.tool_call_id, default, ctx, known
    )
    return await formatted(formatter, args)


async def formatted(formatter: ToolErrorFormatter | None, args: ToolErrorFormatterArgs[Any]) -> str:
    """What a run's formatter makes of a tool error; the default when it has nothing to say, or fails."""
    if formatter is None:
        return args.default_message
    try:
        found: Any = formatter(args)
        text = await found if inspect.isawaitable(found) else found
    except Exception:
        logger.exception("tool_error_formatter failed for the tool %r; the default text is used", args.tool_name)
        return args.default_message
    if text is None or isinstance(text, str):
        return args.default_message if text is None else text
    logger.error("tool_error_formatter must return a text or None, got %r; the default text is used", text)
    return args.default_message


async def invoke_function_tool(*, function_tool: ac.FunctionTool, context: ToolContext[Any], arguments: str) -> Any:
    """Run a tool on the model's JSON text, within its timeout.

    Raises `ToolTimeoutError` when the tool took too long and is to raise then, and whatever the tool raises.
    """
    seconds = function_tool.timeout_seconds
    if seconds is None:
        return await function_tool.on_invoke_tool(context, arguments)
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await function_tool.on_invoke_tool(context, arguments)
    except TimeoutError as error:
        if not limit.expired():  # the tool's own
            raise
        failure = ToolTimeoutError(function_tool.name, seconds)
        if function_tool.timeout_behavior == "raise_exception":
            raise failure from error
    context.failure = failure
    on_timeout = function_tool.timeout_error_function
    if on_timeout is None:
        return default_tool_timeout_error_message(tool_name=function_tool.name, timeout_seconds=seconds)
    text = on_timeout(context, failure)
    return await text if inspect.isawaitable(text) else text
