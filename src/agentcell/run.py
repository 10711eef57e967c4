"""`Runner`: the doors into a run.

All three go through the default runner (`agent_runner`), prepare the same `RunState` and drive it with the same loop:
`run` in the caller's task, `run_streamed` in a task of its own on the caller's loop, `run_sync` by blocking the caller.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from . import openai_types as oai
from .agent import Agent
from .agent_runner import AgentRunner, get_default_agent_runner, set_default_agent_runner
from .approvals import ApprovalMode, OnApproval
from .engine.approving import ApprovalDesk
from .engine.hooks import Hooks
from .engine.loop import drive
from .engine.outcome import HANDLER_NAMES
from .engine.state import RunState
from .engine.threads import loop_is_running, own_loop
from .exceptions import ArgumentTypeError, MaxTurnsExceeded, RunNotFinished, UserError
from .items import output_text
from .lifecycle import RunHooksBase
from .memory import Session
from .result import RunResult, RunResultStreaming
from .run_config import (
    DEFAULT_MAX_TURNS,
    CallModelData,
    CallModelInputFilter,
    ModelInputData,
    OutputGuardrailBlockedMessageArgs,
    OutputGuardrailBlockedMessageFormatter,
    ReasoningItemIdPolicy,
    RunConfig,
    RunOptions,
    ToolErrorFormatter,
    ToolErrorFormatterArgs,
    ToolExecutionConfig,
    ToolNameCollisionPolicy,
    ToolNotFoundBehavior,
    as_run_config,
)
from .run_context import RunContextWrapper, TContext
from .run_error_handlers import RunErrorHandlers

__all__ = [
    "DEFAULT_MAX_TURNS",
    "AgentRunner",
    "CallModelData",
    "CallModelInputFilter",
    "ModelInputData",
    "OutputGuardrailBlockedMessageArgs",
    "OutputGuardrailBlockedMessageFormatter",
    "ReasoningItemIdPolicy",
    "RunConfig",
    "RunContextWrapper",
    "RunOptions",
    "RunState",
    "Runner",
    "ToolErrorFormatter",
    "ToolErrorFormatterArgs",
    "ToolExecutionConfig",
    "ToolNameCollisionPolicy",
    "ToolNotFoundBehavior",
    "get_default_agent_runner",
    "set_default_agent_runner",
]

logger: logging.Logger = logging.getLogger("agentcell")

MOST_HANDOFFS = 50
"""Handoffs of a run that has no limit of turns, unless it says otherwise: agents can pass on for ever."""


class Runner:
    """Runs agents."""

    @classmethod
    async def run(
        cls,
        starting_agent: Agent[TContext],
        input: str | list[oai.ResponseInputItemParam] | RunState[TContext],
        *,
        context: TContext | None = None,
        max_turns: int | None = DEFAULT_MAX_TURNS,
        hooks: RunHooksBase[Any, Any] | None = None,
        run_config: RunConfig | dict[str, Any] | None = None,
        error_handlers: RunErrorHandlers[Any] | None = None,
        previous_response_id: str | None = None,
        auto_previous_response_id: bool = False,
        conversation_id: str | None = None,
        session: Session | None = None,
        max_handoffs: int | None = None,
        approvals: ApprovalMode = "interrupt",
        on_approval: OnApproval | None = None,
        approval_timeout: float | None = None,
    ) -> RunResult:
        """Run an agent until it has its final output.

        Args:
            starting_agent: who begins.
            input: the prompt, a list of input items, or the state of a run to go on with.
            context: any object, handed to tools and callbacks; the model never sees it.
            max_turns: how many model calls the run may make; `None` for no limit.
            hooks: what the run calls as it goes on.
            run_config: settings that override what the agents say.
            error_handlers: functions that may turn an error into a final output, by kind.
            previous_response_id: the provider's response that the conversation goes on from; it keeps the history.
            auto_previous_response_id: whether each model call follows the one before it in that way.
            conversation_id: the provider's conversation that the run is part of.
            session: where the conversation is kept in this program; not together with the three before.
            max_handoffs: how many handoffs the run may make; 50 when there is no limit of turns, else no limit.
            approvals: whether a call that needs approval ends the run with an interruption (`interrupt`), or waits in
                it (`live`): with `run_streamed` until `result.approve(...)` or `result.reject(...)`, elsewhere only for
                `on_approval`.
            on_approval: a function of an `ApprovalRequest`, which may be async, that decides about such calls: True,
                False, an `ApprovalDecision`, or None to leave the call to people.
            approval_timeout: seconds after which a call that waits for people counts as rejected; `None` for never.

        A run that goes on from a state keeps the state's agent, turn limit and what else is not given here.

        Raises `MaxTurnsExceeded`, `ModelBehaviorError`, `ModelRefusalError`, the tripwire errors of guardrails,
        `UserError`, or whatever the model's client raises.
        """
        return await get_default_agent_runner().run(
            starting_agent,
            input,
            context=context,
            max_turns=max_turns,
            hooks=hooks,
            run_config=run_config,
            error_handlers=error_handlers,
            previous_response_id=previous_response_id,
            auto_previous_response_id=auto_previous_response_id,
            conversation_id=conversation_id,
            session=session,
            max_handoffs=max_handoffs,
            approvals=approvals,
            on_approval=on_approval,
            approval_timeout=approval_timeout,
        )

    @classmethod
    def run_sync(
        cls,
        starting_agent: Agent[TContext],
        input: str | list[oai.ResponseInputItemParam] | RunState[TContext],
        *,
        context: TContext | None = None,
        max_turns: int | None = DEFAULT_MAX_TURNS,
        hooks: RunHooksBase[Any, Any] | None = None,
        run_config: RunConfig | dict[str, Any] | None = None,
        error_handlers: RunErrorHandlers[Any] | None = None,
        previous_response_id: str | None = None,
        auto_previous_response_id: bool = False,
        conversation_id: str | None = None,
        session: Session | None = None,
        max_handoffs: int | None = None,
        approvals: ApprovalMode = "interrupt",
        on_approval: OnApproval | None = None,
        approval_timeout: float | None = None,
    ) -> RunResult:
        """`Runner.run`, blocking; inside a running event loop, as in a notebook, the run gets a loop of its own."""
        return get_default_agent_runner().run_sync(
            starting_agent,
            input,
            context=context,
            max_turns=max_turns,
            hooks=hooks,
            run_config=run_config,
            error_handlers=error_handlers,
            previous_response_id=previous_response_id,
            auto_previous_response_id=auto_previous_response_id,
            conversation_id=conversation_id,
            session=session,
            max_handoffs=max_handoffs,
            approvals=approvals,
            on_approval=on_approval,
            approval_timeout=approval_timeout,
        )

    @classmethod
    def run_streamed(
        cls,
        starting_agent: Agent[TContext],
        input: str | list[oai.ResponseInputItemParam] | RunState[TContext],
        context: TContext | None = None,
        max_turns: int | None = DEFAULT_MAX_TURNS,
        hooks: RunHooksBase[Any, Any] | None = None,
        run_config: RunConfig | dict[str, Any] | None = None,
        previous_response_id: str | None = None,
        auto_previous_response_id: bool = False,
        conversation_id: str | None = None,
        session: Session | None = None,
        *,
        error_handlers: RunErrorHandlers[Any] | None = None,
        max_handoffs: int | None = None,
        approvals: ApprovalMode = "interrupt",
        on_approval: OnApproval | None = None,
        approval_timeout: float | None = None,
    ) -> RunResultStreaming:
        """Start a run and return its handle at once; the arguments are those of `Runner.run`.

        The run goes on in the background whether or not anybody iterates it. Outside a running event loop it is
        prepared here and starts when it is first iterated, awaited or displayed. With `approvals="live"` calls that
        need approval wait in it: `pending_approvals` of the handle has them, `approve` and `reject` decide.
        """
        return get_default_agent_runner().run_streamed(
            starting_agent,
            input,
            context=context,
            max_turns=max_turns,
            hooks=hooks,
            run_config=run_config,
            error_handlers=error_handlers,
            previous_response_id=previous_response_id,
            auto_previous_response_id=auto_previous_response_id,
            conversation_id=conversation_id,
            session=session,
            max_handoffs=max_handoffs,
            approvals=approvals,
            on_approval=on_approval,
            approval_timeout=approval_timeout,
        )


def prepare(
    agent: Agent[Any],
    input: str | list[oai.ResponseInputItemParam] | RunState[Any],
    *,
    context: Any = None,
    max_turns: int | None = DEFAULT_MAX_TURNS,
    hooks: RunHooksBase[Any, Any] | None = None,
    run_config: RunConfig | dict[str, Any] | None = None,
    error_handlers: RunErrorHandlers[Any] | None = None,
    previous_response_id: str | None = None,
    auto_previous_response_id: bool = False,
    conversation_id: str | None = None,
    session: Session | None = None,
    max_handoffs: int | None = None,
    approvals: ApprovalMode = "interrupt",
    on_approval: OnApproval | None = None,
    approval_timeout: float | None = None,
    streamed: bool = False,
) -> RunState[Any]:
    """A checked run that has not started."""
    if not isinstance(agent, Agent):
        raise ArgumentTypeError(
            f"starting_agent must be an Agent, got {agent!r} ({type(agent).__name__}); make one with Agent(name=...)"
        )
    if hooks is not None and not isinstance(hooks, RunHooksBase):
        raise ArgumentTypeError(f"hooks must be a RunHooks object or None, got {hooks!r}")
    config = None if run_config is None else as_run_config(run_config)
    handlers = _checked_handlers(error_handlers)
    desk = ApprovalDesk(approvals, on_approval, approval_timeout, has_handle=streamed)
    if isinstance(input, RunState):
        run = input.fork()
        run.waiting_input = input.waiting_input
        if context is not None:
            run.put_context(context)
        run.added_input = input.added_input  # what a turn takes in is pending no more, in the state neither
        run.run_config = config or RunConfig()
        run.session = session
        run.hooks, run.error_handlers = Hooks(hooks), handlers
    else:
        run = RunState(
            context=context if isinstance(context, RunContextWrapper) else RunContextWrapper(context),
            original_input=input,
            starting_agent=agent,
            max_turns=max_turns,
            run_config=config or RunConfig(),
            hooks=Hooks(hooks),
            error_handlers=handlers,
            session=session,
        )
    run.approvals, run.streamed = desk, streamed
    run.reasoning_item_id_policy = run.run_config.reasoning_item_id_policy or run.reasoning_item_id_policy
    run.max_handoffs = MOST_HANDOFFS if max_handoffs is None and run.max_turns is None else max_handoffs
    run.previous_response_id = previous_response_id or run.previous_response_id
    run.auto_previous_response_id = auto_previous_response_id or run.auto_previous_response_id
    run.conversation_id = conversation_id or run.conversation_id
    if (run.previous_response_id or run.auto_previous_response_id) and run.raw_responses:
        run.previous_response_id = run.raw_responses[-1].response_id or run.previous_response_id
    run.check_memory()
    origin = input.origin() if isinstance(input, RunState) and input.origin is not None else None
    if origin is not None:
        origin.gone_on_with(run)
    return run


def resume(run: RunState[Any], options: dict[str, Any]) -> RunResultStreaming:
    """Go on with a run that has ended early, with its own settings where `options` do not say otherwise.

    A turn whose model call failed is made again. Raises `RunNotFinished` while the run goes on, `UserError` when there
    is nothing to go on with.
    """
    if not run.finished:
        raise RunNotFinished("the run goes on, so there is nothing to resume; iterate it to the end, or await it")
    if run.status == "done":
        raise UserError("the run came to its final output; begin another with result.to_input_list() to go on from it")
    limit = options.pop("max_turns", run.max_turns)
    if run.status == "failed" and not run.resumable and not (isinstance(run.error, MaxTurnsExceeded)):
        raise UserError(f"a run that a guardrail has ended is not gone on with: {output_text(run.error)}")
    if isinstance(run.error, MaxTurnsExceeded) and limit is not None and limit <= (run.max_turns or 0):
        raise UserError(
            f"the run has used its {run.max_turns} turns; give it more, as in result.resume(max_turns={2 * limit})"
        )
    desk = run.approvals
    settings = {
        "hooks": run.hooks.of_run,
        "run_config": run.run_config,
        "error_handlers": run.error_handlers,
        "session": run.session,
        "max_handoffs": run.max_handoffs,
        "approvals": desk.mode,
        "on_approval": desk.on_approval,
        "approval_timeout": desk.timeout,
    }
    state = run.apart()
    state.max_turns = limit
    if run.unanswered or isinstance(run.error, MaxTurnsExceeded):
        state.current_turn -= 1
    return Runner.run_streamed(run.starting_agent, state, **{**settings, **options})


def _checked_handlers(handlers: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The error handlers; kinds that do not exist are never called, which is said in the log."""
    unknown = sorted(set(handlers or ()) - set(HANDLER_NAMES))
    if unknown:
        logger.warning("error_handlers has unknown kinds %r; it takes %s", unknown, ", ".join(HANDLER_NAMES))
    return handlers or {}


def start(run: RunState[Any]) -> None:
    """Drive a prepared run in a task of its own: on the running loop, or else on the library's."""
    if run.status != "prepared" or run.task is not None:
        return
    if loop_is_running():
        run.task = asyncio.get_running_loop().create_task(drive(run), name=f"agentcell {run.run_id}")
    else:
        run.status = "running"
        own_loop.start(drive(run))
