"""Kills processes at random moments while they run agents, and counts what is wrong in the file afterwards.

    python killing.py (agentcell | agents) [TIMES]

prints the figures of a library.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import agent_process
from agent_process import Orders, answer, told
from openai import BadRequestError, OpenAI

from agentcell.testing import LoopbackServer
from agentcell.testing.strict import input_problems

SECONDS = 0.02
"""How long a tool takes, so that many of the moments are in one."""


class Forge:
    """A process that starts children which run agents."""

    def __init__(self, library: str) -> None:
        command = [sys.executable, str(agent_process.__file__), library]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, orders: Orders) -> int:
        """Start a child; its process id."""
        return int(self._ask(json.dumps(asdict(orders))))

    def wait(self, child: int) -> int:
        """Wait for a child's end; its status."""
        return int(self._ask(f"wait {child}"))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=60)


@contextmanager
def forge(library: str) -> Iterator[Forge]:
    """A forge that is ended when the block ends."""
    with closing(Forge(library)) as made:
        yield made


@dataclass
class Found:
    """What was found after so many kills."""

    kills: int = 0
    """Processes that were killed."""
    runs: int = 0
    """Runs that they had begun."""
    started: int = 0
    """Tools that had started."""
    cut_off: int = 0
    """Of these the ones that had not ended."""
    corrupt: int = 0
    """Kills after which the file was damaged."""
    orphans: int = 0
    """Calls without an output, and outputs without a call."""
    lost_messages: int = 0
    """Messages of users that the model was asked, and that are not in the session."""
    lost_tools: int = 0
    """Tools that had started, and that the session does not know of."""
    untrue: int = 0
    """Outputs in the session that are neither what the tool returned nor say that it is unknown."""
    refused: int = 0
    """Histories that the service does not take."""


def killed(library: str, folder: Path, times: int, seed: int) -> Found:
    """Kill a process `times` times, each in a session of its own, all in one file."""
    lib, dice, found = import_module(library), random.Random(seed), Found()
    path = folder / "chats.db"
    with (
        LoopbackServer(lambda request: answer(request["input"]), strict=True) as server,
        OpenAI(base_url=server.base_url, api_key="test", max_retries=0) as client,
        forge(library) as children,
    ):
        begun = time.monotonic()
        first = Orders(str(path), "first", "first", runs=2, seconds=SECONDS, base_url=server.base_url)
        assert children.wait(children.start(first)) == 0
        longest = time.monotonic() - begun
        for number in range(times):
            name, truth, known = f"k{number}", folder / f"truth-{number}", len(server.requests)
            orders = Orders(str(path), name, name, str(truth), seconds=SECONDS, base_url=server.base_url)
            child = children.start(orders)
            time.sleep(dice.uniform(0, longest))
            os.kill(child, signal.SIGKILL)
            assert children.wait(child) == signal.SIGKILL
            with closing(lib.SQLiteSession(name, path)) as session:
                items = asyncio.run(session.get_items())
            asked = {run for request in server.requests[known:] for run in told(request.body["input"])}
            asked = {run for run in asked if run.startswith(f"{name}.")}
            count(found, path, items, truth.read_text().split("\n") if truth.exists() else [], asked)
            try:
                client.responses.create(model="gpt-test", input=[*items, {"role": "user", "content": "check"}])
            except BadRequestError:
                found.refused += 1
    return found


def count(found: Found, path: Path, items: list[Any], noted: list[str], asked: set[str]) -> None:
    """Compare a session with what happened."""
    lines = [line.split() for line in noted if line]
    started = {call for what, call in lines if what == "started"}
    ended = {call for what, call in lines if what == "ended"}
    outputs = {item["call_id"]: item["output"] for item in items if item.get("type") == "function_call_output"}
    calls = {item["call_id"] for item in items if item.get("type") == "function_call"}
    with closing(sqlite3.connect(path)) as connection:
        found.corrupt += connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
    found.kills += 1
    found.runs += len(asked)
    found.started += len(started)
    found.cut_off += len(started - ended)
    found.orphans += len(input_problems(items))
    found.lost_messages += len(asked - set(told(items)))
    found.lost_tools += len(started - calls)
    for call, said in outputs.items():
        result = said == f"paid {call}" and call in ended
        found.untrue += not (result or "unknown" in said)


if __name__ == "__main__":
    library, *times = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        print(killed(library, Path(folder), int(times[0]) if times else 200, seed=4))
