"""The table of snippets is complete, true, and what its file says."""

from __future__ import annotations

import re

import pytest

from . import table
from .program import PAGES


@pytest.mark.parametrize("page", PAGES)
def test_every_snippet_is_there_once(page: str) -> None:
    numbers = [snippet.number for _, snippet in table.snippets(page) if snippet.number]
    assert numbers == list(range(1, table.COUNTS[page] + 1))


def test_every_snippet_has_its_test() -> None:
    """One of its own, or a place among the parameters of `test_snippet`."""
    shown: set[str] = set()
    for page in PAGES:
        for module, snippet in table.snippets(page):
            name = re.split(r"::|\[", table.test_of(module, snippet))[1]
            test = getattr(module, name)
            if snippet.shows not in table.ALONE:
                params = {p.values[0].name for mark in test.pytestmark for p in mark.args[1] if hasattr(p, "values")}
                assert snippet.name in params
            shown.add(snippet.shows)
    assert shown >= set(table.ALONE)


def test_the_file_is_up_to_date() -> None:
    assert table.FILE.read_text(encoding="utf-8") == table.table()
