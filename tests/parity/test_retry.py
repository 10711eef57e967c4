"""Retries and time limits: the reference's runner and our attempts make the same calls, waits and decisions.

The reference is run with a model that fails by script; `attempts` opens the same script. Both say what they asked the
policy, how long they waited and how it ended. Rules 49 and 50.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import inspect
import itertools
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import agents
import agents.exceptions
import agents.model_settings
import agents.retry
import httpx2
import openai
import pytest
from case_names import said
from suite import script

import agentcell.retry
from agentcell import ModelSettings
from agentcell.engine.attempts import CallRecord, Clock, attempts
from agentcell.exceptions import ModelTimeoutError
from agentcell.model_settings import MCPToolChoice
from agentcell.models.failures import normalized
from agentcell.models.response_events import message_item, response_events, typed, usage_dict

REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1")
NAMES = [
    "ModelRetryAdvice",
    "ModelRetryAdviceRequest",
    "ModelRetryBackoffSettings",
    "ModelRetryNormalizedError",
    "ModelRetrySettings",
    "RetryDecision",
    "RetryPolicyContext",
]
HTTP_ERRORS = """
    CloseError ConnectError ConnectTimeout DecodingError LocalProtocolError PoolTimeout ProxyError ReadError
    ReadTimeout RemoteProtocolError TransportError UnsupportedProtocol WriteError WriteTimeout
"""


def status(code: int, headers: dict[str, str] | None = None, body: Any = None) -> openai.APIStatusError:
    response = httpx2.Response(code, request=REQUEST, headers=headers or {})
    kind = openai.BadRequestError if code == 400 else openai.APIStatusError
    return kind("m", response=response, body=body)


def plain(value: Any) -> Any:
    """A value of either library as plain data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        public = [f.name for f in dataclasses.fields(value) if not f.name.startswith("_") and f.name != "final"]
        return {name: plain(getattr(value, name)) for name in public}
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value if not isinstance(value, Exception) else (type(value).__name__, str(value))


# --- names and shapes


@pytest.mark.parametrize("name", NAMES)
def test_shapes_are_the_references(name: str) -> None:
    ours, theirs = getattr(agentcell.retry, name), getattr(agents.retry, name)
    assert list(inspect.signature(ours).parameters)[: len(inspect.signature(theirs).parameters)] == list(
        inspect.signature(theirs).parameters
    )
    for theirs_field in dataclasses.fields(theirs):
        if theirs_field.name.startswith("_"):
            continue
        ours_field = next(f for f in dataclasses.fields(ours) if f.name == theirs_field.name)
        given, expected = (getattr(f.default, "default", f.default) for f in (ours_field, theirs_field))
        assert given == expected, theirs_field.name
        assert (ours_field.repr, ours_field.kw_only) == (theirs_field.repr, theirs_field.kw_only)
    public = {n for n in dir(theirs) if not n.startswith("_")}
    assert public <= set(dir(ours)) | {f.name for f in dataclasses.fields(ours)}


def test_the_policies_are_the_references() -> None:
    theirs = {n for n in dir(agents.retry_policies) if not n.startswith("_")}
    assert theirs == {n for n in dir(agentcell.retry.retry_policies) if not n.startswith("_")}
    for name in theirs:
        mine = inspect.signature(getattr(agentcell.retry.retry_policies, name))
        assert list(mine.parameters) == list(inspect.signature(getattr(agents.retry_policies, name)).parameters)


# --- settings


PIECES: list[dict[str, Any]] = [
    {},
    {"temperature": 0.5},
    {"temperature": 0.0, "top_p": 1},
    {"extra_args": {"a": 1}},
    {"extra_args": {"a": None, "b": {"c": [1]}}},
    {"extra_args": {}},
    {"extra_body": {"a": 1}, "extra_headers": {"A": "1"}, "extra_query": {"q": 1}},
    {"extra_body": [1], "extra_headers": {"a": "2"}, "metadata": {"b": "2"}},
    {"retry": {"max_retries": 1}},
    {"retry": {"max_retries": 0, "backoff": {"initial_delay": 1}}},
    {"retry": {"backoff": {"multiplier": 3, "jitter": False}}},
    {"retry": {}},
    {"retry": {"backoff": {}}},
    {"tool_choice": "auto", "parallel_tool_calls": False},
    {"tool_choice": {"server_label": "s", "name": "n"}},
    {"reasoning": {"effort": "low"}, "verbosity": "low", "timeout": 5},
    {"context_management": [{"type": "compaction", "compact_threshold": 5}], "preserve_raw_usage": True},
    {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}, "response_include": ["x"], "top_logprobs": 0},
]


@pytest.mark.parametrize(("first", "second"), list(itertools.product(range(len(PIECES)), repeat=2)))
def test_settings_resolve_as_the_references(first: int, second: int) -> None:
    for as_dict in (False, True):
        resolved = []
        for kind in (agents.ModelSettings, ModelSettings):
            base, override = (copy.deepcopy(PIECES[index]) for index in (first, second))
            resolved.append(kind(**base).resolve(override if as_dict else kind(**override)))  # type: ignore[arg-type]
        theirs, ours = resolved
        theirs.extra_args = theirs.extra_args or None  # nothing to add is {} or None there, depending on the override
        assert plain(ours) == plain(theirs)
        assert ours.to_json_dict() == theirs.to_json_dict()
        assert ours.to_traceable_dict() == theirs.to_traceable_dict()


def test_settings_have_the_references_fields_in_order() -> None:
    ours, theirs = inspect.signature(ModelSettings), inspect.signature(agents.ModelSettings)
    assert [(p.name, p.kind, p.default) for p in ours.parameters.values()] == [
        (p.name, p.kind, p.default) for p in theirs.parameters.values()
    ]
    assert list(inspect.signature(MCPToolChoice).parameters) == list(
        inspect.signature(agents.model_settings.MCPToolChoice).parameters
    )


@pytest.mark.parametrize(
    "given",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"timeout": "5"},
        {"timeout": True},
        {"temperature": "0.5"},
        {"temperature": "warm"},
        {"tool_choice": 3},
        {"reasoning": {"effort": "weird"}},
        {"truncation": "other"},
        {"extra_headers": {"a": 1}},
        {"extra_headers": {"a": openai.omit}},
        {"extra_query": [1]},
        {"max_tokens": 1.5},
        {"store": "yes"},
        {"store": "maybe"},
        {"retry": {"max_retries": "2", "backoff": {"initial_delay": "1", "unknown": 1}}},
        {"retry": {"backoff": {"initial_delay": -1}}},
        {"retry": {"policy": 3}},
        {"retry": 3},
        {"context_management": [{"no": 1}]},
        {"prompt_cache_options": {"ttl": "5s"}},
    ],
    ids=said,
)
def test_values_are_checked_as_there(given: dict[str, Any]) -> None:
    found = []
    for kind in (agents.ModelSettings, ModelSettings):
        try:
            found.append(plain(kind(**given)))
        except Exception as error:
            found.append(type(error).__name__)
    theirs, ours = found
    assert ours == theirs


@pytest.mark.parametrize("given", [{"bogus": 1}, 3, [("temperature", 1)]], ids=said)
def test_what_are_no_settings_is_refused_as_there(given: Any) -> None:
    messages = []
    for settings in (agents.ModelSettings(), ModelSettings()):
        with pytest.raises(TypeError) as caught:
            settings.resolve(given)
        messages.append(str(caught.value))
    assert messages[1].startswith(messages[0])


# --- policies


def facts(lib: Any, **given: Any) -> Any:
    return lib.ModelRetryNormalizedError(**given)


def contexts(lib: Any) -> list[Any]:
    """Failures of many kinds."""
    advice = [
        None,
        *(
            {"suggested": suggested, "retry_after": after, "reason": reason}
            for suggested in (None, True, False)
            for after in (None, 2.0)
            for reason in (None, "why")
        ),
    ]
    kinds: list[dict[str, Any]] = [
        {},
        {"is_network_error": True},
        {"is_timeout": True},
        {"status_code": 429},
        {"status_code": 429, "retry_after": 7.0},
        {"retry_after": 0.0, "is_network_error": True},
    ]
    return [
        lib.RetryPolicyContext(
            error=ValueError("x"),
            attempt=1,
            max_retries=2,
            stream=True,
            normalized=facts(lib, **kind),
            provider_advice=None if each is None else lib.ModelRetryAdvice(**each),
        )
        for kind in kinds
        for each in advice
    ]


def policies(lib: Any) -> list[Any]:
    """Simple policies, and all pairs and some triples of them, merged both ways."""
    make, decision = lib.retry_policies, lib.RetryDecision

    async def later(context: Any) -> bool:
        return True

    simple: list[Any] = [
        make.never(),
        make.provider_suggested(),
        make.network_error(),
        make.retry_after(),
        make.http_status([429, 500]),
        later,
        lambda context: decision(True, delay=1, reason="a"),
        lambda context: decision(True, delay=5, approve_unsafe_replay=True),
        lambda context: decision(False, delay=3, reason="no"),
        lambda context: None,
        lambda context: "yes",
    ]
    groups = [(), *((each,) for each in simple), *itertools.product(simple, repeat=2)]
    groups += [(simple[2], simple[1], simple[4]), (simple[6], simple[8], simple[7]), (simple[3], simple[2], simple[1])]
    merged = [merge(*group) for group in groups for merge in (make.any, make.all)]
    return [*simple, *merged, make.any(make.all(simple[2], simple[1]), simple[6]), make.all(make.any(*simple[:5]))]


async def answer(policy: Any, context: Any) -> Any:
    said = policy(context)
    return plain(await said if inspect.isawaitable(said) else said)


async def test_policies_decide_as_the_references() -> None:
    count = 0
    pairs = zip(policies(agents), policies(agentcell.retry), strict=True)
    for number, (theirs, ours) in enumerate(pairs):
        for their_context, our_context in zip(contexts(agents), contexts(agentcell.retry), strict=True):
            expected, found = await answer(theirs, their_context), await answer(ours, our_context)
            assert found == expected, (number, plain(our_context))
            count += 1
    assert count > 10_000


# --- what a failure is


def kind(name: str, **attributes: Any) -> Exception:
    return type(name, (Exception,), attributes)("q")


def caused(*errors: Exception) -> Exception:
    for error, cause in itertools.pairwise(errors):
        error.__cause__ = cause
    return errors[0]


FAILURES: list[Callable[[], Exception]] = [
    *(
        lambda headers=headers: status(429, headers)
        for headers in (
            {"retry-after": "7"},
            {"retry-after-ms": "1500", "x-request-id": "rq"},
            {"retry-after-ms": "1500", "retry-after": "9"},
            {"retry-after-ms": "x", "retry-after": "9"},
            {"retry-after-ms": "-1", "retry-after": "9"},
            {"retry-after": "Wed, 21 Oct 2007 07:28:00 GMT"},
            {"retry-after": "-3"},
            {"retry-after": "0"},
            {"retry-after": ""},
            {"retry-after": "1e3"},
        )
    ),
    *(
        lambda body=body: status(500, body=body)
        for body in ({"code": "srv", "message": "mm"}, {"error": {"code": "srv"}}, {"error": {"code": 5}}, "text", None)
    ),
    lambda: openai.APIConnectionError(request=REQUEST),
    lambda: openai.APITimeoutError(request=REQUEST),
    lambda: openai.APIError("ae", request=REQUEST, body={"error": {"code": "x", "message": "inner"}}),
    *(lambda name=name: getattr(httpx2, name)("c") for name in HTTP_ERRORS.split()),
    lambda: TimeoutError("t"),
    lambda: ConnectionResetError("r"),
    lambda: OSError(104, "o"),
    lambda: ValueError(""),
    lambda: kind("Coded", status_code=418, code="teapot", request_id="rid", headers={"Retry-After": "2"}),
    lambda: kind("Coded", status=418),
    lambda: kind("Coded", status_code="418", code=5, body={"message": "b", "code": "c"}),
    lambda: kind("Answered", response=httpx2.Response(502, headers={"retry-after": "3"}, request=REQUEST)),
    lambda: caused(ValueError("outer"), status(429, {"retry-after": "9"})),
    lambda: caused(ValueError("outer"), ValueError("inner"), httpx2.ConnectError("c")),
    lambda: caused(ValueError("outer"), openai.APITimeoutError(request=REQUEST)),
    lambda: caused(status(500), status(429, {"retry-after": "9"})),
]


@pytest.mark.parametrize("make", FAILURES, ids=lambda make: repr(make()))
async def test_failures_are_read_as_there(make: Callable[[], Exception]) -> None:
    error = make()
    told: list[Any] = []
    settings = agents.ModelSettings(retry=agents.ModelRetrySettings(max_retries=1, policy=lambda c: told.append(c)))
    with pytest.raises(type(error)):
        await agents.Runner.run(agents.Agent(name="A", model=Theirs([error]), model_settings=settings), "x")
    assert plain(normalized(error)) == plain(told[0].normalized)


# --- calls, waits and ends

GOOD = [typed(e) for e in response_events([message_item("hi")], response_id="r", model="m", usage=usage_dict(1, 1))]


class Theirs(agents.Model):
    """A model of the reference that fails by script: an error, or events that end with an error or an end."""

    def __init__(self, script: list[Any], advice: dict[str, Any] | None = None) -> None:
        self.script, self.advice, self.calls = list(script), advice, 0

    async def get_response(self, *args: Any, **options: Any) -> Any:
        async for _ in self.stream_response():
            pass
        return agents.ModelResponse(output=[], usage=agents.Usage(requests=1), response_id=None)

    async def stream_response(self, *args: Any, **options: Any) -> AsyncIterator[Any]:
        self.calls += 1
        step = self.script.pop(0)
        for each in step if isinstance(step, list) else [step]:
            if isinstance(each, Exception):
                raise each
            yield each

    def get_retry_advice(self, request: Any) -> Any:
        return None if self.advice is None else made_advice(agents, self.advice)


def made_advice(lib: Any, given: dict[str, Any]) -> Any:
    corrected = given.get("normalized")
    return lib.ModelRetryAdvice(**{**given, "normalized": corrected and facts(lib, **corrected)})


@dataclasses.dataclass(frozen=True)
class Case:
    """A model call that fails by script."""

    script: list[Any]
    decision: Any = True
    backoff: dict[str, Any] | None = None
    max_retries: int | None = 2
    advice: dict[str, Any] | None = None
    previous_response_id: str | None = None


E = ValueError("v")
LOCKED = status(400, body={"code": "conversation_locked"})
FIXED = {"initial_delay": 1, "max_delay": 5, "multiplier": 3, "jitter": False}
CASES: dict[str, Case] = {
    "no failure": Case([GOOD]),
    "one failure": Case([E, GOOD]),
    "growing waits": Case([*[E] * 6, GOOD], max_retries=6),
    "own backoff": Case([*[E] * 4, GOOD], backoff=FIXED, max_retries=6),
    "first above the longest": Case([E, E, GOOD], backoff={**FIXED, "initial_delay": 10}),
    "shrinking": Case([E, E, GOOD], backoff={**FIXED, "initial_delay": 4, "multiplier": 0.5}),
    "no wait": Case([E, E, GOOD], backoff={"initial_delay": 0}),
    "used up": Case([ValueError("1"), ValueError("2"), ValueError("3")]),
    "no number": Case([E], max_retries=None),
    "zero": Case([E], max_retries=0),
    "below zero": Case([E], max_retries=-1),
    "policy says no": Case([E], decision=False),
    "policy says nothing": Case([E], decision=None),
    "policy says text": Case([E, GOOD], decision="yes"),
    "policy fails": Case([E], decision=KeyError("policy")),
    "decided delay": Case([E, GOOD], decision={"retry": True, "delay": 300}),
    "decided no delay": Case([E, GOOD], decision={"retry": True, "delay": 0}, backoff=FIXED),
    "decided delay below zero": Case([E, GOOD], decision={"retry": True, "delay": -3}, backoff=FIXED),
    "asked delay": Case([status(429, {"retry-after": "7"}), GOOD], backoff=FIXED),
    "asked no delay": Case([status(429, {"retry-after": "0"}), GOOD], backoff=FIXED),
    "decided over asked": Case([status(429, {"retry-after": "7"}), GOOD], decision={"retry": True, "delay": 3}),
    "advised delay": Case([E, GOOD], advice={"retry_after": 9}),
    "advised against": Case([E, GOOD], advice={"suggested": False}),
    "advised as begun": Case([E, GOOD], advice={"response_started": True}),
    "safe": Case([E, GOOD], advice={"replay_safety": "safe"}),
    "unsafe": Case([E], advice={"replay_safety": "unsafe"}),
    "unsafe, approved": Case(
        [E], advice={"replay_safety": "unsafe"}, decision={"retry": True, "approve_unsafe_replay": True}
    ),
    "corrected status": Case([E, GOOD], advice={"normalized": {"status_code": 7}}),
    "corrected message": Case([E, GOOD], advice={"normalized": {"message": None}}),
    "corrected delay": Case([E, GOOD], advice={"normalized": {"retry_after": 4}}),
    "corrected abort": Case([E], advice={"normalized": {"is_abort": True}}),
    "abort": Case([kind("AbortError")]),
    "stateful": Case([E], previous_response_id="p"),
    "stateful, approved": Case([E], previous_response_id="p", decision={"retry": True, "approve_unsafe_replay": True}),
    "stateful, safe": Case([E, GOOD], previous_response_id="p", advice={"replay_safety": "safe"}),
    "stateful, suggested": Case([E], previous_response_id="p", advice={"suggested": True}),
    "stateful, unsafe": Case([E], previous_response_id="p", advice={"replay_safety": "unsafe"}),
    **{f"after {n} events": Case([[*GOOD[:n], E], GOOD]) for n in range(len(GOOD))},
    "twice after created": Case([[GOOD[0], E], [GOOD[0], E], GOOD]),
    "conversation locked": Case([*[LOCKED] * 3, GOOD], max_retries=None),
    "conversation locked for long": Case([LOCKED] * 4, max_retries=None),
    "conversation locked, policy goes on": Case([*[LOCKED] * 5, GOOD], backoff=FIXED),
    "conversation locked, failure between": Case([LOCKED, E, LOCKED, E, LOCKED, GOOD], backoff=FIXED),
}


def settings_of(lib: Any, case: Case, told: list[Any]) -> Any:
    def policy(context: Any) -> Any:
        told.append(context)
        match case.decision:
            case Exception():
                raise case.decision
            case dict():
                return lib.RetryDecision(**case.decision)
        return case.decision

    return lib.ModelRetrySettings(max_retries=case.max_retries, backoff=case.backoff, policy=policy)


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=n, marks=script("49", over="scripted", name=n)) for n, c in CASES.items()],
)
async def test_calls_and_waits_are_the_references(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.2)
    assert await our_call(case) == await their_call(case, monkeypatch)


async def their_call(case: Case, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    waits: list[float] = []
    told: list[Any] = []
    sleep = asyncio.sleep

    async def quick(delay: float, *args: Any) -> None:
        waits.extend([delay] if delay else [])
        await sleep(0)

    settings = agents.ModelSettings(retry=settings_of(agents, case, told))
    model = Theirs(case.script, case.advice)
    agent = agents.Agent(name="A", model=model, model_settings=settings)
    events: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "sleep", quick)
        run = agents.Runner.run_streamed(agent, "x", previous_response_id=case.previous_response_id)
        error = None
        try:
            async for event in run.stream_events():
                if event.type == "raw_response_event":
                    events.append(event.data.type)
        except Exception as raised:
            error = plain(raised)
    return {
        "calls": model.calls,
        "waits": waits,
        "told": [plain(each) for each in told],
        "error": error,
        # After a failure the reference drops the events that its consumer has not taken.
        "events": events if error is None else None,
        "requests": run.context_wrapper.usage.requests if error is None else None,
    }


async def our_call(case: Case) -> dict[str, Any]:
    waits: list[float] = []
    told: list[Any] = []

    async def sleep(delay: float) -> None:
        waits.extend([delay] if delay else [])

    record = CallRecord()
    model: Any = Ours(case.script, case.advice)
    settings = ModelSettings(retry=settings_of(agentcell.retry, case, told))
    events: list[str] = []
    error = None
    try:
        async for event in attempts(
            model.stream_response,
            settings,
            model,
            record=record,
            previous_response_id=case.previous_response_id,
            clock=Clock(sleep=sleep, chance=lambda: random.random()),
        ):
            events.append(event.type)
    except Exception as raised:
        error = plain(raised)
    return {
        "calls": model.calls,
        "waits": waits,
        "told": [plain(each) for each in told],
        "error": error,
        "events": events if error is None else None,
        "requests": record.failed + 1 if error is None else None,
    }


class Ours(Theirs):
    """The same model with advice of ours."""

    def get_retry_advice(self, request: Any) -> Any:
        return None if self.advice is None else made_advice(agentcell.retry, self.advice)


def test_the_time_limits_error_is_the_references() -> None:
    for seconds in (0.5, 1, 30.0):
        theirs, ours = agents.exceptions.ModelTimeoutError(seconds), ModelTimeoutError(seconds)
        assert (str(ours), ours.timeout_seconds) == (str(theirs), theirs.timeout_seconds)


# --- what OpenAI's models advise


STATUSES = [400, 401, 403, 404, 408, 409, 418, 422, 429, 499, 500, 501, 503, 504, 529, 200, 302]
ADVISED: list[Callable[[], Exception]] = [
    *FAILURES,
    *(lambda code=code: status(code) for code in STATUSES),
    *(
        lambda code=code, says=says: status(code, {"x-should-retry": says, "retry-after": "4"})
        for code in (400, 429, 503)
        for says in ("true", "false", "maybe")
    ),
    lambda: status(400, body={"code": "conversation_locked"}),
    lambda: kind("Unsafe", unsafe_to_replay=True),
    lambda: kind("Coded", status_code=503),
    lambda: caused(ValueError("outer"), openai.APIConnectionError(request=REQUEST)),
    lambda: caused(ValueError("outer"), status(429, {"x-should-retry": "false"})),
]


@pytest.mark.parametrize("api", ["OpenAIResponsesModel", "OpenAIChatCompletionsModel"])
@pytest.mark.parametrize("make", ADVISED, ids=lambda make: repr(make()))
def test_openais_models_advise_as_there(api: str, make: Callable[[], Exception]) -> None:
    client, error = openai.AsyncOpenAI(api_key="k"), make()
    theirs, ours = getattr(agents, api)("m", client), getattr(agentcell, api)("m", client)
    for stream in (True, False):
        for ids in ({}, {"previous_response_id": "p"}, {"conversation_id": "c"}):
            request: dict[str, Any] = {"error": error, "attempt": 1, "stream": stream, **ids}
            expected = theirs.get_retry_advice(agents.ModelRetryAdviceRequest(**request))
            found = ours.get_retry_advice(agentcell.retry.ModelRetryAdviceRequest(**request))
            assert plain(found) == plain(expected)
