"""The runner makes the official client's retries in its place: the same ones, but said, and with a shorter wait."""

from __future__ import annotations

from typing import Any

import pytest
from openai import AsyncOpenAI

from agentcell import Agent, ModelSettings, OpenAIResponsesModel, Runner, RunResultStreaming
from agentcell.models.client_retries import ClientRetries
from agentcell.stream_events import RetryScheduled
from agentcell.testing import HttpError, LoopbackServer

NOW = {"retry-after-ms": "1"}
CASES: dict[str, list[HttpError]] = {
    **{
        f"status {status}": [HttpError(status, headers=NOW)] for status in (400, 401, 403, 404, 408, 409, 422, 429, 500)
    },
    "busy twice": [HttpError(503, headers=NOW)] * 2,
    "busy for ever": [HttpError(503, headers=NOW)] * 9,
    "told to try again": [HttpError(400, headers={**NOW, "x-should-retry": "true"})],
    "told not to": [HttpError(500, headers={**NOW, "x-should-retry": "false"})],
    "a long wait is refused": [HttpError(429, headers={"retry-after": "121"})],
    "a date": [HttpError(429, headers={"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT", "retry-after-ms": "1"})],
}


async def bare(client: AsyncOpenAI) -> Any:
    try:
        stream = await client.responses.create(model="m", input="go", stream=True)
        return [event.type async for event in stream][-1]
    except Exception as error:
        return type(error).__name__


async def ours(client: AsyncOpenAI, settings: ModelSettings | None = None) -> tuple[Any, RunResultStreaming]:
    model = OpenAIResponsesModel("m", client)
    result = Runner.run_streamed(Agent(name="A", model=model, model_settings=settings or ModelSettings()), "go")
    try:
        await result
        return "response.completed", result
    except Exception as error:
        return type(error).__name__, result


def said(result: RunResultStreaming) -> list[RetryScheduled]:
    events = (entry.event for entry in result._run.log.entries)
    return [event for event in events if isinstance(event, RetryScheduled)]


@pytest.mark.parametrize("retries", [0, 1, 2])
@pytest.mark.parametrize("name", CASES)
async def test_the_same_requests_are_made(name: str, retries: int) -> None:
    seen: list[Any] = []
    for play in (bare, ours):
        with LoopbackServer([*CASES[name], "Hi."]) as server:
            async with AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=retries) as client:
                outcome = await play(client)
            if isinstance(outcome, tuple):
                outcome, result = outcome
                assert len(said(result)) == len(server.requests) - 1
                assert result.context_wrapper.usage.requests == (1 if outcome == "response.completed" else 0)
            seen.append((outcome, len(server.requests)))
    assert seen[0] == seen[1]


async def test_a_service_that_is_not_there() -> None:
    async with AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="k", max_retries=1) as client:
        outcome, result = await ours(client)
    assert (outcome, [retry.attempt for retry in said(result)]) == ("APIConnectionError", [1])
    assert 0.375 <= said(result)[0].delay <= 0.5, "the client's own first wait"


async def test_a_long_wait_is_cut_said_and_can_be_stopped() -> None:
    """The client would wait for 100 seconds without a word."""
    with LoopbackServer([HttpError(429, headers={"retry-after": "100"}), "Hi."]) as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="k") as client:
            result = Runner.run_streamed(Agent(name="A", model=OpenAIResponsesModel("m", client)), "go")
            async for event in result.stream_events(signals=True):
                if isinstance(event, RetryScheduled):
                    assert (event.delay, "429" in event.error) == (60.0, True)
                    result.cancel()
            await result.aclose()
    assert (result.status, len(server.requests)) == ("stopped", 1)


async def test_the_time_limit_is_for_the_client_s_retries_together() -> None:
    """As in the reference, where they are inside the attempt that the limit is for."""
    busy = HttpError(503, headers={"retry-after-ms": "40"})
    with LoopbackServer([busy] * 9) as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=8) as client:
            outcome, _ = await ours(client, ModelSettings(timeout=0.1))
    assert outcome == "ModelTimeoutError" and len(server.requests) < 9


def test_waits_grow_as_the_client_s() -> None:
    retries = ClientRetries(allowed=9)
    waits: list[float | None] = []
    for made in range(9):
        retries.made = made
        waits.append(retries.delay(_unreachable(), lambda: 0.0))
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0]
    retries.made = 9
    assert retries.delay(_unreachable(), lambda: 0.0) is None


def _unreachable() -> Exception:
    import httpx2
    import openai

    return openai.APIConnectionError(request=httpx2.Request("POST", "http://127.0.0.1"))
