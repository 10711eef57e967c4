"""Results: what can be read when, as an object and as text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from pydantic import BaseModel

from agentcell import (
    Agent,
    AgentOutputSchema,
    Model,
    ModelBehaviorError,
    Runner,
    RunNotFinished,
    StreamInterrupted,
    UserError,
)
from agentcell.models.response_events import message_item, response_events, typed
from agentcell.testing import ModelStep, ScriptedModel, assistant_message


def scripted(*texts: str) -> Agent[Any]:
    return Agent(name="A", model=ScriptedModel([[assistant_message(text)] for text in texts]))


def cut_off() -> Agent[Any]:
    """An agent whose model's stream breaks off after "Half of"."""
    events = [typed(e) for e in response_events([message_item("Half of it")], response_id="r", model="m")]
    return Agent(name="A", model=ScriptedModel([ModelStep.stream(events[:6])]))


async def test_no_result_before_the_end() -> None:
    result = Runner.run_streamed(scripted("Hi."), "x")
    with pytest.raises(RunNotFinished, match="not ended"):
        _ = result.result
    assert (await result).final_output == "Hi."
    assert result.result.final_output == "Hi."


async def test_awaiting_twice_and_iterating_later() -> None:
    result = Runner.run_streamed(scripted("Hi."), "x")
    first, second = await asyncio.gather(result, result)
    assert first.final_output == second.final_output == "Hi."
    assert [e.type async for e in result] == [e.type async for e in result.stream_events()]


async def test_signals_stand_between_the_events() -> None:
    result = Runner.run_streamed(scripted("Hi."), "x")
    everything = [event async for event in result.stream_events(signals=True)]
    public = [event async for event in result]
    assert [e for e in everything if e.type != "run_signal"] == public
    signals = [type(e).__name__ for e in everything if e.type == "run_signal"]
    assert signals == ["RunStarted", "TurnStarted", "ModelRequested", "UsageUpdated", "RunFinished"]


async def test_the_partial_text_of_a_broken_stream() -> None:
    result = Runner.run_streamed(cut_off(), "x")
    with pytest.raises(StreamInterrupted) as caught:
        async for _ in result:
            pass
    assert caught.value.partial_text and "Half of it".startswith(caught.value.partial_text)
    assert result.partial_text == caught.value.partial_text
    assert caught.value.run_data is not None and caught.value.run_data.last_agent.name == "A"


async def test_a_finished_run_has_no_partial_text() -> None:
    result = await Runner.run(scripted("Hi."), "x")
    assert result.partial_text == "" and not result.is_demo


async def test_text_of_results() -> None:
    streamed = Runner.run_streamed(scripted("Line one.\nLine two."), "x")
    assert "- Status: running" in str(streamed) or "- Status: prepared" in str(streamed)
    result = await streamed
    for text in (str(streamed), str(result)):
        assert "    Line one.\n    Line two." in text and "1 new item(s)" in text
    assert repr(result) == f"<RunResult {result.run_id} of 'A': done>"
    assert repr(streamed) == f"<RunResultStreaming {result.run_id} of 'A': done>"
    failed = Runner.run_streamed(cut_off(), "x")
    await asyncio.wait([failed.run_loop_task])  # type: ignore[list-item]
    assert "Failed: StreamInterrupted" in str(failed)


async def test_unknown_ways_to_cancel() -> None:
    result = Runner.run_streamed(scripted("Hi."), "x")
    with pytest.raises(UserError, match="'now'"):
        result.cancel("now")  # type: ignore[arg-type]
    await result


async def test_waiting_inside_a_loop_is_refused() -> None:
    result = Runner.run_streamed(scripted("Hi."), "x")
    with pytest.raises(UserError, match="await result"):
        result.wait()
    await result


def test_run_ids_differ() -> None:
    ids = {Runner.run_sync(scripted("Hi."), "x").run_id for _ in range(20)}
    assert len(ids) == 20


class Part(BaseModel):
    a: str
    c: str


class Place(BaseModel):
    city: str
    sizes: list[float]
    part: Part | None = None


class Slowly(Model):
    """Streams a text character by character, and stops for good where it is told to."""

    def __init__(self, text: str, stop_after: int | None = None) -> None:
        self.text = text
        self.stop_after = stop_after

    async def get_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        written = 0
        for event in response_events([message_item(self.text)], response_id="r", model="m", pieces=list):
            written += event["type"] == "response.output_text.delta"
            if self.stop_after is not None and written > self.stop_after:
                await asyncio.Event().wait()
            yield typed(event)
            for _ in range(3):  # the reader goes with the writer
                await asyncio.sleep(0)


PLACES: list[tuple[str, Any, Any]] = [
    ('{"city": "Ro\\u00e9\\ud83d\\ude00 \\"x\\"", "sizes": [1.5, -20e1], "part": null}', Place, None),
    (
        '{"city": "", "sizes": [], "part": {"a": "b", "c": "d"}}',
        AgentOutputSchema(Place, strict_json_schema=False),
        None,
    ),
    ('{"response": ["one", "two"]}', list[str], ["one", "two"]),
    ('{"response": -12.5}', float, -12.5),
    ('{"response": true}', bool, True),
]


def contains(later: Any, earlier: Any) -> bool:
    """Whether what was seen earlier has only grown."""
    if isinstance(earlier, dict):
        return isinstance(later, dict) and all(k in later and contains(later[k], v) for k, v in earlier.items())
    if isinstance(earlier, list):
        return isinstance(later, list) and all(map(contains, later, earlier)) and len(later) >= len(earlier)
    if isinstance(earlier, str):
        return isinstance(later, str) and later.startswith(earlier)
    return later == earlier or earlier is None


@pytest.mark.parametrize(("text", "kind", "output"), PLACES, ids=lambda v: str(v)[:20])
async def test_partial_output_grows_with_every_character(text: str, kind: Any, output: Any) -> None:
    """It is never wrong: what it has shown once stays, and at the end it is the whole."""
    result = Runner.run_streamed(Agent(name="A", model=Slowly(text), output_type=kind), "x")
    assert result.partial_output is None
    seen: list[Any] = []
    async for event in result:
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            seen.append(result.partial_output)
    assert len(seen) == len(text)
    for earlier, later in pairwise(seen):
        assert contains(later, earlier), (earlier, later)
    whole = json.loads(text)
    assert seen[-1] == (whole if output is None else output)
    assert result.partial_output == result.final_output
    assert seen[0] in ({}, None)


@pytest.mark.parametrize("stop_after", range(0, 60, 7))
async def test_partial_output_is_kept_when_the_run_is_stopped(stop_after: int) -> None:
    text = PLACES[0][0]
    result = Runner.run_streamed(Agent(name="A", model=Slowly(text, stop_after), output_type=Place), "x")
    count, shown = 0, None
    async for event in result:
        count += event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
        if count == stop_after and event.type == "raw_response_event":
            shown = result.partial_output
            if stop_after or event.data.type == "response.content_part.added":
                break
    await result.aclose()
    assert result.final_output is None and result.status == "stopped"
    assert result.partial_output == shown
    assert result.partial_text == text[:stop_after]


async def test_partial_output_of_text_and_of_nonsense() -> None:
    plain = Runner.run_streamed(Agent(name="A", model=Slowly("Some text.")), "x")
    async for _ in plain:
        assert plain.partial_output is None or plain.status == "done"
    assert plain.partial_output == "Some text."
    wrong = Runner.run_streamed(Agent(name="A", model=Slowly("No JSON at all."), output_type=Place), "x")
    with pytest.raises(ModelBehaviorError):
        async for _ in wrong:
            assert wrong.partial_output is None


def test_events_without_await() -> None:
    result = Runner.run_streamed(scripted("Hi."), "x")
    assert result.status == "prepared"
    events = list(result.stream_events_sync())
    assert result.final_output == "Hi." and events[0].type == "agent_updated_stream_event"
    assert list(result.stream_events_sync()) == events
    signals = list(result.stream_events_sync(signals=True))
    assert [event for event in signals if event.type != "run_signal"] == events and len(signals) > len(events)


def test_leaving_the_loop_without_await_stops_the_run() -> None:
    result = Runner.run_streamed(Agent(name="A", model=Slowly("Half of it", 4)), "x")
    events = result.stream_events_sync()
    for event in events:
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            break
    events.close()  # type: ignore[attr-defined]
    assert result.final_output is None and result.is_complete and result.partial_text.startswith("H")


def test_errors_without_await() -> None:
    result = Runner.run_streamed(cut_off(), "x")
    with pytest.raises(StreamInterrupted):
        list(result.stream_events_sync())


async def test_events_without_await_are_refused_in_a_loop() -> None:
    result = Runner.run_streamed(scripted("Hi."), "x")
    with pytest.raises(UserError, match="async for"):
        next(iter(result.stream_events_sync()))
    await result


async def test_unknown_forms_of_the_input_list() -> None:
    result = await Runner.run(scripted("Hi."), "x")
    with pytest.raises(UserError, match="'all'"):
        result.to_input_list(mode="all")  # type: ignore[arg-type]
    assert result.to_input_list() == result.to_input_list(mode="normalized")
    assert result.agent_tool_invocation is None
