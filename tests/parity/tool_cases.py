"""What the cases of tools in runs are made of: makers of tools, hooks and settings, and the run of a `Case`.

A `Case` makes its tools with one library at a time.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import agents
import agents.tool_context
from pydantic import BaseModel
from suite import Over
from world import RECORDED, Run, Script, opened

import agentcell
import agentcell.tool_context
from agentcell.models.response_events import function_call_item as call

ONE = call("f", {}, call_id="c1")


class Rich(BaseModel):
    """A structured result."""

    a: int = 1
    b: str | None = None


@dataclass
class Plain:
    """A result that is a dataclass."""

    x: int = 1


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Case:
    """One script with tools of its own."""

    rule: str
    """What it shows."""
    tools: Callable[[Any, list[Any]], list[Any]]
    """Makes the tools with a library; they may note what they see in the list."""
    turns: list[Any] = field(default_factory=lambda: [ONE, "Done."])
    """What the server answers."""
    config: Callable[[Any, list[Any]], Any] | None = None
    """Makes the run's `RunConfig`."""
    hooks: Callable[[Any, list[Any]], Any] | None = None
    """Makes the agent's hooks."""
    same_message: bool = True
    """Whether an error's text is the reference's, too."""
    only: tuple[str, ...] | None = None
    """The parts that are compared, where agentcell records more calls of a failed turn; `None` for all."""
    dropped: bool = False
    """Whether the reference drops events of a model that answers without ever waiting."""

    def rows(self, over: Over) -> list[str]:
        """The rows of the table of differences that it shows."""
        return [RECORDED] * (self.only is not None) + ["16"] * self.drops(over)

    def drops(self, over: Over) -> bool:
        """Whether the reference drops events."""
        return self.dropped and over == "scripted"


FAILED = ("error", "requests", "notes", "input_guardrails", "output_guardrails", "final_output", "guardrail")
"""What a failed turn leaves in both libraries; agentcell also keeps its items, so that the history stays valid."""


def tool(function: Callable[..., Any], **options: Any) -> Callable[[Any, list[Any]], list[Any]]:
    """Makes one tool called `f` of an undecorated function."""
    return lambda lib, notes: [lib.function_tool(function, name_override="f", **options)]


def returning(value: Any) -> Callable[[Any, list[Any]], list[Any]]:
    """Makes one tool called `f` that returns a value, or what a function makes of the library."""

    def make(lib: Any, notes: list[Any]) -> list[Any]:
        def f() -> Any:
            return value(lib) if callable(value) else value

        return [lib.function_tool(f)]

    return make


def guarded(
    found: Callable[[Any], Any],
    *,
    side: str = "input",
    more: tuple[Callable[[Any], Any], ...] = (),
    body: Callable[..., Any] | None = None,
    **options: Any,
) -> Callable[[Any, list[Any]], list[Any]]:
    """Makes one tool called `f` with guardrails that find what functions make of the library."""

    def make(lib: Any, notes: list[Any]) -> list[Any]:
        def guardrail(name: str, finding: Callable[[Any], Any]) -> Any:
            decorate = getattr(lib, f"tool_{side}_guardrail")

            @decorate(name=name)
            def check(data: Any) -> Any:
                context = data.context
                seen = (context.tool_name, context.tool_call_id, context.tool_arguments, data.agent.name)
                notes.append((name, type(data).__name__, *seen, getattr(data, "output", None)))
                return finding(lib.ToolGuardrailFunctionOutput)

            return check

        def f(a: int = 1) -> str:
            notes.append("tool ran")
            return "result"

        checks = [guardrail(f"g{number}", each) for number, each in enumerate((found, *more))]
        options_ = {f"tool_{side}_guardrails": checks, "name_override": "f", **options}
        return [lib.function_tool(body or f, **options_)]

    return make


def watching(lib: Any, notes: list[Any], raising: str | None = None, owner: str = "run") -> Any:
    """Hooks that note the tools they see; the one named in `raising` fails."""

    def saw(what: str, context: Any, of: Any, result: Any = None) -> None:
        notes.append((owner, what, type(context).__name__, context.tool_call_id, of.name, result))
        if raising == what:
            raise LookupError(f"hook {what}")

    base = lib.RunHooks if owner == "run" else lib.AgentHooks

    class Watching(base):  # type: ignore[misc, valid-type]
        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            saw("start", context, tool)

        async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
            saw("end", context, tool, result)

    return Watching()


async def broken() -> str:
    raise ValueError("secret detail")


async def number(a: int) -> str:
    return str(a)


async def hang() -> str:
    await asyncio.Event().wait()
    return "never"


async def impatient() -> str:
    raise TimeoutError("its own")


async def cancelled() -> str:
    raise asyncio.CancelledError


def formatting(answer: Callable[[Any], Any]) -> Callable[[Any, list[Any]], Any]:
    """A `RunConfig` whose formatter of tool errors notes what it gets."""

    def make(lib: Any, notes: list[Any]) -> Any:
        def formatter(args: Any) -> Any:
            error = args.error
            kinds = (type(error).__name__, type(args.run_context).__name__)
            notes.append((args.kind, args.tool_type, args.tool_name, args.call_id, args.default_message, *kinds))
            return answer(args)

        return lib.RunConfig(tool_error_formatter=formatter)

    return make


def failing(message: str) -> Any:
    raise LookupError(message)


async def later(value: Any) -> Any:
    return value


def misused(kind: str) -> Callable[[Any, list[Any]], list[Any]]:
    """Makes a tool that raises an error of the library."""

    def make(lib: Any, notes: list[Any]) -> list[Any]:
        def f() -> str:
            raise getattr(lib, kind)("used wrongly")

        return [lib.function_tool(f)]

    return make


def handmade(answer: Callable[[], Any], **options: Any) -> Callable[[Any, list[Any]], list[Any]]:
    """Makes a `FunctionTool` by hand."""

    async def invoke(ctx: Any, arguments: str) -> Any:
        found = answer()
        return await found if asyncio.iscoroutine(found) else found

    schema = {"type": "object", "properties": {}}
    return lambda lib, notes: [lib.FunctionTool("f", "F.", dict(schema), invoke, **options)]


def extracting(answer: Callable[[Any], Any], **options: Any) -> Callable[[Any, list[Any]], list[Any]]:
    """Makes a tool whose custom data a function makes."""

    def make(lib: Any, notes: list[Any]) -> list[Any]:
        def extract(context: Any) -> Any:
            notes.append(
                (
                    type(context).__name__,
                    context.tool.name,
                    context.output,
                    dict(context.raw_item),
                    context.tool_context.tool_call_id,
                )
            )
            return answer(context)

        def f() -> str:
            return "result"

        found = {"func": f, "name_override": "f", "custom_data_extractor": extract, **options}
        return [lib.function_tool(found.pop("func"), **found)]

    return make


def in_turn(lib: Any, notes: list[Any]) -> list[Any]:
    """Three tools that note when they start and end."""

    def make(name: str) -> Any:
        async def body() -> str:
            notes.append(f"{name} starts")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            notes.append(f"{name} ends")
            return name

        return lib.function_tool(body, name_override=name)

    return [make(name) for name in "abc"]


THREE = [[call(name, {}, call_id=f"c_{name}") for name in "abc"], "Done."]


def at_most(count: int) -> Callable[[Any, list[Any]], Any]:
    return lambda lib, notes: lib.RunConfig(tool_execution=lib.ToolExecutionConfig(max_function_tool_concurrency=count))


def context_seen(lib: Any, notes: list[Any]) -> list[Any]:
    """A tool that notes what its context says."""
    kind = (agents if lib is agents else agentcell).tool_context.ToolContext

    async def f(ctx: Any, a: int) -> str:
        agent, config = ctx.agent, ctx.run_config
        notes.append((ctx.context, ctx.tool_name, ctx.tool_call_id, ctx.tool_arguments, ctx.tool_call.name))
        notes.append((ctx.tool_namespace, ctx.qualified_tool_name, agent.name, type(config).__name__))
        notes.append((config.workflow_name, ctx.turn_input, ctx.tool_input, ctx.usage.requests))
        return "seen"

    f.__annotations__["ctx"] = kind
    return [lib.function_tool(f)]


def mixed_fates(lib: Any, notes: list[Any]) -> list[Any]:
    """One tool whose guardrail ends the run, and one that waits."""
    waiting = asyncio.Event()

    async def a() -> str:
        waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            notes.append("a cancelled")
            raise
        return "a"

    async def check(data: Any) -> Any:
        await waiting.wait()
        return lib.ToolGuardrailFunctionOutput.raise_exception("no")

    def b() -> str:
        return "b"

    return [
        lib.function_tool(a),
        lib.function_tool(b, tool_input_guardrails=[lib.ToolInputGuardrail(check)]),
    ]


ALLOW: Callable[[Any], Any] = lambda out: out.allow("fine")  # noqa: E731
REJECT: Callable[[Any], Any] = lambda out: out.reject_content("not that", {"why": 1})  # noqa: E731
RAISE: Callable[[Any], Any] = lambda out: out.raise_exception("never")  # noqa: E731
UNKNOWN = [call("nope", {"a": 1}, call_id="c1"), "Done."]


def forgiving(formatter: Any = None) -> Callable[[Any, list[Any]], Any]:
    return lambda lib, notes: lib.RunConfig(
        tool_not_found_behavior="return_error_to_model",
        tool_error_formatter=formatter,
    )


async def observe(lib: Any, case: Case, run: Run, over: Over) -> dict[str, Any]:
    """Run a case with a library."""
    notes: list[Any] = []
    options: dict[str, Any] = {"context": "shared"}
    if case.config is not None:
        options["run_config"] = case.config(lib, notes)
    hooks = case.hooks(lib, notes) if case.hooks else None
    more: dict[str, Any] = {}
    if hasattr(hooks, "on_start"):
        more["hooks"] = hooks
    elif hooks is not None:
        options["hooks"] = hooks
    script = Script(case.rule, case.turns, options=options, same_message=case.same_message)
    kept: list[Any] = []

    class Keeping:
        """Keeps the result and the error, whose further fields are compared, too."""

        @staticmethod
        def run_streamed(*args: Any, **kwargs: Any) -> Any:
            kept.append(lib.Runner.run_streamed(*args, **kwargs))
            return kept[0]

        @staticmethod
        async def run(*args: Any, **kwargs: Any) -> Any:
            try:
                kept.append(await lib.Runner.run(*args, **kwargs))
            except Exception as error:
                kept.append(error)
                raise
            return kept[0]

    library = type("Library", (), {"Runner": Keeping})
    async with opened(lib, case.turns, over) as (model, requests):
        agent = lib.Agent(name="A", model=model, tools=case.tools(lib, notes), **more)
        found = await run(library, script, agent)
        # agentcell always streams, also when nobody watches.
        sent = [{**request, "stream": None} for request in requests()]
    found.update(requests=sent, notes=notes, **details(kept[0] if kept else None))
    return {key: found[key] for key in case.only if key in found} if case.only else found


def details(result: Any) -> dict[str, Any]:
    """What `world` does not show of a result, or of the error that ended a run."""
    if result is None:
        return {}
    data = getattr(result, "run_data", None) or result
    guardrail = getattr(result, "guardrail", None)
    output = getattr(result, "output", None)
    checks = {
        f"{side}_guardrails": [
            (found.guardrail.get_name(), found.output.output_info, found.output.behavior)
            for found in getattr(data, f"tool_{side}_guardrail_results", [])
        ]
        for side in ("input", "output")
    }
    items = [
        (getattr(item, "title", None), getattr(item, "custom_data", None), origin_of(item))
        for item in getattr(data, "new_items", [])
    ]
    return {
        **checks,
        "more of items": items,
        "guardrail": guardrail and (guardrail.get_name(), output and dataclasses.asdict(output)),
    }


def origin_of(item: Any) -> Any:
    """Where the tool of a call, or of its output, came from."""
    origin = getattr(item, "tool_origin", None)
    return origin and origin.to_json_dict()


def plain(value: Any) -> Any:
    """A value without the identity of the library that made it."""
    if isinstance(value, BaseModel):
        return (type(value).__name__, value.model_dump())
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value
