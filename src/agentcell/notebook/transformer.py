"""`%%agent` cells become `await ...`, so that they run on the kernel's own event loop.

A cell that awaits handles clicks and interrupts while it runs; a magic that blocks is deaf to both. IPython does not
await magics, so the cell is rewritten before it runs. The rewriting is pure (IPython does it several times for a cell)
and happens only where it is right:

- not inside another cell's execution: bodies of `%%time` and its kind pass through here too, and cannot await;
- not with `%autoawait off`, nor on another loop than asyncio's;
- not to answer whether the cell is complete (`has_side_effects` keeps it out of that), where a cell magic's own rule,
  an empty line, is the right one;
- not for `%%agent?`, which asks for help.

In all those cases the ordinary magic runs.
"""

from __future__ import annotations

import re
from typing import Any

_FIRST_LINE = re.compile(r"%%agent(?:[ \t]+(?P<line>.*?))?[ \t]*\n?")
_HELP = re.compile(r"\?\s*$")


class AgentCellTransformer:
    """The input transformer of one shell."""

    has_side_effects = True

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._executing = 0

    def began(self) -> None:
        """An execution begins."""
        self._executing += 1

    def ended(self, *_: Any) -> None:
        """An execution has ended."""
        self._executing = max(0, self._executing - 1)

    def __call__(self, lines: list[str]) -> list[str]:
        first = _FIRST_LINE.fullmatch(lines[0]) if lines else None
        if first is None or _HELP.search(lines[0]) or self._executing or not self._awaits():
            return lines
        line, body = first["line"] or "", "".join(lines[1:])
        return [f"await get_ipython().magics_manager.registry['AgentMagics'].attached({line!r}, {body!r})\n"]

    def _awaits(self) -> bool:
        """Whether the shell awaits cells on asyncio's loop."""
        runner = getattr(self._shell, "loop_runner", None)
        name = getattr(runner, "__name__", "") or type(runner).__name__
        return bool(self._shell.autoawait) and "trio" not in name and "curio" not in name
