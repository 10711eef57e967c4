"""What model calls cost, from the table to the totals of a run."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import agentcell as ac
from agentcell import Agent, ArgumentTypeError, Runner, RunState, Usage, UserError, function_tool, prices
from agentcell.models.demo import DemoModel
from agentcell.openai_types import InputTokensDetails
from agentcell.stream_events import NestedEvent, UsageUpdated
from agentcell.testing import ScriptedModel, assistant_message, function_call
from agentcell.usage import deserialize_usage, serialize_usage


@pytest.fixture(autouse=True)
def own_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "_own", {})


def usage(sent: int, received: int, cached: int = 0, written: int = 0) -> Usage:
    details = InputTokensDetails(cached_tokens=cached, cache_write_tokens=written)
    total = sent + received
    return Usage(1, input_tokens=sent, output_tokens=received, total_tokens=total, input_tokens_details=details)


def named(name: str, steps: list[Any], **options: Any) -> ScriptedModel:
    model = ScriptedModel([{"output": step, "usage": usage(1_000_000, 100_000)} for step in steps], **options)
    model.model = name  # type: ignore[attr-defined]
    return model


@pytest.mark.parametrize(
    ("model", "same_as"),
    [
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-5-mini-0807", "gpt-5-mini"),
    ],
)
def test_a_snapshot_has_the_price_of_its_model(model: str, same_as: str) -> None:
    assert ac.price_of(model) is ac.price_of(same_as) is not None


@pytest.mark.parametrize("model", ["", "gpt-4.1-audio", "gpt-4", "gpt-4.10", "ft:gpt-4.1:me", "gpt-4.1-2025-04-14-x"])
def test_other_names_have_no_price(model: str) -> None:
    assert ac.price_of(model) is None
    assert ac.cost(model, usage(1, 1)) is None


def test_the_longest_name_counts() -> None:
    assert ac.price_of("gpt-4o-2024-05-13") == ac.Price(5.00, 15.00)
    ac.set_price("m", input=1, output=1)
    ac.set_price("m-2025-01-01", input=2, output=2)
    assert [p.input for n in ("m-2025-01-01", "m-2025-01-02") if (p := ac.price_of(n))] == [2, 1]


def test_cached_tokens_cost_less_and_written_ones_more() -> None:
    assert ac.cost("gpt-4.1", usage(1_000_000, 500_000)) == pytest.approx(2.00 + 4.00)
    assert ac.cost("gpt-4.1", usage(1_000_000, 0, cached=600_000)) == pytest.approx(0.8 + 0.3)
    assert ac.cost("gpt-5.6-luna", usage(100_000, 0, 50_000, 20_000)) == pytest.approx(0.006 + 0.001 + 0.005)
    ac.set_price("mine", input=3.0, output=5.0)
    assert ac.cost("mine", usage(1_000_000, 0, cached=600_000)) == pytest.approx(3.0)


def test_long_requests_cost_more() -> None:
    assert ac.cost("gpt-5.6-luna", usage(272_000, 0)) == pytest.approx(272_000 * 0.2e-6)
    assert ac.cost("gpt-5.6-luna", usage(300_000, 100_000)) == pytest.approx(300_000 * 0.4e-6 + 100_000 * 1.8e-6)
    assert ac.cost("gpt-4.1", usage(300_000, 0)) == pytest.approx(0.6)


def test_no_reported_tokens_are_no_cost_that_is_known() -> None:
    assert ac.cost("gpt-4.1", usage(0, 0)) is None


def test_what_is_no_price_is_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="dollars per million tokens, got '1'"):
        ac.set_price("m", input="1", output=1)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="output must be 0 or more"):
        ac.set_price("m", input=1, output=-1)
    with pytest.raises(UserError, match="cached_input"):
        ac.set_price("m", input=1, output=1, cached_input=float("nan"))
    with pytest.raises(ArgumentTypeError, match="name of a model"):
        ac.set_price("", input=1, output=1)
    assert ac.price_of("m") is None


@function_tool
def look() -> str:
    return "seen"


def signals(result: Any) -> list[UsageUpdated]:
    events = [entry.event for entry in result._run.log.entries]
    return [event for event in events if isinstance(event, UsageUpdated)]


async def test_the_cost_of_a_run_is_that_of_its_calls() -> None:
    model = named("gpt-4.1", [[function_call("look", {}, call_id="c1")], [assistant_message("Done.")]])
    result = await Runner.run(Agent(name="A", model=model, tools=[look]), "go")
    assert result.cost == pytest.approx(2 * 2.8)
    assert [said.turn_cost for said in signals(result)] == [pytest.approx(2.8)] * 2
    assert [said.cost for said in signals(result)] == [pytest.approx(2.8), pytest.approx(5.6)]
    assert [(said.turn_input_tokens, said.turn_output_tokens) for said in signals(result)] == [(1_000_000, 100_000)] * 2
    assert [response.usage.cost for response in result.raw_responses] == [pytest.approx(2.8)] * 2


async def test_one_unknown_price_makes_the_whole_unknown() -> None:
    other = Agent(name="B", model=named("who-knows", [[assistant_message("Hi.")]]))
    model = named("gpt-4.1", [[function_call("transfer_to_b", {}, call_id="h")]])
    result = await Runner.run(Agent(name="A", model=model, handoffs=[other]), "go")
    assert [said.cost for said in signals(result)] == [pytest.approx(2.8), None]
    assert result.cost is None
    ac.set_price("who-knows", input=1, output=1)
    again = Agent(name="A", model=named("who-knows", [[assistant_message("Hi.")]]))
    assert (await Runner.run(again, "go")).cost == pytest.approx(1.1)


async def test_agents_that_run_as_tools_are_included() -> None:
    inner = Agent(name="B", model=named("gpt-4o", [[assistant_message("Found.")]]))
    model = named("gpt-4.1", [[function_call("ask", {"input": "x"}, call_id="c")], [assistant_message("Done.")]])
    result = await Runner.run(Agent(name="A", model=model, tools=[inner.as_tool("ask", "Ask.")]), "go")
    assert result.cost == pytest.approx(2 * 2.8 + 3.5)
    events = [entry.event for entry in result._run.log.entries if isinstance(entry.event, NestedEvent)]
    (said,) = [event.event for event in events if isinstance(event.event, UsageUpdated)]
    assert (said.turn_cost, said.cost) == (pytest.approx(3.5), pytest.approx(6.3))


async def test_a_run_that_goes_on_keeps_its_cost() -> None:
    asking = function_tool(needs_approval=True)(lambda: "sent")
    asking.name = "send"
    model = named("gpt-4.1", [[function_call("send", {}, call_id="c")], [assistant_message("Done.")]])
    agent = Agent(name="A", model=model, tools=[asking])
    paused = await Runner.run(agent, "go")
    assert paused.cost == pytest.approx(2.8)
    state = await RunState.from_string(agent, paused.to_state().to_string())
    state.approve(state.get_interruptions()[0])
    assert (await Runner.run(agent, state)).cost == pytest.approx(5.6)


async def test_the_demo_model_costs_nothing() -> None:
    assert (await Runner.run(Agent(name="A", model=DemoModel()), "Hello")).cost == 0


async def test_another_tier_of_service_has_prices_that_are_not_known() -> None:
    settings = ac.ModelSettings(extra_args={"service_tier": "flex"})
    agent = Agent(name="A", model=named("gpt-4.1", [[assistant_message("Hi.")]]), model_settings=settings)
    assert (await Runner.run(agent, "go")).cost is None


def test_usage_without_requests_costs_nothing_in_a_sum() -> None:
    total = Usage()
    total.add(Usage())
    assert total.cost is None
    call = usage(10, 10)
    call.cost = 0.5
    total.add(call)
    total.add(Usage())
    assert total.cost == 0.5
    assert "cost" not in serialize_usage(total), "the reference's form has no such field"
    stored = {**serialize_usage(total), "cost": total.cost}
    assert deserialize_usage(stored).cost == 0.5
    assert deserialize_usage({**stored, "cost": "much"}).cost is None


def test_prices_load_no_client() -> None:
    code = "import sys, agentcell.prices; print('openai' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
