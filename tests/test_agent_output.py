"""Output schemas: reading the model's JSON, and saying what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from agentcell import AgentOutputSchema, ModelBehaviorError, UserError


class City(BaseModel):
    name: str
    people: int


def test_reading() -> None:
    assert AgentOutputSchema(City).validate_json('{"name": "Rome", "people": 3}') == City(name="Rome", people=3)
    assert AgentOutputSchema(list[int]).validate_json('{"response": [1, 2]}') == [1, 2]


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (City, "{", "City"),
        (City, '{"name": "Rome"}', "people: Field required"),
        (City, '{"name": "Rome", "people": "many"}', "people"),
        (list[int], "[1]", r"list\[int\]"),
        (list[int], '{"response": ["x"]}', r"response\.0"),
        (int, "[" * 100_000, "int"),
    ],
    ids=lambda v: str(v)[:20],
)
def test_what_is_wrong_is_named(kind: Any, text: str, says: str) -> None:
    """The place and the problem, never the model's text itself."""
    with pytest.raises(ModelBehaviorError, match=says) as caught:
        AgentOutputSchema(kind).validate_json(text)
    assert "many" not in str(caught.value)


def test_plain_text_has_no_schema() -> None:
    schema = AgentOutputSchema(str)
    assert schema.is_plain_text() and schema.validate_json('"as it is"') == "as it is"
    with pytest.raises(UserError, match="plain text"):
        schema.json_schema()


def test_a_type_without_strict_schema_says_what_to_do() -> None:
    with pytest.raises(UserError, match="strict_json_schema=False"):
        AgentOutputSchema(dict[str, int])
    assert AgentOutputSchema(dict[str, int], strict_json_schema=False).validate_json('{"a": 1}') == {"a": 1}
