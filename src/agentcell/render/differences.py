"""What has changed between two trees of one element, as operations on the page."""

from __future__ import annotations

from . import escape
from .folds import Operation
from .nodes import Child, Node, live_class, live_html


def difference(old: Node, new: Node) -> list[Operation]:
    """The operations that turn the element of `old` into that of `new`; both have the same key.

    Children with keys may come and go anywhere, as long as they keep their order; others have to stay what they are.
    Where that does not hold the whole element is replaced.
    """
    if old == new:
        return []
    if old.tag != new.tag:
        return [["set", _key(new), live_html(new)]]
    operations = _attribute_difference(old, new)
    if all(isinstance(child, str) for child in (*old.children, *new.children)):
        was, now = (escape.clean("".join(map(str, node.children))) for node in (old, new))
        if was and now.startswith(was):
            operations += [["grow", _key(new), now[len(was) :]]] if now != was else []
        else:
            operations.append(["text", _key(new), now])
        return operations
    inner = _child_difference(old, new)
    return [["set", _key(new), live_html(new)]] if inner is None else operations + inner


def _child_difference(old: Node, new: Node) -> list[Operation] | None:
    """The operations for the children; `None` when operations cannot say it."""
    staying = {key for child in new.children if (key := _key_of(child))}
    operations: list[Operation] = []
    kept: list[Child] = []
    for child in old.children:
        key = _key_of(child)
        if key is None or key in staying:
            kept.append(child)
        else:
            operations.append(["del", key])
    place = 0
    before: str | None = None
    known = {key for child in old.children if (key := _key_of(child))}
    for child in new.children:
        key = _key_of(child)
        if key is not None and key not in known:
            operations.append(_insertion(child, before, at_end=place >= len(kept), first=place == 0, parent=new))
            if operations[-1] == []:
                return None
            before = key
            continue
        if place >= len(kept):
            return None
        was = kept[place]
        place += 1
        if _key_of(was) != key:
            return None
        if key is None:
            if was != child:
                return None
            before = None
            continue
        assert isinstance(was, Node) and isinstance(child, Node)
        if was != child and not _same_clock(was, child):
            operations += difference(was, child)
        before = key
    return operations if place == len(kept) else None


def _insertion(child: Child, before: str | None, *, at_end: bool, first: bool, parent: Node) -> Operation:
    """The operation that puts a new child in; `[]` when its place has no name."""
    if before is not None:
        return ["after", before, live_html(child)]
    if at_end:
        return ["add", _key(parent), live_html(child)]
    return ["first", _key(parent), live_html(child)] if first else []


def _key_of(child: Child) -> str | None:
    return child.key if isinstance(child, Node) else None


def _key(node: Node) -> str:
    assert node.key is not None, "an element without a key cannot be changed"
    return node.key


def _attribute_difference(old: Node, new: Node) -> list[Operation]:
    was = {"class": live_class(old), **old.attributes, **old.live}
    now = {"class": live_class(new), **new.attributes, **new.live}
    names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    return [["attr", new.key, name, now.get(name)] for name in names]


def _same_clock(old: Node, new: Node) -> bool:
    """Whether both are the same running clock: the page counts by itself."""
    return "data-tick" in old.live and "data-tick" in new.live
