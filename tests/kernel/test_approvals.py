"""Approvals across cells, threads and kernels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from .session import KernelSession, Outcome, kernel

pytestmark = pytest.mark.ci

CLERK = '''
from pathlib import Path
from agentcell import Agent, Runner, RunState, UserError, function_tool
from agentcell.testing import ScriptedModel, assistant_message, function_call

@function_tool(needs_approval=True)
def send(to: str, text: str) -> str:
    """Send a letter."""
    with Path("sent.txt").open("a") as sent:
        sent.write(f"{to}: {text}\\n")
    return f"sent to {to}"

letter = function_call("send", {"to": "Ann", "text": "The bill is paid."}, call_id="call_1")

def clerk(*steps):
    return Agent(name="Clerk", tools=[send], model=ScriptedModel(steps))
'''


@pytest.fixture
def room(folder: Path, tmp_path: Path) -> Path:
    """A folder for the cells of one test."""
    return tmp_path


@pytest.fixture
def desk(folder: Path, room: Path) -> Iterator[KernelSession]:
    """A kernel in which agents that send letters can be made."""
    with kernel(room) as session:
        prepared(session)
        yield session


def prepared(session: KernelSession) -> None:
    assert run(session, CLERK).outputs == []


def run(session: KernelSession, source: str) -> Outcome:
    """Run a cell that must not fail."""
    outcome = session.run(source)
    assert outcome.tracebacks == [], outcome.tracebacks[0].traceback[-1]
    return outcome


def sent(room: Path) -> list[str]:
    path = room / "sent.txt"
    return path.read_text().splitlines() if path.exists() else []


def assert_readable(record: dict[str, str], *said: str) -> None:
    """All forms say these things, and the page needs nothing but itself."""
    page = BeautifulSoup(record["text/html"], "html.parser")
    for text in (page.get_text(), record["text/markdown"], record["text/plain"]):
        for words in said:
            assert words in text
    assert page.find(["script", "link", "iframe", "button"]) is None and "http" not in record["text/html"]


def test_a_run_that_waits_goes_on_in_another_kernel(folder: Path, room: Path) -> None:
    with kernel(room) as first:
        prepared(first)
        shown = run(first, "agent = clerk([letter])\nresult = await Runner.run(agent, 'Tell Ann.')\nresult").record
        assert_readable(shown, "Paused", "waiting for approval", "send", "The bill is paid.", "result.to_state()")
        assert run(first, "print([item.call_id for item in result.interruptions])").stream() == "['call_1']\n"
        run(first, "written = Path('state.json').write_text(result.to_state().to_string())")
    assert sent(room) == []
    with kernel(room) as second:
        prepared(second)
        run(second, "agent = clerk([assistant_message('Ann has been told.')])")
        run(second, "state = await RunState.from_string(agent, Path('state.json').read_text())")
        run(second, "state.approve(state.get_interruptions()[0])")
        shown = run(second, "done = await Runner.run(agent, state)\ndone").record
        assert_readable(shown, "Done", "Tell Ann.", "send", "The bill is paid.", "sent to Ann", "Ann has been told.")
        again = run(
            second, "print(done.final_output, len(agent.model.calls), agent.model.calls[0].input[-1]['output'])"
        )
        assert again.stream() == "Ann has been told. 1 sent to Ann\n"
    assert sent(room) == ["Ann: The bill is paid."]


def test_a_state_that_was_changed_on_disk_runs_nothing(folder: Path, room: Path) -> None:
    with kernel(room) as first:
        prepared(first)
        run(first, "state = (await Runner.run(clerk([letter]), 'Tell Ann.')).to_state()")
        run(first, "written = Path('state.json').write_text(state.to_string().replace('Ann', 'Eve'))")
    with kernel(room) as second:
        prepared(second)
        outcome = second.run("state = await RunState.from_string(clerk(), Path('state.json').read_text())")
        assert [error.ename for error in outcome.tracebacks] == ["InvalidRunState"]
    assert sent(room) == []


def test_one_cell_starts_one_decides_and_one_waits(desk: KernelSession, room: Path) -> None:
    run(desk, "agent = clerk([letter], [assistant_message('Ann has been told.')])")
    run(desk, "r = Runner.run_streamed(agent, 'Tell Ann.', approvals='live')")
    waits = "import asyncio\nwhile not r.pending_approvals: await asyncio.sleep(0.01)\nprint(r.status)"
    assert run(desk, waits).stream() == "running\n"
    assert sent(room) == []
    decides = "r.approve('call_1', {'to': 'Bob', 'text': 'Paid.'})"
    again = "try:\n    r.approve('call_1')\nexcept UserError as error:\n    print(error)"
    told = "the call 'call_1' was approved by result.approve() already, and the first decision counts\n"
    assert run(desk, f"{decides}\n{again}").stream() == told
    shown = run(desk, "await r\nr").record
    assert_readable(shown, "Done", "changed by a person", "Bob", "Ann has been told.")
    assert sent(room) == ["Bob: Paid."]


def test_the_cell_that_waits_is_answered_from_a_thread(desk: KernelSession, room: Path) -> None:
    """The kernel runs no other cell then; a thread, a timer or a server's handler can decide."""
    run(desk, "agent = clerk([letter], [assistant_message('Ann knows nothing.')])")
    run(desk, "r = Runner.run_streamed(agent, 'Tell Ann.', approvals='live')")
    run(
        desk,
        """
import threading, time
def decide():
    while not r.pending_approvals:
        time.sleep(0.01)
    r.reject(r.pending_approvals[0], 'Not today.')
thread = threading.Thread(target=decide)
thread.start()
done = await r
thread.join()
""",
    )
    shown = run(desk, "done").record
    assert_readable(shown, "Done", "not approved", "Not today.", "Ann knows nothing.")
    assert sent(room) == []


def test_nothing_waits_for_ever_in_a_blocking_call(desk: KernelSession, room: Path) -> None:
    run(desk, "agent = clerk([letter], [assistant_message('Told.')])")
    (error,) = desk.run("Runner.run_sync(agent, 'Tell Ann.', approvals='live')").tracebacks
    assert error.ename == "UserError" and "on_approval" in error.evalue
    printed = run(desk, "print(Runner.run_sync(agent, 'Tell Ann.', on_approval=lambda request: True).final_output)")
    assert printed.stream() == "Told.\n" and sent(room) == ["Ann: The bill is paid."]
