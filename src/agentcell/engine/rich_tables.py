"""Data frames, series and arrays as `TableResult`s: the first and last rows and columns, as text.

Which library a value is of is seen from the names of its classes, so that none has to be there. All values are read
through the library's own slices and conversions; nothing larger than what is shown is ever made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..rich_results import TableResult

MOST_ROWS = 20
"""Rows of a table that are shown: half of them from its beginning, half from its end."""
MOST_COLUMNS = 20
"""Columns of a table that are shown."""
_MIDNIGHT = " 00:00:00"
CELL_LENGTH = 200
"""Characters of a cell, a name or a label."""


def is_a(value: Any, package: str, name: str) -> bool:
    """Whether a class of `value` is called so and comes from `package`."""
    return any(c.__name__ == name and c.__module__.partition(".")[0] == package for c in type(value).__mro__)


def table_maker(value: Any) -> Callable[[Any], TableResult | None] | None:
    """What makes a table of a value like this one; `None` when it is none."""
    for package, name, make in _MAKERS:
        if is_a(value, package, name):
            return make
    return None


def _pandas_frame(frame: Any) -> TableResult:
    height, width = frame.shape
    rows, rows_cut = _places(height, MOST_ROWS)
    columns, columns_cut = _places(width, MOST_COLUMNS)
    part = frame.iloc[rows, columns]
    dtypes = list(part.dtypes)
    cells = [part.iloc[:, place].tolist() for place in range(len(columns))]
    return TableResult(
        type(frame).__name__,
        (height, width),
        tuple(cell_text(name) for name in part.columns),
        tuple(cell_text(label) for label in part.index),
        _rows(cells, len(rows)),
        tuple(_is_numeric(dtype) for dtype in dtypes),
        tuple(cell_text(dtype) for dtype in dtypes),
        _index_name(part.index),
        rows_cut,
        columns_cut,
    )


def _pandas_series(series: Any) -> TableResult:
    rows, rows_cut = _places(len(series), MOST_ROWS)
    part = series.iloc[rows]
    return TableResult(
        type(series).__name__,
        (len(series),),
        ("" if series.name is None else cell_text(series.name),),
        tuple(cell_text(label) for label in part.index),
        _rows([part.tolist()], len(rows)),
        (_is_numeric(series.dtype),),
        (cell_text(series.dtype),),
        _index_name(part.index),
        rows_cut,
    )


def _polars_frame(frame: Any) -> TableResult:
    rows, rows_cut = _places(frame.height, MOST_ROWS)
    columns, columns_cut = _places(frame.width, MOST_COLUMNS)
    names = [frame.columns[place] for place in columns]
    part = frame.select(names)[rows] if names else frame
    dtypes = [part.schema[name] for name in names]
    return TableResult(
        type(frame).__name__,
        (frame.height, frame.width),
        tuple(cell_text(name) for name in names),
        (),
        _rows([part[name].to_list() for name in names], len(rows)),
        tuple(bool(dtype.is_numeric()) for dtype in dtypes),
        tuple(cell_text(dtype) for dtype in dtypes),
        rows_cut_at=rows_cut,
        columns_cut_at=columns_cut,
    )


def _polars_series(series: Any) -> TableResult:
    rows, rows_cut = _places(len(series), MOST_ROWS)
    return TableResult(
        type(series).__name__,
        (len(series),),
        (cell_text(series.name),),
        (),
        _rows([series[rows].to_list()], len(rows)),
        (bool(series.dtype.is_numeric()),),
        (cell_text(series.dtype),),
        rows_cut_at=rows_cut,
    )


def _array(array: Any) -> TableResult | None:
    """A list or a table of numbers; an array with more dimensions is a text, as numpy writes it."""
    if array.ndim not in (1, 2) or not array.size:
        return None
    fields = array.dtype.names
    if fields is not None and array.ndim == 1:
        return _records(array, fields)
    rows, rows_cut = _places(array.shape[0], MOST_ROWS)
    columns, columns_cut = _places(array.shape[1], MOST_COLUMNS) if array.ndim == 2 else ([0], None)
    part = array[rows][:, columns] if array.ndim == 2 else array[rows].reshape(-1, 1)
    return TableResult(
        type(array).__name__,
        tuple(array.shape),
        tuple(str(place) for place in columns) if array.ndim == 2 else ("",),
        tuple(str(place) for place in rows),
        _rows([part[:, place].tolist() for place in range(len(columns))], len(rows)),
        (_is_numeric(array.dtype),) * len(columns),
        (cell_text(array.dtype),) * len(columns),
        rows_cut_at=rows_cut,
        columns_cut_at=columns_cut,
    )


def _records(array: Any, fields: Sequence[str]) -> TableResult:
    rows, rows_cut = _places(array.shape[0], MOST_ROWS)
    columns, columns_cut = _places(len(fields), MOST_COLUMNS)
    names = [fields[place] for place in columns]
    part = array[rows]
    return TableResult(
        type(array).__name__,
        (array.shape[0], len(fields)),
        tuple(cell_text(name) for name in names),
        tuple(str(place) for place in rows),
        _rows([part[name].tolist() for name in names], len(rows)),
        tuple(_is_numeric(array.dtype[name]) for name in names),
        tuple(cell_text(array.dtype[name]) for name in names),
        rows_cut_at=rows_cut,
        columns_cut_at=columns_cut,
    )


_MAKERS: tuple[tuple[str, str, Callable[[Any], TableResult | None]], ...] = (
    ("pandas", "DataFrame", _pandas_frame),
    ("pandas", "Series", _pandas_series),
    ("polars", "DataFrame", _polars_frame),
    ("polars", "Series", _polars_series),
    ("numpy", "ndarray", _array),
)


def _places(count: int, most: int) -> tuple[list[int], int | None]:
    """The rows or columns that are shown, and before which of them some are left out."""
    if count <= most:
        return list(range(count)), None
    half = most // 2
    return [*range(half), *range(count - half, count)], half


def _rows(columns: Sequence[Sequence[Any]], count: int) -> tuple[tuple[str, ...], ...]:
    texts = [_column(column) for column in columns]
    return tuple(tuple(column[row] for column in texts) for row in range(count))


def _column(values: Sequence[Any]) -> list[str]:
    """The cells of a column, alike: numbers with the same decimals, times without an hour that none of them has."""
    texts = [cell_text(value) for value in values]
    if values and all(text.endswith(_MIDNIGHT) for text in texts):
        return [text.removesuffix(_MIDNIGHT) for text in texts]
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    if not numbers or any("e" in f"{value:.6g}" for value in numbers):
        return texts
    decimals = min(6, max(len(f"{value:.6g}".partition(".")[2]) for value in numbers))
    return [
        f"{value:.{decimals}f}" if isinstance(value, float) and math.isfinite(value) else text
        for value, text in zip(values, texts, strict=True)
    ]


def _is_numeric(dtype: Any) -> bool:
    return getattr(dtype, "kind", "") in tuple("iufc")


def _index_name(index: Any) -> str:
    names = [cell_text(name) for name in index.names if name is not None]
    return ", ".join(names)


def cell_text(value: Any) -> str:
    """A value as the text of a cell: numbers in six digits, anything else in one short line."""
    try:
        if isinstance(value, float):
            text = "NaN" if math.isnan(value) else f"{value:.6g}"
        elif isinstance(value, tuple):
            text = ", ".join(cell_text(part) for part in value)
        else:
            text = str(value)
        return text if len(text) <= CELL_LENGTH else f"{text[: CELL_LENGTH - 1]}\u2026"
    except Exception as error:
        return f"[a {type(value).__name__} that cannot be shown: {type(error).__name__}]"
