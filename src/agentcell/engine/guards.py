"""Guardrails around a run: the input before and beside the first model call, the output at the end.

The input is what the run was started with, checked by the agent that begins, and whatever is added later, checked by
the agent that takes it in. Blocking input guardrails run first, together. The others run beside the turn as tasks; the
first that trips, or raises, interrupts the run wherever it is: the model's stream is closed, tools are cancelled, and
the error surfaces at once. No further turn begins, and no run ends, before all of them have finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..exceptions import InputGuardrailTripwireTriggered, OutputGuardrailTripwireTriggered
from ..items import ItemHelpers, RunItem

if TYPE_CHECKING:
    from ..agent import Agent
    from ..guardrail import InputGuardrail
    from .state import RunState


class InputChecks:
    """The input guardrails of one run."""

    def __init__(self, run: RunState[Any]) -> None:
        self._run = run
        self._beside: list[asyncio.Task[None]] = []

    async def added(self) -> int:
        """Check input that was added, before a turn takes it in; returns how much of it may be taken in.

        All guardrails block, as in the reference. The run's own input has a check of its own, in its first turn.
        """
        run, count = self._run, 0
        if not run.input_checked:
            return len(run.added_input)
        agent = run.current_agent
        guardrails = self._guardrails(agent)
        while given := run.added_input[count:]:
            count += len(given)
            await first_error([asyncio.ensure_future(self._check(each, agent, given)) for each in guardrails])
        return count

    async def begin(self, added: Sequence[RunItem] = ()) -> None:
        """Run the blocking guardrails and start the others, before the model sees what they check.

        That is the run's own input, with what was `added` to it, in its first turn.
        Raises `InputGuardrailTripwireTriggered`, or what a guardrail raised.
        """
        run = self._run
        if run.input_checked:
            return
        run.input_checked = True
        agent, given = run.starting_agent, run.model_input
        if run.streamed or added:
            given = [*ItemHelpers.input_to_new_input_list(given), *(item.to_input_item() for item in added)]
        guardrails = self._guardrails(agent)
        blocking = [asyncio.ensure_future(self._check(g, agent, given)) for g in guardrails if not g.run_in_parallel]
        try:
            await first_error(blocking)
        except BaseException:
            run.input_checked = False
            raise
        self._beside = [asyncio.ensure_future(self._check(g, agent, given)) for g in guardrails if g.run_in_parallel]
        for task in self._beside:
            task.add_done_callback(self._ended)

    def _guardrails(self, agent: Agent[Any]) -> list[InputGuardrail[Any]]:
        return [*agent.input_guardrails, *(self._run.run_config.input_guardrails or [])]

    def raise_known(self) -> None:
        """Raise what a guardrail has found so far, before tools have effects."""
        for task in self._beside:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def finished(self) -> None:
        """Wait for the guardrails that run beside the first turn."""
        if self._beside:
            beside, self._beside = self._beside, []
            try:
                await first_error(beside)
            except BaseException:
                self._run.input_checked = False
                raise

    async def close(self) -> None:
        """Stop what still runs; a run that goes on from there has to be checked again."""
        if any(not task.done() or task.cancelled() or task.exception() is not None for task in self._beside):
            self._run.input_checked = False
        await _stop(self._beside)

    async def _check(self, guardrail: InputGuardrail[Any], agent: Agent[Any], given: Any) -> None:
        run = self._run
        result = await guardrail.run(agent, given, run.context)
        run.input_guardrail_results.append(result)
        if result.output.tripwire_triggered:
            raise InputGuardrailTripwireTriggered(result)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and task in self._beside:
            self._run.interrupt(error)


async def check_output(run: RunState[Any], agent: Agent[Any], output: Any) -> None:
    """Run the output guardrails on a final output, together.

    Raises `OutputGuardrailTripwireTriggered`, or what a guardrail raised.
    """
    guardrails = [*agent.output_guardrails, *(run.run_config.output_guardrails or [])]

    async def check(guardrail: Any) -> None:
        result = await guardrail.run(run.context, agent, output)
        run.output_guardrail_results.append(result)
        if result.output.tripwire_triggered:
            raise OutputGuardrailTripwireTriggered(result)

    await first_error([asyncio.ensure_future(check(guardrail)) for guardrail in guardrails])


async def first_error(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Wait for all tasks; at the first error, or when cancelled, stop the rest and wait until they are quiet."""
    if not tasks:
        return
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await _stop(tasks)
    failed = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    if failed:
        raise failed[0]


async def _stop(tasks: Sequence[asyncio.Future[Any]]) -> None:
    unfinished = [task for task in tasks if not task.done()]
    for task in unfinished:
        task.cancel()
    if unfinished:
        await asyncio.gather(*unfinished, return_exceptions=True)
