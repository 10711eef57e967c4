"""The keyboard in a run, motion, and a second view of it, in JupyterLab and Notebook 7."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from agentcell.models.response_events import function_call_item as call
from agentcell.testing import Turn

from .scenes import numbered_words
from .stage import ASIDE, SCENE, Stage

WORDS = 330
LONG = numbered_words(WORDS)
RUN = "\nrun = Runner.run_streamed(agent, 'Go on.')\nrun"
AGENT = '''
@function_tool
def weather(city: str) -> str:
    """Say what the weather will be."""
    return f"sunny in {city}"

agent = Agent(name="Guide", tools=[weather], model=model)
'''
CALLS = [call("weather", {"city": city}, call_id=f"call_{city}") for city in ("Oslo", "Rome", "Bern")]


def words_in(text: str) -> list[str]:
    return re.findall(r"w\d{5}", text)


def held(after: int, **options: Any) -> tuple[Turn, threading.Event]:
    release = threading.Event()
    return Turn([LONG], hold_after=after, release=release, **options), release


@pytest.mark.ci
def test_the_keyboard_reaches_everything_and_moves_no_cells(stage: Stage) -> None:
    turn, release = held(30)
    page = stage.notebook.page
    panel = "window.jupyterapp.shell.currentWidget.content"
    try:
        output = stage.play(AGENT + RUN, CALLS, turn)
        output.locator(".ac-answer").get_by_text("w00010").wait_for()
        cell = page.evaluate(f"() => [{panel}.activeCellIndex, {panel}.widgets.length]")
        cards = output.locator(".ac-card")

        def focused(number: int) -> bool:
            return cards.nth(number).locator("summary").first.evaluate("one => document.activeElement === one")

        cards.nth(0).locator("summary").first.focus()
        for key, number in (("j", 1), ("j", 2), ("k", 1)):
            page.keyboard.press(key)
            assert focused(number), (key, number)
        assert cards.nth(1).evaluate("card => card.querySelector('summary').matches(':focus-visible')")
        page.keyboard.press("Enter")
        assert cards.nth(1).get_attribute("open") is not None
        assert page.evaluate(f"() => [{panel}.activeCellIndex, {panel}.widgets.length]") == cell
        output.locator(".ac-head").get_by_role("button", name="Hide or show the run").focus()
        for name in ("Stop now", "Stop"):
            page.keyboard.press("Shift+Tab")
            assert page.evaluate("() => document.activeElement.textContent") == name
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert "Stopped" in stage.record().inner_text()
        assert page.evaluate(f"() => [{panel}.activeCellIndex, {panel}.widgets.length]") == cell
    finally:
        release.set()


@pytest.mark.ci
def test_nothing_moves_for_who_asks_for_that(stage: Stage) -> None:
    turn, release = held(0)
    page = stage.notebook.page
    moving = """() => document.getAnimations().filter((one) => one.playState === "running"
      && one.effect.target.closest(".ac-run")).length"""
    try:
        output = stage.play(AGENT + RUN, turn)
        output.locator(".ac-head").get_by_text("Thinking").wait_for()
        assert page.evaluate(moving) > 0
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(moving) == 0
    finally:
        page.emulate_media(reduced_motion="no-preference")
        release.set()
    stage.record()


@pytest.mark.ci
def test_a_second_view_shows_the_same(stage: Stage) -> None:
    turn, release = held(60)
    try:
        output = stage.play(AGENT + RUN, CALLS, turn)
        output.locator(".ac-answer").get_by_text("w00030").wait_for()
        second = stage.aside("display(run)")
        second.locator(".ac-answer").get_by_text("w00030").wait_for()
        assert second.locator(".ac-card").count() == 3
    finally:
        release.set()
    for index in (SCENE, ASIDE):
        stage.notebook.output(index, ":text('w00329')").first.wait_for()
    stage.notebook.output(ASIDE, "section:not(.ac-run)").wait_for()
    texts = [words_in(stage.notebook.output_text(index)) for index in (SCENE, ASIDE)]
    assert texts[0] == texts[1] == words_in(LONG)
