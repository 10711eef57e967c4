"""Tools of namespaces, played by both libraries: how they are sent, found, chosen and refused."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI
from stage import LIBS, Scenes, Stage, compare
from suite import Over

scene = Scenes()


def named(stage: Stage, name: str, says: str = "", **options: Any) -> Any:
    """A tool with a name, that says who answered."""

    def answer(a: int = 1) -> str:
        return f"{says or name} {a}"

    return stage.lib.function_tool(answer, name_override=name, description_override=f"Asks {name}.", **options)


def space(stage: Stage, name: str, *tools: Any, description: str = "All about it.") -> list[Any]:
    return stage.lib.tool_namespace(name=name, description=description, tools=list(tools))


def asked(stage: Stage, name: str, namespace: str | None = None, call_id: str = "c1", arguments: Any = "{}") -> Any:
    """A model's call of a tool in a namespace."""
    call = stage.call(name, arguments, call_id)
    return call if namespace is None else call.model_copy(update={"namespace": namespace})


async def using(
    stage: Stage, tools: list[Any], *turns: Any, config: dict[str, Any] | None = None, **fields: Any
) -> Any:
    agent = stage.agent(*turns, tools=tools, **fields)
    return await stage.run(agent, run_config=config or {})


@scene("41")
async def a_namespace_and_a_tool_beside_it(stage: Stage) -> None:
    tools = [*space(stage, "crm", named(stage, "find"), named(stage, "drop")), named(stage, "add")]
    await using(stage, tools, [asked(stage, "add"), asked(stage, "find", "crm", "c2")], "Done.")


@scene("41")
async def a_namespace_in_two_places(stage: Stage) -> None:
    """It is sent in the first place."""
    parts = space(stage, "crm", named(stage, "find")), space(stage, "crm", named(stage, "drop"))
    await using(stage, [named(stage, "one"), *parts[0], named(stage, "two"), *parts[1]], "Done.")


@scene("41")
async def a_namespace_with_two_descriptions(stage: Stage) -> None:
    parts = space(stage, "crm", named(stage, "find")), space(stage, "crm", named(stage, "drop"), description="Other.")
    await using(stage, [*parts[0], *parts[1]], "Done.")


@scene("41")
async def one_name_in_two_namespaces_and_outside(stage: Stage) -> None:
    tools = [
        *space(stage, "crm", named(stage, "find", "crm")),
        *space(stage, "erp", named(stage, "find", "erp")),
        named(stage, "find", "plain"),
    ]
    calls = [asked(stage, "find", "crm", "c1"), asked(stage, "find", "erp", "c2"), asked(stage, "find", None, "c3")]
    await using(stage, tools, calls, "Done.")
    await using(stage, tools, calls[::-1], "Done.", config={"tool_name_collision_policy": "error"})


@scene("41")
async def a_name_twice(stage: Stage) -> None:
    """In one namespace, or with a dot outside of it."""
    for policy in ("warn", "error"):
        for tools in (
            space(stage, "crm", named(stage, "find"), named(stage, "find")),
            [*space(stage, "crm", named(stage, "find")), named(stage, "crm.find")],
        ):
            await using(stage, tools, "Done.", config={"tool_name_collision_policy": policy})


@scene("36")
async def calls_of_nothing(stage: Stage) -> None:
    for tools, call in (
        ([named(stage, "find")], asked(stage, "find", "crm")),
        (space(stage, "crm", named(stage, "find")), asked(stage, "find")),
        (space(stage, "crm", named(stage, "find")), asked(stage, "drop", "crm")),
        (space(stage, "crm", named(stage, "find")), asked(stage, "crm.find")),
        ([named(stage, "find")], asked(stage, "find", "find")),
    ):
        await using(stage, tools, call, "Done.")
        await using(stage, tools, call, "Done.", config={"tool_not_found_behavior": "return_error_to_model"})


@scene("34 36")
async def errors_are_formatted(stage: Stage) -> None:
    """The formatter is told the whole name."""

    def formatter(args: Any) -> str:
        stage.tell(args.kind, args.tool_name, args.default_message)
        return "formatted"

    def broken() -> str:
        raise ValueError("secret")

    tools = space(stage, "crm", stage.lib.function_tool(broken))
    config = {"tool_error_formatter": formatter, "tool_not_found_behavior": "return_error_to_model"}
    await using(
        stage, tools, [asked(stage, "broken", "crm"), asked(stage, "nope", "crm", "c2")], "Done.", config=config
    )


@scene("40")
async def one_call_id_for_two_namespaces(stage: Stage) -> None:
    tools = [*space(stage, "crm", named(stage, "find")), *space(stage, "erp", named(stage, "find"))]
    agent = stage.agent([asked(stage, "find", "crm"), asked(stage, "find", "crm")], "Done.", tools=tools)
    await stage.run(agent)


@scene("42")
async def a_handoff_of_the_same_name(stage: Stage) -> None:
    for name, call in (
        ("find", asked(stage, "find")),
        ("find", asked(stage, "find", "crm")),
        ("crm.find", asked(stage, "find", "crm")),
        ("find", asked(stage, "find", "erp")),
    ):
        other = stage.agent("B speaks.", name="B")
        handoff = stage.lib.handoff(other, tool_name_override=name)
        tools = space(stage, "crm", named(stage, "find"))
        await using(stage, tools, call, "Done.", handoffs=[handoff], config={"tool_name_collision_policy": "error"})


@scene("38")
async def chosen_by_name(stage: Stage) -> None:
    tools = [*space(stage, "crm", named(stage, "find"), named(stage, "add")), named(stage, "add")]
    for choice in ("find", "add", "crm", "crm.find", "required", "auto", "nope"):
        await using(stage, tools, "Done.", model_settings=stage.lib.ModelSettings(tool_choice=choice))


@scene("41")
async def options_of_the_tools(stage: Stage) -> None:
    given: list[dict[str, Any]] = [
        {"strict_mode": False},
        {"output_json_schema": {"type": "object"}},
        {"allowed_callers": ["direct"]},
    ]
    for options in given:
        await using(stage, space(stage, "crm", named(stage, "find", **options)), "Done.")


@scene("41", over=("loopback",))
async def tools_that_are_loaded_late(stage: Stage) -> None:
    await using(stage, [named(stage, "find", defer_loading=True)], "Done.")
    await using(stage, space(stage, "crm", named(stage, "find", defer_loading=True)), "Done.")


@scene("10")
async def what_the_tool_is_told(stage: Stage) -> None:
    async def look(ctx: Any) -> str:
        stage.tell(ctx.tool_name, ctx.tool_namespace, ctx.qualified_tool_name)
        return "seen"

    look.__annotations__["ctx"] = stage.module("tool_context").ToolContext
    await using(stage, space(stage, "crm", stage.lib.function_tool(look)), asked(stage, "look", "crm"), "Done.")


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"defer_loading": True},
    {"allowed_callers": ["programmatic"]},
    {"output_json_schema": {"type": "object"}},
    {"defer_loading": True, "allowed_callers": ["direct"], "output_json_schema": {"type": "object"}},
]


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: ", ".join(options) or "plain")
async def test_chat_completions_refuses_what_it_cannot_say(options: dict[str, Any], inside: bool) -> None:
    refused = []
    for lib in LIBS:
        stage = Stage(lib, streamed=False)
        tools = [named(stage, "find", **options)]
        tools = space(stage, "crm", *tools) if inside else tools
        gone = httpx2.MockTransport(lambda request: httpx2.Response(400, json={"error": {"message": "sent"}}))
        async with AsyncOpenAI(api_key="test", max_retries=0, http_client=httpx2.AsyncClient(transport=gone)) as client:
            model = lib.OpenAIChatCompletionsModel("test", client)
            with pytest.raises(Exception) as caught:
                await lib.Runner.run(lib.Agent(name="A", model=model, tools=tools), "x")
        refused.append((type(caught.value).__name__, str(caught.value)))
    assert refused[0] == refused[1]
    assert (refused[0][0] == "UserError") == bool(options or inside)
