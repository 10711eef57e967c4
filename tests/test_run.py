"""The runner's doors: arguments that are refused at once, and run configuration."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from case_names import said

from agentcell import (
    Agent,
    ArgumentTypeError,
    MaxTurnsExceeded,
    ModelBehaviorError,
    ModelProvider,
    ModelSettings,
    RunConfig,
    RunContextWrapper,
    Runner,
    UserError,
    function_tool,
)
from agentcell.lifecycle import AgentHooks, RunHooks
from agentcell.testing import ScriptedModel, assistant_message, function_call


def scripted(*steps: Any) -> ScriptedModel:
    return ScriptedModel([[assistant_message(s)] if isinstance(s, str) else s for s in steps])


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"starting_agent": "A"}, ArgumentTypeError, "starting_agent must be an Agent, got 'A'"),
    ({"input": ""}, UserError, "empty"),
    ({"input": []}, UserError, "empty list"),
    ({"input": 3}, ArgumentTypeError, "got 3"),
    ({"max_turns": 0}, UserError, "max_turns"),
    ({"max_turns": True}, UserError, "max_turns"),
    ({"max_turns": "3"}, UserError, "'3'"),
    ({"run_config": {"modell": "x"}}, UserError, "modell"),
    ({"run_config": 3}, ArgumentTypeError, "run_config"),
]


@pytest.mark.parametrize("door", ["run", "run_sync", "run_streamed"])
@pytest.mark.parametrize(("given", "error", "says"), WRONG, ids=lambda v: str(v)[:30])
def test_wrong_arguments_are_refused_at_once(
    door: str, given: dict[str, Any], error: type[Exception], says: str
) -> None:
    """Also by `run_streamed`, which raises them itself and not through its stream."""
    arguments = {"starting_agent": Agent(name="A", model=scripted("Hi.")), "input": "x", **given}
    with pytest.raises(error, match=says):
        found = getattr(Runner, door)(**arguments)
        if door == "run":
            asyncio.run(found)


async def test_the_runs_model_replaces_every_agents() -> None:
    named: list[Any] = []
    model = scripted("By name.", "By object.")

    class Provider(ModelProvider):
        def get_model(self, model_name: str | None) -> ScriptedModel:
            named.append(model_name)
            return model

    agent = Agent(name="A", model="agents-own")
    config = RunConfig(model="the-runs", model_provider=Provider(), model_settings=ModelSettings(temperature=0.3))
    assert (await Runner.run(agent, "x", run_config=config)).final_output == "By name."
    assert named == ["the-runs"]
    assert (await Runner.run(agent, "x", run_config={"model": model})).final_output == "By object."
    assert model.calls[0].model_settings.temperature == 0.3


async def test_errors_of_the_model_surface_as_they_are() -> None:
    error = OSError("no line")
    with pytest.raises(OSError) as caught:
        await Runner.run(Agent(name="A", model=ScriptedModel([error])), "x")
    assert caught.value is error


async def test_library_errors_say_how_far_the_run_came() -> None:
    agent = Agent(name="A", model=scripted([function_call("nope", {}, call_id="c1")]))
    with pytest.raises(ModelBehaviorError, match="nope") as caught:
        await Runner.run(agent, "x")
    data = caught.value.run_data
    assert data is not None and data.input == "x" and data.last_agent is agent
    assert "'A'" in str(data)


async def test_a_given_wrapper_is_used_as_it_is() -> None:
    """Its usage goes on counting, as in nested runs."""
    wrapper: RunContextWrapper[Any] = RunContextWrapper({"user": 1})
    for _ in range(2):
        result = await Runner.run(Agent(name="A", model=scripted("Hi.")), "x", context=wrapper)
        assert result.context_wrapper is wrapper
    assert wrapper.usage.requests == 2


async def test_the_users_input_is_never_changed() -> None:
    given: Any = [{"role": "user", "content": "x"}]

    @function_tool
    def f() -> str:
        return "f"

    model = scripted([function_call("f", {}, call_id="c1")], "Done.")
    result = await Runner.run(Agent(name="A", model=model, tools=[f]), given)
    assert given == [{"role": "user", "content": "x"}]
    assert result.input is given and len(result.to_input_list()) == 4


async def test_many_runs_at_once() -> None:
    """They share the loop fairly and do not mix."""

    @function_tool
    async def echo(n: int) -> int:
        await asyncio.sleep(0)
        return n

    async def one(n: int) -> Any:
        call = function_call("echo", {"n": n}, call_id="c")
        agent = Agent(name=f"A{n}", model=scripted([call], f"Answer {n}."), tools=[echo])
        return await Runner.run_streamed(agent, f"Question {n}")

    results = await asyncio.gather(*(one(n) for n in range(100)))
    assert [r.final_output for r in results] == [f"Answer {n}." for n in range(100)]
    assert [r.new_items[1].output for r in results] == list(range(100))


def back_and_forth() -> Agent[Any]:
    """Two agents that pass the conversation to each other for ever."""
    first, second = Agent(name="First"), Agent(name="Second")
    first.handoffs, second.handoffs = [second], [first]
    first.model = ScriptedModel([[function_call("transfer_to_second", "{}", call_id=f"a{n}")] for n in range(60)])
    second.model = ScriptedModel([[function_call("transfer_to_first", "{}", call_id=f"b{n}")] for n in range(60)])
    return first


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ({"max_turns": None}, 50),
        ({"max_turns": None, "max_handoffs": 3}, 3),
        ({"max_turns": 30, "max_handoffs": 0}, 0),
        ({"max_turns": 30, "max_handoffs": 7}, 7),
    ],
    ids=said,
)
async def test_handoffs_have_a_limit(options: dict[str, Any], made: int) -> None:
    result = Runner.run_streamed(back_and_forth(), "x", **options)
    passed = 0
    with pytest.raises(UserError, match=f"max_handoffs is {made}"):
        async for event in result:
            passed += event.type == "agent_updated_stream_event"
    assert passed == made + 1, "the first agent, and one for each handoff"


async def test_turns_limit_handoffs_unless_they_are_limited_themselves() -> None:
    with pytest.raises(MaxTurnsExceeded):
        await Runner.run(back_and_forth(), "x", max_turns=55)


@pytest.mark.parametrize("door", ["run", "run_sync", "run_streamed"])
def test_hooks_of_the_wrong_kind_are_refused_at_once(door: str) -> None:
    for wrong in (AgentHooks(), "x", object()):
        with pytest.raises(ArgumentTypeError, match="RunHooks"):
            found = getattr(Runner, door)(Agent(name="A", model=scripted("Hi.")), "x", hooks=wrong)
            if door == "run":
                asyncio.run(found)


async def test_the_model_is_known_before_it_is_called() -> None:
    """Hooks and filters that fail leave no call."""
    model = scripted("Hi.")

    class Hooks(RunHooks[Any]):
        async def on_llm_start(self, context: Any, agent: Any, system_prompt: Any, input_items: Any) -> None:
            raise OSError("no line")

    with pytest.raises(OSError):
        await Runner.run(Agent(name="A", model=model), "x", hooks=Hooks())
    assert model.calls == ()


async def test_a_handled_limit_can_be_read_on_the_result() -> None:
    call = function_call("f", {}, call_id="c1")

    @function_tool
    def f() -> str:
        return "f"

    result = Runner.run_streamed(
        Agent(name="A", model=scripted([call]), tools=[f]),
        "x",
        max_turns=1,
        error_handlers={"max_turns": lambda d: "No."},
    )
    assert (await result).final_output == "No."
    assert result.current_turn == 1 and result.status == "done" and result.run_loop_exception is None
