"""What a tool's result becomes for the model.

    text                        as it is
    rich content                a list of parts: `ToolOutputText`, `ToolOutputImage`, `ToolOutputFileContent`, or the
                                dictionaries of the same shape, alone or all together in a list or tuple
    a declared type             compact JSON, for tools with an `output_type` or `output_json_schema`
    anything else               its `str`

A list counts as rich only when every member does; half-rich lists are shown as text, so that nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, NotRequired, cast

from pydantic import BaseModel, TypeAdapter, ValidationError, model_validator
from pydantic_core import to_json
from typing_extensions import TypedDict

from .exceptions import UserError


class ToolOutputText(BaseModel):
    """A text for the model, as a part of a rich output."""

    type: Literal["text"] = "text"
    """The kind of content."""
    text: str
    """The text."""


class ToolOutputTextDict(TypedDict, total=False):
    """`ToolOutputText` as a dictionary."""

    type: Literal["text"]
    text: str


class ToolOutputImage(BaseModel):
    """An image for the model, by address (a `data:` URL too) or by the id of an uploaded file."""

    type: Literal["image"] = "image"
    """The kind of content."""
    image_url: str | None = None
    """The image's address."""
    file_id: str | None = None
    """The id of an uploaded file."""
    detail: Literal["low", "high", "auto"] | None = None
    """How closely the model looks."""

    @model_validator(mode="after")
    def check_at_least_one_required_field(self) -> ToolOutputImage:
        """Refuse an image that is nowhere."""
        if self.image_url is None and self.file_id is None:
            raise ValueError("At least one of image_url or file_id must be provided")
        return self


class ToolOutputImageDict(TypedDict, total=False):
    """`ToolOutputImage` as a dictionary."""

    type: Literal["image"]
    image_url: NotRequired[str]
    file_id: NotRequired[str]
    detail: NotRequired[Literal["low", "high", "auto"]]


class ToolOutputFileContent(BaseModel):
    """A file for the model, as base64 data, by address or by the id of an uploaded file."""

    type: Literal["file"] = "file"
    """The kind of content."""
    file_data: str | None = None
    """The content in base64."""
    file_url: str | None = None
    """The file's address."""
    file_id: str | None = None
    """The id of an uploaded file."""
    filename: str | None = None
    """The file's name."""

    @model_validator(mode="after")
    def check_at_least_one_required_field(self) -> ToolOutputFileContent:
        """Refuse a file that is nowhere."""
        if self.file_data is None and self.file_url is None and self.file_id is None:
            raise ValueError("At least one of file_data, file_url, or file_id must be provided")
        return self


class ToolOutputFileContentDict(TypedDict, total=False):
    """`ToolOutputFileContent` as a dictionary."""

    type: Literal["file"]
    file_data: NotRequired[str]
    file_url: NotRequired[str]
    file_id: NotRequired[str]
    filename: NotRequired[str]


RichOutput = ToolOutputText | ToolOutputImage | ToolOutputFileContent
"""One part of a rich output."""

_BY_TYPE: dict[Any, type[RichOutput]] = {
    "text": ToolOutputText,
    "image": ToolOutputImage,
    "file": ToolOutputFileContent,
}


def rich_parts(output: Any) -> list[RichOutput] | None:
    """The parts of a rich output; `None` when it is none."""
    if not isinstance(output, (list, tuple)):
        part = _rich(output)
        return None if part is None else [part]
    parts = [_rich(member) for member in cast("Sequence[Any]", output)]
    return [part for part in parts if part is not None] if parts and None not in parts else None


def _rich(output: Any) -> RichOutput | None:
    if isinstance(output, (ToolOutputText, ToolOutputImage, ToolOutputFileContent)):
        return output
    kind = cast("dict[str, Any]", output).get("type") if isinstance(output, dict) else None
    made = _BY_TYPE.get(kind) if isinstance(kind, str) else None
    if made is None:
        return None
    try:
        return made.model_validate(output)
    except ValidationError:
        return None


def input_content(parts: Sequence[RichOutput]) -> list[dict[str, Any]]:
    """Rich parts in the form in which the Responses API takes them."""
    return [{**part.model_dump(exclude_none=True), "type": f"input_{part.type}"} for part in parts]


def output_text(output: Any) -> str:
    """The text of a tool's result, whatever it is."""
    try:
        return output if type(output) is str else str(output)
    except Exception as error:
        return f"The tool returned a {type(output).__name__} that cannot be shown: {type(error).__name__}."


def declared_text(output: Any, schema: dict[str, Any] | None = None, adapter: TypeAdapter[Any] | None = None) -> str:
    """The compact JSON of a result whose type the tool has declared; a text is taken for JSON.

    Raises `UserError` when the result does not fit the declared type, or is no JSON object.
    """
    try:
        if adapter is not None:
            fitting = adapter.validate_json(output) if isinstance(output, str) else adapter.validate_python(output)
            text = adapter.dump_json(fitting, by_alias=True).decode()
        elif isinstance(output, str):
            text = json.dumps(json.loads(output), ensure_ascii=False, separators=(",", ":"))
        else:
            text = to_json(output, by_alias=False, inf_nan_mode="null").decode()
    except (ValueError, RecursionError) as error:
        problem = "does not match its declared output schema" if adapter is not None else "requires a JSON object"
        subject = "Function tool output" if adapter is not None else "Function tool output schema"
        raise UserError(f"{subject} {problem}.") from error
    if not text.startswith("{"):
        raise UserError("Function tool output schema requires a JSON object.")
    return text


def fitting_output(output: Any, adapter: TypeAdapter[Any]) -> Any:
    """A tool's result as an object of its declared type; raises `UserError` when it does not fit."""
    try:
        return adapter.validate_python(output)
    except ValidationError as error:
        raise UserError("Function tool output does not match its declared output schema.") from error


__all__ = [
    "RichOutput",
    "ToolOutputFileContent",
    "ToolOutputFileContentDict",
    "ToolOutputImage",
    "ToolOutputImageDict",
    "ToolOutputText",
    "ToolOutputTextDict",
    "declared_text",
    "fitting_output",
    "input_content",
    "output_text",
    "rich_parts",
]
