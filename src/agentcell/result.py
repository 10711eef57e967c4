"""Results: read-only faces of a run.

`RunResult` is what a finished run led to. `RunResultStreaming` is the handle of a run that goes on: events to iterate,
ways to stop it, and the same data as it grows. In a notebook both display themselves: a live run as a live view, a
finished one as its record (`agentcell.notebook` does that and is imported only there).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from pydantic_core import from_json

from . import openai_types as oai
from .agent import Agent
from .agent_output import WRAPPER_KEY, AgentOutputSchema
from .approvals import ApprovalDecision, call_digest
from .engine.approving import APPROVE, REJECT, as_json_text
from .engine.log import Entry
from .engine.memory import sendable
from .engine.state import RunState
from .engine.threads import loop_is_running, own_loop
from .exceptions import RunNotFinished, UserError
from .guardrail import InputGuardrailResult, OutputGuardrailResult
from .items import ItemHelpers, ModelResponse, RunItem, ToolApprovalItem, output_text
from .run_context import RunContextWrapper
from .stream_events import AgentUpdatedStreamEvent, LogEvent, NestedEvent, RawResponsesStreamEvent, RunItemStreamEvent
from .tool_guardrails import ToolInputGuardrailResult, ToolOutputGuardrailResult

T = TypeVar("T")

ToInputListMode = Literal["preserve_all", "normalized"]
"""Which conversation `to_input_list` gives."""

DEMO_NOTE = "demo model: rules, not an LLM"
"""How every view names the built-in model."""

_PUBLIC = (RawResponsesStreamEvent, RunItemStreamEvent, AgentUpdatedStreamEvent)


@dataclass(frozen=True)
class AgentToolInvocation:
    """The tool call that a nested run answers."""

    tool_name: str
    """The tool."""
    tool_call_id: str
    """The call."""
    tool_arguments: str
    """Its arguments: JSON text."""


class RunResultBase:
    """What can be read of any run."""

    def __init__(self, run: RunState[Any]) -> None:
        self._run = run

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self._run.run_id

    @property
    def input(self) -> str | list[oai.ResponseInputItemParam]:
        """What the run was asked; after a handoff that has rewritten it, what took its place."""
        return self._run.model_input

    @property
    def new_items(self) -> list[RunItem]:
        """The items of all finished turns."""
        return self._run.new_items

    @property
    def raw_responses(self) -> list[ModelResponse]:
        """The model's responses of all finished turns."""
        return self._run.raw_responses

    @property
    def final_output(self) -> Any:
        """The final output; `None` before the end and when there is none.

        Raises the run's error when the run failed and nobody has been told yet.
        """
        if self._run.error is not None and not self._run.error_seen:
            raise cast(BaseException, self._run.take_error())
        return self._run.final_output

    @property
    def context_wrapper(self) -> RunContextWrapper[Any]:
        """The run's context and usage."""
        return self._run.context

    @property
    def cost(self) -> float | None:
        """What the run has cost so far, in US dollars, agents that ran as its tools included.

        `None` before the first model call and when the price of a model is not known; `agentcell.set_price` says it.
        """
        return self._run.context.usage.cost

    @property
    def last_agent(self) -> Agent[Any]:
        """The agent that ran last."""
        return self._run.current_agent

    @property
    def last_response_id(self) -> str | None:
        """The provider's id of the last response."""
        return self._run.raw_responses[-1].response_id if self._run.raw_responses else None

    @property
    def max_turns(self) -> int | None:
        """How many model calls the run may make."""
        return self._run.max_turns

    @property
    def interruptions(self) -> list[ToolApprovalItem]:
        """The calls that wait for a decision, when the run has paused for them; empty otherwise."""
        return self._run.interruptions

    @property
    def session_error(self) -> BaseException | None:
        """Why the session could not be told of everything, though the run came to its end; `None` when it was."""
        return self._run.session_error

    def to_state(self) -> RunState[Any]:
        """The run as something to decide on, store and go on with: `Runner.run(agent, state)`.

        Raises `RunNotFinished` while the run goes on.
        """
        return self._run.apart()

    def approve(
        self,
        call_id: str | ToolApprovalItem,
        arguments: str | Mapping[str, Any] | None = None,
        *,
        always: bool = False,
        digest: str | None = None,
    ) -> None:
        """Let a call run that waits: in the running run (`approvals="live"`), or for when a paused one is resumed.

        From any thread, once for each call: the first decision counts.

        Args:
            call_id: the call's id, or one of `pending_approvals` or `interruptions`.
            arguments: what to run it with instead of what the model wrote; checked against the tool's schema.
            always: whether all further calls of the tool by this agent may run, too, and those that wait now.
            digest: of the call that was looked at, to be sure that it is the one that waits.

        Raises `UserError` when no such call waits, or the arguments do not fit; the call still waits then.
        """
        edited = None if arguments is None else as_json_text(arguments)
        self._decide(call_id, ApprovalDecision(True, arguments=edited, by=APPROVE), always, digest)

    def reject(
        self,
        call_id: str | ToolApprovalItem,
        reason: str | None = None,
        *,
        always: bool = False,
        digest: str | None = None,
    ) -> None:
        """Refuse a call that waits in this run; the model is told `reason`. The rest is as in `approve`."""
        if reason is not None and not isinstance(reason, str):
            raise UserError(f"reason must be a text for the model or None, got {reason!r}")
        self._decide(call_id, ApprovalDecision(False, reason, by=REJECT), always, digest)

    def _decide(
        self, call: str | ToolApprovalItem, decision: ApprovalDecision, always: bool, digest: str | None
    ) -> None:
        run = self._run
        if run.resumed is not None:
            raise UserError("the run was gone on with already, so its calls are decided on there: see result.resumed")
        if (run.finished or run.cancelled) and run.status != "paused":
            raise UserError(f"the run has ended ({run.status}), so no call {call!r} waits for approval")
        call_id: Any = call
        if isinstance(call, ToolApprovalItem):
            call_id = call.call_id
            digest = digest or call_digest(call.qualified_name or "", call.arguments)
        run.approvals.decide(call_id, decision, always=always, digest=digest)

    def resume(self, **options: Any) -> RunResultStreaming:
        """Go on with a run that has paused, failed or was stopped, and return the handle of the run that does.

        Decisions made with `approve` and `reject` count; calls without one make it pause again. What has been done is
        not done again: only a model call that failed is. The new run has the settings of this one; `options` are
        those of `Runner.run_streamed` to change, and `max_turns`.

        Raises `RunNotFinished` while the run goes on, and `UserError` when it has its final output, a guardrail has
        ended it, or it has no turns left.
        """
        from .run import resume

        return resume(self._run, options)

    @property
    def resumed(self) -> RunResultStreaming | None:
        """The newest run that goes on from this one; `None` when there is none."""
        return None if self._run.resumed is None else RunResultStreaming(self._run.resumed)

    @property
    def is_demo(self) -> bool:
        """Whether the demo model, which is rules and not a language model, gave the answers."""
        return self._run.is_demo

    @property
    def input_guardrail_results(self) -> list[InputGuardrailResult]:
        """What the input guardrails found."""
        return self._run.input_guardrail_results

    @property
    def output_guardrail_results(self) -> list[OutputGuardrailResult]:
        """What the output guardrails found."""
        return self._run.output_guardrail_results

    @property
    def tool_input_guardrail_results(self) -> list[ToolInputGuardrailResult]:
        """What the guardrails of tools' arguments found."""
        return self._run.tool_input_guardrail_results

    @property
    def tool_output_guardrail_results(self) -> list[ToolOutputGuardrailResult]:
        """What the guardrails of tools' outputs found."""
        return self._run.tool_output_guardrail_results

    @property
    def tool_results(self) -> list[Any]:
        """The objects that function tools have returned, in the order in which they ended.

        Those of agents that run as tools are among them, and their own tools' before them. Calls that failed or were
        rejected leave none. They are the very objects, not what the model was sent, and are not stored with a state.
        """
        return self._run.tool_results

    @property
    def agent_tool_invocation(self) -> AgentToolInvocation | None:
        """The call that a nested run answers; `None` for other runs."""
        return AgentToolInvocation(*self._run.invoked_by) if self._run.invoked_by else None

    @property
    def partial_text(self) -> str:
        """What the model had written in the turn that was cut off; empty for a run that came to its end."""
        return self._run.partial_text()

    def final_output_as(self, cls: type[T], raise_if_incorrect_type: bool = False) -> T:
        """The final output, told to type checkers as a `cls`.

        Raises `TypeError` when `raise_if_incorrect_type` is set and it is not one.
        """
        output = self.final_output
        if raise_if_incorrect_type and not isinstance(output, cls):
            raise TypeError(f"the final output is a {type(output).__name__}, not a {cls.__name__}")
        return cast(T, output)

    def to_input_list(self, *, mode: ToInputListMode = "preserve_all") -> list[oai.ResponseInputItemParam]:
        """The whole conversation as input for a next run.

        `preserve_all` is everything that happened, `normalized` what the last model call saw and what came of it,
        which differs where a handoff has rewritten the conversation.
        """
        if mode == "normalized":
            items = self._run.model_items
        elif mode == "preserve_all":
            nested = {id(item) for item in self._run.nested_items}
            items = [item for item in self._run.new_items if id(item) not in nested]
        else:
            raise UserError(f"to_input_list takes mode='preserve_all' or 'normalized', got {mode!r}")
        past = ItemHelpers.input_to_new_input_list(self._run.model_input)
        return [*past, *sendable(items, self._run.reasoning_item_id_policy)]

    def release_agents(self, *, release_new_items: bool = True) -> None:
        """Keep the run's agents only weakly: `last_agent`, and `agent` of the items, are `None` once nobody holds them.

        A run that goes on keeps the agents it needs. With `release_new_items=False` the items keep theirs.
        """
        run = self._run
        if release_new_items:
            for item in (*run.new_items, *run.model_items):
                item.release_agent()
        if not run.finished:
            return
        run.let_go()
        for event in (entry.event for entry in run.log.entries if isinstance(entry, Entry)):
            while isinstance(event, NestedEvent):
                event = event.event
            if isinstance(event, AgentUpdatedStreamEvent):
                event.let_go()
            elif isinstance(event, RunItemStreamEvent) and release_new_items:  # of a nested run
                event.item.release_agent()

    def _summary(self, first_lines: list[str]) -> str:
        run = self._run
        lines = [f"{type(self).__name__}:", *first_lines]
        if run.is_demo:
            lines.append(f"- Answered by the {DEMO_NOTE}")
        if run.error is not None:
            lines.append(f"- Failed: {type(run.error).__name__}: {output_text(run.error)}")
        elif run.final_output is not None:
            text = output_text(run.final_output)
            lines.append(f"- Final output ({type(run.final_output).__name__}):")
            lines.extend(f"    {line}" for line in text.splitlines())
        elif partial := run.partial_text():
            lines.append("- Partial text (stopped before the end):")
            lines.extend(f"    {line}" for line in partial.splitlines())
        else:
            lines.append("- Final output: none")
        lines.append(f"- {len(run.new_items)} new item(s)")
        lines.append(f"- {len(run.raw_responses)} raw response(s)")
        return "\n".join(lines)

    def _ipython_display_(self) -> None:
        from .notebook.display import show_or_defer

        show_or_defer(self._run, RunResultStreaming(self._run))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from .notebook.display import bundle

        return bundle(self._run, include, exclude)

    def _repr_html_(self) -> str:
        from .notebook.display import bundle

        return bundle(self._run)["text/html"]


class RunResult(RunResultBase):
    """A finished run."""

    def __str__(self) -> str:
        return self._summary([f"- Last agent: {self._run.name_of('current_agent')}"])

    def __repr__(self) -> str:
        return f"<RunResult {self.run_id} of {self._run.name_of('current_agent')!r}: {self._run.status}>"


class RunResultStreaming(RunResultBase):
    """The handle of a run that goes on in the background.

    Iterate it (`async for event in result`, or `result.stream_events()`), await it for the finished `RunResult`, or use
    it as `async with`, which ends the run when the block ends. Leaving the loop early stops the run, when nobody else
    is iterating it.
    """

    @property
    def is_complete(self) -> bool:
        """Whether the run has ended, or was told to end at once."""
        return self._run.finished or self._run.cancelled

    @property
    def status(self) -> str:
        """`prepared`, `running`, `done`, `paused`, `stopped` or `failed`."""
        return self._run.status

    @property
    def current_agent(self) -> Agent[Any]:
        """The agent that is running."""
        return self._run.current_agent

    @property
    def current_turn(self) -> int:
        """The number of the turn, from 1."""
        return self._run.current_turn

    @property
    def run_loop_task(self) -> asyncio.Task[Any] | None:
        """The task that drives the run; `None` before its start."""
        return self._run.task

    @property
    def run_loop_exception(self) -> BaseException | None:
        """What the run failed with; `None` while it goes on, and when it ended well or was stopped."""
        return self._run.error

    @property
    def result(self) -> RunResult:
        """The finished run; raises `RunNotFinished` before the end, and the run's error when it failed."""
        if not self._run.finished:
            raise RunNotFinished(
                "the run has not ended yet, so there is no result; iterate its events to the end first, or `await` it"
            )
        error = self._run.take_error()
        if error is not None:
            raise error
        return RunResult(self._run)

    def cancel(self, mode: Literal["immediate", "after_turn"] = "immediate") -> None:
        """Stop the run, at once or when the current turn is complete; from any thread, any number of times.

        After an immediate cancel the iteration ends without an error, and `partial_text` keeps what was written.
        """
        if mode == "immediate":
            self._run.cancel()
        elif mode == "after_turn":
            self._run.stop_after_turn = True
        else:
            raise UserError(f"cancel takes 'immediate' or 'after_turn', got {mode!r}")

    @property
    def pending_approvals(self) -> list[ToolApprovalItem]:
        """The calls that wait for a decision right now in the running stream, those of nested agents included."""
        return [] if self.is_complete else self._run.approvals.waiting()

    def add_input(self, input: str | list[oai.ResponseInputItemParam]) -> None:
        """Say something to a run that goes on; it is taken in at the next turn. From any thread.

        A run that would end with its current turn goes on for it. Raises `UserError` when the run has ended.
        """
        if self.is_complete:
            raise UserError(
                "the run has ended, so it takes no more input; begin another with result.to_input_list(), or go on "
                "from result.to_state() when it has paused"
            )
        self._run.put_input(input)

    def start(self) -> None:
        """Start a run that was made outside an event loop; does nothing once it has started."""
        from .run import start

        start(self._run)

    async def stream_events(self, *, signals: bool = False) -> AsyncGenerator[Any, None]:
        """Every event from the beginning, as it happens; ends when the run is over, and raises its error then.

        Any number of iterations may go on at once; each sees everything. With `signals=True` the events include
        `RunSignal`s: when tools start and end, what was used, how the run ended.
        """
        run = self._run
        self.start()
        reader = run.log.reader(consumer=True)
        wanted: tuple[type[Any], ...] = _PUBLIC if not signals else (object,)
        try:
            while (entry := await reader.take()) is not None:
                event: LogEvent = entry.event
                if isinstance(event, wanted):
                    yield event
            if not run.cancelled and run.error is not None:
                raise cast(BaseException, run.take_error())
        except asyncio.CancelledError:
            run.cancel()
            raise
        finally:
            reader.close()

    def stream_events_sync(self, *, signals: bool = False) -> Iterator[Any]:
        """`stream_events` for code that cannot await: blocks until the next event.

        Raises `UserError` inside a running event loop, which blocking would stop.
        """
        if loop_is_running():
            raise UserError("stream_events_sync() would block the event loop; use `async for event in result` here")
        events = self.stream_events(signals=signals)
        try:
            while (event := own_loop.run(anext(events, None), on_interrupt=self.cancel)) is not None:
                yield event
        finally:
            own_loop.run(events.aclose())

    @property
    def partial_output(self) -> Any:
        """The structured output as far as it has been written: plain dictionaries, lists and texts.

        The final output itself once there is one, `None` before the first character and for agents whose output is
        text. What is not complete yet, such as a number that may go on, is left out.
        """
        run = self._run
        schema = run.current_agent.output_schema()
        if run.final_output is not None or schema is None or schema.is_plain_text():
            return run.final_output
        text = run.partial_text(whole=False)
        try:
            found = from_json(_without_open_number(text), allow_partial="trailing-strings") if text.strip() else None
        except ValueError:
            return None
        if isinstance(schema, AgentOutputSchema) and schema.is_wrapped and isinstance(found, dict):
            return found.get(WRAPPER_KEY)
        return found

    def __aiter__(self) -> AsyncIterator[Any]:
        return self.stream_events()

    def __await__(self) -> Generator[Any, None, RunResult]:
        return self._finished().__await__()

    async def _finished(self) -> RunResult:
        self.start()
        await self._run.log.wait_closed()
        return self.result

    async def __aenter__(self) -> RunResultStreaming:
        self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop the run if it goes on, and wait until it is quiet."""
        run = self._run
        if not run.finished:
            run.cancel()
            await run.log.wait_closed()
        task = run.task
        if task is None or task.done() or task is asyncio.current_task():
            return
        if task.get_loop() is asyncio.get_running_loop():
            await asyncio.wait([task])

    def wait(self) -> RunResult:
        """Block until the run has ended and return it, where there is no running event loop.

        Raises `UserError` inside a running loop, where blocking would stop the run itself: `await` the run there.
        """
        if loop_is_running():
            raise UserError("wait() would block the event loop that the run needs; use `await result` here")
        return own_loop.run(self._finished(), on_interrupt=self.cancel)

    def __str__(self) -> str:
        run = self._run
        return self._summary(
            [
                f"- Current agent: {run.name_of('current_agent')}",
                f"- Current turn: {run.current_turn}",
                f"- Max turns: {run.max_turns}",
                f"- Is complete: {self.is_complete}",
                f"- Status: {run.status}",
            ]
        )

    def __repr__(self) -> str:
        return f"<RunResultStreaming {self.run_id} of {self._run.name_of('current_agent')!r}: {self._run.status}>"


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _without_open_number(text: str) -> str:
    """JSON text without a number at its end, to which digits may still come; what is inside a text stays."""
    head = text.rstrip("0123456789.eE+-")
    if text[len(head) : len(head) + 1] in ("", "e", "E") or '"' in _STRING.sub("", text):  # `true` ends in an e
        return text
    return head
