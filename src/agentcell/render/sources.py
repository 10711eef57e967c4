"""The sources that an answer cites, as a numbered list under it.

Titles and addresses are hostile like all that a model writes: what is invisible is shown, an address is a link only
when `escape.link` lets it pass, and beside every title stands where it leads.
"""

from __future__ import annotations

from ..view.model import Source, TextBlock
from . import escape
from .nodes import Node, el


def sources_tree(block: TextBlock) -> list[Node]:
    """The list, when the text cites anything."""
    if not block.sources:
        return []
    items = [_item(source, f"{block.id}.src{number}") for number, source in enumerate(block.sources, 1)]
    listed = el("ol", "sources", *items, key=f"{block.id}.srcs")
    node = el("div", "cited", el("div", "label", "Sources"), listed, key=f"{block.id}.cited")
    if block.more_sources:
        node.children.append(el("div", "label", _more(block), key=f"{block.id}.more"))
    return [node]


def source_lines(block: TextBlock) -> list[str]:
    """The list in plain text, one source a line; what is invisible is shown."""
    lines = [f"[{number}] {' - '.join(_words(source))}" for number, source in enumerate(block.sources, 1)]
    return [*lines, _more(block)] if block.more_sources else lines


def _item(source: Source, key: str) -> Node:
    title, address = _title(source), escape.visible(source.address)
    target = escape.link(source.address) if source.kind == "url" and not source.cut else None
    shown = el("span", "source", title)
    if target is not None:
        shown = el("a", "source", title, mods=("link",))
        shown.attributes = {"href": target, "rel": "noopener noreferrer", "target": "_blank"}
    host = escape.host(source.address) if source.kind == "url" else "file"
    where = [el("small", "host", f" ({escape.visible(host)})")] if host else []
    return el("li", "cite", shown, *where, *([el("div", "address", address)] if address != title else []), key=key)


def _title(source: Source) -> str:
    return escape.visible(source.title or source.address)


def _words(source: Source) -> list[str]:
    title, address = _title(source), escape.visible(source.address)
    return [part for part in (title, address if address != title else "") if part]


def _more(block: TextBlock) -> str:
    return f"and {block.more_sources:,} more"
