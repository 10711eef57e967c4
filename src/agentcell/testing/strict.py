"""What the real service refuses in a request's history, said in its words.

The services check that a history is whole before any model sees it: each call has one output, each output a call,
and reasoning is followed by what it led to. A test double that takes anything hides a broken history until it meets
the real service, so this checks as strictly. It shares no logic with what repairs histories.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_OUTPUTS = {
    "apply_patch_call_output": "apply_patch_call",
    "computer_call_output": "computer_call",
    "custom_tool_call_output": "custom_tool_call",
    "function_call_output": "function_call",
    "local_shell_call_output": "local_shell_call",
    "shell_call_output": "shell_call",
}
_CALLS = frozenset(_OUTPUTS.values())
_OF_USERS = ("user", "system", "developer")


def assert_sendable(items: Iterable[Mapping[str, Any]]) -> None:
    """Raise `AssertionError`, naming everything that is wrong, unless a service takes `items` as a request's input."""
    listed = list(items)
    wrong = input_problems(listed)
    if wrong:
        kinds = ", ".join(str(item.get("type") or item.get("role")) for item in listed)
        raise AssertionError(f"these items cannot be sent: {' '.join(wrong)} The items are: {kinds}")


def request_problems(body: Mapping[str, Any], *, chat: bool) -> list[str]:
    """Everything in a request's history that the service refuses; empty when it takes it."""
    if chat:
        return chat_problems(body.get("messages") or ())
    given = body.get("input")
    # What the service keeps itself is not in the request: an output may answer a call there.
    continued = bool(body.get("previous_response_id") or body.get("conversation"))
    return input_problems(given, continued=continued) if isinstance(given, list) else []


def input_problems(items: Iterable[Mapping[str, Any]], *, continued: bool = False) -> list[str]:
    """What is wrong with the input of the Responses API; `continued` when the service has the items before it."""
    problems: list[str] = []
    waiting: set[tuple[str, str]] = set()
    answered: set[tuple[str, str]] = set()
    reasoning: Mapping[str, Any] | None = None
    for item in items:
        kind = str(item.get("type") or "message")
        if reasoning is not None and (kind in _OUTPUTS or item.get("role") in _OF_USERS):
            problems.append(_unfollowed(reasoning))
        reasoning = item if kind == "reasoning" else None
        if kind in _CALLS:
            key = (kind, str(item.get("call_id") or ""))
            if not key[1]:
                problems.append(f"Missing required parameter: 'call_id' of a {kind}.")
            if key in waiting:
                problems.append(f"Duplicate {_words(kind)} with call_id {key[1]}: the first has no output yet.")
            waiting.add(key)
            answered.discard(key)
        elif kind in _OUTPUTS:
            key = (_OUTPUTS[kind], _answers(item, kind))
            if key in waiting:
                waiting.remove(key)
                answered.add(key)
            elif key in answered:
                problems.append(f"Duplicate output found for {_words(key[0])} {key[1]}.")
            elif not continued:
                problems.append(f"No tool call found for {_words(key[0])} output with call_id {key[1]}.")
    if reasoning is not None:
        problems.append(_unfollowed(reasoning))
    problems += [f"No tool output found for {_words(kind)} {call_id}." for kind, call_id in sorted(waiting)]
    return problems


def chat_problems(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the messages of the Chat Completions API, where outputs follow their calls at once."""
    problems: list[str] = []
    waiting: list[str] = []
    end: Mapping[str, Any] = {"role": "end"}
    for message in (*messages, end):
        if message.get("role") == "tool":
            call_id = str(message.get("tool_call_id"))
            if call_id in waiting:
                waiting.remove(call_id)
            else:
                problems.append(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    f"'tool_calls': {call_id} is not."
                )
            continue
        if waiting:
            problems.append(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(waiting)}"
            )
        waiting = [str(call.get("id")) for call in message.get("tool_calls") or ()]
    return problems


def _answers(item: Mapping[str, Any], kind: str) -> str:
    """The id of the call that an output answers."""
    named = item.get("call_id") or (item.get("id") if kind == "local_shell_call_output" else None)
    return str(named or "")


def _unfollowed(reasoning: Mapping[str, Any]) -> str:
    return f"Item '{reasoning.get('id')}' of type 'reasoning' was provided without its required following item."


def _words(kind: str) -> str:
    return kind.replace("_", " ")
