"""How a test says which rules of the reference's behaviour it shows, so that `report.py` can count."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

import agents
import pytest

import agentcell

Over = Literal["scripted", "loopback"]
"""What stands in for the model: `ScriptedModel`, or a server behind the official client."""


def script(rules: str, *, over: Over | None = None, rows: Collection[str] = (), name: str = "") -> pytest.MarkDecorator:
    """Mark a test as a script of the suite, or as one way to run it.

    `rules` are numbers, or words that name the pattern of an example, which shows no rule by itself; `rows` name the
    rows of the table of differences by what they begin with. A test without a `name` is a script of its own. `over` is
    left out where no model plays a part.
    """
    return pytest.mark.script(
        rules=tuple(rule for rule in rules.split() if rule.isdigit()), over=over, rows=tuple(sorted(rows)), name=name
    )


def rule(rules: str, *rows: str, over: tuple[Over, ...] = ("scripted", "loopback")) -> Callable[[Any], Any]:
    """Mark a test as a script for some rules; it takes the library and what stands in for the model."""

    def parametrized(test: Any) -> Any:
        params = [
            pytest.param(lib, each, id=f"{name} {each}", marks=script(rules, over=each, rows=rows, name=test.__name__))
            for name, lib in (("reference", agents), ("agentcell", agentcell))
            for each in over
        ]
        return pytest.mark.parametrize(("lib", "over"), params)(test)

    return parametrized
