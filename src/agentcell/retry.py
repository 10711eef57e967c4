"""Retries of model calls: what was wrong, what a policy says to it, and the settings that hold the policy.

A failed call is told to a `RetryPolicy` as a `RetryPolicyContext`; the policy answers yes or no, or a `RetryDecision`
with a delay. `retry_policies` makes the usual ones. A policy made of others asks them all in order:

    any   the first refusal of `provider_suggested` ends it; else retry when one says so, the last delay and reason win
    all   the first that does not retry ends it; else retry, the last delay and reason win

The engine asks (`engine.attempts`); nothing here waits or calls a model.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from inspect import isawaitable
from typing import Any, Literal, TypeAlias, cast

from pydantic import Field
from pydantic.dataclasses import dataclass as checked_dataclass

from .instances import checked_by_instance

__all__ = [
    "ModelRetryAdvice",
    "ModelRetryAdviceRequest",
    "ModelRetryBackoffInput",
    "ModelRetryBackoffSettings",
    "ModelRetryNormalizedError",
    "ModelRetrySettings",
    "RetryDecision",
    "RetryPolicy",
    "RetryPolicyContext",
    "retry_policies",
]

_NOT_GIVEN: Any = object()


@checked_dataclass
class ModelRetryBackoffSettings:
    """How the wait grows from one retry to the next; `None` takes the default.

    Raises pydantic's `ValidationError` for a negative number.
    """

    initial_delay: float | None = Field(default=None, ge=0)
    """Seconds before the first retry; 0.25 by default."""
    max_delay: float | None = Field(default=None, ge=0)
    """The longest wait in seconds; 2 by default. A delay that a policy or the server asks for is not cut."""
    multiplier: float | None = Field(default=None, ge=0)
    """How much longer each wait is than the one before; 2 by default."""
    jitter: bool | None = None
    """Whether waits vary at random, so that many clients do not come back at once; true by default."""

    def to_json_dict(self) -> dict[str, Any]:
        """All fields as plain JSON data."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


ModelRetryBackoffInput: TypeAlias = ModelRetryBackoffSettings | dict[str, Any]
"""Backoff settings, or their fields as a dictionary."""


@checked_dataclass
class ModelRetrySettings:
    """When a failed model call is made again; nothing is retried unless both a number and a policy are given."""

    max_retries: int | None = None
    """How many retries a model call may have."""
    backoff: ModelRetryBackoffInput | None = None
    """How long to wait when the policy does not say."""
    policy: Callable[..., Any] | None = Field(default=None, exclude=True, repr=False)
    """Decides about each failure; see `RetryPolicy`. Not part of the JSON form."""

    def __post_init__(self) -> None:
        self.backoff = _as_backoff(self.backoff)

    def to_json_dict(self) -> dict[str, Any]:
        """The fields as plain JSON data, without the policy."""
        backoff = _as_backoff(self.backoff)
        return {"max_retries": self.max_retries, "backoff": backoff and backoff.to_json_dict()}

    def merged(self, override: ModelRetrySettings) -> ModelRetrySettings:
        """These settings with every set field of `override` on top; the backoff is merged field by field."""
        changes = set_fields(override)
        ours, theirs = _as_backoff(self.backoff), _as_backoff(override.backoff)
        if ours is not None and theirs is not None:
            changes["backoff"] = replace(ours, **set_fields(theirs))
        return replace(self, **changes)


def set_fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass object that are not `None`."""
    return {f.name: given for f in fields(value) if (given := getattr(value, f.name)) is not None}


def _as_backoff(value: Any) -> ModelRetryBackoffSettings | None:
    if isinstance(value, dict):
        known = {f.name for f in fields(ModelRetryBackoffSettings)}
        given = cast("dict[str, Any]", value)
        return ModelRetryBackoffSettings(**{name: said for name, said in given.items() if name in known})
    return value


@dataclass(init=False)
class ModelRetryNormalizedError:
    """What is known of a failure, whichever library it came from."""

    status_code: int | None = None
    """The HTTP status, when a server answered."""
    error_code: str | None = None
    """The code that the provider gave."""
    message: str | None = None
    """The error's text."""
    request_id: str | None = None
    """The provider's id of the request."""
    retry_after: float | None = None
    """Seconds that the server asks to wait."""
    is_abort: bool = False
    """Whether the call was cancelled; such a call is never made again."""
    is_network_error: bool = False
    """Whether the connection failed."""
    is_timeout: bool = False
    """Whether a time limit was exceeded."""

    def __init__(
        self,
        status_code: int | None = _NOT_GIVEN,
        error_code: str | None = _NOT_GIVEN,
        message: str | None = _NOT_GIVEN,
        request_id: str | None = _NOT_GIVEN,
        retry_after: float | None = _NOT_GIVEN,
        is_abort: bool = _NOT_GIVEN,
        is_network_error: bool = _NOT_GIVEN,
        is_timeout: bool = _NOT_GIVEN,
    ) -> None:
        given = {
            "status_code": status_code,
            "error_code": error_code,
            "message": message,
            "request_id": request_id,
            "retry_after": retry_after,
            "is_abort": is_abort,
            "is_network_error": is_network_error,
            "is_timeout": is_timeout,
        }
        self._said = {name: value for name, value in given.items() if value is not _NOT_GIVEN}
        for each in fields(self):
            setattr(self, each.name, self._said.get(each.name, each.default))

    def corrected(self, said: ModelRetryNormalizedError) -> ModelRetryNormalizedError:
        """These facts with those on top that `said` was explicitly made with."""
        facts = {f.name: getattr(self, f.name) for f in fields(self)}
        explicit = {name: getattr(said, name) for name in said._said}
        changed = {f.name: getattr(said, f.name) for f in fields(said) if getattr(said, f.name) != f.default}
        return ModelRetryNormalizedError(**{**facts, **explicit, **changed})


@dataclass
class ModelRetryAdvice:
    """What a model knows about retrying one of its failures."""

    suggested: bool | None = None
    """Whether the provider says to retry; `None` when it says nothing."""
    retry_after: float | None = None
    """Seconds that the provider asks to wait."""
    replay_safety: Literal["safe", "unsafe"] | None = None
    """Whether sending the request again can do harm; `None` when nobody knows."""
    reason: str | None = None
    """Why, for people."""
    normalized: ModelRetryNormalizedError | None = None
    """Facts that correct what the engine found out by itself."""
    response_started: bool = False
    """Whether the response had begun; what has begun is not made again."""


@checked_by_instance
@dataclass
class ModelRetryAdviceRequest:
    """The failure that a model is asked about."""

    error: Exception
    """What was raised."""
    attempt: int
    """The number of the failed attempt, from 1."""
    stream: bool
    """Whether the response was streamed."""
    previous_response_id: str | None = None
    """The response that the request went on from."""
    conversation_id: str | None = None
    """The conversation that the request belonged to."""


@dataclass
class RetryDecision:
    """A policy's answer."""

    retry: bool
    """Whether to make the call again."""
    delay: float | None = None
    """Seconds to wait first; `None` takes the backoff of the settings."""
    reason: str | None = None
    """Why, for people."""
    approve_unsafe_replay: bool = False
    """Allows a retry that may repeat an effect on the server: of a request that goes on from a stored response."""
    final: bool = field(default=False, kw_only=True, repr=False, compare=False)
    """Whether the provider itself refused, which no other policy of an `any` can overrule."""


@checked_by_instance
@dataclass
class RetryPolicyContext:
    """The failure that a policy decides about."""

    error: Exception
    """What was raised."""
    attempt: int
    """The number of the failed attempt, from 1."""
    max_retries: int
    """How many retries the call may have."""
    stream: bool
    """Whether the response was streamed."""
    normalized: ModelRetryNormalizedError
    """What is known of the failure."""
    provider_advice: ModelRetryAdvice | None = None
    """What the model says about it."""
    previous_response_id: str | None = None
    """The response that the request went on from."""
    conversation_id: str | None = None
    """The conversation that the request belongs to."""

    @property
    def stateful_request(self) -> bool:
        """Whether the request goes on from something stored on the server."""
        return self.previous_response_id is not None or self.conversation_id is not None

    @property
    def response_started(self) -> bool:
        """Whether the response had begun when the call failed."""
        return self.provider_advice is not None and self.provider_advice.response_started

    @property
    def replay_safety(self) -> Literal["safe", "unsafe", "unknown"]:
        """Whether sending the request again can do harm, as far as the model knows."""
        return (self.provider_advice.replay_safety if self.provider_advice is not None else None) or "unknown"


RetryPolicy: TypeAlias = Callable[[RetryPolicyContext], Awaitable[bool | RetryDecision] | bool | RetryDecision]
"""Decides whether a failed call is made again; may be asynchronous."""


async def decide(policy: RetryPolicy, context: RetryPolicyContext) -> RetryDecision:
    """A policy's answer as a decision; an answer that is no decision counts by its truth."""
    answer: Any = policy(context)
    if isawaitable(answer):
        answer = await answer
    return answer if isinstance(answer, RetryDecision) else RetryDecision(retry=bool(answer))


class _RetryPolicies:
    """Makes the usual policies."""

    def never(self) -> RetryPolicy:
        """Never retry."""
        return lambda context: False

    def provider_suggested(self) -> RetryPolicy:
        """Do what the provider says, with its delay; its refusal is final."""

        def policy(context: RetryPolicyContext) -> bool | RetryDecision:
            advice = context.provider_advice
            if advice is None or advice.suggested is None:
                return False
            if not advice.suggested:
                return RetryDecision(retry=False, reason=advice.reason, final=True)
            return RetryDecision(retry=True, delay=advice.retry_after, reason=advice.reason)

        return policy

    def network_error(self) -> RetryPolicy:
        """Retry when the connection failed or a time limit was exceeded."""
        return lambda context: context.normalized.is_network_error or context.normalized.is_timeout

    def retry_after(self) -> RetryPolicy:
        """Retry when the server says after how long, and wait so long."""

        def policy(context: RetryPolicyContext) -> bool | RetryDecision:
            advice, delay = context.provider_advice, context.normalized.retry_after
            if delay is None and advice is not None:
                delay = advice.retry_after
            return False if delay is None else RetryDecision(retry=True, delay=delay)

        return policy

    def http_status(self, statuses: Iterable[int]) -> RetryPolicy:
        """Retry answers with one of these HTTP statuses."""
        wanted = frozenset(statuses)
        return lambda context: context.normalized.status_code in wanted

    def all(self, *policies: RetryPolicy) -> RetryPolicy:
        """Retry when every policy says so; without policies, never."""

        if not policies:
            return self.never()

        async def policy(context: RetryPolicyContext) -> RetryDecision:
            merged = RetryDecision(retry=True)
            for each in policies:
                decision = await decide(each, context)
                if not decision.retry:
                    return decision
                merged = _merged(merged, decision)
            return merged

        return policy

    def any(self, *policies: RetryPolicy) -> RetryPolicy:
        """Retry when one policy says so, unless the provider itself refuses; without policies, never."""

        if not policies:
            return self.never()

        async def policy(context: RetryPolicyContext) -> RetryDecision:
            said = RetryDecision(retry=False)
            for each in policies:
                decision = await decide(each, context)
                if decision.final:
                    return decision
                if decision.retry:
                    said = _merged(said, decision) if said.retry else decision
                elif not said.retry:
                    said = decision
            return said

        return policy


def _merged(first: RetryDecision, second: RetryDecision) -> RetryDecision:
    """Two decisions to retry as one: what the second says wins, and either can approve."""
    return RetryDecision(
        retry=True,
        delay=second.delay if second.delay is not None else first.delay,
        reason=second.reason if second.reason is not None else first.reason,
        approve_unsafe_replay=first.approve_unsafe_replay or second.approve_unsafe_replay,
    )


retry_policies: _RetryPolicies = _RetryPolicies()
"""Makes the usual policies: `retry_policies.any(retry_policies.retry_after(), retry_policies.network_error())`."""
