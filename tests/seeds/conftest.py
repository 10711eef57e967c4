"""Where a page's program finds its server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentcell.testing import LoopbackServer

from .program import Snippet, run_program


@pytest.fixture
def served(loopback: Callable[[Any], LoopbackServer], monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Starts a server that the environment then names."""

    def serve(turns: Any) -> LoopbackServer:
        server = loopback(turns)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        return server

    return serve


@pytest.fixture
def run_snippet(served: Callable[[Any], Any]) -> Callable[[Snippet], dict[str, Any]]:
    """Runs a snippet against a server of its own, which must be asked exactly what its script has."""

    def run(snippet: Snippet) -> dict[str, Any]:
        server = served(snippet.turns)
        names = run_program(snippet.source())
        assert len(server.requests) == len(snippet.turns)
        return names

    return run
