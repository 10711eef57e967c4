"""The log: many readers, waking, the barrier between turns, discarding, and readers on other loops."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest

from agentcell.engine.log import EventLog
from agentcell.stream_events import ToolStarted


def event(number: int) -> ToolStarted:
    return ToolStarted(str(number), "tool")


def numbers(entries: list[Any]) -> list[int]:
    return [int(entry.event.call_id) for entry in entries]


async def all_of(log: EventLog, *, consumer: bool = True) -> list[int]:
    reader = log.reader(consumer=consumer)
    found = []
    while (entry := await reader.take()) is not None:
        found.append(entry)
    reader.close()
    return numbers(found)


async def turns(count: int = 10) -> None:
    """Let other tasks go on."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_every_reader_gets_everything_once() -> None:
    log = EventLog()
    early = [asyncio.ensure_future(all_of(log, consumer=index % 2 == 0)) for index in range(5)]
    for number in range(20):
        log.append(event(number))
        if number % 3 == 0:
            await asyncio.sleep(0)
    middle = asyncio.ensure_future(all_of(log))
    await turns()
    log.append(event(20))
    log.close()
    found = await asyncio.gather(*early, middle)
    found.append(await all_of(log))
    assert found == [list(range(21))] * 7


async def test_a_waiting_reader_is_woken_by_the_next_entry() -> None:
    log = EventLog()
    reader = log.reader(consumer=False)
    waiting = asyncio.ensure_future(reader.take())
    await turns()
    assert not waiting.done()
    log.append(event(1))
    entry = await waiting
    assert entry is not None and entry.event == event(1)


async def test_one_wake_for_many_entries() -> None:
    log = EventLog()
    reader = log.reader(consumer=False)
    waiting = asyncio.ensure_future(reader.take_all())
    await turns()
    for number in range(1000):
        log.append(event(number))
    assert numbers(await waiting) == list(range(1000))


async def test_take_all_is_empty_only_at_the_end() -> None:
    log = EventLog()
    reader = log.reader(consumer=False)
    log.append(event(1))
    assert numbers(await reader.take_all()) == [1]
    waiting = asyncio.ensure_future(reader.take_all())
    await turns()
    assert not waiting.done()
    log.close()
    assert await waiting == []
    assert await reader.take() is None


async def test_what_is_new_now() -> None:
    log = EventLog()
    reader = log.reader(consumer=False)
    assert reader.take_new() == []
    log.append(event(1))
    log.append(event(2))
    assert numbers(reader.take_new()) == [1, 2] and reader.take_new() == []
    log.append(event(3))
    assert numbers(await reader.take_all()) == [3]


async def test_times_count_from_the_opening() -> None:
    now = 100.0
    log = EventLog(clock=lambda: now)
    log.append(event(1))
    now = 102.5
    log.append(event(2))
    assert [entry.at for entry in log.entries] == [0.0, 2.5]
    assert log.elapsed() == 2.5


async def test_nothing_is_added_after_the_end() -> None:
    log = EventLog()
    log.append(event(1))
    log.close()
    log.append(event(2))
    assert numbers(log.entries) == [1]


async def test_the_barrier_waits_until_the_last_entry_is_handled() -> None:
    """Taking an entry is not handling it: that is coming back for the next one."""
    log = EventLog()
    reader = log.reader(consumer=True)
    log.append(event(1))
    log.append(event(2))
    settled = asyncio.ensure_future(log.settled())
    assert await reader.take() is not None
    assert await reader.take() is not None
    await turns()
    assert not settled.done()
    waiting = asyncio.ensure_future(reader.take())
    await settled
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_the_barrier_waits_for_the_slowest_consumer() -> None:
    log = EventLog()
    fast, slow = log.reader(consumer=True), log.reader(consumer=True)
    log.append(event(1))
    settled = asyncio.ensure_future(log.settled())
    await fast.take()
    ahead = asyncio.ensure_future(fast.take())
    await turns()
    assert not settled.done()
    slow.close()
    await settled
    log.close()
    assert await ahead is None


async def test_the_barrier_ignores_views_and_is_open_without_consumers() -> None:
    log = EventLog()
    log.reader(consumer=False)
    log.append(event(1))
    await log.settled()


async def test_abandoned_when_the_last_consumer_closes() -> None:
    log, calls = EventLog(), []
    log.on_abandoned = lambda: calls.append("abandoned")
    view, first, second = log.reader(consumer=False), log.reader(consumer=True), log.reader(consumer=True)
    view.close()
    first.close()
    first.close()
    assert calls == []
    second.close()
    assert calls == ["abandoned"]


async def test_not_abandoned_after_the_end() -> None:
    log, calls = EventLog(), []
    log.on_abandoned = lambda: calls.append("abandoned")
    reader = log.reader(consumer=True)
    log.close()
    reader.close()
    assert calls == []


async def test_discarding_ends_consumers_and_not_views() -> None:
    log = EventLog()
    log.append(event(1))
    consumer, view = log.reader(consumer=True), log.reader(consumer=False)
    idle = log.reader(consumer=True)
    assert await idle.take() is not None
    waiting = asyncio.ensure_future(idle.take())
    await turns()
    log.discard()
    assert await consumer.take() is None
    assert await waiting is None
    assert await log.reader(consumer=True).take() is None, "who comes later gets nothing either"
    log.append(event(2))
    log.close()
    assert numbers(await view.take_all()) == [1, 2]


async def test_discarding_after_the_end_stops_only_who_is_reading() -> None:
    log = EventLog()
    log.append(event(1))
    reading = log.reader(consumer=True)
    log.close()
    log.discard()
    assert await reading.take() is None
    assert await all_of(log) == [1]


async def test_a_cancelled_reader_loses_nothing() -> None:
    log = EventLog()
    reader = log.reader(consumer=True)
    waiting = asyncio.ensure_future(reader.take())
    await turns()
    waiting.cancel()
    await asyncio.wait([waiting])
    log.append(event(1))
    entry = await reader.take()
    assert entry is not None and entry.event == event(1)


async def test_wait_closed() -> None:
    log = EventLog()
    waiting = [asyncio.ensure_future(log.wait_closed()) for _ in range(3)]
    await turns()
    assert not any(task.done() for task in waiting)
    log.close()
    await asyncio.gather(*waiting)
    await log.wait_closed()


@pytest.mark.parametrize("consumer", [True, False])
async def test_a_reader_on_another_loop(consumer: bool) -> None:
    """It gets everything, in order, and the barrier waits for it, too."""
    log = EventLog()
    ready = threading.Event()
    found: list[int] = []

    async def read() -> None:
        reader = log.reader(consumer=consumer)
        ready.set()
        while (entry := await reader.take()) is not None:
            found.append(int(cast(ToolStarted, entry.event).call_id))
        reader.close()

    thread = threading.Thread(target=lambda: asyncio.run(read()))
    thread.start()
    await asyncio.to_thread(ready.wait)
    for number in range(500):
        log.append(event(number))
        if number % 50 == 49:
            await log.settled()
            if consumer:
                assert len(found) == number + 1
    log.close()
    await asyncio.to_thread(thread.join)
    assert found == list(range(500))


async def test_waiting_for_the_end_from_another_loop() -> None:
    log = EventLog()
    waiting = asyncio.ensure_future(asyncio.to_thread(lambda: asyncio.run(log.wait_closed())))
    while not log._ended:
        await asyncio.sleep(0)
    log.close()
    await waiting


async def test_a_reader_whose_loop_is_gone_is_no_trouble() -> None:
    """A cell that was interrupted leaves a closed loop behind; the run goes on."""
    log = EventLog()

    async def begin() -> None:
        task = asyncio.ensure_future(log.reader(consumer=False).take())
        await turns(3)
        assert not task.done()

    loop = asyncio.new_event_loop()
    await asyncio.to_thread(loop.run_until_complete, begin())
    loop.close()
    log.append(event(1))
    log.close()
    assert numbers(log.entries) == [1]
