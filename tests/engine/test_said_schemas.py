"""A turn says the schemas of what the model may write, and the view gives them to the blocks."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

from agentcell import Agent, AgentOutputSchemaBase, Runner, function_tool, handoff
from agentcell.engine.log import Entry
from agentcell.render.live import LiveRenderer
from agentcell.render.record import record
from agentcell.stream_events import TurnStarted
from agentcell.testing import ScriptedModel, assistant_message, function_call
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, TextBlock, ToolCard


class Stop(BaseModel):
    name: str
    nights: int


class Reason(BaseModel):
    why: str


@function_tool
def find(city: str, limit: int = 3) -> str:
    return city


class Silent(AgentOutputSchemaBase):
    """A schema that does not say what it is."""

    def is_plain_text(self) -> bool:
        return False

    def name(self) -> str:
        return "Silent"

    def json_schema(self) -> dict[str, Any]:
        raise RuntimeError("no schema today")

    def is_strict_json_schema(self) -> bool:
        return False

    def validate_json(self, json_str: str) -> Any:
        return json_str


def log(agent: Agent[Any]) -> list[Any]:
    async def run() -> list[Any]:
        result = Runner.run_streamed(agent, "Hi")
        await result._run.log.wait_closed()
        return list(result._run.log.entries)

    return asyncio.run(run())


def turns(entries: list[Any]) -> list[TurnStarted]:
    return [e.event for e in entries if isinstance(e, Entry) and isinstance(e.event, TurnStarted)]


def traveller(output_type: Any = None, answer: str = "Done.") -> Agent[Any]:
    async def note(context: Any, reason: Reason) -> None:
        """Nothing has to be done."""

    script = [[function_call("find", {"city": 5}, call_id="c1")], [assistant_message(answer)]]
    planner = Agent(name="Planner", model=ScriptedModel([[assistant_message("x")]]))
    passing = handoff(planner, on_handoff=note, input_type=Reason)
    return Agent(name="Desk", tools=[find], handoffs=[passing], model=ScriptedModel(script), output_type=output_type)


def test_a_turn_says_the_schemas_of_tools_and_handoffs() -> None:
    first, second = turns(log(traveller()))
    assert first.tool_schemas == second.tool_schemas
    assert set(first.tool_schemas) == {"find", "transfer_to_planner"}
    assert first.tool_schemas["find"] == {**find.params_json_schema, "required": ["city"]}, "limit has a default"
    assert set(first.tool_schemas["transfer_to_planner"]["properties"]) == {"why"}
    assert first.output_schema is None and not first.structured


def test_what_a_function_has_a_default_for_is_not_required() -> None:
    """Although a strict schema asks the model for all of it, and drops a default of null."""

    @function_tool
    def book(city: str, nights: int = 2, note: str | None = None, tags: list[str] | None = None) -> str:
        """Book a room."""
        return f"{city}: {nights}, {note}"

    model = ScriptedModel(
        [[function_call("book", {"city": "Oslo", "tags": None}, call_id="c1")], [assistant_message("Done.")]]
    )
    view = fold(EMPTY, log(Agent(name="Desk", tools=[book], model=model)))
    (card,) = [block for block in view.blocks if isinstance(block, ToolCard)]
    assert book.params_json_schema["required"] == ["city", "nights", "note", "tags"], "what the model is asked for"
    assert card.state == "completed" and card.schema is not None and card.schema["required"] == ["city"]
    html = record(view)
    assert "required, but not given" not in html
    assert "2 (default)" in html and "null (default)" in html


def test_arguments_and_outputs_are_shown_with_their_schemas() -> None:
    entries = log(traveller(list[Stop], '{"response": [{"name": "Lyon", "nights": 2}]}'))
    started = turns(entries)[0]
    assert started.structured and started.output_schema is not None
    assert set(started.output_schema["properties"]) == {"response"}
    view = fold(EMPTY, entries)
    blocks = [view.blocks[place] for place in range(len(view.blocks))]
    (card,) = [block for block in blocks if isinstance(block, ToolCard)]
    (text,) = [block for block in blocks if isinstance(block, TextBlock)]
    assert card.schema == started.tool_schemas["find"] and text.schema == started.output_schema
    renderer = LiveRenderer()
    renderer.update(view)
    shown = renderer.snapshot()
    assert "expected a string, got 5" in shown and '<th class="ac-column">nights</th>' in shown


def test_a_schema_that_does_not_say_ends_no_run() -> None:
    entries = log(traveller(Silent(), "{}"))
    assert all(turn.structured and turn.output_schema is None for turn in turns(entries))
    assert fold(EMPTY, entries).state == "done"
