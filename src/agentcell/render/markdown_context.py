"""Where a long open block can be cut, and how the parser goes on behind the cut.

A block that is still growing is cut in two: what no further text can change, and the rest. The rest is parsed behind a
short stand-in for what was cut off, chosen so that the parser is in the same state: an item of the same kind for a
list (with a blank line after it when the list is loose), a header of the same columns for a table. A paragraph needs
none when the cut is between two words and no span is open there. What the stand-in itself makes is left out again, so
the rest's HTML is the end of the whole block's HTML, behind the start tags in `path`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from . import markdown_html
from .markdown_html import Block, References

LONG = {"bullet_list": 400, "ordered_list": 400, "table": 240, "paragraph": 2500}
"""Characters of an open tail, by kind of block, from which cutting is worth it."""

FORCED_PARAGRAPH = 12_288
"""A paragraph is cut beyond this many characters even where a span is open, which then stays text."""

MAX_PADDING = 65_536
"""Empty cells that short rows may cost a table; then the table ends (markdown-it's own limit)."""

_KEEP_OPEN = 60
_ITEM = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])")
_BETWEEN_WORDS = re.compile(
    r"(?<=[^\W_]) (?=[^\W\d_])|(?<=[.,;:?)]) (?=[^\W\d_])"
    r"|(?<=[\u3001\u3002\u3040-\u9fff\uac00-\ud7af\uff0c])(?=[\u3040-\u9fff\uac00-\ud7af])"
)
_INSIDE_WORD = re.compile(r"(?<=[^\W_])(?=[^\W\d_])")
_DEFINITION = re.compile(r" {0,3}\[(?:[^\[\]\\]|\\.)*(?:\]:|\Z)", re.DOTALL)
_OPENER = re.compile(r"[`<]|~~|\*(?!\s|\Z)|(?<![^\W_])_(?=\S)|&[^;\s]{0,40}\Z")
_ALIGNMENT = {"text-align:left": ":-", "text-align:right": "-:", "text-align:center": ":-:"}


class Lines:
    """The lines of a source: where they begin, and which are complete."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.starts: list[int] = [0, *(match.end() for match in re.finditer("\n", source))]
        self.complete: int = len(self.starts) - 1

    def offset(self, line: int) -> int:
        """Where a line begins; the end of the source for lines that are not there."""
        return self.starts[line] if line < len(self.starts) else len(self.source)

    def text(self, line: int) -> str:
        """One line with its line end."""
        return self.source[self.offset(line) : self.offset(line + 1)]

    def is_blank(self, line: int) -> bool:
        """Whether a line holds nothing but spaces and tabs."""
        return not self.text(line).strip(" \t\n")


@dataclass(frozen=True, slots=True)
class ListContext:
    """The parser stands behind some items of a list."""

    lead: str
    """Indentation and marker of the first item behind the cut."""
    tag: str
    """`ul` or `ol`."""
    first: int
    """The number of the list's first item."""
    items: int
    """How many items lie before the cut."""
    loose: bool
    """Whether those items make the list loose."""

    @property
    def prefix(self) -> str:
        """The stand-in."""
        return f"{self.lead} x\n" + ("\n" if self.loose else "")

    @property
    def path(self) -> str:
        """The start tag with which the rest's HTML begins although the page has it already."""
        at_piece = self.items % markdown_html.LIST_PIECE == 0
        return "" if at_piece else markdown_html.list_opening(self.tag, self.first, self.items)

    def elements(self, block: Block) -> list[str]:
        """The HTML of the items behind the cut."""
        return markdown_html.list_elements(block.items()[1:], self.tag, self.first, self.items)

    def loosened_by(self, block: Block) -> bool:
        """Whether the items behind the cut make the list loose when those before it did not."""
        return not self.loose and not block.items()[0][1].hidden


@dataclass(frozen=True, slots=True)
class TableContext:
    """The parser stands behind some rows of a table."""

    prefix: str
    """The stand-in: a header of as many columns, and their alignment."""
    rows: int
    """How many body rows lie before the cut."""
    padding: int
    """How many cells those rows left out."""

    @property
    def path(self) -> str:
        """The start tags with which the rest's HTML begins although the page has them already."""
        return markdown_html.table_opening(self.rows)

    def elements(self, block: Block) -> list[str]:
        """The HTML of the rows behind the cut."""
        return [self.path + markdown_html.table_rows(block.rows(), self.rows)]


@dataclass(frozen=True, slots=True)
class ParagraphContext:
    """The parser stands behind some words of a paragraph."""

    prefix: str = ""
    """No stand-in."""
    path: str = "<p>"
    """The start tag with which the rest's HTML begins although the page has it already."""
    lines: int = 0
    """How many lines of the paragraph lie before the cut."""

    def elements(self, block: Block) -> list[str]:
        """The HTML of the words behind the cut."""
        return markdown_html.elements(block)


Context: TypeAlias = ListContext | TableContext | ParagraphContext
Parse: TypeAlias = Callable[[str, Context | None], tuple[list[Block], References]]
"""Parses a source behind a context; lines of the blocks count from the source's first, of their tokens from the
stand-in's first."""


@dataclass(slots=True)
class Cut:
    """A block cut in two."""

    length: int
    """Characters of the source that lie before the cut."""
    done: list[str]
    """HTML of the elements that end at or before the cut; the first begins with the path of the former context."""
    begun: str
    """HTML of the element which the cut goes through, up to it, without end tags; empty when there is none."""
    context: Context | None
    """How to go on behind the cut; None when the block ends there."""
    tail: list[str] = field(default_factory=list)
    """HTML of the rest, beginning with the path of `context`."""
    references: References = field(default_factory=dict)
    """Link definitions before the cut."""

    @property
    def shown(self) -> list[str]:
        """HTML of the whole, as elements."""
        if not self.begun:
            return [*self.done, *self.tail]
        assert self.context is not None
        return [*self.done, self.begun + self.tail[0][len(self.context.path) :], *self.tail[1:]]


def cut_inside(block: Block, source: str, context: Context | None, parse: Parse, references: References) -> Cut | None:
    """Cut the one block in `source`, or None where it cannot be cut (yet)."""
    if block.is_list:
        cut = _cut_list(block, source, context if isinstance(context, ListContext) else None, parse)
    elif block.kind == "table":
        cut = _cut_table(block, source, context if isinstance(context, TableContext) else None, parse)
    else:
        before = context.lines if isinstance(context, ParagraphContext) else 0
        return _cut_paragraph(block, source, before, parse, references)
    if cut:
        rest, _ = parse(source[cut.length :], cut.context)
        behind = [cut.context, *[None] * len(rest)]
        cut.tail = [e for b, c in zip(rest, behind, strict=False) for e in elements_behind(b, c)]
    return cut


def elements_behind(block: Block, context: Context | None) -> list[str]:
    """The HTML elements of a block, or of what lies behind a cut through it."""
    return context.elements(block) if context else markdown_html.elements(block)


def _cut_list(block: Block, source: str, context: ListContext | None, parse: Parse) -> Cut | None:
    """Before the last item whose first line is complete: no text after that line belongs to an earlier item."""
    lines = Lines(source)
    stand_in = context.prefix.count("\n") if context else 0
    starts = [(item[0].map or [0])[0] - stand_in for item in block.items()[1:]]
    if context and starts and starts[0] == 0:
        starts = starts[1:]
    complete = [start for start in starts if 0 < start < lines.complete]
    if not complete:
        return None
    length = lines.offset(complete[-1])
    lead = _ITEM.match(source, length)
    if not lead:
        return None
    blocks, added = parse(source[:length] + lead.group() + " x", context)
    items = blocks[0].items()
    loose, items = not items[-1][1].hidden, items[bool(context) : -1]
    opening = block.tokens[0]
    tag, first = opening.tag, context.first if context else int(opening.attrs.get("start", 1))
    before = context.items if context else 0
    after = ListContext(lead.group(), tag, first, before + len(items), loose)
    done = markdown_html.list_elements(items, tag, first, before)
    begun = done.pop().removesuffix(f"</{tag}>") if after.path else ""
    return Cut(length, done, begun, after, references=added)


def _cut_table(block: Block, source: str, context: TableContext | None, parse: Parse) -> Cut | None:
    """After the last complete row: each row stands by itself."""
    lines = Lines(source)
    first_row = 0 if context else block.start + 2
    complete = min(lines.complete - first_row, len(block.rows()))
    if complete < (1 if context else 0):
        return None
    length = lines.offset(first_row + complete)
    heads = [token for token in block.tokens if token.type == "th_open"]
    if context:
        before, prefix, padding = context.rows, context.prefix, context.padding
    else:
        marks = [_ALIGNMENT.get(str(head.attrs.get("style")), "-") for head in heads]
        before, prefix, padding = 0, f"|{'a|' * len(heads)}\n|{'|'.join(marks)}|\n", 0
    for row in range(first_row, first_row + complete):
        padding += max(0, len(heads) - 1 - lines.text(row).count("|"))
    after = TableContext(prefix, before + complete, padding)
    if context:
        html = context.path + markdown_html.table_rows(block.rows()[:complete], before)
        added: References = {}
    else:
        blocks, added = parse(source[:length], None)
        html = markdown_html.elements(blocks[0])[0]
    if padding > MAX_PADDING:
        return Cut(length, [html], "", None, references=added)
    end_tags = "</tbody></table>" if after.path.endswith("<tbody>") else "</table>"
    return Cut(length, [], html.removesuffix(end_tags), after, references=added)


def _cut_paragraph(block: Block, source: str, before: int, parse: Parse, references: References) -> Cut | None:
    """Between two words, as late as possible, where nothing before can pair with anything after."""
    lines = Lines(source)
    start = lines.offset(block.start)
    after_definition = block.start and not lines.is_blank(block.start - 1)
    if (after_definition and source[start] in "\"'(") or _DEFINITION.match(source, start):
        return None  # it may yet become a link definition, or the title of one
    added = parse(source[:start], None)[1] if block.start else {}
    references = {**references, **added} if added else references
    start += len(source[start:]) - len(source[start:].lstrip(" "))
    end = len(source) - _KEEP_OPEN
    places = [match.end() for match in _BETWEEN_WORDS.finditer(source, start + 1, end)]
    tries = [places[len(places) * part // 4 - 1] for part in (4, 3, 2, 1) if len(places) >= 4]
    forced = len(source) - start > FORCED_PARAGRAPH
    if forced:
        inside = _INSIDE_WORD.search(source, end - 1, end + 1)
        tries = [*tries, *places[-1:], *([inside.end()] if inside else [])]
    for number, place in enumerate(tries):
        line = source.rfind("\n", 0, place) + 1
        if "|" in source[line:place]:
            continue
        words = source[start:place]
        must = forced and number >= len(tries) - 2
        if not must and _has_opener(markdown_html.literal_text(words, references)):
            continue
        behind = ParagraphContext(lines=before + words.count("\n"))
        rest, _ = parse(source[place:], behind)
        if [b.kind for b in rest] == ["paragraph"]:
            begun = "<p>" + markdown_html.inline(words, references)
            return Cut(place, [], begun, behind, markdown_html.elements(rest[0]), added)
    return None


def _has_opener(literal: str) -> bool:
    if _OPENER.search(literal):
        return True
    depth = 0
    for char in re.findall(r"[\[\]]", literal):
        depth = depth + 1 if char == "[" else max(0, depth - 1)
    return depth > 0
