"""Names of cases that are the same in every process."""

import re


def said(value: object) -> str:
    """The text of a value without its address in memory.

    Processes that share a run of the tests (`pytest -n`) must give each case the same name.
    """
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))
