"""Models: the interface, the OpenAI clients behind it, and the demo model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .default_models import get_default_model as get_default_model
    from .default_models import get_default_model_settings as get_default_model_settings
    from .default_models import gpt_5_reasoning_settings_required as gpt_5_reasoning_settings_required
    from .default_models import is_gpt_5_default as is_gpt_5_default

__all__ = [
    "get_default_model",
    "get_default_model_settings",
    "gpt_5_reasoning_settings_required",
    "is_gpt_5_default",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import default_models

    return getattr(default_models, name)
