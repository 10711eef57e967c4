"""What a run says while it goes on.

    StreamEvent                          the reference's three families, in the reference's order
    |-- RawResponsesStreamEvent          one event of the model's stream, as it arrived
    |-- RunItemStreamEvent               an item is complete
    `-- AgentUpdatedStreamEvent          another agent is running (also the first event of each run)
    RunSignal                            ours: what the three do not say, as plain data, at once
    |-- RunStarted TurnStarted ModelRequested RetryScheduled ModelSilent UsageUpdated
    |-- CallParsed ToolStarted ToolProgressed ToolPrinted ToolFinished
    |-- ApprovalRequested ApprovalDecided
    |-- InputQueued InputAdded           what somebody says while the run goes on, and that it is taken in
    |-- NestedEvent                      an event of an agent that runs as a tool, with the call it belongs to
    `-- RunFailed RunFinished

`stream_events()` yields the first group; views are fed with both; `stream_events(signals=True)` shows both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Union

import agentcell as ac

from . import openai_types as oai
from .exceptions import ArgumentTypeError
from .items import (
    HandoffCallItem,
    HandoffOutputItem,
    MCPApprovalRequestItem,
    MCPApprovalResponseItem,
    MCPListToolsItem,
    MessageOutputItem,
    ReasoningItem,
    RunItem,
    ToolCallItem,
    ToolCallOutputItem,
    ToolSearchCallItem,
    ToolSearchOutputItem,
)
from .released import HoldsAgents
from .rich_results import RichResult

RunItemName = Literal[
    "message_output_created",
    "handoff_requested",
    "handoff_occured",
    "tool_called",
    "tool_search_called",
    "tool_search_output_created",
    "tool_output",
    "reasoning_item_created",
    "mcp_approval_requested",
    "mcp_approval_response",
    "mcp_list_tools",
]
"""The names of item events; the spelling of `handoff_occured` is the reference's."""

_NAMES: dict[type[Any], RunItemName] = {
    MessageOutputItem: "message_output_created",
    ReasoningItem: "reasoning_item_created",
    ToolCallItem: "tool_called",
    ToolCallOutputItem: "tool_output",
    HandoffCallItem: "handoff_requested",
    HandoffOutputItem: "handoff_occured",
    ToolSearchCallItem: "tool_search_called",
    ToolSearchOutputItem: "tool_search_output_created",
    MCPListToolsItem: "mcp_list_tools",
    MCPApprovalRequestItem: "mcp_approval_requested",
    MCPApprovalResponseItem: "mcp_approval_response",
}


@dataclass(init=False)
class RawResponsesStreamEvent:
    """One event of the model's stream in the format of the Responses API."""

    data: oai.ResponseStreamEvent
    """The event."""
    type: Literal["raw_response_event"] = "raw_response_event"
    """The family."""

    def __init__(
        self,
        data: Any = None,
        type: Literal["raw_response_event"] = "raw_response_event",
        *,
        event: Any = None,
    ) -> None:
        self.data = data if data is not None else event
        self.type = type

    @property
    def event(self) -> oai.ResponseStreamEvent:
        """Another name of `data`."""
        return self.data


@dataclass(init=False)
class RunItemStreamEvent:
    """An item of the run is complete."""

    name: RunItemName
    """What happened."""
    item: RunItem
    """The item, the same object that later stands in `new_items`."""
    type: Literal["run_item_stream_event"] = "run_item_stream_event"
    """The family."""

    def __init__(
        self,
        name: RunItemName | None = None,
        item: Any = None,
        type: Literal["run_item_stream_event"] = "run_item_stream_event",
    ) -> None:
        if item is None:
            raise ArgumentTypeError("RunItemStreamEvent needs an item: RunItemStreamEvent(item=...)")
        found = name or _NAMES.get(item.__class__)
        if found is None:
            raise ArgumentTypeError(f"RunItemStreamEvent takes a RunItem, got {item!r}; or give its name, too")
        self.name = found
        self.item = item
        self.type = type


@dataclass(init=False)
class AgentUpdatedStreamEvent(HoldsAgents):
    """Another agent is running now."""

    AGENTS: ClassVar[tuple[str, ...]] = ("new_agent",)
    """The fields that hold agents."""

    new_agent: ac.Agent[Any]
    """The agent."""
    type: Literal["agent_updated_stream_event"] = "agent_updated_stream_event"
    """The family."""

    def __init__(
        self,
        new_agent: Any = None,
        type: Literal["agent_updated_stream_event"] = "agent_updated_stream_event",
        *,
        agent: Any = None,
    ) -> None:
        self.new_agent = new_agent if new_agent is not None else agent
        self.type = type

    @property
    def agent(self) -> ac.Agent[Any]:
        """Another name of `new_agent`."""
        return self.new_agent


def item_events(items: Iterable[RunItem]) -> list[RunItemStreamEvent]:
    """The events of items, in order; items whose kind has no event, such as compactions, are left out."""
    return [RunItemStreamEvent(item=item) for item in items if item.__class__ in _NAMES]


StreamEvent = Union[RawResponsesStreamEvent, RunItemStreamEvent, AgentUpdatedStreamEvent]
"""What `stream_events()` yields."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins."""

    run_id: str
    """The run's id."""
    prompt: str
    """What the run was asked, as text."""
    started_at: float
    """When, in seconds since 1970."""
    takes_input: bool = True
    """Whether input can be added while the run goes on."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A model call begins."""

    turn: int
    """The turn's number, from 1."""
    agent: str
    """The agent's name."""
    model: str
    """The model's name."""
    is_demo: bool = False
    """Whether the model is the built-in rule model."""
    label: str | None = None
    """How the model wants to be called in views."""
    handoffs: tuple[str, ...] = ()
    """The names of the tools that are handoffs in this turn."""
    structured: bool = False
    """Whether the agent's final output is an object, so that the model writes JSON."""
    output_schema: Mapping[str, Any] | None = field(default=None, repr=False)
    """The JSON schema of that object."""
    tool_schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]], repr=False)
    """The JSON schemas of the arguments of tools and handoffs, by the name under which the model calls them."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class ModelRequested:
    """What the model call of this turn is given; said after `TurnStarted`."""

    instructions: str | None
    """The instructions."""
    kept: int
    """How many items at the beginning of the input are those of the model call before."""
    items: tuple[Mapping[str, Any], ...] = field(repr=False)
    """The items of the input after those: JSON data."""
    tools: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """The tools and handoffs: `name`, `description` and `parameters` of each."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """The settings of the model call that are set."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """A model call has failed before it said anything, and is made again after a wait."""

    attempt: int
    """The number of the failed attempt, from 1."""
    delay: float
    """Seconds until the next one."""
    error: str
    """What went wrong."""
    reason: str | None = None
    """Why it is made again, when the retry policy says."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class ModelSilent:
    """The model has said nothing for a while; said once for each silence."""

    seconds: float
    """How long."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class UsageUpdated:
    """A model call has reported what it cost; all counts are totals of the run."""

    requests: int
    """Model requests."""
    input_tokens: int
    """Tokens sent."""
    output_tokens: int
    """Tokens received."""
    turn_input_tokens: int = 0
    """Tokens sent in this model call."""
    turn_output_tokens: int = 0
    """Tokens received in this model call."""
    turn_cost: float | None = None
    """What this model call cost, in US dollars; `None` when its price is not known."""
    cached_tokens: int = 0
    """Of all tokens sent, those that the provider had cached."""
    reasoning_tokens: int = 0
    """Of all tokens received, those of reasoning."""
    cost: float | None = None
    """What all of this cost, in US dollars; `None` when a price is not known."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class CallParsed:
    """A complete call of a tool or handoff stands in the model's response."""

    call_id: str
    """The call's id."""
    name: str
    """The tool's name."""
    arguments: str
    """The arguments: JSON text."""
    kind: Literal["tool", "handoff"]
    """What is called."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool begins to run."""

    call_id: str
    """The call's id."""
    name: str
    """The tool's name."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class ToolProgressed:
    """A tool reports where it is."""

    call_id: str
    """The call's id."""
    message: str
    """What it says."""
    fraction: float | None = None
    """How far it is, from 0 to 1, when it knows."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class ToolPrinted:
    """A tool wrote something, which went to where it belongs as well."""

    call_id: str
    """The call's id."""
    channel: Literal["stdout", "stderr", "log", "warning"]
    """Where it was written."""
    text: str
    """What was written, with its line ends."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool has ended, before its output event, which waits for its slower siblings."""

    call_id: str
    """The call's id."""
    name: str
    """The tool's name."""
    output: str
    """The result as text."""
    status: Literal["completed", "failed", "cancelled", "rejected"] = "completed"
    """How it ended; `rejected` when a person did not want it, so that it never began."""
    error: str | None = None
    """What went wrong, for people; the model sees `output`."""
    result: RichResult | None = field(default=None, repr=False)
    """The result as what it is, when it is more than text."""
    place: int | None = None
    """Where the object itself stands in the run's `tool_results`, when the tool returned one."""
    traceback: str | None = field(default=None, repr=False)
    """Where it went wrong, as Python's traceback, when the tool raised."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """A call waits for a decision."""

    call_id: str
    """The call's id."""
    name: str
    """The tool's qualified name."""
    arguments: str
    """The arguments that will run, as JSON text."""
    digest: str
    """The digest of tool and arguments, to which a decision is bound."""
    live: bool = False
    """Whether the run waits for the decision, rather than ending with an interruption."""
    schema: Mapping[str, Any] | None = field(default=None, repr=False)
    """The JSON schema of the tool's arguments."""
    description: str = ""
    """What the tool does."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    """Somebody has decided about a call."""

    call_id: str
    """The call's id."""
    approved: bool
    """Whether it may run."""
    message: str | None = None
    """What the model is told of a rejection."""
    arguments: str | None = None
    """The arguments that it runs with, when they were edited: JSON text."""
    by: str | None = None
    """Who decided: `the view`, `result.approve()`, `on_approval`, `the time limit`, `an earlier decision`, ..."""
    always: bool = False
    """Whether the decision is about all further calls of the tool in this run."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class InputQueued:
    """Input was added while the run goes on; it waits for the next turn."""

    number: int
    """Which added input of the run this is, from 1."""
    text: str
    """What was said."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class InputAdded:
    """Input that was added while the run went on has been taken in."""

    text: str
    """What was said."""
    numbers: tuple[int, ...] = ()
    """Which `InputQueued` it consists of."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class NestedEvent:
    """Something that happened inside an agent that runs as a tool."""

    call_id: str
    """The call of the tool."""
    event: LogEvent
    """What happened."""
    at: float
    """When, in seconds since the nested run's start."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The run ended with an error."""

    error_type: str
    """The error's class."""
    message: str
    """The error's text."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run has ended; nothing comes after it."""

    status: Literal["done", "stopped", "failed", "paused"]
    """How it ended; `paused` when calls wait for a person's decision."""
    final_output: str | None = None
    """The final output as text, when there is one."""
    structured: bool = False
    """Whether the final output is an object rather than the last message's text."""
    resumable: bool = False
    """Whether the run can be gone on with: it has paused, or failed in a way that another try may mend."""
    type: Literal["run_signal"] = "run_signal"
    """The family."""


RunSignal = Union[
    RunStarted,
    TurnStarted,
    RetryScheduled,
    ModelSilent,
    ModelRequested,
    UsageUpdated,
    CallParsed,
    ToolStarted,
    ToolProgressed,
    ToolPrinted,
    ToolFinished,
    ApprovalRequested,
    ApprovalDecided,
    InputQueued,
    InputAdded,
    NestedEvent,
    RunFailed,
    RunFinished,
]
"""What a run says beyond the reference's events, as plain data for views."""

LogEvent = Union[StreamEvent, RunSignal]
"""Anything that stands in a run's log."""
