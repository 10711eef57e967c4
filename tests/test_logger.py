"""The library's log: silent until somebody wants to read it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from agentcell import enable_verbose_stdout_logging
from agentcell.logger import logger


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers


def test_it_is_one_logger_and_has_no_handler_of_its_own() -> None:
    assert logger is logging.getLogger("agentcell") and not logger.handlers


def test_verbose_logging_goes_to_the_standard_output_once(capsys: pytest.CaptureFixture[str]) -> None:
    enable_verbose_stdout_logging()
    enable_verbose_stdout_logging()
    logger.debug("something small")
    assert capsys.readouterr().out == "something small\n"
