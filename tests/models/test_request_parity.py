"""The same call through the reference's model and ours sends the same request to the server."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import agents
import pytest
from agents.models.interface import ModelTracing as TheirTracing
from agents.models.openai_responses import OpenAIResponsesModel as TheirModel
from openai import AsyncOpenAI
from openai.types.shared import Reasoning
from pydantic import BaseModel

import agentcell
from agentcell.models.interface import ModelTracing
from agentcell.models.openai_responses import OpenAIResponsesModel
from agentcell.testing.loopback import LoopbackServer, RecordedRequest


class Place(BaseModel):
    name: str
    height: int


def declarations(sdk: Any) -> dict[str, Any]:
    """The tools, handoffs and schemas of the cases, made by one of the two libraries."""

    def add(a: int, b: int = 2) -> int:
        """Add numbers.

        Args:
            a: The first number.
        """
        return a + b

    def loose(x: dict) -> str:  # type: ignore[type-arg]
        """Take anything."""
        return str(x)

    expert = sdk.Agent(name="The Expert", handoff_description="Knows it all.")
    return {
        "add": sdk.function_tool(add),
        "loose": sdk.function_tool(loose, strict_mode=False),
        "expert": sdk.handoff(expert),
        "place": sdk.AgentOutputSchema(Place),
        "numbers": sdk.AgentOutputSchema(list[int]),
        "mapping": sdk.AgentOutputSchema(dict, strict_json_schema=False),
        "text": sdk.AgentOutputSchema(str),
    }


HISTORY: list[dict[str, Any]] = [
    {"role": "user", "content": "x"},
    {"role": "user", "content": [{"type": "input_text", "text": "é 🎉 \u0000"}]},
    {"type": "function_call", "id": "fc", "call_id": "c", "name": "add", "arguments": "{}", "status": None},
    {"type": "function_call_output", "call_id": "c", "output": "3"},
]
FOREIGN: list[dict[str, Any]] = [
    {
        "type": "message",
        "id": "__fake_id__",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "a", "annotations": []}],
    },
    {"type": "reasoning", "id": "rs", "summary": [], "provider_data": {"model": "other"}},
    {"type": "reasoning", "id": "rs2", "summary": []},
    {"type": "reasoning", "id": "__fake_id__", "summary": []},
    {"type": "reasoning", "id": "rs3", "summary": [], "provider_data": {}},
    {"type": "function_call", "id": "__fake_id__", "call_id": "c", "name": "n", "arguments": "{}"},
    {"type": "function_call", "call_id": "d", "name": "n", "arguments": "{}", "provider_data": {"model": "other"}},
]
SETTINGS: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.4,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.2,
    "truncation": "auto",
    "max_tokens": 99,
    "reasoning": Reasoning(effort="low", summary="auto"),
    "verbosity": "high",
    "metadata": {"a": "b"},
    "store": False,
    "prompt_cache_retention": "24h",
    "include_usage": True,
    "response_include": ["reasoning.encrypted_content"],
    "top_logprobs": 3,
}
EXTRA: dict[str, Any] = {
    "extra_query": {"q": "1"},
    "extra_body": {"more": {"z": 1}, "temperature": 0.1},
    "extra_headers": {"X-Mine": "b"},
    "extra_args": {"service_tier": "flex", "user": "u"},
}
NAMED_CHOICES = [
    "auto",
    "required",
    "none",
    "add",
    "transfer_to_the_expert",
    "file_search",
    "web_search",
    "web_search_preview",
    "code_interpreter",
    "image_generation",
    "computer_use_preview",
    "mcp",
    "computer",
    "no_such_tool",
]

CASES: dict[str, dict[str, Any]] = {
    "text": {},
    "no instructions": {"instructions": None},
    "empty instructions": {"instructions": ""},
    "history": {"input": HISTORY},
    "items of another provider": {"input": FOREIGN},
    "tools": {"tools": ["add", "loose"]},
    "tools and handoff": {"tools": ["add"], "handoffs": ["expert"]},
    "structured output": {"schema": "place"},
    "wrapped output": {"schema": "numbers"},
    "loose output": {"schema": "mapping"},
    "text output": {"schema": "text"},
    "all settings": {"settings": SETTINGS},
    "falsy settings": {"settings": {"top_logprobs": 0, "metadata": {}}},
    "verbosity and output": {"settings": {"verbosity": "low"}, "schema": "place"},
    "extras": {"settings": EXTRA},
    "previous response": {"previous_response_id": "resp_9"},
    "conversation": {"conversation_id": "conv_1"},
    "prompt": {"prompt": {"id": "p", "version": "2", "variables": {"a": "b"}}},
    "prompt, default model": {"prompt": {"id": "p"}, "explicit": False},
    "default model": {"explicit": False},
    "prompt and tools": {"prompt": {"id": "p"}, "tools": ["add"]},
    "prompt and settings": {
        "prompt": {"id": "p"},
        "settings": {"tool_choice": "required", "parallel_tool_calls": False},
    },
    **{
        f"parallel {value} with {tools or 'no tools'}": {"settings": {"parallel_tool_calls": value}, "tools": tools}
        for value in (True, False)
        for tools in ([], ["add"])
    },
    "parallel with a handoff": {"settings": {"parallel_tool_calls": True}, "handoffs": ["expert"]},
    **{f"tool choice {choice}": {"settings": {"tool_choice": choice}, "tools": ["add"]} for choice in NAMED_CHOICES},
    "tool choice without tools": {"settings": {"tool_choice": "required"}},
}


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(lambda request: "Fine.") as server:
        yield server


def arguments(sdk: ModuleType, tracing: Any, case: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    known = declarations(sdk)
    positional = [
        case.get("instructions", "Be kind."),
        case.get("input", "Hello"),
        sdk.ModelSettings(**case.get("settings", {})),
        [known[name] for name in case.get("tools", [])],
        known[case["schema"]] if "schema" in case else None,
        [known[name] for name in case.get("handoffs", [])],
        tracing,
    ]
    return positional, {name: case.get(name) for name in ("previous_response_id", "conversation_id", "prompt")}


async def requests_of(server: LoopbackServer, case: dict[str, Any], stream: bool) -> list[RecordedRequest]:
    """The requests of the reference's model and of ours."""
    async with AsyncOpenAI(base_url=server.base_url, api_key="key", max_retries=0) as client:
        explicit = case.get("explicit", True)
        for model, sdk, tracing in (
            (TheirModel("gpt-x", client, model_is_explicit=explicit), agents, TheirTracing.DISABLED),
            (OpenAIResponsesModel("gpt-x", client, model_is_explicit=explicit), agentcell, ModelTracing.DISABLED),
        ):
            positional, keywords = arguments(sdk, tracing, case)
            if stream:
                async for _ in model.stream_response(*positional, **keywords):  # type: ignore[attr-defined]
                    pass
            else:
                await model.get_response(*positional, **keywords)
    return server.requests[-2:]


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_requests_are_equal(server: LoopbackServer, case: dict[str, Any], stream: bool) -> None:
    theirs, ours = await requests_of(server, case, stream)
    for request in (ours, theirs):
        request.body["include"].sort()  # the reference's order is that of a set
    assert ours.body == theirs.body
    assert (ours.path, ours.query) == (theirs.path, theirs.query)
    differing = {"user-agent", "content-length", "x-stainless-raw-response"}
    assert {k: v for k, v in ours.headers.items() if k not in differing} == {
        k: v for k, v in theirs.headers.items() if k not in differing
    }


async def test_the_cases_reach_every_setting() -> None:
    used = set().union(*(case.get("settings", {}) for case in CASES.values()))
    fields = {field.name for field in dataclasses.fields(agentcell.ModelSettings)}
    later = {"retry", "timeout", "context_management", "prompt_cache_options", "preserve_raw_usage"}
    assert used == fields - later


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
async def test_an_argument_given_twice_is_the_same_error(server: LoopbackServer, stream: bool) -> None:
    case = {"settings": {"temperature": 0.2, "extra_args": {"temperature": 0.3}}}
    with pytest.raises(TypeError, match="temperature"):
        await requests_of(server, case, stream)
    async with AsyncOpenAI(base_url=server.base_url, api_key="key") as client:
        positional, keywords = arguments(agentcell, ModelTracing.DISABLED, case)
        with pytest.raises(TypeError, match="temperature"):
            await OpenAIResponsesModel("m", client).get_response(*positional, **keywords)


@pytest.mark.parametrize("method", ["__init__", "get_response", "stream_response", "close"])
def test_signatures_are_the_references(method: str) -> None:
    def shape(cls: Any) -> list[tuple[Any, ...]]:
        parameters = inspect.signature(getattr(cls, method)).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    assert shape(OpenAIResponsesModel) == shape(TheirModel)


async def test_responses_are_equal(server: LoopbackServer) -> None:
    async with AsyncOpenAI(base_url=server.base_url, api_key="key") as client:
        positional, keywords = arguments(agents, TheirTracing.DISABLED, {})
        theirs = await TheirModel("gpt-x", client).get_response(*positional, **keywords)
        positional, keywords = arguments(agentcell, ModelTracing.DISABLED, {})
        ours = await OpenAIResponsesModel("gpt-x", client).get_response(*positional, **keywords)
    for name in ("requests", "input_tokens", "output_tokens", "total_tokens"):
        assert getattr(ours.usage, name) == getattr(theirs.usage, name)
    assert ours.output[0].content == theirs.output[0].content  # type: ignore[union-attr]
    assert ours.response_id and ours.request_id == ours.response_id.replace("resp", "req")
    assert ours.raw_usage is theirs.raw_usage is None
