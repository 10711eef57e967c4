"""Asking for approval: where a call's question goes, and where it waits.

A call that needs approval and is not decided goes to `on_approval`, when there is one, and then waits in the running
stream (`live`) or is left for later: the run ends with an interruption, and its state can be resumed. While a call
waits, the other calls of its turn run. Decisions may come from any thread; each is bound to the call as it was shown.
Both kinds of questions stay on the desk: one that was left is decided on in the same way, for when the run goes on.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..approvals import ApprovalDecision, ApprovalMode, ApprovalRequest, OnApproval, call_digest
from ..exceptions import AgentsException, ModelBehaviorError, UserError
from ..items import ToolApprovalItem, output_text
from ..stream_events import ApprovalDecided, ApprovalRequested
from ..tool_invocation import parse_arguments
from .accepted import accepted_schema
from .log import resolve

if TYPE_CHECKING:
    from ..tool import FunctionTool
    from .state import RunState
    from .turn import ToolRun


VIEW = "the view"
"""How a decision that was made in the view of a run is signed."""
APPROVE = "result.approve()"
REJECT = "result.reject()"
"""How decisions of code are signed."""
PROGRAM = "on_approval"
TIME_LIMIT = "the time limit"
EARLIER = "an earlier decision"
"""How a decision is signed that follows from one about all calls of a tool."""


@dataclass(eq=False)
class Question:
    """A call that waits for a decision."""

    item: ToolApprovalItem
    """The call."""
    tool: FunctionTool
    """Its tool."""
    run: RunState[Any]
    """The run that asks, which may be nested."""
    answered: asyncio.Future[None] | None = None
    """Done some moments after somebody has decided; `None` for a call that was left for when the run goes on."""
    decision: ApprovalDecision | None = None
    """What was decided; the first decision counts."""
    always: bool = False
    """Whether it was decided about all calls of the tool."""

    @property
    def name(self) -> str:
        """The tool's qualified name."""
        return self.item.qualified_name or ""

    def answer(self, decision: ApprovalDecision, *, always: bool) -> None:
        """Take the decision and wake the call; from any thread, under the desk's lock."""
        self.decision, self.always = decision, always
        if self.answered is not None:
            resolve(self.answered)
        else:
            self.run.tell(said(self.item.call_id or "", decision, always=always))


@dataclass(eq=False)
class ApprovalDesk:
    """Where calls are decided on; one for a run and for the agents that run as tools in it."""

    mode: ApprovalMode = "interrupt"
    """What an undecided call does."""
    on_approval: OnApproval | None = None
    """Decides in a person's place."""
    timeout: float | None = None
    """Seconds that a call waits before it counts as rejected; `None` for ever."""
    has_handle: bool = True
    """Whether somebody holds the run while it goes on, so that a waiting call can be decided on."""
    questions: list[Question] = field(default_factory=list)
    """The calls that wait now, those that were left for later, and those that were decided on a moment ago."""
    decided: dict[str, ApprovalDecision] = field(default_factory=dict)
    """The newest decision about each call that waited here, by call id."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if self.mode not in ("interrupt", "live"):
            raise UserError(f"approvals must be 'interrupt' or 'live', got {self.mode!r}")
        if self.on_approval is not None and not callable(self.on_approval):
            raise UserError(f"on_approval must be a function of an ApprovalRequest, got {self.on_approval!r}")
        seconds: Any = self.timeout
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0):
            raise UserError(f"approval_timeout must be a number of seconds above 0 or None, got {seconds!r}")
        if seconds is not None and self.mode != "live":
            raise UserError(
                f"approval_timeout={seconds!r} is for calls that wait in the run: it needs approvals='live'"
            )
        if self.mode == "live" and not self.has_handle and self.on_approval is None:
            raise UserError(
                "approvals='live' needs somebody who can decide while the run goes on, and Runner.run and run_sync "
                "return nothing before its end: give on_approval=..., or use Runner.run_streamed and its approve(...)"
            )

    @property
    def waits(self) -> bool:
        """Whether an undecided call waits in the run."""
        return self.mode == "live" and self.has_handle

    def waiting(self) -> list[ToolApprovalItem]:
        """The calls that wait for a decision right now; from any thread."""
        with self._lock:
            return [q.item for q in self.questions if q.decision is None and q.answered is not None]

    def undecided(self) -> list[ToolApprovalItem]:
        """The calls that were left for when the run goes on, and on which nobody has decided since."""
        with self._lock:
            return [q.item for q in self.questions if q.decision is None and q.answered is None]

    async def ask(self, run: RunState[Any], item: ToolApprovalItem, tool: FunctionTool) -> ApprovalDecision | None:
        """The decision about a call, waiting for it where the run does; `None` when it is left for later."""
        name, arguments = item.qualified_name or "", item.arguments or ""
        digest = call_digest(name, arguments)
        call_id = item.call_id or ""
        # Whoever hears of the call can decide on it at once, from any thread; where a program is asked first, after it.
        question = self._put(run, item, tool) if self.waits and self.on_approval is None else None
        schema, told = accepted_schema(tool), tool.description
        run.say(ApprovalRequested(call_id, name, arguments, digest, self.waits, schema, told))
        decision = await self._of_program(run, item, tool, digest)
        if decision is not None:
            run.say(said(call_id, decision))
        elif self.waits:
            question = question or self._put(run, item, tool)
            decision = await self._of_people(question)
            run.say(said(call_id, decision, always=question.always))
        else:
            self._put(run, item, tool, left=True)
        return decision

    async def _of_program(
        self, run: RunState[Any], item: ToolApprovalItem, tool: FunctionTool, digest: str
    ) -> ApprovalDecision | None:
        if self.on_approval is None:
            return None
        request = ApprovalRequest(
            call_id=item.call_id or "",
            tool_name=item.qualified_name or "",
            arguments=item.arguments or "",
            agent_name=item.agent_name,
            digest=digest,
            schema=tool.params_json_schema,
            description=tool.description,
            tool_call=item.raw_item,
        )
        answer: Any = self.on_approval(request)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, bool):
            answer = ApprovalDecision(answer)
        if answer is None:
            return None
        if not isinstance(answer, ApprovalDecision):
            raise UserError(f"on_approval must return True, False, an ApprovalDecision or None, got {answer!r}")
        if answer.arguments is not None:
            answer = replace(answer, arguments=edited_arguments(tool, answer.arguments))
        answer = replace(answer, by=answer.by or PROGRAM)
        run.context.decisions.decide(item, answer)
        return answer

    def _put(self, run: RunState[Any], item: ToolApprovalItem, tool: FunctionTool, *, left: bool = False) -> Question:
        """A new question on the desk."""
        question = Question(item, tool, run, None if left else asyncio.get_running_loop().create_future())
        with self._lock:
            self.questions.append(question)
        return question

    async def _of_people(self, question: Question) -> ApprovalDecision:
        """Wait in the running stream."""
        answered = question.answered
        assert answered is not None
        try:
            async with asyncio.timeout(self.timeout):
                await answered
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self.questions.remove(question)
        if question.decision is None:
            told = f"Nobody decided about the call within {self.timeout:g} seconds, so it was not made."
            question.decision = ApprovalDecision(False, told, by=TIME_LIMIT)
            self.decided[question.item.call_id or ""] = question.decision
            question.run.context.decisions.decide(question.item, question.decision)
        return question.decision

    def decide(
        self, call_id: str, decision: ApprovalDecision, *, always: bool = False, digest: str | None = None
    ) -> None:
        """Answer the question of a call that waits, or was left for later; from any thread, once for each call.

        With `always` the other calls of the tool by the same agent that wait are answered, too, as they were written.
        Raises `UserError` when no such call waits, when the decision is about something else than what waits
        (`digest`), and for arguments that do not fit the tool.
        """
        with self._lock:
            waiting = [question for question in self.questions if question.decision is None]
            question = next((q for q in waiting if q.item.call_id == call_id), None)
            if question is None:
                raise UserError(self._nothing_waits(call_id, waiting))
            item = question.item
            if digest is not None and digest != call_digest(question.name, item.arguments):
                raise UserError(f"the decision is about another call than the {call_id!r} that waits; look at it again")
            if decision.arguments is not None:
                decision = replace(decision, arguments=edited_arguments(question.tool, decision.arguments))
            self._answer(question, decision, always=always)
            if not always:
                return
            for other in waiting:
                if other is not question and (other.item.agent_name, other.name) == (item.agent_name, question.name):
                    self._answer(other, replace(decision, arguments=None), always=True)

    def _answer(self, question: Question, decision: ApprovalDecision, *, always: bool) -> None:
        self.decided[question.item.call_id or ""] = decision
        question.run.context.decisions.decide(question.item, decision, always=always)
        question.answer(decision, always=always)

    def _nothing_waits(self, call_id: str, waiting: list[Question]) -> str:
        before = self.decided.get(call_id)
        if before is not None:
            word, by = "approved" if before.approved else "rejected", f" by {before.by}" if before.by else ""
            return f"the call {call_id!r} was {word}{by} already, and the first decision counts"
        ids = ", ".join(repr(q.item.call_id) for q in waiting)
        return f"no call {call_id!r} waits for approval; waiting: {ids or 'none'}"


def said(call_id: str, decision: ApprovalDecision, *, always: bool = False) -> ApprovalDecided:
    """A decision as the signal that tells of it."""
    return ApprovalDecided(call_id, decision.approved, decision.message, decision.arguments, decision.by, always)


def as_json_text(arguments: str | Mapping[str, Any]) -> str:
    """Arguments as JSON text; raises `UserError` for what cannot be written so."""
    if isinstance(arguments, str):
        return arguments
    try:
        return json.dumps(dict(arguments), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"arguments must be JSON text or a dictionary, got {arguments!r}: {error}") from error


def edited_arguments(tool: FunctionTool, arguments: str | Mapping[str, Any]) -> str:
    """Arguments that somebody has changed, as JSON text, checked against the tool's schema.

    Raises `UserError` when they do not fit; the call still waits then.
    """
    text = as_json_text(arguments)
    try:
        tool.check_arguments(text)
    except AgentsException as error:
        raise UserError(f"the arguments {text} do not fit the tool {tool.qualified_name!r}: {error}") from error
    return text


async def needs_approval(run: RunState[Any], wanted: ToolRun) -> bool:
    """Whether somebody has to agree to a call; one whose arguments a rule cannot judge always needs that.

    Raises `UserError` around the error of a rule.
    """
    rule: Any = wanted.tool.needs_approval
    if not callable(rule):
        return bool(rule)
    arguments = _judged(wanted)
    if arguments is None:
        return True
    try:
        answer = rule(run.context, arguments, wanted.call.call_id)
        return bool(await answer if inspect.isawaitable(answer) else answer)
    except AgentsException:
        raise
    except Exception as error:
        raise UserError(f"Error running tool {wanted.call.name}: {output_text(error)}") from error


def _judged(wanted: ToolRun) -> dict[str, Any] | None:
    """A call's arguments for a rule; `None` when the tool would run with others than the rule would see."""
    model = wanted.tool._arguments_model
    try:
        arguments = parse_arguments(wanted.call.name, wanted.call.arguments)
        if model is None:
            return arguments
        read = model(**arguments)
    except (ModelBehaviorError, ValueError):
        return None
    taken = {name: getattr(read, name) for name in model.model_fields}
    return arguments if _is_the_same(arguments, taken) else None


def _is_the_same(given: Any, taken: Any) -> bool:
    """Whether two values are equal, their types included: 1 is not 1.0, nor True."""
    if type(given) is not type(taken):
        return False
    if isinstance(given, dict):
        return given.keys() == taken.keys() and all(_is_the_same(value, taken[key]) for key, value in given.items())
    if isinstance(given, list):
        return len(given) == len(taken) and all(map(_is_the_same, given, taken))
    return given == taken
