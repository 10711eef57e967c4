"""Model calls that fail and are made again, or take too long: rules 12, 19, 49 and 50, over whole runs."""

from __future__ import annotations

from typing import Any

import pytest
from suite import Over, rule
from world import opened, told

from agentcell.models.response_events import function_call_item, message_item, response_events, usage_dict
from agentcell.testing import HttpError, Turn


@rule("49")
@pytest.mark.parametrize("failures", [0, 1, 2, 3])
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
async def test_retries(lib: Any, over: Over, failures: int, streamed: bool) -> None:
    """Two are made; failed ones count as requests."""
    retry = lib.ModelRetrySettings(
        max_retries=2, policy=lambda context: True, backoff={"initial_delay": 0, "jitter": False}
    )
    settings = lib.ModelSettings(retry=retry)

    async def run(model: Any) -> tuple[Any, ...]:
        agent = lib.Agent(name="A", model=model, model_settings=settings)
        if not streamed:
            try:
                result = await lib.Runner.run(agent, "x")
            except Exception as error:
                return type(error), None, None
            return None, result.final_output, result.context_wrapper.usage
        result = lib.Runner.run_streamed(agent, "x")
        error = (await told(result))[-1]
        kind = type(error) if isinstance(error, Exception) else None
        return kind, result.final_output, result.context_wrapper.usage

    if over == "scripted":
        testing = __import__(f"{lib.__name__}.testing", fromlist=["testing"])
        model = testing.ScriptedModel([*[OSError("no line")] * failures, [testing.assistant_message("Hi.")]])
        kind, output, usage = await run(model)
        calls = len(model.calls)
        expected: type[Exception] = OSError
    else:
        async with opened(lib, [*[HttpError(500)] * failures, "Hi."], over) as (model, sent):
            kind, output, usage = await run(model)
            calls = len(sent())
        from openai import InternalServerError as expected
    assert calls == min(failures, 2) + 1
    if failures < 3:
        assert (kind, output) == (None, "Hi.")
        assert usage.requests == failures + 1
        assert len(usage.request_usage_entries) == (failures + 1 if failures or over == "loopback" else 0)
    else:
        assert (kind, output) == (expected, None)


@rule("49", over=("loopback",))
@pytest.mark.parametrize("events", [0, 1, 2, 3, 6])
async def test_retries_of_a_stream_that_has_begun(lib: Any, over: Over, events: int) -> None:
    """Only while nothing but `response.created` and `response.in_progress` has been seen."""
    settings = lib.ModelSettings(
        retry=lib.ModelRetrySettings(
            max_retries=1, policy=lambda context: True, backoff={"initial_delay": 0, "jitter": False}
        )
    )
    async with opened(lib, [Turn(["One two."], cut_after=events, cut="reset"), "Hi."], over) as (model, sent):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, model_settings=settings), "x")
        said = await told(result)
        calls = len(sent())
    created = [e for e in said if getattr(e, "type", "") == "raw_response_event" and e.data.type == "response.created"]
    again = events < 3
    assert (calls, result.final_output) == ((2, "Hi.") if again else (1, None))
    assert len(created) == (1 if events == 0 or not again else 2)
    assert isinstance(said[-1], Exception) == (not again)


@rule("50", over=("loopback",))
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("held", [0, 5])
async def test_a_model_call_that_takes_too_long(lib: Any, over: Over, streamed: bool, held: int) -> None:
    async with opened(lib, [Turn(["One two three."], hold_after=held)], over) as (model, _):
        agent = lib.Agent(name="A", model=model, model_settings=lib.ModelSettings(timeout=0.1))
        if streamed:
            error = (await told(lib.Runner.run_streamed(agent, "x")))[-1]
        else:
            with pytest.raises(lib.ModelTimeoutError) as caught:
                await lib.Runner.run(agent, "x")
            error = caught.value
    assert isinstance(error, lib.ModelTimeoutError) and str(error) == "Model call timed out after 0.1 seconds."


def events_of(**changes: Any) -> list[dict[str, Any]]:
    """The events of a response that says hello; `changes` are made to the response of the last one."""
    events = response_events([message_item("Hello.", id="m1")], response_id="r1", model="m", usage=usage_dict(1, 1))
    *before, last = [dict(event) for event in events]
    return [*before, {**last, "response": {**last["response"], **changes}}]


@rule("12", over=("loopback",))
async def test_an_empty_final_response(lib: Any, over: Over) -> None:
    """The items that were finished before it are used instead."""
    async with opened(lib, [Turn(raw_events=events_of(output=[]))], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        await told(result)
    assert result.final_output == "Hello." and [item.type for item in result.new_items] == ["message_output_item"]


@rule("12", over=("loopback",))
@pytest.mark.parametrize("end", ["nothing", "error", "response.failed", "response.incomplete"])
async def test_a_stream_without_a_proper_end(lib: Any, over: Over, end: str) -> None:
    *events, last = events_of(status=end.removeprefix("response."))
    if end == "error":
        events.append({"type": "error", "message": "no", "code": "c", "param": None, "sequence_number": 9})
    elif end != "nothing":
        events.append({**last, "type": end})
    async with opened(lib, [Turn(raw_events=events)], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        said = await told(result)
    assert isinstance(said[-1], lib.ModelBehaviorError)
    assert result.final_output is None and result.new_items == []
    if end == "nothing":
        assert str(said[-1]).startswith("Model did not produce a final response!")


@rule("19")
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
async def test_only_the_librarys_errors_say_how_far_the_run_came(lib: Any, over: Over, streamed: bool) -> None:
    async def failed(model: Any) -> Any:
        agent = lib.Agent(name="A", model=model)
        if streamed:
            return (await told(lib.Runner.run_streamed(agent, "x")))[-1]
        with pytest.raises(Exception) as caught:
            await lib.Runner.run(agent, "x")
        return caught.value

    if over == "scripted":
        testing = __import__(f"{lib.__name__}.testing", fromlist=["testing"])
        foreign = await failed(testing.ScriptedModel([OSError("no line")]))
        assert type(foreign) is OSError and str(foreign) == "no line"
    else:
        async with opened(lib, [HttpError(400)], over) as (model, _):
            foreign = await failed(model)
        assert type(foreign).__name__ == "BadRequestError"
    assert getattr(foreign, "run_data", None) is None
    async with opened(lib, [function_call_item("nope", {}, call_id="n1")], over) as (model, _):
        ones_own = await failed(model)
    assert isinstance(ones_own, lib.ModelBehaviorError)
    assert ones_own.run_data.last_agent.name == "A" and ones_own.run_data.new_items == []
