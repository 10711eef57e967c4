"""One model call: its attempts, its time limit, and what its failures mean.

The trick: an attempt may be made again only while nothing was shown that cannot be taken back. `response.created` and
`response.in_progress` say nothing yet, so until another event has come a failure is put to the retry policy; after
that it is final. The time limit is one timer for each attempt: it cancels the task only while that waits for the
model, never in the body of whoever reads the events, so an event costs no task and no context manager.

    open -> events -> end          the response is complete
                   -> failure      a connection, a time limit, nonsense, an end without a response
                        |-- nothing shown, policy says yes   wait, open again
                        `-- else                             raise: the model's own error, or one that tells what came
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..exceptions import AgentsException, MalformedStreamEvent, ModelTimeoutError, StreamInterrupted
from ..models.client_retries import ClientRetries, taken_over
from ..models.failures import is_api_error, is_conversation_locked, is_transport_error, normalized
from ..retry import (
    ModelRetryAdvice,
    ModelRetryAdviceRequest,
    ModelRetryNormalizedError,
    ModelRetrySettings,
    RetryPolicyContext,
    decide,
)

if TYPE_CHECKING:
    from ..model_settings import ModelSettings
    from ..models.interface import Model

LONGEST_ASKED_WAIT = 60.0
"""Seconds that a server can make a call wait; a delay that a policy thought of by itself is not cut."""

LOCKED_DELAYS = (1.0, 2.0, 4.0)
"""Seconds to wait for a conversation that another response still holds: retried without any policy."""

_SAY_NOTHING = ("response.created", "response.in_progress")
_ENDS = ("response.completed", "response.failed", "response.incomplete", "error")
_EXCERPT = 120


@dataclass(frozen=True)
class Clock:
    """Where waits, time limits and chance come from; tests bring their own."""

    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    """Waits so many seconds."""
    call_later: Callable[[float, Callable[[], None]], Any] = field(
        default=lambda delay, call: asyncio.get_running_loop().call_later(delay, call)
    )
    """Calls a function after so many seconds and returns something with `cancel()`."""
    chance: Callable[[], float] = random.random
    """A number from 0 up to 1."""


@dataclass(frozen=True)
class Retry:
    """A failed attempt that is about to be made again."""

    attempt: int
    """The number of the failed attempt, from 1."""
    delay: float
    """Seconds until the next one."""
    error: Exception
    """What was raised."""
    reason: str | None = None
    """Why it is made again, when the policy says."""
    counts: bool = True
    """Whether the failed attempt counts as a request; one that the client would have made again by itself does not."""


@dataclass
class CallRecord:
    """What is known of a model call, while it runs and after."""

    failed: int = 0
    """Attempts that failed and were made again; each was a request."""
    events: int = 0
    """Events of the current attempt."""
    before: int = 0
    """Events of the attempts before."""
    texts: list[str] = field(default_factory=list)
    """Deltas of the text of the current attempt."""

    @property
    def partial_text(self) -> str:
        """The text that has arrived."""
        return "".join(self.texts)

    @property
    def arrived(self) -> int:
        """Events of all attempts."""
        return self.before + self.events

    def begin(self) -> None:
        """Forget the attempt before."""
        self.before, self.events = self.arrived, 0
        self.texts.clear()


async def attempts(
    open_stream: Callable[[], AsyncIterator[Any]],
    settings: ModelSettings,
    model: Model,
    *,
    record: CallRecord | None = None,
    say_retry: Callable[[Retry], None] | None = None,
    previous_response_id: str | None = None,
    conversation_id: str | None = None,
    stream: bool = True,
    clock: Clock | None = None,
) -> AsyncGenerator[Any, None]:
    """The events of a model call, attempt after attempt; streams are closed whichever way it ends.

    `open_stream` opens one attempt. `record` is kept up to date, `say_retry` hears of each retry before its wait.
    `stream=False` says that nobody sees the events, which policies are told.

    Raises `ModelTimeoutError` when an attempt took longer than `settings.timeout`; `StreamInterrupted` when the stream
    broke off or ended without a response; `MalformedStreamEvent` when it carried nonsense; otherwise the model's error.
    """
    record, clock = record or CallRecord(), clock or Clock()
    plan = _RetryPlan(settings, model, previous_response_id, conversation_id, stream, clock)
    deadline = Deadline(settings.timeout, clock)
    while True:
        record.begin()
        shown = ended = False
        taken_over.set(plan.of_client)
        events = open_stream()
        try:
            deadline.start()
            async for event in events:
                deadline.waiting = False
                kind = getattr(event, "type", None)
                if not isinstance(kind, str):
                    raise _nonsense(record.events, repr(event))
                if not record.events:
                    taken_over.set(None)
                record.events += 1
                if kind == "response.output_text.delta":
                    record.texts.append(event.delta)
                elif kind in _ENDS:
                    ended = True
                shown = shown or kind not in _SAY_NOTHING
                yield event
                deadline.check()
            if ended:
                return
            error: Exception = _ended_early(record)
        except asyncio.CancelledError:
            if not deadline.stopped_the_task():
                raise
            error = deadline.error()
        except Exception as raised:
            error = raised
            if ended and is_transport_error(raised):
                return  # the response is complete, whatever becomes of its connection
        finally:
            deadline.cancel()
            taken_over.set(None)
            await _close(events)
        retry = None if shown else await plan.next_for(error)
        if retry is None:
            told = _told(error, record)
            raise told from (error if told is not error else error.__cause__)
        record.failed += retry.counts
        if say_retry is not None:
            say_retry(retry)
        await clock.sleep(retry.delay)
        # The client's retries are part of the attempt that the time limit is for.
        deadline = Deadline(settings.timeout, clock) if retry.counts else deadline.continued()


class Deadline:
    """The time limit of one attempt: a single timer, whatever the number of events.

    The timer cancels the task only while `waiting`; otherwise the next `check` finds that the time is over.
    """

    def __init__(self, seconds: float | None, clock: Clock) -> None:
        self.waiting: bool = False
        self._seconds = seconds
        self._rest = seconds or 0.0
        self._started = 0.0
        self._clock = clock
        self._timer: Any = None
        self._over = False
        self._cancelled_it = False

    def continued(self) -> Deadline:
        """The same limit for what follows; what has passed since the start is gone."""
        if self._seconds is None:
            return self
        rest = Deadline(self._seconds, self._clock)
        rest._rest = max(0.0, self._rest - (asyncio.get_running_loop().time() - self._started))
        return rest

    def start(self) -> None:
        """Begin to count; in the task that reads the stream."""
        self.waiting = True
        if self._seconds is not None:
            self._started = asyncio.get_running_loop().time()
            self._task = asyncio.current_task()
            self._before = self._task.cancelling() if self._task is not None else 0
            self._timer = self._clock.call_later(self._rest, self._end)

    def _end(self) -> None:
        self._over = True
        if self.waiting and self._task is not None:
            self._cancelled_it = True
            self._task.cancel()

    def check(self) -> None:
        """Go on waiting; raises `ModelTimeoutError` when the time is over."""
        if self._over:
            raise self.error()
        self.waiting = True

    def stopped_the_task(self) -> bool:
        """Whether a cancellation was this timer's and nobody else's."""
        if not self._cancelled_it or self._task is None:
            return False
        self._cancelled_it = False
        return self._task.uncancel() <= self._before

    def cancel(self) -> None:
        """Stop counting, and take back a cancellation that nobody has seen."""
        self.waiting = False
        if self._timer is not None:
            self._timer.cancel()
        if self._cancelled_it and self._task is not None:
            self._cancelled_it = False
            self._task.uncancel()

    def error(self) -> ModelTimeoutError:
        """The error of an exceeded limit."""
        return ModelTimeoutError(self._seconds or 0.0)


class _RetryPlan:
    """Whether, and after how long, a failed attempt is made again."""

    def __init__(
        self,
        settings: ModelSettings,
        model: Model,
        previous_response_id: str | None,
        conversation_id: str | None,
        stream: bool,
        clock: Clock,
    ) -> None:
        self._settings = settings.retry or ModelRetrySettings()
        self._model = model
        self._ids: dict[str, Any] = {
            "previous_response_id": previous_response_id,
            "conversation_id": conversation_id,
            "stream": stream,
        }
        self._stateful = previous_response_id is not None or conversation_id is not None
        self._clock = clock
        self._locked = 0
        self._retried = 0
        self.of_client: ClientRetries = ClientRetries()
        """The client's own retries, which are made here."""

    @property
    def _is_one_request(self) -> bool:
        """Whether the client's retries are off: a policy's retry is one request, and stored state is not replayed."""
        active = bool(self._settings.policy is not None and (self._settings.max_retries or 0) > 0)
        return self._retried > 0 or (active and self._stateful)

    async def next_for(self, error: Exception) -> Retry | None:
        """The retry that follows a failure of an attempt that had shown nothing; `None` when there is none."""
        number = self._retried + self._locked + self.of_client.made + 1
        delay = None if self._is_one_request else self.of_client.delay(error, self._clock.chance)
        if delay is not None:
            self.of_client.made += 1
            return Retry(number, min(delay, LONGEST_ASKED_WAIT), error, counts=False)
        if is_conversation_locked(error) and self._locked < len(LOCKED_DELAYS):
            self._locked += 1
            return Retry(number, LOCKED_DELAYS[self._locked - 1], error, "the conversation is in use")
        limit, policy = self._settings.max_retries or 0, self._settings.policy
        if policy is None or self._retried >= limit:
            return None
        attempt = self._retried + 1
        advice = self._advice(error, attempt)
        facts = _facts(error, advice)
        unsafe = advice is not None and advice.replay_safety == "unsafe"
        if facts.is_abort or (unsafe and self._ids["stream"]):
            return None
        context = RetryPolicyContext(
            error=error,
            attempt=attempt,
            max_retries=limit,
            normalized=facts,
            provider_advice=advice,
            **self._ids,
        )
        decision = await decide(policy, context)
        if not decision.retry or not self._may_replay(context, decision.approve_unsafe_replay):
            return None
        self._retried = attempt
        return Retry(number, self._delay(decision.delay, facts, attempt), error, decision.reason)

    def _advice(self, error: Exception, attempt: int) -> ModelRetryAdvice | None:
        ask = getattr(self._model, "get_retry_advice", None)
        if ask is None:
            return None
        return ask(ModelRetryAdviceRequest(error=error, attempt=attempt, **self._ids))

    def _may_replay(self, context: RetryPolicyContext, approved: bool) -> bool:
        """Whether sending the request again does no harm, or harm that the policy allows."""
        match context.replay_safety:
            case "safe":
                return True
            case "unsafe":
                return approved
            case "unknown":
                return not self._stateful

    def _delay(self, decided: float | None, facts: ModelRetryNormalizedError, attempt: int) -> float:
        """Seconds to wait: what the policy says, else the server, else the backoff."""
        asked = facts.retry_after
        if decided is None and asked is None:
            return self._backoff(attempt)
        delay = max(0.0, decided if decided is not None else asked or 0.0)
        return min(delay, LONGEST_ASKED_WAIT) if delay == asked else delay

    def _backoff(self, attempt: int) -> float:
        known: Any = self._settings.backoff
        first, longest, factor, jitter = (
            getattr(known, name, None) for name in ("initial_delay", "max_delay", "multiplier", "jitter")
        )
        delay = (0.25 if first is None else first) * (2.0 if factor is None else factor) ** (attempt - 1)
        delay = min(delay, 2.0 if longest is None else longest)
        return delay if jitter is False else delay * (0.875 + 0.25 * self._clock.chance())


def _facts(error: Exception, advice: ModelRetryAdvice | None) -> ModelRetryNormalizedError:
    """What is known of a failure, with what the model knows better."""
    facts = normalized(error)
    if advice is None:
        return facts
    if advice.normalized is not None:
        facts = facts.corrected(advice.normalized)
    if advice.retry_after is not None:
        facts.retry_after = advice.retry_after
    return facts


def _told(error: Exception, record: CallRecord) -> Exception:
    """The error as the caller gets it: one that says how far the response had come, where the model's does not."""
    if isinstance(error, AgentsException):
        return error
    if isinstance(error, json.JSONDecodeError):
        return _nonsense(record.events, error.doc)
    if isinstance(error, UnicodeDecodeError):
        return _nonsense(record.events, repr(error.object[max(0, error.start - 40) : error.end + 40]))
    if record.events and (is_transport_error(error) or is_api_error(error)):
        return StreamInterrupted(
            f"The model's stream broke off after {record.events} events: {type(error).__name__}: {error}",
            record.partial_text,
        )
    return error


def _nonsense(index: int, given: str) -> MalformedStreamEvent:
    excerpt = given if len(given) <= _EXCERPT else f"{given[: _EXCERPT - 3]}..."
    return MalformedStreamEvent(index, excerpt)


def _ended_early(record: CallRecord) -> StreamInterrupted:
    return StreamInterrupted(
        f"Model did not produce a final response! Its stream ended after {record.events} events.", record.partial_text
    )


async def _close(stream: AsyncIterator[Any]) -> None:
    """Close a stream of any kind; one that fails to close has failed already."""
    close = getattr(stream, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()
