"""One script, run by the reference and by agentcell, and everything of it that a user can see.

A `Script` is neutral: what the model answers, and the agents with their tools and handoffs by name. `observe` builds
the agents with one of the two libraries, runs them over a loopback server with the official client, or over that
library's `ScriptedModel`, and returns what happened as plain data, so that two runs can be compared with `==`.

Annotations are evaluated here: a tool that takes `lib.RunContextWrapper` must be annotated with that very class.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from typing import Any

import agents
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from openai.types.responses import ResponseOutputItem
from pydantic import BaseModel, TypeAdapter
from suite import Over, script

import agentcell
from agentcell.models.response_events import fill_ids
from agentcell.testing import LoopbackServer
from agentcell.testing.turns import as_turn, output_items


class Weather(BaseModel):
    """A structured output."""

    city: str
    degrees: float


@dataclass(frozen=True)
class Script:
    """One conversation."""

    rules: str
    """The rules of the reference's behaviour that it shows."""
    turns: list[Any]
    """What the server answers, request by request."""
    agents: dict[str, dict[str, Any]] = field(default_factory=lambda: {"A": {}})
    """The agents by name: `tools` and `handoffs` by name, anything else as `Agent` takes it. The first one starts."""
    input: Any = "Hello"
    """What the run is asked."""
    options: dict[str, Any] = field(default_factory=dict)
    """More arguments of the runner."""
    same_message: bool = True
    """Whether an error's text is the reference's, too."""
    more_outputs: bool = False
    """Whether agentcell adds outputs of the calls of a turn that failed, which the reference leaves open."""
    streamed_only: bool = False
    """Whether the script says nothing about a run without streaming."""
    over: tuple[Over, ...] = ("scripted", "loopback")
    """What can stand in for the model: faults of HTTP need the server."""


RECORDED = "20"
"""The row for what agentcell records, and tells, of the calls of a turn that failed."""


def ways(scripts: dict[str, Script]) -> list[Any]:
    """Parameters for tests that take a script and what stands in for the model."""
    return [
        pytest.param(
            each,
            over,
            id=f"{each.rules} {name} {over}",
            marks=script(each.rules, over=over, rows=[RECORDED] * each.more_outputs, name=name),
        )
        for name, each in scripts.items()
        for over in each.over
    ]


def make_tools(lib: Any) -> dict[str, Any]:
    """The tools that scripts name, new for each run; slow and fast ones wait for each other, not for time."""
    fast_done, middle_done = asyncio.Event(), asyncio.Event()

    @lib.function_tool
    def add(a: int, b: int = 1) -> int:
        """Add two numbers.

        Args:
            a: The first.
            b: The second.
        """
        return a + b

    @lib.function_tool
    async def slow(note: str) -> str:
        await middle_done.wait()
        return f"slow {note}"

    @lib.function_tool
    async def middle(note: str) -> str:
        await fast_done.wait()
        middle_done.set()
        return f"middle {note}"

    @lib.function_tool
    async def fast(note: str) -> str:
        fast_done.set()
        return f"fast {note}"

    @lib.function_tool
    def broken(a: int) -> str:
        raise ValueError("secret detail")

    @lib.function_tool(failure_error_function=lambda ctx, error: f"{type(error).__name__}: {error}")
    def excused(a: int) -> str:
        raise ValueError("out of range")

    @lib.function_tool(failure_error_function=None)
    def fatal(a: int) -> str:
        raise ValueError("out of range")

    @lib.function_tool(failure_error_function=None)
    def misused(kind: str) -> str:
        raise getattr(lib, kind)("used wrongly")

    async def bare(ctx: Any, arguments: str) -> str:
        raise ValueError(f"cannot read {arguments}")

    handmade = lib.FunctionTool("handmade", "Made by hand.", {"type": "object", "properties": {}}, bare)

    @lib.function_tool
    def anything(kind: str) -> Any:
        """Return an object of some kind."""
        return RESULTS[kind]

    @lib.function_tool(is_enabled=False)
    def hidden() -> str:
        return "hidden"

    @lib.function_tool
    def who(ctx: lib.RunContextWrapper[Any]) -> str:  # pyright: ignore[reportInvalidTypeForm]
        """Tell the context."""
        return f"{ctx.context} after {ctx.usage.requests}"

    found = [add, slow, middle, fast, broken, excused, fatal, misused, handmade, anything, hidden, who]
    return {tool.name: tool for tool in found}


RESULTS: dict[str, Any] = {
    "none": None,
    "dict": {"a": 1, "b": None},
    "list": [1, "two"],
    "float": 1.5,
    "bool": True,
    "empty": "",
    "model": Weather(city="Rome", degrees=20.0),
    "bytes": b"\x00\xff",
    "nan": float("nan"),
    "set": {1},
}
"""What the tool `anything` can return."""


async def _instructions(ctx: Any, agent: Any) -> str:
    return f"You are {agent.name}, asked for {ctx.context!r}."


def build(lib: Any, script: Script, model: Any) -> Any:
    """The starting agent of a script."""
    tools = make_tools(lib)
    made: dict[str, Any] = {}
    for name, spec in reversed(script.agents.items()):
        spec = dict(spec)
        if spec.get("instructions") == "computed":
            spec["instructions"] = _instructions
        handoffs = [
            made[target] if isinstance(target, str) else target(lib, made) for target in spec.pop("handoffs", [])
        ]
        chosen = [tools[tool] for tool in spec.pop("tools", [])]
        made[name] = lib.Agent(name=name, model=model, tools=chosen, handoffs=handoffs, **spec)
    return made[next(iter(script.agents))]


def seen(event: Any) -> tuple[Any, ...]:
    """One event as plain data."""
    if event.type == "raw_response_event":
        data = event.data
        return (event.type, data.type, data.sequence_number, getattr(data, "delta", None))
    if event.type == "agent_updated_stream_event":
        return (event.type, event.new_agent.name)
    return (event.type, event.name, *shown_item(event.item))


def shown_item(item: Any) -> tuple[Any, ...]:
    """One run item as plain data."""
    raw = item.raw_item if isinstance(item.raw_item, dict) else item.raw_item.model_dump(exclude_unset=True)
    more = tuple(
        getattr(getattr(item, name, None), "name", None) if name.endswith("agent") else getattr(item, name, None)
        for name in ("call_id", "tool_name", "description", "source_agent", "target_agent")
    )
    output = getattr(item, "output", None)
    return (item.type, item.agent.name, raw, *more, type(output).__name__, str(output))


def usage_of(result: Any) -> dict[str, Any]:
    """A run's usage as plain data."""
    usage = result.context_wrapper.usage
    return TypeAdapter(Any).dump_python({f.name: getattr(usage, f.name) for f in fields(usage)}, mode="json")


def outcome(result: Any) -> dict[str, Any]:
    """What a finished run led to, as plain data."""
    return {
        "new_items": [shown_item(item) for item in result.new_items],
        "input_items": [item.to_input_item() for item in result.new_items],
        "input_list": result.to_input_list(),
        "usage": usage_of(result),
        "last_response_id": result.last_response_id,
        "responses": [[r.response_id, r.request_id, r.to_input_items()] for r in result.raw_responses],
        "last_agent": result.last_agent.name,
        "input": result.input,
    }


def _described(error: BaseException, same_message: bool) -> tuple[str, ...]:
    """The class of an error, or for a class of ours alone the one that the reference has, and its text."""
    kinds = (kind.__name__ for kind in type(error).__mro__)
    known = next(name for name in kinds if hasattr(agents, name) or not hasattr(agentcell, name))
    return (known, str(error)) if same_message else (known,)


Run = Callable[[Any, Script, Any], Any]
"""Runs a script's starting agent with a library and returns plain data."""


async def streamed(lib: Any, script: Script, agent: Any) -> dict[str, Any]:
    """A streamed run, every event handled before the next is asked for."""
    result = lib.Runner.run_streamed(agent, script.input, **script.options)
    events: list[Any] = []
    error: tuple[str, ...] | None = None
    run_data = None
    try:
        async for event in result.stream_events():
            events.append(seen(event))
    except Exception as raised:
        error = _described(raised, script.same_message)
        run_data = getattr(raised, "run_data", None)
    return {
        "events": events,
        "error": error,
        "run_data": run_data and [len(run_data.new_items), len(run_data.raw_responses), run_data.last_agent.name],
        "final_output": result.final_output,
        "current_turn": result.current_turn,
        "current_agent": result.current_agent.name,
        "is_complete": result.is_complete,
        "max_turns": result.max_turns,
        **outcome(result),
    }


async def whole(lib: Any, script: Script, agent: Any) -> dict[str, Any]:
    """A run without streaming."""
    try:
        result = await lib.Runner.run(agent, script.input, **script.options)
    except Exception as error:
        return {"error": _described(error, script.same_message)}
    return {"error": None, "final_output": result.final_output, **outcome(result)}


async def told(result: Any, **options: Any) -> list[Any]:
    """Everything that a run's stream says, and the error that it ends with."""
    events: list[Any] = []
    try:
        async for event in result.stream_events(**options):
            events.append(event)
    except Exception as error:
        events.append(error)
    return events


Sent = Callable[[], list[Any]]
"""Tells what the models of a run were sent."""


@asynccontextmanager
async def opened(lib: Any, turns: list[Any], over: Over) -> AsyncIterator[tuple[Any, Sent]]:
    """A model of a library that answers from a script."""
    if over == "scripted":
        model = importlib.import_module(f"{lib.__name__}.testing").ScriptedModel(
            [
                {
                    "output": OUTPUT.validate_python(fill_ids(output_items(as_turn(turn, {})), number)),
                    "response_id": f"r{number}",
                }
                for number, turn in enumerate(turns)
            ]
        )
        yield model, lambda: [sent(call) for call in model.calls]
        return
    with LoopbackServer(turns) as server:
        # Certificates are of no use on the loopback interface, and loading them is slow.
        http = DefaultAsyncHttpxClient(verify=False)
        async with AsyncOpenAI(base_url=server.base_url, api_key="test", max_retries=0, http_client=http) as client:
            yield lib.OpenAIResponsesModel("gpt-test", client), lambda: [request.body for request in server.requests]


OUTPUT: TypeAdapter[Any] = TypeAdapter(list[ResponseOutputItem])


def sent(call: Any) -> dict[str, Any]:
    """What a scripted model was sent."""
    return {
        "system": call.system_instructions,
        "input": call.input,
        "tool_choice": call.model_settings.tool_choice,
        "temperature": call.model_settings.temperature,
        "tools": [(tool.name, tool.description, tool.params_json_schema) for tool in call.tools],
        "handoffs": [handoff.tool_name for handoff in call.handoffs],
        "output": None if call.output_schema is None else call.output_schema.name(),
        "prompt": call.prompt,
    }


async def observe(lib: Any, script: Script, run: Run = streamed, over: Over = "loopback") -> dict[str, Any]:
    """Run a script with a library; what all requests said is part of the result."""
    async with opened(lib, script.turns, over) as (model, requests):
        found = await run(lib, script, build(lib, script, model))
        return {**found, "requests": requests()}


LEFT_BY_A_FAILED_TURN = ("new_items", "input_items", "input_list", "normalized", "responses", "last_response_id")


def assert_streamed_alike(script: Script, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Both saw the same, but for the row that the script names."""
    assert list(ours) == list(theirs)
    if theirs["run_data"] is None:  # the reference attaches it only sometimes
        del theirs["run_data"]
    if script.more_outputs:
        added = ours["events"][len(theirs["events"]) :]
        assert {event[:2] for event in added} == {("run_item_stream_event", "tool_output")}
        ours["events"] = ours["events"][: len(theirs["events"])]
        theirs = {key: value for key, value in theirs.items() if key not in (*LEFT_BY_A_FAILED_TURN, "run_data")}
    for key, value in theirs.items():
        assert ours[key] == value, key


def assert_alike(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Both led to the same; ours asks for a stream where the reference does not."""
    for body in (*theirs["requests"], *ours["requests"]):
        body.pop("stream", None)
    assert ours == theirs
