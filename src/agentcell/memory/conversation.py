"""Puts stored rows in the order of the conversation.

Runs that write at the same time leave their rows in between each other. The rows of a run are read together, at the
place where it began; what was added outside of runs is read where it was written. After the items of a run come the
calls that it had started and that no turn has answered, then their outputs.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

from .pairing import Key, call_key, output_key
from .tables import JournalRow, MessageRow

Item: TypeAlias = dict[str, Any]
Broken: TypeAlias = Callable[[str, int], None]
"""Is told of a damaged row: `message` or `journal`, and its number."""


class Stored(NamedTuple):
    """One item, and where it is stored."""

    kind: Literal["message", "call", "output"]
    """An item's own row; or the call, or the output, of a row of the journal."""
    number: int
    """The row's number in its table."""
    item: Item
    """The item."""


def in_order(messages: Iterable[MessageRow], journal: list[JournalRow], broken: Broken) -> list[Stored]:
    """Everything that is stored, in the order of the conversation."""
    runs = {row.run_id: (row.first_id or 0, 0, row.id) for row in reversed(journal) if row.kind == "run"}
    spans = sorted((row.first_id or 0, row.last_id or 0, row.run_id) for row in journal if row.kind == "items")
    groups: dict[tuple[int, int, int], list[Stored]] = {}
    for row in messages:
        item = _parsed(row.data)
        if item is None:
            broken("message", row.id)
            continue
        at = bisect_right(spans, row.id, key=lambda span: span[0]) - 1
        place = runs.get(spans[at][2]) if at >= 0 and row.id <= spans[at][1] else None
        groups.setdefault(place or (row.id, 1, 0), []).append(Stored("message", row.id, item))
    started: dict[tuple[int, int, int], list[JournalRow]] = {}
    for row in journal:
        if row.kind == "call" and row.run_id in runs:
            started.setdefault(runs[row.run_id], []).append(row)
    ordered: list[Stored] = []
    waiting: dict[Key, Item] = {}
    for place in sorted(groups.keys() | started.keys()):
        for stored in (*groups.get(place, ()),):
            _note(waiting, stored.item)
            ordered.append(stored)
        for stored in _unanswered(started.get(place, ()), waiting, broken):
            _note(waiting, stored.item)
            ordered.append(stored)
    return ordered


def _unanswered(rows: Iterable[JournalRow], waiting: dict[Key, Item], broken: Broken) -> Iterator[Stored]:
    """The calls of a run that no turn has answered, then their outputs; a call that waits already is not repeated."""
    outputs: list[Stored] = []
    for row in rows:
        call, output = _parsed(row.call), _parsed(row.output)
        if (row.call is not None and call is None) or (row.output is not None and output is None):
            broken("journal", row.id)
            continue
        key = call_key(call) if call is not None else output_key(output) if output is not None else None
        if key is None:
            continue
        if call is not None and not _same(waiting.get(key), call):
            yield Stored("call", row.id, call)
        elif key not in waiting:
            continue
        if output is not None:
            outputs.append(Stored("output", row.id, output))
    yield from outputs


def _note(waiting: dict[Key, Item], item: Item) -> None:
    if (key := output_key(item)) is not None:
        waiting.pop(key, None)
    elif (key := call_key(item)) is not None:
        waiting[key] = item


def _same(first: Item | None, second: Item) -> bool:
    """Whether two items are the same call; ids alone do not tell, as some models count them anew in every response."""
    return first is not None and all(first.get(name) == second.get(name) for name in ("name", "arguments", "input"))


def _parsed(data: object) -> Item | None:
    if not isinstance(data, (str, bytes)):
        return None
    try:
        item = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return item if isinstance(item, dict) else None
