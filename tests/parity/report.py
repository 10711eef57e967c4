"""Runs the parity suite and prints what it shows: scripts for each rule, equal ones, differences by row of the table.

    python tests/parity/report.py

A script is a test, or several that run one scene in different ways: streamed or whole, over `ScriptedModel` or over a
loopback server. Rules and rows are those of the project's list of the reference's behaviours.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

RULES = range(1, 61)
LATER = {
    54: "sessions that compact their history",
    60: "tracing",
}
"""Rules of parts that agentcell does not have yet."""
ROWS = {
    "1": "a run that needs no running loop",
    "5": "signals beside the public events",
    "9": "signals for what is no event",
    "13": "a log with any number of readers",
    "16": "an error after everything queued",
    "17": "an unconsumed max_turns is an error, too",
    "20": "what a turn that failed or was cancelled has led to is recorded",
    "23": "leaving the loop stops the run",
    "29": "a tripwire at once",
    "59": "nested runs in the log",
    "max_handoffs": "an end to handing off",
    "signatures": "more keyword-only parameters",
}
"""Rows of the table of differences, by their first rule or their first word."""


@dataclass
class Shown:
    """One script."""

    rules: tuple[str, ...]
    """The rules that it shows."""
    over: set[str] = field(default_factory=set)
    """What stood in for the model."""
    rows: set[str] = field(default_factory=set)
    """The rows of the table that it is an example of."""
    failed: bool = False
    """Whether one of its tests failed."""


class Counting:
    """A plugin that keeps what the tests say of themselves, and how they end."""

    def __init__(self) -> None:
        self.scripts: dict[tuple[str, str], Shown] = {}
        self.runs: Counter[str] = Counter()
        self._of: dict[str, Shown] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            mark = item.get_closest_marker("script")
            if mark is None:
                continue
            said = mark.kwargs
            name = (item.module.__name__, said["name"] or item.originalname)
            shown = self.scripts.setdefault(name, Shown(said["rules"]))
            shown.rows.update(said["rows"])
            if said["over"]:
                shown.over.add(said["over"])
            self._of[item.nodeid] = shown

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.nodeid in self._of and (report.when == "call" or report.failed):
            self.runs[report.outcome] += 1
            self._of[report.nodeid].failed |= report.failed

    def lines(self) -> list[str]:
        """The report."""
        of: dict[str, list[Shown]] = defaultdict(list)
        for shown in self.scripts.values():
            for rule in shown.rules:
                of[rule].append(shown)
        found = ["rule  scripts  ScriptedModel  loopback  equal  differing"]
        for rule in RULES:
            scripts = of.pop(str(rule), [])
            if not scripts:
                found.append(f"{rule:>4}  {LATER.get(rule, 'NO SCRIPT')}")
                continue
            counts = [sum(over in shown.over for shown in scripts) for over in ("scripted", "loopback")]
            found.append(f"{rule:>4}  {len(scripts):7}  {counts[0]:13}  {counts[1]:8}  {_fates(scripts)}")
        found += [f"{rule}: no such rule" for rule in of]
        every = list(self.scripts.values())
        both = sum(len(shown.over) == 2 for shown in every)
        found.append(f"\n{len(every)} scripts, {both} of them over both; {dict(self.runs)} runs: {_fates(every)}")
        rows = Counter(row for shown in every for row in shown.rows)
        found += [f"  row {row}: {count} ({ROWS.get(row, 'NOT IN THE TABLE')})" for row, count in sorted(rows.items())]
        return found


def _fates(scripts: list[Shown]) -> str:
    equal = sum(not shown.rows and not shown.failed for shown in scripts)
    failed = sum(shown.failed for shown in scripts)
    rows = Counter(row for shown in scripts for row in shown.rows)
    named = ", ".join(f"{count} by row {row}" for row, count in sorted(rows.items()))
    return f"{equal:5}  {named}{f'  {failed} FAILED' if failed else ''}"


if __name__ == "__main__":
    counting = Counting()
    code = pytest.main([str(Path(__file__).parent), "-q", "--no-header", *sys.argv[1:]], plugins=[counting])
    print("\n".join(counting.lines()))
    sys.exit(code)
