"""Growing text on its way to a terminal: any chunking gives the same result, and what stays open stays small."""

from __future__ import annotations

import random

import pytest

from agentcell.render.terminal_text import LONGEST, TALLEST, CleanText, MarkdownTail, Part

ANSWER = """# Title

A first paragraph
on two lines.

- one

  still one
- two
```py
print("in the list's end")

x = 1
```

1. first
2. second

| a | b |
|---|---|
| 1 | 2 |

> quoted
> text

    indented

    more of it

The end."""


def cleaned(pieces: list[str]) -> str:
    clean = CleanText()
    return "".join(clean.feed(piece) for piece in pieces) + clean.end()


def parts(pieces: list[str]) -> list[Part]:
    tail = MarkdownTail()
    found = [part for piece in pieces for part in tail.feed(piece)]
    return [*found, *tail.end()]


def cut(text: str, seed: int) -> list[str]:
    chance = random.Random(seed)
    pieces = []
    while text:
        length = chance.randint(1, 9)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\x1b[31mred\x1b[0m b", "ared b"),
        ("title \x1b]0;owned\x07done", "title done"),
        ("link \x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\!", "link text!"),
        ("bell\x07 back\x08 carriage\r\nnext\tcell", "bell back carriage\nnext\tcell"),
        ("c1 \x9b2Jx \x85y", "c1 x y"),
        ("pair \ud83d\ude00 lone \ud83d.", "pair \U0001f600 lone \ufffd."),
        ("ends in \x1b[", "ends in "),
        ("never closed \x1b]0;the rest", "never closed 0;the rest"),
    ],
)
def test_control_sequences_are_removed_whatever_the_cuts(raw: str, shown: str) -> None:
    assert cleaned([raw]) == shown
    assert cleaned(list(raw)) == shown


def test_a_sequence_without_an_end_does_not_hold_the_text_back_for_ever() -> None:
    clean = CleanText()
    shown = "".join(clean.feed("x" * 100) for _ in range(10)) + clean.feed("\x1b]")
    for _ in range(100):
        shown += clean.feed("y" * 100)
    assert shown.count("y") > 5_000
    assert "\x1b" not in shown + clean.end()


def test_parts_say_the_whole_text_once() -> None:
    whole = "".join(part.source for part in parts([ANSWER]))
    assert [line for line in whole.splitlines() if line] == [line for line in ANSWER.splitlines() if line]


def test_blocks_settle_as_blocks() -> None:
    sources = [part.source for part in parts([ANSWER])]
    assert sources[0] == "# Title\n"
    assert sources[1] == "A first paragraph\non two lines.\n\n"
    assert any(source.startswith("- one") and "- two" in source for source in sources)
    assert any(source.startswith("    indented\n\n    more") for source in sources)
    assert not any(part.continues for part in parts([ANSWER]))


@pytest.mark.parametrize("text", [ANSWER, "word " * 3000, "- item\n" * 200, "```\n" + "code\n" * 200 + "```\nafter"])
def test_any_chunking_gives_the_same_parts(text: str) -> None:
    whole = parts([text])
    assert parts(list(text)) == whole
    for seed in range(5):
        assert parts(cut(text, seed)) == whole


def test_a_finished_paragraph_is_given_out_at_once() -> None:
    tail = MarkdownTail()
    assert tail.feed("One.\n") == []
    assert tail.feed("\nTw") == [Part("One.\n\n", continues=False)]
    assert tail.source == "Tw"


@pytest.mark.parametrize(
    "unit",
    ["x", "word ", "- item\n", "| a | b |\n", "> quote\n", "line\n", "# h\n", "    code\n", "1. n\n\n   more\n"],
)
@pytest.mark.parametrize("opening", ["", "```py\n", "| a | b |\n|---|---|\n", "- "])
def test_what_stays_open_stays_small(unit: str, opening: str) -> None:
    tail = MarkdownTail()
    tail.feed(opening)
    for _ in range(4000):
        tail.feed(unit)
        assert len(tail.source) <= 2 * LONGEST
        assert tail.source.count("\n") <= TALLEST + 2


def test_long_code_goes_on_as_code() -> None:
    found = parts(["```python\n" + "x = 1\n" * 100 + "```\n"])
    assert len(found) > 2
    assert all(part.source.startswith("```python\n") and part.source.endswith("```\n") for part in found)
    assert [part.continues for part in found] == [False, *[True] * (len(found) - 1)]
    assert sum(part.source.count("x = 1\n") for part in found) == 100


def test_a_long_table_keeps_its_header() -> None:
    header = "| name | value |\n|---|---|\n"
    found = parts([header + "".join(f"| n{i} | {i} |\n" for i in range(100))])
    assert len(found) > 2
    assert all(part.source.startswith(header) for part in found)
    assert sum(part.source.count("| n") for part in found) == 100 + len(found)


def test_a_long_list_is_cut_between_items() -> None:
    found = parts(["".join(f"{i}. item {i}\n   its second line\n" for i in range(1, 101))])
    assert len(found) > 2
    assert all(part.source.split(".")[0].isdigit() and part.source.endswith("second line\n") for part in found)
