"""Markdown source to safe HTML, one string per top-level element.

The grammar is CommonMark with tables and strikethrough, parsed by markdown-it-py with raw HTML off. The writer is our
own: it knows a closed list of tags, puts every piece of text through `escape`, makes links only of addresses that
`escape.link` lets pass, and never writes anything that a page would load by itself.

Very long things are written in pieces, because a browser's layout walks all siblings: a list continues in a sibling
list (class `cont`) every `LIST_PIECE` items, a table body in a further `<tbody>` every `TABLE_PIECE` rows, code in a
span (class `ac-lines`) every `CODE_PIECE` lines, a paragraph in another one every `PARAGRAPH_PIECE` lines. Where a
piece begins depends on the count alone, so that a text which arrived bit by bit and the same text rendered at once have
one and the same tree.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference, unescapeAll
from markdown_it.rules_block import StateBlock, lheading, paragraph
from markdown_it.token import Token

from . import escape

LIST_PIECE = 128
TABLE_PIECE = 64
CODE_PIECE = 64
PARAGRAPH_PIECE = 128
"""Lines after which a paragraph ends and another one begins."""
MAX_NESTING = 20
"""Blocks and spans nested deeper than this are left out, as in every markdown-it."""

References = dict[str, Any]
"""Link reference definitions by normalised label."""

_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,30}")
_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.){1,999})\]", re.DOTALL)
_SPANS = {"em": "em", "strong": "strong", "s": "s"}


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level block: its kind, its lines and its parser tokens."""

    kind: str
    """`paragraph`, `heading`, `hr`, `fence`, `code`, `blockquote`, `table`, `bullet_list` or `ordered_list`."""
    start: int
    """First line, counted from 0."""
    end: int
    """The line after the last; blank lines that follow may be counted in."""
    tokens: Sequence[Token]
    """From the opening to the closing token."""

    @property
    def is_list(self) -> bool:
        """Whether this is a bullet list or an ordered list."""
        return self.kind in {"bullet_list", "ordered_list"}

    @property
    def is_open_fence(self) -> bool:
        """Whether this is a fenced code block whose closing fence has not come."""
        if self.kind != "fence":
            return False
        content = self.tokens[0].content
        lines = content.count("\n") + (content != "" and not content.endswith("\n"))
        return self.end - self.start - 1 - lines < 1

    def moved(self, lines: int) -> Block:
        """The same block, its lines counted from another first line; lines before that count as 0."""
        if not lines:
            return self
        return replace(self, start=max(0, self.start + lines), end=max(0, self.end + lines))

    def items(self) -> list[Sequence[Token]]:
        """The tokens of each item of a list."""
        return _children(self.tokens, "list_item")

    def rows(self) -> list[Sequence[Token]]:
        """The tokens of each body row of a table."""
        body = next((i for i, token in enumerate(self.tokens) if token.type == "tbody_open"), len(self.tokens))
        return _children(self.tokens[body:], "tr")


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Every address parses as a link; the writer decides what becomes of it."""
        return True

    def normalizeLink(self, url: str) -> str:
        try:
            return super().normalizeLink(url)
        except ValueError:
            return ""


_PARSER = _Parser("commonmark", {"html": False, "maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
_BlockRule = Callable[[StateBlock, int, int, bool], bool]


def _ended(rule: _BlockRule) -> _BlockRule:
    """A rule for lines of words that sees no more than a piece of them."""

    def limited(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        before = state.env["lines_before"] if start == 0 and state.level == 0 else 0
        limit, whole = start + PARAGRAPH_PIECE - before, state.lineMax
        state.lineMax = min(whole, limit)
        try:
            return rule(state, start, min(end, limit), silent)
        finally:
            state.lineMax = whole

    return limited


_PARSER.block.ruler.at("lheading", _ended(lheading))
_PARSER.block.ruler.at("paragraph", _ended(paragraph))


def parse(source: str, references: References, lines_before: int = 0) -> tuple[list[Block], dict[str, Any]]:
    """The top-level blocks of `source`, and the link definitions that it adds to `references`.

    `lines_before` is how many lines of its first paragraph lie before the source.
    """
    added: dict[str, Any] = {}
    env = {"references": ChainMap(added, references), "lines_before": lines_before}
    blocks: list[Block] = []
    tokens = _PARSER.parse(source, env)
    opened = 0
    for index, token in enumerate(tokens):
        if token.level:
            continue
        if token.nesting == 1:
            opened = index
            continue
        first = opened if token.nesting else index
        lines = tokens[first].map or [0, 0]
        kind = tokens[first].type.removesuffix("_open").removesuffix("_block")
        blocks.append(Block(kind, lines[0], lines[1], tokens[first : index + 1]))
    return blocks, added


def elements(block: Block) -> list[str]:
    """The HTML of a block: one element, or several for a list of more than `LIST_PIECE` items."""
    if block.is_list:
        opening = block.tokens[0]
        return list_elements(block.items(), opening.tag, int(opening.attrs.get("start", 1)), 0)
    return [_blocks(block.tokens)]


def list_elements(items: Sequence[Sequence[Token]], tag: str, first: int, before: int) -> list[str]:
    """Lists of at most `LIST_PIECE` items, where `before` items of the same list came before these.

    `first` is the number of the list's first item.
    """
    pieces: list[list[str]] = []
    for index, item in enumerate(items, before):
        if not pieces or index % LIST_PIECE == 0:
            pieces.append([list_opening(tag, first, index)])
        pieces[-1].append(_blocks(item))
    return ["".join(piece) + f"</{tag}>" for piece in pieces]


def list_opening(tag: str, first: int, index: int) -> str:
    """The start tag of the list which holds the item `index` (from 0)."""
    piece = index // LIST_PIECE
    number = first + piece * LIST_PIECE
    start = f' start="{number}"' if tag == "ol" and number != 1 else ""
    continued = ' class="cont"' if piece else ""
    return f"<{tag}{continued}{start}>"


def table_opening(before: int) -> str:
    """The start tags on the way to the row `before` (from 0) of a table whose earlier rows are written."""
    return "<table><tbody>" if before % TABLE_PIECE else "<table>"


def table_rows(rows: Sequence[Sequence[Token]], before: int) -> str:
    """Body rows and the end of their table, to follow `table_opening(before)`."""
    out: list[str] = []
    for index, row in enumerate(rows, before):
        if index % TABLE_PIECE == 0:
            out.append("</tbody><tbody>" if out else "<tbody>")
        out.append(_blocks(row))
    in_body = out or before % TABLE_PIECE
    return "".join(out) + ("</tbody></table>" if in_body else "</table>")


def code_pieces(content: str) -> list[str]:
    """Code cut in runs of `CODE_PIECE` lines."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", content)
    return ["".join(lines[i : i + CODE_PIECE]) for i in range(0, len(lines), CODE_PIECE)]


def inline(source: str, references: References) -> str:
    """Inline Markdown as HTML."""
    return _inline(_inline_tokens(source, references))


def literal_text(source: str, references: References) -> str:
    """What inline Markdown leaves as plain text outside links and code, joined: openers without closers stay in it."""
    return "".join(token.content for token in _inline_tokens(source, references) if token.type == "text")


def labels(source: str) -> set[str]:
    """The normalised labels of everything in `source` that could be a reference link."""
    return {normalizeReference(label) for label in _LABEL.findall(source)} if "[" in source else set()


def _children(tokens: Sequence[Token], kind: str) -> list[Sequence[Token]]:
    level = tokens[0].level + 1 if tokens else 0
    found: list[Sequence[Token]] = []
    opened = 0
    for index, token in enumerate(tokens):
        if token.level == level and token.type == f"{kind}_open":
            opened = index
        elif token.level == level and token.type == f"{kind}_close":
            found.append(tokens[opened : index + 1])
    return found


def _blocks(tokens: Sequence[Token]) -> str:
    out: list[str] = []
    row = 0
    for token in tokens:
        match token.type:
            case "inline":
                out.append(_inline(token.children or []))
            case "fence" | "code_block":
                out.append(_code(token))
            case "hr":
                out.append("<hr>")
            case "tbody_open":
                row = 0
                out.append("<tbody>")
            case "tr_open":
                if row and row % TABLE_PIECE == 0:
                    out.append("</tbody><tbody>")
                row += 1
                out.append("<tr>")
            case "th_open" | "td_open":
                align = token.attrs.get("style")
                out.append(f'<{token.tag} style="{escape.attribute(str(align))}">' if align else f"<{token.tag}>")
            case "ordered_list_open":
                out.append(list_opening("ol", int(token.attrs.get("start", 1)), 0))
            case _ if not token.hidden:
                out.append(f"</{token.tag}>" if token.nesting < 0 else f"<{token.tag}>")
    return "".join(out)


def _code(token: Token) -> str:
    words = unescapeAll(token.info).split(maxsplit=1)
    language = f' class="language-{words[0]}"' if words and _LANGUAGE.fullmatch(words[0]) else ""
    first, *others = [escape.text(piece) for piece in code_pieces(token.content)] or [""]
    spans = "".join(f'<span class="ac-lines">{piece}</span>' for piece in others)
    return f"<pre><code{language}>{first}{spans}</code></pre>"


def _inline_tokens(source: str, references: References) -> list[Token]:
    return _PARSER.parseInline(source, {"references": references, "lines_before": 0})[0].children or []


def _inline(tokens: Sequence[Token]) -> str:
    out: list[str] = []
    target: str | None = None
    label_from = 0
    for index, token in enumerate(tokens):
        match token.type:
            case "text":
                out.append(escape.text(token.content))
            case "softbreak":
                out.append("\n")
            case "hardbreak":
                out.append("<br>")
            case "code_inline":
                out.append(f"<code>{escape.text(token.content)}</code>")
            case "image":
                out.append(_image(token))
            case "link_open":
                target, label_from = escape.link(str(token.attrs.get("href", ""))), index + 1
                if target:
                    out.append(f'<a href="{escape.attribute(target)}" rel="noopener noreferrer" target="_blank">')
            case "link_close":
                if target:
                    out.append("</a>" + _destination(target, _as_text(tokens[label_from:index])))
                target = None
            case _:
                tag = _SPANS.get(token.tag)
                if tag:
                    out.append(f"</{tag}>" if token.nesting < 0 else f"<{tag}>")
    return "".join(out)


def _destination(url: str, label: str) -> str:
    """The host of a link in brackets, unless the label names that host itself."""
    host = escape.host(url)
    named = re.sub(r"^(?:https?://|mailto:)", "", label.strip().casefold())
    named = re.split(r"[/?#:]", named)[0].rpartition("@")[2]
    return "" if host in {named, f"www.{named}"} else f'<small class="ac-host"> ({escape.text(host or "")})</small>'


def _image(token: Token) -> str:
    """An image that carries its own data, or a placeholder which names the host and loads nothing."""
    source = str(token.attrs.get("src", ""))
    alt = _as_text(token.children or [])
    if escape.data_image(source):
        return f'<img src="{source}" alt="{escape.attribute(alt)}">'
    url = escape.link(source)
    host = escape.host(url) if url else None
    shown = escape.text(alt or "image")
    if not url or not host:
        return f'<span class="ac-image">{shown}</span>'
    loadable = f' data-src="{escape.attribute(url)}"' if url.lower().startswith("https:") else ""
    return f'<span class="ac-image"{loadable}>{shown}<small class="ac-host"> ({escape.text(host)})</small></span>'


def _as_text(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    for token in tokens:
        if token.type == "image":
            parts.append(_as_text(token.children or []))
        else:
            parts.append("\n" if token.type in {"softbreak", "hardbreak"} else token.content)
    return "".join(parts)
