"""The graph of an agent as text, and as a picture where Graphviz is there."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from agentcell import Agent, Handoff, UserError, function_tool, handoff
from agentcell.extensions.visualization import draw_graph, get_all_edges, get_all_nodes, get_main_graph


@function_tool
def add(a: int) -> int:
    return a


async def _nobody(ctx: Any, arguments: str) -> Any:
    raise AssertionError("a graph carries nothing out")


def family() -> Agent[Any]:
    """A hands off to B and C, B to C, C back to A; and to somebody who is not known before the call."""
    c = Agent(name="C", tools=[add])
    b = Agent(name="B", handoffs=[c])
    a = Agent(name="A", tools=[add], handoffs=[b, handoff(c), Handoff("far", "", {}, _nobody, "Far")])
    c.handoffs.append(a)
    return a


def labels(graph: str) -> list[str]:
    return re.findall(r'^\s*"[^"]*" \[label="([^"]*)"', graph, re.M)


def edges(graph: str) -> list[tuple[str, str]]:
    return re.findall(r'^\s*"([^"]*)" -> "([^"]*)"', graph, re.M)


def test_everybody_once() -> None:
    nodes = labels(get_all_nodes(family()))
    assert sorted(nodes) == sorted(["__start__", "__end__", "A", "B", "C", "Far", "add"])


def test_every_way() -> None:
    found = edges(get_all_edges(family()))
    assert ("__start__", "A") in found and ("B", "C") in found and ("C", "A") in found and ("A", "Far") in found
    assert {("A", "add"), ("add", "A"), ("C", "add"), ("add", "C")} <= set(found)
    assert not [edge for edge in found if edge[1] == "__end__"]


def test_who_hands_off_to_nobody_ends() -> None:
    assert edges(get_all_edges(Agent(name="A"))) == [("__start__", "A"), ("A", "__end__")]


def test_names_stay_names() -> None:
    graph = get_main_graph(Agent(name='A"];\nx -> y; ["\\'))
    assert "\nx -> y" not in graph
    assert r'"A\"];\nx -> y; [\"\\"' in graph


@pytest.mark.parametrize("other", [Agent(name="A"), Agent(name="__start__"), Agent(name="add", tools=[add])])
def test_the_same_name_twice_is_two_boxes(other: Agent[Any]) -> None:
    graph = get_main_graph(Agent(name="A", handoffs=[other]))
    assert labels(graph).count(other.name) == 2
    ids = re.findall(r'^\s*("[^"]*") \[label=', graph, re.M)
    assert len(set(ids)) == len(ids)


def test_long_chains() -> None:
    agent = Agent(name="end")
    for number in range(3000):
        agent = Agent(name=f"a{number}", handoffs=[agent])
    assert len(labels(get_all_nodes(agent))) == 3003


def test_without_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(UserError, match="pip install graphviz"):
        draw_graph(family())


def test_with_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Any] = []

    class Source:
        def __init__(self, text: str) -> None:
            self.source = text

        def render(self, *arguments: Any, **options: Any) -> None:
            rendered.append((arguments, options))

    monkeypatch.setitem(sys.modules, "graphviz", SimpleNamespace(Source=Source))
    agent = family()
    assert draw_graph(agent).source == get_main_graph(agent) and rendered == []
    draw_graph(agent, "picture")
    assert rendered == [(("picture",), {"format": "png", "cleanup": True})]
