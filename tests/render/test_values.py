"""Progress, printed output and results in a card: live and record alike, and all that a tool made is text."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from agentcell.render.live import LiveRenderer
from agentcell.render.record import record
from agentcell.render.terminal import TerminalRenderer
from agentcell.render.transcript import markdown_transcript, plain_transcript
from agentcell.render.values import SHOWN_TEXT, long_text, written_lines
from agentcell.rich_results import (
    ImageResult,
    OwnDisplay,
    RichResult,
    SeveralResults,
    TableResult,
    TreeNode,
    TreeResult,
)
from agentcell.stream_events import CallParsed, RunFinished, ToolFinished, ToolPrinted, ToolProgressed, ToolStarted
from agentcell.view.model import EMPTY, RunView
from agentcell.view.reduce import reduce

from .dom import Element, parse
from .page import Page, normal
from .test_live import shape

EVIL = "<img src=x onerror=alert(1)></pre><script>alert(2)</script>\u202e&amp;"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TABLE = TableResult(
    EVIL,
    (1000, 50),
    (EVIL, "n"),
    ("0", EVIL),
    ((EVIL, "1"), ("b", "2")),
    (False, True),
    (EVIL, "int64"),
    EVIL,
    1,
    1,
)
TREE = TreeResult(
    EVIL,
    TreeNode(
        EVIL,
        members=(
            (EVIL, TreeNode("str", EVIL)),
            ("in", TreeNode("list", members=(("0", TreeNode("int", "1")),), size=1)),
        ),
        size=9,
        left_out="7 more",
    ),
)
IMAGE = ImageResult(EVIL, "image/png", PIXEL, 10, 20, EVIL)
OWN = OwnDisplay(EVIL, ("HTML", "SVG"))
RESULTS: dict[str, RichResult] = {
    "table": TABLE,
    "tree": TREE,
    "image": IMAGE,
    "own": OWN,
    "several": SeveralResults("list", (IMAGE, TABLE), 3),
}


def begun() -> list[Any]:
    return [CallParsed("c", "tool", "{}", "tool"), ToolStarted("c", "tool")]


def after(events: list[Any], view: RunView = EMPTY) -> RunView:
    for place, event in enumerate(events):
        view = reduce(view, event, float(place))
    return view


def live(view: RunView) -> Element:
    renderer = LiveRenderer()
    renderer.update(view)
    return parse(renderer.snapshot())


def assert_safe(root: Element) -> None:
    for element in root.walk():
        attributes = dict(element.attributes)
        assert element.tag not in ("script", "style", "iframe", "object", "svg")
        assert not any(name.startswith("on") for name in attributes)
        if element.tag == "img":
            assert re.fullmatch(r"data:image/png;base64,[\w+/=]+", attributes["src"] or "")


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_the_same_in_both_skins_and_hostile_names_stay_text(name: str) -> None:
    end = ToolFinished("c", "tool", EVIL, "completed", None, RESULTS[name], 4)
    view = after([*begun(), end, RunFinished("done", "x")])
    page, kept = live(view), parse(record(view))
    assert shape(page) == shape(kept)
    for root in (page, kept):
        assert_safe(root)
        text = root.text()
        assert "result.tool_results[4]" in text and "<img src=x onerror=alert(1)>" in text
        assert "\u202e" not in text and "⟨U+202E⟩" in text
    for said in (plain_transcript(view), markdown_transcript(view)):
        assert "onerror" in said and "\u202e" not in said
    assert "<img" not in re.sub(r"(?s)```.*?```", "", markdown_transcript(view))


def test_a_table_is_a_table() -> None:
    root = live(after([*begun(), ToolFinished("c", "tool", "text", result=TABLE)]))
    assert "1,000 rows \u00d7 50 columns" in root.text()
    (table,) = [e for e in root.walk() if dict(e.attributes).get("class") == "ac-v-grid"]
    rows = [[c for c in row.children if isinstance(c, Element)] for row in table.walk() if row.tag == "tr"]
    assert [len(row) for row in rows] == [4, 4, 4, 4]
    assert [cell.text() for cell in rows[2]] == ["…"] * 4, "the rows that are left out"
    assert [row[2].text() for row in rows] == ["…"] * 4, "the columns that are left out"
    assert "ac-number" in (dict(rows[1][3].attributes)["class"] or "")
    kept = parse(record(after([*begun(), ToolFinished("c", "tool", "text", result=TABLE)])))
    assert any("text-align:right" in (dict(e.attributes).get("style") or "") for e in kept.walk() if e.tag == "td")


def test_an_image_has_a_size_and_words() -> None:
    (image,) = [
        e for e in live(after([*begun(), ToolFinished("c", "tool", "t", result=IMAGE)])).walk() if e.tag == "img"
    ]
    attributes = dict(image.attributes)
    assert (attributes["width"], attributes["height"]) == ("10", "20") and "10 × 20" in (attributes["alt"] or "")
    assert attributes["src"] == f"data:image/png;base64,{PIXEL}"


@pytest.mark.parametrize(("mime", "data"), [("image/svg+xml", PIXEL), ("image/png", '"><b>'), ("text/html", PIXEL)])
def test_an_image_that_is_none_is_not_shown(mime: str, data: str) -> None:
    root = live(after([*begun(), ToolFinished("c", "tool", "t", result=ImageResult("X", mime, data))]))
    assert not [e for e in root.walk() if e.tag == "img"] and "cannot be shown" in root.text()


def test_large_branches_of_a_tree_are_closed() -> None:
    def branch(size: int) -> TreeNode:
        return TreeNode("list", members=tuple((str(n), TreeNode("int", str(n))) for n in range(size)), size=size)

    result = TreeResult("dict", TreeNode("dict", members=(("a", branch(3)), ("b", branch(30))), size=2))
    root = live(after([*begun(), ToolFinished("c", "tool", "t", result=result)]))
    branches = [e for e in root.walk() if dict(e.attributes).get("class") == "ac-v-branch"]
    assert ["open" in dict(e.attributes) for e in branches] == [True, False]


def test_progress_is_a_bar_in_both_skins() -> None:
    view = after([*begun(), ToolProgressed("c", "page <4>", 0.4)])
    for root in (live(view), parse(record(view))):
        styles = [dict(e.attributes).get("style") or "" for e in root.walk()]
        assert any("width:40.0%" in style for style in styles)
        assert "40%" in root.text() and "page <4>" in root.text()
    assert any("width:40.0%" in s and "background-color" in s for s in styles), "the record's own look stays"
    said = live(after([*begun(), ToolProgressed("c", "page 4")]))
    (progress,) = [e for e in said.walk() if dict(e.attributes).get("class") == "ac-progress"]
    assert progress.text() == "page 4"
    ended = live(after([*begun(), ToolProgressed("c", "page 4", 1.0), ToolFinished("c", "tool", "t")]))
    assert "page 4" not in ended.text()


def printed(*pieces: tuple[Any, str]) -> list[Any]:
    return [ToolPrinted("c", channel, text) for channel, text in pieces]


def test_printed_output_grows_and_is_sent_once() -> None:
    renderer, view = LiveRenderer(), EMPTY
    page = Page(renderer.snapshot())
    sent = 0
    operations: list[Any] = []
    events = [*begun(), *printed(*[("stdout", f"line {n} & <b>\n") for n in range(500)])]
    for place, event in enumerate(events):
        view = reduce(view, event, float(place))
        operations = renderer.update(view)
        sent += len(str(operations)) if place > 2 else 0
        page.apply(operations)
    assert normal(page.root) == normal(parse(renderer.snapshot()))
    assert {op[0] for op in operations} == {"grow"}
    assert sent < 6 * sum(len(f"line {n} & <b>\n") for n in range(500))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_any_pieces_lead_to_the_same_page(size: int) -> None:
    text = "\nfirst\r\n\x1b[31mred\x1b[0m\x07 \x1b]0;title\x07bar\r 10%\r100%\n\x1b[1" + EVIL + "\ud83d\ude00 end"
    renderer, view = LiveRenderer(), after(begun())
    renderer.update(view)
    page = Page(renderer.snapshot())
    for start in range(0, len(text), size):
        for event in printed(("stdout", text[start : start + size])):
            view = reduce(view, event, 3.0)
            page.apply(renderer.update(view))
            assert normal(page.root) == normal(parse(renderer.snapshot()))
    whole = reduce(after(begun()), printed(("stdout", text))[0], 3.0)
    assert normal(page.root) == normal(live(whole))
    assert shape(live(whole)) == shape(parse(record(whole)))


def test_what_a_terminal_would_show() -> None:
    assert written_lines("a\r\nb\rc\x1b[2K\rd") == ("a\n", "d")
    assert written_lines("x\x1b[3") == ("", "x") and written_lines("x\x1b") == ("", "x")
    assert written_lines("50%\r") == ("", "50%"), "the line stays until something is written over it"
    assert written_lines("a\x00\x08\x9bb\n") == ("a\n", "")


def test_channels_have_names_and_their_order() -> None:
    events = [*begun(), *printed(("stdout", "one\n"), ("stderr", "two\n"), ("log", "three\n"), ("warning", "four\n"))]
    view = after(events)
    for root in (live(view), parse(record(view))):
        assert re.search(r"Printed\s*stdout\s*one\s*stderr\s*two\s*log\s*three\s*warning\s*four", root.text())
    assert "stderr | two" in plain_transcript(view) and "log | three" in markdown_transcript(view)


@pytest.mark.parametrize("text", ["x" * 20_000, "line\n" * 3000, "\n" + "line\n" * 100, "a\n" * 19 + "b" * 50_000])
def test_long_texts_are_cut_and_whole(text: str) -> None:
    first, rest = long_text(text, "k")
    root = parse(_html(first) + _html(rest))
    assert "Show all" in root.text()
    blocks = [e.text() for e in root.walk() if e.tag == "pre"]
    assert "".join(blocks) == text and len(blocks[0]) <= SHOWN_TEXT


@pytest.mark.parametrize("text", ["", "short", "line\n" * 15, "x" * SHOWN_TEXT])
def test_short_texts_are_whole(text: str) -> None:
    assert len(long_text(text, "k")) == 1


def _html(node: Any) -> str:
    from agentcell.render.nodes import live_html

    return live_html(node)


def test_an_error_has_its_traceback_folded() -> None:
    end = ToolFinished("c", "tool", "sorry", "failed", f"ValueError: {EVIL}", traceback=f"Traceback\n{EVIL}")
    view = after([*begun(), end])
    for root in (live(view), parse(record(view))):
        assert_safe(root)
        (folded,) = [e for e in root.walk() if e.tag == "details" and e.text().startswith("Traceback")]
        assert "open" not in dict(folded.attributes) and "alert(2)" in folded.text()
    assert "Traceback" in plain_transcript(view) and "Traceback" in markdown_transcript(view)


def test_the_terminal_is_short_and_does_not_repeat_what_stands_there_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = printed(("stdout", "".join(f"line {n}\n" for n in range(100))), ("log", "WARNING x: \x1b[31mred\n"))
    many = replace(TABLE, type_name="DataFrame", rows=TABLE.rows * 10, index=("0",) * 20)
    view = after([*begun(), *lines, ToolFinished("c", "tool", "t", result=many), RunFinished("done", "x")])
    apart = io.StringIO()
    TerminalRenderer(Console(file=apart, width=70)).finish(view)
    said = apart.getvalue()
    assert "line 99" in said and "line 3\n" not in said and "89 lines before" in said
    assert "1,000 rows" in said and "more lines" in said and "\x1b" not in said
    assert all(len(line) <= 76 for line in said.splitlines() if "line" not in line)
    same = io.StringIO()
    monkeypatch.setattr("sys.stdout", same)
    TerminalRenderer(Console(file=same, width=70)).finish(view)
    assert "line 99" not in same.getvalue() and "WARNING x: red" in same.getvalue()
