"""Any chunking, same page: the operations, the fold's own HTML and the whole render agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcell.render import escape, markdown, markdown_context, markdown_fence, markdown_html
from agentcell.render.highlight import Highlighter
from agentcell.render.markdown import MarkdownFold, render_markdown

from . import dom
from .markdown_cases import CASES


def whole(source: str) -> str:
    """One parse of the whole text, without a fold."""
    text = escape.clean(source.replace("\r\n", "\n").replace("\r", "\n"))
    blocks, _ = markdown_html.parse(text, {})
    highlighter = Highlighter()
    return "".join(highlighter.element(element)[0] for block in blocks for element in markdown_html.elements(block))


def stream(pieces: list[str]) -> dom.Element:
    """The page after every piece; at every step it must be what the fold says that it is."""
    fold, container = MarkdownFold(), dom.Element("root")
    for piece in pieces:
        dom.apply(container, fold.append(piece))
        assert container == dom.parse(fold.html)
    dom.apply(container, fold.finish())
    assert container == dom.parse(fold.html)
    return container


def assert_same(pieces: list[str]) -> None:
    assert dom.unwrapped(stream(pieces)) == dom.parse(whole("".join(pieces))).children


def pieces_of(text: str, sizes: list[int]) -> list[str]:
    pieces, start, turn = [], 0, 0
    while start < len(text):
        size = sizes[turn % len(sizes)]
        pieces.append(text[start : start + size])
        start, turn = start + size, turn + 1
    return pieces


@pytest.fixture(params=["ordinary limits", "tiny limits"])
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tiny limits short texts are cut, chunked and pieced as only very long ones are otherwise."""
    if request.param == "ordinary limits":
        return
    monkeypatch.setattr(markdown_html, "LIST_PIECE", 3)
    monkeypatch.setattr(markdown_html, "TABLE_PIECE", 2)
    monkeypatch.setattr(markdown_html, "CODE_PIECE", 2)
    monkeypatch.setattr(markdown_html, "PARAGRAPH_PIECE", 3)
    monkeypatch.setattr(markdown_fence, "CODE_PIECE", 2)
    monkeypatch.setattr(markdown, "CHUNK", 2)
    monkeypatch.setattr(markdown, "_SLICE", 16)
    monkeypatch.setattr(markdown_context, "_KEEP_OPEN", 4)
    for kind in markdown_context.LONG:
        monkeypatch.setitem(markdown_context.LONG, kind, 15)


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("source", CASES)
def test_each_case_whole_and_cut_to_pieces(source: str) -> None:
    for text in (source, f"{source}\n", f"first\n\n{source}\n\nlast [ref]\n\n[ref]: https://late.e\n"):
        for sizes in ([1], [2, 3], [7], [len(text)]):
            assert_same(pieces_of(text, sizes))


documents = st.lists(st.tuples(st.sampled_from(CASES), st.sampled_from(["\n", "\n\n"])), min_size=1, max_size=9).map(
    lambda parts: "".join(case + end for case, end in parts)
)
cuts = st.lists(st.integers(1, 40), min_size=1, max_size=12)


@pytest.mark.parametrize("limits", ["ordinary limits", "tiny limits"], indirect=True)
def test_documents_in_random_chunkings(limits: None) -> None:
    @settings(max_examples=120, deadline=None)
    @given(documents, cuts)
    def check(text: str, sizes: list[int]) -> None:
        assert_same(pieces_of(text, sizes))

    check()


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab \n\t*_`~[]()<>!#-+=|:\\&1.)\"'é😀", max_size=120), cuts)
def test_any_text_in_random_chunkings(text: str, sizes: list[int]) -> None:
    assert_same(pieces_of(text, sizes))


def test_a_snapshot_can_take_over_at_any_time() -> None:
    text = "\n\n".join(CASES)
    fold, container = MarkdownFold(), dom.Element("root")
    for number, piece in enumerate(pieces_of(text, [11, 3, 40])):
        dom.apply(container, fold.append(piece))
        if number % 5 == 0:
            container = dom.parse(fold.html)
    dom.apply(container, fold.finish())
    assert container == dom.parse(fold.html)
    assert dom.unwrapped(container) == dom.unwrapped(dom.parse(render_markdown(text)))


def test_settled_blocks_are_not_touched_by_what_follows() -> None:
    fold, container = MarkdownFold(), dom.Element("root")
    dom.apply(container, fold.append("one *two*\n\n- a\n- b\n\nthree"))
    before = dom.unwrapped(container)[:2]
    dom.apply(container, fold.append(" four\n\n```\ncode\n```\n"))
    after = dom.unwrapped(container)[:2]
    assert all(a is b for a, b in zip(before, after, strict=True))


def test_words_cost_their_own_characters() -> None:
    fold = MarkdownFold()
    fold.append("Some words and")
    assert fold.append(" more") == [("text", 1, " more")]
    parsed = fold.parsed_characters
    assert fold.append(" of them") == [("text", 1, " of them")]
    assert fold.parsed_characters == parsed


def test_a_late_definition_replaces_the_settled_block() -> None:
    fold = MarkdownFold()
    fold.append("see [docs]\n\nnext\n\n")
    ops = fold.append("[docs]: https://d.example/x\n\n")
    assert [op[:2] for op in ops] == [("replace", 0)]
    assert '<a href="https://d.example/x"' in fold.html


def test_a_list_that_turns_loose_late_is_loose_as_a_whole() -> None:
    assert_same(["".join(f"- item number {i} with words\n" for i in range(200)), "\n- loose\n", "- end\n"])


def test_a_long_paragraph_that_becomes_a_heading_is_one_heading() -> None:
    assert_same(pieces_of("Some words, and *more* of them. " * 200 + "end\n===\nafter", [50]))


LINES = "words and *more* of them\n" * markdown_html.PARAGRAPH_PIECE


@pytest.mark.parametrize(
    "source",
    [
        LINES * 2 + "end",
        LINES + "===\nafter",
        LINES[:-1] + " **open\nclosed** and [x][r]\n" + LINES + "\n[r]: /late\n",
        LINES + "    not code\n",
        LINES + "1986. a year\n",
        LINES + "[r]: /definition\n" + LINES,
        "[r]: /definition\n" + LINES * 3,
        "> " + LINES + "lazy\n",
        "- " + LINES.replace("\n", "\n  ") + "more\n",
        LINES.replace("words", "**") * 2,
        LINES + "|a|b|\n|-|-|\n|c|d|\n",
    ],
    ids=range(11),
)
@pytest.mark.parametrize("size", [7, 300, 100_000])
def test_long_paragraphs_are_pieced_the_same_in_any_chunking(source: str, size: int) -> None:
    assert_same(pieces_of(source, [size]))


def test_chunks_hold_about_64_elements() -> None:
    page = stream(pieces_of("".join(f"paragraph {i}\n\n" for i in range(300)), [30]))
    sizes = [len(chunk.children) for chunk in page.children if isinstance(chunk, dom.Element)]
    assert sum(sizes) == 300
    assert all(64 <= size <= 70 for size in sizes[:-1])


def test_long_things_are_written_in_pieces() -> None:
    page = stream(["- i\n" * 300 + "\n|a|\n|-|\n" + "|r|\n" * 130 + "\n```\n" + "c\n" * 130 + "```\n" + "w\n" * 300])
    tags = [element.tag for element in page.walk()]
    assert (tags.count("ul"), tags.count("tbody"), tags.count("p")) == (3, 3, 3)
    assert [len(e.text().splitlines()) for e in page.walk() if e.attributes == (("class", "ac-lines"),)] == [64, 2]


def test_pairs_that_arrive_in_two() -> None:
    fold = MarkdownFold()
    for piece in ("a\r", "\nb \ud83d", "\ude00 c\ud83d", " d\r"):
        fold.append(piece)
    fold.finish()
    assert fold.html == '<div class="ac-chunk"><p>a\nb 😀 c\ufffd d</p></div>'


def test_finish_ends_the_text() -> None:
    fold = MarkdownFold()
    assert fold.finish() == [] and fold.html == ""
    assert fold.finish() == []
    with pytest.raises(ValueError, match="finished"):
        fold.append("more")


def test_an_empty_append_shows_what_waits() -> None:
    fold = MarkdownFold()
    fold.append("> " + "(words) " * 400)
    fold.append("(last)")
    assert "(last)" not in fold.html
    assert fold.append("") and "(last)" in fold.html


LONG_TEXTS: dict[str, Callable[[int], str]] = {
    "code": lambda n: "```py\n" + "x = compute(1, 2) # note\n" * (n // 25),
    "list": lambda n: "- an item with *some* text (here)\n" * (n // 33),
    "loose list": lambda n: "- an item with *some* text\n\n" * (n // 28),
    "numbered list": lambda n: "".join(f"{i}. item `x`\n" for i in range(n // 15)),
    "paragraph": lambda n: "Some words, and *more* of them; then `code`. " * (n // 45),
    "table": lambda n: "|a|b|c|\n|-|-|-|\n" + "| one | *two* | 3 |\n" * (n // 19),
    "quote": lambda n: "> quoted words, *here*\n" * (n // 23),
    "nested list": lambda n: "- top\n" + "  - nested item (x)\n" * (n // 20),
    "open markers": lambda n: "**a [b _c " * (n // 10),
    "indented code": lambda n: "    code line()\n" * (n // 16),
    "backticks in a fence": lambda n: "```\n" + "`" * n,
    "one word": lambda n: "x" * n,
    "brackets": lambda n: "[" * n,
    "definitions": lambda n: "".join(f"[a{i}]: https://x.e/{i}\n" for i in range(n // 22)),
    "late links": lambda n: (
        "".join(f"[a{i}]\n\n" for i in range(n // 40)) + "".join(f"[a{i}]: https://x.e/{i}\n\n" for i in range(n // 40))
    ),
    "no spaces": lambda n: "字、" * (n // 2),
    "heading": lambda n: "# " + "word (x) " * (n // 9),
}


@pytest.mark.parametrize("frame", [4, 200])
@pytest.mark.parametrize("kind", LONG_TEXTS)
def test_the_work_is_linear(kind: str, frame: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts characters given to the parser: four times the text is about four times the work, not sixteen."""
    costs: dict[int, float] = {}
    if kind in {"brackets", "open markers"}:  # slow to parse, and their cost does not depend on what they mean
        monkeypatch.setattr(markdown_html._PARSER, "parse", lambda source, env: _one_paragraph(source))
    for size in (6_000, 24_000):
        text = LONG_TEXTS[kind](size)
        fold = MarkdownFold()
        sent = sum(_size(op) for piece in pieces_of(text, [frame]) for op in fold.append(piece))
        sent += sum(_size(op) for op in fold.finish())
        costs[size] = fold.parsed_characters / len(text)
        assert sent < 14 * len(text) + 4096
    assert costs[24_000] < 1.5 * costs[6_000] + 15
    assert costs[24_000] < 160


def _size(op: tuple[Any, ...]) -> int:
    return sum(len(part) if isinstance(part, str) else 3 for part in op)


def _one_paragraph(source: str) -> list[markdown_html.Token]:
    token = markdown_html.Token
    lines = [0, source.count("\n") + 1]
    body = token("inline", "", 0, level=1, children=[token("text", "", 0, content=source.strip())])
    return [token("paragraph_open", "p", 1, map=lines), body, token("paragraph_close", "p", -1)]
