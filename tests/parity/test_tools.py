"""Tools in runs: the same scripts on both libraries, compared by everything that a user can see.

Requests, events, items, hooks, guardrail results, custom data and errors must be equal. What agentcell does on purpose
better is tested in `tests/engine/test_tool_faults.py`.
"""

from __future__ import annotations

import agents
import pytest
from suite import Over, script
from tool_cases import (
    ALLOW,
    FAILED,
    RAISE,
    REJECT,
    THREE,
    UNKNOWN,
    Case,
    Colour,
    Plain,
    Rich,
    at_most,
    broken,
    cancelled,
    context_seen,
    extracting,
    failing,
    forgiving,
    formatting,
    guarded,
    handmade,
    hang,
    impatient,
    in_turn,
    later,
    misused,
    mixed_fates,
    number,
    observe,
    plain,
    returning,
    tool,
    watching,
)
from world import Run, streamed, whole

import agentcell
from agentcell.models.response_events import function_call_item as call

CASES = {
    # Tool guardrails.
    "input allow": Case("32", guarded(ALLOW)),
    "input reject": Case("32", guarded(REJECT)),
    "input raise": Case("32", guarded(RAISE), only=FAILED),
    "input reject stops the next": Case("32", guarded(REJECT, more=(ALLOW,))),
    "input allow then reject": Case("32", guarded(ALLOW, more=(REJECT, ALLOW))),
    "input allow then raise": Case("32", guarded(ALLOW, more=(RAISE,)), only=FAILED),
    "input guardrail fails": Case("32", guarded(lambda out: failing("guardrail")), only=FAILED),
    "input asynchronous": Case("32", guarded(lambda out: later(REJECT(out)))),
    "output allow": Case("32", guarded(ALLOW, side="output")),
    "output reject": Case("32", guarded(REJECT, side="output")),
    "output raise": Case("32", guarded(RAISE, side="output"), only=FAILED),
    "output reject stops the next": Case("32", guarded(REJECT, side="output", more=(ALLOW,))),
    "output allow then reject": Case("32", guarded(ALLOW, side="output", more=(REJECT,))),
    "output guardrail fails": Case("32", guarded(lambda out: failing("guardrail"), side="output"), only=FAILED),
    "output of a failed tool": Case("32", guarded(ALLOW, side="output", body=broken)),
    "output of a fatal tool": Case(
        "32", guarded(ALLOW, side="output", body=broken, failure_error_function=None), only=FAILED
    ),
    "output of bad arguments": Case(
        "32", guarded(ALLOW, side="output", body=number), [call("f", {"a": "x"}, call_id="c1"), "Done."]
    ),
    "output of a slow tool": Case("32", guarded(ALLOW, side="output", body=hang, timeout=0.01)),
    "input before bad arguments": Case(
        "32", guarded(ALLOW, body=number), [call("f", {"a": "x"}, call_id="c1"), "Done."]
    ),
    "a tripwire cancels siblings": Case(
        "32", mixed_fates, [[call("a", {}, call_id="c_a"), call("b", {}, call_id="c_b")]], only=FAILED
    ),
    "input guardrail with hooks": Case("32", guarded(REJECT), hooks=watching),
    "output guardrail with hooks": Case("32", guarded(REJECT, side="output"), hooks=watching),
    # Errors and their texts.
    "error text": Case("34", tool(broken)),
    "error of a tool made by hand": Case("34", handmade(lambda: failing("bare")), only=FAILED),
    "own error text": Case("34", tool(broken, failure_error_function=lambda ctx, e: f"{ctx.tool_name}: {e}")),
    "own error text is no text": Case("34", tool(broken, failure_error_function=lambda ctx, e: {"no": 1})),
    "own error text later": Case("34", tool(broken, failure_error_function=lambda ctx, e: later("soon"))),
    "own error text fails": Case("34", tool(broken, failure_error_function=lambda ctx, e: failing("x")), only=FAILED),
    "no error text": Case("34", tool(broken, failure_error_function=None), only=FAILED),
    "no error text, bad JSON": Case(
        "34",
        tool(number, failure_error_function=None),
        [call("f", "{bad", call_id="c1")],
        same_message=False,
        only=FAILED,
    ),
    "no error text, bad arguments": Case(
        "34",
        tool(number, failure_error_function=None),
        [call("f", {"a": "x"}, call_id="c1")],
        same_message=False,
        only=FAILED,
    ),
    "bad JSON": Case("34", tool(number), [call("f", "{bad", call_id="c1"), "Done."]),
    "empty arguments": Case("34", tool(number), [call("f", "", call_id="c1"), "Done."]),
    "a list of arguments": Case("34", tool(number), [call("f", "[1]", call_id="c1"), "Done."]),
    "bad arguments": Case("34", tool(number), [call("f", {"a": "x"}, call_id="c1"), "Done."]),
    "a library's own error": Case("34", misused("UserError")),
    "a tool that cancels itself": Case("34", tool(cancelled)),
    "formatter": Case("34", tool(broken), config=formatting(lambda args: f"formatted {args.error}")),
    "formatter gives nothing": Case("34", tool(broken), config=formatting(lambda args: None)),
    "formatter gives no text": Case("34", tool(broken), config=formatting(lambda args: 5)),
    "formatter later": Case("34", tool(broken), config=formatting(lambda args: later("soon"))),
    "formatter fails": Case("34", tool(broken), config=formatting(lambda args: failing("formatter"))),
    "formatter and own error text": Case(
        "34",
        tool(broken, failure_error_function=lambda ctx, e: "own"),
        config=formatting(lambda args: "formatted"),
    ),
    "formatter and the standard function": Case(
        "34",
        lambda lib, notes: [
            lib.function_tool(broken, name_override="f", failure_error_function=lib.default_tool_error_function)
        ],
        config=formatting(lambda args: "formatted"),
    ),
    "formatter and bad JSON": Case(
        "34",
        tool(number),
        [call("f", "{bad", call_id="c1"), "Done."],
        config=formatting(lambda args: "formatted"),
    ),
    "formatter and a slow tool": Case("34", tool(hang, timeout=0.01), config=formatting(lambda args: "formatted")),
    "formatter and a rejection": Case("34", guarded(REJECT), config=formatting(lambda args: "formatted")),
    # Unknown tools.
    "unknown tool": Case("36", tool(broken), UNKNOWN[:1], only=FAILED),
    "unknown tool told": Case("36", tool(broken), UNKNOWN, config=forgiving()),
    "unknown tool beside another": Case(
        "36", tool(number), [[call("nope", {}, call_id="c0"), call("f", {"a": 1}, call_id="c1")], "D"], forgiving()
    ),
    "unknown tool formatted": Case("36", tool(broken), UNKNOWN, config=forgiving(lambda args: f"no {args.tool_name}")),
    # Time.
    "timeout": Case("35", tool(hang, timeout=0.05)),
    "timeout of whole seconds": Case("35", tool(impatient, timeout=3)),
    "timeout with error": Case("35", tool(hang, timeout=0.05, timeout_behavior="raise_exception"), only=FAILED),
    "timeout text": Case(
        "35", tool(hang, timeout=0.05, timeout_error_function=lambda ctx, e: f"{type(e).__name__}: {ctx.tool_name} {e}")
    ),
    "timeout text later": Case("35", tool(hang, timeout=0.05, timeout_error_function=lambda ctx, e: later("soon"))),
    "timeout text fails": Case(
        "35", tool(hang, timeout=0.05, timeout_error_function=lambda ctx, e: failing("x")), only=FAILED
    ),
    "timeout and error text": Case("35", tool(hang, timeout=0.05, failure_error_function=lambda ctx, e: "own")),
    "timeout and no error text": Case("35", tool(hang, timeout=0.05, failure_error_function=None)),
    "timeout raised by the tool": Case("35", tool(impatient, timeout=10, failure_error_function=lambda c, e: str(e))),
    "timeout of a tool made by hand": Case("35", handmade(hang, timeout_seconds=0.05)),
    "timeout with hooks": Case("35", tool(hang, timeout=0.05), hooks=watching),
    # Hooks.
    "hooks": Case("34", tool(number), [call("f", {"a": 1}, call_id="c1"), "Done."], hooks=watching),
    "hooks and an error": Case("34", tool(broken), hooks=watching),
    "hooks and a fatal error": Case("34", tool(broken, failure_error_function=None), hooks=watching, only=FAILED),
    "hook of the start fails": Case(
        "34", returning("x"), hooks=lambda lib, notes: watching(lib, notes, "start"), only=FAILED
    ),
    "hook of the end fails": Case(
        "34", returning("x"), hooks=lambda lib, notes: watching(lib, notes, "end"), only=FAILED
    ),
    "hooks of the agent": Case("34", returning({"a": 1}), hooks=lambda lib, notes: watching(lib, notes, owner="agent")),
    # Results.
    "text": Case("33", returning(lambda lib: lib.ToolOutputText(text="t"))),
    "image": Case("33", returning(lambda lib: lib.ToolOutputImage(image_url="data:image/png;base64,AA", detail="low"))),
    "image file": Case("33", returning(lambda lib: lib.ToolOutputImage(file_id="file-1"))),
    "file": Case("33", returning(lambda lib: lib.ToolOutputFileContent(file_data="QQ==", filename="a.txt"))),
    "file by address": Case("33", returning(lambda lib: lib.ToolOutputFileContent(file_url="https://x.test/a"))),
    "list": Case(
        "33", returning(lambda lib: [lib.ToolOutputText(text="t"), lib.ToolOutputImage(image_url="https://x.test/i")])
    ),
    "tuple": Case("33", returning(lambda lib: (lib.ToolOutputText(text="t"), {"type": "text", "text": "u"}))),
    "dictionaries": Case("33", returning([{"type": "text", "text": "t"}, {"type": "file", "file_id": "f"}])),
    "a list that is half rich": Case("33", returning([{"type": "text", "text": "t"}, "u"])),
    "text dictionary": Case("33", returning({"type": "text", "text": "t", "more": 1})),
    "image dictionary": Case("33", returning({"type": "image", "image_url": "https://x.test/i", "detail": "high"})),
    "not quite an image": Case("33", returning({"type": "image"})),
    "model": Case("33", returning(Rich())),
    "list of models": Case("33", returning([Rich(), Rich(a=2)])),
    "dataclass": Case("33", returning(Plain())),
    "enum": Case("33", returning(Colour.RED)),
    "nothing": Case("33", returning(None)),
    "no list": Case("33", returning([])),
    "generator": Case("33", returning({"a": (1, 2), "b": {3}})),
    # Data for the application.
    "custom data": Case("33", extracting(lambda c: {"rows": [1, 2]})),
    "custom data later": Case("33", extracting(lambda c: later({"rows": 1}))),
    "no custom data": Case("33", extracting(lambda c: None)),
    "empty custom data": Case("33", extracting(lambda c: {})),
    "custom data of a failed tool": Case("33", extracting(lambda c: {"x": 1}, func=broken)),
    "custom data of a rejected call": Case(
        "33",
        lambda lib, notes: extracting(
            lambda c: {"x": 1},
            tool_input_guardrails=[lib.ToolInputGuardrail(lambda data: REJECT(lib.ToolGuardrailFunctionOutput))],
        )(lib, notes),
    ),
    "custom data that fails": Case("33", extracting(lambda c: failing("extractor"))),
    "custom data that is no mapping": Case("33", extracting(lambda c: [1])),
    "custom data that is no JSON": Case("33", extracting(lambda c: {"x": object})),
    # Many calls.
    "all at once": Case("33", in_turn, THREE),
    "one at a time": Case("33", in_turn, THREE, at_most(1)),
    "two at a time": Case("33", in_turn, THREE, at_most(2)),
    "the context": Case("33", context_seen, [call("f", {"a": 1}, call_id="c1"), "Done."]),
    "a call twice": Case("40", tool(number), [[call("f", {"a": n}, call_id="c1") for n in (1, 1)], "D"]),
    "a call id twice": Case(
        "40", tool(number), [[call("f", {"a": n}, call_id="c1") for n in (1, 2)], "D"], dropped=True
    ),
    "a call id in two turns": Case(
        "40", tool(number), [*[call("f", {"a": n}, call_id="c1") for n in (1, 2)], "D"], dropped=True
    ),
    "a call id of two tools": Case(
        "40", in_turn, [[call("a", {}, call_id="c1"), call("b", {}, call_id="c1")], "Done."], dropped=True
    ),
    # Declared results.
    "declared type": Case("33", tool(lambda: {"a": 5}, output_type=Rich)),
    "declared type is missed": Case("33", tool(lambda: {"a": "x"}, output_type=Rich), same_message=False, only=FAILED),
    "declared schema": Case("33", tool(lambda: {"a": 5}, output_json_schema={"type": "object"})),
    "declared schema is missed": Case("33", tool(lambda: 5, output_json_schema={"type": "object"}), only=FAILED),
}


@pytest.mark.parametrize("run", [streamed, whole], ids=["streamed", "whole"])
@pytest.mark.parametrize(
    ("case", "over"),
    [
        pytest.param(
            case,
            over,
            id=f"{case.rule} {name} {over}",
            marks=script(case.rule, over=over, rows=case.rows(over), name=name),
        )
        for name, case in CASES.items()
        for over in ("scripted", "loopback")
    ],
)
async def test_a_run_with_tools_is_the_same(case: Case, over: Over, run: Run) -> None:
    theirs, ours = [plain(await observe(lib, case, run, over)) for lib in (agents, agentcell)]
    if "events" in theirs and case.drops(over):
        assert len(theirs["events"]) < len(ours["events"])
        ours["events"] = ours["events"][: len(theirs["events"])]
    assert ours == theirs
