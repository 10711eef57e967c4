"""The loop: call the model, run what it asks for, until there is a final output.

`advance` is the whole algorithm. `drive` is its outer edge: however the run ends, the state says how, the log is closed
and nothing of the run is left behind. `Runner.run` drives in its caller's task, `Runner.run_streamed` in a task of its
own; there is no other difference between them.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from ..exceptions import MaxTurnsExceeded, StreamInterrupted
from ..items import ModelResponse, RunItem
from ..model_settings import ModelSettings
from ..models.interface import Model, ModelTracing
from ..stream_events import (
    AgentUpdatedStreamEvent,
    CallParsed,
    RawResponsesStreamEvent,
    RunItemStreamEvent,
    TurnStarted,
    UsageUpdated,
)
from ..usage import Usage
from .calls import CallResults, run_calls
from .state import RunState
from .turn import FinalOutput, HandOff, NextStep, RunAgain, TurnPlan, TurnSetting, conclude, plan

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

EVENTS_BETWEEN_YIELDS = 64
"""After so many events without a wait the loop lets others run, so that many runs share it fairly."""


async def drive(run: RunState[Any]) -> None:
    """Carry a run to its end. Errors of the run end up in its state; only a cancellation from outside is raised."""
    if run.finished:
        return
    task = run.task = cast("asyncio.Task[Any]", asyncio.current_task())
    if run.cancelled:  # before there was a task to cancel
        return run.finish("stopped")
    try:
        run.begin()
        await advance(run)
    except asyncio.CancelledError:
        run.finish("stopped")
        if not run.cancelled:
            raise
        task.uncancel()
    except Exception as error:
        run.fail(error)
    except BaseException:
        run.finish("stopped")
        raise


async def advance(run: RunState[Any]) -> None:
    """The algorithm, from the first turn to the final output."""
    run.say(AgentUpdatedStreamEvent(run.current_agent))
    while not run.stop_after_turn:
        run.current_turn += 1
        if run.max_turns is not None and run.current_turn > run.max_turns:
            raise MaxTurnsExceeded(f"Max turns ({run.max_turns}) exceeded")
        setting = await _setting(run)
        response = await _call_model(run, setting)
        turn = plan(setting, response)
        _announce(run, turn)
        step = await _carry_out(run, setting, turn, response)
        match step:
            case FinalOutput(output):
                run.final_output = output
                return run.finish("done")
            case HandOff(agent):
                run.current_agent = agent
                run.say(AgentUpdatedStreamEvent(agent))
            case RunAgain():
                pass
        await run.log.settled()
    run.finish("stopped")


async def _setting(run: RunState[Any]) -> TurnSetting:
    """What the current agent brings into the turn."""
    agent = run.current_agent
    return TurnSetting(
        agent=agent,
        tools=await agent.get_all_tools(run.context),
        handoffs=await agent.get_handoffs(run.context),
        output_schema=agent.output_schema(),
    )


def _model(run: RunState[Any]) -> tuple[Model, ModelSettings]:
    """The model of the current agent, or of the whole run, and the settings of its calls."""
    agent, config = run.current_agent, run.run_config
    wanted = config.model if config.model is not None else agent.model
    settings = agent.settings_for(wanted, was=agent.model).resolve(config.model_settings)
    return wanted if isinstance(wanted, Model) else config.model_provider.get_model(wanted), settings


async def _call_model(run: RunState[Any], setting: TurnSetting) -> ModelResponse:
    """One model call; its events go to the log as they arrive."""
    agent = setting.agent
    model, settings = _model(run)
    run.is_demo = run.is_demo or model.is_demo
    run.say(
        TurnStarted(
            run.current_turn,
            agent.name,
            str(getattr(model, "model", None) or type(model).__name__),
            is_demo=model.is_demo,
            label=model.label,
            handoffs=tuple(h.tool_name for h in setting.handoffs),
            structured=setting.output_schema is not None and not setting.output_schema.is_plain_text(),
        )
    )
    stream = model.stream_response(
        await agent.get_system_prompt(run.context),
        list(run.history),
        settings,
        list(setting.tools),
        setting.output_schema,
        setting.handoffs,
        ModelTracing.DISABLED,
        previous_response_id=None,
        conversation_id=None,
        prompt=None,
    )
    response = await _read(run, cast("AsyncGenerator[Any, None]", stream))
    usage = run.context.usage
    usage.add(response.usage)
    run.say(UsageUpdated(usage.requests, usage.input_tokens, usage.output_tokens))
    return response


async def _read(run: RunState[Any], stream: AsyncGenerator[Any, None]) -> ModelResponse:
    """Pass a model's events on and return the response they end with; the stream is always closed.

    Raises `ModelBehaviorError` when the response failed or is incomplete, `StreamInterrupted` when it has no end.
    """
    final: Any = None
    finished_items: list[Any] = []
    texts: list[str] = []
    count = 0
    async with aclosing(stream):
        async for event in stream:
            run.say(RawResponsesStreamEvent(event))
            count += 1
            if not count % EVENTS_BETWEEN_YIELDS:
                await asyncio.sleep(0)
            match event.type:
                case "response.output_text.delta":
                    texts.append(event.delta)
                case "response.output_item.done":
                    finished_items.append(event.item)
                case "response.completed":
                    final = event.response
                case "response.failed" | "response.incomplete" | "error":
                    raise StreamInterrupted(_what_failed(event), "".join(texts))
    if final is None:
        raise StreamInterrupted(
            f"Model did not produce a final response! Its stream ended after {count} events.", "".join(texts)
        )
    return ModelResponse(
        output=list(final.output) or finished_items,
        usage=Usage.of_response(final.usage),
        response_id=final.id,
        request_id=getattr(final, "_request_id", None),
    )


def _what_failed(event: Any) -> str:
    """Why a response failed, in the provider's words."""
    response = getattr(event, "response", None)
    error = getattr(response, "error", None) or getattr(response, "incomplete_details", None)
    said = getattr(event, "message", None) or getattr(error, "message", None) or getattr(error, "reason", None)
    return f"The model's stream ended with {event.type!r}: {said or 'no reason given'}"


def _announce(run: RunState[Any], turn: TurnPlan) -> None:
    """Tell the log what the model asked for."""
    kinds = {id(h.call): "handoff" for h in turn.handoffs}
    for wanted in (*turn.tools, *turn.handoffs):
        call = wanted.call
        kind = "handoff" if id(call) in kinds else "tool"
        run.say(CallParsed(call.call_id, call.name, call.arguments, kind))
    for item in turn.items:
        run.say(RunItemStreamEvent(item=item))


async def _carry_out(run: RunState[Any], setting: TurnSetting, turn: TurnPlan, response: ModelResponse) -> NextStep:
    """Run the turn's calls, take the turn in, and say what comes next."""
    if not turn.calls_anything:
        step = conclude(setting, turn)
        run.record(turn.items, response)
        return step
    results = CallResults()
    try:
        await run_calls(run, setting.agent, turn, results)
    finally:
        items: list[RunItem] = [*turn.items, *results.outputs]
        run.record(items, response)
        for output in results.outputs:
            run.say(RunItemStreamEvent(item=output))
    return HandOff(results.next_agent) if results.next_agent is not None else RunAgain()
