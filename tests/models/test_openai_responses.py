"""The Responses model over real HTTP: what it yields, what it refuses, and how it stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.responses import ResponseOutputMessage

from agentcell import ModelSettings, UserError
from agentcell.models.interface import ModelTracing
from agentcell.models.openai_responses import OpenAIResponsesModel
from agentcell.models.response_events import function_call_item, message_item, reasoning_item, refusal_item
from agentcell.testing.loopback import HttpError, LoopbackServer, Turn

EVERYTHING = Turn(
    [reasoning_item("Let me see."), message_item("Hello *there* 🎉"), refusal_item("No."), function_call_item("f", {})]
)


def events(client: AsyncOpenAI, input: Any = "Hi", **changes: Any) -> AsyncIterator[Any]:
    arguments: dict[str, Any] = {"tools": [], "settings": ModelSettings()} | changes
    return OpenAIResponsesModel("gpt-x", client).stream_response(
        "Be kind.",
        input,
        arguments["settings"],
        arguments["tools"],
        None,
        [],
        ModelTracing.DISABLED,
        previous_response_id=None,
        conversation_id=None,
        prompt=None,
    )


def client_of(server: LoopbackServer) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.base_url, api_key="key", max_retries=0)


@pytest.mark.parametrize("chunk_size", [None, 1, 7, 1000])
async def test_events_equal_the_official_clients(chunk_size: int | None) -> None:
    turn = Turn(EVERYTHING.output, chunk_size=chunk_size)
    with LoopbackServer([turn]) as server:
        async with client_of(server) as client:
            ours = [event async for event in events(client)]
    with LoopbackServer([turn]) as server:
        async with client_of(server) as client:
            request: Any = {"input": [{"role": "user", "content": "Hi"}], "instructions": "Be kind.", "tools": []}
            stream = await client.responses.create(model="gpt-x", stream=True, **request)
            official = [event async for event in stream]
    assert [event.to_dict() for event in ours] == [event.to_dict() for event in official]
    assert [type(event) for event in ours] == [type(event) for event in official]


async def test_the_terminal_event_knows_its_request_id() -> None:
    with LoopbackServer(["Fine."]) as server:
        async with client_of(server) as client:
            last = [event async for event in events(client)][-1]
    assert last.type == "response.completed"
    assert last.response._request_id == "req_1"


async def test_closing_the_iterator_closes_the_connection() -> None:
    with LoopbackServer([Turn(["one two three"], hold_after=6)]) as server:
        async with client_of(server) as client:
            stream: Any = events(client)
            async for event in stream:
                if event.type == "response.output_text.delta":
                    break
            await stream.aclose()
            assert await asyncio.to_thread(server.wait_for_disconnects)


async def test_cancelling_the_task_closes_the_connection() -> None:
    with LoopbackServer([Turn(["one two three"], hold_after=5)]) as server:
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


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
async def test_api_errors_are_the_clients_own(status: int, error: type[Exception]) -> None:
    with LoopbackServer([HttpError(status), HttpError(status)]) as server:
        async with client_of(server) as client:
            with pytest.raises(error):
                [event async for event in events(client)]


async def test_a_refused_connection_is_the_clients_own_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        async with AsyncOpenAI(base_url=url, api_key="key", max_retries=0) as client:
            with pytest.raises(openai.APIConnectionError):
                [event async for event in events(client)]


async def test_the_client_retries_what_it_always_retries() -> None:
    busy = HttpError(503, headers={"retry-after-ms": "1"})
    with LoopbackServer([busy, busy, "At last."]) as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="key", max_retries=2) as client:
            got = [event async for event in events(client)]
    assert got[-1].type == "response.completed"
    assert [request.headers["x-stainless-retry-count"] for request in server.requests] == ["0", "1", "2"]


@pytest.mark.parametrize(("sent", "arrives"), [("a\ud800b", "a\ufffdb"), ("\ud83c\udf89", "🎉"), ("é\x00", "é\x00")])
async def test_lone_surrogates_are_replaced(sent: str, arrives: str) -> None:
    with LoopbackServer(lambda request: "ok") as server:
        async with client_of(server) as client:
            [event async for event in events(client, [{"role": "user", "content": [{"type": "t", "text": sent}]}])]
            [event async for event in events(client, sent)]
    assert server.requests[0].body["input"][0]["content"][0]["text"] == arrives
    assert server.requests[1].body["input"][0]["content"] == arrives


async def test_the_clients_own_objects_can_be_sent_back() -> None:
    message = ResponseOutputMessage.model_validate(message_item("Hi", id="msg_1"))
    with LoopbackServer(["ok"]) as server:
        async with client_of(server) as client:
            [event async for event in events(client, [message])]
    assert server.requests[0].body["input"] == [message.to_dict()]


async def test_the_input_is_not_changed() -> None:
    item = {"role": "assistant", "id": "__fake_id__", "content": "x", "provider_data": {"model": "m"}}
    before = dict(item)
    with LoopbackServer(["ok"]) as server:
        async with client_of(server) as client:
            [event async for event in events(client, [item])]
    assert item == before
    assert server.requests[0].body["input"] == [{"role": "assistant", "content": "x"}]


async def test_other_tools_are_refused_with_what_to_do() -> None:
    async with AsyncOpenAI(base_url="http://127.0.0.1:1/v1", api_key="key") as client:
        with pytest.raises(UserError, match=r"'no tool'.*@function_tool"):
            [event async for event in events(client, tools=["no tool"])]


async def test_extra_body_has_the_last_word() -> None:
    settings = ModelSettings(extra_body={"input": "mine", "tools": None})
    with LoopbackServer(["ok"]) as server:
        async with client_of(server) as client:
            [event async for event in events(client, settings=settings)]
    assert server.requests[0].body["input"] == "mine"
    assert server.requests[0].body["tools"] is None
