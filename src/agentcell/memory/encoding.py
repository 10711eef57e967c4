"""Turns items into the JSON that is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..exceptions import ArgumentTypeError


def encoded(items: Iterable[Any]) -> list[str]:
    """The items as JSON; raises `TypeError` for what is no item."""
    return [encode(item, f"item {index}") for index, item in enumerate(items)]


def encode(item: Any, what: str) -> str:
    """An item as JSON; raises `TypeError`, naming it as `what`, when it is none."""
    if hasattr(item, "model_dump"):
        item = item.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if not isinstance(item, Mapping):
        raise ArgumentTypeError(
            f"A session stores items, which are dicts like {{'role': 'user', ...}}: {what} is {item!r}"
        )
    return json.dumps(_storable(item))


def _storable(value: Any) -> Any:
    """The value without lone surrogates and NUL, which services and databases refuse; pairs become what they mean."""
    if isinstance(value, str):
        if "\0" in value:
            value = value.replace("\0", "\ufffd")
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_storable(name): _storable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(each) for each in value]
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return value
