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

The page applies them and knows nothing about runs. `snapshot` is the whole page, for a page that has lost its place.
"""

from __future__ import annotations

from ..view.model import EMPTY, RunView
from .body import Blocks
from .differences import difference
from .folds import Operation
from .html import header, run_tree
from .nodes import live_class, live_html


class LiveRenderer:
    """The page of one live view."""

    def __init__(self) -> None:
        self.view: RunView = EMPTY
        """The view that the page shows."""
        self.blocks: Blocks = Blocks("b")
        """The blocks of the run, also for its record."""
        self._head = header(EMPTY)

    def update(self, view: RunView) -> list[Operation]:
        """The operations that bring the page from the last view to this one."""
        operations: list[Operation] = []
        older, self.view = self.view, view
        if older.state != view.state:
            operations.append(["attr", "run", "class", live_class(run_tree(view, None))])
        if older.prompt != view.prompt:
            operations.append(["text", "p", view.prompt])
        head = header(view)
        operations += difference(self._head, head)
        self._head = head
        return operations + self.blocks.advance(view)

    def snapshot(self) -> str:
        """The whole page as it is now."""
        return live_html(run_tree(self.view, self.blocks))
