"""From views to operations on a page.

A `LiveRenderer` remembers the trees it has sent. For each new view it builds the trees of the header and of the blocks
that changed, compares them with the old ones by their keys, and says the difference in a handful of operations:

    ["add", parentKey, html]            append a fragment to the element with that key
    ["first", parentKey, html]          put a fragment before all of its children
    ["after", key, html]                put a fragment after the element
    ["del", key]                        remove the element
    ["set", key, html]                  replace the element
    ["text", key, text]                 replace its text
    ["grow", key, text]                 append to its text
    ["attr", key, name, value | null]   set or remove an attribute
    ["md", key, ...operation]           patch its Markdown (render.markdown)
    ["t", key, depth, text]             short for ["md", key, "text", depth, text]
    ["h", key, depth, html]             short for ["md", key, "patch", depth, 0, 0, depth, html]

The page applies them and knows nothing about runs. `snapshot` is the whole page, for a page that has lost its place.
"""

from __future__ import annotations

import operator
import time
from dataclasses import fields

from ..view.model import EMPTY, RunView
from .approval import footer
from .body import RunParts
from .differences import difference
from .folds import Operation
from .header import header
from .html import run_tree
from .nodes import live_class, live_html

_HEADER = operator.attrgetter(
    *(field.name for field in fields(RunView) if field.name not in ("blocks", "index", "elapsed"))
)


def _same_header(older: RunView, newer: RunView) -> bool:
    """Whether two views have the same header: while a run goes on, its clocks go by themselves."""
    return all(map(operator.is_, _HEADER(older), _HEADER(newer)))


class LiveRenderer:
    """The page of one live view."""

    def __init__(self) -> None:
        self.view: RunView = EMPTY
        """The view that the page shows."""
        self.parts: RunParts = RunParts()
        """The parts that grow, also for the record."""
        self._head = header(EMPTY)
        self._updated = 0.0
        self._foot = footer(EMPTY)

    def update(self, view: RunView) -> list[Operation]:
        """The operations that bring the page from the last view to this one."""
        operations: list[Operation] = []
        if self.view is EMPTY or not self._updated:
            operations.append(["attr", "run", "data-clock", str(round(view.elapsed * 1000))])
        self._updated = time.monotonic()
        older, self.view = self.view, view
        if older.state != view.state:
            operations.append(["attr", "run", "class", live_class(run_tree(view))])
        if older.prompt != view.prompt:
            operations.append(["text", "p", view.prompt])
        if _same_header(older, view):
            return operations + self.parts.advance(view)
        head, foot = header(view), footer(view)
        operations += difference(self._head, head)
        ending = difference(self._foot, foot)
        self._head, self._foot = head, foot
        return operations + self.parts.advance(view) + ending

    def snapshot(self) -> str:
        """The whole page as it is now."""
        tree = run_tree(self.view, self.parts.blocks, self.parts.times.tree())
        now = self.view.elapsed
        if not self.view.finished and self._updated:
            now += time.monotonic() - self._updated
        tree.live["data-clock"] = str(round(now * 1000))
        return live_html(tree)
