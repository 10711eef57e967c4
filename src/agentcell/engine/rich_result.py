"""A tool's result as what it is, for views: `rich_result(value)`.

Pictures and tables are known by the names of their classes, so nothing is imported for it; trees are made of what
Python and pydantic bring. Plain values cost nothing. What draws a picture, or runs a library's or an object's own code,
does so in a thread with a time limit. An object's own HTML, SVG, JavaScript or widget is never asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..rich_results import OwnDisplay, RichResult, SeveralResults
from ..tool_invocation import in_thread
from ..tool_outputs import ToolOutputFileContent, ToolOutputImage, ToolOutputText, rich_parts
from .rich_images import image_maker
from .rich_tables import table_maker
from .rich_trees import tree_result

TIME_LIMIT = 5.0
"""Seconds that making a view's form of a result may take; then the text has to do."""
MOST_PARTS = 6
"""Pictures and tables of one result."""

_PLAIN = (str, bytes, bytearray, int, float, complex, type(None))
_BUILT_IN = (dict, list, tuple, set, frozenset)
_LIBRARY = (ToolOutputText, ToolOutputImage, ToolOutputFileContent)
_OWN_FORMS = {
    "_ipython_display_": "a display of its own",
    "_repr_mimebundle_": "several forms",
    "_repr_html_": "HTML",
    "_repr_svg_": "SVG",
    "_repr_javascript_": "JavaScript",
    "_repr_latex_": "LaTeX",
    "_repr_markdown_": "Markdown",
}


async def rich_result_in_time(value: Any) -> RichResult | None:
    """`rich_result`, in a thread where the value's own code or a library's has to run, and not for ever."""
    if isinstance(value, _PLAIN):
        return None
    if isinstance(value, _BUILT_IN) and _maker(value) is None:
        return rich_result(value)
    try:
        async with asyncio.timeout(TIME_LIMIT):
            return await in_thread(lambda: _whatever_happens(value))
    except TimeoutError:
        return None


def _whatever_happens(value: Any) -> RichResult | None:
    try:
        return rich_result(value)
    except BaseException:  # in a thread nobody else is meant by it
        return None


def rich_result(value: Any) -> RichResult | None:
    """What views show of a value; `None` when its text says it all. Raises nothing."""
    try:
        if isinstance(value, _PLAIN):
            return None
        make = _maker(value)
        if make is not None:
            return make(value) or _own_display(value)
        if isinstance(value, _LIBRARY) or rich_parts(value) is not None:
            return None
        return tree_result(value) or _own_display(value)
    except Exception:  # whatever a value does, its text is still there
        return None


def _maker(value: Any) -> Callable[[Any], RichResult | None] | None:
    """What makes a picture, a table or several of a value."""
    single = image_maker(value) or table_maker(value)
    if single is not None:
        return single
    if isinstance(value, (list, tuple)) and value and all(map(_is_part, value)) and any(map(_makes_one, value)):
        return _several
    if isinstance(value, dict) and value.get("type") == "image" and rich_parts(value) is not None:
        return _several
    return None


def _makes_one(value: Any) -> bool:
    is_image = isinstance(value, dict) and value.get("type") == "image"
    return is_image or (image_maker(value) or table_maker(value)) is not None


def _is_part(value: Any) -> bool:
    """Whether a member of a list may stand beside pictures and tables: the library's texts and files do."""
    return _makes_one(value) or rich_parts(value) is not None


def _several(values: Any) -> RichResult | None:
    """The pictures and tables of a list, or of the library's own kind of output."""
    made: list[Any] = []
    left_out = 0
    for value in rich_parts(values) or values:
        make = image_maker(value) or table_maker(value)
        if make is None:
            continue
        if len(made) >= MOST_PARTS:
            left_out += 1
        elif (found := make(value)) is not None:
            made.append(found)
    if len(made) == 1 and not left_out:
        return made[0]
    return SeveralResults(type(values).__name__, tuple(made), left_out) if made else None


def _own_display(value: Any) -> OwnDisplay | None:
    """What is said of an object that would show itself."""
    methods = [name for name in _OWN_FORMS if callable(getattr(type(value), name, None))]
    return OwnDisplay(type(value).__name__, tuple(_OWN_FORMS[name] for name in methods)) if methods else None
