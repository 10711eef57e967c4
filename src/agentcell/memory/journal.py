"""Sessions that are told what a run is about to do.

A conversation that is written turn by turn loses the truth in between: a process that is killed while a tool runs
leaves no trace of a payment that was made. So a run keeps a journal: an intent before a tool starts, its outcome when
it ends, and the whole turn in one commit, which replaces the intents that it answers. Whatever moment the process dies
at, the file says what was started. Reading turns that into a conversation that can be sent: a call without an outcome
gets an output that says so.

    begin_run ( tool_started tool_finished )* add_turn ... end_run
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from .session import Session


@runtime_checkable
class JournalSession(Session, Protocol):
    """A session that keeps a run's journal; each method is one commit, done when it returns.

    `get_items` is then always fit to be sent: every call has one output, every output its call, reasoning stays with
    the item it precedes, and the items of a run stay together, whatever else was written at the same time.
    """

    async def begin_run(self, run_id: str, items: list[Any]) -> None:
        """A run begins with the user's new input; a run that goes on later may begin again, with more input."""
        ...

    async def tool_started(self, run_id: str, call: dict[str, Any]) -> None:
        """A tool is about to start: its call with `call_id`, `name` and `arguments`."""
        ...

    async def tool_finished(self, run_id: str, call_id: str, output: dict[str, Any] | None) -> None:
        """A tool has ended with the output item that the model gets; `None` when its effect is unknown."""
        ...

    async def add_turn(self, run_id: str, items: list[Any]) -> None:
        """A turn is complete; its items replace the intents of the calls that they answer."""
        ...

    async def end_run(self, run_id: str, status: str) -> None:
        """The run has ended; intents that no turn has answered stay in the history."""
        ...
