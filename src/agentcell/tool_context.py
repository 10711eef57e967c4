"""`ToolContext`: what a tool can know about its own call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import openai_types as oai
from .run_context import RunContextWrapper, TContext

if TYPE_CHECKING:
    from .agent import Agent


@dataclass(eq=False)
class ToolContext(RunContextWrapper[TContext]):
    """The run's context together with the call that is being answered."""

    tool_name: str = ""
    """The name the model used."""
    tool_call_id: str = ""
    """The call's id, unique in the run."""
    tool_arguments: str = ""
    """The arguments as the model wrote them: JSON text."""
    tool_call: oai.ResponseFunctionToolCall | None = None
    """The whole call item."""
    agent: Agent[Any] | None = field(default=None, kw_only=True)
    """The agent whose response asked for the call."""
    turn_input: list[oai.ResponseInputItemParam] = field(default_factory=list, kw_only=True)
    """What the current turn's model call was sent."""
    tool_input: Any | None = field(default=None, kw_only=True)
    """The structured input of a nested run that was started as a tool."""
    failure: BaseException | None = field(default=None, repr=False, kw_only=True)
    """What the tool raised, when its error became an output for the model."""
    report: Callable[[str, float | None], None] | None = field(default=None, repr=False, kw_only=True)
    """Where `progress` goes; set by the runner."""

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Show `message` in the call's card, with a bar when `fraction` (0 to 1) is given.

        May be called from any thread and does nothing outside a run.
        """
        if self.report is not None:
            self.report(str(message), fraction)
