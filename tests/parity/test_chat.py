"""Chat Completions: the reference's model and ours send the same request and make the same of each answer.

Two differences are wanted. An answer whose stream ends without a reason for its end was cut off: the reference takes
it for complete, and runs its half-sent tool calls; here it has no last event, which the run reports as an
interruption. And reasoning that comes after text gets an output index of its own, where the reference uses the
message's twice.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import agents
import agents.models.reasoning_content_replay as their_replay
import httpx2
import openai
import pytest
from agents.models.interface import ModelTracing as TheirTracing
from case_names import said
from chat_answers import COMPLETIONS, STREAMS, chunk
from chat_inputs import INPUTS, MORE_INPUTS
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from openai.types.shared import Reasoning
from pydantic import BaseModel

import agentcell
from agentcell.model_settings import MCPToolChoice
from agentcell.models import reasoning_content_replay as our_replay
from agentcell.models.interface import ModelTracing
from agentcell.models.openai_chatcompletions import OpenAIChatCompletionsModel
from agentcell.testing import HttpError, LoopbackServer, Turn

CUT_OFF = {"nothing", "no finish"}
"""Streams without a reason for their end."""

LIBRARIES: list[tuple[Any, Any, Any]] = [
    (agents, TheirTracing.DISABLED, agents.OpenAIChatCompletionsModel),
    (agentcell, ModelTracing.DISABLED, OpenAIChatCompletionsModel),
]
NOWHERE = {"previous_response_id": None, "conversation_id": None, "prompt": None}


class Place(BaseModel):
    name: str


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Both libraries warn of what they leave out."""
    caplog.set_level(logging.CRITICAL)


@pytest.fixture(scope="module")
def answering() -> Iterator[LoopbackServer]:
    with LoopbackServer(lambda request: "ok") as server:
        yield server


def client_of(server: LoopbackServer) -> AsyncOpenAI:
    http = DefaultAsyncHttpxClient(verify=False)
    return AsyncOpenAI(base_url=server.base_url, api_key="key", max_retries=0, http_client=http)


def plain(value: Any) -> Any:
    """Events and items as plain data, without the time."""
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_unset=True)
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name != "created_at"}
    return [plain(each) for each in value] if isinstance(value, list) else value


def failure(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


# --- answers


async def events_of(lib: Any, tracing: Any, kind: Any, url: str, given: dict[str, Any], **options: Any) -> list[Any]:
    found: list[Any] = []
    http = DefaultAsyncHttpxClient(verify=False)
    async with AsyncOpenAI(base_url=url, api_key="key", max_retries=0, http_client=http) as client:
        model = kind("m", client, **options)
        settings = lib.ModelSettings(**given)
        try:
            async for event in model.stream_response("I", "hi", settings, [], None, [], tracing, **NOWHERE):
                response = getattr(event, "response", None)
                found.append((type(event).__name__, plain(event), response and response._request_id))
        except Exception as error:
            found.append(failure(error))
    return found


def sent(chunks: list[Any]) -> Turn:
    return Turn(raw_events=[*(f"data: {json.dumps(each)}\n\n" for each in chunks), "data: [DONE]\n\n"])


@pytest.mark.parametrize("option", [None, "strict_feature_validation", "buffer_streamed_tool_calls"])
@pytest.mark.parametrize("name", STREAMS)
async def test_streams_become_the_same_events(name: str, option: str | None) -> None:
    options = {option: True} if option else {}
    found = []
    for library in LIBRARIES:
        with LoopbackServer([sent(STREAMS[name])]) as server:
            found.append(await events_of(*library, server.base_url, {}, **options))
    theirs, ours = found
    if name == "text then reasoning":
        assert [kind for kind, *_ in ours] == [kind for kind, *_ in theirs]
        added = [body for kind, body, _ in ours if kind == "ResponseOutputItemAddedEvent"]
        assert [body["output_index"] for body in added] == [0, 1]
    elif name in CUT_OFF:
        assert ours == theirs[: len(ours)]
        assert "ResponseCompletedEvent" not in {kind for kind, *_ in ours}
    else:
        assert ours == theirs


@pytest.mark.parametrize(
    "given",
    [
        {"temperature": 0.5, "top_p": 0.2, "tool_choice": "required", "reasoning": {"effort": "low"}},
        {"tool_choice": "add", "parallel_tool_calls": True, "top_logprobs": 2},
    ],
    ids=said,
)
async def test_the_response_repeats_the_settings_as_there(given: dict[str, Any]) -> None:
    found = []
    for library in LIBRARIES:
        with LoopbackServer([sent(STREAMS["logprobs"])]) as server:
            found.append(await events_of(*library, server.base_url, given))
    assert found[0] == found[1]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", COMPLETIONS)
async def test_whole_completions_become_the_same_response(name: str, strict: bool) -> None:
    found = []
    for lib, tracing, kind in LIBRARIES:
        with LoopbackServer([HttpError(200, COMPLETIONS[name])]) as server:
            async with client_of(server) as client:
                settings = lib.ModelSettings(preserve_raw_usage=True)
                model = kind("m", client, strict_feature_validation=strict)
                try:
                    got = await model.get_response("I", "hi", settings, [], None, [], tracing, **NOWHERE)
                except Exception as error:
                    found.append(failure(error))
                    continue
                usage = {name: plain(value) for name, value in vars(got.usage).items()}
                kinds = [type(item).__name__ for item in got.output]
                found.append((kinds, plain(got.output), usage, got.response_id, got.request_id, got.raw_usage))
    assert found[0] == found[1]


# --- requests


async def requested(server: LoopbackServer, case: dict[str, Any], *, stream: bool) -> list[Any]:
    """What each library sends for a case: the body, headers of note and the query, or its error."""
    found = []
    for lib, tracing, kind in LIBRARIES:
        tools = {"add": lib.function_tool(add), "loose": lib.function_tool(loose, strict_mode=False)}
        async with client_of(server) as client:
            model = kind(case.get("model", "m"), client, case.get("replay"), case.get("strict", False))
            before = len(server.requests)
            try:
                schema = lib.AgentOutputSchema(**case["schema"]) if "schema" in case else None
                arguments = (
                    case.get("instructions", "Be kind."),
                    case.get("input", "Hello"),
                    lib.ModelSettings(**case.get("settings", {})),
                    [tools[name] for name in case.get("tools", [])],
                    schema,
                    [lib.handoff(lib.Agent(name=name)) for name in case.get("handoffs", [])],
                    tracing,
                )
                keywords = {name: case.get(name) for name in NOWHERE}
                if stream:
                    async for _ in model.stream_response(*arguments, **keywords):
                        pass
                else:
                    await model.get_response(*arguments, **keywords)
            except Exception as error:
                found.append((type(error).__name__, str(error)))
                continue
            assert len(server.requests) == before + 1
            request = server.requests[-1]
            noted = {name: request.headers.get(name) for name in ("x-mine", "accept", "content-type")}
            found.append((request.path, request.body, request.query, noted))
    return found


def add(a: int, b: int = 2) -> int:
    """Add numbers."""
    return a + b


def loose(x: dict) -> str:  # type: ignore[type-arg]
    """Take anything."""
    return str(x)


SETTINGS: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.4,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.2,
    "truncation": "auto",
    "max_tokens": 9,
    "reasoning": Reasoning(effort="low", summary="auto"),
    "verbosity": "high",
    "metadata": {"a": "b"},
    "store": False,
    "prompt_cache_retention": "24h",
    "include_usage": True,
    "response_include": ["reasoning.encrypted_content"],
    "top_logprobs": 3,
    "preserve_raw_usage": True,
    "timeout": 5,
}
EXTRA: dict[str, Any] = {
    "extra_query": {"q": "1"},
    "extra_body": {"more": {"z": 1}, "temperature": 0.1},
    "extra_headers": {"X-Mine": "b"},
    "extra_args": {"service_tier": "flex", "user": "u"},
}
CASES: dict[str, dict[str, Any]] = {
    "text": {},
    "no instructions": {"instructions": None},
    "empty instructions": {"instructions": ""},
    "all settings": {"settings": SETTINGS},
    "usage not wanted": {"settings": {"include_usage": False}},
    "falsy settings": {"settings": {"top_logprobs": 0, "metadata": {}, "temperature": 0}},
    "cache options": {"settings": {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}}},
    "context management": {"settings": {"context_management": [{"type": "compaction"}]}},
    "no effort": {"settings": {"reasoning": {"summary": "auto"}}},
    "extras": {"settings": EXTRA},
    "tools": {"tools": ["add", "loose"]},
    "tools and handoff": {"tools": ["add"], "handoffs": ["The Expert"]},
    "structured output": {"schema": {"output_type": Place}},
    "wrapped output": {"schema": {"output_type": list[int]}},
    "loose output": {"schema": {"output_type": dict, "strict_json_schema": False}},
    "text output": {"schema": {"output_type": str}},
    **{
        f"parallel {value} with {tools or 'no tools'}": {"settings": {"parallel_tool_calls": value}, "tools": tools}
        for value in (True, False)
        for tools in ([], ["add"])
    },
    "parallel with a handoff": {"settings": {"parallel_tool_calls": True}, "handoffs": ["The Expert"]},
    **{
        f"tool choice {choice}": {"settings": {"tool_choice": choice}, "tools": ["add"]}
        for choice in ("auto", "required", "none", "add", "transfer_to_the_expert", "nope")
    },
    "tool choice without tools": {"settings": {"tool_choice": "required"}},
    "previous response": {"previous_response_id": "resp_9"},
    "previous response, strict": {"previous_response_id": "resp_9", "strict": True},
    "conversation, strict": {"conversation_id": "conv", "strict": True},
    "both, strict": {"conversation_id": "conv", "previous_response_id": "resp_9", "strict": True},
    "prompt": {"prompt": {"id": "p"}},
    "prompt, strict": {"prompt": {"id": "p"}, "strict": True},
}


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_requests_are_equal(answering: LoopbackServer, case: dict[str, Any], stream: bool) -> None:
    theirs, ours = await requested(answering, case, stream=stream)
    assert ours == theirs


@pytest.mark.parametrize("model", ["m", "deepseek-chat", "gemini-2"])
@pytest.mark.parametrize("name", [*INPUTS, *MORE_INPUTS])
async def test_inputs_become_the_same_messages(answering: LoopbackServer, name: str, model: str) -> None:
    given = {**INPUTS, **MORE_INPUTS}[name]
    for strict in (False, True):
        theirs, ours = await requested(answering, {"input": given, "model": model, "strict": strict}, stream=False)
        if theirs[0] in ("TypeError", "KeyError"):
            assert ours[0] == "UserError"  # the reference stumbles over such an item, agentcell says what is wrong
        else:
            assert ours == theirs


@pytest.mark.parametrize("answer", [True, False])
async def test_reasoning_is_replayed_as_told(answering: LoopbackServer, answer: bool) -> None:
    asked: list[Any] = []

    def replay(context: Any) -> bool:
        source = context.reasoning
        asked.append((context.model, context.base_url, source.item, source.origin_model, dict(source.provider_data)))
        return answer

    names = [name for name in MORE_INPUTS if name.startswith(("ds", "field", "thought", "msg reasoning"))]
    for name in names:
        theirs, ours = await requested(answering, {"input": MORE_INPUTS[name], "replay": replay}, stream=False)
        assert ours == theirs, name
        half = len(asked) // 2
        assert asked[:half] == asked[half:], name
        asked.clear()


@pytest.mark.parametrize("model", ["deepseek-chat", "DeepSeek-R1", "openrouter/deepseek/x", "gpt-4", "m"])
@pytest.mark.parametrize("origin", [None, "deepseek-chat", "DEEPSEEK-X", "gpt-4"])
@pytest.mark.parametrize("data", [{}, {"model": "x"}, {"a": 1}])
def test_reasoning_is_replayed_by_default_as_there(model: str, origin: str | None, data: dict[str, Any]) -> None:
    def told(lib: Any) -> bool:
        source = lib.ReasoningContentSource(item={}, origin_model=origin, provider_data=data)
        return lib.default_should_replay_reasoning_content(
            lib.ReasoningContentReplayContext(model=model, base_url=None, reasoning=source)
        )

    assert told(our_replay) == told(their_replay)


async def test_what_it_cannot_do_is_refused_as_there(answering: LoopbackServer) -> None:
    errors = []
    for lib, tracing, kind in LIBRARIES:
        choice = MCPToolChoice("s", "n") if lib is agentcell else agents.model_settings.MCPToolChoice("s", "n")
        async with client_of(answering) as client:
            settings = lib.ModelSettings(tool_choice=choice)
            with pytest.raises(lib.UserError) as caught:
                await kind("m", client).get_response("I", "hi", settings, [], None, [], tracing, **NOWHERE)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


@pytest.mark.parametrize("given", [{"temperature": 0.5, "extra_args": {"temperature": 0.2}}], ids=said)
async def test_an_argument_given_twice_is_an_error_in_both(answering: LoopbackServer, given: dict[str, Any]) -> None:
    theirs, ours = await requested(answering, {"settings": given}, stream=True)
    assert theirs[0] == ours[0] == "TypeError"


@pytest.mark.parametrize("url", ["https://api.openai.com/v1", "https://eu.api.openai.com/v1", "https://x.example/v1"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("settings", [{}, {"store": False, "include_usage": False}], ids=said)
@pytest.mark.parametrize("given", ["hi", [{"role": "user", "content": [{"type": "zzz"}]}], INPUTS["parts"]], ids=said)
async def test_openais_own_server_is_asked_as_there(url: str, stream: bool, settings: Any, given: Any) -> None:
    found: list[list[Any]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        found[-1].append(json.loads(request.content))
        return httpx2.Response(500)

    for lib, tracing, kind in LIBRARIES:
        found.append([])
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(handler))
        async with AsyncOpenAI(base_url=url, api_key="key", max_retries=0, http_client=http) as client:
            arguments = ("I", given, lib.ModelSettings(**settings), [], None, [], tracing)
            try:
                if stream:
                    async for _ in kind("gpt-4.1", client).stream_response(*arguments, **NOWHERE):
                        pass
                else:
                    await kind("gpt-4.1", client).get_response(*arguments, **NOWHERE)
            except Exception as error:
                found[-1].append(failure(error))
    assert found[0] == found[1] and found[0]


# --- what only we do


async def run_on(turn: Turn, **options: Any) -> Any:
    with LoopbackServer([turn]) as server:
        async with client_of(server) as client:
            tool = agentcell.function_tool(add)
            model: Any = OpenAIChatCompletionsModel("m", client)
            agent = agentcell.Agent(name="A", model=model, tools=[tool])
            result = agentcell.Runner.run_streamed(agent, "x", **options)
            async for _ in result.stream_events():
                pass
            return result


@pytest.mark.parametrize("name", ["one tool", "two tools", "text+tool", "text", "refusal"])
async def test_an_answer_cut_off_anywhere_is_an_interruption(name: str) -> None:
    """The row of faults "cut anywhere"; of this API the reference takes what has come for the whole answer."""
    chunks = STREAMS[name]
    for count in range(len(chunks)):
        with pytest.raises(agentcell.StreamInterrupted) as caught:
            await run_on(sent(chunks[:count]))
        text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks[:count])
        assert caught.value.partial_text == text


async def test_an_error_in_the_stream_is_an_interruption() -> None:
    broken = [chunk({"content": "a"}), {"error": {"message": "boom", "code": "x"}}]
    with pytest.raises(agentcell.StreamInterrupted, match="boom") as caught:
        await run_on(sent(broken))
    assert caught.value.partial_text == "a"
    assert isinstance(caught.value.__cause__, openai.APIError)


async def test_a_page_instead_of_a_stream_is_named() -> None:
    with pytest.raises(agentcell.StreamInterrupted, match="text/html"):
        await run_on(Turn(error=HttpError(200, "<html>Sign in</html>")))


def cut(kind: Any) -> Callable[..., Turn]:
    return lambda *output: Turn(output, cut_after=3, cut=kind)


@pytest.mark.parametrize("kind", ["close", "reset"])
async def test_a_broken_connection_is_an_interruption(kind: str) -> None:
    with pytest.raises(agentcell.StreamInterrupted, match="broke off after") as caught:
        await run_on(cut(kind)("one two three"))
    assert "one two three".startswith(caught.value.partial_text)
