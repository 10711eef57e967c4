"""Tool guardrails as they are declared; what they do in a run is tested in `tests/parity/test_tools.py`."""

from __future__ import annotations

from typing import Any

import agents
import pytest

import agentcell.tool_guardrails as guardrails
from agentcell import Agent, ArgumentTypeError, Runner, function_tool
from agentcell.stream_events import ToolFinished, ToolStarted
from agentcell.testing import ScriptedModel, assistant_message, function_call
from agentcell.tool_context import ToolContext
from agentcell.tool_guardrails import (
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolInputGuardrailData,
    ToolOutputGuardrailData,
)

BOTH = pytest.mark.parametrize("lib", [agents, guardrails], ids=["reference", "agentcell"])


@BOTH
def test_findings(lib: Any) -> None:
    kind = lib.ToolGuardrailFunctionOutput
    assert vars(kind("x")) == {"output_info": "x", "behavior": {"type": "allow"}}
    assert vars(kind.allow()) == {"output_info": None, "behavior": {"type": "allow"}}
    assert vars(kind.reject_content("no", 1)) == {
        "output_info": 1,
        "behavior": {"type": "reject_content", "message": "no"},
    }
    assert vars(kind.raise_exception("x")) == {"output_info": "x", "behavior": {"type": "raise_exception"}}


@BOTH
@pytest.mark.parametrize("side", ["input", "output"])
async def test_decorators(lib: Any, side: str) -> None:
    decorate = getattr(lib, f"tool_{side}_guardrail")

    @decorate
    def plain(data: Any) -> Any:
        return lib.ToolGuardrailFunctionOutput.allow(data)

    @decorate()
    async def called(data: Any) -> Any:
        return lib.ToolGuardrailFunctionOutput.allow(data)

    @decorate(name="mine")
    def named(data: Any) -> Any:
        return lib.ToolGuardrailFunctionOutput.allow(data)

    kind = getattr(lib, f"Tool{side.title()}Guardrail")
    assert [g.get_name() for g in (plain, called, named)] == ["plain", "called", "mine"]
    assert all(isinstance(g, kind) for g in (plain, called, named))
    assert kind(lambda data: None).get_name() == "<lambda>"
    for guardrail in (plain, called, named):
        assert (await guardrail.run("data")).output_info == "data"


async def test_a_guardrail_must_be_made_of_a_function() -> None:
    broken = ToolInputGuardrail("text")  # type: ignore[arg-type]
    data = ToolInputGuardrailData(ToolContext(None), Agent(name="A"))
    with pytest.raises(ArgumentTypeError, match="'text'"):
        await broken.run(data)
    assert isinstance(ToolOutputGuardrailData(data.context, data.agent, 1), ToolInputGuardrailData)


@pytest.mark.parametrize("side", ["input", "output"])
async def test_views_hear_of_a_rejection(side: str) -> None:
    """The card of a rejected call begins and ends like any other, and says why."""
    guardrail = getattr(guardrails, f"tool_{side}_guardrail")(
        lambda data: ToolGuardrailFunctionOutput.reject_content("not that")
    )
    options: Any = {f"tool_{side}_guardrails": [guardrail]}

    def f() -> str:
        return "result"

    model = ScriptedModel([[function_call("f", "{}", call_id="c1")], [assistant_message("Done.")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[function_tool(f, **options)]), "go")
    signals = [e async for e in result.stream_events(signals=True) if isinstance(e, (ToolStarted, ToolFinished))]
    assert [type(s).__name__ for s in signals] == ["ToolStarted", "ToolFinished"]
    end = signals[-1]
    assert isinstance(end, ToolFinished)
    assert (end.output, end.status) == ("not that", "failed") and "guardrail rejected" in str(end.error)
