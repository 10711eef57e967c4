"""What the model saw: a quiet line for each model call, which unfolds into everything that the call was given.

    Model call 3 · gpt-x · 1.2 s (0.3 s to first token) · 1,240 in / 88 out · what the model saw
    |-- tokens by part      instructions, tools, conversation, tool results: an estimate, see `parts_tree`
    |-- what has changed    since the model call before: items added and left out, instructions, tools, settings
    `-- full text           in full what is new, in one line each the last of what is not

A conversation grows with each call, and each call is given all of it. Its sections together stay as large as the
conversation itself, not as its square: an item is written in full with the call that had it first, and later calls name
at most `REFERENCES` of the items that they share with the one before, and count the others. Instructions, tools and
settings are written with the first call and with each that changes them.

The line changes while the call goes on and is small. What stands under it is built once for each call (`RequestBody`),
and made into HTML when a page asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar

from ..view.model import ModelRequest, TurnHead, at_provider
from . import escape
from .card import ticking
from .nodes import Child, Growing, Node, el, live_html, record_html
from .words import duration

REFERENCES = 5
"""How many unchanged items a call names."""
WHOLE = 4_000
"""Characters of a text that are shown at once; of a longer one the head and the tail."""
HEAD, TAIL = 2_400, 800
UNFOLDED = 64_000
"""Characters up to which the rest can be unfolded; of a longer text the middle is left out."""
BAR = 24
"""Characters of the longest bar."""
BRIEF = 80
"""Characters of an item that is not new."""

PARTS = ("Instructions", "Tools and schemas", "Conversation", "Tool results")
"""The parts of what a model call is given."""
_CHARACTERS_A_TOKEN = 4
_RESULTS = ("function_call_output", "computer_call_output", "local_shell_call_output", "custom_tool_call_output")


@dataclass(frozen=True)
class Earlier:
    """An item that calls before had as well, in a line."""

    role: str
    """Whose it is."""
    text: str
    """Its first words."""
    since: int
    """The call that had it first."""


@dataclass
class RequestLog:
    """What the calls of a run were given so far, counted: each item is looked at once."""

    bodies: dict[str, RequestBody] = field(default_factory=dict)
    """The full text of each call, by the id of its block."""
    since: list[int] = field(default_factory=list)
    """For each item of the last call's input the call that had it first."""
    sums: list[tuple[int, int]] = field(default_factory=list)
    """For each item the characters of the conversation and of results up to and with it."""
    names: dict[str, str] = field(default_factory=dict)
    """The tool of each call of a tool, by its id."""
    instructions_since: int = 0
    """The call that had the instructions first."""
    tools_since: int = 0
    """The call that had the tools first."""
    settings_since: int = 0
    """The call that had the settings first."""
    fixed: tuple[Any, int] = ((), 0)
    """The tools of the last call, and their characters."""

    def body(self, head: TurnHead) -> RequestBody | None:
        """The full text of a call; built the first time."""
        request = head.request
        if request is None:
            return None
        known = self.bodies.get(head.id)
        if known is None or known.request is not request:
            known = self.bodies[head.id] = self._built(head.number, request)
        return known

    def _built(self, number: int, request: ModelRequest) -> RequestBody:
        before = request.before
        kept = min(request.kept, len(self.since))
        del self.since[kept:], self.sums[kept:]
        talk, results = self.sums[-1] if self.sums else (0, 0)
        for index in range(kept, len(request.items)):
            item = request.items[index]
            if isinstance(item.get("call_id"), str) and isinstance(item.get("name"), str):
                self.names[item["call_id"]] = item["name"]
            size = _characters(item)
            is_result = item.get("type") in _RESULTS
            talk, results = talk + (0 if is_result else size), results + (size if is_result else 0)
            self.since.append(number)
            self.sums.append((talk, results))
        if before is None or before.instructions != request.instructions:
            self.instructions_since = number
        if before is None or before.tools != request.tools:
            self.tools_since = number
        if before is None or before.settings != request.settings:
            self.settings_since = number
        if self.fixed[0] is not request.tools:
            self.fixed = (request.tools, sum(_characters(tool) for tool in request.tools))
        schema = request.settings.get("output_schema")
        sizes = (
            len(request.instructions or ""),
            self.fixed[1] + (_characters(schema) if schema else 0),
            talk,
            results,
        )
        earlier = [
            Earlier(_role(request.items[index]), _first_words(request.items[index], self.names), self.since[index])
            for index in range(max(0, kept - REFERENCES), kept)
        ]
        since = (self.instructions_since, self.tools_since, self.settings_since)
        return RequestBody(number, request, kept, sizes, earlier, since, self.names)


class RequestBody:
    """What one model call was given, in full; equal only to itself."""

    def __init__(
        self,
        number: int,
        request: ModelRequest,
        kept: int,
        sizes: tuple[int, ...],
        earlier: Sequence[Earlier],
        since: tuple[int, int, int],
        names: Mapping[str, str],
    ) -> None:
        self.request: ModelRequest = request
        """What it was given."""
        self.sizes: tuple[int, ...] = sizes
        """The characters of each of `PARTS`."""
        self._number, self._kept, self._earlier, self._since = number, kept, earlier, since
        self._names = names

    def live_html(self) -> str:
        """All of it in the live skin."""
        return "".join(live_html(node) for node in self.nodes())

    def record_html(self) -> str:
        """All of it in the record skin."""
        return "".join(record_html(node) for node in self.nodes())

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other

    def nodes(self) -> Iterable[Node]:
        """What has changed, then everything that is new."""
        yield self._changes()
        yield from self._instructions()
        yield from self._tools()
        yield from self._settings()
        yield el("div", "label", "Input")
        count = self._kept - len(self._earlier)
        if count:
            yield el("div", "since", f"{_items(count)} as in model call {self._number - 1}")
        for line in self._earlier:
            said = f"{line.text} \u2014 since model call {line.since}"
            yield el("div", "since", el("span", "role", escape.visible(line.role)), " ", said)
        for index in range(self._kept, len(self.request.items)):
            yield _item_tree(self.request.items[index], self._names)
        if not len(self.request.items):
            yield el("div", "since", "no items")

    def _changes(self) -> Node:
        request, before = self.request, self.request.before
        new = len(request.items) - self._kept
        facts: list[Child] = []
        if at_provider(request.settings):
            name = request.settings.get("conversation_id") or request.settings.get("previous_response_id")
            facts.append(
                f"The provider keeps the earlier items ({escape.visible(str(name))}); only what is new is sent: "
                f"{_items(new)}."
            )
        elif before is None:
            facts.append(f"The first model call of this run: {_items(new)}.")
        else:
            facts.append(f"Since the model call before: {_items(self._kept)} kept, {_items(new)} new.")
            facts += _left_out(before, self._kept, self._names)
        if before is not None:
            if before.instructions != request.instructions:
                facts.append("The instructions have changed.")
            facts += _tool_changes(before.tools, request.tools)
            facts += _setting_changes(before.settings, request.settings)
        return el("ul", "changes", *(el("li", "", fact) for fact in facts))

    def _instructions(self) -> Iterable[Node]:
        yield el("div", "label", "Instructions")
        text = self.request.instructions
        if not text:
            yield el("div", "since", "none")
        elif self._since[0] != self._number:
            yield el("div", "since", f"{_cut(text)} \u2014 as in model call {self._since[0]}")
        else:
            yield text_tree(text)

    def _tools(self) -> Iterable[Node]:
        tools = self.request.tools
        if not tools:
            return
        yield el("div", "label", "Tools")
        if self._since[1] != self._number:
            names = ", ".join(str(tool.get("name")) for tool in islice(tools, 20))
            more = f" and {len(tools) - 20} more" if len(tools) > 20 else ""
            yield el("div", "since", f"{escape.visible(names)}{more} \u2014 as in model call {self._since[1]}")
            return
        for tool in tools:
            name = el("code", "name", escape.visible(str(tool.get("name"))))
            about = f" {_cut(str(tool.get('description') or ''))}"
            kind = [el("span", "role", "handoff"), " "] if tool.get("handoff") else []
            whole = [text_tree(str(tool["description"]))] if len(about) > BRIEF else []
            yield el("details", "tool", el("summary", "since", *kind, name, about), *whole, _json(tool["parameters"]))

    def _settings(self) -> Iterable[Node]:
        settings = self.request.settings
        if not settings:
            return
        yield el("div", "label", "Settings")
        if self._since[2] != self._number:
            yield el("div", "since", f"{escape.visible(', '.join(settings))} \u2014 as in model call {self._since[2]}")
        else:
            yield _json(settings)


def turn_tree(head: TurnHead, growing: Growing) -> Node:
    """The line of a model call, and under it what the model saw."""
    node = el("div", "turn", key=head.id)
    if head.new_agent:
        node.children.append(el("span", "agent", head.agent))
    asked = growing.request if isinstance(growing.request, RequestBody) else None
    line = el("summary" if asked else "div", "call", key=f"{head.id}.l")
    line.children = [f"Model call {head.number}{_sep(head.model)}", *_times(head, growing.began)]
    if head.input_tokens or head.output_tokens:
        said = f" \u00b7 {head.input_tokens:,} in / {head.output_tokens:,} out"
        line.children.append(el("span", "", said, key=f"{head.id}.u"))
    if asked is None:
        node.children.append(el("div", "request", line, key=f"{head.id}.c"))
        return node
    line.children.append(el("span", "more", " \u00b7 what the model saw", key=f"{head.id}.w"))
    parts = parts_tree(f"{head.id}.p", asked, head.input_tokens)
    inside = el("div", "saw", asked)
    node.children.append(el("details", "request", line, parts, inside, key=f"{head.id}.c"))
    return node


def _times(head: TurnHead, began: float) -> list[Child]:
    over = head.ended is not None
    now = head.started if head.ended is None else head.ended
    clock = ticking(el("span", "", key=f"{head.id}.t"), began + head.started, began + now, ended=over, lead=_DOT)
    if head.first_token is None or not over:
        return [clock]
    first = f" ({duration(head.first_token - head.started)} to first token)"
    return [clock, el("span", "", first, key=f"{head.id}.f")]


_DOT = " \u00b7 "


def _sep(text: str) -> str:
    return f"{_DOT}{text}" if text else ""


def parts_tree(key: str, body: RequestBody, tokens: int) -> Node:
    """Tokens by part.

    Providers report only how many tokens a call was given in all. The parts are an estimate: that number divided as the
    characters are. Where the provider keeps earlier items, which nobody here can count, four characters are taken for a
    token, and what is left of the number is theirs.
    """
    sizes = [(name, size) for name, size in zip(PARTS, body.sizes, strict=True) if size]
    total = sum(size for _, size in sizes)
    elsewhere = at_provider(body.request.settings)
    counts = [
        min(size / _CHARACTERS_A_TOKEN, tokens) if elsewhere else tokens * size / total if total else 0.0
        for _, size in sizes
    ]
    rows: list[tuple[str, float, int | None]] = [
        (name, count, size) for (name, size), count in zip(sizes, counts, strict=True)
    ]
    if elsewhere and tokens:
        rows.append(("Kept by the provider", max(0.0, tokens - sum(counts)), None))
    whole = sum(count for _, count, _ in rows) or 1.0
    lines = [
        _row(name, count, size, count / whole if tokens else (size or 0) / (total or 1), tokens)
        for name, count, size in rows
    ]
    how = "four characters taken for a token" if elsewhere else "the reported number, divided as the characters are"
    about = (
        f"{tokens:,} tokens in all, as reported; the parts (\u2248) are an estimate: {how}."
        if tokens
        else "No tokens are reported so far, so only characters are counted."
    )
    return el("div", "parts", el("table", "", el("tbody", "", *lines)), el("div", "since", about), key=key)


def _row(name: str, count: float, size: int | None, share: float, tokens: int) -> Node:
    bar = el("td", "gauge", "\u2588" * max(1, round(share * BAR)))
    bar.attributes["aria-hidden"] = "true"
    estimate = f"\u2248 {round(count):,} tokens" if tokens else ""
    characters = "" if size is None else f"{size:,} characters"
    return el("tr", "", el("th", "part-name", name), bar, el("td", "number", estimate), el("td", "number", characters))


def text_tree(text: str) -> Node:
    """A text as it is; of a long one the head and the tail, and what is between them folded or left out."""
    shown = escape.visible(text)
    if len(shown) <= WHOLE:
        return el("pre", "code", shown)
    middle = shown[HEAD:-TAIL]
    if len(shown) <= UNFOLDED:
        said = f"\u2026 {len(middle):,} more characters: show all"
        between = el("details", "tool", el("summary", "since", said), el("pre", "code", middle))
    else:
        between = el("div", "since", f"\u2026 {len(middle):,} characters are left out here")
    return el("div", "", el("pre", "code", shown[:HEAD]), between, el("pre", "code", shown[-TAIL:]))


def _json(value: Any) -> Node:
    return text_tree(_written(value))


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _item_tree(item: Mapping[str, Any], names: Mapping[str, str]) -> Node:
    """A new item: whose it is, and all of it."""
    badge = el("span", "role", escape.visible(_role(item)))
    return el("div", "said-item", badge, text_tree(_item_text(item, names)))


def _role(item: Mapping[str, Any]) -> str:
    match item.get("type"):
        case "function_call":
            return "call"
        case "function_call_output":
            return "result"
        case None | "message":
            return str(item.get("role") or "item")
        case kind:
            return str(kind).replace("_", " ")


def _item_text(item: Mapping[str, Any], names: Mapping[str, str]) -> str:
    match item.get("type"):
        case "function_call":
            return f"{item.get('name')}({item.get('arguments') or ''})"
        case "function_call_output":
            name = names.get(str(item.get("call_id")))
            return (f"{name} \u2192 " if name else "") + _content_text(item.get("output"))
        case "reasoning":
            told = _content_text(item.get("summary") or item.get("content") or [])
            hidden = item.get("encrypted_content")
            return "\n".join(part for part in (told, str(hidden) if hidden else "") if part) or "[no summary]"
        case _ if "content" in item and item.get("role") is not None:
            return _content_text(item["content"])
    return _written({key: value for key, value in item.items() if key not in ("type", "id", "status")})


def _content_text(content: Any) -> str:
    """The text of an item's content, its parts one below the other."""
    if not isinstance(content, list):
        return _written(content)
    return "\n".join(_part_text(part) for part in content)


def _part_text(part: Any) -> str:
    if not isinstance(part, dict):
        return _written(part)
    for name in ("text", "refusal", "transcript", "image_url", "file_data"):
        if isinstance(found := part.get(name), str):
            label = f"{part['filename']}: " if isinstance(part.get("filename"), str) else ""
            return label + found
    return _written(part)


def _characters(value: Any) -> int:
    """Characters of what is written in data: its names and its texts."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(str(key)) + _characters(inner) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return sum(_characters(inner) for inner in value)
    return 0 if value is None else len(str(value))


def _first_words(item: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return _cut(_item_text(item, names))


def _cut(text: str) -> str:
    line = escape.visible(" ".join(text[: 4 * BRIEF].split()))
    return line if len(line) <= BRIEF and len(text) <= 4 * BRIEF else line[: BRIEF - 1] + "\u2026"


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _left_out(before: ModelRequest, kept: int, names: Mapping[str, str]) -> list[str]:
    """The items of the call before that are gone, or stand somewhere else now."""
    gone = [before.items[index] for index in range(kept, min(len(before.items), kept + REFERENCES))]
    told = [f"No longer at their place: {escape.visible(_role(item))}: {_first_words(item, names)}" for item in gone]
    more = len(before.items) - kept - len(gone)
    return [*told, f"\u2026 and {_items(more)} more"] if more > 0 else told


def _tool_changes(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    if before is after or before == after:
        return []
    was, now = ({str(tool.get("name")): tool for tool in tools} for tools in (before, after))
    kinds = {
        "New tools": [name for name in now if name not in was],
        "Tools that are gone": [name for name in was if name not in now],
        "Changed tools": [name for name in now if name in was and was[name] != now[name]],
    }
    told = [f"{what}: {escape.visible(', '.join(names))}." for what, names in kinds.items() if names]
    return told or ["The tools stand in another order."]


def _setting_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [
        f"{escape.visible(name)}: {_setting(before.get(name))} \u2192 {_setting(after.get(name))}"
        for name in names
        if name != "previous_response_id"
    ]


def _setting(value: Any) -> str:
    return "not set" if value is None else _cut(_written(value))
