"""The timeline of a run: who did what when, as lanes of bars, and where the time went.

One lane for each agent, with rows for what happened at the same time; runs inside tools have lanes of their own under
that of their caller. Everything follows from the blocks of the view. A `Timeline` takes in later and later views and
looks only at the blocks that have changed; the same run gives the same lanes however it is cut into views, because a
bar's row depends only on what had ended when it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from .model import EMPTY, Block, HandoffMark, RunView, ToolCard, TurnHead
from .patch import changes

BarKind = Literal["wait", "stream", "tool", "agent", "you"]
"""What a bar shows: waiting for the model, its response arriving, a tool, an agent as a tool, waiting for a person."""


@dataclass(slots=True)
class Bar:
    """Something that lasts."""

    id: str
    """The bar's id."""
    kind: BarKind
    """What it shows."""
    label: str
    """The tool's or the model's name."""
    block: str
    """The block that says more."""
    start: float
    """Seconds since the run's start."""
    end: float | None
    """The same; `None` while it goes on."""
    state: str = ""
    """How it ended, for tools."""


@dataclass(slots=True)
class Row:
    """Bars one after the other."""

    id: str
    """The row's id."""
    bars: list[Bar] = field(default_factory=list)
    """In order of time."""

    def free_at(self, start: float) -> bool:
        """Whether nothing goes on here at a moment."""
        if not self.bars:
            return True
        end = self.bars[-1].end
        return end is not None and end <= start


@dataclass(slots=True)
class Lane:
    """What one agent did."""

    id: str
    """The lane's id."""
    agent: str
    """The agent's name."""
    depth: int
    """How many runs are around the agent's."""
    rows: list[Row] = field(default_factory=list)
    """What happened at the same time stands in different rows."""
    made: int = 0
    """How many rows there have been."""


@dataclass(slots=True)
class Arrow:
    """A handoff from one lane to another."""

    id: str
    """The arrow's id."""
    at: float
    """Seconds since the run's start."""
    source: str
    """The lane it comes from."""
    target: str
    """The lane it leads to."""
    block: str
    """The block that says more."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where the time went, in seconds; the parts add up to the whole."""

    model: float = 0.0
    """A model was asked or answered."""
    tools: float = 0.0
    """No model, but a tool ran."""
    you: float = 0.0
    """Nothing ran, because a call waited for a decision."""
    overhead: float = 0.0
    """None of these."""

    @property
    def whole(self) -> float:
        """All of it."""
        return self.model + self.tools + self.you + self.overhead


Owner = tuple[str, ...]
"""An agent, after the agents that call it, from the outermost."""


class Timeline:
    """The lanes, arrows and times of one run, which may still go on."""

    def __init__(self) -> None:
        self.lanes: list[Lane] = []
        """In the order in which they are shown: an agent's own, then those of the agents that it calls."""
        self.arrows: list[Arrow] = []
        """The handoffs."""
        self.elapsed: float = 0.0
        """Seconds from the run's start to its last event."""
        self.last_edge: float = 0.0
        """When something last began or ended, in seconds since the run's start."""
        self.changed_lanes: set[str] = set()
        """The lanes that the last advance has changed, by id."""
        self._views: dict[str, RunView] = {}
        self._lanes: dict[Owner, Lane] = {}
        self._bars: dict[str, Bar] = {}
        self._marks: dict[str, tuple[Owner, HandoffMark, float]] = {}
        self._drawn: set[str] = set()

    def advance(self, view: RunView) -> bool:
        """Take in a later view of the run; returns whether anything but the time has changed."""
        self.elapsed = view.elapsed
        self.changed_lanes.clear()
        changed = False
        for bar, owner in sorted(self._changed(view, (), 0.0), key=lambda one: one[0].start):
            changed = self._put(bar, owner) or changed
        return self._draw_arrows() or changed or bool(self.changed_lanes)

    def _changed(self, view: RunView, callers: Owner, began: float) -> Iterator[tuple[Bar, Owner]]:
        """The bars of the blocks that have changed, in the order of the blocks, and whose they are."""
        older = self._views.get(view.path, EMPTY)
        self._views[view.path] = view
        for change in changes(older, view):
            block = change.after
            match block:
                case TurnHead() | ToolCard():
                    owner = (*callers, block.agent)
                    for bar in _bars(view, block, began):
                        yield bar, owner
                    if isinstance(block, ToolCard) and block.inner is not None:
                        yield from self._changed(block.inner, owner, began + block.inner.began)
                case HandoffMark():
                    self._take_out(f"{block.id}.t", callers, block)
                    if block.state == "done" and block.id not in self._drawn:
                        self._marks[block.id] = (callers, block, began)

    def _take_out(self, bar_id: str, callers: Owner, mark: HandoffMark) -> None:
        """What looked like a tool has turned out to be a handoff: it has no bar."""
        bar = self._bars.pop(bar_id, None)
        lane = self._lanes.get((*callers, mark.source))
        if bar is None or lane is None:
            return
        for row in lane.rows:
            row.bars = [one for one in row.bars if one is not bar]
        lane.rows = [row for row in lane.rows if row.bars]
        self.changed_lanes.add(lane.id)
        self.last_edge = max((max(one.start, one.end or 0.0) for one in self._bars.values()), default=0.0)

    def _lane(self, owner: Owner) -> Lane:
        """The lane of an agent; a new one stands after its caller's and all that are inside of that."""
        lane = self._lanes.get(owner)
        if lane is not None:
            return lane
        place, depth = len(self.lanes), len(owner) - 1
        if depth:
            place = self.lanes.index(self._lane(owner[:-1])) + 1
            while place < len(self.lanes) and self.lanes[place].depth >= depth:
                place += 1
        lane = self._lanes[owner] = Lane(f"l{len(self._lanes)}", owner[-1], depth)
        self.lanes.insert(place, lane)
        return lane

    def _put(self, bar: Bar, owner: Owner) -> bool:
        """Take a bar in; returns whether it is new or different."""
        self.last_edge = max(self.last_edge, bar.start, bar.end or 0.0)
        known = self._bars.get(bar.id)
        if known is not None:
            if known == bar:
                return False
            self.changed_lanes.add(self._lane(owner).id)
            known.kind, known.label, known.start, known.end, known.state = (
                bar.kind,
                bar.label,
                bar.start,
                bar.end,
                bar.state,
            )
            return True
        self._bars[bar.id] = bar
        lane = self._lane(owner)
        self.changed_lanes.add(lane.id)
        row = next((row for row in lane.rows if row.free_at(bar.start)), None)
        if row is None:
            row = Row(f"{lane.id}.{lane.made}")
            lane.made += 1
            lane.rows.append(row)
        row.bars.append(bar)
        return True

    def _draw_arrows(self) -> bool:
        """Draw the handoffs whose two agents are both known by now."""
        drawn = len(self.arrows)
        for block_id, (callers, mark, began) in list(self._marks.items()):
            source = self._lanes.get((*callers, mark.source))
            target = self._lanes.get((*callers, mark.target or ""))
            if source is None or target is None or mark.at is None:
                continue
            del self._marks[block_id]
            self._drawn.add(block_id)
            self.arrows.append(Arrow(f"{block_id}.a", began + mark.at, source.id, target.id, block_id))
        return len(self.arrows) > drawn

    def ledger(self, until: float | None = None) -> Ledger:
        """Where the time went, up to a moment at which nothing is over that goes on now; up to now by default."""
        until = self.elapsed if until is None else until
        edges: list[tuple[float, int, str]] = []
        for bar in self._bars.values():
            kind = {"wait": "model", "stream": "model", "tool": "tools", "you": "you"}.get(bar.kind)
            if kind is not None:
                end = until if bar.end is None else bar.end
                edges += [(bar.start, 1, kind), (end, -1, kind)]
        edges.sort()
        spent = {"model": 0.0, "tools": 0.0, "you": 0.0, "overhead": 0.0}
        active = {"model": 0, "tools": 0, "you": 0}
        last = 0.0
        for at, step, kind in (*edges, (until, 0, "you")):
            now = next((name for name in ("model", "tools", "you") if active[name]), "overhead")
            spent[now] += max(0.0, at - last)
            last = max(last, at)
            active[kind] += step
        return Ledger(**spent)


def _bars(view: RunView, block: Block, began: float) -> Iterable[Bar]:
    """What of a block lasts."""
    over = view.elapsed if view.finished else None
    match block:
        case TurnHead():
            answered = block.first_token
            start, end = began + block.started, _moved(block.ended if block.ended is not None else over, began)
            arrived = _moved(answered, began)
            yield Bar(f"{block.id}.w", "wait", block.model, block.id, start, arrived if arrived is not None else end)
            if arrived is not None:
                yield Bar(f"{block.id}.s", "stream", block.model, block.id, arrived, end)
        case ToolCard():
            if block.asked_at is not None:
                decided = block.decided_at if block.decided_at is not None else block.ended
                end = _moved(decided if decided is not None else over, began)
                yield Bar(f"{block.id}.y", "you", block.name, block.id, began + block.asked_at, end)
            if block.started is not None:
                kind = "tool" if block.inner is None else "agent"
                end = _moved(block.ended if block.ended is not None else over, began)
                yield Bar(f"{block.id}.t", kind, block.name, block.id, began + block.started, end, block.state)


def _moved(at: float | None, by: float) -> float | None:
    return None if at is None else at + by
