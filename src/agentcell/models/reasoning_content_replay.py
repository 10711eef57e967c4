"""Whether a model's earlier reasoning is sent back to it through Chat Completions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = [
    "ReasoningContentReplayContext",
    "ReasoningContentSource",
    "ShouldReplayReasoningContent",
    "default_should_replay_reasoning_content",
]


@dataclass
class ReasoningContentSource:
    """A reasoning item that could be sent back."""

    item: Any
    """The item."""
    origin_model: str | None
    """The model that wrote it, when that is known."""
    provider_data: Mapping[str, Any]
    """What its provider said about it."""


@dataclass
class ReasoningContentReplayContext:
    """The request that the reasoning could go into."""

    model: str
    """The model that is asked."""
    base_url: str | None
    """The server that is asked."""
    reasoning: ReasoningContentSource
    """The reasoning."""


ShouldReplayReasoningContent: TypeAlias = Callable[[ReasoningContentReplayContext], bool]
"""Decides for each reasoning item whether it is sent back."""


def default_should_replay_reasoning_content(context: ReasoningContentReplayContext) -> bool:
    """DeepSeek's models want their own reasoning back, and only that."""
    origin = context.reasoning.origin_model
    return "deepseek" in context.model.lower() and (
        not context.reasoning.provider_data or (origin is not None and "deepseek" in origin.lower())
    )
