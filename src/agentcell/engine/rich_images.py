"""Figures, pictures and whatever has PNG or JPEG bytes of itself, as `ImageResult`s of a bearable size.

Which library a value is of is seen from the names of its classes. A figure is drawn by its own `savefig`, which uses a
canvas without a window for the moment; `pyplot`, with its list of current figures, is never asked.
"""

from __future__ import annotations

import base64
import io
import re
import struct
from collections.abc import Callable
from typing import Any

from ..rich_results import ImageResult
from ..tool_outputs import ToolOutputImage
from .rich_tables import is_a

MOST_BYTES = 2_000_000
"""Bytes of a picture; a larger one is made smaller, or left out."""
MOST_PIXELS = 1600
"""The longer side of a picture."""
FIGURE_DPI = 144
"""Dots per inch of a figure, for sharp screens; shown at 96."""
PAGE_DPI = 96

_DATA_URL = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})")
_SIGNATURES = (("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xff\xd8\xff"))
_METHODS = ("_repr_png_", "_repr_jpeg_")


def image_maker(value: Any) -> Callable[[Any], ImageResult | None] | None:
    """What makes a picture of a value like this one; `None` when it is none."""
    if isinstance(value, ToolOutputImage):
        return _library_image
    if _figure_of(value) is not None:
        return _figure
    if is_a(value, "PIL", "Image"):
        return _pillow
    if any(callable(getattr(type(value), name, None)) for name in _METHODS):
        return _by_itself
    return None


def _figure_of(value: Any) -> Any:
    """The figure that a value is, or is a part of."""
    if is_a(value, "matplotlib", "FigureBase") or is_a(value, "matplotlib", "Figure"):
        return value
    if is_a(value, "matplotlib", "_AxesBase") or is_a(value, "seaborn", "Grid"):
        return value.figure
    if is_a(value, "numpy", "ndarray") and value.dtype == object and value.size:
        first = value.flat[0]
        return first.figure if is_a(first, "matplotlib", "_AxesBase") else None
    return None


def _figure(value: Any) -> ImageResult | None:
    figure = _figure_of(value)
    while getattr(figure, "figure", figure) is not figure and figure.figure is not None:  # a part of a figure
        figure = figure.figure
    inches = max(1e-3, *figure.get_size_inches())
    for dots in (FIGURE_DPI, 72, 36):
        dpi = min(dots, MOST_PIXELS / inches)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight")
        data = buffer.getvalue()
        if len(data) <= MOST_BYTES:
            width, height = _png_size(data)
            shown = PAGE_DPI / dpi
            return _image(type(value).__name__, "image/png", data, round(width * shown), round(height * shown))
    return None


def _pillow(picture: Any) -> ImageResult | None:
    width, height = picture.size
    if not width or not height:
        return None
    sides = f"{width} \u00d7 {height} pixels"
    small = picture.copy()
    small.thumbnail((MOST_PIXELS, MOST_PIXELS))
    if small.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        small = small.convert("RGBA" if "A" in small.mode or "a" in small.mode else "RGB")
    mime, data = "image/png", _saved(small, "PNG")
    if len(data) > MOST_BYTES:
        mime, data = "image/jpeg", _saved(small.convert("RGB"), "JPEG", quality=85)
    if len(data) > MOST_BYTES:
        return None
    note = "" if small.size == picture.size and mime == "image/png" else f"made smaller; the picture has {sides}"
    return _image(type(picture).__name__, mime, data, small.size[0], small.size[1], note)


def _saved(picture: Any, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=form, **options)
    return buffer.getvalue()


def _by_itself(value: Any) -> ImageResult | None:
    """The picture that an object makes of itself, when it is bytes of the right kind and not too many."""
    for name in _METHODS:
        method = getattr(type(value), name, None)
        found = method(value) if callable(method) else None
        data = found[0] if isinstance(found, tuple) and found else found
        if not isinstance(data, (bytes, bytearray)) or len(data) > MOST_BYTES:
            continue
        for mime, signature in _SIGNATURES:
            if data.startswith(signature):
                size = _png_size(data) if mime == "image/png" else (None, None)
                return _image(type(value).__name__, mime, bytes(data), size[0], size[1])
    return None


def _library_image(output: ToolOutputImage) -> ImageResult | None:
    """The picture that a tool returns for the model; one that has to be fetched is not."""
    found = _DATA_URL.fullmatch(output.image_url or "")
    if found is None or len(found[2]) > MOST_BYTES * 4 // 3:
        return None
    return ImageResult(type(output).__name__, found[1], found[2])


def _png_size(data: bytes | bytearray) -> tuple[int, int]:
    return struct.unpack(">II", data[16:24]) if len(data) >= 24 else (0, 0)


def _image(
    type_name: str, mime: str, data: bytes, width: int | None, height: int | None, note: str = ""
) -> ImageResult:
    return ImageResult(type_name, mime, base64.b64encode(data).decode(), width or None, height or None, note)
