"""Chunks of Chat Completions as the streaming events of the Responses API.

The trick: a chunk is a set of small additions to one message, while the Responses API has items that open, fill and
close. So every kind of addition has a slot that becomes an item at its first piece and takes the next output index;
all slots close together at the end, because a chunk never says that something is complete.

    chunk -> ChatEvents.take -> created, then added and delta events of the slots that it feeds
    end   -> ChatEvents.end  -> done events: reasoning, parts of the message, calls, the message, completed
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..exceptions import ModelBehaviorError, UserError
from .chat_output import (
    WITHHELD,
    Item,
    call_of,
    logprobs_of,
    message_of,
    reasoning_of,
    refusal_part,
    signature_of,
    text_part,
    usage_of,
)
from .chat_output import (
    field as field_of,
)
from .wire import FAKE_ID, logger

Event = dict[str, Any]

_OTHER_CHOICES = (
    "Chat Completions streaming with multiple choices or nonzero choice indexes is not fully supported; "
    "only choice index 0 can be processed."
)


@dataclass
class _Part:
    """A text or a refusal of the message."""

    kind: str
    index: int
    text: str = ""
    logprobs: list[Item] = field(default_factory=list)

    def whole(self) -> Item:
        return refusal_part(self.text) if self.kind == "refusal" else text_part(self.text, self.logprobs)


@dataclass
class _Call:
    """A tool call; it opens when its id and its name are known."""

    output_index: int
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    data: Item = field(default_factory=dict)
    opened: bool = False


@dataclass
class _Reasoning:
    """Reasoning, as a summary in parts and as open text."""

    output_index: int
    summary: list[str] = field(default_factory=list)
    open: bool = False
    text: str | None = None
    blocks: list[Item] = field(default_factory=list)


class ChatEvents:
    """Translates the chunks of one answer, in order."""

    def __init__(self, model: str, head: Item, *, strict: bool = False, buffer_calls: bool = False) -> None:
        self.finished: bool = False
        """Whether the provider has said why the answer ends; without that it was cut off."""
        self.usage: Any = None
        """What the provider has reported; the last report counts."""
        self._model = model
        self._head = head
        self._strict = strict
        self._buffer = buffer_calls
        self._number = 0
        self._items = 0
        self._data: Item = {"model": model}
        self._created = False
        self._warned = False
        self._withheld = False
        self._reasoning: _Reasoning | None = None
        self._message_index = 0
        self._parts: dict[str, _Part] = {}
        self._calls: dict[int, _Call] = {}

    def take(self, chunk: Any) -> Iterator[Event]:
        """The events of one chunk; raises `UserError` in strict mode for a second choice."""
        if not self._created:
            self._created = True
            if chunk.id:
                self._data["response_id"] = chunk.id
            yield self._event("response.created", response={**self._head, "output": []})
        if chunk.usage is not None:
            self.usage = chunk.usage
        for choice in chunk.choices or ():
            if choice.index:
                self._other_choice()
                continue
            if choice.delta is not None:
                yield from self._delta(choice)
            if choice.finish_reason:
                self.finished = True
                self._withheld = self._withheld or choice.finish_reason == "content_filter"

    def end(self) -> Iterator[Event]:
        """The events that close everything that is open."""
        if self._withheld and not self._parts and not self._calls:
            yield from self._fill("refusal", WITHHELD, [])
        if self._buffer:
            yield from self._buffered_calls()
        yield from self._close_reasoning()
        for kind in ("output_text", "refusal"):
            if slot := self._parts.get(kind):
                yield self._part_event("response.content_part.done", slot, part=slot.whole())
        for call in sorted(self._calls.values(), key=lambda each: each.output_index):
            if not call.opened:  # its id or its name never came
                yield from self._open_call(call, call.arguments)
                if call.arguments:
                    yield self._arguments_event(call, call.arguments)
            yield self._item_event("done", call.output_index, self._call_item(call))
        if self._parts:
            yield self._item_event("done", self._message_index, self._message())
        response = {**self._head, "output": self._output(), "usage": usage_of(self.usage)}
        yield self._event("response.completed", response=response)

    # --- pieces

    def _delta(self, choice: Any) -> Iterator[Event]:
        delta = choice.delta
        yield from self._think(delta)
        if delta.content:
            yield from self._fill("output_text", delta.content, logprobs_of(choice, with_bytes=True))
        if delta.refusal:
            yield from self._fill("refusal", delta.refusal, [])
        for piece in delta.tool_calls or ():
            yield from self._call_piece(piece)

    def _think(self, delta: Any) -> Iterator[Event]:
        summary, text = field_of(delta, "reasoning_content"), field_of(delta, "reasoning")
        text = text if isinstance(text, str) else None
        blocks = [dict(each) for each in field_of(delta, "thinking_blocks") or () if isinstance(each, dict)]
        slot = self._reasoning
        others = (delta.content, delta.refusal, delta.tool_calls)
        if slot is not None and not summary and any(each is not None for each in others):
            yield from self._end_summary(slot)
        if not summary and not text and not blocks:
            return
        if slot is None:
            slot = self._reasoning = _Reasoning(self._next_index())
            opened = reasoning_of([], "" if text and not summary else None, [], self._data)
            yield self._item_event("added", slot.output_index, opened)
        for block in blocks:
            _add_block(slot.blocks, block)
        place = {"item_id": FAKE_ID, "output_index": slot.output_index}
        if summary:
            if not slot.open:
                slot.open = True
                slot.summary.append("")
                yield self._summary_event("response.reasoning_summary_part.added", slot, "")
            slot.summary[-1] += summary
            index = len(slot.summary) - 1
            yield self._event("response.reasoning_summary_text.delta", **place, summary_index=index, delta=summary)
        if text:
            slot.text = (slot.text or "") + text
            yield self._event("response.reasoning_text.delta", **place, content_index=0, delta=text)

    def _end_summary(self, slot: _Reasoning) -> Iterator[Event]:
        if slot.open:
            slot.open = False
            yield self._summary_event("response.reasoning_summary_part.done", slot, slot.summary[-1])

    def _close_reasoning(self) -> Iterator[Event]:
        slot = self._reasoning
        if slot is None:
            return
        yield from self._end_summary(slot)
        item = self._reasoning_item(slot)
        if item.get("content") and not slot.summary:
            yield self._event(
                "response.reasoning_text.done",
                item_id=FAKE_ID,
                output_index=slot.output_index,
                content_index=0,
                text=item["content"][0]["text"],
            )
        yield self._item_event("done", slot.output_index, item)

    def _fill(self, kind: str, piece: str, logprobs: list[Item]) -> Iterator[Event]:
        if not self._parts:
            self._message_index = self._next_index()
            yield self._item_event("added", self._message_index, message_of([], self._data, "in_progress"))
        part = self._parts.get(kind)
        if part is None:
            part = self._parts[kind] = _Part(kind, len(self._parts))
            yield self._part_event("response.content_part.added", part, part=part.whole())
        part.text += piece
        if kind == "refusal":
            yield self._part_event("response.refusal.delta", part, delta=piece)
            return
        part.logprobs.extend(logprobs)
        short = [_without_bytes(each) for each in logprobs]
        yield self._part_event("response.output_text.delta", part, delta=piece, logprobs=short)

    def _call_piece(self, piece: Any) -> Iterator[Event]:
        call = self._calls.get(piece.index)
        if call is None:
            call = self._calls[piece.index] = _Call(-1 if self._buffer else self._next_index())
        call.call_id = piece.id or call.call_id
        function = piece.function
        given = (function.arguments if function is not None else None) or ""
        call.name = (function.name if function is not None else None) or call.name
        call.arguments += given
        call.data.update(signature_of(piece))
        if self._buffer:
            return
        if not call.opened and call.call_id and call.name:
            yield from self._open_call(call)
        if call.opened and given:
            yield self._arguments_event(call, given)

    def _buffered_calls(self) -> Iterator[Event]:
        """Open the calls that were held back, in the order of their own numbers."""
        for _, call in sorted(self._calls.items()):
            for missing, value in (("tool call id", call.call_id), ("function name", call.name)):
                if not value:
                    raise ModelBehaviorError(f"Buffered Chat Completions tool call stream ended without a {missing}.")
            call.output_index = self._next_index()
            yield from self._open_call(call)
            if call.arguments:
                yield self._arguments_event(call, call.arguments)

    def _open_call(self, call: _Call, arguments: str = "") -> Iterator[Event]:
        call.opened = True
        yield self._item_event("added", call.output_index, {**self._call_item(call), "arguments": arguments})

    # --- items

    def _call_item(self, call: _Call) -> Item:
        return call_of(call.call_id, call.name, call.arguments, {**self._data, **call.data})

    def _reasoning_item(self, slot: _Reasoning) -> Item:
        return reasoning_of(slot.summary, slot.text, slot.blocks, self._data)

    def _message(self) -> Item:
        return message_of([part.whole() for part in self._parts.values()], self._data)

    def _output(self) -> list[Item]:
        found = [(call.output_index, self._call_item(call)) for call in self._calls.values()]
        if self._parts:
            found.append((self._message_index, self._message()))
        if self._reasoning is not None:
            found.append((self._reasoning.output_index, self._reasoning_item(self._reasoning)))
        return [item for _, item in sorted(found, key=lambda each: each[0])]

    # --- events

    def _next_index(self) -> int:
        self._items += 1
        return self._items - 1

    def _event(self, kind: str, **body: Any) -> Event:
        self._number += 1
        return {"type": kind, "sequence_number": self._number - 1, **body}

    def _item_event(self, what: str, index: int, item: Item) -> Event:
        return self._event(f"response.output_item.{what}", output_index=index, item=item)

    def _part_event(self, kind: str, slot: _Part, **body: Any) -> Event:
        place = {"item_id": FAKE_ID, "output_index": self._message_index, "content_index": slot.index}
        return self._event(kind, **place, **body)

    def _summary_event(self, kind: str, slot: _Reasoning, text: str) -> Event:
        place = {"item_id": FAKE_ID, "output_index": slot.output_index, "summary_index": len(slot.summary) - 1}
        return self._event(kind, **place, part={"type": "summary_text", "text": text})

    def _arguments_event(self, call: _Call, piece: str) -> Event:
        return self._event(
            "response.function_call_arguments.delta",
            item_id=FAKE_ID,
            output_index=call.output_index,
            delta=piece,
        )

    def _other_choice(self) -> None:
        if self._strict:
            raise UserError(_OTHER_CHOICES)
        if not self._warned:
            self._warned = True
            logger.warning("%s The others are ignored; strict_feature_validation raises an error.", _OTHER_CHOICES)


def _add_block(blocks: list[Item], piece: Item) -> None:
    """Add a piece of thinking to the block that it belongs to; a signature ends a block."""
    last = blocks[-1] if blocks else {}
    if piece.get("type") == last.get("type") == "thinking" and not last.get("signature"):
        text = str(last.get("thinking") or "") + str(piece.get("thinking") or "")
        blocks[-1] = {**last, **piece, "thinking": text}
    else:
        blocks.append(piece)


def _without_bytes(logprob: Item) -> Item:
    top = [{name: value for name, value in each.items() if name != "bytes"} for each in logprob["top_logprobs"]]
    return {"token": logprob["token"], "logprob": logprob["logprob"], "top_logprobs": top}
