"""Nested history and the ready-made filter as functions, called in the reference and in agentcell.

Rule numbers are those of the project's list of the reference's behaviours.
"""

from __future__ import annotations

import copy
import sys
from typing import Any

import agents
import agents.extensions.handoff_filters
import agents.handoffs
import pytest
from case_names import said

import agentcell
import agentcell.extensions.handoff_filters
import agentcell.handoffs

LIBS = (agents, agentcell)
AGENTS = {lib: lib.Agent(name="A") for lib in LIBS}
"""Items of the reference hold their agents weakly."""


def test_wrappers() -> None:
    def changes(lib: Any) -> list[Any]:
        handoffs = lib.handoffs
        found = [handoffs.get_conversation_history_wrappers()]
        for given in ({"start": "<"}, {"end": ">"}, {"start": None, "end": ""}, {}):
            handoffs.set_conversation_history_wrappers(**given)
            found.append(handoffs.get_conversation_history_wrappers())
        found.append(handoffs.default_handoff_history_mapper([{"role": "user", "content": "Hi"}]))
        handoffs.reset_conversation_history_wrappers()
        return [*found, handoffs.get_conversation_history_wrappers()]

    theirs, ours = map(changes, LIBS)
    assert ours == theirs


ITEMS: list[Any] = [
    {"role": "user", "content": "x"},
    {"role": "user", "content": " x "},
    {"role": "assistant", "content": "x", "id": "m", "status": "completed", "type": "message"},
    {"role": "user", "content": "a\nb"},
    {"role": "user", "content": "a\rb"},
    {"role": "user", "content": "a\u2028b"},
    {"role": "user", "content": ""},
    {"role": "user", "content": None},
    {"role": "user"},
    {"role": "user", "content": 3},
    {"role": "user", "content": []},
    {"role": "user", "content": '{"a": 1}'},
    {"role": "critic", "content": '{"a": 1}'},
    {"role": "tool", "content": "x"},
    {"role": "user", "name": "bob", "content": "x"},
    {"role": "user", "name": "", "content": "x"},
    {"role": "user", "name": 3, "content": "x"},
    {"role": "a: b", "content": "x"},
    {"role": None, "content": "x"},
    {"role": 3, "content": "x"},
    {"content": "x"},
    {"type": "function_call", "name": "f", "arguments": "é😀", "call_id": "c"},
    {"type": "function_call_output", "call_id": "c", "output": float("inf")},
    {"type": "x", "set": {1}, "tuple": (1, 2)},
    {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]},
    {"role": "user", "content": "x", "provider_data": {"a": 1}},
    {"type": "function_call", "name": "f", "provider_data": {"a": 1}},
    {"role": "user", "content": "1. user: x"},
    {"role": "user", "content": "</CONVERSATION HISTORY>"},
    {"role": "user", "content": "</CONVERSATION HISTORY>\nx"},
]


@pytest.mark.parametrize("item", ITEMS, ids=lambda i: repr(i)[:60])
def test_records_are_written_alike(item: Any) -> None:
    theirs, ours = [
        lib.handoffs.default_handoff_history_mapper([item, {"role": "user", "content": "y"}]) for lib in LIBS
    ]
    assert ours == theirs


def test_no_records() -> None:
    assert agentcell.default_handoff_history_mapper([]) == agents.default_handoff_history_mapper([])


RECORDS = [
    "1. user: Hello",
    "1. user: Hello\n2. assistant: Yo",
    "1. user: multi\nline\n2. assistant: Yo",
    "1. user (bob): hi",
    "1. user(bob): hi",
    '1. {"role": "user", "content": "x"}',
    '1. function_call: {"name":"a"}',
    '1. function_call_output: {"output":"2"}',
    "1. reasoning: think",
    "1. tool: x",
    "1. user:",
    "1. user: ",
    "no number: x",
    "just text",
    "1. just text",
    "user: hi\nassistant: yo",
    "1. user: hi\n2. no\n3. assistant: yo",
    "(no previous turns recorded)",
    "",
    "\n",
    "  1. user: hi  \n\n 2. assistant: yo",
    "1. User: hi",
    "1. developer: d\n2. system: s",
    "1. {bad json}\n2. user: x",
    "1. [1,2]\n2. user: x",
    '1. {"a":1}\n2. user: x',
    "1. user: a: b: c",
    '1. {"role": "user"} trailing',
    "1. user: x\n</CONVERSATION HISTORY>\n2. assistant: y",
    "1. (x): y",
    "1. user (): y",
    "1. user (a) (b): y",
    "10. user: y\n11. assistant: z",
    "user: hi\n1. assistant: yo\nmore: x",
    "1.user: x",
    "1) user: x",
    "1.  user: x",
    "1. user: list:\n1. apples: red\n2. pears",
    "1. user: a\nassistant: b",
    '1. user: a\n2. {"a":1}\n3. {\n"b":1}',
    "1. function_call: {bad\n2. user: b",
    '1. foo: {"type":"bar"}',
    '1. user: {"x":1}',
    "1. assistant: [1]",
    "1. output: null",
    '1. tool (a): {"x": 1}',
    '1. developer: {"x":1}',
    '1. critic: {"x":1}',
    "1. user:x",
    "1. user : x",
    "1. user (bob) : x",
    "1.\tuser: x",
    "-1. user: x",
    "1. user: a\n2. : b",
    "1. : b",
    "a\n1. user: b",
    '1. {"a": 1}\nx\n2. user: y',
    "1. x: 1\n   y",
    "1. user: x\r\n2. user: y",
    "1. http://x.y: z",
    "1. user (b(o)b): x",
    '1. message: {"role":"user","content":"q"}',
]
"""Records of a summary, regular and odd."""

PREAMBLE = "For context, here is the conversation so far between the user and the previous agent:"
FRAMES = {
    "a summary": f"{PREAMBLE}\n<CONVERSATION HISTORY>\n%s\n</CONVERSATION HISTORY>",
    "no preamble": "<CONVERSATION HISTORY>\n%s\n</CONVERSATION HISTORY>",
    "text before": f"So: {PREAMBLE}\n<CONVERSATION HISTORY>\n%s\n</CONVERSATION HISTORY>",
    "text after": f"{PREAMBLE}\n<CONVERSATION HISTORY>\n%s\n</CONVERSATION HISTORY>\nmore",
    "no end": f"{PREAMBLE}\n<CONVERSATION HISTORY>\n%s",
    "other wrappers": f"{PREAMBLE}\n[[\n%s\n]]",
}


def transcript_of(lib: Any, history: tuple[Any, ...]) -> Any:
    """What a mapper is given for a history."""
    given: list[Any] = []
    data = lib.handoffs.HandoffInputData(history, (), ())
    lib.handoffs.nest_handoff_history(data, history_mapper=lambda items: given.append(items) or [])
    return given


@pytest.mark.parametrize("body", RECORDS)
def test_records_are_read_alike(body: str) -> None:
    history = ({"role": "assistant", "content": FRAMES["a summary"] % body}, {"role": "user", "content": "y"})
    theirs, ours = [transcript_of(lib, history) for lib in LIBS]
    assert ours == theirs


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
@pytest.mark.parametrize("role", ["assistant", "user"])
def test_summaries_are_recognised_alike(frame: str, role: str) -> None:
    theirs, ours = [transcript_of(lib, ({"role": role, "content": frame % "1. user: x"},)) for lib in LIBS]
    assert ours == theirs


KINDS = [
    "function_call",
    "function_call_output",
    "web_search_call",
    "file_search_call",
    "computer_call",
    "computer_call_output",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "custom_tool_call",
    "custom_tool_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "reasoning",
    "compaction",
    "tool_search_call",
    "tool_search_output",
    "item_reference",
    "program",
    "program_output",
    "message",
    "unknown",
]
"""Types of input items."""


def item_of(lib: Any, raw: dict[str, Any]) -> Any:
    return lib.ToolCallItem(agent=AGENTS[lib], raw_item=raw)


@pytest.mark.parametrize("mapped", [False, True], ids=["folded", "mapped"])
@pytest.mark.parametrize(
    "raw",
    [
        *({"type": kind, "id": "1", "call_id": "c"} for kind in KINDS),
        *({"role": role, "content": "x"} for role in ("user", "assistant", "system", "developer")),
    ],
    ids=lambda raw: raw.get("type") or raw["role"],
)
def test_items_are_folded_alike(raw: dict[str, Any], mapped: bool) -> None:
    """Rule 44: what stays as it is between the summaries, before the turn and in it."""

    def nested(lib: Any) -> list[Any]:
        found = []
        folded = {"type": "function_call", "name": "f", "call_id": "d"}
        for before, turn in (([raw], []), ([], [raw]), ([folded, raw], [raw, folded, raw])):
            data = lib.handoffs.HandoffInputData(
                "Hi", *(tuple(item_of(lib, copy.deepcopy(part)) for part in items) for items in (before, turn))
            )
            options = {"history_mapper": lib.handoffs.default_handoff_history_mapper} if mapped else {}
            made = lib.handoffs.nest_handoff_history(data, **options)
            found.append((made.input_history, made.pre_handoff_items, made.input_items, len(made.new_items)))
        return found

    theirs, ours = map(nested, LIBS)
    assert ours == theirs


@pytest.mark.parametrize("history", ["", "Hi", (), ({"role": "user", "content": "Hi"},)], ids=said)
def test_histories_are_folded_alike(history: Any) -> None:
    def nested(lib: Any) -> Any:
        turn = (item_of(lib, {"role": "user", "content": "x"}),)
        for data in (lib.handoffs.HandoffInputData(history, (), ()), lib.handoffs.HandoffInputData(history, (), turn)):
            yield lib.handoffs.nest_handoff_history(data).input_history

    theirs, ours = [list(nested(lib)) for lib in LIBS]
    assert ours == theirs


RUN_ITEMS = ["MessageOutputItem", "ReasoningItem", "ToolCallItem", "ToolCallOutputItem", "HandoffCallItem"]


def test_tools_are_removed_alike() -> None:
    """Rule 45: the ready-made filter."""

    def removed(lib: Any) -> Any:
        agent = AGENTS[lib]
        raw = {"type": "message", "role": "user", "content": "x"}
        items = tuple(
            getattr(lib, name)(agent=agent, raw_item=raw, **({"output": 1} if name == "ToolCallOutputItem" else {}))
            for name in RUN_ITEMS
        )
        items += (lib.HandoffOutputItem(agent=agent, raw_item=raw, source_agent=agent, target_agent=agent),)
        history = tuple({"type": kind} for kind in KINDS)
        for given in ("Hi", history, ({"role": "user"}, {"type": "reasoning", "role": "user"})):
            for sent in (None, items):
                data = lib.handoffs.HandoffInputData(given, items, items[::-1], None, sent)
                made = sys.modules[f"{lib.__name__}.extensions.handoff_filters"].remove_all_tools(data)
                kinds = [None if p is None else [i.type for i in p] for p in (made.pre_handoff_items, made.input_items)]
                yield made.input_history, kinds, [i.type for i in made.new_items]

    theirs, ours = [list(removed(lib)) for lib in LIBS]
    assert ours == theirs
