"""Agents as tools, played by both libraries: their arguments, nested runs, events, usage and errors.

Annotations are evaluated here: a tool's context must be annotated with the class of its library.
"""

import asyncio
import dataclasses
import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from stage import ADDED, Scenes, Stage, compare
from suite import Over
from world import seen

scene = Scenes()


class Place(BaseModel):
    """Where to look."""

    city: str
    degrees: int = 3


class Described(BaseModel):
    kind: Literal["town", "village"] = Field(description="What it is.")
    name: Literal["Rome"]
    size: Literal[1, "many", None]
    share: float
    known: bool = True


class Deep(BaseModel):
    """It has a part."""

    place: Place


class Bare(BaseModel):
    a: int


@dataclasses.dataclass
class Pair:
    left: int
    right: str = dataclasses.field(default="x", metadata={"description": "The right one."})


def adder(stage: Stage) -> Any:
    @stage.lib.function_tool
    def add(a: int, b: int = 1) -> int:
        return a + b

    return add


async def asking(
    stage: Stage,
    *inner: Any,
    arguments: Any = '{"input":"Do it"}',
    fields: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    **tool: Any,
) -> Any:
    """A run whose agent calls another agent as a tool."""
    nested = stage.agent(*inner, name="Inner", **(fields or {}))
    made = nested.as_tool(**{"tool_name": "ask", "tool_description": "Ask.", **tool})
    outer = stage.agent(stage.call("ask", arguments), "Outer.", tools=[made])
    return await stage.run(outer, **(options or {}))


@scene("59")
async def a_plain_one(stage: Stage) -> None:
    await asking(stage, "Inner.", fields={"instructions": "Be inner."})


@scene("59")
async def the_tool_itself(stage: Stage) -> None:
    for name, about in (("ask", "Ask."), (None, None), ("ask", None), (None, "Ask.")):
        for agent in ("Inner", "In ner! é", "under_score", "x-y.z"):
            tool = stage.agent("x", name=agent).as_tool(name, about)
            stage.tell(type(tool).__name__, tool.name, tool.description, tool.params_json_schema)
            stage.tell(tool.strict_json_schema, tool.is_enabled)


@scene("59")
async def usage_adds_up(stage: Stage) -> None:
    await asking(stage, stage.call("add", {"a": 1}, "i1"), "Inner.", fields={"tools": [adder(stage)]})
    stage.tell(stage.runs[0]["usage"]["requests"])


@scene("59")
async def several_at_once(stage: Stage) -> None:
    tools = [stage.agent(f"I am {name}.", name=name).as_tool(name.lower(), "Ask.") for name in ("One", "Two")]
    calls = [stage.call("one", {"input": "first"}, "c1"), stage.call("two", {"input": "second"}, "c2")]
    await stage.run(stage.agent(calls, "Done.", tools=tools))


@scene("59")
async def one_inside_another(stage: Stage) -> None:
    deepest = stage.agent("Deepest.", name="Deep").as_tool("deep", "Go deep.")
    middle = stage.agent(stage.call("deep", {"input": "deeper"}, "d1"), "Middle.", name="Middle", tools=[deepest])
    await stage.run(stage.agent(stage.call("middle", {"input": "deep"}), "Done.", tools=[middle.as_tool("middle", "")]))


@scene("59 42")
async def a_handoff_inside(stage: Stage) -> None:
    """The outer run's agent stays; the last one that spoke inside gives the output."""
    other = stage.agent("B speaks.", name="B")
    await asking(stage, stage.call("transfer_to_b", call_id="h1"), fields={"handoffs": [other]})


@scene("59")
async def the_same_context(stage: Stage) -> None:
    @stage.lib.function_tool
    def who(context: stage.lib.RunContextWrapper) -> str:  # type: ignore[name-defined]
        context.context["seen"] += 1
        stage.tell(type(context).__name__, context.usage.requests, context.tool_input)
        return str(context.context)

    mine = {"seen": 0}
    await asking(stage, stage.call("who", "{}", "i1"), "Inner.", fields={"tools": [who]}, options={"context": mine})
    stage.tell(mine)


@scene("59")
async def wrong_arguments(stage: Stage) -> None:
    for arguments in ('{"input":', "{}", "", "[]", '{"input":3}', '{"input":null}', '{"input":"x","more":1}'):
        await asking(stage, *["Inner."] * ("more" in arguments), arguments=arguments)


@scene("59")
async def structured_parameters(stage: Stage) -> None:
    for parameters, given in (
        (Bare, {"a": 1}),
        (Pair, {"left": 1, "right": "y"}),
        (Pair, {"left": 1}),
        (Place, {"city": 3}),
        (Place, {"degrees": 3}),
        (Deep, {"place": {"city": "Rome", "degrees": 1}}),
    ):
        tool = stage.agent(name="x").as_tool("ask", "Ask.", parameters=parameters)
        stage.tell(tool.params_json_schema, tool.strict_json_schema)
        words = parameters in (Pair, Deep)
        await asking(stage, "Inner.", arguments=json.dumps(given), parameters=parameters, input_builder=plain(words))


def plain(needed: bool) -> Any:
    """No builder, or one that shows what it gets; the words around described arguments are the library's own."""
    return (lambda given: json.dumps(given)) if needed else None


@scene("59")
async def what_a_builder_gets(stage: Stage) -> None:
    described = {"kind": "town", "name": "Rome", "size": None, "share": 0.5, "known": True}
    for parameters, given in (
        (None, {"input": "Do it"}),
        (Bare, {"a": 1}),
        (Place, {"city": "Rome", "degrees": 3}),
        (Described, described),
        (Deep, {"place": {"city": "Rome", "degrees": 3}}),
    ):
        for shown in (False, True):
            await asking(
                stage,
                "Inner.",
                arguments=json.dumps(given),
                parameters=parameters,
                input_builder=lambda options: stage.tell(type(options).__name__, options) or "Built.",
                include_input_schema=shown,
            )


@scene("59")
async def what_a_builder_makes(stage: Stage) -> None:
    async def later(options: Any) -> Any:
        await asyncio.sleep(0)
        return [{"role": "user", "content": "Later."}]

    def fails(options: Any) -> Any:
        raise ValueError("no input today")

    for builder in (later, fails, lambda options: "Text.", lambda options: [{"role": "user", "content": "List."}]):
        await asking(stage, *["Inner."] * (builder is not fails), input_builder=builder)


@scene("59")
async def parameters_of_the_wrong_kind(stage: Stage) -> None:
    for wrong in (int, dict[str, int], "Place", 3):
        try:
            stage.agent(name="x").as_tool("ask", "Ask.", parameters=wrong)
        except TypeError:
            stage.tell("refused")


@scene("59")
async def a_schema_without_parameters(stage: Stage) -> None:
    await asking(stage, "Inner.", include_input_schema=True)


@scene("59")
async def the_input_seen_inside(stage: Stage) -> None:
    """Structured arguments are in the nested run's context."""

    @stage.lib.function_tool
    def look(context: stage.lib.RunContextWrapper) -> str:  # type: ignore[name-defined]
        stage.tell(type(context.tool_input).__name__, context.tool_input)
        return "x"

    for parameters, given in ((Bare, {"a": 1}), (Pair, {"left": 1, "right": "y"}), (None, {"input": "x"})):
        await asking(
            stage,
            stage.call("look", "{}", "i1"),
            "Inner.",
            arguments=json.dumps(given),
            parameters=parameters,
            fields={"tools": [look]},
            input_builder=plain(parameters is Pair),
        )


@scene("59")
async def an_output_extractor(stage: Stage) -> None:
    async def extract(result: Any) -> str:
        stage.tell(type(result).__name__, result.final_output, result.last_agent.name, len(result.new_items))
        invocation = result.agent_tool_invocation
        stage.tell(invocation.tool_name, invocation.tool_call_id, invocation.tool_arguments)
        stage.tell(result.input, result.context_wrapper.usage.requests)
        return "Extracted."

    async def fails(result: Any) -> str:
        raise ValueError("nothing to extract")

    await asking(stage, "Inner.", custom_output_extractor=extract)
    await asking(stage, "Inner.", custom_output_extractor=fails)


@scene("59")
async def other_outputs(stage: Stage) -> None:
    """What is no text becomes one."""
    await asking(stage, '{"city": "Rome", "degrees": 1}', fields={"output_type": Place})
    await asking(stage, '{"response": [1, 2]}', fields={"output_type": list[int]})
    await asking(stage, "")
    await asking(stage, [])


@scene("59")
async def a_nested_run_that_fails(stage: Stage) -> None:
    await asking(stage, stage.call("nope", "{}", "i1"))
    await asking(stage, stage.refusal("No."))
    await asking(stage, stage.call("add", {"a": 1}, "i1"), fields={"tools": [adder(stage)]}, max_turns=1)


@scene("59 34")
async def other_words_for_a_failure(stage: Stage) -> None:
    def word(context: Any, error: Exception) -> str:
        stage.tell(type(context).__name__, context.tool_name, type(error).__name__)
        return "It failed."

    async def later(context: Any, error: Exception) -> str:
        return "It failed, as told later."

    for function in (word, later):
        await asking(stage, stage.call("nope", "{}", "i1"), failure_error_function=function)


@scene("59 34", unlike=ADDED)
async def a_failure_that_ends_the_run(stage: Stage) -> None:
    await asking(stage, stage.call("nope", "{}", "i1"), failure_error_function=None)
    await asking(stage, arguments="{", failure_error_function=None)
    for run in stage.runs:
        run["error"] = run["error"][0]


@scene("59")
async def whether_it_is_offered(stage: Stage) -> None:
    def asked(context: Any, agent: Any) -> bool:
        told = (type(context).__name__, context.context, agent.name)
        if told not in stage.notes:  # how often it is asked is no promise
            stage.tell(*told)
        return context.context == "Ann"

    async def later(context: Any, agent: Any) -> bool:
        return True

    for rule in (True, asked, later):
        await asking(stage, "Inner.", is_enabled=rule, options={"context": "Ann"})
    await stage.run(stage.agent("Hi.", tools=[stage.agent(name="x").as_tool("ask", "", is_enabled=False)]))
    await stage.run(stage.agent("Hi.", tools=[stage.agent(name="x").as_tool("ask", "", is_enabled=asked)]))


@scene("59")
async def the_hooks_of_a_nested_run(stage: Stage) -> None:
    def hooks(who: str) -> Any:
        class Hooks(stage.lib.RunHooks):  # type: ignore[name-defined,misc]
            async def on_agent_start(self, context: Any, agent: Any) -> None:
                stage.tell(who, "start", agent.name, type(context).__name__, context.turn_input)

            async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
                stage.tell(who, "tool", agent.name, tool.name)

            async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
                stage.tell(who, "end", agent.name, output)

        return Hooks()

    await asking(stage, "Inner.", hooks=hooks("inner"), options={"hooks": hooks("outer")})


@scene("59 26")
async def the_guardrails_of_a_nested_run(stage: Stage) -> None:
    def look(context: Any, agent: Any, given: Any) -> Any:
        stage.tell(agent.name, given)
        return stage.lib.GuardrailFunctionOutput(None, agent.name == "Inner")

    guardrail = stage.lib.InputGuardrail(look, run_in_parallel=False)
    await asking(stage, "Inner.", fields={"input_guardrails": [guardrail]})


@scene("59")
async def the_settings_of_a_nested_run(stage: Stage) -> None:
    """Its own, or the outer run's."""

    def shout(data: Any) -> Any:
        stage.tell(data.agent.name)
        return stage.lib.ModelInputData(input=data.model_data.input, instructions="Shout.")

    outer = {"run_config": stage.lib.RunConfig(call_model_input_filter=shout)}
    await asking(stage, "Inner.", options=outer)
    await asking(stage, "Inner.", options=outer, run_config=stage.lib.RunConfig())
    await asking(stage, "Inner.", run_config={"call_model_input_filter": shout})
    runs = stage.lib.RunConfig(model_settings=stage.lib.ModelSettings(temperature=0.5))
    await asking(stage, "Inner.", options={"run_config": runs})


@scene("59")
async def the_model_of_the_outer_run(stage: Stage) -> None:
    model = stage.model(stage.call("ask", {"input": "x"}), "By the run's model.", "Done.")
    tool = stage.agent("Inner.", name="Inner").as_tool("ask", "Ask.")
    await stage.run(stage.agent("never", tools=[tool]), run_config=stage.lib.RunConfig(model=model))


def shown(event: Any) -> Any:
    return (*seen(event["event"])[:2], event["agent"].name, event["tool_call"].call_id, sorted(event))


@scene("59")
async def events_go_to_on_stream(stage: Stage) -> None:
    await asking(
        stage,
        stage.call("add", {"a": 1}, "i1"),
        "Inner.",
        fields={"tools": [adder(stage)]},
        on_stream=lambda event: stage.tell(*shown(event)),
    )


@scene("59")
async def on_stream_may_be_asynchronous(stage: Stage) -> None:
    """One event after the other, in order, and all of them before the tool's output."""

    async def later(event: Any) -> None:
        stage.tell("begins", *shown(event))
        for _ in range(3):
            await asyncio.sleep(0)
        stage.tell("ends", *shown(event))

    class Hooks(stage.lib.RunHooks):  # type: ignore[name-defined,misc]
        async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
            stage.tell("tool ends", result)

    await asking(stage, "Inner.", on_stream=later, options={"hooks": Hooks()})


@scene("59")
async def on_stream_that_raises(stage: Stage) -> None:
    def fails(event: Any) -> None:
        stage.tell(*shown(event)[:2])
        raise ValueError("no watching today")

    await asking(stage, "Inner.", on_stream=fails)


@scene("59 42")
async def on_stream_and_a_handoff(stage: Stage) -> None:
    other = stage.agent("B speaks.", name="B")
    await asking(
        stage,
        stage.call("transfer_to_b", call_id="h1"),
        fields={"handoffs": [other]},
        on_stream=lambda event: stage.tell(*shown(event)),
    )


@scene("59")
async def on_stream_and_a_failure(stage: Stage) -> None:
    await asking(stage, stage.call("nope", "{}", "i1"), on_stream=lambda event: stage.tell(*shown(event)))


@scene("59")
async def on_stream_and_an_extractor(stage: Stage) -> None:
    async def extract(result: Any) -> str:
        stage.tell(type(result).__name__, result.final_output, result.agent_tool_invocation.tool_call_id)
        return "Extracted."

    await asking(stage, "Inner.", on_stream=lambda event: None, custom_output_extractor=extract)


@scene("59 37")
async def it_gives_the_final_output(stage: Stage) -> None:
    tool = stage.agent("Inner.", name="Inner").as_tool("ask", "Ask.")
    agent = stage.agent(stage.call("ask", {"input": "x"}), tools=[tool], tool_use_behavior="stop_on_first_tool")
    await stage.run(agent)


@scene("59", over=("scripted",))
async def on_stream_that_lags_too_far(stage: Stage) -> None:
    """The tool fails; what is stuck is stopped."""

    async def stuck(event: Any) -> None:
        await asyncio.Event().wait()

    await asking(stage, "Inner.", on_stream=stuck, on_stream_max_pending_events=2)


@scene("59")
async def on_stream_without_a_limit(stage: Stage) -> None:
    async def slow(event: Any) -> None:
        await asyncio.sleep(0)
        stage.tell(*shown(event)[:2])

    await asking(stage, "word " * 50, on_stream=slow, on_stream_max_pending_events=None)


@scene("59")
async def limits_that_are_none(stage: Stage) -> None:
    for wrong in (0, -1, "3"):
        try:
            stage.agent(name="x").as_tool("ask", "Ask.", on_stream_max_pending_events=wrong)
        except Exception as error:
            stage.tell(repr(wrong), isinstance(error, (TypeError, ValueError, stage.lib.UserError)))
        else:
            stage.tell(repr(wrong), "accepted")


@scene("59")
async def no_invocation_of_other_runs(stage: Stage) -> None:
    result = await asking(stage, "Inner.")
    stage.tell(result.agent_tool_invocation)


@scene("59", over=("scripted",))
async def what_the_results_know_of_the_nested_run(stage: Stage) -> None:
    """`agent_run_result` is for runs that wait for a decision; a finished one is not kept."""

    def look(context: Any, results: Any) -> Any:
        for found in results:
            stage.tell(found.tool.name, found.agent_run_result, found.output, found.interruptions)
        return stage.lib.ToolsToFinalOutputResult(False)

    async def extract(result: Any) -> str:
        return f"extracted {result.final_output}"

    tools = [
        stage.agent("Inner.", name="I").as_tool("ask", "Asks."),
        stage.agent("Inner.", name="J").as_tool("watched", "Asks.", on_stream=lambda event: None),
        stage.agent("Inner.", name="K").as_tool("extracted", "Asks.", custom_output_extractor=extract),
        stage.agent(stage.call("nope"), name="L").as_tool("failing", "Asks."),
    ]
    calls = [stage.call(tool.name, {"input": "x"}, f"c_{tool.name}") for tool in tools]
    await stage.run(stage.agent(calls, "Done.", tools=tools, tool_use_behavior=look))


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)
