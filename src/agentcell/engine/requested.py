"""What a model call is given, as the plain data that views get (`ModelRequested`).

Nothing large is copied: items, schemas and instructions are the objects that the model gets, and what was said with the
call before is only counted. Items are looked at one by one to make sure that they are JSON data; one that is not, or
that carries an image or a file, is replaced by a copy with a note in the place of the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from ..items import output_text
from ..retry import set_fields
from ..stream_events import ModelRequested

if TYPE_CHECKING:
    from ..model_settings import ModelSettings
    from ..run_config import ModelInputData
    from .state import RunState
    from .turn import TurnSetting

MOST_DEPTH = 60
"""How deeply nested data is looked at; what is deeper is written as text."""
BINARY_FROM = 200
"""Characters from which encoded data is replaced by a note."""

_NOT_SAID = frozenset({"extra_headers", "extra_query", "extra_body", "extra_args", "retry", "preserve_raw_usage"})
"""Settings that may hold secrets, or that say nothing to the model."""
_SECRET_NAME = re.compile(r"(?i)(?:^|[_-])(?:api[_-]?key|key|token|secret|password|passwd|authorization|cookie)$")
_SECRET_VALUE = re.compile(r"(?:sk|pk|rk|ghp|gho|xox[abp])[-_][\w-]{8,}|(?i:bearer|basic)\s+\S{8,}")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*?(;base64)?,", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}", re.ASCII)
_BINARY_FIELDS = frozenset({"file_data", "data", "image_url", "b64_json", "result", "encrypted_content"})
"""Fields of items that carry encoded data."""


@dataclass
class LastRequest:
    """What a run has said about its last model call, to say only the difference the next time."""

    input: Sequence[Any] = ()
    """The input items, as the model got them."""
    tools: tuple[Mapping[str, Any], ...] = ()
    """The tools, as they were said."""
    settings: Mapping[str, Any] | None = None
    """The settings, as they were said."""


def requested(
    run: RunState[Any], setting: TurnSetting, sent: ModelInputData, settings: ModelSettings, prompt: Any
) -> ModelRequested:
    """What the model is given, after every filter; the run remembers it for the next time."""
    last = run.last_request
    kept = same_beginning(last.input, sent.input)
    tools = tuple(_tools(setting))
    if tools == last.tools:  # the schemas in it are the same objects, so this costs next to nothing
        tools = last.tools
    said = _settings(run, setting, settings, prompt)
    if said == last.settings and last.settings is not None:
        said = last.settings
    run.last_request = LastRequest(sent.input, tools, said)
    items = tuple(as_item(item) for item in sent.input[kept:])
    return ModelRequested(sent.instructions, kept, items, tools, said)


def same_beginning(older: Sequence[Any], newer: Sequence[Any]) -> int:
    """How many items at the beginning of both are the same; items that are the same object are not compared."""
    count = 0
    for was, now in zip(older, newer, strict=False):
        if was is not now and was != now:
            break
        count += 1
    return count


def _tools(setting: TurnSetting) -> Iterable[Mapping[str, Any]]:
    for tool in setting.tools:
        described = {"name": tool.qualified_name, "description": tool.description}
        yield {**described, "parameters": tool.params_json_schema}
    for handoff in setting.handoffs:
        described = {"name": handoff.tool_name, "description": handoff.tool_description}
        yield {**described, "parameters": handoff.input_json_schema, "handoff": True}


def _settings(run: RunState[Any], setting: TurnSetting, settings: ModelSettings, prompt: Any) -> dict[str, Any]:
    """What else is set: nothing secret, no extras, and what earlier items the provider has."""
    said = {name: value for name, value in set_fields(settings).items() if name not in _NOT_SAID}
    if setting.output_schema is not None and not setting.output_schema.is_plain_text():
        with suppress(Exception):  # a view can do without; a model that needs it says what is wrong
            said["output_schema"] = setting.output_schema.json_schema()
    if prompt is not None:
        said["prompt"] = prompt
    if run.conversation_id is not None:
        said["conversation_id"] = run.conversation_id
    if run.previous_response_id is not None:
        said["previous_response_id"] = run.previous_response_id
    return {name: _without_secrets(name, _plain(value)) for name, value in said.items()}


def _without_secrets(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_secrets(key, inner) for key, inner in value.items()} if name != "output_schema" else value
    if isinstance(value, list):
        return [_without_secrets(name, inner) for inner in value]
    if isinstance(value, str) and (_SECRET_NAME.search(name) or _SECRET_VALUE.search(value)):
        return "[not shown]"
    return value


def as_item(item: Any) -> Mapping[str, Any]:
    """An input item as JSON data: the item itself where it is that."""
    found = _plain(item)
    return found if isinstance(found, dict) else {"type": "unknown", "content": output_text(found)}


def _plain(value: Any, field: str = "", depth: int = 0) -> Any:
    """A value as JSON data without binary data: the same object where it is that already."""
    if isinstance(value, str):
        return _shortened(value, field) if len(value) >= BINARY_FROM else value
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth >= MOST_DEPTH:
        return "[too deeply nested to be shown]"
    if isinstance(value, dict):
        fresh = {str(key): _plain(inner, str(key), depth + 1) for key, inner in value.items()}
        same = all(fresh.get(key) is inner for key, inner in value.items())
        return value if same else fresh
    if isinstance(value, (list, tuple)):
        inner_values = [_plain(inner, field, depth + 1) for inner in value]
        same = isinstance(value, list) and all(a is b for a, b in zip(inner_values, value, strict=True))
        return value if same else inner_values
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"[data: {_size(len(value))}]"
    try:
        return _plain(to_jsonable_python(value, exclude_none=True), field, depth + 1)
    except Exception:  # an odd object of the user's must not end the run
        return f"[{type(value).__name__}]"


def _shortened(text: str, field: str) -> str:
    """Text, or a note about the data that it encodes."""
    if text.startswith("data:") and (match := _DATA_URL.match(text, 0, 300)):
        media = match[1] or "data"
        size = (len(text) - match.end()) * 3 // 4 if match[2] else len(text) - match.end()
        kind = media.partition("/")[0]
        return f"[{kind if kind in ('image', 'audio', 'video') else 'file'}: {media}, {_size(size)}]"
    if field in _BINARY_FIELDS and _BASE64.fullmatch(text):
        kind = "encrypted" if field == "encrypted_content" else "data"
        return f"[{kind}: {_size(len(text) * 3 // 4)}]"
    return text


def _size(count: int) -> str:
    """A number of bytes as people write it."""
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"
