"""What answers cite: the annotations of their texts, as sources to be listed.

A model's stream says each annotation as it comes, and all of them again when the part and the item are complete. Texts
may be annotated ten thousand times over: a source is listed once, and of very many the first few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .model import Source, TextBlock
from .replacing import replace

MOST_SOURCES = 50
LONGEST_TITLE = 200
LONGEST_ADDRESS = 2_000

CITES = frozenset({"response.output_text.annotation.added", "response.content_part.done", "response.output_item.done"})
"""The model's events that say what a text cites."""


def cited(data: Any) -> Iterator[tuple[int, list[Any], bool]]:
    """The annotations in one of these events: index of the part, the annotations, whether they are all of them."""
    match data.type:
        case "response.output_text.annotation.added":
            yield data.content_index, [data.annotation], False
        case "response.content_part.done":
            yield data.content_index, _of_part(data.part), True
        case "response.output_item.done" if data.item.type == "message":
            for index, part in enumerate(data.item.content or ()):
                yield index, _of_part(part), True


def _of_part(part: Any) -> list[Any]:
    return list(_field(part, "annotations") or ())


def with_sources(block: TextBlock, found: Iterable[Any], *, whole: bool) -> TextBlock:
    """The text with what these annotations cite; `whole` when they are all that it has."""
    known = {(source.kind, source.address): source for source in block.sources}
    beyond: set[tuple[str, str]] = set()
    for annotation in found:
        source = _source(annotation)
        if source is None or (source.kind, source.address) in known:
            continue
        if len(known) < MOST_SOURCES:
            known[source.kind, source.address] = source
        else:
            beyond.add((source.kind, source.address))
    more = len(beyond) if whole else block.more_sources
    if len(known) == len(block.sources) and more == block.more_sources:
        return block
    return replace(block, sources=tuple(known.values()), more_sources=more)


def _source(annotation: Any) -> Source | None:
    """What one annotation cites; None when it says nothing that can be listed."""
    kind = _text(annotation, "type")
    if kind == "url_citation":
        address, title = _text(annotation, "url"), _text(annotation, "title")
        return _made("url", title, address) if address else None
    if kind in ("file_citation", "container_file_citation", "file_path"):
        address, title = _text(annotation, "file_id"), _text(annotation, "filename")
        return _made("file", title, address) if address or title else None
    return None


def _made(kind: Any, title: str, address: str) -> Source:
    title = " ".join(title[: 4 * LONGEST_TITLE].split())
    if len(title) > LONGEST_TITLE:
        title = title[: LONGEST_TITLE - 1] + "\u2026"
    cut = len(address) > LONGEST_ADDRESS
    return Source(kind, title, address[:LONGEST_ADDRESS] + "\u2026" if cut else address, cut)


def _text(annotation: Any, name: str) -> str:
    value = _field(annotation, name)
    return value if isinstance(value, str) else ""


def _field(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, Mapping) else getattr(data, name, None)
