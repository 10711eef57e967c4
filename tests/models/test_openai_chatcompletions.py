"""The model behind Chat Completions: a run sees no difference to the Responses API, and nothing stays open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from agentcell import Agent, ModelSettings, OpenAIResponsesModel, Runner, function_tool
from agentcell.models.interface import ModelTracing
from agentcell.models.openai_chatcompletions import OpenAIChatCompletionsModel
from agentcell.models.response_events import (
    function_call_item,
    message_item,
    reasoning_item,
    refusal_item,
    usage_dict,
)
from agentcell.testing import HttpError, LoopbackServer, Turn

NOWHERE: dict[str, Any] = {"previous_response_id": None, "conversation_id": None, "prompt": None}


def client_of(server: LoopbackServer, max_retries: int = 0) -> AsyncOpenAI:
    http = DefaultAsyncHttpxClient(verify=False)
    return AsyncOpenAI(base_url=server.base_url, api_key="key", max_retries=max_retries, http_client=http)


def events(client: AsyncOpenAI, settings: ModelSettings | None = None, **options: Any) -> AsyncIterator[Any]:
    model = OpenAIChatCompletionsModel("m", client, **options)
    return model.stream_response("I", "hi", settings or ModelSettings(), [], None, [], ModelTracing.DISABLED, **NOWHERE)


@function_tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


SCRIPT = [
    Turn(
        [
            reasoning_item("Let me add."),
            message_item("Adding."),
            *(function_call_item("add", {"a": n, "b": 1}) for n in (1, 2)),
        ],
        usage=usage_dict(10, 5, cached=4, reasoning=2),
    ),
    Turn([message_item("2 and 3")], usage=usage_dict(20, 6)),
]


async def run_with(kind: Any, pieces: Any = None, stream: bool = True) -> Any:
    with LoopbackServer(SCRIPT) as server:
        async with client_of(server) as client:
            settings = ModelSettings(include_usage=True)
            agent = Agent(name="A", model=kind("m", client), tools=[add], model_settings=settings)
            if not stream:
                return await Runner.run(agent, "Add.")
            result = Runner.run_streamed(agent, "Add.")
            async for _ in result.stream_events():
                pass
            return result


async def test_a_run_is_the_same_as_over_the_responses_api() -> None:
    chat, responses = await run_with(OpenAIChatCompletionsModel), await run_with(OpenAIResponsesModel)
    assert chat.final_output == responses.final_output == "2 and 3"
    assert [type(item) for item in chat.new_items] == [type(item) for item in responses.new_items]
    calls = [
        [item.raw_item.arguments for item in r.new_items if item.type == "tool_call_item"] for r in (chat, responses)
    ]
    assert (
        [json.loads(a) for a in calls[0]] == [json.loads(a) for a in calls[1]] == [{"a": 1, "b": 1}, {"a": 2, "b": 1}]
    )
    ours, theirs = chat.context_wrapper.usage, responses.context_wrapper.usage
    assert (ours.requests, ours.input_tokens, ours.output_tokens) == (2, 30, 11)
    assert ours.input_tokens_details.cached_tokens == theirs.input_tokens_details.cached_tokens == 4
    assert ours.output_tokens_details.reasoning_tokens == theirs.output_tokens_details.reasoning_tokens == 2
    assert chat.last_response_id == "__fake_id__"


async def test_the_second_request_tells_the_whole_history() -> None:
    with LoopbackServer(SCRIPT) as server:
        async with client_of(server) as client:
            await Runner.run(Agent(name="A", model=OpenAIChatCompletionsModel("m", client), tools=[add]), "Add.")
        messages = server.requests[1].body["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "tool", "tool"]
    assert messages[1]["content"] == "Adding." and len(messages[1]["tool_calls"]) == 2
    assert [m["tool_call_id"] for m in messages[2:]] == [c["id"] for c in messages[1]["tool_calls"]]
    assert [m["content"] for m in messages[2:]] == ["2", "3"]


@pytest.mark.parametrize("chunk_size", [1, 7, 1000])
async def test_any_chunks_give_the_same_events(chunk_size: int) -> None:
    output = [reasoning_item("Hm 🎉."), message_item("Hello *there* é"), function_call_item("f", {"x": "ü"})]

    async def read(turn: Turn) -> list[Any]:
        with LoopbackServer([turn]) as server:
            async with client_of(server) as client:
                found = [event.model_dump() async for event in events(client)]
        for event in found:
            event.get("response", {}).pop("created_at", None)
        return found

    assert await read(Turn(output, chunk_size=chunk_size)) == await read(Turn(output))


async def test_the_server_streams_what_it_tells_whole() -> None:
    turn = Turn([reasoning_item("Hm."), message_item("Hello"), refusal_item("No."), function_call_item("f", {})])
    with LoopbackServer([turn, turn]) as server:
        async with client_of(server) as client:
            streamed = [event async for event in events(client)][-1].response.output
            model = OpenAIChatCompletionsModel("m", client)
            got = await model.get_response("I", "hi", ModelSettings(), [], None, [], ModelTracing.DISABLED, **NOWHERE)

    def without_ids(items: list[Any]) -> list[Any]:
        found = [item.model_dump(exclude={"provider_data"}) for item in items]
        return [{name: value for name, value in item.items() if name != "call_id"} for item in found]

    assert without_ids(streamed) == without_ids(got.output)


async def test_closing_the_iterator_closes_the_connection() -> None:
    with LoopbackServer([Turn(["one two three"], hold_after=3)]) as server:
        async with client_of(server) as client:
            stream: Any = events(client)
            async for event in stream:
                if event.type == "response.output_text.delta":
                    break
            await stream.aclose()
            assert await asyncio.to_thread(server.wait_for_disconnects)


async def test_cancelling_the_task_closes_the_connection() -> None:
    with LoopbackServer([Turn(["one two three"], hold_after=3)]) as server:
        async with client_of(server) as client:
            seen = asyncio.Event()

            async def read() -> None:
                async for event in events(client):
                    if event.type == "response.output_text.delta":
                        seen.set()

            task = asyncio.create_task(read())
            await seen.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.wait_for_disconnects)


@pytest.mark.parametrize(("status", "error"), [(401, openai.AuthenticationError), (500, openai.InternalServerError)])
async def test_api_errors_are_the_clients_own(status: int, error: type[Exception]) -> None:
    with LoopbackServer([HttpError(status)]) as server:
        async with client_of(server) as client:
            with pytest.raises(error):
                [event async for event in events(client)]


@pytest.mark.parametrize(("sent", "arrives"), [("a\ud800b", "a\ufffdb"), ("é\x00", "é\x00")])
async def test_lone_surrogates_are_replaced(sent: str, arrives: str) -> None:
    with LoopbackServer(["ok"]) as server:
        async with client_of(server) as client:
            model = OpenAIChatCompletionsModel("m", client)
            await model.get_response(sent, sent, ModelSettings(), [], None, [], ModelTracing.DISABLED, **NOWHERE)
    assert [m["content"] for m in server.requests[0].body["messages"]] == [arrives, arrives]


async def test_the_input_is_not_changed() -> None:
    items: Any = [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "a", "annotations": []}],
        },
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "t"}]},
    ]
    before = json.dumps(items)
    with LoopbackServer(["ok"]) as server:
        async with client_of(server) as client:
            model = OpenAIChatCompletionsModel("m", client)
            await model.get_response(None, items, ModelSettings(), [], None, [], ModelTracing.DISABLED, **NOWHERE)
    assert json.dumps(items) == before


async def test_retries_of_the_run_are_one_request_each() -> None:
    from agentcell.retry import ModelRetryBackoffSettings, ModelRetrySettings, retry_policies

    busy = HttpError(503, headers={"retry-after-ms": "1"})
    retry = ModelRetrySettings(
        max_retries=2, policy=retry_policies.provider_suggested(), backoff=ModelRetryBackoffSettings(initial_delay=0)
    )
    for kind in (OpenAIChatCompletionsModel, OpenAIResponsesModel):
        with LoopbackServer([busy] * 9) as server:
            async with client_of(server, max_retries=2) as client:
                agent = Agent(name="A", model=kind("m", client), model_settings=ModelSettings(retry=retry))
                with pytest.raises(openai.InternalServerError):
                    await Runner.run(agent, "x")
        assert len(server.requests) == 5, "one, the client's two, which the runner makes, and the policy's two"
