"""All models of a scene on one loopback server, told apart by their names."""

from __future__ import annotations

from collections import deque
from typing import Any, Self

from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from agentcell.testing import HttpError, LoopbackServer


class Wire:
    """A server, and a client of it, that models of one library share; `async with` opens and closes both."""

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self._turns: list[deque[Any]] = []
        self._server = LoopbackServer(self._answer)

    async def __aenter__(self) -> Self:
        self._server.__enter__()
        # Certificates are of no use on the loopback interface, and loading them is slow.
        http = DefaultAsyncHttpxClient(verify=False)
        self._client = AsyncOpenAI(base_url=self._server.base_url, api_key="test", max_retries=0, http_client=http)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.close()
        self._server.__exit__(None, None, None)

    def model(self, *turns: Any) -> Any:
        """A model that the server answers for, turn by turn."""
        self._turns.append(deque(turns))
        return self._lib.OpenAIResponsesModel(f"test-{len(self._turns) - 1}", self._client)

    def bodies(self) -> list[list[dict[str, Any]]]:
        """What each model was sent; whether it was asked to stream is left out, for agentcell always asks."""
        found: list[list[dict[str, Any]]] = [[] for _ in self._turns]
        for request in self._server.requests:
            found[_number(request.body)].append({**request.body, "stream": None})
        return found

    def _answer(self, request: dict[str, Any]) -> Any:
        turns = self._turns[_number(request)]
        return turns.popleft() if turns else HttpError(400, "The script is exhausted.")


def _number(body: dict[str, Any]) -> int:
    return int(body["model"].removeprefix("test-"))
