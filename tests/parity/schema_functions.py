"""Functions of every shape that a tool can be made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Optional, Union
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    """A place."""

    x: int
    y: int = Field(0, description="How far up.", ge=0)


ORIGIN = Point(x=1, y=0)


class Line(BaseModel):
    start: Point
    end: Point | None = None
    tags: list[str] = []


class Tree(BaseModel):
    name: str
    children: list["Tree"] = []


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int


class Aliased(BaseModel):
    from_: str = Field(alias="from")


@dataclass
class Box:
    """A box."""

    width: float
    label: str = "none"


class Options(TypedDict):
    loud: bool
    times: int


class Partial(TypedDict, total=False):
    loud: bool


class Pair(NamedTuple):
    a: int
    b: str


def nothing() -> str:
    return ""


def plain(a: int, b: str, c: float, d: bool) -> str:
    return ""


def unannotated(a, b=1):  # type: ignore[no-untyped-def]
    return a


def documented(city: str, days: int = 3) -> str:
    """Tell the weather.

    It may rain.

    Args:
        city: The city's name,
            on two lines.
        days (int): How many days.

    Returns:
        A text.

    Raises:
        ValueError: never.
    """
    return ""


def numpy_style(city: str, days: int = 3) -> str:
    """Tell the weather.

    Parameters
    ----------
    city : str
        The city's name.
    days : int
        How many days.

    Returns
    -------
    str
        A text.
    """
    return ""


def sphinx_style(city: str, days: int = 3) -> str:
    """Tell the weather.

    :param city: The city's name.
    :param days: How many days.
    :return: A text.
    """
    return ""


def one_line(city: str) -> str:
    """Tell the weather."""
    return ""


def with_example(city: str) -> str:
    """Tell the weather.

    Example:
        >>> with_example("Rome")

    Args:
        city: The city.

    Note:
        Slow.
    """
    return ""


def half_documented(city: str, days: int) -> str:
    """Tell the weather.

    Args:
        city: The city.
        other: Not a parameter.
    """
    return ""


def optional(a: Optional[int] = None, b: int | None = None, c: str | None = "x") -> str:  # noqa: UP045
    return ""


def optional_required(a: int | None) -> str:
    return ""


def union(a: Union[int, str], b: int | list[str] = 3) -> str:
    return ""


def literal(unit: Literal["c", "f"], level: Literal[1, 2] = 1) -> str:
    return ""


def enum(colour: Colour, other: Colour = Colour.RED) -> str:
    return ""


def lists(a: list[int], b: list[str] = [], c: list[list[float]] | None = None) -> str:  # noqa: B006
    return ""


def tuples(a: tuple[int, str], b: tuple[int, ...]) -> str:
    return ""


def sets(a: set[int], b: frozenset[str]) -> str:
    return ""


def sequence(a: Sequence[int]) -> str:
    return ""


def nested(line: Line, more: list[Point]) -> str:
    """Draw.

    Args:
        line: The line to draw.
    """
    return ""


def recursive(tree: Tree) -> str:
    return ""


def defaulted_model(point: Point = ORIGIN) -> str:
    return ""


def data_class(box: Box) -> str:
    return ""


def typed_dict(options: Options, partial: Partial) -> str:
    return ""


def named_tuple(pair: Pair) -> str:
    return ""


def annotated(city: Annotated[str, "The city."], days: Annotated[int, "How many."] = 1) -> str:
    return ""


def annotated_and_documented(city: Annotated[str, "From the annotation."]) -> str:
    """Weather.

    Args:
        city: From the docstring.
    """
    return ""


def annotated_field(
    days: Annotated[int, Field(ge=1, le=9, description="How many.")], n: Annotated[int, Field(gt=0)] = 2
) -> str:
    return ""


def field_default(days: int = Field(3, ge=1, description="How many."), name: str = Field(..., min_length=2)) -> str:
    return ""


def field_and_documented(days: int = Field(3, ge=1)) -> str:
    """Weather.

    Args:
        days: From the docstring.
    """
    return ""


def field_without_default(days: int = Field(ge=1)) -> str:
    return ""


def variadic(a: int, *rest: int) -> str:
    return ""


def keyword_only(a: int, *, b: str, c: int = 3) -> str:
    return ""


def variadic_then_keyword(*rest: str, last: bool = False) -> str:
    return ""


def other_types(day: date, at: datetime, price: Decimal, key: UUID, path: Path) -> str:
    return ""


def anything(value: Any, more: Any = None) -> str:
    return ""


def future(a: "int", b: "list[Point] | None" = None) -> str:
    return ""


async def asynchronous(a: int) -> str:
    """Wait.

    Args:
        a: A number.
    """
    return ""


def open_mapping(values: dict[str, int], more: dict[str, Any]) -> str:
    return ""


def bare_mapping(values: dict) -> str:  # type: ignore[type-arg]
    return ""


def open_model(value: Open) -> str:
    return ""


def keywords(a: int, **rest: int) -> str:
    return ""


class Callable_:
    """Not a function."""

    def method(self, a: int) -> str:
        """A method.

        Args:
            a: A number.
        """
        return ""


STRICT: list[Callable[..., Any]] = [
    nothing, plain, unannotated, documented, numpy_style, sphinx_style, one_line, with_example, half_documented,
    optional, optional_required, union, literal, enum, lists, tuples, sets, sequence, nested, recursive,
    defaulted_model, data_class, typed_dict, named_tuple, annotated, annotated_and_documented, annotated_field,
    field_default, field_and_documented, field_without_default, variadic, keyword_only, variadic_then_keyword,
    other_types, anything, future, asynchronous, Callable_().method,
]  # fmt: skip
LOOSE: list[Callable[..., Any]] = [open_mapping, bare_mapping, open_model, keywords]
