"""How sessions are read."""

from __future__ import annotations

import dataclasses
from typing import Any

from pydantic.dataclasses import dataclass


@dataclass
class SessionSettings:
    """How a session is read."""

    limit: int | None = None
    """How many of the latest items are read; `None` for all."""

    def resolve(self, override: SessionSettings | dict[str, Any] | None) -> SessionSettings:
        """These settings, with what `override` sets in their place."""
        if override is None:
            return self
        given = coerce_session_settings(override)
        values = {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
        return dataclasses.replace(self, **{name: value for name, value in values.items() if value is not None})

    def to_dict(self) -> dict[str, Any]:
        """The settings as a dictionary."""
        return dataclasses.asdict(self)


def coerce_session_settings(value: SessionSettings | dict[str, Any]) -> SessionSettings:
    """Settings, which may be given as a dictionary; raises `TypeError` for anything else."""
    if isinstance(value, SessionSettings):
        return value
    if not isinstance(value, dict):
        raise TypeError(f"session must be a SessionSettings instance or a dict, got {type(value).__name__}")
    unknown = sorted(str(name) for name in value.keys() - {field.name for field in dataclasses.fields(SessionSettings)})
    if unknown:
        raise TypeError(f"Unknown session settings: {', '.join(unknown)}")
    return SessionSettings(**value)


def resolve_session_limit(explicit_limit: int | None, settings: SessionSettings | dict[str, Any] | None) -> int | None:
    """How many items to read: `explicit_limit`, or else what the settings say."""
    if explicit_limit is not None or settings is None:
        return explicit_limit
    return coerce_session_settings(settings).limit
