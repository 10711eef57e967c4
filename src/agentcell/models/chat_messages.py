"""Input items as the messages of Chat Completions.

The trick: an assistant's turn is several items here and one message there. So a message of the assistant stays open
while its parts come (a text, calls), and anything else closes it. Reasoning waits for the message that it belongs to.

    message (assistant, from a response)   opens a message, or is the text of the open one
    function_call, file_search_call        a call of the open message
    reasoning                              waits, if it is to be sent back
    function_call_output, other messages   close the open message and drop waiting reasoning
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..exceptions import UserError
from .reasoning_content_replay import (
    ReasoningContentReplayContext,
    ReasoningContentSource,
    ShouldReplayReasoningContent,
    default_should_replay_reasoning_content,
)
from .wire import logger

Message = dict[str, Any]

REASONING_FIELD = "_chat_completions_reasoning_field"
"""Where a reasoning item remembers the name of the field that it came in."""

_ROLES = ("user", "system", "developer", "assistant")
_OMITTED = "[tool output omitted]"
_NO_TEXT = (
    "Chat Completions tool outputs cannot be empty or contain only non-text content unless "
    "preserve_tool_output_all_content=True."
)


def messages_of(
    input: Any,
    *,
    model: str,
    base_url: str | None = None,
    should_replay: ShouldReplayReasoningContent | None = None,
    strict: bool = False,
) -> list[Message]:
    """The messages of an input; raises `UserError` for an item that Chat Completions cannot take.

    `strict` refuses tool outputs without text, which otherwise become a placeholder.
    """
    if isinstance(input, str):
        return [{"role": "user", "content": input}]
    messages = _Messages(model, base_url, should_replay or default_should_replay_reasoning_content, strict)
    for item in input:
        plain = item.model_dump(mode="json", by_alias=True, exclude_unset=True) if hasattr(item, "model_dump") else item
        messages.take(plain)
    return messages.finished()


class _Messages:
    """The messages so far, the assistant's open one, and reasoning that waits for it."""

    def __init__(
        self, model: str, base_url: str | None, should_replay: ShouldReplayReasoningContent, strict: bool
    ) -> None:
        self._model = model
        self._base_url = base_url
        self._should_replay = should_replay
        self._strict = strict
        self._done: list[Message] = []
        self._open: Message | None = None
        self._answered = False
        self._reasoning: dict[str, str] = {}

    def finished(self) -> list[Message]:
        """All messages."""
        self._close()
        return self._done

    def take(self, item: Any) -> None:
        """Take in one item."""
        if not isinstance(item, Mapping):
            raise _unhandled(item)
        kind, role = item.get("type"), item.get("role")
        try:
            if _is_plain(item):
                self._add({"role": role, "content": _content(item["content"], text_only=role != "user")})
            elif kind == "message" and role == "assistant":
                self._answer(item)
            elif kind == "function_call":
                self._call(item["call_id"], item["name"], item["arguments"] or "{}", item.get("provider_data"))
            elif kind == "file_search_call":
                arguments = {"queries": item.get("queries", []), "status": item.get("status")}
                self._call(item["id"], "file_search_call", json.dumps(arguments), None)
            elif kind == "function_call_output":
                output = self._tool_output(item["output"])
                self._add({"role": "tool", "tool_call_id": item["call_id"], "content": output})
            elif kind == "reasoning":
                self._remember(item)
            else:
                raise _unhandled(item)
        except KeyError as error:
            raise UserError(f"The input item {item!r} has no {error.args[0]!r}") from None

    def _add(self, message: Message) -> None:
        self._close()
        self._reasoning = {}
        self._done.append(message)

    def _close(self) -> None:
        if self._open is not None:
            self._done.append(self._open)
        self._open, self._answered = None, False

    def _assistant(self) -> Message:
        """The open message, with the reasoning that waited for it."""
        if self._open is None:
            self._open = {"role": "assistant"}
        self._open.update(self._reasoning)
        self._reasoning = {}
        return self._open

    def _answer(self, item: Mapping[str, Any]) -> None:
        if self._answered:
            self._close()
        content = item["content"]
        if not isinstance(content, list | tuple):
            raise UserError(f"Expected a list of parts as the content of a response's message, got {content!r}")
        texts: list[str] = []
        message = self._assistant()
        self._answered = True
        for part in content:
            match part.get("type") if isinstance(part, Mapping) else None:
                case "output_text":
                    texts.append(part["text"])
                case "refusal":
                    message["refusal"] = part["refusal"]
                case "output_audio":
                    raise UserError(f"Only audio IDs are supported for chat completions, but got: {part}")
                case _:
                    raise UserError(f"Unknown content type in ResponseOutputMessage: {part}")
        if texts:
            message["content"] = "\n".join(texts)

    def _call(self, call_id: str, name: str, arguments: str, provider_data: Any) -> None:
        if self._open is None:
            self._open = {"role": "assistant", "content": None}
        message = self._assistant()
        call: Message = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        if "gemini" in self._model.lower() and isinstance(provider_data, Mapping):
            signature = provider_data.get("thought_signature")
            if signature:
                call["extra_content"] = {"google": {"thought_signature": signature}}
        message.setdefault("tool_calls", []).append(call)

    def _tool_output(self, output: Any) -> Any:
        if isinstance(output, str):
            return output
        content = _content(output, text_only=True)
        if content:
            return content
        if self._strict:
            raise UserError(_NO_TEXT)
        logger.warning("%s Sending %r instead; strict_feature_validation raises an error.", _NO_TEXT, _OMITTED)
        return _OMITTED

    def _remember(self, item: Mapping[str, Any]) -> None:
        """Keep reasoning for the message that follows, if the model wants it back."""
        data = item.get("provider_data")
        data = data if isinstance(data, Mapping) else {}
        self._reasoning = {}
        source = ReasoningContentSource(item=item, origin_model=data.get("model"), provider_data=data)
        summary, text = _texts(item.get("summary")), _texts(item.get("content"))
        if self._should_replay(ReasoningContentReplayContext(self._model, self._base_url, source)) and summary:
            self._reasoning["reasoning_content"] = summary
        if text and data.get(REASONING_FIELD) and data.get("model") == self._model:
            self._reasoning[str(data[REASONING_FIELD])] = text


def _is_plain(item: Mapping[str, Any]) -> bool:
    """Whether an item is a message that somebody wrote, not one of a response."""
    kind, role = item.get("type"), item.get("role")
    if role not in _ROLES:
        return False
    short = item.keys() - {"type", "phase"} == {"role", "content"} and kind in (None, "message")
    return short or (kind == "message" and role != "assistant")


def _texts(parts: Any) -> str:
    return "\n".join(part["text"] for part in parts or () if part.get("text"))


def _unhandled(item: Any) -> UserError:
    match item.get("type") if isinstance(item, Mapping) else None:
        case "item_reference":
            return UserError(f"Encountered an item_reference, which is not supported: {item}")
        case "compaction":
            return UserError(
                "Compaction items are not supported for chat completions. "
                "Please use the Responses API to handle compaction."
            )
    return UserError(f"Unhandled item type or structure: {item}")


def _content(content: Any, *, text_only: bool) -> Any:
    """The content of a message: a text, or its parts; `text_only` leaves the others out."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Iterable):
        raise UserError(f"Expected a text or a list of parts as a message's content, got {content!r}")
    parts = [_part(part) for part in content]
    return [part for part in parts if part["type"] == "text"] if text_only else parts


def _part(part: Any) -> Message:
    """One part of a message."""
    make = _PARTS.get(part.get("type")) if isinstance(part, Mapping) else None
    if make is None:
        raise UserError(f"Unknown content: {part}")
    made = make(part)
    if part.get("prompt_cache_breakpoint") is not None:
        made["prompt_cache_breakpoint"] = part["prompt_cache_breakpoint"]
    return made


def _text_part(part: Mapping[str, Any]) -> Message:
    return {"type": "text", "text": part["text"]}


def _image_part(part: Mapping[str, Any]) -> Message:
    url = part.get("image_url")
    if isinstance(url, Mapping):
        return {"type": "image_url", "image_url": {"detail": "auto", **url}}
    if not isinstance(url, str) or not url:
        raise UserError(f"Only image URLs are supported for input_image {part}")
    detail = part.get("detail") or "auto"
    return {"type": "image_url", "image_url": {"url": url, "detail": "high" if detail == "original" else detail}}


def _audio_part(part: Mapping[str, Any]) -> Message:
    audio = part.get("input_audio")
    if not isinstance(audio, Mapping):
        raise UserError(f"Only audio data is supported for input_audio {part}")
    if not audio.get("data") or not audio.get("format"):
        raise UserError(f"input_audio requires both data and format {part}")
    return {"type": "input_audio", "input_audio": {"data": audio["data"], "format": audio["format"]}}


def _file_part(part: Mapping[str, Any]) -> Message:
    for name in ("file_data", "file_id"):
        if part.get(name):
            file = {name: part[name]}
            if part.get("filename"):
                file["filename"] = part["filename"]
            return {"type": "file", "file": file}
    raise UserError(f"Only file_data or file_id is supported for input_file {part}")


_PARTS: dict[Any, Callable[[Mapping[str, Any]], Message]] = {
    "input_text": _text_part,
    "text": _text_part,
    "input_image": _image_part,
    "image_url": _image_part,
    "input_audio": _audio_part,
    "input_file": _file_part,
}
