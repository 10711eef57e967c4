"""Functions, output types and handoffs give the same names, descriptions and JSON schemas as in the reference."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, Optional, Union

import agents
import agents.function_schema
import agents.strict_schema
import agents.tool_context
import pytest
from case_names import said
from pydantic import Field
from schema_functions import (
    LOOSE,
    STRICT,
    Aliased,
    Box,
    Colour,
    Line,
    Open,
    Options,
    Pair,
    Partial,
    Point,
    Tree,
    annotated,
    annotated_field,
    data_class,
    defaulted_model,
    documented,
    enum,
    field_default,
    field_without_default,
    future,
    keyword_only,
    keywords,
    lists,
    literal,
    named_tuple,
    nested,
    nothing,
    numpy_style,
    optional,
    other_types,
    plain,
    recursive,
    sets,
    sphinx_style,
    tuples,
    typed_dict,
    unannotated,
    union,
    variadic,
    variadic_then_keyword,
)

import agentcell
import agentcell.function_schema
import agentcell.strict_schema
import agentcell.tool_context


def described(tool: Any) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "schema": tool.params_json_schema,
        "strict": tool.strict_json_schema,
        "enabled": tool.is_enabled,
    }


def same(make: Callable[[Any], Any]) -> None:
    """Both libraries give the same, or both refuse."""
    found = []
    for lib in (agents, agentcell):
        try:
            found.append(make(lib))
        except Exception as error:
            found.append(
                next(kind.__name__ for kind in type(error).__mro__ if not kind.__name__.startswith("Argument"))
            )
    theirs, ours = found
    assert ours == theirs
    assert json.dumps(ours, default=str) == json.dumps(theirs, default=str), "the order of keys differs"


@pytest.mark.parametrize("function", [*STRICT, *LOOSE], ids=lambda f: f.__name__)
@pytest.mark.parametrize("strict", [True, False], ids=["strict", "loose"])
def test_function_tool(function: Callable[..., Any], strict: bool) -> None:
    same(lambda lib: described(lib.function_tool(function, strict_mode=strict)))


OPTIONS: list[dict[str, Any]] = [
    {"name_override": "other"},
    {"description_override": "Other."},
    {"use_docstring_info": False},
    {"docstring_style": "google"},
    {"docstring_style": "numpy"},
    {"docstring_style": "sphinx"},
    {"is_enabled": False},
]


@pytest.mark.parametrize("function", [documented, numpy_style, sphinx_style, annotated], ids=lambda f: f.__name__)
@pytest.mark.parametrize("options", OPTIONS, ids=said)
def test_function_tool_options(function: Callable[..., Any], options: dict[str, Any]) -> None:
    same(lambda lib: described(lib.function_tool(function, **options)))
    same(lambda lib: described(lib.function_tool(**options)(function)))


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("kind", ["RunContextWrapper", "ToolContext"])
def test_context_parameter(kind: str, position: int) -> None:
    """It must come first and is not shown to the model."""

    def make(lib: Any) -> Any:
        context = lib.RunContextWrapper if kind == "RunContextWrapper" else lib.tool_context.ToolContext

        def first(ctx: context[Any], a: int) -> str:  # type: ignore[valid-type]
            """Do.

            Args:
                ctx: The context.
                a: A number.
            """
            return ""

        def second(a: int, ctx: context[Any]) -> str:  # type: ignore[valid-type]
            return ""

        return described(lib.function_tool((first, second)[position]))

    same(make)


CALLS: list[tuple[Callable[..., Any], str]] = [
    (nothing, ""),
    (nothing, "{}"),
    (plain, '{"a": 1, "b": "x", "c": 2, "d": true}'),
    (plain, '{"a": "1", "b": "x", "c": "2.5", "d": "yes"}'),
    (plain, '{"a": 1.5, "b": "x", "c": 2, "d": true}'),
    (plain, '{"a": 1}'),
    (unannotated, '{"a": [1, {"b": null}]}'),
    (optional, "{}"),
    (optional, '{"a": null, "b": 2, "c": null}'),
    (union, '{"a": "1", "b": ["x"]}'),
    (literal, '{"unit": "c"}'),
    (literal, '{"unit": "k"}'),
    (enum, '{"colour": "blue"}'),
    (lists, '{"a": [1, "2"]}'),
    (tuples, '{"a": [1, "x"], "b": [1, 2, 3]}'),
    (sets, '{"a": [1, 1, 2], "b": ["x"]}'),
    (nested, '{"line": {"start": {"x": 1}}, "more": [{"x": 1, "y": 2}]}'),
    (nested, '{"line": {"start": {"x": 1, "y": -1}}, "more": []}'),
    (recursive, '{"tree": {"name": "a", "children": [{"name": "b", "children": []}]}}'),
    (defaulted_model, "{}"),
    (data_class, '{"box": {"width": 2}}'),
    (typed_dict, '{"options": {"loud": true, "times": 2}, "partial": {}}'),
    (named_tuple, '{"pair": [1, "x"]}'),
    (annotated_field, '{"days": 3}'),
    (annotated_field, '{"days": 10}'),
    (field_default, '{"name": "ab"}'),
    (field_default, '{"name": "a"}'),
    (field_without_default, '{"days": 2}'),
    (variadic, '{"a": 1, "rest": [2, 3]}'),
    (variadic, '{"a": 1}'),
    (keyword_only, '{"a": 1, "b": "x"}'),
    (variadic_then_keyword, '{"rest": ["a"], "last": true}'),
    (other_types, '{"day": "2024-02-29", "at": "2024-02-29T10:00:00Z", "price": "1.50", '
     '"key": "12345678-1234-5678-1234-567812345678", "path": "/tmp"}'),
    (keywords, '{"a": 1, "rest": {"x": 2}}'),
    (keywords, '{"a": 1, "x": 2}'),
    (future, '{"a": 1, "b": [{"x": 1}]}'),
    (plain, "[1]"),
    (plain, "null"),
    (plain, '"text"'),
    (plain, "{not json"),
    (plain, '{"a": 1, "a": 2, "b": "x", "c": 2, "d": true}'),
]  # fmt: skip


def recorded(function: Callable[..., Any], got: list[Any]) -> Callable[..., Any]:
    """`function`, keeping the arguments of its calls."""
    import functools

    @functools.wraps(function)
    def call(*positional: Any, **keyword: Any) -> str:
        got.append((positional, keyword))
        return "called"

    return call


@pytest.mark.parametrize(("function", "arguments"), CALLS, ids=lambda v: getattr(v, "__name__", str(v)[:40]))
def test_call_arguments(function: Callable[..., Any], arguments: str) -> None:
    """The same JSON gives the same call, or the same kind of text for the model."""

    def call(lib: Any) -> Any:
        got: list[Any] = []
        tool = lib.function_tool(recorded(function, got), strict_mode=function is not keywords)
        context = lib.tool_context.ToolContext(
            context=None, tool_name=tool.name, tool_call_id="c1", tool_arguments=arguments
        )
        return asyncio.run(tool.on_invoke_tool(context, arguments)), repr(got)

    theirs, ours = call(agents), call(agentcell)
    assert ours == theirs


OUTPUTS: dict[str, Any] = {
    "str": str, "int": int, "float": float, "bool": bool, "list": list[int], "list of models": list[Point],
    "model": Point, "nested model": Line, "recursive model": Tree, "aliased model": Aliased, "open model": Open,
    "dataclass": Box, "typed dict": Options, "partial typed dict": Partial, "named tuple": Pair, "enum": Colour,
    "literal": Literal["a", "b"], "union": Union[int, str], "new union": int | str, "optional": Optional[Point],  # noqa: UP045
    "model union": Point | Line, "dict": dict[str, int], "bare dict": dict, "bare list": list, "tuple": tuple[int, str],
    "annotated": Annotated[int, Field(ge=1)], "any": Any, "date": date, "none": type(None),
}  # fmt: skip


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "loose"])
@pytest.mark.parametrize("kind", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_output_schema(kind: Any, strict: bool) -> None:
    def make(lib: Any) -> Any:
        schema = lib.AgentOutputSchema(kind, strict_json_schema=strict)
        shape = None if schema.is_plain_text() else schema.json_schema()
        return schema.is_plain_text(), schema.name(), shape, schema.is_strict_json_schema()

    same(make)


TEXTS = [
    "3", "x", "{}", "null", '"x"', "[1, 2]", '{"response": 3}', '{"response": [1, 2]}', '{"response": "a"}', '{"x": 1}',
    '{"x": "1", "y": 2}', '{"width": 1}', '{"loud": true, "times": 2}', '{"start": {"x": 1}}', '{"from": "a"}',
    '{"name": "a", "children": [{"name": "b"}]}', '{"response": {"x": 1}}', '{"response": null}', "", '{"a": 1',
    '{"response": [1, "x"]}', '{"x": 1, "other": 2}',
]  # fmt: skip


@pytest.mark.parametrize("kind", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_output_validation(kind: Any) -> None:
    """The same text is accepted with the same value, or refused with the same class of error."""
    for text in TEXTS:
        same(lambda lib, text=text: repr(lib.AgentOutputSchema(kind, strict_json_schema=False).validate_json(text)))


SCHEMAS: list[dict[str, Any]] = [
    {},
    {"type": "object"},
    {"type": "object", "properties": {"a": {"type": "string", "default": None}}},
    {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}, "required": []},
    {"type": "object", "additionalProperties": True},
    {"type": "object", "additionalProperties": {"type": "string"}},
    {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}, {"type": "object", "properties": {}}]}}},
    {"type": "object", "properties": {"a": {"allOf": [{"type": "object", "properties": {"b": {"type": "null"}}}]}}},
    {"type": "object", "properties": {"a": {"allOf": [{"type": "object"}, {"type": "object"}]}}},
    {"type": "array", "items": {"type": "object", "properties": {"a": {}}}},
    {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/B", "description": "A b."}, "c": {"$ref": "#/$defs/B"}},
        "$defs": {"B": {"type": "object", "properties": {"x": {"type": "integer"}}}},
    },
    {"type": "object", "properties": {"a": {"anyOf": [{"type": "null"}, {"type": "object"}]}}},
    {"properties": {"a": {"type": "string"}}},
    {"type": "object", "properties": {"a": {"properties": {"b": {}}}}},
    {
        "type": "object",
        "properties": {"a": {"allOf": [{"$ref": "#/$defs/B"}], "description": "A b."}},
        "$defs": {"B": {"type": "object", "description": "B.", "properties": {"x": {"type": "integer"}}}},
    },
    {"type": "object", "properties": {"a": {"allOf": [{"type": "object", "description": "In."}], "title": "T"}}},
    {"type": "object", "properties": {"a": {"oneOf": [{"type": "object"}], "anyOf": [{"type": "string"}]}}},
    {"type": "object", "definitions": {"a": {"type": "object", "properties": {"b": {}}}}},
    {"type": "object", "additionalProperties": {}},
    {"type": ["object", "null"]},
    {"anyOf": [{"type": "object"}]},
    {"type": "string"},
    {"title": "x"},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda s: json.dumps(s)[:60])
def test_strict_schema(schema: dict[str, Any]) -> None:
    same(lambda lib: lib.strict_schema.ensure_strict_json_schema(json.loads(json.dumps(schema))))


def handoff_cases() -> dict[str, Callable[[Any], Any]]:
    def agent(lib: Any, name: str = "The Expert", what: str | None = None) -> Any:
        return lib.Agent(name=name, handoff_description=what)

    return {
        "plain": lambda lib: lib.handoff(agent(lib)),
        "described": lambda lib: lib.handoff(agent(lib, what="Knows it all.")),
        "named": lambda lib: lib.handoff(agent(lib), tool_name_override="ask", tool_description_override="Ask."),
        "with input": lambda lib: lib.handoff(agent(lib), on_handoff=lambda c, i: None, input_type=Point),
        "with text input": lambda lib: lib.handoff(agent(lib), on_handoff=lambda c, i: None, input_type=str),
        "with list input": lambda lib: lib.handoff(agent(lib), on_handoff=lambda c, i: None, input_type=list[int]),
        "with callback": lambda lib: lib.handoff(agent(lib), on_handoff=lambda c: None),
        "disabled": lambda lib: lib.handoff(agent(lib), is_enabled=False),
        "input without callback": lambda lib: lib.handoff(agent(lib), input_type=Point),
        "callback of two without input": lambda lib: lib.handoff(agent(lib), on_handoff=lambda c, i: None),
        "callback of one with input": lambda lib: lib.handoff(agent(lib), on_handoff=lambda c: None, input_type=Point),
        **{
            f"name {name!r}": lambda lib, name=name: lib.handoff(agent(lib, name=name))
            for name in ("A", "two words", "Größe", "a-b.c/d", "UPPER Case", "emoji 🎉", "1st", "a__b", " padded ")
        },
    }


@pytest.mark.parametrize("make", handoff_cases().values(), ids=handoff_cases().keys())
def test_handoff(make: Callable[[Any], Any]) -> None:
    def shown(lib: Any) -> Any:
        made = make(lib)
        return (
            made.tool_name,
            made.tool_description,
            made.input_json_schema,
            made.agent_name,
            made.strict_json_schema,
            made.get_transfer_message(lib.Agent(name='quoted "é"')),
        )

    same(shown)
