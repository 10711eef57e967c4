"""From views to operations on a page.

A `LiveRenderer` remembers the trees it has sent. For each new view it builds the trees of the header and of the blocks
that changed, compares them with the old ones by their keys, and says the difference in a handful of operations:

    ["add", parentKey, html]            append a fragment to the element with that key
    ["set", key, html]                  replace the element
    ["text", key, text]                 replace its text
    ["attr", key, name, value | null]   set or remove an attribute
    ["md", key, ...operation]           patch its Markdown (render.markdown)

The page applies them and knows nothing about runs. `snapshot` is the whole page, for a page that has lost its place.
"""

from __future__ import annotations

from typing import Any

from ..view.model import EMPTY, RunView
from ..view.patch import changes
from .folds import Folds
from .html import block_tree, header, run_tree
from .nodes import Node, live_class, live_html

Operation = list[Any]
"""One operation on the page; the forms are listed at the top of this module."""


class LiveRenderer:
    """The page of one live view."""

    def __init__(self) -> None:
        self.view: RunView = EMPTY
        """The view that the page shows."""
        self.folds: Folds = Folds()
        """The Markdown of the view's texts, also for its record."""
        self._head = header(EMPTY)
        self._trees: dict[str, Node] = {}

    def update(self, view: RunView) -> list[Operation]:
        """The operations that bring the page from the last view to this one."""
        operations: list[Operation] = []
        older, self.view = self.view, view
        if older.state != view.state:
            operations.append(["attr", "run", "class", live_class(run_tree(view, ()))])
        if older.prompt != view.prompt:
            operations.append(["text", "p", view.prompt])
        head = header(view)
        operations += difference(self._head, head)
        self._head = head
        for change in changes(older, view):
            patches = self.folds.advance(change.after)
            tree = block_tree(change.after, self.folds.of(change.after))
            if tree is None:
                continue
            known = self._trees.get(change.after.id)
            self._trees[change.after.id] = tree
            if known is None:
                operations.append(["add", "b", live_html(tree)])
                continue
            operations += (["md", f"{change.after.id}.md", *patch] for patch in patches)
            operations += difference(known, tree)
        return operations

    def snapshot(self) -> str:
        """The whole page as it is now."""
        return live_html(run_tree(self.view, self._trees.values()))


def difference(old: Node, new: Node) -> list[Operation]:
    """The operations that turn the element of `old` into that of `new`; both have the same key."""
    if old == new:
        return []
    replaced: list[Operation] = [["set", new.key, live_html(new)]]
    if old.tag != new.tag:
        return replaced
    operations = _attribute_difference(old, new)
    if all(isinstance(child, str) for child in (*old.children, *new.children)):
        if old.children != new.children:
            operations.append(["text", new.key, "".join(str(child) for child in new.children)])
        return operations
    inner: list[Operation] = []
    for index, child in enumerate(new.children):
        before = old.children[index] if index < len(old.children) else None
        if before is not None and before == child:
            continue
        if not isinstance(child, Node) or child.key is None:
            return replaced
        if before is None:
            inner.append(["add", new.key, live_html(child)])
        elif isinstance(before, Node) and before.key == child.key:
            if not _same_clock(before, child):
                inner += difference(before, child)
        else:
            return replaced
    return replaced if len(old.children) > len(new.children) else operations + inner


def _attribute_difference(old: Node, new: Node) -> list[Operation]:
    was = {"class": live_class(old), **old.attributes, **old.live}
    now = {"class": live_class(new), **new.attributes, **new.live}
    names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    return [["attr", new.key, name, now.get(name)] for name in names]


def _same_clock(old: Node, new: Node) -> bool:
    """Whether both are the same running clock: the page counts by itself."""
    return "data-tick" in old.live and "data-tick" in new.live
