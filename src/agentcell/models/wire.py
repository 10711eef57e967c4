"""What both of OpenAI's APIs need of a request before it is sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from ..exceptions import StreamInterrupted
from ..model_settings import ModelSettings

logger: logging.Logger = logging.getLogger("agentcell")

FAKE_ID = "__fake_id__"
"""The id of items that were never on the API's server; it must not be sent there."""


def user_agent() -> str:
    """What the library calls itself in requests."""
    from .. import __version__

    return f"agentcell/{__version__}"


def as_mapping(value: Any) -> Mapping[str, Any]:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def with_extra_args(request: dict[str, Any], settings: ModelSettings, late: frozenset[str]) -> dict[str, Any]:
    """The arguments of a request with those that the user adds; raises `TypeError` for one that is there already.

    `late` are the arguments that travel in `extra_body`.
    """
    extra = settings.extra_args or {}
    twice = sorted(extra.keys() & (request.keys() | request["extra_body"].keys() & late))
    if twice:
        raise TypeError(
            f"ModelSettings.extra_args gives {twice!r}, which the request has already: "
            "use the field of ModelSettings, or extra_body to override it"
        )
    return {**request, **extra}


def without_surrogates(value: Any) -> Any:
    """The value with lone surrogates replaced: no text with them can be sent as UTF-8."""
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {without_surrogates(name): without_surrogates(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_surrogates(each) for each in value]
    return value.model_dump(mode="json", by_alias=True, exclude_unset=True) if hasattr(value, "model_dump") else value


def reported_usage(usage: Any, settings: ModelSettings) -> dict[str, Any] | None:
    """What the provider reported, unread, where the settings ask for it.

    A streamed response carries it as `_raw_usage`, beside the `_request_id` of the client: no field has room for it.
    """
    return usage.to_dict() if settings.preserve_raw_usage and usage is not None else None


def check_it_streamed(stream: Any) -> None:
    """Raise `StreamInterrupted` when a stream without any event was something else, such as a page of a proxy."""
    kind = str(stream.response.headers.get("content-type", ""))
    if kind and "text/event-stream" not in kind:
        raise StreamInterrupted(
            f"Model did not produce a final response! The server answered with {kind!r} instead of an event stream; "
            "check the base URL."
        )
