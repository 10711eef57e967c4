"""The record: what a run leaves in a saved notebook, readable without a kernel, a script or a stylesheet."""

from __future__ import annotations

from ..view.model import RunView
from .body import Blocks
from .html import run_tree
from .nodes import record_html
from .transcript import markdown_transcript, plain_transcript


def record(view: RunView, blocks: Blocks | None = None) -> str:
    """The HTML of a run; `blocks` are those of its live view, so that no text is rendered twice."""
    known = blocks if blocks is not None else Blocks("b")
    known.advance(view)
    return record_html(run_tree(view, known))


def record_bundle(view: RunView, blocks: Blocks | None = None) -> dict[str, str]:
    """A run in every form a saved output carries, by MIME type."""
    return {
        "text/html": record(view, blocks),
        "text/markdown": markdown_transcript(view),
        "text/plain": plain_transcript(view),
    }
