"""Copies of a view's objects with other values in some fields."""

from __future__ import annotations

import dataclasses

import pytest

from agentcell.view.model import RunView
from agentcell.view.replacing import replace


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(RunView)])
def test_it_does_what_the_standard_does(name: str) -> None:
    view = RunView(prompt="Hi", elapsed=1.5)
    other = replace(view, **{name: "x"})
    assert other == dataclasses.replace(view, **{name: "x"}) and other is not view
    assert (view.prompt, view.elapsed) == ("Hi", 1.5)


def test_a_field_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="colour"):
        replace(RunView(), colour="red")


def test_fields_must_be_given_by_their_place() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Named:
        one: int
        two: int

    with pytest.raises(TypeError, match="Named needs two fields"):
        replace(Named(one=1, two=2), one=3)
