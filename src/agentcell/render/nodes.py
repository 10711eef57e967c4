"""A small tree of elements, written with one of two skins.

    tree of Node -> live skin     classes, keys and data attributes; run.css and run.js bring it to life
               '-> record skin   inline styles only; no class, key, button or script, for any reader

Both skins write the same text in the same structure. The tree is made of our own tags and classes; everything that
comes from a model, a tool or a user is a `str` in it and passes `render.escape`, or stands in a `Body` whose HTML is
safe already. Elements that have a key can be changed later by their key (`render.live`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Protocol, Union

from . import escape
from .markdown import MarkdownFold
from .record_styles import (
    CODE_IN_PRE,
    FAR,
    LINK,
    MARKDOWN_ATTRIBUTES,
    MARKDOWN_STYLES,
    RECORD_CLASSES,
    STYLES,
    code_palette,
    code_style,
)


class Body(Protocol):
    """A part of a tree that grows by operations of its own; two bodies are equal when they are the same object."""

    def live_html(self) -> str:
        """What it shows now, in the live skin."""
        ...

    def record_html(self) -> str:
        """What it shows now, in the record skin."""
        ...


@dataclass(frozen=True, slots=True)
class Growing:
    """The parts of one block that grow."""

    text: Body | None = None
    """The Markdown of a text."""
    json: Body | None = None
    """What the model writes as JSON: arguments, input of a handoff, structured output."""
    inner: Body | None = None
    """The blocks of the run inside a call."""
    request: Body | None = None
    """What a model call was given."""
    began: float = 0.0
    """When the run of the block began, in seconds since the outermost run's start."""


class MarkdownBody:
    """Rendered Markdown inside a tree: the fold's own HTML, which grows by the fold's operations."""

    __slots__ = ("fold",)

    def __init__(self, fold: MarkdownFold) -> None:
        self.fold: MarkdownFold = fold
        """Where the HTML comes from."""

    def live_html(self) -> str:
        """The fold's own HTML."""
        return self.fold.html

    def record_html(self) -> str:
        """The same with inline styles."""
        return _styled_markdown(self.fold.html)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MarkdownBody) and other.fold is self.fold

    __hash__: ClassVar[None] = None  # type: ignore[assignment]


@dataclass(slots=True)
class Node:
    """One element."""

    tag: str
    """The element's name."""
    kind: str = ""
    """Our class, without the prefix; it decides the look in both skins."""
    children: list[Child] = field(default_factory=list)
    """What is inside."""
    key: str | None = None
    """The name by which the element can be changed."""
    mods: tuple[str, ...] = ()
    """States of the element, as more classes."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Attributes of both skins, such as `title` and `open`."""
    live: dict[str, str] = field(default_factory=dict)
    """Attributes of the live skin alone, such as `data-tick`."""
    drawn: str = ""
    """Geometry of the record skin, as inline style."""
    live_only: bool = False
    """Whether the record leaves the element out."""


Child = Union[Node, Body, str]
"""What can be inside a node."""


def el(tag: str, kind: str = "", *children: Child, key: str | None = None, mods: Iterable[str] = ()) -> Node:
    """A node, written shortly."""
    return Node(tag, kind, list(children), key=key, mods=tuple(mods))


@dataclass(frozen=True)
class Skin:
    """How a tree is written."""

    attributes: Callable[[Node], dict[str, str]]
    """The attributes of an element."""
    body: Callable[[Body], str]
    """The HTML of a body."""
    buttons: bool
    """Whether elements that only live views have are written."""


def live_html(node: Child) -> str:
    """A tree in the live skin."""
    return _write(node, _LIVE)


_folded: ContextVar[Mapping[str, bool]] = ContextVar(
    "what somebody has opened or closed", default=MappingProxyType[str, bool]({})
)
"""What the record that is being written keeps open or closed, by its key: bodies write their own trees."""


def record_html(node: Child, folded: Mapping[str, bool] | None = None) -> str:
    """A tree in the record skin; `folded` is for a whole record, and says what in it is open or closed."""
    if folded is None:
        return _write(node, _RECORD)
    token = _folded.set(folded)
    try:
        return _write(node, _RECORD)
    finally:
        _folded.reset(token)


def _write(node: Child, skin: Skin) -> str:
    if isinstance(node, str):
        return escape.text(node)
    if not isinstance(node, Node):
        return skin.body(node)
    if node.live_only and not skin.buttons:
        return ""
    pairs = skin.attributes(node).items()
    written = "".join(f' {name}="{escape.attribute(value)}"' if value else f" {name}" for name, value in pairs)
    inside = "".join(_write(child, skin) for child in node.children)
    if node.tag in _VOID:
        return f"<{node.tag}{written}>"
    return f"<{node.tag}{written}>{inside}</{node.tag}>"


_VOID = frozenset({"br", "hr", "img", "input"})


def live_class(node: Node) -> str:
    """The class attribute of a node in the live skin."""
    return " ".join(f"ac-{name}" for name in (node.kind, *node.mods) if name)


def _live_attributes(node: Node) -> dict[str, str]:
    found: dict[str, str] = {}
    if node.kind or node.mods:
        found["class"] = live_class(node)
    if node.key:
        found["data-k"] = node.key
    return {**found, **node.attributes, **node.live}


def _record_attributes(node: Node) -> dict[str, str]:
    names = (node.kind, *(f"{node.kind}.{mod}" for mod in node.mods))
    own = node.attributes.get("style", "")
    style = ";".join(s for s in (*(STYLES.get(name) for name in names), node.drawn, own) if s)
    given = {"class": RECORD_CLASSES.get(node.kind), "style": style}
    found = {**node.attributes, **{name: value for name, value in given.items() if value}}
    is_open = None if node.key is None else _folded.get().get(node.key)
    if is_open is None or node.tag != "details":
        return found
    return {**{name: value for name, value in found.items() if name != "open"}, **({"open": ""} if is_open else {})}


def _styled_markdown(html: str) -> str:
    """Markdown's HTML with inline styles in the place of classes; in it every `<` begins a tag of our own."""
    chunk = "<div>"
    if len(html) > LONG_ANSWER:
        chunk, html = f'<div style="{FAR}">', _COLOURED.sub(r"\1", html)
    plain = html.replace(_CHUNK, chunk).replace("<pre><code", f'<pre><code style="{CODE_IN_PRE}"')
    plain = plain.replace("<a href", f'<a style="{LINK}" href')
    styled = _MARKDOWN_TAG.sub(lambda tag: _MARKDOWN_OPENINGS[tag[1]], plain)
    return _CODE_BLOCK.sub(_styled_code, styled) if _CODE in styled else styled


def _styled_code(block: re.Match[str]) -> str:
    """A code block with the colours of its code."""
    kinds = set(_CODE_SPAN.findall(block[2]))
    if not kinds:
        return block[0]
    inside = _CODE_SPAN.sub(lambda span: f'<span style="{code_style(span[1])}">', block[2])
    return f"{block[1]};{code_palette(kinds)}{inside}"


_CHUNK = '<div class="ac-chunk">'
LONG_ANSWER = 40_000
"""Characters of an answer beyond which it costs less: what is out of sight is not laid out, and code has no colours."""
_MARKDOWN_OPENINGS = {
    tag: " ".join(filter(None, (f"<{tag}", MARKDOWN_ATTRIBUTES.get(tag), f'style="{style}">')))
    for tag, style in MARKDOWN_STYLES.items()
}
_CODE = '<span class="ac-hl-'
_COLOURED = re.compile(r'<span class="ac-hl-[a-z]">([^<]*)</span>')
_CODE_SPAN = re.compile(r'<span class="ac-hl-([a-z])">')
_CODE_BLOCK = re.compile(r'(<pre style="[^"]*)(".*?</pre>)', re.DOTALL)
_MARKDOWN_TAG = re.compile(rf"<({'|'.join(MARKDOWN_STYLES)})>")
_LIVE = Skin(_live_attributes, body=lambda body: body.live_html(), buttons=True)
_RECORD = Skin(_record_attributes, body=lambda body: body.record_html(), buttons=False)
