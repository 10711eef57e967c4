"""The feed: frames instead of events, all of them, and nothing after the end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from histories import STEPS, history

from agentcell.engine.compact import PackedEntry, packed
from agentcell.engine.log import Entry, EventLog
from agentcell.view.feed import Feed, fold, merged
from agentcell.view.model import EMPTY, RunView

for _name in STEPS:  # recorded before any loop runs
    history(_name)


class Reader:
    """Gives entries in the portions that it was made with."""

    def __init__(self, portions: list[Any]) -> None:
        self.portions = portions
        self.closed = False

    async def take_all(self) -> list[Any]:
        return self.portions.pop(0) if self.portions else []

    def take_new(self) -> list[Any]:
        return self.portions.pop(0) if self.portions else []

    def watch_end(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("name", STEPS)
async def test_one_frame_for_each_portion(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = list(history(name))
    reader = Reader([entries[:5], entries[5:7], entries[7:]])
    frames: list[RunView] = []
    last = await Feed(reader, frames.append, rate=10_000).run()
    assert last == frames[-1] and last.finished and len(frames) == 3
    assert [b.id for b in last.blocks] == [b.id for b in fold(EMPTY, entries).blocks]
    assert reader.closed


async def test_it_ends_with_the_run_although_more_would_come() -> None:
    reader = Reader([list(history("plain")), list(history("plain"))])
    await Feed(reader, lambda view: None, rate=10_000).run()
    assert len(reader.portions) == 1 and reader.closed


@pytest.mark.parametrize("ending", ["failing sink", "cancelled"])
async def test_the_reader_is_closed_whatever_happens(ending: str) -> None:
    def sink(view: RunView) -> None:
        if ending == "failing sink":
            raise KeyError("sink")

    reader = Reader([list(history("plain"))[:3]])
    before = Feed._active
    task = asyncio.ensure_future(Feed(reader, sink, rate=0.001).run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises((KeyError, asyncio.CancelledError)):
        await task
    assert reader.closed and Feed._active == before


async def test_a_feed_on_a_log_reads_all_of_it() -> None:
    log = EventLog()
    frames: list[RunView] = []
    feed = asyncio.ensure_future(Feed(log.reader(consumer=False), frames.append, rate=10_000).run())
    for entry in history("parallel tools"):
        log.append(entry.event)
        await asyncio.sleep(0)
    log.close()
    last = await feed
    assert last.state == "done" and last.final_output == "Done."
    assert len(frames) < len(history("parallel tools")), "a frame takes what has come together"


async def test_catching_up_does_not_wait_for_a_frame() -> None:
    entries = list(history("plain"))
    feed = Feed(Reader([entries[:4], entries[4:]]), lambda view: None)
    assert not feed.catch_up().finished
    assert feed.catch_up() is feed.view and feed.view.finished
    assert feed.catch_up().final_output == feed.view.final_output


async def waits(monkeypatch: pytest.MonkeyPatch, cost: float, act: Any = None, portions: int = 12) -> list[float]:
    """The waits between the frames of a feed whose sink takes so many seconds of CPU time."""
    entries = list(history("plain"))
    clock, found = [0.0], []

    async def wait(watched: Any, timeout: float) -> None:
        found.append(timeout)

    def sink(view: RunView) -> None:
        clock[0] += cost
        if act is not None:
            act(made, len(found))

    monkeypatch.setattr("agentcell.view.feed.time.thread_time", lambda: clock[0])
    monkeypatch.setattr("agentcell.view.feed.asyncio.wait", wait)
    made = Feed(Reader([entries[:3]] * portions), sink)
    await made.run()
    return found


async def test_a_frame_that_is_dear_makes_the_next_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await waits(monkeypatch, 0.0) == [pytest.approx(1 / 30)] * 12
    assert await waits(monkeypatch, 0.02) == [pytest.approx(10 * 0.02)] * 12
    assert await waits(monkeypatch, 9.0) == [2.0] * 12, "however dear"


async def test_a_slow_page_gets_fewer_frames_until_it_has_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await waits(monkeypatch, 0.0, lambda feed, frame: feed.slow_down(0.15) if frame == 2 else None, 40)
    assert found[1] == pytest.approx(1 / 30) and found[2] == pytest.approx(0.3)
    assert found[2:] == sorted(found[2:], reverse=True) and found[-1] == pytest.approx(1 / 30)


async def test_all_feeds_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Feed, "_active", 29)
    assert await waits(monkeypatch, 0.0) == [pytest.approx(30 / 120)] * 12


async def test_the_end_waits_for_no_frame() -> None:
    log = EventLog()
    frames: list[RunView] = []
    feed = asyncio.ensure_future(Feed(log.reader(consumer=False), frames.append, rate=1e-9).run())
    entries = list(history("plain"))
    for entry in entries[:3]:
        log.append(entry.event)
    while not frames:
        await asyncio.sleep(0)
    for entry in entries[3:]:
        log.append(entry.event)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(frames) == 1, "the next frame has its time"
    log.close()
    assert (await asyncio.wait_for(feed, 60)).finished and len(frames) == 2


async def test_deltas_that_the_log_has_packed_fold_to_the_same_view() -> None:
    for name in ("plain", "parallel tools"):
        entries = list(history(name))
        small = [packed(Entry(entry.event, entry.at)) for entry in entries]
        assert any(isinstance(entry, PackedEntry) for entry in small)
        mixed = [one if index % 3 else other for index, (one, other) in enumerate(zip(small, entries, strict=True))]
        assert fold(EMPTY, small) == fold(EMPTY, mixed) == fold(EMPTY, entries)
        assert [at for _, at in merged(small)] == [at for _, at in merged(entries)]
