"""What a person has done to a view stays: nothing flickers, moves or is lost while a run goes on."""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest

from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import message_item
from agentcell.testing import Turn

from .scenes import numbered_words
from .stage import ASIDE, SCENE, Stage

if TYPE_CHECKING:
    from playwright.sync_api import Locator

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

SETTLED = """() => {
  const answers = [...document.querySelectorAll(".ac-answer")];
  const blocks = answers.flatMap(answer => [...answer.querySelectorAll(".ac-chunk > *")].slice(0, -2));
  const others = document.querySelectorAll(".ac-prompt, .ac-card, .ac-card summary, .ac-turn, .ac-head [data-fold]");
  window.settled = [...blocks, ...others];
  window.texts = blocks.map((block) => block.textContent);
  return blocks.length;
}"""
"""Notes the elements that nothing may touch any more."""
TOUCHED = """() => window.settled.filter((element, index) => !element.isConnected || !element.closest(".ac-run")
  || index < window.texts.length && window.texts[index] !== element.textContent).map((element) => element.outerHTML)"""
"""The noted elements that are gone or have changed."""
SCROLLED = """() => {
  let element = document.querySelector(".ac-run");
  while (element && !(element.scrollHeight > element.clientHeight + 5
                      && /auto|scroll/.test(getComputedStyle(element).overflowY))) element = element.parentElement;
  return element.scrollTop;
}"""


SEEN = """foot => {
  const box = foot.getBoundingClientRect();
  const area = foot.closest(".jp-WindowedPanel-outer").getBoundingClientRect();
  return box.height > 0 && box.bottom <= area.bottom && box.top >= area.top;
}"""
LOWER_EDGE = """foot => {
  const area = foot.closest(".jp-WindowedPanel-outer");
  area.scrollTop += foot.getBoundingClientRect().bottom + 40 - area.getBoundingClientRect().bottom;
}"""
NEXT_FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"


def words_in(text: str) -> list[str]:
    return re.findall(r"w\d{5}", text)


def held(after: int, **options: Any) -> tuple[Turn, threading.Event]:
    release = threading.Event()
    return Turn([LONG], hold_after=after, release=release, **options), release


class Story:
    """Runs of several turns; each turn waits in its middle until the test lets it go on.

    Every word of every run has a number of its own.
    """

    LENGTH = 120
    """Words of one turn."""
    HELD = 90
    """Events after which a turn waits."""

    def __init__(self, parts: int, runs: int = 1, delay: float = 0.01) -> None:
        self._parts = parts
        self._runs = runs
        self._delay = delay
        self._gates = [threading.Event() for _ in range(parts)]

    def _first(self, run: int, part: int) -> int:
        return 10_000 * run + part * self.LENGTH

    def turns(self) -> list[Any]:
        """What the server answers, whichever run asks."""
        return [self._answer] * (self._parts * self._runs)

    def _answer(self, request: dict[str, Any]) -> Turn:
        asked = json.dumps(request["input"])
        found = re.search(r"Run (\d)\.", asked)
        run, part = int(found[1]) if found else 0, asked.count('"function_call_output"')
        output: list[Any] = [message_item(numbered_words(self.LENGTH, self._first(run, part)))]
        if part < self._parts - 1:
            output.append(call("weather", {"city": f"City {part}"}, call_id=f"call_{run}_{part}"))
        return Turn(output, hold_after=self.HELD, release=self._gates[part], delay=self._delay)

    def word(self, run: int, part: int, number: int) -> str:
        """One word of a turn."""
        return f"w{self._first(run, part) + number:05}"

    def words(self, run: int) -> list[str]:
        """All words of a run, in order."""
        return [self.word(run, part, number) for part in range(self._parts) for number in range(self.LENGTH)]

    def wait_for(self, place: Locator, part: int, run: int = 0) -> None:
        """Wait until a turn has come as far as it comes by itself, or nearly."""
        place.locator(".ac-answer").get_by_text(self.word(run, part, 60)).wait_for()

    def go_on(self, part: int) -> None:
        """Let a turn go on, and the run with it until the middle of the next turn."""
        self._gates[part].set()

    def let_go(self) -> None:
        """Let everything go on to the end."""
        for gate in self._gates:
            gate.set()


def scroll(stage: Stage, by: int) -> None:
    """Turn the wheel over the scene, and wait until the notebook has moved."""
    page = stage.notebook.page
    before = page.evaluate(SCROLLED)
    stage.notebook.output(SCENE).hover()
    page.mouse.wheel(0, by)
    page.wait_for_function(f"before => ({SCROLLED})() !== before", arg=before)
    page.evaluate(NEXT_FRAME)


@pytest.mark.ci
def test_settled_parts_a_selection_and_the_scroll_position_stay(stage: Stage) -> None:
    turn, release = held(WORDS, delay=0.022)
    page = stage.notebook.page
    page.set_viewport_size({"width": 1200, "height": 700})
    try:
        output = stage.play(AGENT + RUN, CALLS, turn)
        output.locator(".ac-answer").get_by_text("w00070").wait_for()
        start = stage.notebook.wire_length()
        output.locator(".ac-card > summary").first.click()
        assert page.evaluate(SETTLED) >= 3
        page.evaluate("""() => {
          const block = document.querySelector(".ac-answer .ac-chunk p");
          document.getSelection().selectAllChildren(block);
        }""")
        selected = page.evaluate("() => String(document.getSelection())")
        assert len(words_in(selected)) > 10
        scroll(stage, -60)
        before = page.evaluate(SCROLLED)
        output.locator(".ac-answer").get_by_text("w00270").wait_for()
        frames = [message for message in stage.notebook.wire(start) if message.method == "custom"]
        print(f"{len(frames)} frames")
        assert len(frames) >= 100
        assert page.evaluate(TOUCHED) == []
        assert output.locator(".ac-card").first.get_attribute("open") is not None
        assert page.evaluate("() => String(document.getSelection())") == selected
        assert page.evaluate(SCROLLED) == before, "somebody looks at something else"
    finally:
        release.set()
        page.set_viewport_size({"width": 1200, "height": 2400})
    record = stage.record()
    assert words_in(record.inner_text()) == words_in(LONG)
    cards = record.locator("details").filter(has_text="weather").filter(has_text="city")
    is_open = "all => all.map(one => one.open)"
    assert cards.evaluate_all(is_open).count(True) == 1, "the card that somebody has opened, and no other"


@pytest.mark.ci
def test_the_end_stays_in_sight_for_who_looks_at_it(stage: Stage) -> None:
    page, story = stage.notebook.page, Story(parts=4)
    page.set_viewport_size({"width": 1200, "height": 600})

    def grow(part: int) -> None:
        before = output.bounding_box()
        story.go_on(part)
        story.wait_for(output, part + 1)
        after = output.bounding_box()
        assert before and after and after["height"] > before["height"] + 100
        page.evaluate(NEXT_FRAME)

    def to_the_end() -> float:
        """Scroll until the end of the run is seen, near the lower edge."""
        scroll(stage, 2000)
        output.locator(".ac-run .ac-foot").evaluate(LOWER_EDGE)
        page.evaluate(NEXT_FRAME)
        return page.evaluate(SCROLLED)

    def end_is_seen() -> bool:
        return output.locator(".ac-run .ac-foot").evaluate(SEEN)

    try:
        output = stage.play(AGENT + RUN, *story.turns())
        story.wait_for(output, 0)
        at = to_the_end()
        grow(0)
        assert page.evaluate(SCROLLED) > at + 100 and end_is_seen()
        scroll(stage, -70)
        at = page.evaluate(SCROLLED)
        grow(1)
        assert page.evaluate(SCROLLED) == at and not end_is_seen(), "somebody reads what is above"
        at = to_the_end()
        grow(2)
        assert page.evaluate(SCROLLED) > at + 100 and end_is_seen(), "who comes back follows again"
        top = output.locator(".ac-card > summary").last.evaluate("summary => summary.getBoundingClientRect().top")
        output.locator(".ac-card > summary").last.click()
        page.evaluate(NEXT_FRAME)
        assert output.locator(".ac-card > summary").last.evaluate("one => one.getBoundingClientRect().top") == top
    finally:
        story.let_go()
        page.set_viewport_size({"width": 1200, "height": 2400})
    stage.record()


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


def reload_in_mid_run(stage: Stage, runs: int, reloads: int) -> None:
    """Reload the page again and again while runs are being written; nothing is lost, doubled or late."""
    story = Story(parts=reloads + 1, runs=runs)
    page = stage.notebook.page
    views = stage.notebook.output(SCENE, ".ac-run")
    try:
        stage.play(
            f"{AGENT}\nfor n in range({runs}):\n    display(Runner.run_streamed(agent, f'Run {{n}}.', max_turns=99))",
            *story.turns(),
        )
        for part in range(reloads):
            for run in range(runs):
                views.nth(run).get_by_text(story.word(run, part, 3)).wait_for()
            if part == 0:
                stage.notebook.save()
            written = [words_in(text) for text in views.all_inner_texts()]
            stage.notebook.reload()
            views.nth(runs - 1).wait_for()
            for run, text in enumerate(views.all_inner_texts()):
                words = words_in(text)
                assert len(words) >= len(written[run]) and words == story.words(run)[: len(words)], (part, run)
            for run in range(runs):
                story.wait_for(views.nth(run), part, run)
            story.go_on(part)
        assert views.count() == runs
        assert page.evaluate(SETTLED) > 5 * runs * reloads
    finally:
        story.let_go()
    for run in range(runs):
        views.nth(run).get_by_text(story.words(run)[-1]).wait_for()
    stage.notebook.output(SCENE, ".ac-run.ac-done").nth(runs - 1).wait_for()
    assert [words_in(text) for text in views.all_inner_texts()] == [story.words(run) for run in range(runs)]
    assert page.evaluate(TOUCHED) == [], "the end of a run touches nothing that is settled"


@pytest.mark.ci
@pytest.mark.timeout(180)
def test_reloads_in_mid_run_lose_nothing(stage: Stage) -> None:
    """Five runs and four reloads: twenty views that a reload has interrupted."""
    reload_in_mid_run(stage, runs=5, reloads=4)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_twenty_reloads_of_one_run_lose_nothing(stage: Stage) -> None:
    reload_in_mid_run(stage, runs=1, reloads=20)
