"""A model that answers from a script, at the `Model` interface: no HTTP, no client.

The trick: a step is checked and copied when it enters the script, so that a mistake shows where it was made,
and later changes to the test's objects change nothing. Streams are made by `response_events` from the step's
output; the finished items inside the events are copies of the step's own objects.

    ModelScriptError
    |-- InvalidModelStep       a step is not one of the forms that a script takes
    |-- UnexpectedModelCall    the model was called beyond the end of the script
    `-- UnconsumedModelSteps   `assert_complete` found steps that were not used
"""

from __future__ import annotations

import copy
import inspect
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeAlias

from typing_extensions import TypedDict

from .. import openai_types as oai
from ..agent_output import AgentOutputSchemaBase
from ..exceptions import ModelBehaviorError
from ..handoffs import Handoff
from ..instances import checked_by_instance
from ..items import ModelResponse
from ..model_settings import ModelSettings
from ..models.interface import Model, ModelTracing
from ..models.response_events import response_events, typed, usage_dict, whole
from ..tool import Tool
from ..usage import Usage

__all__ = [
    "InvalidModelStep",
    "ModelCall",
    "ModelScriptError",
    "ModelStep",
    "ModelStepSpec",
    "ScriptedModel",
    "UnconsumedModelSteps",
    "UnexpectedModelCall",
    "assistant_message",
    "function_call",
]

ModelStepReason = Literal[
    "invalid_input",
    "unsupported_field",
    "invalid_error",
    "invalid_responder",
    "invalid_stream_events",
    "conflicting_outcomes",
    "invalid_retry_advice",
]

_STREAMABLE = ("message", "reasoning", "function_call", "apply_patch_call")
"""Item types whose events follow from the item."""

_RESPONSE_FIELDS = {"parallel_tool_calls": False, "tool_choice": "none", "tools": [], "top_p": None}


class ModelScriptError(Exception):
    """Base of the errors about a script that is invalid or was not followed."""


class InvalidModelStep(ModelScriptError):
    """A step is not one of the forms that a script takes."""

    def __init__(self, message: str, *, reason: ModelStepReason, input_index: int) -> None:
        super().__init__(message)
        self.reason = reason
        self.input_index = input_index


class UnexpectedModelCall(ModelScriptError):
    """The model was called after the last step of its script."""

    def __init__(self, message: str, *, call: ModelCall, call_index: int) -> None:
        super().__init__(message)
        self.call = call
        self.call_index = call_index


class UnconsumedModelSteps(ModelScriptError):
    """Steps of the script were left when it should have been used up."""

    def __init__(self, message: str, *, remaining_steps: int) -> None:
        super().__init__(message)
        self.remaining_steps = remaining_steps


@checked_by_instance
@dataclass(frozen=True)
class ModelCall:
    """One recorded call of the model: the arguments as they were at the time."""

    system_instructions: str | None
    """The instructions of the agent."""
    input: Any
    """The input text or items."""
    model_settings: ModelSettings
    """The resolved settings."""
    tools: list[Tool]
    """The tools offered."""
    output_schema: AgentOutputSchemaBase | None
    """The structure asked for; None for plain text."""
    handoffs: list[Handoff]
    """The handoffs offered."""
    tracing: ModelTracing
    """How much may be traced."""
    previous_response_id: str | None
    """The response this one continues on the server."""
    conversation_id: str | None
    """The conversation kept on the server."""
    prompt: oai.ResponsePromptParam | None
    """The prompt template kept on the server."""
    streamed: bool
    """Whether events were asked for, and not a whole response."""


ModelStreamFactory: TypeAlias = Callable[[ModelCall], AsyncIterator[Any]]
"""Makes the events of one streamed call."""


@checked_by_instance
@dataclass
class ModelStep:
    """What one call of the model gives: output items, an error, a function's result, or exact events.

    At most one of `error`, `responder` and `stream_events` is set. A script also takes the same fields as a dict.
    """

    output: Sequence[oai.ResponseOutputItem] = field(default_factory=tuple)
    """The output items of the response."""
    usage: Usage = field(default_factory=Usage)
    """The usage of the call; an empty one takes the model's default, or counts one request."""
    response_id: str | None = "resp-789"
    """The id of the response."""
    request_id: str | None = None
    """The id of the HTTP request."""
    raw_usage: dict[str, Any] | None = None
    """The provider's own usage, given back when `ModelSettings.preserve_raw_usage` asks for it."""
    error: Exception | None = None
    """Raised instead of a response."""
    responder: ModelResponder | None = None
    """Called with the `ModelCall`; returns any form of a step, or an awaitable of one."""
    stream_events: Sequence[oai.ResponseStreamEvent] | ModelStreamFactory | None = None
    """Exactly these events for a streamed call, or a function of the `ModelCall` that makes them."""
    retry_advice: Any = None
    """Advice about retrying `error`, found by `ScriptedModel.get_retry_advice`."""

    @classmethod
    def raise_error(cls, error: Exception, *, retry_advice: Any = None) -> ModelStep:
        """Build a step that raises `error`."""
        return cls(error=error, retry_advice=retry_advice)

    @classmethod
    def respond(cls, responder: ModelResponder) -> ModelStep:
        """Build a step whose result `responder` makes from the recorded call."""
        return cls(responder=responder)

    @classmethod
    def stream(
        cls,
        events: Sequence[oai.ResponseStreamEvent] | ModelStreamFactory,
        *,
        output: Sequence[oai.ResponseOutputItem] = (),
        usage: Usage | None = None,
        response_id: str | None = "resp-789",
    ) -> ModelStep:
        """Build a step that streams exactly these events; calls that do not stream get `output`."""
        return cls(output=output, usage=usage or Usage(), response_id=response_id, stream_events=events)


@checked_by_instance
class ModelStepSpec(TypedDict, total=False):
    """The dict form of a `ModelStep`."""

    output: Sequence[oai.ResponseOutputItem]
    usage: Usage
    response_id: str | None
    request_id: str | None
    raw_usage: dict[str, Any] | None
    error: Exception | None
    responder: ModelResponder | None
    stream_events: Sequence[oai.ResponseStreamEvent] | ModelStreamFactory | None
    retry_advice: Any


ModelStepResult: TypeAlias = ModelStep | ModelStepSpec | ModelResponse | Sequence["oai.ResponseOutputItem"] | Exception
ModelScriptItem: TypeAlias = ModelStepResult
ModelResponder: TypeAlias = Callable[[ModelCall], ModelStepResult | Awaitable[ModelStepResult]]


def assistant_message(text: str, *, item_id: str = "scripted-message") -> oai.ResponseOutputItem:
    """Build a finished assistant message with one text part."""
    part = oai.ResponseOutputText(annotations=[], text=text, type="output_text", logprobs=[])
    return oai.ResponseOutputMessage(id=item_id, content=[part], role="assistant", status="completed", type="message")


def function_call(
    name: str,
    arguments: str | Mapping[str, Any],
    *,
    call_id: str,
    item_id: str | None = None,
    namespace: str | None = None,
) -> oai.ResponseOutputItem:
    """Build a call of a function tool; a mapping of arguments becomes compact JSON, `item_id` is `call_id`."""
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    given: dict[str, Any] = {} if namespace is None else {"namespace": namespace}
    return oai.ResponseFunctionToolCall(
        arguments=arguments,
        call_id=call_id,
        name=name,
        type="function_call",
        id=call_id if item_id is None else item_id,
        **given,
    )


class ScriptedModel(Model):
    """A deterministic model for tests: every call uses up one step of its script and is recorded.

    A step is a list of output items, a `ModelStep`, its dict form, a `ModelResponse`, or an exception to raise.
    Raises `InvalidModelStep` for anything else, `UnexpectedModelCall` when called beyond the last step.
    """

    def __init__(
        self,
        steps: Iterable[ModelScriptItem] = (),
        *,
        emit_traces: bool = False,
        default_usage: Usage | None = None,
    ) -> None:
        self.emit_traces = emit_traces
        self._steps: deque[ModelStep] = deque()
        self._calls: list[ModelCall] = []
        self._advice: list[tuple[Exception, Any]] = []
        self._default_usage = copy.deepcopy(default_usage)
        self.extend(steps)

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """The calls so far; changing them changes nothing in the model."""
        return tuple(map(_detached, self._calls))

    @property
    def first_call(self) -> ModelCall | None:
        """The first call, if there was one."""
        return _detached(self._calls[0]) if self._calls else None

    @property
    def last_call(self) -> ModelCall | None:
        """The latest call, if there was one."""
        return _detached(self._calls[-1]) if self._calls else None

    @property
    def remaining_steps(self) -> int:
        """How many steps are left."""
        return len(self._steps)

    def enqueue(self, step: ModelScriptItem) -> None:
        """Add one step to the end of the script."""
        self._steps.append(_as_step(step, 0))

    def extend(self, steps: Iterable[ModelScriptItem]) -> None:
        """Add steps to the end of the script; all of them or, when one is invalid, none."""
        self._steps.extend([_as_step(step, index) for index, step in enumerate(steps)])

    def set_default_usage(self, usage: Usage | None) -> None:
        """Set the usage of steps that have none of their own."""
        self._default_usage = copy.deepcopy(usage)

    def assert_complete(self) -> None:
        """Raise `UnconsumedModelSteps` when steps are left."""
        if self._steps:
            left = len(self._steps)
            raise UnconsumedModelSteps(f"{left} scripted model step(s) were not consumed.", remaining_steps=left)

    def get_retry_advice(self, request: Any) -> Any:
        """The advice of the step that raised exactly `request.error`, or None."""
        return next((advice for error, advice in self._advice if error is request.error), None)

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[oai.ResponseInputItemParam],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: oai.ResponsePromptParam | None,
    ) -> ModelResponse:
        """Use up one step and return its response, or raise its error."""
        call = ModelCall(
            system_instructions,
            input,
            model_settings,
            tools,
            output_schema,
            handoffs,
            tracing,
            previous_response_id,
            conversation_id,
            prompt,
            streamed=False,
        )
        step = await self._take(call)
        return ModelResponse(
            output=copy.deepcopy(list(step.output)),
            usage=step.usage,
            response_id=step.response_id,
            request_id=step.request_id,
            raw_usage=_reported_usage(step, model_settings),
        )

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[oai.ResponseInputItemParam],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: oai.ResponsePromptParam | None,
    ) -> AsyncIterator[oai.ResponseStreamEvent]:
        """Use up one step, when first asked for an event, and stream it."""
        call = ModelCall(
            system_instructions,
            input,
            model_settings,
            tools,
            output_schema,
            handoffs,
            tracing,
            previous_response_id,
            conversation_id,
            prompt,
            streamed=True,
        )
        step = await self._take(call)
        if step.stream_events is None:
            for event in _stream(step):
                if event.type == "response.completed":
                    event.response._raw_usage = _reported_usage(step, model_settings)
                yield event
        elif callable(step.stream_events):
            events = aiter(step.stream_events(_detached(call)))
            async for event in events:
                yield event
        else:
            for event in step.stream_events:
                yield event

    async def _take(self, call: ModelCall) -> ModelStep:
        """Record a call and resolve its step, with its usage; raises the step's error."""
        call = _detached(call)
        self._calls.append(call)
        index = len(self._calls) - 1
        if not self._steps:
            kind = "streaming" if call.streamed else "non-streaming"
            raise UnexpectedModelCall(
                f"Unexpected {kind} model call #{index + 1}: no scripted steps remain.",
                call=_detached(call),
                call_index=index,
            )
        step = self._steps.popleft()
        while step.responder is not None:
            result: Any = step.responder(_detached(call))
            step = _as_step(await result if inspect.isawaitable(result) else result, index)
        if step.error is not None:
            self._advice = [known for known in self._advice if known[0] is not step.error]
            if step.retry_advice is not None:
                self._advice.append((step.error, step.retry_advice))
            raise step.error
        usage = step.usage if step.usage != Usage() else self._default_usage or Usage(requests=1)
        return replace(step, usage=copy.deepcopy(usage))


def _reported_usage(step: ModelStep, settings: ModelSettings) -> dict[str, Any] | None:
    return copy.deepcopy(step.raw_usage) if getattr(settings, "preserve_raw_usage", None) else None


def _detached(call: ModelCall) -> ModelCall:
    """A copy whose data is its own; tools, handoffs and schemas stay the same objects in new lists."""
    return replace(
        call,
        input=copy.deepcopy(call.input),
        model_settings=copy.deepcopy(call.model_settings),
        tools=list(call.tools),
        handoffs=list(call.handoffs),
        prompt=copy.deepcopy(call.prompt),
    )


def _as_step(step: Any, index: int) -> ModelStep:
    """Check a step of any form and copy its data; raises `InvalidModelStep` naming the field at fault."""
    if isinstance(step, Mapping):
        if set(step) - {f.name for f in fields(ModelStep)}:
            raise _invalid(index, "contains unsupported fields", "unsupported_field")
        step = ModelStep(**step)
    elif isinstance(step, ModelResponse):
        step = ModelStep(
            step.output, step.usage, step.response_id, request_id=step.request_id, raw_usage=step.raw_usage
        )
    elif isinstance(step, Exception):
        step = ModelStep(error=step)
    elif not isinstance(step, ModelStep):
        step = ModelStep(output=step)
    _check(step, index)
    usage, raw_usage = copy.deepcopy((step.usage, step.raw_usage))
    return replace(step, output=copy.deepcopy(list(step.output)), usage=usage, raw_usage=raw_usage)


def _check(step: ModelStep, index: int) -> None:
    if not isinstance(step.output, Sequence) or isinstance(step.output, str | bytes):
        raise _invalid(index, "must use a sequence for output", "invalid_input")
    if not isinstance(step.usage, Usage):
        raise _invalid(index, "must use Usage for usage", "invalid_input")
    for name in ("response_id", "request_id"):
        if not isinstance(getattr(step, name), str | None):
            raise _invalid(index, f"must use a string or None for {name}", "invalid_input")
    if not isinstance(step.raw_usage, dict | None):
        raise _invalid(index, "must use a dictionary or None for raw_usage", "invalid_input")
    if not isinstance(step.error, Exception | None):
        raise _invalid(index, "must use an Exception for error", "invalid_error")
    if step.responder is not None and not callable(step.responder):
        raise _invalid(index, "must use a callable responder", "invalid_responder")
    if not (isinstance(step.stream_events, Sequence | None) or callable(step.stream_events)):
        raise _invalid(index, "must use a sequence or callable stream_events value", "invalid_stream_events")
    if sum(value is not None for value in (step.error, step.responder, step.stream_events)) > 1:
        message = "cannot combine error, responder, and stream_events outcomes"
        raise _invalid(index, message, "conflicting_outcomes")
    if step.retry_advice is not None and step.error is None:
        raise _invalid(index, "requires an error and a ModelRetryAdvice value", "invalid_retry_advice")


def _invalid(index: int, problem: str, reason: ModelStepReason) -> InvalidModelStep:
    message = f"Scripted model step #{index + 1} {problem}."
    return InvalidModelStep(message, reason=reason, input_index=index)


def _stream(step: ModelStep) -> Iterator[Any]:
    """The events of a step's output; finished items are copies of the step's own objects, not rebuilt ones."""
    output: Any = step.output
    for item in output:
        if getattr(item, "type", None) not in _STREAMABLE:
            raise ModelBehaviorError(
                f"Automatic streaming does not support {type(item).__name__}. "
                "Use ModelStep.stream(...) to provide exact normalized stream events."
            )
    usage = step.usage
    events = response_events(
        [_as_dict(item) for item in output],
        response_id=step.response_id or "",
        model="scripted-model",
        usage=usage_dict(
            usage.input_tokens,
            usage.output_tokens,
            cached=usage.input_tokens_details.cached_tokens,
            reasoning=usage.output_tokens_details.reasoning_tokens,
        )
        | {"total_tokens": usage.total_tokens},
        pieces=whole,
        response_fields=_RESPONSE_FIELDS,
    )
    # The reference sends open reasoning text without the events around its part.
    spoken = (e for e in events if e.get("part", {}).get("type") != "reasoning_text")
    for number, event in enumerate(spoken):
        made: Any = typed({**event, "sequence_number": number})
        if "item" in event:
            original = output[event["output_index"]]
            made.item = _opened(original) if event["type"].endswith("added") else copy.deepcopy(original)
        elif event["type"] == "response.function_call_arguments.done":
            made.name = output[event["output_index"]].name
        elif "response" in event:
            made.response.id = step.response_id
            made.response.output = copy.deepcopy(list(output)) if event["response"]["output"] else []
        yield made


def _as_dict(item: Any) -> dict[str, Any]:
    data = item.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {"id": data.get("call_id"), **data}


def _opened(item: Any) -> Any:
    """The item as `output_item.added` shows it."""
    empty = {
        "message": {"content": []},
        "function_call": {"arguments": ""},
        "reasoning": {
            "summary": [],
            "encrypted_content": None,
            "content": None if getattr(item, "content", None) is None else [],
        },
    }
    return item.model_copy(update={"status": "in_progress", **empty.get(item.type, {})}, deep=True)
