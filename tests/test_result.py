"""Results: what can be read when, as an object and as text."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentcell import Agent, Runner, RunNotFinished, StreamInterrupted, UserError
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
    assert signals == ["RunStarted", "TurnStarted", "UsageUpdated", "RunFinished"]


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
