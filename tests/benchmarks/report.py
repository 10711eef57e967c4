"""Writes what was measured as Markdown: versions, what and how, and tables; nothing about the machine."""

from __future__ import annotations

import math
import platform
from importlib.metadata import version
from statistics import median

from .endings import LIBRARIES, SCRIPTS, WAYS, Times

GOAL = 0.25
"""Seconds within which a run must be quiet."""

PERCENTILES = (50, 90, 99, 100)


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def cells(times: Times | None) -> list[str]:
    """A row's percentiles in milliseconds, each the median of the rounds."""
    if times is None:
        return ["not offered", *[""] * (len(PERCENTILES) - 1)]
    if times.endless:
        return ["does not end", *[""] * (len(PERCENTILES) - 1)]
    found = [median(percentile(taken, p) for taken in times.rounds if taken) for p in PERCENTILES]
    missed = f" ({times.missed} did not end)" if times.missed else ""
    return [f"{1000 * value:.1f}{missed}" for value in found]


def report(found: dict[tuple[str, str, str], Times], rounds: int, samples: int) -> str:
    """The whole file."""
    names = {"agentcell": "agentcell", "reference": "openai-agents", "openai": "openai"}
    versions = ", ".join(f"{name} {version(name)}" for name in names.values())
    ours = [max(taken) for (_, _, lib), t in found.items() if lib == "agentcell" for taken in t.rounds]
    missed = sum(times.missed for (_, _, lib), times in found.items() if lib == "agentcell")
    met = "met" if max(ours) <= GOAL and not missed else "missed"
    lines = [
        "## Ending a run",
        "",
        f"{versions}, Python {platform.python_version()}.",
        "",
        "Milliseconds from the moment a run is ended until no task of it is left, over HTTP with the official client",
        "against the loopback server in a process of its own. Each answer is held before its last event and tools wait",
        "for ever, so nothing ends by itself; the events at which runs are ended are spread evenly over the script.",
        '`cancel("after_turn")` includes the rest of its turn, which is let go at that moment.',
        "",
        f"Each number is the median over {rounds} rounds of {samples} runs of the round's percentile. "
        f"The goal is {GOAL * 1000:.0f} ms: {met}; the slowest run of agentcell took {1000 * max(ours):.1f} ms.",
        "",
    ]
    heads = [f"{lib} {'max' if p == 100 else f'p{p}'}" for lib in LIBRARIES for p in PERCENTILES]
    for script in SCRIPTS:
        lines += [f"### {script}", "", f"| way | {' | '.join(heads)} |"]
        lines.append("| --- |" + " ---: |" * len(heads))
        for way in WAYS:
            row = [cell for lib in LIBRARIES for cell in cells(found.get((script, way, lib)))]
            lines.append(f"| {way} | {' | '.join(row)} |")
        lines.append("")
    return "\n".join(lines)
