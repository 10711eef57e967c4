"""The model used when nobody chose one, and the settings that go with a model."""

from __future__ import annotations

import os
import re
from typing import Literal

from .. import openai_types as oai
from ..model_settings import ModelSettings

__all__ = [
    "get_default_model",
    "get_default_model_settings",
    "gpt_5_reasoning_settings_required",
    "is_gpt_5_default",
]

OPENAI_DEFAULT_MODEL_ENV_VARIABLE_NAME = "OPENAI_DEFAULT_MODEL"
"""The environment variable that names the default model."""

_CHAT_MODELS = ("gpt-5-chat-latest", "gpt-5.1-chat-latest", "gpt-5.2-chat-latest", "gpt-5.3-chat-latest")
"""Models of the family that take no reasoning settings."""

_DATED = r"(?:-\d{4}-\d{2}-\d{2})?"
_LOWEST_EFFORTS: tuple[tuple[str, Literal["none", "low", "medium"]], ...] = (
    (rf"gpt-5{_DATED}", "low"),
    (rf"gpt-5\.[1245]{_DATED}", "none"),
    (rf"gpt-5\.6(?:-luna|-sol|-terra)?{_DATED}", "none"),
    (rf"gpt-5\.4-(?:mini|nano){_DATED}", "none"),
    (rf"gpt-5\.[24]-pro{_DATED}", "medium"),
    (r"gpt-5\.2-codex", "low"),
    (r"gpt-5\.3-codex", "none"),
)
"""The least reasoning each model is known to accept; others of the family decide for themselves."""


def get_default_model() -> str:
    """The name of the default model: `OPENAI_DEFAULT_MODEL` in lower case, or gpt-5.6-luna."""
    return os.getenv(OPENAI_DEFAULT_MODEL_ENV_VARIABLE_NAME, "gpt-5.6-luna").lower()


def gpt_5_reasoning_settings_required(model_name: str) -> bool:
    """Whether a model of this name takes the settings of the GPT-5 family."""
    return model_name.startswith("gpt-5") and model_name not in _CHAT_MODELS


def is_gpt_5_default() -> bool:
    """Whether the default model takes the settings of the GPT-5 family."""
    return gpt_5_reasoning_settings_required(get_default_model())


def get_default_model_settings(model: str | None = None) -> ModelSettings:
    """New settings for a model, or for the default one: GPT-5 models think and write little unless told."""
    name = model if model is not None else get_default_model()
    if not gpt_5_reasoning_settings_required(name):
        return ModelSettings()
    for pattern, effort in _LOWEST_EFFORTS:
        if re.fullmatch(pattern, name):
            return ModelSettings(reasoning=oai.Reasoning(effort=effort), verbosity="low")
    return ModelSettings(verbosity="low")
