"""Runs a page's snippet the way its reader would: as a program, or as a cell that awaits at its top level.

The client finds its server and its key in the environment, and a loopback server answers from a script. `from agents`
becomes `from agentcell`; nothing else of a snippet is changed but what `corrected` says.
"""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import agents
import pytest
from openai import AsyncOpenAI

from agentcell.models.response_events import function_call_item as call
from agentcell.testing import LoopbackServer

PAGES = (
    "run-streamed-reference",
    "streaming-workflow",
    "streaming-guide",
    "run-vs-run-streamed",
    "streaming-deep-dive",
)
"""The pages."""

ADD = call("add", {"a": 1, "b": 2}, call_id="c1")
"""The call that most scripts with a tool begin with."""


@dataclass(frozen=True)
class Snippet:
    """One piece of code of a page, and what it leads to."""

    page: str
    """The page, one of `PAGES`."""
    number: int
    """Its place among the page's pieces of code, from 1; 0 for what a page promises in words alone."""
    shows: str
    """What it is there for."""
    code: str
    """The code."""
    turns: list[Any] = field(default_factory=list)
    """What the server answers, request by request."""
    printed: str = ""
    """What it prints."""
    given: str = ""
    """What the page takes for granted: the agent, the input, the reader's own functions."""
    then: str = ""
    """Calls the function that the snippet only defines, and looks at what came of it."""
    corrected: str = ""
    """What is not as on the page, because it is a mistake there."""

    @property
    def name(self) -> str:
        """Its name as a test."""
        return f"{self.number:02} {self.shows}"

    def source(self) -> str:
        """The whole program."""
        return f"{self.given}\n{self.code}\n{self.then}"


def as_params(snippets: list[Snippet]) -> list[Any]:
    """Snippets as the parameters of a test."""
    return [pytest.param(snippet, id=snippet.name) for snippet in snippets]


Serve = Callable[[Any], LoopbackServer]
Close = Callable[[], Awaitable[None]]


def compiled(source: str, library: str) -> Any:
    """The code of a cell or a program, made for a library."""
    source = re.sub(r"^(\s*from|import) agents\b", rf"\1 {library}", source, flags=re.MULTILINE)
    return compile(source, "page.py", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def run_program(source: str, library: str = "agentcell", close: Close | None = None) -> dict[str, Any]:
    """Run a program, or a cell that awaits; `close` comes at the end of its loop."""
    names: dict[str, Any] = {"__name__": "__main__", "asyncio": asyncio}
    run = asyncio.run

    async def closing(work: Coroutine[Any, Any, Any], close: Close) -> Any:
        try:
            return await work
        finally:
            await close()

    with pytest.MonkeyPatch.context() as patch:
        if close is not None:
            patch.setattr(asyncio, "run", lambda work: run(closing(work, close)))
        work = eval(compiled(source, library), names)
        if asyncio.iscoroutine(work):
            asyncio.run(work)
    return names


@contextmanager
def reference_client(server: LoopbackServer) -> Iterator[Close]:
    """The reference's default client, for as long as a program runs."""
    client = AsyncOpenAI(base_url=server.base_url, api_key="test", max_retries=0)
    agents.set_default_openai_client(client, use_for_tracing=False)
    try:
        yield client.close
    finally:
        agents.set_default_openai_client(None, use_for_tracing=False)  # type: ignore[arg-type]
