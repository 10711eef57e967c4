"""`agentcell.testing` beside `agents.testing`: the same names, signatures, results, records and errors."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import agents
import agents.models.interface
import agents.testing
import pytest
from openai.types.responses import (
    ResponseApplyPatchToolCall,
    ResponseCustomToolCall,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
)

import agentcell
import agentcell.models.interface
import agentcell.testing

THEIRS = SimpleNamespace(sdk=agents, testing=agents.testing, interface=agents.models.interface)
OURS = SimpleNamespace(sdk=agentcell, testing=agentcell.testing, interface=agentcell.models.interface)
SIDES = [THEIRS, OURS]
NO_SERVER_STATE: dict[str, Any] = {"previous_response_id": None, "conversation_id": None, "prompt": None}

Script = Callable[[Any], Any]
"""Makes the steps of a script from one side's modules."""


def arguments(side: Any, input: Any = "Hi") -> list[Any]:
    return ["Be kind.", input, side.sdk.ModelSettings(), [], None, [], side.interface.ModelTracing.DISABLED]


async def whole(side: Any, model: Any, input: Any = "Hi") -> Any:
    return await model.get_response(*arguments(side, input), **NO_SERVER_STATE)


async def streamed(side: Any, model: Any, input: Any = "Hi") -> list[Any]:
    return [event async for event in model.stream_response(*arguments(side, input), **NO_SERVER_STATE)]


def plain(value: Any) -> Any:
    """A result as data that two libraries can share."""
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


async def outcome(side: Any, script: Script, call: Callable[..., Any]) -> Any:
    """What one call of a script gives: its data, or the error's name, message and attributes."""
    try:
        model = side.testing.ScriptedModel(script(side))
        return plain(await call(side, model)), len(model.calls), model.remaining_steps
    except Exception as error:
        hidden = ("call", "run_data")
        return type(error).__name__, str(error), {k: v for k, v in vars(error).items() if k not in hidden}


def shape(function: Any) -> list[tuple[Any, ...]]:
    def default(value: Any) -> Any:
        return value if value is inspect.Parameter.empty or not callable(value) else "factory"

    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, default(p.default) if "factory" not in repr(p.default) else "factory") for p in parameters]


@pytest.mark.parametrize("name", [n for n in agents.testing.__all__ if "Sandbox" not in n and "sandbox" not in n])
def test_names_and_signatures(name: str) -> None:
    theirs, ours = getattr(agents.testing, name), getattr(agentcell.testing, name)
    assert name in agentcell.testing.__all__
    if name == "ModelStepSpec":
        assert ours.__annotations__.keys() == theirs.__annotations__.keys() and ours.__total__ == theirs.__total__
        return
    if not (inspect.isclass(theirs) and theirs.__init__ is Exception.__init__):
        assert shape(ours) == shape(theirs)
    if inspect.isclass(theirs):
        assert [c.__name__ for c in ours.__mro__ if "Model" in c.__name__] == [
            c.__name__ for c in theirs.__mro__ if "Model" in c.__name__
        ]
        for member in {n for n in dir(theirs) if not n.startswith("_")} - set(dir(Exception)):
            assert hasattr(ours, member), member
            if inspect.isroutine(getattr(theirs, member)):
                assert shape(getattr(ours, member)) == shape(getattr(theirs, member)), member


def test_dataclasses_have_the_same_fields_and_nature() -> None:
    for name in ("ModelStep", "ModelCall"):
        theirs, ours = getattr(agents.testing, name), getattr(agentcell.testing, name)
        assert [f.name for f in dataclasses.fields(ours)] == [f.name for f in dataclasses.fields(theirs)]
        assert ours.__dataclass_params__.frozen == theirs.__dataclass_params__.frozen
    assert agentcell.testing.ModelStep() == agentcell.testing.ModelStep()


@pytest.mark.parametrize(
    "build",
    [
        lambda t: t.assistant_message("Hello"),
        lambda t: t.assistant_message("", item_id="mine"),
        lambda t: t.function_call("f", {"a": 1, "é": [1, None]}, call_id="c"),
        lambda t: t.function_call("f", "{broken", call_id="c", item_id="i", namespace="n"),
        lambda t: t.function_call("f", {}, call_id=""),
    ],
)
def test_builders(build: Callable[[Any], Any]) -> None:
    assert build(agentcell.testing) == build(agents.testing)
    assert build(agentcell.testing).to_dict() == build(agents.testing).to_dict()


MESSAGE = agents.testing.assistant_message("Hello there")
CALL = agents.testing.function_call("f", {"a": 1}, call_id="c1")
BARE_CALL = ResponseFunctionToolCall(
    type="function_call", call_id="c", name="n", arguments="", status="incomplete", namespace="ns"
)
RICH_MESSAGE = ResponseOutputMessage.model_validate(
    {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "status": "incomplete",
        "phase": "commentary",
        "content": [
            {
                "type": "output_text",
                "text": "a b",
                "annotations": [{"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}],
            },
            {"type": "refusal", "refusal": "no way"},
            {"type": "output_text", "text": "", "annotations": []},
        ],
    }
)
REASONING = ResponseReasoningItem.model_validate(
    {
        "id": "r",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two"}],
        "content": [{"type": "reasoning_text", "text": "deep"}],
        "status": "completed",
        "encrypted_content": "zz",
    }
)
SHORT_REASONING = ResponseReasoningItem(id="r", type="reasoning", summary=[])
PATCH = ResponseApplyPatchToolCall.model_validate(
    {
        "id": "x",
        "type": "apply_patch_call",
        "call_id": "c",
        "status": "completed",
        "operation": {"type": "delete_file", "path": "p"},
    }
)
CUSTOM = ResponseCustomToolCall(id="x", type="custom_tool_call", call_id="c", name="n", input="in")
ERROR = LookupError("scripted")


async def later(call: Any) -> Any:
    return [MESSAGE]


def fails(call: Any) -> Any:
    raise ERROR


async def two_events(call: Any) -> Any:
    yield "one"
    yield call.input


def usage(side: Any, **fields: int) -> Any:
    return side.sdk.Usage(**fields)


SCRIPTS: dict[str, Script] = {
    "a message": lambda s: [[MESSAGE]],
    "nothing": lambda s: [[]],
    "a tuple": lambda s: [(MESSAGE, CALL)],
    "every streamable item": lambda s: [[REASONING, MESSAGE, CALL, RICH_MESSAGE, PATCH, BARE_CALL, SHORT_REASONING]],
    "an item that cannot be streamed": lambda s: [[MESSAGE, CUSTOM]],
    "a dict": lambda s: [{"output": [MESSAGE], "response_id": "r", "request_id": "q"}],
    "an empty dict": lambda s: [{}],
    "a response": lambda s: [
        s.sdk.ModelResponse([MESSAGE], usage(s, requests=7, input_tokens=1, total_tokens=1), "r9", "q")
    ],
    "no response id": lambda s: [s.testing.ModelStep([MESSAGE], response_id=None)],
    "own usage": lambda s: [
        s.testing.ModelStep([MESSAGE], usage=usage(s, requests=2, input_tokens=3, output_tokens=4, total_tokens=7))
    ],
    "an exception": lambda s: [ERROR],
    "raise_error": lambda s: [s.testing.ModelStep.raise_error(ERROR)],
    "error and output": lambda s: [{"error": ERROR, "output": [MESSAGE]}],
    "respond: items": lambda s: [s.testing.ModelStep.respond(lambda call: [MESSAGE])],
    "respond: a step": lambda s: [s.testing.ModelStep.respond(lambda call: s.testing.ModelStep([CALL]))],
    "respond: a dict": lambda s: [s.testing.ModelStep.respond(lambda call: {"output": [CALL]})],
    "respond: later": lambda s: [s.testing.ModelStep.respond(later)],
    "respond: an error": lambda s: [s.testing.ModelStep.respond(lambda call: ERROR)],
    "respond: fails": lambda s: [s.testing.ModelStep.respond(fails)],
    "respond: again": lambda s: [s.testing.ModelStep.respond(lambda call: s.testing.ModelStep.respond(later))],
    "respond: nothing": lambda s: [s.testing.ModelStep.respond(lambda call: None)],
    "respond: a stream": lambda s: [s.testing.ModelStep.respond(lambda call: s.testing.ModelStep.stream(["e"]))],
    "respond: from the call": lambda s: [
        s.testing.ModelStep.respond(lambda call: [s.testing.assistant_message(f"{call.input}{call.streamed}")])
    ],
    "stream": lambda s: [s.testing.ModelStep.stream(["one", 2], output=[MESSAGE], response_id="r")],
    "stream: none": lambda s: [s.testing.ModelStep.stream([])],
    "stream: made": lambda s: [s.testing.ModelStep.stream(two_events)],
    "two steps": lambda s: [[MESSAGE], [CALL]],
    "no steps": lambda s: [],
    # what a script must not hold
    "int": lambda s: [5],
    "text": lambda s: ["text"],
    "None": lambda s: [None],
    "one item": lambda s: [MESSAGE],
    "a function": lambda s: [lambda call: [MESSAGE]],
    "a generator": lambda s: [(item for item in [MESSAGE])],
    "an interrupt": lambda s: [KeyboardInterrupt()],
    "the second is wrong": lambda s: [[MESSAGE], 5],
    "unknown field": lambda s: [{"foo": 1}],
    "output None": lambda s: [{"output": None}],
    "output text": lambda s: [{"output": "abc"}],
    "usage": lambda s: [{"usage": 3}],
    "response_id": lambda s: [{"response_id": 4}],
    "request_id": lambda s: [{"request_id": 4}],
    "raw_usage": lambda s: [{"raw_usage": 4}],
    "responder": lambda s: [{"responder": 5}],
    "error": lambda s: [{"error": "x"}],
    "stream_events": lambda s: [{"stream_events": 5}],
    "error and responder": lambda s: [{"error": ERROR, "responder": later}],
    "stream and responder": lambda s: [{"stream_events": [], "responder": later}],
    "stream and error": lambda s: [{"stream_events": [], "error": ERROR}],
    "advice without error": lambda s: [{"retry_advice": 3}],
    "a dict for steps": lambda s: {"output": [MESSAGE]},
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
async def test_a_whole_response(script: Script) -> None:
    assert await outcome(OURS, script, whole) == await outcome(THEIRS, script, whole)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
async def test_a_stream(script: Script) -> None:
    assert await outcome(OURS, script, streamed) == await outcome(THEIRS, script, streamed)


async def test_streamed_classes_and_set_fields() -> None:
    for name in ("every streamable item", "nothing"):
        theirs, ours = [await streamed(s, s.testing.ScriptedModel(SCRIPTS[name](s))) for s in SIDES]
        assert [type(event) for event in ours] == [type(event) for event in theirs]
        finished = [
            [event.item for event in events if event.type == "response.output_item.done"] for events in (ours, theirs)
        ]
        assert [item.to_dict() for item in finished[0]] == [item.to_dict() for item in finished[1]]
        assert [item.model_fields_set for item in finished[0]] == [item.model_fields_set for item in finished[1]]


@pytest.mark.parametrize("has_default", [True, False])
@pytest.mark.parametrize(
    "step",
    [
        lambda s: [MESSAGE],
        lambda s: s.testing.ModelStep([MESSAGE]),
        lambda s: s.testing.ModelStep([MESSAGE], usage=usage(s)),
        lambda s: s.testing.ModelStep([MESSAGE], usage=usage(s, requests=1)),
        lambda s: s.testing.ModelStep([MESSAGE], usage=usage(s, total_tokens=4)),
        lambda s: s.testing.ModelStep.stream([], output=[MESSAGE]),
        lambda s: s.sdk.ModelResponse([MESSAGE], usage(s), "r"),
        lambda s: s.testing.ModelStep.respond(lambda call: [MESSAGE]),
        lambda s: s.testing.ModelStep.respond(lambda call: {"output": [], "usage": usage(s, requests=9)}),
    ],
)
async def test_which_usage_counts(step: Callable[[Any], Any], has_default: bool) -> None:
    def script(side: Any) -> tuple[Any, Any]:
        default = usage(side, requests=3, input_tokens=5, total_tokens=5) if has_default else None
        return side, side.testing.ScriptedModel([step(side)], default_usage=default)

    theirs, ours = [plain((await whole(*script(side))).usage) for side in SIDES]
    assert ours == theirs


async def test_the_record_of_calls() -> None:
    records = []
    for side in SIDES:
        model = side.testing.ScriptedModel([[MESSAGE]] * 2)
        assert (model.calls, model.first_call, model.last_call) == ((), None, None)
        given: list[Any] = [{"role": "user", "content": "first"}]
        await whole(side, model, given)
        given[0]["content"] = "changed later"
        model.calls[0].input.append("changed in the record")
        await streamed(side, model, "second")
        with pytest.raises(side.testing.UnexpectedModelCall) as unexpected:
            await whole(side, model, "third")
        assert unexpected.value.call == model.last_call and unexpected.value.call_index == 2
        assert isinstance(model.calls, tuple) and model.first_call == model.calls[0]
        records.append([(call.input, call.streamed, call.tracing.name, call.tools) for call in model.calls])
    assert records[0] == records[1]
    assert records[1][0][0] == [{"role": "user", "content": "first"}]


async def test_a_stream_takes_its_step_when_it_is_read() -> None:
    for side in SIDES:
        model = side.testing.ScriptedModel([[MESSAGE]])
        stream = model.stream_response(*arguments(side), **NO_SERVER_STATE)
        assert (len(model.calls), model.remaining_steps) == (0, 1)
        await anext(stream)
        assert (len(model.calls), model.remaining_steps) == (1, 0)
        await stream.aclose()


async def test_adding_steps_and_being_complete() -> None:
    for side in SIDES:
        model = side.testing.ScriptedModel()
        model.assert_complete()
        model.enqueue([MESSAGE])
        with pytest.raises(side.testing.InvalidModelStep) as invalid:
            model.extend([[CALL], 5, [CALL]])
        assert (invalid.value.reason, invalid.value.input_index) == ("invalid_input", 1)
        assert model.remaining_steps == 1, "all steps or none"
        model.extend([[CALL]])
        with pytest.raises(side.testing.UnconsumedModelSteps, match=r"^2 scripted model step\(s\)") as left:
            model.assert_complete()
        assert left.value.remaining_steps == 2
        assert (await whole(side, model)).output == [MESSAGE]
        assert (await whole(side, model)).output == [CALL]
        model.assert_complete()


async def test_what_goes_in_is_copied() -> None:
    for side in SIDES:
        message = side.testing.assistant_message("before")
        items, default = [message], usage(side, requests=3)
        model = side.testing.ScriptedModel([items, [message]], default_usage=default)
        message.content[0].text, default.requests = "after", 99
        items.append(message)
        first, second = await whole(side, model), (await streamed(side, model))[-1].response
        assert [item.content[0].text for item in first.output] == ["before"]
        assert [item.content[0].text for item in second.output] == ["before"]
        assert first.usage.requests == 3


async def test_default_usage_can_change() -> None:
    for side in SIDES:
        model = side.testing.ScriptedModel([[MESSAGE]] * 3, default_usage=usage(side, requests=3))
        counted = [(await whole(side, model)).usage.requests]
        for default in (usage(side, requests=4), None):
            model.set_default_usage(default)
            counted.append((await whole(side, model)).usage.requests)
        assert counted == [3, 4, 1]


async def test_retry_advice_belongs_to_the_raised_error() -> None:
    advice = agents.ModelRetryAdvice(suggested=True)
    for side in SIDES:
        error, other = LookupError("x"), LookupError("x")
        model = side.testing.ScriptedModel([side.testing.ModelStep.raise_error(error, retry_advice=advice), error])

        def asked(about: Exception, model: Any = model) -> Any:
            return model.get_retry_advice(agents.ModelRetryAdviceRequest(error=about, attempt=1, stream=False))

        assert asked(error) is None
        with pytest.raises(LookupError):
            await whole(side, model)
        assert asked(error) == advice and asked(other) is None
        with pytest.raises(LookupError):
            await streamed(side, model)
        assert asked(error) is None, "raised again without advice"


async def test_the_raised_error_is_the_given_object() -> None:
    for side in SIDES:
        model = side.testing.ScriptedModel([ERROR])
        with pytest.raises(LookupError) as caught:
            await whole(side, model)
        assert caught.value is ERROR


async def test_what_fails_in_a_stream_factory() -> None:
    for side in SIDES:
        model = side.testing.ScriptedModel([side.testing.ModelStep.stream(lambda call: ["not", "async"])])
        with pytest.raises(TypeError, match="async itera"):
            await streamed(side, model)
