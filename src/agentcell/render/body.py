"""The body of a run: its blocks as trees, with the parts of them that grow.

One `Blocks` belongs to one run, and to each run inside it; `RunParts` are those of the outermost with its timeline.
They serve the live view and the record, so that what was rendered once is not rendered again.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import fields

from ..view.model import EMPTY, Block, HandoffMark, RunView, TextBlock, ToolCard, TurnHead
from ..view.patch import Change, changes
from .arguments import JsonPart
from .differences import difference
from .folds import Operation, TextFold
from .html import block_tree
from .nodes import Growing, Node, live_html, record_html
from .request import RequestLog
from .times import Times

_BUT_TEXT = operator.attrgetter(*(field.name for field in fields(TextBlock) if field.name != "text"))


def _only_grows(change: Change) -> bool:
    """Whether a block differs in its text alone, whose operations are known without its tree: so do nearly all."""
    before, after = change
    if not isinstance(before, TextBlock) or not isinstance(after, TextBlock):
        return False
    return all(map(operator.is_, _BUT_TEXT(before), _BUT_TEXT(after)))


class Blocks:
    """The blocks of a run that may still grow."""

    def __init__(self, key: str, began: float = 0.0) -> None:
        self.view: RunView = EMPTY
        """The view that is shown."""
        self.trees: dict[str, Node] = {}
        """The tree of each block that shows something, in order."""
        self._key = key
        self._began = began
        self._texts: dict[str, TextFold] = {}
        self._parts: dict[str, JsonPart] = {}
        self._inner: dict[str, Blocks] = {}
        self._requests = RequestLog()

    def advance(self, view: RunView) -> list[Operation]:
        """Show a later view of the same run; returns the operations that bring a page there."""
        operations: list[Operation] = []
        older, self.view = self.view, view
        for change in changes(older, view):
            grown = self._grow(change.after)
            if _only_grows(change):
                operations += grown
                continue
            tree = block_tree(change.after, self._growing(change.after))
            if tree is None:
                continue
            known = self.trees.get(change.after.id)
            self.trees[change.after.id] = tree
            if known is None:
                operations.append(["add", self._key, live_html(tree)])
            else:
                operations += grown
                operations += difference(known, tree)
        return operations

    def _grow(self, block: Block) -> list[Operation]:
        """Bring the growing parts of a block up to date; nothing to tell a page that does not have a part yet."""
        if isinstance(block, (ToolCard, HandoffMark)) or (isinstance(block, TextBlock) and block.kind == "data"):
            part = self._parts.get(block.id)
            if part is None:
                part = self._parts[block.id] = JsonPart(block)
            return part.advance(block) + (self._grow_inner(block) if isinstance(block, ToolCard) else [])
        if isinstance(block, TextBlock):
            fold = self._texts.get(block.id)
            if fold is None:
                fold = self._texts[block.id] = TextFold(block)
            return fold.advance(block)
        return []

    def _grow_inner(self, block: ToolCard) -> list[Operation]:
        """The same for the run inside a call."""
        if block.inner is not None:
            inner = self._inner.get(block.id)
            if inner is None:
                inner = self._inner[block.id] = Blocks(f"{block.inner.path}b", self._began + block.inner.began)
                inner.advance(block.inner)
                return []
            return inner.advance(block.inner)
        return []

    def _growing(self, block: Block) -> Growing:
        """The growing parts of a block as they are now."""
        text, part = self._texts.get(block.id), self._parts.get(block.id)
        return Growing(
            text=None if text is None else text.body,
            json=None if part is None else part.body,
            inner=self._inner.get(block.id),
            request=self._requests.body(block) if isinstance(block, TurnHead) else None,
            began=self._began,
        )

    def live_html(self) -> str:
        """All blocks in the live skin."""
        return "".join(live_html(tree) for tree in self._nodes())

    def record_html(self) -> str:
        """All blocks in the record skin."""
        return "".join(record_html(tree) for tree in self._nodes())

    def _nodes(self) -> Iterator[Node]:
        return iter(self.trees.values())


class RunParts:
    """What of one run grows: its blocks and its timeline."""

    def __init__(self) -> None:
        self.blocks: Blocks = Blocks("b")
        """What happened."""
        self.times: Times = Times()
        """When it happened."""

    def advance(self, view: RunView) -> list[Operation]:
        """Show a later view of the run; returns the operations that bring a page there."""
        return self.times.advance(view) + self.blocks.advance(view)
