"""The demo model as a model: real events, pace, determinism, and whole runs through the runner."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from typing import Any

import pytest
from pydantic import BaseModel

from agentcell.agent import Agent
from agentcell.model_settings import ModelSettings
from agentcell.models import demo
from agentcell.models.demo import DemoModel, count_words, respond
from agentcell.models.demo_rules.request import output_text, parsed, turn_of
from agentcell.models.interface import Model, ModelTracing
from agentcell.run import Runner
from agentcell.tool import function_tool


@function_tool
def get_weather(city: str) -> dict[str, Any]:
    """Get the weather in a city."""
    return {"city": city, "sky": "clear"}


@function_tool
def get_stock_price(ticker: str) -> float:
    """Latest stock price."""
    if ticker == "BAD":
        raise ValueError("unknown ticker")
    return 12.5


@function_tool
def how_many_jokes() -> int:
    return 3


async def events_of(model: Model, input: Any, tools: list[Any] | None = None, **settings: Any) -> list[Any]:
    stream = model.stream_response(
        "Be kind.",
        input,
        ModelSettings(**settings),
        tools or [],
        None,
        [],
        ModelTracing.DISABLED,
        previous_response_id=None,
        conversation_id=None,
        prompt=None,
    )
    return [event async for event in stream]


async def test_a_message_is_streamed_in_pieces_that_join_to_the_whole() -> None:
    events = await events_of(DemoModel(speed=0), "Hello")
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"] and kinds[-1] == "response.completed"
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 30
    assert "".join(deltas) == events[-1].response.output[0].content[0].text
    assert [event.sequence_number for event in events] == list(range(len(events)))


async def test_calls_come_with_a_one_line_reason() -> None:
    events = await events_of(DemoModel(speed=0), "weather in Paris and Rome", [get_weather])
    reason, *calls = events[-1].response.output
    assert reason.type == "reasoning"
    assert reason.summary[0].text == "matched tool get_weather: city = Paris | city = Rome"
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    assert len({call.call_id for call in calls}) == 2


async def test_equal_requests_give_equal_responses_and_others_other_ids() -> None:
    first, again = [await events_of(DemoModel(speed=0), "weather in Paris", [get_weather]) for _ in range(2)]
    assert [event.model_dump() for event in first] == [event.model_dump() for event in again]
    other = await events_of(DemoModel(speed=0), "weather in Rome", [get_weather])
    assert other[-1].response.id != first[-1].response.id


async def test_get_response_is_the_streams_last_event() -> None:
    events = await events_of(DemoModel(speed=0), "Hello")
    response = await DemoModel().get_response("Be kind.", "Hello", ModelSettings(), [], None, [], ModelTracing.DISABLED)
    final = events[-1].response
    assert [item.model_dump() for item in response.output] == [item.model_dump() for item in final.output]
    assert response.response_id == final.id
    assert response.usage.requests == 1
    assert (response.usage.input_tokens, response.usage.output_tokens) == (
        final.usage.input_tokens,
        final.usage.output_tokens,
    )
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens > 0


async def test_it_says_what_it_is() -> None:
    model = DemoModel()
    assert (model.is_demo, model.model, model.label) == (True, "demo", "demo model: rules, not an LLM")
    events = await events_of(DemoModel(speed=0), "Hi")
    assert events[-1].response.model == "demo"


@pytest.mark.parametrize("speed", [-1, math.nan, "fast", None, True])
def test_bad_speed_is_refused(speed: Any) -> None:
    with pytest.raises(ValueError, match=r"speed=.*expected a number"):
        DemoModel(speed=speed)


@pytest.mark.parametrize(("speed", "pause"), [(1, 1 / 40), (2, 1 / 80), (0, 0.0), (math.inf, 0.0)])
async def test_speed_sets_the_pause_before_each_piece(
    speed: float, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def record(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(demo.asyncio, "sleep", record)
    events = await events_of(DemoModel(speed=speed), "Hello")
    assert set(pauses) <= {pause}
    if pause:
        assert len(pauses) == sum(event.type.endswith(".delta") for event in events)


async def test_cancelling_while_it_waits_leaves_nothing_behind() -> None:
    model = DemoModel(speed=0.001)
    task = asyncio.create_task(events_of(model, "Hello"))
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()


def test_words_and_signs_are_counted() -> None:
    assert count_words("Hello, world! 3.5") == 7
    assert count_words("") == 0


# ---------------------------------------------------------------- whole runs


async def run(agent: Agent[Any], prompt: Any, **options: Any) -> Any:
    return await Runner.run(agent, prompt, **options)


def fast(**fields: Any) -> Agent[Any]:
    return Agent(model=DemoModel(speed=0), **fields)


async def test_three_cities_three_parallel_calls() -> None:
    result = await run(fast(name="W", tools=[get_weather]), "What's the weather in Paris, Tokyo and Lima?")
    assert len(result.raw_responses) == 2
    assert [item.type for item in result.new_items].count("tool_call_item") == 3
    assert "| Tokyo | clear |" in result.final_output


async def test_two_tools_and_an_honest_failure() -> None:
    agent = fast(name="W", tools=[get_weather, get_stock_price])
    result = await run(agent, "weather in Paris and the price of AAPL and BAD")
    assert "**AAPL**: 12.5" in result.final_output
    assert "BAD **failed**" in result.final_output


async def test_the_joke_teller_of_the_guide() -> None:
    rule = "First call the `how_many_jokes` tool, then tell that many jokes."
    result = await run(fast(name="Joker", instructions=rule, tools=[how_many_jokes]), "Hello")
    assert "3. " in result.final_output and "4. " not in result.final_output


async def test_a_handoff_carries_the_request_to_the_next_agents_tools() -> None:
    @function_tool
    def lookup_invoice(invoice_id: str) -> str:
        """Look up an invoice."""
        return f"Invoice {invoice_id} was paid twice."

    billing = fast(name="Billing", tools=[lookup_invoice])
    technical = fast(name="Technical", handoff_description="Fixes broken things")
    triage = fast(name="Triage", instructions="Route the request.", handoffs=[technical, billing])
    billing.handoffs = [triage]
    result = await run(triage, "I was charged twice for invoice INV-7")
    assert result.last_agent is billing
    assert result.final_output.startswith("Invoice INV-7 was paid twice.")


async def test_an_output_type_is_filled() -> None:
    class Report(BaseModel):
        city: str
        sky: str
        windy: bool

    result = await run(fast(name="R", tools=[get_weather], output_type=Report), "weather in Oslo")
    assert result.final_output == Report(city="Oslo", sky="clear", windy=False)


async def test_tool_choice_required_ends() -> None:
    agent = fast(name="W", tools=[get_weather], model_settings=ModelSettings(tool_choice="required"))
    result = await run(agent, "Hello")
    assert len(result.raw_responses) == 2


async def test_a_conversation_goes_on() -> None:
    agent = fast(name="W", tools=[get_weather])
    first = await run(agent, "What's the weather in Paris?")
    second = await run(agent, [*first.to_input_list(), {"role": "user", "content": "And in Tokyo?"}])
    calls = [item.raw_item.arguments for item in second.new_items if item.type == "tool_call_item"]
    assert [json.loads(arguments) for arguments in calls] == [{"city": "Tokyo"}]
    third = await run(agent, [*second.to_input_list(), {"role": "user", "content": "Thanks!"}])
    assert third.final_output.startswith("You are welcome.")


# ---------------------------------------------------------------- reading requests


def call(name: str, arguments: str, call_id: str) -> dict[str, Any]:
    return {"type": "function_call", "name": name, "arguments": arguments, "call_id": call_id}


def output(value: Any, call_id: str) -> dict[str, Any]:
    return {"type": "function_call_output", "output": value, "call_id": call_id}


def test_only_what_happened_since_the_last_user_message_counts() -> None:
    turn = turn_of(
        None,
        [
            {"role": "user", "content": "first"},
            call("f", '{"x": 1}', "1"),
            output("one", "1"),
            {"role": "user", "content": [{"type": "input_text", "text": "second"}]},
            {"type": "reasoning", "id": "r", "summary": []},
            call("g", '{"x": 2}', "2"),
            call("transfer_to_b", "{}", "3"),
            output("{'a': [1, 2]}", "2"),
            output('{"assistant": "B"}', "3"),
        ],
    )
    assert (turn.request, list(turn.earlier), list(turn.agents), turn.rounds) == ("second", ["first"], ["B"], 1)
    assert [(c.name, c.arguments, c.value) for c in turn.calls] == [("g", {"x": 2}, {"a": [1, 2]})]


def test_a_folded_history_is_unfolded() -> None:
    lines = [
        "1. user: weather in Paris",
        '2. {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "1"}',
        '3. {"type": "function_call_output", "output": "ok", "call_id": "1"}',
    ]
    text = "Before:\n<CONVERSATION HISTORY>\n" + "\n".join(lines) + "\n</CONVERSATION HISTORY>"
    turn = turn_of(None, [{"role": "assistant", "content": text}])
    assert (turn.request, [(c.name, c.output) for c in turn.calls]) == ("weather in Paris", [("f", "ok")])


def test_outputs_without_their_calls_are_only_answered() -> None:
    items = respond("First call `how_many_jokes`.", [output("3", "x")], ModelSettings(), [how_many_jokes], None, [])
    assert [item["type"] for item in items] == ["message"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("{'a': None}", {"a": None}),
        ("[1, 2]", [1, 2]),
        ("(1, 2)", [1, 2]),
        ("3.5", 3.5),
        ("True", True),
        ("007", "007"),
        ("sunny", "sunny"),
        ("{not json", "{not json"),
        ("[" * 40_000, "[" * 40_000),
        ("", ""),
    ],
)
def test_outputs_are_parsed_when_they_are_values(text: str, value: Any) -> None:
    assert parsed(text) == value


def test_rich_outputs_become_text() -> None:
    assert output_text([{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": "x"}]) == "a\n[image]"


@pytest.mark.parametrize(
    "input", [[], [{}], [{"role": "user", "content": None}], [{"role": "user"}], [output(None, "1")], [object()]]
)
def test_odd_input_never_fails(input: list[Any]) -> None:
    assert respond(None, input, ModelSettings(), [get_weather], None, [])[-1]["type"] == "message"
