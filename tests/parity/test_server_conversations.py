"""Conversations that the model's provider keeps, played by both libraries: what each call is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gated import NO, YES, free, gated, goes_on
from stage import Scenes, Stage, compare
from suite import Over

scene = Scenes()

WAYS: tuple[dict[str, Any], ...] = (
    {"previous_response_id": "resp_before"},
    {"auto_previous_response_id": True},
    {"conversation_id": "conv_1"},
    {"previous_response_id": "resp_before", "auto_previous_response_id": True},
)
"""How a conversation is named."""


def told(stage: Stage) -> None:
    """Note what each scripted model was sent, with the ids.

    What is left out: without a stream the reference's `mode="normalized"` lacks the items of all turns but the last.
    """
    for run in stage.runs:
        run.pop("normalized", None)
    for model in stage.models:
        for call in model.calls:
            stage.tell(call.input, call.previous_response_id, call.conversation_id)


Play = Callable[..., Any]


async def each_way(stage: Stage, play: Play) -> None:
    """Play something once for each way to name a conversation."""
    for way in WAYS:
        stage.tell("way", sorted(way))
        await play(way)
    told(stage)


@scene("53")
async def with_tools(stage: Stage) -> None:
    async def play(way: dict[str, Any]) -> None:
        calls = [stage.call("look", {}, "c1"), stage.said("Wait."), stage.call("look", {"amount": 2}, "c2")]
        agent = stage.agent(calls, [stage.call("look", {}, "c3")], "Done.", tools=[free(stage)])
        result = await stage.run(agent, **way)
        stage.tell(result.last_response_id is not None)

    await each_way(stage, play)


@scene("53")
async def one_answer_and_the_next(stage: Stage) -> None:
    async def play(way: dict[str, Any]) -> None:
        agent = stage.agent("First.", "Second.")
        result = await stage.run(agent, **way)
        more = {"previous_response_id": result.last_response_id} if "previous_response_id" in way else way
        await stage.run(agent, "And now?", **more)

    await each_way(stage, play)


@scene("53")
async def lists_as_input(stage: Stage) -> None:
    async def play(way: dict[str, Any]) -> None:
        given = [{"role": "user", "content": "One."}, {"role": "user", "content": "One."}]
        await stage.run(stage.agent([stage.call("look")], "Done.", tools=[free(stage)]), given, **way)

    await each_way(stage, play)


@scene("53 42")
async def with_handoffs(stage: Stage) -> None:
    async def play(way: dict[str, Any]) -> None:
        other = stage.agent([stage.call("look", {}, "c2")], "B speaks.", name="B", tools=[free(stage)])
        turn = [stage.call("look"), stage.call("transfer_to_b", "{}", "h1")]
        await stage.run(stage.agent(turn, tools=[free(stage)], handoffs=[other]), **way)

    await each_way(stage, play)


@scene("53 45")
async def filters_of_handoffs(stage: Stage) -> None:
    for way in WAYS[:3]:
        for by_config in (False, True):
            other = stage.agent(name="B", model=stage.model())
            chosen = None if by_config else (lambda data: data)
            config = stage.lib.RunConfig(handoff_input_filter=(lambda data: data) if by_config else None)
            handoff = stage.lib.handoff(other, input_filter=chosen)
            agent = stage.agent([stage.call("transfer_to_b", "{}", "h1")], handoffs=[handoff])
            await stage.run(agent, run_config=config, **way)
            error = stage.runs[-1]["error"]
            stage.runs[-1] = {"error": None, "failed": error and error[0]}


@scene("53 45 44")
async def nesting(stage: Stage) -> None:
    async def play(way: dict[str, Any]) -> None:
        other = stage.agent("B speaks.", name="B")
        config = stage.lib.RunConfig(nest_handoff_history=True)
        agent = stage.agent([stage.call("transfer_to_b", "{}", "h1")], handoffs=[other])
        await stage.run(agent, run_config=config, **way)

    await each_way(stage, play)


@scene("53 41")
async def filters_of_the_input(stage: Stage) -> None:
    def only_last(data: Any) -> Any:
        stage.tell("filter", data.model_data.input)
        return stage.lib.ModelInputData(input=data.model_data.input[-1:], instructions="Briefly.")

    async def play(way: dict[str, Any]) -> None:
        config = stage.lib.RunConfig(call_model_input_filter=only_last)
        calls = [stage.call("look", {}, "c1"), stage.call("look", {"amount": 2}, "c2")]
        agent = stage.agent(calls, "Done.", tools=[free(stage)])
        await stage.run(agent, run_config=config, **way)

    await each_way(stage, play)


@scene("53 55 56")
async def with_approvals(stage: Stage) -> None:
    for through in (False, True):

        async def play(way: dict[str, Any], through: bool = through) -> None:
            calls = [stage.call("look", {}, "c0"), stage.call("pay", {}, "c1"), stage.call("pay", {"amount": 2}, "c2")]
            agent = stage.agent(calls, "Done.", tools=[gated(stage), free(stage)])
            result = await stage.run(agent, **way)
            await goes_on(stage, agent, result, YES, NO, through_json=through)

        await each_way(stage, play)


@scene("53 55 56")
async def with_approvals_one_by_one(stage: Stage) -> None:
    async def play(way: dict[str, Any]) -> None:
        calls = [stage.call("pay", {}, "c1"), stage.call("pay", {"amount": 2}, "c2")]
        agent = stage.agent(calls, "Done.", tools=[gated(stage)])
        result = await goes_on(stage, agent, await stage.run(agent, **way), YES)
        await goes_on(stage, agent, result, YES)

    await each_way(stage, play)


@scene("53 58")
async def added_input(stage: Stage) -> None:
    async def play(way: dict[str, Any]) -> None:
        agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
        state = (await stage.run(agent, **way)).to_state()
        state.approve(state.get_interruptions()[0])
        state.add_input("And this.")
        await stage.run(agent, state)
        stage.runs[-1].pop("responses", None)  # the reference counts one twice in a stream

    await each_way(stage, play)


@scene("53 56")
async def another_conversation_when_going_on(stage: Stage) -> None:
    for way in WAYS[:3]:
        agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
        result = await stage.run(agent)
        await goes_on(stage, agent, result, YES, **way)
    told(stage)


@scene("53 59")
async def of_nested_agents(stage: Stage) -> None:
    for way in ({"previous_response_id": "resp_x"}, {"conversation_id": "conv_x"}):
        inner = stage.agent([stage.call("look", {}, "n1")], "Inner.", name="B", tools=[free(stage)])
        tool = inner.as_tool("ask_b", "Ask.", **way)
        agent = stage.agent([stage.call("ask_b", {"input": "Hi"})], "Done.", tools=[tool])
        await stage.run(agent, conversation_id="conv_1")
    told(stage)


@scene("53 36")
async def unknown_tools(stage: Stage) -> None:
    async def play(way: dict[str, Any]) -> None:
        config = stage.lib.RunConfig(tool_not_found_behavior="return_error_to_model")
        await stage.run(stage.agent([stage.call("gone")], "Done."), run_config=config, **way)

    await each_way(stage, play)


@scene("53 47")
async def too_many_turns(stage: Stage) -> None:
    async def play(way: dict[str, Any]) -> None:
        handlers = {"max_turns": lambda _: "Enough."}
        agent = stage.agent([stage.call("look")], tools=[free(stage)])
        await stage.run(agent, max_turns=1, error_handlers=handlers, **way)

    await each_way(stage, play)


@scene("53 49", over=("scripted",))
async def retries(stage: Stage) -> None:
    def always(context: Any) -> bool:
        return True

    ways: list[dict[str, Any]] = [{}, *WAYS[:3]]
    for way in ways:
        retry = stage.lib.ModelRetrySettings(max_retries=2, policy=always, backoff={"initial_delay": 0.0})
        fields = {"model_settings": stage.lib.ModelSettings(retry=retry), "tools": [free(stage)]}
        steps: list[Any] = [[stage.call("look")], ConnectionError("broken"), [stage.said("Done.")]]
        model = stage.module("testing").ScriptedModel(steps)
        stage.models.append(model)
        await stage.run(stage.agent(model=model, **fields), **way)
        error = stage.runs[-1]["error"]
        stage.runs[-1] = {"error": None, "failed": error and error[0], "calls": len(model.calls)}
    told(stage)


@scene("2 53")
async def arguments_that_do_not_go_together(stage: Stage) -> None:
    def check(context: Any, agent: Any, output: Any) -> Any:
        return stage.lib.GuardrailFunctionOutput(output_info=None, tripwire_triggered=False)

    guardrail = stage.lib.OutputGuardrail(check)
    session = stage.lib.SQLiteSession("one")
    try:
        for way in WAYS:
            for agent, options in (
                (stage.agent("Done."), {"session": session}),
                (stage.agent("Done.", output_guardrails=[guardrail]), {}),
                (stage.agent("Done."), {"run_config": stage.lib.RunConfig(output_guardrails=[guardrail])}),
            ):
                try:
                    if stage.streamed:
                        stage.lib.Runner.run_streamed(agent, "Hello", **options, **way)
                    else:
                        await stage.lib.Runner.run(agent, "Hello", **options, **way)
                    stage.tell("fine")
                except Exception as error:
                    stage.tell(type(error).__name__)
    finally:
        session.close()


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)
