"""What follows from a model's response: pure, without running anything.

TurnPlan        the response as run items, with the calls it asks for
NextStep
|-- FinalOutput     the run has its result
|-- HandOff         another agent goes on
|-- RunAgain        the model is called again
`-- Pause           calls wait for a person's decision; the turn stays open
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

from ..exceptions import ModelBehaviorError, ModelRefusalError
from ..items import (
    HandoffCallItem,
    ItemHelpers,
    MessageOutputItem,
    ModelResponse,
    ReasoningItem,
    RunItem,
    ToolApprovalItem,
    ToolCallItem,
    ToolCallOutputItem,
    ToolSearchCallItem,
    ToolSearchOutputItem,
)
from .call_ids import without_repeats
from .provider_items import provider_items

if TYPE_CHECKING:
    from .. import openai_types as oai
    from ..agent import Agent
    from ..agent_output import AgentOutputSchemaBase
    from ..handoffs import Handoff
    from ..tool import FunctionTool


ACTIVITY = (ToolCallItem, ToolCallOutputItem, ToolSearchCallItem, ToolSearchOutputItem)
"""Items after which the model is asked again, when it has said nothing."""


@dataclass
class TurnSetting:
    """What an agent brings into one turn."""

    agent: Agent[Any]
    """Who is running."""
    tools: list[FunctionTool]
    """The tools that are enabled."""
    handoffs: list[Handoff]
    """The handoffs that are enabled."""
    output_schema: AgentOutputSchemaBase | None
    """The schema of the final output; `None` for text."""
    tolerates_missing_tools: bool = False
    """Whether the model is told when it calls a tool that does not exist; otherwise the run ends."""


@dataclass
class ToolRun:
    """A function tool that is to run."""

    call: oai.ResponseFunctionToolCall
    """The model's call."""
    tool: FunctionTool
    """The tool."""


@dataclass
class HandoffRun:
    """A handoff that is to happen."""

    call: oai.ResponseFunctionToolCall
    """The model's call."""
    handoff: Handoff
    """The handoff."""


@dataclass
class TurnPlan:
    """A response, sorted."""

    items: list[RunItem] = field(default_factory=list)
    """One item for each output, in output order."""
    tools: list[ToolRun] = field(default_factory=list)
    """Function tools to run, in call order."""
    handoffs: list[HandoffRun] = field(default_factory=list)
    """Handoffs asked for, in call order; the first one wins."""
    missing: list[oai.ResponseFunctionToolCall] = field(default_factory=list)
    """Calls of tools that do not exist, when the model is to be told so."""

    repeats: bool = False
    """Whether calls were left out that had been made before."""
    reopened: bool = False
    """Whether the turn was recorded before and goes on now."""
    answered: dict[str, ToolCallOutputItem] = field(default_factory=dict)
    """In a turn that was opened again, the outputs it has, by call id."""
    asked: dict[str, ToolApprovalItem] = field(default_factory=dict)
    """In a turn that was opened again, the calls that somebody was asked about, by call id."""

    def unasked(self, interruptions: Sequence[ToolApprovalItem]) -> list[ToolApprovalItem]:
        """Of the open calls of a turn that was opened again those that its items do not show: of nested runs."""
        if not self.reopened:
            return []
        known = {(item.agent.name, item.call_id) for item in self.items if isinstance(item, ToolApprovalItem)}
        return [item for item in interruptions if (item.agent.name, item.call_id) not in known]

    @property
    def calls_anything(self) -> bool:
        """Whether something of ours is to run."""
        return bool(self.tools or self.handoffs or self.missing)


@dataclass(frozen=True)
class PausedRun:
    """What the tool of an agent returns when that agent's run has paused, in place of an output."""

    interruptions: Sequence[ToolApprovalItem]
    """The calls that wait for decisions."""


class InvalidFinalOutput(Exception):
    """The final output does not fit the agent's output type; inside the engine only, around the public error."""

    error: ModelBehaviorError
    """The error that the run ends with, when no handler says otherwise."""

    def __init__(self, error: ModelBehaviorError) -> None:
        self.error = error
        super().__init__(str(error))


@dataclass(frozen=True)
class FinalOutput:
    """The run has its result."""

    output: Any
    """The final output: text, or an object of the agent's output type."""


@dataclass(frozen=True)
class HandOff:
    """Another agent goes on."""

    agent: Agent[Any]
    """Who."""


@dataclass(frozen=True)
class RunAgain:
    """The model is called again."""


@dataclass(frozen=True)
class Pause:
    """Calls wait for a person's decision."""

    interruptions: list[ToolApprovalItem]
    """The calls, those of nested runs included."""


NextStep = Union[FinalOutput, HandOff, RunAgain, Pause]
"""What the loop does after a turn."""


def plan(setting: TurnSetting, response: ModelResponse, earlier: Sequence[RunItem] = ()) -> TurnPlan:
    """Sort a response into items and calls.

    Raises `ModelBehaviorError` for a call of something that the agent does not have.
    """
    agent = setting.agent
    tools = {(tool._namespace, tool.name): tool for tool in setting.tools}
    handoffs = {h.tool_name: h for h in setting.handoffs}
    outputs = without_repeats(response.output, earlier)
    sorted_ = TurnPlan(repeats=len(outputs) < len(response.output))
    for output in outputs:
        raw: Any = output
        match raw.type:
            case "message":
                sorted_.items.append(MessageOutputItem(agent, raw))
            case "reasoning":
                sorted_.items.append(ReasoningItem(agent, raw))
            case "function_call" if raw.name in handoffs and not getattr(raw, "namespace", None):
                sorted_.items.append(HandoffCallItem(agent, raw))
                sorted_.handoffs.append(HandoffRun(raw, handoffs[raw.name]))
            case "function_call":
                tool = tools.get((getattr(raw, "namespace", None) or None, raw.name))
                if tool is None:
                    if not setting.tolerates_missing_tools:
                        raise ModelBehaviorError(f"Tool {called(raw)} not found in agent {agent.name}")
                    sorted_.items.append(ToolCallItem(agent, raw))
                    sorted_.missing.append(raw)
                    continue
                sorted_.items.append(
                    ToolCallItem(agent, raw, description=tool.description, title=tool._title, tool_origin=tool._origin)
                )
                sorted_.tools.append(ToolRun(raw, tool))
            case _:
                sorted_.items.extend(provider_items(agent, raw))
    return sorted_


def replan(setting: TurnSetting, response: ModelResponse, items: list[RunItem], earlier: Sequence[RunItem]) -> TurnPlan:
    """The plan of a turn that was opened again: `items` are those it has, outputs and open questions included."""
    turn = plan(setting, response, earlier)
    turn.reopened, turn.items = True, items
    turn.answered = {item.call_id: item for item in items if isinstance(item, ToolCallOutputItem) and item.call_id}
    questions = (item for item in items if isinstance(item, ToolApprovalItem) and item.agent is setting.agent)
    turn.asked = {item.call_id: item for item in questions if item.call_id}
    turn.missing = [call for call in turn.missing if call.call_id not in turn.answered]
    return turn


def called(call: oai.ResponseFunctionToolCall) -> str:
    """The name of a call's tool, with its namespace."""
    namespace = getattr(call, "namespace", None)
    return f"{namespace}.{call.name}" if namespace else call.name


def conclude(setting: TurnSetting, turn: TurnPlan) -> FinalOutput | RunAgain:
    """Whether a response that calls nothing is the final output.

    Raises `ModelRefusalError` when the model refused, `InvalidFinalOutput` when the text does not fit `output_type`.
    """
    messages = [item for item in turn.items if isinstance(item, MessageOutputItem)]
    refusal = ItemHelpers.extract_refusal(messages[-1].raw_item) if messages else None
    if refusal:
        raise ModelRefusalError(refusal)
    text = ItemHelpers.extract_text(messages[-1].raw_item) if messages else None
    schema = setting.output_schema
    if schema is not None and not schema.is_plain_text():
        if not text:
            return RunAgain()
        try:
            return FinalOutput(schema.validate_json(text))
        except ModelBehaviorError as error:
            raise InvalidFinalOutput(error) from error
    acted_elsewhere = turn.repeats or any(isinstance(item, ACTIVITY) for item in turn.items)
    return RunAgain() if not messages and acted_elsewhere else FinalOutput(text or "")
