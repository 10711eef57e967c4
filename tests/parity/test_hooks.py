"""Hooks of runs and of agents, played by both libraries: which are called, in what order, and with what."""

from __future__ import annotations

import asyncio
import types
from typing import Any

import pytest
from stage import ADDED, KEPT, Scenes, Stage, compare
from suite import Over
from world import Weather

scene = Scenes()


def items(given: list[Any]) -> list[str]:
    return [item.get("type", item.get("role")) for item in given]


def watching(stage: Stage, kind: str, who: str, *, fails: str = "") -> Any:
    """Hooks that note every call; `fails` is the one that raises."""

    def tell(name: str, context: Any, *more: Any) -> None:
        seen = (type(context).__name__, context.context, context.usage.requests, items(context.turn_input))
        stage.tell(f"{who}.{name}", seen, *more)
        if name == fails:
            raise ValueError(f"{name} fails")

    class OfBoth:
        async def on_llm_start(self, context: Any, agent: Any, system_prompt: Any, input_items: Any) -> None:
            tell("on_llm_start", context, agent.name, system_prompt, input_items)

        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            tell("on_llm_end", context, agent.name, [item.type for item in response.output], response.response_id)

        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            given = (context.tool_name, context.tool_call_id, context.tool_arguments)
            tell("on_tool_start", context, agent.name, tool.name, *given)

        async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
            tell("on_tool_end", context, agent.name, tool.name, result, context.tool_call_id)

    class OfRun(OfBoth, stage.lib.RunHooks):  # type: ignore[name-defined,misc]
        async def on_agent_start(self, context: Any, agent: Any) -> None:
            tell("on_agent_start", context, agent.name)

        async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
            tell("on_agent_end", context, agent.name, output)

        async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
            tell("on_handoff", context, from_agent.name, to_agent.name)

    class OfAgent(OfBoth, stage.lib.AgentHooks):  # type: ignore[name-defined,misc]
        async def on_start(self, context: Any, agent: Any) -> None:
            tell("on_start", context, agent.name)

        async def on_end(self, context: Any, agent: Any, output: Any) -> None:
            tell("on_end", context, agent.name, output)

        async def on_handoff(self, context: Any, agent: Any, source: Any) -> None:
            tell("on_handoff", context, agent.name, source.name)

    return OfRun() if kind == "run" else OfAgent()


def adder(stage: Stage) -> Any:
    @stage.lib.function_tool
    def add(a: int, b: int = 1) -> int:
        return a + b

    return add


def broken(stage: Stage) -> Any:
    @stage.lib.function_tool
    def broken() -> str:
        raise ValueError("secret")

    return broken


def ones_own(stage: Stage, **options: Any) -> Any:
    return watching(stage, "agent", "A", **options)


def the_runs(stage: Stage, **options: Any) -> Any:
    return watching(stage, "run", "run", **options)


@scene("46")
async def a_plain_run(stage: Stage) -> None:
    agent = stage.agent("Hi.", instructions="Be.", hooks=ones_own(stage))
    await stage.run(agent, context="ctx", hooks=the_runs(stage))


@scene("46")
async def only_the_runs_hooks(stage: Stage) -> None:
    await stage.run(stage.agent("Hi."), hooks=the_runs(stage))


@scene("46")
async def only_the_agents_hooks(stage: Stage) -> None:
    await stage.run(stage.agent("Hi.", hooks=ones_own(stage)))


@scene("6 46")
async def a_tool(stage: Stage) -> None:
    agent = stage.agent(stage.call("add", {"a": 1}), "2", tools=[adder(stage)], hooks=ones_own(stage))
    await stage.run(agent, context={"user": 1}, hooks=the_runs(stage))


@scene("6 34")
async def a_tool_that_fails(stage: Stage) -> None:
    agent = stage.agent(stage.call("broken"), "Sorry.", tools=[broken(stage)], hooks=ones_own(stage))
    await stage.run(agent, hooks=the_runs(stage))


@scene("7")
async def tools_end_in_the_order_of_completion(stage: Stage) -> None:
    fast_done = asyncio.Event()

    @stage.lib.function_tool
    async def slow() -> str:
        await fast_done.wait()
        return "slow"

    @stage.lib.function_tool
    async def fast() -> str:
        return "fast"

    class Hooks(stage.lib.RunHooks):  # type: ignore[name-defined,misc]
        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            stage.tell("start", tool.name)

        async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
            stage.tell("end", tool.name, result)
            if tool.name == "fast":
                fast_done.set()

    calls = [stage.call("slow", call_id="c1"), stage.call("fast", call_id="c2")]
    await stage.run(stage.agent(calls, "Done.", tools=[slow, fast]), hooks=Hooks())


@scene("42 46")
async def a_handoff(stage: Stage) -> None:
    other = stage.agent("B speaks.", name="B", hooks=watching(stage, "agent", "B"))
    agent = stage.agent(stage.call("transfer_to_b"), handoffs=[other], hooks=ones_own(stage))
    await stage.run(agent, hooks=the_runs(stage))


@scene("42 46")
async def a_tool_and_a_handoff(stage: Stage) -> None:
    other = stage.agent("B speaks.", name="B", hooks=watching(stage, "agent", "B"))
    calls = [stage.call("transfer_to_b", call_id="h1"), stage.call("add", {"a": 1}, "c1")]
    agent = stage.agent(calls, handoffs=[other], tools=[adder(stage)], hooks=ones_own(stage))
    await stage.run(agent, hooks=the_runs(stage))


@scene("42")
async def there_and_back(stage: Stage) -> None:
    """An agent that comes back starts again."""
    first = stage.agent(name="A", hooks=ones_own(stage))
    away, back = stage.call("transfer_to_b", call_id="h1"), stage.call("transfer_to_a", call_id="h2")
    other = stage.agent(back, name="B", hooks=watching(stage, "agent", "B"), handoffs=[first])
    first.handoffs = [other]
    first.model = stage.model(away, "Back at A.")
    await stage.run(first, hooks=the_runs(stage))


@scene("39 46")
async def a_structured_output(stage: Stage) -> None:
    agent = stage.agent('{"city": "Rome", "degrees": 20}', output_type=Weather, hooks=ones_own(stage))
    await stage.run(agent, hooks=the_runs(stage))


@scene("37 46")
async def a_final_output_of_a_tool(stage: Stage) -> None:
    agent = stage.agent(
        stage.call("add", {"a": 1}),
        tools=[adder(stage)],
        tool_use_behavior="stop_on_first_tool",
        hooks=ones_own(stage),
    )
    await stage.run(agent, hooks=the_runs(stage))


@scene("47")
async def the_limit_of_turns(stage: Stage) -> None:
    agent = stage.agent(stage.call("add", {"a": 1}), tools=[adder(stage)], hooks=ones_own(stage))
    await stage.run(agent, hooks=the_runs(stage), max_turns=1)


@scene("47")
async def a_handled_limit_of_turns(stage: Stage) -> None:
    agent = stage.agent(stage.call("add", {"a": 1}), tools=[adder(stage)], hooks=ones_own(stage))
    handlers = {"max_turns": lambda data: "Enough."}
    await stage.run(agent, hooks=the_runs(stage), max_turns=1, error_handlers=handlers)


@scene("39")
async def a_refusal(stage: Stage) -> None:
    await stage.run(stage.agent(stage.refusal("No."), hooks=ones_own(stage)), hooks=the_runs(stage))


@scene("36")
async def a_tool_that_does_not_exist(stage: Stage) -> None:
    agent = stage.agent(stage.call("nope"), "Sorry.", hooks=ones_own(stage))
    await stage.run(agent, hooks=the_runs(stage), run_config={"tool_not_found_behavior": "return_error_to_model"})


@scene("27")
async def a_blocking_trip(stage: Stage) -> None:
    guardrail = stage.lib.InputGuardrail(
        lambda context, agent, given: stage.lib.GuardrailFunctionOutput(None, True), run_in_parallel=False, name="no"
    )
    await stage.run(stage.agent("Hi.", input_guardrails=[guardrail], hooks=ones_own(stage)), hooks=the_runs(stage))


@scene("41")
async def a_filter_before_on_llm_start(stage: Stage) -> None:
    def shorten(data: Any) -> Any:
        stage.tell("filter")
        return stage.lib.ModelInputData(input=data.model_data.input[-1:], instructions="Filtered.")

    agent = stage.agent(stage.call("add", {"a": 1}), "2", tools=[adder(stage)], instructions="Be.")
    await stage.run(agent, hooks=the_runs(stage), run_config={"call_model_input_filter": shorten})


@scene("19")
async def a_model_that_fails(stage: Stage) -> None:
    agent = stage.agent("Hi.", hooks=ones_own(stage))
    agent.model = stage._testing.ScriptedModel([OSError("no line")])
    await stage.run(agent, hooks=the_runs(stage))


def failing(kind: str, name: str) -> Any:
    async def a_hook_that_fails(stage: Stage) -> None:
        of_run = the_runs(stage, fails=name) if kind == "run" else None
        of_agent = ones_own(stage, fails=name) if kind == "agent" else None
        other = stage.agent("B speaks.", name="B")
        steps = [stage.call("add", {"a": 1})]
        steps.append("Done." if "end" in name else stage.call("transfer_to_b", call_id="h1"))
        agent = stage.agent(*steps, tools=[adder(stage)], handoffs=[other], hooks=of_agent)
        await stage.run(agent, hooks=of_run)

    a_hook_that_fails.__name__ = f"{kind}.{name}_raises"
    return a_hook_that_fails


LEFT = {"on_tool_start": ADDED, "on_handoff": ADDED, "on_agent_end": KEPT, "on_end": KEPT}
"""What is not the same after a hook has raised."""

for _name in ("on_agent_start", "on_llm_start", "on_llm_end", "on_tool_start", "on_tool_end", "on_handoff"):
    scene("34" if "tool" in _name else "46", unlike=LEFT.get(_name))(failing("run", _name))
for _name in ("on_start", "on_llm_start", "on_llm_end", "on_tool_start", "on_tool_end", "on_handoff", "on_end"):
    scene("34" if "tool" in _name else "46", unlike=LEFT.get(_name))(failing("agent", _name))
scene("46", unlike=KEPT)(failing("run", "on_agent_end"))


@scene("46")
async def hooks_of_the_wrong_kind(stage: Stage) -> None:
    for wrong in ({"hooks": ones_own(stage)}, {"hooks": "x"}):
        try:
            await stage.lib.Runner.run(stage.agent("Hi."), "x", **wrong)
        except TypeError:
            stage.tell("run refuses")
    for wrong in ({"hooks": the_runs(stage)}, {"hooks": "x"}):
        try:
            stage.agent("Hi.", **wrong)
        except TypeError:
            stage.tell("agent refuses")


@scene("46")
async def plain_hooks_do_nothing(stage: Stage) -> None:
    agent = stage.agent(stage.call("add", {"a": 1}), "2", tools=[adder(stage)], hooks=stage.lib.AgentHooks())
    await stage.run(agent, hooks=stage.lib.RunHooks())


@scene("10 46")
async def what_hooks_can_change(stage: Stage) -> None:
    """The context object is the user's own, and lasts."""

    class Hooks(stage.lib.RunHooks):  # type: ignore[name-defined,misc]
        async def on_agent_start(self, context: Any, agent: Any) -> None:
            context.context["started"] = agent.name

        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            context.context["tokens"] = context.usage.total_tokens

    mine: dict[str, Any] = {}
    result = await stage.run(stage.agent("Hi."), context=mine, hooks=Hooks())
    stage.tell(mine, result.context_wrapper.context is mine)


@scene("46 42")
async def hooks_that_wait(stage: Stage) -> None:
    """Those of the run and of the agent run at the same time."""

    def patient(who: str, base: Any) -> Any:
        def made(name: str) -> Any:
            async def hook(self: Any, *args: Any, **named: Any) -> None:
                for step in range(3):
                    stage.tell(who, name, step)
                    await asyncio.sleep(0)

            return hook

        names = [name for name in dir(base) if name.startswith("on_")]
        return types.new_class("Hooks", (base,), {}, lambda body: body.update({name: made(name) for name in names}))()

    other = stage.agent("B speaks.", name="B", hooks=patient("B", stage.lib.AgentHooks))
    steps = [stage.call("add", {"a": 1}), stage.call("transfer_to_b", call_id="h1")]
    agent = stage.agent(*steps, tools=[adder(stage)], handoffs=[other], hooks=patient("A", stage.lib.AgentHooks))
    await stage.run(agent, hooks=patient("run", stage.lib.RunHooks))


@scene("42 46", unlike=ADDED)
async def both_are_told_of_a_handoff_that_one_refuses(stage: Stage) -> None:
    """Nobody takes over, and no event says so."""
    other = stage.agent("B speaks.", name="B", hooks=watching(stage, "agent", "B"))
    agent = stage.agent(
        [stage.said("I pass."), stage.call("add", {"a": 1}), stage.call("transfer_to_b", call_id="h1")],
        tools=[adder(stage)],
        handoffs=[other],
        hooks=ones_own(stage),
    )
    await stage.run(agent, hooks=the_runs(stage, fails="on_handoff"))
    if stage.ours and stage.streamed:
        assert "handoff_occured" not in [event[1] for event in stage.runs[0]["events"]]


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)
