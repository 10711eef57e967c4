"""Growing text on its way to a terminal: made harmless piece by piece, and cut into parts that are settled.

`CleanText` removes control sequences from a text that arrives in pieces; a sequence that a cut goes through waits for
its rest. `MarkdownTail` keeps the end of a Markdown text that further text can still change. What is before it is given
out once, as soon as a blank line, a closing fence or the next block has settled it, and at the latest after `LONGEST`
characters or `TALLEST` lines; a code block or a table that is cut there goes on behind a copy of its opening lines. So
what is drawn again with each frame has a fixed largest size, whatever the length of the text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from . import escape

LONGEST = 3000
"""Characters that are kept open."""
TALLEST = 30
"""Complete lines that are kept open."""
_LONGEST_SEQUENCE = 4096

_UNFINISHED = re.compile(
    r"(?:(?:\x1b\[|\x9b)[0-?]*[ -/]*"  # CSI without its last character
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*\x1b?"  # a string without its end
    r"|\x1b[ -/]*"
    r"|[\ud800-\udbff])\Z"  # half of a character
)
_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)")
_RULE_OF_TABLE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


class CleanText:
    """Text for a terminal that arrives in pieces; the result does not depend on where they were cut."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown now; the beginning of a control sequence is held back."""
        text = self._held + piece
        unfinished = _UNFINISHED.search(text)
        keep = unfinished.start() if unfinished and len(text) - unfinished.start() <= _LONGEST_SEQUENCE else len(text)
        self._held = text[keep:]
        return escape.plain(text[:keep])

    def end(self) -> str:
        """What was held back, when no more text comes."""
        text, self._held = self._held, ""
        return escape.plain(text)


class Part(NamedTuple):
    """Markdown that no further text can change."""

    source: str
    """The Markdown."""
    continues: bool
    """Whether it goes on with the block of the part before it."""


class MarkdownTail:
    """The open end of one growing Markdown text."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0
        self._partial = ""
        self._fence = ""
        self._opening = ""
        self._copied = 0
        self._blank = False
        self._continues = False
        self._parts: list[Part] = []

    @property
    def source(self) -> str:
        """The Markdown that is open."""
        return "".join(self._lines) + self._partial

    @property
    def continues(self) -> bool:
        """Whether the open Markdown goes on with the block of the part before it."""
        return self._continues

    def feed(self, text: str) -> list[Part]:
        """Take in more text; returns what it has settled."""
        *complete, rest = text.split("\n")
        for piece in complete:
            self._extend(piece)
            line, self._partial = f"{self._partial}\n", ""
            self._take(line)
        self._extend(rest)
        return self._given()

    def end(self) -> list[Part]:
        """The text is complete: all that was open, settled."""
        if self._partial:
            line, self._partial = f"{self._partial}\n", ""
            self._take(line)
        if self._fence and len(self._lines) > self._copied:
            self._lines.append(f"{self._fence}\n")
        self._settle(len(self._lines))
        return self._given()

    def _extend(self, piece: str) -> None:
        """Add to the line that is not complete."""
        self._partial += piece
        while len(self._partial) > LONGEST:
            self._cut_line()

    def _given(self) -> list[Part]:
        parts, self._parts = self._parts, []
        return parts

    def _take(self, line: str) -> None:
        """One more complete line."""
        bare = line.rstrip("\n")
        if self._fence:
            self._take_code(line, bare.strip())
            return
        if not bare.strip():
            self._continues = self._continues and bool(self._lines)
            self._append(line)
            self._blank = True
            if not self._is_container():
                self._settle(len(self._lines))
            return
        if self._blank and not line.startswith((" ", "\t")) and not (self._is_list() and _ITEM.match(line)):
            self._settle(len(self._lines))
        self._blank = False
        opening = _FENCE.match(bare)
        if opening and (self._is_list() or not bare.startswith(("    ", "\t"))):
            if not self._is_container():
                self._settle(len(self._lines))
            self._fence, self._opening = opening[1], line.lstrip()
        self._append(line)
        if not self._fence and len(self._lines) == 1 and _HEADING.match(line):
            self._settle(1)
        self._bound()

    def _take_code(self, line: str, stripped: str) -> None:
        """One more line inside a fence."""
        closes = stripped.startswith(self._fence) and not stripped.strip(self._fence[0])
        if closes and self._copied and len(self._lines) == self._copied:
            self._lines, self._size, self._copied, self._continues = [], 0, 0, False
        else:
            self._append(line)
        if closes:
            self._fence = self._opening = ""
            if not self._is_container():
                self._settle(len(self._lines))
        self._bound()

    def _append(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)

    def _is_list(self) -> bool:
        return bool(self._lines) and _ITEM.match(self._lines[0]) is not None

    def _is_container(self) -> bool:
        """Whether the open block may go on after a blank line."""
        return self._is_list() or (bool(self._lines) and self._lines[0].startswith(("    ", "\t")))

    def _is_table(self) -> bool:
        return len(self._lines) > 1 and "|" in self._lines[0] and _RULE_OF_TABLE.match(self._lines[1]) is not None

    def _bound(self) -> None:
        """Settle most of a block that has grown long."""
        if self._size <= LONGEST and len(self._lines) <= TALLEST:
            return
        if self._fence:
            again = [self._opening]
            self._lines.append(f"{self._fence}\n")
        elif self._is_table():
            again = self._lines[:2]
        else:
            again = []
        place = len(self._lines)
        if self._is_list() and not self._fence:
            place = max((i for i, line in enumerate(self._lines) if _ITEM.match(line)), default=0) or place
        self._settle(place)
        self._lines[:0] = again
        self._size += sum(map(len, again))
        self._copied = len(again)
        self._continues = True

    def _cut_line(self) -> None:
        """Settle most of one very long line, at a blank if it has one."""
        place = self._partial.rfind(" ", LONGEST // 2, LONGEST) + 1 or LONGEST
        line, self._partial = self._partial[:place] + "\n", self._partial[place:]
        in_table = self._is_table()
        self._take(line)
        if not self._fence and not in_table:
            self._settle(len(self._lines))
        self._continues = True

    def _settle(self, count: int) -> None:
        """Give out the first `count` lines."""
        source = "".join(self._lines[:count])
        if source.strip() and count > self._copied:
            self._parts.append(Part(source, self._continues))
            self._continues = False
        self._lines = self._lines[count:]
        self._size = sum(map(len, self._lines))
        self._copied = 0
