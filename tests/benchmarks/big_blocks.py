"""Texts of one big block each, and what a kernel pays to show them while they arrive.

A text arrives in deltas of about six characters, so many deltas to a frame; each frame is folded into operations as a
live view does it. What counts is the CPU time of a kilobyte in a big block against that in a small one.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from agentcell.render.markdown import MarkdownFold

SMALL, BIG = 20_000, 200_000
"""Characters of the two sizes that are compared."""
FRAMES = {"2,000 tokens/s": 400, "200 tokens/s": 40}
"""Characters of a frame, by the speed of the model."""

_WORDS = re.findall(
    r"\w+",
    "the model writes a long answer about streams and frames in which nothing is lost while pages stay calm and "
    "people read what arrives without any flicker because finished blocks are never touched again",
)


def _words(random_: random.Random, number: int) -> str:
    return " ".join(random_.choice(_WORDS) for _ in range(number))


def _code(r: random.Random) -> Iterator[str]:
    yield "```python\n"
    for n in count():
        yield f'    value_{n} = compute({n}, "{_words(r, 3)}")  # {_words(r, 2)}\n'


def _one_line_code(r: random.Random) -> Iterator[str]:
    yield "```\n"
    while True:
        yield _words(r, 9) + " "


def _indented_code(r: random.Random) -> Iterator[str]:
    for n in count():
        yield f'    value_{n} = compute({n}, "{_words(r, 3)}")\n'


def _list(r: random.Random) -> Iterator[str]:
    for n in count():
        yield f"- **{_words(r, 2)}** {_words(r, 8)} `x{n}`\n"


def _loose_list(r: random.Random) -> Iterator[str]:
    for n in count(1):
        yield f"{n}. {_words(r, 8)} `x{n}`\n\n"


def _nested_list(r: random.Random) -> Iterator[str]:
    yield "- the one item\n"
    for n in count():
        yield f"{'  ' * (1 + n % 3)}- {_words(r, 8)} *{n}*\n"


def _deep_list(r: random.Random) -> Iterator[str]:
    """One item in one item, and in that all the others."""
    yield "1. outer\n"
    yield "   - inner\n"
    for n in count():
        yield f"     - {_words(r, 8)} *{n}*\n"


def _paragraphs_in_item(r: random.Random) -> Iterator[str]:
    yield "- the one item\n\n"
    while True:
        yield f"  {_words(r, 40)}.\n\n"


def _code_in_item(r: random.Random) -> Iterator[str]:
    yield "- the one item\n\n  ```python\n"
    for n in count():
        yield f'  value_{n} = compute({n}, "{_words(r, 3)}")\n'


def _table(r: random.Random) -> Iterator[str]:
    yield "| number | what | *how* | why |\n| ---: | --- | :---: | --- |\n"
    for n in count():
        yield f"| {n} | {_words(r, 4)} | **{_words(r, 1)}** | `{_words(r, 2)}` |\n"


def _paragraph(r: random.Random) -> Iterator[str]:
    for n in count():
        yield f"{_words(r, 14)}, *{_words(r, 2)}* and `x{n}` with [a link](https://example.org/{n}).\n"


def _one_line_paragraph(r: random.Random) -> Iterator[str]:
    while True:
        yield f"{_words(r, 14)}. "


def _markers(r: random.Random) -> Iterator[str]:
    for n in count():
        yield f"{_words(r, 4)} *{n} **{_words(r, 1)} _{n} [{_words(r, 2)} `` {n}\n"


def _quote(r: random.Random) -> Iterator[str]:
    while True:
        yield f"> {_words(r, 14)} *{_words(r, 1)}*\n"


def _quoted_paragraphs(r: random.Random) -> Iterator[str]:
    for n in count():
        yield f"> {_words(r, 14)} *{_words(r, 1)}*\n" + (">\n" if n % 4 == 3 else "")


def _quoted_list(r: random.Random) -> Iterator[str]:
    for n in count():
        yield f"> - {_words(r, 9)} *{n}*\n"


def _quoted_code(r: random.Random) -> Iterator[str]:
    yield "> ```python\n"
    for n in count():
        yield f'> value_{n} = compute({n}, "{_words(r, 3)}")\n'


def _ordinary(r: random.Random) -> Iterator[str]:
    """What models write: headings, paragraphs, lists, code and tables."""
    for n in count(1):
        yield f"## {_words(r, 4)}\n\n{_words(r, 40)}. **{_words(r, 3)}** {_words(r, 30)} "
        yield f"[{n}](https://example.org/{n}).\n\n"
        yield "".join(f"- {_words(r, 10)} `x{i}`\n" for i in range(5)) + "\n"
        yield "```python\n" + "".join(f"x{i} = f({i})  # {_words(r, 4)}\n" for i in range(8)) + "```\n\n"
        if n % 3 == 0:
            yield "| a | b |\n| --- | ---: |\n" + "".join(f"| {_words(r, 3)} | {i} |\n" for i in range(6)) + "\n"


KINDS: dict[str, Callable[[random.Random], Iterator[str]]] = {
    "code": _code,
    "list": _list,
    "table": _table,
    "paragraph": _paragraph,
    "quote": _quote,
    "code in one line": _one_line_code,
    "indented code": _indented_code,
    "loose list": _loose_list,
    "one item with a nested list": _nested_list,
    "one item in one item": _deep_list,
    "one item of paragraphs": _paragraphs_in_item,
    "one item of code": _code_in_item,
    "paragraph in one line": _one_line_paragraph,
    "paragraph of unmatched markers": _markers,
    "quoted paragraphs": _quoted_paragraphs,
    "quoted list": _quoted_list,
    "quoted code": _quoted_code,
    "ordinary Markdown": _ordinary,
}
"""The blocks, each without an end."""


def text(kind: str, size: int, seed: int = 5) -> str:
    """So many characters of one block."""
    found: list[str] = []
    length = 0
    for piece in KINDS[kind](random.Random(seed)):
        found.append(piece)
        length += len(piece)
        if length >= size:
            return "".join(found)[:size]
    raise AssertionError("blocks have no end")


def frames(source: str, size: int) -> list[str]:
    """The text as frames of about so many characters."""
    return [source[start : start + size] for start in range(0, len(source), size)]


def fold_cost(source: str, frame: int) -> tuple[float, int, int]:
    """CPU seconds, the number of messages and their bytes, to fold a text and to write its messages."""
    pieces = frames(source, frame)
    fold = MarkdownFold()
    sent = messages = 0
    start = time.process_time()
    for piece in pieces:
        ops: list[Any] = [["md", "k", *op] for op in fold.append(piece)]
        if ops:
            sent += len(json.dumps(ops))
            messages += 1
    sent += len(json.dumps(fold.finish()))
    return time.process_time() - start, messages, sent


def measure(kinds: Sequence[str], *, short: bool) -> dict[str, dict[str, tuple[float, float]]]:
    """CPU milliseconds a kB by kind of block: in the kernel at both speeds, and in the browser, small and big."""
    from .block_page import BlockPage

    big = 3 * SMALL if short else BIG
    fold_cost(text(kinds[0], SMALL), 400)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    with BlockPage() as page:
        page.cost(text(kinds[0], SMALL // 4))
        for kind in kinds:
            size = big if short or kind != "ordinary Markdown" else 1_000_000
            row = found[kind] = {}
            for speed, frame in FRAMES.items():
                costs = [min(fold_cost(text(kind, s), frame)[0] for _ in range(2)) / s for s in (SMALL, size)]
                row[f"kernel, {speed}"] = (costs[0] * 1e6, costs[1] * 1e6)
            # The middle of three for the small one, whose figure is the less certain.
            small = sorted(page.cost(text(kind, SMALL)) for _ in range(1 if short else 3))[-2 if not short else 0]
            row["browser"] = (small / SMALL * 1e6, page.cost(text(kind, size)) / size * 1e6)
            print(kind, row, flush=True)
    return found
