"""The model that needs no key: it drives any agent by rules and says so.

The trick: everything is decided from the request alone. The user's words are matched with the names, descriptions and
parameters of the agent's tools (`demo_rules.matching`), arguments are taken from the prompt by type
(`demo_rules.arguments`), what the input shows as called is struck off the plan (`demo_rules.planning`), and when
nothing is left the outputs are set in Markdown (`demo_rules.writing`). The result is a finished response, which is
played back as the events of a real stream.

    request -> request.turn_of -> planning.plan -> calls
                                              `-> writing.answer | structured
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from .. import openai_types as oai
from ..agent_output import AgentOutputSchemaBase
from ..handoffs import Handoff
from ..items import ModelResponse
from ..model_settings import ModelSettings
from ..tool import Tool
from .demo_rules.planning import Plan, Turn, plan
from .demo_rules.request import handoff_specs, tool_specs, turn_of
from .demo_rules.writing import answer, structured
from .interface import Model, ModelTracing
from .response_events import (
    function_call_item,
    message_item,
    reasoning_item,
    response_events,
    typed,
    usage_dict,
)

__all__ = ["DemoModel"]

DELTAS_PER_SECOND = 40.0
"""Pieces of text per second at speed 1: about as fast as one reads along."""


class DemoModel(Model):
    """A stand-in for a language model that follows rules: deterministic, offline, and honest about it.

    It calls the agent's own tools, in parallel where the prompt names several things, hands off, fills an
    `output_type`, and composes an answer from what the tools returned. `speed` scales the pace of streaming: 1 is about
    40 pieces a second, 2 is twice that; 0 and `math.inf` mean no waiting at all. Usage counts words, not tokens.
    Raises `ValueError` for a negative speed or one that is no number.
    """

    is_demo = True
    label: str | None = "demo model: rules, not an LLM"
    model = "demo"

    def __init__(self, *, speed: float = 1.0) -> None:
        if isinstance(speed, bool) or not isinstance(speed, (int, float)) or math.isnan(speed) or speed < 0:
            raise ValueError(
                f"DemoModel(speed={speed!r}): expected a number from 0 up. "
                "Use 1 for a readable pace, 2 for twice as fast, 0 or math.inf for no waiting."
            )
        self.speed: float = float(speed)

    def __repr__(self) -> str:
        return f"DemoModel(speed={self.speed:g})"

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[oai.ResponseInputItemParam],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: oai.ResponsePromptParam | None = None,
    ) -> ModelResponse:
        """The whole response at once: the stream's last event, without waiting."""
        from ..items import ModelResponse
        from ..usage import Usage

        events = _events(system_instructions, input, model_settings, tools, output_schema, handoffs)
        final = typed(events[-1])
        assert final.type == "response.completed"
        response = final.response
        return ModelResponse(output=response.output, usage=Usage.of_response(response.usage), response_id=response.id)

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[oai.ResponseInputItemParam],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: oai.ResponsePromptParam | None = None,
    ) -> AsyncIterator[oai.ResponseStreamEvent]:
        """The response as Responses API events, one piece of text after another at the chosen speed."""
        pause = 0.0 if self.speed in (0.0, math.inf) else 1.0 / (DELTAS_PER_SECOND * self.speed)
        events = _events(system_instructions, input, model_settings, tools, output_schema, handoffs)
        for number, event in enumerate(events):
            if event["type"].endswith(".delta") and (pause or number % 32 == 0):
                await asyncio.sleep(pause)
            yield typed(event)


def _events(
    instructions: str | None,
    input: str | Sequence[Any],
    settings: Any,
    tools: Sequence[Any],
    output_schema: AgentOutputSchemaBase | None,
    handoffs: Sequence[Any],
) -> list[dict[str, Any]]:
    """The events of the response to a request; equal requests give equal events."""
    output = respond(instructions, input, settings, tools, output_schema, handoffs)
    request = json.dumps([instructions, input, [t.name for t in tools]], sort_keys=True, default=str)
    digest = hashlib.sha256(request.encode("utf-8", "replace")).hexdigest()[:24]
    said = json.dumps(output, ensure_ascii=False)
    usage = usage_dict(count_words(request), count_words(said))
    return list(response_events(output, response_id=f"demo_{digest}", model="demo", usage=usage))


def respond(
    instructions: str | None,
    input: str | Sequence[Any],
    settings: Any,
    tools: Sequence[Any],
    output_schema: AgentOutputSchemaBase | None,
    handoffs: Sequence[Any],
) -> list[dict[str, Any]]:
    """The output items of the response to a request: a reason and calls, or a message."""
    known, targets = tool_specs(tools), handoff_specs(handoffs)
    turn = turn_of(instructions, input, [target.name for target in targets])
    choice = _choice(getattr(settings, "tool_choice", None))
    parallel = getattr(settings, "parallel_tool_calls", None) is not False
    next_step = plan(turn, known, targets, tool_choice=choice, parallel=parallel)
    if next_step.calls:
        calls = [function_call_item(call.name, call.arguments) for call in next_step.calls]
        return [reasoning_item(next_step.reason), *calls] if next_step.reason else calls
    return [message_item(_text(turn, output_schema, known, targets, next_step))]


def _text(turn: Turn, output_schema: AgentOutputSchemaBase | None, tools: Any, handoffs: Any, next_step: Plan) -> str:
    if output_schema is None or output_schema.is_plain_text():
        return answer(turn, tools, handoffs, next_step)
    return structured(turn, output_schema.json_schema())


def _choice(tool_choice: Any) -> str | None:
    """A tool choice as a word or a tool's name; forms that name no function tool mean "auto"."""
    if isinstance(tool_choice, str):
        return tool_choice
    if isinstance(tool_choice, dict) and isinstance(tool_choice.get("name"), str):
        return tool_choice["name"]
    return None


def count_words(text: str) -> int:
    """Words and punctuation marks in a text: what the demo model reports where a real one reports tokens."""
    return len(re.findall(r"\w+|[^\w\s]", text))
