"""Which model a name gives, over which client, and what a missing key says."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import agents
import agents.models.default_models as their_defaults
import agents.models.multi_provider as their_multi
import openai
import pytest
from openai import AsyncOpenAI

import agentcell
from agentcell import ModelProvider, UserError
from agentcell.models import default_models, openai_defaults
from agentcell.models.multi_provider import MultiProvider, MultiProviderMap
from agentcell.models.openai_chatcompletions import OpenAIChatCompletionsModel
from agentcell.models.openai_provider import OpenAIProvider
from agentcell.models.openai_responses import OpenAIResponsesModel
from agentcell.testing.loopback import LoopbackServer

VARIABLES = ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_BASE_URL", "OPENAI_DEFAULT_MODEL", "AGENTCELL_DEMO")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(openai_defaults, "_key", None)
    monkeypatch.setattr(openai_defaults, "_client", None)
    monkeypatch.setattr(openai_defaults, "_use_responses", True)
    yield


def made(model: Any) -> OpenAIResponsesModel:
    assert isinstance(model, OpenAIResponsesModel)
    return model


def shape(function: Any) -> list[tuple[Any, ...]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (OpenAIProvider, agents.OpenAIProvider),
        (MultiProvider, agents.MultiProvider),
        (MultiProviderMap, their_multi.MultiProviderMap),
        (agentcell.set_default_openai_key, agents.set_default_openai_key),
        (agentcell.set_default_openai_client, agents.set_default_openai_client),
        (agentcell.set_default_openai_api, agents.set_default_openai_api),
        (default_models.get_default_model_settings, their_defaults.get_default_model_settings),
        (default_models.get_default_model, their_defaults.get_default_model),
        (default_models.gpt_5_reasoning_settings_required, their_defaults.gpt_5_reasoning_settings_required),
    ],
)
def test_signatures_are_the_references(ours: Any, theirs: Any) -> None:
    assert shape(ours) == shape(theirs)
    if inspect.isclass(ours):
        public = {name for name in vars(theirs) if not name.startswith("_")} - {"agent_registration"}
        assert public <= set(dir(ours))
        for name in public:
            if callable(getattr(theirs, name)):
                assert shape(getattr(ours, name)) == shape(getattr(theirs, name)), name


@pytest.mark.parametrize(
    "name",
    """gpt-5 gpt-5-2025-08-07 gpt-5-2025-08-07x gpt-5-2025 gpt-5- gpt-5x gpt-50 gpt-5-mini gpt-5-nano gpt-5-pro
    gpt-5-codex gpt-5-chat gpt-5-chat-latest gpt-5-chat-latest-2025 gpt-5-search-api gpt-5.1 gpt-5.1-2025-11-13
    gpt-5.1-codex gpt-5.1-mini gpt-5.1-chat-latest gpt-5.2 gpt-5.2-pro gpt-5.2-pro-2025-12-11 gpt-5.2-codex
    gpt-5.2-codex-2025-01-01 gpt-5.2-chat-latest gpt-5.3 gpt-5.3-codex gpt-5.3-codex-2025-01-01 gpt-5.3-codex-spark
    gpt-5.3-chat-latest gpt-5.4 gpt-5.4-mini gpt-5.4-nano gpt-5.4-mini-2026-03-17 gpt-5.4-pro gpt-5.4-pro-2026-03-05
    gpt-5.4-chat-latest gpt-5.5 gpt-5.5-2026-04-23 gpt-5.5-pro gpt-5.5-mini gpt-5.6 gpt-5.6-luna gpt-5.6-sol
    gpt-5.6-terra gpt-5.6-foo gpt-5.6-luna-2026-08-01 gpt-5.6-pro gpt-5.6-sol-pro gpt-5.7 gpt-5.10 gpt-6-luna gpt-4.1
    GPT-5 openai/gpt-5 xgpt-5 o3 chat-latest""".split(),  # noqa: SIM905
)
def test_default_settings_are_the_references(name: str) -> None:
    ours, theirs = default_models.get_default_model_settings(name), their_defaults.get_default_model_settings(name)
    assert ours.verbosity == theirs.verbosity
    assert ours.reasoning == theirs.reasoning
    assert default_models.gpt_5_reasoning_settings_required(name) == their_defaults.gpt_5_reasoning_settings_required(
        name
    )


@pytest.mark.parametrize("value", [None, "gpt-4.1", "GPT-5.1", "", " o3 "])
def test_the_default_model_is_the_references(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is not None:
        monkeypatch.setenv("OPENAI_DEFAULT_MODEL", value)
    assert default_models.get_default_model() == their_defaults.get_default_model()
    assert default_models.is_gpt_5_default() == their_defaults.is_gpt_5_default()
    ours, theirs = default_models.get_default_model_settings(), their_defaults.get_default_model_settings()
    assert ours.reasoning == theirs.reasoning


def test_settings_are_new_each_time() -> None:
    default_models.get_default_model_settings().extra_args = {"x": 1}
    assert default_models.get_default_model_settings().extra_args is None


@pytest.mark.parametrize("name", [None, "gpt-4.1", "openai/gpt-4.1"])
def test_a_missing_key_is_the_same_error_at_the_same_moment(name: str | None) -> None:
    for provider in (agents.MultiProvider(), MultiProvider()):
        with pytest.raises(openai.OpenAIError) as caught:
            provider.get_model(name)
        assert type(caught.value) is openai.OpenAIError
    assert "OPENAI_API_KEY" in str(caught.value) and "agentcell.DemoModel" in str(caught.value)


def test_a_missing_key_for_an_own_server_says_any_text_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("AGENTCELL_DEMO", "1")
    with pytest.raises(openai.OpenAIError, match=r"http://127\.0\.0\.1:9/v1.*OPENAI_API_KEY=none"):
        MultiProvider().get_model(None)


def test_nothing_happens_in_constructors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "AsyncOpenAI", None)
    MultiProvider(openai_api_key="k")
    OpenAIProvider(api_key="k")


@pytest.mark.parametrize(
    ("options", "asked", "given"),
    [
        ({}, "gpt-4.1", "gpt-4.1"),
        ({}, "openai/gpt-4.1", "gpt-4.1"),
        ({}, "openai/a/b", "a/b"),
        ({}, None, "gpt-5.6-luna"),
        ({}, "", ""),
        ({"openai_prefix_mode": "model_id"}, "openai/gpt-4.1", "openai/gpt-4.1"),
        ({"unknown_prefix_mode": "model_id"}, "router/x/y", "router/x/y"),
    ],
)
def test_names_are_routed_as_in_the_reference(options: dict[str, Any], asked: str | None, given: str) -> None:
    ours = made(MultiProvider(openai_api_key="k", **options).get_model(asked))
    theirs: Any = agents.MultiProvider(openai_api_key="k", **options).get_model(asked)
    assert ours.model == theirs.model == given
    assert ours._model_is_explicit == (asked is not None)


@pytest.mark.parametrize("name", ["foo/bar", "/bar"])
def test_an_unknown_prefix_is_the_references_error(name: str) -> None:
    with pytest.raises(agents.UserError) as theirs:
        agents.MultiProvider(openai_api_key="k").get_model(name)
    with pytest.raises(UserError) as ours:
        MultiProvider(openai_api_key="k").get_model(name)
    assert str(ours.value).startswith(str(theirs.value))


@pytest.mark.parametrize("option", ["openai_prefix_mode", "unknown_prefix_mode"])
def test_unknown_modes_are_refused(option: str) -> None:
    modes: dict[str, Any] = {option: "other"}
    with pytest.raises(UserError, match=rf"{option} must be one of: .*'other'"):
        MultiProvider(**modes)


def test_the_map_comes_first() -> None:
    class Own(ModelProvider):
        def get_model(self, model_name: str | None) -> Any:
            return f"own {model_name}"

    providers = MultiProviderMap()
    providers.add_provider("foo", Own())
    providers.add_provider("openai", Own())
    provider = MultiProvider(provider_map=providers)
    assert [provider.get_model(name) for name in ("foo/a/b", "openai/q", "foo/")] == ["own a/b", "own q", "own "]
    providers.remove_provider("foo")
    assert not providers.has_prefix("foo") and list(providers.get_mapping()) == ["openai"]


@pytest.mark.parametrize("own", ["api_key", "base_url", "organization", "project", "websocket_base_url"])
def test_a_client_excludes_what_it_already_says(own: str) -> None:
    client, options = AsyncOpenAI(api_key="k"), {own: "x"}
    for provider, error in ((agents.OpenAIProvider, agents.UserError), (OpenAIProvider, UserError)):
        with pytest.raises(error, match="if you provide openai_client"):
            provider(openai_client=client, **options)  # type: ignore[arg-type]


def test_which_client_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from the environment")
    agentcell.set_default_openai_key("from the program")
    assert made(OpenAIProvider().get_model("m"))._client.api_key == "from the program"
    client = AsyncOpenAI(api_key="from the client")
    agentcell.set_default_openai_client(client)
    assert made(OpenAIProvider().get_model("m"))._client is client
    assert made(OpenAIProvider(api_key="own").get_model("m"))._client.api_key == "own"
    assert made(OpenAIProvider(base_url="http://q/v1").get_model("m"))._client is not client
    own = AsyncOpenAI(api_key="k")
    assert made(OpenAIProvider(openai_client=own).get_model("m"))._client is own


def test_models_of_a_provider_share_its_client() -> None:
    provider = OpenAIProvider(api_key="k")
    assert made(provider.get_model("a"))._client is made(provider.get_model("b"))._client


async def call(url: str) -> Any:
    model = MultiProvider(openai_api_key="k", openai_base_url=url).get_model("m")
    arguments: Any = ("", "Hi", agentcell.ModelSettings(), [], None, [], agentcell.ModelTracing.DISABLED)
    keywords: Any = {"previous_response_id": None, "conversation_id": None, "prompt": None}
    return await model.get_response(*arguments, **keywords)


async def test_providers_on_one_loop_share_connections() -> None:
    with LoopbackServer(lambda request: "ok") as server:
        await call(server.base_url)
        shared = openai_defaults.shared_http_client()
        await call(server.base_url)
        assert openai_defaults.shared_http_client() is shared
        await openai_defaults.close_shared_http_client()
        assert shared.is_closed
        await call(server.base_url)
        await openai_defaults.close_shared_http_client()


def test_every_loop_has_its_own_connections() -> None:
    """And `asyncio.run` closes them at its end: a warning about an open one would be an error here."""
    clients: list[Any] = []

    async def once(url: str) -> str:
        answered = (await call(url)).response_id
        clients.append(openai_defaults.shared_http_client())
        assert not clients[-1].is_closed
        return answered

    with LoopbackServer(lambda request: "ok") as server:
        assert [asyncio.run(once(server.base_url)) for _ in range(2)] == ["resp_1", "resp_2"]
    assert clients[0] is not clients[1] and all(client.is_closed for client in clients)
    assert not openai_defaults._http_clients and not openai_defaults._closers


def test_a_client_that_was_closed_is_replaced() -> None:
    async def use() -> None:
        first = openai_defaults.shared_http_client()
        await first.aclose()
        second = openai_defaults.shared_http_client()
        assert second is not first and not second.is_closed

    asyncio.run(use())
    assert not openai_defaults._http_clients and not openai_defaults._closers


def test_the_client_of_a_loop_that_was_just_closed_is_forgotten() -> None:
    """Nobody has closed its generators, so the next use of any loop drops it."""

    async def use() -> None:
        client = openai_defaults.shared_http_client()
        await client.aclose()

    abrupt = asyncio.new_event_loop()
    abrupt.run_until_complete(use())
    abrupt.close()
    assert abrupt in openai_defaults._http_clients
    asyncio.run(use())
    assert not openai_defaults._http_clients and not openai_defaults._closers


def test_a_program_leaves_no_connection_open() -> None:
    """What a user sees with warnings on, as in development mode or under pytest: nothing."""
    program = """
import asyncio, gc, sys
from agentcell import Agent, Runner
agent = Agent(name="A")
async def main():
    print((await Runner.run(agent, "Hi")).final_output)
asyncio.run(main())
print(Runner.run_sync(agent, "Hi").final_output)
print(Runner.run_streamed(agent, "Hi").wait().final_output)  # on the library's own loop
gc.collect()
"""
    with LoopbackServer(lambda request: "ok") as server:
        environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "k"}
        command = [sys.executable, "-W", "error", "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert (done.stdout, done.stderr) == ("ok\nok\nok\n", "")


def chat_model(provider: ModelProvider, name: str | None = "m") -> OpenAIChatCompletionsModel:
    model = provider.get_model(name)
    assert isinstance(model, OpenAIChatCompletionsModel)
    return model


def test_chat_completions_are_chosen_for_the_program_or_one_provider() -> None:
    assert chat_model(OpenAIProvider(api_key="k", use_responses=False)).model == "m"
    assert chat_model(MultiProvider(openai_api_key="k", openai_use_responses=False), "openai/m").model == "m"
    agentcell.set_default_openai_api("chat_completions")
    assert chat_model(OpenAIProvider(api_key="k"), None).model == default_models.get_default_model()
    assert made(OpenAIProvider(api_key="k", use_responses=True).get_model("m"))
    with pytest.raises(UserError, match="'other'"):
        agentcell.set_default_openai_api("other")  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["strict_feature_validation", "buffer_streamed_tool_calls"])
def test_options_of_chat_completions_reach_the_model(option: str) -> None:
    attribute = {"strict_feature_validation": "_strict", "buffer_streamed_tool_calls": "_buffer_calls"}[option]
    options: dict[str, Any] = {"api_key": "k", "use_responses": False}
    assert getattr(chat_model(OpenAIProvider(**options)), attribute) is False
    options[option] = True
    assert getattr(chat_model(OpenAIProvider(**options)), attribute) is True
    multi: dict[str, Any] = {"openai_api_key": "k", "openai_use_responses": False, f"openai_{option}": True}
    assert getattr(chat_model(MultiProvider(**multi)), attribute) is True
