"""What Chat Completions answers, as output items of the Responses API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..exceptions import AgentsException, ModelBehaviorError, UserError
from .chat_messages import REASONING_FIELD
from .wire import FAKE_ID, logger

WITHHELD = "Response withheld by the provider's content filter."
"""The refusal that stands for an answer that a content filter took away."""

Item = dict[str, Any]


def text_part(text: str, logprobs: Sequence[Item] = (), annotations: Sequence[Item] = ()) -> Item:
    """A part of a message with text."""
    return {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": list(logprobs)}


def refusal_part(refusal: str) -> Item:
    """A part of a message with a refusal."""
    return {"type": "refusal", "refusal": refusal}


def message_of(content: list[Item], provider_data: Item, status: str = "completed") -> Item:
    """A message of the assistant."""
    return {
        "id": FAKE_ID,
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
        "provider_data": provider_data,
    }


def call_of(call_id: str, name: str, arguments: str, provider_data: Item) -> Item:
    """A function call."""
    return {
        "id": FAKE_ID,
        "type": "function_call",
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
        "provider_data": provider_data,
    }


def reasoning_of(summary: Sequence[str], text: str | None, blocks: Sequence[Item], provider_data: Item) -> Item:
    """Reasoning: what came as a summary, as open text, or as signed blocks; `None` for no open text."""
    item: Item = {
        "id": FAKE_ID,
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": each} for each in summary],
    }
    if blocks:
        thoughts = [str(block.get("thinking") or "") for block in blocks if block.get("type") == "thinking"]
        item["content"] = [{"type": "reasoning_text", "text": each} for each in thoughts if each]
        signatures = [str(block["signature"]) for block in blocks if block.get("signature")]
        if signatures:
            item["encrypted_content"] = "\n".join(signatures)
        provider_data = {**provider_data, "thinking_blocks": list(blocks)}
    elif text is not None:
        item["content"] = [{"type": "reasoning_text", "text": text}]
        if not summary:
            provider_data = {**provider_data, REASONING_FIELD: "reasoning"}
    return {**item, "provider_data": provider_data}


def field(value: Any, name: str) -> Any:
    """A field of one of the client's objects, of those that it does not know too."""
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def signature_of(call: Any) -> Item:
    """The signature of a thought that came with a tool call, as provider data."""
    signature = field(field(field(call, "extra_content"), "google"), "thought_signature")
    return {"thought_signature": signature} if signature else {}


def logprobs_of(choice: Any, *, with_bytes: bool) -> list[Item]:
    """The log probabilities of a text; deltas have no bytes."""
    found: list[Item] = []
    for each in field(field(choice, "logprobs"), "content") or ():
        top = [_logprob(other, with_bytes) for other in each.top_logprobs or ()]
        found.append({**_logprob(each, with_bytes), "top_logprobs": top})
    return found


def _logprob(token: Any, with_bytes: bool) -> Item:
    known: Item = {"token": token.token, "logprob": token.logprob}
    return {**known, "bytes": token.bytes or []} if with_bytes else known


def usage_of(usage: Any) -> Item | None:
    """The usage of a completion as that of a response."""
    if usage is None:
        return None
    prompt, completion = field(usage, "prompt_tokens_details"), field(usage, "completion_tokens_details")
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": field(prompt, "cached_tokens") or 0,
            "cache_write_tokens": field(prompt, "cache_write_tokens") or 0,
        },
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": field(completion, "reasoning_tokens") or 0},
        "total_tokens": usage.total_tokens,
    }


def output_of(completion: Any, model: str, *, strict: bool) -> list[Item]:
    """The output items of a completion that was not streamed.

    Raises `ModelBehaviorError` when it has no choices, and `UserError` for a custom tool call in strict mode.
    """
    choices = getattr(completion, "choices", None)
    if not choices:
        error = getattr(completion, "error", None)
        raise ModelBehaviorError(
            "ChatCompletion response has no choices (possible provider error payload)" + (f": {error}" if error else "")
        )
    choice = choices[0]
    message = choice.message
    data = {"model": model, "response_id": completion.id}
    return (
        [] if message is None else [*_reasoning(message, data), *_message(choice, data), *_calls(message, data, strict)]
    )


def _reasoning(message: Any, data: Item) -> list[Item]:
    summary, text = field(message, "reasoning_content"), field(message, "reasoning")
    blocks = [dict(each) for each in field(message, "thinking_blocks") or () if isinstance(each, Mapping)]
    if not summary and not (isinstance(text, str) and text) and not blocks:
        return []
    return [reasoning_of([summary] if summary else [], None if summary else text, blocks, data)]


def _message(choice: Any, data: Item) -> list[Item]:
    message = choice.message
    if field(message, "audio"):
        raise AgentsException("Audio is not currently supported")
    content: list[Item] = []
    if message.content:
        citations = [each.url_citation for each in message.annotations or () if each.type == "url_citation"]
        annotations = [{"type": "url_citation", **each.to_dict()} for each in citations]
        content.append(text_part(message.content, logprobs_of(choice, with_bytes=True), annotations))
    if message.refusal:
        content.append(refusal_part(message.refusal))
    if not content and choice.finish_reason == "content_filter" and not message.tool_calls:
        content.append(refusal_part(WITHHELD))
    return [message_of(content, data)] if content else []


def _calls(message: Any, data: Item, strict: bool) -> list[Item]:
    calls: list[Item] = []
    for call in message.tool_calls or ():
        if call.type == "function":
            known = {**data, **signature_of(call)}
            calls.append(call_of(call.id, call.function.name, call.function.arguments, known))
        elif strict:
            raise UserError("Custom tool calls are not supported by the Chat Completions converter")
        else:
            logger.warning("Ignored a %s tool call: Chat Completions models call functions only", call.type)
    return calls
