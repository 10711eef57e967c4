"""A run in a notebook cell: it streams, opens, stops, and leaves a record."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agentcell.testing import LoopbackServer, Turn

from .conftest import OpenNotebook
from .notebook_page import NotebookPage
from .scenes import PLAIN_AGENT, TEAM, VIEW, connected, numbered_words, team_turns

pytestmark = pytest.mark.ci

Serve = Callable[..., LoopbackServer]
LONG = numbered_words(120)
HELD_EVENTS = 60
"""Events after which a held answer waits: about fifty words."""


def words_in(text: str) -> list[str]:
    return re.findall(r"w\d{5}", text)


def data_of(notebook: NotebookPage, index: int) -> dict[str, Any]:
    """The MIME bundle of a cell's only output."""
    outputs = notebook.outputs(index)
    assert len(outputs) == 1, json.dumps(outputs)[:2000]
    return outputs[0]["data"]


def wait_for_record(notebook: NotebookPage, index: int) -> dict[str, Any]:
    """Wait until the live view of a cell has become its record; returns the bundle."""
    notebook.output(index, "section:not(.ac-run)").wait_for()
    return data_of(notebook, index)


def held_run(
    open_notebook: OpenNotebook, serve: Serve, cell: str = "%%agent plain\nGo on."
) -> tuple[NotebookPage, LoopbackServer]:
    """A notebook whose cell 2 is in the middle of an answer that goes on only when the run is stopped."""
    server = serve([Turn([LONG], hold_after=HELD_EVENTS)])
    notebook = open_notebook(connected(server), PLAIN_AGENT, cell, "print('next cell')")
    notebook.run(0, 1)
    notebook.run_cell(2)
    notebook.output(2, ".ac-answer").get_by_text("w00040").wait_for()
    return notebook, server


def assert_stopped(notebook: NotebookPage, server: LoopbackServer) -> None:
    """The run of cell 2 has stopped, its partial text is kept, and the notebook goes on."""
    notebook.wait_idle()
    notebook.output(2, "section:not(.ac-run)").wait_for()
    assert VIEW not in json.dumps(notebook.outputs(2))
    assert notebook.output(2, ".ac-run").count() == 0
    shown = notebook.output_text(2)
    assert "Stopped" in shown
    assert "the text above is partial" in shown
    kept = words_in(shown)
    assert 40 < len(kept) < 120
    assert kept == words_in(LONG)[: len(kept)]
    assert not [output for output in notebook.outputs(2) if output["output_type"] == "error"]
    assert server.wait_for_disconnects(1)
    notebook.run(3)
    assert notebook.output_text(3) == "next cell"


@pytest.mark.parametrize(
    "cell",
    [
        "%%agent plain -o run\nGo on.",
        "run = Runner.run_streamed(plain, 'Go on.')\ndisplay(run)\nawait run;",
        "run = Runner.run_streamed(plain, 'Go on.')\nrun",
    ],
    ids=["magic", "display", "bare"],
)
def test_the_live_view_appears_once_and_becomes_the_record(
    open_notebook: OpenNotebook, serve: Serve, cell: str
) -> None:
    release = threading.Event()
    server = serve([Turn([LONG], hold_after=HELD_EVENTS, release=release)])
    notebook = open_notebook(connected(server), PLAIN_AGENT, cell, "print(run.final_output)")
    notebook.run(0, 1)
    notebook.run_cell(2)
    notebook.output(2, ".ac-answer").get_by_text("w00040").wait_for()
    assert notebook.output(2, ".ac-run").count() == 1
    live = data_of(notebook, 2)
    assert VIEW in live
    release.set()
    data = wait_for_record(notebook, 2)
    notebook.wait_idle()
    assert {"text/html", "text/markdown", "text/plain"} <= set(data)
    assert VIEW not in data
    assert words_in(notebook.output_text(2)) == words_in(LONG)
    notebook.run(3)
    assert words_in(notebook.output_text(3)) == words_in(LONG)


def test_the_answer_grows_on_the_page(open_notebook: OpenNotebook, serve: Serve) -> None:
    server = serve([Turn([LONG], delay=0.02)])
    notebook = open_notebook(connected(server), PLAIN_AGENT, "%%agent plain\nGo on.")
    notebook.run(0, 1)
    notebook.watch("answer", ".jp-OutputArea .ac-answer", within=".ac-run")
    notebook.run(2)
    samples = [sample for sample in notebook.texts("answer") if "ac-done" not in sample.context.split()]
    lengths = [sample.length for sample in samples]
    growing = [after for before, after in zip([0, *lengths], lengths, strict=False) if after > before]
    print(f"{len(set(growing))} growing texts: {growing}")
    assert len(set(growing)) >= 10


def test_cards_open_and_the_handoff_is_seen(open_notebook: OpenNotebook, serve: Serve) -> None:
    release = threading.Event()
    server = serve(team_turns(Turn([LONG], hold_after=HELD_EVENTS, release=release)))
    notebook = open_notebook(connected(server), TEAM, "%%agent guide\nHow is Paris?")
    notebook.run(0, 1)
    notebook.run_cell(2)
    notebook.output(2, ".ac-answer").get_by_text("w00040").wait_for()
    card = notebook.output(2, "details.ac-card")
    assert card.count() == 1
    assert not card.get_by_text("Result").is_visible()
    card.locator("summary").click()
    assert card.get_by_text("Arguments").is_visible()
    assert card.locator(".ac-field", has_text="city").get_by_text("Paris", exact=True).is_visible()
    assert card.get_by_text("sunny in Paris for 3 days").is_visible()
    handoff = notebook.output(2, ".ac-handoff")
    assert handoff.is_visible()
    assert re.search(r"Guide\W+Writer", handoff.inner_text())
    release.set()
    wait_for_record(notebook, 2)
    notebook.wait_idle()
    record = notebook.output(2, "details").filter(has_text="sunny in Paris for 3 days").first
    assert record.locator("pre").filter(has_text="sunny in Paris for 3 days").first.is_visible()
    assert re.search(r"Guide\W+Writer", notebook.output_text(2))


def test_stop_keeps_what_was_written(open_notebook: OpenNotebook, serve: Serve) -> None:
    notebook, server = held_run(open_notebook, serve)
    notebook.output(2, "button.ac-stop-now").click()
    assert_stopped(notebook, server)


def test_stop_works_on_a_run_that_nothing_awaits(open_notebook: OpenNotebook, serve: Serve) -> None:
    notebook, server = held_run(open_notebook, serve, "run = Runner.run_streamed(plain, 'Go on.')\nrun")
    notebook.output(2, "button.ac-stop-now").click()
    assert_stopped(notebook, server)


@pytest.mark.parametrize("cell", ["%%agent plain\nGo on.", "%%time\n%%agent plain\nGo on."], ids=["attached", "nested"])
def test_an_interrupt_of_the_kernel_keeps_what_was_written(
    open_notebook: OpenNotebook, serve: Serve, cell: str
) -> None:
    notebook, server = held_run(open_notebook, serve, cell)
    notebook.interrupt()
    assert_stopped(notebook, server)


def test_a_reloaded_page_shows_the_run_so_far(open_notebook: OpenNotebook, serve: Serve) -> None:
    notebook, _server = held_run(open_notebook, serve)
    notebook.save()
    before = notebook.output(2, ".ac-answer").inner_text()
    notebook.reload()
    answer = notebook.output(2, ".ac-answer")
    answer.get_by_text("w00040").wait_for()
    assert answer.inner_text() == before
    assert notebook.output(2, "button.ac-stop-now").is_visible()


def test_a_reloaded_page_keeps_the_run_when_it_ends(open_notebook: OpenNotebook, serve: Serve) -> None:
    notebook, server = held_run(open_notebook, serve)
    notebook.save()
    notebook.reload()
    notebook.output(2, "button.ac-stop-now").click()
    assert server.wait_for_disconnects(1)
    notebook.wait_idle()
    assert "Stopped" in notebook.output_text(2)
    assert words_in(notebook.output_text(2))[:40] == words_in(LONG)[:40]


def test_the_saved_file_shows_the_run_without_a_kernel(
    open_notebook: OpenNotebook, read_notebook: Callable[[dict[str, Any]], NotebookPage], serve: Serve
) -> None:
    server = serve(team_turns(LONG))
    notebook = open_notebook(connected(server), TEAM, "%%agent guide\nHow is Paris?")
    notebook.run(0, 1, 2)
    shown = notebook.output(2).text_content() or ""
    saved = notebook.save()
    (output,) = saved["cells"][2]["outputs"]
    assert {"text/html", "text/markdown", "text/plain"} <= set(output["data"])
    assert VIEW not in json.dumps(saved)
    assert "widgets" not in saved["metadata"]
    for form in ("text/html", "text/markdown", "text/plain"):
        assert words_in("".join(output["data"][form])) == words_in(LONG), form

    trusted = read_notebook(saved)
    assert trusted.output(2).text_content() == shown
    # A changed file has no signature here: it is what a stranger gets, and Jupyter sanitises its outputs.
    strange = json.loads(json.dumps(saved))
    strange["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "not ours\n"}]
    untrusted = read_notebook(strange)
    assert words_in(untrusted.output(2).text_content() or "") == words_in(LONG)
    assert "".join((untrusted.output(2).text_content() or "").split()) == "".join(shown.split())
    untrusted.output(2, "summary").filter(has_text='city="Paris"').click()
    assert untrusted.output(2).get_by_text("sunny in Paris for 3 days", exact=True).is_visible()
