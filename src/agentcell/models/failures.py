"""What an exception of a model call means, read from the exception alone.

Errors come from the official client, from its HTTP library, from other clients that users bring, or wrapped in one
another. So classes are known by the name of their package and their own, which loads no package, and facts are taken
from the first error of the chain of causes that has them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

from ..exceptions import ModelTimeoutError, StreamInterrupted
from ..retry import ModelRetryAdvice, ModelRetryAdviceRequest, ModelRetryNormalizedError

_LONGEST_CHAIN = 20
_HTTP = ("httpx", "httpx2")
_NETWORK = ("ConnectError", "ReadError", "WriteError", "RemoteProtocolError", "TimeoutException")
"""The failures of an HTTP library that are the network's, and not the program's."""
PASSING = (408, 409, 429)
"""The client's faults, by HTTP status, that pass by themselves."""


def normalized(error: BaseException) -> ModelRetryNormalizedError:
    """The facts about a failure that retry policies decide on."""
    chain = list(_chain(error))
    return ModelRetryNormalizedError(
        status_code=_first(chain, _status),
        error_code=_first(chain, _code),
        message=str(error),
        request_id=_first(chain, lambda each: _text(getattr(each, "request_id", None))),
        retry_after=_first(chain, _retry_after),
        is_abort=any(_is(each, "", "AbortError") for each in chain),
        is_network_error=_is(error, "openai", "APIConnectionError")
        or isinstance(error, TimeoutError | StreamInterrupted)
        or any(_is(each, package, name) for each in chain for package in _HTTP for name in _NETWORK),
        is_timeout=any(
            isinstance(each, TimeoutError | ModelTimeoutError) or _is(each, "openai", "APITimeoutError")
            for each in chain
        ),
    )


def openai_advice(request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
    """What OpenAI's API says about retrying a failure: by its header, else by the kind of the failure."""
    error = request.error
    facts = normalized(error)
    if getattr(error, "unsafe_to_replay", False):
        return ModelRetryAdvice(suggested=False, replay_safety="unsafe", reason=str(error))
    chain = list(_chain(error))
    facts.is_network_error |= (lost := any(_is(each, "openai", "APIConnectionError") for each in chain))
    advice = ModelRetryAdvice(retry_after=facts.retry_after, reason=str(error), normalized=facts)
    stateful = request.previous_response_id is not None or request.conversation_id is not None
    match says_whether_to_retry(error):
        case True:
            advice.suggested, advice.replay_safety = True, "safe"
        case False:
            advice.suggested = False
        case _ if facts.status_code is not None and (facts.status_code in PASSING or facts.status_code >= 500):
            # Nothing has happened to what is stored: the answer is a status and not a response.
            advice.suggested, advice.replay_safety = True, "safe" if stateful else None
        case _ if lost:
            advice.suggested = True
        case _ if facts.retry_after is None:
            return None
    return advice


def is_transport_error(error: BaseException) -> bool:
    """Whether the connection failed below the client."""
    return any(_is(error, package, "TransportError") for package in _HTTP)


def is_api_error(error: BaseException) -> bool:
    """Whether the official client failed in the middle of an answer; an HTTP status comes before one."""
    return _is(error, "openai", "APIError") and not _is(error, "openai", "APIStatusError")


def is_connection_error(error: BaseException) -> bool:
    """Whether the official client got no answer at all."""
    return _is(error, "openai", "APIConnectionError")


def says_whether_to_retry(error: BaseException) -> bool | None:
    """What the service says about trying again, when it does."""
    said = _first(list(_chain(error)), lambda each: _headers(each).get("x-should-retry"))
    return {"true": True, "false": False}.get(said)


def is_conversation_locked(error: BaseException) -> bool:
    """Whether another response still holds the conversation."""
    return _is(error, "openai", "BadRequestError") and _code(error) == "conversation_locked"


def _is(error: BaseException, package: str, name: str) -> bool:
    """Whether the error is of this class, or of one derived from it; an empty package means any."""
    return any(
        kind.__name__ == name and (not package or kind.__module__.partition(".")[0] == package)
        for kind in type(error).__mro__
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    each: BaseException | None = error
    seen: set[int] = set()
    while each is not None and id(each) not in seen and len(seen) < _LONGEST_CHAIN:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _first(chain: list[BaseException], fact: Any) -> Any:
    return next((found for each in chain if (found := fact(each)) is not None), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _body(error: BaseException) -> Mapping[str, Any]:
    """The error object that the server sent."""
    body = getattr(error, "body", None)
    if not isinstance(body, Mapping):
        return {}
    inner = body.get("error")
    return inner if isinstance(inner, Mapping) else body


def _status(error: BaseException) -> int | None:
    for name in ("status_code", "status"):
        if isinstance(value := getattr(error, name, None), int):
            return value
    return None


def _code(error: BaseException) -> str | None:
    return _text(getattr(error, "code", None)) or _text(_body(error).get("code"))


def _retry_after(error: BaseException) -> float | None:
    """Seconds the server asks to wait, from the headers of its answer."""
    headers = _headers(error)
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        with suppress(KeyError, TypeError, ValueError):
            seconds = float(headers[name]) / unit
            if seconds >= 0:
                return seconds
    with suppress(KeyError, TypeError, ValueError):
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    return None


def _headers(error: BaseException) -> dict[str, Any]:
    """The headers of the server's answer by lower-case name."""
    headers = getattr(getattr(error, "response", None), "headers", None) or getattr(error, "headers", None)
    return {str(name).lower(): value for name, value in headers.items()} if isinstance(headers, Mapping) else {}
