"""Nested history: what happened before a handoff, folded into a summary that the next agent reads.

The summary is one assistant message: a sentence, a start line, one numbered record per item, an end line. A plain
message is `1. user: text`; whatever a line cannot hold (calls, outputs, parts, text with line breaks) is its JSON, so
that no text can pass itself off as another record. At the next handoff the records are read back, so that a summary
never contains a summary. Messages of the turn itself, and items that only their provider can read, stay as they are
between summaries.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import agentcell as ac

from .. import openai_types as oai
from ..exceptions import ArgumentTypeError
from ..items import ItemHelpers, RunItem

HandoffHistoryMapper: TypeAlias = Callable[[list["oai.ResponseInputItemParam"]], Sequence["oai.ResponseInputItemParam"]]
"""Makes the next agent's input of everything that came before."""

InputItem: TypeAlias = dict[str, Any]

PREAMBLE = "For context, here is the conversation so far between the user and the previous agent:"
"""The first line of a summary; also what a summary is recognised by."""
NOTHING_YET = "(no previous turns recorded)"
DEFAULT_WRAPPERS = ("<CONVERSATION HISTORY>", "</CONVERSATION HISTORY>")
"""The lines before and after the records, unless others were set."""
FOLDED_TYPES = frozenset({"function_call", "function_call_output", "reasoning", "program", "program_output"})
"""Types of items that only make sense to the agent that caused them."""
ROLES = frozenset({"user", "assistant", "system", "developer"})

_NUMBER = re.compile(r"\s*\d+\.\s*")
_NAMED = re.compile(r"(.*?)\s*\(([^(]+)\)")
_wrappers = DEFAULT_WRAPPERS


def set_conversation_history_wrappers(*, start: str | None = None, end: str | None = None) -> None:
    """Change the lines before and after the records of summaries, for the whole program; `None` keeps one."""
    global _wrappers
    _wrappers = (_wrappers[0] if start is None else start, _wrappers[1] if end is None else end)


def get_conversation_history_wrappers() -> tuple[str, str]:
    """The lines before and after the records of summaries."""
    return _wrappers


def reset_conversation_history_wrappers() -> None:
    """Take back what `set_conversation_history_wrappers` did."""
    global _wrappers
    _wrappers = DEFAULT_WRAPPERS


def default_handoff_history_mapper(transcript: list[oai.ResponseInputItemParam]) -> list[oai.ResponseInputItemParam]:
    """A transcript as one assistant message that summarises it."""
    return [cast("oai.ResponseInputItemParam", _summary(transcript))]


def nest_handoff_history(
    handoff_input_data: ac.HandoffInputData, *, history_mapper: HandoffHistoryMapper | None = None
) -> ac.HandoffInputData:
    """Fold the conversation into the next agent's input; `new_items` stay what they are for the result and the session.

    The default keeps the turn's messages between summaries of the rest; `history_mapper` gets everything, earlier
    summaries unfolded, and returns the whole input. Nothing is redacted: arguments and outputs of tools are part of it.

    Raises `ArgumentTypeError` when the mapper does not return a list of input items.
    """
    data = handoff_input_data
    past = _unfolded(data.input_history)
    # A pending approval is no part of a conversation.
    earlier = [item for item in data.pre_handoff_items if item.type != "tool_approval_item"]
    latest = [item for item in data.new_items if item.type != "tool_approval_item"]
    kept: list[RunItem] = []
    if history_mapper is not None:
        nested = _checked(history_mapper(cast("Any", [*past, *map(_as_input, (*earlier, *latest))])))
    else:
        kept = [item for item in earlier if _stays(item, of_this_turn=False)]
        kept += [item for item in latest if _stays(item, of_this_turn=True)]
        nested = _nested(past, [*earlier, *latest], kept)
    return data.clone(input_history=tuple(nested), pre_handoff_items=(), input_items=(), _nested_items=tuple(kept))


def _nested(past: list[InputItem], items: list[RunItem], kept: list[RunItem]) -> list[InputItem]:
    """Summaries with the kept items between them, in order; the first summary is always there."""
    staying = {id(item) for item in kept}
    nested: list[InputItem] = []
    records = list(past)
    for item in items:
        if id(item) not in staying:
            records.append(_as_input(item))
            continue
        if records or not nested:
            nested.append(_summary(records))
            records = []
        nested.append(_as_input(item))
    if records or not nested:
        nested.append(_summary(records))
    return nested


def _stays(item: RunItem, *, of_this_turn: bool) -> bool:
    """Whether an item stays as it is: all but what is always folded, and what agents said in earlier turns."""
    given = _as_input(item)
    return given.get("type") not in FOLDED_TYPES and (of_this_turn or given.get("role") != "assistant")


def _as_input(item: RunItem) -> InputItem:
    return copy.deepcopy(cast("InputItem", item.to_input_item()))


def _checked(mapped: object) -> list[InputItem]:
    """What a mapper returned, as a list."""
    if isinstance(mapped, Iterable) and not isinstance(mapped, (str, Mapping)):
        return list(mapped)
    if hasattr(mapped, "close"):  # a coroutine would complain that nobody awaited it
        cast("Any", mapped).close()
    raise ArgumentTypeError(
        f"a handoff history mapper must return a list of input items, got {mapped!r} ({type(mapped).__name__}); "
        "it is a plain function, not an async one"
    )


def _summary(transcript: Iterable[Mapping[str, Any]]) -> InputItem:
    lines = [f"{number}. {_record(item)}" for number, item in enumerate(transcript, 1)] or [NOTHING_YET]
    start, end = _wrappers
    return {"role": "assistant", "content": "\n".join([PREAMBLE, start, *lines, end])}


def _record(item: Mapping[str, Any]) -> str:
    """One item in one line."""
    role, name, content = item.get("role"), item.get("name"), item.get("content")
    if isinstance(role, str) and (content is None or isinstance(content, str)):
        named = f" ({name})" if isinstance(name, str) and name else ""
        line = f"{role}{named}: {content or ''}"
        if "\n" not in line and "\r" not in line:
            return line
    kept = {key: value for key, value in item.items() if key != "provider_data"}
    try:
        return json.dumps(kept, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(str(type(item)))


def _unfolded(history: str | Sequence[Any]) -> list[InputItem]:
    """An input as items, with the records of earlier summaries in their place."""
    given = history if isinstance(history, str) else list(history)
    unfolded: list[InputItem] = []
    for item in cast("list[InputItem]", ItemHelpers.input_to_new_input_list(given)):
        body = _body(item)
        unfolded.extend([item] if body is None else _read(body))
    return unfolded


def _body(item: InputItem) -> str | None:
    """The records of a summary as text; `None` for everything else."""
    content = item.get("content")
    if item.get("role") != "assistant" or not isinstance(content, str):
        return None
    start, end = _wrappers
    head, tail = f"{PREAMBLE}\n{start}\n", f"\n{end}"
    if not (content.startswith(head) and content.endswith(tail)):
        return None
    return content[len(head) : -len(tail)]


def _read(body: str) -> list[InputItem]:
    """The items of a summary; lines without a number belong to the record before them."""
    records: list[str] = []
    numbered = False
    for line in body.split("\n"):
        number = _NUMBER.match(line)
        if number is not None:
            numbered = True
            records.append(line[number.end() :])
        elif numbered:
            records[-1] += f"\n{line}"
        else:
            records.append(line)
    return [item for record in records if (item := _item(record.strip())) is not None]


def _item(record: str) -> InputItem | None:
    """The item that a record stands for; `None` when it is none."""
    whole = _json_object(record)
    if whole is not None:
        return whole
    who, colon, content = record.partition(":")
    role, content = who.strip(), content.strip()
    if not colon or not role:
        return None
    named = _NAMED.fullmatch(role)
    name = named[2] if named else None
    role = (named[1] or "developer") if named else role
    arguments = None if role in ROLES else _json_object(content)
    if arguments is not None:  # an older form of records: the type in front of the JSON
        return {**arguments, "type": role}
    return {"role": role, **({"name": name} if name else {}), "content": content}


def _json_object(text: str) -> InputItem | None:
    try:
        found = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
