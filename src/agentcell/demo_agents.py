"""The agents of `agentcell demo`: one that hands off, one with two tools. Their data is made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .agent import Agent
from .tool import function_tool

if TYPE_CHECKING:
    from .models.interface import Model

__all__ = ["DEMO_PROMPT", "triage_agent"]

DEMO_PROMPT = "What is the weather in Oslo and Lisbon, and what should I pack for Oslo?"
"""What `agentcell demo` asks when it is given no prompt."""

_WEATHER = {
    "lisbon": (22, "clear sky"),
    "london": (13, "scattered clouds"),
    "nairobi": (24, "light rain"),
    "oslo": (4, "light rain"),
    "paris": (16, "fog in the morning"),
    "tokyo": (19, "scattered clouds"),
}
_ELSEWHERE = ("clear sky", "light rain", "fog in the morning", "scattered clouds", "strong wind")


@function_tool
def get_weather(city: str) -> str:
    """Say what the weather in a city is like. The data is made up.

    Args:
        city: The name of the city.
    """
    celsius, sky = _made_up_weather(city)
    return f"{celsius} °C, {sky} (made up)"


@function_tool
def packing_list(city: str) -> str:
    """List the things to pack for a trip to a city, for its weather. The data is made up.

    Args:
        city: The name of the city.
    """
    celsius, sky = _made_up_weather(city)
    if celsius < 8:
        things = ["a warm coat", "gloves"]
    elif celsius < 20:
        things = ["a light jacket"]
    else:
        things = ["sunglasses", "a hat"]
    if "rain" in sky:
        things.append("an umbrella")
    return ", ".join(things)


def triage_agent(model: str | Model | None = None) -> Agent:
    """An agent that answers nothing itself and hands questions about weather and packing to another."""
    weather = Agent(
        name="Weather",
        handoff_description="Answers questions about the weather and about what to pack for a trip.",
        instructions="Answer with the tools. Be brief.",
        tools=[get_weather, packing_list],
        model=model,
    )
    return Agent(
        name="Triage",
        instructions="Hand off to the agent that fits the question.",
        handoffs=[weather],
        model=model,
    )


def _made_up_weather(city: str) -> tuple[int, str]:
    """A temperature and a sky; for a city that is not in the table they depend on its name alone."""
    number = sum(ord(letter) * place for place, letter in enumerate(city.casefold(), 1))
    return _WEATHER.get(city.casefold().strip(), (number % 29 - 2, _ELSEWHERE[number % len(_ELSEWHERE)]))
