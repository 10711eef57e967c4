"""`ModelSettings.preserve_raw_usage`: what both libraries keep of a provider's report, however a run was started."""

from __future__ import annotations

import importlib
import json
from typing import Any

import agents
import httpx2
import pytest
from case_names import said
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

import agentcell

LIBS = (agents, agentcell)
MODELS = {
    "responses": "openai_responses.OpenAIResponsesModel",
    "chat": "openai_chatcompletions.OpenAIChatCompletionsModel",
}
REPORTED: dict[str, dict[str, Any]] = {
    "responses": {
        "input_tokens": 3,
        "output_tokens": 2,
        "total_tokens": 5,
        "input_tokens_details": {"cached_tokens": 1, "unknown": 7},
        "output_tokens_details": {"reasoning_tokens": 0},
        "vendor": {"cost": 0.5},
    },
    "chat": {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "total_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 1, "unknown": 7},
        "vendor": {"cost": 0.5},
    },
}


def answer(request: httpx2.Request, api: str, usage: Any) -> httpx2.Response:
    """What a server says to a request of either API, streamed where that is asked for."""
    streamed = json.loads(request.content).get("stream")
    if api == "chat":
        head = {"id": "x", "created": 1, "model": "m"}
        message = {"role": "assistant", "content": "Hi."}
        if not streamed:
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            return httpx2.Response(200, json={**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        choices: list[list[Any]] = [
            [{"index": 0, "delta": message}],
            [{"index": 0, "delta": {}, "finish_reason": "stop"}],
            [],
        ]
        reports = (None, None, usage)
        sent: list[Any] = [
            {**head, "object": "chat.completion.chunk", "choices": given, "usage": reported}
            for given, reported in zip(choices, reports, strict=True)
        ]
    else:
        text = {"type": "output_text", "text": "Hi.", "annotations": []}
        message = {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [text]}
        head = {"id": "r1", "object": "response", "created_at": 1, "model": "m", "status": "completed", "tools": []}
        whole = {**head, "output": [message], "parallel_tool_calls": True, "tool_choice": "auto", "usage": usage}
        if not streamed:
            return httpx2.Response(200, json=whole)
        sent = [
            {"type": "response.created", "sequence_number": 0, "response": {**whole, "output": [], "usage": None}},
            {"type": "response.completed", "sequence_number": 1, "response": whole},
        ]
    lines = [f"data: {json.dumps(each)}\n\n" for each in sent]
    return httpx2.Response(
        200, headers={"content-type": "text/event-stream"}, content="".join([*lines, "data: [DONE]\n\n"])
    )


async def kept(lib: Any, model: Any, keep: bool | None, streamed: bool) -> Any:
    agent = lib.Agent("A", model=model, model_settings=lib.ModelSettings(preserve_raw_usage=keep))
    if not streamed:
        result = await lib.Runner.run(agent, "Hello")
    else:
        result = lib.Runner.run_streamed(agent, "Hello")
        async for _ in result.stream_events():
            pass
    return result.raw_responses[0].raw_usage, result.raw_responses[0].usage.total_tokens


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("keep", [True, False, None])
@pytest.mark.parametrize("api", MODELS)
@pytest.mark.parametrize("reports", [True, False])
async def test_what_is_kept_of_a_report(api: str, keep: bool | None, streamed: bool, reports: bool) -> None:
    usage = REPORTED[api] if reports else None
    module, _, name = MODELS[api].partition(".")
    found = []
    for lib in LIBS:
        transport = httpx2.MockTransport(lambda request: answer(request, api, usage))
        async with AsyncOpenAI(
            base_url="http://127.0.0.1/v1", api_key="key", http_client=DefaultAsyncHttpxClient(transport=transport)
        ) as client:
            model = getattr(importlib.import_module(f"{lib.__name__}.models.{module}"), name)("m", client)
            found.append(await kept(lib, model, keep, streamed))
    assert found[1] == found[0] == (usage if keep else None, 5 if reports else 0)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("keep", [True, None])
@pytest.mark.parametrize("raw", [{"cost": 1}, None], ids=said)
async def test_scripted_reports(keep: bool | None, streamed: bool, raw: Any) -> None:
    found = []
    for lib in LIBS:
        testing = importlib.import_module(f"{lib.__name__}.testing")
        step = testing.ModelStep(output=[testing.assistant_message("Hi.")], raw_usage=raw)
        found.append((await kept(lib, testing.ScriptedModel([step]), keep, streamed))[0])
    assert found == [raw if keep else None] * 2
