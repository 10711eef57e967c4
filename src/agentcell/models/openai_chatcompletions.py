"""A model behind Chat Completions, through the official client.

The run sees none of this API: input items become messages (`chat_messages`), chunks become the events of the
Responses API (`chat_stream`), a whole completion becomes output items (`chat_output`). As for the Responses API, the
long arguments travel through `extra_body`, where the client does not walk them again.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

from .. import openai_types as oai
from ..agent_output import AgentOutputSchemaBase
from ..exceptions import UserError
from ..handoffs import Handoff
from ..items import ModelResponse
from ..model_settings import MCPToolChoice, ModelSettings
from ..retry import ModelRetryAdvice, ModelRetryAdviceRequest
from ..tool import FunctionTool, Tool
from ..usage import Usage
from .chat_messages import messages_of
from .chat_output import output_of, usage_of
from .chat_stream import ChatEvents
from .client_retries import for_this_attempt
from .failures import openai_advice
from .interface import Model, ModelTracing
from .reasoning_content_replay import ShouldReplayReasoningContent
from .response_events import typed
from .wire import (
    FAKE_ID,
    as_mapping,
    check_it_streamed,
    logger,
    reported_usage,
    user_agent,
    with_extra_args,
    without_surrogates,
)

__all__ = ["OpenAIChatCompletionsModel"]

_LATE = frozenset(("messages", "tools"))
_OFFICIAL = "https://api.openai.com"
_OFFICIAL_PARTS = frozenset(("input_text", "input_image", "input_audio", "input_file"))


class OpenAIChatCompletionsModel(Model):
    """A model that is called through `client.chat.completions.create`.

    `should_replay_reasoning_content` decides which reasoning is sent back; by default DeepSeek's models get their own.
    `strict_feature_validation` raises `UserError` where something that the API cannot do would be left out with a
    warning. `buffer_streamed_tool_calls` holds tool calls back until the stream ends, for servers that send them in
    disorder. Errors of the API and of the connection are the official client's.
    """

    def __init__(
        self,
        model: str,
        openai_client: oai.AsyncOpenAI,
        should_replay_reasoning_content: ShouldReplayReasoningContent | None = None,
        strict_feature_validation: bool = False,
        buffer_streamed_tool_calls: bool = False,
    ) -> None:
        self.model = model
        self.should_replay_reasoning_content = should_replay_reasoning_content
        self._client = openai_client
        self._strict = strict_feature_validation
        self._buffer_calls = buffer_streamed_tool_calls

    # The reference takes the last three arguments by position too; the interface does not.
    async def get_response(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        system_instructions: str | None,
        input: str | list[oai.ResponseInputItemParam],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: oai.ResponsePromptParam | None = None,
    ) -> ModelResponse:
        """The whole response of one call, without streaming."""
        self._check_state(previous_response_id, conversation_id, prompt)
        request = self._request(system_instructions, input, model_settings, tools, output_schema, handoffs)
        create = for_this_attempt(self._client).chat.completions.create
        completion: Any = await create(**with_extra_args(request, model_settings, _LATE))
        output = output_of(completion, self.model, strict=self._strict)
        response = _response({**self._head(model_settings), "output": output, "usage": usage_of(completion.usage)})
        return ModelResponse(
            output=response.output,
            usage=Usage.of_response(response.usage),
            response_id=None,
            request_id=completion._request_id,
            raw_usage=reported_usage(completion.usage, model_settings),
        )

    async def stream_response(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        system_instructions: str | None,
        input: str | list[oai.ResponseInputItemParam],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: oai.ResponsePromptParam | None = None,
    ) -> AsyncIterator[oai.ResponseStreamEvent]:
        """The events of one call; without a reason for its end the answer was cut off and has no last event.

        Closing the iterator closes the connection.
        """
        self._check_state(previous_response_id, conversation_id, prompt)
        request = self._request(system_instructions, input, model_settings, tools, output_schema, handoffs)
        request["stream"] = True
        usage = self._include_usage(model_settings)
        if usage is not None:
            request["stream_options"] = {"include_usage": usage}
        events = ChatEvents(
            self.model, self._head(model_settings), strict=self._strict, buffer_calls=self._buffer_calls
        )
        create = for_this_attempt(self._client).chat.completions.create
        stream: Any = await create(**with_extra_args(request, model_settings, _LATE))
        request_id, count = stream.response.headers.get("x-request-id"), 0
        try:
            async for chunk in stream:
                count += 1
                for event in events.take(chunk):
                    yield _identified(typed(event), request_id)
            if not count:
                check_it_streamed(stream)
            if events.finished:
                raw_usage = reported_usage(events.usage, model_settings)
                for event in events.end():
                    yield _identified(typed(event), request_id, raw_usage)
        finally:
            await stream.close()

    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        """What the API says about retrying a failure; `None` when it says nothing."""
        return openai_advice(request)

    @property
    def _official(self) -> bool:
        return str(self._client.base_url).startswith(_OFFICIAL)

    def _include_usage(self, settings: ModelSettings) -> bool | None:
        return settings.include_usage if settings.include_usage is not None else (True if self._official else None)

    def _check_state(self, previous_response_id: str | None, conversation_id: str | None, prompt: Any) -> None:
        """Refuse, or warn of, what only the Responses API has."""
        kept = {"previous_response_id": previous_response_id, "conversation_id": conversation_id}
        if named := ", ".join(name for name, value in kept.items() if value is not None):
            self._unsupported(
                f"OpenAIChatCompletionsModel does not support server-managed conversation state ({named}). Chat "
                "Completions requires callers to pass the full conversation history; use a Responses API model for "
                "previous_response_id or a conversation-capable model for conversation_id."
            )
        if prompt is not None:
            self._unsupported(
                "Reusable prompts are only supported by the Responses API. OpenAIChatCompletionsModel does not "
                "support `prompt`; use a Responses model instead."
            )

    def _unsupported(self, message: str) -> None:
        if self._strict:
            raise UserError(message)
        logger.warning("%s It is ignored; strict_feature_validation raises an error.", message)

    def _head(self, settings: ModelSettings) -> dict[str, Any]:
        """What the response says about itself, apart from its output."""
        choice = _tool_choice(settings.tool_choice)
        named = isinstance(choice, dict)
        return {
            "id": FAKE_ID,
            "created_at": time.time(),
            "model": self.model,
            "object": "response",
            "tool_choice": {"type": "function", "name": choice["function"]["name"]} if named else choice or "auto",
            "tools": [],
            "parallel_tool_calls": False,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "reasoning": settings.reasoning and settings.reasoning.to_dict(),
        }

    def _request(
        self,
        instructions: str | None,
        input: Any,
        settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
    ) -> dict[str, Any]:
        """The arguments of `chat.completions.create`; what is not set is left out."""
        body: dict[str, Any] = {"messages": self._messages(instructions, input)}
        if wire_tools := [_tool(tool) for tool in tools] + [_handoff_tool(each) for each in handoffs]:
            body["tools"] = wire_tools
        store = settings.store
        request = {
            "model": self.model,
            "messages": [],
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "frequency_penalty": settings.frequency_penalty,
            "presence_penalty": settings.presence_penalty,
            "max_tokens": settings.max_tokens,
            "tool_choice": _tool_choice(settings.tool_choice),
            "response_format": _response_format(output_schema),
            "parallel_tool_calls": settings.parallel_tool_calls if wire_tools else None,
            "store": True if store is None and self._official else store,
            "reasoning_effort": settings.reasoning.effort if settings.reasoning else None,
            "verbosity": settings.verbosity,
            "top_logprobs": settings.top_logprobs,
            "logprobs": True if settings.top_logprobs is not None else None,
            "metadata": settings.metadata,
            "prompt_cache_retention": settings.prompt_cache_retention,
            "prompt_cache_options": settings.prompt_cache_options,
            "extra_headers": {"User-Agent": user_agent(), **as_mapping(settings.extra_headers)},
            "extra_query": settings.extra_query,
            "extra_body": {**body, **as_mapping(settings.extra_body)},
        }
        return {name: without_surrogates(value) for name, value in request.items() if value is not None}

    def _messages(self, instructions: str | None, input: Any) -> list[dict[str, Any]]:
        if self._official and not isinstance(input, str):
            _check_parts(input)
        messages = messages_of(
            input,
            model=self.model,
            base_url=str(self._client.base_url).rstrip("/"),
            should_replay=self.should_replay_reasoning_content,
            strict=self._strict,
        )
        return [{"role": "system", "content": instructions}, *messages] if instructions else messages


def _check_parts(input: Any) -> None:
    """Refuse parts of users' messages that OpenAI's own server does not know."""
    for item in input:
        content = item.get("content") if isinstance(item, dict) and item.get("role") == "user" else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") not in _OFFICIAL_PARTS:
                raise UserError(
                    f"Unsupported content type for official OpenAI Chat Completions: {part.get('type')!r} in {part}"
                )


def _response(body: dict[str, Any]) -> oai.Response:
    return oai.Response.model_validate(body)


def _identified(event: Any, request_id: str | None, raw_usage: dict[str, Any] | None = None) -> Any:
    """An event whose response, if it has one, carries what belongs to none of its fields."""
    response = getattr(event, "response", None)
    if response is not None:
        response._request_id = request_id
        response._raw_usage = raw_usage
    return event


def _tool_choice(choice: Any) -> Any:
    if choice is None or choice in ("auto", "required", "none"):
        return choice
    if isinstance(choice, MCPToolChoice):
        raise UserError("MCPToolChoice is not supported for Chat Completions models")
    return {"type": "function", "function": {"name": choice}}


def _response_format(output_schema: AgentOutputSchemaBase | None) -> dict[str, Any] | None:
    if output_schema is None or output_schema.is_plain_text():
        return None
    schema = {
        "name": "final_output",
        "strict": output_schema.is_strict_json_schema(),
        "schema": output_schema.json_schema(),
    }
    return {"type": "json_schema", "json_schema": schema}


def _tool(tool: Any) -> dict[str, Any]:
    if not isinstance(tool, FunctionTool):
        raise UserError(
            f"Hosted tools are not supported with the ChatCompletions API. Got tool type: {type(tool)}, tool: {tool}"
        )
    unsupported = {
        "tool_namespace()": bool(tool._namespace),
        "defer_loading=True": tool.defer_loading,
        "allowed_callers": tool.allowed_callers is not None,
        "output_json_schema": tool.output_json_schema is not None,
    }
    if any(unsupported.values()):
        raise UserError(
            "The following function-tool features are only supported with OpenAI Responses models: "
            f"{', '.join(name for name, used in unsupported.items() if used)}. "
            f"Tool `{tool.qualified_name}` cannot be used with Chat Completions-compatible models."
        )
    return _function(tool.name, tool.description, tool.params_json_schema, tool.strict_json_schema)


def _handoff_tool(handoff: Handoff) -> dict[str, Any]:
    return _function(handoff.tool_name, handoff.tool_description, handoff.input_json_schema, handoff.strict_json_schema)


def _function(name: str, description: str | None, parameters: dict[str, Any], strict: bool) -> dict[str, Any]:
    function = {"name": name, "description": description or "", "parameters": parameters, "strict": strict}
    return {"type": "function", "function": function}
