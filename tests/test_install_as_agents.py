"""`install_as_agents`: `import agents` gives this library; every case in a program of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest


def program(code: str) -> str:
    """What a program prints; it must end well."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_submodule_is_the_same_object() -> None:
    said = program(
        """
        import importlib, pkgutil, sys
        import agentcell
        agentcell.install_as_agents()
        import agents
        assert agents is agentcell
        names = [m.name for m in pkgutil.walk_packages(agentcell.__path__, "agentcell.") if "__main__" not in m.name]
        for name in reversed(names):  # some first by their new name, some first by their own
            new = "agents" + name.removeprefix("agentcell")
            module = importlib.import_module(new)
            assert module is importlib.import_module(name) is sys.modules[name], name
            assert module.__name__ == name and module.__spec__.name == name, name
        print(len(names))
        """
    )
    assert int(said) > 60


def test_imports_of_every_form() -> None:
    program(
        """
        import agentcell
        agentcell.install_as_agents()
        import agents.items
        import agents.extensions.handoff_filters as filters
        from agents import Agent, handoffs
        from agents.items import MessageOutputItem
        from agents.models.interface import Model
        import agentcell.extensions.handoff_filters, agentcell.handoffs, agentcell.items, agentcell.models.interface
        assert Agent is agentcell.Agent and handoffs is agentcell.handoffs
        assert filters is agentcell.extensions.handoff_filters
        assert MessageOutputItem is agentcell.items.MessageOutputItem and Model is agentcell.models.interface.Model
        assert isinstance(Agent(name="A"), agentcell.Agent)
        """
    )


def test_a_run_written_for_the_reference() -> None:
    program(
        """
        import asyncio
        from agentcell import install_as_agents
        install_as_agents()
        from agents import Agent, Runner, function_tool
        from agents.items import ToolCallOutputItem
        from agents.testing import ScriptedModel, assistant_message, function_call

        @function_tool
        def add(a: int, b: int) -> int:
            return a + b

        async def main():
            steps = [[function_call("add", {"a": 1, "b": 2}, call_id="c")], [assistant_message("three")]]
            agent = Agent(name="A", tools=[add], model=ScriptedModel(steps))
            result = Runner.run_streamed(agent, "1 + 2?")
            names = [e.name async for e in result.stream_events() if e.type == "run_item_stream_event"]
            assert names == ["tool_called", "tool_output", "message_output_created"], names
            assert isinstance(result.new_items[1], ToolCallOutputItem)
            assert result.final_output == "three"

        asyncio.run(main())
        """
    )


def test_modules_that_are_not_here_stay_unknown() -> None:
    program(
        """
        import importlib.util
        import agentcell
        agentcell.install_as_agents()
        import agents
        assert importlib.util.find_spec("agents.no_such_module") is None
        for name in ("agents.no_such_module", "agents.realtime"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                assert error.name == name, error.name
            else:
                raise AssertionError(name)
        """
    )


def test_installing_twice_and_taking_it_back() -> None:
    said = program(
        """
        import sys
        import agentcell
        from agentcell import install_as_agents, uninstall_as_agents
        before = list(sys.meta_path)
        uninstall_as_agents()  # nothing to take back
        install_as_agents()
        install_as_agents()
        assert len(sys.meta_path) == len(before) + 1
        import agents.items
        ours = agents.items
        uninstall_as_agents()
        assert sys.meta_path == before
        assert not [name for name in sys.modules if name.split(".")[0] == "agents"]
        assert ours is sys.modules["agentcell.items"]
        install_as_agents()
        import agents.items
        assert agents.items is ours
        uninstall_as_agents()
        import agents
        assert agents is not agentcell
        print(agents.__name__)
        """
    )
    assert said.strip() == "agents"


@pytest.mark.parametrize("first", ["agents", "agents.usage"])
def test_it_is_refused_when_the_reference_is_in_use(first: str) -> None:
    said = program(
        f"""
        import {first}
        import agentcell
        try:
            agentcell.install_as_agents()
        except agentcell.UserError as error:
            print(error)
        import sys
        assert sys.modules["agents"] is agents and agents is not agentcell
        """
    )
    assert "already imported as 'agents'" in said and "before the first import" in said


def test_pickles_load_under_both_names() -> None:
    """What was pickled by code that says `agents` is loaded by code that says `agentcell`, and the reverse."""
    program(
        """
        import pickle
        import agentcell
        agentcell.install_as_agents()
        from agents import ModelSettings, Usage
        from agents.stream_events import RunItemStreamEvent
        values = [ModelSettings(temperature=0.5), Usage(requests=2, total_tokens=7), agentcell.UserError("no"),
                  ModelSettings, RunItemStreamEvent]
        written = pickle.dumps(values)
        assert b"agentcell" in written
        agentcell.uninstall_as_agents()
        loaded = pickle.loads(written)
        assert loaded[:2] == values[:2] and str(loaded[2]) == "no" and loaded[3:] == values[3:]

        by_the_other_name = pickle.dumps(values, protocol=0).replace(b"cagentcell", b"cagents")
        assert b"cagentcell" not in by_the_other_name
        agentcell.install_as_agents()
        loaded = pickle.loads(by_the_other_name)
        assert loaded[:2] == values[:2] and loaded[3:] == values[3:]
        assert type(loaded[0]) is agentcell.ModelSettings
        """
    )


def test_pickles_of_the_reference_load() -> None:
    """A program that has used the reference leaves pickles that name its modules."""
    written = program(
        """
        import pickle
        import agents
        from agents.usage import Usage
        print(pickle.dumps([agents.Agent, Usage, agents.ModelTracing.DISABLED, agents.UserError("no")]).hex())
        """
    ).strip()
    program(
        f"""
        import pickle
        import agentcell
        agentcell.install_as_agents()
        loaded = pickle.loads(bytes.fromhex("{written}"))
        assert loaded[:3] == [agentcell.Agent, agentcell.Usage, agentcell.ModelTracing.DISABLED]
        assert isinstance(loaded[3], agentcell.UserError) and str(loaded[3]) == "no"
        """
    )


def test_threads_import_at_the_same_time() -> None:
    """Many threads that import under both names see one module."""
    program(
        """
        import threading
        import agentcell
        agentcell.install_as_agents()
        seen, start = [], threading.Barrier(8)

        def look(number):
            start.wait()
            name = ("agents", "agentcell")[number % 2] + ".run"
            module = __import__(name, fromlist=["Runner"])
            seen.append((module, module.Runner))

        threads = [threading.Thread(target=look, args=(n,)) for n in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert len(seen) == 8 and len(set(seen)) == 1, seen
        """
    )
