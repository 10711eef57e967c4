"""A persistent sequence: changing one element makes a new sequence and copies 32 places, not all.

The elements hang in a tree of tuples with 32 branches at each node. Versions share every branch in which they do not
differ, so `changed` finds the differences of two versions by comparing branches by identity, without looking at the
rest. Only appending and replacing exist; that is all a fold needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Generic, TypeVar

T = TypeVar("T")

_BITS = 5
_WIDTH = 1 << _BITS
_MASK = _WIDTH - 1


class Sequence(Generic[T]):
    """An immutable sequence with cheap new versions."""

    __slots__ = ("_depth", "_length", "_root")

    def __init__(self) -> None:
        self._length = 0
        self._depth = 0
        self._root: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return (self[index] for index in range(self._length))

    def __getitem__(self, index: int) -> T:
        if not 0 <= index < self._length:
            raise IndexError(f"index {index} is outside of a sequence of {self._length}")
        node: Any = self._root
        for level in range(self._depth, 0, -1):
            node = node[(index >> (_BITS * level)) & _MASK]
        return node[index & _MASK]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return self._root is other._root or (len(self) == len(other) and list(self) == list(other))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Sequence({list(self)!r})"

    def append(self, value: T) -> Sequence[T]:
        """The sequence with `value` at its end."""
        depth, root = self._depth, self._root
        if self._length == _WIDTH << (_BITS * depth):
            depth, root = depth + 1, (root,)
        return self._version(self._length + 1, depth, _put(root, depth, self._length, value))

    def replace(self, index: int, value: T) -> Sequence[T]:
        """The sequence with `value` in the place of the element at `index`."""
        if not 0 <= index < self._length:
            raise IndexError(f"index {index} is outside of a sequence of {self._length}")
        return self._version(self._length, self._depth, _put(self._root, self._depth, index, value))

    def changed(self, older: Sequence[T]) -> Iterator[int]:
        """The indices at which this version differs from an older one, in ascending order."""
        old_root, old_depth = older._root, older._depth
        while old_depth < self._depth:
            old_depth, old_root = old_depth + 1, (old_root,) if older._length else ()
        yield from _differences(old_root, self._root, self._depth, 0)

    @staticmethod
    def _version(length: int, depth: int, root: tuple[Any, ...]) -> Sequence[Any]:
        made: Sequence[Any] = Sequence()
        made._length, made._depth, made._root = length, depth, root
        return made


def _put(node: tuple[Any, ...], level: int, index: int, value: Any) -> tuple[Any, ...]:
    """`node` with `value` at `index`, copying one branch at each level."""
    place = (index >> (_BITS * level)) & _MASK
    if level:
        child = node[place] if place < len(node) else ()
        value = _put(child, level - 1, index, value)
    return (*node[:place], value, *node[place + 1 :])


def _differences(old: tuple[Any, ...], new: tuple[Any, ...], level: int, base: int) -> Iterator[int]:
    if old is new:
        return
    for place, child in enumerate(new):
        before = old[place] if place < len(old) else None
        if before is child:
            continue
        index = base + (place << (_BITS * level))
        if level:
            yield from _differences(before or (), child, level - 1, index)
        else:
            yield index
