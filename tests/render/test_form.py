"""The fields of a form, and what is made of what was entered in them."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agentcell import function_tool
from agentcell.render.form import FormError, differences, edited, fields


class Address(BaseModel):
    city: str
    code: int | None = None


@function_tool
def send(
    to: str,
    copies: int,
    share: float,
    urgent: bool,
    size: Literal["small", "large"],
    address: Address,
    tags: list[str],
    note: str | None = None,
) -> str:
    return ""


SCHEMA = send.params_json_schema
GIVEN: dict[str, Any] = {
    "to": "Ann\u202e",
    "copies": 2,
    "share": 0.5,
    "urgent": True,
    "size": "small",
    "address": {"city": "Oslo", "code": 1},
    "tags": ["a"],
    "note": None,
}
TEXT = json.dumps(GIVEN)


def test_each_argument_has_the_field_that_fits() -> None:
    found = {field.name: (field.kind, field.text) for field in fields(TEXT, SCHEMA)}
    assert found == {
        "to": ("text", "Ann⟨U+202E⟩"),
        "copies": ("integer", "2"),
        "share": ("number", "0.5"),
        "urgent": ("boolean", "true"),
        "size": ("choice", '"small"'),
        "address": ("json", '{\n  "city": "Oslo",\n  "code": 1\n}'),
        "tags": ("json", '[\n  "a"\n]'),
        "note": ("json", "null"),
    }


@pytest.mark.parametrize("text", ["", "[1]", "{bad", '{"a": 1, "a": 2}', '{"a": NaN}', "5", "[" * 100_000])
def test_what_is_not_one_object_is_one_raw_field(text: str) -> None:
    (field,) = fields(text, SCHEMA) if text else fields("[]", SCHEMA)
    assert field.kind == "raw" and not any(c in field.text for c in "\u202e")


def test_values_that_do_not_fit_the_schema_are_shown_as_they_are() -> None:
    kinds = {
        field.name: field.kind for field in fields('{"to": 5, "copies": "two", "size": "huge", "other": 1}', SCHEMA)
    }
    assert (kinds["to"], kinds["copies"], kinds["size"], kinds["other"]) == ("json", "json", "text", "number")


@pytest.mark.parametrize(
    ("path", "entered", "name", "value"),
    [
        ("to", "Bob", "to", "Bob"),
        ("to", "Anna⟨U+202E⟩", "to", "Anna\u202e"),
        ("copies", "3", "copies", 3),
        ("share", "1e2", "share", 100.0),
        ("urgent", False, "urgent", False),
        ("size", '"large"', "size", "large"),
        ("address", '{"city": "Rome"}', "address", {"city": "Rome"}),
        ("note", '"soon"', "note", "soon"),
    ],
)
def test_what_was_entered_is_taken(path: str, entered: Any, name: str, value: Any) -> None:
    text = edited(TEXT, SCHEMA, {json.dumps([path]): entered})
    assert text is not None and json.loads(text) == {**GIVEN, name: value}


@pytest.mark.parametrize(
    ("path", "entered"),
    [
        ("copies", "3.5"), ("copies", "many"), ("copies", "true"), ("share", "half"), ("urgent", "yes"), ("to", True),
        ("size", '"huge"'), ("address", "{"), ("tags", '{"a": 1, "a": 2}'), ("share", "Infinity"),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_field_is_refused_by_its_name(path: str, entered: Any) -> None:
    with pytest.raises(FormError, match=f"^{path}: "):
        edited(TEXT, SCHEMA, {json.dumps([path]): entered})


@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=20), max_size=4)
)
def test_a_form_that_is_sent_back_untouched_changes_nothing(arguments: dict[str, Any]) -> None:
    text = json.dumps(arguments)
    entered = {
        field.path: field.value if field.kind == "boolean" else field.text.replace("\r\n", "\n").replace("\r", "\n")
        for field in fields(text, None)
    }
    assert edited(text, None, entered) is None


def test_fields_that_are_none_of_the_tools_are_left_out() -> None:
    assert edited(TEXT, SCHEMA, {'["other"]': "x", "reason": "no", "[]": "{}"}) is None


def test_left_out_arguments_can_be_given_and_stay_out() -> None:
    text = '{"to": "Ann"}'
    assert edited(text, SCHEMA, {'["copies"]': "", '["size"]': ""}) is None
    assert edited(text, SCHEMA, {'["copies"]': "4"}) == '{"to": "Ann", "copies": 4}'


def test_raw_arguments_are_edited_as_a_whole() -> None:
    assert edited("{bad", None, {"[]": '{"a": 1}'}) == '{"a": 1}'
    with pytest.raises(FormError):
        edited("{bad", None, {"[]": "{worse"})


def test_differences_name_what_was_changed() -> None:
    assert differences('{"a": 1, "b": "x", "c": 2}', '{"a": 1.0, "b": "y\u200b", "d": [1]}') == [
        ("a", "1", "1.0"), ("b", "x", "y⟨U+200B⟩"), ("c", "2", None), ("d", None, "[1]"),
    ]  # fmt: skip
    assert differences("{bad", "{}") == [("arguments", "{bad", "{}")]
