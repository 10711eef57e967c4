"""What the strict checker and the strict server refuse, and what they take."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai import OpenAI

from agentcell.testing import LoopbackServer, assert_sendable
from agentcell.testing.strict import chat_problems, input_problems

USER = {"role": "user", "content": "Hello"}
ANSWER = {"type": "message", "role": "assistant", "content": []}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


def call(call_id: str = "c1", kind: str = "function_call") -> dict[str, Any]:
    return {"type": kind, "call_id": call_id, "name": "f", "arguments": "{}"}


def output(call_id: str = "c1", kind: str = "function_call_output") -> dict[str, Any]:
    return {"type": kind, "call_id": call_id, "output": "1"}


GOOD = {
    "nothing": [],
    "a question": [USER],
    "a call": [USER, call(), output(), ANSWER],
    "parallel calls, answered in another order": [USER, call("a"), call("b"), output("b"), output("a")],
    "a late output": [call(), USER, output()],
    "an id again, once it was answered": [call(), output(), call(), output()],
    "kinds with the same id": [call(), call(kind="custom_tool_call"), output(), output(kind="custom_tool_call_output")],
    "a local shell, whose output has its call's id": [
        call(kind="local_shell_call"),
        {"type": "local_shell_call_output", "id": "c1", "output": ""},
    ],
    "reasoning before a call": [USER, THOUGHT, call(), output()],
    "reasoning twice before an answer": [USER, THOUGHT, THOUGHT, ANSWER],
}

BAD = {
    "no output": ([USER, call()], "No tool output found for function call c1."),
    "one of two outputs": ([call("a"), call("b"), output("a")], "No tool output found for function call b."),
    "no call": ([USER, output()], "No tool call found for function call output with call_id c1."),
    "the output first": ([output(), call()], "No tool call found for function call output with call_id c1."),
    "an output twice": ([call(), output(), output()], "Duplicate output found for function call c1."),
    "a call twice": ([call(), call(), output()], "Duplicate function call with call_id c1"),
    "an output of another kind": ([call(), output(kind="shell_call_output")], "No tool call found for shell call"),
    "a call without an id": ([{"type": "function_call"}], "Missing required parameter"),
    "reasoning at the end": ([USER, THOUGHT], "Item 'rs_1' of type 'reasoning' was provided without its required"),
    "reasoning before a question": ([THOUGHT, USER], "Item 'rs_1' of type 'reasoning'"),
    "reasoning before an output": ([call(), THOUGHT, output()], "Item 'rs_1' of type 'reasoning'"),
}


@pytest.mark.parametrize("items", GOOD.values(), ids=GOOD.keys())
def test_what_can_be_sent(items: list[dict[str, Any]]) -> None:
    assert_sendable(items)


@pytest.mark.parametrize("items, said", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_sent(items: list[dict[str, Any]], said: str) -> None:
    assert said in " ".join(input_problems(items))
    with pytest.raises(AssertionError, match="cannot be sent"):
        assert_sendable(items)


def test_everything_that_is_wrong_is_named() -> None:
    assert len(input_problems([call("a"), call("b"), output("c")])) == 3


def test_a_history_that_the_service_keeps_may_have_the_call() -> None:
    assert input_problems([output()], continued=True) == []
    assert input_problems([call()], continued=True) != []


def asked(call_id: str) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [{"id": call_id, "type": "function"}]}


def test_chat_messages() -> None:
    told = {"role": "tool", "tool_call_id": "a", "content": ""}
    assert chat_problems([USER, asked("a"), told, USER]) == []
    assert "did not have response messages: a" in chat_problems([USER, asked("a"), USER, told])[0]
    assert "messages with role 'tool' must be a response" in chat_problems([USER, told])[0]
    assert "did not have response messages: a" in chat_problems([USER, asked("a")])[0]


@pytest.mark.parametrize("process", [False, True], ids=["thread", "process"])
def test_a_strict_server_refuses_and_takes_no_turn(process: bool) -> None:
    with (
        LoopbackServer(["Done."], strict=True, process=process) as server,
        OpenAI(base_url=server.base_url, api_key="key", max_retries=0) as client,
    ):
        with pytest.raises(openai.BadRequestError, match=r"No tool output found for function call c1\.") as refused:
            client.responses.create(model="m", input=[USER, call()])  # type: ignore[arg-type]
        assert refused.value.param == "input"
        with pytest.raises(openai.BadRequestError, match="did not have response messages: a"):
            client.chat.completions.create(model="m", messages=[USER, asked("a")])  # type: ignore[arg-type]
        with pytest.raises(AssertionError, match="No tool output found for function call c1"):
            server.assert_complete()
        response = client.responses.create(model="m", input=[USER, call(), output()])  # type: ignore[arg-type]
        assert response.output_text == "Done."


def test_what_a_strict_server_takes() -> None:
    with (
        LoopbackServer(["One.", "Two.", "Three."], strict=True) as server,
        OpenAI(base_url=server.base_url, api_key="key", max_retries=0) as client,
    ):
        client.responses.create(model="m", input="Hello")
        client.responses.create(model="m", input=[output()], previous_response_id="r")  # type: ignore[arg-type]
        client.chat.completions.create(model="m", messages=[USER])  # type: ignore[arg-type]
        server.assert_complete()


def test_other_servers_take_everything() -> None:
    with (
        LoopbackServer(["Done."]) as server,
        OpenAI(base_url=server.base_url, api_key="key", max_retries=0) as client,
    ):
        assert client.responses.create(model="m", input=[output()]).output_text == "Done."  # type: ignore[arg-type]
        server.assert_complete()
