"""Prompts that are kept at the provider and referred to by id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, NotRequired

from typing_extensions import TypedDict

import agentcell as ac

from .run_context import RunContextWrapper, TContext


class Prompt(TypedDict):
    """A stored prompt."""

    id: str
    version: NotRequired[str | None]
    variables: NotRequired[dict[str, Any] | None]


@dataclass
class GenerateDynamicPromptData(Generic[TContext]):
    """What a function that makes the prompt gets."""

    context: RunContextWrapper[TContext]
    """The run's context."""
    agent: ac.Agent[Any]
    """The agent whose prompt it is."""


DynamicPromptFunction = Callable[[GenerateDynamicPromptData[Any]], "Prompt | Awaitable[Prompt]"]
"""Makes a prompt at each turn."""
