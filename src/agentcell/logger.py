"""The library's log: `logging`'s logger `agentcell`, silent unless it is set up.

It says what went wrong but did not end a run.
"""

from __future__ import annotations

import logging
import sys

logger: logging.Logger = logging.getLogger("agentcell")
"""The logger of every module."""

_VERBOSE = "agentcell verbose"


def enable_verbose_stdout_logging() -> None:
    """Write everything that the library logs, down to debug messages, to the standard output; calls do not add up."""
    logger.setLevel(logging.DEBUG)
    if not any(handler.name == _VERBOSE for handler in logger.handlers):
        handler = logging.StreamHandler(sys.stdout)
        handler.name = _VERBOSE
        logger.addHandler(handler)
