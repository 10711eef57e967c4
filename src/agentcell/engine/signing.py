"""Signatures of stored states: whoever can write a state's JSON must not be able to approve its calls.

A state carries an HMAC-SHA256 over its canonical JSON. The key is the caller's, else AGENTCELL_STATE_KEY, else 32
random bytes in a file that only the user can read, made at first use. The key's id, a digest of it, is stored beside
the signature, so that a state from another machine can be told from one that was altered.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import reprlib
import secrets
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..exceptions import InvalidRunState, UserError

ENVIRONMENT = "AGENTCELL_STATE_KEY"
"""The variable that holds the key, when there is one."""
ALGORITHM = "hmac-sha256"
"""How states are signed."""
FIELD = "signature"
"""Where the signature stands in a state's JSON."""

_HOW = (
    f"sign and load with the same key (key=..., or {ENVIRONMENT} on both machines), or load it with trust=True when "
    "you know where it comes from: whoever could write it decides which calls are approved"
)


def signed(state: dict[str, Any], key: str | bytes | None) -> dict[str, Any]:
    """The state with its signature."""
    secret = key_bytes(key)
    return {**state, FIELD: _mark(secret, _mac(secret, state))}


def checked(state: dict[str, Any], key: str | bytes | None) -> dict[str, Any]:
    """The state without its signature; raises `InvalidRunState` when that is missing or wrong."""
    mark = state.get(FIELD)
    bare = {name: value for name, value in state.items() if name != FIELD}
    if mark is None:
        raise InvalidRunState(f"the run state is not signed; {_HOW}")
    if not isinstance(mark, dict) or mark.get("algorithm") != ALGORITHM or not isinstance(mark.get("value"), str):
        raise InvalidRunState(f"the run state has a signature of an unknown form, {shortly(mark)}; {_HOW}")
    secret = key_bytes(key)
    if hmac.compare_digest(_mac(secret, bare).encode(), mark["value"].encode("utf-8", "replace")):
        if mark != _mark(secret, mark["value"]):
            raise InvalidRunState(
                f"the run state's signature was altered, {shortly(mark)}; load the one that was stored"
            )
        return bare
    if mark.get("key_id") != _key_id(secret):
        raise InvalidRunState(
            f"the run state was signed with another key ({shortly(mark.get('key_id'))}, here it is "
            f"{_key_id(secret)!r}), probably on another machine or by another user; {_HOW}"
        )
    raise InvalidRunState("the run state was altered after it was signed; load the one that was stored")


def key_bytes(key: str | bytes | None) -> bytes:
    """The secret key: the caller's, the environment's, or the user's own."""
    if key is None:
        key = os.environ.get(ENVIRONMENT) or None
    if key is None:
        return _file_key(key_path())
    if not isinstance(key, (str, bytes)) or not key:
        raise UserError(f"key must be a text or bytes that are not empty, got {type(key).__name__}")
    return key.encode() if isinstance(key, str) else key


def key_path() -> Path:
    """Where the user's own key is kept."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "agentcell" / "state.key"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "agentcell" / "state.key"


def _file_key(path: Path) -> bytes:
    try:
        try:
            return _read_key(path)
        except FileNotFoundError:
            _make_key(path)
            return _read_key(path)
    except OSError as error:
        raise UserError(
            f"the key in {path} cannot be read or made: {error}; give another one with key=... or {ENVIRONMENT}"
        ) from error


def _make_key(path: Path) -> None:
    """Make the file as a whole, or leave it to somebody who is faster: both use theirs."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, fresh = tempfile.mkstemp(dir=path.parent)  # readable by the user alone
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())  # states that are signed with it must not outlive it
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        os.unlink(fresh)


def _read_key(path: Path) -> bytes:
    with path.open("rb") as file:
        others = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077
        if others and sys.platform != "win32":
            raise UserError(f"the key in {path} can be read by others; take that away with `chmod 600`, or remove it")
        key = file.read().strip()
    if not key:
        raise UserError(f"the key in {path} is empty; remove the file, and a new key is made")
    return key


def shortly(value: Any) -> str:
    """What was given, for an error: never long, whatever somebody has put there."""
    return reprlib.repr(value)


def _mark(secret: bytes, value: str) -> dict[str, str]:
    return {"algorithm": ALGORITHM, "key_id": _key_id(secret), "value": value}


def _mac(secret: bytes, state: dict[str, Any]) -> str:
    return hmac.new(secret, _canonical(state), hashlib.sha256).hexdigest()


def _key_id(secret: bytes) -> str:
    return hmac.new(secret, b"agentcell key id", hashlib.sha256).hexdigest()[:12]


def _canonical(state: dict[str, Any]) -> bytes:
    """One text for one meaning, whatever the order and layout in a file."""
    try:
        return json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRunState(f"the run state is not plain JSON data: {error}") from error
