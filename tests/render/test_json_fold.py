"""JSON as rows: whatever the pieces it comes in, nothing raises, nothing is lost, and the page follows."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentcell.agent_output import WRAPPER_KEY, AgentOutputSchema
from agentcell.render import arguments
from agentcell.render.arguments import JsonPart, argument_table
from agentcell.render.escape import visible
from agentcell.render.json_fold import JsonFold
from agentcell.render.nodes import live_html, record_html
from agentcell.view.model import Text, TextBlock, ToolCard

from .dom import Element, parse
from .page import Page, normal

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "maximum": 7},
        "stops": {"type": "array", "items": {"$ref": "#/$defs/Stop"}},
        "where": {"$ref": "#/$defs/Stop"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "either": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]},
        "unit": {"type": "string", "default": "km"},
    },
    "required": ["city"],
    "additionalProperties": False,
    "$defs": {
        "Stop": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "lat": {"type": "number"}, "notes": {"type": "array"}},
            "required": ["name", "lat"],
        }
    },
}

CASES = {
    "flat": '{"city": "Paris", "days": 3, "ok": true, "none": null, "x": -1.5e3}',
    "empty object": "{}",
    "empty list": "[]",
    "nothing": "",
    "blank": " \n ",
    "number": "12",
    "string": '"a\\nb"',
    "list": '[1, "two", [3, [4]], {"five": 6}, null]',
    "objects": '[{"a": 1, "b": "x"}, {"b": "y", "a": 2, "c": [1]}, 7, {}, {"a": {"deep": {"er": 1}}}]',
    "rows": '{"city":"P","stops":[{"lat":1,"name":"a"},{"name":"b","lat":"no","notes":[1,{"k":2}]},{"name":"c"},"d"]}',
    "wrong": '{"days": 9, "city": 5, "tags": [], "other": 1, "either": {"a": 1}, "where": {"lat": 1}}',
    "twice": '{"a": 1, "a": "2", "a": {"b": []}}',
    "escapes": r'{"\u0041\n": "q\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00 \ud83d x \ude00", "bad": "\x \u12G4 \u"}',
    "hidden": '{"to": "a\u202eb\u200b", "sun": "\u2600\ufe0f \ufe0f", "half": "\ud83d", "pair": "\U0001f600"}',
    "line break": '{"a": "x\ny\u0000"}',
    "markup": '{"<b>": "<script>alert(1)</script>&amp;", "b": ["<i>"]}',
    "constants": '{"a": NaN, "b": [Infinity, -Infinity]}',
    "garbage after": '{"a": 1} and more {"b": 2}',
    "no value": '{"a": , "b": 1}',
    "no colon": '{"a" 1}',
    "no name": '{"a": 1, 2: 3}',
    "trailing comma": '{"a": [1, 2,]}',
    "wrong bracket": '{"a": [1}',
    "bad literal": '{"a": tru3, "b": 1}',
    "leading zero": "[01]",
    "words": "I cannot do that.",
    "cut in a string": '{"city": "Par',
    "cut in a name": '{"city": "Paris", "da',
    "cut in an escape": '{"city": "Par\\u00',
    "cut in a number": '{"days": 1',
    "cut in a list": '{"days": [',
    "cut deep": "[" * 12 + '"a\\',
    "deep": '{"a":' * 7 + '[{"x": "}]\\""}, [1]]' + "}" * 7,
    "deep and wrong": "[" * 12 + "1}" + "]" * 12,
    "long text": json.dumps({"text": "word " * 3000, "code": "line\n" * 2000, "one": "x" * 17_000}),
    "many items": json.dumps({"n": list(range(250)), "o": [{"i": i} for i in range(120)]}),
}


def whole(text: str, schema: dict[str, Any] | None = None) -> JsonFold:
    fold = JsonFold("k", schema)
    fold.append(text)
    fold.finish()
    return fold


def words(html: str) -> str:
    return parse(html).text()


@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["no schema", "schema"])
@pytest.mark.parametrize("case", CASES)
def test_character_by_character_is_the_same_as_at_once(case: str, schema: dict[str, Any] | None) -> None:
    text = CASES[case]
    fold = JsonFold("k", schema)
    page = Page('<div data-k="k"></div>')
    size = 1 if len(text) < 2000 else 97
    for start in range(0, len(text), size):
        fold.append(text[start : start + size])
        page.apply(fold.operations())
        if len(text) < 2000:
            assert inside(page) == normal(parse(fold.live_html()))
    fold.finish()
    page.apply(fold.operations())
    assert inside(page) == normal(parse(fold.live_html()))
    assert fold.live_html() == whole(text, schema).live_html()
    assert fold.record_html() == whole(text, schema).record_html()


def inside(page: Page) -> object:
    root = page.find("k")
    return normal(Element("root", (), root.children))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcdef\u202e\ud83d"), inner, max_size=4)
    ),
    max_leaves=20,
)
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *'{}[],:"\\',
            '"a"',
            '"name":',
            "\\u",
            "d83d",
            "\\ude00",
            "true",
            "nul",
            "1",
            "-",
            "1.5e",
            " ",
            "\n",
            "\ud83d",
            "<",
        ]
    ),
    max_size=40,
).map("".join)


@given(
    text=st.one_of(
        JSON.map(json.dumps),
        JSON.map(lambda value: json.dumps(value, ensure_ascii=False)),
        FRAGMENTS,
        JSON.map(json.dumps).flatmap(lambda text: st.integers(0, len(text)).map(lambda at: text[:at])),
    ),
    cuts=st.lists(st.integers(0, 10_000), max_size=12),
    schema=st.sampled_from([None, SCHEMA, {"type": "array", "items": SCHEMA}, {"type": "string"}, {}]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_in_any_pieces(text: str, cuts: list[int], schema: dict[str, Any] | None) -> None:
    fold = JsonFold("k", schema)
    page = Page('<div data-k="k"></div>')
    for start, end in pairwise(sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})):
        fold.append(text[start:end])
        page.apply(fold.operations())
        assert inside(page) == normal(parse(fold.live_html()))
    fold.finish()
    page.apply(fold.operations())
    assert inside(page) == normal(parse(fold.live_html()))
    assert fold.live_html() == whole(text, schema).live_html()


@given(value=JSON)
@settings(max_examples=200, deadline=None)
def test_every_value_is_shown(value: Any) -> None:
    shown = words(whole(json.dumps(value)).live_html())
    for leaf in leaves(value):
        text = leaf if isinstance(leaf, str) else json.dumps(leaf)
        paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        assert visible(paired) in shown


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *(leaf for item in value.values() for leaf in leaves(item))]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


@given(text=FRAGMENTS | st.text(alphabet='{}[],:"\\u1e0 truefalsn', max_size=60))
@settings(max_examples=300, deadline=None)
def test_what_the_standard_parser_reads_is_complete_and_other_text_is_said_to_be_broken(text: str) -> None:
    fold = whole(text)
    said = "ot valid JSON" in words(fold.live_html()) and bool(text.strip())
    try:
        json.loads(text)
    except ValueError:
        assert said or not text.strip()
    else:
        assert fold.complete and not said


def test_what_cannot_be_read_is_shown_as_it_is() -> None:
    for case, rest in {
        "garbage after": 'and more {"b": 2}',
        "no colon": '"a" 1}',
        "bad literal": '"a": tru3, "b": 1}',
        "words": "I cannot do that.",
        "cut in a name": '"da',
    }.items():
        assert words(whole(CASES[case]).live_html()).endswith(rest), case
    assert "unfinished" in words(whole(CASES["cut in a string"]).live_html())
    assert "given twice" in words(whole(CASES["twice"]).live_html())


def test_nesting_without_end_costs_no_depth() -> None:
    for text in ("[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000):
        fold = whole(text, SCHEMA)
        tree = parse(fold.live_html())
        assert depth(tree) < 60
        assert tree.text().count("[") + tree.text().count("{") >= 100_000 - 8
        assert fold.complete == text.endswith(("]", "}"))


def depth(element: Element) -> int:
    return 1 + max((depth(child) for child in element.children if isinstance(child, Element)), default=0)


def test_rows_columns_and_marks() -> None:
    tree = parse(whole(CASES["rows"], SCHEMA).live_html())
    assert [e.text() for e in tree.walk() if e.tag == "th"] == ["city", "stops", "name", "lat", "notes", "k", "unit"]
    marks = [e.text() for e in tree.walk() if "ac-verdict" in (dict(e.attributes).get("class") or "")]
    assert marks == ["\u2713", "\u2717"]
    told = [e.text() for e in tree.walk() if dict(e.attributes).get("class") == "ac-problem"]
    assert told == [
        "expected a number, got 'no'",
        "required, but not given: lat",
        "expected an object, got 'd'",
    ]
    assert '"km" (default)' in tree.text()


def test_columns_without_a_schema_are_those_of_the_first_object() -> None:
    tree = parse(whole('[{"a": 1, "b": 2}, {"b": 3, "c": 4}]').live_html())
    assert [e.text() for e in tree.walk() if dict(e.attributes).get("class") == "ac-column"] == ["a", "b"]
    cells = [e.text() for e in tree.walk() if "ac-cell" in (dict(e.attributes).get("class") or "")]
    assert cells == ["1", "2", "", "3"]
    assert tree.text().endswith("c4")


def test_settled_rows_are_never_told_again() -> None:
    fold = JsonFold("k", SCHEMA)
    fold.append('{"city": "Paris", "days": 3, "tags": ["a"')
    keys = {e for e in (dict(x.attributes).get("data-k") for x in parse(fold.live_html()).walk()) if e}
    settled = {key for key in keys if key in fold.live_html()}
    fold.operations()
    fold.append(', "b"], "either": "x", "unit": "mi"}')
    fold.finish()
    touched = [operation[1] for operation in fold.operations()]
    grown = {"k", "k0", "k1"}  # the table and its body
    tags = [key for key in touched if key not in grown]
    assert settled and len(touched) <= 5
    assert all(operation[0] == "add" for operation in fold.operations())
    city = [key for key in settled if f'data-k="{key}">Paris' in fold.live_html()]
    assert city and city[0] not in tags


def cost(text: str, size: int, schema: dict[str, Any] | None = None) -> int:
    fold = JsonFold("t1.0.j", schema)
    sent = 0
    for start in range(0, len(text), size):
        fold.append(text[start : start + size])
        sent += sum(len(json.dumps(operation, ensure_ascii=False)) for operation in fold.operations())
    return sent


SHAPES = {
    "text": lambda count: json.dumps({"text": "some words of text " * (count // 19)}),
    "code": lambda count: json.dumps({"code": "x = [1, 2]\n" * (count // 12)}),
    "escapes": lambda count: '{"a": "' + "\\u00e9" * (count // 6) + '"}',
    "numbers": lambda count: json.dumps(list(range(10_000, 10_000 + count // 7))),
    "strings": lambda count: json.dumps({"tags": ["abcdef"] * (count // 10)}),
    "objects": lambda count: json.dumps({"stops": [{"name": "Lyon", "lat": 45.7}] * (count // 31)}),
    "fields": lambda count: json.dumps({f"field {i}": i for i in range(count // 20)}),
    "deep": lambda count: "[" * count,
    "broken": lambda count: "{ not JSON " * (count // 11),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_sent_grows_with_the_text(shape: str) -> None:
    small, large = (SHAPES[shape](count) for count in (20_000, 200_000))
    few, many = (cost(text, 40, SCHEMA) for text in (small, large))
    assert many <= 1.1 * few * len(large) / len(small)
    assert many <= 20 * len(large)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_character_is_looked_at_once(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters that are written to the tree or searched, not seconds, so that a busy machine changes nothing."""
    from agentcell.render import json_page

    seen = 0
    real = json_page.escape.visible

    def counted(value: str) -> str:
        nonlocal seen
        seen += len(value)
        return real(value)

    monkeypatch.setattr(json_page.escape, "visible", counted)
    text = SHAPES[shape](200_000)
    fold = JsonFold("k")
    for start in range(0, len(text), 400):
        fold.append(text[start : start + 400])
    assert seen <= 1.5 * len(text)


def test_long_texts_and_lists_are_laid_out_in_blocks() -> None:
    for case in ("long text", "many items"):
        for element in parse(whole(CASES[case]).live_html()).walk():
            own = sum(len(child) for child in element.children if isinstance(child, str))
            assert own <= 8_000 and len(element.children) <= 101
    shown = words(whole(CASES["long text"]).live_html())
    assert all(text in shown for text in json.loads(CASES["long text"]).values())


def test_text_that_is_replaced_starts_anew() -> None:
    card = ToolCard("t1.0", "c", "send", Text('{"to": "ann'), schema=SCHEMA)
    part = JsonPart(card)
    part.advance(card)
    body = part.body
    grown = ToolCard("t1.0", "c", "send", card.arguments.grown('"}'), schema=SCHEMA)
    assert part.advance(grown) and part.body is body
    same = ToolCard("t1.0", "c", "send", Text('{"to": "ann"}'), "called", schema=dict(SCHEMA))
    part.advance(same)
    assert part.body is body, "the same text is not written again"
    edited = ToolCard("t1.0", "c", "send", Text('{"to": "bob"}'), "called", schema=SCHEMA)
    assert part.advance(edited) == [] and part.body is not body
    assert "bob" in part.body.live_html() and "ann" not in part.body.live_html()


def test_a_static_table_is_what_the_growing_one_ends_with() -> None:
    node = argument_table(CASES["wrong"], SCHEMA, "k")
    assert node == argument_table(CASES["wrong"], SCHEMA, "k")
    assert words(live_html(node)) == words(whole(CASES["wrong"], SCHEMA).live_html()).replace(
        "the schema", "the tool's schema"
    )
    assert words(record_html(node)) == words(live_html(node))
    assert words(live_html(argument_table("{}", None, "k"))) == arguments.NO_ARGUMENTS


def test_a_list_as_output_is_a_table_without_its_wrapper() -> None:
    from pydantic import BaseModel

    class Stop(BaseModel):
        name: str
        lat: float

    assert arguments.WRAPPER_KEY == WRAPPER_KEY
    schema = AgentOutputSchema(list[Stop]).json_schema()
    block = TextBlock("t1.0.a0", "data", "A", Text('{"response": [{"name": "Ly'), schema=schema)
    part = JsonPart(block)
    part.advance(block)
    tree = parse(part.body.live_html())
    assert [e.text() for e in tree.walk() if e.tag == "th"] == ["name", "lat"]
    assert "Ly" in tree.text() and "response" not in tree.text()
