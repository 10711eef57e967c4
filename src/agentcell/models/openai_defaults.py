"""What the whole program has set for OpenAI: key, client, API; and one HTTP client for each event loop.

Providers are made for every run, while an HTTP client costs tens of milliseconds and a connection a handshake.
So providers share the HTTP client of the running loop; a client of a loop that is closed is dropped.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Literal

from .. import openai_types as oai
from ..exceptions import UserError

__all__ = ["set_default_openai_api", "set_default_openai_client", "set_default_openai_key"]

_key: str | None = None
_client: oai.AsyncOpenAI | None = None
_use_responses = True
_http_clients: dict[asyncio.AbstractEventLoop, Any] = {}
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
            del _http_clients[closed]
        if loop not in _http_clients or _http_clients[loop].is_closed:
            from openai import DefaultAsyncHttpxClient

            _http_clients[loop] = DefaultAsyncHttpxClient()
        return _http_clients[loop]


async def close_shared_http_client() -> None:
    """Close the running loop's HTTP client and its connections; the next use makes a new one."""
    with _lock:
        client = _http_clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()
