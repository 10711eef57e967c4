"""Where JSON of the model stands in a view: the arguments of calls, what handoffs pass on, structured output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..view.model import HandoffMark, Text, TextBlock, ToolCard
from .folds import Operation
from .json_fold import JsonFold
from .nodes import Node, el

WRAPPER_KEY = "response"
"""The field under which an output travels that is no object; `agent_output` says the same."""
NO_ARGUMENTS = "no arguments"
"""What stands in the place of arguments that are empty."""


class JsonPart:
    """The JSON of one block as rows; text that is replaced instead of grown starts them anew."""

    def __init__(self, block: ToolCard | HandoffMark | TextBlock) -> None:
        self.key: str = json_key(block.id)
        """The key of the element around the rows."""
        self._kind = type(block)
        self._schema: Mapping[str, Any] | None = None
        self._shown: Text | None = None
        self._finished = False
        self.body: JsonFold = self._begin(None)
        """The rows."""

    def advance(self, block: ToolCard | HandoffMark | TextBlock) -> list[Operation]:
        """Take in what is new in the block; returns the operations that bring a page there.

        Rows that start anew are another `body`, for which there are no operations.
        """
        if isinstance(block, TextBlock):
            text, schema, done = block.text, block.schema, block.done
        elif isinstance(block, ToolCard):
            text, schema, done = block.arguments, block.schema, block.state != "writing"
        else:
            text, schema, done = block.arguments, block.schema, block.state != "asked"
        added = text.since(self._shown)
        if added is None and text == self._shown:
            added = ""
        became = type(block) is not self._kind  # what looked like a tool has turned out to be a handoff
        self._kind = type(block)
        anew = became or added is None or (bool(added) and self._finished) or not _same(schema, self._schema)
        if anew:
            self.body, added, self._finished = self._begin(schema), str(text), False
        self._shown = text
        if added:
            self.body.append(added)
        if done and not self._finished:
            self._finished = True
            self.body.finish()
        operations = self.body.operations()
        return [] if anew else operations

    def _begin(self, schema: Mapping[str, Any] | None) -> JsonFold:
        self._schema = schema
        if self._kind is TextBlock:
            return JsonFold(self.key, schema, unnamed=_wrapper(schema), schema_name="the output type")
        if self._kind is HandoffMark:
            return JsonFold(self.key, schema, nothing="")
        return _argument_fold(self.key, schema)


def json_key(block_id: str) -> str:
    """The key of the element that holds a block's JSON."""
    return f"{block_id}.j"


def argument_table(text: str, schema: Mapping[str, Any] | None, key: str) -> Node:
    """Arguments that do not grow any more, as rows that are checked against the schema."""
    fold = _argument_fold(key, schema)
    fold.append(text)
    fold.finish()
    return el("div", "json", *fold.rows, key=key)


def _argument_fold(key: str, schema: Mapping[str, Any] | None) -> JsonFold:
    return JsonFold(key, schema, nothing=NO_ARGUMENTS, schema_name="the tool's schema")


def _same(schema: Mapping[str, Any] | None, known: Mapping[str, Any] | None) -> bool:
    return schema is known or schema == known


def _wrapper(schema: Mapping[str, Any] | None) -> str | None:
    """The field under which an output travels that is no object."""
    properties = (schema or {}).get("properties")
    return WRAPPER_KEY if isinstance(properties, Mapping) and set(properties) == {WRAPPER_KEY} else None
