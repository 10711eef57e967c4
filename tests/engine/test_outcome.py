"""What becomes of a run at its end, and what stands in a tool's arguments for nested agents."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any, Literal

import pytest
from case_names import said
from pydantic import BaseModel, Field

from agentcell import Agent, MaxTurnsExceeded, ModelRefusalError, Runner, UserError, function_tool
from agentcell.agent_tool_input import build_structured_input_schema_info, default_tool_input_builder
from agentcell.engine.model_call import without_repeats
from agentcell.engine.outcome import MESSAGE_ID, as_message
from agentcell.engine.tool_input import adapter_of, schema_of
from agentcell.run_error_handlers import RunErrorHandlerResult
from agentcell.testing import ScriptedModel, assistant_message, function_call


class Answer(BaseModel):
    """An answer."""

    value: int


@function_tool
def add(a: int) -> int:
    return a + 1


def looping(**fields: Any) -> Agent[Any]:
    """An agent that has used up its turn with a tool."""
    model = ScriptedModel([[function_call("add", {"a": 1}, call_id="c1")]])
    return Agent(name="A", model=model, tools=[add], **fields)


async def limited(agent: Agent[Any], handler: Any) -> Any:
    return await Runner.run(agent, "go", max_turns=1, error_handlers={"max_turns": handler})


async def test_a_handled_run_goes_on_as_a_conversation() -> None:
    result = await limited(looping(), lambda data: "Enough.")
    last = result.to_input_list()[-1]
    assert last["id"] == MESSAGE_ID and last["content"][0]["text"] == "Enough."  # type: ignore[index,typeddict-item]
    assert result.final_output == "Enough." and len(result.raw_responses) == 1


async def test_a_handler_may_leave_no_trace() -> None:
    result = await limited(looping(), lambda data: RunErrorHandlerResult("Enough.", include_in_history=False))
    assert result.final_output == "Enough."
    assert [item.type for item in result.new_items] == ["tool_call_item", "tool_call_output_item"]


@pytest.mark.parametrize(
    ("value", "made"),
    [
        (Answer(value=3), Answer(value=3)),
        ({"value": 3}, Answer(value=3)),
        (RunErrorHandlerResult({"value": 3}), Answer(value=3)),
    ],
    ids=said,
)
async def test_a_handlers_value_takes_the_output_type(value: Any, made: Any) -> None:
    result = await limited(looping(output_type=Answer), lambda data: value)
    assert result.final_output == made
    assert result.new_items[-1].raw_item.content[0].text == '{"value":3}'  # type: ignore[union-attr]


@pytest.mark.parametrize("value", ["x", {"value": "3"}, {"valu": 3}, 3, object()], ids=said)
async def test_a_handlers_value_of_another_type(value: Any) -> None:
    with pytest.raises(UserError, match=r"the max_turns handler returned .* which is not a Answer"):
        await limited(looping(output_type=Answer), lambda data: value)


async def test_an_error_that_is_not_handled_keeps_its_run_data() -> None:
    with pytest.raises(MaxTurnsExceeded) as caught:
        await limited(looping(), lambda data: None)
    assert caught.value.run_data is not None and len(caught.value.run_data.new_items) == 2


async def test_a_refusal_that_is_not_handled_leaves_no_turn() -> None:
    message = assistant_message("").model_dump()
    message["content"] = [{"type": "refusal", "refusal": "No."}]
    model = ScriptedModel([[type(assistant_message("")).model_validate(message)]])  # type: ignore[attr-defined]
    with pytest.raises(ModelRefusalError) as caught:
        await Runner.run(Agent(name="A", model=model), "go", error_handlers={"model_refusal": lambda data: None})
    assert caught.value.refusal == "No."
    assert caught.value.run_data is not None and caught.value.run_data.new_items == []


async def test_unknown_kinds_of_handlers_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="agentcell"):
        model = ScriptedModel([[assistant_message("Hi.")]])
        await Runner.run(Agent(name="A", model=model), "go", error_handlers={"max_turn": print})  # type: ignore[typeddict-unknown-key]
    assert "'max_turn'" in caplog.text and "max_turns" in caplog.text


def test_messages_that_no_model_has_made() -> None:
    def text(agent: Agent[Any], output: Any) -> str:
        return as_message(agent, output).raw_item.content[0].text  # type: ignore[union-attr]

    assert text(Agent(name="A"), 3) == "3"
    assert text(Agent(name="A", output_type=Answer), Answer(value=3)) == '{"value":3}'
    assert text(Agent(name="A", output_type=list[int]), [1]) == '{"response":[1]}'
    assert text(Agent(name="A", output_type=list[str]), ["é"]) == '{"response":["é"]}'


def out(call_id: str, text: str) -> dict[str, str]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def test_repeats_go_and_messages_stay() -> None:
    message = {"role": "user", "content": "x"}
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "1"}
    later = {**call, "arguments": "2"}
    assert without_repeats([message, message]) == [message, message]
    assert without_repeats([call, out("c1", "1"), later, out("c1", "2")]) == [later, out("c1", "2")]
    assert without_repeats([call, out("c1", "1"), message, out("c1", "2")]) == [call, message, out("c1", "2")]
    unnamed = {"type": "reasoning", "summary": []}
    assert without_repeats([unnamed, unnamed]) == [unnamed, unnamed]
    assert without_repeats([{**unnamed, "id": ""}] * 2) == [{**unnamed, "id": ""}]
    given = [call, out("c1", "1")]
    assert without_repeats(given) == given and without_repeats(given) is not given


@dataclasses.dataclass
class Noted:
    n: int = dataclasses.field(metadata={"description": "How many."})


class Kinds(BaseModel):
    kind: Literal["a", "b"] = Field(description="Which.")
    mixed: Literal[1, "é", None]


class Parts(BaseModel):
    """It has parts."""

    answer: Answer


@pytest.mark.parametrize(
    ("parameters", "summary"),
    [
        (Answer, "Description: An answer.\n- value (integer, required)"),
        (Noted, "- n (integer, required) - How many."),
        (Kinds, '- kind (string, required) - Which.\n- mixed (enum(1 | "\\u00e9" | null), required)'),
        (Parts, None),
        (dict, None),
    ],
    ids=lambda v: getattr(v, "__name__", None) or "",
)
def test_summaries(parameters: Any, summary: str | None) -> None:
    schema = {} if parameters is dict else schema_of(parameters, adapter_of(parameters))
    assert build_structured_input_schema_info(schema, include_json_schema=False).summary == summary


def test_arguments_as_a_prompt() -> None:
    """The data is there as it is; what describes it only where there is something to describe."""
    data = {"city": 'Rome "x"', "n": 1}
    assert default_tool_input_builder({"params": data}).endswith('"n": 1\n}\n```\n')
    described = default_tool_input_builder({"params": data, "summary": "- n (integer)"})
    assert '"n": 1\n}\n```' in described and "- n (integer)" in described
    shown = default_tool_input_builder({"params": data, "summary": "- n (integer)", "json_schema": {"type": "object"}})
    assert "- n (integer)" not in shown and '"type": "object"' in shown
