"""Any number of runs, written in any order and cut off at any point: what is read can always be sent, and is whole."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from things import answer, call, output, thought, user

from agentcell import SQLiteSession
from agentcell.memory.repair import latest
from agentcell.testing import assert_sendable

T = TypeVar("T")

IDS = st.sampled_from(["c1", "c2", "c3"])
"""Few, so that runs and turns use the same ones."""


class Histories(RuleBasedStateMachine):
    """Plays engines that write into one session, through two objects, beside a list of what must be there."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="agentcell-")
        self.loop = asyncio.new_event_loop()
        self.sessions = [self.opened(), self.opened()]
        self.runs: list[str] = []
        self.open: dict[str, dict[str, bool]] = {}
        self.users: dict[str, list[str]] = {}
        self.count = 0

    def teardown(self) -> None:
        for session in self.sessions:
            session.close()
        self.loop.close()
        self.folder.cleanup()

    def opened(self) -> SQLiteSession:
        return SQLiteSession("a", Path(self.folder.name) / "chats.db")

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def fresh(self, run: str) -> Any:
        self.count += 1
        text = f"{run}:{self.count}"
        self.users.setdefault(run, []).append(text)
        return user(text)

    def a_run(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.runs))

    def writer(self, data: st.DataObject) -> SQLiteSession:
        return data.draw(st.sampled_from(self.sessions))

    @rule(data=st.data(), inputs=st.integers(0, 2))
    def begin(self, data: st.DataObject, inputs: int) -> None:
        run = f"r{len(self.runs)}"
        self.runs.append(run)
        self.open[run] = {}
        self.do(self.writer(data).begin_run(run, [self.fresh(run) for _ in range(inputs)]))

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), call_id=IDS)
    def start_tool(self, data: st.DataObject, call_id: str) -> None:
        run = self.a_run(data)
        self.open[run][call_id] = True
        self.do(self.writer(data).tool_started(run, call(call_id, run)))

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), call_id=IDS, known=st.booleans())
    def finish_tool(self, data: st.DataObject, call_id: str, known: bool) -> None:
        run = self.a_run(data)
        outcome = output(call_id, run) if known else None
        self.do(self.writer(data).tool_finished(run, call_id, outcome))

    @precondition(lambda self: self.runs)
    @rule(
        data=st.data(),
        made=st.lists(IDS, max_size=3),
        given=st.lists(IDS, max_size=3),
        thinks=st.booleans(),
        says=st.booleans(),
    )
    def add_turn(self, data: st.DataObject, made: list[str], given: list[str], thinks: bool, says: bool) -> None:
        """A turn as an engine writes it, or with calls, outputs and reasoning missing or twice."""
        run = self.a_run(data)
        items = [thought()] if thinks else []
        items += [call(each, run) for each in made] + [output(each, run) for each in given]
        items += [answer(run), self.fresh(run)] if says else []
        self.do(self.writer(data).add_turn(run, items))
        for call_id in given:
            self.open[run].pop(call_id, None)
        for call_id in made:
            # A call that a turn holds already is not told a second time.
            self.open[run].pop(call_id, None)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        self.do(self.writer(data).end_run(self.a_run(data), "completed"))

    @rule(data=st.data())
    def add_loose(self, data: st.DataObject) -> None:
        self.count += 1
        self.do(self.writer(data).add_items([self.fresh(f"loose{self.count}")]))

    @rule(data=st.data())
    def pop(self, data: st.DataObject) -> None:
        before = self.do(self.sessions[0].get_items())
        popped: Any = self.do(self.writer(data).pop_item())
        assert popped is not None or before == []
        if popped is None:
            return
        if "content" in popped and isinstance(popped["content"], str):
            assert popped == before[-1]
            run = popped["content"].split(":")[0]
            assert self.users[run].pop() == popped["content"]
        if "name" in popped:
            self.open[popped["name"]].pop(popped["call_id"], None)

    @rule(which=st.integers(0, 1))
    def die(self, which: int) -> None:
        """A process ends where it stands; another opens the file."""
        self.sessions[which].close()
        self.sessions[which] = self.opened()

    @rule(limit=st.integers(0, 8))
    def read_some(self, limit: int) -> None:
        some: Any = self.do(self.sessions[1].get_items(limit))
        assert_sendable(some)
        assert some == latest(self.do(self.sessions[1].get_items()), limit)  # type: ignore[arg-type]

    @invariant()
    def can_be_sent(self) -> None:
        items: list[Any] = self.do(self.sessions[0].get_items())
        assert_sendable(items)
        assert items == self.do(self.sessions[1].get_items())
        runs = [self.run_of(item) for item in items]
        told = [run for run in runs if run is not None]
        blocks = [run for at, run in enumerate(told) if at == 0 or told[at - 1] != run]
        assert len(blocks) == len(set(blocks)), f"a run is not in one piece: {blocks}"
        known = [int(run[1:]) for run in blocks if not run.startswith("loose")]
        assert known == sorted(known), "runs are not in the order in which they began"
        texts = [item["content"] for item in items if isinstance(item.get("content"), str)]
        assert sorted(texts) == sorted(text for texts in self.users.values() for text in texts)
        for run, calls in self.open.items():
            shown = [item["call_id"] for item in items if item.get("name") == run]
            assert set(calls) <= set(shown), f"a call that was started is not told: {run}"

    @staticmethod
    def run_of(item: dict[str, Any]) -> str | None:
        """Whose an item is, where it says so."""
        if isinstance(item.get("content"), str):
            return item["content"].split(":")[0]
        if item.get("type") == "message":
            return item["content"][0]["text"]
        return item.get("name")


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
