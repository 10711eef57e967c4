"""`ModelSettings`: what a request asks of the model beyond its input.

Fields are checked when settings are made, by pydantic and as the reference does: "0.5" becomes 0.5, a dictionary
becomes the type that it describes, nonsense is pydantic's `ValidationError`. Only fields that were given are looked at,
one by one, so that settings without the client's types never load the client.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache, wraps
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, create_model
from pydantic.dataclasses import dataclass as checked_dataclass
from pydantic_core import to_jsonable_python

from . import openai_types as oai
from .exceptions import ArgumentTypeError
from .logger import logger
from .retry import ModelRetrySettings, set_fields

_UNTRACED = frozenset(("extra_query", "extra_body", "extra_headers", "extra_args", "preserve_raw_usage"))
"""Fields that may hold secrets or say nothing about the model, and stay out of traces."""


@checked_dataclass
class MCPToolChoice:
    """Makes the model call one tool of one hosted MCP server."""

    server_label: str
    """The server's label."""
    name: str
    """The tool's name on that server."""


ToolChoice: TypeAlias = Literal["auto", "required", "none"] | str | MCPToolChoice | None
"""Whether, or which, tool must be called."""


@dataclass
class ModelSettings:
    """Optional settings of a model call; `None` leaves a setting to the model's default.

    A keyword that is no field is ignored, as in the reference, and the log says so: `extra_args` takes any other.
    Raises pydantic's `ValidationError` for a value of the wrong type, and for a `timeout` that is not above 0.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    temperature: float | None = None
    """Sampling temperature."""
    top_p: float | None = None
    """Nucleus sampling mass."""
    frequency_penalty: float | None = None
    """Penalty for frequent tokens (Chat Completions)."""
    presence_penalty: float | None = None
    """Penalty for tokens seen before (Chat Completions)."""
    tool_choice: ToolChoice | None = None
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
    retry: ModelRetrySettings | None = None
    """When a failed call is made again by the runner; without it only the client retries."""
    context_management: list[oai.response_create_params.ContextManagement] | None = None
    """What the API does when the context grows too long."""
    prompt_cache_options: oai.response_create_params.PromptCacheOptions | None = None
    """How the API caches the prompt."""
    preserve_raw_usage: bool | None = None
    """Whether `ModelResponse.raw_usage` keeps what the provider reported, unread."""
    timeout: Annotated[FiniteFloat, Field(gt=0)] | None = None
    """Seconds that one attempt of a call may take, streaming included; then `ModelTimeoutError`."""

    def __post_init__(self) -> None:
        for name, value in set_fields(self).items():
            setattr(self, name, getattr(_checker(name)(**{name: value}), name))

    def resolve(self, override: ModelSettings | dict[str, Any] | None) -> ModelSettings:
        """These settings with every set field of `override` on top.

        `extra_args` are merged key by key, `retry` field by field. Raises `TypeError` for anything else than settings,
        a dictionary of their fields or `None`.
        """
        if override is None:
            return self
        override = as_settings(override, "ModelSettings override")
        changes = set_fields(override)
        changes["extra_args"] = {**(self.extra_args or {}), **(override.extra_args or {})} or None
        if self.retry is not None and override.retry is not None:
            changes["retry"] = self.retry.merged(override.retry)
        return replace(self, **changes)

    def to_json_dict(self) -> dict[str, Any]:
        """All fields as plain JSON data; raises pydantic's `PydanticSerializationError` for what cannot be JSON."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    def to_traceable_dict(self) -> dict[str, Any]:
        """The fields that may stand in a trace, as plain JSON data: none of the extras."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name not in _UNTRACED}


_init = ModelSettings.__init__


@wraps(_init)
def _init_of_fields(self: ModelSettings, *positional: Any, **given: Any) -> None:
    unknown = [name for name in given if name not in ModelSettings.__dataclass_fields__]
    if unknown:
        logger.warning("ModelSettings ignores what it does not know: %s", ", ".join(map(repr, unknown)))
    _init(self, *positional, **{name: value for name, value in given.items() if name not in unknown})


ModelSettings.__init__ = _init_of_fields  # type: ignore[method-assign]


def as_settings(value: Any, what: str = "model_settings") -> ModelSettings:
    """Settings, or a dictionary of their fields as settings.

    Raises `ArgumentTypeError`, calling the value `what`, for another type or an unknown field.
    """
    if isinstance(value, ModelSettings):
        return value
    if not isinstance(value, dict):
        raise ArgumentTypeError(
            f"{what} must be a ModelSettings instance or a dict, got {type(value).__name__}: {value!r}"
        )
    known = {f.name for f in fields(ModelSettings)}
    if unknown := sorted(str(name) for name in value if name not in known):
        raise ArgumentTypeError(
            f"Unknown model settings: {', '.join(unknown)}; {what} takes {', '.join(sorted(known))}"
        )
    return ModelSettings(**value)


def _plain(value: Any) -> Any:
    return value.to_json_dict() if isinstance(value, ModelRetrySettings) else to_jsonable_python(value)


@cache
def _checker(name: str) -> type[BaseModel]:
    """Checks one field, called by the settings' name in errors."""
    annotation: Any = SimpleNamespace(__annotations__={name: ModelSettings.__annotations__[name]})
    hint = get_type_hints(annotation, globals(), include_extras=True)[name]
    shape: dict[str, Any] = {name: (hint, ...)}
    return create_model("ModelSettings", __config__=ModelSettings.__pydantic_config__, **shape)
