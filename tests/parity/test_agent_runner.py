"""The object behind `Runner`, in both libraries: what it is given, and what a program that replaces it sees."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from typing import Any

import agents
import pytest

import agentcell
from agentcell.agent_runner import AgentRunner

LIBS = (agents, agentcell)


def run_module(lib: Any) -> Any:
    return importlib.import_module(f"{lib.__name__}.run")


@pytest.fixture(params=LIBS, ids=lambda lib: lib.__name__)
def lib(request: Any) -> Iterator[Any]:
    yield request.param
    run_module(request.param).set_default_agent_runner(None)


def scripted(lib: Any) -> Any:
    testing = importlib.import_module(f"{lib.__name__}.testing")
    return lib.Agent("A", model=testing.ScriptedModel([[testing.assistant_message("Hi.")]]))


def noting(lib: Any) -> tuple[Any, list[Any]]:
    """A runner that notes its calls and does what the usual one does."""
    noted: list[Any] = []

    class Noting(run_module(lib).AgentRunner):
        async def run(self, *args: Any, **kwargs: Any) -> Any:
            noted.append(("run", args, kwargs))
            return await super().run(*args, **kwargs)

        def run_sync(self, *args: Any, **kwargs: Any) -> Any:
            noted.append(("run_sync", args, kwargs))
            return super().run_sync(*args, **kwargs)

        def run_streamed(self, *args: Any, **kwargs: Any) -> Any:
            noted.append(("run_streamed", args, kwargs))
            return super().run_streamed(*args, **kwargs)

    return Noting(), noted


async def through(lib: Any, door: str, agent: Any, **options: Any) -> Any:
    """The final output of a run through one of the doors."""
    if door == "run":
        return (await lib.Runner.run(agent, "Hello", **options)).final_output
    if door == "run_sync":
        return (await asyncio.to_thread(lib.Runner.run_sync, agent, "Hello", **options)).final_output
    result = lib.Runner.run_streamed(agent, "Hello", **options)
    async for _ in result.stream_events():
        pass
    return result.final_output


@pytest.mark.parametrize("door", ["run", "run_sync", "run_streamed"])
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
async def test_a_runner_in_its_place_sees_every_run(lib: Any, door: str) -> None:
    """Agent and input by position, every option by keyword, defaults too."""
    runner, noted = noting(lib)
    run_module(lib).set_default_agent_runner(runner)
    assert run_module(lib).get_default_agent_runner() is runner
    agent = scripted(lib)
    hooks = lib.RunHooks()
    assert await through(lib, door, agent, context="mine", hooks=hooks) == "Hi."
    name, args, kwargs = noted[0]
    assert (name, args) == (door, (agent, "Hello"))
    usual = {"max_turns": 10, "run_config": None, "error_handlers": None}
    assert kwargs.items() >= {"context": "mine", "hooks": hooks, **usual}.items()


def test_the_usual_one_comes_back(lib: Any) -> None:
    module = run_module(lib)
    usual = module.get_default_agent_runner()
    assert type(usual) is module.AgentRunner and module.get_default_agent_runner() is usual
    module.set_default_agent_runner(noting(lib)[0])
    module.set_default_agent_runner(None)
    assert type(module.get_default_agent_runner()) is module.AgentRunner


async def test_it_runs_without_any_option(lib: Any) -> None:
    """Also with options that say nothing."""
    runner = run_module(lib).AgentRunner()
    assert (await runner.run(scripted(lib), "Hello")).final_output == "Hi."
    nothing = {"session": None, "conversation_id": None, "auto_previous_response_id": False}
    result = runner.run_streamed(scripted(lib), "Hello", max_turns=None, **nothing)
    assert [event.type async for event in result.stream_events()][-1] == "run_item_stream_event"
    assert result.final_output == "Hi." and result.max_turns is None


def test_what_is_no_runner_is_refused() -> None:
    wrong: Any = 3
    with pytest.raises(agentcell.ArgumentTypeError, match="takes an AgentRunner or None, got 3"):
        run_module(agentcell).set_default_agent_runner(wrong)


def test_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(agentcell.UserError, match=r"no option 'max_turn', got 3; it takes .*max_turns"):
        AgentRunner().run_sync(scripted(agentcell), "Hello", max_turn=3)  # type: ignore[call-arg]
