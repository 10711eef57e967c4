"""Everything a person can say to a run in its page: decisions of each kind, added input, and that it goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentcell.models.response_events import function_call_item, message_item
from agentcell.testing import HttpError, LoopbackServer, Turn

from .conftest import OpenNotebook
from .notebook_page import NotebookPage
from .scenes import LETTER, VIEW, connected
from .test_pictures import THEMES, fits, take_all

pytestmark = pytest.mark.ci

Serve = Callable[..., LoopbackServer]

CLERK = '''
from typing import Literal
sent = []

@function_tool(needs_approval=True)
def send_letter(to: str, subject: str, body: str, copies: int = 1, urgent: bool = False,
                paper: Literal["plain", "fine"] = "plain") -> str:
    """Send a letter by post."""
    sent.append((to, copies, urgent, paper))
    return f"sent to {to}"

@function_tool(needs_approval=True)
def burn(folder: str) -> str:
    """Burn a folder of old letters."""
    sent.append(folder)
    return "burnt"

clerk = Agent(name="Clerk", tools=[send_letter, burn], model=model)
'''

LIVE = "run = Runner.run_streamed(clerk, 'Write to Ann.', approvals='live')\ndisplay(run)\nawait run;"
PAUSING = "run = Runner.run_streamed(clerk, 'Write to Ann.')\ndisplay(run)\nawait run;"
FINE = {**LETTER, "copies": 2, "urgent": False, "paper": "plain"}


def letter(to: str, number: int, **more: object) -> object:
    return function_call_item("send_letter", {**FINE, "to": to, **more}, call_id=f"call_{number}")


@pytest.fixture
def light_again() -> Iterator[list[NotebookPage]]:
    """Notebooks whose change of theme is taken back, because the server remembers it."""
    changed: list[NotebookPage] = []
    yield changed
    for notebook in changed:
        notebook.set_theme(THEMES["light"])


def begin(open_notebook: OpenNotebook, serve: Serve, turns: list[object], cell: str, *more: str) -> NotebookPage:
    notebook = open_notebook(connected(serve(turns)), CLERK, cell, "print(sent, run.status)", *more)
    notebook.run(0, 1)
    notebook.run_cell(2)
    return notebook


def record_of(notebook: NotebookPage) -> str:
    notebook.output(2, "section:not(.ac-run)").wait_for()
    assert VIEW not in json.dumps(notebook.outputs(2))
    assert notebook.output(2, "button, input, textarea, select").count() == 0
    return notebook.output_text(2)


def photograph(notebook: NotebookPage, name: str, folder: Path) -> None:
    """Pictures in both themes and widths, on a page that is high enough for everything."""
    notebook.page.set_viewport_size({"width": 1200, "height": 1900})
    take_all(notebook, name, folder, 2)
    assert fits(notebook, 2)
    notebook.set_width(1200)
    notebook.set_theme(THEMES["light"])


def test_a_call_is_edited_in_the_page_another_rejected_and_the_rest_allowed(
    open_notebook: OpenNotebook, serve: Serve, artifacts: Path, light_again: list[NotebookPage]
) -> None:
    hidden = "Dear Ann,\n\n" + "The invoice is paid. " * 90 + "\u202eevil"
    turns = [
        [message_item("I write to Ann."), letter("ann@example.org", 1, body=hidden),
         function_call_item("burn", {"folder": "/letters"}, call_id="call_2")],
        [letter("bob@example.org", 3)],
        [letter("eve@example.org", 4)],
        "All letters are sent.",
    ]  # fmt: skip
    notebook = begin(open_notebook, serve, turns, LIVE)
    light_again.append(notebook)
    page = notebook.page
    card = notebook.output(2, ".ac-card").filter(has_text="send_letter").first
    card.locator(".ac-form").wait_for()
    approve = card.get_by_role("button", name="Approve", exact=True)
    edited = card.get_by_role("button", name="Approve edited")
    assert approve.is_disabled(), "the long text is folded"
    card.get_by_text("Show all").click()
    page.wait_for_function("button => !button.disabled", arg=approve.element_handle())
    assert "⟨U+202E⟩evil" in card.locator(".ac-exact").inner_text() and edited.count() == 0
    card.get_by_text("Edit the arguments").click()
    card.get_by_label("copies", exact=True).fill("many")
    assert edited.is_enabled()
    assert approve.is_disabled(), "nobody approves the call as it was by mistake"
    card.get_by_text("Show all").click()
    photograph(notebook, "approval-form", artifacts)
    edited.click()
    card.get_by_text("copies: this is not a whole number").wait_for()
    assert card.get_by_label("copies", exact=True).input_value() == "many"
    card.get_by_label("copies", exact=True).fill("3")
    card.get_by_label("urgent", exact=True).check()
    card.get_by_label("paper", exact=True).select_option(label="fine")
    edited.click()
    card.get_by_text(re.compile("Approved with changes by the view after")).wait_for(state="attached")
    other = notebook.output(2, ".ac-card").filter(has_text="burn").first
    reason = other.get_by_label("Reason for a rejection")
    reason.fill("Keep the letters.")
    reason.press("Enter")
    third = notebook.output(2, ".ac-card").filter(has_text="bob@example.org").first
    third.locator(".ac-form").wait_for()
    third.get_by_label("Always for send_letter in this run").check()
    third.get_by_role("button", name="Approve", exact=True).click()
    record_of(notebook)
    notebook.wait_idle()
    for summary in notebook.output(2, "details > summary").all():
        summary.click()
    text = notebook.output_text(2)
    for said in ("Rejected by the view after", "Keep the letters.", "an earlier decision", "All letters are sent."):
        assert said in text
    notebook.run(3)
    assert notebook.output_text(3) == str(
        [("ann@example.org", 3, True, "fine"), ("bob@example.org", 2, False, "plain"),
         ("eve@example.org", 2, False, "plain")]
    ) + " done"  # fmt: skip
    photograph(notebook, "approval-decided", artifacts)


def test_input_is_added_under_a_running_agent(
    open_notebook: OpenNotebook, serve: Serve, artifacts: Path, light_again: list[NotebookPage]
) -> None:
    turns = [[message_item("I write to Ann."), letter("ann@example.org", 1)], "Done, in green."]
    notebook = begin(open_notebook, serve, turns, LIVE)
    light_again.append(notebook)
    output = notebook.output(2)
    line = output.get_by_label("Add input for the next turn")
    line.wait_for()
    assert output.get_by_role("button", name="Add", exact=True).is_disabled()
    line.fill("Use green ink.")
    line.press("Enter")
    output.get_by_text("Input waits for the next turn").wait_for()
    notebook.page.wait_for_function("line => line.value === ''", arg=line.element_handle())
    assert line.evaluate("line => document.activeElement === line")
    photograph(notebook, "added-input", artifacts)
    output.get_by_role("button", name="Approve", exact=True).click()
    text = record_of(notebook)
    assert "Input added" in text and "Use green ink." in text and "waits for the next turn" not in text


def test_a_paused_run_is_decided_on_and_resumed_in_its_place(
    open_notebook: OpenNotebook, serve: Serve, artifacts: Path, light_again: list[NotebookPage]
) -> None:
    turns = [
        [message_item("I write two letters."), letter("ann@example.org", 1), letter("bob@example.org", 2)],
        "Both are on their way.",
    ]
    notebook = begin(open_notebook, serve, turns, PAUSING, "run.approve('call_2')")
    light_again.append(notebook)
    notebook.wait_idle()
    output = notebook.output(2)
    resume = output.get_by_role("button", name="Resume")
    resume.wait_for()
    assert resume.is_disabled()
    (shown,) = notebook.outputs(2)
    assert VIEW in shown["data"] and "bob@example.org" in shown["data"]["text/html"]
    assert "<button" not in shown["data"]["text/html"] and "<input" not in shown["data"]["text/html"]
    photograph(notebook, "paused", artifacts)
    notebook.run(4)
    output.get_by_text(re.compile(r"Approved by result.approve\(\)")).wait_for()
    card = output.locator(".ac-card").filter(has_text="ann@example.org").first
    card.get_by_text("Edit the arguments").click()
    card.get_by_label("to", exact=True).fill("anna@example.org")
    card.get_by_role("button", name="Approve edited").click()
    card.get_by_text(re.compile("it counts when the run goes on")).wait_for()
    notebook.page.wait_for_function("button => !button.disabled", arg=resume.element_handle())
    photograph(notebook, "paused-decided", artifacts)
    resume.click()
    text = record_of(notebook)
    assert "Both are on their way." in text and "Paused and gone on with" in text
    notebook.run(3)
    assert notebook.output_text(3).startswith("[('anna@example.org', 2, False, 'plain'), ('bob@example.org'")
    assert notebook.output_text(3).endswith("paused"), "the run itself stays what it is; another went on"


def test_a_run_whose_model_failed_is_resumed(
    open_notebook: OpenNotebook, serve: Serve, artifacts: Path, light_again: list[NotebookPage]
) -> None:
    look = '''
looked = []

@function_tool
def look(where: str) -> str:
    """Look somewhere."""
    looked.append(where)
    return "a key"

clerk = Agent(name="Clerk", tools=[look], model=model)
run = Runner.run_streamed(clerk, "Find the key.")
display(run)
try:
    await run
except Exception as error:
    print(type(error).__name__)
'''
    turns = [
        [function_call_item("look", {"where": "under the mat"}, call_id="call_1")],
        Turn(error=HttpError(400, {"error": {"message": "the model is not there"}})),
        "The key was under the mat.",
    ]
    notebook = begin(open_notebook, serve, turns, look, "print(looked)")
    light_again.append(notebook)
    notebook.wait_idle()
    resume = notebook.output(2).get_by_role("button", name="Resume")
    resume.wait_for()
    photograph(notebook, "failed", artifacts)
    resume.click()
    notebook.output(2, "section:not(.ac-run)").wait_for()
    text = notebook.output_text(2)
    assert "The key was under the mat." in text and "nothing of it is done again" in text
    notebook.run(4)
    assert notebook.output_text(4) == "['under the mat']"
