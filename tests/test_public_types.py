"""Every type that a user can reach is written down: pyright infers nothing of what the package exports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent.parent / "src"

FOREIGN = {"agentcell.notebook.widget.RunWidget"}
"""Its metaclass is that of ipywidgets, which has no types."""


@pytest.mark.ci
def test_every_public_type_is_known() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", "agentcell", "--ignoreexternal", "--outputjson"],
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    found: dict[str, Any] = json.loads(done.stdout)["typeCompleteness"]
    unknown = {
        symbol["name"]: [problem["message"] for problem in symbol["diagnostics"]]
        for symbol in found["symbols"]
        if symbol["isExported"] and not (symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"])
    }
    assert {name: said for name, said in unknown.items() if name not in FOREIGN} == {}
    assert found["exportedSymbolCounts"]["withKnownType"] > 2500
    assert found["completenessScore"] > 0.999
