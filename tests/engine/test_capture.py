"""What tools write: it appears in their own calls, and still goes where it went."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import sys
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from runs import WatchedModel, assert_quiet, texts

from agentcell import Agent, ArgumentTypeError, Runner, ToolContext, UserError, function_tool
from agentcell.engine import capture
from agentcell.models.response_events import function_call_item as call
from agentcell.stream_events import NestedEvent, ToolFinished, ToolPrinted, ToolProgressed, ToolStarted


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """After every test everything stands where it stood."""
    before = (sys.stdout, sys.stderr, logging.Logger.callHandlers, warnings.showwarning)
    yield
    assert not capture.is_capturing()
    assert (sys.stdout, sys.stderr, logging.Logger.callHandlers, warnings.showwarning) == before


async def events_of(*tools: Callable[..., Any]) -> list[Any]:
    """The signals of a run whose model calls each of the functions once, all in one turn."""
    made = [function_tool(tool) for tool in tools]
    wanted = [call(tool.name, {}, call_id=f"c_{tool.name}") for tool in made]
    model = WatchedModel([wanted, texts("Done.")])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=list(made)), "go")
    events = [event async for event in result.stream_events(signals=True)]
    assert_quiet(result, model)
    return events


def written(events: list[Any]) -> dict[str, dict[str, str]]:
    """What each call has written, by channel; nothing comes before its start or after its end."""
    found: dict[str, dict[str, str]] = defaultdict(lambda: defaultdict(str))
    running: set[str] = set()
    for event in events:
        if isinstance(event, ToolStarted):
            running.add(event.call_id)
        elif isinstance(event, ToolFinished):
            running.discard(event.call_id)
        elif isinstance(event, ToolPrinted):
            assert event.call_id in running
            found[event.call_id][event.channel] += event.text
    return {name: dict(channels) for name, channels in found.items()}


async def test_parallel_tools_write_into_their_own_calls(capsys: pytest.CaptureFixture[str]) -> None:
    meet = threading.Barrier(2, timeout=30)

    def slow() -> str:
        for number in range(50):
            meet.wait()
            print("slow", number)
        return "s"

    def quick() -> str:
        for number in range(50):
            meet.wait()
            print("quick", number, file=sys.stderr)
        return "q"

    async def awaiting() -> str:
        for number in range(50):
            print("awaiting", number)
            await asyncio.sleep(0)
        return "a"

    found = written(await events_of(slow, quick, awaiting))
    lines = {name: "".join(f"{name} {number}\n" for number in range(50)) for name in ("slow", "quick", "awaiting")}
    assert found == {
        "c_slow": {"stdout": lines["slow"]},
        "c_quick": {"stderr": lines["quick"]},
        "c_awaiting": {"stdout": lines["awaiting"]},
    }
    out, err = capsys.readouterr()
    assert sorted(out.splitlines()) == sorted((lines["slow"] + lines["awaiting"]).splitlines())
    assert err == lines["quick"], "nothing is swallowed"


async def test_a_chatty_tool_makes_few_signals_and_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    def chatty() -> str:
        for number in range(30_000):
            print(number)
        return "x"

    events = await events_of(chatty)
    (text,) = written(events)["c_chatty"].values()
    whole = "".join(f"{number}\n" for number in range(30_000))
    assert text == whole[: capture.PRINTED_LIMIT] + capture.CUT_NOTE
    assert sum(isinstance(event, ToolPrinted) for event in events) < 300
    assert capsys.readouterr().out == whole


async def test_what_is_written_at_once_is_one_signal(capsys: pytest.CaptureFixture[str]) -> None:
    async def blocking() -> str:
        for number in range(1000):
            print("line", number, "of", 1000, sep=" ")
        return "x"

    assert sum(isinstance(event, ToolPrinted) for event in await events_of(blocking)) == 1


async def test_channels_that_alternate_do_not_make_a_signal_each(capsys: pytest.CaptureFixture[str]) -> None:
    async def alternating() -> str:
        for _ in range(5000):
            print("o", end="")
            print("e", end="", file=sys.stderr)
        return "x"

    events = await events_of(alternating)
    assert written(events)["c_alternating"] == {"stdout": "o" * 5000, "stderr": "e" * 5000}
    assert sum(isinstance(event, ToolPrinted) for event in events) <= capture.MOST_SWITCHES + 2


async def test_logging_is_copied_and_the_users_handlers_stay(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("tests.capture")
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())
            print("the handler prints", file=sys.stderr)

    def logs() -> str:
        logger.warning("%s <b>", "careful")
        logger.info("not enabled")
        logger.debug("neither")
        logger.error("filtered")
        try:
            raise KeyError("k")
        except KeyError:
            logger.exception("it broke")
        return "x"

    ear = Ear()
    ear.addFilter(lambda record: "broke" not in record.getMessage())
    drop = lambda record: record.getMessage() != "filtered"  # noqa: E731
    logger.addHandler(ear)
    logger.addFilter(drop)
    logger.propagate = False
    try:
        found = written(await events_of(logs))["c_logs"]
    finally:
        logger.propagate = True
        logger.removeFilter(drop)
        logger.removeHandler(ear)
    assert heard == ["careful <b>"]
    log = found.pop("log")
    assert log.startswith("WARNING tests.capture: careful <b>\nERROR tests.capture: it broke\nTraceback")
    assert "KeyError: 'k'" in log and "filtered" not in log and "enabled" not in log
    assert not found, "what a handler writes on the way is not copied again"
    assert capsys.readouterr().err.startswith("the handler prints\n")


async def test_basic_config_inside_a_tool_works_as_outside() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    buffer = io.StringIO()
    try:

        def configures() -> str:
            logging.getLogger("tests.first").warning("the last resort")
            logging.basicConfig(stream=buffer, level=logging.INFO, format="%(message)s")
            logging.getLogger("tests.second").info("hello")
            return "x"

        with contextlib.redirect_stderr(io.StringIO()) as err:
            found = written(await events_of(configures))["c_configures"]
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert buffer.getvalue() == "hello\n"
    assert err.getvalue() == "the last resort\n", "logging.lastResort still speaks"
    assert found == {"log": "WARNING tests.first: the last resort\nINFO tests.second: hello\n"}


async def test_a_log_call_whose_arguments_do_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("tests.capture.bad")
    handler = logging.StreamHandler(io.StringIO())

    def logs() -> str:
        logger.warning("%d apples", "no")
        return "x"

    logger.addHandler(handler)
    logger.propagate = False
    try:
        found = written(await events_of(logs))["c_logs"]
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    assert found == {"log": "WARNING tests.capture.bad: %d apples\n"}
    assert "--- Logging error ---" in capsys.readouterr().err


async def test_warnings_are_copied_and_still_shown() -> None:
    def warns() -> str:
        warnings.warn("old <i>", DeprecationWarning, stacklevel=1)
        return "x"

    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        found = written(await events_of(warns))["c_warns"]
    assert [str(warning.message) for warning in shown] == ["old <i>"]
    assert found.keys() == {"warning"}
    assert found["warning"].startswith("DeprecationWarning: old <i> (test_capture.py:")


async def test_warnings_that_the_user_turns_into_logging_come_once() -> None:
    logger = logging.getLogger("py.warnings")
    handler = logging.StreamHandler(buffer := io.StringIO())

    def warns() -> str:
        warnings.warn("old", UserWarning, stacklevel=1)
        return "x"

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logger.addHandler(handler)
        logger.propagate = False
        logging.captureWarnings(True)
        try:
            found = written(await events_of(warns))["c_warns"]
        finally:
            logging.captureWarnings(False)
            logger.removeHandler(handler)
            logger.propagate = True
    assert found.keys() == {"warning"} and "UserWarning: old" in buffer.getvalue()


async def test_a_tool_that_catches_its_own_output_keeps_it() -> None:
    def catching() -> str:
        with contextlib.redirect_stdout(io.StringIO()) as caught:
            print("mine")
        print("yours")
        return caught.getvalue()

    with contextlib.redirect_stdout(io.StringIO()) as out:
        events = await events_of(catching)
    assert written(events) == {"c_catching": {"stdout": "yours\n"}}
    assert out.getvalue() == "yours\n"
    assert next(e.output for e in events if isinstance(e, ToolFinished)) == "mine\n"


async def test_a_stand_in_that_is_put_back_too_late_takes_itself_away() -> None:
    stands: list[Any] = []

    def keeps() -> str:
        stands.append(sys.stdout)
        return "x"

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        await events_of(keeps)
        assert sys.stdout is out
        sys.stdout = stands[0]  # as `redirect_stdout` does that began inside the tool and ends after it
        assert capture.is_capturing()
        print("late")
        assert sys.stdout is out and out.getvalue() == "late\n"


async def test_a_wrapper_around_ours_does_not_copy_twice() -> None:
    class Shouting(io.StringIO):
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def write(self, text: str) -> int:
            return self.inner.write(text.upper())

    gate = asyncio.Event()

    async def waits() -> str:
        await gate.wait()
        print("after")
        return "x"

    async def wraps() -> str:
        sys.stdout = Shouting(sys.stdout)
        return "x"

    async def prints() -> str:
        print("now")
        gate.set()
        return "x"

    with contextlib.redirect_stdout(io.StringIO()) as out:
        model = WatchedModel([[call(n, {}, call_id=n) for n in ("waits", "wraps")], texts("Done.")])
        tools: list[Any] = [function_tool(waits), function_tool(wraps)]
        result = Runner.run_streamed(Agent(name="A", model=model, tools=tools), "go")
        while not isinstance(sys.stdout, Shouting):
            await asyncio.sleep(0)
        assert written(await events_of(prints)) == {"c_prints": {"stdout": "now\n"}}
        await result._run.log.wait_closed()
        assert out.getvalue() == "NOW\nAFTER\n"


async def test_the_stand_in_is_what_it_stands_for() -> None:
    class Stream(io.StringIO):
        parent = "cell 1"

        def set_parent(self, parent: str) -> None:
            self.parent = parent

    seen: list[Any] = []

    async def looks() -> str:
        seen.extend([isinstance(sys.stdout, Stream), sys.stdout.isatty(), sys.stdout.parent])  # type: ignore[attr-defined]
        sys.stdout.set_parent("cell 2")  # type: ignore[attr-defined]
        sys.stdout.extra = 1  # type: ignore[attr-defined]
        seen.append(sys.stdout.write("four"))
        sys.stdout.writelines(["a", "b"])
        return "x"

    stream = Stream()
    with contextlib.redirect_stdout(stream):
        found = written(await events_of(looks))
    assert seen == [True, False, "cell 1", 4]
    assert (stream.parent, stream.extra, stream.getvalue()) == ("cell 2", 1, "fourab")  # type: ignore[attr-defined]
    assert found == {"c_looks": {"stdout": "fourab"}}


async def test_a_stream_that_fails_fails_as_it_does_without_us() -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError("gone")

    def prints() -> str:
        try:
            print("x")
        except BrokenPipeError as error:
            return str(error)
        return "no error"

    with contextlib.redirect_stdout(Broken()):
        events = await events_of(prints)
    assert next(e.output for e in events if isinstance(e, ToolFinished)) == "gone"
    assert written(events) == {}


async def test_what_others_print_meanwhile_is_not_the_tools(capsys: pytest.CaptureFixture[str]) -> None:
    going, stop = asyncio.Event(), asyncio.Event()

    async def waits() -> str:
        going.set()
        await stop.wait()
        print("mine")
        return "x"

    async def beside() -> None:
        await going.wait()
        print("beside")
        logging.getLogger("tests.beside").error("beside")
        stop.set()

    task = asyncio.create_task(beside())
    assert written(await events_of(waits)) == {"c_waits": {"stdout": "mine\n"}}
    await task
    assert capsys.readouterr().out == "beside\nmine\n"


async def test_threads_that_take_the_tools_context_belong_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    async def threads() -> str:
        await asyncio.to_thread(print, "with the context")
        other = threading.Thread(target=print, args=("without",))
        other.start()
        other.join()
        return "x"

    assert written(await events_of(threads)) == {"c_threads": {"stdout": "with the context\n"}}
    assert capsys.readouterr().out == "with the context\nwithout\n"


async def test_inside_an_agent_that_runs_as_a_tool_the_innermost_call_is_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @function_tool
    def inner() -> str:
        print("inside")
        return "x"

    @function_tool
    def outer() -> str:
        print("outside")
        return "x"

    nested = WatchedModel([[call("inner", {}, call_id="c_inner")], texts("n")])
    model = WatchedModel(
        [[call("ask", {"input": "x"}, call_id="c_ask"), call("outer", {}, call_id="c_outer")], texts("D")]
    )
    asked = Agent(name="N", model=nested, tools=[inner]).as_tool("ask", "Ask.")
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[asked, outer]), "go")
    events = [event async for event in result.stream_events(signals=True)]
    assert written(events) == {"c_outer": {"stdout": "outside\n"}}
    inside = [e.event for e in events if isinstance(e, NestedEvent) and e.call_id == "c_ask"]
    assert written(inside) == {"c_inner": {"stdout": "inside\n"}}
    assert result.tool_results.index("n") > 0 and sorted(result.tool_results) == ["n", "x", "x"]


async def test_a_cancelled_call_keeps_what_it_wrote_and_its_thread_adds_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    going, stop, ended = threading.Event(), threading.Event(), threading.Event()

    def hangs() -> str:
        print("before")
        going.set()
        stop.wait(30)
        print("after")
        ended.set()
        return "x"

    model = WatchedModel([[call("hangs", {}, call_id="c_hangs")], texts("Done.")])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[function_tool(hangs)]), "go")
    result.start()
    while not going.is_set():
        await asyncio.sleep(0.001)
    result.cancel()
    await result._run.log.wait_closed()
    assert not capture.is_capturing(), "a thread that is left behind keeps nothing in place"
    stop.set()
    assert await asyncio.to_thread(ended.wait, 30)
    events = [entry.event for entry in result._run.log.entries]
    assert written(events) == {"c_hangs": {"stdout": "before\n"}}
    assert capsys.readouterr().out == "before\nafter\n"


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_failing_tool_keeps_what_it_wrote_and_says_where_it_failed(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def deeper() -> None:
        raise LookupError("no such <page>")

    def fails() -> str:
        print("so far")
        deeper()
        return "x"

    async def fails_later() -> str:
        return fails()

    tool = fails if kind == "sync" else fails_later
    events = await events_of(tool)
    assert list(written(events).values()) == [{"stdout": "so far\n"}]
    (end,) = [event for event in events if isinstance(event, ToolFinished)]
    assert end.status == "failed" and end.traceback is not None and end.place is None
    lines = end.traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):" and lines[-1] == "LookupError: no such <page>"
    assert "in fails" in lines[1] and "in deeper" in end.traceback
    assert "tool_invocation" not in end.traceback and "tool_call" not in end.traceback


async def test_arguments_that_do_not_fit_have_no_traceback() -> None:
    def strict(number: int) -> str:
        return "x"

    (end,) = [event for event in await events_of(strict) if isinstance(event, ToolFinished)]
    assert end.status == "failed" and end.traceback is None and end.error is not None


async def test_a_run_without_listeners_copies_and_cleans_up_too(capsys: pytest.CaptureFixture[str]) -> None:
    @function_tool
    def prints() -> str:
        print("hello")
        return "x"

    result = await Runner.run(
        Agent(name="A", model=WatchedModel([[call("prints", {}, call_id="c")], texts("D")]), tools=[prints]), "go"
    )
    assert written([entry.event for entry in result._run.log.entries]) == {"c": {"stdout": "hello\n"}}


async def test_many_reports_of_progress_are_few_signals() -> None:
    async def counts(ctx: ToolContext[Any]) -> str:
        for page in range(10_000):
            ctx.progress(page / 10_000, f"page {page}")
        return "x"

    counts.__annotations__ = {"ctx": ToolContext, "return": str}
    found = [event for event in await events_of(counts) if isinstance(event, ToolProgressed)]
    assert found == [ToolProgressed("c_counts", "page 9999", 0.9999)]


@pytest.mark.parametrize(
    ("given", "named", "said"),
    [
        ((0.4, "page 4"), {}, ("page 4", 0.4)),
        (("page 4", 0.4), {}, ("page 4", 0.4)),
        (("page 4",), {}, ("page 4", None)),
        ((0.4,), {}, ("", 0.4)),
        ((1,), {"message": "all"}, ("all", 1.0)),
        (("all",), {"fraction": 0}, ("all", 0.0)),
        ((), {"fraction": 0.5, "message": "half"}, ("half", 0.5)),
        ((sum([0.1] * 10) + 1e-9, "all"), {}, ("all", 1.0)),
    ],
)
def test_progress_takes_both_orders(given: Any, named: Any, said: Any) -> None:
    heard: list[Any] = []
    context = ToolContext(context=None, report=lambda message, fraction: heard.append((message, fraction)))
    context.progress(*given, **named)
    assert heard == [said]


@pytest.mark.parametrize("given", [(), ("a", "b"), (0.1, 0.2), (True,), (None, None), (b"x",), ("a", 0.1, 0.2)])
def test_progress_refuses_anything_else(given: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"progress\(0\.4, 'page 4'\).*got"):
        ToolContext(context=None).progress(*given)


@pytest.mark.parametrize("share", [40, -0.1, 1.01, float("nan"), float("inf")])
def test_progress_refuses_what_is_no_fraction(share: float) -> None:
    with pytest.raises(UserError, match="from 0 to 1"):
        ToolContext(context=None).progress(share, "x")


async def test_a_write_that_is_put_over_ours_may_call_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """IPython does so for each cell that begins while a tool runs."""
    seen: list[str] = []

    async def teed() -> str:
        stream = sys.stdout
        before = stream.write

        def write(text: str) -> int:
            seen.append(text)
            return before(text)

        stream.write = write  # type: ignore[method-assign]
        try:
            print("in a cell")
        finally:
            stream.write = before  # type: ignore[method-assign]
        print("after it")
        return "x"

    events = await events_of(teed)
    assert "".join(seen) == "in a cell\n"
    assert written(events)["c_teed"] == {"stdout": "in a cell\nafter it\n"}
    assert capsys.readouterr().out == "in a cell\nafter it\n"
