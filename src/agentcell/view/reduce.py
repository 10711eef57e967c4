"""`reduce(view, event, at) -> view`: the one fold of a run's events into what is shown.

Pure: the same events give the same view, whatever shows it. The model's own stream says early what is being written
(text, arguments of a call); the item events and signals say what is certain. Blocks of one response are addressed by
turn and output index, so that nothing depends on ids that a provider may leave out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..items import HandoffOutputItem, ToolCallOutputItem, output_text
from ..stream_events import (
    AgentUpdatedStreamEvent,
    ApprovalDecided,
    ApprovalRequested,
    CallParsed,
    InputAdded,
    LogEvent,
    ModelSilent,
    NestedEvent,
    RawResponsesStreamEvent,
    RetryScheduled,
    RunFailed,
    RunFinished,
    RunItemStreamEvent,
    RunStarted,
    ToolFinished,
    ToolProgressed,
    ToolStarted,
    TurnStarted,
    UsageUpdated,
)
from .model import Block, Delta, HandoffMark, Notice, RunView, Text, TextBlock, ToolCard, TurnHead

_DELTAS = {
    "response.output_text.delta": ("answer", "content_index"),
    "response.refusal.delta": ("refusal", "content_index"),
    "response.reasoning_summary_text.delta": ("reasoning", "summary_index"),
    "response.reasoning_text.delta": ("reasoning", "content_index"),
    "response.function_call_arguments.delta": ("arguments", ""),
}
"""The model's events that carry growing text: what grows, and the field that numbers the part."""

_GO_ON = """\
state = result.to_state()
{decide}
result = await Runner.run(agent, state)"""
_DECIDE_ONE = "state.approve(state.get_interruptions()[0])  # or state.reject(...)"
_DECIDE_EACH = "for call in state.get_interruptions():\n    state.approve(call)  # or state.reject(call)"
"""How a paused run is gone on with."""

_PART_ENDS = {
    "response.output_text.done": ("answer", "content_index"),
    "response.refusal.done": ("refusal", "content_index"),
    "response.reasoning_summary_text.done": ("reasoning", "summary_index"),
    "response.reasoning_text.done": ("reasoning", "content_index"),
}
"""The model's events that end a part."""


def as_delta(event: LogEvent | Delta) -> Delta | None:
    """An event as a piece of growing text, when it is one."""
    if isinstance(event, Delta):
        return event
    if not isinstance(event, RawResponsesStreamEvent):
        return None
    data: Any = event.data
    known = _DELTAS.get(data.type)
    if known is None:
        return None
    kind, part = known
    part_index = getattr(data, part, 0) if part else 0
    return Delta(kind, data.output_index, part_index, data.delta)  # type: ignore[arg-type]


def reduce(view: RunView, event: LogEvent | Delta, at: float) -> RunView:
    """The view after `event`, which happened `at` seconds after the run's start."""
    view = replace(view, elapsed=at)
    match event:
        case Delta():
            return _grow(view, event)
        case RawResponsesStreamEvent():
            delta = as_delta(event)
            return _grow(view, delta) if delta is not None else _raw(view, event.data)
        case RunItemStreamEvent():
            return _item(view, event.item)
        case AgentUpdatedStreamEvent():
            return replace(view, agent=event.name_of("new_agent"))
        case RunStarted():
            started = replace(view, run_id=event.run_id, prompt=event.prompt, started_at=event.started_at)
            return replace(started, state="thinking")
        case TurnStarted():
            return _begin_turn(view, event)
        case UsageUpdated():
            return replace(
                view,
                requests=event.requests,
                input_tokens=event.input_tokens,
                output_tokens=event.output_tokens,
            )
        case CallParsed():
            return _parsed(view, event)
        case ToolStarted():
            waiting = bool(view.open_questions)
            view = replace(view, running_tools=view.running_tools + 1, state="waiting" if waiting else "tools")
            return _update(view, event.call_id, state="running", started=at)
        case ToolProgressed():
            return _update(view, event.call_id, progress=event.message, fraction=event.fraction)
        case ToolFinished():
            return _tool_finished(view, event)
        case ApprovalRequested():
            view = replace(view, open_questions=view.open_questions + 1, state="waiting")
            arguments = Text(event.arguments)
            return _update(view, event.call_id, state="asking", arguments=arguments, live=event.live)
        case ApprovalDecided():
            return _decided(view, event, event.call_id)
        case NestedEvent():
            return _nested(view, event)
        case RetryScheduled():
            told = f"{event.error} \u2014 trying again in {event.delay:.1f} s (attempt {event.attempt + 1})."
            return _add(view, Notice(f"t{view.turn}.retry{event.attempt}", "retry", "The model did not answer", told))
        case ModelSilent():
            told = f"Nothing has come from it for {event.seconds:.0f} s; the run goes on waiting."
            return _add(view, Notice(f"s{len(view.blocks)}", "silent", "The model is silent", told))
        case InputAdded():
            return _add(view, Notice(f"i{len(view.blocks)}", "input", "Input added", event.text))
        case RunFailed():
            notice = Notice("error", "error", event.error_type, event.message)
            return _add(replace(view, error=f"{event.error_type}: {event.message}"), notice)
        case RunFinished():
            return _finish(view, event)
    return view


def _add(view: RunView, block: Block, *more_ids: str) -> RunView:
    place = len(view.blocks)
    return replace(view, blocks=view.blocks.append(block), index=view.index.put(place, block.id, *more_ids))


def _set(view: RunView, place: int, block: Block) -> RunView:
    return replace(view, blocks=view.blocks.replace(place, block))


def _update(view: RunView, block_id: str, **changes: Any) -> RunView:
    """Change fields of a tool card; calls that were never seen are none of the view's business."""
    found = view.find(block_id)
    if found is None or not isinstance(found[1], ToolCard):
        return view
    return _set(view, found[0], replace(found[1], **changes))


def _begin_turn(view: RunView, event: TurnStarted) -> RunView:
    last = next((b for b in _newest(view) if isinstance(b, (TurnHead, HandoffMark))), None)
    known = last.target if isinstance(last, HandoffMark) else last.agent if last is not None else None
    if last is None and any(
        isinstance(block, ToolCard) for block in view.blocks
    ):  # a run that goes on from a state begins with calls, and the header names it
        known = view.agent
    head = TurnHead(
        f"t{event.turn}",
        event.turn,
        event.agent,
        event.model,
        started=view.elapsed,
        new_agent=known != event.agent,
    )
    view = replace(
        view,
        turn=event.turn,
        agent=event.agent,
        model=event.model,
        label=event.label,
        is_demo=view.is_demo or event.is_demo,
        state="thinking",
        handoff_tools=event.handoffs,
        writes_data=event.structured,
        running_tools=0,
        open_questions=0,
    )
    return _add(view, head)


def _newest(view: RunView) -> Any:
    return (view.blocks[i] for i in range(len(view.blocks) - 1, -1, -1))


def _turn_head(view: RunView, **changes: Any) -> RunView:
    found = view.find(f"t{view.turn}")
    return view if found is None else _set(view, found[0], replace(found[1], **changes))


def _first_token(view: RunView) -> RunView:
    """Note when the response began to arrive."""
    found = view.find(f"t{view.turn}")
    if found is not None and isinstance(found[1], TurnHead) and found[1].first_token is None:
        view = _set(view, found[0], replace(found[1], first_token=view.elapsed))
    return view if view.state == "streaming" else replace(view, state="streaming")


def _grow(view: RunView, delta: Delta) -> RunView:
    """Add a piece to the text that it belongs to."""
    view = _first_token(view)
    if delta.kind == "arguments":
        found = view.find(f"t{view.turn}.{delta.output_index}")
        if found is None:
            return view
        place, call = found
        if not isinstance(call, (ToolCard, HandoffMark)):
            return view
        return _set(view, place, replace(call, arguments=call.arguments.grown(delta.text)))
    block_id = _text_id(view, delta.kind, delta.output_index, delta.part_index)
    found = view.find(block_id)
    if found is None:
        return _add(view, TextBlock(block_id, _text_kind(view, delta.kind), view.agent, Text(delta.text)))
    place, block = found
    assert isinstance(block, TextBlock)
    return _set(view, place, replace(block, text=block.text.grown(delta.text)))


def _text_id(view: RunView, kind: str, output_index: int, part_index: int) -> str:
    return f"t{view.turn}.{output_index}.{kind[0]}{part_index}"


def _text_kind(view: RunView, kind: Any) -> Any:
    return "data" if kind == "answer" and view.writes_data else kind


def _raw(view: RunView, data: Any) -> RunView:
    """The model's events that are not growing text."""
    kind = data.type
    if kind == "response.output_item.added" and data.item.type == "function_call":
        return _begin_call(_first_token(view), data.output_index, data.item)
    if kind == "response.output_item.done" and data.item.type == "function_call":
        return _end_call(_begin_call(view, data.output_index, data.item), data.output_index, data.item)
    if kind in _PART_ENDS:
        text_kind, part = _PART_ENDS[kind]
        return _end_text(view, text_kind, data, getattr(data, part))
    if kind == "response.completed":
        return _turn_head(view, ended=view.elapsed)
    return view


def _end_text(view: RunView, kind: Any, data: Any, part_index: int) -> RunView:
    """A part is complete; a text that came without deltas appears at once."""
    block_id = _text_id(view, kind, data.output_index, part_index)
    found = view.find(block_id)
    if found is None:
        whole = getattr(data, "text", None) or getattr(data, "refusal", "")
        block = TextBlock(block_id, _text_kind(view, kind), view.agent, Text(whole), done=True)
        return _add(_first_token(view), block) if whole else view
    return _set(view, found[0], replace(found[1], done=True))


def _begin_call(view: RunView, output_index: int, item: Any) -> RunView:
    """A call appears as soon as its name is known."""
    block_id = f"t{view.turn}.{output_index}"
    if view.find(block_id) is not None:
        return view
    call_id = item.call_id or block_id
    if item.name in view.handoff_tools:
        return _add(view, HandoffMark(block_id, call_id, view.agent, item.name, Text()), call_id)
    return _add(view, ToolCard(block_id, call_id, item.name, Text()), call_id)


def _end_call(view: RunView, output_index: int, item: Any) -> RunView:
    """The arguments are complete; what came as deltas stays, so that it is not written again."""
    found = view.find(f"t{view.turn}.{output_index}")
    if found is None:
        return view
    place, block = found
    if not isinstance(block, (ToolCard, HandoffMark)):
        return view
    if str(block.arguments) != item.arguments:
        block = replace(block, arguments=Text(item.arguments))
    if isinstance(block, ToolCard) and block.state == "writing":
        block = replace(block, state="called")
    return _set(view, place, block)


def _parsed(view: RunView, event: CallParsed) -> RunView:
    """The loop has accepted a call; one that the stream did not show appears now."""
    if view.find(event.call_id) is not None:
        return view
    arguments = Text(event.arguments)
    if event.kind == "handoff":
        mark = HandoffMark(f"c.{event.call_id}", event.call_id, view.agent, event.name, arguments)
        return _add(view, mark, event.call_id)
    return _add(view, ToolCard(f"c.{event.call_id}", event.call_id, event.name, arguments, "called"), event.call_id)


def _decided(view: RunView, event: ApprovalDecided, block_id: str) -> RunView:
    """A person, or a program in a person's place, has answered."""
    found = view.find(block_id)
    if found is not None and isinstance(found[1], ToolCard) and found[1].state == "asking":
        view = replace(view, open_questions=max(0, view.open_questions - 1))
    view = replace(view, state="waiting" if view.open_questions else "tools")
    changes = {} if event.arguments is None else {"arguments": Text(event.arguments), "edited": True}
    return _update(view, block_id, state="called", **changes)


def _nested(view: RunView, event: NestedEvent) -> RunView:
    """Of what happens inside an agent that runs as a tool only the calls that somebody must decide on are shown."""
    block_id, inner, outer = f"n.{event.call_id}", event.event, view.find(event.call_id)
    while isinstance(inner, NestedEvent):
        block_id, inner = f"{block_id}.{inner.call_id}", inner.event
    if not isinstance(inner, (ApprovalRequested, ApprovalDecided, ToolStarted, ToolFinished)):
        return view
    block_id = f"{block_id}.{inner.call_id}"
    match inner:
        case ApprovalRequested():
            view = replace(view, open_questions=view.open_questions + 1, state="waiting")
            caller = f"{outer[1].name} \u203a " if outer is not None and isinstance(outer[1], ToolCard) else ""
            name, arguments = caller + inner.name, Text(inner.arguments)
            if view.find(block_id) is None:
                view = _add(view, ToolCard(block_id, inner.call_id, name, arguments))
            return _update(view, block_id, state="asking", arguments=arguments, live=inner.live)
        case ApprovalDecided():
            return view if view.find(block_id) is None else _decided(view, inner, block_id)
        case ToolStarted():
            return _update(view, block_id, state="running", started=view.elapsed)
        case ToolFinished():
            return _ended(view, inner, block_id)


def _tool_finished(view: RunView, event: ToolFinished) -> RunView:
    found = view.find(event.call_id)
    if found is None or not isinstance(found[1], ToolCard) or found[1].state == "running":  # rejected ones never ran
        view = replace(view, running_tools=max(0, view.running_tools - 1))
    return _ended(view, event, event.call_id)


def _ended(view: RunView, event: ToolFinished, block_id: str) -> RunView:
    return _update(
        view,
        block_id,
        state=event.status,
        output=event.output or None,
        error=event.error,
        ended=view.elapsed,
        fraction=None,
    )


def _item(view: RunView, item: Any) -> RunView:
    """What the item events add to what the stream and the signals have said."""
    if isinstance(item, HandoffOutputItem):
        found = view.find(str(item.raw_item.get("call_id")))
        if found is not None and isinstance(found[1], HandoffMark):
            return _set(view, found[0], replace(found[1], target=item.name_of("target_agent"), state="done"))
        mark = HandoffMark(
            f"h{len(view.blocks)}", "", item.name_of("source_agent"), "", Text(), item.name_of("target_agent"), "done"
        )
        return _add(view, mark)
    if isinstance(item, ToolCallOutputItem) and item.call_id:
        found = view.find(item.call_id)
        if found is None:
            return view
        place, block = found
        if isinstance(block, HandoffMark) and block.state == "asked":
            return _set(view, place, replace(block, state="ignored"))
        if isinstance(block, ToolCard) and block.state in ("writing", "called", "running"):
            done = replace(block, state="completed", output=output_text(item.output), ended=view.elapsed)
            return _set(view, place, done)
    return view


def _finish(view: RunView, event: RunFinished) -> RunView:
    """Settle everything that was under way."""
    for place in range(len(view.blocks)):
        block = view.blocks[place]
        match block:
            case TextBlock(done=False):
                view = _set(view, place, replace(block, done=True, cut=event.status != "done"))
            case ToolCard(state="asking") if event.status == "paused":
                view = _set(view, place, replace(block, live=False))
            case ToolCard(state="running") if event.status == "paused":  # an agent, whose own call waits
                view = _set(view, place, replace(block, state="called", started=None))
            case ToolCard(state="writing" | "called" | "running" | "asking"):
                view = _set(view, place, replace(block, state="cancelled", ended=view.elapsed))
            case TurnHead(ended=None):
                view = _set(view, place, replace(block, ended=view.elapsed))
    if event.status == "stopped":
        view = _add(view, Notice("stopped", "stopped", "Stopped", "The run was stopped before its end."))
    if event.status == "paused":
        waiting = sum(isinstance(b, ToolCard) and b.state == "asking" for b in _newest(view))
        what = "A call waits" if waiting == 1 else f"{waiting} calls wait"
        told = f"{what} for approval. Decide, and go on, in any cell or, with the stored state, in any kernel:"
        code = _GO_ON.format(decide=_DECIDE_ONE if waiting == 1 else _DECIDE_EACH)
        view = _add(view, Notice("paused", "paused", "Paused", told, code))
    return replace(
        view,
        state=event.status,
        final_output=event.final_output,
        structured=event.structured,
        running_tools=0,
        open_questions=0,
    )
