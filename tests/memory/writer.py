"""A process that writes runs into a session as the engine does, and says what it has written.

    python writer.py FILE SESSION NAME RUNS BUSY_TIMEOUT

Each line of its output is a promise: what stands there was committed before. It ends when RUNS runs are done; 0 stands
for no end.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Iterator
from typing import Any

from things import answer, call, output, thought, user

from agentcell import SQLiteSession


def steps(run: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A run as the engine writes it: two parallel tools in a turn, then one, then the answer."""
    a, b, c = (f"{run}-{name}" for name in "abc")
    yield "begin_run", (run, [user(f"{run}:question")])
    yield "tool_started", (run, call(a, run))
    yield "tool_started", (run, call(b, run))
    yield "tool_finished", (run, b, output(b, run))
    yield "tool_finished", (run, a, output(a, run))
    yield "add_turn", (run, [thought(f"rs-{run}"), call(a, run), call(b, run), output(a, run), output(b, run)])
    yield "tool_started", (run, call(c, run))
    yield "tool_finished", (run, c, None)
    yield "add_turn", (run, [call(c, run), output(c, run)])
    yield "add_turn", (run, [answer(f"{run}:answer")])
    yield "end_run", (run, "completed")


def items_of(run: str) -> list[Any]:
    """What a whole run leaves."""
    return [item for step, args in steps(run) if step in ("begin_run", "add_turn") for item in args[1]]


def owner(item: dict[str, Any]) -> str:
    """The run that an item of these belongs to."""
    if item.get("type") == "message":
        return item["content"][0]["text"].split(":")[0]
    if item.get("type") == "reasoning":
        return item["id"].removeprefix("rs-")
    return item["content"].split(":")[0] if "content" in item else item["call_id"].rpartition("-")[0]


async def write(path: str, session_id: str, name: str, runs: int, busy_timeout: float) -> None:
    session = SQLiteSession(session_id, path, busy_timeout=busy_timeout)
    for number in range(runs) if runs else itertools.count():
        for index, (step, args) in enumerate(steps(f"{name}.{number}")):
            await getattr(session, step)(*args)
            print(number, index, flush=True)
    session.close()


if __name__ == "__main__":
    file, session, name, runs, patience = sys.argv[1:]
    asyncio.run(write(file, session, name, int(runs), float(patience)))
