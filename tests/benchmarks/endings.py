"""How long a run takes to be quiet after each way to end it, by the wall clock.

A sample is one run over HTTP with the official client. The server, in a process of its own, sends an answer up to the
last event and then holds it for ever; tools wait for ever. When a certain event has been read, the run is ended, and
the time is taken until no task of it is left. Only `cancel("after_turn")` needs a turn that can be completed: there
the answer is whole, the tools are let go at that moment, and the time includes the rest of the turn.

What does not end within `LIMIT` is stopped by `cancel()`, and is said not to end.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import agents
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

import agentcell
from agentcell.models.response_events import function_call_item, message_item, response_events
from agentcell.testing import LoopbackServer

LIMIT = 1.0
"""Seconds after which a run is said not to end."""
GIVE_UP_AFTER = 3
"""So many runs that do not end are enough."""

LIBRARIES: dict[str, Any] = {"agentcell": agentcell, "reference": agents}

TEXT = " ".join(f"word{n}" for n in range(24))
SCRIPTS: dict[str, list[Any]] = {
    "plain": [TEXT],
    "parallel tools": [function_call_item("wait", {"note": n}, call_id=f"c{n}") for n in "abc"],
}
"""What the model answers, every time."""


@dataclass
class Sample:
    """One run that is going to be ended."""

    result: Any
    at: int
    """The event after which it ends, counted from 0."""
    let_go: asyncio.Event
    """Ends the tools."""
    ended_at: float = 0.0
    """When the end began."""

    def reached(self, seen: int) -> bool:
        """Whether this is the event; the clock starts here."""
        if seen == self.at:
            self.ended_at = time.perf_counter()
        return seen == self.at


class Boom(Exception):
    """Raised by a loop's body."""


async def by_break(sample: Sample) -> None:
    seen = 0
    async for _ in sample.result.stream_events():
        if sample.reached(seen):
            break
        seen += 1


async def by_exception(sample: Sample) -> None:
    seen = 0
    try:
        async for _ in sample.result.stream_events():
            if sample.reached(seen):
                raise Boom
            seen += 1
    except Boom:
        pass


async def by_abandoning(sample: Sample) -> None:
    events = sample.result.stream_events()
    for _ in range(sample.at + 1):
        await anext(events)
    sample.reached(sample.at)
    del events


async def by_aclose(sample: Sample) -> None:
    events = sample.result.stream_events()
    for _ in range(sample.at + 1):
        await anext(events)
    sample.reached(sample.at)
    closing = asyncio.ensure_future(events.aclose())
    await asyncio.wait([closing], timeout=LIMIT)


async def by_async_with(sample: Sample) -> None:
    async with sample.result as stream:
        seen = 0
        async for _ in stream:
            if sample.reached(seen):
                break
            seen += 1


async def by_task_cancel_in_the_body(sample: Sample) -> None:
    reached = asyncio.Event()

    async def consume() -> None:
        seen = 0
        async for _ in sample.result.stream_events():
            if sample.reached(seen):
                reached.set()
                await asyncio.Event().wait()
            seen += 1

    task = asyncio.ensure_future(consume())
    await reached.wait()
    task.cancel()
    await asyncio.wait([task], timeout=LIMIT)


async def by_task_cancel_while_waiting(sample: Sample) -> None:
    seen = 0

    async def consume() -> None:
        nonlocal seen
        async for _ in sample.result.stream_events():
            seen += 1

    task = asyncio.ensure_future(consume())
    while seen <= sample.at:
        await asyncio.sleep(0)
    sample.reached(sample.at)
    task.cancel()
    await asyncio.wait([task], timeout=LIMIT)


async def by_cancel(sample: Sample) -> None:
    seen = 0
    async for _ in sample.result.stream_events():
        if sample.reached(seen):
            sample.result.cancel()
        seen += 1


async def by_cancel_after_turn(sample: Sample) -> None:
    seen = 0
    async for _ in sample.result.stream_events():
        if sample.reached(seen):
            sample.result.cancel(mode="after_turn")
            sample.let_go.set()
        seen += 1


WAYS: dict[str, Callable[[Sample], Awaitable[None]]] = {
    "`break`": by_break,
    "exception in the body": by_exception,
    "abandoned iterator": by_abandoning,
    "`aclose()` of the iterator": by_aclose,
    "`async with` ends": by_async_with,
    "task cancelled in the body": by_task_cancel_in_the_body,
    "task cancelled while it waits": by_task_cancel_while_waiting,
    "`cancel()`": by_cancel,
    '`cancel("after_turn")`': by_cancel_after_turn,
}

ONLY_OURS = {"`async with` ends"}
"""What the reference's result cannot be asked for."""


@dataclass
class Times:
    """What the samples of one library, script and way have taken, in seconds."""

    rounds: list[list[float]] = field(default_factory=list)
    """By round."""
    missed: int = 0
    """How many runs have not ended."""

    @property
    def endless(self) -> bool:
        """Whether runs do not end this way."""
        return self.missed >= GIVE_UP_AFTER or not any(self.rounds)


@asynccontextmanager
async def models(script: str, runs: int) -> AsyncIterator[Callable[[Any, bool], Any]]:
    """Makes a library's model whose answer is held before its end, or is whole."""
    output = SCRIPTS[script]
    held = {"output": output, "hold_after": None if script == "parallel tools" else raw_events(script) - 1}
    with (
        LoopbackServer([held] * runs, process=True) as held_server,
        LoopbackServer([{"output": output}] * runs, process=True) as whole_server,
    ):
        clients = []
        for server in (held_server, whole_server):
            http = DefaultAsyncHttpxClient(verify=False)
            clients.append(
                AsyncOpenAI(base_url=server.base_url, api_key="none", max_retries=0, timeout=60, http_client=http)
            )
        try:
            yield lambda lib, whole: lib.OpenAIResponsesModel("gpt-test", clients[whole])
        finally:
            for client in clients:
                await client.close()


def raw_events(script: str) -> int:
    """How many events a model's answer has."""
    items = [message_item(item) if isinstance(item, str) else item for item in SCRIPTS[script]]
    return len(list(response_events(items, response_id="r", model="m")))


async def quiet(before: set[asyncio.Task[Any]]) -> bool:
    """Wait until no other task is left; tells whether that was in time."""
    end = time.perf_counter() + LIMIT
    while left := asyncio.all_tasks() - before:
        patience = end - time.perf_counter()
        if patience <= 0:
            return False
        await asyncio.wait(left, timeout=patience)
    return True


async def take(lib: Any, model: Any, way: Callable[[Sample], Awaitable[None]], at: int) -> float | None:
    """One sample, in seconds; `None` when the run did not end."""
    let_go = asyncio.Event()

    @lib.function_tool
    async def wait(note: str) -> str:
        await let_go.wait()
        return note

    before = asyncio.all_tasks()
    result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[wait]), "go")
    sample = Sample(result, at, let_go)
    await way(sample)
    ended = await quiet(before)
    took = time.perf_counter() - sample.ended_at
    if not ended:
        let_go.set()
        result.cancel()
        del result, sample
        gc.collect()
        await quiet(before)
        return None
    return took


def places_to_stop_at(script: str, count: int) -> list[int]:
    """So many of a script's events, from the first to the last that comes before everything waits."""
    raw = raw_events(script)
    last = raw - 1 if script == "plain" else raw + len(SCRIPTS[script])  # the first event names the agent
    return sorted({round(last * n / max(1, count - 1)) for n in range(count)})


async def measure(rounds: int, events: int, repeats: int) -> dict[tuple[str, str, str], Times]:
    """All times by script, way and library, the libraries taking turns within each round."""
    agents.set_tracing_disabled(True)
    found = {(script, way, lib): Times() for script in SCRIPTS for way in WAYS for lib in LIBRARIES}
    for way in ONLY_OURS:
        for script in SCRIPTS:
            del found[script, way, "reference"]
    for script in SCRIPTS:
        runs = (rounds * events * repeats + 10) * len(WAYS) * len(LIBRARIES)
        async with models(script, runs) as model:
            places = places_to_stop_at(script, events)
            for _ in range(rounds):
                for (of, way, lib), times in found.items():
                    if of == script and times.missed < GIVE_UP_AFTER:
                        await measure_round(times, LIBRARIES[lib], model, way, places * repeats)
    return found


async def measure_round(times: Times, lib: Any, model: Callable[[Any, bool], Any], way: str, places: list[int]) -> None:
    """One round of one way to end."""
    whole = WAYS[way] is by_cancel_after_turn
    taken: list[float] = []
    for at in places:
        took = await take(lib, model(lib, whole), WAYS[way], at)
        if took is not None:
            taken.append(took)
            continue
        times.missed += 1
        if times.missed == GIVE_UP_AFTER:
            return
    times.rounds.append(taken)
