"""Run states, played by both libraries: stored, loaded, given input, and gone on with from every point of a run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import agents
import pytest
from gated import (
    ALWAYS,
    KEY,
    NEVER,
    NO,
    OPEN,
    YES,
    asked,
    attempt,
    decide,
    free,
    gated,
    goes_on,
    hooks,
    loaded,
    reloaded,
    stored,
)
from openai.types.responses import ResponseReasoningItem
from pydantic import BaseModel
from stage import Scenes, Stage, compare
from suite import Over

scene = Scenes()


@dataclass
class Account:
    """A context."""

    owner: str
    limit: int = 3


class Shop(BaseModel):
    """A context."""

    name: str


class Own:
    """A context that nobody knows how to store."""

    def __init__(self, name: str) -> None:
        self.name = name


def teller(stage: Stage) -> Any:
    """A gated tool that tells the context."""

    async def tool(ctx: Any) -> str:
        context = ctx.context
        stage.tell("context", type(context).__name__, getattr(context, "__dict__", context))
        return "told"

    tool.__annotations__["ctx"] = stage.lib.RunContextWrapper
    return stage.lib.function_tool(tool, name_override="pay", needs_approval=True)


@scene("57 56")
async def through_json(stage: Stage) -> None:
    for choices in ((YES, NO), (NO, "No."), (OPEN, YES), (ALWAYS,), (NEVER,)):
        calls = [stage.call("pay", {"amount": number}, f"c{number}") for number in (1, 2)]
        turns = [stage.said("Wait."), stage.call("look", {}, "c0"), *calls], [stage.call("pay", {"amount": 3}, "c3")]
        agent = stage.agent(*turns, "Done.", tools=[gated(stage), free(stage)])
        result = await stage.run(agent)
        result = await goes_on(stage, agent, result, *choices, through_json=True)
        for _ in range(2):
            if result.interruptions:
                result = await goes_on(stage, agent, result, YES, through_json=True, hooks=hooks(stage))


@scene("57 56")
async def decisions_before_it_is_stored(stage: Stage) -> None:
    for choices in ((YES, NO), ("Why.", OPEN), (ALWAYS,), (NEVER,)):
        calls = [stage.call("pay", {"amount": number}, f"c{number}") for number in (1, 2)]
        agent = stage.agent(calls, [stage.call("pay", {"amount": 3}, "c3")], "Done.", tools=[gated(stage)])
        state = (await stage.run(agent)).to_state()
        decide(state, choices)
        result = await stage.run(agent, await reloaded(stage, agent, await reloaded(stage, agent, state)))
        if result.interruptions:
            await goes_on(stage, agent, result, YES, YES)


@scene("57 38")
async def who_has_used_tools(stage: Stage) -> None:
    for through in (False, True):
        settings = stage.lib.ModelSettings(tool_choice="required")
        turns = [stage.call("look")], [stage.call("transfer_to_b", "{}", "h1")], "Done."
        first = stage.agent(*turns, tools=[free(stage)], model_settings=settings)
        back = [stage.call("pay", {}, "c2"), stage.call("transfer_to_a", "{}", "h2")]
        first.handoffs.append(stage.agent(back, name="B", tools=[gated(stage)], handoffs=[first]))
        await goes_on(stage, first, await stage.run(first), YES, through_json=through)


def thinking(item_id: str) -> Any:
    """A model's reasoning."""
    return ResponseReasoningItem(id=item_id, type="reasoning", summary=[])


@scene("57 56 41")
async def ids_of_reasoning(stage: Stage) -> None:
    given = [{"type": "reasoning", "id": "rs_0", "summary": []}, {"role": "user", "content": "Hi"}]
    for policy in ("omit", "preserve", None):
        for through in (False, True):
            turns = [thinking("rs_1"), stage.call("look")], [thinking("rs_2"), stage.call("pay", {}, "c2")]
            agent = stage.agent(*turns, "Done.", tools=[gated(stage), free(stage)])
            config = stage.lib.RunConfig(reasoning_item_id_policy=policy)
            result = await stage.run(agent, given, run_config=config)
            await goes_on(stage, agent, result, YES, through_json=through)


@scene("57 56 41")
async def ids_of_reasoning_by_the_state(stage: Stage) -> None:
    for before, after in (("omit", "preserve"), (None, "omit"), ("omit", None)):
        turns = [thinking("rs_1"), stage.call("look")], [thinking("rs_2"), stage.call("pay", {}, "c2")]
        agent = stage.agent(*turns, "Done.", tools=[gated(stage), free(stage)])
        config = stage.lib.RunConfig(reasoning_item_id_policy=before)
        state = (await stage.run(agent, run_config=config)).to_state()
        state.set_reasoning_item_id_policy(after)
        decide(state, [YES])
        await stage.run(agent, state)


@scene("57")
async def as_text(stage: Stage) -> None:
    key = {"key": KEY} if stage.ours else {}
    agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
    state = (await stage.run(agent)).to_state()
    state = await stage.lib.RunState.from_string(agent, state.to_string(**key), **key)
    asked(stage, state)
    decide(state, [YES])
    await stage.run(agent, state)


@scene("57")
async def what_is_no_state(stage: Stage) -> None:
    agent = stage.agent([stage.call("pay")], tools=[gated(stage)])
    data = stored(stage, (await stage.run(agent)).to_state())
    trust = {"trust": True} if stage.ours else {}
    await attempt(stage, stage.lib.RunState.from_string(agent, "{", **trust))
    for wrong in ({}, {**data, "$schemaVersion": "99"}, {**data, "current_agent": {"name": "Gone"}}):
        await attempt(stage, stage.lib.RunState.from_json(agent, wrong, **trust))


@scene("57")
async def contexts(stage: Stage) -> None:
    for context in (None, {"a": 1}, Account("Ann"), Shop(name="Deli"), Own("mine"), "text", [1]):
        agent = stage.agent([stage.call("pay")], "Done.", tools=[teller(stage)])
        result = await stage.run(agent, context=context)
        state = await reloaded(stage, agent, result.to_state())
        decide(state, [YES])
        await stage.run(agent, state)


@scene("57")
async def contexts_that_are_made_again(stage: Stage) -> None:
    ways: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
        (Account("Ann"), {}, {"context_deserializer": lambda data: Account(**data)}),
        (Shop(name="Deli"), {}, {"context_deserializer": lambda data: Shop(**data)}),
        (Own("mine"), {"context_serializer": vars}, {"context_deserializer": lambda data: Own(data["name"])}),
        (Own("mine"), {}, {"context_override": Own("other")}),
        ({"a": 1}, {}, {"context_override": {"b": 2}}),
        (None, {}, {"context_override": {"b": 2}}),
        ({"a": 1}, {}, {"context_deserializer": lambda data: Own(data["a"])}),
        ({"a": 1}, {"context_serializer": lambda data: {"c": 3}}, {}),
        ({"a": 1}, {"strict_context": True}, {"strict_context": True}),
        (None, {"strict_context": True}, {"strict_context": True}),
    ]
    for context, store, load in ways:
        agent = stage.agent([stage.call("pay")], "Done.", tools=[teller(stage)])
        state = (await stage.run(agent, context=context)).to_state()
        decide(state, [YES])
        await stage.run(agent, await loaded(stage, agent, stored(stage, state, **store), **load))


@scene("57")
async def contexts_that_are_refused(stage: Stage) -> None:
    async def kept(state: Any, **options: Any) -> Any:
        return stored(stage, state, **options)

    for context in (Account("Ann"), Shop(name="Deli"), Own("mine")):
        agent = stage.agent([stage.call("pay")], tools=[gated(stage)])
        state = (await stage.run(agent, context=context)).to_state()
        await attempt(stage, kept(state, strict_context=True))
        await attempt(stage, loaded(stage, agent, stored(stage, state), strict_context=True))
        await attempt(stage, kept(state, context_serializer=lambda _: "text"))


@scene("57 56")
async def an_override_with_decisions(stage: Stage) -> None:
    agent = stage.agent([stage.call("pay")], "Done.", tools=[teller(stage)])
    state = (await stage.run(agent, context={"a": 1})).to_state()
    decide(state, [YES])
    wrapper = stage.lib.RunContextWrapper({"b": 2})
    await stage.run(agent, await loaded(stage, agent, stored(stage, state), context_override=wrapper))


@scene("56")
async def another_context_when_going_on(stage: Stage) -> None:
    for context in ({"b": 2}, None):
        agent = stage.agent([stage.call("pay")], "Done.", tools=[teller(stage)])
        result = await stage.run(agent, context={"a": 1})
        await goes_on(stage, agent, result, YES, context=context)


@scene("56")
async def other_settings_when_going_on(stage: Stage) -> None:
    first = stage.lib.RunConfig(model_settings=stage.lib.ModelSettings(temperature=0.5))
    second = stage.lib.RunConfig(model_settings=stage.lib.ModelSettings(temperature=0.9))
    more: list[dict[str, Any]] = [{}, {"run_config": second}]
    for options in more:
        agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
        result = await stage.run(agent, run_config=first)
        await goes_on(stage, agent, result, YES, **options)


@scene("56")
async def hooks_and_handlers_of_the_first_run(stage: Stage) -> None:
    handlers: Any = {"max_turns": lambda _: "Enough."}
    more: list[dict[str, Any]] = [{}, {"error_handlers": handlers}]
    for options in more:
        agent = stage.agent([stage.call("pay")], tools=[gated(stage)])
        result = await stage.run(agent, max_turns=1, hooks=hooks(stage), error_handlers=handlers)
        await goes_on(stage, agent, result, YES, **options)


@scene("56 58")
async def added_input(stage: Stage) -> None:
    more = [{"role": "user", "content": "Two."}, {"role": "user", "content": "Three."}]
    for given in ("One.", more):
        for between in (False, True):
            agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
            state = (await stage.run(agent)).to_state()
            state.add_input("Forgotten.")
            state.clear_pending_input()
            state.add_input(given)
            stage.tell(state.pending_input)
            decide(state, [YES])
            state = await reloaded(stage, agent, state) if between else state
            result = await stage.run(agent, state, hooks=hooks(stage))
            stage.tell(state.pending_input, result.to_state().pending_input)


@scene("58 56")
async def added_input_while_nothing_is_decided(stage: Stage) -> None:
    agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
    state = (await stage.run(agent)).to_state()
    state.add_input("And this.")
    result = await stage.run(agent, state)
    stage.tell(result.to_state().pending_input)
    await goes_on(stage, agent, result, YES)


@scene("58 26")
async def guardrails_see_added_input(stage: Stage) -> None:
    def check(context: Any, agent: Any, given: Any) -> Any:
        stage.tell("checks", given)
        return stage.lib.GuardrailFunctionOutput(output_info="seen", tripwire_triggered="bad" in str(given))

    for text in ("A good one.", "A bad one."):
        for parallel in (True, False):
            guardrail = stage.lib.InputGuardrail(check, name="check", run_in_parallel=parallel)
            agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)], input_guardrails=[guardrail])
            result = await stage.run(agent)
            state = result.to_state()
            decide(state, [YES])
            state.add_input(text)
            await stage.run(agent, state)


@scene("58")
async def no_input_for_what_has_ended(stage: Stage) -> None:
    async def add(state: Any) -> None:
        state.add_input("More.")

    agent = stage.agent("Done.")
    result = await stage.run(agent)
    await attempt(stage, add(result.to_state()))
    await attempt(stage, add(await reloaded(stage, agent, result.to_state())))


@scene("58")
async def after_a_finished_run(stage: Stage) -> None:
    for between in (False, True):
        agent = stage.agent("Done.", "Again.")
        state = (await stage.run(agent)).to_state()
        state = await reloaded(stage, agent, state) if between else state
        stage.tell(state.get_interruptions())
        await stage.run(agent, state)


@scene("58 21", only="streamed")
async def after_stopping_after_a_turn(stage: Stage) -> None:
    for between in (False, True):
        agent = stage.agent([stage.call("look")], "Done.", tools=[free(stage)])
        result = stage.lib.Runner.run_streamed(agent, "Hello")
        async for event in result.stream_events():
            if event.type == "run_item_stream_event":
                result.cancel(mode="after_turn")
        state = result.to_state()
        stage.tell(result.final_output, result.current_turn, len(result.new_items))
        state.add_input("One more thing.")
        state = await reloaded(stage, agent, state) if between else state
        await stage.run(agent, state, hooks=hooks(stage))


async def stopped(stage: Stage, turns: int) -> tuple[Any, Any]:
    """An agent, and its run that was stopped at once when the model was to be called after some turns."""
    calls: list[Any] = []
    running: list[Any] = []

    async def stop(data: Any) -> Any:
        calls.append(data)
        if len(calls) == turns + 1:
            running[0].cancel()
            await asyncio.Event().wait()
        return data.model_data

    agent = stage.agent(*[[stage.call("look")]] * turns, "Done.", tools=[free(stage)])
    config = stage.lib.RunConfig(call_model_input_filter=stop)
    running.append(stage.lib.Runner.run_streamed(agent, "Hello", run_config=config))
    stage.tell([event.type async for event in running[0].stream_events()][1:], running[0].final_output)
    return agent, running[0]


@scene("58 20", only="streamed")
async def after_stopping_at_once(stage: Stage) -> None:
    for turns, between in ((0, False), (0, True), (1, False), (1, True)):
        agent, result = await stopped(stage, turns)
        state = result.to_state()
        state = await reloaded(stage, agent, state) if between else state
        await stage.run(agent, state, hooks=hooks(stage))


@scene("58 21", only="streamed")
async def stopping_while_a_call_waits(stage: Stage) -> None:
    agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
    result = stage.lib.Runner.run_streamed(agent, "Hello")
    async for _ in result.stream_events():
        result.cancel(mode="after_turn")
    stage.tell(len(result.interruptions), result.is_complete, result.final_output)
    await goes_on(stage, agent, result, YES)


@scene("56 59 55")
async def agents_that_are_tools(stage: Stage) -> None:
    for choice in (YES, NO, "No!"):
        inner = stage.agent(*["Inner."] * (choice == YES), name="B")
        tool = inner.as_tool("ask_b", "Ask B.", needs_approval=True)
        agent = stage.agent([stage.call("ask_b", {"input": "Hi"})], "Done.", tools=[tool])
        await goes_on(stage, agent, await stage.run(agent, hooks=hooks(stage)), choice, hooks=hooks(stage))


@scene("57 59 55")
async def inside_a_nested_agent(stage: Stage) -> None:
    for through in (False, True):
        for choice in (YES, NO, "No!", ALWAYS):
            inner = stage.agent([stage.call("pay", {}, "n1")], "Inner.", name="B", tools=[gated(stage)])
            agent = stage.agent([stage.call("ask_b", {"input": "Hi"})], "Done.", tools=[inner.as_tool("ask_b", "Ask.")])
            result = await stage.run(agent, hooks=hooks(stage))
            asked(stage, result.to_state())
            await goes_on(stage, agent, result, choice, through_json=through, hooks=hooks(stage))


@scene("57 59 55", over=("scripted",))  # over a server it is open whose answer comes first
async def two_nested_agents_at_once(stage: Stage) -> None:
    for through in (False, True):
        for choices in ((YES, NO), (YES, OPEN), (OPEN, YES)):
            tools = []
            for name in ("b", "c"):
                call = stage.call("pay", {"amount": ord(name)}, f"n{name}")
                inner = stage.agent([call], f"{name} is done.", name=name.upper(), tools=[gated(stage)])
                tools.append(inner.as_tool(f"ask_{name}", "Ask."))
            calls = [stage.call("ask_b", {"input": "Hi"}, "c1"), stage.call("ask_c", {"input": "Ho"}, "c2")]
            agent = stage.agent([*calls, stage.call("look", {}, "c3")], "Done.", tools=[*tools, free(stage)])
            result = await stage.run(agent)
            result = await goes_on(stage, agent, result, *choices, through_json=through)
            if result.interruptions:
                await goes_on(stage, agent, result, YES, through_json=through)


@scene("57 59 55")
async def nested_in_nested(stage: Stage) -> None:
    for through in (False, True):
        last = stage.agent([stage.call("pay", {}, "x1")], "C.", name="C", tools=[gated(stage)])
        inner = stage.agent(
            [stage.call("ask_c", {"input": "Ho"}, "n1")], "B.", name="B", tools=[last.as_tool("ask_c", "Ask.")]
        )
        agent = stage.agent([stage.call("ask_b", {"input": "Hi"})], "A.", tools=[inner.as_tool("ask_b", "Ask.")])
        result = await stage.run(agent, hooks=hooks(stage))
        await goes_on(stage, agent, result, YES, through_json=through, hooks=hooks(stage))


@scene("57 59 55")
async def a_nested_agent_asks_twice(stage: Stage) -> None:
    for through in (False, True):
        turns = [stage.call("pay", {"amount": 1}, "n1")], [stage.call("pay", {"amount": 2}, "n2")]
        inner = stage.agent(*turns, "Inner.", name="B", tools=[gated(stage)])
        agent = stage.agent([stage.call("ask_b", {"input": "Hi"})], "Done.", tools=[inner.as_tool("ask_b", "Ask.")])
        result = await goes_on(stage, agent, await stage.run(agent), YES, through_json=through)
        await goes_on(stage, agent, result, "No more.", through_json=through)


@scene("56 59 55")
async def a_nested_agent_that_itself_needs_approval(stage: Stage) -> None:
    for through in (False, True):
        inner = stage.agent([stage.call("pay", {}, "n1")], "Inner.", name="B", tools=[gated(stage)])
        tool = inner.as_tool("ask_b", "Ask.", needs_approval=True)
        agent = stage.agent([stage.call("ask_b", {"input": "Hi"})], "Done.", tools=[tool])
        result = await goes_on(stage, agent, await stage.run(agent), YES, through_json=through)
        await goes_on(stage, agent, result, YES, through_json=through)


@scene("56 59 57")
async def a_nested_agent_with_another_context(stage: Stage) -> None:
    for through in (False, True):
        inner = stage.agent([stage.call("pay", {}, "n1")], "Inner.", name="B", tools=[teller(stage)])
        agent = stage.agent([stage.call("ask_b", {"input": "Hi"})], "Done.", tools=[inner.as_tool("ask_b", "Ask.")])
        result = await stage.run(agent, context={"a": 1})
        await goes_on(stage, agent, result, YES, through_json=through, context={"b": 2})


@scene("56 59")
async def a_nested_agent_behind_a_stream(stage: Stage) -> None:
    async def on_stream(event: Any) -> None:
        found = event["event"]
        if found.type == "run_item_stream_event":
            stage.tell("nested", found.name)

    inner = stage.agent([stage.call("pay", {}, "n1")], "Inner.", name="B", tools=[gated(stage)])
    tool = inner.as_tool("ask_b", "Ask.", on_stream=on_stream)
    agent = stage.agent([stage.call("ask_b", {"input": "Hi"})], "Done.", tools=[tool])
    await goes_on(stage, agent, await stage.run(agent), YES)


Make = Callable[[Stage, bool], list[Any]]
"""Makes agents, the first one to start with; the flag says whether their models answer up to the pause or after it."""


async def of_the_reference(stage: Stage, make: Make, *choices: str, **options: Any) -> tuple[Any, Any]:
    """A state that the reference has stored, loaded by the library that plays, and an agent to go on with.

    The reference remembers paused nested runs by itself, so that it goes on with the agents that it began with.
    """
    theirs = Stage(agents, streamed=False)
    began, goes = make(theirs, True), make(stage, False)
    state = (await theirs.run(began[0], **options)).to_state()
    decide(state, choices)
    data = json.loads(json.dumps(state.to_json()))
    if stage.ours:
        return goes[0], await stage.lib.RunState.from_json(goes[0], data, trust=True)
    theirs.notes = stage.notes
    for before, after in zip(began, goes, strict=True):
        before.model = after.model
    return began[0], await stage.lib.RunState.from_json(began[0], data)


@scene("57 56")
async def states_of_the_reference(stage: Stage) -> None:
    def make(on: Stage, first: bool) -> list[Any]:
        calls = [on.call("pay", {"amount": 1}, "c1"), on.call("pay", {"amount": 2}, "c2")]
        later = [[on.call("pay", {"amount": 3}, "c3")], "Done."]
        turns = [[on.said("Wait."), on.call("look", {}, "c0"), *calls]] if first else later
        return [on.agent(*turns, tools=[gated(on), free(on)])]

    for choices in ((YES, NO), ("Why.", YES), (ALWAYS,), (NEVER,), (OPEN, YES), ()):
        agent, state = await of_the_reference(stage, make, *choices, context={"a": 1})
        asked(stage, state)
        result = await stage.run(agent, state)
        for _ in range(2):
            if result.interruptions:
                result = await goes_on(stage, agent, result, YES, YES)


@scene("57 56 59")
async def nested_states_of_the_reference(stage: Stage) -> None:
    def make(on: Stage, first: bool) -> list[Any]:
        inner = on.agent([on.call("pay", {}, "n1")] if first else "Inner.", name="B", tools=[gated(on)])
        mine = [on.call("ask_b", {"input": "Hi"})] if first else "Done."
        return [on.agent(mine, tools=[inner.as_tool("ask_b", "Ask.")]), inner]

    for choice in (YES, NO, "Why.", ALWAYS, OPEN):
        agent, state = await of_the_reference(stage, make, choice)
        asked(stage, state)
        result = await stage.run(agent, state, hooks=hooks(stage))
        if result.interruptions:
            await goes_on(stage, agent, result, YES)


@scene("57 56 42")
async def states_of_the_reference_after_a_handoff(stage: Stage) -> None:
    def make(on: Stage, first: bool) -> list[Any]:
        other = on.agent([on.call("pay", {}, "c1")] if first else "B is done.", name="B", tools=[gated(on)])
        return [on.agent(*[[on.call("transfer_to_b", "{}", "h1")]] * first, handoffs=[other]), other]

    agent, state = await of_the_reference(stage, make, YES)
    state.add_input("And this.")
    await stage.run(agent, state, hooks=hooks(stage))


@scene("57 58")
async def finished_states_of_the_reference(stage: Stage) -> None:
    def make(on: Stage, first: bool) -> list[Any]:
        return [on.agent("Done." if first else "Again.")]

    agent, state = await of_the_reference(stage, make)
    await stage.run(agent, state)


@scene("56 57")
async def usage_and_turns_go_on(stage: Stage) -> None:
    for through in (False, True):
        turns = [stage.call("pay", {"amount": number}, f"c{number}") for number in (1, 2)]
        agent = stage.agent([turns[0]], [turns[1]], "Done.", tools=[gated(stage)])
        result = await stage.run(agent)
        for _ in range(2):
            result = await goes_on(stage, agent, result, YES, through_json=through)
            stage.tell(result.context_wrapper.usage.requests, len(result.raw_responses), len(result.new_items))


@scene("56 58")
async def a_state_is_beside_its_run(stage: Stage) -> None:
    agent = stage.agent([stage.call("pay")], "Done.", "More.", tools=[gated(stage)])
    result = await stage.run(agent)
    state, other = result.to_state(), result.to_state()
    decide(state, [YES])
    stage.tell(result.context_wrapper.is_tool_approved("pay", "c1"))
    await stage.run(agent, state)
    stage.tell(result.context_wrapper.usage.requests)
    await stage.run(agent, other)
    decide(other, [NO])
    await stage.run(agent, other)


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)
