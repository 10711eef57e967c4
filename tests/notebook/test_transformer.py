"""`%%agent` cells are rewritten only where awaiting them is right."""

from __future__ import annotations

import pytest

from agentcell.notebook.transformer import AgentCellTransformer


class Shell:
    """What the transformer asks of a shell."""

    def __init__(self, autoawait: bool = True, runner: str = "_asyncio_runner") -> None:
        self.autoawait = autoawait
        self.loop_runner = type(runner, (), {})()


def rewritten(source: str, transformer: AgentCellTransformer) -> bool:
    lines = source.splitlines(keepends=True)
    found = transformer(lines)
    assert transformer(found) == found, "rewriting twice must change nothing"
    return found != lines


@pytest.mark.parametrize(
    "source",
    ["%%agent\nhello\n", "%%agent weather -o run\nhello", "%%agent   \n\nhello\n", '%%agent\n"""quoted""" \\ text'],
)
def test_an_agent_cell_becomes_an_await_of_its_line_and_body(source: str) -> None:
    (line,) = AgentCellTransformer(Shell())(source.splitlines(keepends=True))
    assert line.startswith("await ") and line.endswith(")\n")
    call = line[line.index(".attached(") + len(".attached(") : -2]
    first, body = eval(f"({call})")
    assert first == source.split("\n")[0].removeprefix("%%agent").strip()
    assert body == "".join(source.splitlines(keepends=True)[1:])


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x = 1\n",
        "%agent use x\n",
        "%%agents\nhello\n",
        "%%agent?\n",
        "%%agent?",
        "# %%agent\n",
        "%%time\n%%agent\nhi\n",
    ],
)
def test_other_cells_pass_through(source: str) -> None:
    assert not rewritten(source, AgentCellTransformer(Shell()))


def test_bodies_of_other_magics_pass_through_while_a_cell_executes() -> None:
    transformer = AgentCellTransformer(Shell())
    transformer.began()
    assert not rewritten("%%agent\nhello\n", transformer)
    transformer.began()
    transformer.ended()
    assert not rewritten("%%agent\nhello\n", transformer), "a nested execution has ended, the outer one has not"
    transformer.ended()
    assert rewritten("%%agent\nhello\n", transformer)
    transformer.ended()
    assert rewritten("%%agent\nhello\n", transformer), "the end of a cell that began before loading counts for nothing"


def test_shells_that_cannot_await_on_asyncio_get_the_ordinary_magic() -> None:
    assert not rewritten("%%agent\nhi\n", AgentCellTransformer(Shell(autoawait=False)))
    assert not rewritten("%%agent\nhi\n", AgentCellTransformer(Shell(runner="_trio_runner")))
