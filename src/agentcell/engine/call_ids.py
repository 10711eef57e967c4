"""Calls that a model repeats.

A call id names one invocation: a tool with its arguments. A model, or a gateway before it, that sends the same
invocation under the same id again means the same call, and it must not run twice. The same id for anything else
cannot be told apart in the history, so it ends the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ..exceptions import ModelBehaviorError
from ..items import HandoffCallItem, RunItem, ToolCallItem

_ADVICE = "Use a unique call ID for each tool invocation."


def without_repeats(output: Sequence[Any], earlier: Iterable[RunItem]) -> list[Any]:
    """A response's output without the function calls that were made before, in it or in the run's earlier items.

    Raises `ModelBehaviorError` when a call's id was used for another invocation.
    """
    calls = [item for item in output if item.type == "function_call"]
    if not calls:
        return list(output)
    asked = {call.call_id for call in calls}
    done = {
        raw.call_id: _invocation(raw)
        for item in earlier
        if isinstance(item, (ToolCallItem, HandoffCallItem))
        and getattr(raw := item.raw_item, "type", None) == "function_call"
        and raw.call_id in asked
    }
    here: dict[str, Any] = {}
    kept: list[Any] = []
    for item in output:
        if item.type == "function_call" and item.call_id:
            made = _invocation(item)
            before = here.get(item.call_id)
            if before is not None and before != made:
                raise ModelBehaviorError(
                    f"Model reused a tool call ID for a different invocation in one response. {_ADVICE}"
                )
            earlier_made = done.get(item.call_id)
            if earlier_made is not None and earlier_made != made:
                raise ModelBehaviorError(f"Model reused a completed tool call ID for a different invocation. {_ADVICE}")
            here[item.call_id] = made
            if before is not None or earlier_made is not None:
                continue
        kept.append(item)
    return kept


def _invocation(call: Any) -> tuple[str | None, str, str]:
    """What a call asks for; arguments that mean the same are the same."""
    try:
        arguments = json.dumps(json.loads(call.arguments), sort_keys=True)
    except (ValueError, RecursionError):
        arguments = call.arguments
    return getattr(call, "namespace", None), call.name, arguments
