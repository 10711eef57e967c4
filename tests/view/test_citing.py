"""What answers cite, in every form of a run: each source once, bounded, and harmless."""

from __future__ import annotations

import asyncio
import io
import re
from functools import cache
from typing import Any

import pytest
from openai.types.responses import ResponseOutputMessage
from render.dom import Element, parse
from render.page import Page, normal
from rich.console import Console

from agentcell import Agent, Runner
from agentcell.engine.log import Entry
from agentcell.models.response_events import message_item
from agentcell.render.live import LiveRenderer
from agentcell.render.record import record, record_bundle
from agentcell.render.terminal import TerminalRenderer
from agentcell.testing import ScriptedModel
from agentcell.view import citing
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, RunView, Source, TextBlock

PAGE = {"type": "url_citation", "url": "https://e.org/a?b=1&c=<d>", "title": "A <b>page</b>"}
FILE = {"type": "file_citation", "file_id": "file-1", "filename": "report.pdf", "index": 3}


def at(url: str, title: str = "t", start: int = 0) -> dict[str, Any]:
    return {"type": "url_citation", "url": url, "title": title, "start_index": start, "end_index": start + 1}


def entries(*annotations: dict[str, Any]) -> tuple[Entry, ...]:
    span = {"start_index": 0, "end_index": 1}
    placed = [{**span, **one} if one["type"] == "url_citation" else one for one in annotations]
    message = ResponseOutputMessage.model_validate(message_item("It is so.", id="msg_1", annotations=placed))
    model = ScriptedModel([[message]])

    async def run() -> tuple[Any, ...]:
        result = Runner.run_streamed(Agent(name="A", model=model), "Is it?")
        await result._run.log.wait_closed()
        return tuple(result._run.log.entries)

    return asyncio.run(run())


@cache
def hostile() -> RunView:
    urls = ["javascript:alert(1)", "data:text/html,<script>", "/api/contents", "https://bank.e@evil.e/", "x" * 9_000]
    titles = [
        "\u202ekcab",
        "https://bank.example",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "\x1b[31mred",
    ]
    found = [at(url, title) for url, title in zip(urls, titles, strict=True)]
    return fold(EMPTY, entries(*found, at("https://evil.e/\u202e\u200b%6a", "T" * 5_000)))


def answer(view: RunView) -> TextBlock:
    return next(block for block in view.blocks if isinstance(block, TextBlock))


def links(html: str) -> list[str]:
    return [dict(e.attributes)["href"] or "" for e in parse(html).walk() if e.tag == "a"]


def test_every_form_lists_each_source_once() -> None:
    view = fold(EMPTY, entries(PAGE, FILE, {**PAGE, "title": "again"}))
    assert answer(view).sources == (
        Source("url", "A <b>page</b>", "https://e.org/a?b=1&c=<d>"),
        Source("file", "report.pdf", "file-1"),
    )
    renderer = LiveRenderer()
    renderer.update(view)
    for html in (renderer.snapshot(), record(view)):
        items = [e.text() for e in parse(html).walk() if e.tag == "li"]
        assert "A <b>page</b> (e.org)https://e.org/a?b=1&c=<d>" in items and "report.pdf (file)file-1" in items
        assert links(html) == ["https://e.org/a?b=1&c=<d>"]
        (link,) = [e for e in parse(html).walk() if e.tag == "a"]
        assert dict(link.attributes)["rel"] == "noopener noreferrer" and dict(link.attributes)["target"] == "_blank"
    bundle = record_bundle(view)
    assert "[1] A <b>page</b> - https://e.org/a?b=1&c=<d>\n[2] report.pdf - file-1" in bundle["text/plain"]
    assert r"- \[1\] A &lt;b>page&lt;/b> - https://e.org/a?b=1&c=&lt;d>" in bundle["text/markdown"]


@pytest.mark.parametrize("terminal", [True, False], ids=["a terminal", "a file"])
def test_a_terminal_lists_them_once(terminal: bool) -> None:
    out = io.StringIO()
    renderer = TerminalRenderer(Console(file=out, force_terminal=terminal, width=100))
    view = EMPTY
    for entry in entries(PAGE, FILE):
        view = fold(view, [entry])
        renderer.update(view)
    renderer.finish(view)
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert said.count("[1] A <b>page</b> - https://e.org/a?b=1&c=<d>") == 1
    assert said.count("[2] report.pdf - file-1") == 1
    assert said.index("It is so.") < said.index("[1]")


def test_the_list_grows_by_operations() -> None:
    renderer, view = LiveRenderer(), EMPTY
    page = Page(renderer.snapshot())
    seen: list[int] = []
    for entry in entries(PAGE, FILE, at("https://third.e")):
        view = fold(view, [entry])
        page.apply(renderer.update(view))
        expected = LiveRenderer()
        expected.update(view)
        assert normal(page.root) == normal(parse(expected.snapshot()))
        seen.append(sum(dict(e.attributes).get("class") == "ac-cite" for e in page.root.walk()))
    assert sorted(set(seen)) == [0, 1, 2, 3], "one after the other"


def test_hostile_sources_are_text_and_bounded() -> None:
    view = hostile()
    renderer = LiveRenderer()
    renderer.update(view)
    for html in (renderer.snapshot(), record(view)):
        assert links(html) == ["https://evil.e/%6a"]
        text = parse(html).text()
        assert "\u202e" not in text and "\u200b" not in text and "⟨U+202E⟩kcab" in text
        assert "javascript:alert(1)" in text and "https://bank.e@evil.e/" in text
        assert not any(e.tag in ("img", "script") for e in parse(html).walk() if isinstance(e, Element))
    for source in answer(view).sources:
        assert len(source.title) <= citing.LONGEST_TITLE and len(source.address) <= citing.LONGEST_ADDRESS + 1
    bundle = record_bundle(view)
    assert "\x1b" not in bundle["text/plain"] and "\u202e" not in bundle["text/plain"]
    assert r"\[x\](javascript:alert(1))" in bundle["text/markdown"], "no link"
    assert "<img" not in bundle["text/markdown"]


def test_ten_thousand_annotations_are_fifty_sources_and_a_number() -> None:
    view = fold(EMPTY, entries(*(at(f"https://e{number % 9_000}.org") for number in range(10_000))))
    block = answer(view)
    assert len(block.sources) == citing.MOST_SOURCES and block.more_sources == 9_000 - citing.MOST_SOURCES
    html = record(view)
    listed = [e.text() for e in parse(html).walk() if e.tag == "li" and "https://e" in e.text()]
    assert len(listed) == citing.MOST_SOURCES and "and 8,950 more" in html
    assert "and 8,950 more" in record_bundle(view)["text/markdown"]


@pytest.mark.parametrize(
    "annotation",
    [
        {"type": "url_citation", "url": 5, "title": None},
        {"type": "url_citation"},
        {"type": "file_citation"},
        {"type": "new_kind", "url": "https://e.org"},
        {},
        None,
    ],
    ids=str,
)
def test_annotations_of_other_shapes_are_passed_over(annotation: Any) -> None:
    block = TextBlock("t", "answer", "A", answer(hostile()).text)
    assert citing.with_sources(block, [annotation], whole=True) is block
