"""`ToolContext`: what a tool can know about its own call."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, overload

import agentcell as ac

from . import openai_types as oai
from .approvals import Decisions
from .exceptions import ArgumentTypeError, UserError
from .instances import checked_by_instance
from .run_config import RunConfig, as_run_config
from .run_context import RunContextWrapper, TContext
from .usage import Usage


@checked_by_instance
@dataclass(eq=False, init=False)
class ToolContext(RunContextWrapper[TContext]):
    """The run's context together with the call that is being answered."""

    tool_name: str
    """The name the model used."""
    tool_call_id: str
    """The call's id, unique in the run."""
    tool_arguments: str
    """The arguments as the model wrote them: JSON text."""
    tool_call: oai.ResponseFunctionToolCall | None = None
    """The whole call item."""
    tool_namespace: str | None = None
    """The namespace of the tool, when it has one."""
    agent: ac.Agent[Any] | None = None
    """The agent whose response asked for the call."""
    run_config: RunConfig | None = None
    """The settings of the run."""
    failure: BaseException | None = field(default=None, repr=False)
    """What the tool raised, when its error became an output for the model."""
    in_thread: bool = field(default=False, repr=False)
    """Whether a thread is running the tool; it cannot be stopped."""
    nested_result: Any = field(default=None, repr=False)
    """The result of the nested run, when the tool is an agent."""
    report: Callable[[str, float | None], None] | None = field(default=None, repr=False)
    """Where `progress` goes; set by the runner."""

    def __init__(
        self,
        context: TContext,
        usage: Usage | None = None,
        tool_name: str = "",
        tool_call_id: str = "",
        tool_arguments: str = "",
        tool_call: oai.ResponseFunctionToolCall | None = None,
        *,
        tool_namespace: str | None = None,
        agent: ac.Agent[Any] | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        turn_input: list[oai.ResponseInputItemParam] | None = None,
        tool_input: Any | None = None,
        report: Callable[[str, float | None], None] | None = None,
        decisions: Decisions | None = None,
    ) -> None:
        super().__init__(
            context,
            usage if usage is not None else Usage(),
            turn_input=list(turn_input or []),
            tool_input=tool_input,
            decisions=decisions if decisions is not None else Decisions(),
        )
        self.tool_name = tool_name
        self.tool_call_id = tool_call_id
        self.tool_arguments = tool_arguments
        self.tool_call = tool_call
        self.tool_namespace = tool_namespace or getattr(tool_call, "namespace", None)
        self.agent = agent
        self.run_config = None if run_config is None else as_run_config(run_config)
        self.failure = None
        self.in_thread = False
        self.nested_result = None
        self.report = report

    @property
    def qualified_tool_name(self) -> str:
        """The tool's name with its namespace, when it has one."""
        space = self.tool_namespace
        return f"{space}.{self.tool_name}" if space and space != self.tool_name else self.tool_name

    @classmethod
    def from_agent_context(
        cls,
        context: RunContextWrapper[TContext],
        tool_call_id: str,
        tool_call: oai.ResponseFunctionToolCall | None = None,
        agent: ac.Agent[Any] | None = None,
        *,
        tool_name: str | None = None,
        tool_arguments: str | None = None,
        tool_namespace: str | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
    ) -> ToolContext[TContext]:
        """The context of one call in a run; the usage is shared with the run.

        Raises `ValueError` when neither the call nor `tool_name` and `tool_arguments` are given.
        """
        name = tool_name if tool_name is not None else getattr(tool_call, "name", None)
        arguments = tool_arguments if tool_arguments is not None else getattr(tool_call, "arguments", None)
        for given, what in ((name, "tool_name"), (arguments, "tool_arguments")):
            if given is None:
                raise ValueError(f"{what} must be passed to ToolContext, or the tool_call that has it")
        return cls(
            context.context,
            context.usage,
            str(name),
            tool_call_id,
            str(arguments),
            tool_call,
            tool_namespace=tool_namespace,
            agent=agent,
            run_config=run_config,
            turn_input=context.turn_input,
            tool_input=context.tool_input,
            decisions=context.decisions,
        )

    @overload
    def progress(self, fraction: float, message: str = "", /) -> None: ...

    @overload
    def progress(self, message: str, fraction: float | None = None, /) -> None: ...

    @overload
    def progress(self, fraction: float, /, *, message: str) -> None: ...

    @overload
    def progress(self, message: str, /, *, fraction: float | None) -> None: ...

    @overload
    def progress(self, *, fraction: float | None = None, message: str | None = None) -> None: ...

    def progress(self, *given: Any, message: Any = None, fraction: Any = None) -> None:
        """Show in the call's card how far the tool is: `progress(0.4, "page 4")`.

        Either may be left out. The fraction goes from 0 to 1 and may also come second. May be called from any thread,
        and as often as you like: views show the latest. Does nothing outside a run.

        Raises `ArgumentTypeError` for anything but one fraction and one text, and `UserError` for a fraction that is
        not between 0 and 1.
        """
        for value in given:
            if isinstance(value, str) and message is None:
                message = value
            elif _is_number(value) and fraction is None:
                fraction = value
            elif value is not None:
                raise ArgumentTypeError(f"{_PROGRESS}; got {given!r}")
        fits = (message is None or isinstance(message, str)) and (fraction is None or _is_number(fraction))
        if not fits or (message is None and fraction is None):
            raise ArgumentTypeError(f"{_PROGRESS}; got message={message!r} and fraction={fraction!r}")
        share = None if fraction is None else float(fraction)
        if share is not None and not -_ROUNDING <= share <= 1 + _ROUNDING:
            raise UserError(f"progress takes a fraction from 0 to 1, such as 0.4 for 40 %; got {fraction!r}")
        if self.report is not None:
            self.report(message or "", None if share is None else min(max(share, 0.0), 1.0))


_PROGRESS = "progress takes a fraction from 0 to 1 and a text, such as progress(0.4, 'page 4'), or one of them"
_ROUNDING = 1e-6
"""How far a fraction may be outside of 0 to 1 because it was added up."""


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and value is not True and value is not False
