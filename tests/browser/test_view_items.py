"""Each thing that a run shows, in a real JupyterLab and a real Notebook 7, with a picture of each."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import message_item, reasoning_item, refusal_item
from agentcell.testing import HttpError, Turn

from .scenes import numbered_words
from .stage import Stage

pytestmark = pytest.mark.ci

LONG = numbered_words(60)
BEGIN = "\nrun = Runner.run_streamed(agent, 'How is Paris?', approvals='live')\nrun"

WEATHER = '''
import asyncio
from agentcell import handoff

@function_tool
async def weather(city: str, days: int = 1) -> str:
    """Say what the weather will be."""
    await asyncio.sleep(0.3)
    return f"sunny in {city} for {days} days"
'''


@contextmanager
def held(*output: object, after: int) -> Iterator[tuple[Turn, threading.Event]]:
    """An answer that waits after so many events, and what lets it go on; it goes on at the latest in the end."""
    release = threading.Event()
    try:
        yield Turn(list(output), hold_after=after, release=release), release  # type: ignore[arg-type]
    finally:
        release.set()


def test_1_header(stage: Stage, artifacts: Path) -> None:
    agent = (
        WEATHER
        + """
agent = Agent(name="Guide", tools=[weather], model=model)
"""
    )
    again = call("weather", {"city": "Oslo"}, call_id="call_2")
    first = [message_item("I look it up first of all."), call("weather", {"city": "Paris"}, call_id="call_1")]
    with held(LONG, again, after=30) as (turn, release):
        output = stage.play(agent + BEGIN, first, turn, "never asked for")
        output.locator(".ac-answer").get_by_text("w00010").wait_for()
        head = output.locator(".ac-head")
        head.get_by_text("Streaming").wait_for()
        said = head.inner_text()
        for fact in ("Guide", "loopback", r"\d s", r"first token \d", r"\d+ in / \d+ out", r"\d tok/s", r"\$\d"):
            assert re.search(fact, said), (fact, said)
        stage.look(artifacts, "01-header")
        fold = head.get_by_role("button", name="Hide or show the run")
        fold.click()
        assert output.locator(".ac-content").is_hidden() and fold.get_attribute("aria-expanded") == "false"
        fold.click()
        assert output.locator(".ac-content").is_visible()
        assert head.get_by_role("button", name="Stop now").is_enabled()
        head.get_by_role("button", name="Stop", exact=True).click()
        release.set()
        text = stage.record().inner_text()
    assert "Stopped" in text and "w00059" in text and "never asked for" not in text
    assert "partial" not in text, "the turn was finished"
    stage.play("agent = Agent(name='Shown')" + BEGIN)
    assert "demo model" in stage.record().locator("header, div").first.inner_text()


def test_2_timeline(stage: Stage, artifacts: Path) -> None:
    agent = (
        WEATHER
        + """
clerk = Agent(name="Clerk", model=model)
writer = Agent(name="Writer", model=model)
ask = clerk.as_tool("ask_clerk", "Ask the clerk.")
agent = Agent(name="Guide", tools=[weather, ask], handoffs=[writer], model=model)
"""
    )
    calls = [call("weather", {"city": city}, call_id=f"call_{city}") for city in ("Oslo", "Rome")]
    inner = [call("ask_clerk", {"input": "Paris?"}, call_id="call_clerk")]
    with held(LONG, after=30) as (turn, release):
        output = stage.play(agent + BEGIN, calls, inner, "It is warm.", [call("transfer_to_writer", {})], turn)
        output.locator(".ac-answer").get_by_text("w00010").wait_for()
        lanes = output.locator(".ac-lane")
        names = [name.strip() for name in lanes.locator(".ac-lane-name").all_inner_texts()]
        assert names == ["Guide", "↳ Clerk", "Writer"]
        assert lanes.nth(0).locator(".ac-bars").count() == 2, "calls at the same time stand above each other"
        kinds = lanes.nth(0).locator(".ac-bar").evaluate_all("bars => bars.map(bar => bar.className)")
        assert {kind.split()[1] for kind in kinds} >= {"ac-wait", "ac-stream", "ac-tool", "ac-sub"}
        assert output.locator(".ac-arrow").count() == 1
        scale = "lanes => Number(lanes.style.getPropertyValue('--t'))"
        before = output.locator(".ac-lanes").evaluate(scale)
        stage.notebook.page.wait_for_function(
            f"([lanes, before]) => ({scale})(lanes) > before",
            arg=[output.locator(".ac-lanes").element_handle(), before],
        )
        ledger = output.locator(".ac-ledger").inner_text()
        assert re.search(r"model \d+%.*tools \d+%.*you 0%.*overhead \d+%", ledger.replace("\n", " ")), ledger
        card = output.locator(".ac-card").filter(has_text="Rome")
        assert card.get_attribute("open") is None
        lanes.nth(0).locator(".ac-bar.ac-tool").nth(1).click()
        assert card.get_attribute("open") is not None
        assert card.get_by_text("sunny in Rome for 1 days").is_visible()
        stage.look(artifacts, "02-timeline")
        release.set()
        assert "model" in stage.record().inner_text()


MARKDOWN = """\
## The week

- **sun** on Friday
- rain on Sunday

| day | high |
|---|---:|
| Friday | 21 |

The mean is $\\bar{x}$, see [the forecast](https://example.org/paris).

```python
def pack(days): return ["hat"] * len(days)
```

and so on and so on and so on and so on and so on and so on and so on and so on THE END
"""


def test_3_turns(stage: Stage, artifacts: Path) -> None:
    agent = 'agent = Agent(name="Guide", model=model)'
    thought = reasoning_item("I **think** about it.")
    with held(thought, message_item(MARKDOWN), after=52) as (turn, release):
        output = stage.play(agent + BEGIN, turn)
        output.locator(".ac-answer h2").wait_for()
        output.locator(".ac-answer pre").wait_for()
        assert output.locator(".ac-turn .ac-agent").inner_text() == "Guide"
        thoughts = output.locator("details.ac-thought")
        assert thoughts.get_attribute("open") is None and not thoughts.locator("strong").is_visible()
        thoughts.locator("summary").click()
        assert thoughts.locator("strong").inner_text() == "think"
        assert "$\\bar{x}$" in output.inner_text() and "THE END" not in output.inner_text()
        coloured = output.locator(".ac-answer pre code span")
        assert coloured.all_inner_texts() == ["def", "pack", "return", '"hat"', "len"], "it has settled"
        stage.look(artifacts, "03-turns")
        release.set()
        record = stage.record()
    saved = record.locator("pre code span")
    colours = saved.evaluate_all("all => all.map(one => getComputedStyle(one).color)")
    assert colours[0] == colours[2] and len(set(colours)) == 4, "the record has colours of its own"
    assert record.locator("li strong").inner_text() == "sun"
    assert record.locator("td").filter(has_text="21").count() == 1
    assert "def pack" in record.locator("pre code").inner_text()
    assert record.locator("a[href='https://example.org/paris']").count() == 1
    refused = stage.play(agent + BEGIN, [refusal_item("I will not say more.")])
    refused.locator(".ac-refusal, section:not(.ac-run)").get_by_text("I will not say more.").first.wait_for()
    assert refused.locator(".ac-answer").count() == 0


MATHS = """
@function_tool
def echo(text: str) -> str:
    \"\"\"Say it again.\"\"\"
    return f"{text} and $\\\\bar{{r}}$"

agent = Agent(name="Guide", tools=[echo], model=model)
run = Runner.run_streamed(agent, "What is $\\\\bar{p}$?")
run"""


def test_3_formulas_are_shown_as_they_were_typed(stage: Stage) -> None:
    """In the record too, although the notebook typesets formulas in what cells show, as in the cell after it."""
    typed = r"It is $\bar{a}$, or $$\bar{b}$$ or \\(\bar{c}\\)."
    calls = [call("echo", {"text": r"$\bar{t}$"}, call_id="m1")]
    stage.play(MATHS, calls, [message_item(typed)])
    record = stage.record()
    control = stage.aside(r"from IPython.display import HTML; HTML(r'<p>$\bar{y}$</p>')")
    control.locator("mjx-container, .MathJax").first.wait_for(state="attached")
    record.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    text = record.inner_text()
    for formula in (r"$\bar{p}$", r"$\bar{t}$", r"$\bar{r}$", r"$\bar{a}$", r"$$\bar{b}$$", r"\(\bar{c}\)"):
        assert formula in text, formula
    assert record.locator("mjx-container, .MathJax").count() == 0


TOOLS = '''
import asyncio, logging, warnings
import pandas
from PIL import Image
from agentcell import ToolContext
gate = asyncio.Event()

@function_tool
async def work(ctx: ToolContext, name: str) -> str:
    """Work until the gate opens."""
    for page in (1, 2):
        print(f"{name} printed {page}")
        await asyncio.sleep(0.02)
    logging.getLogger("work").warning("%s logged", name)
    warnings.warn(f"{name} warned")
    ctx.progress(0.4, f"{name} page 4")
    await gate.wait()
    return name * 3_000

@function_tool
def book(city: str, nights: int) -> str:
    """Book a room."""
    return "booked"

@function_tool
def table() -> pandas.DataFrame:
    """Give a table."""
    return pandas.DataFrame({"city": ["Oslo", "<b>Rome</b>"], "high": [4.5, 22.0]})

@function_tool
def picture() -> Image.Image:
    """Give a picture."""
    return Image.new("RGB", (120, 60), "teal")

@function_tool
def broken() -> str:
    """Fail."""
    raise KeyError("no such place")

agent = Agent(name="Guide", tools=[work, book, table, picture, broken], model=model)
'''


def test_4_tool_cards(stage: Stage, artifacts: Path) -> None:
    calls = [
        call("book", {"city": "Paris", "nights": "many"}, call_id="call_book"),
        call("work", {"name": "ann"}, call_id="call_ann"),
        call("work", {"name": "bob"}, call_id="call_bob"),
        *(call(name, {}, call_id=f"call_{name}") for name in ("table", "picture", "broken")),
    ]
    turn = Turn(calls, pieces=list, hold_after=24, release=threading.Event())
    assert turn.release is not None
    try:
        output = stage.play(TOOLS + BEGIN, turn, "All done.")
        page = stage.notebook.page
        book = output.locator(".ac-card").filter(has_text="book").first
        book.locator("summary").first.click()
        book.get_by_text("writing arguments").wait_for()
        row = book.locator("tr.ac-field").first
        row.wait_for()
        assert "city" in row.inner_text() and "many" not in book.inner_text(), "the table fills while it is written"
    finally:
        turn.release.set()
    book.locator(".ac-problem").first.wait_for()
    assert book.locator("tr.ac-field").nth(0).locator(".ac-verdict.ac-ok").count() == 1
    assert book.locator("tr.ac-field").nth(1).locator(".ac-verdict.ac-bad").count() == 1
    assert book.get_attribute("open") is not None, "what a person has opened stays open"
    for name in ("ann", "bob"):
        card = output.locator(f".ac-card:has-text('{name} page 4')")
        card.locator("summary").first.click()
        assert card.locator(".ac-v-fill").bounding_box() is not None
        printed = card.locator(".ac-printed").inner_text()
        for said in ("printed 1", "printed 2", "logged", "warned"):
            assert f"{name} {said}" in printed, printed
        assert {"ann": "bob", "bob": "ann"}[name] not in card.inner_text()
    stage.look(artifacts, "04-tools-running")
    stage.aside("gate.set()")
    record = stage.record()
    for summary in record.locator("details:not([open]) > summary").all():
        if summary.is_visible() and "Model call" not in summary.inner_text():
            summary.click()
    assert record.locator("td").filter(has_text=re.compile(r"^<b>Rome</b>$")).count() == 1
    assert record.locator("td").filter(has_text=re.compile(r"^22\.0$")).count() == 1
    assert record.locator("img").evaluate("image => [image.naturalWidth, image.naturalHeight]") == [120, 60]
    assert record.get_by_text("Traceback", exact=True).count() == 1
    assert "KeyError" in record.inner_text()
    assert re.search(r"Show all \(9,000 characters\)", record.inner_text())
    page.set_viewport_size({"width": 1200, "height": 5400})
    stage.look(artifacts, "04-tools-done")
    page.set_viewport_size({"width": 1200, "height": 2400})


PRINTS = '''
import asyncio
gate = asyncio.Event()

@function_tool
async def chatter() -> str:
    """Talk."""
    for first in (0, 60, 90):
        for number in range(first, first + 30 + 30 * (not first)):
            print("line", number)
        await gate.wait()
        gate.clear()
    return "said"

agent = Agent(name="Guide", tools=[chatter], model=model)
'''


def test_4_what_a_tool_prints_follows_its_end_until_somebody_scrolls_up(stage: Stage) -> None:
    output = stage.play(PRINTS + BEGIN, [call("chatter", {}, call_id="chat_1")], "Done.")
    output.locator(".ac-card > summary").click()
    printed = output.locator(".ac-v-stream pre")
    printed.get_by_text("line 59").wait_for()

    def hidden(where: str) -> int:
        above = "pre => Math.round(pre.scrollHeight - pre.clientHeight + pre.scrollTop)"
        return printed.evaluate(above if where == "above" else "pre => Math.round(-pre.scrollTop)")

    assert hidden("above") > 100 and hidden("below") == 0
    stage.aside("gate.set()")
    printed.get_by_text("line 89").wait_for()
    assert hidden("below") == 0, "it has followed"
    printed.evaluate("pre => { pre.scrollTop = -400; }")
    before = hidden("above")
    stage.aside("gate.set()")
    printed.get_by_text("line 119").wait_for()
    assert hidden("above") == before and hidden("below") > 700, "what is read stays where it is"
    stage.aside("gate.set()")
    stage.record()


def test_5_handoff(stage: Stage, artifacts: Path) -> None:
    agent = """
from pydantic import BaseModel
from agentcell import handoff
from agentcell.extensions import handoff_filters

class Why(BaseModel):
    reason: str

writer = Agent(name="Writer", model=model)
passed = handoff(writer, on_handoff=lambda context, why: None, input_type=Why,
                 input_filter=handoff_filters.remove_all_tools)
agent = Agent(name="Guide", handoffs=[passed], model=model)
"""
    output = stage.play(agent + BEGIN, [call("transfer_to_writer", {"reason": "a report is asked for"})], "Written.")
    record = stage.record()
    stage.look(artifacts, "05-handoff")
    text = record.inner_text()
    assert re.search(r"Handoff:\s+Guide\s+→\s+Writer", text) and "filtered history" in text
    assert "a report is asked for" in text and "Written." in text
    assert output.locator("section").count() == 1


def test_6_agent_as_a_tool(stage: Stage, artifacts: Path) -> None:
    agent = (
        WEATHER
        + """
clerk = Agent(name="Clerk", tools=[weather], model=model)
agent = Agent(name="Guide", tools=[clerk.as_tool("ask_clerk", "Ask the clerk.")], model=model)
"""
    )
    asked = [call("ask_clerk", {"input": "Paris?"}, call_id="call_clerk")]
    with held(LONG, after=30) as (turn, release):
        output = stage.play(agent + BEGIN, asked, [call("weather", {"city": "Rome"}, call_id="w")], turn, "It is warm.")
        card = output.locator(".ac-body > .ac-card").filter(has_text="ask_clerk")
        card.locator("summary").first.click()
        inner = card.locator(".ac-inner")
        inner.locator(".ac-answer").get_by_text("w00010").wait_for()
        assert inner.locator(".ac-card").filter(has_text="weather").count() == 1
        assert re.search(r"Clerk.*\d+ in / \d+ out.*\$", inner.locator(".ac-sum").inner_text())
        stage.look(artifacts, "06-agent-as-a-tool")
        release.set()
        record = stage.record()
    assert "It is warm." in record.inner_text()
    assert "w00059" in record.inner_text(), "the card is as open as it was"


def test_7_approval(stage: Stage, artifacts: Path) -> None:
    agent = '''
sent = []

@function_tool(needs_approval=True)
def send_letter(to: str, copies: int) -> str:
    """Send a letter."""
    sent.append((to, copies))
    return "sent"

agent = Agent(name="Clerk", tools=[send_letter], model=model)
'''
    output = stage.play(agent + BEGIN, [call("send_letter", {"to": "ann", "copies": 1}, call_id="call_1")], "Sent.")
    card = output.locator(".ac-card")
    card.locator(".ac-form").wait_for()
    edited = card.get_by_role("button", name="Approve edited", exact=True)
    for button in ("Approve", "Reject"):
        assert card.get_by_role("button", name=button, exact=True).count() == 1
    assert edited.count() == 0, "there is nothing to choose while nothing is edited"
    assert card.get_by_label("Always for send_letter in this run").count() == 1
    card.get_by_text("Edit the arguments").click()
    assert edited.is_disabled()
    card.get_by_label("copies", exact=True).fill("3")
    stage.look(artifacts, "07-approval")
    edited.click()
    record = stage.record()
    record.locator("summary").filter(has_text="send_letter").last.click()
    assert "Approved with changes by the view" in record.inner_text()
    assert stage.aside("sent").get_by_text("[('ann', 3)]").text_content()


def test_8_structured_list(stage: Stage, artifacts: Path) -> None:
    agent = """
from pydantic import BaseModel

class City(BaseModel):
    name: str
    high: int

agent = Agent(name="Guide", output_type=list[City], model=model)
"""
    cities = ", ".join(f'{{"name": "city {number}", "high": {number}}}' for number in range(8))
    with held(f'{{"response": [{cities}]}}', after=24) as (turn, release):
        output = stage.play(agent + BEGIN, turn)
        rows = output.locator(".ac-json tbody tr")
        rows.nth(3).wait_for()
        assert output.locator(".ac-json thead").inner_text().split() == ["name", "high"]
        assert 3 < rows.count() < 8
        rows.nth(0).evaluate("row => { window.firstRow = row }")
        stage.look(artifacts, "08-structured")
        release.set()
        record = stage.record()
    assert record.locator("td").filter(has_text=re.compile(r"^city \d$")).count() == 8
    assert "city 7" in record.inner_text()


def test_9_failure(stage: Stage, artifacts: Path) -> None:
    agent = WEATHER + '\nagent = Agent(name="Guide", tools=[weather], model=model)'
    busy = HttpError(429, {"error": {"message": "too many requests"}}, headers={"retry-after": "3"})
    broken = HttpError(400, {"error": {"message": "the model is <b>not</b> there"}})
    first = [call("weather", {"city": "Rome"}, call_id="call_1")]
    output = stage.play(agent + BEGIN, first, busy, broken, "Sunny in Rome.")
    left = output.locator(".ac-notice.ac-pending .ac-left")
    left.wait_for()
    before = left.inner_text()
    assert re.fullmatch(r"[0-3]\.\d s", before)
    stage.notebook.page.wait_for_function(
        "([left, before]) => parseFloat(left.textContent) < parseFloat(before)", arg=[left.element_handle(), before]
    )
    stage.look(artifacts, "09-retry")
    resume = output.get_by_role("button", name="Resume")
    resume.wait_for()
    assert "the model is <b>not</b> there" in output.inner_text() and "sunny in Rome" in (output.text_content() or "")
    assert output.locator(".ac-head").get_by_text("Failed").is_visible()
    stage.look(artifacts, "09-failure")
    resume.click()
    assert "Sunny in Rome." in stage.record().inner_text()
    assert not stage.notebook.output(1, ".ac-run").count()


def test_10_what_the_model_saw(stage: Stage, artifacts: Path) -> None:
    agent = WEATHER + '\nagent = Agent(name="Guide", instructions="Be brief.", tools=[weather], model=model)'
    with held(LONG, after=30) as (turn, release):
        output = stage.play(agent + BEGIN, [call("weather", {"city": "Rome"}, call_id="call_1")], turn)
        output.locator(".ac-answer").get_by_text("w00010").wait_for()
        calls = output.locator("details.ac-request")
        assert calls.count() == 2 and output.locator("details.ac-request[open]").count() == 0
        for number, seen in ((0, "Be brief."), (1, "sunny in Rome for 1 days")):
            calls.nth(number).locator("summary").first.click()
            assert seen in calls.nth(number).inner_text()
        parts = calls.nth(1).locator(".ac-parts").inner_text()
        assert all(part in parts for part in ("Instructions", "Tools and schemas", "Conversation", "Tool results"))
        assert calls.nth(1).locator(".ac-changes li").count() >= 1, "the difference to the call before"
        stage.look(artifacts, "10-what-the-model-saw")
        release.set()
        stage.record()


def test_11_added_input(stage: Stage, artifacts: Path) -> None:
    agent = WEATHER + '\nagent = Agent(name="Guide", tools=[weather], model=model)'
    with held("I look it up, wait.", call("weather", {"city": "Rome"}, call_id="c"), after=6) as (turn, release):
        output = stage.play(agent + BEGIN, turn, "Done in French.")
        line = output.get_by_label("Add input for the next turn")
        line.fill("Answer in French.")
        line.press("Enter")
        output.get_by_text("Input waits for the next turn").wait_for()
        assert output.locator(".ac-notice.ac-pending").filter(has_text="Answer in French.").count() == 1
        stage.look(artifacts, "11-added-input")
        release.set()
        text = stage.record().inner_text()
    assert "Input added" in text and "Answer in French." in text and "waits for the next turn" not in text
    assert "Answer in French." in str(stage.server.requests[-1].body["input"])
