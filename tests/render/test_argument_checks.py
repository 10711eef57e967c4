"""Problems in words, from any schema, without an exception, a fetch or a long wait."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from case_names import said
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcell.render import argument_checks
from agentcell.render.argument_checks import MOST_STEPS, Check, check_of


def problems(schema: dict[str, Any], value: Any) -> list[str] | None:
    check = check_of({"$defs": {"x": 1}, **schema})
    assert check is not None
    return check.problems(value)


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        ({"type": "integer"}, "abc", "expected an integer, got 'abc'"),
        ({"type": "integer"}, True, "expected an integer, got true"),
        ({"type": "integer"}, 2.5, "expected an integer, got 2.5"),
        ({"type": "string"}, ["a"], "expected a string, got a list"),
        ({"type": "boolean"}, None, "expected true or false, got null"),
        ({"type": ["string", "null"]}, 3, "expected a string or null, got 3"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {}, "expected a string or null, got an object"),
        ({"enum": ["C", "F"]}, "K", "expected one of 'C', 'F', got 'K'"),
        ({"const": 1}, 2, "expected 1, got 2"),
        ({"type": "integer", "minimum": 3}, 2, "expected at least 3, got 2"),
        ({"exclusiveMaximum": 3}, 3, "expected less than 3, got 3"),
        ({"multipleOf": 2}, 3, "expected a multiple of 2, got 3"),
        ({"minLength": 2}, "a", "expected at least 2 characters, got 1"),
        ({"maxItems": 1}, [1, 2], "expected at most 1 item, got 2"),
        ({"pattern": "^[A-Z]+$"}, "abc", "expected text like ^[A-Z]+$, got 'abc'"),
        ({"uniqueItems": True}, [1, 1], "an item stands there twice"),
        ({"required": ["a", "b"]}, {"a": 1}, "'b' is required, but not given"),
        ({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 1]}, "a[1]: expected a string, got 1"),
        ({"type": "string"}, 10**70, f"expected a string, got {'1' + '0' * 58}\u2026"),
    ],
)
def test_problems_are_told_in_words(schema: dict[str, Any], value: Any, told: str) -> None:
    assert problems(schema, value) == [told]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 3.0),
        ({"type": "number"}, 3),
        ({"type": "string", "minLength": 1}, "a"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"pattern": "^a"}, "abc"),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"b": 1}),
    ],
)
def test_what_fits_has_no_problems(schema: dict[str, Any], value: Any) -> None:
    assert problems(schema, value) == []


HOSTILE: list[dict[str, Any]] = [
    {"$ref": "#"},
    {"$ref": "#/nowhere"},
    {"$ref": "https://schemas.example.org/x.json"},
    {"$dynamicRef": "#x"},
    {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
    {"type": 3},
    {"type": "no such type"},
    {"pattern": "("},
    {"minimum": "a", "maxLength": [], "required": 3, "properties": [], "items": 5, "enum": 1},
    {"properties": {"a": None}, "additionalProperties": 7, "anyOf": {}},
    {"anyOf": []},
    {"$id": "https://schemas.example.org/", "$ref": "other.json"},
    {"$schema": "https://schemas.example.org/draft"},
    {"minItems": "many", "maxItems": None},
]


@pytest.mark.parametrize("schema", HOSTILE, ids=said)
def test_a_hostile_schema_raises_nothing_and_fetches_nothing(
    schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*arguments: Any, **options: Any) -> None:
        pytest.fail("a schema opened a connection")

    monkeypatch.setattr(socket, "create_connection", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    for value in ("a", 1, None, [1, 1], {"a": {"a": 1}}):
        check = check_of(schema)
        assert check is not None
        found = check.problems(value)
        assert found is None or all(isinstance(problem, str) for problem in found)
        walk(check)


def walk(check: Check) -> None:
    for asked in ((check.walks, "object"), (check.walks, "array"), (check.narrow, "a"), (check.forbids, "a")):
        asked[0](asked[1])
    check.columns()
    check.missing(["b"])
    check.defaults(["b"])
    check.length_problems(2)
    for inner in (check.field("a"), check.item()):
        if inner is not None:
            inner.problems("x")


SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "object", "#", "#/properties/a", "(", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "items",
                    "anyOf",
                    "$ref",
                    "required",
                    "additionalProperties",
                    "a",
                    "pattern",
                    "enum",
                    "minimum",
                    "if",
                    "then",
                    "patternProperties",
                    "prefixItems",
                    "$defs",
                    "default",
                    "not",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(schema=SCHEMAS, value=st.sampled_from(["a", 1, None, True, [], [1, "a"], {}, {"a": 1}, {"a": {"a": "x"}}]))
@settings(max_examples=300, deadline=None)
def test_no_schema_raises(schema: Any, value: Any) -> None:
    check = check_of(schema)
    if check is not None:
        check.problems(value)
        walk(check)


def test_what_would_take_long_is_not_checked() -> None:
    forms: dict[str, Any] = {"f0": {"type": "string"}}
    for number in range(1, 40):
        forms[f"f{number}"] = {"allOf": [{"$ref": f"#/$defs/f{number - 1}"}, {"$ref": f"#/$defs/f{number - 1}"}]}
    check = check_of({"$defs": forms, "allOf": [{"$ref": "#/$defs/f39"}]})
    assert check is not None and check.problems("x") is None
    assert check.problems("x") is None, "and no more steps are taken"
    assert problems({"pattern": "^(a+)+$"}, "a" * 40 + "!") is None
    assert problems({"pattern": r"^(?:a|a)*$"}, "a" * 40 + "!") is None
    assert problems({"pattern": "^a*a*a*a*$"}, "a" * 900 + "!") is None
    assert problems({"uniqueItems": True}, [{"n": number} for number in range(5_000)]) is None
    assert problems({"pattern": "^(a+)+$", "minLength": 50}, "aaa") == ["expected at least 50 characters, got 3"]


def test_the_steps_of_a_document_are_counted_together() -> None:
    check = check_of({"items": {"enum": [1]}})
    assert check is not None
    item = check.item()
    assert item is not None
    checked = 0
    while item.problems(1) is not None:
        checked += 1
        assert checked <= MOST_STEPS
    assert checked == MOST_STEPS


def test_references_and_alternatives_with_null_are_followed() -> None:
    schema = {
        "$defs": {"P": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
        "type": "object",
        "properties": {
            "at": {"anyOf": [{"$ref": "#/$defs/P"}, {"type": "null"}], "description": "where"},
            "all": {"type": "array", "items": {"$ref": "#/$defs/P"}},
            "n": {"type": "integer", "default": 3},
        },
        "required": ["at"],
        "additionalProperties": False,
    }
    check = check_of(schema)
    assert check is not None and check.walks("object")
    at, rows = check.field("at"), check.field("all")
    assert at is not None and at.walks("object") and at.missing([]) == ["x"]
    assert at.problems(None) == [] and at.problems({"x": "1"}) not in ([], None)
    assert rows is not None and rows.walks("array")
    item = rows.item()
    assert item is not None and item.columns() == ("x",) and item.narrow("x")
    assert check.forbids("other") and not check.forbids("at")
    assert check.missing([]) == ["at"] and check.defaults([]) == {"n": "3"} and check.defaults(["n"]) == {}


def test_without_a_schema_there_is_no_check() -> None:
    assert check_of(None) is None and check_of({}) is None and argument_checks.check_of([]) is None  # type: ignore[arg-type]
