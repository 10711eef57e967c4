"""Plays the scenes and writes the golden files: `python -m tests.golden.make [NAME ...]`.

A file says what a run said and what becomes of it on a page, in frames, and in the record. The scenes are played by
the real runner on a clock that moves only when nothing else can; in the files the times are counted in events, so that
the same code writes the same bytes.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentcell import Runner
from agentcell.engine.log import Entry
from agentcell.render.live import LiveRenderer
from agentcell.render.record import record
from agentcell.stream_events import NestedEvent, RunStarted, ToolFinished
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY

from .codec import decode_entry, encode_entry
from .scenes import SCENES, Scene

HERE = Path(__file__).parent
STEP = 0.05
"""Seconds from one event to the next, in the files."""
STARTED_AT = 1_767_225_600.0
"""When every run began, in the files."""
FRAMES = 5
"""Frames of a page, in the files."""

_PLACE = re.compile(r'File "[^"\n]*", line \d+')


def play(name: str) -> list[Entry]:
    """What a scene says, without anything that is different each time."""
    sys.path.insert(0, str(HERE.parent / "engine"))
    try:
        run_virtually: Any = importlib.import_module("virtual_loop").run_virtually
    finally:
        sys.path.pop(0)
    entries: list[Any] = []

    async def work(_loop: Any) -> None:
        entries.extend(await _played(SCENES[name]()))

    run_virtually(work)
    return _settled(name, [entry.event for entry in entries])


async def _played(made: Scene) -> list[Any]:
    result = Runner.run_streamed(made.agent, made.prompt, **made.options)
    watching = None if made.deed is None else asyncio.ensure_future(made.deed(result))
    await result._run.log.wait_closed()
    if watching is not None:
        await asyncio.wait([watching])
    return list(result._run.log.entries)


def _settled(name: str, events: Sequence[Any]) -> list[Entry]:
    """Events with times and names that do not change."""
    began: dict[tuple[str, ...], int] = {}

    def steady(event: Any, number: int, calls: tuple[str, ...] = ()) -> Any:
        if isinstance(event, NestedEvent):
            inside = (*calls, event.call_id)
            first = began.setdefault(inside, number)
            return replace(event, event=steady(event.event, number, inside), at=round((number - first) * STEP, 2))
        if isinstance(event, RunStarted):
            return replace(event, run_id="-".join((name, *calls)), started_at=STARTED_AT)
        if isinstance(event, ToolFinished) and event.traceback:
            return replace(event, traceback=_PLACE.sub('File "tool.py", line 1', event.traceback))
        return event

    return [Entry(steady(event, number), round(number * STEP, 2)) for number, event in enumerate(events, 1)]


def shown(entries: Sequence[Entry]) -> dict[str, Any]:
    """What becomes of a run on a page, in some frames, and in the record."""
    renderer, view = LiveRenderer(), EMPTY
    found: dict[str, Any] = {"snapshot": renderer.snapshot(), "frames": []}
    places = sorted({len(entries) * number // FRAMES for number in range(FRAMES + 1)})
    for start, end in itertools.pairwise(places):
        view = fold(view, entries[start:end])
        found["frames"].append(renderer.update(view))
    return {**found, "live": renderer.snapshot(), "record": record(fold(EMPTY, entries))}


def text_of(name: str, entries: Sequence[Entry]) -> str:
    """The file: one event a line, in ASCII, so that any text survives it."""
    data = [encode_entry(entry) for entry in entries]
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in data)
    rest = shown([decode_entry(entry) for entry in json.loads(f"[{lines}]")])
    more = ",\n".join(f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in rest.items())
    return f'{{"name": {json.dumps(name)},\n"events": [\n{lines}\n],\n{more}}}\n'


def path_of(name: str) -> Path:
    """Where a scene's file is."""
    return HERE / f"{name}.json"


def main(names: Sequence[str]) -> None:
    """Write the files of these scenes, or of all; those of scenes that are gone are removed."""
    for name in names or SCENES:
        path_of(name).write_text(text_of(name, play(name)), encoding="ascii", newline="\n")
    for path in HERE.glob("*.json") if not names else ():
        if path.stem not in SCENES:
            path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
