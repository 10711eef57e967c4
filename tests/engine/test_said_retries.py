"""A retry's wait is told before it is waited for, and shown."""

from __future__ import annotations

from typing import Any

from openai import AsyncOpenAI

from agentcell import Agent, ModelRetrySettings, ModelSettings, RunConfig, Runner
from agentcell.models.multi_provider import MultiProvider
from agentcell.stream_events import RetryScheduled, RunSignal
from agentcell.testing import HttpError, LoopbackServer, ScriptedModel, assistant_message
from agentcell.view.model import EMPTY, Notice
from agentcell.view.reduce import reduce


def settings(delay: float) -> ModelSettings:
    backoff: Any = {"initial_delay": delay, "jitter": False, "max_delay": delay}
    return ModelSettings(retry=ModelRetrySettings(max_retries=2, policy=lambda context: True, backoff=backoff))


async def test_a_wait_is_said_and_shown_before_it_begins() -> None:
    """Over HTTP: the service is busy, and says so."""
    with LoopbackServer([HttpError(429, headers={"Retry-After": "0.01"}), "Hi."]) as server:
        client = AsyncOpenAI(api_key="k", base_url=server.base_url, max_retries=0)  # the runner makes them all
        provider = MultiProvider(openai_client=client)
        result = Runner.run_streamed(
            Agent(name="A", model="m", model_settings=settings(0)), "go", run_config=RunConfig(model_provider=provider)
        )
        events = [event async for event in result.stream_events(signals=True)]
        await client.close()
    said = [event for event in events if isinstance(event, RetryScheduled)]
    assert [(retry.attempt, "429" in retry.error) for retry in said] == [(1, True)]
    view = EMPTY
    for entry in result._run.log.entries:
        view = reduce(view, entry.event, entry.at)
    notices = [block for block in view.blocks if isinstance(block, Notice)]
    assert [(notice.kind, "(attempt 2)" in notice.text) for notice in notices] == [("retry", True)]
    assert view.state == "done" and result.final_output == "Hi."


async def test_a_wait_can_be_stopped() -> None:
    model = ScriptedModel([OSError("no line"), [assistant_message("never")]])
    result = Runner.run_streamed(Agent(name="A", model=model, model_settings=settings(3600)), "go")
    events: list[Any] = []
    async for event in result.stream_events(signals=True):
        events.append(event)
        if isinstance(event, RetryScheduled):
            assert (event.delay, "no line" in event.error) == (3600, True)
            result.cancel()
    await result.aclose()
    assert result.status == "stopped" and len(model.calls) == 1
    assert isinstance(events[-1], RunSignal)
