"""What a tool's result is, as plain data for views: a table, a picture or a tree.

A tool runs in this program, so its result is an object and not only the text that the model gets. Its own HTML is never
used: views build what they show from these values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union


@dataclass(frozen=True, slots=True)
class TableResult:
    """Rows and columns: a data frame, a series, an array."""

    type_name: str
    """What the result is, such as `DataFrame`."""
    shape: tuple[int, ...]
    """How large the whole is: rows, and columns where there are several."""
    columns: tuple[str, ...]
    """The names of the columns that are shown."""
    index: tuple[str, ...]
    """The labels of the rows that are shown."""
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    """The values that are shown, as text."""
    numeric: tuple[bool, ...] = ()
    """Which columns hold numbers."""
    rows_cut_at: int | None = None
    """Before which of these rows others are left out."""
    columns_cut_at: int | None = None
    """Before which of these columns others are left out."""


@dataclass(frozen=True, slots=True)
class ImageResult:
    """A picture."""

    type_name: str
    """What the result is, such as `Figure`."""
    mime: str
    """`image/png`, `image/jpeg`, `image/gif` or `image/webp`."""
    data: str = field(repr=False)
    """The picture's bytes in base64."""
    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""


@dataclass(frozen=True, slots=True)
class TreeResult:
    """Names and values inside each other: a model, a data class, a dictionary, a list."""

    type_name: str
    """What the result is, such as `dict` or the name of a model."""
    value: Any = field(repr=False)
    """JSON data; what is left out is named in it."""


RichResult = Union[TableResult, ImageResult, TreeResult]
"""A result that is more than text."""
