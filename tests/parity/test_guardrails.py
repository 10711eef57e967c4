"""Guardrails of agents and of runs, played by both libraries. Each scene is named by the rules that it shows."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import agents
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from stage import Names, Scenes, Stage, compare, play
from suite import Over, script
from world import Weather

import agentcell
from agentcell.testing import LoopbackServer, Turn

scene = Scenes()


def check(stage: Stage, name: str, *, trips: bool = False, raises: Exception | None = None, **options: Any) -> Any:
    """An input guardrail that notes its call."""

    async def look(context: Any, agent: Any, given: Any) -> Any:
        stage.tell(name, type(context).__name__, agent.name, given)
        if raises is not None:
            raise raises
        return stage.lib.GuardrailFunctionOutput({"by": name}, trips)

    return stage.lib.InputGuardrail(look, name=name, **options)


def check_output(stage: Stage, name: str, *, trips: bool = False, raises: Exception | None = None) -> Any:
    """An output guardrail that notes its call."""

    def look(context: Any, agent: Any, output: Any) -> Any:
        stage.tell(name, type(context).__name__, agent.name, output)
        if raises is not None:
            raise raises
        return stage.lib.GuardrailFunctionOutput([name], trips)

    return stage.lib.OutputGuardrail(look, name=name)


def adder(stage: Stage) -> Any:
    @stage.lib.function_tool
    def add(a: int, b: int = 1) -> int:
        stage.tell("add", a, b)
        return a + b

    return add


@scene("26 27")
async def blocking_passes(stage: Stage) -> None:
    await stage.run(stage.agent("Hi.", input_guardrails=[check(stage, "one", run_in_parallel=False)]))


@scene("26 28")
async def parallel_passes(stage: Stage) -> None:
    await stage.run(stage.agent("Hi.", input_guardrails=[check(stage, "one")]))


@scene("27")
async def blocking_trips(stage: Stage) -> None:
    await stage.run(stage.agent("Hi.", input_guardrails=[check(stage, "one", trips=True, run_in_parallel=False)]))


@scene("27")
async def blocking_raises(stage: Stage) -> None:
    guardrail = check(stage, "one", raises=ValueError("no check today"), run_in_parallel=False)
    await stage.run(stage.agent("Hi.", input_guardrails=[guardrail]))


@scene("27")
async def blocking_ones_run_together(stage: Stage) -> None:
    """The first waits for the second."""
    second = asyncio.Event()

    async def waits(context: Any, agent: Any, given: Any) -> Any:
        await second.wait()
        stage.tell("first")
        return stage.lib.GuardrailFunctionOutput("first", False)

    async def releases(context: Any, agent: Any, given: Any) -> Any:
        stage.tell("second")
        second.set()
        return stage.lib.GuardrailFunctionOutput("second", False)

    guardrails = [stage.lib.InputGuardrail(f, run_in_parallel=False) for f in (waits, releases)]
    await stage.run(stage.agent("Hi.", input_guardrails=guardrails))


@scene("27 30")
async def a_trip_stops_the_other_blocking_ones(stage: Stage) -> None:
    async def waits(context: Any, agent: Any, given: Any) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stage.tell("stopped")
            raise

    slow = stage.lib.InputGuardrail(waits, run_in_parallel=False)
    await stage.run(
        stage.agent("Hi.", input_guardrails=[slow, check(stage, "trip", trips=True, run_in_parallel=False)])
    )


@scene("27 28")
async def a_blocking_trip_starts_no_parallel_one(stage: Stage) -> None:
    guardrails = [check(stage, "beside"), check(stage, "before", trips=True, run_in_parallel=False)]
    await stage.run(stage.agent("Hi.", input_guardrails=guardrails))


@scene("27 28")
async def blocking_before_parallel(stage: Stage) -> None:
    guardrails = [check(stage, "beside"), check(stage, "before", run_in_parallel=False)]
    await stage.run(stage.agent("Hi.", input_guardrails=guardrails))


@scene("26")
async def only_on_the_first_turn(stage: Stage) -> None:
    agent = stage.agent(stage.call("add", {"a": 1}), "2", tools=[adder(stage)], input_guardrails=[check(stage, "one")])
    await stage.run(agent)


@scene("26 46")
async def only_of_the_first_agent(stage: Stage) -> None:
    other = stage.agent(name="B", input_guardrails=[check(stage, "of B", trips=True)])
    agent = stage.agent(stage.call("transfer_to_b"), handoffs=[other], input_guardrails=[check(stage, "of A")])
    other.model = stage.model("B speaks.")
    await stage.run(agent)


@scene("26")
async def of_the_run_too(stage: Stage) -> None:
    agent = stage.agent("Hi.", input_guardrails=[check(stage, "agent's", run_in_parallel=False)])
    config = stage.lib.RunConfig(
        input_guardrails=[check(stage, "run's", run_in_parallel=False)],
        output_guardrails=[check_output(stage, "run's output")],
    )
    await stage.run(agent, run_config=config)


@scene("26")
async def one_of_the_run_trips(stage: Stage) -> None:
    config = stage.lib.RunConfig(input_guardrails=[check(stage, "run's", trips=True, run_in_parallel=False)])
    await stage.run(stage.agent("Hi."), run_config=config)


@scene("26")
async def the_input_is_the_users(stage: Stage) -> None:
    """A list is given as a list."""
    agent = stage.agent("Hi.", input_guardrails=[check(stage, "one", run_in_parallel=False)])
    await stage.run(agent, [{"role": "user", "content": "Hello"}, {"role": "user", "content": "there"}])


@scene("26")
async def as_a_decorator(stage: Stage) -> None:
    @stage.lib.input_guardrail
    async def plain(context: Any, agent: Any, given: Any) -> Any:
        return stage.lib.GuardrailFunctionOutput(None, False)

    @stage.lib.input_guardrail(name="named", run_in_parallel=False)
    def named(context: Any, agent: Any, given: Any) -> Any:
        return stage.lib.GuardrailFunctionOutput(None, False)

    @stage.lib.output_guardrail
    def out(context: Any, agent: Any, output: Any) -> Any:
        return stage.lib.GuardrailFunctionOutput(None, False)

    @stage.lib.output_guardrail(name="out named")
    async def out_named(context: Any, agent: Any, output: Any) -> Any:
        return stage.lib.GuardrailFunctionOutput(None, False)

    for guardrail in (plain, named):
        stage.tell(guardrail.get_name(), guardrail.name, guardrail.run_in_parallel)
    for guardrail in (out, out_named):
        stage.tell(guardrail.get_name(), guardrail.name)
    agent = stage.agent("Hi.", input_guardrails=[named], output_guardrails=[out, out_named])
    await stage.run(agent)


@scene("26")
async def not_a_function(stage: Stage) -> None:
    for kind in (stage.lib.InputGuardrail, stage.lib.OutputGuardrail):
        guardrail = kind(guardrail_function="look")
        context = stage.lib.RunContextWrapper(None)
        try:
            if kind is stage.lib.InputGuardrail:
                await guardrail.run(stage.agent("Hi."), "x", context)
            else:
                await guardrail.run(context, stage.agent("Hi."), "x")
        except stage.lib.UserError:
            stage.tell("UserError")


@scene("28")
async def a_parallel_one_ends_after_the_model(stage: Stage) -> None:
    """The final output waits for it."""
    ready = asyncio.Event()

    class Hooks(stage.lib.RunHooks):  # type: ignore[name-defined,misc]
        async def on_llm_end(self, *given: Any) -> None:
            stage.tell("llm_end")
            ready.set()

        async def on_agent_end(self, *given: Any) -> None:
            stage.tell("agent_end")

    async def look(context: Any, agent: Any, given: Any) -> Any:
        await ready.wait()
        stage.tell("looked")
        return stage.lib.GuardrailFunctionOutput(None, False)

    await stage.run(stage.agent("Hi.", input_guardrails=[stage.lib.InputGuardrail(look)]), hooks=Hooks())


@scene("28")
async def a_parallel_one_trips_after_the_model(stage: Stage) -> None:
    await stage.run(late(stage, "Hi."), hooks=releasing(stage))


def late(stage: Stage, *steps: Any, trips: bool = True, error: Exception | None = None, **fields: Any) -> Any:
    """An agent with a parallel guardrail that trips once the hooks of `releasing` have seen the model's end."""
    stage.ready = ready = asyncio.Event()  # type: ignore[attr-defined]

    async def look(context: Any, agent: Any, given: Any) -> Any:
        await ready.wait()
        if error is not None:
            raise error
        return stage.lib.GuardrailFunctionOutput("late", trips)

    return stage.agent(*steps, input_guardrails=[stage.lib.InputGuardrail(look, name="late")], **fields)


def releasing(stage: Stage) -> Any:
    class Hooks(stage.lib.RunHooks):  # type: ignore[name-defined,misc]
        async def on_llm_end(self, *given: Any) -> None:
            stage.ready.set()  # type: ignore[attr-defined]
            for _ in range(20):
                await asyncio.sleep(0)

        async def on_agent_end(self, *given: Any) -> None:
            stage.tell("agent_end")

    return Hooks()


@scene("30")
async def a_parallel_one_raises_after_the_model(stage: Stage) -> None:
    await stage.run(late(stage, "Hi.", error=ValueError("no check today")), hooks=releasing(stage))


@scene("28")
async def a_known_trip_keeps_tools_from_running(stage: Stage) -> None:
    agent = late(stage, stage.call("add", {"a": 1}), "2", tools=[adder(stage)])
    await stage.run(agent, hooks=releasing(stage))


@scene("30")
async def a_trip_records_what_was_found(stage: Stage) -> None:
    """The guardrail that had finished, and the one that tripped."""
    done = asyncio.Event()

    async def first(context: Any, agent: Any, given: Any) -> Any:
        done.set()
        return stage.lib.GuardrailFunctionOutput("first", False)

    async def second(context: Any, agent: Any, given: Any) -> Any:
        await done.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        return stage.lib.GuardrailFunctionOutput("second", True)

    guardrails = [stage.lib.InputGuardrail(f, run_in_parallel=False) for f in (first, second)]
    await stage.run(stage.agent("Hi.", input_guardrails=guardrails))


@scene("31")
async def output_passes(stage: Stage) -> None:
    await stage.run(stage.agent("Hi.", output_guardrails=[check_output(stage, "one"), check_output(stage, "two")]))


@scene("31")
async def output_trips(stage: Stage) -> None:
    await stage.run(stage.agent("Hi.", output_guardrails=[check_output(stage, "one", trips=True)]))


@scene("31")
async def output_raises(stage: Stage) -> None:
    await stage.run(stage.agent("Hi.", output_guardrails=[check_output(stage, "one", raises=ValueError("not now"))]))


@scene("31")
async def one_of_two_outputs_trips(stage: Stage) -> None:
    guardrails = [check_output(stage, "one"), check_output(stage, "two", trips=True)]
    await stage.run(stage.agent("Hi.", output_guardrails=guardrails))


@scene("31 46")
async def output_of_the_last_agent(stage: Stage) -> None:
    other = stage.agent("B speaks.", name="B", output_guardrails=[check_output(stage, "of B")])
    agent = stage.agent(
        stage.call("transfer_to_b"), handoffs=[other], output_guardrails=[check_output(stage, "of A", trips=True)]
    )
    await stage.run(agent)


@scene("31")
async def output_after_agent_end(stage: Stage) -> None:
    class Hooks(stage.lib.RunHooks):  # type: ignore[name-defined,misc]
        async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
            stage.tell("agent_end", output)

    await stage.run(stage.agent("Hi.", output_guardrails=[check_output(stage, "one", trips=True)]), hooks=Hooks())


@scene("31 39")
async def structured_output(stage: Stage) -> None:
    text = '{"city": "Rome", "degrees": 20}'
    await stage.run(stage.agent(text, output_type=Weather, output_guardrails=[check_output(stage, "one")]))


@scene("31")
async def output_of_each_run(stage: Stage) -> None:
    """Only final outputs are checked, not the texts between tools."""
    agent = stage.agent(
        [stage.said("Let me see."), stage.call("add", {"a": 1})],
        "2",
        tools=[adder(stage)],
        output_guardrails=[check_output(stage, "one")],
    )
    await stage.run(agent)


@scene("31 47")
async def output_of_an_error_handler(stage: Stage) -> None:
    agent = stage.agent(
        stage.call("add", {"a": 1}), tools=[adder(stage)], output_guardrails=[check_output(stage, "one", trips=True)]
    )
    await stage.run(agent, max_turns=1, error_handlers={"max_turns": lambda data: "Enough."})


@scene("30")
async def both_kinds(stage: Stage) -> None:
    agent = stage.agent(
        "Hi.", input_guardrails=[check(stage, "in")], output_guardrails=[check_output(stage, "out", trips=True)]
    )
    await stage.run(agent)


EVENT = {"events": "31: an output that a guardrail withholds is not in the event of it either"}
"""The reference has put the tool's output into its event before the guardrail runs."""


async def tool_output_trips(stage: Stage, *calls: Any, message: Any = None, **fields: Any) -> None:
    """A run that ends with a tool's output, which a guardrail stops."""

    def look(context: Any, agent: Any, output: Any) -> Any:
        stage.tell("looks at", output)
        return stage.lib.GuardrailFunctionOutput({"saw": output}, True)

    agent = stage.agent(
        list(calls) or [stage.call("add", {"a": 1})],
        tools=[adder(stage)],
        output_guardrails=[check_output(stage, "passes"), stage.lib.OutputGuardrail(look, name="trips")],
        **{"tool_use_behavior": "stop_on_first_tool", **fields},
    )
    await stage.run(agent, run_config={"output_guardrail_blocked_message": message})


@scene("31 37", unlike=EVENT)
async def the_final_output_of_a_tool_is_withheld(stage: Stage) -> None:
    await tool_output_trips(stage)


@scene("31 37", unlike=EVENT)
async def all_outputs_of_the_turn_are_withheld(stage: Stage) -> None:
    await tool_output_trips(stage, stage.call("add", {"a": 1}, "c1"), stage.call("add", {"a": 5}, "c2"))


@scene("31 37", unlike=EVENT)
async def what_a_function_made_of_the_outputs_is_withheld(stage: Stage) -> None:
    await tool_output_trips(
        stage, tool_use_behavior=lambda context, results: stage.lib.ToolsToFinalOutputResult(True, "Made of it.")
    )


@scene("31", unlike=EVENT)
async def withheld_with_other_words(stage: Stage) -> None:
    await tool_output_trips(stage, message="Not for you.")


@scene("31", unlike=EVENT)
async def withheld_with_computed_words(stage: Stage) -> None:
    def words(asked: Any) -> str:
        stage.tell(asked.default_message, asked.guardrail_name, asked.agent.name, type(asked.run_context).__name__)
        return f"{asked.guardrail_name} says no."

    await tool_output_trips(stage, message=words)


@scene("31", unlike=EVENT)
async def words_that_are_none(stage: Stage) -> None:
    await tool_output_trips(stage, message=lambda asked: None)
    await tool_output_trips(stage, message=lambda asked: 3)
    await tool_output_trips(stage, message=lambda asked: 1 / 0)


@scene("31")
async def asynchronous_words_are_refused(stage: Stage) -> None:
    async def words(asked: Any) -> str:
        return "No."

    try:
        stage.lib.RunConfig(output_guardrail_blocked_message=words)
    except TypeError:
        stage.tell("TypeError")


@scene("31 37")
async def a_guardrail_of_a_tools_output_raises(stage: Stage) -> None:
    agent = stage.agent(
        stage.call("add", {"a": 1}),
        tools=[adder(stage)],
        tool_use_behavior="stop_on_first_tool",
        output_guardrails=[check_output(stage, "one", raises=ValueError("not now"))],
    )
    await stage.run(agent)


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)


@script("31", over="scripted", rows=["31"])
async def test_rule_31_a_withheld_output_is_in_no_public_event() -> None:
    """The reference's event still has it."""

    async def play_alone(lib: Any) -> list[Any]:
        seen = await play(lib, the_final_output_of_a_tool_is_withheld, True)
        return [event[-1] for event in seen["runs"][0]["events"] if event[1] == "tool_output"]

    assert await play_alone(agents) == ["2"]
    assert await play_alone(agentcell) == ["Output withheld by an output guardrail."]


async def held(lib: Any, loopback: Callable[[Any], LoopbackServer], guardrail: Any) -> tuple[Any, Any, Turn]:
    """A consumer of a run whose model's stream is held after its first words; and what it consumes."""
    turn = Turn(["One two three."], hold_after=6, release=threading.Event())
    http = DefaultAsyncHttpxClient(verify=False)
    client = AsyncOpenAI(base_url=loopback([turn]).base_url, api_key="test", max_retries=0, http_client=http)
    model = lib.OpenAIResponsesModel("gpt-test", client)
    result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, input_guardrails=[guardrail]), "x")
    return result, client, turn


@pytest.mark.parametrize("raises", [False, True], ids=["trips", "raises"])
@script("29", over="loopback", rows=["29"])
@pytest.mark.parametrize("lib", [agents, agentcell], ids=["reference", "agentcell"])
async def test_rule_29_a_trip_surfaces_while_the_model_still_streams(
    lib: Any, raises: bool, loopback: Callable[[Any], LoopbackServer], quiet_loop: list[Any]
) -> None:
    """Ours; in the reference a trip, though not an error, waits for the end of the model's stream."""
    names = Names(lib)
    streaming = asyncio.Event()

    async def look(context: Any, agent: Any, given: Any) -> Any:
        await streaming.wait()
        if raises:
            raise ValueError("no check today")
        return names.GuardrailFunctionOutput("late", True)

    result, client, turn = await held(lib, loopback, names.InputGuardrail(look))

    async def consume() -> None:
        async for event in result.stream_events():
            if getattr(getattr(event, "data", None), "type", "") == "response.output_text.delta":
                streaming.set()

    consumer = asyncio.ensure_future(consume())
    await streaming.wait()
    at_once = lib is agentcell or raises
    if at_once:
        await asyncio.wait([consumer], timeout=10)
    else:
        for _ in range(100):
            await asyncio.sleep(0)
    assert consumer.done() == at_once
    if lib is agentcell:
        assert result.is_complete and result.final_output is None
        assert result.partial_text.startswith("One")
    assert turn.release is not None
    turn.release.set()
    with pytest.raises(ValueError if raises else names.InputGuardrailTripwireTriggered):
        await consumer
    await client.close()
