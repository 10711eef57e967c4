"""The loop: call the model, run what it asks for, until there is a final output.

`advance` is the whole algorithm. `drive` is its outer edge: however the run ends, the state says how, the log is
closed and nothing of the run is left behind. `Runner.run` drives in its caller's task, `Runner.run_streamed` in a task
of its own; there is no other difference between them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, assert_never, cast

from ..exceptions import MaxTurnsExceeded, OutputGuardrailTripwireTriggered, UserError
from ..items import ItemHelpers, ModelResponse, RunItem
from ..stream_events import AgentUpdatedStreamEvent, CallParsed, item_events
from .calls import CallResults, run_calls
from .guards import InputChecks
from .model_call import call_model, colliding_names, distinct_tools
from .nested import current_run
from .outcome import HANDLED, as_message, conclude_run, from_tools, handled, withhold
from .passing import hand_over, untold
from .state import RunEnd, RunState
from .turn import (
    FinalOutput,
    HandOff,
    NextStep,
    Pause,
    RunAgain,
    TurnPlan,
    TurnSetting,
    conclude,
    plan,
    replan,
)

logger: logging.Logger = logging.getLogger("agentcell")


async def drive(run: RunState[Any]) -> None:
    """Carry a run to its end. Errors of the run end up in its state; only a cancellation from outside is raised."""
    if run.finished:
        return
    task = run.task = cast("asyncio.Task[Any]", asyncio.current_task())
    if run.cancelled:  # before there was a task to cancel
        return run.finish("stopped")
    inside = current_run.set(run)
    try:
        run.begin()
        run.finish(await advance(run))
    except asyncio.CancelledError:
        if run.interruption is not None and not run.cancelled:
            task.uncancel()
            return run.fail(run.interruption)
        run.finish("stopped")
        if not run.cancelled:
            raise
        task.uncancel()
    except Exception as error:
        run.fail(error)
    except BaseException:
        run.finish("stopped")
        raise
    finally:
        current_run.reset(inside)


async def advance(run: RunState[Any]) -> RunEnd:
    """The algorithm, from the first turn, or the one that was left open, to the final output; returns how it ended."""
    run.say(AgentUpdatedStreamEvent(run.current_agent))
    checks = InputChecks(run)
    end: RunEnd = "stopped"
    try:
        await run.memory.open()
        while not run.stop_after_turn:
            try:
                step = await (_reopened_turn(run) if run.open_items else _turn(run, checks))
            except HANDLED as problem:
                step = await _handled(run, problem)
            await checks.finished()
            await run.memory.save()
            match step:
                case FinalOutput():
                    end = "done"
                    break
                case Pause(interruptions):
                    run.interruptions = interruptions
                    end = "paused"
                    break
                case HandOff(agent):
                    run.current_agent = agent
                    run.say(AgentUpdatedStreamEvent(agent))
                case RunAgain():
                    pass
                case _:
                    assert_never(step)
            await run.log.settled()
    except Exception:
        end = "failed"
        raise
    finally:
        try:
            await checks.close()
        finally:  # closing them may be cancelled as well
            await run.memory.close(end)
    return end


async def _turn(run: RunState[Any], checks: InputChecks) -> NextStep:
    """One turn: a model call and what follows from it."""
    if run.max_turns is not None and run.current_turn + 1 > run.max_turns:
        run.current_turn += 1
        raise MaxTurnsExceeded(f"Max turns ({run.max_turns}) exceeded")
    count = await checks.added()
    run.current_turn += 1
    setting = await _setting(run)
    added = run.take_input(count)
    if added:
        await run.memory.save()
    run.context.turn_input = ItemHelpers.input_to_new_input_list(run.model_input)
    await checks.begin(added)
    if run.started_agent is not setting.agent:
        run.started_agent = setting.agent
        await run.hooks.agent_start(run.context, setting.agent)
    run.unanswered = True
    response = await call_model(run, setting)
    run.unanswered = False
    turn = plan(setting, response, run.new_items)
    _announce(run, turn)
    await run.hooks.llm_end(run.context, setting.agent, response)
    if turn.calls_anything:
        checks.raise_known()
        return await _carry_out(run, setting, turn, response)
    try:
        step = conclude(setting, turn)
    except HANDLED:
        run.unrecorded = (turn.items, response)
        raise
    if isinstance(step, FinalOutput):
        await checks.finished()
    run.record(turn.items, response, from_model=len(turn.items))
    if not isinstance(step, FinalOutput) or not run.may_end():
        return RunAgain()
    try:
        await conclude_run(run, setting.agent, step.output)
    except OutputGuardrailTripwireTriggered:
        run.memory.leave_out()
        raise
    return step


async def _reopened_turn(run: RunState[Any]) -> NextStep:
    """Go on with a turn whose calls have waited for decisions."""
    setting = await _setting(run)
    count = run.open_items
    turn = replan(setting, run.raw_responses[-1], run.new_items[-count:], run.new_items[:-count])
    _, response = run.reopened()
    for wanted in turn.tools:
        if wanted.call.call_id not in turn.answered:
            run.say(CallParsed(wanted.call.call_id, wanted.call.name, wanted.call.arguments, "tool"))
    return await _carry_out(run, setting, turn, response)


async def _setting(run: RunState[Any]) -> TurnSetting:
    """What the current agent brings into the turn; raises `UserError` for tools that cannot be told apart."""
    agent, config = run.current_agent, run.run_config
    run.check_memory()
    setting = TurnSetting(
        agent=agent,
        tools=await agent.get_all_tools(run.context),
        handoffs=await agent.get_handoffs(run.context),
        output_schema=agent.output_schema(),
        tolerates_missing_tools=config.tool_not_found_behavior == "return_error_to_model",
    )
    for name in colliding_names(setting):
        told = (
            f"Agent {agent.name!r} has several tools called {name!r}; give each a name of its own (name_override=...)"
        )
        if config.tool_name_collision_policy == "error":
            raise UserError(f"Ambiguous function tool configuration: {told}")
        logger.warning("%s; the last one is used, or a handoff before any", told)
    setting.tools = distinct_tools(setting)
    return setting


def _announce(run: RunState[Any], turn: TurnPlan) -> None:
    """Tell the log what the model asked for."""
    for wanted in turn.tools:
        run.say(CallParsed(wanted.call.call_id, wanted.call.name, wanted.call.arguments, "tool"))
    for wanted in turn.handoffs:
        run.say(CallParsed(wanted.call.call_id, wanted.call.name, wanted.call.arguments, "handoff"))
    _tell(run, turn.items)


async def _carry_out(run: RunState[Any], setting: TurnSetting, turn: TurnPlan, response: ModelResponse) -> NextStep:
    """Run the turn's calls, take the turn in, and say what comes next; whatever happens, every call has its output."""
    agent = setting.agent
    results = CallResults()
    recorded = False
    from_model = 0 if turn.reopened else len(turn.items)
    try:
        await run_calls(run, agent, turn, results)
        run.tool_users.add(id(agent))  # a handoff, too, is a use, as in the reference
        if results.interruptions:
            results.outputs += turn.unasked(results.interruptions)
            run.open_items = len(turn.items) + len(results.outputs)
            return Pause(results.interruptions)
        if results.next_agent is not None:
            step: NextStep = await _pass_on(run, agent, turn, results, response)
            recorded = True
            return step
        final = await from_tools(run, setting, results.tool_results)
        if final is None or not run.may_end():
            return RunAgain()
        await conclude_run(run, agent, final.output)
        return final
    except OutputGuardrailTripwireTriggered as tripped:
        withhold(run, [*turn.items, *results.outputs], tripped)
        raise
    finally:
        if not recorded:
            run.record([*turn.items, *results.outputs], response, from_model=from_model)
            _tell(run, results.outputs)


async def _pass_on(
    run: RunState[Any], agent: Any, turn: TurnPlan, results: CallResults, response: ModelResponse
) -> HandOff:
    """Hand the conversation to the next agent, as the handoff and the run's settings say."""
    target = cast(Any, results.next_agent)
    passed = await hand_over(run, agent, turn, results, nested_items=run.nested_items)
    run.record(passed.new_items, response, from_model=0 if turn.reopened else len(turn.items))
    if passed.rewritten:
        run.model_input, run.model_items, run.history = passed.input, passed.model_items, passed.history()
        run.nested_items = passed.nested_items
    _tell(run, untold(passed.new_items, turn.items))
    return HandOff(target)


async def _handled(run: RunState[Any], problem: Exception) -> NextStep:
    """Let the run's handler make a final output of an error; raises the error when it does not."""
    agent = run.current_agent
    result = await handled(run, problem)
    if run.unrecorded is not None:
        run.record(*run.unrecorded)
        run.unrecorded = None
    ends = isinstance(problem, MaxTurnsExceeded) or run.may_end()
    if ends:
        await conclude_run(run, agent, result.final_output)
    if isinstance(problem, MaxTurnsExceeded) and run.max_turns is not None:
        run.current_turn = run.max_turns
    if result.include_in_history:
        message = as_message(agent, result.final_output)
        run.record([message])
        _tell(run, [message])
    return FinalOutput(result.final_output) if ends else RunAgain()


def _tell(run: RunState[Any], items: list[RunItem]) -> None:
    for event in item_events(items):
        run.say(event)
