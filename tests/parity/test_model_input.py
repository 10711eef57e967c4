"""What a model call is sent, played by both libraries: instructions, prompts, filters, settings, copies of agents."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import agents
import pytest
from stage import LIBS, Scenes, Stage, compare
from suite import Over, script
from world import Script, Weather, observe, ways

scene = Scenes()


def adder(stage: Stage) -> Any:
    @stage.lib.function_tool
    def add(a: int, b: int = 1) -> int:
        return a + b

    return add


class Wording:
    """An object that makes instructions."""

    def __call__(self, context: Any, agent: Any) -> str:
        return f"{agent.name} is called."

    def words(self, context: Any, agent: Any) -> str:
        return f"{agent.name} has a method."


@scene("41")
async def instructions_of_every_form(stage: Stage) -> None:
    def computed(context: Any, agent: Any) -> str:
        stage.tell(type(context).__name__, context.context, context.usage.requests, agent.name)
        return f"Computed for {context.context}."

    async def later(context: Any, agent: Any) -> str:
        await asyncio.sleep(0)
        return f"Later, by {agent.name}."

    forms = [None, "", "Be.", computed, later, lambda c, a: a.name, Wording(), Wording().words]
    for form in [*forms, functools.partial(lambda prefix, c, a: prefix + a.name, "By ")]:
        await stage.run(stage.agent("Hi.", instructions=form), context="Ann")


@scene("41")
async def instructions_at_each_turn(stage: Stage) -> None:
    agent = stage.agent(
        stage.call("add", {"a": 1}),
        "2",
        tools=[adder(stage)],
        instructions=lambda context, agent: f"After {context.usage.requests}.",
    )
    await stage.run(agent)


@scene("2")
async def instructions_of_the_wrong_form(stage: Stage) -> None:
    def fails(context: Any, agent: Any) -> str:
        raise ValueError("no words today")

    for wrong in (lambda: "x", lambda c: "x", lambda c, a, b: "x"):
        await stage.run(stage.agent("Hi.", instructions=wrong))
        stage.runs[-1]["error"] = stage.runs[-1]["error"] and "refused"
    await stage.run(stage.agent("Hi.", instructions=fails))
    for wrong in (3, ["x"]):
        try:
            stage.agent("Hi.", instructions=wrong)
        except TypeError:
            stage.tell("refused")


@scene("41")
async def prompts_of_every_form(stage: Stage) -> None:
    def computed(data: Any) -> Any:
        stage.tell(type(data).__name__, type(data.context).__name__, data.context.context, data.agent.name)
        return {"id": "p", "version": "2", "variables": {"user": data.context.context}}

    async def later(data: Any) -> Any:
        return {"id": "later"}

    for form in (None, {"id": "p"}, {"id": "p", "version": "1", "variables": {"a": "b"}}, computed, later):
        await stage.run(stage.agent("Hi.", prompt=form), context="Ann")


@scene("41")
async def prompts_of_the_wrong_form(stage: Stage) -> None:
    def fails(data: Any) -> Any:
        raise ValueError("no prompt today")

    await stage.run(stage.agent("Hi.", prompt=fails))
    await stage.run(stage.agent("Hi.", prompt=lambda data: "p"))
    stage.runs[-1]["error"] = stage.runs[-1]["error"][0]
    try:
        stage.agent("Hi.", prompt=3)
    except TypeError:
        stage.tell("refused")


def filtering(stage: Stage, change: Any) -> dict[str, Any]:
    def shown(data: Any) -> Any:
        model_data = data.model_data
        stage.tell(type(data).__name__, type(model_data).__name__, model_data.instructions, list(model_data.input))
        stage.tell(data.agent.name, data.context)
        return change(model_data)

    return {"call_model_input_filter": shown}


@scene("41")
async def a_filter_of_each_call(stage: Stage) -> None:
    agent = stage.agent(stage.call("add", {"a": 1}), "2", tools=[adder(stage)], instructions="Be.")
    change = filtering(
        stage, lambda data: stage.lib.ModelInputData(input=data.input[-1:], instructions=f"{data.instructions} Short.")
    )
    await stage.run(agent, run_config=change, context={"user": 1})


@scene("41")
async def an_asynchronous_filter(stage: Stage) -> None:
    async def later(data: Any) -> Any:
        await asyncio.sleep(0)
        return stage.lib.ModelInputData(
            input=[*data.model_data.input, {"role": "user", "content": "More."}], instructions=None
        )

    await stage.run(stage.agent("Hi.", instructions="Be."), run_config={"call_model_input_filter": later})


@scene("41")
async def a_filter_that_changes_what_it_got(stage: Stage) -> None:
    """The run's own history stays what it is."""

    def change(data: Any) -> Any:
        data.input.append({"role": "user", "content": "Appended."})
        data.input[0]["content"] = "Changed."
        return data

    agent = stage.agent(stage.call("add", {"a": 1}), "2", tools=[adder(stage)])
    await stage.run(agent, [{"role": "user", "content": "Hello"}], run_config=filtering(stage, change))


@scene("41")
async def a_filter_that_empties(stage: Stage) -> None:
    change = filtering(stage, lambda data: stage.lib.ModelInputData(input=[], instructions=""))
    await stage.run(stage.agent("Hi.", instructions="Be."), run_config=change)


@scene("41")
async def filters_of_the_wrong_form(stage: Stage) -> None:
    def fails(data: Any) -> Any:
        raise ValueError("no filter today")

    for wrong in (fails, lambda data: None, lambda data: data, lambda data: "x", lambda: None):
        await stage.run(stage.agent("Hi."), run_config={"call_model_input_filter": wrong})
        stage.runs[-1]["error"] = stage.runs[-1]["error"][0]


@scene("41")
async def the_same_item_twice(stage: Stage) -> None:
    message = {"id": "m9", "type": "message", "role": "assistant", "status": "completed"}
    parts = [{"type": "output_text", "text": "Said.", "annotations": []}]
    call = {"type": "function_call", "name": "add", "arguments": "{}", "call_id": "c9"}
    output = {"type": "function_call_output", "call_id": "c9", "output": "1"}
    user = {"role": "user", "content": "Hello"}
    for given in (
        [user, user],
        [user, {**message, "content": parts}, {**message, "content": parts}, user],
        [user, call, output, call, output, user],
        [user, call, output, {**output, "output": "2"}],
        [user, {"role": "assistant", "content": "Hi."}, {"role": "assistant", "content": "Hi."}],
    ):
        await stage.run(stage.agent("Hi."), given)


def pair_of(kind: str, key: str) -> list[dict[str, Any]]:
    """Two input items that stand for the same thing."""
    contents: dict[str, list[dict[str, Any]]] = {
        "function_call": [{"name": "add", "arguments": "{}"}, {"name": "add", "arguments": '{"a":1}'}],
        "function_call_output": [{"output": "1"}, {"output": "2"}],
        "reasoning": [{"summary": [{"type": "summary_text", "text": text}]} for text in ("one", "two")],
        "mcp_approval_request": [{"name": "n", "server_label": "s", "arguments": text} for text in ("1", "2")],
        "mcp_approval_response": [{"approve": True}, {"approve": False}],
        "web_search_call": [
            {"status": "completed", "action": {"type": "search", "query": text}} for text in ("one", "two")
        ],
        "custom_tool_call": [{"name": "n", "input": "1"}, {"name": "n", "input": "2"}],
        "custom_tool_call_output": [{"output": "1"}, {"output": "2"}],
        "item_reference": [{}, {}],
    }
    return [{"type": kind, key: "k", **more} for more in contents[kind]]


KEYS = {
    "function_call": "call_id",
    "function_call_output": "call_id",
    "reasoning": "id",
    "mcp_approval_request": "id",
    "mcp_approval_response": "approval_request_id",
    "web_search_call": "id",
    "custom_tool_call": "call_id",
    "custom_tool_call_output": "call_id",
    "item_reference": "id",
}


@scene("41")
async def the_place_of_what_came_twice(stage: Stage) -> None:
    """The latest wins: in its own place, or, when something must follow it, in the first place."""
    before, between = {"role": "user", "content": "Before."}, {"role": "user", "content": "Between."}
    for kind, key in KEYS.items():
        first, second = pair_of(kind, key)
        await stage.run(stage.agent("Hi."), [before, first, between, second])


@scene("41")
async def the_same_id_of_different_things(stage: Stage) -> None:
    call = {"type": "function_call", "name": "add", "arguments": "{}"}
    output = {"type": "function_call_output", "output": "1"}
    for given in (
        [{**call, "call_id": "c1", "id": "f1"}, {**call, "call_id": "c2", "id": "f1"}],
        [{**call, "call_id": "c1", "id": "f1"}, {**call, "call_id": "c1", "id": "f2"}],
        [{**call, "call_id": "c1"}, {**output, "call_id": "c1", "id": "o1"}, {**output, "call_id": "c1", "id": "o2"}],
        [{**call, "call_id": "x"}, {"type": "reasoning", "id": "x", "summary": []}],
    ):
        await stage.run(stage.agent("Hi."), given)


@scene("41")
async def calls_without_outputs_in_the_input(stage: Stage) -> None:
    user = {"role": "user", "content": "Hello"}
    call = {"type": "function_call", "name": "add", "arguments": "{}", "call_id": "c9"}
    output = {"type": "function_call_output", "call_id": "c9", "output": "1"}
    for given in ([user, call], [user, output], [output, call, user]):
        await stage.run(stage.agent("Hi."), given)


@scene("2")
async def the_runs_settings_as_a_dict(stage: Stage) -> None:
    config = {"model_settings": stage.lib.ModelSettings(temperature=0.1), "workflow_name": "x"}
    await stage.run(stage.agent("Hi."), run_config=config)
    await stage.run(stage.agent("Hi."), run_config={"model": stage.model("By the run's model.")})
    await stage.run(stage.agent("Hi."), run_config={"model_settings": {"temperature": 0.2}})
    await stage.run(stage.agent("Hi."), run_config={})
    await stage.run(stage.agent("Hi."), run_config={"tool_execution": {"max_function_tool_concurrency": 1}})


@scene("2")
async def wrong_settings_of_the_run(stage: Stage) -> None:
    for wrong in ({"modell": "x"}, 3, "x", [], {"tool_execution": {"max_function_tool_concurrency": 0}}):
        try:
            await stage.lib.Runner.run(stage.agent("Hi."), "x", run_config=wrong)
        except Exception:
            stage.tell("refused")
        else:
            stage.tell("accepted", wrong)


@scene("2", over=("scripted",))
async def settings_are_merged(stage: Stage) -> None:
    mine = stage.lib.ModelSettings(temperature=0.5, tool_choice="auto", extra_args={"a": 1})
    runs = stage.lib.ModelSettings(temperature=0.1, extra_args={"b": 2})
    await stage.run(stage.agent("Hi.", model_settings=mine), run_config={"model_settings": runs})
    stage.tell(stage.models[0].last_call.model_settings.extra_args)


@scene("2")
async def the_model_of_the_run(stage: Stage) -> None:
    """It is used for every agent."""
    model = stage.model(stage.call("transfer_to_b"), "B speaks.")
    other = stage.agent("never", name="B")
    agent = stage.agent("never", handoffs=[other])
    await stage.run(agent, run_config=stage.lib.RunConfig(model=model))


@scene("2")
async def clones(stage: Stage) -> None:
    tools = [adder(stage)]
    first = stage.agent("Hi.", instructions="Be.", tools=tools, output_type=None)
    second = first.clone(name="B", instructions="Be brief.", model=stage.model("I am B."))
    stage.tell(second.name, first.name, second.tools is first.tools, type(second).__name__, second == first)
    await stage.run(second)
    await stage.run(first)
    third = first.clone(output_type=Weather, model=stage.model('{"city": "Rome", "degrees": 1}'))
    await stage.run(third)
    try:
        first.clone(nothing=1)
    except TypeError:
        stage.tell("refused")


@scene("2")
async def what_an_agent_brings(stage: Stage) -> None:
    """The methods that a run calls, called by hand."""
    context = stage.lib.RunContextWrapper("Ann")

    def on(context: Any, agent: Any) -> bool:
        return context.context == "Ann"

    hidden = stage.lib.function_tool(lambda: "x", name_override="hidden", is_enabled=lambda c, a: not on(c, a))
    agent = stage.agent(
        "Hi.", instructions=lambda c, a: f"For {c.context}.", prompt={"id": "p"}, tools=[adder(stage), hidden]
    )
    stage.tell(await agent.get_system_prompt(context))
    stage.tell(await agent.get_prompt(context))
    stage.tell([tool.name for tool in await agent.get_all_tools(context)])


@scene("3 47")
async def limits_of_turns(stage: Stage) -> None:
    calls = [stage.call("add", {"a": n}, f"c{n}") for n in range(3)]
    for limit in (1, 3, 4, None):
        left = calls[:limit] if limit and limit < 4 else [*calls, "Done."]
        await stage.run(stage.agent(*left, tools=[adder(stage)]), max_turns=limit)


@scene("20 42")
async def what_a_next_run_is_sent(stage: Stage) -> None:
    other = stage.agent("B speaks.", "B again.", name="B")
    agent = stage.agent([stage.said("I pass."), stage.call("transfer_to_b", call_id="h1")], handoffs=[other])
    first = await stage.run(agent)
    await stage.run(first.last_agent, [*first.to_input_list(), {"role": "user", "content": "More?"}])
    await stage.run(stage.agent("Fine."), first.to_input_list(mode="normalized"))
    for mode in ("all", None, ""):
        try:
            first.to_input_list(mode=mode)
        except Exception:
            stage.tell("refused")
        else:
            stage.tell("accepted")


@scene("2")
async def settings_that_are_none(stage: Stage) -> None:
    """A keyword that is no field is ignored; an unknown key of a dictionary is refused."""
    lib = stage.lib
    await stage.run(stage.agent("Hi.", model_settings=lib.ModelSettings(temperature=0.5, nope=1)))
    for make in (
        lambda: lib.ModelSettings(nope=1).to_json_dict(),
        lambda: lib.Agent(name="A", model_settings={"temperature": 1}).model_settings.temperature,
        lambda: lib.Agent(name="A", model_settings={"nope": 1}),
        lambda: lib.RunConfig(model_settings={"temperature": 1}).model_settings.temperature,
        lambda: lib.RunConfig(model_settings={"nope": 1}),
        lambda: lib.ModelSettings().resolve({"nope": 1}),
        lambda: lib.ModelSettings().resolve(3),
    ):
        try:
            stage.tell(make())
        except TypeError as error:
            stage.tell("refused", str(error).partition(";")[0].removesuffix(": 3"))  # ours says what is taken, too
    try:
        await stage.lib.Runner.run(stage.agent("Hi."), "x", run_config={"nope": 1})
    except TypeError:
        stage.tell("refused")


def _repeats(*items: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": "Go."}, *items]


def _item(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


CALL_1 = _item("function_call", call_id="c1", name="f", arguments="{}")
OUTPUT_1 = _item("function_call_output", call_id="c1", output="one")
REPEATED: dict[str, list[dict[str, Any]]] = {
    "a call twice": _repeats(CALL_1, OUTPUT_1, CALL_1),
    "a call with other arguments": _repeats(CALL_1, {**CALL_1, "arguments": '{"a": 1}'}, OUTPUT_1),
    "an output twice": _repeats(CALL_1, OUTPUT_1, {**OUTPUT_1, "output": "two"}),
    "an output long after": _repeats(CALL_1, OUTPUT_1, {"role": "user", "content": "x"}, {**OUTPUT_1, "output": "2"}),
    "both twice": _repeats(CALL_1, OUTPUT_1, CALL_1, OUTPUT_1),
    "a message twice": _repeats(*[{"role": "user", "content": "Again."}] * 2),
    "an answer twice": _repeats(
        *[
            _item(
                "message", id="m1", role="assistant", status="completed", content=[{"type": "output_text", "text": t}]
            )
            for t in "ab"
        ]
    ),
    "a reasoning twice": _repeats(
        *[_item("reasoning", id="r1", summary=[{"type": "summary_text", "text": t}]) for t in "ab"], CALL_1, OUTPUT_1
    ),
    "a reasoning without id": _repeats(*[_item("reasoning", summary=[])] * 2, CALL_1, OUTPUT_1),
    "a call and an output with ids": _repeats(
        {**CALL_1, "id": "fc1"}, {**CALL_1, "id": "fc2"}, {**OUTPUT_1, "id": "o1"}, {**OUTPUT_1, "id": "o2"}
    ),
    "one id for two kinds": _repeats({**CALL_1, "id": "x"}, {**OUTPUT_1, "id": "x"}),
    "hosted calls": _repeats(*[_item("web_search_call", id="w1", status=s) for s in ("in_progress", "completed")]),
    "file searches": _repeats(*[_item("file_search_call", id="f1", queries=[q], status="completed") for q in "ab"]),
    "code": _repeats(*[_item("code_interpreter_call", id="i1", code=c, status="completed") for c in "ab"]),
    "approval requests": _repeats(
        *[_item("mcp_approval_request", id="a1", name="t", arguments=a, server_label="s") for a in ("{}", "[]")]
    ),
    "approval answers": _repeats(
        _item("mcp_approval_request", id="a1", name="t", arguments="{}", server_label="s"),
        *[_item("mcp_approval_response", approval_request_id="a1", approve=approve) for approve in (True, False)],
    ),
    "calls of other kinds": _repeats(
        *[_item("custom_tool_call", call_id="k1", name="n", input=text) for text in "ab"],
        *[_item("custom_tool_call_output", call_id="k1", output=text) for text in "ab"],
    ),
    "references": _repeats(*[_item("item_reference", id="m1")] * 2),
    "equal outputs, two calls": _repeats(CALL_1, {**CALL_1, "call_id": "c2"}, OUTPUT_1, {**OUTPUT_1, "call_id": "c2"}),
    "an empty id": _repeats(*[_item("reasoning", id="", summary=[])] * 2, {**CALL_1, "call_id": ""}),
    "two calls without a call id": _repeats(*[{**CALL_1, "call_id": "", "id": name} for name in "xy"]),
    "calls whose id is empty": _repeats(*[{**CALL_1, "call_id": None, "id": ""}] * 2),
    "approval ids that are empty": _repeats(
        *[_item("mcp_approval_response", id=name, approval_request_id="", approve=True) for name in "xy"]
    ),
    "two answers of one request": _repeats(
        *[_item("mcp_approval_response", id=name, approval_request_id="a1", approve=True) for name in "xy"]
    ),
    "one answer of two requests": _repeats(
        *[_item("mcp_approval_response", id="i1", approval_request_id=name, approve=True) for name in "xy"]
    ),
    "two calls with one id": _repeats(*[{**CALL_1, "call_id": name, "id": "x"} for name in "xy"]),
    "a kind that nobody knows": _repeats(*[_item("new_thing", id="n1", value=v) for v in (1, 2)]),
}


def repeated(name: str, given: list[dict[str, Any]]) -> Any:
    async def repeated_input(stage: Stage) -> None:
        await stage.run(stage.agent("Done."), given)

    repeated_input.__name__ = f"input with {name}"
    return repeated_input


for _name, _given in REPEATED.items():
    scene("41")(repeated(_name, _given))


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)


def _computed_prompt(data: Any) -> Any:
    return {"id": "pmpt_1", "variables": {"user": str(data.context.context)}}


REQUESTS: dict[str, Script] = {
    "a prompt": Script("41", ["Hi."], {"A": {"prompt": {"id": "pmpt_1", "version": "3", "variables": {"a": "b"}}}}),
    "a prompt and instructions": Script("41", ["Hi."], {"A": {"prompt": {"id": "pmpt_1"}, "instructions": "Be."}}),
    "a computed prompt": Script("41", ["Hi."], {"A": {"prompt": _computed_prompt}}, options={"context": "Ann"}),
    "a prompt and tools": Script("41", ["Hi."], {"A": {"prompt": {"id": "pmpt_1"}, "tools": ["add"]}}),
    "instructions": Script("41", ["Hi."], {"A": {"instructions": "computed"}}, options={"context": "Ann"}),
    "an output type": Script("39", ['{"city": "Rome", "degrees": 2}'], {"A": {"output_type": Weather}}),
    "a wrapped output type": Script("39", ['{"response": [1]}'], {"A": {"output_type": list[int]}}),
}


@pytest.mark.parametrize(("script", "over"), ways(REQUESTS))
async def test_requests_are_the_same(script: Script, over: Over) -> None:
    theirs, ours = [await observe(lib, script, over=over) for lib in LIBS]
    assert ours["requests"] == theirs["requests"] and ours["requests"]
    assert ours["events"] == theirs["events"]
    assert str(ours["final_output"]) == str(theirs["final_output"])


@script("2")
@pytest.mark.parametrize("lib", LIBS, ids=["reference", "agentcell"])
async def test_rule_2_the_wrong_agent_is_refused_at_once(lib: Any) -> None:
    with pytest.raises((TypeError, AttributeError) if lib is agents else TypeError):
        lib.Runner.run_streamed("A", "x")
