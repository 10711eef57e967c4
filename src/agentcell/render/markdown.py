"""Markdown that arrives bit by bit, as operations on the page's DOM.

The text is a row of *settled* blocks, which are never looked at again, and an open *tail*. A frame parses the tail
only and patches what changed in it (`tail_patch`). A block settles when no further text can change it: at a blank
line, or when the first line of the next block is complete. Blocks that grow long settle inside, too: the parser then
gets only the rest, behind a short stand-in that puts it into the same state (`markdown_context`): an item for a list, a
header for a table, nothing for a paragraph that is cut where no span is open; code in an open fence needs no parser.
Where a block cannot be cut, a frame waits until the tail has grown by a thirty-second, so the work stays linear in the
length of the text, whatever the text and the frames.

The fold's operations address the page by position only (last chunk, last child, last child ...), so they can follow a
snapshot of `html` as well as the operations before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise
from typing import Literal, TypeAlias, TypeGuard

from . import escape, markdown_html
from .highlight import Highlighter
from .markdown_context import LONG, Context, Lines, ListContext, ParagraphContext, cut_inside, elements_behind
from .markdown_fence import OpenFence
from .markdown_html import Block, References
from .tail_patch import patch

__all__ = ["ChunkOp", "MarkOp", "MarkdownFold", "MarkdownOp", "PatchOp", "ReplaceOp", "TextOp", "render_markdown"]

TextOp: TypeAlias = tuple[Literal["text"], int, str]
"""`("text", depth, text)`: append plain text to the element `depth` levels down the chain, joining its last text node.

The chain starts at the last chunk (depth 0) and goes from each element to its last child element.
"""

PatchOp: TypeAlias = tuple[Literal["patch"], int, int, int, *tuple[int | str, ...]]
"""`("patch", depth, nodes, units, depth1, html1, depth2, html2, ...)`: go back, then append.

In the element at `depth` remove the last `nodes` child nodes, then `units` UTF-16 units from the end of its last text
node; then append each HTML fragment to the element at the depth before it. The depths never increase.
"""

ChunkOp: TypeAlias = tuple[Literal["chunk"], int]
"""`("chunk", moved)`: append a new chunk to the container and move the last `moved` elements of the old one into it."""

ReplaceOp: TypeAlias = tuple[Literal["replace"], int, str]
"""`("replace", index, html)`: put `html`, one element, in the place of top-level element `index`, over all chunks."""

MarkOp: TypeAlias = tuple[Literal["mark"], int, *tuple[int | str, ...]]
"""`("mark", index, block1, runs1, block2, runs2, ...)`: colour code that is there already.

In top-level element `index`, over all chunks, the text of each `pre > code` (counted from 0) is put in spans as its
runs say (`highlight`).
"""

MarkdownOp: TypeAlias = TextOp | PatchOp | ChunkOp | ReplaceOp | MarkOp

CHUNK = 64
"""Settled elements after which a new chunk begins: the browser then lays out each chunk by itself."""

_SLICE = 2048
_LAG_FROM = 1024
_LONG_LAG_FROM = 16_384
_STALE_FROM = 16_384

_CLOSED_BY_BLANK = frozenset({"paragraph", "heading", "hr", "blockquote", "table"})
_WITH_WORDS = frozenset({"paragraph", "heading", "bullet_list", "ordered_list", "blockquote"})
_MARKERS = re.compile(r"(?:\A|\n)([ \t]*(?:>[ \t]*)*(?:[-=*_#`~|+:> \t]+|[-*+][ \t]+[-*+#`~ ]*|\d{1,9}[.)]?[ \t]*))\Z")
_OPENERS = re.compile(r"(?:[*_~`]+|!?\[|\\)\Z")
_WORDS = re.compile(r"(?:[^\W_]|[ ,.?])*")
_LETTER = re.compile(r"[^\W\d_]")
_END_OF_WORDS = re.compile(r"([^\W_])((?:</(?:p|li|h[1-6])>)(?:</[a-z0-9]+>)*)\Z")
_HIGH_SURROGATE = re.compile(r"[\ud800-\udbff]\Z")


def render_markdown(source: str) -> str:
    """The HTML of a whole text: the elements of a `MarkdownFold` that got it bit by bit, perhaps in other chunks."""
    fold = MarkdownFold()
    fold.append(source)
    fold.finish()
    return fold.html


@dataclass(slots=True)
class _Begun:
    """What is settled of the block that is still open."""

    first: int = 0
    """Index of the block's first element."""
    sources: list[str] = field(default_factory=list)
    """Its source before the cut."""
    html: list[str] = field(default_factory=list)
    """HTML of the element which the cut goes through, without end tags."""
    definitions: int = 0
    """How many link definitions were known when it began."""


class MarkdownFold:
    """One growing Markdown text and the operations that keep a page equal to it.

    The container in the page starts empty. After the operations of every call it holds what `html` says.
    """

    parsed_characters: int
    """Characters given to the Markdown parser so far: the fold's work."""

    def __init__(self, *, colours: bool = True) -> None:
        """Begin an empty text; `colours` says whether its code is highlighted."""
        self.parsed_characters = 0
        self._ops: list[MarkdownOp] = []
        self._finished = False
        self._received = 0
        self._carry = ""  # half of a line end or of a character
        self._held = ""  # text that waits because parsing is dear
        self._source = ""  # of the tail
        self._tail: list[str] = []  # HTML of the tail's elements; the first begins with the context's path
        self._context: Context | OpenFence | None = None
        self._begun = _Begun()
        self._end_tags = ""  # of the tail, when words can be put before them
        self._cut_from = 0
        self._elements: list[str] = []
        self._chunk_starts: list[int] = []
        self._references: References = {}
        self._links = _LateLinks()
        self._highlighter = Highlighter(enabled=colours)

    @property
    def html(self) -> str:
        """Everything that the operations so far have put into the container, as HTML."""
        elements = [*self._elements, *self._open_elements()]
        bounds = [*self._chunk_starts, len(elements)]
        return "".join(f'<div class="ac-chunk">{"".join(elements[a:b])}</div>' for a, b in pairwise(bounds))

    def append(self, text: str) -> list[MarkdownOp]:
        """Add text and answer what changes in the page.

        Text at the very end may be held back until it is clear what it means, and a little text may wait where
        parsing is dear; `append("")` shows what waits for that reason. Raises ValueError after `finish`.
        """
        if self._finished:
            raise ValueError("this Markdown text is finished; begin a new MarkdownFold for further text")
        if not text and self._held:
            self._advance(final=False)
        text = self._normal(text)
        self._received += len(text)
        for start in range(0, len(text), _SLICE):
            self._add(text[start : start + _SLICE])
        return self._take_ops()

    def finish(self) -> list[MarkdownOp]:
        """Settle everything and answer what changes in the page; a second call answers nothing."""
        if not self._finished:
            self._held += escape.clean(self._carry.replace("\r", "\n"))
            self._finished = True
            if self._source or self._held or self._context:
                self._advance(final=True)
            self._refresh(self._links.postponed())
        return self._take_ops()

    # --- Text in, operations out ----------------------------------------------------------------------------------

    def _normal(self, text: str) -> str:
        """Line ends as newlines and no control characters, also where a pair of characters arrives in two."""
        text = self._carry + text
        self._carry = ""
        if text.endswith("\r") or _HIGH_SURROGATE.search(text):
            text, self._carry = text[:-1], text[-1]
        return escape.clean(text.replace("\r\n", "\n").replace("\r", "\n"))

    def _add(self, text: str) -> None:
        if self._end_tags and not self._held and _WORDS.fullmatch(text):
            self._append_words(text)
            return
        self._held += text
        weight = len(self._source)
        if len(self._held) >= max((weight - _LAG_FROM) // 32, (weight - _LONG_LAG_FROM) // 8):
            self._advance(final=False)

    def _append_words(self, text: str) -> None:
        """Words at the end of a line of words mean themselves: no parser needed."""
        spaces = len(self._source) - len(self._source.rstrip(" "))
        self._source += text
        shown = (" " * spaces + text).rstrip(" ")
        end_tags = self._end_tags
        if self._source.endswith("  ") or "  " in shown:
            self._end_tags = ""
        if shown:
            last = self._tail[-1]
            self._tail[-1] = last[: len(last) - len(end_tags)] + shown + end_tags
            self._text(end_tags.count("<"), shown)

    def _text(self, depth: int, text: str) -> None:
        match self._ops[-1:]:
            case [("text", int(at), str(before))] if at == depth:
                self._ops[-1] = ("text", depth, before + text)
            case _:
                self._ops.append(("text", depth, text))

    def _take_ops(self) -> list[MarkdownOp]:
        ops, self._ops = self._ops, []
        return ops

    def _advance(self, *, final: bool) -> None:
        if not self._chunk_starts:
            self._chunk_starts.append(0)
            self._ops.append(("chunk", 0))
        self._source, self._held = self._source + self._held, ""
        self._end_tags = ""
        again = True
        while again:
            if isinstance(self._context, OpenFence):
                again = self._advance_fence(self._context, final)
            else:
                again = self._advance_blocks(self._context, final)
        if len(self._elements) - self._chunk_starts[-1] >= CHUNK:
            self._chunk_starts.append(len(self._elements))
            self._ops.append(("chunk", len(self._open_elements())))

    # --- The page -------------------------------------------------------------------------------------------------

    def _open_elements(self) -> list[str]:
        begun = "".join(self._begun.html)
        if isinstance(self._context, OpenFence):
            return [begun + self._context.end_tags]
        if self._context and self._tail:
            return [begun + self._tail[0][len(self._context.path) :], *self._tail[1:]]
        return self._tail

    def _show(self, elements: list[str]) -> None:
        """Patch the tail in the page to be `elements`."""
        if self._context and len(self._tail) > 1 and self._tail[0] != elements[0]:
            # The page's first element holds more than the tail's: it must not be removed with its followers.
            self._patch(self._tail, self._tail[:1])
            self._tail = self._tail[:1]
        self._patch(self._tail, elements)
        self._tail = elements

    def _patch(self, old: list[str], new: list[str]) -> None:
        change = patch("".join(old), "".join(new))
        if not change:
            return
        depth, nodes, units, fragments = change
        match fragments:
            case [int(at), str(html)] if not nodes and not units and "<" not in html:
                self._text(at, unescape(html))
            case _:
                self._ops.append(("patch", depth, nodes, units, *fragments))

    def _replace(self, index: int, html: str) -> None:
        self._ops.append(("replace", index, html))

    def _keep(self, elements: Iterable[str]) -> None:
        """The next elements of the page are final."""
        for element in elements:
            html, marks = self._highlighter.element(element)
            if marks:
                self._ops.append(("mark", len(self._elements), *marks))
            self._elements.append(html)

    def _change(self, first: int, elements: Iterable[str]) -> None:
        """Final elements, from the index `first` on, have become others."""
        for index, element in enumerate(elements, first):
            html, _ = self._highlighter.element(element)
            if self._elements[index] != html:
                self._elements[index] = html
                self._replace(index, html)

    # --- Blocks ---------------------------------------------------------------------------------------------------

    def _parse(self, source: str, context: Context | None) -> tuple[list[Block], References]:
        """Parse behind a context; the lines of the blocks count from the source's first."""
        prefix = context.prefix if context else ""
        lines = context.lines if isinstance(context, ParagraphContext) else 0
        self.parsed_characters += len(prefix) + len(source)
        blocks, added = markdown_html.parse(prefix + source, self._references, lines)
        return [block.moved(-prefix.count("\n")) for block in blocks], added

    def _advance_blocks(self, context: Context | None, final: bool) -> bool:
        """Parse the tail, patch the page, settle what is complete. True when the rest needs another round."""
        source = self._source if final else _without_open_markers(self._source)
        blocks, added = self._parse(source, context)
        if isinstance(context, ParagraphContext) and (not blocks or blocks[0].kind != "paragraph"):
            self._reopen_paragraph(context)
            return True
        lines, nothing_held = Lines(source), len(source) == len(self._source)
        rendered = [elements_behind(b, None if i else context) for i, b in enumerate(blocks)]
        self._show([element for group in rendered for element in group])
        fence = None if final else _open_fence(blocks, lines)
        count, length = (len(blocks) - 1, lines.offset(fence.start)) if fence else _settled(blocks, lines, final)
        self._settle(blocks, lines, rendered, count, length, added)
        if fence:
            self._enter_fence(fence, source[length:])
            return True
        if not final and len(blocks) - count == 1:
            last = blocks[-1]
            if len(self._source) > max(LONG.get(last.kind, len(self._source)), self._cut_from):
                self._cut_inside()
            elif nothing_held and last.kind in _WITH_WORDS and last.end > lines.complete:
                self._note_end_of_words()
        return False

    def _settle(
        self,
        blocks: list[Block],
        lines: Lines,
        rendered: list[list[str]],
        count: int,
        length: int,
        added: References,
    ) -> None:
        """The first `count` blocks and `length` characters of the tail are final."""
        if not count and not length:
            return
        context = self._context
        assert not isinstance(context, OpenFence)
        stand_in = context.prefix.count("\n") if context else 0
        complete = {k: v for k, v in added.items() if lines.offset(v["map"][1] - stand_in) <= length}
        uncertain = added.keys() - complete.keys()
        fresh: list[tuple[int, str]] = []
        for number, (block, pieces) in enumerate(zip(blocks[:count], rendered, strict=False)):
            first, source = len(self._elements), lines.source[lines.offset(block.start) : lines.offset(block.end)]
            if context and not number:
                first, source = self._begun.first, "".join(self._begun.sources) + source
                pieces = ["".join(self._begun.html) + pieces[0][len(context.path) :], *pieces[1:]]
            self._keep(pieces)
            self._links.add(first, source, self._references)
            if (context and not number and self._is_outdated(context, block)) or (
                uncertain and uncertain & markdown_html.labels(source)
            ):
                fresh.append((first, source))
        self._tail = [element for group in rendered[count:] for element in group]
        self._source = self._source[length:]
        if count:
            self._context, self._begun, self._cut_from = None, _Begun(), 0
        self._define(complete)
        self._refresh(fresh)

    def _is_outdated(self, context: Context, block: Block) -> bool:
        """Whether what followed a cut changes what was written before it."""
        loosened = isinstance(context, ListContext) and context.loosened_by(block)
        return loosened or len(self._references) > self._begun.definitions

    def _define(self, references: References) -> None:
        """Make new link definitions known and redo the settled blocks that waited for them."""
        for label, definition in references.items():
            self._references.setdefault(label, definition)
        self._refresh(self._links.resolved(references, 4 * self._received + _STALE_FROM))

    def _refresh(self, blocks: list[tuple[int, str]]) -> None:
        """Render settled blocks, given by first element and source, again, and replace what changed."""
        for first, source in blocks:
            parsed, _ = self._parse(source, None)
            self._change(first, markdown_html.elements(parsed[0]) if parsed else ())

    def _note_end_of_words(self) -> None:
        """See whether further words may be appended to the page without a parser."""
        match = _END_OF_WORDS.search(self._tail[-1][-200:])
        words = self._source.rstrip(" ")
        line = words[words.rfind("\n") + 1 :]
        if match and line.endswith(match[1]) and len(self._source) - len(words) < 2 and _LETTER.search(line):
            self._end_tags = match[2]

    # --- Cuts through long blocks ---------------------------------------------------------------------------------

    def _cut_inside(self) -> None:
        context = self._context
        assert not isinstance(context, OpenFence)
        source = _without_open_markers(self._source)
        blocks, _ = self._parse(source, context)
        cut = None
        if len(blocks) == 1:
            cut = cut_inside(blocks[0], source, context, self._parse, self._references)
        if not cut:
            self._cut_from = len(source) * 5 // 4
            return
        self._show(cut.shown)
        self._cut_from = 0
        begun = self._begun
        if not context:
            self._begun = begun = _Begun(len(self._elements), definitions=len(self._references))
        begun.sources.append(source[: cut.length])
        begun.html = ["".join(begun.html)]
        path = len(context.path) if context else 0
        for piece in cut.done:
            self._keep(["".join(begun.html) + piece[path:]])
            begun.html, path = [], 0
        begun.html.append(cut.begun[path:])
        self._context, self._source, self._tail = cut.context, self._source[cut.length :], cut.tail
        if not cut.context:
            self._links.add(begun.first, "".join(begun.sources), self._references)
            self._begun = _Begun()
        elif _turns_loose(cut.context, context):
            self._loosen(cut.context)
        self._define(cut.references)

    def _loosen(self, context: ListContext) -> None:
        """The list has become loose: the items before the cut get their paragraphs."""
        source = "".join(self._begun.sources) + context.lead + " x"
        blocks, _ = self._parse(source, None)
        items = blocks[0].items()[:-1]
        pieces = markdown_html.list_elements(items, context.tag, context.first, 0)
        if context.path:
            begun = pieces.pop().removesuffix(f"</{context.tag}>")
            self._begun.html = [begun]
            self._replace(len(self._elements), self._open_elements()[0])
        self._change(self._begun.first, pieces)

    def _reopen_paragraph(self, context: ParagraphContext) -> None:
        """What was cut as a paragraph is a heading or a table after all: take it as one block again."""
        self._tail = self._open_elements()
        self._source = "".join(self._begun.sources) + self._source
        self._context, self._begun = None, _Begun()
        self._cut_from = len(self._source) * 2

    # --- Open fences ----------------------------------------------------------------------------------------------

    def _enter_fence(self, block: Block, shown: str) -> None:
        token = block.tokens[0]
        code = token.content
        fence = OpenFence(token.markup, code.count("\n"), not code or code.endswith("\n"))
        self._begun = _Begun(len(self._elements), html=[self._tail[-1].removesuffix(fence.end_tags)])
        self._context, self._tail, self._source = fence, [], self._source[len(shown) :]

    def _advance_fence(self, fence: OpenFence, final: bool) -> bool:
        """Write code to the page. True when the fence has closed and text follows."""
        code, self._source, closed = fence.split(self._source, final)
        for piece, begins, run in fence.write(code):
            html = escape.text(run)
            if begins:
                html = f'<span class="ac-lines">{html}'
                self._ops.append(("patch", 2, 0, 0, 2, html + "</span>"))
                self._begun.html.append("</span>" if piece > 1 else "")
            else:
                self._text(3 if piece else 2, run)
            self._begun.html.append(html)
        if closed or final:
            self._keep(self._open_elements())
            self._context, self._begun = None, _Begun()
        return closed and bool(self._source)


class _LateLinks:
    """Settled blocks that may change when a link definition comes after them."""

    def __init__(self) -> None:
        self._sources: dict[int, str] = {}
        self._waiting: dict[str, list[int]] = {}
        self._postponed: set[int] = set()
        self._spent = 0

    def add(self, first: int, source: str, references: References) -> None:
        """Remember the block whose first element is `first` if it mentions labels that are not defined."""
        missing = markdown_html.labels(source) - references.keys()
        if missing:
            self._sources[first] = source
        for label in missing:
            self._waiting.setdefault(label, []).append(first)

    def resolved(self, references: References, budget: int) -> list[tuple[int, str]]:
        """The blocks that mention these labels, as long as all blocks answered so far are within `budget` characters.

        Those beyond it are postponed.
        """
        found: list[tuple[int, str]] = []
        for first in sorted({i for label in references for i in self._waiting.pop(label, ())}):
            source = self._sources[first]
            if self._spent + len(source) > budget:
                self._postponed.add(first)
            else:
                self._spent += len(source)
                found.append((first, source))
        return found

    def postponed(self) -> list[tuple[int, str]]:
        """The blocks that were due but too dear."""
        due, self._postponed = sorted(self._postponed), set()
        return [(first, self._sources[first]) for first in due]


def _without_open_markers(source: str) -> str:
    """The source without an end that may still turn out to be markup: it would flash as text first."""
    match = _MARKERS.search(source, max(0, len(source) - 80))
    if match:
        return source[: match.start(1)]
    match = _OPENERS.search(source, max(0, len(source) - 12))
    return source[: match.start()] if match else source


def _turns_loose(after: Context, before: Context | None) -> TypeGuard[ListContext]:
    """Whether a list that was tight up to one cut is loose up to the next; answers for `after`."""
    return isinstance(before, ListContext) and isinstance(after, ListContext) and after.loose and not before.loose


def _open_fence(blocks: list[Block], lines: Lines) -> Block | None:
    """The last block if it is an open fence at the left margin which no further line can turn into a table."""
    last = blocks[-1] if blocks else None
    if not last or not last.is_open_fence or last.start >= lines.complete:
        return None
    opening = lines.text(last.start)
    certain = "|" not in opening or lines.complete >= last.start + 2
    return last if certain and opening[0] == last.tokens[0].markup[0] else None


def _settled(blocks: list[Block], lines: Lines, final: bool) -> tuple[int, int]:
    """How many blocks no further text can change, and the characters up to their end."""
    everything = len(blocks), len(lines.source)
    if final:
        return everything
    last = blocks[-1] if blocks else None
    closed_fence = last is not None and last.kind == "fence" and not last.is_open_fence
    if lines.complete and lines.offset(lines.complete) == len(lines.source):
        if lines.is_blank(lines.complete - 1) and (not last or last.kind in _CLOSED_BY_BLANK or closed_fence):
            return everything
        if last and last.end == lines.complete and (closed_fence or last.kind in {"heading", "hr"}):
            # The line after a first line with a bar in it could still make both a table.
            may_be_table = "|" in lines.text(last.start) and last.start == lines.complete - 1
            if not may_be_table:
                return everything
    for index in range(len(blocks) - 1, 0, -1):
        start = blocks[index].start
        begins_text = lines.is_blank(start - 1) and lines.source[lines.offset(start)].isalpha()
        if start < lines.complete or begins_text:
            # Link definitions between the two blocks may still go on, so they stay.
            return index, lines.offset(blocks[index - 1].end)
    return 0, 0
