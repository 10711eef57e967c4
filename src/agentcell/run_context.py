"""`RunContextWrapper`: the user's own object and the usage of a run, handed to every callback."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic

from typing_extensions import TypeVar

from .usage import Usage

TContext = TypeVar("TContext", default=Any)


@dataclass(eq=False)
class RunContextWrapper(Generic[TContext]):
    """The run's context object, which the model never sees, with the run's usage."""

    context: TContext
    """The object given as `context=`, or `None`."""
    usage: Usage = field(default_factory=Usage)
    """Requests and tokens so far; in a stream it grows as responses complete."""
