"""Tools before they run: options that are refused, namespaces, contexts, origins, and what results become."""

import dataclasses
import datetime
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Optional

import agents
import agents.function_schema
import agents.tool
import agents.tool_context
import pytest
from case_names import said
from openai.types.responses import ResponseFunctionToolCall
from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter, computed_field
from typing_extensions import TypedDict

import agentcell
import agentcell.function_schema
import agentcell.tool
import agentcell.tool_context

LIBS = [agents, agentcell]
CALL = ResponseFunctionToolCall(type="function_call", call_id="c1", name="f", arguments='{"a":1}')


class Rich(BaseModel):
    a: int = 1
    b: str | None = None


class Aliased(BaseModel):
    a: int = Field(1, alias="from")
    day: datetime.date = datetime.date(2020, 1, 1)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class Computed(BaseModel):
    a: int = 1

    @computed_field
    def twice(self) -> int:
        return 2 * self.a


@dataclass
class Plain:
    x: int = 1


class Typed(TypedDict):
    a: int


class Colour(Enum):
    RED = "red"


def result_of(make: Callable[[], Any]) -> Any:
    """What a function returns, or the kind of its error."""
    try:
        return make()
    except agents.UserError:
        return "UserError"
    except agentcell.ArgumentTypeError:
        return "TypeError"
    except agentcell.UserError:
        return "UserError"
    except (TypeError, ValueError) as error:
        return next(kind.__name__ for kind in (TypeError, ValueError) if isinstance(error, kind))


def text(lib: Any, **fields: Any) -> Any:
    return lib.tool.ToolOutputText(**fields)


def image(lib: Any, **fields: Any) -> Any:
    return lib.tool.ToolOutputImage(**fields)


def document(lib: Any, **fields: Any) -> Any:
    return lib.tool.ToolOutputFileContent(**fields)


RESULTS: dict[str, Callable[[Any], Any]] = {
    repr(value): (lambda lib, value=value: value)
    for value in (
        None, True, 1, 1.5, "x", "", b"x", {"a": 1}, {"b": None, "a": "é"}, [1, "t"], [], (), (1, 2), {1},
        Rich(), Plain(), Colour.RED, datetime.date(2020, 1, 1), decimal.Decimal("1.5"), float("nan"), [Rich()],
        {"type": "text", "text": "hi"}, {"type": "text"}, {"type": "text", "text": 5}, {"type": "text", "text": ""},
        {"type": "text", "text": "hi", "extra": 1}, {"type": "image", "image_url": "u"}, {"type": "image"},
        {"type": "image", "image_url": "u", "detail": "huge"}, {"type": "image", "image_url": "u", "detail": "high"},
        {"type": "image", "file_id": "u"}, {"type": "image", "image_url": None, "file_id": "f"},
        {"type": "image", "image_url": ""}, {"type": "file", "file_data": "d"}, {"type": "file", "filename": "d"},
        {"type": "file", "file_id": "d", "filename": "n"}, {"type": "input_text", "text": "x"}, {"type": "other"},
        {"type": 5}, {"type": ["text"]}, {"text": "x"}, '{"type":"text","text":"x"}', [None],
        [{"type": "text", "text": "a"}, {"type": "file", "file_url": "u"}], [[{"type": "text", "text": "a"}]],
        [{"type": "text", "text": "a"}, {"type": "nope"}], [{"type": "text", "text": "a"}, 3],
    )
}  # fmt: skip
RESULTS |= {
    "text object": lambda lib: text(lib, text="t"),
    "image object": lambda lib: image(lib, image_url="u", file_id="f", detail="auto"),
    "file object": lambda lib: document(lib, file_data="d", file_id="i", file_url="u", filename="n"),
    "objects": lambda lib: [text(lib, text="a"), image(lib, image_url="u"), document(lib, file_id="i")],
    "mixed objects": lambda lib: (text(lib, text="a"), {"type": "text", "text": "b"}),
    "half rich": lambda lib: [text(lib, text="a"), "b"],
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_becomes_the_same_output(name: str) -> None:
    theirs, ours = (lib.ItemHelpers.tool_call_output_item(CALL, RESULTS[name](lib)) for lib in LIBS)
    assert ours == theirs


DECLARED: list[Any] = [
    {"a": 1}, Rich(), "x", '{"a":2}', '{"a": 1, "b": [1, 2]}', {"a": "x"}, None, 5, [1], Plain(), Colour.RED, {1}, b"x",
    {"type": "text", "text": "hi"}, {"a": float("nan")}, {"a": "é"}, {"a": datetime.date(2020, 1, 1)}, {1: 2},
    {"a": {1, 2}}, {"a": b"x"},
    Aliased.model_validate({}), {"from": "5"}, '{"a":1,"a":2}', {"a": (1, 2), "b": 1.0, "c": True},
]  # fmt: skip


@pytest.mark.parametrize("value", DECLARED, ids=said)
@pytest.mark.parametrize("kind", [None, Rich, Aliased, Typed, Plain], ids=said)
def test_a_result_of_a_declared_type_becomes_the_same_output(kind: Any, value: Any) -> None:
    options = {"output_json_schema": {"type": "object"}} if kind is None else {"output_type_adapter": TypeAdapter(kind)}
    theirs, ours = (
        result_of(lambda lib=lib: lib.ItemHelpers.tool_call_output_item(CALL, value, **options)) for lib in LIBS
    )
    assert ours == theirs


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ToolOutputText", {}),
        ("ToolOutputText", {"text": 1}),
        ("ToolOutputText", {"text": "x", "foo": 1}),
        ("ToolOutputImage", {}),
        ("ToolOutputImage", {"image_url": "u", "detail": "xx"}),
        ("ToolOutputImage", {"file_id": "f"}),
        ("ToolOutputFileContent", {}),
        ("ToolOutputFileContent", {"filename": "x"}),
        ("ToolOutputFileContent", {"file_url": "u"}),
    ],
)
def test_rich_outputs_refuse_the_same(name: str, fields: dict[str, Any]) -> None:
    theirs, ours = (result_of(lambda lib=lib: getattr(lib.tool, name)(**fields).model_dump()) for lib in LIBS)
    assert ours == theirs


async def waiting(a: int = 1) -> str:
    return "x"


def working(a: int = 1) -> str:
    return "x"


def returns(annotation: Any) -> Callable[..., Any]:
    async def f() -> Any: ...

    f.__annotations__["return"] = annotation
    return f


class CallableObject:
    async def __call__(self, a: int) -> str:
        return ""


VISIBLE = {
    field.name
    for field in dataclasses.fields(agents.FunctionTool)
    if not field.name.startswith("_") and field.name not in ("on_invoke_tool", "params_json_schema")
}


def declared(lib: Any, function: Any, **options: Any) -> Any:
    """The fields of a tool that a function makes, or why it cannot."""
    name = getattr(function, "__name__", "f")
    made = result_of(lambda: lib.function_tool(function, name_override=name, **options))
    return made if isinstance(made, str) else {field: getattr(made, field) for field in VISIBLE}


SETTINGS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (waiting, {}),
    *((waiting, {"timeout": v}) for v in (0, -1, 0.05, 1, True, "3", float("nan"), float("inf"), None, [], 1e9)),
    *((working, {"timeout": given}) for given in (1, 0, "x", None)),
    (working, {"timeout_behavior": "raise_exception"}),
    (CallableObject(), {"timeout": 1}),
    *((waiting, {"timeout_behavior": given}) for given in ("nope", None, 1, "raise_exception")),
    *((waiting, {"timeout_error_function": given}) for given in ("nope", None, 1, waiting)),
    *(
        (waiting, {"allowed_callers": given})
        for given in ([], ["direct"], ["programmatic"], ["x"], "direct", ("direct",), ["direct", "direct"], [1], None)
    ),
    *(
        (waiting, {"output_type": given})
        for given in (
            int, str, dict[str, int], object, "zz", Rich, Typed, Plain, Aliased, Open, Computed, Optional[Rich],  # noqa: UP045
            Annotated[Rich, "x"], list[Rich], RootModel[dict[str, int]], Rich | Plain,
        )
    ),
    *(
        (waiting, {"output_json_schema": given})
        for given in (
            {"type": "object"}, {"type": "object", "properties": {"a": {"type": "string"}}}, "x", {}, [],
            {"type": "integer"},
        )
    ),
    (waiting, {"output_type": Rich, "output_json_schema": {"type": "object"}}),
    *(
        (returns(annotation), {"allowed_callers": callers})
        for annotation in (Rich, list[int], Any, None, str, "Typed", Optional[str], int, object)  # noqa: UP045
        for callers in (None, ["direct"], ["programmatic"], ["direct", "programmatic"])
    ),
    (waiting, {"needs_approval": True, "defer_loading": True, "is_enabled": False}),
]  # fmt: skip


@pytest.mark.parametrize(("function", "options"), SETTINGS, ids=lambda value: said(getattr(value, "__name__", value)))
def test_options_of_tools(function: Any, options: dict[str, Any]) -> None:
    """The same options are refused, and the others become the same fields."""
    theirs, ours = (declared(lib, function, **options) for lib in LIBS)
    assert ours == theirs


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"timeout_seconds": -1},
        {"timeout_seconds": "x"},
        {"timeout_seconds": 3},
        {"timeout_behavior": "x"},
        {"timeout_error_function": 3},
        {"allowed_callers": ["x"]},
        {"output_json_schema": "x"},
        {"output_json_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
        {"params_json_schema": 3},
        {"strict_json_schema": False},
    ],
    ids=said,
)
def test_fields_of_tools_made_by_hand(fields: dict[str, Any]) -> None:
    async def invoke(context: Any, arguments: str) -> str:
        return ""

    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    base = {"name": "n", "description": "d", "params_json_schema": schema, "on_invoke_tool": invoke}

    def made(lib: Any) -> Any:
        tool = result_of(lambda: lib.FunctionTool(**{**base, **fields}))
        return tool if isinstance(tool, str) else {f: getattr(tool, f) for f in (*VISIBLE, "params_json_schema")}

    assert made(agentcell) == made(agents)


@pytest.mark.parametrize(
    "options",
    [
        {"name": "crm"},
        {"name": " crm "},
        {"name": "a b"},
        {"name": "a.b"},
        {"name": ""},
        {"name": "  "},
        {"name": 3},
        {"name": "waiting"},
        {"name": "crm", "description": None},
        {"name": "crm", "description": ""},
        {"name": "crm", "description": 3},
        {"name": "crm", "tools": []},
        {"name": "crm", "tools": [3]},
    ],
    ids=said,
)
def test_namespaces(options: dict[str, Any]) -> None:
    def named(lib: Any) -> Any:
        tool = lib.function_tool(waiting)
        given = {"description": "d", "tools": [tool, tool], **options}
        made = result_of(lambda: lib.tool.tool_namespace(**given))
        if isinstance(made, str):
            return made
        return [(each.name, each.qualified_name, each.mcp_annotations, each is tool) for each in made]

    assert named(agentcell) == named(agents)


def test_a_namespace_in_a_namespace_takes_the_outer_name() -> None:
    for lib in LIBS:
        inner = lib.tool.tool_namespace(name="inner", description="d", tools=[lib.function_tool(waiting)])
        assert lib.tool.tool_namespace(name="outer", description="d", tools=inner)[0].qualified_name == "outer.waiting"
        assert lib.function_tool(waiting).qualified_name == "waiting"


NAMED = CALL.model_copy(update={"namespace": "crm"})


@pytest.mark.parametrize(
    ("call", "options"),
    [
        (None, {}),
        (None, {"tool_name": "x"}),
        (None, {"tool_name": "x", "tool_arguments": "{}"}),
        (CALL, {}),
        (NAMED, {}),
        (NAMED, {"tool_name": "x", "tool_arguments": "{}", "tool_namespace": "y"}),
        (CALL, {"tool_namespace": "f"}),
    ],
    ids=said,
)
def test_contexts_of_calls(call: Any, options: dict[str, Any]) -> None:
    def made(lib: Any) -> Any:
        outer = lib.RunContextWrapper("mine", turn_input=[{"role": "user", "content": "x"}], tool_input={"a": 1})
        kind = lib.tool_context.ToolContext
        context = result_of(lambda: kind.from_agent_context(outer, "c1", call, **options))
        if isinstance(context, str):
            return context
        names = ("context", "tool_name", "tool_call_id", "tool_arguments", "tool_call", "tool_namespace", "agent")
        more = ("qualified_tool_name", "turn_input", "tool_input", "run_config")
        shared = context.usage is outer.usage, context.turn_input is outer.turn_input
        return [*(getattr(context, name) for name in (*names, *more)), *shared]

    assert made(agentcell) == made(agents)


def test_contexts_take_positions_and_a_config_as_a_dictionary() -> None:
    for lib in LIBS:
        context = lib.tool_context.ToolContext(
            None, lib.Usage(requests=2), "x", "c1", "{}", run_config={"workflow_name": "mine"}
        )
        assert (context.usage.requests, context.tool_name, context.tool_call_id) == (2, "x", "c1")
        assert context.run_config.workflow_name == "mine"
        assert isinstance(context, lib.RunContextWrapper)


@pytest.mark.parametrize(
    "data",
    [
        {"type": "function"},
        {"type": "agent_as_tool", "agent_name": "a", "agent_tool_name": "t"},
        {"type": "mcp", "mcp_server_name": 3},
        {"type": "mcp", "mcp_server_name": "s", "more": 1},
        {"type": "zzz"},
        {},
        None,
        "x",
        [],
    ],
    ids=said,
)
def test_origins(data: Any) -> None:
    theirs, ours = (lib.tool.ToolOrigin.from_json_dict(data) for lib in LIBS)
    assert (ours and ours.to_json_dict()) == (theirs and theirs.to_json_dict())
    if ours:
        assert (str(ours.type), ours.type == ours.type.value) == (str(theirs.type), True)
        assert hash(ours) == hash(agentcell.tool.ToolOrigin.from_json_dict(data))


def test_standard_texts() -> None:
    for seconds in (3.0, 0.05, 1e9):
        theirs, ours = (
            lib.tool.default_tool_timeout_error_message(tool_name="f", timeout_seconds=seconds) for lib in LIBS
        )
        assert ours == theirs


@pytest.mark.parametrize("annotation", [Rich, Annotated[Rich, "x"], "int", None, str, "missing"], ids=said)
def test_return_annotations(annotation: Any) -> None:
    function = waiting if annotation == "missing" else returns(annotation)
    if annotation == "missing":
        function = returns(str)
        del function.__annotations__["return"]
    theirs, ours = (lib.function_schema.function_schema(function).return_annotation for lib in LIBS)
    assert ours == theirs
