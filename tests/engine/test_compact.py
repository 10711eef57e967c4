"""A log of very many deltas stays small, and every reader still gets every character once."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseFunctionCallArgumentsDeltaEvent, ResponseTextDeltaEvent

from agentcell.engine import log as log_module
from agentcell.engine.compact import PackedEntry, packed
from agentcell.engine.log import Entry, EventLog, Reader
from agentcell.stream_events import NestedEvent, RawResponsesStreamEvent, RunFinished


def delta(number: int, text: str, part: int = 0, **more: Any) -> RawResponsesStreamEvent:
    return RawResponsesStreamEvent(
        ResponseTextDeltaEvent.model_validate(
            {
                "type": "response.output_text.delta",
                "item_id": f"msg_{part}",
                "output_index": part,
                "content_index": 0,
                "delta": text,
                "logprobs": [],
                "sequence_number": number,
                **more,
            }
        )
    )


def texts(entries: list[Any]) -> dict[int, str]:
    """The text of each part."""
    found: dict[int, str] = {}
    for entry in entries:
        if isinstance(entry.event, RawResponsesStreamEvent):
            data: Any = entry.event.data
            found[data.output_index] = found.get(data.output_index, "") + data.delta
    return found


def test_a_packed_delta_is_rebuilt_equal() -> None:
    for event in (
        delta(7, "hello"),
        RawResponsesStreamEvent(
            ResponseFunctionCallArgumentsDeltaEvent(
                type="response.function_call_arguments.delta", item_id="f", output_index=1, delta="{", sequence_number=3
            )
        ),
    ):
        entry = packed(Entry(event, 1.5))
        assert isinstance(entry, PackedEntry)
        rebuilt: Any = entry.event
        again: Any = rebuilt.data
        data: Any = event.data
        assert type(again) is type(data) and again == data
        assert again.model_dump_json() == data.model_dump_json()
        assert again.model_fields_set == data.model_fields_set
        assert (entry.at, entry.merged) == (1.5, 1)


def test_what_packing_would_lose_is_kept_as_it_is() -> None:
    odd = Entry(delta(1, "x", surprise=[1]), 0.0)
    scored = Entry(delta(1, "x", logprobs=[{"token": "x", "logprob": -1.0, "top_logprobs": []}]), 0.0)
    ended = Entry(RunFinished("done"), 0.0)
    assert [packed(entry) for entry in (odd, scored, ended)] == [odd, scored, ended]


def test_two_hundred_thousand_unread_deltas_stay_under_20_mb() -> None:
    """The peak comes just before the first merge, so that is where memory is measured; after it only text is added."""
    log = EventLog()
    first: Any = delta(0, "token ").data
    until_peak = log_module.PACK_FROM + log_module.MERGE_FROM
    tracemalloc.start()
    try:
        for _ in range(until_peak):
            log.append(RawResponsesStreamEvent(first.model_copy()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    most = 0
    for _ in range(200_000 - until_peak):
        log.append(RawResponsesStreamEvent(first))
        most = max(most, len(log.entries))
    assert peak + 200_000 * len("token ") < 20e6
    assert most <= until_peak
    assert texts(log.entries) == {0: "token " * 200_000}


@given(
    parts=st.lists(st.integers(0, 2), max_size=120),
    reads=st.lists(st.tuples(st.integers(0, 119), st.integers(0, 2)), max_size=40),
    pack=st.integers(1, 20),
    merge=st.integers(1, 30),
)
@settings(max_examples=150, deadline=None)
def test_readers_at_any_place_get_everything_once(
    parts: list[int], reads: list[tuple[int, int]], pack: int, merge: int
) -> None:
    """Readers read one entry at given moments; small limits make the log shrink under them all the time."""

    async def run() -> None:
        log = EventLog()
        log._pack_at = pack
        readers = [log.reader(consumer=False) for _ in range(3)]
        got: list[list[Any]] = [[], [], []]
        wanted = {}
        for number, part in enumerate(parts):
            log.append(delta(number, f"<{number}>", part))
            wanted[part] = wanted.get(part, "") + f"<{number}>"
            for moment, who in reads:
                if moment == number and readers[who].place < len(log.entries):
                    got[who].append(await readers[who].take())
        log.close()
        for who, reader in enumerate(readers):
            got[who] += await rest(reader)
            assert texts(got[who]) == wanted
        assert texts(log.entries) == wanted

    before = (log_module.PACK_FROM, log_module.MERGE_FROM)
    log_module.PACK_FROM, log_module.MERGE_FROM = pack, merge
    try:
        asyncio.run(run())
    finally:
        log_module.PACK_FROM, log_module.MERGE_FROM = before


async def rest(reader: Reader) -> list[Any]:
    found = []
    while (entry := await reader.take()) is not None:
        found.append(entry)
    return found


async def test_a_long_log_that_was_read_keeps_one_delta_for_each_part() -> None:
    log = EventLog()
    for number in range(log_module.PACK_FROM + 10):
        log.append(delta(number, "x", part=number // 1500))
    log.append(RunFinished("done"))
    log.close()
    reader = log.reader(consumer=True)
    first = await rest(reader)
    reader.close()
    assert len(first) == log_module.PACK_FROM + 11, "the first reader gets every delta"
    again = log.reader(consumer=True)
    later = await rest(again)
    assert len(later) == 3 and texts(later) == texts(first)


def nested(event: Any, *calls: str) -> Any:
    for call in reversed(calls):
        event = NestedEvent(call, event, 0.5)
    return event


def inner_texts(entries: list[Any]) -> dict[tuple[str, ...], str]:
    """The text that arrived inside each call."""
    found: dict[tuple[str, ...], str] = {}
    for entry in entries:
        event, calls = entry.event, ()
        while isinstance(event, NestedEvent):
            event, calls = event.event, (*calls, event.call_id)
        if isinstance(event, RawResponsesStreamEvent):
            found[calls] = found.get(calls, "") + event.data.delta  # type: ignore[union-attr]
    return found


def test_a_packed_delta_from_inside_calls_is_rebuilt_equal() -> None:
    event = NestedEvent("outer", NestedEvent("inner", delta(7, "hello"), 0.25), 0.75)
    entry = packed(Entry(event, 1.5))
    assert isinstance(entry, PackedEntry)
    assert (entry.event, entry.at, entry.merged) == (event, 1.5, 1)
    ended = Entry(NestedEvent("outer", RunFinished("done"), 1.0), 2.0)
    assert packed(ended) is ended


@pytest.mark.parametrize("agents", [1, 4])
def test_two_hundred_thousand_deltas_of_agents_side_by_side_stay_under_20_mb(agents: int) -> None:
    """Memory is measured until the peak, which comes just before the first merge; after it only text is added."""
    log = EventLog()
    first: Any = delta(0, "token ").data
    until_peak = log_module.PACK_FROM + log_module.MERGE_FROM

    def say(number: int, event: Any) -> None:
        log.append(NestedEvent(f"c{number % agents}", RawResponsesStreamEvent(event), number / 1000))

    tracemalloc.start()
    try:
        for number in range(until_peak):
            say(number, first.model_copy(update={"sequence_number": number}))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    most = 0
    for number in range(until_peak, 200_000):
        say(number, first)
        most = max(most, len(log.entries))
    assert peak + 200_000 * len("token ") < 20e6
    assert most <= log_module.PACK_FROM + log_module.MERGE_FROM
    assert inner_texts(log.entries) == {(f"c{n}",): "token " * (200_000 // agents) for n in range(agents)}


@given(
    sources=st.lists(st.sampled_from(["", "a", "b", "ab", "!"]), max_size=120),
    reads=st.lists(st.tuples(st.integers(0, 119), st.integers(0, 2)), max_size=40),
    pack=st.integers(1, 20),
    merge=st.integers(1, 30),
)
@settings(max_examples=150, deadline=None)
def test_readers_get_everything_from_inside_calls_once_and_never_across_other_events(
    sources: list[str], reads: list[tuple[int, int]], pack: int, merge: int
) -> None:
    """`!` is an event that is no delta: what came before it is read before it."""

    def split(entries: list[Any]) -> list[dict[tuple[str, ...], str]]:
        sections: list[list[Any]] = [[]]
        for entry in entries:
            if isinstance(entry.event, RunFinished):
                sections.append([])
            else:
                sections[-1].append(entry)
        return [inner_texts(section) for section in sections]

    async def run() -> None:
        log = EventLog()
        log._pack_at = pack
        readers = [log.reader(consumer=False) for _ in range(3)]
        got: list[list[Any]] = [[], [], []]
        said: list[Any] = []
        for number, source in enumerate(sources):
            event = RunFinished("done") if source == "!" else nested(delta(number, f"<{number}>"), *source)
            said.append(Entry(event, float(number)))
            log.append(event)
            for moment, who in reads:
                if moment == number and readers[who].place < len(log.entries):
                    got[who].append(await readers[who].take())
        log.close()
        for who, reader in enumerate(readers):
            got[who] += await rest(reader)
            assert split(got[who]) == split(said)
        assert split(log.entries) == split(said)  # type: ignore[arg-type]

    before = (log_module.PACK_FROM, log_module.MERGE_FROM)
    log_module.PACK_FROM, log_module.MERGE_FROM = pack, merge
    try:
        asyncio.run(run())
    finally:
        log_module.PACK_FROM, log_module.MERGE_FROM = before
