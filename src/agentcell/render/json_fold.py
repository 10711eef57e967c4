"""JSON as rows that fill while it is written.

    object            a table with a row for each field: its name, its value, whether the value fits the schema
    list of objects   a table with a row for each of them: the columns are the schema's fields, or those of the first
    other list        its items, one after the other
    string            the text, growing; what is deeper than eight levels, and what cannot be read, is text too

`JsonFold` is told by the scanner (`json_scan`) what comes, adds to its tree, and never changes what is settled; each
value is checked when it is complete (`argument_checks`). Nothing is left out: what does not fit in is shown below.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from . import escape
from .argument_checks import MOST_COLUMNS, Check, Verdict, check_of
from .folds import Operation
from .json_page import GrowingText, Growth, joined
from .json_scan import JsonScanner
from .nodes import Child, Node, el, live_html, record_html

DEPTH = 8
"""How deep values are shown as rows."""
ROWS_TOGETHER = 50
"""Rows of a table that are laid out together."""
ITEMS_TOGETHER = 100
"""Items of a list that are laid out together."""

Kind = Literal["text", "number", "truth", "null", "source", "list", "nest"]
_UNKNOWN: Any = object()
"""In the place of a value that cannot be told."""


@dataclass(slots=True, eq=False)
class _Place:
    """Where a value stands."""

    holder: Node
    """Its element; problems are told in it."""
    check: Check | None = None
    """What the schema says of it."""
    row: Node | None = None
    """The row that gets a mark when the value is complete."""
    notes: tuple[str, ...] = ()
    """Problems of its name, told when the value is complete."""


@dataclass(slots=True, eq=False)
class _Level:
    """An object or list that is not complete."""

    kind: Literal["fields", "row", "list", "items", "table"]
    """How it is shown; `list` before the first item."""
    place: _Place
    """Where it stands."""
    check: Check | None = None
    """What the schema says of its parts."""
    value: dict[str, Any] | list[Any] | None = None
    """What it holds, when it is checked as a whole or stands in what is."""
    name: str = ""
    """The field that comes now."""
    note: str | None = None
    """A problem of that field's name."""
    names: dict[str, None] = field(default_factory=dict)
    """The fields so far."""
    count: int = 0
    """The items so far."""
    into: Node | None = None
    """Where its parts are added."""
    inside: Node | None = None
    """What the blocks of its parts stand in."""
    head: Node | None = None
    """The head of a table."""
    columns: dict[str, int] = field(default_factory=dict)
    """The columns of a table."""
    open: bool = False
    """Whether the first row still adds columns."""
    cells: int = 0
    """The cells of a row so far."""
    later: dict[str, Node] = field(default_factory=dict)
    """The cells of a row that were passed over."""
    extra: Node | None = None
    """What stands below a row."""
    fields: Node | None = None
    """The fields of a row that are no columns."""
    bad: bool = False
    """Whether something in it does not fit."""
    unknown: bool = False
    """Whether something in it was not checked."""
    tainted: bool = False
    """Whether `value` is not what is written."""


class JsonFold:
    """The rows of one JSON text, a `Body`."""

    def __init__(
        self,
        key: str,
        schema: Mapping[str, Any] | None = None,
        *,
        nothing: str = "{}",
        unnamed: str | None = None,
        schema_name: str = "the schema",
    ) -> None:
        """Fold the JSON in the element `key`.

        Args:
            key: the key of the element around the rows.
            schema: the JSON schema, when there is one.
            nothing: what is shown for an empty text or object.
            unnamed: a field of the outermost object whose name is left out.
            schema_name: what the schema is called in problems.
        """
        self._growth = Growth(key)
        self._root = Node("div", key=key)
        self._check = check_of(schema)
        self._levels: list[_Level] = []
        self._place = _Place(self._root)
        self._text: GrowingText | None = None
        self._pieces: list[str] = []
        self._is_raw = False
        self._broken = False
        self._nothing = nothing
        self._unnamed = unnamed
        self._schema_name = schema_name
        self._scanner = JsonScanner(self, depth=DEPTH)
        self._finished = False

    @property
    def complete(self) -> bool:
        """Whether the text is one whole JSON value."""
        return self._scanner.complete

    @property
    def rows(self) -> list[Child]:
        """What is shown now."""
        return self._root.children

    def append(self, text: str) -> None:
        """Take in more text."""
        self._scanner.feed(text)

    def finish(self) -> None:
        """There is no more text."""
        if self._finished:
            return
        self._finished = True
        self._scanner.finish()
        if self._nothing and not self._root.children:
            self._growth.append(self._root, el("span", "none", self._nothing))

    def operations(self) -> list[Operation]:
        """What has changed since the last time, for a page."""
        return self._growth.flush()

    def live_html(self) -> str:
        """The rows in the live skin."""
        return "".join(live_html(child) for child in self._root.children)

    def record_html(self) -> str:
        """The rows in the record skin."""
        return "".join(record_html(child) for child in self._root.children)

    # ------------------------------------------------------------------ what the scanner tells

    def open_object(self) -> None:
        """An object begins."""
        if self._levels and self._levels[-1].kind == "list":
            self._be_table(self._levels[-1])
        outer = self._levels[-1] if self._levels else None
        if outer is not None and outer.kind == "table":
            level = self._row(outer)
        else:
            place = self._begin("nest")
            level = _Level("fields", place, place.check if place.check and place.check.walks("object") else None)
            level.inside = self._growth.node("table", "fields")
            self._growth.append(place.holder, level.inside)
        self._push(level, {})

    def open_list(self) -> None:
        """A list begins; how it is shown is known with the schema or with its first item."""
        outer = self._levels[-1] if self._levels else None
        check = self._check if outer is None else self._check_in(outer)
        level = _Level("list", _Place(self._root, check), check if check and check.walks("array") else None)
        self._push(level, [])
        item = level.check.item() if level.check else None
        if item is not None and item.walks("object") and item.columns():
            self._be_table(level)

    def end(self) -> None:
        """The innermost object or list ends."""
        level = self._levels[-1]
        if level.kind == "list":
            self._be_items(level)
        self._levels.pop()
        if not (level.count or level.names) and level.kind != "row":
            empty = "[]" if level.kind in ("items", "table") else "{}" if self._levels else self._nothing
            if empty:
                self._growth.append(level.place.holder, el("span", "none", empty))
        verdict: Verdict = None
        if level.check is not None:
            verdict = [] if level.kind in ("fields", "row") else level.check.length_problems(level.count)
            if level.kind in ("fields", "row"):
                self._tell_missing(level, level.check)
        elif level.place.check is not None and not level.tainted:
            verdict = level.place.check.problems(level.value)
        self._settle(level.place, verdict, level)
        self._collect(_UNKNOWN if level.tainted else level.value)

    def key(self, name: str, problem: str | None) -> None:
        """The name of the next value."""
        level = self._levels[-1]
        level.name = joined(name)
        level.note = "given twice: the last one counts" if level.name in level.names else problem

    def string(self) -> None:
        """A string begins."""
        self._place = self._begin("text")
        self._start_text(self._place.holder)

    def raw(self) -> None:
        """A value begins that is told as its source text."""
        self._place = self._begin("source")
        self._start_text(self._place.holder)
        self._is_raw = True

    def text(self, piece: str) -> None:
        """More of a text."""
        if self._text is None:
            source = self._growth.node("div", "value", mods=("source",))
            self._growth.append(self._root, source)
            self._text = GrowingText(self._growth, source)
        self._text.add(piece)
        if not self._broken:
            self._pieces.append(piece)

    def text_end(self, problem: str | None) -> None:
        """A text ends."""
        assert self._text is not None
        self._text.close()
        self._text = None
        value: Any = joined("".join(self._pieces))
        self._pieces = []
        if self._is_raw:
            self._is_raw = False
            try:
                value = json.loads(value)
            except json.JSONDecodeError:
                value, problem = _UNKNOWN, "not valid JSON"
            except (ValueError, RecursionError):  # too many digits, or too deep to be checked
                value = _UNKNOWN
        self._end_value(value, problem)

    def literal(self, text: str) -> None:
        """A number, `true`, `false` or `null`."""
        kind: Kind = "truth" if text in ("true", "false") else "null" if text == "null" else "number"
        self._place = self._begin(kind)
        written = GrowingText(self._growth, self._place.holder)
        written.add(text)
        written.close()
        problem = f"{text} is not valid JSON" if text.lstrip("-") in ("NaN", "Infinity") else None
        try:
            value = json.loads(text)
        except ValueError:  # more digits than Python reads
            value = _UNKNOWN
        self._end_value(value, problem)

    def broken(self, why: str) -> None:
        """What comes now cannot be read."""
        if self._text is not None:
            self._text.close()
            self._text = None
        for index, level in enumerate(self._levels):
            if level.kind == "list":
                self._be_items(level, index)
        self._broken = True
        self._growth.append(self._root, el("div", "problem", escape.visible(f"Not valid JSON: {why}")))

    # ------------------------------------------------------------------ where values stand

    def _push(self, level: _Level, value: dict[str, Any] | list[Any]) -> None:
        outer = self._levels[-1] if self._levels else None
        whole = level.place.check is not None and level.check is None
        if whole or (outer is not None and outer.value is not None):
            level.value = value
        self._levels.append(level)

    def _check_in(self, level: _Level) -> Check | None:
        """What the schema says of the next value in an object or list."""
        if level.check is None:
            return None
        return level.check.field(level.name) if level.kind in ("fields", "row") else level.check.item()

    def _begin(self, kind: Kind, level: _Level | None = None) -> _Place:
        """The place of the next value, in the innermost object or list unless another is given."""
        outer = level or (self._levels[-1] if self._levels else None)
        if outer is None:
            if kind == "nest" or kind == "list":
                return _Place(self._root, self._check)
            holder = self._growth.node("div", "value", mods=(kind,))
            self._growth.append(self._root, holder)
            return _Place(holder, self._check)
        if outer.kind == "list":
            self._be_items(outer)
        check = self._check_in(outer)
        match outer.kind:
            case "fields":
                rows = self._next_block(outer, "tbody", "", ROWS_TOGETHER)
                return self._named(outer, rows, kind, check, marked=outer is self._levels[0])
            case "row":
                return self._cell(outer, kind, check)
            case "table":
                holder = self._holder("td", "extra", kind)
                holder.attributes["colspan"] = str(max(1, len(outer.columns)))
                self._growth.append(self._next_block(outer, "tbody", "", ROWS_TOGETHER), el("tr", "row", holder))
                return _Place(holder, check)
        holder = self._holder("li", "item", kind)
        self._growth.append(self._next_block(outer, "ul", "items", ITEMS_TOGETHER), holder)
        return _Place(holder, check)

    def _holder(self, tag: str, name: str, kind: Kind) -> Node:
        """The element of a value; those that are complete at once need no key."""
        if kind in ("number", "truth", "null"):
            return Node(tag, name, mods=(kind,))
        return self._growth.node(tag, name, mods=(kind,))

    def _named(self, level: _Level, into: Node, kind: Kind, check: Check | None, *, marked: bool) -> _Place:
        """A row for a field."""
        holder = self._holder("td", "value", kind)
        unnamed = level.name == self._unnamed and level is self._levels[0]
        marked = marked and not unnamed and self._check is not None
        row = self._growth.node("tr", "field") if marked else Node("tr", "field")
        row.mods = ("nest",) if kind == "nest" else ()
        if unnamed:
            row.mods = ("nest", "unnamed")
        else:
            row.children.append(el("th", "field-name", escape.visible(level.name)))
        row.children.append(holder)
        self._growth.append(into, row)
        notes = [] if level.note is None else [level.note]
        if level.check is not None and level.check.forbids(level.name):
            notes.append(f"{self._schema_name} has no such field")
        level.names[level.name] = None
        return _Place(holder, check, row if marked else None, tuple(notes))

    def _cell(self, level: _Level, kind: Kind, check: Check | None) -> _Place:
        """A cell of a row, or a row of its own below for what is no column."""
        table = self._levels[self._levels.index(level) - 1]
        column = table.columns.get(level.name)
        if column is None and table.open and len(table.columns) < MOST_COLUMNS:
            column = self._add_column(table, level.name)
        if column is None or level.note is not None or level.name in level.names:
            return self._named(level, self._extra_fields(level, table), kind, check, marked=False)
        level.names[level.name] = None
        if level.name in level.later:
            holder = level.later.pop(level.name)
            self._growth.change(holder, (kind,))
            return _Place(holder, check)
        assert level.into is not None
        names = [*table.columns]
        while level.cells < column:
            passed = self._growth.node("td", "cell")
            level.later[names[level.cells]] = passed
            self._growth.append(level.into, passed)
            level.cells += 1
        holder = self._holder("td", "cell", kind)
        self._growth.append(level.into, holder)
        level.cells += 1
        return _Place(holder, check)

    def _extra(self, level: _Level, table: _Level) -> Node:
        """What stands below a row."""
        if level.extra is None:
            assert table.into is not None
            level.extra = self._growth.node("td", "extra", mods=("nest",))
            level.extra.attributes["colspan"] = str(max(1, len(table.columns)))
            self._growth.append(table.into, el("tr", "row", level.extra))
        return level.extra

    def _extra_fields(self, level: _Level, table: _Level) -> Node:
        if level.fields is None:
            level.fields = self._growth.node("tbody")
            self._growth.append(self._extra(level, table), el("table", "fields", level.fields))
        return level.fields

    def _next_block(self, level: _Level, tag: str, kind: str, together: int) -> Node:
        """Where the next item of a list goes: every so many items are laid out together."""
        if level.count % together == 0:
            assert level.inside is not None
            level.into = self._growth.node(tag, kind)
            self._growth.append(level.inside, level.into)
        level.count += 1
        assert level.into is not None
        return level.into

    def _be_items(self, level: _Level, index: int = -1) -> None:
        """Show a list as its items."""
        level.place = self._list_place(level, "list", index)
        level.kind = "items"
        level.inside = self._growth.node("div", "list")
        self._growth.append(level.place.holder, level.inside)

    def _be_table(self, level: _Level) -> None:
        """Show a list as a table."""
        level.place = self._list_place(level, "nest", -1)
        level.kind = "table"
        level.head = self._growth.node("tr")
        level.inside = self._growth.node("table", "rows")
        level.inside.children.append(el("thead", "", level.head))
        self._growth.append(level.place.holder, el("div", "table", level.inside))
        item = level.check.item() if level.check else None
        for name in item.columns() if item else ():
            self._add_column(level, name, narrow=bool(item and item.narrow(name)))
        level.open = not level.columns

    def _list_place(self, level: _Level, kind: Kind, index: int) -> _Place:
        at = self._levels.index(level) if index < 0 else index
        if at:
            return self._begin(kind, self._levels[at - 1])
        return _Place(self._root, self._check)

    def _add_column(self, table: _Level, name: str, *, narrow: bool = False) -> int:
        assert table.head is not None and table.inside is not None
        number = table.columns[name] = len(table.columns)
        self._growth.append(table.head, el("th", "column", escape.visible(name)))
        kept = tuple(mod for mod in table.inside.mods if not mod.startswith("cols-"))
        self._growth.change(table.inside, (*kept, *((f"n{number + 1}",) if narrow else ()), f"cols-{number + 1}"))
        return number

    def _row(self, table: _Level) -> _Level:
        """The row of the next object in a table."""
        if table.count:
            table.open = False
        check = table.check.item() if table.check else None
        row = self._growth.node("tr", "row")
        self._growth.append(self._next_block(table, "tbody", "", ROWS_TOGETHER), row)
        level = _Level("row", _Place(row, check), check if check and check.walks("object") else None)
        level.into = row
        return level

    # ------------------------------------------------------------------ what is said of values

    def _start_text(self, holder: Node) -> None:
        self._text = GrowingText(self._growth, holder)
        self._pieces = []

    def _end_value(self, value: Any, problem: str | None) -> None:
        place = self._place
        if problem is not None:
            place.notes = (*place.notes, problem)
        verdict = None if place.check is None or value is _UNKNOWN else place.check.problems(value)
        self._settle(place, verdict, None)
        self._collect(value)

    def _collect(self, value: Any) -> None:
        """Give a complete value to the object or list that it stands in."""
        outer = self._levels[-1] if self._levels else None
        if outer is None or outer.value is None:
            return
        if value is _UNKNOWN:
            outer.tainted = True
        elif isinstance(outer.value, dict):
            outer.value[outer.name] = value
        else:
            outer.value.append(value)

    def _settle(self, place: _Place, verdict: Verdict, level: _Level | None) -> None:
        """A value is complete: tell its problems, and mark its row."""
        outer = self._levels[-1] if self._levels else None
        problems = [*place.notes, *(verdict or ())]
        holder = place.holder
        if problems and level is not None and level.kind == "row" and outer is not None:
            holder = self._extra(level, outer)
        for problem in problems:
            self._tell(holder, problem)
        wrong = bool(problems) or (level is not None and level.bad)
        unknown = (level is not None and level.unknown) or (verdict is None and place.check is not None)
        if outer is not None:
            outer.bad = outer.bad or wrong
            outer.unknown = outer.unknown or unknown
        if place.row is None or not (wrong or (place.check is not None and not unknown)):
            return
        mark = el("td", "verdict", "\u2717" if wrong else "\u2713", mods=("bad" if wrong else "ok",))
        mark.attributes["title"] = f"does not fit {self._schema_name}" if wrong else f"fits {self._schema_name}"
        self._growth.append(place.row, mark)

    def _tell_missing(self, level: _Level, check: Check) -> None:
        """Name the required fields that are not there, and what the others will be."""
        missing = check.missing(level.names)
        level.bad = level.bad or bool(missing)
        if level.kind == "row":
            if missing:
                told = f"required, but not given: {', '.join(missing)}"
                self._tell(self._extra(level, self._levels[-1]), told)
            return
        absent = [_absent(name, el("td", "value", el("div", "problem", "required, but not given"))) for name in missing]
        if not self._levels:
            defaults = check.defaults(level.names).items()
            absent += [_absent(name, el("td", "value", escape.visible(f"{text} (default)"))) for name, text in defaults]
        for row in absent:
            self._growth.append(self._next_block(level, "tbody", "", ROWS_TOGETHER), row)

    def _tell(self, holder: Node, problem: str) -> None:
        """Tell a problem of a value below it."""
        self._growth.append(holder, el("div", "problem", escape.visible(problem)))


def _absent(name: str, value: Node) -> Node:
    return el("tr", "field", el("th", "field-name", escape.visible(name)), value, mods=("absent",))
