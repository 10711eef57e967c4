"""What has changed between two views of one run: the block changes, in order.

`changes(EMPTY, view)` is everything, which is what a late joiner or a reloaded page gets. The cost is that of the
differences, not of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .model import Block, RunView


class Change(NamedTuple):
    """One block that is new or different."""

    before: Block | None
    """The block as it was; `None` when it is new."""
    after: Block
    """The block as it is."""


def changes(older: RunView, newer: RunView) -> Iterator[Change]:
    """The blocks in which two views differ, in the order of the run; the header is compared by whoever shows it."""
    known = len(older.blocks)
    for place in newer.blocks.changed(older.blocks):
        yield Change(older.blocks[place] if place < known else None, newer.blocks[place])
