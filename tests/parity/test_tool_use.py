"""What follows from tools, played by both libraries: `tool_use_behavior`, final outputs, choices, unknown tools."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel
from stage import ADDED, Scenes, Stage, compare
from suite import Over
from world import Weather

scene = Scenes()

ROME = Weather(city="Rome", degrees=20)


class Loose(BaseModel):
    """A type that has no strict schema."""

    values: dict[str, int] = {}


def tools(stage: Stage) -> list[Any]:
    """Tools that give a number, a text, an object, and one that waits for the others."""
    done = asyncio.Event()

    @stage.lib.function_tool
    def add(a: int, b: int = 1) -> int:
        done.set()
        return a + b

    @stage.lib.function_tool
    def text() -> str:
        done.set()
        return "Text."

    @stage.lib.function_tool
    def weather() -> Any:
        return ROME

    @stage.lib.function_tool
    def nothing() -> None:
        return None

    @stage.lib.function_tool
    async def last() -> str:
        await done.wait()
        return "Last."

    @stage.lib.function_tool
    def broken() -> str:
        raise ValueError("secret")

    return [add, text, weather, nothing, last, broken]


ADD = ("add", {"a": 1}, "c1")


async def using(stage: Stage, behavior: Any, *turns: Any, output_type: Any = None, **options: Any) -> Any:
    """A run whose agent has a `tool_use_behavior`; a turn is a text or a list of calls."""
    steps = [turn if isinstance(turn, str) else [stage.call(*call) for call in turn] for turn in turns]
    agent = stage.agent(*steps, tools=tools(stage), tool_use_behavior=behavior, output_type=output_type)
    return await stage.run(agent, **options)


@scene("37")
async def the_model_again(stage: Stage) -> None:
    await using(stage, "run_llm_again", [ADD], "2")


@scene("37")
async def the_first_tool(stage: Stage) -> None:
    await using(stage, "stop_on_first_tool", [ADD])


@scene("37")
async def the_first_tool_in_call_order(stage: Stage) -> None:
    """Not the first that is done."""
    await using(stage, "stop_on_first_tool", [("last", {}, "c1"), ("add", {"a": 1}, "c2"), ("text", {}, "c3")])


@scene("37")
async def the_first_tool_is_text_for_a_plain_agent(stage: Stage) -> None:
    for name in ("weather", "nothing", "text", "broken"):
        await using(stage, "stop_on_first_tool", [(name, {}, "c1")])


@scene("37")
async def the_first_tool_of_a_structured_agent(stage: Stage) -> None:
    """Its value is taken as it is."""
    for kind in (Weather, int, list[str]):
        for name in ("weather", "text", "nothing"):
            await using(stage, "stop_on_first_tool", [(name, {}, "c1")], output_type=kind)


@scene("37")
async def a_named_tool(stage: Stage) -> None:
    stop = {"stop_at_tool_names": ["text", "weather"]}
    await using(stage, stop, [ADD], [("text", {}, "c2")])
    await using(stage, stop, [ADD, ("weather", {}, "c2"), ("text", {}, "c3")])
    await using(stage, stop, [ADD], "Two.")


@scene("37")
async def no_named_tool(stage: Stage) -> None:
    await using(stage, {"stop_at_tool_names": []}, [ADD], "Two.")
    await using(stage, {"stop_at_tool_names": ["nope"]}, [ADD], "Two.")


@scene("37")
async def a_named_tool_of_a_structured_agent(stage: Stage) -> None:
    await using(stage, {"stop_at_tool_names": ["weather"]}, [("weather", {}, "c1")], output_type=Weather)


def deciding(stage: Stage, *answers: Any, later: bool = False) -> Any:
    """A function that notes what it gets and answers one thing after the other."""
    left = list(answers)

    def decide(context: Any, results: Any) -> Any:
        stage.tell(type(context).__name__, context.context, context.usage.requests)
        for result in results:
            item = result.run_item
            stage.tell(result.tool.name, result.output, type(result.output).__name__, item and item.type)
        return left.pop(0)

    async def decide_later(context: Any, results: Any) -> Any:
        await asyncio.sleep(0)
        return decide(context, results)

    return decide_later if later else decide


@scene("37")
async def a_function(stage: Stage) -> None:
    again, stop = stage.lib.ToolsToFinalOutputResult(False), stage.lib.ToolsToFinalOutputResult(True, "Made of it.")
    behavior = deciding(stage, again, stop)
    await using(stage, behavior, [ADD, ("text", {}, "c2")], [("add", {"a": 5}, "c3")], context="ctx")


@scene("37")
async def an_asynchronous_function(stage: Stage) -> None:
    stop = stage.lib.ToolsToFinalOutputResult(is_final_output=True, final_output=42)
    await using(stage, deciding(stage, stop, later=True), [ADD])


@scene("37")
async def a_functions_output_for_a_structured_agent(stage: Stage) -> None:
    for value in (ROME, {"city": "Rome"}, "text", None):
        stop = stage.lib.ToolsToFinalOutputResult(True, value)
        await using(stage, deciding(stage, stop), [ADD], output_type=Weather)


@scene("37")
async def a_functions_output_for_a_plain_agent(stage: Stage) -> None:
    for value in (ROME, None, 3):
        await using(stage, deciding(stage, stage.lib.ToolsToFinalOutputResult(True, value)), [ADD])


@scene("37", unlike=ADDED)
async def a_function_that_raises(stage: Stage) -> None:
    def decide(context: Any, results: Any) -> Any:
        raise ValueError("undecided")

    await using(stage, decide, [ADD])


@scene("37", unlike=ADDED)
async def behaviours_that_do_not_exist(stage: Stage) -> None:
    for wrong in ("stop", 3, None):
        try:
            await using(stage, wrong, [ADD], "2")
        except TypeError:
            stage.tell("refused")
            continue
        stage.tell("refused" if stage.runs.pop()["error"][0] == "UserError" else "accepted")
        stage.models.pop()


@scene("37 42")
async def a_handoff_comes_first(stage: Stage) -> None:
    other = stage.agent("B speaks.", name="B")
    calls = [stage.call(*ADD), stage.call("transfer_to_b", call_id="h1")]
    agent = stage.agent(calls, tools=tools(stage), handoffs=[other], tool_use_behavior="stop_on_first_tool")
    await stage.run(agent)


@scene("37")
async def the_limit_of_turns_is_not_reached(stage: Stage) -> None:
    await using(stage, "stop_on_first_tool", [ADD], max_turns=1)


@scene("37")
async def a_message_beside_the_tool(stage: Stage) -> None:
    agent = stage.agent(
        [stage.said("Let me see."), stage.call(*ADD)], tools=tools(stage), tool_use_behavior="stop_on_first_tool"
    )
    await stage.run(agent)


@scene("36 37")
async def an_unknown_tool_is_no_result(stage: Stage) -> None:
    config = {"tool_not_found_behavior": "return_error_to_model"}
    await using(stage, "stop_on_first_tool", [("nope", {}, "c1")], "Sorry.", run_config=config)
    await using(stage, "stop_on_first_tool", [("nope", {}, "c1"), ("text", {}, "c2")], run_config=config)
    stop = stage.lib.ToolsToFinalOutputResult(True, "x")
    await using(stage, deciding(stage, stop), [("nope", {}, "c1"), (*ADD[:2], "c2")], run_config=config)


@scene("38")
async def the_choice_is_dropped_after_a_tool(stage: Stage) -> None:
    settings = stage.lib.ModelSettings(tool_choice="required")
    calls = [stage.call("add", {"a": n}, f"c{n}") for n in (1, 2)]
    await stage.run(stage.agent(*calls, "3", tools=tools(stage), model_settings=settings))


@scene("38")
async def the_choice_is_kept(stage: Stage) -> None:
    settings = stage.lib.ModelSettings(tool_choice="add")
    agent = stage.agent(stage.call(*ADD), "2", tools=tools(stage), model_settings=settings, reset_tool_choice=False)
    await stage.run(agent)


@scene("38")
async def the_choice_of_the_run(stage: Stage) -> None:
    agent = stage.agent(stage.call(*ADD), "2", tools=tools(stage))
    await stage.run(agent, run_config={"model_settings": stage.lib.ModelSettings(tool_choice="required")})


@scene("38")
async def the_choice_of_each_agent(stage: Stage) -> None:
    """An agent's tools do not drop another agent's choice."""
    settings = stage.lib.ModelSettings(tool_choice="required", temperature=0.5)
    other = stage.agent(
        stage.call("add", {"a": 3}, "c9"), "Done.", name="B", tools=tools(stage), model_settings=settings
    )
    agent = stage.agent(
        stage.call(*ADD),
        stage.call("transfer_to_b", call_id="h1"),
        tools=tools(stage),
        handoffs=[other],
        model_settings=settings,
    )
    await stage.run(agent)


@scene("38 42")
async def a_handoff_is_no_tool(stage: Stage) -> None:
    """Coming back, the first agent's choice stands."""
    settings = stage.lib.ModelSettings(tool_choice="required")
    first = stage.agent(name="A", model_settings=settings)
    other = stage.agent(stage.call("transfer_to_a", call_id="h2"), name="B", handoffs=[first])
    first.handoffs = [other]
    first.model = stage.model(stage.call("transfer_to_b", call_id="h1"), "Back.")
    await stage.run(first)


@scene("38 36")
async def an_unknown_tool_and_the_choice(stage: Stage) -> None:
    agent = stage.agent(
        stage.call("nope"), "2", tools=tools(stage), model_settings=stage.lib.ModelSettings(tool_choice="required")
    )
    await stage.run(agent, run_config={"tool_not_found_behavior": "return_error_to_model"})


@scene("38 34")
async def a_failed_tool_and_the_choice(stage: Stage) -> None:
    settings = stage.lib.ModelSettings(tool_choice="required")
    await stage.run(stage.agent(stage.call("broken"), "Sorry.", tools=tools(stage), model_settings=settings))


@scene("39")
async def final_outputs(stage: Stage) -> None:
    await stage.run(stage.agent([]))
    await stage.run(stage.agent([stage.said("One."), stage.said("Two.", "m2")]))
    await stage.run(stage.agent(""))
    await stage.run(stage.agent('{"city": "Rome", "degrees": 20}', output_type=Weather))
    await stage.run(stage.agent('{"response": [1, 2]}', output_type=list[int]))
    await stage.run(stage.agent([stage.said("no JSON"), stage.said('{"response": 3}', "m2")], output_type=int))


@scene("39")
async def no_message_of_a_structured_agent(stage: Stage) -> None:
    await stage.run(stage.agent([], '{"city": "Rome", "degrees": 20}', output_type=Weather))
    await stage.run(stage.agent("", '{"response": 3}', output_type=int))
    await stage.run(stage.agent([], output_type=int), max_turns=1)


@scene("39")
async def refusals(stage: Stage) -> None:
    await stage.run(stage.agent(stage.refusal("No.")))
    await stage.run(stage.agent(stage.refusal("No."), output_type=Weather))
    await stage.run(stage.agent([stage.said("Well."), stage.refusal("No.")]))
    await stage.run(stage.agent([stage.refusal("No."), stage.said("Well, yes.", "m2")]))


@scene("39")
async def a_refusal_beside_a_tool(stage: Stage) -> None:
    await stage.run(stage.agent([stage.refusal("No."), stage.call(*ADD)], "2", tools=tools(stage)))


@scene("39")
async def a_refusal_and_a_text_in_one_message(stage: Stage) -> None:
    for order in (1, -1):
        both = stage.refusal("No.").model_dump()
        both["content"] = [*both["content"], *stage.said("Well, yes.").model_dump()["content"]][::order]
        message = type(stage.said("")).model_validate(both)
        await stage.run(stage.agent(message))
        await stage.run(stage.agent(message, output_type=Weather))
        stage.runs[-1]["error"] = stage.runs[-1]["error"] and stage.runs[-1]["error"][0]


@scene("39")
async def an_own_output_schema(stage: Stage) -> None:
    class Letters(stage.module("agent_output").AgentOutputSchemaBase):  # type: ignore[name-defined,misc]
        def is_plain_text(self) -> bool:
            return False

        def name(self) -> str:
            return "Letters"

        def json_schema(self) -> dict[str, Any]:
            return {"type": "object"}

        def is_strict_json_schema(self) -> bool:
            return False

        def validate_json(self, json_str: str) -> Any:
            if "!" in json_str:
                raise stage.lib.ModelBehaviorError("too loud")
            return sorted(json_str)

    await stage.run(stage.agent("cba", output_type=Letters()))
    await stage.run(stage.agent("cba!", output_type=Letters()))
    handlers = {"invalid_final_output": lambda data: "zyx"}
    await stage.run(stage.agent("cba!", output_type=Letters()), error_handlers=handlers)


@scene("39")
async def a_schema_that_is_not_strict(stage: Stage) -> None:
    schema = stage.lib.AgentOutputSchema(Loose, strict_json_schema=False)
    await stage.run(stage.agent('{"values": {"a": 1}}', output_type=schema))


@scene("36")
async def an_unknown_tool_ends_the_run(stage: Stage) -> None:
    await stage.run(stage.agent(stage.call("nope"), "x", tools=tools(stage)))
    await stage.run(stage.agent([stage.said("Well."), stage.call(*ADD), stage.call("nope", call_id="c2")]))


MISSING = {"tool_not_found_behavior": "return_error_to_model"}


@scene("36")
async def an_unknown_tool_is_told(stage: Stage) -> None:
    await stage.run(stage.agent(stage.call("nope"), "Sorry.", tools=tools(stage)), run_config=MISSING)


@scene("36 8")
async def unknown_and_known_tools(stage: Stage) -> None:
    calls = [stage.call("nope", call_id="c1"), stage.call(*ADD[:2], "c2"), stage.call("never", call_id="c3")]
    await stage.run(stage.agent(calls, "Sorry.", tools=tools(stage)), run_config=MISSING)


@scene("36 42")
async def an_unknown_tool_and_a_handoff(stage: Stage) -> None:
    other = stage.agent("B speaks.", name="B")
    calls = [stage.call("nope", call_id="c1"), stage.call("transfer_to_b", call_id="h1")]
    await stage.run(stage.agent(calls, handoffs=[other]), run_config=MISSING)


def wording(stage: Stage, answer: Any) -> Any:
    """A formatter of tool errors that notes what it gets."""

    def word(asked: Any) -> Any:
        stage.tell(asked.kind, asked.tool_type, asked.tool_name, asked.call_id, asked.default_message)
        stage.tell(type(asked.run_context).__name__, type(asked.error).__name__)
        return answer(asked) if callable(answer) else answer

    return word


@scene("36")
async def an_unknown_tool_in_other_words(stage: Stage) -> None:
    for answer in ("No such thing.", None, lambda asked: asked.default_message.upper(), 3, lambda asked: 1 / 0):
        config = {**MISSING, "tool_error_formatter": wording(stage, answer)}
        await stage.run(stage.agent(stage.call("nope"), "Sorry."), run_config=config)


@scene("36")
async def an_unknown_tool_in_words_that_come_later(stage: Stage) -> None:
    async def word(asked: Any) -> str:
        await asyncio.sleep(0)
        return f"{asked.tool_name}?"

    await stage.run(stage.agent(stage.call("nope"), "Sorry."), run_config={**MISSING, "tool_error_formatter": word})


@scene("34")
async def a_failed_tool_in_other_words(stage: Stage) -> None:
    for answer in ("It broke.", None, lambda asked: str(asked.error)):
        config = {"tool_error_formatter": wording(stage, answer)}
        await stage.run(stage.agent(stage.call("broken"), "Sorry.", tools=tools(stage)), run_config=config)


@scene("36")
async def the_same_name_twice(stage: Stage) -> None:
    def made(text: str) -> Any:
        def tool() -> str:
            return text

        return stage.lib.function_tool(tool, name_override="tool", description_override=text)

    for policy in ("warn", "error"):
        agent = stage.agent(stage.call("tool"), "Done.", tools=[made("first"), *tools(stage), made("second")])
        await stage.run(agent, run_config={"tool_name_collision_policy": policy})
        error = stage.runs[-1]["error"]
        stage.runs[-1]["error"] = error and error[0]
    for run in stage.runs[1:]:
        run.pop("events", None)


@scene("36 42")
async def a_tool_with_the_name_of_a_handoff(stage: Stage) -> None:
    def tool() -> str:
        return "tool"

    for policy in ("warn", "error"):
        made = stage.lib.function_tool(tool, name_override="transfer_to_b")
        other = stage.agent(*["B speaks."] * (policy == "warn"), name="B")
        agent = stage.agent(stage.call("transfer_to_b"), "Done.", tools=[made], handoffs=[other])
        await stage.run(agent, run_config={"tool_name_collision_policy": policy})
        error = stage.runs[-1]["error"]
        stage.runs[-1]["error"] = error and error[0]


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)
