"""One model call: retries, time limits and broken streams, on a clock that only the test moves."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import httpx2
import openai
import pytest
from case_names import said

from agentcell import ModelSettings
from agentcell.engine.attempts import LONGEST_ASKED_WAIT, CallRecord, Clock, Retry, attempts
from agentcell.exceptions import MalformedStreamEvent, ModelBehaviorError, ModelTimeoutError, StreamInterrupted
from agentcell.models.client_retries import taken_over
from agentcell.models.response_events import message_item, response_events, typed
from agentcell.retry import ModelRetryBackoffSettings, ModelRetrySettings, RetryDecision, retry_policies

GOOD = [typed(e) for e in response_events([message_item("one two three")], response_id="r", model="m")]
FIRST_DELTA = next(i for i, e in enumerate(GOOD) if e.type == "response.output_text.delta")
NO_MODEL: Any = object()
NOT_BEGUN = pytest.mark.parametrize("shown", [0, 1, 2])


class Streams:
    """Streams by script, one for each attempt: events, errors to raise, and functions to await."""

    def __init__(self, *scripts: list[Any]) -> None:
        self.scripts = list(scripts)
        self.opened = 0
        self.closed = 0
        self.allowed = 0
        """How many retries the client behind the model is set to make."""

    async def open(self) -> AsyncIterator[Any]:
        self.opened += 1
        try:
            retries = taken_over.get()
            assert retries is not None, "the runner makes the client's retries"
            retries.allowed = self.allowed
            for each in self.scripts.pop(0):
                if isinstance(each, BaseException):
                    raise each
                if inspect.iscoroutinefunction(each):
                    await each()
                else:
                    yield each
        finally:
            self.closed += 1


class FakeClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Any:
        class Timer:
            cancelled = False

            def cancel(self) -> None:
                self.cancelled = True

            def ring(self) -> None:
                if not self.cancelled:
                    call()

        timer = Timer()
        self.timer, self.limit = timer, seconds
        return timer

    @property
    def clock(self) -> Clock:
        return Clock(self.sleep, self.call_later, lambda: 0.5)


def retrying(policy: Any, max_retries: int = 2, timeout: float | None = None) -> ModelSettings:
    backoff = ModelRetryBackoffSettings(initial_delay=1, jitter=False)
    retry = ModelRetrySettings(max_retries=max_retries, backoff=backoff, policy=policy)
    return ModelSettings(retry=retry, timeout=timeout)


async def read(streams: Streams, settings: ModelSettings | None = None, **options: Any) -> list[Any]:
    options.setdefault("clock", FakeClock().clock)
    return [e async for e in attempts(streams.open, settings or ModelSettings(), NO_MODEL, **options)]


def broken(name: str = "ReadError") -> Exception:
    return getattr(httpx2, name)("the line went dead")


def unreachable() -> Exception:
    return openai.APIConnectionError(request=httpx2.Request("POST", "http://127.0.0.1"))


# --- streams that break


async def test_events_pass_unchanged() -> None:
    streams, record = Streams(list(GOOD)), CallRecord()
    events = await read(streams, record=record)
    assert all(a is b for a, b in zip(events, GOOD, strict=True))
    assert (record.failed, record.events, record.partial_text) == (0, len(GOOD), "one two three")
    assert streams.closed == 1


@pytest.mark.parametrize("count", range(1, len(GOOD)))
@pytest.mark.parametrize("name", ["ReadError", "RemoteProtocolError", "ReadTimeout"])
async def test_a_break_tells_what_had_arrived(count: int, name: str) -> None:
    streams = Streams([*GOOD[:count], broken(name)])
    with pytest.raises(StreamInterrupted, match=f"after {count} events: {name}") as caught:
        await read(streams)
    deltas = [e.delta for e in GOOD[:count] if e.type == "response.output_text.delta"]
    assert caught.value.partial_text == "".join(deltas)
    assert isinstance(caught.value.__cause__, httpx2.TransportError)
    assert streams.closed == 1


@pytest.mark.parametrize("count", range(len(GOOD)))
async def test_an_end_without_a_response_tells_what_had_arrived(count: int) -> None:
    with pytest.raises(StreamInterrupted, match=f"did not produce a final response.*after {count} events") as caught:
        await read(Streams(list(GOOD[:count])))
    deltas = [e.delta for e in GOOD[:count] if e.type == "response.output_text.delta"]
    assert caught.value.partial_text == "".join(deltas)


async def test_a_break_after_the_response_does_not_matter() -> None:
    assert len(await read(Streams([*GOOD, broken()]))) == len(GOOD)


async def test_before_the_first_event_errors_are_the_clients_own() -> None:
    refused = openai.APIConnectionError(request=httpx2.Request("POST", "http://127.0.0.1"))
    with pytest.raises(openai.APIConnectionError) as caught:
        await read(Streams([refused]))
    assert caught.value is refused


async def test_an_error_that_the_client_reads_in_a_stream_is_a_break() -> None:
    said = openai.APIError("overloaded", httpx2.Request("POST", "http://127.0.0.1"), body=None)
    with pytest.raises(StreamInterrupted, match="APIError: overloaded"):
        await read(Streams([*GOOD[:3], said]))


async def test_errors_of_other_kinds_stay_what_they_are() -> None:
    error = RuntimeError("the model's own")
    with pytest.raises(RuntimeError) as caught:
        await read(Streams([*GOOD[:5], error]))
    assert caught.value is error and caught.value.__cause__ is None


def malformed(kind: str) -> Exception:
    try:
        json.loads('{"type": "response.out') if kind == "json" else b"ab\xffcd".decode()
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize("given", [42, "text", None, [1], {"type": 3}, object()], ids=said)
@pytest.mark.parametrize("count", [0, 2, 5])
async def test_what_is_no_event_never_reaches_the_reader(given: Any, count: int) -> None:
    seen = []
    with pytest.raises(MalformedStreamEvent) as caught:
        async for event in attempts(Streams([*GOOD[:count], given]).open, ModelSettings(), NO_MODEL):
            seen.append(event)
    assert len(seen) == caught.value.index == count
    assert caught.value.excerpt in repr(given)
    assert isinstance(caught.value, ModelBehaviorError)


@pytest.mark.parametrize(("kind", "excerpt"), [("json", '{"type": "response.out'), ("utf-8", r"b'ab\xffcd'")])
async def test_what_cannot_be_decoded_is_shown(kind: str, excerpt: str) -> None:
    with pytest.raises(MalformedStreamEvent) as caught:
        await read(Streams([*GOOD[:4], malformed(kind)]))
    assert (caught.value.index, caught.value.excerpt) == (4, excerpt)
    assert isinstance(caught.value.__cause__, ValueError)


async def test_excerpts_are_short() -> None:
    with pytest.raises(MalformedStreamEvent) as caught:
        await read(Streams([["x" * 10_000]]))
    assert len(caught.value.excerpt) <= 120


# --- retries


@NOT_BEGUN
async def test_a_break_before_anything_was_said_is_retried(shown: int) -> None:
    streams, clock, record = Streams([*GOOD[:shown], broken()], list(GOOD)), FakeClock(), CallRecord()
    told: list[Retry] = []
    settings = retrying(retry_policies.network_error())
    events = await read(streams, settings, record=record, clock=clock.clock, say_retry=told.append)
    assert [e.type for e in events] == [e.type for e in [*GOOD[:shown], *GOOD]]
    assert (streams.opened, streams.closed, record.failed, clock.waits) == (2, 2, 1, [1.0])
    assert [(r.attempt, r.delay, type(r.error)) for r in told] == [(1, 1.0, httpx2.ReadError)]


@NOT_BEGUN
async def test_an_end_before_anything_was_said_is_retried_as_a_network_error(shown: int) -> None:
    streams = Streams(list(GOOD[:shown]), list(GOOD))
    await read(streams, retrying(retry_policies.network_error()))
    assert streams.opened == 2


@pytest.mark.parametrize("shown", range(3, len(GOOD)))
async def test_what_has_begun_is_never_made_again(shown: int) -> None:
    streams = Streams([*GOOD[:shown], broken()])
    with pytest.raises(StreamInterrupted):
        await read(streams, retrying(lambda context: RetryDecision(True, approve_unsafe_replay=True)))
    assert streams.opened == 1


async def test_the_text_of_a_failed_attempt_is_forgotten() -> None:
    record = CallRecord()
    await read(Streams([*GOOD[:2], broken()], list(GOOD)), retrying(lambda context: True), record=record)
    assert (record.events, record.partial_text) == (len(GOOD), "one two three")


@pytest.mark.parametrize(
    ("asked", "decided", "waited"),
    [(30.0, None, 30.0), (120.0, None, 60.0), (120.0, 120.0, 60.0), (None, 300.0, 300.0), (5.0, 300.0, 300.0)],
)
async def test_a_server_cannot_make_a_call_wait_for_long(
    asked: float | None, decided: float | None, waited: float
) -> None:
    headers = {"retry-after": str(asked)} if asked else {}
    busy = openai.RateLimitError(
        "busy",
        response=httpx2.Response(429, headers=headers, request=httpx2.Request("POST", "http://127.0.0.1")),
        body=None,
    )
    clock = FakeClock()
    settings = retrying(lambda context: RetryDecision(True, delay=decided))
    await read(Streams([busy], list(GOOD)), settings, clock=clock.clock)
    assert clock.waits == [waited]
    assert LONGEST_ASKED_WAIT == 60.0


async def test_the_clients_retries_come_first_and_a_policys_are_one_request_each() -> None:
    streams, record, clock = Streams(*([unreachable()] for _ in range(4)), list(GOOD)), CallRecord(), FakeClock()
    streams.allowed = 2
    said: list[Any] = []
    await read(streams, retrying(lambda context: True), clock=clock.clock, record=record, say_retry=said.append)
    assert [(retry.attempt, retry.counts) for retry in said] == [(1, False), (2, False), (3, True), (4, True)]
    assert record.failed == 2, "what the client would have made again by itself is no request of its own"
    assert taken_over.get() is None


@pytest.mark.parametrize("given", [{"previous_response_id": "p"}, {"conversation_id": "c"}])
@pytest.mark.parametrize("policy", [True, False])
async def test_stored_state_is_not_replayed_behind_the_policys_back(given: dict[str, Any], policy: bool) -> None:
    streams = Streams([unreachable()], list(GOOD))
    streams.allowed = 2
    settings = retrying(lambda context: False) if policy else ModelSettings()
    if policy:
        with pytest.raises(openai.APIConnectionError):
            await read(streams, settings, **given)
    else:
        await read(streams, settings, clock=FakeClock().clock, **given)
    assert streams.opened == (1 if policy else 2)


async def test_a_cancelled_wait_ends_at_once() -> None:
    waiting, never = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        waiting.set()
        await never.wait()

    streams = Streams([broken()], list(GOOD))
    task = asyncio.create_task(read(streams, retrying(lambda context: True), clock=Clock(sleep=sleep)))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (streams.opened, streams.closed) == (1, 1)


async def test_a_cancelled_call_is_never_retried() -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await never.wait()

    streams = Streams([hang], list(GOOD))
    task = asyncio.create_task(read(streams, retrying(lambda context: True)))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (streams.opened, streams.closed) == (1, 1)


@pytest.mark.parametrize("count", range(1, len(GOOD) + 1))
async def test_closing_closes_the_stream(count: int) -> None:
    streams = Streams(list(GOOD))
    async with aclosing(attempts(streams.open, ModelSettings(timeout=5), NO_MODEL)) as events:
        for _ in range(count):
            await anext(events)
    assert streams.closed == 1


# --- the time limit


def ringing(clock: FakeClock, never: asyncio.Event) -> Callable[[], Any]:
    """Lets the limit run out while the stream waits."""

    async def wait() -> None:
        asyncio.get_running_loop().call_soon(lambda: clock.timer.ring())
        await never.wait()

    return wait


@pytest.mark.parametrize("shown", range(len(GOOD)))
async def test_the_limit_ends_a_wait_for_the_model(shown: int) -> None:
    clock, never = FakeClock(), asyncio.Event()
    streams = Streams([*GOOD[:shown], ringing(clock, never)])
    with pytest.raises(ModelTimeoutError) as caught:
        await read(streams, ModelSettings(timeout=2.5), clock=clock.clock)
    assert (caught.value.timeout_seconds, clock.limit, streams.closed) == (2.5, 2.5, 1)
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0


async def test_the_limit_counts_the_whole_attempt_and_never_stops_the_reader() -> None:
    clock, streams = FakeClock(), Streams(list(GOOD))
    seen = 0
    with pytest.raises(ModelTimeoutError):
        async for _ in attempts(streams.open, ModelSettings(timeout=1), NO_MODEL, clock=clock.clock):
            seen += 1
            if seen == 3:
                clock.timer.ring()
                await asyncio.sleep(0)  # a cancellation would come out here
    assert (seen, streams.closed) == (3, 1)


@NOT_BEGUN
async def test_an_exceeded_limit_is_retried_as_a_failure_of_the_network(shown: int) -> None:
    clock, never = FakeClock(), asyncio.Event()
    streams = Streams([*GOOD[:shown], ringing(clock, never)], list(GOOD))
    await read(streams, retrying(retry_policies.network_error(), timeout=1), clock=clock.clock)
    assert (streams.opened, streams.closed) == (2, 2)


async def test_each_attempt_has_the_whole_time() -> None:
    clock, never = FakeClock(), asyncio.Event()
    streams = Streams(*[[ringing(clock, never)]] * 3)
    with pytest.raises(ModelTimeoutError):
        await read(streams, retrying(retry_policies.network_error(), timeout=1), clock=clock.clock)
    assert streams.opened == 3


async def test_a_cancellation_beside_the_limit_wins() -> None:
    clock, never, begun = FakeClock(), asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await never.wait()

    streams = Streams([hang])
    task = asyncio.create_task(read(streams, ModelSettings(timeout=1), clock=clock.clock))
    await begun.wait()
    clock.timer.ring()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert streams.closed == 1


async def test_a_model_that_swallows_the_limit_is_stopped_at_its_next_event() -> None:
    clock, never = FakeClock(), asyncio.Event()

    async def stubborn() -> None:
        try:
            await ringing(clock, never)()
        except asyncio.CancelledError:
            return

    streams = Streams([GOOD[0], stubborn, *GOOD[1:]])
    with pytest.raises(ModelTimeoutError):
        await read(streams, ModelSettings(timeout=1), clock=clock.clock)
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0


async def test_the_timer_is_gone_after_the_call() -> None:
    clock = FakeClock()
    await read(Streams(list(GOOD)), ModelSettings(timeout=1), clock=clock.clock)
    assert clock.timer.cancelled


async def test_the_loops_own_timer_is_used_by_default() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ModelTimeoutError):
        async for _ in attempts(Streams([wait]).open, ModelSettings(timeout=0.001), NO_MODEL):
            pass


async def test_no_task_is_made() -> None:
    before = asyncio.all_tasks()
    async with aclosing(attempts(Streams(list(GOOD)).open, ModelSettings(timeout=9), NO_MODEL)) as events:
        async for _ in events:
            assert asyncio.all_tasks() == before
