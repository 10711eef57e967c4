"""Processes that run an agent with tools and a session, until they are done or killed.

    python agent_process.py (agentcell | agents)

Loading a library takes longer than a run, so this process loads it once and then forks: for each line that it reads, a
JSON object with the fields of `Orders`, it starts a child and prints its process id; for a line `wait PID` it prints
that child's exit status. The child runs agents in one session, one after another, with the same code for both
libraries. Its tools append to a file when they start and when they end: that is what really happened.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass
class Orders:
    """What a child does."""

    path: str
    """The session's file."""
    session: str
    """The session."""
    name: str
    """Names the child; its runs are NAME.0, NAME.1, ..."""
    truth: str = os.devnull
    """Where its tools write."""
    runs: int = 0
    """How many runs it makes; 0 for no end."""
    base_url: str | None = None
    """The server that plays the model; without one the child plays it, too."""
    seconds: float = 0.0
    """How long its tools take."""
    busy_timeout: float = 30.0
    """How long it waits for a lock."""


def answer(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the model says to an input: two tools in parallel, then one, then the answer."""
    from agentcell.models.response_events import function_call_item, message_item

    last = max(place for place, item in enumerate(items) if item.get("role") == "user")
    run = str(items[last]["content"])
    done = sum(item.get("type") == "function_call_output" for item in items[last:])
    match done:
        case 0:
            return [function_call_item("pay", {"to": to}, call_id=f"{run}-{to}") for to in ("a", "b")]
        case 2:
            return [function_call_item("look", {}, call_id=f"{run}-look")]
    return [message_item(f"{run} done")]


def told(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """The runs whose questions are there, in order."""
    return [str(item["content"]) for item in items if item.get("role") == "user"]


def owner(item: Mapping[str, Any]) -> str:
    """The run that an item belongs to."""
    if item.get("role") == "assistant":
        return item["content"][0]["text"].removesuffix(" done")
    return str(item["content"]) if "content" in item else item["call_id"].partition("-")[0]


def kinds(run: str) -> list[tuple[str, str]]:
    """The items of a whole run: their types and call ids."""
    both = [f"{run}-a", f"{run}-b"]
    calls, outputs = ([(f"function_call{end}", call_id) for call_id in both] for end in ("", "_output"))
    look = f"{run}-look"
    return [
        ("user", ""), *calls, *outputs, ("function_call", look), ("function_call_output", look), ("assistant", ""),
    ]  # fmt: skip


def kind(item: Mapping[str, Any]) -> tuple[str, str]:
    return str(item.get("role") or item["type"]), item.get("call_id", "")


def model_of(lib: Any, base_url: str | None) -> Any:
    if base_url is not None:
        from openai import AsyncOpenAI

        return lib.OpenAIResponsesModel("gpt-test", AsyncOpenAI(base_url=base_url, api_key="test", max_retries=0))

    from agentcell.models.response_events import response_events, typed

    class Answering(lib.Model):
        async def get_response(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

        async def stream_response(self, system: Any, input: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            for event in response_events(answer(input), response_id="r", model="m"):
                yield typed(event)

    return Answering()


def agent_of(lib: Any, orders: Orders) -> Any:
    truth = os.open(orders.truth, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(what: str, context: Any) -> None:
        os.write(truth, f"{what} {context.tool_call_id}\n".encode())

    async def pay(context, to: str) -> str:  # type: ignore[no-untyped-def]
        note("started", context)
        await asyncio.sleep(orders.seconds * (2 if to == "b" else 1))
        note("ended", context)
        return f"paid {context.tool_call_id}"

    def look(context) -> str:  # type: ignore[no-untyped-def]
        note("started", context)
        time.sleep(orders.seconds)
        note("ended", context)
        return f"paid {context.tool_call_id}"

    for function in (pay, look):
        function.__annotations__["context"] = lib.tool_context.ToolContext[Any]
    tools = [lib.function_tool(pay), lib.function_tool(look)]
    return lib.Agent(name="A", model=model_of(lib, orders.base_url), tools=tools)


async def run(lib: Any, orders: Orders) -> None:
    options = {"busy_timeout": orders.busy_timeout} if lib.__name__ == "agentcell" else {}
    session = lib.SQLiteSession(orders.session, orders.path, **options)
    agent = agent_of(lib, orders)
    for number in range(orders.runs) if orders.runs else itertools.count():
        result = lib.Runner.run_streamed(agent, f"{orders.name}.{number}", session=session)
        async for _ in result.stream_events():
            pass
        if result.final_output != f"{orders.name}.{number} done":
            raise AssertionError(f"{result.final_output!r} in run {number} of {orders}")
    session.close()


def main(library: str) -> None:
    os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"
    lib = importlib.import_module(library)
    for name in ("Agent", "Runner", "SQLiteSession", "OpenAIResponsesModel", "function_tool", "tool_context"):
        getattr(lib, name)
    import openai  # noqa: F401

    from agentcell.models import response_events  # noqa: F401

    for line in sys.stdin:
        if line.startswith("wait "):
            print(os.waitpid(int(line.split()[1]), 0)[1], flush=True)
            continue
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            try:
                asyncio.run(run(lib, Orders(**json.loads(line))))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
