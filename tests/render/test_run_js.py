"""run.js in node: its own tests, and the same operations that the Python page applies."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agentcell.render.markdown import MarkdownFold

from .markdown_cases import CASES

JS = Path(__file__).parent.parent / "js"


def _node(*arguments: str) -> subprocess.CompletedProcess[str]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    return subprocess.run([node, *arguments], capture_output=True, text=True, env=os.environ, timeout=110)


def test_the_page_behaves() -> None:
    done = _node("--test", str(JS / "run.test.mjs"))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    written = (JS / "run.test.mjs").read_text(encoding="utf-8")
    assert int(re.findall(r"^# tests (\d+)$", done.stdout, re.MULTILINE)[0]) >= len(
        re.findall(r"^(?:t|domT|notY)\w+\(", written, re.M)
    )
    if "# skipped 0" not in done.stdout:
        pytest.skip("jsdom is not installed: the tests that need a DOM did not run")


def test_the_page_applies_operations_as_the_fold_means_them(tmp_path: Path) -> None:
    rng = random.Random(7)
    texts = [
        *CASES,
        "\n\n".join(CASES),
        "- item *x*\n" * 300,
        "|a|b|\n|-|-|\n" + "|c|😀|\n" * 150,
        "```\n" + "c < 1\n" * 150,
    ]
    cases = []
    for text in texts:
        fold, steps, start = MarkdownFold(), [], 0
        while start < len(text):
            size = rng.randint(1, 9) if len(text) < 200 else rng.randint(1, 400)
            steps.append({"ops": fold.append(text[start : start + size]), "html": fold.html})
            start += size
        steps.append({"ops": fold.finish(), "html": fold.html})
        cases.append({"source": text, "steps": steps})
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    done = _node(str(JS / "apply_cases.mjs"), str(file))
    if done.returncode == 2:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stderr[-4000:]
