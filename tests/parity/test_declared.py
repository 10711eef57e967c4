"""Declarations of both libraries side by side: what they take and refuse, and what their functions give."""

from __future__ import annotations

import importlib
import json
from typing import Any

import agents
import pytest
from case_names import said
from pydantic import BaseModel

import agentcell

LIBS = (agents, agentcell)


def both(module: str) -> list[Any]:
    """A module of both libraries."""
    return [importlib.import_module(f"{lib.__name__}.{module}") for lib in LIBS]


async def test_an_agent_base_has_tools() -> None:
    seen = []
    for lib, module in zip(LIBS, both("agent"), strict=True):
        asked: list[Any] = []
        context = lib.RunContextWrapper(None)

        @lib.function_tool
        def here() -> str:
            return "x"

        away = lib.FunctionTool(
            "away", "", {}, here.on_invoke_tool, is_enabled=lambda c, a, asked=asked: asked.append(a)
        )  # type: ignore[misc]
        base = module.AgentBase("B", "It is there.", [here, away])
        seen.append(
            (
                [tool.name for tool in await base.get_all_tools(context)],
                await base.get_mcp_tools(context),
                asked == [base],
                (base.name, base.handoff_description, base.mcp_servers, base.mcp_config),
                issubclass(lib.Agent, module.AgentBase),
                hasattr(base, "instructions"),
            )
        )
    assert seen[0] == seen[1]


def test_places_of_the_fields() -> None:
    """Seven fields by position: what stands behind the MCP servers is where it is there."""
    made = [lib.Agent("A", "about", [], [], {}, "Be brief.", None, []) for lib in LIBS]
    assert [(a.handoff_description, a.instructions) for a in made] == [("about", "Be brief.")] * 2


def test_mcp_servers_are_refused_clearly() -> None:
    with pytest.raises(agentcell.UserError, match=r"MCP servers are not supported yet, got mcp_servers=\['s'\]"):
        agentcell.Agent("A", mcp_servers=["s"])
    with pytest.raises(agentcell.UserError, match="got mcp_config="):
        agentcell.Agent("A", mcp_config={"convert_schemas_to_strict": True})
    for lib in LIBS:
        for wrong in ({"mcp_servers": None}, {"mcp_config": None}, {"mcp_config": []}):
            with pytest.raises(TypeError, match=next(iter(wrong))):
                lib.Agent("A", **wrong)


def test_as_tool_by_position() -> None:
    """Everything up to `parameters` by its place; approval is on the tool."""

    class Place(BaseModel):
        city: str

    made = [
        lib.Agent("A").as_tool(
            "ask", "Ask.", None, False, None, None, 3, None, None, None, None, None, True, Place, None, True, None
        )
        for lib in LIBS
    ]
    ours, theirs = [(t.name, t.is_enabled, t.needs_approval, t.params_json_schema["required"]) for t in made]
    assert ours == theirs == ("ask", False, True, ["city"])


def test_a_nested_conversation_is_kept_in_one_place() -> None:
    with pytest.raises(agentcell.UserError, match="session must be a Session, got 'x', which has no get_items"):
        agentcell.Agent(name="A").as_tool("t", "d", session="x")  # type: ignore[arg-type]
    session = agentcell.SQLiteSession("s")
    with pytest.raises(agentcell.UserError, match="Session persistence cannot be combined with conversation_id"):
        agentcell.Agent(name="A").as_tool("t", "d", session=session, conversation_id="c")


FIELDS: list[Any] = [
    *({"type": kind} for kind in ("string", "integer", "number", "boolean", "null", "array", "object")),
    {"type": "string", "description": "What it is."},
    {"type": "string", "description": " \n"},
    {"type": "string", "description": 3},
    {"type": ["string", "null"]},
    {"type": ["null", "integer"]},
    {"type": ["string"]},
    {"type": ["string", "integer"]},
    {"type": ["string", "array"]},
    {"type": ["null"]},
    {"type": []},
    {"enum": ["a", 1, None, "é"]},
    {"enum": []},
    {"enum": "x"},
    {"enum": list("abcdefgh")},
    {"enum": ["a"], "type": "string"},
    {"enum": ["a"], "type": "array"},
    {"const": "é"},
    {"const": None},
    {"const": {"a": 1}},
    {"anyOf": [{"type": "string"}, {"type": "null"}]},
    {"type": "string", "anyOf": []},
    {"type": "string", "items": {}},
    {"$ref": "#/x"},
    {},
    3,
]
SCHEMAS: list[Any] = [
    *({"type": "object", "description": "It is D.", "properties": {"a": field}, "required": ["a"]} for field in FIELDS),
    *({"type": "object", "properties": {"a": {"type": "string"}, "b": field}} for field in FIELDS[7:10]),
    {"type": "object", "description": "D", "properties": {}},
    {"type": "object", "description": "D"},
    {"type": "object", "description": "D", "properties": "x"},
    {"type": "array", "description": "D"},
    {"type": "object", "properties": {"a": {"type": "string", "description": "x"}}, "required": "a"},
    {},
    None,
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
@pytest.mark.parametrize("whole", [False, True])
def test_what_is_told_of_a_schema(schema: Any, whole: bool) -> None:
    told = [m.build_structured_input_schema_info(schema, include_json_schema=whole) for m in both("agent_tool_input")]
    assert (told[0].summary, told[0].json_schema) == (told[1].summary, told[1].json_schema)


@pytest.mark.parametrize(
    "value", [{"input": "x"}, {"input": 1}, {"input": "x", "y": 1}, {}, "x", None, ["input"]], ids=said
)
def test_the_default_arguments(value: Any) -> None:
    ours, theirs = [m.is_agent_tool_input(value) for m in both("agent_tool_input")]
    assert ours is theirs


@pytest.mark.parametrize(
    "params", [{"input": "hi"}, {"input": "hi", "b": 1}, {"a": "é"}, "text", [1], None, {"input": 3}]
)
async def test_arguments_without_a_description(params: Any) -> None:
    """Without a builder and anything to tell the arguments are themselves; a builder gets them with all there is."""
    seen: list[Any] = []
    for module in both("agent_tool_input"):

        async def later(options: Any) -> Any:
            return [{"role": "user", "content": json.dumps(options)}]

        info = module.StructuredInputSchemaInfo
        ways = ({}, {"schema_info": info()}, {"schema_info": info(summary="", json_schema={})})
        builders = (lambda options: repr(options), later)
        resolve = module.resolve_agent_tool_input
        seen.append(
            [
                *[await resolve(params=params, **way) for way in ways],
                *[await resolve(params=params, input_builder=b, schema_info=info("s", {"x": 1})) for b in builders],
            ]
        )
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "options", [{}, {"summary": "S"}, {"json_schema": {}}, {"summary": "S", "json_schema": {"a": 1}}]
)
def test_the_default_prompt(options: Any) -> None:
    """It begins with the preamble and shows the same data; the words around them are each library's own."""

    def data(text: str) -> list[str]:
        return text.split("```")[1::2]

    prompts = []
    for module in both("agent_tool_input"):
        prompt = module.default_tool_input_builder({"params": {"é": [1]}, **options})
        assert prompt.startswith(module.STRUCTURED_INPUT_PREAMBLE)
        prompts.append(prompt)
    assert data(prompts[0]) == data(prompts[1])
    assert [("\nS\n" in p) for p in prompts] == [options == {"summary": "S"}] * 2


SETTINGS: list[Any] = [{"temperature": 0.5}, {"temp": 1, "b": 2}, 3, [("temperature", 1)], {"temperature": "warm"}]


@pytest.mark.parametrize("owner", ["Agent", "RunConfig"])
@pytest.mark.parametrize("given", SETTINGS, ids=said)
def test_settings_as_dictionaries(owner: str, given: Any) -> None:
    def outcome(lib: Any) -> Any:
        name = {"name": "A"} if owner == "Agent" else {}
        try:
            return getattr(lib, owner)(**name, model_settings=given).model_settings.temperature
        except (TypeError, ValueError) as error:
            return isinstance(error, TypeError), str(error).split(";")[0].splitlines()[0]

    theirs, ours = map(outcome, LIBS)
    if isinstance(theirs, tuple) and "must be a" in theirs[1]:
        assert ours[0] == theirs[0] and theirs[1].removeprefix(owner) in ours[1]
    else:
        assert ours == theirs


def test_settings_say_whose_they_are_and_what_they_take() -> None:
    with pytest.raises(
        agentcell.UserError, match=r"Unknown model settings: temp; Agent 'A': model_settings takes .*top_p"
    ):
        agentcell.Agent("A", model_settings={"temp": 1})  # type: ignore[arg-type]
    with pytest.raises(agentcell.UserError, match=r"RunConfig model_settings must be a ModelSettings .* got int: 3"):
        agentcell.RunConfig(model_settings=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{"max_function_tool_concurrency": 2}, {"most": 2}, 3], ids=said)
def test_tool_execution_as_a_dictionary(given: Any) -> None:
    def outcome(lib: Any) -> Any:
        try:
            return lib.RunConfig(tool_execution=given).tool_execution.max_function_tool_concurrency
        except TypeError:
            return "refused"

    theirs, ours = map(outcome, LIBS)
    assert ours == theirs


def test_collision_policies_are_checked() -> None:
    for lib in LIBS:
        with pytest.raises(ValueError, match="tool_name_collision_policy must be either 'warn' or 'error'"):
            lib.RunConfig(tool_name_collision_policy="x")
