"""The timeline of a run as lanes of bars, and the line that says where the time went.

In the live skin a bar knows only its own times, in seconds; the page knows what time it is and draws them to scale, so
that a run that goes on needs no messages to grow. The record has widths in percent.
"""

from __future__ import annotations

from ..view.model import RunView
from ..view.timeline import Bar, Lane, Ledger, Timeline
from . import escape
from .differences import difference
from .folds import Operation
from .nodes import Node, el, live_html, record_html
from .words import duration

ROW_HEIGHT = 16
"""Pixels of a row, as in run.css."""
LANE_PADDING = 4
"""Pixels between lanes, as in run.css."""
LEAST_WIDTH = 0.4
"""Percent of the record's width that the shortest bar gets."""
LETTER_WIDTH = 1.2
"""Percent of the record's width that a letter of a bar's name takes; no name is shown in part."""

KIND_WORDS = {
    "wait": "waiting for the model",
    "stream": "the model answers",
    "tool": "tool",
    "agent": "agent as a tool",
    "you": "waiting for you",
}
"""What a bar shows, in words."""

SHARES = (("model", "model"), ("tools", "tools"), ("you", "you"), ("overhead", "overhead"))


class Times:
    """The timeline of one run that may still go on: a `Body` that brings its own operations."""

    def __init__(self) -> None:
        self.timeline: Timeline = Timeline()
        """The lanes and times."""
        self._lanes: dict[str, Node] = {}
        self._arrows: dict[str, Node] = {}
        self._finished = False
        self._ledger = Ledger()
        self._said_at = 0.0
        self._shown = False
        self._frame = self._make_frame()

    def advance(self, view: RunView) -> list[Operation]:
        """Take in a later view; returns the operations that bring a page there."""
        changed = self.timeline.advance(view)
        ended = view.finished and not self._finished
        # While nothing begins or ends, the line is written again at each full second: what it says follows from the
        # view alone, not from when it was looked at.
        until = view.elapsed if view.finished else max(self.timeline.last_edge, float(int(view.elapsed)))
        if not self.timeline.lanes or not (changed or ended or until != self._said_at):
            return []
        self._finished = view.finished
        self._said_at = until
        self._ledger = self.timeline.ledger(until)
        operations = self._new_lanes() if changed else []
        before, self._frame = self._frame, self._make_frame()
        if not self._shown:
            self._shown = True
            return [["set", "tl", live_html(self._frame)]]
        return operations + difference(before, self._frame)

    def tree(self) -> Node:
        """The timeline as it is now."""
        return self._frame

    def live_html(self) -> str:
        """The lanes in the live skin."""
        return "".join(live_html(node) for node in self._nodes())

    def record_html(self) -> str:
        """The lanes in the record skin, drawn to scale."""
        return "".join(record_html(_lane_tree(lane, self.timeline.elapsed)) for lane in self.timeline.lanes)

    def _nodes(self) -> list[Node]:
        return [*(self._lanes[lane.id] for lane in self.timeline.lanes), *self._arrows.values()]

    def _make_frame(self) -> Node:
        frame = el("details", "times", key="tl")
        if not self.timeline.lanes:
            frame.live["hidden"] = ""
            return frame
        frame.attributes["open"] = ""
        lanes = el("div", "lanes", self, key="tl.b")
        if self._finished:
            lanes.live["style"] = f"--t:{max(self.timeline.elapsed, 0.001):.3f}"
        else:
            lanes.live.update({"data-tick": "0", "data-span": ""})  # the page sets --t by its clock
        frame.children = [_ledger_tree(self._ledger), lanes]
        return frame

    def _new_lanes(self) -> list[Operation]:
        """Bring the lanes that have changed up to date."""
        operations: list[Operation] = []
        last: str | None = None
        for lane in self.timeline.lanes:
            known = self._lanes.get(lane.id)
            if known is None or lane.id in self.timeline.changed_lanes:
                tree = self._lanes[lane.id] = _lane_tree(lane, None)
                if known is not None:
                    operations += difference(known, tree)
                elif last is None:
                    operations.append(["first", "tl.b", live_html(tree)])
                else:
                    operations.append(["after", last, live_html(tree)])
            last = lane.id
        return operations + self._new_arrows()

    def _new_arrows(self) -> list[Operation]:
        """The arrows, whose ends move when lanes above or between them grow."""
        operations: list[Operation] = []
        tops: dict[str, int] = {}
        top = 0
        for lane in self.timeline.lanes:
            tops[lane.id] = top + LANE_PADDING // 2 + ROW_HEIGHT // 2
            top += ROW_HEIGHT * max(1, len(lane.rows)) + LANE_PADDING
        for arrow in self.timeline.arrows:
            tree = el("span", "arrow", key=arrow.id, mods=("up",) if tops[arrow.target] < tops[arrow.source] else ())
            first, last = sorted((tops[arrow.source], tops[arrow.target]))
            tree.live["style"] = f"--s:{arrow.at:.3f};--y:{first};--h:{last - first}"
            tree.live_only = True
            known = self._arrows.get(arrow.id)
            self._arrows[arrow.id] = tree
            if known is None:
                operations.append(["add", "tl.b", live_html(tree)])
            else:
                operations += difference(known, tree)
        return operations


def _ledger_tree(ledger: Ledger) -> Node:
    """The line that says where the time went."""
    whole = ledger.whole or 1.0
    percents = _percents([getattr(ledger, name) / whole for name, _ in SHARES])
    line = el("summary", "ledger", el("span", "label", "Timeline "), key="tl.s")
    share = el("span", "share", key="tl.sh")
    for index, (name, word) in enumerate(SHARES):
        piece = el("span", "piece", key=f"tl.sh.{name}", mods=(name,))
        piece.live["style"] = f"width:{percents[index]}%"
        piece.drawn = f"width:{percents[index]}%"
        share.children.append(piece)
        said = el("span", "part-of", f"{word} {percents[index]}%", key=f"tl.{name}", mods=(name,))
        line.children += [said, el("span", "sep", " \u00b7 ")] if index < len(SHARES) - 1 else [said]
    share.attributes["aria-hidden"] = "true"
    line.children.append(share)
    line.attributes["title"] = (
        "Of the time so far: a model was asked or answered; otherwise a tool ran; otherwise a call waited for you; "
        "none of these"
    )
    return line


def _percents(shares: list[float]) -> list[int]:
    """Shares as whole percents that add up to 100, when they do."""
    if sum(shares) <= 0:
        return [0] * len(shares)
    exact = [100 * share for share in shares]
    whole = [int(value) for value in exact]
    rests = sorted(range(len(exact)), key=lambda index: (whole[index] - exact[index], index))
    for index in rests[: 100 - sum(whole)]:
        whole[index] += 1
    return whole


def _lane_tree(lane: Lane, span: float | None) -> Node:
    """A lane; `span` is the record's width in seconds."""
    indent = "\u2003" * lane.depth + ("\u21b3 " if lane.depth else "")
    name = el("span", "lane-name", f"{indent}{escape.visible(lane.agent)}")
    name.attributes["title"] = escape.visible(lane.agent)
    track = el("div", "track", key=f"{lane.id}.t")
    for row in lane.rows:
        cursor = 0.0
        bars = el("div", "bars", key=row.id)
        for bar in row.bars:
            node = _bar_tree(bar)
            if span is not None:
                cursor = _draw(node, bar, cursor, span)
            bars.children.append(node)
        track.children.append(bars)
    return el("div", "lane", name, track, key=lane.id)


def _bar_tree(bar: Bar) -> Node:
    over = bar.end is not None
    said = f"{escape.visible(bar.label)}: {KIND_WORDS[bar.kind]}"
    lasted = f", {duration((bar.end or bar.start) - bar.start)}" if over else ""
    named = bar.kind in ("tool", "agent", "you")
    kind = "sub" if bar.kind == "agent" else bar.kind
    mods = (kind, bar.state) if bar.state in ("failed", "cancelled") else (kind,)
    node = el("span", "bar", key=f"bar.{bar.id}", mods=mods)
    if named:
        node.children.append(el("span", "bar-name", escape.visible(bar.label)))
    node.attributes["title"] = f"{said}{lasted}, at {duration(bar.start)}"
    end = f";--e:{bar.end:.3f}" if bar.end is not None else ""
    node.live.update({"style": f"--s:{bar.start:.3f}{end}", "data-to": bar.block, "role": "button", "tabindex": "-1"})
    return node


def _draw(node: Node, bar: Bar, cursor: float, span: float) -> float:
    """Give a bar its place in the record; returns where it ends, in percent."""
    whole = span or 1.0
    start = min(100.0, 100 * bar.start / whole)
    end = min(100.0, 100 * (span if bar.end is None else bar.end) / whole)
    gap = max(0.0, start - cursor)
    width = max(0.0, min(max(end - start, LEAST_WIDTH), 100 - cursor - gap))
    fits = width >= LETTER_WIDTH * (len(bar.label) + 1)
    node.drawn = f"margin-left:{gap:.2f}%;width:{width:.2f}%" + ("" if fits else ";font-size:0")
    return cursor + gap + width
