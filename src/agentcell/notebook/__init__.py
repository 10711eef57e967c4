"""The notebook half: live views, records and magics."""

from __future__ import annotations


def allow_nested_loop() -> None:
    """Let the code of your own cells call `run_until_complete` while the kernel's loop is running.

    This applies `nest_asyncio`, which patches the running event loop for the whole kernel. agentcell itself never
    needs it: `await` works in cells, and `Runner.run_sync` works in notebooks. Measured with it on ipykernel 6.31, 7.3
    and 7.4: a magic built on nested loops loses the click on Stop, and an interrupt of the kernel leaves its agent
    running in the background. The package is archived by its author.
    """
    import nest_asyncio

    nest_asyncio.apply()
