"""What every test stands on: no keys of the environment, no network beyond the loopback interface, no tracing."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest

# The reference reads this when it is imported, which test modules do before any fixture runs.
os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class NetworkBlocked(Exception):
    """A test has tried to reach a host other than this one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a browser share one, in one process, when processes share the tests by `--dist loadgroup`."""
    for item in items:
        if item.path.parent.name in ("browser", "benchmarks"):
            item.add_marker(pytest.mark.xdist_group("browser"))


def pytest_collection_finish() -> None:
    """What is imported by now stays: no search for garbage, of which tests ask for many, need look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Connections to anything but the loopback interface fail."""
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def guarded(name: str) -> Callable[[socket.socket, Any], Any]:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOOPBACK:
                raise NetworkBlocked(f"a test must not connect to {address!r}; serve it with LoopbackServer")
            return real[name](self, address)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(socket.socket, name, guarded(name))
        yield


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, address or switch of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith(("AGENTCELL_", "OPENAI_")) and name != "OPENAI_AGENTS_DISABLE_TRACING":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def reference_without_tracing() -> None:
    """The reference must not export traces."""
    reference = sys.modules.get("agents")
    if reference is not None:
        reference.set_tracing_disabled(True)


@pytest.fixture
def loopback() -> Iterator[Callable[[Any], Any]]:
    """Makes running loopback servers from scripts."""
    from agentcell.testing import LoopbackServer

    with ExitStack() as stack:
        yield lambda turns: stack.enter_context(LoopbackServer(turns))


@pytest.fixture
async def real_model(loopback: Callable[[Any], Any]) -> AsyncIterator[Callable[..., Any]]:
    """Makes `OpenAIResponsesModel`s that talk to a loopback server through the official client."""
    from openai import AsyncOpenAI

    from agentcell import OpenAIResponsesModel

    async with AsyncExitStack() as stack:

        def make(turns: Any) -> Any:
            client = AsyncOpenAI(base_url=loopback(turns).base_url, api_key="test", max_retries=0)
            stack.push_async_callback(client.close)
            return OpenAIResponsesModel("gpt-test", client)

        yield make


@pytest.fixture
async def quiet_loop() -> AsyncIterator[list[dict[str, Any]]]:
    """Whatever reaches the loop's exception handler; at the end it must be nothing, and no task may be left."""
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    before = asyncio.all_tasks()
    yield complaints
    gc.collect()
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    assert complaints == []
    assert asyncio.all_tasks() <= before | {t for t in [asyncio.current_task()] if t}
