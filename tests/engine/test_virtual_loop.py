"""The loop that the tests of endings stand on: its clock, and what it finds left over."""

from __future__ import annotations

import asyncio
import threading

import pytest
import virtual_loop
from virtual_loop import NothingWillHappen, VirtualLoop, assert_no_complaints, run_virtually


def test_timers_cost_nothing_and_move_the_clock() -> None:
    async def sleep(loop: VirtualLoop) -> None:
        await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(7200))
        assert loop.time() == pytest.approx(7200)

    assert run_virtually(sleep).time() == pytest.approx(7200)


def test_no_timer_goes_off_while_something_is_ready() -> None:
    async def busy(loop: VirtualLoop) -> None:
        timer = asyncio.ensure_future(asyncio.sleep(0.001))
        for _ in range(1000):
            await asyncio.sleep(0)
        assert not timer.done() and loop.time() == 0
        timer.cancel()

    assert run_virtually(busy).time() == 0


def test_a_deadlock_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_loop, "THREADS_MAY_TAKE", 0.01)

    async def wait(loop: VirtualLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingWillHappen):
        run_virtually(wait)


def test_another_thread_is_waited_for() -> None:
    go_on = threading.Event()

    async def wait(loop: VirtualLoop) -> None:
        loop.call_soon(go_on.set)
        await asyncio.to_thread(go_on.wait)

    assert run_virtually(wait).time() == 0


def test_what_is_left_over_is_found() -> None:
    async def leave(loop: VirtualLoop) -> None:
        async def numbers():  # type: ignore[no-untyped-def]
            yield 1

        assert loop.left_over() == []
        task = asyncio.ensure_future(asyncio.Event().wait())
        timer = loop.call_later(1, print)
        opened = numbers()
        await anext(opened)
        assert loop.left_over() == [task, timer, opened]
        task.cancel()
        timer.cancel()
        await opened.aclose()
        await asyncio.sleep(0)
        assert loop.left_over() == []

    run_virtually(leave)


def test_complaints_are_errors() -> None:
    async def fail(loop: VirtualLoop) -> None:
        async def broken() -> None:
            raise ValueError("nobody asks")

        task = asyncio.ensure_future(broken())
        await asyncio.wait([task])

    loop = run_virtually(fail)
    with pytest.raises(AssertionError, match="nobody asks"):
        assert_no_complaints([loop])
