"""What the model saw, under each model call: complete, calm, escaped, and never as large as a square."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from agentcell.engine.log import Entry
from agentcell.render.live import LiveRenderer
from agentcell.render.nodes import live_html
from agentcell.render.record import record
from agentcell.render.request import UNFOLDED, WHOLE, text_tree
from agentcell.render.terminal import TerminalRenderer
from agentcell.render.transcript import plain_transcript
from agentcell.render.words import cost_words
from agentcell.stream_events import ModelRequested, RunStarted, TurnStarted, UsageUpdated
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, TurnHead

from .dom import Element, parse
from .page import Page, normal

TOOL = {"name": "look", "description": "Looks at <things>.", "parameters": {"type": "object"}}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def call(number: int) -> list[dict[str, Any]]:
    return [
        {"type": "function_call", "call_id": f"c{number}", "name": "look", "arguments": f'{{"n": {number}}}'},
        {"type": "function_call_output", "call_id": f"c{number}", "output": f"seen {number}"},
    ]


def request(kept: int, *items: Any, instructions: str = "Be good.", tools: Any = (TOOL,), **settings: Any) -> Any:
    return ModelRequested(instructions, kept, items, tools, settings)


def log(*requests: ModelRequested, tokens: int = 1000) -> list[Entry]:
    events: list[Any] = [RunStarted("r", "go", 0.0)]
    for turn, said in enumerate(requests, 1):
        events += [TurnStarted(turn, "A", "m-1"), said]
        events += [UsageUpdated(turn, tokens * turn, 8 * turn, turn_input_tokens=tokens, turn_output_tokens=8)]
    return [Entry(event, number / 10) for number, event in enumerate(events)]


def sections(entries: list[Entry]) -> list[str]:
    """The text under each model call; the same in both skins."""
    view = fold(EMPTY, entries)
    renderer = LiveRenderer()
    renderer.update(view)
    live = [texts(e) for e in parse(renderer.snapshot()).walk() if ("class", "ac-request") in e.attributes]
    kept = parse(record(view))
    assert all(text in texts(kept) for text in live)
    return live


def texts(element: Element) -> str:
    return " ".join(" ".join(c if isinstance(c, str) else texts(c) for c in element.children).split())


THREE = log(request(0, user("go <b>")), request(1, *call(1)), request(3, *call(2)))


def test_each_call_has_a_quiet_line_with_its_tokens() -> None:
    first = sections(THREE)[0]
    assert first.startswith("Model call 1 \u00b7 m-1")
    assert "1,000 in / 8 out" in first and "what the model saw" in first


def test_new_items_are_written_in_full_and_others_named_with_the_call_that_had_them_first() -> None:
    first, second, third = sections(THREE)
    assert "The first model call of this run: 1 item." in first and "user go <b>" in first
    assert "1 item kept, 2 items new" in second
    assert 'call look({"n": 1})' in second and "result look \u2192 seen 1" in second
    assert "user go <b> \u2014 since model call 1" in third
    assert 'call look({"n": 1}) \u2014 since model call 2' in third
    assert 'call look({"n": 2})' in third and 'look({"n": 2}) \u2014' not in third
    assert "Be good. \u2014 as in model call 1" in third and "look \u2014 as in model call 1" in third


def test_what_is_gone_and_what_has_changed_is_named() -> None:
    other = {**TOOL, "name": "find"}
    entries = log(
        request(0, user("one"), user("two"), temperature=0.2),
        request(1, user("three"), instructions="Be bad.", tools=(other,), temperature=0.7),
    )
    found = sections(entries)[1]
    assert "No longer at their place: user: two" in found
    assert "The instructions have changed." in found and "Be bad." in found
    assert "New tools: find." in found and "Tools that are gone: look." in found
    assert "temperature: 0.2 \u2192 0.7" in found


def test_earlier_items_at_the_provider_are_said() -> None:
    entries = log(request(0, user("one"), conversation_id="conv_1"), request(0, *call(1)[1:], conversation_id="conv_1"))
    found = sections(entries)[1]
    assert "The provider keeps the earlier items (conv_1)" in found and "Kept by the provider" in found
    assert "No longer" not in found


def test_parts_add_up_to_the_reported_tokens_and_are_marked_as_an_estimate() -> None:
    (found,) = sections(log(request(0, user("x" * 400), *call(1), instructions="y" * 100), tokens=2000))
    counts = [int(n.replace(",", "")) for n in re.findall(r"\u2248 ([\d,]+) tokens", found)]
    assert len(counts) == 4 and abs(sum(counts) - 2000) <= 2
    assert "2,000 tokens in all, as reported; the parts (\u2248) are an estimate" in found
    (none,) = sections(log(request(0, user("x")), tokens=0))
    assert "No tokens are reported so far" in none and "\u2248" not in none


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cost": 0.0123}, "$0.0123"),
        ({"cost": 1234.5}, "$1,234.50"),
        ({"cost": 0.00001}, "< $0.0001"),
        ({"cost": None}, "cost unknown"),
        ({"cost": 0.0, "is_demo": True}, ""),
        ({"cost": None, "input_tokens": 0, "output_tokens": 0}, ""),
    ],
)
def test_transcripts_and_terminals_end_with_what_it_cost(changes: dict[str, Any], says: str) -> None:
    view = replace(fold(EMPTY, THREE), state="done", **changes)
    assert cost_words(view) == says
    page = Console(file=io.StringIO(), width=200)
    TerminalRenderer(page).update(view)
    for text in (plain_transcript(view).splitlines()[0], page.file.getvalue()):  # type: ignore[attr-defined]
        assert says in text and ("$" in text or "cost" in text) is bool(says)


HOSTILE = "<img src=x onerror=alert(1)>\u202e\u200b</pre></details>"


def test_everything_is_escaped_and_nothing_hides() -> None:
    tool = {"name": HOSTILE, "description": HOSTILE, "parameters": {HOSTILE: HOSTILE}}
    item = {"type": HOSTILE, "role": None, "x": HOSTILE}
    entries = log(
        request(0, user(HOSTILE), item, {"role": HOSTILE, "content": [HOSTILE, {"text": HOSTILE}]}, tools=(tool,)),
        request(1, user("b"), instructions=HOSTILE, x=HOSTILE),
        request(1, instructions=HOSTILE, conversation_id=HOSTILE),
    )
    assert len(sections(entries)) == 3
    view = fold(EMPTY, entries)
    renderer = LiveRenderer()
    renderer.update(view)
    for html in (record(view), renderer.snapshot()):
        assert "<img" not in html and "\u202e" not in html and "\u200b" not in html
        assert "\u27e8U+202E\u27e9" in html


@pytest.mark.parametrize(
    ("length", "says"),
    [
        (WHOLE, None),
        (WHOLE + 1, "more characters: show all"),
        (UNFOLDED, "more characters: show all"),
        (UNFOLDED + 1, "characters are left out here"),
    ],
)
def test_long_texts_are_cut_in_the_middle(length: int, says: str | None) -> None:
    text = "".join(chr(97 + n % 26) for n in range(length))
    html = live_html(text_tree(text))
    found = texts(parse(html))
    assert (says in found) if says else ("\u2026" not in found)
    whole = "".join(re.findall(r"<pre[^>]*>([^<]*)</pre>", html))
    assert (whole == text) is (length <= UNFOLDED)
    assert whole.startswith(text[:2000]) and whole.endswith(text[-500:])


def test_operations_at_every_prefix_lead_to_the_snapshot() -> None:
    renderer, view = LiveRenderer(), EMPTY
    page = Page(renderer.snapshot())
    for entry in THREE:
        view = fold(view, [entry])
        page.apply(renderer.update(view))
        assert normal(page.root) == normal(parse(renderer.snapshot()))
    whole = LiveRenderer()
    whole.update(fold(EMPTY, THREE))
    blocks = [renderer.parts.blocks.live_html(), whole.parts.blocks.live_html()]
    assert normal(parse(blocks[0])) == normal(parse(blocks[1]))


def long_log(turns: int) -> list[Entry]:
    return log(request(0, user("go")), *(request(1 + 2 * n, *call(n)) for n in range(turns - 1)))


def test_the_sections_grow_with_the_conversation_and_not_with_its_square() -> None:
    small, large = (len(record(fold(EMPTY, long_log(turns)))) for turns in (50, 200))
    assert large < 4.3 * small


def test_what_was_built_is_not_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentcell.render import request as module

    built: list[int] = []
    init = module.RequestBody.__init__

    def counted(self: Any, number: int, *rest: Any) -> None:
        built.append(number)
        init(self, number, *rest)

    monkeypatch.setattr(module.RequestBody, "__init__", counted)
    renderer, view, sent = LiveRenderer(), EMPTY, 0
    for entry in long_log(100):
        view = fold(view, [entry])
        sent += sum(len(str(operation)) for operation in renderer.update(view))
    assert built == list(range(1, 101))
    assert sent < 1.5 * len(renderer.snapshot())
    place = next(i for i in range(len(view.blocks)) if isinstance(view.blocks[i], TurnHead))
    head = view.blocks[place]
    assert isinstance(head, TurnHead)
    later = replace(view, blocks=view.blocks.replace(place, replace(head, ended=9.0)))
    operations = renderer.update(later)
    assert operations and sum(len(str(operation)) for operation in operations) < 300
