"""`%%agent`: a cell whose body is a prompt.

    %%agent [NAME] [-o VAR]
    What is the weather in Paris?

There are two ways in and one way through: cells come as `await attached(...)` from the input transformer; under other
magics, and where nothing can be awaited, the ordinary cell magic runs the same coroutine on the library's own loop
while the main thread waits, interruptible.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from ..agent import Agent
from ..engine.threads import own_loop
from ..exceptions import UserError
from ..result import RunResultStreaming
from ..run import Runner
from .display import already_shown, mode, note_shown, settle_finished, show
from .transformer import AgentCellTransformer

TICK = 0.1
"""Seconds between two looks of an awaiting cell: without them an interrupt takes seconds to arrive."""
QUIET_TIME = 2.0
"""Seconds that an interrupted cell gives its run to end."""


@magics_class
class AgentMagics(Magics):
    """The magics of agentcell."""

    @no_var_expand
    @magic_arguments()
    @argument(
        "name",
        nargs="?",
        help="the agent: a variable of the notebook or an agent's name; "
        "default: the only agent in the notebook, else a plain assistant",
    )
    @argument("-o", "--out", metavar="VAR", help="a variable that gets the run")
    @cell_magic
    def agent(self, line: str, cell: str) -> RunResultStreaming | None:
        """Run an agent on the text of the cell and watch it live.

        The cell's value is the run: `_` and `Out[n]` hold it, `_.final_output` is the answer. Stop, and the kernel's
        interrupt, end the run and keep what was written.

        Example:

            %%agent weather -o run
            What is the weather in Paris and in Tokyo?
        """
        with _usage_errors():
            chosen, out = self._parsed(line)
            started: list[RunResultStreaming] = []
            try:
                return own_loop.run(
                    self._run(chosen, cell, out, started), on_interrupt=lambda: [r.cancel() for r in started]
                )
            except KeyboardInterrupt:
                return started[0] if started else None

    async def attached(self, line: str, cell: str) -> RunResultStreaming:
        """`%%agent` on the kernel's own loop; the input transformer writes the call."""
        with _usage_errors():
            chosen, out = self._parsed(line)
            return await self._run(chosen, cell, out, [])

    def _parsed(self, line: str) -> tuple[Agent[Any], str | None]:
        """The agent and the output variable of a magic's line."""
        arguments = parse_argstring(self.agent, line)
        out = arguments.out
        if out is not None and not out.isidentifier():
            raise UsageError(f"-o takes a variable name, got {out!r}")
        return choose_agent(self._shell().user_ns, arguments.name), out

    def _shell(self) -> Any:
        return self.shell

    async def _run(
        self, agent: Agent[Any], prompt: str, out: str | None, started: list[RunResultStreaming]
    ) -> RunResultStreaming:
        """Start the run, show it here, and return when it has ended and its record stands."""
        shell = self._shell()
        result = Runner.run_streamed(agent, prompt.strip("\n"))
        started.append(result)
        if out is not None:
            shell.user_ns[out] = result
        await _until_over(self._following(result), result)
        return result

    def _following(self, result: RunResultStreaming) -> asyncio.Future[Any]:
        """What ends when the run has ended and is shown."""
        shell, run = self._shell(), result._run
        if mode(shell) == "terminal":
            from ..render.terminal import run_in_terminal

            note_shown(run, shell)
            return asyncio.ensure_future(run_in_terminal(result))
        task = None if already_shown(run, shell) else show(run, shell)
        return task if task is not None else asyncio.ensure_future(run.log.wait_closed())


async def _until_over(over: asyncio.Future[Any], result: RunResultStreaming) -> None:
    """Wait in ticks; an interrupt stops the run and waits until it is quiet, without a traceback."""
    try:
        while not over.done():
            await asyncio.wait({over}, timeout=TICK)
    except asyncio.CancelledError:
        result.cancel()
        await asyncio.wait({over}, timeout=QUIET_TIME)
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()


@contextlib.contextmanager
def _usage_errors() -> Any:
    """Errors of the person who typed the cell become one clear line."""
    try:
        yield
    except UserError as error:
        raise UsageError(str(error)) from None


def choose_agent(namespace: dict[str, Any], name: str | None) -> Agent[Any]:
    """The agent that a cell means.

    Raises `UsageError` with the names there are when none fits.
    """
    found = {key: value for key, value in namespace.items() if isinstance(value, Agent) and not key.startswith("_")}
    if name is None:
        distinct = {id(agent): agent for agent in found.values()}
        if len(distinct) == 1:
            return next(iter(distinct.values()))
        return Agent(name="Assistant", instructions="You are a helpful assistant.")
    if name in found:
        return found[name]
    named = next((agent for agent in found.values() if agent.name == name), None)
    if named is not None:
        return named
    if name in namespace and not name.startswith("_"):
        given = f"{name!r} is a {type(namespace[name]).__name__}, not an Agent"
    else:
        given = f"there is no agent {name!r}"
    known = ", ".join(sorted(found)) or "none yet; make one with Agent(name=..., instructions=...)"
    raise UsageError(f"{given}; agents in this notebook: {known}")


def load(shell: Any) -> None:
    """Register everything in a shell; a second call changes nothing."""
    if getattr(shell, "_agentcell", None) is not None:
        return
    transformer = AgentCellTransformer(shell)
    shell.register_magics(AgentMagics)
    shell.input_transformers_cleanup.append(transformer)
    shell.events.register("pre_execute", transformer.began)
    shell.events.register("post_execute", transformer.ended)
    shell._agentcell = transformer
    threading.Thread(target=_prefetch, name="agentcell prefetch", daemon=True).start()


def unload(shell: Any) -> None:
    """Take back everything that `load` did."""
    transformer = getattr(shell, "_agentcell", None)
    if transformer is None:
        return
    shell.input_transformers_cleanup.remove(transformer)
    shell.events.unregister("pre_execute", transformer.began)
    shell.events.unregister("post_execute", transformer.ended)
    if settle_finished in shell.events.callbacks["post_execute"]:
        shell.events.unregister("post_execute", settle_finished)
    shell.magics_manager.magics["cell"].pop("agent", None)
    shell.magics_manager.registry.pop("AgentMagics", None)
    shell._agentcell = None


def _prefetch() -> None:
    """Import the client while the person is still typing; a missing one is reported where it is needed."""
    with contextlib.suppress(Exception):
        import openai.types.responses  # noqa: F401
