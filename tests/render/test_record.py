"""What a finished run leaves behind, in every form."""

from __future__ import annotations

import asyncio
import re

from agentcell import Agent, Runner
from agentcell.render.record import record, record_bundle
from agentcell.render.record_styles import FAR, MARKDOWN_STYLES
from agentcell.render.transcript import inert, markdown_transcript, plain_transcript
from agentcell.render.words import duration
from agentcell.testing import ScriptedModel, assistant_message
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, ToolCard

from .dom import Element, parse
from .scenes import entries


def test_pages_that_typeset_formulas_leave_the_record_alone() -> None:
    """MathJax 3 and 4 pass over the first class, MathJax 2 over the second; everything is inside."""
    (section,) = parse(record(fold(EMPTY, entries("nested")))).children
    assert isinstance(section, Element) and section.tag == "section"
    assert dict(section.attributes)["class"] == "mathjax_ignore tex2jax_ignore"
    assert not any("mathjax" in str(dict(e.attributes).get("class")) for e in section.walk())


def test_every_form_holds_the_calls_the_handoff_and_the_answer() -> None:
    bundle = record_bundle(fold(EMPTY, entries("handoff")))
    assert set(bundle) == {"text/html", "text/markdown", "text/plain"}
    html_text = parse(bundle["text/html"]).text()
    for text in (html_text, bundle["text/markdown"], bundle["text/plain"]):
        for said in ("Triage", "get_weather", "Paris", "no such city", "26 °C", "Done"):
            assert said in text
    assert "Triage \u2192 Weather <desk>" in html_text
    assert "handoff: Triage -> Weather <desk>" in bundle["text/plain"]


def test_the_same_events_give_the_same_bytes() -> None:
    log = entries("weather")
    assert record(fold(EMPTY, log)) == record(fold(EMPTY, log))


def test_a_failed_run_says_why() -> None:
    bundle = record_bundle(fold(EMPTY, entries("failing")))
    assert "RuntimeError" in bundle["text/plain"] and "no route to <host>" in bundle["text/plain"]
    assert "no route to &lt;host&gt;" in bundle["text/html"]


def test_the_markdown_form_cannot_start_a_tag_or_load_an_image() -> None:
    text = markdown_transcript(fold(EMPTY, entries("weather")))
    outside = "".join(part for index, part in enumerate(text.split("```")) if index % 2 == 0)
    assert "<" not in outside and "![" not in outside
    assert 'print("<b>hello</b>")' in text, "code blocks keep their text"


def test_inert_closes_fences_and_knows_where_they_end() -> None:
    assert inert("````\n```\n<b>\n````\n<i>") == "````\n```\n<b>\n````\n&lt;i>"
    assert inert("```\n<b>") == "```\n<b>\n```"
    assert inert("``` a`b\n<b>") == "``` a`b\n&lt;b>", "a backtick in the info string makes it no fence"
    assert inert("    ```\n<b>") == "    ```\n&lt;b>", "only fences at the start of a line count"


def test_plain_text_has_no_control_characters() -> None:
    text = plain_transcript(fold(EMPTY, entries("weather")))
    assert all(character == "\n" or character >= " " for character in text)


def test_durations_are_written_as_people_do() -> None:
    assert [duration(s) for s in (0, 0.04, 3.26, 59.96, 125)] == ["0.0 s", "0.0 s", "3.3 s", "1 min 00 s", "2 min 05 s"]


def answered(text: str) -> str:
    """The record of a run with one answer."""

    async def run() -> str:
        result = Runner.run_streamed(Agent(name="A", model=ScriptedModel([[assistant_message(text)]])), "Go on.")
        result.start()
        await result._run.log.wait_closed()
        return record(fold(EMPTY, result._run.log.entries))

    return asyncio.run(run())


def test_headings_of_an_answer_are_none_of_the_notebook() -> None:
    html = answered("# One\n\ntext\n\n### Two\n")
    assert re.findall(r"<h\d[^>]*>", html) == [
        f'<{tag} class="jp-toc-ignore" style="{MARKDOWN_STYLES[tag]}">' for tag in ("h1", "h3")
    ]


def test_a_very_long_answer_is_lighter_and_whole() -> None:
    block = "```python\ndef answer(x):\n    return x\n```\n\nSome words.\n\n"
    short, long = answered(block), answered(block * 800)
    assert "var(--k)" in short and FAR not in short
    assert "var(--" not in long and FAR in long
    assert long.count("def answer(x):") == 800 and long.count("Some words.") == 800


def test_what_somebody_has_opened_or_closed_stays_so() -> None:
    view = fold(EMPTY, entries("nested"))
    (outer,) = [block for block in view.blocks if isinstance(block, ToolCard)]
    assert outer.inner is not None
    inner = next(block for block in outer.inner.blocks if isinstance(block, ToolCard))

    def open_ones(folded: dict[str, bool]) -> list[bool]:
        cards = [e for e in parse(record(view, None, folded)).walk() if e.tag == "details"]
        return ["open" in dict(card.attributes) for card in cards]

    before = open_ones({})
    chosen = open_ones({outer.id: True, inner.id: True, "tl": False, "nobody knows": True})
    assert len(chosen) == len(before)
    assert [b for a, b in zip(before, chosen, strict=True) if a != b] == [False, True, True]
    assert open_ones({}) == before
