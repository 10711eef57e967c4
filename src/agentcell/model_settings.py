"""`ModelSettings`: what a request asks of the model beyond its input."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from pydantic_core import to_jsonable_python

from . import openai_types as oai


@dataclass
class ModelSettings:
    """Optional settings of a model call; `None` leaves a setting to the model's default."""

    temperature: float | None = None
    """Sampling temperature."""
    top_p: float | None = None
    """Nucleus sampling mass."""
    frequency_penalty: float | None = None
    """Penalty for frequent tokens (Chat Completions)."""
    presence_penalty: float | None = None
    """Penalty for tokens seen before (Chat Completions)."""
    tool_choice: Literal["auto", "required", "none"] | str | None = None
    """Whether, or which, tool must be called."""
    parallel_tool_calls: bool | None = None
    """Whether one response may call several tools."""
    truncation: Literal["auto", "disabled"] | None = None
    """What the API does with an input that is too long."""
    max_tokens: int | None = None
    """Largest number of output tokens."""
    reasoning: oai.Reasoning | None = None
    """Effort and summary of a reasoning model."""
    verbosity: Literal["low", "medium", "high"] | None = None
    """How much the model writes."""
    metadata: dict[str, str] | None = None
    """Labels stored with the response."""
    store: bool | None = None
    """Whether the API keeps the response."""
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    """How long the API keeps the prompt's cache."""
    include_usage: bool | None = None
    """Whether a Chat Completions stream reports usage."""
    response_include: list[oai.ResponseIncludable | str] | None = None
    """More parts to include in the response."""
    top_logprobs: int | None = None
    """How many alternatives to report for each token."""
    extra_query: oai.Query | None = None
    """Query parameters added to the request."""
    extra_body: oai.Body | None = None
    """Body fields added to the request."""
    extra_headers: oai.Headers | None = None
    """Headers added to the request."""
    extra_args: dict[str, Any] | None = None
    """Arguments passed on to the client's method."""

    def resolve(self, override: ModelSettings | None) -> ModelSettings:
        """These settings with every set field of `override` on top; `extra_args` are merged key by key."""
        if override is None:
            return self
        changes = {f.name: v for f in fields(self) if (v := getattr(override, f.name)) is not None}
        if self.extra_args and override.extra_args is not None:
            changes["extra_args"] = {**self.extra_args, **override.extra_args}
        return replace(self, **changes)

    def to_json_dict(self) -> dict[str, Any]:
        """All fields as plain JSON data."""
        return {f.name: to_jsonable_python(getattr(self, f.name)) for f in fields(self)}
