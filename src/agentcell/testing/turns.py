"""What the loopback server answers with: one scripted turn per request.

TurnLike = "text" | one output item | [output items and texts] | Turn | {fields of Turn} | callable(request)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias

from ..instances import checked_by_instance
from ..models.response_events import Pieces, TerminalStatus, message_item, whole, words

__all__ = ["HttpError", "Turn", "TurnLike", "as_turn", "turn_from_json", "turn_to_json"]


@dataclass
class HttpError:
    """An HTTP answer that is not a model's: an error status, or any other body."""

    status: int
    """HTTP status code; 200 with a body of its own is a server that talks something else."""
    body: Mapping[str, Any] | str | None = None
    """JSON object, or text sent as text/html; None makes an error object in the vendor's format."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra response headers, for example `{"retry-after": "0"}`."""


@checked_by_instance
@dataclass
class Turn:
    """One scripted answer, with the pace and the faults of its delivery.

    Events are counted from 0 as the client sees them: `hold_after=4` waits after four events were sent.
    """

    output: Sequence[Mapping[str, Any] | str] = ()
    """Output items in Responses format; a string is a message with that text."""
    usage: Mapping[str, Any] | None = None
    """The `usage` object; None counts about four characters a token."""
    status: TerminalStatus = "completed"
    """How the response ends."""
    pieces: Pieces = words
    """Cuts texts and arguments into deltas."""
    delay: float = 0.0
    """Seconds between events, kept as an average rate: late events catch up."""
    first_delay: float = 0.0
    """Seconds before the first byte of the answer."""
    chunk_size: int | None = None
    """Bytes per HTTP chunk, cutting through events and characters; None sends one chunk per event."""
    error: HttpError | None = None
    """Answer with this instead of a model response."""
    raw_events: Sequence[Mapping[str, Any] | str | bytes] | None = None
    """Stream exactly these: objects as events, strings and bytes as they are."""
    cut_after: int | None = None
    """Break off after this many events."""
    cut: Literal["end", "close", "reset"] = "close"
    """How to break off: a well-formed end of the body, a closed connection, or a connection reset."""
    hold_after: int | None = None
    """Wait after this many events until `release` is set, the client leaves, or the server stops."""
    release: threading.Event | None = None
    """Ends the hold; None never does. Thread mode only."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra response headers."""


TurnLike: TypeAlias = (
    str
    | Mapping[str, Any]
    | Sequence[Mapping[str, Any] | str]
    | Turn
    | HttpError
    | Callable[[dict[str, Any]], "TurnLike"]
)
"""Every form of a turn in a script; a callable gets the request's body and returns any other form."""


def as_turn(turn: TurnLike, request: dict[str, Any]) -> Turn:
    """Resolve any form of a scripted turn for one request; raises `TypeError` for anything else."""
    if isinstance(turn, Turn):
        return turn
    if isinstance(turn, HttpError):
        return Turn(error=turn)
    if isinstance(turn, str) or hasattr(turn, "model_dump"):
        return Turn([turn])  # type: ignore[list-item]
    if isinstance(turn, Mapping):
        return Turn([turn]) if "type" in turn else turn_from_json(turn)
    if isinstance(turn, Sequence):
        return Turn(turn)
    if callable(turn):
        return as_turn(turn(request), request)
    raise TypeError(
        f"A scripted turn must be a text, an output item, a list of them, a Turn or a callable, not {turn!r}"
    )


def output_items(turn: Turn) -> list[dict[str, Any]]:
    """The turn's output as plain dicts: texts become messages, the client's own objects become dicts."""
    items = []
    for item in turn.output:
        if isinstance(item, str):
            items.append(message_item(item))
        elif isinstance(item, Mapping):
            items.append(dict(item))
        elif hasattr(item, "model_dump"):
            items.append(item.model_dump(mode="json", by_alias=True, exclude_unset=True))
        else:
            raise TypeError(f"An output item must be a text or an item dict, not {item!r}")
    return items


_NAMED_PIECES: dict[str, Pieces] = {"words": words, "whole": whole, "characters": list}


def turn_from_json(data: Mapping[str, Any]) -> Turn:
    """Build a turn from its JSON form: the fields of `Turn`, with `pieces` as words, whole or characters."""
    known = {f.name for f in fields(Turn)} - {"release"}
    unknown = sorted(set(data) - known)
    if unknown:
        raise ValueError(f"Unknown fields {unknown!r} in a scripted turn: expected some of {sorted(known)!r}")
    values = dict(data)
    if isinstance(values.get("pieces"), str):
        name = values["pieces"]
        if name not in _NAMED_PIECES:
            raise ValueError(f"Unknown pieces {name!r}: expected one of {sorted(_NAMED_PIECES)!r}")
        values["pieces"] = _NAMED_PIECES[name]
    if isinstance(values.get("error"), Mapping):
        values["error"] = HttpError(**values["error"])
    return Turn(**values)


def turn_to_json(turn: TurnLike) -> Any:
    """The JSON form of a turn, for a server in another process.

    Raises `TypeError` for what cannot travel: callables, events to wait on, pieces functions without a name.
    """
    if callable(turn):
        raise TypeError(f"A server in its own process cannot call {turn!r}: use thread mode (process=False)")
    full = as_turn(turn, {})
    if full.release is not None:
        raise TypeError("A server in its own process cannot wait for an event: use thread mode (process=False)")
    default = Turn()
    data = {f.name: getattr(full, f.name) for f in fields(Turn) if f.name not in ("output", "release")}
    data = {name: value for name, value in data.items() if value != getattr(default, name)}
    data["output"] = output_items(full)
    if "pieces" in data:
        names = [name for name, function in _NAMED_PIECES.items() if function is full.pieces]
        if not names:
            raise TypeError(
                f"A server in its own process knows pieces by name only, not {full.pieces!r}: "
                f"use one of {sorted(_NAMED_PIECES)!r} or thread mode (process=False)"
            )
        data["pieces"] = names[0]
    if full.error is not None:
        data["error"] = {f.name: getattr(full.error, f.name) for f in fields(HttpError)}
    try:
        json.dumps(data)
    except TypeError as error:
        raise TypeError(f"A turn for another process must be plain JSON: {error}") from None
    return data
