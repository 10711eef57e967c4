"""A model that says nothing is noticed, on a clock that moves only when nothing else can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from virtual_loop import VirtualLoop, run_virtually

from agentcell import Agent, Runner
from agentcell.models.interface import Model
from agentcell.models.response_events import message_item, response_events, typed
from agentcell.stream_events import ModelSilent
from agentcell.view.model import EMPTY, Notice
from agentcell.view.reduce import reduce


class Slow(Model):
    """Waits before each event of its answer."""

    def __init__(self, waits: list[float]) -> None:
        self.waits = waits

    async def get_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        events = [typed(event) for event in response_events([message_item("Hi.")], response_id="r", model="m")]
        waits = [*self.waits, *[0.0] * len(events)]
        for event, wait in zip(events, waits, strict=False):
            await asyncio.sleep(wait)
            yield event


@pytest.mark.parametrize(
    ("waits", "said"),
    [
        ([29.0], []),
        ([36.0], [30.0]),
        ([300.0], [30.0]),
        ([0.0, 36.0], [30.0]),
        ([36.0, 0.0, 36.0], [30.0, 30.0]),
        ([20.0] * 8, []),
    ],
    ids=["short", "at first", "long", "in between", "twice", "slow but steady"],
)
def test_silence_is_said_once_each_time(waits: list[float], said: list[float]) -> None:
    seen: list[Any] = []

    async def work(loop: VirtualLoop) -> None:
        result = Runner.run_streamed(Agent(name="A", model=Slow(waits)), "go")
        async for event in result.stream_events(signals=True):
            seen.append((event, loop.time()))
        await result.aclose()
        assert result.final_output == "Hi." and loop.left_over() == []

    run_virtually(work)
    silences = [event.seconds for event, _ in seen if isinstance(event, ModelSilent)]
    assert silences == said
    view = EMPTY
    for event, at in seen:
        view = reduce(view, event, at)
    assert [block.kind for block in view.blocks if isinstance(block, Notice)] == ["silent"] * len(said)
    for event, at in seen:
        if isinstance(event, ModelSilent) and said == [30.0] and waits[0]:
            assert 30 <= at <= 35
