"""Trees that grow in place, with the operations that bring a page along.

What is new since the last flush travels as a whole inside the HTML of its uppermost new element; only what the page
has already takes operations. So the tree depends on the text alone, and the operations on how it was cut.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from . import escape
from .nodes import Node, live_class, live_html

CHUNK = 4_000
"""Characters after which a text goes on in another block at its next line; a page then lays out only that."""
AT_A_SPACE = 6_000
"""Characters after which it does so at the next space."""
AT_ONCE = 8_000
"""Characters after which it does so anywhere."""
LONG = 600
"""Characters, and with a sixtieth of them lines, above which a text is given a height of its own."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Growth:
    """The nodes that a page does not know yet, and what it must be told of those it knows."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0
        self._fresh: set[str] = set()
        self._told: list[list[Any]] = []

    def node(self, tag: str, kind: str = "", *children: Node | str, mods: tuple[str, ...] = ()) -> Node:
        """A new element with a key, which can grow."""
        key = f"{self._prefix}{self._count}"
        self._count += 1
        self._fresh.add(key)
        return Node(tag, kind, list(children), key=key, mods=mods)

    def append(self, parent: Node, child: Node) -> None:
        """Put a new element at the end of another one; one without a key takes children only before it is told."""
        parent.children.append(child)
        if not self._known(parent):
            return
        last = self._told[-1] if self._told else None
        if last is not None and last[0] == "add" and last[1] == parent.key:
            last[2].append(child)
        else:
            self._told.append(["add", parent.key, [child]])

    def grow(self, node: Node, text: str) -> None:
        """Put text at the end of an element that has nothing but text."""
        node.children.append(text)
        if not self._known(node):
            return
        last = self._told[-1] if self._told else None
        if last is not None and last[0] == "grow" and last[1] == node.key:
            last[2].append(text)
        else:
            self._told.append(["grow", node.key, [text]])

    def mark(self, node: Node, *mods: str) -> None:
        """Add states to an element."""
        added = tuple(mod for mod in mods if mod not in node.mods)
        node.mods += added
        if added and self._known(node):
            self._told.append(["attr", node.key, "class", live_class(node)])

    def change(self, node: Node, mods: tuple[str, ...]) -> None:
        """Set the states of an element."""
        if node.mods != mods:
            node.mods = mods
            if self._known(node):
                self._told.append(["attr", node.key, "class", live_class(node)])

    def flush(self) -> list[list[Any]]:
        """The operations since the last time."""
        told, self._told = self._told, []
        self._fresh.clear()
        for operation in told:
            if operation[0] == "add":
                operation[2] = "".join(live_html(child) for child in operation[2])
            elif operation[0] == "grow":
                operation[2] = "".join(operation[2])
        return told

    def _known(self, node: Node) -> bool:
        return node.key is not None and node.key not in self._fresh


class GrowingText:
    """Text inside an element: nothing hides in it, and long text is divided into blocks."""

    def __init__(self, growth: Growth, holder: Node) -> None:
        self._growth = growth
        self._holder = holder
        self._block = holder
        self._size = 0
        self._total = 0
        self._lines = 0
        self._half = ""
        self._last = ""
        self._full = False

    def add(self, piece: str) -> None:
        """More text."""
        piece = self._half + piece
        self._half = ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":  # the other half of the character may come
            self._half, piece = piece[-1], piece[:-1]
        self._write(joined(piece))

    def close(self) -> None:
        """There is no more text."""
        half, self._half = self._half, ""
        self._write(half)

    def _write(self, text: str) -> None:
        at = 0
        while at < len(text):
            if self._full:
                self._block = self._growth.node("div", "chunk")
                self._growth.append(self._holder, self._block)
                self._size, self._full = 0, False
            end = self._end_of_block(text, at)
            part = text[at:end]
            self._growth.grow(self._block, self._visible(part))
            self._size += end - at
            self._total += end - at
            self._lines += part.count("\n")
            at = end
        if self._lines or self._total > LONG:
            many = self._total > LONG or self._lines * 60 > LONG
            self._growth.mark(self._holder, *(("lines",) if self._lines else ()), *(("long",) if many else ()))

    def _end_of_block(self, text: str, at: int) -> int:
        room = at - self._size
        last = room + AT_ONCE
        places = (
            text.find("\n", max(at, room + CHUNK), last),
            text.find(" ", max(at, room + AT_A_SPACE), last),
            last - 1,
        )
        ends = [place + 1 for place in places if at <= place < len(text)]
        self._full = bool(ends)
        return min(ends, default=len(text))

    def _visible(self, text: str) -> str:
        """The text as it is shown; what a variation selector does depends on the character before."""
        before, self._last = self._last, text[-1]
        if text[0] == "\ufe0f" and before and unicodedata.category(before) == "So":
            return escape.visible(before + text)[len(escape.visible(before)) :]
        return escape.visible(text)


def joined(text: str) -> str:
    """The text with surrogate pairs joined to the characters they mean; lone ones stay."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
