"""Writes `TABLE.md`: every snippet of the pages, and the test that runs it.

python -m seeds.table        in `tests`, after a change of a snippet
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from . import (
    test_dive_events,
    test_dive_hosts,
    test_dive_patterns,
    test_dive_practices,
    test_matching_pages,
    test_versus,
)
from .program import PAGES, Snippet

FILE = Path(__file__).with_name("TABLE.md")

MODULES = (
    test_matching_pages, test_versus, test_dive_events, test_dive_patterns, test_dive_hosts, test_dive_practices,
)  # fmt: skip

COUNTS = {
    "run-streamed-reference": 2,
    "streaming-workflow": 0,
    "streaming-guide": 2,
    "run-vs-run-streamed": 6,
    "streaming-deep-dive": 42,
}
"""How many pieces of code each page has."""

ALONE = {
    "the signature of run_streamed": "test_the_signature",
    "leaving the loop cancels the run": "test_leaving_the_loop",
    "a blocking run and a streamed one": "test_printing_whole_events",
    "the result after the stream": "test_printing_the_result",
    "a FastAPI endpoint of server-sent events": "test_the_fastapi_endpoint",
    "iterate the run itself": "test_iterating_a_run",
    "events over a WebSocket": "test_a_socket",
    "server-sent events": "test_server_sent_events",
    "events in a React component": "test_a_react_component",
    "a panel in the terminal": "test_a_panel",
    "a progress bar of tools": "test_a_progress_bar",
}
"""The tests of snippets that print nothing, or too much to be written down."""


def snippets(page: str) -> list[tuple[ModuleType, Snippet]]:
    """A page's snippets in its order, each with the module of its test; what is in words alone comes last."""
    found = [(module, snippet) for module in MODULES for snippet in module.SNIPPETS if snippet.page == page]
    return sorted(found, key=lambda pair: pair[1].number or 1000)


def test_of(module: ModuleType, snippet: Snippet) -> str:
    """The name of the test that runs a snippet."""
    name = ALONE.get(snippet.shows)
    return f"{module.__name__.rpartition('.')[2]}.py::{name or f'test_snippet[{snippet.name}]'}"


def table() -> str:
    """The whole file."""
    lines = ["# The pages' snippets, and the tests that run them", ""]
    lines += ["`python -m seeds.table`, in `tests`, writes this file. No number: what a page says without code.", ""]
    for page in PAGES:
        rows = snippets(page)
        corrected = sum(bool(snippet.corrected) for _, snippet in rows)
        lines += [f"## {page}: {COUNTS[page]} snippets, {corrected} rows corrected", ""]
        lines += ["| no. | what it shows | test | mistake of the page that is corrected |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {snippet.number or ''} | {snippet.shows} | `{test_of(module, snippet)}` | {snippet.corrected} |"
            for module, snippet in rows
        ]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    FILE.write_text(table(), encoding="utf-8")
