"""One kernel for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .session import KernelSession, environment, kernel


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for everything that Jupyter keeps, also in this process."""
    path = tmp_path_factory.mktemp("kernel")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(path).items():
            if name.startswith(("JUPYTER", "IPYTHON")):
                patch.setenv(name, value)
        yield path


@pytest.fixture(scope="module")
def session(folder: Path) -> Iterator[KernelSession]:
    """A kernel with the extension loaded and an agent named `plain` on the demo model."""
    with kernel(folder) as running:
        assert running.run("%load_ext agentcell").outputs == []
        running.run("from agentcell import Agent, DemoModel, OpenAIResponsesModel, Runner, function_tool")
        running.run("plain = Agent(name='Plain', model=DemoModel(speed=0))")
        yield running
