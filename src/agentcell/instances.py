"""`checked_by_instance`: leave for pydantic to take data whose fields are objects of other classes, such as models.

Pydantic knows dataclasses and typed dictionaries by their fields, and refuses those with a field of a class that it
does not know, unless they allow it to check that field by `isinstance`. They do so by an attribute, as `with_config`
of pydantic sets it, which is not used here because it would have to be imported.
"""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def checked_by_instance(kind: type[T]) -> type[T]:
    """Let pydantic check fields of other classes by `isinstance`; a decorator."""
    setattr(kind, "__pydantic_config__", {"arbitrary_types_allowed": True})  # noqa: B010 - unknown to type checkers
    return kind
