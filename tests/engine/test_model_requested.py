"""What a model call is given is said as it is: after every filter, without copies, and only what is new."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from agentcell import Agent, ModelSettings, RunConfig, Runner, function_tool, handoff
from agentcell.engine.requested import as_item, same_beginning
from agentcell.run_config import CallModelData, ModelInputData
from agentcell.stream_events import ModelRequested, NestedEvent, TurnStarted
from agentcell.testing import ScriptedModel, assistant_message, function_call


@function_tool
def look(city: str) -> str:
    """Looks at a city."""
    return f"{city} is fine"


def calls(count: int) -> ScriptedModel:
    steps: list[Any] = [[function_call("look", {"city": str(n)}, call_id=f"c{n}")] for n in range(count)]
    return ScriptedModel([*steps, [assistant_message("Done.")]])


def events(result: Any) -> list[Any]:
    return [entry.event for entry in result._run.log.entries]


def said(result: Any) -> list[ModelRequested]:
    return [event for event in events(result) if isinstance(event, ModelRequested)]


async def test_each_call_says_only_what_is_new_and_together_they_say_what_the_model_got() -> None:
    model = calls(3)
    result = await Runner.run(Agent(name="A", instructions="Be good.", model=model, tools=[look]), "go")
    requests = said(result)
    assert [(r.kept, len(r.items)) for r in requests] == [(0, 1), (1, 2), (3, 2), (5, 2)]
    items: list[Any] = []
    for request, call in zip(requests, model.calls, strict=True):
        items = [*items[: request.kept], *request.items]
        assert items == call.input
        assert request.instructions == call.system_instructions == "Be good."
    assert requests[0].tools is requests[3].tools and requests[0].settings is requests[3].settings
    tool = requests[0].tools[0]
    assert (tool["name"], tool["description"]) == ("look", "Looks at a city.")
    assert tool["parameters"] is look.params_json_schema


async def test_it_comes_after_the_turn_and_shares_the_items_of_the_run() -> None:
    result = await Runner.run(Agent(name="A", model=calls(1), tools=[look]), "go")
    log = events(result)
    for place, event in enumerate(log):
        assert not isinstance(event, TurnStarted) or isinstance(log[place + 1], ModelRequested)
    first, second = said(result)
    assert first.items[0] is result._run.history[0]
    assert all(a is b for a, b in zip(second.items, result._run.history[1:], strict=False))


async def test_what_a_filter_makes_of_the_input_is_said() -> None:
    def last_two(data: CallModelData[Any]) -> ModelInputData:
        copied = json.loads(json.dumps(data.model_data.input))
        return ModelInputData(copied[-2:] if len(copied) > 3 else copied, f"{data.model_data.instructions} Shortly.")

    config = RunConfig(call_model_input_filter=last_two)
    agent = Agent(name="A", instructions="Be good.", model=calls(2), tools=[look])
    requests = said(await Runner.run(agent, "go", run_config=config))
    assert [r.instructions for r in requests] == ["Be good. Shortly."] * 3
    assert [(r.kept, len(r.items)) for r in requests] == [(0, 1), (1, 2), (0, 2)], "equal copies are kept items, too"


async def test_handoffs_and_settings_are_said_but_no_secret() -> None:
    class Weather(BaseModel):
        degrees: int

    settings = ModelSettings(
        temperature=0.5,
        max_tokens=50,
        metadata={"user": "ann", "api_key": "abc", "note": "Bearer abcdefghijk", "plain": "token"},
        extra_headers={"X-Key": "hidden-1"},
        extra_query={"key": "hidden-2"},
        extra_body={"key": "hidden-3"},
        extra_args={"key": "hidden-4"},
    )
    other = Agent(name="B", model=ScriptedModel([]))
    model = ScriptedModel([[assistant_message('{"degrees": 3}')]])
    agent = Agent(name="A", model=model, handoffs=[handoff(other)], model_settings=settings, output_type=Weather)
    (request,) = said(await Runner.run(agent, "go"))
    assert [(tool["name"], tool.get("handoff")) for tool in request.tools] == [("transfer_to_b", True)]
    given = dict(request.settings)
    assert given.pop("output_schema")["properties"]["degrees"]["type"] == "integer"
    assert given == {
        "temperature": 0.5,
        "max_tokens": 50,
        "metadata": {"user": "ann", "api_key": "[not shown]", "note": "[not shown]", "plain": "token"},
    }
    assert "hidden" not in repr(request.settings)


async def test_a_conversation_at_the_provider_is_said() -> None:
    agent = Agent(name="A", model=calls(1), tools=[look])
    first, second = said(await Runner.run(agent, "go", conversation_id="conv_1"))
    assert first.settings["conversation_id"] == second.settings["conversation_id"] == "conv_1"
    assert (second.kept, [item["type"] for item in second.items]) == (0, ["function_call_output"])


async def test_agents_that_run_as_tools_say_it_too() -> None:
    inner = Agent(name="B", instructions="Inner.", model=ScriptedModel([[assistant_message("Found.")]]))
    model = ScriptedModel([[function_call("ask", {"input": "x"}, call_id="c")], [assistant_message("Done.")]])
    result = await Runner.run(Agent(name="A", model=model, tools=[inner.as_tool("ask", "Ask.")]), "go")
    nested = [e.event for e in events(result) if isinstance(e, NestedEvent) and isinstance(e.event, ModelRequested)]
    assert [(r.instructions, r.kept, len(r.items)) for r in nested] == [("Inner.", 0, 1)]


PICTURE = "data:image/png;base64," + "A" * 16_000


def test_pictures_and_files_are_named_and_not_copied() -> None:
    item = {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "Look: " + PICTURE},
            {"type": "input_image", "image_url": PICTURE, "detail": "auto"},
            {"type": "input_file", "file_data": "B" * 400, "filename": "a.pdf"},
            {"type": "input_image", "image_url": "https://example.org/" + "a" * 300},
        ],
    }
    shown: Any = as_item(item)
    assert shown["content"][0] is item["content"][0], "text is text, whatever stands in it"
    assert shown["content"][1] == {"type": "input_image", "image_url": "[image: image/png, 12 kB]", "detail": "auto"}
    assert shown["content"][2]["file_data"] == "[data: 300 bytes]"
    assert shown["content"][3] is item["content"][3]
    assert item["content"][1]["image_url"] is PICTURE, "the model still gets it"  # type: ignore[index]


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize(
    "value", [{"a": float("nan"), "b": [1, (2, 3)]}, {1: b"bytes"}, {"x": Odd()}, "just text", None, 5]
)
def test_whatever_an_item_is_it_becomes_json_data(value: Any) -> None:
    found = as_item(value)
    json.dumps(found)
    assert isinstance(found, dict)


def test_data_without_an_end_is_cut() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    assert "too deeply nested" in json.dumps(as_item(endless))


class Counted(dict[str, Any]):
    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]


def test_items_that_are_the_same_object_are_not_compared() -> None:
    older = [Counted(n=n) for n in range(100)]
    assert same_beginning(older, [*older, Counted(n=100)]) == 100
    assert Counted.compared == 0
    assert same_beginning(older, [*older[:50], Counted(n=-1), *older[51:]]) == 50
    assert Counted.compared <= 2
