"""The loopback server through the real client: what it answers, and what it records."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from agentcell.models.response_events import (
    function_call_item,
    message_item,
    reasoning_item,
    refusal_item,
    usage_dict,
    whole,
)
from agentcell.testing import HttpError, LoopbackServer, Turn, assistant_message

HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture(params=[False, True], ids=["thread", "process"])
def process(request: pytest.FixtureRequest) -> bool:
    return request.param


def sync_client(server: LoopbackServer, **options: Any) -> OpenAI:
    return OpenAI(base_url=server.base_url, api_key="key", **{"max_retries": 0, **options})


def streamed(client: OpenAI) -> list[Any]:
    with client.responses.create(model="m", input="Hello", stream=True) as stream:
        return list(stream)


def test_one_answer_for_each_turn(process: bool) -> None:
    turns: list[Any] = ["Hello there.", [reasoning_item("Hm."), function_call_item("f", {"a": 1})]]
    with LoopbackServer(turns, process=process) as server, sync_client(server) as client:
        events = streamed(client)
        response = client.responses.create(model="gpt-x", input="Hello", instructions="Be kind.", temperature=0.5)
        server.assert_complete()
    assert [event.type for event in events][:3] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
    ]
    assert events[-1].response.output_text == "Hello there."
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "Hello there."
    assert [item.type for item in response.output] == ["reasoning", "function_call"]
    assert (response.model, response.instructions, response.temperature) == ("gpt-x", "Be kind.", 0.5)
    assert response.id == "resp_2" and response._request_id == "req_2"
    assert events[-1].response.id == "resp_1"


def test_requests_are_recorded(process: bool) -> None:
    with LoopbackServer(["ok"], process=process) as server, sync_client(server) as client:
        assert server.requests == []
        client.responses.create(
            model="m", input="é", extra_headers={"X-Mine": "1"}, extra_query={"q": ["a", "b"]}, extra_body={"more": 2}
        )
        client.models.list()
        first, second = server.requests
    assert (first.method, first.path) == ("POST", "/v1/responses")
    assert first.body == {"model": "m", "input": "é", "more": 2}
    assert first.headers["x-mine"] == "1" and first.headers["authorization"] == "Bearer key"
    assert first.query in ({"q[]": ["a", "b"]}, {"q": ["a", "b"]})
    assert (second.method, second.path, second.body) == ("GET", "/v1/models", {})
    assert len(server.requests) == 2, "what was recorded outlives the server"


def test_an_exhausted_script_is_one_clear_error(process: bool) -> None:
    with LoopbackServer(["only one"], process=process) as server, sync_client(server, max_retries=5) as client:
        streamed(client)
        with pytest.raises(openai.BadRequestError, match="script is exhausted: it has 1 turns and this is model req"):
            streamed(client)
        assert len(server.requests) == 2, "the client must not retry"
        with pytest.raises(AssertionError, match="1 model requests came after the 1 scripted turns"):
            server.assert_complete()


def test_unused_turns_are_incomplete() -> None:
    with LoopbackServer(["a", "b"]) as server, sync_client(server) as client:
        streamed(client)
        with pytest.raises(AssertionError, match="1 of 2"):
            server.assert_complete()


def test_every_form_of_a_turn() -> None:
    turns: list[Any] = [
        "text",
        message_item("one item"),
        [message_item("a"), "b"],
        [assistant_message("the client's own object")],
        {"output": ["fields"], "usage": usage_dict(1, 2)},
        Turn(["a turn"]),
        lambda request: f"you said {request['input']}",
        lambda request: lambda request: [message_item("twice")],
    ]
    with LoopbackServer(turns) as server, sync_client(server) as client:
        texts = [client.responses.create(model="m", input="Hello").output_text for _ in turns]
    assert texts == ["text", "one item", "ab", "the client's own object", "fields", "a turn", "you said Hello", "twice"]


def test_one_callable_answers_everything() -> None:
    with LoopbackServer(lambda request: request["input"]) as server, sync_client(server) as client:
        assert [client.responses.create(model="m", input=text).output_text for text in "abc"] == ["a", "b", "c"]
        server.assert_complete()


@pytest.mark.parametrize("turn", [5, lambda request: 1 / 0, [5], {"outptu": []}])
def test_a_broken_turn_is_an_answer_that_says_so(turn: Any) -> None:
    with LoopbackServer([turn, "fine"]) as server, sync_client(server, max_retries=5) as client:
        with pytest.raises(openai.BadRequestError, match="scripted turn failed"):
            client.responses.create(model="m", input="x")
        assert client.responses.create(model="m", input="x").output_text == "fine"
        with pytest.raises(AssertionError, match="script is broken"):
            server.assert_complete()


def test_a_turn_that_breaks_in_the_middle_is_reported() -> None:
    with LoopbackServer([[{"type": "message"}]]) as server, sync_client(server) as client:
        with pytest.raises(openai.APIConnectionError):
            client.responses.create(model="m", input="x")
        with pytest.raises(AssertionError, match="script is broken: KeyError: 'content'"):
            server.assert_complete()


def test_usage_is_given_or_counted() -> None:
    turns = [Turn(["a"], usage=usage_dict(3, 4, cached=1)), "abc"]
    with LoopbackServer(turns) as server, sync_client(server) as client:
        given = client.responses.create(model="m", input="x").usage
        counted = client.responses.create(model="m", input="x" * 400).usage
    assert given is not None and given.total_tokens == 7 and given.input_tokens_details.cached_tokens == 1
    assert counted is not None and counted.input_tokens == 100
    assert counted.total_tokens == counted.input_tokens + counted.output_tokens


@pytest.mark.parametrize("status", ["incomplete", "failed"])
def test_other_ends(status: Any) -> None:
    with LoopbackServer([Turn(["a"], status=status)]) as server, sync_client(server) as client:
        last = streamed(client)[-1]
    assert last.type == f"response.{status}" and last.response.status == status


@pytest.mark.parametrize("chunk_size", [None, 1, 3, 64, 10**6])
def test_any_chunking_gives_the_same_bytes(chunk_size: int | None) -> None:
    def body(turn: Turn) -> bytes:
        with LoopbackServer([turn]) as server:
            request = Request(f"{server.base_url}/responses", json.dumps({"stream": True}).encode())
            with urlopen(request) as response:
                assert response.headers["content-type"].startswith("text/event-stream")
                return response.read()

    text = ["Hello 日本 🎉", function_call_item("f", {"a": "é"})]
    assert body(Turn(text, chunk_size=chunk_size)) == body(Turn(text))


def test_pieces_cut_the_text() -> None:
    turns = [Turn(["a b"], pieces=whole), Turn(["a b"], pieces=list)]
    with LoopbackServer(turns) as server, sync_client(server) as client:
        deltas = [[e.delta for e in streamed(client) if e.type.endswith("text.delta")] for _ in turns]
    assert deltas == [["a b"], ["a", " ", "b"]]


def test_chat_completions_think_refuse_and_count_details() -> None:
    usage = usage_dict(9, 4, cached=3, reasoning=2)
    turn = Turn([reasoning_item(["Let me ", "see."]), refusal_item("No.")], usage=usage)
    with LoopbackServer([turn, turn]) as server, sync_client(server) as client:
        messages: Any = HELLO
        whole = client.chat.completions.create(model="m", messages=messages)
        options: Any = {"stream": True, "stream_options": {"include_usage": True}}
        chunks: Any = list(client.chat.completions.create(model="m", messages=messages, **options))
    message: Any = whole.choices[0].message
    assert (message.reasoning_content, message.refusal, message.content) == ("Let me see.", "No.", None)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "Let me see."
    assert "".join(delta.refusal or "" for delta in deltas) == "No."
    for found in (whole.usage, chunks[-1].usage):
        assert found is not None and found.prompt_tokens_details is not None
        assert found.prompt_tokens_details.cached_tokens == 3
        assert found.completion_tokens_details is not None and found.completion_tokens_details.reasoning_tokens == 2


def test_chunks_of_chat_completions_can_be_scripted_one_by_one() -> None:
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    deltas = [{"tool_calls": [call]}, {"tool_calls": [{**call, "index": 1, "id": "b"}]}, {"content": "x"}]
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    scripted = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    with LoopbackServer([Turn(raw_events=[*scripted, "data: [DONE]\n\n"])]) as server, sync_client(server) as client:
        messages: Any = HELLO
        chunks: Any = list(client.chat.completions.create(model="m", messages=messages, stream=True))
    assert [chunk.choices[0].delta.to_dict() for chunk in chunks] == deltas


def test_chat_completions(process: bool) -> None:
    turn = ["Hello there.", function_call_item("add", {"a": 1}), function_call_item("sub", "{}", call_id="c2")]
    with LoopbackServer([turn, turn], process=process) as server, sync_client(server) as client:
        messages: Any = HELLO
        message = client.chat.completions.create(model="m", messages=messages).choices[0]
        chunks = list(
            client.chat.completions.create(
                model="m", messages=messages, stream=True, stream_options={"include_usage": True}
            )
        )
    assert message.finish_reason == "tool_calls" and message.message.content == "Hello there."
    calls: Any = message.message.tool_calls
    assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [
        ("call_1_1", "add", '{"a":1}'),
        ("c2", "sub", "{}"),
    ]
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Hello there."
    parts = [part for delta in deltas for part in delta.tool_calls or ()]
    named = [part for part in parts if part.function and part.function.name]
    assert [part.function.name for part in named if part.function] == ["add", "sub"]
    assert "".join(p.function.arguments or "" for p in parts if p.function and p.index == 0) == '{"a":1}'
    assert chunks[-2].choices[0].finish_reason == "tool_calls"
    assert chunks[-1].usage is not None and chunks[-1].usage.total_tokens > 0
    assert server.requests[0].path == "/v1/chat/completions"


def test_models_and_unknown_paths() -> None:
    with LoopbackServer() as server, sync_client(server) as client:
        assert [model.id for model in client.models.list()] == ["loopback"]
        with pytest.raises(openai.NotFoundError, match="no POST /v1/embeddings"):
            client.embeddings.create(model="m", input="x")


def test_one_connection_serves_many_requests() -> None:
    with LoopbackServer(lambda request: "ok") as server:
        port = int(server.base_url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as raw:
            for number in (1, 2):
                body = b'{"input": "x"}'
                raw.sendall(b"POST /v1/responses HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
                answer = b""
                while b'"status": "completed"' not in answer:
                    answer += raw.recv(65536)
                assert b"x-request-id: req_%d" % number in answer
    assert len(server.requests) == 2 and server.disconnects == 0


def test_errors_with_any_body() -> None:
    turns = [
        HttpError(429, headers={"retry-after": "7"}),
        HttpError(401, {"error": {"message": "Bad key", "code": "invalid_api_key"}}),
        HttpError(200, "<html>Please log in</html>"),
    ]
    with LoopbackServer(turns) as server, sync_client(server) as client:
        with pytest.raises(openai.RateLimitError) as limited:
            client.responses.create(model="m", input="x")
        assert limited.value.response.headers["retry-after"] == "7"
        assert limited.value.request_id == "req_1"
        with pytest.raises(openai.AuthenticationError, match="Bad key"):
            client.responses.create(model="m", input="x")
        with urlopen(Request(f"{server.base_url}/responses", b"{}")) as response:
            assert response.headers["content-type"] == "text/html" and b"log in" in response.read()


def test_not_running_says_how_to_run_it() -> None:
    server = LoopbackServer(["a"])
    with pytest.raises(RuntimeError, match=r"start\(\)"):
        _ = server.base_url
    with server:
        assert server.base_url.endswith("/v1")
    with pytest.raises(RuntimeError):
        _ = server.base_url


def test_a_taken_port_is_an_error_at_the_start(process: bool) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError):
            LoopbackServer(port=taken.getsockname()[1], process=process).start()


def test_what_cannot_travel_to_a_process_is_refused_by_name() -> None:
    refused: list[Any] = [
        lambda request: "x",
        [lambda request: "x"],
        [Turn(["x"], hold_after=1, release=threading.Event())],
        [Turn(["x"], pieces=lambda text: [text])],
        [Turn(raw_events=[b"\xff"])],
    ]
    for turns in refused:
        with pytest.raises(TypeError, match="process"):
            LoopbackServer(turns, process=True).start()


def test_turns_travel_to_a_process_unchanged() -> None:
    turns: list[Any] = [
        Turn(["a b"], pieces=list, chunk_size=5, usage=usage_dict(1, 2), headers={"x-mine": "1"}, status="incomplete"),
        HttpError(418, {"error": {"message": "teapot"}}),
        Turn(raw_events=[{"type": "x"}, ": comment\n\n"]),
    ]

    def answers(process: bool) -> list[Any]:
        found = []
        with LoopbackServer(turns, process=process) as server:
            for _ in turns:
                try:
                    with urlopen(Request(f"{server.base_url}/responses", b'{"stream": true}')) as response:
                        found.append((response.status, response.headers.get("x-mine"), response.read()))
                except HTTPError as error:
                    found.append((error.code, None, error.read()))
                    error.close()
        return found

    assert answers(True) == answers(False)


def test_the_command_serves_a_file(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(["Hello", {"output": ["a b"], "pieces": "whole"}]))
    command = [sys.executable, "-W", "error", "-m", "agentcell.testing.loopback", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            with OpenAI(base_url=url, api_key="k") as client:
                assert client.responses.create(model="m", input="x").output_text == "Hello"
        finally:
            server.terminate()


def test_a_server_process_ends_with_its_owner() -> None:
    code = (
        "from agentcell.testing import LoopbackServer\n"
        "server = LoopbackServer(['x'], process=True).start()\n"
        "print(server._host._child.pid, flush=True)\n"
        "import os; os._exit(1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    status = Path(f"/proc/{done.stdout.strip()}/stat")
    deadline = time.monotonic() + 10
    while status.exists() and " Z " not in status.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not status.exists() or " Z " in status.read_text()


def test_starting_a_server_loads_neither_client_nor_runner() -> None:
    code = (
        "import sys\nfrom agentcell.testing import LoopbackServer\nLoopbackServer(['x']).start().stop()\n"
        "assert not {'openai', 'pydantic', 'agentcell.run'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_many_clients_at_once() -> None:
    with LoopbackServer(lambda request: f"for {request['input']}") as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="k") as client:
            answers = await asyncio.gather(*(client.responses.create(model="m", input=str(n)) for n in range(50)))
    assert [answer.output_text for answer in answers] == [f"for {n}" for n in range(50)]
    assert len(server.requests) == 50
