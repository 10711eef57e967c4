"""`Restorer`: what a run says of itself between the reference's three families of events, put back in.

A view is a fold of events and of signals, and openai-agents sends no signals. Most of what they say follows from the
events all the same: the first event of a response begins a turn, its last one carries the usage, a call that stands in
an item has begun, its output has ended it, and how the run ended stands in its result. So the restorer takes one event
after the other and gives it back with the signals that belong around it, and `view.reduce` folds both kinds of runs.

Events are known by their `type`, items by theirs, agents by their attributes: nothing of the other library is
imported. What no event says, such as prints, progress and runs inside a call, stays unsaid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from ..items import HandoffOutputItem, RunItemBase, ToolCallOutputItem, output_text
from ..stream_events import (
    AgentUpdatedStreamEvent,
    ApprovalRequested,
    CallParsed,
    LogEvent,
    RawResponsesStreamEvent,
    RunFailed,
    RunFinished,
    RunItemStreamEvent,
    RunStarted,
    ToolFinished,
    ToolStarted,
    TurnStarted,
    UsageUpdated,
)

_RESPONSE_ENDS = ("response.completed", "response.incomplete", "response.failed")
"""The model's events that end a response."""
FAILED_WORDS = "An error occurred while running the tool"
"""How both libraries begin what they tell the model of a tool that failed, unless they are told otherwise."""
REJECTED_WORDS = "Tool execution was not approved."
"""What both libraries tell the model of a call that was rejected, unless they are told otherwise."""
CANCELLED_WORDS = "The call was cancelled before it finished"
"""How the model is told of a call that was under way when its run was stopped."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    status: Literal["done", "stopped", "failed", "paused"]
    """How."""
    final_output: str | None = None
    """The final output as text."""
    structured: bool = False
    """Whether the final output is an object."""
    error: tuple[str, str] | None = None
    """The class and the text of the error that ended it."""
    waiting: tuple[tuple[str, str, str], ...] = ()
    """The calls that wait for a decision: id, name and arguments of each."""

    @classmethod
    def of(cls, result: Any, error: BaseException | None = None) -> Ending:
        """What a result says, and the error that its stream ended with."""
        if error is not None:
            return cls("failed", error=(type(error).__name__, output_text(error)))
        waiting = tuple(_waiting(item) for item in getattr(result, "interruptions", None) or ())
        if waiting:
            return cls("paused", waiting=waiting)
        output = result.final_output
        if output is None:
            return cls("stopped")
        return cls("done", output_text(output), not isinstance(output, str))


@dataclass(frozen=True, slots=True)
class Named:
    """An agent, as far as a view knows it."""

    name: str
    """Its name."""


class Restorer:
    """The signals of one run, put back between its events; feed it every event in order, then its end."""

    def __init__(self, run_id: str, prompt: str, started_at: float, earlier: Iterable[Any] = ()) -> None:
        self._start: RunStarted | None = RunStarted(run_id, prompt, started_at, takes_input=False)
        self._agent: Any = Named("")
        self._turn = 0
        self._answering = False
        self._used = UsageUpdated(0, 0, 0)
        self._names: dict[str, str] = {}
        self._running: set[str] = set()
        self._earlier = {call_id: item for item in earlier if (call_id := _call_id(item)) and _kind(item) == _CALL}

    def feed(self, event: Any) -> list[LogEvent]:
        """The event as one of ours, with the signals that belong around it."""
        match getattr(event, "type", None):
            case "raw_response_event":
                found = self._raw(event)
            case "run_item_stream_event":
                found = self._item(event)
            case "agent_updated_stream_event":
                found = self._updated(event)
            case _:
                return []
        return self._begun() + found

    def finish(self, ending: Ending) -> list[LogEvent]:
        """What is said at the end of a run."""
        found = self._begun()
        for call_id, name, arguments in ending.waiting:
            if call_id not in self._names:  # of an agent that runs as a tool: its own calls are in no event
                found.append(CallParsed(call_id, name, arguments, "tool"))
            found.append(ApprovalRequested(call_id, name, arguments, ""))
        if ending.error is not None:
            found.append(RunFailed(*ending.error))
        found.append(RunFinished(ending.status, ending.final_output, ending.structured))
        return found

    def _begun(self) -> list[LogEvent]:
        start, self._start = self._start, None
        return [] if start is None else [start]

    def _updated(self, event: Any) -> list[LogEvent]:
        self._agent = event.new_agent
        if isinstance(event, AgentUpdatedStreamEvent):
            return [event]
        return [AgentUpdatedStreamEvent(Named(_name(event.new_agent)))]

    def _raw(self, event: Any) -> list[LogEvent]:
        """A response begins with its first event, whatever that is, and ends with its last."""
        data, found = event.data, cast("list[LogEvent]", [])
        response = getattr(data, "response", None)
        if not self._answering:
            self._answering, self._turn = True, self._turn + 1
            found.append(_turn(self._turn, self._agent, response))
        found.append(event if isinstance(event, RawResponsesStreamEvent) else RawResponsesStreamEvent(data))
        if data.type in _RESPONSE_ENDS:
            self._answering = False
            self._used = _added(self._used, getattr(response, "usage", None))
            found.append(self._used)
        return found

    def _item(self, event: Any) -> list[LogEvent]:
        item = event.item
        call_id = _call_id(item)
        kind = _kind(item)
        if call_id and kind in (_CALL, _HANDOFF_CALL) and _of(item.raw_item, "type") == "function_call":
            return [*self._called(call_id, item), *_ours(event)]
        if call_id and kind == _OUTPUT:
            return [*self._ended(call_id, item), *_ours(event)]
        return _ours(event)

    def _called(self, call_id: str, item: Any) -> list[LogEvent]:
        """A call stands in the response; a tool's begins to run then, as far as events tell."""
        name = self._names[call_id] = str(_of(item.raw_item, "name"))
        arguments = str(_of(item.raw_item, "arguments") or "")
        if _kind(item) == _HANDOFF_CALL:
            return [CallParsed(call_id, name, arguments, "handoff")]
        self._running.add(call_id)
        return [CallParsed(call_id, name, arguments, "tool"), ToolStarted(call_id, name)]

    def _ended(self, call_id: str, item: Any) -> list[LogEvent]:
        """A call has an output; in a run that goes on from a state, the call itself may have come before it."""
        found: list[LogEvent] = []
        if call_id not in self._names and call_id in self._earlier:
            found = self._called(call_id, self._earlier[call_id])
        if call_id in self._running:
            self._running.discard(call_id)
            sent = _of(item.raw_item, "output")
            text = sent if isinstance(sent, str) else output_text(item.output)
            found.append(_finished(call_id, self._names[call_id], text))
        return found


_CALL, _HANDOFF_CALL, _OUTPUT = "tool_call_item", "handoff_call_item", "tool_call_output_item"


def _ours(event: Any) -> list[LogEvent]:
    """An item event as ours; of the other library's, those that say more than the signals do."""
    item = event.item
    if isinstance(item, RunItemBase):
        return [event]
    raw = item.raw_item if isinstance(item.raw_item, dict) else {"call_id": _call_id(item)}
    agent: Any = Named(_name(getattr(item, "agent", None)))
    match _kind(item):
        case "handoff_output_item":
            source: Any = Named(_name(getattr(item, "source_agent", None)))
            target: Any = Named(_name(getattr(item, "target_agent", None)))
            passed = HandoffOutputItem(agent, cast(Any, raw), source, target)
            return [RunItemStreamEvent("handoff_occured", passed)]
        case "tool_call_output_item":
            return [RunItemStreamEvent("tool_output", ToolCallOutputItem(agent, cast(Any, raw), item.output))]
    return []


def _finished(call_id: str, name: str, text: str) -> ToolFinished:
    """The end of a call, by what the model is told: some ends have words of their own in the libraries."""
    if text.startswith(CANCELLED_WORDS):
        return ToolFinished(call_id, name, "", "cancelled")
    if text.startswith(FAILED_WORDS):
        return ToolFinished(call_id, name, text, "failed")
    return ToolFinished(call_id, name, text, "rejected" if text == REJECTED_WORDS else "completed")


def _turn(number: int, agent: Any, response: Any) -> TurnStarted:
    """What is known of a model call, from the agent and from what the provider repeats of the request."""
    handoffs = {_handoff_name(handoff): handoff for handoff in getattr(agent, "handoffs", None) or ()}
    schemas = {name: getattr(handoff, "input_json_schema", None) for name, handoff in handoffs.items()}
    schemas |= {_name(tool): getattr(tool, "params_json_schema", None) for tool in getattr(agent, "tools", None) or ()}
    schemas |= {str(_of(t, "name")): _of(t, "parameters") for t in getattr(response, "tools", None) or ()}
    structured, schema = _output_of(agent, response)
    return TurnStarted(
        number,
        _name(agent),
        str(getattr(response, "model", None) or model_name(agent)),
        handoffs=tuple(handoffs),
        structured=structured,
        output_schema=schema,
        tool_schemas={name: found for name, found in schemas.items() if isinstance(found, Mapping) and found},
    )


def model_name(agent: Any) -> str:
    """The name of an agent's model, as far as the agent says."""
    model = getattr(agent, "model", None)
    return model if isinstance(model, str) else str(getattr(model, "model", None) or "")


def _handoff_name(handoff: Any) -> str:
    """The name under which a model calls a handoff, or an agent that is one; a wrong guess is put right by its item."""
    name = getattr(handoff, "tool_name", None)
    return str(name) if name else re.sub(r"[^a-zA-Z0-9_]", "_", f"transfer_to_{_name(handoff)}").lower()


def _output_of(agent: Any, response: Any) -> tuple[bool, Mapping[str, Any] | None]:
    """Whether the model writes an object, and its schema when that is known."""
    form = _of(getattr(response, "text", None), "format")
    if _of(form, "type") == "json_schema":
        schema = _of(form, "schema_") or _of(form, "schema")
        return True, schema if isinstance(schema, Mapping) else None
    kind: Any = getattr(agent, "output_type", None)
    if not hasattr(kind, "is_plain_text"):
        return kind not in (None, str), None
    if kind.is_plain_text():
        return False, None
    try:
        return True, kind.json_schema()
    except Exception:  # a schema of somebody else's, which only helps to show the output
        return True, None


def _added(before: UsageUpdated, usage: Any) -> UsageUpdated:
    """The usage of a run after one more response."""
    sent, received = (int(_of(usage, name) or 0) for name in ("input_tokens", "output_tokens"))
    cached = int(_of(_of(usage, "input_tokens_details"), "cached_tokens") or 0)
    reasoning = int(_of(_of(usage, "output_tokens_details"), "reasoning_tokens") or 0)
    return UsageUpdated(
        before.requests + 1,
        before.input_tokens + sent,
        before.output_tokens + received,
        turn_input_tokens=sent,
        turn_output_tokens=received,
        cached_tokens=before.cached_tokens + cached,
        reasoning_tokens=before.reasoning_tokens + reasoning,
    )


def _waiting(item: Any) -> tuple[str, str, str]:
    raw = item.raw_item
    name = getattr(item, "tool_name", None) or getattr(item, "name", None) or _of(raw, "name")
    return str(_call_id(item) or ""), str(name or ""), str(_of(raw, "arguments") or "{}")


def _kind(item: Any) -> str:
    return str(getattr(item, "type", ""))


def _call_id(item: Any) -> str | None:
    return _of(getattr(item, "raw_item", None), "call_id")


def _name(thing: Any) -> str:
    return str(getattr(thing, "name", "") or "")


def _of(thing: Any, name: str) -> Any:
    """A field of something that is an object in one library and a dictionary in the other."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
