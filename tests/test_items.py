"""Items and input: what is kept, what is sent again, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from agentcell import Agent, ArgumentTypeError, ItemHelpers, MessageOutputItem, ToolCallItem, UserError
from agentcell.items import as_input_list, output_text
from agentcell.testing import assistant_message, function_call

AGENT = Agent(name="A")


def test_items_are_sent_as_the_model_gave_them() -> None:
    item: Any = MessageOutputItem(agent=AGENT, raw_item=assistant_message("Hi."))  # type: ignore[arg-type]
    sent: Any = item.to_input_item()
    assert sent["content"][0]["text"] == "Hi." and sent["role"] == "assistant"
    given = {"type": "function_call_output", "call_id": "c", "output": "x"}
    assert MessageOutputItem(agent=AGENT, raw_item=given).to_input_item() is given  # type: ignore[arg-type,comparison-overlap]


def test_a_call_has_a_name_and_an_id() -> None:
    item = ToolCallItem(agent=AGENT, raw_item=function_call("f", {}, call_id="c1"))
    assert (item.tool_name, item.call_id) == ("f", "c1")
    assert ToolCallItem(agent=AGENT, raw_item={"type": "web_search_call", "id": "ws"}).call_id == "ws"


@pytest.mark.parametrize(("given", "error"), [
    ("", UserError), ("  \n", UserError), ([], UserError), (None, ArgumentTypeError), (3, ArgumentTypeError),
    (("a",), ArgumentTypeError), ({"role": "user"}, ArgumentTypeError),
])  # fmt: skip
def test_input_that_cannot_be_sent(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        as_input_list(given)


def test_the_users_list_is_copied() -> None:
    given: Any = [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}]
    copied: Any = ItemHelpers.input_to_new_input_list(given)
    copied[0]["content"][0]["text"] = "changed"
    assert given[0]["content"][0]["text"] == "x"


def test_any_output_has_a_text() -> None:
    class Text(str):
        pass

    class Odd:
        def __str__(self) -> str:
            raise ValueError

    assert output_text("x") == "x" and output_text(Text("y")) == "y" and output_text(None) == "None"
    assert output_text(Odd()) == "The tool returned a Odd that cannot be shown: ValueError."
