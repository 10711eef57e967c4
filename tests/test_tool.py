"""Making tools of functions: what is refused and what the messages say. Schemas are tested in `tests/parity`."""

from __future__ import annotations

from typing import Any

import pytest
from case_names import said

from agentcell import ArgumentTypeError, FunctionTool, ModelBehaviorError, RunContextWrapper, UserError, function_tool
from agentcell.strict_schema import ensure_strict_json_schema
from agentcell.tool_context import ToolContext
from agentcell.tool_invocation import parse_arguments


async def nothing(context: Any, arguments: str) -> str:
    return ""


def test_only_functions_become_tools() -> None:
    with pytest.raises(ArgumentTypeError, match="got 'text'"):
        function_tool("text")  # type: ignore[call-overload]
    with pytest.raises(ArgumentTypeError, match="name must be a text, got ''"):
        FunctionTool("", "x", {}, nothing)


def test_a_handmade_tool_gets_a_strict_schema() -> None:
    given: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
    made = FunctionTool("f", "F.", given, nothing)
    assert made.params_json_schema["required"] == ["a"] and made.params_json_schema["additionalProperties"] is False
    assert "required" not in given, "the given schema stays as it is"
    assert FunctionTool("f", "F.", given, nothing, strict_json_schema=False).params_json_schema is given


def test_the_context_must_come_first() -> None:
    def late(a: int, ctx: RunContextWrapper[Any]) -> str:
        return ""

    with pytest.raises(UserError, match=r"parameter 2 \('ctx'\)"):
        function_tool(late)


def test_an_annotation_that_cannot_be_resolved_is_named() -> None:
    def lost(a: Missing) -> str:  # type: ignore[name-defined]  # noqa: F821
        return ""

    with pytest.raises(UserError, match="Missing"):
        function_tool(lost)


def test_what_strict_mode_cannot_say_is_explained() -> None:
    def loose(values: dict[str, int]) -> str:
        return ""

    with pytest.raises(UserError, match="strict_mode=False"):
        function_tool(loose)
    assert not function_tool(loose, strict_mode=False).strict_json_schema


@pytest.mark.parametrize("names", [("schema", "copy"), ("model_dump", "json"), ("_hidden", "__x")], ids=said)
async def test_parameters_may_have_names_that_pydantic_uses(names: tuple[str, str]) -> None:
    """The model sees the function's own names, and no warning is given."""
    got: dict[str, Any] = {}
    scope: dict[str, Any] = {"got": got}
    first, second = names
    exec(
        f"def odd({first}: int, {second}: int = 2) -> str:\n    got.update(a={first}, b={second})\n    return 'ok'",
        scope,
    )
    tool = function_tool(scope["odd"])
    assert list(tool.params_json_schema["properties"]) == [first, second]
    context: ToolContext[Any] = ToolContext(context=None, tool_name="odd")
    assert await tool.on_invoke_tool(context, f'{{"{first}": 1}}') == "ok"
    assert got == {"a": 1, "b": 2}


@pytest.mark.parametrize("text", ["[1]", "3", "null", '"x"', "{", "x", "[" * 100_000], ids=lambda t: t[:5])
def test_arguments_must_be_an_object(text: str) -> None:
    with pytest.raises(ModelBehaviorError, match="tool f"):
        parse_arguments("f", text)


@pytest.mark.parametrize("text", ["", " \n", "{}"])
def test_no_arguments(text: str) -> None:
    assert parse_arguments("f", text) == {}


@pytest.mark.parametrize("reference", ["elsewhere", "#/missing", "#/properties/a/type"])
def test_references_that_lead_nowhere_are_named(reference: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"$ref": reference, "title": "B"}}}
    with pytest.raises(UserError, match=reference):
        ensure_strict_json_schema(schema)


def test_the_place_of_open_objects_is_named() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": True}}}
    with pytest.raises(UserError, match="/properties/a"):
        ensure_strict_json_schema(schema)
