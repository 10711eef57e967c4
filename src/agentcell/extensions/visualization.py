"""A picture of what an agent can reach: its tools and MCP servers, the agents it hands off to, and theirs.

The graph is written in Graphviz's DOT language, which needs nothing; only `draw_graph` needs the package `graphviz`,
and saving or showing the picture needs Graphviz itself. Names are quoted, so that no name can change the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from ..agent import Agent
from ..exceptions import UserError
from ..handoffs import Handoff

if TYPE_CHECKING:
    import graphviz  # pyright: ignore[reportMissingImports]

Member: TypeAlias = Agent[Any] | Handoff[Any, Any]
"""What a graph has a box for; a handoff stands for an agent that is not known before its call."""

START, END = "__start__", "__end__"

_TERMINAL = "shape=ellipse, style=filled, fillcolor=lightblue, width=0.5, height=0.3"
_TOOL = "shape=ellipse, style=filled, fillcolor=lightgreen, width=0.5, height=0.3"
_SERVER = "shape=box, style=filled, fillcolor=lightgrey, width=1, height=0.5"
_FIRST = "shape=box, style=filled, fillcolor=lightyellow, width=1.5, height=0.8"
_AGENT = 'shape=box, style="filled,rounded", fillcolor=lightyellow, width=1.5, height=0.8'
_CALL = "style=dotted, penwidth=1.5"


def draw_graph(agent: Agent[Any], filename: str | None = None) -> graphviz.Source:
    """The agent's graph as a `graphviz.Source`, which a notebook shows; with `filename` also saved as PNG.

    Raises `UserError` when the package `graphviz` is missing.
    """
    try:
        import graphviz  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError(
            "draw_graph needs the package graphviz, which is not installed: pip install graphviz, and install "
            "Graphviz itself for pictures; get_main_graph(agent) gives the graph as text without either"
        ) from error
    source = graphviz.Source(get_main_graph(agent))
    if filename:
        source.render(filename, format="png", cleanup=True)
    return source


def get_main_graph(agent: Agent[Any]) -> str:
    """The agent's graph in the DOT language."""
    head = 'digraph G {\n  graph [splines=true];\n  node [fontname="Arial"];\n  edge [penwidth=1.5];\n'
    return f"{head}{get_all_nodes(agent)}\n{get_all_edges(agent)}\n}}"


def get_all_nodes(agent: Agent[Any], parent: Agent[Any] | None = None, visited: set[str] | None = None) -> str:
    """The nodes of the agent's graph in the DOT language.

    With a `parent` the agent is drawn as one that is handed to; agents whose names are in `visited` are left out.
    """
    graph = _Graph(agent, visited)
    lines = [] if parent else [_node(START, START, _TERMINAL), _node(END, END, _TERMINAL)]
    for member in graph.agents:
        first = member is agent and parent is None
        lines.append(_node(graph.node_id(member), _name(member), _FIRST if first else _AGENT))
    for member in graph.agents:
        lines += [_node(tool, tool, _TOOL) for tool in _tools(member)]
        lines += [_node(server, server, _SERVER) for server in _servers(member)]
    return "\n".join(dict.fromkeys(lines))


def get_all_edges(agent: Agent[Any], parent: Agent[Any] | None = None, visited: set[str] | None = None) -> str:
    """The edges of the agent's graph in the DOT language; the arguments are those of `get_all_nodes`."""
    graph = _Graph(agent, visited)
    lines = [] if parent else [_edge(START, graph.node_id(agent))]
    for member in graph.agents:
        me = graph.node_id(member)
        for used in (*_tools(member), *_servers(member)):
            lines += [_edge(me, used, _CALL), _edge(used, me, _CALL)]
        reached = [graph.node_id(target) for target in _targets(member)]
        lines += [_edge(me, target) for target in reached]
        if isinstance(member, Agent) and not reached:
            lines.append(_edge(me, END))
    return "\n".join(lines)


class _Graph:
    """All agents that can be reached, each once, and an id for each: its name, unless something else has it."""

    def __init__(self, agent: Member, visited: set[str] | None) -> None:
        self.agents: list[Member] = []
        waiting: list[Member] = [agent]
        while waiting:
            member = waiting.pop(0)
            if _name(member) not in (visited or ()) and all(member is not known for known in self.agents):
                self.agents.append(member)
                waiting += _targets(member)
        taken = {START, END, *(used for member in self.agents for used in (*_tools(member), *_servers(member)))}
        self._ids: dict[int, str] = {}
        for number, member in enumerate(self.agents):
            name = _name(member)
            self._ids[id(member)] = name if name not in taken else f"__agent_{number}__"
            taken.add(name)

    def node_id(self, member: Member) -> str:
        """The id of an agent's node; agents that are left out keep their names."""
        return self._ids.get(id(member)) or _name(member)


def _name(member: Member) -> str:
    return member.name if isinstance(member, Agent) else member.agent_name


def _targets(member: Member) -> list[Member]:
    """Whom an agent can hand off to."""
    if not isinstance(member, Agent):
        return []
    offered = member.handoffs
    return [h.target if isinstance(h, Handoff) and h.target is not None else h for h in offered]


def _tools(member: Member) -> Iterator[str]:
    yield from (tool.name for tool in (member.tools if isinstance(member, Agent) else ()))


def _servers(member: Member) -> Iterator[str]:
    yield from (server.name for server in getattr(member, "mcp_servers", ()))


def _node(node_id: str, label: str, look: str) -> str:
    return f"  {_quoted(node_id)} [label={_quoted(label)}, {look}];"


def _edge(start: str, end: str, look: str = "") -> str:
    return f"  {_quoted(start)} -> {_quoted(end)}{f' [{look}]' if look else ''};"


def _quoted(text: str) -> str:
    """A text as a DOT string; backslashes would be escapes, line breaks would end the line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    return f'"{escaped}"'
