"""The growing parts of one view's blocks, kept between frames so that each piece is rendered once."""

from __future__ import annotations

from typing import Any

from ..view.model import Text, TextBlock
from .markdown import MarkdownFold, MarkdownOp
from .nodes import MarkdownBody

Operation = list[Any]
"""One operation on the page; the forms are listed in `render.live`."""


def markdown_key(block_id: str) -> str:
    """The key of the element that holds a block's Markdown."""
    return f"{block_id}m"


def markdown_operation(key: str, operation: MarkdownOp) -> Operation:
    """One operation of a fold as one on the page; the two that fill a stream have short forms."""
    match operation:
        case ("text", depth, text):
            return ["t", key, depth, text]
        case ("patch", depth, 0, 0, at, html) if depth == at:
            return ["h", key, depth, html]
    return ["md", key, *operation]


class TextFold:
    """The Markdown of one text block."""

    def __init__(self, block: TextBlock) -> None:
        self.fold: MarkdownFold = MarkdownFold(colours=block.kind != "reasoning")  # thoughts are quiet
        self.body: MarkdownBody = MarkdownBody(self.fold)
        self._key = markdown_key(block.id)
        self._shown: Text | None = None
        self._finished = False

    def advance(self, block: TextBlock) -> list[Operation]:
        """Take in what is new in the block; returns the operations that bring a page there."""
        added = block.text.since(self._shown)
        if added is None:
            raise ValueError(f"the text of block {block.id!r} was replaced instead of grown; start a new renderer")
        self._shown = block.text
        patches = self.fold.append(added) if added else []
        if block.done and not self._finished:
            self._finished = True
            patches += self.fold.finish()
        return [markdown_operation(self._key, patch) for patch in patches]
