"""The persistent sequence behaves as a list of which every version is kept."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcell.view.sequence import Sequence

Steps = st.lists(st.one_of(st.none(), st.integers(0, 10_000)), max_size=150)
"""`None` appends, a number replaces the element at that place, modulo the length."""


def built(length: int) -> Sequence[int]:
    made: Sequence[int] = Sequence()
    for value in range(length):
        made = made.append(value)
    return made


def versions(start: int, steps: list[int | None]) -> list[tuple[Sequence[int], list[int]]]:
    """Every version of a sequence and of the list that it must equal."""
    sequence, plain = built(start), list(range(start))
    found = [(sequence, list(plain))]
    for number, step in enumerate(steps, 1):
        if step is None or not plain:
            sequence, plain = sequence.append(-number), [*plain, -number]
        else:
            place = step % len(plain)
            sequence = sequence.replace(place, -number)
            plain = [*plain[:place], -number, *plain[place + 1 :]]
        found.append((sequence, list(plain)))
    return found


STARTS = st.sampled_from([0, 1, 31, 32, 33, 1023, 1024, 1025])


@given(STARTS, Steps)
@settings(max_examples=60, deadline=None)
def test_every_version_equals_its_list(start: int, steps: list[int | None]) -> None:
    for sequence, plain in versions(start, steps)[-40:]:
        assert list(sequence) == plain and len(sequence) == len(plain)


@given(STARTS, Steps, st.data())
@settings(max_examples=60, deadline=None)
def test_changed_finds_exactly_the_differences(start: int, steps: list[int | None], data: st.DataObject) -> None:
    """Against any older version; every replacement has a value of its own, so equal means unchanged."""
    found = versions(start, steps)
    index = data.draw(st.integers(0, len(found) - 1))
    (older, was), (newer, now) = found[index], found[-1]
    expected = [i for i, value in enumerate(now) if i >= len(was) or was[i] != value]
    assert list(newer.changed(older)) == expected


@pytest.mark.parametrize("length", [0, 1, 32, 33, 1024, 1025, 40_000])
def test_all_of_a_sequence_differs_from_an_empty_one(length: int) -> None:
    assert list(built(length).changed(Sequence())) == list(range(length))
    sequence = built(length)
    assert list(sequence.changed(sequence)) == []


def test_versions_that_fork_do_not_disturb_each_other() -> None:
    base = built(40)
    left, right = base.append(1).replace(0, "l"), base.append(2).replace(39, "r")  # type: ignore[arg-type]
    assert list(base) == list(range(40))
    assert (left[40], left[0], left[39]) == (1, "l", 39)
    assert (right[40], right[0], right[39]) == (2, 0, "r")


@pytest.mark.parametrize("index", [-1, 3, 1000])
def test_places_outside_are_refused(index: int) -> None:
    with pytest.raises(IndexError, match=str(index)):
        built(3)[index]
    with pytest.raises(IndexError, match=str(index)):
        built(3).replace(index, 0)


def test_replacing_copies_one_branch() -> None:
    """Two versions share all branches but the one that differs."""
    older = built(40_000)
    newer = older.replace(20_000, -1)
    same = sum(a is b for a, b in zip(older._root, newer._root, strict=True))
    assert same == len(older._root) - 1
