"""Every text of a busy run has enough contrast, live and as a record, in both themes of JupyterLab."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import message_item, reasoning_item, refusal_item
from agentcell.testing import Turn

from .lab import Lab
from .stage import HARD_TO_READ, SCENE, THEMES, Stage

pytestmark = pytest.mark.ci

BUSY = '''
import asyncio, logging, warnings
from pydantic import BaseModel
from agentcell import ToolContext, handoff
gate = asyncio.Event()

class Why(BaseModel):
    reason: str

@function_tool
async def work(ctx: ToolContext, name: str, pages: list[int], deep: list[list[str]] | None = None) -> str:
    """Work until the gate opens."""
    print("printed")
    logging.getLogger("work").warning("logged")
    warnings.warn("warned")
    ctx.progress(0.4, "page 4")
    await gate.wait()
    return "done " * 1_500

@function_tool
def tree(empty: str | None) -> dict[str, object]:
    """Give a tree."""
    return {"text": "text", "number": 1.5, "nothing": None, "yes": True, "list": [1, [2, {}]], "long": "x" * 300}

@function_tool
def broken(count: int) -> str:
    """Fail."""
    raise KeyError("no such place")

@function_tool(needs_approval=True)
def send_letter(to: str, copies: int, express: bool) -> str:
    """Send a letter."""
    return "sent"

clerk = Agent(name="Clerk", model=model)
writer = Agent(name="Writer", model=model)
agent = Agent(name="Guide", instructions="Be brief.", model=model, handoffs=[handoff(
    writer, on_handoff=lambda context, why: None, input_type=Why)], tools=[
    work, tree, broken, send_letter, clerk.as_tool("ask_clerk", "Ask the clerk.")])
run = Runner.run_streamed(agent, "How is Paris?", approvals="live")
run
'''
ANSWER = """\
# A heading

Text with **weight**, *stress*, ~~deletion~~, `code`, [a link](https://example.org/a), and ![an image](https://example.org/b.png).

> A quotation with `code` and [a link](https://example.org/c).

```python
def pack(days: int = 3) -> list[str]:  # how many
    return ["hat", None, 1.5] * days
```

| day | high |
|---|---:|
| Friday | 21 |

1. One
   - two
"""
CALLS = [
    reasoning_item("I **think** about `it`."),
    message_item(ANSWER),
    refusal_item("I will not say more."),
    call("work", {"name": "ann", "pages": [1, 2], "deep": [["one"], []]}, call_id="call_work"),
    call("tree", {"empty": None}, call_id="call_tree"),
    call("broken", {"count": "many", "odd": 1}, call_id="call_broken"),
    call("broken", {"count": 2}, call_id="call_broken_2"),
    call("ask_clerk", {"input": "Paris?"}, call_id="call_clerk"),
    call("send_letter", {"to": "ann\u200b", "copies": 2, "express": True}, call_id="call_letter"),
]
OPEN_ALL = "area => area.querySelectorAll('details').forEach(one => one.setAttribute('open', ''))"


@pytest.fixture(scope="module")
def stage(lab: Lab) -> Iterator[Stage]:
    """JupyterLab alone: Notebook 7 has the same themes."""
    with Stage(lab, "lab") as running:
        running.notebook.page.set_viewport_size({"width": 1200, "height": 6000})
        running.notebook.page.emulate_media(reduced_motion="reduce")  # what pulses is pale for a moment
        yield running
    assert not running.notebook.errors


def hard_to_read(stage: Stage) -> dict[str, list[str]]:
    """The texts of the scene that lack contrast, by theme."""
    found: dict[str, list[str]] = {}
    try:
        for theme in reversed(THEMES):
            stage.notebook.set_theme(THEMES[theme])
            for width in (480, 1200):
                stage.notebook.set_width(width)
                found[f"{theme} {width}"] = stage.notebook.output(SCENE).evaluate(HARD_TO_READ)
    finally:
        stage.notebook.set_theme(THEMES["light"])
    return {place: texts for place, texts in found.items() if texts}


def test_text_that_is_hard_to_read_is_found(stage: Stage) -> None:
    stage.notebook.write(
        SCENE,
        """from IPython.display import HTML
HTML('<p style="color:#808080">grey</p><p style="opacity:0.5">pale</p><p style="color:#666">fine</p>'
     '<div style="background:rgba(0,0,0,0.5)"><p style="color:#444">dark</p></div><input placeholder="asks"'
     ' style="color:#000;background:#fff"><p hidden style="color:#fff">unseen</p>')""",
    )
    stage.notebook.run(SCENE)
    found = stage.notebook.output(SCENE, ".jp-OutputArea-output").evaluate(HARD_TO_READ)
    assert [text.split(": ")[1].split(" (")[0] for text in found] == ["grey", "pale", "dark"], found


@pytest.mark.timeout(120)
def test_a_busy_run_and_its_record_can_be_read(stage: Stage) -> None:
    release = threading.Event()
    last = Turn([message_item(ANSWER)], hold_after=60, release=release)
    inner = "It is warm."
    passed = [call("transfer_to_writer", {"reason": "a report"}, call_id="call_writer")]

    def answer(request: dict[str, object]) -> object:
        asked = str(request["input"])
        if "Paris?" in asked and "How is" not in asked:
            return inner
        return last if "transfer" in asked else passed if "call_letter" in asked else CALLS

    try:
        output = stage.play(BUSY, *[answer] * 8)  # type: ignore[list-item]
        output.locator(".ac-card").filter(has_text="page 4").first.wait_for()
        line = output.get_by_label("Add input for the next turn")
        line.fill("Answer in French.")
        line.press("Enter")
        output.locator(".ac-notice.ac-pending").wait_for()
        output.evaluate(OPEN_ALL)
        assert hard_to_read(stage) == {}
        stage.aside("gate.set()")
        output.locator(".ac-form").get_by_role("button", name="Reject").wait_for()
        output.evaluate(OPEN_ALL)
        output.get_by_label("copies", exact=True).fill("x")
        assert hard_to_read(stage) == {}
        output.get_by_label("Reason for a rejection").fill("Not now.")
        output.get_by_role("button", name="Reject").click()
        output.locator(".ac-handoff .ac-agent").get_by_text("Writer").first.wait_for()
        output.locator(".ac-answer h1").nth(1).wait_for()
        output.evaluate(OPEN_ALL)
        assert hard_to_read(stage) == {}
    finally:
        release.set()
    record = stage.record()
    record.evaluate(OPEN_ALL)
    assert record.locator("p").get_by_text("I will not say more.").is_visible()
    assert hard_to_read(stage) == {}
