"""Docstrings in all styles, well-formed and not, and all kinds of parameters: read as the reference reads them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import agents
import agents.function_schema
import pytest
from case_names import said
from pydantic import BaseModel, Field

import agentcell
import agentcell.function_schema

DOCSTRINGS = {
    "nothing": "",
    "blank": "   \n  ",
    "one line": "Tell the weather.",
    "two paragraphs": "Tell the weather.\n\nIt may rain,\nor not.",
    "indented code": "Tell the weather.\n\n    city = 1\n\nDone.",
    "google": "Tell.\n\nArgs:\n    city: The city.\n    days: How many.\n",
    "google with types": "Tell.\n\nArgs:\n    city (str): The city.\n    days (int, optional): How many.\n",
    "google on lines": "Tell.\n\nArgs:\n    city: The city,\n        on two lines.\n\n        More.\n    days: Days.",
    "google arguments": "Tell.\n\nArguments:\n    city: The city.",
    "google parameters": "Tell.\n\nParameters:\n    city: The city.",
    "google only args": "Args:\n    city: The city.",
    "google bad indent": "Tell.\n\nArgs:\n  city: The city.\n  days: How many.",
    "google no blank line": "Tell.\nArgs:\n    city: The city.",
    "google no colon": "Tell.\n\nArgs:\n    city The city.\n    days: How many.",
    "google raises first": "Tell.\n\nRaises:\n    ValueError: Never.\n\nArgs:\n    city: The city.",
    "google returns": "Tell.\n\nReturns:\n    A text.\n",
    "google yields": "Tell.\n\nYields:\n    A text.\n\nArgs:\n    city: The city.",
    "google colons in text": "Tell.\n\nArgs:\n    city: The city: its name.\n    days: See https://x.test/a:b.",
    "google text after": "Tell.\n\nArgs:\n    city: The city.\n\nNot to be used at night.",
    "google keyword args": "Tell.\n\nKeyword Args:\n    city: The city.",
    "google stars": "Tell.\n\nArgs:\n    *city: The city.\n    **days: How many.",
    "google note": "Tell.\n\nNote:\n    Slow.\n\nArgs:\n    city: The city.",
    "google empty args": "Tell.\n\nArgs:\n",
    "google lower case": "Tell.\n\nargs:\n    city: The city.",
    "numpy": "Tell.\n\nParameters\n----------\ncity : str\n    The city.\ndays : int, optional\n    Days.\n",
    "numpy no types": "Tell.\n\nParameters\n----------\ncity\n    The city.\ndays\n    How many.\n",
    "numpy joined": "Tell.\n\nParameters\n----------\ncity, days : str\n    Both.\n",
    "numpy returns": "Tell.\n\nReturns\n-------\nstr\n    A text.\n",
    "numpy only parameters": "Parameters\n----------\ncity : str\n    The city.",
    "numpy on lines": "Tell.\n\nParameters\n----------\ncity : str\n    The city,\n    on two lines.\n\n    More.\n",
    "numpy short rule": "Tell.\n\nParameters\n---\ncity : str\n    The city.\n",
    "numpy raises": "Tell.\n\nRaises\n------\nValueError\n    No.\n\nParameters\n----------\ncity\n    The city.\n",
    "sphinx": "Tell.\n\n:param city: The city.\n:param days: How many.\n:returns: A text.",
    "sphinx with types": "Tell.\n\n:param str city: The city.\n:param days: How many.\n:type days: int\n:rtype: str",
    "sphinx on lines": "Tell.\n\n:param city: The city,\n    on two lines.\n:param days: How many.",
    "sphinx only params": ":param city: The city.",
    "sphinx returns only": "Tell.\n\n:return: A text.",
    "sphinx raises": "Tell.\n\n:raises ValueError: never\n:param city: The city.",
    "sphinx text after": "Tell.\n\n:param city: The city.\n\nMore text.",
    "sphinx in a sentence": "Tell what :param means.",
    "epytext": "Tell.\n\n@param city: The city.",
    "google and sphinx": "Tell.\n\nArgs:\n    city: Google.\n\n:param city: Sphinx.\n:param days: Sphinx.",
    "numpy and google": "Tell.\n\nArgs:\n    days: Google.\n\nParameters\n----------\ncity\n    Numpy.\n",
    "unknown section": "Tell.\n\nExamples:\n    >>> tell('Rome')\n\nTodo:\n    * More.",
    "markdown": "# Tell\n\n- city: the city\n- days: how many\n\n```\nArgs:\n    city: code\n```\n",
    "unicode": "Größe 🎉.\n\nArgs:\n    city: Die Stadt – wo?",
}


def documented(text: str) -> Callable[..., Any]:
    def tell(city: str, days: int = 1) -> str:
        return ""

    tell.__doc__ = text
    return tell


def same(make: Callable[[Any], Any]) -> None:
    """Both libraries give the same, in the same order, or both refuse."""
    found: list[Any] = []
    for lib in (agents, agentcell):
        try:
            found.append(make(lib))
        except Exception as error:
            kinds = (kind.__name__ for kind in type(error).__mro__)
            found.append(next(name for name in kinds if not name.startswith("Argument")))
    theirs, ours = found
    if isinstance(theirs, str) and ours == "UserError":
        return  # agentcell wraps what pydantic raises
    assert ours == theirs
    assert json.dumps(ours, default=str) == json.dumps(theirs, default=str)


@pytest.mark.parametrize("style", [None, "google", "numpy", "sphinx"], ids=said)
@pytest.mark.parametrize("name", DOCSTRINGS)
def test_docstrings(name: str, style: Any) -> None:
    function = documented(DOCSTRINGS[name])

    def read(lib: Any) -> Any:
        docs = lib.function_schema.generate_func_documentation(function, style)
        tool = lib.function_tool(function, docstring_style=style)
        return docs.name, docs.description, docs.param_descriptions, tool.description, tool.params_json_schema

    same(read)


class Address(BaseModel):
    """Where somebody lives."""

    street: str = Field(description="The street.")
    number: int | None = None


@dataclass
class Basket:
    """Things to buy."""

    things: list[str] = field(default_factory=list)
    address: Address | None = None


def positional_only(a: int, /, b: str = "x") -> str:
    return ""


def positional_only_default(a: int = 1, /) -> str:
    return ""


def everything(a: int, /, b: str, *rest: float, c: bool = False, d: Literal["x", "y"]) -> str:
    """Do.

    Args:
        a: First.
        b: Second.
        rest: More.
        c: Third.
        d: Fourth.
    """
    return ""


def several_texts(a: Annotated[int, "One.", "Two."], b: Annotated[str, 5, "After a number."] = "") -> str:
    return ""


def annotated_twice(a: Annotated[Annotated[int, "In."], "Out."]) -> str:
    return ""


def annotated_optional(
    a: Annotated[int | None, "Maybe."] = None, b: Annotated[str, Field(max_length=3)] | None = None
) -> str:
    return ""


def field_and_text(
    a: Annotated[int, Field(ge=1), "A text."], b: Annotated[int, "A text.", Field(description="F.")]
) -> str:
    return ""


def nested_kinds(basket: Basket, address: Address | None = None, more: list[Basket] | None = None) -> str:
    """Shop.

    Args:
        basket: What to buy.
        address: Where to.
    """
    return ""


def literals(a: Literal[1, "two", True, None], b: Literal["x"] = "x") -> str:
    return ""


def factory(a: list[int] = Field(default_factory=list), b: dict[str, int] | None = None) -> str:  # noqa: B008
    return ""


def described_default(a: int = Field(default=1, description="From the field.", title="T", examples=[1])) -> str:
    """Do.

    Args:
        a: From the docstring.
    """
    return ""


def aliased(a: int = Field(1, alias="first")) -> str:
    return ""


def keyword_default_field(*, a: int = Field(2, gt=1), b: Annotated[int, Field(lt=9)] = 3) -> str:
    return ""


def untyped_rest(*rest, **more):  # type: ignore[no-untyped-def]
    return ""


def bytes_and_complex(a: bytes, b: object) -> str:
    return ""


def callable_parameter(a: Callable[[int], int]) -> str:
    return ""


def none_typed(a: None, b: None = None) -> str:
    return ""


def bad_default(a: int = "x") -> str:  # type: ignore[assignment]
    return ""


def not_json_default(a: Any = object) -> str:
    return ""


KINDS: list[Callable[..., Any]] = [
    positional_only, positional_only_default, everything, several_texts, annotated_twice, annotated_optional,
    field_and_text, nested_kinds, literals, factory, described_default, keyword_default_field, untyped_rest,
    bytes_and_complex, callable_parameter, none_typed, bad_default, not_json_default, aliased,
]  # fmt: skip


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "loose"])
@pytest.mark.parametrize("function", KINDS, ids=lambda function: function.__name__)
def test_parameter_kinds(function: Callable[..., Any], strict: bool) -> None:
    def made(lib: Any) -> Any:
        tool = lib.function_tool(function, strict_mode=strict)
        return tool.name, tool.description, tool.params_json_schema

    same(made)


@pytest.mark.parametrize("value", ["", "Other.", None], ids=said)
@pytest.mark.parametrize("option", ["name_override", "description_override"])
def test_overrides(option: str, value: Any) -> None:
    def made(lib: Any) -> Any:
        tool = lib.function_tool(documented("Tell."), **{option: value})
        return tool.name, tool.description, tool.params_json_schema

    same(made)


@pytest.mark.parametrize("function", [everything, positional_only, keyword_default_field, untyped_rest])
def test_call_arguments_of_all_kinds(function: Callable[..., Any]) -> None:
    given = {
        "everything": {"a": 1, "b": "x", "rest": [1.5], "c": True, "d": "y"},
        "positional_only": {"a": 1},
        "keyword_default_field": {},
        "untyped_rest": {"rest": [1, "x"], "more": {"k": [1]}},
    }[function.__name__]

    def called(lib: Any) -> Any:
        schema = lib.function_schema.function_schema(function, strict_json_schema=False)
        return schema.to_call_args(schema.params_pydantic_model(**given))

    same(called)
