"""Colours for code that has settled.

A code block is highlighted once, when no further text can change it. Which part is what comes from Pygments, for
languages that are known, and is folded into a few classes. What it says is a string of *runs*: a letter for each run of
equal class (`.` is plain) and its length in UTF-16 units where that is not 1, as in `k3.f4.5s6`; so a page that has the
text already gets a few characters for each token (`MarkOp` in `markdown`).

Code may be hostile, and a lexer is many regular expressions: long code, long lines and code of very many tokens stay
plain, and all blocks of one text share a budget of processor time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import cache, partial
from html import unescape
from typing import TYPE_CHECKING, Any

from . import escape
from .tail_patch import utf16_length

if TYPE_CHECKING:
    from pygments.lexer import Lexer

MOST_CHARACTERS = 20_000
LONGEST_LINE = 1_000
MOST_RUNS = 1_500
MOST_TOKENS = 8_000
SECONDS = 0.25
"""Processor time that the code blocks of one text may take, besides `SECONDS_PER_CHARACTER`."""
SECONDS_PER_CHARACTER = 5e-6

KINDS: dict[str, str] = {
    "k": "keyword",
    "s": "string",
    "n": "number",
    "c": "comment",
    "f": "name that is defined",
    "b": "built-in name or type",
    "a": "attribute, decorator or directive",
    "t": "tag or key",
    "i": "inserted line",
    "d": "deleted line",
}
"""What each letter means; its class in the page is `ac-hl-` and the letter."""

_CLASSES: tuple[tuple[str, str], ...] = (
    ("Comment.Preproc", "a"),
    ("Comment.PreprocFile", "s"),
    ("Comment", "c"),
    ("Keyword.Type", "b"),
    ("Keyword", "k"),
    ("Operator.Word", "k"),
    ("Literal.Number", "n"),
    ("Literal.String", "s"),
    ("Literal", "n"),
    ("Name.Function", "f"),
    ("Name.Class", "f"),
    ("Name.Builtin", "b"),
    ("Name.Exception", "b"),
    ("Name.Decorator", "a"),
    ("Name.Attribute", "a"),
    ("Name.Entity", "a"),
    ("Name.Tag", "t"),
    ("Generic.Inserted", "i"),
    ("Generic.Deleted", "d"),
    ("Generic.Heading", "f"),
    ("Generic.Subheading", "f"),
    ("Generic.Prompt", "c"),
    ("Generic.Error", "d"),
)
"""The letter of a token kind and of those below it; the first that fits."""

_LEXERS: dict[str, str] = {
    "PythonLexer": "python py python3 py3 ipython ipython3",
    "PythonConsoleLexer": "pycon",
    "PythonTracebackLexer": "pytb",
    "BashLexer": "bash sh shell zsh",
    "BashSessionLexer": "console shell-session",
    "JavascriptLexer": "javascript js jsx mjs node",
    "TypeScriptLexer": "typescript ts tsx",
    "JsonLexer": "json jsonc json5 jsonl",
    "HtmlLexer": "html htm",
    "XmlLexer": "xml svg",
    "CssLexer": "css",
    "ScssLexer": "scss",
    "SqlLexer": "sql postgresql mysql sqlite",
    "YamlLexer": "yaml yml",
    "TOMLLexer": "toml",
    "IniLexer": "ini cfg",
    "CLexer": "c h",
    "CppLexer": "cpp c++ cc hpp cxx",
    "CSharpLexer": "csharp c# cs",
    "JavaLexer": "java",
    "KotlinLexer": "kotlin kt",
    "ScalaLexer": "scala",
    "SwiftLexer": "swift",
    "GoLexer": "go golang",
    "RustLexer": "rust rs",
    "RubyLexer": "ruby rb",
    "PhpLexer": "php",
    "PerlLexer": "perl pl",
    "LuaLexer": "lua",
    "SLexer": "r",
    "JuliaLexer": "julia jl",
    "HaskellLexer": "haskell hs",
    "DartLexer": "dart",
    "PowerShellLexer": "powershell ps1 pwsh",
    "DockerLexer": "dockerfile docker",
    "MakefileLexer": "makefile make",
    "DiffLexer": "diff patch",
    "TexLexer": "latex tex",
}
"""Pygments' class for the languages that are known, by the names which people give them."""
_BY_NAME = {name: lexer for lexer, names in _LEXERS.items() for name in names.split()}

_BLOCK = re.compile(r'<pre><code class="language-([^"]+)">(.*?)</code></pre>', re.DOTALL)
_ANY_BLOCK = "<pre><code"
_PIECE = re.compile(r'(<span class="ac-lines">|</span>)')
_RUN = re.compile(r"([a-z.])(\d*)")


class Highlighter:
    """Highlights the code blocks of one text, within a budget."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._spent = 0.0
        self._characters = 0

    def element(self, html: str) -> tuple[str, list[int | str]]:
        """A settled element of Markdown with its code highlighted, and the marks that bring a page there.

        The marks are, by turns, the number of a code block in the element and its runs; none where all stays plain.
        """
        if not self._enabled or '<pre><code class="' not in html:
            return html, []
        out: list[str] = []
        marks: list[int | str] = []
        end = number = 0
        for block in _BLOCK.finditer(html):
            number += html.count(_ANY_BLOCK, end, block.start())
            pieces = _PIECE.split(block[2])
            runs = self._runs(unescape("".join(pieces[::2])), unescape(block[1]))
            out.append(html[end : block.start(2)])
            out.append(_marked(pieces, runs) if runs else block[2])
            end = block.end(2)
            if runs:
                marks += [number, runs]
            number += 1
        return "".join(out) + html[end:], marks

    def _runs(self, code: str, language: str) -> str:
        made = _lexer(language.lower())
        if made is None or len(code) > MOST_CHARACTERS or _has_long_line(code):
            return ""
        limit = SECONDS + SECONDS_PER_CHARACTER * (self._characters + len(code)) - self._spent
        if limit <= 0:
            return ""
        began = time.thread_time()
        try:
            return _runs(code, made(), began + limit)
        except Exception:  # a lexer that fails: colours are not worth a run
            return ""
        finally:
            self._spent += time.thread_time() - began
            self._characters += len(code)


def _has_long_line(code: str) -> bool:
    return any(len(line) > LONGEST_LINE for line in code.split("\n"))


@cache
def _lexer(language: str) -> Callable[[], Lexer] | None:
    """What takes code of a language apart; None when the language is not known, here or to the installed Pygments."""
    name = _BY_NAME.get(language)
    if name is None:
        return None
    from pygments import lexers  # only texts with code need it

    made: type[Lexer] | None = getattr(lexers, name, None)
    return partial(made, startinline=True) if made is not None and name == "PhpLexer" else made


@cache
def _class_of(kind: Any) -> str:
    name = str(kind).removeprefix("Token.")
    return next((letter for prefix, letter in _CLASSES if name == prefix or name.startswith(f"{prefix}.")), ".")


def _runs(code: str, lexer: Lexer, until: float) -> str:
    """The runs of some code; empty when it has nothing to colour, too much of it, or takes too long."""
    found: list[tuple[str, int]] = []
    blank = at = 0  # blank: white space since the last run, which belongs to both or to none
    for number, (start, kind, value) in enumerate(lexer.get_tokens_unprocessed(code)):
        if start != at or number > MOST_TOKENS or len(found) > MOST_RUNS or time.thread_time() > until:
            return ""
        at += len(value)
        letter, length = _class_of(kind), utf16_length(value)
        if not value.strip():
            blank += length
        elif found and found[-1][0] == letter:
            found[-1] = (letter, found[-1][1] + blank + length)
            blank = 0
        else:
            if blank and found and found[-1][0] == ".":
                found[-1] = (".", found[-1][1] + blank)
            elif blank and letter == ".":
                length += blank
            elif blank:
                found.append((".", blank))
            found.append((letter, length))
            blank = 0
    if found and found[-1][0] == ".":
        found.pop()
    return "".join(f"{letter}{length if length > 1 else ''}" for letter, length in found)


def _marked(pieces: list[str], runs: str) -> str:
    """The inside of a code element, given as texts and the tags between them, with its runs in spans."""
    out: list[str] = []
    rest = [(letter, int(length or 1)) for letter, length in reversed(_RUN.findall(runs))]
    for index, piece in enumerate(pieces):
        if index % 2:
            out.append(piece)
            continue
        units = unescape(piece).encode("utf-16-le")
        while units:
            letter, length = rest.pop() if rest else (".", len(units))
            here, units = units[: 2 * length], units[2 * length :]
            if len(here) < 2 * length:
                rest.append((letter, length - len(here) // 2))
            text = escape.text(here.decode("utf-16-le"))
            out.append(text if letter == "." else f'<span class="ac-hl-{letter}">{text}</span>')
    return "".join(out)
