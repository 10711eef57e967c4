"""What people do with a run that has paused: decide, add input, store it, and get it back.

The part of `RunState` that its users see; what a run is and how it goes on is in `state`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from ..approvals import ApprovalDecision
from ..exceptions import ArgumentTypeError, InvalidRunState, UserError
from ..items import ToolApprovalItem
from .signing import checked, signed

if TYPE_CHECKING:
    import threading

    from .. import openai_types as oai
    from ..agent import Agent
    from ..run_config import ReasoningItemIdPolicy
    from ..run_context import RunContextWrapper
    from .state import RunState


class PausableRun:
    """The public methods of a `RunState`."""

    if TYPE_CHECKING:
        context: RunContextWrapper[Any]
        interruptions: list[ToolApprovalItem]
        added_input: list[oai.ResponseInputItemParam]
        waiting_input: list[tuple[int, int]]
        is_terminal: bool
        reasoning_item_id_policy: ReasoningItemIdPolicy | None
        _adding: threading.Lock

        def put_input(self, input: str | list[oai.ResponseInputItemParam]) -> None: ...

    def get_interruptions(self) -> list[ToolApprovalItem]:
        """The calls that wait for a decision."""
        return list(self.interruptions)

    def approve(
        self,
        approval_item: ToolApprovalItem,
        always_approve: bool = False,
        *,
        arguments: str | Mapping[str, Any] | None = None,
    ) -> None:
        """Let a call run when the state is gone on with.

        Args:
            approval_item: the call, one of `get_interruptions()`.
            always_approve: whether all further calls of its tool by its agent may run, too.
            arguments: what to run it with instead of what the model wrote.

        Raises `UserError` for anything else than an open call.
        """
        edited = None
        if arguments is not None:
            edited = arguments if isinstance(arguments, str) else json.dumps(dict(arguments), ensure_ascii=False)
        self._decide(approval_item, ApprovalDecision(True, arguments=edited, by="state.approve()"), always_approve)

    def reject(
        self, approval_item: ToolApprovalItem, always_reject: bool = False, *, rejection_message: str | None = None
    ) -> None:
        """Refuse a call, and all further calls of its tool by its agent when `always_reject`."""
        decision = ApprovalDecision(False, rejection_message, by="state.reject()")
        self._decide(approval_item, decision, always_reject)

    def _decide(self, item: object, decision: ApprovalDecision, always: bool) -> None:
        if not isinstance(item, ToolApprovalItem):
            raise ArgumentTypeError(f"a decision takes one of state.get_interruptions(), got a {type(item).__name__}")
        self.context.decisions.decide(item, decision, always=always)

    @property
    def pending_input(self) -> list[oai.ResponseInputItemParam]:
        """Input that the next turn takes in."""
        return list(self.added_input)

    def add_input(self, input: str | list[oai.ResponseInputItemParam]) -> None:
        """Add input for the next turn, when the state is gone on with.

        Raises `UserError` for the state of a run that came to its end.
        """
        if self.is_terminal:
            raise UserError("Cannot add input to a terminal RunState; begin a run with result.to_input_list() instead")
        self.put_input(input)

    def clear_pending_input(self) -> None:
        """Forget the input that was added."""
        with self._adding:
            self.added_input = []
            self.waiting_input = []

    def set_reasoning_item_id_policy(self, policy: ReasoningItemIdPolicy | None) -> None:
        """Say whether reasoning keeps its ids when it is sent again, as `RunConfig.reasoning_item_id_policy` does."""
        if policy not in ("preserve", "omit", None):
            raise UserError(f"a policy for reasoning ids is 'preserve', 'omit' or None, got {policy!r}")
        self.reasoning_item_id_policy = policy

    def to_json(
        self,
        *,
        context_serializer: Callable[[Any], Mapping[str, Any]] | None = None,
        strict_context: bool = False,
        include_tracing_api_key: bool = False,
        key: str | bytes | None = None,
    ) -> dict[str, Any]:
        """The state as signed JSON data, to go on with in another process.

        Args:
            context_serializer: makes a dictionary of the context object; dictionaries are stored as they are.
            strict_context: whether a context that cannot be stored is an error, rather than left out.
            include_tracing_api_key: never stored; here for code that names it.
            key: what the state is signed with; AGENTCELL_STATE_KEY, or the user's own key file, when not given.

        Raises `UserError` for a context that cannot be stored when `strict_context` is set.
        """
        from .stored import dumped

        return signed(dumped(cast("RunState[Any]", self), context_serializer, strict_context), key)

    def to_string(
        self,
        *,
        context_serializer: Callable[[Any], Mapping[str, Any]] | None = None,
        strict_context: bool = False,
        include_tracing_api_key: bool = False,
        key: str | bytes | None = None,
    ) -> str:
        """`to_json` as text."""
        return json.dumps(self.to_json(context_serializer=context_serializer, strict_context=strict_context, key=key))

    @staticmethod
    async def from_json(
        initial_agent: Agent[Any],
        state_json: dict[str, Any],
        *,
        context_override: Any = None,
        context_deserializer: Callable[[Mapping[str, Any]], Any] | None = None,
        strict_context: bool = False,
        key: str | bytes | None = None,
        trust: bool = False,
    ) -> RunState[Any]:
        """The state that `to_json` has stored.

        Args:
            initial_agent: the agent that the run began with; the others are found from it, by name.
            state_json: the stored data.
            context_override: a context object in the place of the stored one.
            context_deserializer: makes the context object of the stored dictionary.
            strict_context: whether a context that was not a dictionary needs one of these two.
            key: what the state was signed with; see `to_json`.
            trust: whether to take a state that is not signed, or the reference's.

        Raises `InvalidRunState`, and `UserError` when an agent is missing. Nothing of the data is ever imported or run.
        """
        from .stored import loaded

        if not isinstance(state_json, dict):
            raise InvalidRunState(f"Run state JSON must be an object, got {type(state_json).__name__}")
        bare = {k: v for k, v in state_json.items() if k != "signature"} if trust else checked(state_json, key)
        return loaded(initial_agent, bare, context_override, context_deserializer, strict_context)

    @staticmethod
    async def from_string(
        initial_agent: Agent[Any],
        state_string: str,
        *,
        context_override: Any = None,
        context_deserializer: Callable[[Mapping[str, Any]], Any] | None = None,
        strict_context: bool = False,
        key: str | bytes | None = None,
        trust: bool = False,
    ) -> RunState[Any]:
        """`from_json` of a text."""
        try:
            found = json.loads(state_string)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidRunState(f"Failed to parse run state JSON: {error}") from error
        return await PausableRun.from_json(
            initial_agent,
            found,
            context_override=context_override,
            context_deserializer=context_deserializer,
            strict_context=strict_context,
            key=key,
            trust=trust,
        )
