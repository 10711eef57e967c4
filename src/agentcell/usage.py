"""What model calls cost, in requests and tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from . import openai_types as oai


def _no_input_details() -> oai.InputTokensDetails:
    return oai.InputTokensDetails(cached_tokens=0, cache_write_tokens=0)


def _no_output_details() -> oai.OutputTokensDetails:
    return oai.OutputTokensDetails(reasoning_tokens=0)


@dataclass
class RequestUsage:
    """The tokens of one model request."""

    input_tokens: int
    """Tokens sent."""
    output_tokens: int
    """Tokens received."""
    total_tokens: int
    """Tokens sent and received."""
    input_tokens_details: oai.InputTokensDetails
    """How many of the sent tokens were cached."""
    output_tokens_details: oai.OutputTokensDetails
    """How many of the received tokens were reasoning."""


@dataclass
class Usage:
    """The requests and tokens of a run so far."""

    requests: int = 0
    """Model requests made."""
    input_tokens: int = 0
    """Tokens sent."""
    input_tokens_details: oai.InputTokensDetails = field(default_factory=_no_input_details)
    """How many of the sent tokens were cached."""
    output_tokens: int = 0
    """Tokens received."""
    output_tokens_details: oai.OutputTokensDetails = field(default_factory=_no_output_details)
    """How many of the received tokens were reasoning."""
    total_tokens: int = 0
    """Tokens sent and received."""
    request_usage_entries: list[RequestUsage] = field(default_factory=lambda: [])
    """One entry for each request that reported tokens."""

    @property
    def cost(self) -> float | None:
        """What the requests cost, in US dollars; `None` when the price of one of them is not known."""
        return self.__dict__.get("_cost")

    @cost.setter
    def cost(self, dollars: float | None) -> None:
        """Say what they cost."""
        self.__dict__.pop("_cost", None)
        if dollars is not None:
            self.__dict__["_cost"] = dollars

    @classmethod
    def of_response(cls, usage: oai.ResponseUsage | None) -> Usage:
        """The usage of one request, from what the Responses API reported; none reported counts no tokens."""
        if usage is None:
            return cls(requests=1)
        return cls(
            requests=1,
            input_tokens=usage.input_tokens or 0,
            output_tokens=usage.output_tokens or 0,
            total_tokens=usage.total_tokens or 0,
            input_tokens_details=usage.input_tokens_details or _no_input_details(),
            output_tokens_details=usage.output_tokens_details or _no_output_details(),
        )

    def add(self, other: Usage) -> None:
        """Add another usage to this one, entry by entry."""
        if other.requests:
            before = self.cost if self.requests else 0.0
            self.cost = None if before is None or other.cost is None else before + other.cost
        self.requests += other.requests
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.total_tokens += other.total_tokens
        ours, theirs = self.input_tokens_details, other.input_tokens_details
        self.input_tokens_details = oai.InputTokensDetails(
            cached_tokens=(ours.cached_tokens or 0) + (theirs.cached_tokens or 0),
            cache_write_tokens=(ours.cache_write_tokens or 0) + (theirs.cache_write_tokens or 0),
        )
        self.output_tokens_details = oai.OutputTokensDetails(
            reasoning_tokens=(self.output_tokens_details.reasoning_tokens or 0)
            + (other.output_tokens_details.reasoning_tokens or 0)
        )
        self.request_usage_entries.extend(other.request_usage_entries or as_entries(other))


def as_entries(usage: Usage, *, empty: bool = False) -> Iterator[RequestUsage]:
    """One request's usage as its own entry, so that a sum keeps its parts; without tokens only when `empty`."""
    if usage.requests == 1 and (usage.total_tokens > 0 or empty):
        yield RequestUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            total_tokens=usage.total_tokens,
            input_tokens_details=usage.input_tokens_details,
            output_tokens_details=usage.output_tokens_details,
        )


def serialize_usage(usage: Usage) -> dict[str, Any]:
    """A usage as JSON data, in the form that the reference stores."""
    return {
        "requests": usage.requests,
        "input_tokens": usage.input_tokens,
        "input_tokens_details": [usage.input_tokens_details.model_dump()],
        "output_tokens": usage.output_tokens,
        "output_tokens_details": [usage.output_tokens_details.model_dump()],
        "total_tokens": usage.total_tokens,
        "request_usage_entries": [
            {
                "input_tokens": entry.input_tokens,
                "output_tokens": entry.output_tokens,
                "total_tokens": entry.total_tokens,
                "input_tokens_details": entry.input_tokens_details.model_dump(),
                "output_tokens_details": entry.output_tokens_details.model_dump(),
            }
            for entry in usage.request_usage_entries
        ],
    }


def deserialize_usage(usage_data: Mapping[str, Any]) -> Usage:
    """The usage that `serialize_usage` wrote; what is missing counts nothing."""
    usage = Usage(
        requests=usage_data.get("requests", 0),
        request_usage_entries=[RequestUsage(**_counts(entry)) for entry in usage_data.get("request_usage_entries", ())],
        **_counts(usage_data),
    )
    cost = usage_data.get("cost")
    usage.cost = float(cost) if isinstance(cost, (int, float)) else None
    return usage


def _counts(data: Mapping[str, Any]) -> dict[str, Any]:
    def details(name: str) -> dict[str, Any]:
        found = cast("dict[str, Any] | list[dict[str, Any]]", data.get(name) or {})
        return dict(found[0] if isinstance(found, list) else found)

    return {
        "input_tokens": data.get("input_tokens", 0),
        "output_tokens": data.get("output_tokens", 0),
        "total_tokens": data.get("total_tokens", 0),
        "input_tokens_details": oai.InputTokensDetails.model_validate(
            {"cached_tokens": 0, "cache_write_tokens": 0, **details("input_tokens_details")}
        ),
        "output_tokens_details": oai.OutputTokensDetails.model_validate(
            {"reasoning_tokens": 0, **details("output_tokens_details")}
        ),
    }
