"""Models, data classes, dictionaries and sequences as `TreeResult`s.

A tree is cut in every direction: how deep, how wide, how many values and how long a text; what is left out is named
where it would stand. A value inside itself is named and not followed. Whatever a value's own methods raise becomes a
text that says so.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from ..rich_results import TreeNode, TreeResult

DEEPEST = 8
"""Levels of a tree."""
MOST_MEMBERS = 50
"""Members of one value."""
MOST_NODES = 500
"""Values of a whole tree."""
TEXT_LENGTH = 2000
"""Characters of a value's text."""
NAME_LENGTH = 200
"""Characters of a member's name."""

_TIMES = " \u00d7 "
_MAPPINGS = (dict, MappingProxyType)
_SEQUENCES = (list, tuple, deque)
_SETS = (set, frozenset)
_LEAVES = (str, bytes, bytearray, Enum)


def tree_result(value: Any) -> TreeResult | None:
    """The tree of a value that has others inside; `None` for any other, and for an empty one."""
    if not has_members(value) or not _size(value):
        return None
    name = type(value).__name__
    return TreeResult(name, _Tree().node(value, 0))


def has_members(value: Any) -> bool:
    """Whether a value is of a kind that is shown with what is inside it."""
    if isinstance(value, (type, *_LEAVES)):
        return False
    containers = (*_MAPPINGS, *_SEQUENCES, *_SETS, BaseModel)
    return isinstance(value, containers) or dataclasses.is_dataclass(value) or hasattr(type(value), "__attrs_attrs__")


def _size(value: Any) -> int:
    if isinstance(value, BaseModel):
        return len(type(value).model_fields) + len(value.model_extra or {})
    if dataclasses.is_dataclass(value):
        return len(dataclasses.fields(value))
    if hasattr(type(value), "__attrs_attrs__"):
        return len(type(value).__attrs_attrs__)
    return len(value)


class _Tree:
    """One tree that is being made."""

    def __init__(self) -> None:
        self._left = MOST_NODES
        self._above: set[int] = set()

    def node(self, value: Any, depth: int) -> TreeNode:
        """The node of a value; whatever happens it is a node."""
        self._left -= 1
        name = type(value).__name__
        try:
            if not has_members(value):
                return leaf(value)
            size = _size(value)
            if not size:
                return TreeNode(name, "empty")
            if id(value) in self._above:
                return TreeNode(name, size=size, left_out="the value is inside itself")
            if depth >= DEEPEST:
                return TreeNode(name, size=size, left_out=f"{size:,} inside, too deep to be shown")
            self._above.add(id(value))
            try:
                return self._branch(value, name, size, depth)
            finally:
                self._above.discard(id(value))
        except Exception as error:
            return TreeNode(name, left_out=f"cannot be shown: {type(error).__name__}")

    def _branch(self, value: Any, name: str, size: int, depth: int) -> TreeNode:
        members: list[tuple[str, TreeNode]] = []
        for label, member in islice(_members(value), MOST_MEMBERS):
            if self._left <= 0:
                break
            members.append((_label(label), self.node(member, depth + 1)))
        more = size - len(members)
        return TreeNode(name, members=tuple(members), size=size, left_out=f"{more:,} more" if more > 0 else "")


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    """What is inside a value, with names."""
    if isinstance(value, _MAPPINGS):
        yield from value.items()
    elif isinstance(value, BaseModel):
        for name, about in type(value).model_fields.items():
            yield name, getattr(value, name) if about.repr else _NOT_SHOWN
        yield from (value.model_extra or {}).items()
    elif isinstance(value, tuple) and hasattr(type(value), "_fields"):
        yield from zip(type(value)._fields, value, strict=False)  # type: ignore[attr-defined]
    elif isinstance(value, _SEQUENCES):
        yield from enumerate(value)
    elif isinstance(value, _SETS):
        yield from (("", member) for member in value)
    elif dataclasses.is_dataclass(value):
        for about in dataclasses.fields(value):
            yield about.name, getattr(value, about.name) if about.repr else _NOT_SHOWN
    else:
        for about in type(value).__attrs_attrs__:
            yield about.name, getattr(value, about.name) if about.repr else _NOT_SHOWN


_NOT_SHOWN = object()
"""Stands for a field that is left out of its object's own `repr`: it may be secret, or very large."""


def _label(name: Any) -> str:
    text = safe_text(name, NAME_LENGTH)[0]
    return text


def leaf(value: Any) -> TreeNode:
    """A value with nothing inside."""
    if value is _NOT_SHOWN:
        return TreeNode("", left_out="left out, as in its repr")
    name = type(value).__name__
    if isinstance(value, (bytes, bytearray)):
        return TreeNode(name, left_out=f"{len(value):,} bytes")
    shape = getattr(value, "shape", None) if not isinstance(value, (str, int, float)) else None
    if isinstance(shape, tuple) and shape:
        return TreeNode(name, left_out=f"shape {_TIMES.join(f'{side:,}' for side in shape)}")
    text, more = safe_text(value, TEXT_LENGTH)
    return TreeNode(name, text, left_out=f"{more:,} more characters" if more else "")


def safe_text(value: Any, limit: int) -> tuple[str, int]:
    """The beginning of a value's text, and how much more there is; a text that says so when it cannot be made."""
    try:
        text = value if type(value) is str else str(value)
        return text[:limit], max(0, len(text) - limit)
    except Exception as error:
        return f"[a {type(value).__name__} that cannot be shown: {type(error).__name__}]", 0
