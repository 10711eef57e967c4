"""Carrying out what a page asks for: decisions, added input, stopping and going on.

A message is bound to the widget that it came to, and so to one run; a decision also to a call and to the digest of what
the page has shown. It is carried out at most once, because the run takes only one. Messages come in any thread. What
cannot be done is answered with a line of text, which the page shows in the form that it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from ..approvals import ApprovalDecision
from ..engine.approving import VIEW
from ..engine.state import RunState
from ..exceptions import UserError
from ..items import output_text
from ..render.form import FormError, edited
from ..view.model import RunView, ToolCard
from .page_messages import AddInput, Decide, Folded, Keep, PageMessage, Refused, Resume, Resync, Slow, Stop

STALE = "The call that waits is not the one that is shown here any more; look at it again."
GONE = "This call does not wait for a decision any more."


def carry_out(
    message: PageMessage,
    run: RunState[Any],
    view: RunView,
    resume: Callable[[], None],
    keep: Callable[[], None],
) -> str:
    """Do what a page asks for; returns what it is told, which is nothing when all is well.

    Args:
        message: what the page said.
        run: the run that it is about now.
        view: what the page shows.
        resume: goes on with the run, in its own loop.
        keep: makes a record of the view.
    """
    try:
        match message:
            case Stop():
                if message.after_turn:
                    run.stop_after_turn = True
                else:
                    run.cancel()
            case AddInput():
                _add_input(run, message.text)
            case Decide():
                _decide(run, view, message)
            case Resume():
                _check_resumable(run)
                resume()
            case Keep():
                keep()
            case Refused():
                return message.why
            case Resync() | Slow() | Folded():
                pass
            case _:
                assert_never(message)
    except FormError as problem:
        return str(problem)
    except UserError as problem:
        return plainly(problem)
    return ""


def _add_input(run: RunState[Any], text: str) -> None:
    if run.finished or run.cancelled:
        raise UserError("the run has ended, so it takes no more input")
    run.put_input(text)


def _check_resumable(run: RunState[Any]) -> None:
    if run.resumed is not None:
        raise UserError("the run was gone on with already")
    if not run.resumable:
        raise UserError(f"the run cannot be gone on with ({run.status})")
    if run.status == "paused" and run.undecided:
        raise UserError("decide on every call first")


def _decide(run: RunState[Any], view: RunView, message: Decide) -> None:
    card = card_of(view, message.call_id)
    if run.resumed is not None or run.cancelled or (run.finished and run.status != "paused"):
        raise UserError(GONE)
    arguments = None
    if card is not None and card.state == "asking":
        if card.digest != message.digest:
            raise UserError(STALE)
        if message.entered:
            arguments = edited(str(card.arguments), card.schema, message.entered)
    decision = ApprovalDecision(message.approved, message.reason, arguments, by=VIEW)
    run.approvals.decide(message.call_id, decision, always=message.always, digest=message.digest)


def card_of(view: RunView, call_id: str) -> ToolCard | None:
    """The card of a call, here or in the runs inside; one that waits before any other."""
    found: ToolCard | None = None
    for block in view.blocks:
        if not isinstance(block, ToolCard):
            continue
        inner = card_of(block.inner, call_id) if block.inner is not None else None
        for card in (block, inner):
            if card is not None and card.call_id == call_id:
                if card.state == "asking":
                    return card
                found = card
    return found


def plainly(problem: UserError) -> str:
    """What went wrong in a line or two; of arguments that do not fit only what is wrong with them."""
    cause: BaseException = problem
    while cause.__cause__ is not None:
        cause = cause.__cause__
    errors = getattr(cause, "errors", None)
    if cause is not problem and callable(errors):
        found: Any = errors()
        said = [f"{'.'.join(map(str, e.get('loc', ())))}: {e.get('msg', '')}" for e in found if isinstance(e, dict)]
        if said:
            return "; ".join(said)
    text = output_text(problem.__cause__ or problem)
    return text[:1].upper() + text[1:]
