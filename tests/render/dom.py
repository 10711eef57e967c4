"""A tiny DOM for tests: parses the HTML that our writer makes, and applies Markdown operations as the page does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from agentcell.render.markdown import MarkdownOp

VOID = frozenset({"br", "hr", "img", "input"})


@dataclass
class Element:
    """An element with its children; texts are plain strings, never empty and never two in a row."""

    tag: str
    attributes: tuple[tuple[str, str | None], ...] = ()
    children: list[Element | str] = field(default_factory=list)

    def last_element(self) -> Element:
        return next(child for child in reversed(self.children) if isinstance(child, Element))

    def append(self, nodes: Iterable[Element | str]) -> None:
        for node in nodes:
            if isinstance(node, str) and self.children and isinstance(self.children[-1], str):
                self.children[-1] += node
            elif node != "":
                self.children.append(node)

    def walk(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack = [Element("root")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, tuple(attrs))
        self.stack[-1].append([element])
        if tag not in VOID:
            self.stack.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack[-1].tag == tag, f"</{tag}> inside <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.stack[-1].append([data])


def parse(html: str) -> Element:
    """The tree of well-formed HTML under a root element; a wrong end tag is an AssertionError."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert len(builder.stack) == 1, f"<{builder.stack[-1].tag}> is not closed"
    return builder.stack[0]


def apply(container: Element, ops: Iterable[MarkdownOp]) -> None:
    """Apply Markdown operations to a container, as `applyMarkdown` in run.js does."""
    for op in ops:
        match op:
            case ("text", depth, text):
                _chain(container, depth).append([text])
            case ("patch", depth, nodes, units, *fragments):
                _patch(container, depth, nodes, units, fragments)
            case ("chunk", moved):
                new = Element("div", (("class", "ac-chunk"),))
                if moved:
                    old = container.last_element().children
                    new.children = old[-moved:]
                    del old[-moved:]
                container.append([new])
            case ("replace", index, html):
                (element,) = parse(html).children
                siblings, at = _top_level(container, index)
                siblings[at] = element
            case ("mark", index, *marks):
                siblings, at = _top_level(container, index)
                block = siblings[at]
                assert isinstance(block, Element)
                inside = [e for pre in [block, *block.walk()] if pre.tag == "pre" for e in pre.children]
                for number, runs in zip(marks[::2], marks[1::2], strict=True):
                    code = inside[int(number)]
                    assert isinstance(code, Element) and code.tag == "code"
                    _colour(code, [(kind, int(length or 1)) for kind, length in re.findall(r"(.)(\d*)", str(runs))])


def _top_level(container: Element, index: int) -> tuple[list[Element | str], int]:
    for chunk in container.children:
        assert isinstance(chunk, Element)
        if index < len(chunk.children):
            return chunk.children, index
        index -= len(chunk.children)
    raise AssertionError("no such element")


def _colour(element: Element, runs: list[tuple[str, int]]) -> None:
    """Put the runs of an element's text in spans; `runs` loses those that are done."""
    inside: list[Element | str] = []
    for child in element.children:
        if isinstance(child, Element):
            _colour(child, runs)
            inside.append(child)
            continue
        units = child.encode("utf-16-le")
        while units:
            kind, length = runs.pop(0) if runs else (".", len(units))
            here, units = units[: 2 * length], units[2 * length :]
            if len(here) < 2 * length:
                runs.insert(0, (kind, length - len(here) // 2))
            text = here.decode("utf-16-le")
            inside.append(text if kind == "." else Element("span", (("class", f"ac-hl-{kind}"),), [text]))
    element.children = inside


def _chain(container: Element, depth: int) -> Element:
    element = container.last_element()
    for _ in range(depth):
        element = element.last_element()
    return element


def _patch(container: Element, depth: int, nodes: int, units: int, fragments: list[int | str]) -> None:
    element = _chain(container, depth)
    assert nodes <= len(element.children)
    del element.children[len(element.children) - nodes :]
    if units:
        text = element.children.pop()
        assert isinstance(text, str)
        encoded = text.encode("utf-16-le")
        assert 2 * units <= len(encoded)
        element.append([encoded[: len(encoded) - 2 * units].decode("utf-16-le")])
    above = depth
    for at, html in zip(fragments[::2], fragments[1::2], strict=True):
        assert isinstance(at, int) and isinstance(html, str)
        assert at <= above, "depths never increase"
        above = at
        _chain(container, at).append(parse(html).children)


def unwrapped(container: Element) -> list[Element | str]:
    """The top-level elements, without their chunks."""
    return [node for chunk in container.children if isinstance(chunk, Element) for node in chunk.children]
