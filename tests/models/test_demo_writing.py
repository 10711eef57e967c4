"""What the demo model says: answers from tool outputs, its own texts, and structured answers."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, HttpUrl, TypeAdapter

from agentcell.agent_output import AgentOutputSchema
from agentcell.models.demo_rules.matching import HandoffSpec, ToolSpec
from agentcell.models.demo_rules.planning import PastCall, Plan, Turn, plan
from agentcell.models.demo_rules.stock import piece_for
from agentcell.models.demo_rules.writing import answer, example, fenced, inline, structured
from agentcell.tool import function_tool

TODAY = date(2026, 1, 1)
ERROR = "An error occurred while running the tool. Please try again. Error: no such city"


def past(name: str, value: Any, **arguments: Any) -> PastCall:
    return PastCall(name, arguments, value if isinstance(value, str) else json.dumps(value), value)


def said(*calls: PastCall, request: str = "go", instructions: str = "") -> str:
    return answer(Turn(request, instructions, calls=calls, rounds=1))


def test_every_answer_says_that_rules_wrote_it() -> None:
    for text in (said(), said(past("f", "x")), answer(Turn("Hello")), answer(Turn("tell me a joke"))):
        last = text.strip().splitlines()[-1]
        assert last.startswith("*Composed by rules") and last.endswith("not an LLM).*")


def test_one_sentence_is_quoted_as_it_is() -> None:
    text = said(past("get_weather", "It is sunny in Paris today.", city="Paris"))
    assert text.splitlines()[0] == "It is sunny in Paris today."
    assert "from the output of `get_weather`" in text


def test_one_value_names_its_tool_and_arguments() -> None:
    assert said(past("price", 12.5, ticker="ACME")).startswith("`price` for ACME returned **12.5**.")


def test_several_values_become_bullets() -> None:
    text = said(past("get_weather", "sunny", city="Paris"), past("get_weather", "rain", city="Lima"))
    assert "## Weather" in text
    assert "- **Paris**: sunny\n- **Lima**: rain" in text


def test_alike_objects_become_one_table() -> None:
    calls = [past("get_weather", {"city": c, "temp": t}, city=c) for c, t in (("Paris", 20), ("Lima", 18))]
    assert "| city | temp |\n| --- | --- |\n| Paris | 20 |\n| Lima | 18 |" in said(*calls)


def test_a_list_of_objects_becomes_a_table_with_escaped_pipes() -> None:
    text = said(past("rows", [{"a": "x|y", "b": 1}, {"a": "z", "c": None}]))
    assert "| a | b | c |" in text
    assert "x\\|y" in text
    assert "| z |  | null |" in text


def test_different_tools_get_their_own_headings() -> None:
    text = said(past("get_weather", "sunny", city="Paris"), past("get_stock_price", 7, ticker="ACME"))
    assert text.index("## Results") < text.index("### Weather") < text.index("### Stock price")


def test_a_failure_is_told_as_one() -> None:
    text = said(past("get_weather", "sunny", city="Paris"), past("get_weather", ERROR, city="Atlantis"))
    assert "- **Paris**: sunny" in text
    assert re.search(r"Atlantis.*\*\*failed\*\*.*no such city", text)


def test_output_is_data_not_markdown() -> None:
    assert "`**bold** <script>`" in said(past("f", "**bold** <script>"))
    assert inline("a `b` c") == "`` a `b` c ``"
    assert fenced("x\n```\ny").startswith("````text\n")
    assert inline("plain words") == "plain words"


def test_long_output_is_cut_with_a_note() -> None:
    text = said(past("f", "x\n" * 5000))
    assert len(text) < 3000
    assert "7999 more characters" in text


def test_joke_count_comes_from_the_tool() -> None:
    rule = "First call the `how_many_jokes` tool, then tell that many jokes."
    text = said(past("how_many_jokes", 4), request="Hello", instructions=rule)
    assert "4. " in text and "5. " not in text


@pytest.mark.parametrize(
    ("request_text", "pattern"),
    [
        ("Please tell me 5 jokes.", r"(?s)1\. .*5\. (?!.*6\. )"),
        ("tell me a joke", r"\?\n\n"),
        ("Write a short poem about coding.", r"## A Cell at Midnight"),
        ("Write a haiku about recursion in programming.", r"A call inside calls,  \n"),
        ("Tell me a story", r"## The Lighthouse"),
        ("Give me 3 facts", r"(?s)1\. .*3\. (?!.*4\. )"),
        ("List 4 fruits", r"1\. apple\n2\. pear\n3\. cherry\n4\. mango\n"),
        ("name the planets", r"1\. Mercury"),
        ("What is 12 * 3?", r"12 \* 3.* = \*\*36\*\*"),
        ("Hello", r"no tools yet"),
        ("Who are you?", r"rules, not an LLM"),
        ("Explain quantum gravity", r"quantum, gravity"),
        ("Thanks!", r"You are welcome"),
    ],
)
def test_answers_without_tools(request_text: str, pattern: str) -> None:
    assert re.search(pattern, answer(Turn(request_text))), answer(Turn(request_text))


def test_answers_vary_with_the_prompt_and_are_long_enough_to_watch() -> None:
    texts = {answer(Turn(p)) for p in ("Explain tides", "Why is the sky blue?", "Plan my week")}
    assert len(texts) == 3
    assert all(len(text.split()) > 60 and "OPENAI_API_KEY" in text for text in texts)


def test_more_than_the_stock_holds_is_said() -> None:
    piece = piece_for("tell me 50 jokes")
    assert piece is not None and "You asked for 50" in piece.text


def test_what_was_told_earlier_is_remembered() -> None:
    assert "**Ada**" in answer(Turn("What is my name?", earlier=["Hi, my name is Ada."]))
    assert "**teal**" in answer(Turn("what's my favourite colour?", earlier=["ok", "My favourite colour is teal."]))


def test_missing_values_become_a_question() -> None:
    text = answer(Turn("What's the weather?"), plan=Plan(missing=[("get_weather", ["city"])]))
    assert "`get_weather`" in text and "`city: ...`" in text


def test_a_greeting_lists_tools_and_handoffs_with_prompts_that_work() -> None:
    def get_weather(city: str, unit: Literal["c", "f"]) -> str:
        """Get the weather."""
        return ""

    tool = function_tool(get_weather)
    spec = ToolSpec(tool.name, tool.description, tool.params_json_schema)
    text = answer(Turn("Hello"), [spec], [HandoffSpec("transfer_to_billing", "Billing")])
    assert "`get_weather`: Get the weather. Try" in text and "**Billing**" in text
    call = plan(Turn(example(spec)), [spec]).calls[0]
    assert (call.name, call.arguments) == ("get_weather", {"city": "Paris", "unit": "c"})


class Event(BaseModel):
    name: str
    date: str
    participants: list[str]


class Weather(BaseModel):
    city: str
    temperature: float
    note: str | None = None


class Check(BaseModel):
    is_homework: bool
    reasoning: str


class Joke(BaseModel):
    setup: str
    punchline: str


class Review(BaseModel):
    sentiment: Literal["positive", "negative", "neutral"]
    rating: int = Field(ge=1, le=5)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Node(BaseModel):
    label: str
    children: list[Node] = []


class Everything(BaseModel):
    when: date
    at: datetime
    mail: Annotated[str, Field(pattern=r"^\S+@\S+$", json_schema_extra={"format": "email"})]
    link: HttpUrl
    colour: Colour
    share: float = Field(ge=0, le=1)
    even: int = Field(ge=10, le=20, multiple_of=4)
    code: Annotated[str, Field(min_length=3, max_length=6)]
    tags: Annotated[list[str], Field(min_length=2, max_length=3)]
    numbers: list[int]
    inner: Weather
    maybe: Weather | None
    either: int | str
    tree: Node
    extra: dict[str, str]
    flag: bool


def filled(kind: Any, request: str, *calls: PastCall) -> Any:
    schema = AgentOutputSchema(kind, strict_json_schema=False)
    text = structured(Turn(request, calls=calls), schema.json_schema(), today=TODAY)
    return schema.validate_json(text)


def test_structured_answers_from_the_prompt() -> None:
    event = filled(Event, "Alice and Bob are going to a science fair on Friday.")
    assert event == Event(name="science fair", date="Friday", participants=["Alice", "Bob"])
    assert filled(Check, "Can you help me with my math homework?").is_homework is True
    assert filled(Check, "What's the capital of France?").is_homework is False
    assert filled(Review, "I love this phone, 4 stars").model_dump() == {"sentiment": "positive", "rating": 4}
    assert filled(Review, "Terrible. 9 out of 10 broke").rating == 5
    assert filled(list[int], "add 3, 4 and 5") == [3, 4, 5]
    assert filled(list[str], "Give me 3 fruits") == ["apple", "pear", "cherry"]


def test_structured_answers_prefer_what_tools_returned() -> None:
    output = {"city": "Oslo", "temperature": 3.5}
    assert filled(Weather, "weather in Oslo, 20 degrees", past("get_weather", output)) == Weather(**output)


def test_structured_texts_about_the_whole_are_honest() -> None:
    assert filled(Check, "Help me with homework").reasoning.startswith("Filled by rules, not by an LLM")


def test_structured_jokes_come_from_the_stock() -> None:
    joke = filled(Joke, "Tell me a joke")
    assert joke.setup.endswith("?") and joke.punchline


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("request_text", ["", "On 2025-03-04 mail a@b.org about 'x', 12 red 50%", "{}" * 50, "🚀" * 9])
def test_every_kind_of_field_is_filled_validly(request_text: str, strict: bool) -> None:
    schema = AgentOutputSchema(Node if strict else Everything, strict_json_schema=False).json_schema()
    text = structured(Turn(request_text), schema, today=TODAY)
    TypeAdapter(Node if strict else Everything).validate_json(text)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_prompt_gives_a_valid_object_and_an_answer(request_text: str) -> None:
    Everything.model_validate_json(structured(Turn(request_text), Everything.model_json_schema(), today=TODAY))
    assert "Composed by rules" in answer(Turn(request_text))


@pytest.mark.parametrize(
    "schema",
    [{}, {"type": "object"}, {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}],
)
def test_odd_schemas_give_json(schema: dict[str, Any]) -> None:
    json.loads(structured(Turn("hello"), schema))
