"""The golden transcripts: each is folded whole and in pieces, shown in frames, and stripped of its signals."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from render.page import Page, normal

from agentcell.engine.log import Entry
from agentcell.render.live import LiveRenderer
from agentcell.stream_events import NestedEvent, RawResponsesStreamEvent, RunStarted
from agentcell.view.deltas import as_delta
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, Delta, RunView, ToolCard
from agentcell.view.reduce import reduce
from agentcell.view.restore import Restorer

from .codec import decode_entry, encode_entry
from .make import path_of, play, text_of
from .scenes import SCENES
from .unsaid import comparable, ending_of

NAMES = pytest.mark.parametrize("name", SCENES)


@cache
def golden(name: str) -> dict[str, Any]:
    return json.loads(path_of(name).read_text(encoding="ascii"))


def entries(name: str) -> list[Entry]:
    return [decode_entry(data) for data in golden(name)["events"]]


def shown(view: RunView) -> dict[str, Any]:
    """All of a view as plain data, without the times that depend on how a text was cut."""
    found = {name: getattr(view, name) for name in RunView.__slots__ if name != "index"}
    found["blocks"] = [replace(b, first_token=None) if hasattr(b, "first_token") else _inside(b) for b in view.blocks]
    return found


def _inside(block: Any) -> Any:
    if isinstance(block, ToolCard) and block.inner is not None:
        return replace(block, inner=None), shown(block.inner)
    return block


def html(view: RunView) -> str:
    renderer = LiveRenderer()
    renderer.update(view)
    return renderer.snapshot()


def test_every_file_is_of_a_scene() -> None:
    assert {path.stem for path in path_of("x").parent.glob("*.json")} == set(SCENES)
    assert len(SCENES) >= 25


@NAMES
def test_playing_the_scene_again_writes_the_same_bytes(name: str) -> None:
    """When what is shown has changed on purpose: python -m tests.golden.make"""
    assert text_of(name, play(name)) == path_of(name).read_text(encoding="ascii")


@NAMES
def test_entries_come_back_from_json(name: str) -> None:
    data = golden(name)["events"]
    assert [encode_entry(entry) for entry in entries(name)] == data
    assert shown(fold(EMPTY, entries(name)))["state"] in ("done", "stopped", "failed", "paused")


@NAMES
def test_single_characters_give_the_same_view_and_page(name: str) -> None:
    """Every delta of the model is cut into its characters."""
    view = EMPTY
    for entry in entries(name):
        delta = as_delta(entry.event)
        pieces: list[Any] = (
            [entry.event] if delta is None else [replace(delta, text=character) for character in delta.text]
        )
        for piece in pieces:
            view = reduce(view, piece, entry.at)
    whole = fold(EMPTY, entries(name))
    assert shown(view) == shown(whole)
    assert html(view) == html(whole) == golden(name)["live"]


@NAMES
def test_operations_lead_to_the_page_of_every_prefix(name: str) -> None:
    renderer, view = LiveRenderer(), EMPTY
    page = Page(renderer.snapshot())
    log = entries(name)
    for count, entry in enumerate(log, 1):
        view = reduce(view, entry.event, entry.at)
        operations = renderer.update(view)
        page.apply(operations)
        if operations or count == len(log):
            expected = html(view)
            assert normal(page.root) == normal(Page(expected).root), f"after event {count}: {operations}"


def bare(name: str, *, knows_handoffs: bool = True) -> RunView:
    """The view of a run whose signals are lost, put back as far as that goes."""
    log = entries(name)
    start = next(entry.event for entry in log if isinstance(entry.event, RunStarted))
    restorer = Restorer(start.run_id, start.prompt, start.started_at)
    found: list[Entry] = []
    for event, at in log:
        if getattr(event, "type", "") != "run_signal":
            agent = getattr(event, "new_agent", None)
            if agent is not None and not knows_handoffs:
                event = replace_agent(event, replace(agent, handoffs=()))
            found += [Entry(each, at) for each in restorer.feed(event)]
    end = restorer.finish(ending_of([entry.event for entry in log]))
    return fold(EMPTY, [*found, *(Entry(event, log[-1].at) for event in end)])


def replace_agent(event: Any, agent: Any) -> Any:
    return type(event)(new_agent=agent)


@NAMES
def test_without_signals_the_view_is_the_same_but_for_what_only_they_say(name: str) -> None:
    signalled = fold(EMPTY, entries(name))
    assert comparable(bare(name), signalled) == comparable(signalled, signalled)


@pytest.mark.parametrize("name", ["handoff-chain", "several-handoffs"])
def test_a_card_that_turns_out_to_be_a_handoff_becomes_one(name: str) -> None:
    signalled = fold(EMPTY, entries(name))
    found = comparable(bare(name, knows_handoffs=False), signalled)
    expected = comparable(signalled, signalled)
    assert found["blocks"] == expected["blocks"]


@pytest.mark.parametrize("name", ["handoff-chain", "several-handoffs", "nested-in-nested"])
def test_the_page_follows_a_card_that_becomes_a_handoff(name: str) -> None:
    restorer, renderer, view = Restorer("r", "p", 0.0), LiveRenderer(), EMPTY
    page = Page(renderer.snapshot())
    for event, at in entries(name):
        agent = getattr(event, "new_agent", None)
        known = event if agent is None else replace_agent(event, replace(agent, handoffs=()))
        for each in restorer.feed(known):
            view = reduce(view, each, at)
            page.apply(renderer.update(view))
            assert normal(page.root) == normal(Page(html(view)).root)


def test_the_texts_of_deltas_are_what_the_files_are_about() -> None:
    """The scenes have what they promise: halves of surrogate pairs, carriage returns, marks, runs in runs."""
    text = {name: "".join(delta.text for delta in map(as_delta, events(name)) if delta is not None) for name in SCENES}
    assert "\ud83d " in text["surrogates"] and "\U0001f600" in text["surrogates"]
    assert "\r\n" in text["line-ends"] and "two\rthree" in text["line-ends"]
    assert "e\u0301\u0302\u0303" in text["combining-marks"]
    assert any(isinstance(e, NestedEvent) and isinstance(e.event, NestedEvent) for e in events("nested-in-nested"))
    deltas = [as_delta(event) for event in events("plain") if isinstance(event, RawResponsesStreamEvent)]
    assert len([delta for delta in deltas if isinstance(delta, Delta)]) > 3


def events(name: str) -> list[Any]:
    return [entry.event for entry in entries(name)]


STATES = {
    "refusal": "failed",
    "cancelled-at-once": "stopped",
    "cancelled-in-a-tool": "stopped",
    "cancelled-after-the-turn": "stopped",
    "approval-paused": "paused",
    "failure-before-the-first-event": "failed",
    "failure-in-mid-stream": "failed",
    "stream-that-ends-early": "failed",
    "guardrail-tripped": "failed",
    "max-turns": "failed",
}


@NAMES
def test_each_scene_ends_as_it_should(name: str) -> None:
    assert fold(EMPTY, entries(name)).state == STATES.get(name, "done")


def test_the_page_in_node_comes_to_the_same_end() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = Path(__file__).parent.parent / "js" / "golden.test.mjs"
    done = subprocess.run([node, "--test", str(script)], capture_output=True, text=True, env=os.environ, timeout=110)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    if f"# pass {len(SCENES)}" not in done.stdout:
        pytest.skip("jsdom is not installed: the tests that need a DOM did not run")
