"""The record: what a run leaves in a saved notebook, readable without a kernel, a script or a stylesheet."""

from __future__ import annotations

from ..view.model import RunView
from .folds import Folds
from .html import block_tree, run_tree
from .nodes import record_html
from .transcript import markdown_transcript, plain_transcript


def record(view: RunView, folds: Folds | None = None) -> str:
    """The HTML of a run; `folds` are those of its live view, so that no text is rendered twice."""
    known = folds if folds is not None else Folds()
    trees = (block_tree(block, known.of(block)) for block in view.blocks)
    return record_html(run_tree(view, [tree for tree in trees if tree is not None]))


def record_bundle(view: RunView, folds: Folds | None = None) -> dict[str, str]:
    """A run in every form a saved output carries, by MIME type."""
    return {
        "text/html": record(view, folds),
        "text/markdown": markdown_transcript(view),
        "text/plain": plain_transcript(view),
    }
