"""`reduce(view, event, at) -> view`: the one fold of a run's events into what is shown.

Pure: the same events give the same view, whatever shows it. The model's own stream says early what is being written
(text, arguments of a call); the item events and signals say what is certain. Blocks of one response are addressed by
turn and output index, so that nothing depends on ids that a provider may leave out.
"""

from __future__ import annotations

from typing import Any

from ..items import HandoffOutputItem, ToolCallOutputItem, output_text
from ..stream_events import (
    AgentUpdatedStreamEvent,
    ApprovalDecided,
    ApprovalRequested,
    CallParsed,
    InputAdded,
    InputQueued,
    LogEvent,
    ModelRequested,
    ModelSilent,
    NestedEvent,
    RawResponsesStreamEvent,
    RetryScheduled,
    RunFailed,
    RunFinished,
    RunItemStreamEvent,
    RunStarted,
    ToolFinished,
    ToolPrinted,
    ToolProgressed,
    ToolStarted,
    TurnStarted,
    UsageUpdated,
)
from .citing import CITES, cited, with_sources
from .deciding import asked, asking, decided, how_to_go_on
from .deltas import as_delta, with_print
from .model import (
    Block,
    Delta,
    HandoffMark,
    ModelRequest,
    Notice,
    RunState,
    RunView,
    Text,
    TextBlock,
    ToolCard,
    TurnHead,
    at_provider,
    call_key,
)
from .replacing import replace
from .sequence import Sequence

_PART_ENDS = {
    "response.output_text.done": ("answer", "content_index"),
    "response.refusal.done": ("refusal", "content_index"),
    "response.reasoning_summary_text.done": ("reasoning", "summary_index"),
    "response.reasoning_text.done": ("reasoning", "content_index"),
}
"""The model's events that end a part."""


def reduce(view: RunView, event: LogEvent | Delta, at: float) -> RunView:
    """The view after `event`, which happened `at` seconds after the run's start."""
    view = replace(view, elapsed=at)
    match event:
        case Delta(calls=()):
            return _grow(view, event)
        case Delta(calls=(outer, *inner)):
            return _inside(view, outer, replace(event, calls=tuple(inner)), None)
        case RawResponsesStreamEvent():
            delta = as_delta(event)
            return _grow(view, delta) if delta is not None else _raw(view, event.data)
        case RunItemStreamEvent():
            return _item(view, event.item)
        case AgentUpdatedStreamEvent():
            return replace(view, agent=event.name_of("new_agent"))
        case RunStarted():
            return _begin(view, event)
        case TurnStarted():
            return _begin_turn(view, event)
        case ModelRequested():
            return _requested(view, event)
        case UsageUpdated():
            return _used(view, event)
        case CallParsed():
            return _parsed(view, event)
        case ToolStarted():
            waiting = bool(view.open_questions)
            view = replace(view, running_tools=view.running_tools + 1, state="waiting" if waiting else "tools")
            return _update(view, event.call_id, state="running", started=at)
        case ToolProgressed():
            return _update(view, event.call_id, progress=event.message, fraction=event.fraction)
        case ToolPrinted():
            return _printed(view, event)
        case ToolFinished():
            return _tool_finished(view, event)
        case ApprovalRequested():
            return _asked(view, event)
        case ApprovalDecided():
            return _decided(view, event)
        case NestedEvent():
            return _inside(view, event.call_id, event.event, event.at)
        case RetryScheduled():
            told = f"{event.error} \u2014 trying again in {event.delay:.1f} s (attempt {event.attempt + 1})."
            name = f"{_turn_id(view)}.retry{event.attempt}"
            retry = Notice(name, "retry", "The model did not answer", told, pending=True, until=at + event.delay)
            return _await(view, retry)
        case ModelSilent():
            told = f"Nothing has come from it for {event.seconds:.0f} s; the run goes on waiting."
            name = f"{view.path}s{len(view.blocks)}"
            return _await(view, Notice(name, "silent", "The model is silent", told, pending=True))
        case InputQueued():
            name = f"{view.path}i{event.number}"
            return _add(view, Notice(name, "input", "Input waits for the next turn", event.text, pending=True))
        case InputAdded():
            return _taken_in(view, event)
        case RunFailed():
            notice = Notice(_free(view, "error"), "error", event.error_type, event.message)
            return _add(replace(view, error=f"{event.error_type}: {event.message}"), notice)
        case RunFinished():
            return _finish(view, event)
    return view


def _begin(view: RunView, event: RunStarted) -> RunView:
    """The run begins, or is gone on with after an end, which was none then."""
    view = replace(view, run_id=event.run_id, state="thinking", takes_input=event.takes_input and not view.path)
    if not view.started_at:
        return replace(view, prompt=event.prompt, started_at=event.started_at)
    found = view.find(view.pause) if view.pause is not None else None
    if found is not None:
        view = _set(view, found[0], replace(found[1], title="Paused and gone on with", text="", code=""))
    return replace(view, part=view.part + 1, resumable=False, error=None, final_output=None, pause=None, request=None)


def _turn_id(view: RunView) -> str:
    """The id of the turn's head; one that is made again after an end has another."""
    return f"{view.path}p{view.part}.t{view.turn}" if view.part else f"{view.path}t{view.turn}"


def _free(view: RunView, name: str) -> str:
    """An id for a block that may come again when the run is gone on with."""
    return f"{view.path}{name}{view.part or ''}"


def _add(view: RunView, block: Block, *call_ids: str) -> RunView:
    place, calls = len(view.blocks), (call_key(call_id) for call_id in call_ids)
    return replace(view, blocks=view.blocks.append(block), index=view.index.put(place, block.id, *calls))


def _set(view: RunView, place: int, block: Block) -> RunView:
    return replace(view, blocks=view.blocks.replace(place, block))


def _update(view: RunView, call_id: str, **changes: Any) -> RunView:
    """Change fields of a tool card; calls that were never seen are none of the view's business."""
    found = view.find_call(call_id)
    if found is None or not isinstance(found[1], ToolCard):
        return view
    return _set(view, found[0], replace(found[1], **changes))


def _await(view: RunView, notice: Notice) -> RunView:
    """Add a notice that is about what is still to come."""
    return replace(_add(_arrived(view), notice), waits=notice.id)


def _arrived(view: RunView) -> RunView:
    """What was waited for has come."""
    found = None if view.waits is None else view.find(view.waits)
    if found is None:
        return view
    return replace(_set(view, found[0], replace(found[1], pending=False, until=None)), waits=None)


def _taken_in(view: RunView, event: InputAdded) -> RunView:
    """Added input that waited goes into the next turn."""
    waited = [found for number in event.numbers if (found := view.find(f"{view.path}i{number}")) is not None]
    if not waited:
        return _add(view, Notice(f"{view.path}i.{len(view.blocks)}", "input", "Input added", event.text))
    for place, notice in waited:
        view = _set(view, place, replace(notice, title="Input added", pending=False))
    return view


def _requested(view: RunView, event: ModelRequested) -> RunView:
    """What the model is given, and whether a handoff before has changed what is passed on."""
    before = view.request
    kept = Sequence[Any]() if before is None else before.items
    if len(kept) != event.kept:
        if before is not None and event.kept < len(kept) and not at_provider(event.settings):
            view = _filtered(view)
        was, kept = kept, Sequence[Any]()
        for index in range(min(event.kept, len(was))):
            kept = kept.append(was[index])
    for item in event.items:
        kept = kept.append(item)
    if before is not None:
        before = replace(before, before=None)
    request = ModelRequest(event.instructions, kept, event.kept, event.tools, event.settings, before)
    return _turn_head(replace(view, request=request), request=request)


def _filtered(view: RunView) -> RunView:
    """Say so at the handoff before this turn, when there is one."""
    place = len(view.blocks) - 1
    while place >= 0 and isinstance(view.blocks[place], (TurnHead, Notice)):
        place -= 1
    mark = view.blocks[place] if place >= 0 else None
    return _set(view, place, replace(mark, filtered=True)) if isinstance(mark, HandoffMark) else view


def _used(view: RunView, event: UsageUpdated) -> RunView:
    """What the model call has reported; a run inside another adds its own up, the outermost takes the totals."""
    view = _turn_head(view, input_tokens=event.turn_input_tokens, output_tokens=event.turn_output_tokens)
    head = view.find(f"{view.path}t{view.turn}")
    if head is not None and isinstance(head[1], TurnHead) and head[1].first_token is not None:
        lasted = (head[1].ended or view.elapsed) - head[1].first_token
        view = replace(
            view,
            streamed_tokens=view.streamed_tokens + event.turn_output_tokens,
            streamed_for=view.streamed_for + lasted,
        )
    if not view.path:
        return _totals(view, event)
    first = not view.requests
    known = event.turn_cost is not None and (first or view.cost is not None)
    return replace(
        view,
        requests=view.requests + 1,
        input_tokens=view.input_tokens + event.turn_input_tokens,
        output_tokens=view.output_tokens + event.turn_output_tokens,
        cost=(view.cost or 0.0) + (event.turn_cost or 0.0) if known else None,
    )


def _totals(view: RunView, event: UsageUpdated) -> RunView:
    return replace(
        view,
        requests=event.requests,
        input_tokens=event.input_tokens,
        output_tokens=event.output_tokens,
        cached_tokens=event.cached_tokens,
        reasoning_tokens=event.reasoning_tokens,
        cost=event.cost,
    )


def _printed(view: RunView, event: ToolPrinted) -> RunView:
    found = view.find_call(event.call_id)
    if found is None or not isinstance(found[1], ToolCard):
        return view
    return _set(view, found[0], with_print(found[1], event.channel, event.text))


def _passed_on(view: RunView, agent: str) -> RunView:
    """Settle a handoff of which no output was said, because its own filter has taken it out of the conversation."""
    place = len(view.blocks) - 1
    mark = view.blocks[place] if place >= 0 else None
    if not isinstance(mark, HandoffMark) or mark.state != "asked" or mark.source == agent:
        return view
    return _set(view, place, replace(mark, target=agent, state="done", filtered=True, at=view.elapsed))


def _begin_turn(view: RunView, event: TurnStarted) -> RunView:
    view = _passed_on(view, event.agent)
    last = next((b for b in reversed(view.blocks) if isinstance(b, (TurnHead, HandoffMark))), None)
    known = last.target if isinstance(last, HandoffMark) else last.agent if last is not None else None
    if last is None and any(
        isinstance(block, ToolCard) for block in view.blocks
    ):  # a run that goes on from a state begins with calls, and the header names it
        known = view.agent
    head = TurnHead(
        _turn_id(replace(view, turn=event.turn)),
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
        output_schema=event.output_schema,
        tool_schemas=event.tool_schemas,
        running_tools=0,
        open_questions=0,
    )
    return _add(_arrived(view), head)


def _turn_head(view: RunView, **changes: Any) -> RunView:
    found = view.find(_turn_id(view))
    return view if found is None else _set(view, found[0], replace(found[1], **changes))


def _first_token(view: RunView, at: float | None = None) -> RunView:
    """Note when the response began to arrive."""
    at = view.elapsed if at is None else at
    view = _arrived(view)
    found = view.find(_turn_id(view))
    if found is not None and isinstance(found[1], TurnHead) and found[1].first_token is None:
        view = _set(view, found[0], replace(found[1], first_token=at))
        if view.first_token is None:
            view = replace(view, first_token=at)
    return view if view.state == "streaming" else replace(view, state="streaming")


def _grow(view: RunView, delta: Delta) -> RunView:
    """Add a piece to the text that it belongs to."""
    view = _first_token(view, delta.since)
    if delta.kind == "arguments":
        found = view.find(_output_id(view, delta.output_index))
        if found is None:
            return view
        place, call = found
        if not isinstance(call, (ToolCard, HandoffMark)):
            return view
        return _set(view, place, replace(call, arguments=call.arguments.grown(delta.text)))
    block_id = _text_id(view, delta.kind, delta.output_index, delta.part_index)
    found = view.find(block_id)
    if found is None:
        return _add(view, _new_text(view, block_id, delta.kind, delta.text))
    place, block = found
    assert isinstance(block, TextBlock)
    return _set(view, place, replace(block, text=block.text.grown(delta.text)))


def _output_id(view: RunView, output_index: int) -> str:
    return f"{_turn_id(view)}.{output_index}"


def _text_id(view: RunView, kind: str, output_index: int, part_index: int) -> str:
    return f"{_output_id(view, output_index)}.{kind[0]}{part_index}"


def _new_text(view: RunView, block_id: str, kind: Any, text: str, *, done: bool = False) -> TextBlock:
    data = kind == "answer" and view.writes_data
    schema = view.output_schema if data else None
    return TextBlock(block_id, "data" if data else kind, view.agent, Text(text), done=done, schema=schema)


def _raw(view: RunView, data: Any) -> RunView:
    """The model's events that are not growing text."""
    kind = data.type
    if kind in CITES:
        view = _cite(view, data)
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
        return _add(_first_token(view), _new_text(view, block_id, kind, whole, done=True)) if whole else view
    return _set(view, found[0], replace(found[1], done=True))


def _cite(view: RunView, data: Any) -> RunView:
    """Note what an answer cites."""
    for part_index, found, whole in cited(data):
        text = view.find(_text_id(view, "answer", data.output_index, part_index))
        if text is not None and isinstance(text[1], TextBlock):
            view = _set(view, text[0], with_sources(text[1], found, whole=whole))
    return view


def _begin_call(view: RunView, output_index: int, item: Any) -> RunView:
    """A call appears as soon as its name is known."""
    block_id = _output_id(view, output_index)
    if view.find(block_id) is not None:
        return view
    call_id = item.call_id or block_id
    schema = view.tool_schemas.get(item.name)
    if item.name in view.handoff_tools:
        return _add(view, HandoffMark(block_id, call_id, view.agent, item.name, Text(), schema=schema), call_id)
    return _add(view, ToolCard(block_id, call_id, item.name, Text(), schema=schema, agent=view.agent), call_id)


def _end_call(view: RunView, output_index: int, item: Any) -> RunView:
    """The arguments are complete; what came as deltas stays, so that it is not written again."""
    found = view.find(_output_id(view, output_index))
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
    """The loop has accepted a call; one that the stream did not show appears now.

    Where nothing has said which tools are handoffs, a card may turn out to be one.
    """
    found = view.find_call(event.call_id)
    if found is not None:
        place, card = found
        if event.kind == "tool" or not isinstance(card, ToolCard):
            return view
        mark = HandoffMark(card.id, card.call_id, view.agent, card.name, card.arguments, schema=card.schema)
        return _set(view, place, mark)
    block_id, arguments = f"{view.path}c.{event.call_id}", Text(event.arguments)
    schema = view.tool_schemas.get(event.name)
    if event.kind == "handoff":
        mark = HandoffMark(block_id, event.call_id, view.agent, event.name, arguments, schema=schema)
        return _add(view, mark, event.call_id)
    card = ToolCard(block_id, event.call_id, event.name, arguments, "called", schema=schema, agent=view.agent)
    return _add(view, card, event.call_id)


def _asked(view: RunView, event: ApprovalRequested) -> RunView:
    """A call waits for a decision about exactly what is shown."""
    found = view.find_call(event.call_id)
    card = found[1] if found is not None and isinstance(found[1], ToolCard) else None
    waits_already = card is not None and card.state == "asking"  # of a run that was gone on with undecided
    view = replace(view, open_questions=view.open_questions + (not waits_already), state="waiting")
    return view if found is None or card is None else _set(view, found[0], asked(card, event, view.elapsed))


def _decided(view: RunView, event: ApprovalDecided) -> RunView:
    """A person, or a program in a person's place, has answered."""
    found = view.find_call(event.call_id)
    if found is None or not isinstance(found[1], ToolCard):
        return view
    card = found[1]
    if card.state != "asking" and card.decided_at is not None:  # a run that is gone on with says it once more
        return replace(view, state=_busy(view, view.open_questions))
    if card.state == "asking":
        view = replace(view, open_questions=max(0, view.open_questions - 1))
    view = replace(view, state=_busy(view, view.open_questions))
    return _still_paused(_set(view, found[0], decided(card, event, view.elapsed)))


def _still_paused(view: RunView) -> RunView:
    """Say anew at the notice of a paused run how many calls wait."""
    found = None if view.pause is None else view.find(view.pause)
    if found is None:
        return view
    told, code = how_to_go_on(view.open_questions)
    return _set(view, found[0], replace(found[1], text=told, code=code))


def _busy(view: RunView, questions: int) -> RunState:
    """What the run is doing while calls run or wait; a run that has ended stays what it is."""
    return view.state if view.finished else "waiting" if questions else "tools"


def _inside(view: RunView, call_id: str, event: LogEvent | Delta, inner_at: float | None) -> RunView:
    """Fold what happens inside an agent that runs as a tool into the view inside its card."""
    found = view.find_call(call_id)
    if found is None or not isinstance(found[1], ToolCard):
        return view
    place, card = found[0], found[1]
    before = card.inner
    if before is None:
        began = view.elapsed - (inner_at or 0.0)
        before = RunView(path=f"{card.id}/", began=began)
    if isinstance(event, Delta) and event.since is not None:
        event = replace(event, since=event.since - before.began)
    after = reduce(before, event, view.elapsed - before.began)
    view = _set(view, place, replace(card, inner=after))
    questions = after.open_questions - before.open_questions
    if questions:
        still = max(0, view.open_questions + questions)
        view = _still_paused(replace(view, open_questions=still, state=_busy(view, still)))
    while isinstance(event, NestedEvent):
        event = event.event
    return _totals(view, event) if isinstance(event, UsageUpdated) and not view.path else view


def _tool_finished(view: RunView, event: ToolFinished) -> RunView:
    found = view.find_call(event.call_id)
    if found is None or not isinstance(found[1], ToolCard) or found[1].state == "running":  # rejected ones never ran
        view = replace(view, running_tools=max(0, view.running_tools - 1))
    return _update(
        view,
        event.call_id,
        state=event.status,
        output=event.output or None,
        error=event.error,
        ended=view.elapsed,
        fraction=None,
        result=event.result,
        place=event.place,
        traceback=event.traceback,
    )


def _item(view: RunView, item: Any) -> RunView:
    """What the item events add to what the stream and the signals have said."""
    if isinstance(item, HandoffOutputItem):
        found = view.find_call(str(item.raw_item.get("call_id")))
        if found is not None and isinstance(found[1], HandoffMark):
            target = item.name_of("target_agent")
            return _set(view, found[0], replace(found[1], target=target, state="done", at=view.elapsed))
        mark = HandoffMark(
            f"{view.path}h{len(view.blocks)}",
            "",
            item.name_of("source_agent"),
            "",
            Text(),
            item.name_of("target_agent"),
            "done",
            at=view.elapsed,
        )
        return _add(view, mark)
    if isinstance(item, ToolCallOutputItem) and item.call_id:
        found = view.find_call(item.call_id)
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
    view = _arrived(view)
    for place in range(len(view.blocks)):
        block = view.blocks[place]
        match block:
            case TextBlock(done=False):
                view = _set(view, place, replace(block, done=True, cut=event.status != "done"))
            case ToolCard(state="asking") if event.status == "paused":
                view = _set(view, place, replace(block, live=False))
            case ToolCard(state="called", decided_at=float()) if event.status == "paused":
                pass  # decided on already, for when the run goes on
            case ToolCard(state="running") if event.status == "paused":  # an agent, whose own call waits
                view = _set(view, place, replace(block, state="called", ended=view.elapsed))
            case ToolCard(state="writing" | "called" | "running" | "asking"):
                view = _set(view, place, replace(block, state="cancelled", ended=view.elapsed))
            case TurnHead(ended=None):
                view = _set(view, place, replace(block, ended=view.elapsed))
            case Notice(kind="input", pending=True):
                title = "Input waits until the run goes on" if event.status == "paused" else "Input was not taken in"
                view = _set(view, place, replace(block, title=title, pending=False))
    if event.status == "stopped":
        told = "The run was stopped before its end."
        view = _add(view, Notice(_free(view, "stopped"), "stopped", "Stopped", told))
    waiting = asking(view) if event.status == "paused" else 0
    if event.status == "paused" and not view.path:
        told, code = how_to_go_on(waiting)
        name = _free(view, "paused")
        view = replace(_add(view, Notice(name, "paused", "Paused", told, code=code)), pause=name)
    if event.status == "failed" and not view.path:
        view = _say_what_next(view, event.resumable)
    return replace(
        view,
        state=event.status,
        final_output=event.final_output,
        structured=event.structured,
        running_tools=0,
        open_questions=waiting,
        takes_input=False,
        resumable=event.resumable and not view.path,
    )


def _say_what_next(view: RunView, resumable: bool) -> RunView:
    """Say at the error of a failed run whether it can be gone on with."""
    found = view.find(_free(view, "error"))
    if found is None or not isinstance(found[1], Notice):
        return view
    more = "What was done is kept, and nothing of it is done again." if resumable else "The run cannot be gone on with."
    code = "result = result.resume()" if resumable else ""
    return _set(view, found[0], replace(found[1], more=more, code=code))
