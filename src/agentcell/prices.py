"""What models cost: a small table of list prices, which `set_price` extends.

    set_price("my-model", input=0.5, output=2.0)      dollars per million tokens
    price_of("gpt-4.1-2025-04-14")                    the price of gpt-4.1
    cost("gpt-4.1", result.context_wrapper.usage)     dollars, or None when the price is not known

A model that is not in the table has no price, rather than a guessed one: its cost is `None`, and views say "cost
unknown". The prices are those of OpenAI's standard tier; another provider that serves a model under the same name may
ask for something else, so `set_price` goes before the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .exceptions import ArgumentTypeError, UserError
from .usage import RequestUsage, Usage

__all__ = ["Price", "cost", "price_of", "set_price"]

LONG_CONTEXT = 272_000
"""Tokens sent in one request above which models with `long_context` cost twice the input and 1.5 times the output."""


@dataclass(frozen=True)
class Price:
    """What a model costs, in US dollars per million tokens."""

    input: float
    """Tokens sent."""
    output: float
    """Tokens received, those of reasoning included."""
    cached_input: float | None = None
    """Tokens sent that the provider had cached; `None` for the price of `input`."""
    cache_write: float | None = None
    """Tokens sent that the provider has put into its cache; `None` for the price of `input`."""
    long_context: bool = False
    """Whether requests above `LONG_CONTEXT` tokens cost more."""


# Looked up on 2026-11-21, in stored copies of public pages. OpenAI's own pages: the model page of gpt-5.6-luna
# (developers.openai.com/api/docs/models/gpt-5.6-luna), and the pricing page (platform.openai.com/docs/pricing) in a
# copy of autumn 2025 for gpt-5, gpt-5-mini, gpt-5-nano, gpt-4.1, gpt-4o and the o-series. Where later pages of others
# name one of those, the figures agree. gpt-5.4 and gpt-5.6-terra: the price table of GitHub's documentation
# (data/tables/copilot/models-and-pricing.yml), which passes OpenAI's list prices on. gpt-6-sol and gpt-6-luna:
# LiteLLM's documentation of 2026-09-22, and release notes that quote OpenAI's pricing page of that day. Models whose
# sources disagree are left out.
_LISTED: dict[str, Price] = {
    "gpt-6-sol": Price(2.00, 10.00, 0.20, 2.50, long_context=True),
    "gpt-6-luna": Price(0.10, 0.50, 0.01, 0.125, long_context=True),
    "gpt-5.6-terra": Price(2.00, 12.00, 0.20, 2.50, long_context=True),
    "gpt-5.6-luna": Price(0.20, 1.20, 0.02, 0.25, long_context=True),
    "gpt-5.4": Price(2.50, 15.00, 0.25, long_context=True),
    "gpt-5.4-mini": Price(0.75, 4.50, 0.075),
    "gpt-5.4-nano": Price(0.20, 1.25, 0.02),
    "gpt-5": Price(1.25, 10.00, 0.125),
    "gpt-5-mini": Price(0.25, 2.00, 0.025),
    "gpt-5-nano": Price(0.05, 0.40, 0.005),
    "gpt-4.1": Price(2.00, 8.00, 0.50),
    "gpt-4.1-mini": Price(0.40, 1.60, 0.10),
    "gpt-4.1-nano": Price(0.10, 0.40, 0.025),
    "gpt-4o": Price(2.50, 10.00, 1.25),
    "gpt-4o-2024-05-13": Price(5.00, 15.00),
    "gpt-4o-mini": Price(0.15, 0.60, 0.075),
    "o1": Price(15.00, 60.00, 7.50),
    "o3": Price(2.00, 8.00, 0.50),
    "o3-pro": Price(20.00, 80.00),
    "o3-mini": Price(1.10, 4.40, 0.55),
    "o4-mini": Price(1.10, 4.40, 0.275),
}

_own: dict[str, Price] = {}
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}|-\d{4}")


def set_price(model: str, *, input: float, output: float, cached_input: float | None = None) -> None:
    """Say what a model costs, in US dollars per million tokens; for this process, before any price of the table.

    Without `cached_input`, cached tokens cost what others do. Raises `ArgumentTypeError` for a name that is no text or
    a price that is no number, and `UserError` for a price below 0.
    """
    if not isinstance(model, str) or not model:
        raise ArgumentTypeError(f"set_price needs the name of a model, got {model!r}")
    for name, value in (("input", input), ("output", output), ("cached_input", cached_input)):
        if value is None and name == "cached_input":
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ArgumentTypeError(f"{name} must be a number of dollars per million tokens, got {value!r}")
        if not 0 <= value < float("inf"):
            raise UserError(f"{name} must be 0 or more dollars per million tokens, got {value!r}")
    _own[model] = Price(input, output, cached_input)


def price_of(model: str) -> Price | None:
    """The price of a model; `None` when it is not known.

    A name is known when it is listed, or when it is a listed name with the date of a snapshot behind it
    (`gpt-4.1-2025-04-14`, `gpt-4.1-0414`). Of several listed names the longest counts, so a snapshot with a price of
    its own keeps it. Anything else behind a name makes another model: `gpt-4.1-audio` is not `gpt-4.1`.
    """
    for table in (_own, _LISTED):
        matching = [name for name in table if name == model or _is_snapshot(model, name)]
        if matching:
            return table[max(matching, key=len)]
    return None


def _is_snapshot(model: str, name: str) -> bool:
    return model.startswith(name) and _SNAPSHOT.fullmatch(model, len(name)) is not None


def cost(model: str, usage: Usage | RequestUsage) -> float | None:
    """What requests to a model cost, in US dollars; `None` when the price is not known, or no tokens were reported.

    The prices of the table depend on how long each request was, so it is exact for one request; for a sum of requests
    give its entries one by one.
    """
    price = price_of(model)
    if price is None or not (usage.input_tokens or usage.output_tokens):
        return None
    details = usage.input_tokens_details
    cached = min(details.cached_tokens or 0, usage.input_tokens)
    written = min(details.cache_write_tokens or 0, usage.input_tokens - cached)
    new = usage.input_tokens - cached - written
    sent = (
        new * price.input
        + cached * (price.input if price.cached_input is None else price.cached_input)
        + written * (price.input if price.cache_write is None else price.cache_write)
    )
    received = usage.output_tokens * price.output
    if price.long_context and usage.input_tokens > LONG_CONTEXT:
        sent, received = sent * 2, received * 1.5
    return (sent + received) / 1_000_000
