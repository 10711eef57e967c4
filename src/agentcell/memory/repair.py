"""Makes any list of items one that can be sent.

A model service refuses a call without an output, an output without a call, and reasoning without the item that it led
to. The repair never invents a result: a call whose output is missing gets one that says so, after the calls and outputs
around it; what cannot be completed is left out. Ids may come again once their call was answered, as some models count
their calls from 1 in every response.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .pairing import Key, call_key, is_from_model, is_reasoning, missing_output, output_key

Item = dict[str, Any]


def sendable(items: Sequence[Item]) -> list[Item]:
    """The items with every call answered once, in an order that can be sent."""
    answered, matched = _matched(items)
    kept: list[Item] = []
    owed: list[Item] = []
    for index, item in enumerate(items):
        called, is_output = call_key(item), output_key(item) is not None
        if not (called or is_output) or any(output_key(output) == called for output in owed):
            kept += owed
            owed = []
        if is_output and index not in matched:
            continue
        if called and index not in answered:
            output = missing_output(item)
            if output is None:
                continue
            owed.append(output)
        kept.append(item)
    return _with_led_to(kept + owed)


def latest(items: list[Item], limit: int | None) -> list[Item]:
    """The last `limit` of items that can be sent, less those whose other half is cut off.

    That is an output whose call is cut off, and an item whose reasoning is, so it may be fewer than `limit`. As in
    SQL, a negative limit is none.
    """
    if limit is None or limit < 0 or limit >= len(items):
        return items
    start = len(items) - limit
    if limit and is_reasoning(items[start - 1]):
        while is_reasoning(items[start]):
            start += 1
        start += 1
    cut = items[start:]
    _, matched = _matched(cut)
    return [item for index, item in enumerate(cut) if output_key(item) is None or index in matched]


def _matched(items: Sequence[Item]) -> tuple[set[int], set[int]]:
    """Where the calls are that have an output, and where those outputs are."""
    open_calls: dict[Key, int] = {}
    answered: set[int] = set()
    matched: set[int] = set()
    for index, item in enumerate(items):
        if (key := output_key(item)) is not None and key in open_calls:
            answered.add(open_calls.pop(key))
            matched.add(index)
        elif (key := call_key(item)) is not None and key[1] is not None:
            open_calls[key] = index
    return answered, matched


def _with_led_to(items: list[Item]) -> list[Item]:
    """The items without reasoning that leads to nothing."""
    kept: list[Item] = []
    following: Item | None = None
    for item in reversed(items):
        if is_reasoning(item) and (following is None or not is_from_model(following)):
            continue
        kept.append(item)
        following = item
    return kept[::-1]
