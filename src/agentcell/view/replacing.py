"""`replace`: `dataclasses.replace` for the frozen objects of a view, of which every frame of a run makes several.

The standard one looks at every field each time, which cost more than all that a frame changes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

_T = TypeVar("_T")


def replace(instance: _T, /, **changes: Any) -> _T:
    """A copy with other values in some fields; all fields must be ones that `__init__` takes.

    Raises `KeyError` for a field that is not there.
    """
    kind = type(instance)
    values_of, places = _plan(kind)
    values = list(values_of(instance))
    for name, value in changes.items():
        values[places[name]] = value
    return kind(*values)


@cache
def _plan(kind: type[Any]) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]:
    """How to read all fields of a class, and the place of each among them."""
    names = [field.name for field in fields(kind)]
    if len(names) < 2 or any(not field.init or field.kw_only for field in fields(kind)):
        raise TypeError(f"{kind.__name__} needs two fields or more, all of them given by their place")
    return operator.attrgetter(*names), {name: place for place, name in enumerate(names)}
