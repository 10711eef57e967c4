"""A page for tests: holds the DOM of a live view and applies the operations of a `LiveRenderer` as run.js does."""

from __future__ import annotations

from collections.abc import Iterable

from agentcell.render.live import Operation

from .dom import Element, apply, parse


class Page:
    """The DOM of one live view."""

    def __init__(self, snapshot: str) -> None:
        self.root = parse(snapshot)

    def apply(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            match operation:
                case ["add", key, html]:
                    self.find(key).append(parse(html).children)
                case ["first", key, html]:
                    self.find(key).children[:0] = parse(html).children
                case ["after", key, html]:
                    siblings = self._parent(key).children
                    at = siblings.index(self.find(key)) + 1
                    siblings[at:at] = parse(html).children
                case ["del", key]:
                    self._parent(key).children.remove(self.find(key))
                case ["grow", key, text]:
                    element = self.find(key)
                    element.children = [element.text() + text]
                case ["set", key, html]:
                    (element,) = parse(html).children
                    parent = self._parent(key)
                    parent.children[parent.children.index(self.find(key))] = element
                case ["text", key, text]:
                    self.find(key).children = [text] if text else []
                case ["attr", key, name, value]:
                    element = self.find(key)
                    kept = dict(element.attributes)
                    kept.pop(name, None)
                    if value is not None:
                        kept[name] = value or None
                    element.attributes = tuple(kept.items())
                case ["md", key, *patch]:
                    apply(self.find(key), [tuple(patch)])  # type: ignore[list-item]
                case ["t", key, depth, text]:
                    apply(self.find(key), [("text", depth, text)])
                case ["h", key, depth, html]:
                    apply(self.find(key), [("patch", depth, 0, 0, depth, html)])
                case _:
                    raise AssertionError(f"unknown operation {operation!r}")

    def find(self, key: str) -> Element:
        (found,) = [e for e in self.root.walk() if dict(e.attributes).get("data-k") == key]
        return found

    def _parent(self, key: str) -> Element:
        child = self.find(key)
        (found,) = [e for e in [self.root, *self.root.walk()] if any(c is child for c in e.children)]
        return found


def normal(element: Element) -> object:
    """A tree in a form in which the order of attributes does not count, nor where its clocks stand."""
    names = {name for name, _ in element.attributes}
    clocks = {"data-tick", "data-clock", *(("style",) if "data-span" in names else ())}
    attributes = sorted((name, value or "") for name, value in element.attributes if name not in clocks)
    ticking = "data-tick" in names and "data-span" not in names
    return (
        element.tag,
        attributes,
        [] if ticking else [c if isinstance(c, str) else normal(c) for c in element.children],
    )
