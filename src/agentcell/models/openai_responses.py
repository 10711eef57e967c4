"""A model behind the Responses API, through the official client.

The trick: the client re-walks every argument it is given on every request, which makes long histories slow, so
the two long arguments, `input` and `tools`, are made plain JSON here once and travel through `extra_body`. The
request is the same; everything else (retries, timeouts, errors, decoding) stays the official client's work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from .. import openai_types as oai
from ..agent_output import AgentOutputSchemaBase
from ..exceptions import UserError
from ..handoffs import Handoff
from ..items import ModelResponse
from ..model_settings import ModelSettings
from ..retry import ModelRetryAdvice, ModelRetryAdviceRequest
from ..tool import FunctionTool, Tool
from ..usage import Usage
from .client_retries import for_this_attempt
from .failures import openai_advice
from .interface import Model, ModelTracing
from .wire import (
    FAKE_ID,
    as_mapping,
    check_it_streamed,
    reported_usage,
    user_agent,
    with_extra_args,
    without_surrogates,
)

__all__ = ["OpenAIResponsesModel"]

_LATE = frozenset(("input", "tools"))

_HOSTED_CHOICES = frozenset(
    (
        "file_search",
        "web_search",
        "web_search_preview",
        "code_interpreter",
        "image_generation",
        "computer_use_preview",
        "mcp",
    )
)
"""Values of `tool_choice` that name a kind of hosted tool and not a function."""


class OpenAIResponsesModel(Model):
    """A model that is called through `client.responses.create`.

    Errors of the API and of the connection are the official client's: `openai.APIStatusError` and its family.
    """

    def __init__(self, model: str, openai_client: oai.AsyncOpenAI, *, model_is_explicit: bool = True) -> None:
        self.model = model
        self._client = openai_client
        self._model_is_explicit = model_is_explicit

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
        request = self._request(
            system_instructions,
            input,
            model_settings,
            tools,
            output_schema,
            handoffs,
            previous_response_id=previous_response_id,
            conversation_id=conversation_id,
            prompt=prompt,
        )
        response = await for_this_attempt(self._client).responses.create(
            **with_extra_args(request, model_settings, _LATE)
        )
        return ModelResponse(
            output=response.output,
            usage=Usage.of_response(response.usage),
            response_id=response.id,
            request_id=response._request_id,
            raw_usage=reported_usage(response.usage, model_settings),
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
        """The events of one call as the client decodes them; closing the iterator closes the connection."""
        request = self._request(
            system_instructions,
            input,
            model_settings,
            tools,
            output_schema,
            handoffs,
            previous_response_id=previous_response_id,
            conversation_id=conversation_id,
            prompt=prompt,
        )
        request["stream"] = True
        count = 0
        stream = await for_this_attempt(self._client).responses.create(
            **with_extra_args(request, model_settings, _LATE)
        )
        try:
            async for event in stream:
                count += 1
                response = getattr(event, "response", None)
                if response is not None:
                    response._request_id = stream.response.headers.get("x-request-id")
                    response._raw_usage = reported_usage(response.usage, model_settings)
                yield event
            if not count:
                check_it_streamed(stream)
        finally:
            await stream.close()

    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        """What the API says about retrying a failure; `None` when it says nothing."""
        return openai_advice(request)

    def _request(
        self,
        instructions: str | None,
        input: str | list[oai.ResponseInputItemParam],
        settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: oai.ResponsePromptParam | None,
    ) -> dict[str, Any]:
        """The arguments of `responses.create`; what is not set is left out."""
        wire_tools = [*_wire_tools(tools), *(_handoff_function(each) for each in handoffs)]
        # A prompt template brings its own tools and model: sending none of ours leaves them in force.
        from_prompt = prompt is not None and not wire_tools
        body: dict[str, Any] = {"input": _wire_input(input)}
        if not from_prompt:
            body["tools"] = wire_tools
        request = {
            "model": self.model if prompt is None or self._model_is_explicit else None,
            "instructions": instructions,
            "conversation": conversation_id,
            "previous_response_id": previous_response_id,
            "prompt": prompt,
            "include": _include(settings),
            "tool_choice": _tool_choice(settings.tool_choice, wire_tools),
            "parallel_tool_calls": settings.parallel_tool_calls if wire_tools or from_prompt else None,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "truncation": settings.truncation,
            "max_output_tokens": settings.max_tokens,
            "metadata": settings.metadata,
            "store": settings.store,
            "reasoning": settings.reasoning,
            "text": _text(settings, output_schema),
            "top_logprobs": settings.top_logprobs,
            "prompt_cache_retention": settings.prompt_cache_retention,
            "context_management": settings.context_management,
            "prompt_cache_options": settings.prompt_cache_options,
            "extra_headers": {"User-Agent": user_agent(), **as_mapping(settings.extra_headers)},
            "extra_query": settings.extra_query,
            "extra_body": {**body, **as_mapping(settings.extra_body)},
        }
        return {name: without_surrogates(value) for name, value in request.items() if value is not None}


def _include(settings: ModelSettings) -> list[str]:
    include = list(settings.response_include or ())
    if settings.top_logprobs is not None and "message.output_text.logprobs" not in include:
        include.append("message.output_text.logprobs")
    return include


def _tool_choice(choice: Any, wire_tools: list[dict[str, Any]]) -> Any:
    if choice is None or choice in ("auto", "required", "none"):
        return choice
    if hasattr(choice, "server_label"):
        return {"type": "mcp", "server_label": choice.server_label, "name": choice.name}
    if choice in _HOSTED_CHOICES:
        return {"type": choice}
    spaces = [tool for tool in wire_tools if tool["type"] == "namespace"]
    callable_ = {tool["name"] for tool in wire_tools if tool["type"] != "namespace"}
    inside = {name for space in spaces for name in (space["name"], *(tool["name"] for tool in space["tools"]))}
    if choice in inside - callable_:
        raise UserError(
            "Named tool_choice must target a callable tool, not a namespace wrapper or bare inner name from "
            "tool_namespace(), on the OpenAI Responses API. Use `auto`, `required`, `none`, or target a top-level or "
            "qualified namespaced function tool."
        )
    return {"type": "function", "name": choice}


def _text(settings: ModelSettings, output_schema: AgentOutputSchemaBase | None) -> dict[str, Any] | None:
    text: dict[str, Any] = {}
    if output_schema is not None and not output_schema.is_plain_text():
        text["format"] = {
            "type": "json_schema",
            "name": "final_output",
            "schema": output_schema.json_schema(),
            "strict": output_schema.is_strict_json_schema(),
        }
    if settings.verbosity is not None:
        text["verbosity"] = settings.verbosity
    return text or None


def _wire_tools(tools: list[Tool]) -> list[dict[str, Any]]:
    """The tools as they are sent: those of a namespace together, in the place of the first of them."""
    sent: list[dict[str, Any]] = []
    spaces: dict[str, dict[str, Any]] = {}
    for tool in tools:
        wire = _function(tool)
        name, description = tool._namespace, tool._namespace_description
        if not name:
            sent.append(wire)
            continue
        if name not in spaces:
            spaces[name] = {"type": "namespace", "name": name, "description": description, "tools": []}
            sent.append(spaces[name])
        elif spaces[name]["description"] != description:
            raise UserError(f"All tools in namespace {name!r} must share the same description.")
        spaces[name]["tools"].append(wire)
    return sent


def _function(tool: Any) -> dict[str, Any]:
    if not isinstance(tool, FunctionTool):
        raise UserError(
            f"OpenAIResponsesModel cannot offer {tool!r} to the model: expected a FunctionTool. "
            "Make one with @function_tool."
        )
    if tool.defer_loading:
        raise UserError("Deferred-loading Responses tools require ToolSearchTool() when using OpenAI Responses models.")
    wire: dict[str, Any] = {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.params_json_schema,
        "strict": tool.strict_json_schema,
    }
    if tool.output_json_schema is not None:
        wire["output_schema"] = tool.output_json_schema
    if tool.allowed_callers is not None:
        wire["allowed_callers"] = tool.allowed_callers
    return wire


def _handoff_function(handoff: Handoff) -> dict[str, Any]:
    return {
        "type": "function",
        "name": handoff.tool_name,
        "description": handoff.tool_description,
        "parameters": handoff.input_json_schema,
        "strict": handoff.strict_json_schema,
    }


def _wire_input(input: Any) -> list[Any]:
    """The input as plain JSON, without what only the runner or another provider may see."""
    if isinstance(input, str):
        return [{"role": "user", "content": input}]
    items = [_wire_item(item) for item in input]
    return [item for item in items if item is not None]


def _wire_item(item: Any) -> Any:
    if hasattr(item, "model_dump"):
        item = item.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if not isinstance(item, Mapping):
        return item
    foreign = bool(item.get("provider_data"))
    if foreign and item.get("type") == "reasoning":
        return None  # another provider's reasoning: the API knows nothing of it
    hidden = {name for name in ("provider_data",) if name in item}
    if item.get("id") == FAKE_ID:
        hidden.add("id")
    return {name: value for name, value in item.items() if name not in hidden} if hidden else item
