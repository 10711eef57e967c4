"""Handoffs, run by the reference and by agentcell: what is called when, what the next agent sees, what stays.

Rule numbers are those of the project's list of the reference's behaviours. Every script runs streamed and whole, over
a loopback server and over both libraries' `ScriptedModel`.
"""

from __future__ import annotations

import asyncio
import copy
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import agents
import agents.extensions.handoff_filters
import agents.extensions.handoff_prompt
import agents.handoffs
import agents.items
import agents.testing
import pytest
from openai.types.responses import ResponseOutputMessage
from suite import Over
from world import Script, Weather, assert_alike, assert_streamed_alike, observe, seen, streamed, ways, whole

import agentcell
import agentcell.extensions.handoff_filters
import agentcell.extensions.handoff_prompt
import agentcell.handoffs
import agentcell.items
import agentcell.testing
from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import message_item as message
from agentcell.models.response_events import reasoning_item as reasoning

LIBS = (agents, agentcell)

TO_A, TO_B, TO_C = (call(f"transfer_to_{name}", {}, call_id=f"h_{name}") for name in "abc")
TO_B_AGAIN = call("transfer_to_b", {}, call_id="h_b2")
ADD = call("add", {"a": 1}, call_id="c1")
ADD_2 = call("add", {"a": 2}, call_id="c2")
WEATHER = '{"city": "Rome", "degrees": 20.5}'

ONE = {"A": {"tools": ["add"], "handoffs": ["B"]}, "B": {"tools": ["add"]}}
CHAIN = {"A": {"tools": ["add"], "handoffs": ["B"]}, "B": {"tools": ["add"], "handoffs": ["C"]}, "C": {}}

MIXED = [[reasoning("Hm."), message("I pass."), ADD, TO_B], "B speaks."]
"""A turn with everything in it, then the other agent."""
LONG = [
    [message("I add."), ADD],
    [message("I pass."), TO_B],
    [message("B adds."), ADD_2],
    [TO_C, message("B passes.")],
    "C speaks.",
]
"""Two handoffs with tools before each."""


def lib_of(thing: Any) -> Any:
    """The library that an object comes from."""
    return sys.modules[type(thing).__module__.split(".")[0]]


def extensions(thing: Any) -> Any:
    return sys.modules[f"{lib_of(thing).__name__}.extensions.handoff_filters"]


def passing(target: str, **options: Any) -> Callable[[Any, dict[str, Any]], Any]:
    """A handoff with options, for `Script.agents`."""
    return lambda lib, made: lib.handoff(made[target], **options)


def with_b(**options: Any) -> dict[str, Any]:
    return {"A": {"tools": ["add"], "handoffs": [passing("B", **options)]}, "B": {}}


def config(**options: Any) -> dict[str, Any]:
    return {"run_config": options}


def filtering(change: Callable[[Any], Any]) -> dict[str, Any]:
    return config(handoff_input_filter=change)


def only(*kinds: str) -> Callable[[Any], Any]:
    """A filter that keeps the turn's items of some kinds."""
    return lambda data: data.clone(new_items=tuple(i for i in data.new_items if i.type in kinds))


def without(*kinds: str) -> Callable[[Any], Any]:
    return lambda data: data.clone(new_items=tuple(i for i in data.new_items if i.type not in kinds))


def added(data: Any) -> tuple[Any, ...]:
    """The turn's items and a message that nobody has said."""
    raw = {"id": "m9", "role": "assistant", "status": "completed", "type": "message"}
    parts = [{"type": "output_text", "text": "Added.", "annotations": []}]
    item = lib_of(data).MessageOutputItem(
        agent=data.new_items[0].agent, raw_item=ResponseOutputMessage.model_validate({**raw, "content": parts})
    )
    return (*data.new_items, item)


async def later(data: Any) -> Any:
    await asyncio.sleep(0)
    return data.clone(input_history="Asked later.")


def fails(data: Any) -> Any:
    raise ValueError("no filter today")


def report(data: Any) -> Any:
    """A filter that tells the next agent what it was given."""
    given = {
        "history": data.input_history,
        "before": [item.type for item in data.pre_handoff_items],
        "turn": [item.type for item in data.new_items],
        "input_items": data.input_items,
        "context": data.run_context.context,
        "requests": data.run_context.usage.requests,
    }
    told = {"role": "user", "content": json.dumps(given, default=str)}
    past = data.input_history
    past = ({"role": "user", "content": past},) if isinstance(past, str) else past
    return data.clone(input_history=(*past, told))


def counted(transcript: list[Any]) -> list[Any]:
    return [{"role": "user", "content": f"{len(transcript)} items, the last is {json.dumps(transcript[-1])}"}]


NESTED = config(nest_handoff_history=True)

SCRIPTS: dict[str, Script] = {
    "nothing rewritten": Script("42 44", MIXED, ONE),
    "there and back": Script(
        "42 44", [TO_B, TO_A, [message("Again."), TO_B_AGAIN], "B speaks."], {"A": {"handoffs": []}, "B": {}}
    ),
    "the filter's view": Script("45", LONG, CHAIN, options={**filtering(report), "context": {"user": "Ann"}}),
    "the filter's view of a list": Script(
        "45",
        LONG,
        CHAIN,
        input=[{"role": "user", "content": "One"}, {"role": "user", "content": "Two"}],
        options=filtering(report),
    ),
    "filter of the handoff": Script("45", MIXED, with_b(input_filter=report)),
    "filter of the handoff beats the run's": Script(
        "45",
        MIXED,
        with_b(input_filter=lambda d: d.clone(input_history="From the handoff.")),
        options=config(
            handoff_input_filter=lambda d: d.clone(input_history="From the run."), nest_handoff_history=True
        ),
    ),
    "the run's filter beats nesting": Script(
        "45",
        MIXED,
        with_b(nest_handoff_history=True),
        options=config(
            handoff_input_filter=lambda d: d.clone(input_history="From the run."), nest_handoff_history=True
        ),
    ),
    "filter: the turn before goes": Script(
        "45", LONG, CHAIN, options=filtering(lambda d: d.clone(pre_handoff_items=()))
    ),
    "filter: the turn goes": Script("45", LONG, CHAIN, options=filtering(lambda d: d.clone(new_items=()))),
    "filter: everything goes": Script(
        "45",
        LONG,
        CHAIN,
        options=filtering(lambda d: d.clone(input_history="Afresh.", pre_handoff_items=(), new_items=())),
    ),
    "filter: nothing is left": Script(
        "45", MIXED, ONE, options=filtering(lambda d: d.clone(input_history=(), pre_handoff_items=(), new_items=()))
    ),
    "filter: only messages": Script("45", MIXED, ONE, options=filtering(only("message_output_item"))),
    "filter: input_items for the model": Script(
        "45", LONG, CHAIN, options=filtering(lambda d: d.clone(input_items=d.new_items[:1]))
    ),
    "filter: no input_items": Script("45", LONG, CHAIN, options=filtering(lambda d: d.clone(input_items=()))),
    "filter: more input_items": Script("45", MIXED, ONE, options=filtering(lambda d: d.clone(input_items=added(d)))),
    "filter: more new_items": Script("45", MIXED, ONE, options=filtering(lambda d: d.clone(new_items=added(d)))),
    "filter: another order": Script(
        "42 45", MIXED, ONE, options=filtering(lambda d: d.clone(new_items=d.new_items[::-1]))
    ),
    "filter: copies": Script(
        "45", MIXED, ONE, options=filtering(lambda d: d.clone(new_items=tuple(copy.copy(i) for i in d.new_items)))
    ),
    "filter: lists": Script(
        "45",
        MIXED,
        ONE,
        options=filtering(
            lambda d: d.clone(
                input_history=[{"role": "user", "content": "Listed."}],
                pre_handoff_items=list(d.pre_handoff_items),
                new_items=list(d.new_items),
                input_items=list(d.new_items),
            )
        ),
    ),
    "filter: a call without its output": Script("45", MIXED, ONE, options=filtering(without("tool_call_output_item"))),
    "filter: a handoff without its output": Script(
        "45",
        [[message("I pass."), reasoning("Hm."), TO_B], "B speaks."],
        ONE,
        options=filtering(without("handoff_output_item")),
    ),
    "filter: an output without its call": Script("45", MIXED, ONE, options=filtering(without("tool_call_item"))),
    "filter: async": Script("45", MIXED, ONE, options=filtering(later)),
    "filter: tools removed": Script("45", LONG, CHAIN, options=filtering(lambda d: extensions(d).remove_all_tools(d))),
    "filter: tools removed from a list": Script(
        "45",
        MIXED,
        ONE,
        input=[
            {"role": "user", "content": "Earlier."},
            {"type": "function_call", "name": "add", "arguments": "{}", "call_id": "e1"},
            {"type": "function_call_output", "call_id": "e1", "output": "1"},
            {"role": "user", "content": "Now."},
        ],
        options=filtering(lambda d: extensions(d).remove_all_tools(d)),
    ),
    "filter: nests by itself": Script(
        "44 45", LONG, CHAIN, options=filtering(lambda d: lib_of(d).handoffs.nest_handoff_history(d))
    ),
    "filter: nests and adds": Script(
        "44 45",
        LONG,
        CHAIN,
        options=filtering(
            lambda d: (n := lib_of(d).handoffs.nest_handoff_history(d)).clone(
                input_history=(*n.input_history, {"role": "user", "content": "Go on."})
            )
        ),
    ),
    "filter: nests and drops": Script(
        "44 45",
        LONG,
        CHAIN,
        options=filtering(
            lambda d: (n := lib_of(d).handoffs.nest_handoff_history(d)).clone(input_history=n.input_history[:1])
        ),
    ),
    "filter: moves items into the input": Script(
        "44 45",
        LONG,
        CHAIN,
        options=filtering(
            lambda d: d.clone(
                input_history=({"role": "user", "content": "Go."}, *(i.to_input_item() for i in d.new_items)),
                input_items=(),
            )
        ),
    ),
    "nested with everything mapped to itself": Script(
        "44", LONG, CHAIN, options=config(nest_handoff_history=True, handoff_history_mapper=lambda items: items)
    ),
    "nested by the run": Script("44", LONG, CHAIN, options=NESTED),
    "nested by the run, a list": Script(
        "44",
        MIXED,
        ONE,
        input=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Two\nlines"},
            {"role": "assistant", "content": "Yes."},
        ],
        options=NESTED,
    ),
    "nested by the handoff": Script("44", MIXED, with_b(nest_handoff_history=True)),
    "not nested by the handoff": Script("44", MIXED, with_b(nest_handoff_history=False), options=NESTED),
    "nested, then not": Script(
        "44",
        LONG,
        {
            "A": {"tools": ["add"], "handoffs": [passing("B", nest_handoff_history=True)]},
            "B": {"tools": ["add"], "handoffs": ["C"]},
            "C": {},
        },
    ),
    "nested, then filtered": Script(
        "44 45",
        LONG,
        {
            "A": {"tools": ["add"], "handoffs": ["B"]},
            "B": {"tools": ["add"], "handoffs": [passing("C", input_filter=report)]},
            "C": {},
        },
        options=NESTED,
    ),
    "nested with a mapper": Script(
        "44", LONG, CHAIN, options=config(nest_handoff_history=True, handoff_history_mapper=counted)
    ),
    "nested by the handoff with a mapper": Script(
        "44", MIXED, with_b(nest_handoff_history=True), options=config(handoff_history_mapper=counted)
    ),
    "nested, several handoffs": Script(
        "43 44",
        [[TO_B, message("Which?"), TO_C, ADD], "B speaks."],
        {"A": {"tools": ["add"], "handoffs": ["B", "C"]}, "B": {}, "C": {}},
        options=NESTED,
    ),
    "filter, several handoffs": Script(
        "43 45",
        [[TO_C, TO_B], "C speaks."],
        {"A": {"handoffs": ["B", "C"]}, "B": {}, "C": {}},
        options=filtering(report),
    ),
    "there and back, nested": Script(
        "44",
        [[ADD, TO_B], [message("Back."), TO_A], TO_B_AGAIN, "B speaks."],
        {"A": {"tools": ["add"]}, "B": {}},
        options=NESTED,
    ),
    "input of another type": Script(
        "42",
        [call("ask_b", "[1, 2]", call_id="h1"), "B speaks."],
        with_b(tool_name_override="ask_b", on_handoff=lambda ctx, given: None, input_type=list[int]),
    ),
    "no strings attached": Script(
        "42", [call("transfer_to_b", "junk", call_id="h1"), "B speaks."], with_b(on_handoff=lambda ctx: None)
    ),
    "own handoff": Script(
        "42",
        [call("go", {"why": "x"}, call_id="h1"), "B speaks."],
        {
            "A": {
                "handoffs": [
                    lambda lib, made: lib.Handoff(
                        tool_name="go",
                        tool_description="Go on.",
                        input_json_schema={"type": "object", "properties": {"why": {"type": "string"}}},
                        on_invoke_handoff=lambda ctx, given: asyncio.sleep(0, made["B"]),
                        agent_name="whoever",
                        strict_json_schema=False,
                    )
                ]
            },
            "B": {},
        },
    ),
    "disabled": Script("36", [TO_B, "x"], with_b(is_enabled=False)),
    "disabled by a function": Script("36", [TO_B, "x"], with_b(is_enabled=lambda ctx, agent: agent.name == "B")),
    "enabled by an async function": Script(
        "42", [TO_B, "B speaks."], with_b(is_enabled=lambda ctx, agent: asyncio.sleep(0, agent.name == "A"))
    ),
    "structured after a filter": Script(
        "39 45",
        [TO_B, WEATHER],
        {"A": {"handoffs": ["B"]}, "B": {"output_type": Weather}},
        options=filtering(lambda d: extensions(d).remove_all_tools(d)),
    ),
    "limit of turns after a filter": Script(
        "45 47", [[message("I pass."), TO_B], "x"], ONE, options={"max_turns": 1, **filtering(report)}
    ),
    "limit of turns after nesting": Script("44 47", MIXED, ONE, options={"max_turns": 1, **NESTED}),
    "filter raises": Script("45", MIXED, ONE, options=filtering(fails), more_outputs=True),
    "filter returns nothing": Script(
        "45", MIXED, ONE, options=filtering(lambda d: None), same_message=False, more_outputs=True
    ),
    "filter returns a text": Script(
        "45", MIXED, with_b(input_filter=lambda d: "x"), same_message=False, more_outputs=True
    ),
    "filter that is none": Script(
        "45", MIXED, ONE, options=config(handoff_input_filter=0), same_message=False, more_outputs=True
    ),
    "mapper raises": Script(
        "44", MIXED, ONE, options=config(nest_handoff_history=True, handoff_history_mapper=fails), more_outputs=True
    ),
    "on_handoff raises": Script("42", [[ADD, TO_B], "x"], with_b(on_handoff=fails), more_outputs=True),
}


def complete(script: Script, agent: Any) -> Any:
    """Lets the last agents of a script hand back to the first one, which `Script.agents` cannot say."""
    if script.agents.get("A", {}).get("handoffs", None) in ([], None) and "B" in script.agents:
        lib = lib_of(agent)
        other = lib.Agent(name="B", model=agent.model, handoffs=[agent])
        agent.handoffs.append(other)
    return agent


async def streamed_too(lib: Any, script: Script, agent: Any) -> dict[str, Any]:
    """A streamed run, its input list in both forms."""
    kept: list[Any] = []

    class Runner:
        @staticmethod
        def run_streamed(*arguments: Any, **options: Any) -> Any:
            kept.append(lib.Runner.run_streamed(*arguments, **options))
            return kept[0]

    found = await streamed(type("Lib", (), {"Runner": Runner}), script, complete(script, agent))
    return {**found, "normalized": kept[0].to_input_list(mode="normalized")}


async def whole_too(lib: Any, script: Script, agent: Any) -> dict[str, Any]:
    return await whole(lib, script, complete(script, agent))


@pytest.mark.parametrize(("script", "over"), ways(SCRIPTS))
async def test_streamed(script: Script, over: Over) -> None:
    assert_streamed_alike(script, *[await observe(lib, script, streamed_too, over) for lib in LIBS])


@pytest.mark.parametrize(("script", "over"), ways(SCRIPTS))
async def test_whole(script: Script, over: Over) -> None:
    assert_alike(*[await observe(lib, script, whole_too, over) for lib in LIBS])


async def test_order_of_callbacks() -> None:
    """Rules 42 and 45: tools, then `on_handoff`, then the filter, then the events of the work."""

    async def order(lib: Any) -> list[str]:
        told: list[str] = []

        def asked(ctx: Any, agent: Any) -> bool:
            told.append(f"is_enabled {agent.name}")
            return True

        async def on_handoff(ctx: Any, given: Weather) -> None:
            told.append(f"on_handoff {given.city} {type(ctx).__name__}")

        def filtered(data: Any) -> Any:
            told.append(f"filter {[item.type for item in data.new_items]}")
            return data

        script = Script(
            "42 45",
            [[call("transfer_to_b", WEATHER, call_id="h1"), message("I pass."), ADD], "B speaks."],
            with_b(is_enabled=asked, on_handoff=on_handoff, input_type=Weather, input_filter=filtered),
        )

        async def run(lib: Any, script: Script, agent: Any) -> dict[str, Any]:
            result = lib.Runner.run_streamed(agent, script.input)
            async for event in result.stream_events():
                if event.type != "raw_response_event":
                    told.append(" ".join(map(str, seen(event)[:2])))
            return {}

        await observe(lib, script, run)
        return told

    theirs, ours = [await order(lib) for lib in LIBS]
    for told in (theirs, ours):
        told.remove("is_enabled A")  # before the model is called, which an event may not have waited for
    assert ours == theirs
    assert [told.split()[0] for told in ours if "_event" not in told] == ["on_handoff", "filter"]


@pytest.fixture
def other_wrappers() -> Iterator[None]:
    for lib in LIBS:
        lib.handoffs.set_conversation_history_wrappers(start="[[", end="]]")
    yield
    for lib in LIBS:
        lib.handoffs.reset_conversation_history_wrappers()


@pytest.mark.usefixtures("other_wrappers")
async def test_other_wrappers() -> None:
    """Rule 44: the lines around the records can be changed for the whole program."""
    script = Script("44", LONG, CHAIN, options=NESTED)
    theirs, ours = [await observe(lib, script, streamed_too) for lib in LIBS]
    assert ours == theirs
    summary = ours["requests"][2]["input"][0]["content"].splitlines()
    assert summary[1] == "[[" and summary[-1] == "]]"


def test_prompts_are_joined_alike() -> None:
    """The words are ours; their place is the reference's."""
    theirs, ours = agents.extensions.handoff_prompt, agentcell.extensions.handoff_prompt
    for module in (theirs, ours):
        prefix = module.RECOMMENDED_PROMPT_PREFIX
        assert prefix.startswith("# System context\n") and prefix.endswith("\n") and "transfer_to_" in prefix
        assert module.prompt_with_handoff_instructions("Help.") == f"{prefix}\n\nHelp."


def made_with(lib: Any, options: dict[str, Any]) -> Any:
    """What `handoff()` makes, or the error that it raises."""
    try:
        made = lib.handoff(lib.Agent(name="B", handoff_description="Knows."), **options)
    except (lib.UserError, TypeError) as error:
        return "refused" if isinstance(error, lib.UserError) else "mistyped"
    fields = ("tool_name", "tool_description", "input_json_schema", "agent_name", "strict_json_schema", "is_enabled")
    return [getattr(made, name) for name in (*fields, "input_filter", "nest_handoff_history")]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tool_name_override": "ask", "tool_description_override": "Ask B."},
        {"tool_name_override": "", "tool_description_override": ""},
        {"input_type": Weather},
        {"input_type": Weather, "on_handoff": lambda c: None},
        {"input_type": Weather, "on_handoff": lambda c, i: None},
        {"input_type": Weather, "on_handoff": 3},
        {"input_type": int, "on_handoff": lambda c, i: None},
        {"input_type": dict[str, int], "on_handoff": lambda c, i: None},
        {"on_handoff": lambda: None},
        {"on_handoff": lambda *a: None},
        {"on_handoff": lambda c, d=1: None},
        {"on_handoff": print},
        {"input_filter": report, "nest_handoff_history": False, "is_enabled": False},
    ],
    ids=lambda options: ", ".join(options) or "default",
)
def test_handoffs_are_made_alike(options: dict[str, Any]) -> None:
    theirs, ours = [made_with(lib, options) for lib in LIBS]
    assert ours == theirs


def test_input_data_is_alike() -> None:
    def shown(lib: Any) -> list[str]:
        data = lib.HandoffInputData("Hi", (), ())
        assert data == lib.HandoffInputData("Hi", (), (), None, None) and hash(data) == hash(data.clone())
        with pytest.raises(AttributeError):
            data.input_history = "x"
        with pytest.raises(TypeError):
            data.clone(nothing=1)
        return [repr(data), repr(data.clone(input_history=({"role": "user"},), input_items=()))]

    theirs, ours = map(shown, LIBS)
    assert ours == theirs
