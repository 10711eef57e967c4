"""`RunContextWrapper`: the user's own object and the usage of a run, handed to every callback."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic

from typing_extensions import TypeVar

import agentcell as ac

from . import openai_types as oai
from .approvals import ApprovalDecision, Decisions
from .usage import Usage

TContext = TypeVar("TContext", default=Any)


@dataclass(eq=False)
class RunContextWrapper(Generic[TContext]):
    """The run's context object, which the model never sees, with the run's usage."""

    context: TContext
    """The object given as `context=`, or `None`."""
    usage: Usage = field(default_factory=Usage)
    """Requests and tokens so far; in a stream it grows as responses complete."""
    turn_input: list[oai.ResponseInputItemParam] = field(default_factory=lambda: [])
    """What the current turn's model call was sent."""
    tool_input: Any | None = None
    """The structured input of a nested run that was started as a tool."""
    decisions: Decisions = field(default_factory=Decisions, repr=False, kw_only=True)
    """What was decided about calls that need approval."""

    def approve_tool(self, approval_item: ac.ToolApprovalItem, always_approve: bool = False) -> None:
        """Let a call run, and all further calls of its tool by its agent when `always_approve`."""
        self.decisions.decide(approval_item, ApprovalDecision(True), always=always_approve)

    def reject_tool(
        self, approval_item: ac.ToolApprovalItem, always_reject: bool = False, rejection_message: str | None = None
    ) -> None:
        """Refuse a call, and all further calls of its tool by its agent when `always_reject`."""
        self.decisions.decide(approval_item, ApprovalDecision(False, rejection_message), always=always_reject)

    def is_tool_approved(self, tool_name: str, call_id: str) -> bool | None:
        """Whether a call was approved; `None` while nothing is decided."""
        found = self.decisions.known(tool_name, call_id)
        return None if found is None else found.approved

    def get_approval_status(
        self,
        tool_name: str,
        call_id: str,
        *,
        tool_namespace: str | None = None,
        existing_pending: ac.ToolApprovalItem | None = None,
        tool_lookup_key: Any | None = None,
        current_invocation: ac.ToolApprovalItem | None = None,
    ) -> bool | None:
        """Whether the call that an item asks for was approved; `None` while nothing is decided, or without an item."""
        item = current_invocation or existing_pending
        found = None if item is None else self._decision(tool_name, call_id, tool_namespace, item)
        return None if found is None else found.approved

    def get_rejection_message(
        self,
        tool_name: str,
        call_id: str,
        *,
        tool_namespace: str | None = None,
        existing_pending: ac.ToolApprovalItem | None = None,
        tool_lookup_key: Any | None = None,
    ) -> str | None:
        """What the model is told of a rejected call, when the decision says."""
        found = self._decision(tool_name, call_id, tool_namespace, existing_pending)
        return None if found is None or found.approved else found.message

    def _decision(
        self, tool_name: str, call_id: str, namespace: str | None, item: ac.ToolApprovalItem | None
    ) -> ApprovalDecision | None:
        name = f"{namespace}.{tool_name}" if namespace else tool_name
        if item is None:
            return self.decisions.known(name, call_id)
        return self.decisions.about(item.agent_name, item.qualified_name or name, call_id, item.arguments)


@dataclass(eq=False)
class AgentHookContext(RunContextWrapper[TContext]):
    """The context that hooks get when an agent starts and ends."""
