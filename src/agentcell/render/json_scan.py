"""An incremental JSON scanner: pieces of text in, events out, each character looked at once.

    feed(text) --> open_object() / open_list() / key(name) / string() text(piece) text_end() / literal(text) / end()
                   raw() text(piece) text_end()     a value that lies too deep, as its source text
                   broken(why) text(piece)          what cannot be read, and all that comes after it

The state is a place in the grammar and a stack of brackets as deep as values are shown, so depth costs nothing. What
has been read but not told yet (a name whose value has not begun, half a number) is held, and handed on with `broken`.
Strings are read leniently: an escape that JSON does not know stays as it is written and is told as a problem.
"""

from __future__ import annotations

import re
from typing import Protocol

_STRING = re.compile(r'[^"\\]+')
_RAW = re.compile(r'[^"\\\[\]{}]+')
_LITERAL = re.compile(r'[^\s,:\[\]{}"]+')
_SPACE = re.compile(r"[ \t\r\n]+")
_CONTROL = re.compile(r"[\x00-\x1f]")
_VALUE = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|NaN|-?Infinity")
_HEX = frozenset("0123456789abcdefABCDEF")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_PAIRS = {"}": "{", "]": "["}


class JsonSink(Protocol):
    """What is told of a document."""

    def open_object(self) -> None:
        """An object begins."""

    def open_list(self) -> None:
        """A list begins."""

    def end(self) -> None:
        """The innermost object or list ends."""

    def key(self, name: str, problem: str | None) -> None:
        """The name of the next value."""

    def string(self) -> None:
        """A string begins."""

    def raw(self) -> None:
        """A value begins that is told as its source text."""

    def text(self, piece: str) -> None:
        """More of the string, of the source text or of what cannot be read."""

    def text_end(self, problem: str | None) -> None:
        """The string or source text ends."""

    def literal(self, text: str) -> None:
        """A number, `true`, `false` or `null`."""

    def broken(self, why: str) -> None:
        """What comes now, as `text`, cannot be read."""


class JsonScanner:
    """Reads one document."""

    def __init__(self, sink: JsonSink, *, depth: int) -> None:
        self._sink = sink
        self._depth = depth
        self._stack: list[str] = []
        self._state = "value"
        self._held: list[str] = []
        self._out: list[str] = []
        self._escape = ""
        self._problem: str | None = None
        self._brackets: list[str] = []
        self._quoted = False

    @property
    def complete(self) -> bool:
        """Whether the document has been read to its end."""
        return self._state == "done"

    def feed(self, text: str) -> None:
        """Read on."""
        at = 0
        while at < len(text):
            at = getattr(self, f"_{self._state}")(text, at)
        if self._out and self._state in ("string", "raw"):
            self._say()

    def finish(self) -> None:
        """There is no more text."""
        if self._state == "literal":
            self._literal_end()
        if self._state in ("string", "raw") and self._escape:
            self._out.append(self._escape)
            self._say()
        held = "".join(self._held)
        if self._state in ("done", "broken") or (self._state == "value" and not self._stack and not held.strip()):
            return
        self._state = "broken"
        self._sink.broken("the text ends here, unfinished")
        if held:
            self._sink.text(held)

    # ------------------------------------------------------------------ places in the grammar

    def _value(self, text: str, at: int) -> int:
        character = text[at]
        if character in " \t\r\n":
            return self._hold(_SPACE, text, at)
        if character == '"':
            self._held.clear()
            self._state = "string"
            self._sink.string()
            return at + 1
        if character in "{[":
            return self._open(character, at)
        if character in ",:]}":
            return self._fail(f"a value is missing before {character!r}", text, at)
        self._state = "literal"
        return at

    def _first(self, text: str, at: int) -> int:
        """The first item of a list, or its end."""
        return self._close(text, at) if text[at] == "]" else self._spaced(text, at, "value")

    def _name_or_end(self, text: str, at: int) -> int:
        return self._close(text, at) if text[at] == "}" else self._spaced(text, at, "name")

    def _spaced(self, text: str, at: int, state: str) -> int:
        if text[at] in " \t\r\n":
            return self._hold(_SPACE, text, at)
        self._state = state
        return at

    def _name(self, text: str, at: int) -> int:
        if text[at] in " \t\r\n":
            return self._hold(_SPACE, text, at)
        if text[at] != '"':
            return self._fail(f"expected a name in quotes, got {text[at]!r}", text, at)
        self._held.append('"')
        self._state = "name_text"
        return at + 1

    def _name_text(self, text: str, at: int) -> int:
        end = self._quote(text, at)
        self._held.append(text[at:end])
        if self._state == "quoted":
            self._state = "colon"
        return end

    def _colon(self, text: str, at: int) -> int:
        if text[at] in " \t\r\n":
            return self._hold(_SPACE, text, at)
        if text[at] != ":":
            return self._fail(f"expected ':' after the name, got {text[at]!r}", text, at)
        self._held.append(":")
        self._sink.key("".join(self._out), self._problem)
        self._out, self._problem = [], None
        self._state = "value"
        return at + 1

    def _string(self, text: str, at: int) -> int:
        end = self._quote(text, at)
        if self._state == "quoted":
            self._say()
            problem, self._problem = self._problem, None
            self._state = "after" if self._stack else "done"
            self._sink.text_end(problem)
        return end

    def _literal(self, text: str, at: int) -> int:
        found = _LITERAL.match(text, at)
        if found is None:
            return self._literal_end(text, at)
        self._out.append(found[0])
        self._held.append(found[0])
        return found.end()

    def _literal_end(self, text: str = "", at: int = 0) -> int:
        written = "".join(self._out)
        self._out = []
        if not _VALUE.fullmatch(written):
            return self._fail("not a JSON value", text, at)
        self._held.clear()
        self._state = "after" if self._stack else "done"
        self._sink.literal(written)
        return at

    def _after(self, text: str, at: int) -> int:
        character = text[at]
        if character in " \t\r\n":
            return self._hold(_SPACE, text, at)
        if character == ",":
            self._held.clear()
            self._state = "name" if self._stack[-1] == "{" else "value"
            return at + 1
        if character in "]}":
            return self._close(text, at)
        return self._fail(f"expected ',' or the end, got {character!r}", text, at)

    def _done(self, text: str, at: int) -> int:
        if text[at] in " \t\r\n":
            return self._hold(_SPACE, text, at)
        return self._fail("there is more text after the end", text, at)

    def _raw(self, text: str, at: int) -> int:
        """The source text of a deep value; only its brackets and strings are understood."""
        if self._quoted:
            end = self._quote(text, at, keep=True)
            if self._state == "quoted":
                self._state, self._quoted = "raw", False
            return end
        found = _RAW.match(text, at)
        if found is not None:
            self._out.append(found[0])
            return found.end()
        character = text[at]
        if character in "{[":
            self._brackets.append(character)
        elif character in "}]":
            if self._brackets.pop() != _PAIRS[character]:
                self._say()
                return self._fail(f"{character!r} does not fit", text, at)
        elif character == '"':
            self._quoted = True
        self._out.append(character)
        if not self._brackets:
            self._say()
            self._state = "after"
            self._problem = None
            self._sink.text_end(None)
        return at + 1

    def _broken(self, text: str, at: int) -> int:
        self._sink.text(text[at:])
        return len(text)

    # ------------------------------------------------------------------ steps

    def _hold(self, pattern: re.Pattern[str], text: str, at: int) -> int:
        found = pattern.match(text, at)
        assert found is not None
        self._held.append(found[0])
        return found.end()

    def _say(self) -> None:
        if self._out:
            self._sink.text("".join(self._out))
            self._out = []

    def _open(self, bracket: str, at: int) -> int:
        self._held.clear()
        if len(self._stack) >= self._depth:
            self._state = "raw"
            self._sink.raw()
            return at  # the bracket is text
        self._stack.append(bracket)
        if bracket == "{":
            self._state = "name_or_end"
            self._sink.open_object()
        else:
            self._state = "first"
            self._sink.open_list()
        return at + 1

    def _close(self, text: str, at: int) -> int:
        if self._stack[-1] != _PAIRS[text[at]]:
            return self._fail(f"{text[at]!r} does not fit", text, at)
        self._held.clear()
        self._stack.pop()
        self._state = "after" if self._stack else "done"
        self._sink.end()
        return at + 1

    def _fail(self, why: str, text: str, at: int) -> int:
        held = "".join(self._held)
        self._held, self._out, self._state = [], [], "broken"
        self._sink.broken(why)
        rest = held.lstrip() + text[at:]
        if rest:
            self._sink.text(rest)
        return len(text)

    def _quote(self, text: str, at: int, *, keep: bool = False) -> int:
        """Read on in a string up to its end, where the state becomes `quoted`; `keep` leaves it as it is written."""
        while at < len(text):
            if self._escape:
                at = self._escaped(text, at, keep)
                continue
            found = _STRING.match(text, at)
            if found is not None:
                self._out.append(found[0])
                at = found.end()
                if not keep and self._problem is None and _CONTROL.search(found[0]):
                    self._problem = "not valid JSON: a line break or control character is not written as an escape"
            elif text[at] == '"':
                self._state = "quoted"
                if keep:
                    self._out.append('"')
                return at + 1
            else:
                self._escape = "\\"
                at += 1
        return at

    def _escaped(self, text: str, at: int, keep: bool) -> int:
        """One more character of an escape, which deltas may cut anywhere."""
        character = text[at]
        if keep:
            self._out.append(self._escape + character)
            self._escape = ""
            return at + 1
        if self._escape == "\\":
            if character == "u":
                self._escape = "\\u"
                return at + 1
            known = _ESCAPES.get(character)
            if known is None:
                self._problem = f"not valid JSON: unknown escape \\{character}"
            self._out.append("\\" + character if known is None else known)
            self._escape = ""
            return at + 1
        if character not in _HEX:
            self._problem = f"not valid JSON: unfinished escape {self._escape}"
            self._out.append(self._escape)
            self._escape = ""
            return at
        self._escape += character
        if len(self._escape) == 6:
            self._out.append(chr(int(self._escape[2:], 16)))
            self._escape = ""
        return at + 1
