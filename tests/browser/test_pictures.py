"""Pictures of a live run and of its record, in both themes and two widths, to look at.

They go to `test-output/`; with `--update-images` the README's pictures are written to `docs/images/` too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentcell.testing import LoopbackServer, Turn

from .conftest import OpenNotebook
from .lab import CHECKOUT
from .notebook_page import NotebookPage
from .scenes import CLERK, TEAM, clerk_calls, connected, team_turns

pytestmark = pytest.mark.ci

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTHS = (1200, 480)

REPORT = """\
## Paris, next three days

It stays **sunny** for three days; take `sunglasses` and see [the forecast](https://example.org/paris).

| day | sky | high |
|---|---|---:|
| Friday | clear | 21 |
| Saturday | clear | 22 |
| Sunday | hazy | 24 |

```python
def pack(days: int) -> list[str]:
    return ["sunglasses"] * days
```

1. Walk along the river
2. Visit a museum when it gets hot
   - the one with the garden
"""

FIRST_RUN = '''\
from agentcell import Agent, function_tool

@function_tool
def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return {"Oslo": "4 °C, light snow", "Lisbon": "22 °C, sunny"}[city]

weather = Agent(name="Weather", handoff_description="Knows the weather in cities.", tools=[get_weather])
packing = Agent(name="Packing", handoff_description="Says what to pack for a trip.")
desk = Agent(name="Travel desk", handoffs=[weather, packing])'''

FIRST_PROMPT = """\
%%agent desk
How is the weather in Oslo and Lisbon?"""


def take_all(notebook: NotebookPage, name: str, folder: Path, first: int, last: int | None = None) -> None:
    for theme, theme_name in THEMES.items():
        notebook.set_theme(theme_name)
        for width in WIDTHS:
            notebook.set_width(width)
            notebook.screenshot(folder / f"{name}-{theme}-{width}.png", first, last)


@pytest.fixture
def light_again(open_notebook: OpenNotebook) -> Iterator[list[NotebookPage]]:
    """Notebooks whose change of theme is taken back, because the server remembers it."""
    changed: list[NotebookPage] = []
    yield changed
    for notebook in changed:
        notebook.set_theme(THEMES["light"])


def fits(notebook: NotebookPage, index: int) -> bool:
    """Whether nothing in a cell's output is wider than the output itself."""
    return notebook.output(index).evaluate("area => area.scrollWidth <= area.clientWidth + 1")


def test_a_live_run_and_its_record(
    open_notebook: OpenNotebook,
    light_again: list[NotebookPage],
    serve: Callable[..., LoopbackServer],
    artifacts: Path,
) -> None:
    release = threading.Event()
    server = serve(team_turns(Turn([REPORT], hold_after=70, release=release)))
    notebook = open_notebook(connected(server), TEAM, "%%agent guide\nHow is Paris?", height=1800)
    light_again.append(notebook)
    notebook.run(0, 1)
    notebook.run_cell(2)
    notebook.output(2, ".ac-answer").get_by_text("Sunday").wait_for()
    notebook.output(2, "details.ac-card summary").click()
    take_all(notebook, "live", artifacts, 2)
    assert fits(notebook, 2)
    release.set()
    notebook.output(2, ".ac-run").wait_for(state="detached")
    notebook.wait_idle()
    notebook.output(2, "summary").first.click()
    take_all(notebook, "record", artifacts, 2)
    assert fits(notebook, 2)


STARTS = "result = Runner.run_streamed(clerk, 'Tell Ann that the invoice is paid.', approvals='live')"


def test_calls_that_wait_for_approval(
    open_notebook: OpenNotebook,
    light_again: list[NotebookPage],
    serve: Callable[..., LoopbackServer],
    artifacts: Path,
) -> None:
    """A waiting call is open and says what to do; decided on in another cell, the run goes on in its own."""
    server = serve([clerk_calls(), ["Understood."], clerk_calls(), ["Done."], clerk_calls()])
    notebook = open_notebook(
        connected(server),
        CLERK,
        f"{STARTS}\nresult",
        "result.reject('call_2', 'Not before noon.')",
        f"{STARTS}\nresult.add_input('Use a friendly tone, and mention that the next invoice comes in April.')\nresult",
        "result.approve('call_2', {'to': 'bob@example.org', 'subject': 'Hi', 'body': 'Paid.'})",
        "result = Runner.run_streamed(clerk, 'Tell Ann that the invoice is paid.')\nresult",
        height=1800,
    )
    light_again.append(notebook)
    notebook.run(0, 1)
    for start, decide, name in ((2, 3, "rejected"), (4, 5, "edited")):
        notebook.run_cell(start)
        asking = notebook.output(start, ".ac-card.ac-asking[open]").filter(has_text="call_2").last
        asking.get_by_text("In another cell").click()
        asking.get_by_text("result.approve('call_2')").wait_for()
        take_all(notebook, f"waiting-{name}", artifacts, start)
        assert fits(notebook, start)
        notebook.run_cell(decide)
        notebook.output(start, ".ac-run").wait_for(state="detached")
        notebook.wait_idle()
        assert notebook.output(start, "details[open]").count() == 1, "the timeline"
        notebook.output(start, "summary").last.click()
        take_all(notebook, name, artifacts, start)
        assert fits(notebook, start)
    notebook.run_cell(6)
    notebook.output(6, "section").get_by_text("state = result.to_state()").wait_for()
    notebook.wait_idle()
    take_all(notebook, "paused", artifacts, 6)
    assert fits(notebook, 6) and notebook.output(6, "details[open]").count() == 2


def test_the_first_run(
    open_notebook: OpenNotebook, light_again: list[NotebookPage], artifacts: Path, pytestconfig: pytest.Config
) -> None:
    notebook = open_notebook("%load_ext agentcell", FIRST_RUN, FIRST_PROMPT, height=1600)
    light_again.append(notebook)
    notebook.run(0, 1, 2)
    notebook.output(2, "summary").filter(has_text='city="Oslo"').first.click()
    notebook.select(0)  # the active cell would show its toolbar
    take_all(notebook, "first-run", artifacts, 1, 2)
    if pytestconfig.getoption("--update-images", default=False):
        images = CHECKOUT / "docs" / "images"
        images.mkdir(parents=True, exist_ok=True)
        for theme, name in (("light", "first-run.png"), ("dark", "first-run-dark.png")):
            (images / name).write_bytes((artifacts / f"first-run-{theme}-1200.png").read_bytes())
