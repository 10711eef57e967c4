"""What is read of histories that are not whole."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from things import answer, call, output, thought, unknown, user

from agentcell.memory.pairing import NO_OUTPUT
from agentcell.memory.repair import latest, sendable
from agentcell.testing import assert_sendable

Items = list[dict[str, Any]]

REPAIRS: dict[str, tuple[Items, Items]] = {
    "whole": ([user("1"), call(), output(), answer("2")], [user("1"), call(), output(), answer("2")]),
    "no output": ([call(), user("1")], [call(), unknown(), user("1")]),
    "no output at the end": ([user("1"), call()], [user("1"), call(), unknown()]),
    "one of two outputs": (
        [call("a"), call("b"), output("b"), answer("1")],
        [call("a"), call("b"), output("b"), unknown("a"), answer("1")],
    ),
    "a late output": ([call(), user("1"), output()], [call(), user("1"), output()]),
    "no call": ([user("1"), output()], [user("1")]),
    "an output before its call": ([output(), call()], [call(), unknown()]),
    "an output twice": ([call(), output(), output(text="again")], [call(), output()]),
    "an id again": ([call(), output(), call(), output()], [call(), output(), call(), output()]),
    "an id again, unanswered": (
        [call(), user("1"), call(), output()],
        [call(), unknown(), user("1"), call(), output()],
    ),
    "a call without an id": ([{"type": "function_call", "name": "f"}, user("1")], [user("1")]),
    "an output without an id": ([{"type": "function_call_output", "output": ""}], []),
    "reasoning": ([thought(), call(), output()], [thought(), call(), output()]),
    "reasoning at the end": ([user("1"), thought()], [user("1")]),
    "reasoning before a question": ([thought(), thought("rs_2"), user("1")], [user("1")]),
    "reasoning before a call without an id": ([thought(), {"type": "function_call"}, user("1")], [user("1")]),
    "reasoning between calls": (
        [thought(), call("a"), thought("rs_2"), call("b"), output("b")],
        [thought(), call("a"), unknown("a"), thought("rs_2"), call("b"), output("b")],
    ),
    "a screen, whose output cannot be told": ([thought(), {"type": "computer_call", "call_id": "c"}], []),
}


@pytest.mark.parametrize("items, read", REPAIRS.values(), ids=REPAIRS.keys())
def test_repairs(items: Items, read: Items) -> None:
    assert sendable(items) == read
    assert_sendable(read)
    assert sendable(read) == read


@pytest.mark.parametrize(
    "kind", ["apply_patch_call", "custom_tool_call", "function_call", "local_shell_call", "shell_call"]
)
def test_outputs_that_are_missing_have_the_form_of_their_kind(kind: str) -> None:
    read = sendable([{"type": kind, "call_id": "c1"}])
    assert_sendable(read)
    assert read[1]["type"] == f"{kind}_output"
    assert NO_OUTPUT in str(read[1])


ALL: Items = [user("1"), thought(), call("a"), call("b"), output("a"), output("b"), thought("rs_2"), answer("2")]


@pytest.mark.parametrize(
    "limit, read",
    [
        (None, ALL),
        (-1, ALL),
        (99, ALL),
        (8, ALL),
        (7, ALL[1:]),
        (6, [ALL[3], ALL[5], *ALL[6:]]),
        (5, [ALL[3], ALL[5], *ALL[6:]]),
        (4, ALL[6:]),
        (2, ALL[6:]),
        (1, []),
        (0, []),
    ],
)
def test_limits_cut_nothing_in_two(limit: int | None, read: Items) -> None:
    assert latest(ALL, limit) == read


def test_anything_can_be_read_and_cut() -> None:
    """Every history of five pieces, whole or broken, and every limit of it."""
    pieces = [user("1"), thought(), call("a"), output("a"), call("b"), output("b")]
    for chosen in product(pieces, repeat=5):
        read = sendable(list(chosen))
        for limit in range(len(read) + 1):
            cut = latest(read, limit)
            assert_sendable(cut)
            assert len(cut) <= limit
        assert [item for item in read if item == user("1")] == [item for item in chosen if item == user("1")]
