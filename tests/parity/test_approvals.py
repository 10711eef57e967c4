"""Approvals, played by both libraries: which calls wait, what else runs, and how runs go on after decisions."""

from __future__ import annotations

from typing import Any

import pytest
from gated import ALWAYS, NEVER, NO, OPEN, YES, asked, decide, free, gated, goes_on, hooks
from pydantic import BaseModel
from stage import ADDED, Scenes, Stage, compare
from suite import Over

scene = Scenes()


@scene("55 56 9")
async def approved(stage: Stage) -> None:
    agent = stage.agent([stage.said("Wait."), stage.call("pay", {"amount": 3})], "Paid.", tools=[gated(stage)])
    result = await stage.run(agent, hooks=hooks(stage))
    asked(stage, result.to_state())
    await goes_on(stage, agent, result, YES, hooks=hooks(stage))


@scene("55 56")
async def rejected(stage: Stage) -> None:
    for choice in (NO, "Too much.", ""):
        agent = stage.agent([stage.call("pay")], "Understood.", tools=[gated(stage)])
        await goes_on(stage, agent, await stage.run(agent), choice, hooks=hooks(stage))


@scene("55")
async def a_function_says_what_needs_approval(stage: Stage) -> None:
    async def needs(context: Any, arguments: dict[str, Any], call_id: str) -> bool:
        stage.tell("needs", context.context, arguments, call_id)
        return arguments.get("amount", 0) > 10

    def plain(context: Any, arguments: dict[str, Any], call_id: str) -> bool:
        stage.tell("plain", arguments, call_id)
        return bool(arguments)

    for rule in (needs, plain):
        calls = [stage.call("pay", {"amount": amount}, f"c{amount}") for amount in (5, 50)]
        agent = stage.agent([*calls, stage.call("pay", {}, "c3")], "Paid.", tools=[gated(stage, needs=rule)])
        result = await stage.run(agent, context="the context")
        await goes_on(stage, agent, result, YES, YES)


@scene("55")
async def arguments_that_cannot_be_read(stage: Stage) -> None:
    async def needs(context: Any, arguments: dict[str, Any], call_id: str) -> bool:
        stage.tell("needs", arguments)
        return False

    for rule in (True, needs):
        for arguments in ("{", "[1]", '{"amount": "many"}', ""):
            agent = stage.agent([stage.call("pay", arguments)], "Done.", tools=[gated(stage, needs=rule)])
            result = await stage.run(agent)
            if result is not None and result.interruptions:
                await goes_on(stage, agent, result, YES)


@scene("55", unlike=ADDED)
async def a_rule_that_fails(stage: Stage) -> None:
    async def needs(context: Any, arguments: dict[str, Any], call_id: str) -> bool:
        raise ValueError("no rule")

    agent = stage.agent([stage.call("pay", {"amount": 1})], "Done.", tools=[gated(stage, needs=needs)])
    await stage.run(agent)


@scene("55 56 8")
async def calls_beside_it_run(stage: Stage) -> None:
    first = [stage.call("look", {"amount": 1}, "c1"), stage.call("pay", {"amount": 2}, "c2")]
    more = [stage.call("look", {"amount": 3}, "c3"), stage.call("pay", {"amount": 4}, "c4")]
    agent = stage.agent([*first, stage.said("Both."), *more], "Done.", tools=[free(stage), gated(stage)])
    await goes_on(stage, agent, await stage.run(agent), YES, NO)
    agent = stage.agent([*first, stage.call("pay", {}, "c5")], "Done.", tools=[free(stage), gated(stage)])
    await goes_on(stage, agent, await stage.run(agent, hooks=hooks(stage)), YES, NO, hooks=hooks(stage))


@scene("55 56")
async def some_are_decided_first(stage: Stage) -> None:
    calls = [stage.call("pay", {"amount": number}, f"c{number}") for number in (1, 2, 3)]
    agent = stage.agent(calls, "Done.", tools=[gated(stage)])
    result = await stage.run(agent)
    result = await goes_on(stage, agent, result, OPEN, YES, OPEN, hooks=hooks(stage))
    result = await goes_on(stage, agent, result, OPEN, "No.", hooks=hooks(stage))
    await goes_on(stage, agent, result, YES, hooks=hooks(stage))


@scene("56")
async def nothing_is_decided(stage: Stage) -> None:
    agent = stage.agent([stage.call("look"), stage.call("pay", {}, "c2")], "Done.", tools=[free(stage), gated(stage)])
    result = await stage.run(agent)
    result = await goes_on(stage, agent, result, hooks=hooks(stage))
    result = await goes_on(stage, agent, result, through_json=True)
    await goes_on(stage, agent, result, YES)


@scene("56")
async def the_same_state_twice(stage: Stage) -> None:
    agent = stage.agent([stage.call("pay")], "Once.", "Twice.", tools=[gated(stage)])
    result = await stage.run(agent)
    await goes_on(stage, agent, result, YES)
    await goes_on(stage, agent, result, YES)


@scene("56 57")
async def always(stage: Stage) -> None:
    for choice in (ALWAYS, NEVER):
        later = [stage.call("pay", {"amount": 3}, "c3"), stage.call("take", {"amount": 4}, "c4")]
        calls = [stage.call("pay", {"amount": 1}, "c1"), stage.call("pay", {"amount": 2}, "c2")]
        agent = stage.agent(calls, later, "Done.", tools=[gated(stage), gated(stage, "take")])
        result = await stage.run(agent)
        result = await goes_on(stage, agent, result, choice)
        if result is not None and result.interruptions:
            await goes_on(stage, agent, result, YES, YES)


@scene("56 57")
async def always_for_another_agent(stage: Stage) -> None:
    for choice in (ALWAYS, NEVER):
        tool = gated(stage)
        other = stage.agent([stage.call("pay", {"amount": 2}, "c2")], "B paid.", name="B", tools=[tool])
        turns = [stage.call("pay", {"amount": 1})], [stage.call("transfer_to_b", "{}", "h1")]
        agent = stage.agent(*turns, tools=[tool], handoffs=[other])
        result = await goes_on(stage, agent, await stage.run(agent), choice)
        if result is not None and result.interruptions:
            await goes_on(stage, agent, result, YES)


@scene("56")
async def a_sticky_rejection_with_words(stage: Stage) -> None:
    later = [stage.call("pay", {"amount": 2}, "c2")]
    agent = stage.agent([stage.call("pay")], later, "Done.", tools=[gated(stage)])
    result = await stage.run(agent)
    state = result.to_state()
    state.reject(state.get_interruptions()[0], always_reject=True, rejection_message="Never.")
    await stage.run(agent, state)


@scene("56")
async def words_for_rejections(stage: Stage) -> None:
    def formatter(args: Any) -> str | None:
        stage.tell("formatter", args.kind, args.tool_type, args.tool_name, args.call_id, args.default_message)
        return f"Not {args.tool_name}!" if args.call_id == "c1" else None

    config = stage.lib.RunConfig(tool_error_formatter=formatter)
    calls = [stage.call("pay", {"amount": number}, f"c{number}") for number in (1, 2, 3)]
    agent = stage.agent(calls, "Done.", tools=[gated(stage)])
    result = await stage.run(agent, run_config=config)
    await goes_on(stage, agent, result, NO, NO, "By hand.", run_config=config)


@scene("55 42")
async def a_handoff_beside_it(stage: Stage) -> None:
    for choice in (YES, NO):
        other = stage.agent("B speaks.", name="B")
        turn = [stage.call("pay"), stage.call("transfer_to_b", "{}", "h1"), stage.call("look", "{}", "c2")]
        handoff = stage.lib.handoff(other, on_handoff=lambda context: stage.tell("on_handoff"))
        agent = stage.agent(turn, tools=[gated(stage), free(stage)], handoffs=[handoff])
        result = await stage.run(agent, hooks=hooks(stage))
        await goes_on(stage, agent, result, choice, hooks=hooks(stage))


@scene("55 56 45")
async def a_filtered_handoff_beside_it(stage: Stage) -> None:
    def keep(data: Any) -> Any:
        stage.tell(len(data.pre_handoff_items), len(data.new_items), [item.type for item in data.new_items])
        return data.clone(input_history="Only this.", pre_handoff_items=())

    other = stage.agent("B speaks.", name="B")
    turn = [stage.call("pay"), stage.call("transfer_to_b", "{}", "h1")]
    agent = stage.agent(turn, tools=[gated(stage)], handoffs=[stage.lib.handoff(other, input_filter=keep)])
    await goes_on(stage, agent, await stage.run(agent), YES)


@scene("55 56 44")
async def a_nested_handoff_beside_it(stage: Stage) -> None:
    config = stage.lib.RunConfig(nest_handoff_history=True)
    other = stage.agent("B speaks.", name="B")
    turn = [stage.call("look"), stage.call("pay", {}, "c2"), stage.call("transfer_to_b", "{}", "h1")]
    agent = stage.agent([stage.said("First."), *turn], tools=[gated(stage), free(stage)], handoffs=[other])
    result = await stage.run(agent, run_config=config)
    await goes_on(stage, agent, result, YES, run_config=config)


@scene("55 56")
async def after_a_handoff(stage: Stage) -> None:
    for through_json in (False, True):
        other = stage.agent([stage.call("pay")], "B paid.", name="B", tools=[gated(stage)])
        agent = stage.agent([stage.call("transfer_to_b", "{}", "h1")], handoffs=[other])
        result = await stage.run(agent)
        await goes_on(stage, agent, result, YES, through_json=through_json, hooks=hooks(stage))


@scene("55 37")
async def tool_use_behaviors(stage: Stage) -> None:
    def chosen(context: Any, results: Any) -> Any:
        stage.tell("results", [(result.tool.name, result.output) for result in results])
        return stage.lib.ToolsToFinalOutputResult(is_final_output=len(results) > 1, final_output="Chosen.")

    for behavior in ("stop_on_first_tool", {"stop_at_tool_names": ["pay"]}, chosen):
        for choice in (YES, NO):
            turn = [stage.call("look"), stage.call("pay", {}, "c2")]
            fields = {"tools": [free(stage), gated(stage)], "tool_use_behavior": behavior}
            agent = stage.agent(turn, *["Done."] * (choice == NO), **fields)
            result = await stage.run(agent)
            await goes_on(stage, agent, result, choice)
            stage.tell("---")


@scene("55 38")
async def choices_are_reset(stage: Stage) -> None:
    for reset in (True, False):
        settings = stage.lib.ModelSettings(tool_choice="required")
        fields = {"tools": [gated(stage)], "model_settings": settings, "reset_tool_choice": reset}
        for through_json in (False, True):
            agent = stage.agent([stage.call("pay")], "Done.", **fields)
            await goes_on(stage, agent, await stage.run(agent), YES, through_json=through_json)


@scene("55 32")
async def tool_guardrails(stage: Stage) -> None:
    def verdict(data: Any) -> Any:
        stage.tell("checks", data.context.tool_call_id, data.context.tool_arguments)
        found = stage.lib.ToolGuardrailFunctionOutput
        return found.reject_content("Refused.", "why") if "13" in data.context.tool_arguments else found.allow("fine")

    def output(data: Any) -> Any:
        stage.tell("output", data.output)
        return stage.lib.ToolGuardrailFunctionOutput.allow()

    for early in (False, True):
        config = stage.lib.RunConfig(
            tool_execution=stage.lib.ToolExecutionConfig(pre_approval_tool_input_guardrails=early)
        )
        tool = gated(stage)
        tool.tool_input_guardrails = [stage.lib.ToolInputGuardrail(verdict, name="first")]
        tool.tool_output_guardrails = [stage.lib.ToolOutputGuardrail(output, name="last")]
        calls = [stage.call("pay", {"amount": 13}, "c1"), stage.call("pay", {"amount": 2}, "c2")]
        agent = stage.agent(calls, "Done.", tools=[tool])
        result = await stage.run(agent, run_config=config)
        stage.tell([found.output.output_info for found in result.tool_input_guardrail_results])
        await goes_on(stage, agent, result, YES, YES, run_config=config)


@scene("55 47")
async def a_limit_of_turns(stage: Stage) -> None:
    agent = stage.agent([stage.call("pay")], "Never said.", tools=[gated(stage)])
    result = await stage.run(agent, max_turns=1)
    await goes_on(stage, agent, result, YES, max_turns=5)
    agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
    result = await stage.run(agent, max_turns=2)
    await goes_on(stage, agent, result, YES, max_turns=1)
    handlers = {"max_turns": lambda _: "Enough."}
    agent = stage.agent([stage.call("pay")], "Never said.", tools=[gated(stage)])
    result = await stage.run(agent, max_turns=1, error_handlers=handlers)
    await goes_on(stage, agent, result, YES, error_handlers=handlers)


@scene("56 31")
async def output_guardrails_after_it(stage: Stage) -> None:
    def check(context: Any, agent: Any, output: Any) -> Any:
        stage.tell("output", output)
        return stage.lib.GuardrailFunctionOutput(output_info="seen", tripwire_triggered="bad" in output)

    for text in ("Good.", "A bad one."):
        guardrail = stage.lib.OutputGuardrail(check, name="check")
        agent = stage.agent([stage.call("pay")], text, tools=[gated(stage)], output_guardrails=[guardrail])
        await goes_on(stage, agent, await stage.run(agent), YES)


@scene("56 31", unlike=ADDED)
async def output_guardrails_on_a_tool_that_was_approved(stage: Stage) -> None:
    def check(context: Any, agent: Any, output: Any) -> Any:
        return stage.lib.GuardrailFunctionOutput(output_info="seen", tripwire_triggered=True)

    fields: dict[str, Any] = {"output_guardrails": [stage.lib.OutputGuardrail(check, name="check")]}
    turn = [stage.call("look"), stage.call("pay", {}, "c2")]
    tools = [free(stage), gated(stage)]
    fields["tool_use_behavior"] = {"stop_at_tool_names": ["pay"]}
    agent = stage.agent(turn, tools=tools, **fields)
    result = await stage.run(agent)
    state = result.to_state()
    decide(state, [YES])
    await stage.run(agent, state)
    stage.tell([item[-1] for item in stage.runs[-1].get("new_items", ()) if item[0] == "tool_call_output_item"])


class Receipt(BaseModel):
    """A structured output."""

    paid: int


@scene("55 56 39")
async def structured_output(stage: Stage) -> None:
    agent = stage.agent([stage.call("pay")], '{"paid": 1}', tools=[gated(stage)], output_type=Receipt)
    await goes_on(stage, agent, await stage.run(agent), YES, through_json=True)


@scene("55 36")
async def missing_tools_beside_it(stage: Stage) -> None:
    config = stage.lib.RunConfig(tool_not_found_behavior="return_error_to_model")
    for through_json in (False, True):
        turn = [stage.call("gone", "{}", "c1"), stage.call("pay", {}, "c2")]
        agent = stage.agent(turn, "Done.", tools=[gated(stage)])
        result = await stage.run(agent, run_config=config)
        await goes_on(stage, agent, result, YES, through_json=through_json, run_config=config)


@scene("55 34")
async def a_tool_that_fails_after_approval(stage: Stage) -> None:
    async def broken(amount: int = 1) -> str:
        raise ValueError("secret")

    def told(context: Any, error: Exception) -> str:
        return f"It failed: {error}"

    for handler in (told,):
        tool = stage.lib.function_tool(broken, name_override="pay", needs_approval=True, failure_error_function=handler)
        agent = stage.agent([stage.call("pay")], "Done.", tools=[tool])
        await goes_on(stage, agent, await stage.run(agent), YES, hooks=hooks(stage))


@scene("55 56")
async def a_tool_that_needs_no_approval_any_more(stage: Stage) -> None:
    for choice in (YES, NO, OPEN):
        agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
        result = await stage.run(agent)
        agent.tools = [free(stage, "pay")]
        await goes_on(stage, agent, result, choice)


@scene("55 56")
async def a_rule_that_changes_its_mind(stage: Stage) -> None:
    minds: list[bool] = []

    async def needs(context: Any, arguments: dict[str, Any], call_id: str) -> bool:
        stage.tell("needs", call_id)
        return minds.pop(0)

    for choice in (ALWAYS, NEVER, YES):
        minds[:] = [True, False, False]
        calls = [[stage.call("pay", {"amount": number}, f"c{number}")] for number in (1, 2)]
        agent = stage.agent(*calls, "Done.", tools=[gated(stage, needs=needs)])
        await goes_on(stage, agent, await stage.run(agent), choice)


@scene("55 56")
async def rules_judge_what_the_tool_gets(stage: Stage) -> None:
    async def needs(context: Any, arguments: dict[str, Any], call_id: str) -> bool:
        stage.tell("needs", arguments)
        return False

    async def tool(amount: float, words: list[str] | None = None, more: dict[str, int] | None = None) -> str:
        return f"{amount} {words} {more}"

    whole = {"amount": 1.5, "words": ["a"], "more": {"b": 1}}
    changes = ({}, {"amount": 1}, {"words": None}, {"words": [1]}, {"more": {"b": 1.0}}, {"more": {}}, {"else": 1})
    for change in changes:
        made = stage.lib.function_tool(tool, name_override="pay", needs_approval=needs, strict_mode=False)
        agent = stage.agent([stage.call("pay", {**whole, **change})], "Done.", tools=[made])
        stage.tell(change, len((await stage.run(agent)).interruptions))
    for arguments in ({"amount": 1}, {"amount": "1"}, {}):
        agent = stage.agent([stage.call("pay", arguments)], "Done.", tools=[gated(stage, needs=needs)])
        stage.tell(arguments, len((await stage.run(agent)).interruptions))

    async def invoke(context: Any, arguments: str) -> str:
        return arguments

    schema = {"type": "object", "properties": {"amount": {"type": "integer"}}}
    for arguments in ({"amount": "1"}, {}, [1]):
        made = stage.lib.FunctionTool("pay", "Pay.", schema, invoke, needs_approval=needs)
        agent = stage.agent([stage.call("pay", arguments)], "Done.", tools=[made])
        stage.tell(arguments, len((await stage.run(agent)).interruptions))


@scene("55 56 40")
async def the_same_call_again(stage: Stage) -> None:
    agent = stage.agent([stage.call("pay")], [stage.call("look", {}, "c2")], "Done.", tools=[gated(stage), free(stage)])
    result = await stage.run(agent)
    result = await goes_on(stage, agent, result, YES)
    stage.tell(result.interruptions)


@scene("55")
async def two_in_a_row(stage: Stage) -> None:
    second = [stage.call("pay", {"amount": 2}, "c2")]
    agent = stage.agent([stage.call("pay")], second, "Done.", tools=[gated(stage)])
    result = await stage.run(agent, hooks=hooks(stage))
    result = await goes_on(stage, agent, result, YES, hooks=hooks(stage))
    await goes_on(stage, agent, result, NO, hooks=hooks(stage))


@scene("56")
async def decisions_in_the_context(stage: Stage) -> None:
    calls = [stage.call("pay", {"amount": number}, f"c{number}") for number in (1, 2)]
    agent = stage.agent(calls, "Done.", tools=[gated(stage)])
    result = await stage.run(agent)
    state = result.to_state()
    context, (first, second) = result.context_wrapper, state.get_interruptions()

    def known() -> None:
        for item in (first, second):
            name, call_id = item.tool_name, item.call_id
            stage.tell(
                context.is_tool_approved(name, call_id),
                context.get_approval_status(name, call_id),
                context.get_approval_status(name, call_id, existing_pending=item),
                context.get_rejection_message(name, call_id),
                context.get_rejection_message(name, call_id, existing_pending=item),
            )

    known()
    context.approve_tool(first)
    known()
    context.reject_tool(second, rejection_message="By the context.")
    known()
    await stage.run(agent, state)


@scene("56 57")
async def sticky_decisions_in_the_context(stage: Stage) -> None:
    for always in ("approve", "reject"):
        agent = stage.agent([stage.call("pay")], [stage.call("pay", {}, "c2")], "Done.", tools=[gated(stage)])
        result = await stage.run(agent)
        state = result.to_state()
        context, item = result.context_wrapper, state.get_interruptions()[0]
        if always == "approve":
            context.approve_tool(item, always_approve=True)
        else:
            context.reject_tool(item, always_reject=True, rejection_message="Never.")
        stage.tell(context.is_tool_approved("pay", "c1"), context.is_tool_approved("pay", "other"))
        stage.tell(context.is_tool_approved("other", "other"))
        stage.tell(context.get_rejection_message("pay", "c1"), context.get_rejection_message("pay", "other"))
        await stage.run(agent, state)


@scene("56")
async def decisions_can_be_changed(stage: Stage) -> None:
    for choices in ((YES, NO), (NO, YES), ("Why.", NO), (ALWAYS, NO), (NEVER, YES), (NO, ALWAYS)):
        agent = stage.agent([stage.call("pay")], [stage.call("pay", {}, "c2")], "Done.", tools=[gated(stage)])
        state = (await stage.run(agent)).to_state()
        for choice in choices:
            decide(state, [choice])
        result = await stage.run(agent, state)
        if result.interruptions:
            await goes_on(stage, agent, result, YES)


@scene("55 56")
async def namespaces(stage: Stage) -> None:
    group = stage.lib.tool_namespace(name="bank", description="Money.", tools=[gated(stage)])
    call = stage.call("pay")
    call = call.model_copy(update={"namespace": "bank"})
    agent = stage.agent([call], "Done.", tools=[*group, gated(stage)])
    result = await stage.run(agent)
    state = result.to_state()
    item = state.get_interruptions()[0]
    stage.tell(item.tool_name, item.tool_namespace, item.qualified_name, item.name, item.arguments)
    state.approve(item, always_approve=True)
    stage.tell(result.context_wrapper.get_approval_status("pay", "c1", tool_namespace="bank"))
    stage.tell(result.context_wrapper.get_approval_status("pay", "c1"))
    await stage.run(agent, state)


@scene("55 33")
async def one_at_a_time(stage: Stage) -> None:
    config = stage.lib.RunConfig(tool_execution=stage.lib.ToolExecutionConfig(max_function_tool_concurrency=1))
    calls = [stage.call(name, {}, f"c{number}") for number, name in enumerate(("pay", "look", "pay", "look"))]
    agent = stage.agent(calls, "Done.", tools=[gated(stage), free(stage)])
    result = await stage.run(agent, run_config=config)
    await goes_on(stage, agent, result, YES, YES, run_config=config)


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)
