"""Which agent a cell means, and that loading can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.testing.globalipapp import start_ipython

from agentcell import Agent
from agentcell.notebook.magics import choose_agent, load, unload

WEATHER = Agent(name="Weather desk")
BILLING = Agent(name="Billing")


def test_an_agent_is_found_by_variable_and_by_name() -> None:
    namespace = {"weather": WEATHER, "billing": BILLING}
    assert choose_agent(namespace, "weather") is WEATHER
    assert choose_agent(namespace, "Billing") is BILLING


def test_the_only_agent_is_the_default_however_many_names_it_has() -> None:
    assert choose_agent({"a": WEATHER, "b": WEATHER, "_": BILLING, "x": 1}, None) is WEATHER


@pytest.mark.parametrize("namespace", [{}, {"a": WEATHER, "b": BILLING}])
def test_without_one_clear_choice_a_plain_assistant_answers(namespace: dict[str, Any]) -> None:
    assert choose_agent(namespace, None).name == "Assistant"


def test_an_unknown_name_is_one_line_that_lists_the_agents() -> None:
    with pytest.raises(UsageError) as caught:
        choose_agent({"weather": WEATHER, "billing": BILLING}, "wether")
    assert str(caught.value) == "there is no agent 'wether'; agents in this notebook: billing, weather"


def test_a_name_of_something_else_says_what_it_is() -> None:
    with pytest.raises(UsageError, match="'x' is a int, not an Agent; agents in this notebook: none yet"):
        choose_agent({"x": 3}, "x")


@pytest.fixture(scope="module")
def shell() -> Iterator[Any]:
    yield start_ipython()


def hooks(shell: Any) -> tuple[Any, ...]:
    """Everything that loading may touch."""
    return (
        list(shell.input_transformers_cleanup),
        {name: list(found) for name, found in shell.events.callbacks.items()},
        set(shell.magics_manager.magics["cell"]),
        set(shell.magics_manager.magics["line"]),
        set(shell.magics_manager.registry),
    )


def test_loading_is_idempotent_and_unloading_takes_everything_back(shell: Any) -> None:
    before = hooks(shell)
    load(shell)
    loaded = hooks(shell)
    assert loaded != before
    load(shell)
    assert hooks(shell) == loaded
    unload(shell)
    assert hooks(shell) == before
    unload(shell)
    assert hooks(shell) == before


def test_a_cell_magic_is_complete_after_an_empty_line(shell: Any) -> None:
    load(shell)
    try:
        assert shell.check_complete("%%agent\nhello")[0] == "incomplete"
        assert shell.check_complete("%%agent\nhello\n\n")[0] == "complete"
    finally:
        unload(shell)


def test_the_magic_documents_itself(shell: Any) -> None:
    load(shell)
    try:
        text = shell.find_cell_magic("agent").__doc__
        assert "--out" in text and "watch it live" in text
    finally:
        unload(shell)
