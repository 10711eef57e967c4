"""What a run of very many deltas leaves in memory: its text and its items, not the deltas."""

from __future__ import annotations

import gc
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agentcell import Agent, Runner, RunResultStreaming, SQLiteSession, function_tool
from agentcell.models.interface import Model
from agentcell.models.response_events import function_call_item, message_item, response_events, typed
from agentcell.stream_events import RawResponsesStreamEvent, RunItemStreamEvent

PIECE = "token "
ARGUMENTS = {"note": "x" * 3_000}


@function_tool
def look(note: str) -> str:
    return str(len(note))


class LongModel(Model):
    """Calls a tool with long arguments, then says two long texts; as fast as anybody reads."""

    def __init__(self, deltas: int) -> None:
        self.text = PIECE * (deltas // 2)
        self.calls = 0

    async def get_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        self.calls += 1
        turns = [[function_call_item("look", ARGUMENTS, call_id="c1")], [message_item(self.text)] * 2]
        sizes = [1, len(PIECE)]
        turn, size = turns[self.calls - 1], sizes[self.calls - 1]

        def pieces(text: str) -> list[str]:
            return [text[at : at + size] for at in range(0, len(text), size)]

        for event in response_events(turn, response_id=f"r{self.calls}", model="m", pieces=pieces):
            yield typed(event)


async def count_deltas(result: RunResultStreaming) -> tuple[Counter[tuple[str, int]], dict[tuple[str, int], int], int]:
    """How many deltas each part has, how much text is in them, and how many item events there are."""
    found: Counter[tuple[str, int]] = Counter()
    sizes: Counter[tuple[str, int]] = Counter()
    items = 0
    async for event in result.stream_events():
        items += isinstance(event, RunItemStreamEvent)
        if isinstance(event, RawResponsesStreamEvent) and event.data.type.endswith(".delta"):
            data: Any = event.data
            found[data.item_id, data.output_index] += 1
            sizes[data.item_id, data.output_index] += len(data.delta)
    return found, dict(sizes), items


async def check(path: Path, deltas: int) -> RunResultStreaming:
    """A run with a session that is read once, then again."""
    model = LongModel(deltas)
    with closing(SQLiteSession("a", path)) as session:
        result = Runner.run_streamed(Agent(name="A", model=model, tools=[look]), "go", session=session)
        first, sizes, items = await count_deltas(result)
        kept: list[Any] = list(await session.get_items())
    assert sum(first.values()) > deltas and len(first) == 3 and items == 4
    again, same, still = await count_deltas(result)
    assert (list(again.values()), same, still) == ([1, 1, 1], sizes, items), "one delta for each part"
    assert len(result._run.log.entries) < 60
    assert result.final_output == model.text
    assert [item.type for item in result.new_items] == [
        "tool_call_item", "tool_call_output_item", "message_output_item", "message_output_item",
    ]  # fmt: skip
    assert len(kept) == 5 and len(result.to_input_list()) == 5
    assert kept[-1]["content"][0]["text"] == model.text
    return result


async def test_a_finished_run_keeps_its_text_and_not_the_deltas(tmp_path: Path) -> None:
    await check(tmp_path / "chats.db", 6_000)


@pytest.mark.ci
@pytest.mark.timeout(300)
async def test_two_hundred_thousand_deltas_leave_less_than_20_mb(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await check(tmp_path / "before.db", 2_000)  # what is loaded and cached once is no growth
    gc.collect()
    tracemalloc.start()
    try:
        result = await check(tmp_path / "chats.db", 200_000)
        gc.collect()
        grown, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    with capsys.disabled():
        print(f"\n{grown / 1e6:.1f} MB are kept, {most / 1e6:.1f} MB at the most")
    assert result.final_output and grown < 20e6
