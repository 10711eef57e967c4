"""What the whole program has set for OpenAI: key, client, API; and one HTTP client for each event loop.

Providers are made for every run, while an HTTP client costs tens of milliseconds and a connection a handshake.
So providers share the HTTP client of the running loop.

A loop tells nobody that it ends, but `asyncio.run` and its like close the loop's open async generators at the end. So
each client has one, which waits at its `yield` for nothing else than to be closed, and closes the client then. The
client of a loop that was closed without that is dropped.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Literal

from .. import openai_types as oai
from ..exceptions import UserError

__all__ = ["set_default_openai_api", "set_default_openai_client", "set_default_openai_key"]

_key: str | None = None
_client: oai.AsyncOpenAI | None = None
_use_responses = True
_http_clients: dict[asyncio.AbstractEventLoop, Any] = {}
_closers: dict[asyncio.AbstractEventLoop, AsyncGenerator[None, None]] = {}
_lock = threading.Lock()


def set_default_openai_key(key: str, use_for_tracing: bool = True) -> None:
    """Set the API key of clients that are made from now on; it wins over `OPENAI_API_KEY`."""
    global _key
    _key = key


def set_default_openai_client(client: oai.AsyncOpenAI, use_for_tracing: bool = True) -> None:
    """Set the client of providers that get neither a client nor a key of their own."""
    global _client
    _client = client


def set_default_openai_api(api: Literal["chat_completions", "responses"]) -> None:
    """Choose the API that models are called through; raises `UserError` for another name."""
    global _use_responses
    if api not in ("chat_completions", "responses"):
        raise UserError(f"Unknown OpenAI API {api!r}: expected 'responses' or 'chat_completions'")
    _use_responses = api == "responses"


def default_openai_key() -> str | None:
    """The key that was set for the program."""
    return _key


def default_openai_client() -> oai.AsyncOpenAI | None:
    """The client that was set for the program."""
    return _client


def responses_by_default() -> bool:
    """Whether models are called through the Responses API when a provider does not say."""
    return _use_responses


def shared_http_client() -> Any:
    """The HTTP client of the running loop; None outside of one, where the official client makes its own."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    with _lock:
        for closed in [known for known in _http_clients if known.is_closed()]:
            del _http_clients[closed], _closers[closed]
        if loop not in _http_clients or _http_clients[loop].is_closed:
            from openai import DefaultAsyncHttpxClient

            _http_clients[loop] = DefaultAsyncHttpxClient()
        if loop not in _closers:
            _closers[loop] = _close_with(loop)
            _begin(_closers[loop])
        return _http_clients[loop]


async def close_shared_http_client() -> None:
    """Close the running loop's HTTP client and its connections; the next use makes a new one.

    `asyncio.run` does it by itself at its end.
    """
    closer = _closers.get(asyncio.get_running_loop())
    if closer is not None:
        await closer.aclose()


async def _close_with(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None, None]:
    """Closes the loop's client when this generator is closed."""
    try:
        yield
    finally:
        with _lock:
            _closers.pop(loop, None)
            client = _http_clients.pop(loop, None)
        if client is not None:
            await client.aclose()


def _begin(generator: AsyncGenerator[None, None]) -> None:
    """Run a generator up to its `yield`, before which it awaits nothing; from then on its loop knows it."""
    with suppress(StopIteration):
        generator.asend(None).send(None)
