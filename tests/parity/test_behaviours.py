"""Rules of the reference's behaviour that a transcript does not show, checked on both libraries.

Each test names its rule. What agentcell does on purpose better is tested in `tests/engine`.
"""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import agents
import agents.models.default_models
import agents.models.interface
import agents.tool_context
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pydantic import TypeAdapter

import agentcell
import agentcell.models.default_models
import agentcell.models.interface
import agentcell.tool_context
from agentcell.models.response_events import function_call_item as call
from agentcell.testing import LoopbackServer

BOTH = pytest.mark.parametrize("lib", [agents, agentcell], ids=["reference", "agentcell"])
CALL = call("add", {"a": 1, "b": 2}, call_id="c1")


@pytest.fixture
async def connect(loopback: Callable[[Any], LoopbackServer]) -> AsyncIterator[Callable[..., Any]]:
    """Makes a model of a library that talks to a new loopback server; gives both."""
    clients: list[AsyncOpenAI] = []

    def make(lib: Any, turns: Any) -> tuple[Any, LoopbackServer]:
        server = loopback(turns)
        http = DefaultAsyncHttpxClient(verify=False)
        clients.append(AsyncOpenAI(base_url=server.base_url, api_key="test", max_retries=0, http_client=http))
        return lib.OpenAIResponsesModel("gpt-test", clients[-1]), server

    yield make
    for client in clients:
        await client.close()


def adder(lib: Any) -> Any:
    @lib.function_tool
    def add(a: int, b: int) -> int:
        return a + b

    return add


@BOTH
async def test_rule_10_tool_context(lib: Any, connect: Callable[..., Any]) -> None:
    """What a tool is told of its own call."""
    seen: list[Any] = []

    @lib.function_tool
    def look(ctx: lib.tool_context.ToolContext[Any], note: str) -> str:  # pyright: ignore[reportInvalidTypeForm]
        seen.append((ctx.context, ctx.tool_name, ctx.tool_call_id, ctx.tool_arguments, ctx.usage.requests))
        seen.append((ctx.tool_call.name, ctx.agent.name))
        return note

    model, _ = connect(lib, [call("look", {"note": "n"}, call_id="c1"), "ok"])
    await lib.Runner.run(lib.Agent(name="A", model=model, tools=[look]), "x", context={"user": 1})
    assert seen == [({"user": 1}, "look", "c1", '{"note":"n"}', 1), ("look", "A")]


@BOTH
async def test_final_output_as(lib: Any, connect: Callable[..., Any]) -> None:
    model, _ = connect(lib, ["3"])
    result = await lib.Runner.run(lib.Agent(name="A", model=model), "x")
    assert result.final_output_as(int) == "3"
    with pytest.raises(TypeError):
        result.final_output_as(int, raise_if_incorrect_type=True)
    assert result.final_output_as(str, raise_if_incorrect_type=True) == "3"


@BOTH
async def test_history_goes_into_the_next_run(lib: Any, connect: Callable[..., Any]) -> None:
    model, server = connect(lib, [CALL, "3", "Again 3."])
    agent = lib.Agent(name="A", model=model, tools=[adder(lib)])
    first = await lib.Runner.run(agent, "1 + 2?")
    second = await lib.Runner.run(agent, [*first.to_input_list(), {"role": "user", "content": "Again?"}])
    assert second.final_output == "Again 3."
    kinds = [item.get("type") or item["role"] for item in server.requests[-1].body["input"]]
    assert kinds == ["user", "function_call", "function_call_output", "message", "user"]


SETTINGS_MODELS: list[Any] = [None, "gpt-4o", "gpt-5", "gpt-5.1", "gpt-5-chat-latest", "gpt-5-new", "object"]


def sent_settings(lib: Any, agent_model: Any, run_model: Any, given: dict[str, Any] | None) -> dict[str, Any]:
    """The settings that reach the model of a run."""
    seen: list[Any] = []

    class Recording(lib.models.interface.Model):  # type: ignore[misc, name-defined]
        async def get_response(
            self, system_instructions: Any, input: Any, model_settings: Any, *more: Any, **rest: Any
        ) -> Any:
            seen.append(model_settings)
            raise KeyError("recorded")

        async def stream_response(
            self, system_instructions: Any, input: Any, model_settings: Any, *more: Any, **rest: Any
        ) -> Any:
            seen.append(model_settings)
            raise KeyError("recorded")
            yield

    class Provider(lib.models.interface.ModelProvider):  # type: ignore[misc, name-defined]
        def get_model(self, model_name: Any) -> Any:
            return Recording()

    def chosen(name: Any) -> Any:
        return Recording() if name == "object" else name

    settings = {} if given is None else {"model_settings": lib.ModelSettings(**given)}
    agent = lib.Agent(name="A", model=chosen(agent_model), **settings)
    config = lib.RunConfig(
        model=chosen(run_model), model_provider=Provider(), model_settings=lib.ModelSettings(temperature=0.5)
    )
    with pytest.raises(KeyError):
        asyncio.run(lib.Runner.run(agent, "x", run_config=config))
    return {k: v for k, v in TypeAdapter(Any).dump_python(vars(seen[0])).items() if v is not None}


@pytest.mark.parametrize("given", [None, {}, {"top_p": 0.1}], ids=["default", "empty", "given"])
@pytest.mark.parametrize("agent_model", SETTINGS_MODELS)
def test_settings_follow_the_model(agent_model: Any, given: dict[str, Any] | None) -> None:
    """Settings that nobody chose are those of the model that is called in the end."""
    for run_model in SETTINGS_MODELS:
        theirs, ours = (sent_settings(lib, agent_model, run_model, given) for lib in (agents, agentcell))
        assert ours == theirs, run_model


@pytest.mark.parametrize("model", SETTINGS_MODELS[1:-1])
def test_settings_of_a_replaced_agent(model: str) -> None:
    def replaced(lib: Any) -> str:
        return repr(dataclasses.replace(lib.Agent(name="A"), model=model).model_settings.to_json_dict()["reasoning"])

    assert replaced(agentcell) == replaced(agents)


MERGES: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
    ({}, None),
    ({"temperature": 0.1, "top_p": 0.2}, {"temperature": 0.3}),
    ({"temperature": 0.1}, {"temperature": 0.0}),
    ({"extra_args": {"a": 1, "b": 2}}, {"extra_args": {"b": 3}}),
    ({"extra_args": {"a": 1}}, {"extra_args": {}}),
    ({"extra_body": {"a": 1}, "extra_headers": {"x": "1"}}, {"extra_body": {"b": 1}, "extra_headers": {"y": "2"}}),
    ({"extra_query": {"a": 1}}, {"extra_query": {}}),
    ({"metadata": {"a": "1"}}, {"metadata": {"b": "2"}}),
    ({"parallel_tool_calls": True}, {"parallel_tool_calls": False}),
    ({"extra_args": {"a": {"x": 1}}}, {"extra_args": {"a": {"y": 1}}}),
]


@pytest.mark.parametrize(("base", "over"), MERGES, ids=lambda v: json.dumps(v)[:50])
def test_settings_are_merged_alike(base: dict[str, Any], over: dict[str, Any] | None) -> None:
    def merged(lib: Any) -> dict[str, Any]:
        found = lib.ModelSettings(**base).resolve(None if over is None else lib.ModelSettings(**over))
        return {k: v for k, v in found.to_json_dict().items() if v is not None}

    assert merged(agentcell) == merged(agents)


MESSAGES: list[dict[str, Any]] = [
    {"content": []},
    {"content": [{"type": "output_text", "text": "One.", "annotations": []}]},
    {"content": [{"type": "output_text", "text": t, "annotations": []} for t in ("One.", "Two.")]},
    {"content": [{"type": "refusal", "refusal": "No."}]},
    {"content": [{"type": "output_text", "text": "", "annotations": []}]},
    {
        "content": [
            {"type": "output_text", "text": "One.", "annotations": []},
            {"type": "refusal", "refusal": "No."},
        ]
    },
]
EXTRACTORS = ["extract_last_content", "extract_last_text", "extract_text", "extract_refusal"]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: json.dumps(m)[:60])
def test_item_helpers(message: dict[str, Any]) -> None:
    from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage

    raw = ResponseOutputMessage.model_validate(
        {"id": "m", "role": "assistant", "status": "completed", "type": "message", **message}
    )
    other = ResponseFunctionToolCall(arguments="{}", call_id="c", name="f", type="function_call")

    def read(lib: Any) -> list[Any]:
        agent = lib.Agent(name="A")
        item = lib.MessageOutputItem(agent=agent, raw_item=raw)
        helpers = lib.ItemHelpers
        return [
            *(getattr(helpers, name)(raw) for name in EXTRACTORS),
            *(getattr(helpers, name)(other) for name in EXTRACTORS),
            helpers.text_message_output(item),
            helpers.text_message_outputs([item, lib.ToolCallItem(agent=agent, raw_item=other), item]),
            helpers.input_to_new_input_list("text"),
            helpers.input_to_new_input_list([{"role": "user", "content": "x"}]),
            *(helpers.tool_call_output_item(other, value) for value in ("x", 1, None, {"a": 1}, [1])),
        ]

    assert read(agentcell) == read(agents)
