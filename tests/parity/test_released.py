"""Letting go of agents, in both libraries: how items and results read while somebody holds an agent, and afterwards."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import gc
import importlib
import pickle
import weakref
from typing import Any

import agents
import pytest

import agentcell
from agentcell.notebook.display import bundle
from agentcell.released import HoldsAgents
from agentcell.testing import ScriptedModel, assistant_message, function_call

LIBS = (agents, agentcell)
RAW = {"type": "function_call_output", "call_id": "c", "output": "x"}


def message_item(lib: Any, agent: Any) -> Any:
    testing = importlib.import_module(f"{lib.__name__}.testing")
    return lib.MessageOutputItem(agent=agent, raw_item=testing.assistant_message("Hi."))


@pytest.mark.parametrize("lib", LIBS, ids=lambda lib: lib.__name__)
def test_an_item_whose_agent_lives(lib: Any) -> None:
    """Nothing can be told from outside, and releasing twice is as good as once."""
    agent = lib.Agent("A", model="m")
    item, kept = message_item(lib, agent), message_item(lib, agent)
    before = repr(item)
    item.release_agent()
    item.release_agent()
    assert item.agent is agent and repr(item) == before and item == kept
    assert copy.copy(item).agent is agent and dataclasses.replace(item).agent is agent
    assert "agent" in dataclasses.asdict(item)
    assert copy.deepcopy(item).agent.name == "A"
    other = lib.Agent("B")
    item.agent = other
    assert item.agent is other and item != kept


@pytest.mark.parametrize("lib", LIBS, ids=lambda lib: lib.__name__)
def test_an_item_whose_agent_is_gone(lib: Any) -> None:
    agent = lib.Agent("A", model="m")
    item = message_item(lib, agent)
    item.release_agent()
    watch = weakref.ref(agent)
    del agent
    gc.collect()
    assert watch() is None
    assert item.agent is None and repr(item).startswith("MessageOutputItem(agent=None, raw_item=")
    assert copy.copy(item).agent is None and copy.deepcopy(item).agent is None
    assert dataclasses.asdict(item)["agent"] is None
    assert item.to_input_item()["content"][0]["text"] == "Hi."
    assert lib.ItemHelpers.text_message_output(item) == "Hi."
    item.release_agent()
    with pytest.raises(AttributeError, match="'MessageOutputItem' object has no attribute 'nope'"):
        _ = item.nope
    assert item == copy.copy(item) and item != message_item(lib, lib.Agent("A", model="m"))


@pytest.mark.parametrize("lib", LIBS, ids=lambda lib: lib.__name__)
def test_a_handoff_has_three(lib: Any) -> None:
    source, target = lib.Agent("S"), lib.Agent("T")
    item = lib.HandoffOutputItem(agent=source, raw_item=RAW, source_agent=source, target_agent=target)
    item.release_agent()
    assert (item.agent, item.source_agent, item.target_agent) == (source, source, target)
    del target
    gc.collect()
    assert item.source_agent is source and item.target_agent is None
    del source
    gc.collect()
    assert (item.agent, item.source_agent, item.target_agent) == (None, None, None)


def test_names_stay() -> None:
    """For views, which show a run whose agents are gone."""
    source = agentcell.Agent("S")
    item = agentcell.HandoffOutputItem(source, RAW, source_agent=source, target_agent=agentcell.Agent("T"))
    assert (item.name_of("source_agent"), item.name_of("target_agent")) == ("S", "T")
    item.release_agent()
    gc.collect()
    assert (item.name_of("source_agent"), item.name_of("target_agent")) == ("S", "T")


@dataclasses.dataclass
class Badge(HoldsAgents):
    AGENTS = ("agent",)

    agent: Any


@dataclasses.dataclass
class Person:
    name: str


def test_what_holds_its_agent_can_be_pickled() -> None:
    """As before it could be let go of; a weak reference cannot, in either library."""
    person = Person("P")
    badge = Badge(person)
    assert pickle.loads(pickle.dumps(badge)) == badge
    badge.let_go()
    with pytest.raises(TypeError, match="weakref"):
        pickle.dumps(badge)


def handing_over(lib: Any) -> Any:
    """Two agents, one of which passes on to the other; nothing else holds them."""
    testing = importlib.import_module(f"{lib.__name__}.testing")
    last = lib.Agent("Last", model=testing.ScriptedModel([[testing.assistant_message("Done.")]]))
    steps = [[testing.function_call("transfer_to_last", {}, call_id="c1")]]
    return lib.Agent("First", handoffs=[last], model=testing.ScriptedModel(steps))


@pytest.mark.parametrize("lib", LIBS, ids=lambda lib: lib.__name__)
async def test_results_read_the_same_while_the_agents_live(lib: Any) -> None:
    first = handing_over(lib)
    last = first.handoffs[0]
    result = await lib.Runner.run(first, "Hello")
    result.release_agents()
    result.release_agents()
    assert result.last_agent is last and result.new_items[0].agent is first
    assert result.final_output == "Done." and len(result.to_input_list()) == 4
    assert 'Last agent: Agent(name="Last"' in str(result) or "Last agent: Last" in str(result)


@pytest.mark.parametrize("lib", LIBS, ids=lambda lib: lib.__name__)
async def test_items_can_keep_theirs(lib: Any) -> None:
    result = await lib.Runner.run(handing_over(lib), "Hello")
    result.release_agents(release_new_items=False)
    gc.collect()
    assert [item.agent.name for item in result.new_items] == ["First", "First", "Last"]


@pytest.mark.parametrize("streamed", [False, True])
async def test_agents_of_a_released_run_are_collected(streamed: bool) -> None:
    """And the run can still be read and shown; the reference keeps the last agent alive."""
    first = handing_over(agentcell)
    watched = [weakref.ref(first), weakref.ref(first.handoffs[0])]
    result: Any
    if streamed:
        result = agentcell.Runner.run_streamed(first, "Hello")
        async for _ in result:
            pass
    else:
        result = await agentcell.Runner.run(first, "Hello")
    shown = bundle(result._run)["text/markdown"]
    del first
    result.release_agents()
    gc.collect()
    assert [watch() for watch in watched] == [None, None]
    assert result.last_agent is None and {item.agent for item in result.new_items} == {None}
    assert result.final_output == "Done." and len(result.to_input_list()) == 4
    assert "Last" in str(result) and "Last" in repr(result)
    assert bundle(result._run)["text/markdown"] == shown and "Last" in shown


async def test_a_run_that_goes_on_keeps_its_agents() -> None:
    """What has ended of it is let go of; the reference forgets who is running."""

    @agentcell.function_tool
    def look() -> str:
        result.release_agents()
        return "x"

    steps = [[function_call("look", {}, call_id="c1")], [assistant_message("Done.")]]
    agent = agentcell.Agent("A", tools=[look], model=ScriptedModel(steps))
    result = agentcell.Runner.run_streamed(agent, "Hello")
    del agent
    seen = [(event.type, gc.collect() and None) async for event in result]
    assert seen and result.final_output == "Done."
    assert result.current_agent is not None and result.current_agent.name == "A"


async def test_nested_runs_are_let_go_with_theirs() -> None:
    inner = agentcell.Agent("Inner", model=ScriptedModel([[assistant_message("In.")]]))
    watch = weakref.ref(inner)
    steps = [[function_call("ask", {"input": "x"}, call_id="c1")], [assistant_message("Done.")]]
    outer = agentcell.Agent("Outer", tools=[inner.as_tool("ask", "Ask.")], model=ScriptedModel(steps))
    result = await agentcell.Runner.run(outer, "Hello")
    shown = bundle(result._run)["text/markdown"]
    del inner, outer
    result.release_agents()
    await asyncio.sleep(0)  # the loop still has to tell those who waited for the tool
    gc.collect()
    assert watch() is None
    assert bundle(result._run)["text/markdown"] == shown
