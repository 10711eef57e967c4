"""Mistakes that the parity suite must notice: one change of the source for each, and the rule that it breaks.

    python tests/parity/mutants.py            # every mutant
    python tests/parity/mutants.py 36 42      # those of some rules

Each mutant is made in a copy of `src`, and only the scripts that name its rule are run on it, until the first fails:
killed. A mutant that survives is a rule that no script shows. The list is `mutants.txt`, which `test_mutants.py` keeps
true to the source.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
LIST = HERE / "mutants.txt"


@dataclass(frozen=True)
class Mutant:
    """One mistake."""

    rule: str
    """The rule that it breaks."""
    file: str
    """Where, below `src/agentcell`, without the ending."""
    old: str
    """What stands there, exactly once."""
    new: str
    """What stands there instead."""
    tests: str
    """The modules of scripts that are run, without `test_`."""


def listed() -> list[Mutant]:
    """The mutants of the list."""
    found = []
    for block in LIST.read_text().split("\n@ ")[1:]:
        head, *lines = block.splitlines()
        rule, file, tests = head.replace(":", "").split(maxsplit=2)
        old, new = ("\n".join(line[1:] for line in lines if line[:1] == sign) for sign in "-+")
        found.append(Mutant(rule, file, old, new, tests))
    return found


class OnlyRule:
    """A plugin that runs the scripts of one rule alone."""

    def __init__(self, rule: str) -> None:
        self.rule = rule

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if self.rule in _rules(item)]


def _rules(item: Any) -> tuple[str, ...]:
    mark = item.get_closest_marker("script")
    return () if mark is None else mark.kwargs["rules"]


def fate(mutant: Mutant) -> str:
    """What the scripts of its rule make of a mutant: killed, survived, or what went wrong."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, "src")
        shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        file = Path(copy, "agentcell", f"{mutant.file}.py")
        text = file.read_text()
        if text.count(mutant.old) != 1:
            return f"its text is there {text.count(mutant.old)} times"
        file.write_text(text.replace(mutant.old, mutant.new))
        done = subprocess.run(
            [sys.executable, __file__, "--rule", mutant.rule, *mutant.tests.split()],
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode in (0, 1):
        return ("survived", "killed")[done.returncode]
    return f"no verdict ({done.returncode}): {(done.stdout + done.stderr)[-600:]}"


def run_scripts(rule: str, modules: list[str]) -> int:
    """Run the scripts of a rule in some modules until one fails."""
    files = [str(HERE / f"test_{module}.py") for module in modules]
    options = ["-x", "-q", "--timeout=15", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return int(pytest.main([*options, *files], plugins=[OnlyRule(rule)]))


def main(rules: list[str]) -> int:
    """Try the mutants and print their fates; the exit code says whether one has survived."""
    chosen = [mutant for mutant in listed() if not rules or mutant.rule in rules]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        fates = list(pool.map(fate, chosen))
    for mutant, what in zip(chosen, fates, strict=True):
        print(f"{mutant.rule:>3}  {what:8}  {mutant.file}: {mutant.old.strip().splitlines()[0]}")
    killed = fates.count("killed")
    print(f"{killed} of {len(chosen)} mutants killed")
    return int(killed < len(chosen))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--rule"]:
        sys.exit(run_scripts(sys.argv[2], sys.argv[3:]))
    sys.exit(main(sys.argv[1:]))
