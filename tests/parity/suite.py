"""How a test says which rules of the reference's behaviour it shows, so that `report.py` can count."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import pytest

Over = Literal["scripted", "loopback"]
"""What stands in for the model: `ScriptedModel`, or a server behind the official client."""


def script(rules: str, *, over: Over | None = None, rows: Collection[str] = (), name: str = "") -> pytest.MarkDecorator:
    """Mark a test as a script of the suite, or as one way to run it.

    `rules` are numbers; `rows` name the rows of the table of differences by what they begin with. A test without a
    `name` is a script of its own. `over` is left out where no model plays a part.
    """
    return pytest.mark.script(rules=tuple(rules.split()), over=over, rows=tuple(sorted(rows)), name=name)
