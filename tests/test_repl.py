"""`run_demo_loop`: a conversation typed line by line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import agents.repl
import pytest

import agentcell.repl
from agentcell import Agent, RunContextWrapper, UserError, function_tool, run_demo_loop
from agentcell.testing import ScriptedModel, assistant_message, function_call

Typed = Callable[..., list[str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Lines that the person types, or errors that `input` raises; returns the prompts that were shown."""

    def type_them(*lines: str | type[BaseException]) -> list[str]:
        prompts: list[str] = []
        coming = iter(lines)

        def answer(prompt: str = "") -> str:
            prompts.append(prompt)
            line = next(coming)
            if isinstance(line, str):
                return line
            raise line

        monkeypatch.setattr("builtins.input", answer)
        return prompts

    return type_them


def talker(*texts: str, **fields: Any) -> tuple[Agent[Any], ScriptedModel]:
    model = ScriptedModel([[assistant_message(text)] for text in texts])
    return Agent(name="A", model=model, **fields), model


def test_it_is_where_the_reference_has_it() -> None:
    assert agentcell.repl.run_demo_loop is run_demo_loop
    shown = [
        str(inspect.signature(f).replace(return_annotation="")) for f in (run_demo_loop, agents.repl.run_demo_loop)
    ]
    assert shown[0] == shown[1]


async def test_a_streamed_conversation(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    @function_tool
    def add(a: int, b: int) -> int:
        return a + b

    second = Agent(name="B", model=ScriptedModel([[assistant_message("B here")], [assistant_message("B again")]]))
    call = [function_call("add", {"a": 1, "b": 2}, call_id="c1")]
    transfer = [function_call("transfer_to_b", {}, call_id="c2")]
    first_model = ScriptedModel([call, [assistant_message("It is three")], transfer])
    first = Agent(name="A", tools=[add], handoffs=[second], model=first_model)
    prompts = typed("1 + 2?", "", "  ", "over to B", "and now?", "exit", "never read")
    await run_demo_loop(first)

    assert len(prompts) == 6
    out = capsys.readouterr().out
    said = ("[Agent updated: A]", "[tool called: add]", "[tool output: 3]", "It is three")
    said += ("[handoff requested: transfer_to_b]", "[Agent updated: B]", "B here", "B again")
    places = [out.index(text) for text in said]
    assert places == sorted(places)
    model: Any = second.model
    assert [item.get("content") for item in model.calls[1].input if item.get("role") == "user"] == [
        "1 + 2?",
        "over to B",
        "and now?",
    ]
    assert len(first_model.calls) == 3, "the handoff stays: the last line went to B"


async def test_without_streaming_only_the_answers(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    agent, model = talker("one", "two")
    typed("a", "b", "QUIT ")
    await run_demo_loop(agent, stream=False)
    assert capsys.readouterr().out == "one\ntwo\n"
    assert [len(call.input) for call in model.calls] == [1, 3]


@pytest.mark.parametrize("end", ["exit", "Quit", " EXIT ", EOFError, KeyboardInterrupt])
async def test_ways_to_end(end: Any, typed: Typed) -> None:
    agent, model = talker("never said")
    prompts = typed(end)
    await run_demo_loop(agent)
    assert prompts == [" > "] and not model.calls


async def test_context_and_limit_are_passed_on(typed: Typed) -> None:
    seen: list[Any] = []

    @function_tool
    def look(ctx: RunContextWrapper[Any]) -> str:
        seen.append(ctx.context)
        return "seen"

    steps = [[function_call("look", {}, call_id=f"c{n}")] for n in range(3)]
    agent = Agent(name="A", tools=[look], model=ScriptedModel(steps))
    typed("go", "exit")
    with pytest.raises(agentcell.MaxTurnsExceeded):
        await run_demo_loop(agent, context="mine", max_turns=2)
    assert seen == ["mine", "mine"]


async def test_what_models_and_tools_say_cannot_drive_the_terminal(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;title\x07\x1b[2Jtext\x9b31m"

    @function_tool
    def tool() -> str:
        return evil

    steps = [[function_call("tool", {}, call_id="c")], [assistant_message(evil)]]
    agent = Agent(name=f"A{evil}", tools=[tool], model=ScriptedModel([*steps, [assistant_message(evil)]]))
    typed("go", "exit")
    await run_demo_loop(agent)
    typed("go", "exit")
    await run_demo_loop(agent, stream=False)
    out = capsys.readouterr().out
    assert "text" in out and not [c for c in out if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0]


@pytest.mark.parametrize("given", ["A", None, Agent])
async def test_anything_but_an_agent_is_refused(given: Any) -> None:
    with pytest.raises(UserError, match="run_demo_loop takes an Agent"):
        await run_demo_loop(given)
    with pytest.raises(TypeError):
        await run_demo_loop(given)
