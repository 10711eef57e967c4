"""What a tool's result is, as plain data for views: a table, a picture or a tree.

    RichResult
    |-- TableResult      rows and columns
    |-- ImageResult      a picture
    |-- TreeResult       names and values inside each other: TreeNode
    |-- SeveralResults   some of these in a row
    `-- OwnDisplay       something that draws itself, which views do not let it do

A tool runs in this program, so its result is an object and not only the text that the model gets. Its own HTML is never
used: views build what they show from these values. `engine.rich_result` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union


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
    """The labels of the rows that are shown; empty when rows have none."""
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    """The values that are shown, as text."""
    numeric: tuple[bool, ...] = ()
    """Which columns hold numbers."""
    dtypes: tuple[str, ...] = ()
    """What the columns hold."""
    index_name: str = ""
    """What the labels of the rows are called."""
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
    """How wide it is shown, in pixels."""
    height: int | None = None
    """How high it is shown, in pixels."""
    note: str = ""
    """What was done to it, such as that it was made smaller."""


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A value, and the values inside it."""

    type_name: str
    """The value's class."""
    text: str | None = None
    """The value as text, when it has nothing inside."""
    members: tuple[tuple[str, TreeNode], ...] = field(default=(), repr=False)
    """What is inside, by name; members of a sequence are numbered, those of a set have no name."""
    size: int = 0
    """How many there are inside."""
    left_out: str = ""
    """What is not shown of it, in words."""


@dataclass(frozen=True, slots=True)
class TreeResult:
    """Names and values inside each other: a model, a data class, a dictionary, a list."""

    type_name: str
    """What the result is, such as `dict` or the name of a model."""
    root: TreeNode = field(repr=False)
    """The whole value."""


@dataclass(frozen=True, slots=True)
class OwnDisplay:
    """An object with a display of its own, which views do not use: it could be anything."""

    type_name: str
    """What the result is."""
    forms: tuple[str, ...]
    """In which forms it would show itself, such as `HTML`."""


@dataclass(frozen=True, slots=True)
class SeveralResults:
    """Several results in a row, such as a list of pictures."""

    type_name: str
    """What holds them, such as `list`."""
    parts: tuple[Union[TableResult, ImageResult, TreeResult, OwnDisplay], ...] = field(repr=False)
    """The results that are shown."""
    left_out: int = 0
    """How many more there are."""


RichResult = Union[TableResult, ImageResult, TreeResult, SeveralResults, OwnDisplay]
"""A result that is more than text."""
