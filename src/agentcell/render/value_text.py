"""What tools wrote and returned as lines of plain text, for terminals and transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..rich_results import ImageResult, OwnDisplay, RichResult, SeveralResults, TableResult, TreeNode, TreeResult
from ..view.model import ToolCard
from . import escape
from .values import CHANNELS, ELLIPSIS, facts, written_lines

WIDEST = 24
"""Characters of a column."""
LINE_LENGTH = 160
"""Characters of a line of a table or a tree."""


def printed_lines(card: ToolCard, channels: Iterable[str] = CHANNELS) -> list[tuple[str, str]]:
    """What a tool wrote: the channel and the line, in the order in which it wrote them."""
    wanted = set(channels)
    return [
        (CHANNELS[printed.channel], line)
        for printed in card.printed
        if printed.channel in wanted
        for line in escape.plain("".join(written_lines(str(printed.text)))).splitlines()
    ]


def rich_lines(result: RichResult, width: int = LINE_LENGTH) -> list[str]:
    """A result in lines of at most `width` characters: what it is, then the table or the tree."""
    return [_line(escape.plain(line), width) for line in _lines(result)]


def _lines(result: RichResult) -> Iterator[str]:
    yield facts(result)
    match result:
        case TableResult():
            yield from _table(result)
        case TreeResult():
            yield from _tree(result.root, "  ")
        case SeveralResults():
            for part in result.parts:
                yield from _lines(part)
            if result.left_out:
                yield f"{ELLIPSIS} {result.left_out:,} more"
        case OwnDisplay():
            yield f"It would show itself as {' or '.join(result.forms)}."
        case ImageResult():
            pass


def _table(table: TableResult) -> Iterator[str]:
    """The table in columns of equal width."""
    lines = [["", *table.columns] if table.index else list(table.columns)]
    for place, row in enumerate(table.rows):
        if place == table.rows_cut_at:
            lines.append([ELLIPSIS] * len(lines[0]))
        lines.append([table.index[place], *row] if table.index else list(row))
    if table.columns_cut_at is not None:
        at = table.columns_cut_at + bool(table.index)
        lines = [[*line[:at], ELLIPSIS, *line[at:]] for line in lines]
    shown = [[_short(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    right = [False] * bool(table.index) + list(table.numeric)
    if table.columns_cut_at is not None:
        right.insert(table.columns_cut_at + bool(table.index), False)
    for line in shown:
        cells = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=False)]
        yield ("  " + "  ".join(cells)).rstrip()


def _tree(node: TreeNode, indent: str) -> Iterator[str]:
    for name, member in node.members:
        value = "" if member.text is None else " ".join(escape.visible(member.text).split())
        kind = f"{member.type_name} " if member.members else ""
        more = f" ({member.left_out})" if member.left_out and not member.members else ""
        yield f"{indent}{escape.visible(name)}{': ' if name else ''}{kind}{value}{more}".rstrip()
        yield from _tree(member, indent + "  ")
    if node.left_out:
        yield f"{indent}{ELLIPSIS} {node.left_out}"


def _short(cell: str) -> str:
    line = " ".join(escape.visible(cell).split())
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}{ELLIPSIS}"


def _line(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}{ELLIPSIS}"
