"""`RunState`: the one mutable object of a run.

Results, views and handles are faces of it; the loop alone changes it, apart from the two flags that `cancel` sets.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal

from .. import openai_types as oai
from ..agent import Agent
from ..exceptions import AgentsException, RunErrorDetails, UserError
from ..guardrail import InputGuardrailResult, OutputGuardrailResult
from ..items import ItemHelpers, ModelResponse, RunItem, as_input_list, output_text
from ..released import HoldsAgents
from ..run_config import DEFAULT_MAX_TURNS, RunConfig
from ..run_context import RunContextWrapper, TContext
from ..stream_events import LogEvent, RawResponsesStreamEvent, RunFailed, RunFinished, RunStarted
from ..tool_guardrails import ToolInputGuardrailResult, ToolOutputGuardrailResult
from .hooks import Hooks
from .log import EventLog

RunStatus = Literal["prepared", "running", "done", "stopped", "failed"]
"""Where a run is; the last three are ends."""

_numbers = itertools.count(1)


@dataclass(eq=False)
class RunState(HoldsAgents, Generic[TContext]):
    """Everything about one run."""

    AGENTS = ("starting_agent", "current_agent", "started_agent")

    context: RunContextWrapper[TContext]
    """The user's object and the usage so far."""
    original_input: str | list[oai.ResponseInputItemParam]
    """What the run was asked."""
    starting_agent: Agent[TContext]
    """Who begins."""
    max_turns: int | None = DEFAULT_MAX_TURNS
    """How many model calls the run may make; `None` for no limit."""
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
    input_guardrail_results: list[InputGuardrailResult] = field(default_factory=list)
    """What the input guardrails found."""
    output_guardrail_results: list[OutputGuardrailResult] = field(default_factory=list)
    """What the output guardrails found."""
    tool_input_guardrail_results: list[ToolInputGuardrailResult] = field(default_factory=list)
    """What the guardrails of tools' arguments found."""
    tool_output_guardrail_results: list[ToolOutputGuardrailResult] = field(default_factory=list)
    """What the guardrails of tools' outputs found."""
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
    task: asyncio.Task[Any] | None = None
    """The task that drives the run, once it has started."""

    def __post_init__(self) -> None:
        as_input_list(self.original_input)
        limit = self.max_turns
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
            raise UserError(f"max_turns must be a whole number of at least 1, or None for no limit; got {limit!r}")
        self.current_agent = self.starting_agent
        self.model_input = self.original_input
        self.history = ItemHelpers.input_to_new_input_list(self.original_input)
        self.log.on_abandoned = self.cancel

    @property
    def finished(self) -> bool:
        """Whether the run has ended, in whatever way."""
        return self.status in ("done", "stopped", "failed")

    def say(self, event: LogEvent) -> None:
        """Put an event into the log; on the run's own loop."""
        self.log.append(event)

    def begin(self) -> None:
        """Note that the run has started."""
        self.status = "running"
        self.say(RunStarted(self.run_id, prompt_text(self.original_input), time.time()))

    def record(self, items: list[RunItem], response: ModelResponse | None = None) -> None:
        """Take in a finished turn, or a message that no model has made."""
        self.new_items.extend(items)
        self.model_items.extend(items)
        if response is not None:
            self.raw_responses.append(response)
        self.history.extend(item.to_input_item() for item in items)

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
        try:
            here = asyncio.get_running_loop() is loop
        except RuntimeError:
            here = False
        if here:
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
        self.error = error
        self.say(RunFailed(type(error).__name__, output_text(error)))
        self.finish("failed")

    def finish(self, status: Literal["done", "stopped", "failed"]) -> None:
        """End the run and its log."""
        if self.finished:
            return
        self.status = status
        output = self.final_output
        self.say(
            RunFinished(
                status,
                final_output=None if output is None else output_text(output),
                structured=output is not None and not isinstance(output, str),
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
