"""Calls that wait for a person, in every form of a run: what is asked, by whom, and what to do."""

from __future__ import annotations

import ast
import io
import json
import re

import pytest
from rich.console import Console

from agentcell.engine.log import Entry
from agentcell.render.card import card_tree
from agentcell.render.live import LiveRenderer
from agentcell.render.nodes import Growing, live_html, record_html
from agentcell.render.record import record, record_bundle
from agentcell.render.terminal import TerminalRenderer
from agentcell.render.words import HOW_TO_DECIDE
from agentcell.stream_events import ApprovalDecided
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, Notice, RunView, Text, ToolCard

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


@pytest.mark.parametrize("scene", ["approved", "nested"])
def test_a_waiting_call_has_a_form_in_a_live_view_alone(scene: str) -> None:
    view = fold(EMPTY, waiting(scene))
    page = live_page(view)
    (form,) = [element for element in page.walk() if "data-digest" in dict(element.attributes)]
    attributes = dict(form.attributes)
    assert attributes["data-form"] == "call_'s" and re.fullmatch("[0-9a-f]{64}", attributes["data-digest"] or "")
    buttons = {dict(e.attributes).get("data-do"): e.text() for e in form.walk() if e.tag == "button"}
    assert buttons == {"approve": "Approve", "approve_edited": "Approve edited", "reject": "Reject"}
    names = [dict(e.attributes)["data-field"] for e in form.walk() if "data-field" in dict(e.attributes)]
    assert names == ['["to"]', '["text"]', "reason", "always"]
    saved = parse(record(view))
    assert not [e for e in saved.walk() if e.tag in ("button", "input", "textarea", "select", "label")]
    assert not any(name.startswith("data-") for e in saved.walk() for name, _ in e.attributes)


def test_a_form_does_not_change_while_other_things_happen() -> None:
    log = waiting("approved")
    renderer = LiveRenderer()
    seen = False
    view = EMPTY
    for entry in log:
        view = fold(view, [entry])
        for operation in renderer.update(view):
            touched = [part for part in operation[1:] if isinstance(part, str) and "data-digest" in part]
            assert not (seen and touched), operation
            seen = seen or bool(touched)
    assert seen


def test_long_values_are_whole_and_have_to_be_opened() -> None:
    long = "line\n" * 400
    card = ToolCard(
        "c", "c1", "send", Text(json.dumps({"text": long, "to": "x"})), "asking", live=True, digest="a" * 64
    )
    tree = parse(live_html(card_tree(card, Growing())))
    (fold_,) = [e for e in tree.walk() if "data-must" in dict(e.attributes)]
    assert fold_.tag == "details" and long in fold_.text() and "open" not in dict(fold_.attributes)
    assert long in parse(record_html(card_tree(card, Growing()))).text()


@FORMS
def test_what_was_decided_stays_in_the_record(form: str) -> None:
    changed = forms(fold(EMPTY, entries("edited")))[form]
    assert "Approved with changes by on_approval after" in changed
    assert "ann@example.org" in changed and "bob@example.org" in changed, "what was asked, and what ran"
    rejected = forms(fold(EMPTY, entries("rejected")))[form]
    assert "Rejected by on_approval after" in rejected
    assert "Approved by on_approval after" in forms(fold(EMPTY, entries("approved")))[form]


def test_a_paused_run_can_be_resumed_when_all_is_decided() -> None:
    view = fold(EMPTY, entries("paused"))
    page = live_page(view)
    (resume,) = [e for e in page.walk() if dict(e.attributes).get("data-do") == "resume"]
    assert "data-off" in dict(resume.attributes)
    card = next(block for block in view.blocks if isinstance(block, ToolCard) and block.state == "asking")
    after = fold(view, [Entry(ApprovalDecided(card.call_id, True, by="the view"), 9.0)])
    renderer = LiveRenderer()
    renderer.update(view)
    operations = renderer.update(after)
    assert ["attr", "f.resume", "data-off", None] in operations
    assert after.state == "paused" and "it counts when the run goes on" in live_page(after).text()
