"""What the demo model calls for a prompt: a table of prompts, tools and expected calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from agentcell.models.demo_rules.matching import HandoffSpec, ToolSpec
from agentcell.models.demo_rules.planning import MAX_ROUNDS, PastCall, Plan, Turn, demanded_steps, plan
from agentcell.tool import function_tool

TODAY = date(2026, 1, 1)


class Item(BaseModel):
    name: str
    quantity: int


def get_weather(city: str):
    """Get the current weather for a city."""


def search(query: str, limit: int = 5):
    """Search the web."""


def add(a: float, b: float):
    """Add two numbers."""


def multiply(a: float, b: float):
    """Multiply two numbers."""


def book(date: str, guests: int): ...


def place_order(items: list[Item], address: str | None = None):
    """Place an order for items."""


def get_time(city: str, timezone: str | None = None):
    """Current time in a city."""


def send_email(to: str, subject: str, body: str):
    """Send an email."""


def get_user_id():
    """Id of the current user."""


def get_orders(user_id: str):
    """The orders of a user."""


def get_location():
    """Where the user is."""


def create_user(name: str, email: str, age: int, active: bool = True):
    """Create a user."""


def specs(*functions: Callable[..., Any]) -> list[ToolSpec]:
    tools = [function_tool(function) for function in functions]
    return [ToolSpec(tool.name, tool.description, tool.params_json_schema) for tool in tools]


def named(names: str) -> list[ToolSpec]:
    return specs(*(globals()[name] for name in names.split()))


def calls(result: Plan) -> list[tuple[str, dict[str, Any]]]:
    return [(call.name, dict(call.arguments)) for call in result.calls]


def after(prompt: str, *done: tuple[str, dict[str, Any], Any], instructions: str = "", rounds: int = 1) -> Turn:
    past = [PastCall(name, arguments, str(value), value) for name, arguments, value in done]
    return Turn(prompt, instructions, calls=past, rounds=rounds)


def test_a_result_feeds_the_next_tool() -> None:
    turn = after("Add 2 and 3, then multiply the result by 10", ("add", {"a": 2, "b": 3}, 5))
    assert calls(plan(turn, named("add multiply"))) == [("multiply", {"a": 5, "b": 10})]


def test_a_tool_that_promises_a_missing_value_is_called_first() -> None:
    tools = named("get_weather get_location")
    prompt = "What's the weather where I am?"
    assert calls(plan(Turn(prompt), tools)) == [("get_location", {})]
    turn = after(prompt, ("get_location", {}, "Oslo"))
    assert calls(plan(turn, tools)) == [("get_weather", {"city": "Oslo"})]
    done = after(prompt, ("get_location", {}, "Oslo"), ("get_weather", {"city": "Oslo"}, "rain"), rounds=2)
    assert calls(plan(done, tools)) == []


def test_a_returned_object_gives_a_value_by_its_key() -> None:
    turn = after("Find my user id, then get the orders for that user", ("get_user_id", {}, {"user_id": "u-7"}))
    assert calls(plan(turn, named("get_user_id get_orders"))) == [("get_orders", {"user_id": "u-7"})]


def test_missing_values_are_asked_for() -> None:
    result = plan(Turn("What's the weather?"), named("get_weather"))
    assert result.calls == () or not result.calls
    assert list(result.missing) == [("get_weather", ["city"])]


@pytest.mark.parametrize(
    ("request_text", "earlier", "expected"),
    [
        ("And in Tokyo?", ["What's the weather in Paris?"], [("get_weather", {"city": "Tokyo"})]),
        ("What about Rome and Oslo?", ["weather in Lima"], [("get_weather", {"city": c}) for c in ("Rome", "Oslo")]),
        ("Paris", ["What's the weather?"], [("get_weather", {"city": "Paris"})]),
        ("What's the weather?", ["I am in Berlin."], [("get_weather", {"city": "Berlin"})]),
        ("Thanks!", ["What's the weather in Paris?"], []),
        ("Hello", ["What's the weather in Paris?"], []),
    ],
)
def test_earlier_messages_complete_a_follow_up(
    request_text: str, earlier: list[str], expected: list[tuple[str, dict[str, Any]]]
) -> None:
    assert calls(plan(Turn(request_text, earlier=earlier), named("get_weather"))) == expected


JOKES = "First call the `how_many_jokes` tool, then tell that many jokes."


def how_many_jokes() -> int:
    """How many jokes to tell."""
    return 3


def test_instructions_demand_a_step_even_for_a_greeting() -> None:
    assert calls(plan(Turn("Hello", JOKES), named("how_many_jokes"))) == [("how_many_jokes", {})]
    assert calls(plan(after("Hello", ("how_many_jokes", {}, 3), instructions=JOKES), named("how_many_jokes"))) == []


@pytest.mark.parametrize(
    ("instructions", "steps"),
    [
        (JOKES, ["how_many_jokes"]),
        ("First call get_location, then get_weather.", ["get_location", "get_weather"]),
        ("Always call `get_weather` before you answer. Then call `get_location`.", ["get_weather", "get_location"]),
        ("Use get_weather if the user asks about the weather.", []),
        ("You may call get_weather first.", []),
        ("Never call get_weather first.", []),
        ("You are a helpful assistant.", []),
    ],
)
def test_steps_that_instructions_demand(instructions: str, steps: list[str]) -> None:
    assert demanded_steps(instructions, ["how_many_jokes", "get_weather", "get_location"]) == steps


def test_demanded_steps_run_in_order_and_pass_values_on() -> None:
    tools = named("get_weather get_location")
    rule = "First call get_location, then get_weather."
    assert calls(plan(Turn("Hi", rule), tools)) == [("get_location", {})]
    turn = after("Hi", ("get_location", {}, "Oslo"), instructions=rule)
    assert calls(plan(turn, tools)) == [("get_weather", {"city": "Oslo"})]


def handoff(agent: str, description: str = "") -> HandoffSpec:
    name = "transfer_to_" + agent.lower().replace(" ", "_")
    return HandoffSpec(name, agent, f"Handoff to the {agent} agent to handle the request. {description}")


DESK = [
    handoff("Billing Agent"),
    handoff("Technical Agent"),
    handoff("Spanish agent"),
    handoff("Math Tutor", "Specialist agent for math questions"),
    handoff("History Tutor", "Specialist agent for historical questions"),
    handoff("Agent C", "Books and changes flights."),
]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("I was charged twice", "transfer_to_billing_agent"),
        ("I want a refund for my invoice", "transfer_to_billing_agent"),
        ("I need to talk to billing", "transfer_to_billing_agent"),
        ("My internet is not working", "transfer_to_technical_agent"),
        ("The app crashes when I open it", "transfer_to_technical_agent"),
        ("Hola, ¿cómo estás?", "transfer_to_spanish_agent"),
        ("solve the equation x^2 = 4", "transfer_to_math_tutor"),
        ("who was the first president of the united states?", "transfer_to_history_tutor"),
        ("I need a flight to Rome", "transfer_to_agent_c"),
        ("Hello", None),
        ("What is your favourite colour?", None),
        ("Thank you", None),
    ],
)
def test_handoff_by_name_description_and_language(prompt: str, expected: str | None) -> None:
    assert [name for name, _ in calls(plan(Turn(prompt), [], DESK))] == ([expected] if expected else [])


def test_no_handing_back_and_forth() -> None:
    turn = Turn("I was charged twice", "You handle billing.", agents=["Billing Agent"], rounds=1)
    assert calls(plan(turn, [], DESK)) == []
    assert calls(plan(turn, [], [handoff("Triage Agent", "Routes requests about bills.")])) == []


def test_tools_first_then_the_handoff_that_still_fits() -> None:
    prompt = "What's the weather in Paris? Also my invoice is wrong, I was charged twice, transfer me to billing."
    tools, desk = named("get_weather"), [handoff("Billing")]
    first = calls(plan(Turn(prompt), tools, desk))
    assert first in ([("get_weather", {"city": "Paris"})], [("transfer_to_billing", {})])
    turn = after(prompt, ("get_weather", {"city": "Paris"}, "sunny"))
    assert calls(plan(turn, tools, desk)) == [("transfer_to_billing", {})]


def test_tool_choice() -> None:
    tools = named("get_weather get_time")
    assert calls(plan(Turn("weather in Paris"), tools, tool_choice="none")) == []
    assert calls(plan(Turn("weather in Paris"), tools, tool_choice="get_time")) == [
        ("get_time", {"city": "Paris", "timezone": None})
    ]
    assert len(plan(Turn("Hello"), tools, tool_choice="required").calls) == 1
    assert calls(plan(Turn("Hello"), [], DESK, tool_choice="transfer_to_math_tutor")) == [
        ("transfer_to_math_tutor", {})
    ]
    done = after("weather in Paris", ("get_weather", {"city": "Paris"}, "sunny"))
    for choice in ("required", "get_weather"):
        assert calls(plan(done, named("get_weather"), tool_choice=choice)) == []


def test_one_call_at_a_time_when_parallel_calls_are_off() -> None:
    prompt, tools = "weather in Paris, Tokyo and Lima", named("get_weather")
    past: list[tuple[str, dict[str, Any], Any]] = []
    for city in ("Paris", "Tokyo", "Lima"):
        found = calls(plan(after(prompt, *past, rounds=len(past)), tools, parallel=False))
        assert found == [("get_weather", {"city": city})]
        past.append((*found[0], "sunny"))
    assert calls(plan(after(prompt, *past, rounds=3), tools, parallel=False)) == []


def test_a_failed_call_is_not_repeated() -> None:
    turn = after("weather in Paris", ("get_weather", {"city": "Paris"}, "An error occurred while running the tool."))
    assert calls(plan(turn, named("get_weather"))) == []


def test_rounds_are_limited() -> None:
    assert calls(plan(after("weather in Paris", rounds=MAX_ROUNDS), named("get_weather"))) == []


def test_the_reason_says_which_rule_chose() -> None:
    reason = plan(Turn("weather in Paris and Rome"), named("get_weather")).reason
    assert reason == "matched tool get_weather: city = Paris | city = Rome"
    assert "\n" not in plan(Turn('search for "a\tb"'), named("search")).reason


@pytest.mark.parametrize("tools", ["get_weather search add", "create_user place_order send_email book"])
@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " ",
        "\x00\ud800",
        "(" * 5000,
        "a/" * 3000,
        "1-" * 3000,
        "weather in " * 1000,
        "'" * 3000,
        "{" * 3000,
        "A " * 3000,
    ],
    ids=lambda p: repr(p[:12]),
)
def test_odd_prompts_never_fail(tools: str, prompt: str) -> None:
    plan(Turn(prompt, prompt, [prompt]), named(tools), DESK)
    plan(Turn(prompt), named(tools), tool_choice="required")
