"""One scene, played by both libraries, and everything of it that a user can see.

A scene is an async function of a `Stage`: it makes agents with `stage.lib` and calls `stage.run`, once or more often.
`play` runs it with a library, streaming or not, over scripted models or a loopback server, and gives back plain data:
what every run led to, what the model was sent, and what the scene itself has noted with `stage.tell` in hooks, tools
and callbacks.

Notes and events are two sequences: how a consumer's events lie between the calls of hooks is not a promise.
"""

from __future__ import annotations

import importlib
import itertools
import warnings
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, is_dataclass
from typing import Any

import agents
import pytest
from pydantic import BaseModel
from suite import Over, script
from wire import Wire
from world import seen, sent, shown_item, usage_of

import agentcell

LIBS = (agents, agentcell)
ELSEWHERE = ("guardrail", "lifecycle", "run_config", "run_error_handlers", "exceptions", "agent", "prompts", "tool")
"""Modules whose names the package itself need not have."""


class Names:
    """The names of a library, wherever they are."""

    def __init__(self, lib: Any) -> None:
        self._lib = lib

    def __getattr__(self, name: str) -> Any:
        modules = (importlib.import_module(f"{self._lib.__name__}.{module}") for module in ELSEWHERE)
        return next(getattr(place, name) for place in (self._lib, *modules) if hasattr(place, name))


class Stage:
    """What a scene has at hand."""

    def __init__(self, lib: Any, streamed: bool, wire: Wire | None = None) -> None:
        self.lib: Any = Names(lib)
        self.ours = lib is agentcell
        self.streamed = streamed
        self.wire = wire
        self.notes: list[Any] = []
        self.runs: list[dict[str, Any]] = []
        self.models: list[Any] = []
        self.answers = 0
        self._testing = importlib.import_module(f"{lib.__name__}.testing")

    def module(self, name: str) -> Any:
        """A module of the library."""
        return importlib.import_module(f"{'agentcell' if self.ours else 'agents'}.{name}")

    def tell(self, *note: Any) -> None:
        """Note something that must be the same in both libraries."""
        self.notes.append(note)

    def call(self, name: str, arguments: Any = "{}", call_id: str = "c1") -> Any:
        """A model's call of a tool."""
        return self._testing.function_call(name, arguments, call_id=call_id)

    def said(self, text: str, item_id: str = "m1") -> Any:
        """A model's message."""
        return self._testing.assistant_message(text, item_id=item_id)

    def refusal(self, text: str) -> Any:
        """A model's refusal."""
        message = self.said("").model_dump()
        message["content"] = [{"type": "refusal", "refusal": text}]
        return type(self.said("")).model_validate(message)

    def model(self, *steps: Any) -> Any:
        """A model that answers from a script: a text, an item, or a list of items for each call."""

        def step(given: Any) -> Any:
            output = [self.said(given)] if isinstance(given, str) else given
            self.answers += 1
            return {
                "output": [output] if isinstance(output, BaseModel) else output,
                "response_id": f"resp_{self.answers}",
            }

        answers = [step(given) for given in steps]
        if self.wire is not None:
            return self.wire.model(*(answer["output"] for answer in answers))
        made = self._testing.ScriptedModel(answers)
        self.models.append(made)
        return made

    def agent(self, *steps: Any, name: str = "A", **fields: Any) -> Any:
        """An agent whose model answers from a script."""
        if steps:
            fields["model"] = self.model(*steps)
        return self.lib.Agent(name=name, **fields)

    async def run(self, agent: Any, given: Any = "Hello", **options: Any) -> Any:
        """Run an agent, note what it led to, and return the result; `None` when it failed."""
        told: dict[str, Any] = {"error": None}
        self.runs.append(told)
        if not self.streamed:
            try:
                result = await self.lib.Runner.run(agent, given, **options)
            except Exception as error:
                told["error"] = described(error)
                return None
            told.update(led_to(result))
            return result
        result = self.lib.Runner.run_streamed(agent, given, **options)
        told["events"] = events = []
        try:
            async for event in result.stream_events():
                events.append(seen(event))
        except Exception as error:
            told["error"] = described(error)
        told.update(led_to(result), current_turn=result.current_turn, is_complete=result.is_complete)
        return None if told["error"] else result


def described(error: BaseException) -> tuple[Any, ...]:
    """An error as plain data, with how far the run had come and what the guardrails had found."""
    data = getattr(error, "run_data", None)
    found = getattr(error, "guardrail_result", None)
    return (
        type(error).__name__,
        str(error),
        None if found is None else checked(found),
        None if data is None else [*map(checked, data.input_guardrail_results)],
        None if data is None else [*map(checked, data.output_guardrail_results)],
    )


def checked(result: Any) -> Any:
    """What a guardrail has found."""
    more = (result.agent.name, result.agent_output) if hasattr(result, "agent_output") else ()
    return (result.guardrail.get_name(), result.output.output_info, result.output.tripwire_triggered, *more)


def led_to(result: Any) -> dict[str, Any]:
    """What a run led to."""
    return {
        "final_output": plain(result.final_output),
        "new_items": [shown_item(item) for item in result.new_items],
        "input_list": result.to_input_list(),
        "normalized": result.to_input_list(mode="normalized"),
        "usage": usage_of(result),
        "responses": len(result.raw_responses),
        "last_agent": result.last_agent.name,
        "interruptions": [shown_item(item) for item in result.interruptions],
        "input_guardrails": [*map(checked, result.input_guardrail_results)],
        "output_guardrails": [*map(checked, result.output_guardrail_results)],
    }


def plain(value: Any) -> Any:
    """A value with its type, so that a text and an object that prints alike differ."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, asdict(value)
    return type(value).__name__, value


Scene = Callable[[Stage], Awaitable[None]]

KEPT: dict[str, str] = dict.fromkeys(
    ("new_items", "input_list", "normalized", "responses"),
    "20: what a failed turn has led to is recorded, each call with an output, so that the history can be sent again",
)
"""What differs after a turn that failed once its response was there."""
ADDED = {**KEPT, "events": "20: the outputs of the calls of a failed turn are events, too"}
"""What differs after a turn that failed while its calls were carried out."""


async def play(lib: Any, scene: Scene, streamed: bool, over: Over = "scripted") -> dict[str, Any]:
    """Play a scene with a library."""
    if over == "loopback":
        async with Wire(lib) as wire:
            return {**await _played(Stage(lib, streamed, wire), scene), "sent": wire.bodies()}
    stage = Stage(lib, streamed)
    seen_here = await _played(stage, scene)
    return {**seen_here, "sent": [[sent(call) for call in model.calls] for model in stage.models]}


async def _played(stage: Stage, scene: Scene) -> dict[str, Any]:
    with warnings.catch_warnings():
        if not stage.ours:
            warnings.simplefilter("ignore")
        await scene(stage)
    return {"notes": stage.notes, "runs": stage.runs}


class Scenes:
    """The scenes of a module, each with the rules that it shows."""

    def __init__(self) -> None:
        self.all: list[Any] = []

    def __call__(
        self,
        rules: str,
        *,
        only: str | None = None,
        over: tuple[Over, ...] = ("scripted", "loopback"),
        unlike: dict[str, str] | None = None,
    ) -> Callable[[Scene], Scene]:
        """Add a scene.

        `only` is "streamed" or "whole" when it says nothing about the other way to run; `over` leaves out a kind of
        model that cannot show it. `unlike` names what is not the same of its runs, and the row of the table of
        differences that says why.
        """

        def add(scene: Scene) -> Scene:
            rows = {why.partition(":")[0] for why in (unlike or {}).values()}
            for way, model in itertools.product(("streamed", "whole"), over):
                if only in (None, way):
                    name = f"{rules} {scene.__name__} {way} {model}"
                    mark = script(rules, over=model, rows=rows, name=scene.__name__)
                    self.all.append(pytest.param(scene, way == "streamed", model, unlike or {}, id=name, marks=mark))
            return scene

        return add


def differences(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """Where two pieces of plain data differ, each place with both values, cut."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys = [*theirs, *(key for key in ours if key not in theirs)]
        return [d for key in keys for d in differences(ours.get(key, ...), theirs.get(key, ...), f"{where}.{key}")]
    if isinstance(ours, (list, tuple)) and type(ours) is type(theirs):
        both = itertools.zip_longest(ours, theirs, fillvalue=...)
        return [d for index, pair in enumerate(both) for d in differences(*pair, f"{where}[{index}]")]
    return [] if ours == theirs else [f"{where}: ours {repr(ours)[:300]}, theirs {repr(theirs)[:300]}"]


async def compare(scene: Scene, streamed: bool, over: Over, unlike: Collection[str] = ()) -> dict[str, Any]:
    """Play a scene with both libraries; everything but `unlike` is the same. Returns what was seen with ours."""
    theirs, ours = [await play(lib, scene, streamed, over) for lib in LIBS]
    for seen_here in (theirs, ours):
        for key in unlike:
            seen_here.pop(key, None)
            for run in seen_here["runs"]:
                run.pop(key, None)
    for mine, wanted in zip(ours["runs"], theirs["runs"], strict=True):
        if (
            mine["error"] and wanted["error"] and wanted["error"][-1] is None
        ):  # the reference attaches `run_data` only sometimes
            mine["error"] = (*mine["error"][:-2], None, None)
    found = differences(ours, theirs)
    assert not found, "\n".join(found)
    return ours
