"""The same scripts, run by the reference and by agentcell, look the same.

Rule numbers are those of the project's list of the reference's behaviours.
"""

from __future__ import annotations

from typing import Any

import agents
import pytest
from suite import Over
from world import RESULTS, Script, Weather, assert_alike, assert_streamed_alike, observe, ways, whole

import agentcell
from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import message_item as message
from agentcell.models.response_events import reasoning_item as reasoning
from agentcell.models.response_events import refusal_item as refusal
from agentcell.testing import HttpError, Turn

TO_B = call("transfer_to_b", {}, call_id="h1")
TWO = {"A": {"tools": ["add"], "handoffs": ["B"]}, "B": {"tools": ["add"], "handoff_description": "Knows numbers."}}
THREE_CALLS = [call(name, {"note": name}, call_id=f"c_{name}") for name in ("slow", "middle", "fast")]
PARALLEL = {"A": {"tools": ["slow", "middle", "fast"]}}
STRUCTURED = {"A": {"output_type": Weather}}
WEATHER = '{"city": "Rome", "degrees": 20.5}'


def with_input(lib: Any, made: dict[str, Any]) -> Any:
    """A handoff that takes an input."""
    return lib.handoff(
        made["B"],
        tool_name_override="ask_b",
        tool_description_override="Ask B.",
        on_handoff=lambda ctx, given: None,
        input_type=Weather,
    )


SCRIPTS: dict[str, Script] = {
    "plain text": Script("3 4 10 15 39", ["Hello there, how are you?"]),
    "instructions": Script("4", ["Hi."], {"A": {"instructions": "Be brief."}}),
    "computed instructions": Script(
        "4", ["Hi."], {"A": {"instructions": "computed"}}, options={"context": {"user": "Ann"}}
    ),
    "list input": Script(
        "41",
        ["Hi."],
        input=[
            {"role": "user", "content": "One"},
            {"role": "assistant", "content": "Two"},
            {"role": "user", "content": "3"},
        ],
    ),
    "empty response": Script("39", [[]]),
    "empty text": Script("39", [[message("")]]),
    "two messages": Script("39", [[message("First."), message("Second.")]]),
    "reasoning and message": Script("4 39", [[reasoning("I think."), message("So it is.")]]),
    "reasoning in parts": Script("4", [[reasoning(["One.", "Two."]), message("Done.")]]),
    "reasoning only": Script("39", [[reasoning("Hm.")]]),
    "one tool": Script("4 6 7", [call("add", {"a": 2, "b": 3}, call_id="c1"), "5"], {"A": {"tools": ["add"]}}),
    "default argument": Script("4", [call("add", {"a": 2}, call_id="c1"), "3"], {"A": {"tools": ["add"]}}),
    "message and tool": Script(
        "4 8", [[message("I will add."), call("add", {"a": 2}, call_id="c1")], "3"], {"A": {"tools": ["add"]}}
    ),
    "reasoning and tool": Script(
        "4 8", [[reasoning("Add."), call("add", {"a": 2}, call_id="c1")], "3"], {"A": {"tools": ["add"]}}
    ),
    "tools in parallel": Script("7 33", [THREE_CALLS, "All done."], PARALLEL),
    "tools in parallel, fast first": Script("7 33", [THREE_CALLS[::-1], "All done."], PARALLEL),
    "the same tool twice": Script(
        "33",
        [[call("add", {"a": 1}, call_id="c1"), call("add", {"a": 2}, call_id="c2")], "Done."],
        {"A": {"tools": ["add"]}},
    ),
    "tool raises": Script("34", [call("broken", {"a": 1}, call_id="c1"), "Sorry."], {"A": {"tools": ["broken"]}}),
    "tool raises, own text": Script(
        "34", [call("excused", {"a": 1}, call_id="c1"), "Sorry."], {"A": {"tools": ["excused"]}}
    ),
    "invalid JSON": Script("34", [call("add", '{"a": ', call_id="c1"), "Sorry."], {"A": {"tools": ["add"]}}),
    "no JSON": Script("34", [call("add", "", call_id="c1"), "Sorry."], {"A": {"tools": ["add"]}}),
    "JSON of another type": Script("34", [call("add", "[1]", call_id="c1"), "Sorry."], {"A": {"tools": ["add"]}}),
    "wrong arguments": Script("34", [call("add", {"a": "x"}, call_id="c1"), "Sorry."], {"A": {"tools": ["add"]}}),
    "missing argument": Script("34", [call("add", {"b": 1}, call_id="c1"), "Sorry."], {"A": {"tools": ["add"]}}),
    "extra argument": Script("34", [call("add", {"a": 1, "z": 1}, call_id="c1"), "2"], {"A": {"tools": ["add"]}}),
    "failing tool with siblings": Script(
        "33 34",
        [[call("add", {"a": 1}, call_id="c1"), call("broken", {"a": 1}, call_id="c2")], "Done."],
        {"A": {"tools": ["add", "broken"]}},
    ),
    "unknown tool": Script("16 36", [call("nope", {}, call_id="c1"), "x"], {"A": {"tools": ["add"]}}),
    "unknown tool beside a known one": Script(
        "36", [[call("add", {"a": 1}, call_id="c1"), call("nope", {}, call_id="c2")], "x"], {"A": {"tools": ["add"]}}
    ),
    "disabled tool": Script("36", [call("hidden", {}, call_id="c1"), "x"], {"A": {"tools": ["add", "hidden"]}}),
    "context in a tool": Script(
        "34", [call("who", {}, call_id="c1"), "Ann."], {"A": {"tools": ["who"]}}, options={"context": "Ann"}
    ),
    **{
        f"tool returns {kind}": Script(
            "34", [call("anything", {"kind": kind}, call_id="c1"), "Done."], {"A": {"tools": ["anything"]}}
        )
        for kind in RESULTS
    },
    "handoff": Script("42 44", [TO_B, "B speaks."], TWO),
    "handoff to itself by name": Script("42", [[message("Wait."), TO_B], "B speaks."], TWO),
    "tool after a handoff": Script("42 44", [TO_B, call("add", {"a": 1}, call_id="c1"), "2"], TWO),
    "tool beside a handoff": Script("42 43", [[TO_B, call("add", {"a": 1}, call_id="c1")], "B speaks."], TWO),
    "tool before a handoff": Script("42 43", [[call("add", {"a": 1}, call_id="c1"), TO_B], "B speaks."], TWO),
    "several handoffs": Script(
        "43",
        [[TO_B, call("transfer_to_c", {}, call_id="h2"), call("transfer_to_b", {}, call_id="h3")], "B speaks."],
        {"A": {"handoffs": ["B", "C"]}, "B": {}, "C": {}},
    ),
    "several handoffs with a tool between": Script(
        "8 43",
        [[TO_B, call("add", {"a": 1}, call_id="c1"), call("transfer_to_c", {}, call_id="h2")], "B speaks."],
        {"A": {"tools": ["add"], "handoffs": ["B", "C"]}, "B": {}, "C": {}},
    ),
    "handoff twice": Script(
        "42",
        [TO_B, call("transfer_to_c", {}, call_id="h2"), "C speaks."],
        {"A": {"handoffs": ["B"]}, "B": {"handoffs": ["C"]}, "C": {"output_type": str}},
    ),
    "handoff with input": Script(
        "42", [call("ask_b", WEATHER, call_id="h1"), "B speaks."], {"A": {"handoffs": [with_input]}, "B": {}}
    ),
    "handoff to a structured agent": Script(
        "39 42", [TO_B, WEATHER], {"A": {"handoffs": ["B"]}, "B": {"output_type": Weather}}
    ),
    "structured output": Script("39", [WEATHER], STRUCTURED),
    "structured list": Script("39", ['{"response": [1, 2]}'], {"A": {"output_type": list[int]}}),
    "structured output after a tool": Script(
        "39", [call("add", {"a": 1}, call_id="c1"), WEATHER], {"A": {"tools": ["add"], "output_type": Weather}}
    ),
    "structured output, empty response": Script("39", [[], WEATHER], STRUCTURED),
    "structured output, message beside a tool": Script(
        "39",
        [[message(WEATHER), call("add", {"a": 1}, call_id="c1")], WEATHER],
        {"A": {"tools": ["add"], "output_type": Weather}},
    ),
    "refusal": Script("39", [[refusal("I will not.")]]),
    "invalid structured output": Script("39", ['{"city": 1}'], STRUCTURED, same_message=False),
    "structured output that is no JSON": Script("39", ["Rome, 20 degrees"], STRUCTURED, same_message=False),
    "fatal tool": Script(
        "34",
        [[call("add", {"a": 1}, call_id="c1"), call("fatal", {"a": 1}, call_id="c2")], "x"],
        {"A": {"tools": ["add", "fatal"]}},
        more_outputs=True,
    ),
    "invalid JSON for a fatal tool": Script(
        "34",
        [call("fatal", "{", call_id="c1"), "x"],
        {"A": {"tools": ["fatal"]}},
        same_message=False,
        more_outputs=True,
    ),
    **{
        f"tool raises {kind}": Script(
            "34", [call("misused", {"kind": kind}, call_id="c1"), "x"], {"A": {"tools": ["misused"]}}, more_outputs=True
        )
        for kind in ("UserError", "ModelBehaviorError", "AgentsException", "MaxTurnsExceeded")
    },
    "handmade tool raises": Script(
        "34", [call("handmade", "{}", call_id="c1"), "x"], {"A": {"tools": ["handmade"]}}, more_outputs=True
    ),
    "handoff without its input": Script(
        "42",
        [call("ask_b", "", call_id="h1"), "x"],
        {"A": {"handoffs": [with_input]}, "B": {}},
        same_message=False,
        more_outputs=True,
    ),
    "handoff with an invalid input": Script(
        "42",
        [call("ask_b", "{}", call_id="h1"), "x"],
        {"A": {"handoffs": [with_input]}, "B": {}},
        same_message=False,
        more_outputs=True,
    ),
    "incomplete response": Script(
        "12", [Turn(["Half of"], status="incomplete")], same_message=False, over=("loopback",)
    ),
    "failed response": Script("12", [Turn(["Half of"], status="failed")], same_message=False, over=("loopback",)),
    "stream without an end": Script(
        "12",
        [Turn(["Half of it all"], cut_after=6, cut="end")],
        same_message=False,
        streamed_only=True,
        over=("loopback",),
    ),
    "HTTP error": Script("19", [HttpError(400)], over=("loopback",)),
    "max_turns": Script(
        "16 47",
        [call("add", {"a": n}, call_id=f"c{n}") for n in range(3)],
        {"A": {"tools": ["add"]}},
        options={"max_turns": 2},
    ),
    "max_turns of one": Script(
        "47", [call("add", {"a": 1}, call_id="c1")], {"A": {"tools": ["add"]}}, options={"max_turns": 1}
    ),
    "just enough turns": Script(
        "47", [call("add", {"a": 1}, call_id="c1"), "2"], {"A": {"tools": ["add"]}}, options={"max_turns": 2}
    ),
    "no limit of turns": Script(
        "47", [call("add", {"a": 1}, call_id="c1"), "2"], {"A": {"tools": ["add"]}}, options={"max_turns": None}
    ),
    "many turns": Script(
        "47", [*(call("add", {"a": n}, call_id=f"c{n}") for n in range(9)), "Done."], {"A": {"tools": ["add"]}}
    ),
    "settings": Script("4", ["Hi."], options={"run_config": {"model_settings": None}}),
}


@pytest.mark.parametrize(("script", "over"), ways(SCRIPTS))
async def test_streamed_run_is_the_same(script: Script, over: Over) -> None:
    assert_streamed_alike(script, *[await observe(lib, script, over=over) for lib in (agents, agentcell)])


@pytest.mark.parametrize(("script", "over"), ways(SCRIPTS))
async def test_whole_run_is_the_same(script: Script, over: Over) -> None:
    if not script.streamed_only:
        assert_alike(*[await observe(lib, script, whole, over) for lib in (agents, agentcell)])
