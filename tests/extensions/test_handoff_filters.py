"""Ready-made filters; that they are the reference's is tested in `tests/parity`."""

from __future__ import annotations

from agentcell.extensions import handoff_filters
from agentcell.handoffs import HandoffInputData, default_handoff_history_mapper, nest_handoff_history


def test_the_input_itself_stays() -> None:
    data = HandoffInputData("Hi", (), ())
    assert handoff_filters.remove_all_tools(data) == data


def test_unknown_items_stay() -> None:
    history = ({"type": "something_new"}, {"role": "user", "content": "Hi"}, {"type": "web_search_call"})
    made = handoff_filters.remove_all_tools(HandoffInputData(history, (), ()))  # type: ignore[arg-type]
    assert made.input_history == history[:2]


def test_nesting_is_here_too() -> None:
    assert handoff_filters.nest_handoff_history is nest_handoff_history
    assert handoff_filters.default_handoff_history_mapper is default_handoff_history_mapper
