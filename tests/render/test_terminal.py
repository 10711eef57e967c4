"""A run in a terminal: plain text where there is no terminal, settled text printed once where there is one."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from agentcell import Agent, RunConfig, Runner, function_tool
from agentcell.render import terminal
from agentcell.render.terminal import TerminalRenderer, run_in_terminal
from agentcell.stream_events import RunFinished
from agentcell.testing import ScriptedModel, assistant_message, function_call
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, Delta, RunView
from agentcell.view.reduce import reduce

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m<b>[bold red]x[/] [a](http://evil.example) <http://evil.example/%1b[2J>"


@function_tool
def get_weather(city: str) -> str:
    """Say the weather."""
    if city == "Atlantis":
        raise RuntimeError("no such city")
    return f"20 degrees in {city}\n\x1b[31mred\x1b[0m"


def agents(*steps: Any) -> Agent:
    model = ScriptedModel(steps)
    weather = Agent(name="Weather", tools=[get_weather], model=model)
    return Agent(name="Triage", handoffs=[weather], model=model)


def whole_story() -> Agent:
    return agents(
        [function_call("transfer_to_weather", {}, call_id="h1")],
        [
            function_call("get_weather", {"city": "Oslo"}, call_id="c1"),
            function_call("get_weather", {"city": "Atlantis"}, call_id="c2"),
        ],
        [assistant_message("# Weather\n\nIt is **20 degrees**.\n\n- a coat\n- a hat\n")],
    )


async def views(agent: Agent, prompt: str = "Hello there") -> list[RunView]:
    """The view after each event of a run."""
    result = Runner.run_streamed(agent, prompt)
    async for _ in result.stream_events():
        pass
    view, found = EMPTY, []
    for entry in result._run.log.entries:
        view = fold(view, [entry])
        found.append(view)
    return found


def growing(*pieces: str) -> Iterator[RunView]:
    """The views of an answer to which one piece is added with each frame."""
    view = replace(EMPTY, state="streaming")
    for piece in pieces:
        view = reduce(view, Delta("answer", 0, 0, piece), 0.0)
        yield view
    yield reduce(view, RunFinished("done", None), 1.0)


def piped(encoding: str = "utf-8") -> tuple[Console, io.BytesIO]:
    raw = io.BytesIO()
    return Console(file=io.TextIOWrapper(raw, encoding=encoding), force_terminal=False, _environ={}), raw


def screen(**options: Any) -> Console:
    settings: dict[str, Any] = {"width": 80, "height": 25, "color_system": None, "_environ": {"TERM": "xterm"}}
    return Console(file=io.StringIO(), force_terminal=True, **{**settings, **options})


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def remaining(output: str, height: int = 400) -> str:
    """What stands on a screen after `output`: the few control sequences that a transient live display uses."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\r\n|\n|\r)", output):
        if part in ("\n", "\r\n"):
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part == "\x1b[1A":
            row -= 1
        elif part and part != "\r" and not part.startswith("\x1b"):
            lines[row] += part
    return "\n".join(line.rstrip() for line in lines[:height])


async def test_a_pipe_gets_the_whole_run_as_plain_text() -> None:
    console, raw = piped()
    view = await run_in_terminal(Runner.run_streamed(whole_story(), "Hello there"), console)
    text = raw.getvalue().decode()
    assert view.state == "done"
    assert not CONTROL.search(text)
    for expected in (
        "> Hello there\n",
        "[Triage]  ScriptedModel\n",
        "Handoff: Triage -> Weather\n",
        'get_weather(city="Oslo")',
        "    20 degrees in Oslo\n    red\n",
        'get_weather(city="Atlantis") \u00b7 failed',
        "# Weather\n\nIt is **20 degrees**.\n\n- a coat\n- a hat\n",
        "\u2713 Done \u00b7 Weather",
    ):
        assert text.count(expected) == 1, expected


def test_frames_do_not_change_what_a_pipe_gets() -> None:
    text = f"One two three {HOSTILE} four.\n\nFive \U0001f600"
    texts = set()
    for size in (1, 3, len(text)):
        console, raw = piped()
        renderer = TerminalRenderer(console)
        for view in growing(*(text[i : i + size] for i in range(0, len(text), size))):
            renderer.update(view)
        texts.add(raw.getvalue().decode())
    assert len(texts) == 1
    assert texts.pop().count("Five") == 1


def test_a_pipe_gets_text_as_it_comes() -> None:
    console, raw = piped()
    renderer = TerminalRenderer(console)
    for number, view in enumerate(growing(*[f"word{i} " for i in range(50)])):
        renderer.update(view)
        assert number == 50 or raw.getvalue().endswith(f"word{number} ".encode())


async def test_output_that_knows_only_ascii_gets_ascii() -> None:
    console, raw = piped("ascii")
    await run_in_terminal(Runner.run_streamed(agents([assistant_message("21 °C \u2013 \U0001f600")]), "Hé"), console)
    assert raw.getvalue().isascii()
    assert b"+ Done" in raw.getvalue()


async def test_nothing_hostile_reaches_a_terminal() -> None:
    model = ScriptedModel(
        [
            [function_call("get_weather", {"city": HOSTILE}, call_id="c1")],
            [assistant_message(f"{HOSTILE}\n\n`{HOSTILE}`\n\n```{HOSTILE}\n{HOSTILE}\n```\n\n<div>kept</div>")],
        ]
    )
    agent = Agent(name=f"Tri{HOSTILE}age", tools=[get_weather], model=model)
    seen = await views(agent, HOSTILE)
    for console in (screen(), screen(color_system="truecolor")):
        renderer = TerminalRenderer(console)
        for view in seen:
            renderer.update(view)
        output = printed(console)
        assert "\x1b[2J" not in output and "\x1b]" not in output and "\x07" not in output and "\x9b" not in output
        assert not CONTROL.search(re.sub(r"\x1b\[[0-9;?]*[mKAhl]|\r", "", output))
        shown = remaining(output)
        assert "[bold red]x[/]" in shown
        assert "<div>kept</div>" in shown
        assert "a (http://evil.example)" in shown


def test_a_terminal_prints_settled_text_once() -> None:
    console = screen()
    renderer = TerminalRenderer(console)
    paragraphs = [f"Paragraph {i} with\na few words.\n\n" for i in range(40)]
    for view in growing(*(piece for text in paragraphs for piece in (text[:7], text[7:20], text[20:]))):
        renderer.update(view)
    shown = remaining(printed(console))
    assert [int(n) for n in re.findall(r"Paragraph (\d+) with a few words", shown)] == list(range(40))
    assert shown.count("Done") == 1 and "Streaming" not in shown


@pytest.mark.parametrize(
    ("opening", "unit"),
    [
        ("", "word " * 10),
        ("", "- item\n"),
        ("```\n", "line of code\n"),
        ("| a | b |\n|---|---|\n", "| a | b |\n"),
        ("", "A.\n\n"),
    ],
)
def test_the_cost_of_a_terminal_grows_with_the_text_not_with_its_square(opening: str, unit: str) -> None:
    def output_size(count: int) -> int:
        console = screen()
        renderer = TerminalRenderer(console)
        for view in growing(opening, *[unit] * count):
            renderer.update(view)
        return len(printed(console))

    assert output_size(240) < 3 * output_size(120)


def test_what_is_drawn_again_fits_the_screen() -> None:
    console = screen(height=10)
    renderer = TerminalRenderer(console)
    for view in growing("```\n", *["code\n"] * 25):
        before = len(printed(console))
        renderer.update(view)
        assert printed(console)[before:].count("\x1b[1A") < 10


async def test_no_live_display_is_open_while_a_tool_runs() -> None:
    console = screen()
    states: list[bool] = []

    @function_tool
    def look() -> str:
        """Look at the terminal."""
        return "seen"

    agent = Agent(name="A", tools=[look], model=ScriptedModel([[function_call("look", {}, call_id="c")], []]))
    renderer = TerminalRenderer(console)
    for view in await views(agent):
        renderer.update(view)
        if view.state == "tools":
            output = printed(console)
            states.append(output.count("\x1b[?25l") == output.count("\x1b[?25h") > 0)
    assert states and all(states)


async def test_a_failed_run_shows_its_error_and_raises_nothing() -> None:
    console, raw = piped()
    view = await run_in_terminal(Runner.run_streamed(agents(RuntimeError("\x1b[31mno luck")), "Hi"), console)
    assert view.state == "failed"
    assert "RuntimeError: no luck\n" in raw.getvalue().decode()
    assert "\u2717 Failed" in raw.getvalue().decode()


async def test_a_cancelled_wait_stops_the_run_and_keeps_what_was_written() -> None:
    from agentcell.testing import LoopbackServer, Turn

    with LoopbackServer([Turn(["Partial text that goes on and on"], hold_after=8)]) as server:
        from openai import AsyncOpenAI

        from agentcell import OpenAIResponsesModel

        async with AsyncOpenAI(base_url=server.base_url, api_key="test", max_retries=0) as client:
            console, raw = piped()
            config = RunConfig(model=OpenAIResponsesModel("gpt-test", client))
            result = Runner.run_streamed(Agent(name="A"), "Hi", run_config=config)
            showing = asyncio.create_task(run_in_terminal(result, console))
            reader = result._run.log.reader(consumer=False)
            while "response.output_text.delta" not in str([entry.event for entry in await reader.take_all()]):
                pass
            showing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await showing
            text = raw.getvalue().decode()
    assert result.status == "stopped"
    assert "\nPartial" in text
    assert "stopped here" in text
    assert "Stopped \u00b7 A" in text
    assert not CONTROL.search(text)


async def test_finish_can_be_called_twice_and_without_an_end() -> None:
    console = screen()
    renderer = TerminalRenderer(console)
    seen = await views(agents([assistant_message("Some text")]))
    middle = next(view for view in seen if view.state == "streaming")
    renderer.update(middle)
    renderer.finish(middle)
    size = len(printed(console))
    renderer.finish(seen[-1])
    assert len(printed(console)) == size


def test_long_arguments_and_results_are_shortened_and_say_so() -> None:
    assert terminal._result_lines("x" * 5000)[-1] == "\u2026 3,800 more characters"
    assert len(terminal._result_lines("line\n" * 100)) == terminal.RESULT_LINES + 1
    assert terminal._result_lines("short") == ["short"]
    assert terminal._one_line("y" * 1000).endswith("\u2026")
