"""An open fenced code block: lines are escaped and shown as they come, without a parser, until the closing fence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .markdown_html import CODE_PIECE


@dataclass(slots=True)
class OpenFence:
    """A fence at the left margin that is open, and what of its code is written."""

    markup: str
    """The opening fence, three or more backticks or tildes."""
    lines: int = 0
    """Complete lines written."""
    at_line_start: bool = True
    """Whether the next character begins a line."""
    _closing: re.Pattern[str] = field(init=False, repr=False)
    _may_close: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        mark = re.escape(self.markup[0])
        self._closing = re.compile(rf"^ {{0,3}}{mark}{{{len(self.markup)},}}[ \t]*$", re.MULTILINE)
        self._may_close = re.compile(rf" {{0,3}}{mark}*[ \t]*")

    @property
    def in_piece(self) -> bool:
        """Whether the code stands in a span of a further piece, after the first `CODE_PIECE` lines."""
        begun = self.lines + (not self.at_line_start)
        return begun > CODE_PIECE

    @property
    def end_tags(self) -> str:
        """The end tags that belong behind what is written."""
        return ("</span>" if self.in_piece else "") + "</code></pre>"

    def split(self, source: str, final: bool) -> tuple[str, str, bool]:
        """The code in `source`, what follows it, and whether the closing fence was found between them.

        Without a closing fence, what follows is an unfinished line that may become one.
        """
        begin = 0 if self.at_line_start else source.find("\n") + 1
        if begin or self.at_line_start:
            for match in self._closing.finditer(source, begin):
                if match.end() < len(source) or final:
                    return source[: match.start()], source[match.end() + 1 :], True
            last = max(source.rfind("\n") + 1, begin)
            if not final and self._may_close.fullmatch(source, last):
                return source[:last], source[last:], False
            if not source[last:].strip(" \t"):
                return source[:last], "", False  # as in the parser, for which such an end is no line
        return source, "", False

    def write(self, code: str) -> list[tuple[int, bool, str]]:
        """The code in runs: the number of the run's piece (from 0), whether it begins a further piece, the run."""
        runs: list[tuple[int, bool, str]] = []
        while code:
            piece = self.lines // CODE_PIECE
            begins = self.at_line_start and piece > 0 and self.lines % CODE_PIECE == 0
            room = CODE_PIECE - self.lines % CODE_PIECE
            end = _after_lines(code, room)
            run, code = code[:end], code[end:]
            runs.append((piece, begins, run))
            self.lines += run.count("\n")
            self.at_line_start = run.endswith("\n")
        return runs


def _after_lines(text: str, count: int) -> int:
    position = 0
    for _ in range(count):
        position = text.find("\n", position) + 1
        if not position:
            return len(text)
    return position
