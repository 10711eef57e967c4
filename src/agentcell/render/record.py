"""The record: what a run leaves in a saved notebook, readable without a kernel, a script or a stylesheet."""

from __future__ import annotations

from collections.abc import Mapping

from ..view.model import RunView
from .body import RunParts
from .html import run_tree
from .nodes import record_html
from .transcript import markdown_transcript, plain_transcript


def record(view: RunView, parts: RunParts | None = None, folded: Mapping[str, bool] | None = None) -> str:
    """The HTML of a run.

    Args:
        view: the run.
        parts: those of its live view, so that no text is rendered twice.
        folded: what somebody has opened or closed there, by its key; it stays so.
    """
    known = parts if parts is not None else RunParts()
    known.advance(view)
    return record_html(run_tree(view, known.blocks, known.times.tree()), folded or {})


def record_bundle(
    view: RunView, parts: RunParts | None = None, folded: Mapping[str, bool] | None = None
) -> dict[str, str]:
    """A run in every form a saved output carries, by MIME type; the arguments are those of `record`."""
    return {
        "text/html": record(view, parts, folded),
        "text/markdown": markdown_transcript(view),
        "text/plain": plain_transcript(view),
    }
