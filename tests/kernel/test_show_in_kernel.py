"""`agentcell.show(result)` in a real kernel, for a run of openai-agents."""

from __future__ import annotations

import pytest

from .session import KernelSession

pytestmark = pytest.mark.ci

SETUP = """
import os
os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"
import agents, agentcell
from agents.testing import ScriptedModel, assistant_message, function_call

@agents.function_tool
def add(a: int, b: int) -> int:
    return a + b

steps = [[function_call("add", {"a": 1, "b": 2}, call_id="c1")], [assistant_message("It is **three**.")]]
agent = agents.Agent(name="A", tools=[add], model=ScriptedModel(steps * 2))
"""


def test_a_shown_run_of_the_reference_leaves_the_record(session: KernelSession) -> None:
    session.run(SETUP)
    outcome = session.run(
        "shown = agentcell.show(agents.Runner.run_streamed(agent, 'Add!'))\n"
        "print(len([event async for event in shown]))\nshown"
    )
    record = outcome.record
    assert int(outcome.stream()) > 10
    assert record["text/plain"].startswith("Done") and "It is **three**." in record["text/plain"]
    assert "<strong>three</strong>" in record["text/html"].replace(' style=""', "")
    assert "shown.stream_events()" in str(session.run("shown.result.stream_events()").tracebacks)


def test_nobody_need_iterate(session: KernelSession) -> None:
    session.run(SETUP)
    outcome = session.run(
        "agentcell.show(agents.Runner.run_streamed(agent, 'Add!'))\nimport asyncio; await asyncio.sleep(1)"
    )
    assert outcome.record["text/plain"].startswith("Done")
