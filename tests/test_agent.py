"""Agents: what they take, what they refuse, and what they bring into a turn."""

from __future__ import annotations

from typing import Any

import pytest
from case_names import said

from agentcell import Agent, AgentOutputSchema, ArgumentTypeError, RunContextWrapper, UserError, function_tool, handoff
from agentcell.guardrail import GuardrailFunctionOutput, InputGuardrail
from agentcell.lifecycle import RunHooks

CONTEXT: RunContextWrapper[Any] = RunContextWrapper("ctx")


@function_tool
def tool() -> str:
    return ""


def looking(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput(None, False)


def plain_function() -> str:
    return ""


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": 3}, "name takes a text, got 3"),
        ({"tools": tool}, "a list of tools"),
        ({"tools": [plain_function]}, "decorate the function with @function_tool"),
        ({"tools": ["x"]}, "FunctionTool objects"),
        ({"handoffs": [tool]}, "Agent or Handoff"),
        ({"handoffs": ()}, "a list of agents"),
        ({"instructions": 3}, "a text or function"),
        ({"model": 3}, "a model's name or a Model"),
        ({"model_settings": 3}, "a ModelSettings"),
        ({"output_type": "int"}, "a type or an AgentOutputSchema"),
        ({"input_guardrails": plain_function}, "a list of InputGuardrail objects"),
        ({"input_guardrails": [plain_function]}, "InputGuardrail objects"),
        ({"output_guardrails": [InputGuardrail(looking)]}, "OutputGuardrail objects"),
        ({"hooks": RunHooks()}, "an AgentHooks object or None"),
        ({"tool_use_behavior": "stop"}, "'run_llm_again', 'stop_on_first_tool', a dict or a function"),
        ({"tool_use_behavior": 3}, "a dict or a function"),
        ({"prompt": "p"}, "a Prompt, a function or None"),
    ],
    ids=said,
)
def test_wrong_types_are_refused_where_they_are_given(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ArgumentTypeError, match=says) as caught:
        Agent(**{"name": "Ann", **given})
    assert isinstance(caught.value, TypeError) and isinstance(caught.value, UserError)
    assert "Ann" in str(caught.value) or "name" in given


def test_a_long_wrong_value_is_cut() -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        Agent(name="Ann", instructions=["x" * 10_000])  # type: ignore[arg-type]
    assert len(str(caught.value)) < 300


async def test_instructions() -> None:
    async def asked(context: RunContextWrapper[Any], agent: Agent[Any]) -> str:
        return f"{agent.name} for {context.context}"

    assert await Agent(name="A").get_system_prompt(CONTEXT) is None
    assert await Agent(name="A", instructions="Be.").get_system_prompt(CONTEXT) == "Be."
    assert await Agent(name="A", instructions=lambda c, a: a.name).get_system_prompt(CONTEXT) == "A"
    assert await Agent(name="A", instructions=asked).get_system_prompt(CONTEXT) == "A for ctx"
    with pytest.raises(UserError, match=r"\(context, agent\)"):
        await Agent(name="A", instructions=lambda c: "x").get_system_prompt(CONTEXT)  # type: ignore[arg-type,misc]


async def test_only_enabled_tools_and_handoffs_are_offered() -> None:
    async def later(context: RunContextWrapper[Any], agent: Agent[Any]) -> bool:
        return context.context == "ctx"

    def made(name: str, rule: Any) -> Any:
        return function_tool(plain_function, name_override=name, is_enabled=rule)

    agent = Agent(
        name="A",
        tools=[made("on", True), made("off", False), made("asked", lambda c, a: a.name == "A"), made("later", later)],
        handoffs=[
            Agent(name="B"),
            handoff(Agent(name="C"), is_enabled=False),
            handoff(Agent(name="D"), is_enabled=later),
        ],
    )
    assert [t.name for t in await agent.get_all_tools(CONTEXT)] == ["on", "asked", "later"]
    assert [h.agent_name for h in await agent.get_handoffs(CONTEXT)] == ["B", "D"]
    other: RunContextWrapper[Any] = RunContextWrapper("other")
    assert [t.name for t in await agent.get_all_tools(other)] == ["on", "asked"]


def test_output_schema() -> None:
    assert Agent(name="A").output_schema() is None
    assert Agent(name="A", output_type=str).output_schema() is None
    schema = AgentOutputSchema(int)
    assert Agent(name="A", output_type=schema).output_schema() is schema
    made = Agent(name="A", output_type=list[int]).output_schema()
    assert made is not None and made.name() == "list[int]"


def test_agents_are_compared_by_identity() -> None:
    """Two agents of the same name are two agents, and an agent can be a key."""
    first, second = Agent(name="A"), Agent(name="A")
    assert first != second and len({first, second}) == 2
    assert first.tools is not second.tools


async def test_prompts() -> None:
    async def asked(data: Any) -> Any:
        return {"id": f"of {data.agent.name} for {data.context.context}", "version": "2"}

    assert await Agent(name="A").get_prompt(CONTEXT) is None
    whole = {"id": "p", "version": None, "variables": None}
    assert await Agent(name="A", prompt={"id": "p"}).get_prompt(CONTEXT) == whole
    assert await Agent(name="A", prompt=lambda data: {"id": "p"}).get_prompt(CONTEXT) == whole
    found = await Agent(name="A", prompt=asked).get_prompt(CONTEXT)
    assert found == {**whole, "id": "of A for ctx", "version": "2"}
    for wrong in ("p", None, {"version": "2"}):
        with pytest.raises(UserError, match="a prompt must be a Prompt"):
            await Agent(name="A", prompt=lambda data, wrong=wrong: wrong).get_prompt(CONTEXT)  # type: ignore[misc]


def test_clones_share_what_they_are_not_given() -> None:
    first = Agent(name="A", instructions="Be.", tools=[tool])
    second = first.clone(name="B", tools=[])
    assert (second.name, second.instructions, second.tools) == ("B", "Be.", [])
    assert first.tools == [tool] and first.clone().tools is first.tools
    with pytest.raises(TypeError):
        first.clone(nothing=1)
    with pytest.raises(ArgumentTypeError):
        first.clone(tools=tool)
