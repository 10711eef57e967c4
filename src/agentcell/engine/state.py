"""`RunState`: the one mutable object of a run.

Results, views and handles are faces of it; the loop alone changes it, apart from the two flags that `cancel` sets and
the input that somebody adds. A run that has ended can be gone on with: `fork` makes a fresh one that begins where this
one stands. A turn whose calls wait for approval is recorded like any other, but stays open: `open_items` counts its
items, and `reopened` takes them back so that the same code can finish it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, ClassVar, Generic, Literal, Union

from .. import openai_types as oai
from ..agent import Agent
from ..exceptions import (
    AgentsException,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    OutputGuardrailTripwireTriggered,
    RunErrorDetails,
    RunNotFinished,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
    UserError,
)
from ..guardrail import InputGuardrailResult, OutputGuardrailResult
from ..items import InputItem, ItemHelpers, ModelResponse, RunItem, ToolApprovalItem, as_input_list, output_text
from ..released import HoldsAgents
from ..run_config import DEFAULT_MAX_TURNS, ReasoningItemIdPolicy, RunConfig
from ..run_context import RunContextWrapper, TContext
from ..stream_events import (
    InputAdded,
    InputQueued,
    LogEvent,
    RawResponsesStreamEvent,
    RunFailed,
    RunFinished,
    RunStarted,
)
from ..tool_guardrails import ToolInputGuardrailResult, ToolOutputGuardrailResult
from .approving import ApprovalDesk
from .hooks import Hooks
from .log import EventLog, in_loop
from .memory import SessionMemory, check_memory
from .pausing import PausableRun
from .requested import LastRequest

RunEnd = Literal["done", "stopped", "failed", "paused"]
"""How a run ends."""
RunStatus = Union[Literal["prepared", "running"], RunEnd]
"""Where a run is; the last four are ends, `paused` when calls wait for a person's decision."""

KEPT = (
    "conversation_id",
    "previous_response_id",
    "auto_previous_response_id",
    "session",
    "run_config",
    "hooks",
    "error_handlers",
    "max_handoffs",
    "handoff_count",
    "reasoning_item_id_policy",
    "input_guardrail_results",
    "output_guardrail_results",
    "tool_input_guardrail_results",
    "tool_output_guardrail_results",
    "tool_results",
    "tool_users",
    "invoked_by",
    "approvals",
    "interruptions",
    "open_items",
    "added_input",
    "queued",
    "waiting_input",
    "input_checked",
    "known_to_server",
    "conversation",
    "input_saved",
    "saved_items",
    "journal_id",
    "current_agent",
    "current_turn",
    "new_items",
    "raw_responses",
    "history",
    "model_input",
    "model_items",
    "nested_items",
    "is_demo",
)
"""What a run that goes on takes over from the one before; the rest begins anew."""

FINAL_ERRORS = (
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
)
"""The errors after which a run is not simply gone on with: what tripped would trip again, or must not be passed by."""

_numbers = itertools.count(1)


@dataclass(eq=False)
class RunState(PausableRun, HoldsAgents, Generic[TContext]):
    """Everything about one run."""

    AGENTS: ClassVar[tuple[str, ...]] = ("starting_agent", "current_agent", "started_agent")
    """The fields that hold agents."""

    context: RunContextWrapper[TContext]
    """The user's object and the usage so far."""
    original_input: str | list[oai.ResponseInputItemParam]
    """What the run was asked."""
    starting_agent: Agent[TContext]
    """Who begins."""
    max_turns: int | None = DEFAULT_MAX_TURNS
    """How many model calls the run may make; `None` for no limit."""
    _: KW_ONLY
    conversation_id: str | None = None
    """The conversation at the provider that the run is part of; the provider keeps its history then."""
    previous_response_id: str | None = None
    """The response at the provider that the next model call follows."""
    auto_previous_response_id: bool = False
    """Whether each call follows the response before it, so that the provider keeps the history."""
    session: Any = None
    """Where the conversation is kept: a `Session`, or `None`."""
    run_config: RunConfig = field(default_factory=RunConfig)
    """Settings of the whole run."""
    hooks: Hooks = field(default_factory=Hooks)
    """What the run calls as it goes on."""
    error_handlers: Mapping[str, Any] = field(default_factory=dict)
    """Functions that may turn an error into a final output."""
    max_handoffs: int | None = None
    """How many handoffs the run may make; `None` for no limit."""
    handoff_count: int = 0
    """How many handoffs it has made."""
    reasoning_item_id_policy: ReasoningItemIdPolicy | None = None
    """Whether reasoning keeps its ids when it is sent again."""
    input_guardrail_results: list[InputGuardrailResult] = field(default_factory=list)
    """What the input guardrails found."""
    output_guardrail_results: list[OutputGuardrailResult] = field(default_factory=list)
    """What the output guardrails found."""
    tool_input_guardrail_results: list[ToolInputGuardrailResult] = field(default_factory=list)
    """What the guardrails of tools' arguments found."""
    tool_output_guardrail_results: list[ToolOutputGuardrailResult] = field(default_factory=list)
    """What the guardrails of tools' outputs found."""
    tool_results: list[Any] = field(default_factory=list)
    """What the tools have returned, in the order in which they ended; shared with nested runs."""
    tool_users: set[int] = field(default_factory=set)
    """The agents that have used a tool in this run, by identity."""
    streamed: bool = False
    """Whether `run_streamed` has started it: its input guardrails get a text as a list, as in the reference."""
    started_agent: Agent[Any] | None = None
    """The agent whose start the hooks have been told of."""
    invoked_by: tuple[str, str, str] | None = None
    """Name, id and arguments of the tool call that this run answers, when it is nested."""
    interruption: BaseException | None = None
    """The error that something beside the loop has stopped the run with."""
    approvals: ApprovalDesk = field(default_factory=ApprovalDesk)
    """Where calls that need approval are decided on; shared with nested runs."""
    interruptions: list[ToolApprovalItem] = field(default_factory=list)
    """The calls that the run has paused for, those of nested runs included."""
    open_items: int = 0
    """How many of the last items belong to a turn that waits for decisions."""
    nested: dict[str, RunState[Any]] = field(default_factory=dict)
    """Nested runs that have paused, by the call that they answer."""
    added_input: list[oai.ResponseInputItemParam] = field(default_factory=list)
    """Input for the next turn."""
    takes_input: bool = True
    """Whether there may still be a next turn; settled once the run has its final output."""
    input_checked: bool = False
    """Whether the input guardrails have begun to look at the run's own input."""
    known_to_server: int = 0
    """How much of the history a provider that keeps it has."""
    is_terminal: bool = False
    """Whether the run, or the one that it goes on from, came to its final output."""
    conversation: list[Any] | None = None
    """Of the run's own input what is kept in the session; `None` for all of it."""
    input_saved: bool = False
    """Whether the session has the run's own input."""
    saved_items: int = 0
    """How many of the new items the session has."""
    session_error: BaseException | None = None
    """Why the session could not be told of everything, though the run came to its end."""
    journal_id: str = ""
    """The run's name in its session, which a run that goes on from a state keeps."""
    current_agent: Agent[Any] = field(init=False)
    """Who is running."""
    current_turn: int = 0
    """The number of the turn, from 1; 0 before the first."""
    new_items: list[RunItem] = field(default_factory=list)
    """The items of all finished turns."""
    raw_responses: list[ModelResponse] = field(default_factory=list)
    """The responses of all finished turns."""
    history: list[oai.ResponseInputItemParam] = field(default_factory=list)
    """What the next model call is sent: the input and the items so far."""
    model_input: str | list[oai.ResponseInputItemParam] = field(init=False)
    """The input in the model's view, which a handoff may rewrite."""
    model_items: list[RunItem] = field(default_factory=list)
    """The items after it in the model's view."""
    nested_items: list[RunItem] = field(default_factory=list)
    """Of `new_items` those that nesting has put into `model_input` as they are."""
    unrecorded: tuple[list[RunItem], ModelResponse] | None = None
    """A turn that ended in an error which a handler may still turn into a final output."""
    final_output: Any = None
    """The final output, once there is one."""
    status: RunStatus = "prepared"
    """Where the run is."""
    last_request: LastRequest = field(default_factory=LastRequest, repr=False)
    """What was said about the last model call."""
    is_demo: bool = False
    """Whether a turn was answered by the demo model."""
    error: BaseException | None = None
    """What the run failed with."""
    error_seen: bool = False
    """Whether somebody has been told of the error."""
    cancelled: bool = False
    """Whether an immediate cancel was asked for."""
    stop_after_turn: bool = False
    """Whether the run is to stop before its next model call."""
    run_id: str = field(default_factory=lambda: f"r{next(_numbers)}-{os.urandom(4).hex()}")
    """A name for the run that no other run has."""
    log: EventLog = field(default_factory=EventLog)
    """Everything the run has said."""
    after: EventLog = field(init=False, repr=False)
    """What is said about the run once it has paused: decisions about its calls; closed when it is gone on with."""
    resumed: RunState[Any] | None = field(default=None, repr=False)
    """The newest run that goes on from this one."""
    origin: weakref.ref[RunState[Any]] | None = field(default=None, repr=False)
    """The run whose state this is, while this is a state that nobody has gone on with."""
    loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    """The event loop that drives the run, once it has started."""
    unanswered: bool = False
    """Whether the run ended in a model call, so that the turn it counted has not happened."""
    queued: int = 0
    """How many times input was added, here and in the runs that this one goes on from."""
    waiting_input: list[tuple[int, int]] = field(default_factory=list)
    """Of the added input that no turn has taken in, the number of each addition and how many items it has."""
    task: asyncio.Task[Any] | None = None
    """The task that drives the run, once it has started."""
    memory: SessionMemory = field(init=False, repr=False)
    """The run's dealings with its session."""
    _adding: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        as_input_list(self.original_input)
        limit = self.max_turns
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
            raise UserError(f"max_turns must be a whole number of at least 1, or None for no limit; got {limit!r}")
        self.current_agent = self.starting_agent
        self.model_input = self.original_input
        self.history = ItemHelpers.input_to_new_input_list(self.original_input)
        self.journal_id = self.journal_id or self.run_id
        self.memory = SessionMemory(self)
        self.log.on_abandoned = self.cancel
        self.after = self.log.successor()

    @property
    def finished(self) -> bool:
        """Whether the run has ended, in whatever way."""
        return self.status in ("done", "stopped", "failed", "paused")

    @property
    def server_managed(self) -> bool:
        """Whether the provider keeps the conversation, so that only what is new is sent."""
        return bool(self.conversation_id or self.previous_response_id or self.auto_previous_response_id)

    def put_context(self, context: Any) -> None:
        """Give a run that goes on another context object; usage and decisions stay."""
        if isinstance(context, RunContextWrapper):
            context.decisions = self.context.decisions
            self.context = context
        else:
            self.context = replace(self.context, context=context)

    def check_memory(self) -> None:
        """Raise `UserError` when the conversation is to be kept in places that do not go together."""
        check_memory(self.session, self.previous_response_id, self.conversation_id, auto=self.auto_previous_response_id)
        if self.server_managed and (self.current_agent.output_guardrails or self.run_config.output_guardrails):
            raise UserError(
                "Output guardrails cannot be combined with conversation_id, previous_response_id, or "
                "auto_previous_response_id: what a guardrail rejects cannot be taken out of a conversation that the "
                "model's provider keeps"
            )

    def may_end(self) -> bool:
        """Whether nobody has said anything that no turn has taken in; if so, nobody can from now on."""
        with self._adding:
            self.takes_input = bool(self.added_input) and not self.stop_after_turn
            return not self.takes_input

    def say(self, event: LogEvent) -> None:
        """Put an event into the log; on the run's own loop."""
        self.log.append(event)

    def tell(self, event: LogEvent) -> None:
        """Say something from any thread, at any time: soon while the run goes on, at once when it has ended."""
        loop = self.loop
        if self.finished or loop is None or loop.is_closed():
            self._put(event)
        elif in_loop(loop):
            self.log.append(event)
        else:
            loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: LogEvent) -> None:
        (self.after if self.finished else self.log).append(event)

    def begin(self) -> None:
        """Note that the run has started."""
        self.status = "running"
        self.loop = asyncio.get_running_loop()
        self.say(RunStarted(self.run_id, prompt_text(self.original_input), time.time()))

    def record(self, items: list[RunItem], response: ModelResponse | None = None, *, from_model: int = 0) -> None:
        """Take in a turn, or a message that no model has made; the first `from_model` items are the model's own."""
        sent = [item for item in items if not isinstance(item, ToolApprovalItem)]
        self.new_items.extend(items)
        self.model_items.extend(sent)
        if response is not None:
            self.raw_responses.append(response)
        if from_model:
            self.known_to_server = len(self.history) + from_model
        self.history.extend(item.to_input_item() for item in sent)

    def reopened(self) -> tuple[list[RunItem], ModelResponse]:
        """Take the turn that waits for decisions out of the record: its items so far, and its response."""
        items = self.new_items[len(self.new_items) - self.open_items :]
        sent = sum(not isinstance(item, ToolApprovalItem) for item in items)
        del self.new_items[len(self.new_items) - len(items) :]
        del self.model_items[len(self.model_items) - sent :]
        del self.history[len(self.history) - sent :]
        self.open_items = 0
        self.interruptions = []
        return items, self.raw_responses.pop()

    def fork(self, context: RunContextWrapper[TContext] | None = None) -> RunState[TContext]:
        """A run that goes on from here; the lists are copies, the context is shared, unless another one is given."""
        if not self.finished and not self.cancelled and self.status != "prepared":
            raise RunNotFinished(
                "the run goes on, so there is no state to go on from yet; iterate it to the end, await it, or stop it"
            )
        fresh: RunState[Any] = RunState(
            context or self.context, self.original_input, self.starting_agent, self.max_turns
        )
        for name in KEPT:
            value = getattr(self, name)
            setattr(fresh, name, value.copy() if isinstance(value, (list, dict, set)) else value)
        fresh.is_terminal = self.is_terminal or self.status == "done"
        for call_id, nested in self.nested.items():
            fresh.nested[call_id] = nested.fork(None if context is None else _beside(nested.context, context))
        return fresh

    def apart(self) -> RunState[TContext]:
        """`fork`, with a usage and decisions of its own: what is decided on it is not known to this run."""
        usage, decisions = self.context.usage, self.context.decisions
        own = replace(usage, request_usage_entries=list(usage.request_usage_entries))
        own.cost = usage.cost
        state = self.fork(replace(self.context, usage=own, decisions=decisions.copy()))
        state.origin = weakref.ref(self)
        return state

    def gone_on_with(self, fresh: RunState[Any]) -> None:
        """Note the run that goes on from here, so that views of this one go on with it."""
        self.resumed = fresh
        self.after.close()

    @property
    def undecided(self) -> list[ToolApprovalItem]:
        """The calls for which the run has paused, and about which nobody has decided since."""
        about = self.context.decisions.about
        return [
            item
            for item in self.interruptions
            if about(item.agent_name, item.qualified_name or "", item.call_id or "", item.arguments) is None
        ]

    @property
    def resumable(self) -> bool:
        """Whether going on can lead further: decisions, or another try of what a model call or tool failed with."""
        return self.status == "paused" or (self.status == "failed" and not isinstance(self.error, FINAL_ERRORS))

    def take_input(self, count: int) -> list[RunItem]:
        """Take the first of the added input in, as items of the run."""
        with self._adding:
            numbers = self._numbers_of(count)
            added = self.added_input[:count]
            del self.added_input[:count]
        items: list[RunItem] = [InputItem(self.current_agent, item) for item in added]
        self.record(items)
        if added:
            self.say(InputAdded(prompt_text(added), numbers))
        return items

    def _numbers_of(self, count: int) -> tuple[int, ...]:
        """Which additions are taken in with the first `count` items; under the lock of added input."""
        numbers: list[int] = []
        count -= len(self.added_input) - sum(size for _, size in self.waiting_input)  # of a state that was stored
        while self.waiting_input and self.waiting_input[0][1] <= count:
            number, size = self.waiting_input.pop(0)
            numbers.append(number)
            count -= size
        return tuple(numbers)

    def put_input(self, input: str | list[oai.ResponseInputItemParam]) -> None:
        """Add input for the next turn; from any thread. Raises `UserError` when there will be none."""
        items = ItemHelpers.input_to_new_input_list(as_input_list(input))
        with self._adding:
            if not self.takes_input:
                raise UserError(
                    "the run has its final output and is about to end, so it takes no more input; begin another with "
                    "result.to_input_list() then"
                )
            self.added_input = [*self.added_input, *items]
            self.queued += 1
            self.waiting_input = [*self.waiting_input, (self.queued, len(items))]
            number = self.queued
        self.tell(InputQueued(number, prompt_text(items)))

    def cancel(self) -> None:
        """Stop the run at once, and whoever is reading it; from any thread, any number of times."""
        self.log.discard()
        if self.finished or self.cancelled:
            return
        self.cancelled = True
        task = self.task
        if task is None:
            if self.status == "prepared":
                self.finish("stopped")
            return
        loop = task.get_loop()
        if in_loop(loop):
            self._stop(task)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(self._stop, task)

    def interrupt(self, error: BaseException) -> None:
        """End the run with an error from outside the loop, wherever the loop is; on the run's own loop."""
        if self.finished or self.cancelled or self.interruption is not None:
            return
        self.interruption = error
        if self.task is not None:
            self.task.cancel()

    def _stop(self, task: asyncio.Task[Any]) -> None:
        """Cancel the run's task; one that has not begun never gets to say how the run ended."""
        task.cancel()
        if self.status == "prepared":
            self.finish("stopped")

    def fail(self, error: BaseException) -> None:
        """End the run with an error; library errors get `run_data`."""
        if isinstance(error, AgentsException) and error.run_data is None:
            error.run_data = RunErrorDetails(
                input=self.model_input,
                new_items=self.new_items,
                raw_responses=self.raw_responses,
                last_agent=self.current_agent,
                context_wrapper=self.context,
                input_guardrail_results=self.input_guardrail_results,
                output_guardrail_results=self.output_guardrail_results,
                tool_input_guardrail_results=self.tool_input_guardrail_results,
                tool_output_guardrail_results=self.tool_output_guardrail_results,
            )
        self.error, self.final_output = error, None
        self.say(RunFailed(type(error).__name__, output_text(error)))
        self.finish("failed")

    def finish(self, status: RunEnd) -> None:
        """End the run and its log."""
        if self.finished:
            return
        self.status = status
        if not self.resumable:
            self.after.close()
        output = self.final_output
        self.say(
            RunFinished(
                status,
                final_output=None if output is None else output_text(output),
                structured=output is not None and not isinstance(output, str),
                resumable=self.resumable,
            )
        )
        self.log.close()

    def take_error(self) -> BaseException | None:
        """The run's error for somebody who will raise it."""
        self.error_seen = self.error_seen or self.error is not None
        return self.error

    def partial_text(self, *, whole: bool = True) -> str:
        """What the model had written in a turn that was cut off; empty otherwise, unless `whole` is off."""
        if whole and self.status not in ("stopped", "failed") and not self.cancelled:
            return ""
        pieces: list[str] = []
        for entry in reversed(self.log.entries):
            if isinstance(entry.event, RawResponsesStreamEvent):
                data: Any = entry.event.data
                if data.type == "response.output_text.delta":
                    pieces.append(data.delta)
                elif data.type in ("response.completed", "response.created"):
                    break
        return "".join(reversed(pieces))


def _beside(context: RunContextWrapper[Any], outer: RunContextWrapper[Any]) -> RunContextWrapper[Any]:
    """A nested run's context, beside another outer one."""
    return replace(context, usage=outer.usage, decisions=outer.decisions)


def prompt_text(given: str | list[oai.ResponseInputItemParam]) -> str:
    """The last user message of a run's input as text."""
    if isinstance(given, str):
        return given
    for item in reversed(given):
        content: Any = item.get("content") if isinstance(item, dict) and item.get("role") == "user" else None
        if isinstance(content, str):
            return content
        if isinstance(content, list):
            return " ".join(part["text"] for part in content if isinstance(part, dict) and part.get("text"))
    return ""
