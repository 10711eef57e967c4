"""One model call: what it is sent, its events on their way to the log, the response it ends with."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ..exceptions import StreamInterrupted, UserError
from ..items import ModelResponse, ReasoningItem
from ..models.interface import Model, ModelTracing
from ..prices import cost
from ..run_config import CallModelData, ModelInputData
from ..stream_events import RawResponsesStreamEvent, RetryScheduled, TurnStarted, UsageUpdated
from ..usage import Usage, as_entries
from .accepted import accepted_schema
from .attempts import CallRecord, attempts
from .requested import requested
from .silence import SilenceWatch
from .tool_call import described

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ..model_settings import ModelSettings
    from .state import RunState
    from .turn import TurnSetting

EVENTS_BETWEEN_YIELDS = 64
"""After so many events without a wait the loop lets others run, so that many runs share it fairly."""


LEADING = frozenset(
    {
        "apply_patch_call",
        "computer_call",
        "custom_tool_call",
        "function_call",
        "local_shell_call",
        "mcp_approval_request",
        "reasoning",
        "shell_call",
    }
)
"""Types of input items that other items must follow."""


async def call_model(run: RunState[Any], setting: TurnSetting) -> ModelResponse:
    """Call the current agent's model; its events go to the log as they arrive.

    Raises what the model raises, `StreamInterrupted` when its stream has no proper end, and `UserError` for a filter
    that returns something else than the input of a model call.
    """
    agent = setting.agent
    model, settings = _model(run)
    run.is_demo = run.is_demo or model.is_demo
    sent = await _sent(run, setting)
    await run.hooks.llm_start(run.context, agent, sent.instructions, sent.input)
    await run.memory.save_input()
    run.say(
        TurnStarted(
            run.current_turn,
            agent.name,
            _name_of(model),
            is_demo=model.is_demo,
            label=model.label,
            handoffs=tuple(h.tool_name for h in setting.handoffs),
            structured=setting.output_schema is not None and not setting.output_schema.is_plain_text(),
            output_schema=_output_schema(setting),
            tool_schemas=_tool_schemas(setting),
        )
    )
    prompt = await agent.get_prompt(run.context)
    run.say(requested(run, setting, sent, settings, prompt))

    def open_stream() -> Any:
        return model.stream_response(
            sent.instructions,
            sent.input,
            settings,
            list(setting.tools),
            setting.output_schema,
            setting.handoffs,
            ModelTracing.DISABLED,
            previous_response_id=run.previous_response_id,
            conversation_id=run.conversation_id,
            prompt=cast(Any, prompt),
        )

    record = CallRecord()
    stream = attempts(
        open_stream,
        settings,
        model,
        record=record,
        say_retry=lambda retry: run.say(
            RetryScheduled(retry.attempt, retry.delay, described(retry.error), retry.reason)
        ),
        previous_response_id=run.previous_response_id,
        conversation_id=run.conversation_id,
    )
    with SilenceWatch(run, lambda: record.arrived):
        response = await _read(run, stream)
    if run.server_managed:
        run.known_to_server = len(run.history)
        if run.conversation_id is None and response.response_id is not None:
            run.previous_response_id = response.response_id
    _count_retries(response.usage, record.failed)
    response.usage.cost = _cost(model, settings, response.usage)
    run.context.usage.add(response.usage)
    run.say(_usage_updated(run.context.usage, response.usage))
    return response


def _output_schema(setting: TurnSetting) -> Mapping[str, Any] | None:
    """The JSON schema of the final output, for views; `None` for plain text and for schemas that do not say."""
    schema = setting.output_schema
    if schema is None or schema.is_plain_text():
        return None
    try:
        return schema.json_schema()
    except Exception:  # a view can do without; a model that needs it says what is wrong
        return None


def _tool_schemas(setting: TurnSetting) -> dict[str, Mapping[str, Any]]:
    """The JSON schemas of what can be called, by the names that it calls them by.

    Tools of several namespaces that share a name are left out: the name alone does not tell them apart.
    """
    tools = distinct_tools(setting)
    shared = Counter(tool.name for tool in tools)
    schemas = {tool.name: accepted_schema(tool) for tool in tools if shared[tool.name] == 1}
    return {**schemas, **{handoff.tool_name: handoff.input_json_schema for handoff in setting.handoffs}}


def _cost(model: Model, settings: ModelSettings, usage: Usage) -> float | None:
    """What a model call cost; `None` when that is not known, as with a tier of service that has prices of its own."""
    if model.is_demo:
        return 0.0
    extras: list[Any] = [settings.extra_args, settings.extra_body]
    tiers = {extra.get("service_tier") for extra in extras if isinstance(extra, Mapping)}
    if tiers - {None, "auto", "default"}:
        return None
    return cost(_name_of(model), usage)


def _usage_updated(total: Usage, call: Usage) -> UsageUpdated:
    return UsageUpdated(
        total.requests,
        total.input_tokens,
        total.output_tokens,
        turn_input_tokens=call.input_tokens,
        turn_output_tokens=call.output_tokens,
        turn_cost=call.cost,
        cached_tokens=total.input_tokens_details.cached_tokens or 0,
        reasoning_tokens=total.output_tokens_details.reasoning_tokens or 0,
        cost=total.cost,
    )


def _name_of(model: Model) -> str:
    return str(getattr(model, "model", None) or type(model).__name__)


def _model(run: RunState[Any]) -> tuple[Model, ModelSettings]:
    """The model of the current agent, or of the whole run, and the settings of its calls."""
    agent, config = run.current_agent, run.run_config
    wanted = config.model if config.model is not None else agent.model
    settings = agent.settings_for(wanted, was=agent.model).resolve(config.model_settings)
    if agent.reset_tool_choice and id(agent) in run.tool_users:
        settings = replace(settings, tool_choice=None)
    return wanted if isinstance(wanted, Model) else config.model_provider.get_model(wanted), settings


async def _sent(run: RunState[Any], setting: TurnSetting) -> ModelInputData:
    """What the model is sent, after the run's filter."""
    agent = setting.agent
    news = run.history[run.known_to_server :] if run.server_managed else run.history
    sent = ModelInputData(_without_ids(run, without_repeats(news)), await agent.get_system_prompt(run.context))
    chosen = run.run_config.call_model_input_filter
    if chosen is None:
        return sent
    if not callable(chosen):
        raise UserError(f"call_model_input_filter must be a function, got {chosen!r}")
    data = CallModelData(model_data=sent, agent=agent, context=run.context.context)
    filtered = chosen(data)
    found = await filtered if inspect.isawaitable(filtered) else filtered
    if not isinstance(found, ModelInputData):
        raise UserError(f"call_model_input_filter must return a ModelInputData instance, got {found!r}")
    return found


def _without_ids(run: RunState[Any], items: list[Any]) -> list[Any]:
    """Input items, where the run wants it so without the ids of the reasoning that it has seen itself."""
    if run.reasoning_item_id_policy != "omit":
        return items
    own = {item.raw_item.id for item in run.model_items if isinstance(item, ReasoningItem)}
    return [
        {key: value for key, value in item.items() if key != "id"}
        if item.get("type") == "reasoning" and item.get("id") in own
        else item
        for item in items
    ]


def without_repeats(items: Sequence[Any]) -> list[Any]:
    """Input items, each once: of those that stand for the same thing the latest.

    It stands in the latest's place, but what other items must follow, such as a call, stays in its first place.
    Messages may repeat.
    """
    names = [_name(item) for item in items]
    last = {name: index for index, name in enumerate(names) if name is not None}
    kept: list[Any] = []
    led: set[tuple[str, str]] = set()
    for index, (item, name) in enumerate(zip(items, names, strict=True)):
        if name is None:
            kept.append(item)
        elif name[0] in LEADING:
            if name not in led:
                kept.append(items[last[name]])
            led.add(name)
        elif last[name] == index:
            kept.append(item)
    return kept


def _name(item: Any) -> tuple[str, str] | None:
    """What an input item stands for; `None` for messages and for what has no id."""
    if not isinstance(item, Mapping) or item.get("role") is not None:
        return None
    for key in ("call_id", "id", "approval_request_id"):
        if isinstance(named := item.get(key), str):
            return str(item.get("type")), named
    return None


async def _read(run: RunState[Any], stream: AsyncGenerator[Any, None]) -> ModelResponse:
    """Pass a model's events on and return the response they end with; the stream is always closed."""
    final: Any = None
    finished_items: list[Any] = []
    count = 0
    async with aclosing(stream):
        async for event in stream:
            run.say(RawResponsesStreamEvent(event))
            count += 1
            if not count % EVENTS_BETWEEN_YIELDS:
                await asyncio.sleep(0)
            match event.type:
                case "response.output_item.done":
                    finished_items.append(event.item)
                case "response.completed":
                    final = event.response
                case "response.failed" | "response.incomplete" | "error":
                    raise StreamInterrupted(_what_failed(event), run.partial_text(whole=False))
    return ModelResponse(
        output=list(final.output) or finished_items,
        usage=Usage.of_response(final.usage),
        response_id=final.id,
        request_id=getattr(final, "_request_id", None),
        raw_usage=getattr(final, "_raw_usage", None),
    )


def _count_retries(usage: Usage, failed: int) -> None:
    """Count the attempts before the one that succeeded: requests that brought no tokens."""
    if not failed:
        return
    own = usage.request_usage_entries or list(as_entries(usage, empty=True))
    usage.request_usage_entries = [*(next(as_entries(Usage(requests=1), empty=True)) for _ in range(failed)), *own]
    usage.requests += failed


def _what_failed(event: Any) -> str:
    """Why a response failed, in the provider's words."""
    response = getattr(event, "response", None)
    error = getattr(response, "error", None) or getattr(response, "incomplete_details", None)
    said = getattr(event, "message", None) or getattr(error, "message", None) or getattr(error, "reason", None)
    return f"The model's stream ended with {event.type!r}: {said or 'no reason given'}"


def colliding_names(setting: TurnSetting) -> list[str]:
    """The names that several tools of a turn share; raises `UserError` when a namespace does not keep them apart."""
    counts = Counter(tool.qualified_name for tool in setting.tools)
    for tool in setting.tools:
        if tool._namespace and counts[tool.qualified_name] > 1:
            raise UserError(
                f"Ambiguous function tool configuration: the qualified name `{tool.qualified_name}` is used by "
                "multiple tools. Rename the namespace-wrapped function or dotted top-level tool to avoid ambiguous "
                "dispatch."
            )
    counts.update(h.tool_name for h in setting.handoffs)
    apart = {tool.qualified_name for tool in setting.tools if tool._namespace}
    return [name for name, count in counts.items() if count > 1 and name not in apart]


def distinct_tools(setting: TurnSetting) -> list[Any]:
    """The tools of a turn, of each name one: what can be called is what the model is sent."""
    last = {tool.qualified_name: tool for tool in setting.tools}
    handoffs = {handoff.tool_name for handoff in setting.handoffs}
    return [
        tool
        for tool in setting.tools
        if last[tool.qualified_name] is tool and (tool._namespace or tool.name not in handoffs)
    ]
