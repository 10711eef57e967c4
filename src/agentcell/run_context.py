"""`RunContextWrapper`: the user's own object and the usage of a run, handed to every callback."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic

from typing_extensions import TypeVar

from . import openai_types as oai
from .usage import Usage

TContext = TypeVar("TContext", default=Any)


@dataclass(eq=False)
class RunContextWrapper(Generic[TContext]):
    """The run's context object, which the model never sees, with the run's usage."""

    context: TContext
    """The object given as `context=`, or `None`."""
    usage: Usage = field(default_factory=Usage)
    """Requests and tokens so far; in a stream it grows as responses complete."""
    turn_input: list[oai.ResponseInputItemParam] = field(default_factory=list)
    """What the current turn's model call was sent."""
    tool_input: Any | None = None
    """The structured input of a nested run that was started as a tool."""


@dataclass(eq=False)
class AgentHookContext(RunContextWrapper[TContext]):
    """The context that hooks get when an agent starts and ends."""
