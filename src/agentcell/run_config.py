"""`RunConfig`: settings of one run that override what its agents say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .exceptions import ArgumentTypeError, UserError
from .model_settings import ModelSettings

if TYPE_CHECKING:
    from .models.interface import Model, ModelProvider

DEFAULT_MAX_TURNS = 10
"""Model calls that a run may make unless it says otherwise."""


def _default_provider() -> ModelProvider:
    from .models.multi_provider import MultiProvider

    return MultiProvider()


@dataclass
class RunConfig:
    """Settings of one whole run."""

    model: str | Model | None = None
    """The model for every agent of the run, whatever the agents say."""
    model_provider: ModelProvider = field(default_factory=_default_provider)
    """Finds models that are given by name."""
    model_settings: ModelSettings | None = None
    """Settings laid over those of every agent."""


def as_run_config(given: RunConfig | Mapping[str, Any] | None) -> RunConfig:
    """`given` as a `RunConfig`; raises `UserError` for unknown keys and `ArgumentTypeError` for other types."""
    if given is None:
        return RunConfig()
    if isinstance(given, RunConfig):
        return given
    if isinstance(given, Mapping):
        known = [f.name for f in fields(RunConfig)]
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise UserError(f"run_config has unknown keys {unknown!r}; it takes {', '.join(known)}")
        return RunConfig(**given)
    raise ArgumentTypeError(f"run_config must be a RunConfig, a dict or None, got {given!r}")
