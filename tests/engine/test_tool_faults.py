"""What tools can do wrong, and what the model gets then. The run goes on, and every call has its output."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import json
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
from runs import WatchedModel, assert_quiet, texts

from agentcell import Agent, FunctionTool, Runner, UserError, function_tool
from agentcell.engine.calls import MODEL_OUTPUT_LIMIT, VIEW_OUTPUT_LIMIT, capped, clean
from agentcell.models.response_events import function_call_item as call
from agentcell.stream_events import ToolFinished, ToolProgressed
from agentcell.tool import ToolOutputFileContent, ToolOutputImage, ToolOutputText

GENERIC = "An error occurred while running the tool. Please try again."


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("cannot be shown")

    __repr__ = __str__


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("cannot be shown")


class Liar(str):
    def __str__(self) -> str:
        return "lie"


def recursive() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


async def outcome(tool: FunctionTool, arguments: str = "{}") -> tuple[Any, ToolFinished, WatchedModel]:
    """The output item of one call of `tool`, its signal, and the model that was told."""
    model = WatchedModel([[call(tool.name, arguments, call_id="c1")], texts("Done.")])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[tool]), "go")
    signals = [event async for event in result.stream_events(signals=True) if isinstance(event, ToolFinished)]
    assert result.final_output == "Done."
    assert_quiet(result, model)
    assert len(signals) == 1
    item = result.new_items[1]
    sent = model.inputs[1][-1]
    assert sent == item.to_input_item()
    sent["output"].encode()  # can be sent
    json.dumps(sent)
    return item, signals[0], model


def raising(error: BaseException) -> Callable[[], str]:
    def fail() -> str:
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), UnprintableError(), SystemExit(3), RecursionError(), MemoryError(), OSError(5, "io"), KeyError()],
    ids=lambda e: type(e).__name__,
)
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_raising_tool(error: BaseException, kind: str, quiet_loop: list[Any]) -> None:
    """The model gets a neutral text, people the error's class."""
    sync = raising(error)

    async def fail() -> str:
        return sync()

    item, signal, _ = await outcome(function_tool(fail if kind == "async" else sync))
    assert item.output == GENERIC
    assert signal.status == "failed" and signal.error is not None
    assert signal.error.startswith(type(error).__name__)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (math.nan, "nan"),
        (b"\x00\xff", "b'\\x00\\xff'"),
        ({"a": math.inf}, "{'a': inf}"),
        ({1, 2}, "{1, 2}"),
        (recursive(), "[[...]]"),
        (Unprintable(), "The tool returned a Unprintable that cannot be shown: RuntimeError."),
        ("a\x00b", "a\ufffdb"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("", ""),
        (object, "<class 'object'>"),
    ],
    ids=lambda v: type(v).__name__,
)
async def test_odd_results(value: Any, text: str, quiet_loop: list[Any]) -> None:
    def odd() -> Any:
        return value

    item, signal, _ = await outcome(function_tool(odd))
    assert item.raw_item["output"] == text
    assert item.output is value or item.output == value
    assert signal.status == "completed" and signal.output == text


async def test_a_huge_output_is_capped(quiet_loop: list[Any]) -> None:
    """The model gets head and tail, the view less, the result keeps the object."""
    huge = "a" * 5_000_000 + "b" * 5_000_000

    def big() -> str:
        return huge

    item, signal, _ = await outcome(function_tool(big))
    sent = item.raw_item["output"]
    assert len(sent) < MODEL_OUTPUT_LIMIT + 100
    assert sent.startswith("aaa") and sent.endswith("bbb") and "characters left out" in sent
    assert len(signal.output) < VIEW_OUTPUT_LIMIT + 100
    assert item.output is huge


def test_capping_says_how_much_is_missing() -> None:
    assert capped("x" * 10, 10) == "x" * 10
    assert capped("abcdefghijk", 4) == "ab\n[... 7 characters left out ...]\njk"


def test_cleaning_keeps_good_text_as_it_is() -> None:
    good = "é 🎉 \n\t"
    assert clean(good) is good


BAD_ARGUMENTS = {
    "no JSON": "{not json",
    "cut": '{"a": 1',
    "a list": "[1]",
    "null": "null",
    "a text": '"a"',
    "a wrong type": '{"a": "x"}',
    "missing": "{}",
    "empty": "",
    "too deep": '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a huge number": '{"a": ' + "9" * 5000 + "}",
    "a lone surrogate": '{"a": "\\ud800"}',
}


@pytest.mark.parametrize("arguments", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
async def test_bad_arguments(arguments: str, quiet_loop: list[Any]) -> None:
    called = []

    def take(a: int) -> str:
        called.append(a)
        return "taken"

    item, signal, _ = await outcome(function_tool(take), arguments)
    assert not called
    assert item.output == GENERIC
    assert signal.status == "failed" and signal.error is not None and signal.error.startswith("ModelBehaviorError")


async def test_bad_arguments_name_the_field(quiet_loop: list[Any]) -> None:
    def take(count: int) -> str:
        return ""

    tool = function_tool(take, failure_error_function=lambda ctx, error: str(error))
    item, _, _ = await outcome(tool, '{"count": "many"}')
    assert "count" in item.output


async def test_duplicate_keys(quiet_loop: list[Any]) -> None:
    """The last one counts, as JSON readers agree."""

    def take(a: int) -> str:
        return str(a)

    item, _, _ = await outcome(function_tool(take), '{"a": 1, "a": 2}')
    assert item.output == "2"


async def test_rich_results_are_cleaned_and_capped(quiet_loop: list[Any]) -> None:
    """Texts are, data is not; the view gets the kind of an image, not its bytes."""
    data = "data:image/png;base64," + "A" * 300_000

    def show() -> Any:
        return [
            ToolOutputText(text="a\x00\ud800" + "b" * 600_000),
            ToolOutputImage(image_url=data),
            ToolOutputFileContent(file_id="file-1", filename="a.txt"),
        ]

    tool = function_tool(show)
    model = WatchedModel([[call("show", {}, call_id="c1")], texts("Done.")])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[tool]), "go")
    signals = [event async for event in result.stream_events(signals=True) if isinstance(event, ToolFinished)]
    text, image, file = model.inputs[1][-1]["output"]
    assert text["text"].startswith("a\ufffd?bbb") and len(text["text"]) < MODEL_OUTPUT_LIMIT + 100
    assert image == {"type": "input_image", "image_url": data}
    assert file == {"type": "input_file", "file_id": "file-1", "filename": "a.txt"}
    shown = signals[0].output
    assert len(shown) < VIEW_OUTPUT_LIMIT + 100
    assert shown.endswith("[image: data:image/png;base64]\n[file: a.txt]")
    json.dumps(model.inputs[1])


async def test_a_slow_tool_is_a_failure_for_people(quiet_loop: list[Any]) -> None:
    seen: list[str] = []

    async def hang() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return ""

    item, signal, _ = await outcome(function_tool(hang, timeout=0.001))
    assert item.output == "Tool 'hang' timed out after 0.001 seconds."
    assert signal.status == "failed" and signal.error is not None
    assert signal.error.startswith("ToolTimeoutError") and seen == ["cancelled"]


async def test_a_sync_tool_may_raise_stop_iteration(quiet_loop: list[Any]) -> None:
    """A future cannot carry it; the call must not hang."""

    def first() -> Any:
        return next(iter([]))

    item, signal, _ = await outcome(function_tool(first))
    assert item.output == GENERIC and signal.error is not None and "StopIteration" in signal.error


async def test_a_tool_that_cancels_itself_does_not_end_the_run(quiet_loop: list[Any]) -> None:
    async def odd() -> str:
        raise asyncio.CancelledError

    item, signal, _ = await outcome(function_tool(odd))
    assert item.output == GENERIC and signal.status == "failed"
    tool = function_tool(odd, failure_error_function=None)
    with pytest.raises(UserError, match="Tool execution cancelled"):
        await Runner.run(Agent(name="A", model=WatchedModel([[call("odd", {}, call_id="c1")]]), tools=[tool]), "go")


async def test_an_error_that_cannot_be_shown_still_ends_the_run_with_its_name(quiet_loop: list[Any]) -> None:
    tool = function_tool(raising(UnprintableError()), failure_error_function=None)
    model = WatchedModel([[call("fail", {}, call_id="c1")]])
    with pytest.raises(UserError, match="UnprintableError that cannot be shown"):
        await Runner.run(Agent(name="A", model=model, tools=[tool]), "go")


async def test_an_error_function_that_fails_ends_the_run(quiet_loop: list[Any]) -> None:
    def worse(ctx: Any, error: Exception) -> str:
        raise LookupError("worse")

    tool = function_tool(raising(ValueError("x")), failure_error_function=worse)
    model = WatchedModel([[call("fail", {}, call_id="c1")], texts("Done.")])
    with pytest.raises(UserError, match="worse"):
        await Runner.run(Agent(name="A", model=model, tools=[tool]), "go")


async def test_an_asynchronous_error_function(quiet_loop: list[Any]) -> None:
    async def text(ctx: Any, error: Exception) -> str:
        await asyncio.sleep(0)
        return f"{type(error).__name__} in {ctx.tool_name}"

    item, _, _ = await outcome(function_tool(raising(SystemExit(1)), failure_error_function=text))
    assert item.output == "RuntimeError in fail"


async def test_a_fatal_tool_cancels_and_records_its_siblings(quiet_loop: list[Any]) -> None:
    seen: list[str] = []
    waiting = asyncio.Event()

    @function_tool
    async def sibling() -> str:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("sibling cancelled")
        return ""

    @function_tool
    def quick() -> str:
        return "quick result"

    @function_tool(failure_error_function=None)
    async def fatal() -> str:
        await waiting.wait()
        raise ValueError("no way")

    calls = [call(name, {}, call_id=f"c_{name}") for name in ("sibling", "quick", "fatal")]
    model = WatchedModel([calls])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[sibling, quick, fatal]), "go")
    with pytest.raises(UserError, match="Error running tool fatal: no way"):
        async for _ in result:
            pass
    assert seen == ["sibling cancelled"]
    outputs = {item.call_id: item.output for item in result.new_items if item.type == "tool_call_output_item"}
    assert "unknown" in outputs["c_sibling"] and "no way" in outputs["c_fatal"]
    assert outputs.keys() == {"c_sibling", "c_quick", "c_fatal"}
    assert_quiet(result, model)


async def test_a_sync_tool_does_not_hold_up_the_end(quiet_loop: list[Any]) -> None:
    """Its thread goes on; the run does not wait for it."""
    running, release, finished = threading.Event(), threading.Event(), threading.Event()

    @function_tool
    def stubborn() -> str:
        running.set()
        release.wait(10)
        finished.set()
        return "late"

    model = WatchedModel([[call("stubborn", {}, call_id="c1")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[stubborn]), "go")
    await asyncio.to_thread(running.wait)
    result.cancel()
    await result.aclose()
    assert result.status == "stopped" and not finished.is_set()
    assert_quiet(result, model)
    release.set()
    await asyncio.to_thread(finished.wait)


async def test_sync_tools_run_at_the_same_time_outside_the_loop(quiet_loop: list[Any]) -> None:
    together = threading.Barrier(3, timeout=10)

    @function_tool
    def meet(name: str) -> str:
        together.wait()
        return threading.current_thread().name

    model = WatchedModel([[call("meet", {"name": n}, call_id=n) for n in "abc"], texts("Done.")])
    result = await Runner.run(Agent(name="A", model=model, tools=[meet]), "go")
    outputs = [i.output for i in result.new_items if i.type == "tool_call_output_item"]
    assert threading.current_thread().name not in outputs and len(set(outputs)) == 3


who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_tools_get_the_callers_context_variables(kind: str, quiet_loop: list[Any]) -> None:
    seen: list[str] = []

    def look() -> str:
        seen.append(who.get())
        return ""

    async def look_too() -> str:
        return look()

    tool = function_tool(look if kind == "sync" else look_too, name_override="look")
    model = WatchedModel([[call("look", {}, call_id="c1")], texts("Done.")])
    who.set("Ann")
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[tool]), "go")
    who.set("Bob")
    await result
    assert seen == ["Ann"]


async def test_a_callable_object_and_a_partial(quiet_loop: list[Any]) -> None:
    class Adder:
        async def __call__(self, a: int) -> int:
            return a + 1

    item, _, _ = await outcome(function_tool(Adder(), name_override="adder"), '{"a": 1}')
    assert item.output == 2

    def add(a: int, b: int) -> int:
        return a + b

    item, _, _ = await outcome(function_tool(functools.partial(add, b=3), name_override="add"), '{"a": 1}')
    assert item.output == 4


async def test_progress_goes_out_at_once(quiet_loop: list[Any]) -> None:
    """Also from a tool's own thread; nothing of it reaches the model."""
    from agentcell.tool_context import ToolContext

    def work(ctx: ToolContext[Any]) -> str:
        ctx.progress("half", 0.5)
        return "whole"

    work.__annotations__ = {"ctx": ToolContext, "return": str}
    model = WatchedModel([[call("work", {}, call_id="c1")], texts("Done.")])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[function_tool(work)]), "go")
    events = [event async for event in result.stream_events(signals=True)]
    kinds = [type(event).__name__ for event in events]
    at = kinds.index("ToolProgressed")
    assert events[at] == ToolProgressed("c1", "half", 0.5)
    assert kinds.index("ToolStarted") < at < kinds.index("ToolFinished")


def test_progress_outside_of_a_run_does_nothing() -> None:
    from agentcell.tool_context import ToolContext

    ToolContext(context=None).progress("nobody listens", 0.1)
