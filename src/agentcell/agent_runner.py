"""What stands behind `Runner`: an object with its three methods, which a program may replace.

`Runner` gives every call to the default runner, agent and input by position and every option by keyword, so one that
is put in its place sees all runs. The API is the reference's, where it is experimental.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Unpack

from . import openai_types as oai
from .agent import Agent
from .engine.loop import drive
from .engine.state import RunState
from .engine.threads import loop_is_running, own_loop
from .exceptions import ArgumentTypeError, UserError
from .result import RunResult, RunResultStreaming
from .run_config import RunOptions
from .run_context import TContext

__all__ = ["AgentRunner", "get_default_agent_runner", "set_default_agent_runner"]


class AgentRunner:
    """Runs agents: what `Runner` does with a call. Subclass it to see or change what every run is given.

    The options are those of `Runner.run`, with its defaults. Raises `UserError` for others.
    """

    async def run(
        self,
        starting_agent: Agent[TContext],
        input: str | list[oai.ResponseInputItemParam] | RunState[TContext],
        **kwargs: Unpack[RunOptions[TContext]],
    ) -> RunResult:
        """Run an agent until it has its final output; see `Runner.run`."""
        run = _prepared(starting_agent, input, kwargs)
        await drive(run)
        return _finished(run)

    def run_sync(
        self,
        starting_agent: Agent[TContext],
        input: str | list[oai.ResponseInputItemParam] | RunState[TContext],
        **kwargs: Unpack[RunOptions[TContext]],
    ) -> RunResult:
        """`run`, blocking; see `Runner.run_sync`."""
        run = _prepared(starting_agent, input, kwargs)
        if loop_is_running():
            own_loop.run(drive(run), on_interrupt=run.cancel)
        else:
            asyncio.run(drive(run))
        return _finished(run)

    def run_streamed(
        self,
        starting_agent: Agent[TContext],
        input: str | list[oai.ResponseInputItemParam] | RunState[TContext],
        **kwargs: Unpack[RunOptions[TContext]],
    ) -> RunResultStreaming:
        """Start a run and return its handle at once; see `Runner.run_streamed`."""
        run = _prepared(starting_agent, input, kwargs, streamed=True)
        result = RunResultStreaming(run)
        if loop_is_running():
            result.start()
        return result


def _prepared(
    agent: Agent[Any],
    input: str | list[oai.ResponseInputItemParam] | RunState[Any],
    given: Mapping[str, Any],
    *,
    streamed: bool = False,
) -> RunState[Any]:
    """A checked run that has not started; options that do not exist must say nothing."""
    from .run import prepare

    known = prepare.__kwdefaults__ or {}
    for name, value in given.items():
        if name not in known and value:
            raise UserError(f"the runner has no option {name!r}, got {value!r}; it takes {', '.join(known)}")
    return prepare(agent, input, streamed=streamed, **{name: given[name] for name in given if name in known})


def _finished(run: RunState[Any]) -> RunResult:
    """The result of a run that has ended; raises its error."""
    error = run.take_error()
    if error is not None:
        raise error
    return RunResult(run)


_default = AgentRunner()
_current = _default


def get_default_agent_runner() -> AgentRunner:
    """The object behind `Runner`."""
    return _current


def set_default_agent_runner(runner: AgentRunner | None) -> None:
    """Put another object behind `Runner`; `None` puts the library's own back.

    Raises `ArgumentTypeError` for anything that is no `AgentRunner`.
    """
    global _current
    if runner is not None and not isinstance(runner, AgentRunner):
        raise ArgumentTypeError(f"set_default_agent_runner takes an AgentRunner or None, got {runner!r}")
    _current = _default if runner is None else runner
