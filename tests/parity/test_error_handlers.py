"""Error handlers, played by both libraries: three kinds of errors, and every form of what a handler returns."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from pydantic import BaseModel
from stage import Scenes, Stage, compare
from suite import Over
from world import Weather

import agentcell

scene = Scenes()

ROME = {"city": "Rome", "degrees": 20.0}


def adder(stage: Stage) -> Any:
    @stage.lib.function_tool
    def add(a: int, b: int = 1) -> int:
        return a + b

    return add


def message(error: object) -> str:
    """An error's text; of invalid JSON only the beginning, because ours goes on to say what is wrong with it."""
    text = str(error)
    return text[: len(INVALID)] if text.startswith(INVALID) else text


def cut(stage: Stage) -> None:
    seen = stage.runs[-1]
    if seen["error"]:
        seen["error"] = (seen["error"][0], message(seen["error"][1]), *seen["error"][2:])


INVALID = "Invalid JSON when parsing model output"


async def failing(stage: Stage, kind: str, handler: Any, output_type: Any = None, **options: Any) -> Any:
    """A run that fails in one of the three ways, with a handler for it."""
    turns: dict[str, list[Any]] = {
        "max_turns": [stage.call("add", {"a": 1})],
        "model_refusal": [[stage.said("Well.", "m0"), stage.refusal("I will not.")]],
        "invalid_final_output": ["not JSON"],
    }
    wanted = Weather if kind == "invalid_final_output" and output_type is None else output_type
    agent = stage.agent(*turns[kind], tools=[adder(stage)], output_type=wanted)
    if kind == "max_turns":
        options["max_turns"] = 1
    result = await stage.run(agent, error_handlers={kind: handler}, **options)
    cut(stage)
    return result


def telling(stage: Stage, answer: Any) -> Any:
    """A handler that notes what it gets."""

    def handle(data: Any) -> Any:
        run = data.run_data
        stage.tell(
            type(data).__name__,
            type(data.error).__name__,
            message(data.error),
            type(data.context).__name__,
            data.context.context,
            data.context.usage.requests,
        )
        stage.tell(
            run.input,
            [item.type for item in run.new_items],
            run.history,
            run.output,
            run.raw_responses[-1].response_id,  # the reference leaves out the turns before, after two kinds of errors
            run.last_agent.name,
        )
        return answer

    return handle


KINDS = ("max_turns", "model_refusal", "invalid_final_output")
VALUES = {"max_turns": "Enough.", "model_refusal": "Politely no.", "invalid_final_output": ROME}


def for_each_kind(make: Any) -> None:
    """The same scene for the three kinds of errors."""
    for kind in KINDS:

        async def play(stage: Stage, kind: str = kind) -> None:
            await make(stage, kind)

        play.__name__ = f"{make.__name__} {kind}"
        scene("47" if kind == "max_turns" else "39" if kind == "model_refusal" else "11")(play)


@for_each_kind
async def no_handler(stage: Stage, kind: str) -> None:
    await failing(stage, kind, None)


@for_each_kind
async def a_handler_of_another_kind(stage: Stage, kind: str) -> None:
    other = KINDS[KINDS.index(kind) - 1]
    turns = {"max_turns": stage.call("add", {"a": 1}), "model_refusal": stage.refusal("No.")}
    agent = stage.agent(
        turns.get(kind, "not JSON"),
        tools=[adder(stage)],
        output_type=Weather if kind == "invalid_final_output" else None,
    )
    await stage.run(agent, max_turns=1, error_handlers={other: lambda data: "Never."})
    cut(stage)


@for_each_kind
async def none_leaves_the_error(stage: Stage, kind: str) -> None:
    await failing(stage, kind, telling(stage, None))


@for_each_kind
async def a_value(stage: Stage, kind: str) -> None:
    await failing(stage, kind, telling(stage, VALUES[kind]), context={"user": 1})


@for_each_kind
async def a_dict_of_the_result(stage: Stage, kind: str) -> None:
    await failing(stage, kind, lambda data: {"final_output": VALUES[kind]})


@for_each_kind
async def a_dict_kept_out_of_the_history(stage: Stage, kind: str) -> None:
    await failing(stage, kind, lambda data: {"final_output": VALUES[kind], "include_in_history": False})


@for_each_kind
async def a_result(stage: Stage, kind: str) -> None:
    await failing(stage, kind, lambda data: stage.lib.RunErrorHandlerResult(VALUES[kind]))


@for_each_kind
async def a_result_kept_out_of_the_history(stage: Stage, kind: str) -> None:
    await failing(stage, kind, lambda data: stage.lib.RunErrorHandlerResult(VALUES[kind], include_in_history=False))


@for_each_kind
async def an_asynchronous_handler(stage: Stage, kind: str) -> None:
    async def handle(data: Any) -> Any:
        return VALUES[kind]

    await failing(stage, kind, handle)


@for_each_kind
async def an_asynchronous_none(stage: Stage, kind: str) -> None:
    async def handle(data: Any) -> Any:
        return None

    await failing(stage, kind, handle)


@for_each_kind
async def a_handler_that_raises(stage: Stage, kind: str) -> None:
    def handle(data: Any) -> Any:
        raise ValueError("no handling today")

    await failing(stage, kind, handle)
    if kind == "invalid_final_output" and not stage.ours:  # the reference hides what the handler has raised
        assert stage.runs[-1]["error"][:2] == ("UserError", "Error details are redacted.")
        stage.runs[-1]["error"] = ("ValueError", "no handling today", *stage.runs[-1]["error"][2:])


@for_each_kind
async def a_handler_that_is_no_function(stage: Stage, kind: str) -> None:
    """Whatever the error is, it is the caller's."""
    from contextlib import suppress

    with suppress(Exception):
        await failing(stage, kind, "Enough.")
    stage.tell(type(stage.runs.pop()["error"]).__name__)


@for_each_kind
async def a_dict_with_other_keys(stage: Stage, kind: str) -> None:
    """It is a value; the output of a plain agent may be one."""
    await failing(stage, kind, lambda data: {"city": "Rome", "degrees": 20.0})


@for_each_kind
async def the_hooks_of_a_handled_run(stage: Stage, kind: str) -> None:
    class Hooks(stage.lib.RunHooks):  # type: ignore[name-defined,misc]
        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            stage.tell("llm_end")

        async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
            stage.tell("agent_end", output)

    await failing(stage, kind, lambda data: VALUES[kind], hooks=Hooks())


@scene("48")
async def an_object_of_the_output_type(stage: Stage) -> None:
    await failing(stage, "invalid_final_output", lambda data: Weather(city="Rome", degrees=20))


@scene("48")
async def a_value_of_another_type(stage: Stage) -> None:
    for kind in KINDS:
        await failing(stage, kind, lambda data: {"final_output": "no weather"}, output_type=Weather)
        stage.runs[-1]["error"] = stage.runs[-1]["error"][0]


@scene("48")
async def a_value_that_can_be_made_to_fit(stage: Stage) -> None:
    await failing(stage, "max_turns", lambda data: {"city": "Rome", "degrees": "20"}, output_type=Weather)
    await failing(stage, "model_refusal", lambda data: '{"city": "Rome", "degrees": 20}', output_type=Weather)
    for run in stage.runs:
        run["error"] = run["error"] and run["error"][0]


@scene("48")
async def other_output_types(stage: Stage) -> None:
    @dataclasses.dataclass
    class Place:
        city: str

    class Other(BaseModel):
        city: str

    for kind, value in (
        (list[int], [1, 2]),
        (int, 3),
        (Place, Place("Rome")),
        (Place, {"city": "Rome"}),
        (Weather, Other(city="Rome")),
        (bool, None),
        (list[int], [1, "two"]),
        (str, 3),
    ):
        answer = stage.lib.RunErrorHandlerResult(value)
        await failing(stage, "max_turns", lambda data, answer=answer: answer, output_type=kind)
        stage.runs[-1]["error"] = stage.runs[-1]["error"] and stage.runs[-1]["error"][0]


@scene("48")
async def values_of_a_plain_agent(stage: Stage) -> None:
    for value in (3, None, [1], {"a": 1}, True, 1.5, Weather(city="Rome", degrees=20), b"x"):
        answer = stage.lib.RunErrorHandlerResult(value)
        await failing(stage, "max_turns", lambda data, answer=answer: answer)
        stage.runs[-1]["error"] = stage.runs[-1]["error"] and stage.runs[-1]["error"][0]


@scene("47")
async def the_limit_after_several_turns(stage: Stage) -> None:
    calls = [stage.call("add", {"a": n}, f"c{n}") for n in range(3)]
    agent = stage.agent(*calls, tools=[adder(stage)])
    await stage.run(agent, max_turns=3, error_handlers={"max_turns": telling(stage, "Enough.")})


@scene("47 42")
async def the_limit_after_a_handoff(stage: Stage) -> None:
    """The last agent's output type, and its name on the message."""
    other = stage.agent(stage.call("add", {"a": 1}), name="B", tools=[adder(stage)], output_type=Weather)
    agent = stage.agent(stage.call("transfer_to_b", call_id="h1"), handoffs=[other])
    await stage.run(agent, max_turns=2, error_handlers={"max_turns": telling(stage, ROME)})


@scene("39")
async def a_refusal_after_a_tool(stage: Stage) -> None:
    agent = stage.agent(stage.call("add", {"a": 1}), stage.refusal("No."), tools=[adder(stage)])
    await stage.run(agent, error_handlers={"model_refusal": telling(stage, "As you like.")})


@scene("39")
async def a_refusal_of_a_structured_agent(stage: Stage) -> None:
    agent = stage.agent(stage.refusal("No."), output_type=Weather)
    await stage.run(agent, error_handlers={"model_refusal": telling(stage, ROME)})


@scene("11")
async def invalid_after_a_tool(stage: Stage) -> None:
    agent = stage.agent(stage.call("add", {"a": 1}), '{"city": 3}', tools=[adder(stage)], output_type=Weather)
    await stage.run(agent, error_handlers={"invalid_final_output": telling(stage, ROME)})


@scene("48")
async def other_errors_are_not_handled(stage: Stage) -> None:
    handlers = dict.fromkeys(KINDS, lambda data: "Never.")
    await stage.run(stage.agent(stage.call("nope")), error_handlers=handlers)
    agent = stage.agent("Hi.")
    agent.model = stage._testing.ScriptedModel([OSError("no line")])
    await stage.run(agent, error_handlers=handlers)


@scene("48")
async def handlers_that_are_not_needed(stage: Stage) -> None:
    handlers = dict.fromkeys(KINDS, lambda data: stage.tell("called"))
    await stage.run(stage.agent("Hi."), error_handlers=handlers)
    await stage.run(stage.agent("Hi."), error_handlers={})


@scene("48")
async def all_three_at_once(stage: Stage) -> None:
    handlers = {kind: telling(stage, kind) for kind in KINDS}
    await stage.run(stage.agent(stage.refusal("No.")), error_handlers=handlers)


@scene("11")
async def the_message_in_the_next_run(stage: Stage) -> None:
    """What a handler has said is part of the conversation."""
    result = await failing(stage, "max_turns", lambda data: "Enough.")
    await stage.run(stage.agent("Hi again."), [*result.to_input_list(), {"role": "user", "content": "Hello?"}])


@scene("48")
async def handlers_of_unknown_kinds(stage: Stage) -> None:
    """They are never called, and nobody complains."""
    for handlers in ({"nope": lambda data: "Never."}, {"tool_error": None}, {"nope": 5, "max_turns": None}):
        await stage.run(stage.agent("Hi."), error_handlers=handlers)
        calling = stage.agent(stage.call("add", {"a": 1}), tools=[adder(stage)])
        await stage.run(calling, error_handlers=handlers, max_turns=1)


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    seen = await compare(played, streamed, over, unlike)
    json.dumps(seen["sent"], default=str)


async def test_a_handler_gets_the_responses_of_all_turns() -> None:
    stage = Stage(agentcell, True)
    seen: list[Any] = []
    agent = stage.agent(stage.call("add", {"a": 1}), stage.refusal("No."), tools=[adder(stage)])
    await stage.run(agent, error_handlers={"model_refusal": lambda data: seen.append(data.run_data)})
    assert [response.response_id for response in seen[0].raw_responses] == ["resp_1", "resp_2"]
    assert stage.runs[0]["error"][0] == "ModelRefusalError"
