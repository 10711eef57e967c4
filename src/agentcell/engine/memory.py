"""A run and its session: what is read at the start, and what is written when.

The session gets the run's own input, then each turn's items when the turn is complete, and at the end, however the run
ends, what happened and was not written yet. A session with a journal (`JournalSession`) is told more and earlier: the
input before anything else, each tool before it starts and when it has ended, so that nothing that happened is lost
even when the process dies. Any other session has `add_items` called as the reference does.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ..exceptions import SessionBusy, UserError
from ..items import ItemHelpers, RunItem, ToolApprovalItem
from ..memory import JournalSession, SessionSettings

if TYPE_CHECKING:
    from .. import openai_types as oai
    from ..run_config import ReasoningItemIdPolicy
    from .state import RunState

SESSION_METHODS = ("get_items", "add_items", "pop_item", "clear_session")
"""What every session has."""

LONGEST_WRITE = 5.0
"""Seconds that a write may go on after its run was cancelled."""

logger: logging.Logger = logging.getLogger("agentcell")


class SessionMemory:
    """One run's dealings with its session; all of them do nothing for a run that has none."""

    def __init__(self, run: RunState[Any]) -> None:
        self._run = run
        self._opened = False

    @property
    def _journal(self) -> JournalSession | None:
        session = self._run.session
        return session if isinstance(session, JournalSession) else None

    async def open(self) -> None:
        """Read the history and put it before the run's input; once, and not for a run that goes on from a state."""
        run = self._run
        if run.session is None:
            return
        if not run.input_saved and not run.new_items:
            try:
                history = await self._read()
                new = ItemHelpers.input_to_new_input_list(run.original_input)
                run.model_input, run.conversation = await joined(run.run_config.session_input_callback, history, new)
            except asyncio.CancelledError:
                self._opened = self._journal is not None  # which keeps what was said to a run that never came to it
                raise
            run.history = list(run.model_input)
        self._opened = True
        if self._journal is not None or not run.streamed:
            await self.save_input()

    async def _read(self) -> list[Any]:
        session = self._run.session
        settings = getattr(session, "session_settings", None) or SessionSettings()
        asked: Any = self._run.run_config.session_settings
        limit = settings.resolve(asked).limit
        return list(await self._call(session.get_items, **({} if limit is None else {"limit": limit})))

    async def save_input(self) -> None:
        """Write the run's own input; once."""
        run = self._run
        if run.session is None or run.input_saved or not self._opened:
            return
        new = run.conversation
        if new is None:
            new = ItemHelpers.input_to_new_input_list(run.original_input)
        run.input_saved = True
        if self._journal is not None:
            await surely(self._journal.begin_run(run.journal_id, new))
        elif new:
            await surely(self._call(run.session.add_items, new))

    async def save(self) -> None:
        """Write the items that the session does not have yet; a busy database is tried again later."""
        run = self._run
        if run.session is None or not self._opened:
            return
        before, run.saved_items = run.saved_items, len(run.new_items)
        items = sendable(run.new_items[before:])
        if items:
            await surely(self._write(items, before))

    async def _write(self, items: list[Any], before: int) -> None:
        run = self._run
        if self._journal is None:
            await self._call(run.session.add_items, items)
            return
        try:
            await self._journal.add_turn(run.journal_id, items)
            run.session_error = None
        except SessionBusy as error:
            run.session_error, run.saved_items = error, before

    def leave_out(self) -> None:
        """Never write the turn that was recorded last: an output guardrail has withheld it."""
        self._run.saved_items = len(self._run.new_items)

    async def close(self, status: str) -> None:
        """Write what is left, however often this is cancelled; an error must not hide how the run ended."""
        run = self._run
        if run.session is None or not self._opened:
            return
        cancelled: asyncio.CancelledError | None = None
        for step in (self.save_input, self.save, partial(self._end, status)):
            try:
                await step()
            except asyncio.CancelledError as error:
                cancelled = error
            except Exception as error:
                run.session_error = error
                break
        if run.session_error is not None:
            logger.warning("the session was not told of everything in run %s: %r", run.run_id, run.session_error)
        if cancelled is not None:
            raise cancelled

    async def _end(self, status: str) -> None:
        if self._journal is not None and self._run.session_error is None:
            await surely(self._journal.end_run(self._run.journal_id, status))

    async def tool_started(self, call: Any) -> None:
        """Note that a tool is about to start."""
        if self._journal is not None and self._opened:
            await surely(self._journal.tool_started(self._run.journal_id, call))

    async def tool_finished(self, call_id: str, output: Any) -> None:
        """Note what a tool that had started has led to; `None` when that is unknown."""
        if self._journal is not None and self._opened:
            await surely(self._note_output(self._journal, call_id, output))

    async def _note_output(self, journal: JournalSession, call_id: str, output: Any) -> None:
        try:
            await journal.tool_finished(self._run.journal_id, call_id, output)
        except SessionBusy as error:  # the turn will bring the output, too
            self._run.session_error = error

    async def _call(self, method: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a session's method, with the run's context where it asks for that."""
        try:
            takes_context = "wrapper" in inspect.signature(method).parameters
        except (TypeError, ValueError):
            takes_context = False
        if takes_context:
            kwargs["wrapper"] = self._run.context
        return await method(*args, **kwargs)


def check_memory(
    session: Any, previous_response_id: str | None, conversation_id: str | None, *, auto: bool = False
) -> None:
    """Raise `UserError` when a run is to keep its conversation in two places at once."""
    if session is not None and (previous_response_id or conversation_id or auto):
        raise UserError(
            "Session persistence cannot be combined with conversation_id, previous_response_id, or "
            "auto_previous_response_id: the conversation is kept either by the session or by the model's provider"
        )
    missing = [name for name in SESSION_METHODS if session is not None and not callable(getattr(session, name, None))]
    if missing:
        raise UserError(f"session must be a Session, got {session!r}, which has no {', '.join(missing)}")


async def surely(work: Coroutine[Any, Any, Any]) -> Any:
    """Await a write that is finished even when the run is cancelled meanwhile, so that it happens exactly once."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        clock = asyncio.get_running_loop().time
        until = clock() + LONGEST_WRITE
        while not task.done() and (left := until - clock()) > 0:
            with suppress(asyncio.CancelledError):  # cancelling twice is no more than once
                await asyncio.wait([task], timeout=left)
        if not task.done():
            task.cancel()
        elif not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("the session could not be told what happened before the run was cancelled: %r", error)
        raise


def sendable(items: Sequence[RunItem], policy: ReasoningItemIdPolicy | None = None) -> list[Any]:
    """Items as they are kept and sent, reasoning by a policy with or without its ids; open questions are neither."""
    sent: list[Any] = [item.to_input_item() for item in items if not isinstance(item, ToolApprovalItem)]
    if policy != "omit":
        return sent
    return [{k: v for k, v in item.items() if k != "id"} if item.get("type") == "reasoning" else item for item in sent]


async def joined(
    callback: Any, history: list[Any], new: list[oai.ResponseInputItemParam]
) -> tuple[list[Any], list[Any] | None]:
    """What the model is sent of a session's history and new input, and what of it is new.

    Raises `UserError` when the callback returns something else than a list of items.
    """
    if callback is None:
        return [*history, *new], None
    if not callable(callback):
        raise UserError(f"session_input_callback must be a function of (history, new_input), got {callback!r}")
    made: Any = callback(list(history), list(new))
    found = await made if inspect.isawaitable(made) else made
    if not isinstance(found, list):
        raise UserError(f"session_input_callback must return a list of input items, got {found!r}")
    old = {id(item) for item in history}
    fresh = {id(item) for item in new}
    unused = list(history)
    kept: list[Any] = []
    for item in found:
        if id(item) in old or (id(item) not in fresh and item in unused):
            unused = [other for other in unused if other is not item]
            continue
        kept.append(item)
    return found, kept
