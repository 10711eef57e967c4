"""Guardrails of agents and of runs, played by both libraries. Each scene is named by the rules that it shows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from stage import Scenes, Stage, compare, play
from world import Weather

import agentcell

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
    agent = stage.agent(
        stage.call("add", {"a": 1}), "2", tools=[adder(stage)], input_guardrails=[check(stage, "one")]
    )
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


@scene("28", only="whole")
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


@scene("30", only="whole")
async def a_parallel_one_raises_after_the_model(stage: Stage) -> None:
    await stage.run(late(stage, "Hi.", error=ValueError("no check today")), hooks=releasing(stage))


@scene("28", only="whole")
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


@scene("31 37", only="whole")
async def the_final_output_of_a_tool_trips(stage: Stage) -> None:
    agent = stage.agent(
        stage.call("add", {"a": 1}),
        tools=[adder(stage)],
        tool_use_behavior="stop_on_first_tool",
        output_guardrails=[check_output(stage, "one", trips=True)],
    )
    await stage.run(agent)


@pytest.mark.parametrize(("played", "streamed"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool) -> None:
    await compare(played, streamed)
