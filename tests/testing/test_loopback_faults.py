"""The loopback server's pace and faults: holds, cuts, and clients that leave."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from agentcell.testing import LoopbackServer, Turn

# created, in_progress, item added, part added, then the deltas
BEFORE_TEXT = 4


async def events(server: LoopbackServer, got: list[Any]) -> None:
    async with AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client:
        stream = await client.responses.create(model="m", input="x", stream=True)
        async for event in stream:
            got.append(event)


@pytest.mark.parametrize("chunk_size", [None, 50, 10**6])
async def test_a_turn_holds_until_it_is_released(chunk_size: int | None) -> None:
    release = threading.Event()
    turn = Turn(["one two three"], hold_after=BEFORE_TEXT + 2, release=release, chunk_size=chunk_size)
    with LoopbackServer([turn]) as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="k") as client:
            stream = await client.responses.create(model="m", input="x", stream=True)
            iterator = aiter(stream)
            held = [await anext(iterator) for _ in range(BEFORE_TEXT + 2)]
            assert held[-1].type == "response.output_text.delta" and held[-1].delta == " two"
            pending = asyncio.ensure_future(anext(iterator))
            await asyncio.sleep(0)
            assert not pending.done()
            release.set()
            assert (await pending).delta == " three"  # type: ignore[union-attr]
            rest = [event async for event in iterator]
    assert rest[-1].type == "response.completed"


@pytest.mark.parametrize("hold_after", [0, 100, 9])
async def test_a_hold_at_the_edges(hold_after: int) -> None:
    release = threading.Event()
    release.set()
    got: list[Any] = []
    with LoopbackServer([Turn(["x"], hold_after=hold_after, release=release)]) as server:
        await events(server, got)
    assert got[-1].type == "response.completed"


async def test_a_whole_answer_holds_too() -> None:
    release = threading.Event()
    with LoopbackServer([Turn(["x"], hold_after=0, release=release)]) as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="k") as client:
            pending = asyncio.ensure_future(client.responses.create(model="m", input="x"))
            assert await asyncio.to_thread(server.wait_for_requests)
            assert not pending.done()
            release.set()
            assert (await pending).output_text == "x"


async def test_a_client_that_leaves_is_counted() -> None:
    with LoopbackServer([Turn(["one two"], hold_after=BEFORE_TEXT + 1)]) as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="k") as client:
            stream = await client.responses.create(model="m", input="x", stream=True)
            assert server.disconnects == 0
            async for event in stream:
                if event.type == "response.output_text.delta":
                    break
            await stream.close()
            assert await asyncio.to_thread(server.wait_for_disconnects)
        assert server.disconnects == 1


async def test_a_client_that_leaves_a_slow_turn_is_counted() -> None:
    with LoopbackServer([Turn(["one two"], first_delay=3600), Turn(["one two"], delay=3600)]) as server:
        for number in (1, 2):
            task = asyncio.create_task(events(server, []))
            assert await asyncio.to_thread(server.wait_for_requests, number)
            task.cancel()
            assert await asyncio.to_thread(server.wait_for_disconnects, number)
            with pytest.raises(asyncio.CancelledError):
                await task


def test_a_client_that_leaves_a_process_is_counted() -> None:
    with LoopbackServer([Turn(["one two"], hold_after=BEFORE_TEXT)], process=True) as server:
        with OpenAI(base_url=server.base_url, api_key="k") as client:
            stream = client.responses.create(model="m", input="x", stream=True)
            next(iter(stream))
            stream.close()
        assert server.wait_for_disconnects()
    assert server.disconnects == 1


async def test_leaving_after_the_end_is_not_counted() -> None:
    with LoopbackServer(["x"]) as server:
        await events(server, [])
    assert server.disconnects == 0


def test_waiting_for_what_does_not_come_gives_up() -> None:
    with LoopbackServer() as server:
        assert not server.wait_for_requests(timeout=0)
        assert not server.wait_for_disconnects(timeout=0)


@pytest.mark.parametrize("cut_after", [0, 1, BEFORE_TEXT + 1])
@pytest.mark.parametrize("chunk_size", [None, 33])
async def test_a_clean_early_end_looks_like_an_end(cut_after: int, chunk_size: int | None) -> None:
    got: list[Any] = []
    with LoopbackServer([Turn(["a b c"], cut_after=cut_after, cut="end", chunk_size=chunk_size)]) as server:
        await events(server, got)
    assert len(got) == cut_after


@pytest.mark.parametrize("cut", ["close", "reset"])
@pytest.mark.parametrize("cut_after", [1, BEFORE_TEXT + 1, 11])
async def test_a_broken_connection_is_an_error_after_the_events(cut: Any, cut_after: int) -> None:
    got: list[Any] = []
    with LoopbackServer([Turn(["a b c"], cut_after=cut_after, cut=cut), "again"]) as server:
        with pytest.raises(Exception) as caught:
            await events(server, got)
        assert not isinstance(caught.value, AssertionError)
        assert len(got) <= cut_after
        if cut == "close":
            assert len(got) == cut_after
        assert server.disconnects == 0, "the server left, not the client"
        await events(server, got)
    assert got[-1].type == "response.completed"


async def test_raw_events_go_out_as_they_are() -> None:
    raw: list[Any] = [
        ": a comment\n\n",
        {"type": "response.mystery", "sequence_number": 0},
        b'event: error\ndata: {"error": {"message": "boom"}}\n\n',
    ]
    got: list[Any] = []
    with LoopbackServer([Turn(raw_events=raw), Turn(raw_events=["data: {broken\n\n"])]) as server:
        with pytest.raises(openai.APIError, match="boom"):
            await events(server, got)
        with pytest.raises(ValueError):
            await events(server, got)
    assert [event.type for event in got] == ["response.mystery"]


async def test_delays_set_the_rate() -> None:
    got: list[Any] = []
    with LoopbackServer([Turn(["a"] * 3, delay=0.005, first_delay=0.02)]) as server:
        start = time.monotonic()
        await events(server, got)
    assert time.monotonic() - start >= 0.02 + 0.005 * (len(got) - 1)


async def test_stopping_ends_what_is_still_running() -> None:
    server = LoopbackServer([Turn(["a"], hold_after=3)]).start()
    task = asyncio.create_task(events(server, []))
    assert await asyncio.to_thread(server.wait_for_requests)
    await asyncio.to_thread(server.stop)
    with pytest.raises(Exception) as caught:
        await task
    assert not isinstance(caught.value, AssertionError)
    assert not [thread for thread in threading.enumerate() if thread.name == "agentcell-loopback"]


async def test_a_large_answer_arrives_whole() -> None:
    text = "word " * 40_000
    got: list[Any] = []
    with LoopbackServer(
        [Turn([text], pieces=lambda whole: [whole[i : i + 5000] for i in range(0, len(whole), 5000)])]
    ) as s:
        await events(s, got)
    assert got[-1].response.output_text == text
