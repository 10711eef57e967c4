"""Decisions about calls that need a person's approval.

A decision is about one call: it names the call's id and carries a digest of the tool's name and the arguments. Where a
call with that id asks for something else than what was decided on, the decision does not count. A sticky decision is
about all further calls of one tool of one agent.

The decisions of a run are shared by the agents that run as tools inside it, like its usage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Union

import agentcell as ac

from . import openai_types as oai

ApprovalMode = Literal["interrupt", "live"]
"""What a call that needs approval does: end the run with an interruption, or wait in the running stream."""

NOT_APPROVED = "Tool execution was not approved."
"""What the model is told of a rejected call, unless somebody says more."""


def call_digest(tool_name: str, arguments: str | None) -> str:
    """The digest of what a call asks for; arguments that mean the same JSON have the same one."""
    try:
        meant = json.dumps(json.loads(arguments or "{}"), sort_keys=True)
    except (ValueError, RecursionError):
        meant = arguments or ""
    return hashlib.sha256(f"{tool_name}\0{meant}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class ApprovalDecision:
    """What somebody has decided about a call."""

    approved: bool
    """Whether the call may run."""
    message: str | None = None
    """What the model is told of a rejection; `None` for the usual text."""
    arguments: str | None = None
    """Other arguments to run the call with, as JSON text; `None` for the model's."""
    digest: str | None = None
    """The digest of the call that was decided on; `None` in a sticky decision."""
    by: str | None = field(default=None, compare=False)
    """Who decided, in words for people: `the view`, `result.approve()`, `on_approval`, ..."""


@dataclass(frozen=True)
class ApprovalRequest:
    """A call that waits for a decision, as `on_approval` gets it."""

    call_id: str
    """The call's id."""
    tool_name: str
    """The tool's qualified name."""
    arguments: str
    """The arguments: JSON text."""
    agent_name: str
    """The agent whose model made the call."""
    digest: str
    """The digest of tool and arguments."""
    schema: dict[str, Any] = field(default_factory=dict, repr=False)
    """The JSON schema of the arguments."""
    description: str = ""
    """What the tool does."""
    tool_call: oai.ResponseFunctionToolCall | None = field(default=None, repr=False)
    """The whole call."""


ApprovalAnswer = Union[bool, ApprovalDecision, None]
"""What an `on_approval` function says: yes, no, a decision with more to it, or `None` to leave it to others."""
OnApproval = Callable[[ApprovalRequest], Union[ApprovalAnswer, Awaitable[ApprovalAnswer]]]
"""Decides about calls in a program's place."""


@dataclass
class Decisions:
    """The decisions of one run and of the agents that run as tools in it."""

    of_calls: dict[str, ApprovalDecision] = field(default_factory=dict)
    """By call id."""
    of_tools: dict[tuple[str, str], ApprovalDecision] = field(default_factory=dict)
    """The sticky ones, by agent's and tool's name."""
    used: set[str] = field(default_factory=set)
    """The calls whose decision, made while they waited, has been used up: another call with the id is asked about."""

    def decide(self, item: ac.ToolApprovalItem, decision: ApprovalDecision, *, always: bool = False) -> None:
        """Take a decision about the call of `item`, and about all like it when `always`."""
        name = item.qualified_name or ""
        self.used.discard(item.call_id or "")
        self.of_calls[item.call_id or ""] = ApprovalDecision(
            decision.approved, decision.message, decision.arguments, call_digest(name, item.arguments), decision.by
        )
        if always:
            self.of_tools[item.agent_name, name] = ApprovalDecision(decision.approved, decision.message)

    def is_sticky(self, item: ac.ToolApprovalItem) -> bool:
        """Whether there is a decision about all calls like that of `item`."""
        return (item.agent_name, item.qualified_name or "") in self.of_tools

    def copy(self) -> Decisions:
        """The same decisions, to which others can be added."""
        return Decisions(dict(self.of_calls), dict(self.of_tools), set(self.used))

    def about(self, agent: str, tool_name: str, call_id: str, arguments: str | None) -> ApprovalDecision | None:
        """The decision about a call; `None` when there is none, or it was about something else."""
        found = self.of_calls.get(call_id)
        if found is not None and call_id not in self.used and found.digest in (None, call_digest(tool_name, arguments)):
            return found
        return self.of_tools.get((agent, tool_name))

    def known(self, tool_name: str, call_id: str) -> ApprovalDecision | None:
        """The decision about a call of which only the id and the tool are known."""
        sticky = (decision for (_, name), decision in self.of_tools.items() if name == tool_name)
        return self.of_calls.get(call_id) or next(sticky, None)
