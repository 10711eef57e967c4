"""The live benchmark works, in a small form; how much anything costs decides nothing here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.lab import Lab, missing

from .live_report import live_report
from .live_view import BARE, OURS, sample


@pytest.mark.ci
@pytest.mark.timeout(180)
@pytest.mark.skipif(missing() is not None, reason="needs a browser")
def test_two_ways_show_the_whole_answer(tmp_path: Path) -> None:
    with Lab(tmp_path / "lab") as lab:
        found = {way: [sample(lab, way, 100, 400, 20.0)] for way in (BARE, OURS)}
    for way, (one,) in found.items():
        assert one.last is not None and not one.unfinished, f"{way}: {one}"
        assert one.messages >= 2 and one.bytes > one.content >= one.notes["characters"]
        assert one.kernel > 0 and one.browser > 0
    assert found[OURS][0].record > found[BARE][0].record == 0
    table = live_report({(100, 400): found})
    assert "| agentcell |" in table and "| kernel CPU / bare |" in table
