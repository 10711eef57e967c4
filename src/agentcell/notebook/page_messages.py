"""What a page may say to the kernel: untrusted input, read into values or dropped.

    {"v": 1, "t": "resync", "have": n}                               a frame is missing
    {"v": 1, "t": "fold", "key": k, "open": bool}                    somebody opened or closed something
    {"v": 1, "t": "do", "do": name, "key": k,                        somebody pressed a button
     "about": subject, "digest": d, "fields": {name: text | bool}}   of a form, with what was entered in it

`read` never raises and never does anything: whoever gets a message carries it out, and checks it against the run. What
has another shape, size or name is `None`. Only a message that is well-formed but too long gets an answer, because its
sender may be a person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union, cast

WIRE_VERSION = 1
"""The version of the messages between kernel and page."""
LARGEST_FORM = 65_536
"""Characters of everything that is entered in one form."""
MOST_FIELDS = 200
"""Fields of one form."""
LONGEST_NAME = 1000
"""Characters of a key, a call's id or a field's name."""
LONGEST_INPUT = 32_768
"""Characters of added input, and of a reason."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


LONGEST_FRAME = 60_000
"""Milliseconds that a page may say a frame has taken."""


@dataclass(frozen=True)
class Resync:
    """A page has lost its place."""


@dataclass(frozen=True)
class Slow:
    """A frame has taken a page long."""

    seconds: float
    """How long."""


@dataclass(frozen=True)
class Folded:
    """Somebody has opened or closed something."""

    key: str
    """What."""
    open: bool
    """Whether it is open now."""


@dataclass(frozen=True)
class Stop:
    """The run is to stop."""

    after_turn: bool = False
    """Whether it may finish its turn."""


@dataclass(frozen=True)
class Resume:
    """A run that has ended early is to go on."""

    key: str = ""
    """Where an answer is shown."""


@dataclass(frozen=True)
class Keep:
    """The live view is to become a record."""


@dataclass(frozen=True)
class AddInput:
    """Somebody says something to the run."""

    text: str
    """What."""
    key: str = ""
    """Where an answer is shown."""


@dataclass(frozen=True)
class Decide:
    """Somebody decides about a call."""

    call_id: str
    """The call."""
    digest: str
    """The digest of what was looked at."""
    approved: bool
    """Whether it may run."""
    always: bool = False
    """Whether that goes for all calls of the tool."""
    reason: str | None = None
    """What the model is told of a rejection."""
    entered: Mapping[str, str | bool] = field(default_factory=dict[str, "str | bool"])
    """What was entered in the fields of the arguments, by their paths."""
    key: str = ""
    """Where an answer is shown."""


@dataclass(frozen=True)
class Refused:
    """A message that is not carried out, and why."""

    key: str
    """Where that is shown."""
    why: str
    """The reason, for people."""


PageMessage = Union[Resync, Slow, Folded, Stop, Resume, Keep, AddInput, Decide, Refused]
"""Everything that a page can say."""


def read(message: object) -> PageMessage | None:
    """A message as a value; `None` for anything that no page of ours would send."""
    try:
        return _read(message)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None


def _read(message: object) -> PageMessage | None:
    if type(message) is not dict:
        return None
    given = cast("dict[Any, Any]", message)
    if type(given.get("v")) is not int or given["v"] != WIRE_VERSION:
        return None
    if given.get("t") == "resync":
        return Resync()
    if given.get("t") == "slow":
        spent = given.get("ms")
        if not isinstance(spent, (int, float)) or isinstance(spent, bool) or not 0 <= spent <= LONGEST_FRAME:
            return None
        return Slow(spent / 1000)
    if given.get("t") == "fold":
        key, is_open = _name(given.get("key")), given.get("open")
        return Folded(key, is_open) if key and isinstance(is_open, bool) else None
    return _action(given) if given.get("t") == "do" else None


def _action(given: dict[Any, Any]) -> PageMessage | None:
    do, key = given.get("do"), _name(given.get("key", ""))
    if key is None:
        return None
    match do:
        case "stop":
            return Stop()
        case "stop_after_turn":
            return Stop(after_turn=True)
        case "resume":
            return Resume(key)
        case "keep":
            return Keep()
        case "input" | "approve" | "approve_edited" | "reject":
            pass
        case _:
            return None
    entered = _entered(given.get("fields", {}))
    if entered is None:
        return None
    if sum(len(name) + len(value) for name, value in entered.items() if isinstance(value, str)) > LARGEST_FORM:
        return Refused(key, f"This is too long: a form takes up to {LARGEST_FORM:,} characters.")
    return _added(key, entered) if do == "input" else _decision(str(do), key, given, entered)


def _added(key: str, entered: dict[str, str | bool]) -> PageMessage | None:
    text = entered.get("text")
    if not isinstance(text, str):
        return None
    if len(text) > LONGEST_INPUT:
        return Refused(key, f"This is too long: added input takes up to {LONGEST_INPUT:,} characters.")
    return AddInput(text, key) if text.strip() else Refused(key, "There is nothing to add.")


def _decision(do: str, key: str, given: dict[Any, Any], entered: dict[str, str | bool]) -> PageMessage | None:
    call_id, digest = _name(given.get("about")), given.get("digest")
    if not call_id or type(digest) is not str or not _DIGEST.fullmatch(digest):
        return None
    always, reason = entered.get("always", False), entered.get("reason", "")
    if not isinstance(always, bool) or not isinstance(reason, str):
        return None
    if len(reason) > LONGEST_INPUT:
        return Refused(key, f"This is too long: a reason takes up to {LONGEST_INPUT:,} characters.")
    if do == "reject":
        return Decide(call_id, digest, False, always, reason.strip() or None, key=key)
    arguments: dict[str, str | bool] = {}
    if do == "approve_edited":
        arguments = {path: value for path, value in entered.items() if _is_path(path)}
    return Decide(call_id, digest, True, always, entered=arguments, key=key)


def _name(value: object) -> str | None:
    return value if type(value) is str and len(value) <= LONGEST_NAME else None


def _entered(value: object) -> dict[str, str | bool] | None:
    if type(value) is not dict:
        return None
    given = cast("dict[Any, Any]", value)
    if len(given) > MOST_FIELDS:
        return None
    for name, entered in given.items():
        if _name(name) is None or type(entered) not in (str, bool):
            return None
    return given


def _is_path(path: str) -> bool:
    """Whether a field is one of the arguments: a JSON list of at most one name."""
    if not path.startswith("["):
        return False
    found = json.loads(path)
    return isinstance(found, list) and len(found) <= 1 and all(isinstance(name, str) for name in found)
