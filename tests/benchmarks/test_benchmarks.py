"""The benchmarks run and say what they have measured; how fast anything is decides nothing here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from . import endings
from .__main__ import main
from .report import cells, percentile


def test_the_short_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to end has a row for each script, with four numbers or with what stands in their place."""
    monkeypatch.setattr(endings, "LIMIT", 0.05)
    file = tmp_path / "results.md"
    main(["--short", "--output", str(file)])
    text = file.read_text(encoding="utf-8")
    assert re.search(r"^agentcell \S+, openai-agents 0\.24\.0, openai \S+, Python 3\.", text, re.MULTILINE)
    for script in endings.SCRIPTS:
        table = text.partition(f"### {script}\n")[2].partition("###")[0]
        for way in endings.WAYS:
            (row,) = [line for line in table.splitlines() if line.startswith(f"| {way} |")]
            columns = [column.strip() for column in row.split("|")[2:-1]]
            for four in (columns[:4], columns[4:]):
                assert re.fullmatch(r"[\d.]+( \(\d+ did not end\))?", four[0]) or four[1:] == ["", "", ""], row


def test_percentiles() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert [percentile(values, percent) for percent in (50, 90, 99, 100)] == [50, 90, 99, 100]
    assert percentile([3.0], 50) == 3


def test_a_number_is_the_median_of_its_rounds() -> None:
    rounds = [[0.001, 0.009], [0.002, 0.008], [0.003, 0.001]]
    assert cells(endings.Times(rounds)) == ["1.0", "8.0", "8.0", "8.0"]
    assert cells(endings.Times(rounds, missed=1))[0] == "1.0 (1 did not end)"
    assert cells(endings.Times([], missed=3))[0] == "does not end" and cells(None)[0] == "not offered"


def test_places_are_spread_over_the_script() -> None:
    """From the first event, which names the agent, to the last one before everything waits."""
    assert endings.places_to_stop_at("plain", 2) == [0, endings.raw_events("plain") - 1]
    tools = endings.places_to_stop_at("parallel tools", 5)
    assert len(tools) == 5 and tools[-1] == endings.raw_events("parallel tools") + 3
