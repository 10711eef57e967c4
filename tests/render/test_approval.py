"""Calls that wait for a person, in every form of a run: what is asked, by whom, and what to do."""

from __future__ import annotations

import ast
import io

import pytest
from rich.console import Console

from agentcell.render.live import LiveRenderer
from agentcell.render.record import record, record_bundle
from agentcell.render.terminal import TerminalRenderer
from agentcell.render.words import HOW_TO_DECIDE
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, Notice, RunView

from .dom import Element, parse
from .scenes import entries, waiting
from .test_live import shape


def live_page(view: RunView) -> Element:
    renderer = LiveRenderer()
    renderer.update(view)
    return parse(renderer.snapshot())


def terminal(view: RunView) -> str:
    """A run as a terminal without colours shows it."""
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="utf-8"), force_terminal=False, _environ={})
    TerminalRenderer(console).update(view)
    console.file.flush()
    return raw.getvalue().decode()


def forms(view: RunView) -> dict[str, str]:
    """The texts of every form of a view."""
    bundle = record_bundle(view)
    return {
        "live": live_page(view).text(),
        "record": parse(bundle["text/html"]).text(),
        "markdown": bundle["text/markdown"],
        "plain": bundle["text/plain"],
        "terminal": terminal(view),
    }


def cards(root: Element) -> list[Element]:
    """The cards of calls: those whose first line names the tool."""
    found = [element for element in root.walk() if element.tag == "details"]
    return [
        e for e in found if isinstance(e.children[0], Element) and any(c.tag == "code" for c in e.children[0].walk())
    ]


FORMS = pytest.mark.parametrize("form", ["live", "record", "markdown", "plain", "terminal"])


@FORMS
@pytest.mark.parametrize("scene", ["approved", "nested"])
def test_a_call_that_waits_says_so_and_how_to_decide(form: str, scene: str) -> None:
    text = forms(fold(EMPTY, waiting(scene)))[form]
    for said in ("waiting for approval", "ann@example.org", "send", HOW_TO_DECIDE, """result.approve("call_'s")"""):
        assert said in text
    assert """result.reject("call_'s", 'why not')""" in text
    assert ("clerk" in text) == (scene == "nested")
    if form != "terminal":  # which has no header while a call waits: nothing there is drawn again
        assert "Waiting for you" in text


def test_a_card_that_waits_is_open_until_somebody_decides() -> None:
    for make in (live_page, lambda view: parse(record(view))):
        (asking,) = [card for card in cards(make(fold(EMPTY, waiting("approved")))) if "?" in card.text()]
        assert "open" in dict(asking.attributes)
        assert all("open" not in dict(card.attributes) for card in cards(make(fold(EMPTY, entries("approved")))))


@pytest.mark.parametrize("scene", ["approved", "nested"])
def test_a_waiting_view_and_its_record_have_the_same_text_and_structure(scene: str) -> None:
    view = fold(EMPTY, waiting(scene))
    assert shape(live_page(view)) == shape(parse(record(view)))


@FORMS
def test_invisible_characters_of_arguments_are_shown(form: str) -> None:
    for scene in ("approved", "nested"):
        text = forms(fold(EMPTY, waiting(scene)))[form]
        assert "\u202e" not in text and "\u200b" not in text and "202e" in text.lower()


@FORMS
def test_a_paused_run_says_how_to_go_on(form: str) -> None:
    view = fold(EMPTY, entries("paused"))
    text = forms(view)[form]
    for said in ("Paused", "A call waits for approval", "waiting for approval", "state = result.to_state()"):
        assert said in text
    assert "result.approve" not in text, "the run is over: nothing can be said to it"
    (code,) = [block.code for block in view.blocks if isinstance(block, Notice)]
    assert all(line in text for line in code.splitlines())
    compile(code, form, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@FORMS
def test_a_rejected_call_says_what_the_model_was_told(form: str) -> None:
    text = forms(fold(EMPTY, entries("rejected")))[form]
    assert "not approved" in text and "Not before <noon>." in text and HOW_TO_DECIDE not in text


@FORMS
def test_edited_arguments_are_shown_as_edited(form: str) -> None:
    text = forms(fold(EMPTY, entries("edited")))[form]
    assert "bob@example.org" in text and "changed by a person" in text
    assert "changed by a person" not in forms(fold(EMPTY, entries("approved")))[form]


@FORMS
def test_added_input_is_shown(form: str) -> None:
    text = forms(fold(EMPTY, entries("added input")))[form]
    assert "Input added" in text and ("And in <Oslo>?" in text or "And in &lt;Oslo>?" in text)
