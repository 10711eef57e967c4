"""States of the reference (`$schemaVersion` 1.x), brought into our form.

They are not signed, so that they are read with `trust=True` only. What we have no use for, such as its copies of tools'
schemas, is left out; what the reference stores twice is taken once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..approvals import call_digest
from ..exceptions import InvalidRunState

_CHECKS = (
    "input_guardrail_results",
    "output_guardrail_results",
    "tool_input_guardrail_results",
    "tool_output_guardrail_results",
)


def translated(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state in our form; raises `InvalidRunState` when it has not the reference's."""
    try:
        return _translated(state)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        said = str(error)[:500]  # which may quote the state
        raise InvalidRunState(f"the run state has not the form of one: {type(error).__name__}: {said}") from error


def _translated(state: Mapping[str, Any]) -> dict[str, Any]:
    items = [dict(item) for item in state["generated_items"]]
    step = state.get("current_step") or {}
    paused = step.get("type") == "next_step_interruption"
    asked = step["data"]["interruptions"] if paused else []
    responses = list(state["model_responses"])
    first = _first_of_turn(items, responses[-1]) if paused and responses else len(items)
    places: list[int] = []
    for question in asked:
        place = next((i for i, item in enumerate(items) if _is_question(item, question)), None)
        if place is None:  # of a nested run
            place = len(items)
            items.append(dict(question))
        places.append(place)
    count = len(state["generated_items"])
    kept = [place for place in range(count) if items[place]["type"] != "tool_approval_item"]
    given = state["original_input"]
    history = [{"content": given, "role": "user"}] if isinstance(given, str) else list(given)
    history += [items[place]["raw_item"] for place in kept]
    agent = state["current_agent"]
    used = [name for name, tools in (state.get("tool_use_tracker") or {}).items() if tools]
    functions = (state.get("last_processed_response") or {}).get("functions", ())
    nested = {f["tool_call"]["call_id"]: _translated(f["agent_run_state"]) for f in functions if "agent_run_state" in f}
    return {
        "original_input": given,
        "model_input": given,
        "starting_agent": agent,
        "current_agent": agent,
        "pending_input": state.get("pending_input") or [],
        "items": items,
        "new_items": count,
        "model_items": kept,
        "nested_items": [],
        "interruptions": places,
        "open_items": count - first,
        "history": history,
        "model_responses": responses,
        "context": _context(state["context"], items),
        "tool_users": used,
        "nested_runs": nested,
        "max_turns": state["max_turns"],
        "current_turn": state["current_turn"],
        "conversation_id": state.get("conversation_id"),
        "previous_response_id": state.get("previous_response_id"),
        "auto_previous_response_id": bool(state.get("auto_previous_response_id")),
        "reasoning_item_id_policy": state.get("reasoning_item_id_policy"),
        "input_checked": True,
        "input_saved": True,
        "saved_items": count,
        **{name: [_check(found) for found in state.get(name) or ()] for name in _CHECKS},
    }


def _first_of_turn(items: list[dict[str, Any]], response: Mapping[str, Any]) -> int:
    """Where the items of the last response begin."""
    outputs = response["output"]
    return next((place for place, item in enumerate(items) if outputs and item["raw_item"] == outputs[0]), len(items))


def _is_question(item: Mapping[str, Any], question: Mapping[str, Any]) -> bool:
    same_agent = item.get("agent") == question.get("agent")
    return item["type"] == "tool_approval_item" and same_agent and item["raw_item"] == question["raw_item"]


def _context(context: Mapping[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    """The context with its decisions, each bound to the call that the items show."""
    calls = {
        item["raw_item"].get("call_id"): item
        for item in items
        if item["type"] in ("tool_approval_item", "tool_call_item")
    }
    decisions: list[dict[str, Any]] = []
    sticky: list[dict[str, Any]] = []
    for entry in context.get("function_tool_approvals") or ():
        agent, tool, said = entry["agent"]["name"], entry["tool_key"], entry["decision"]
        messages = said.get("rejection_messages") or {}
        for approved, ids in ((True, said["approved"]), (False, said["rejected"])):
            if ids is True:
                message = None if approved else said.get("sticky_rejection_message")
                sticky.append({"agent": agent, "tool": tool, "approved": approved, "message": message})
                continue
            for call_id in ids or ():
                if call_id in calls:
                    digest = call_digest(tool, calls[call_id]["raw_item"].get("arguments"))
                    decision = {"approved": approved, "message": messages.get(call_id), "digest": digest}
                    decisions.append({"call_id": call_id, **decision})
    return {
        "context": context.get("context"),
        "context_meta": context.get("context_meta") or {},
        "usage": context.get("usage") or {},
        "turn_input": context.get("turn_input") or [],
        "tool_input": context.get("tool_input"),
        "decisions": decisions,
        "sticky_decisions": sticky,
    }


def _check(found: Mapping[str, Any]) -> dict[str, Any]:
    guardrail, output = found["guardrail"], found["output"]
    known = ("output_info", "tripwire_triggered", "behavior")
    return {"guardrail": {"name": guardrail["name"]}, "output": {k: output[k] for k in known if k in output}}
