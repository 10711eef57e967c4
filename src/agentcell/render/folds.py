"""The Markdown folds of one view's texts, kept between frames so that each piece is rendered once."""

from __future__ import annotations

from ..view.model import Block, Text, TextBlock
from .markdown import MarkdownFold, MarkdownOp

DATA_FENCE = "```json\n"
"""Structured output is JSON: it is folded as the content of a code block, which needs no parsing."""


class Folds:
    """One fold for each text block."""

    def __init__(self) -> None:
        self._folds: dict[str, MarkdownFold] = {}
        self._shown: dict[str, Text] = {}
        self._finished: set[str] = set()

    def of(self, block: Block) -> MarkdownFold | None:
        """The fold of a block, brought up to date; `None` for blocks without Markdown."""
        self.advance(block)
        return self._folds.get(block.id)

    def advance(self, block: Block) -> list[MarkdownOp]:
        """Take in what is new in a block; returns the operations that bring the page there."""
        if not isinstance(block, TextBlock):
            return []
        fold = self._folds.get(block.id)
        operations: list[MarkdownOp] = []
        if fold is None:
            fold = self._folds[block.id] = MarkdownFold()
            if block.kind == "data":
                operations += fold.append(DATA_FENCE)
        added = block.text.since(self._shown.get(block.id))
        if added is None:
            raise ValueError(f"the text of block {block.id!r} was replaced instead of grown; start a new renderer")
        self._shown[block.id] = block.text
        if added:
            operations += fold.append(added)
        if block.done and block.id not in self._finished:
            self._finished.add(block.id)
            operations += fold.finish()
        return operations
