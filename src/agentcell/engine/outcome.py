"""What becomes of a run at its end: final outputs from tools, from error handlers, and what is checked on them."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from .. import openai_types as oai
from ..agent import ToolsToFinalOutputResult
from ..agent_output import WRAPPER_KEY, AgentOutputSchema
from ..exceptions import (
    AgentsException,
    MaxTurnsExceeded,
    ModelBehaviorError,
    ModelRefusalError,
    OutputGuardrailTripwireTriggered,
    UserError,
)
from ..guardrail import GuardrailFunctionOutput, OutputGuardrailResult
from ..items import ItemHelpers, MessageOutputItem, RunItem, ToolCallOutputItem
from ..run_config import OutputGuardrailBlockedMessageArgs
from ..run_error_handlers import RunErrorData, RunErrorHandlerInput, RunErrorHandlerResult
from .guards import check_output
from .memory import sendable
from .turn import FinalOutput, InvalidFinalOutput, TurnSetting

if TYPE_CHECKING:
    from ..agent import Agent
    from ..tool import FunctionToolResult
    from .state import RunState

logger: logging.Logger = logging.getLogger("agentcell")

WITHHELD = "Output withheld by an output guardrail."
"""What stands in the place of a tool's output that an output guardrail has stopped."""

MESSAGE_ID = "__fake_id__"
"""The id of a message that no model has made; the reference's, because it is sent with the history."""

HANDLED = (MaxTurnsExceeded, ModelRefusalError, InvalidFinalOutput)
"""The errors for which there can be a handler."""

HANDLER_NAMES = ("max_turns", "model_refusal", "invalid_final_output")
"""The names of their handlers, in the same order."""


async def conclude_run(run: RunState[Any], agent: Agent[Any], output: Any) -> None:
    """Tell the hooks of a final output and check it; it is the run's only when nothing trips."""
    await run.hooks.agent_end(run.context, agent, output)
    await check_output(run, agent, output)
    run.final_output = output


async def from_tools(run: RunState[Any], setting: TurnSetting, results: list[FunctionToolResult]) -> FinalOutput | None:
    """The final output that the turn's tools gave, as the agent's `tool_use_behavior` says; `None` to go on."""
    behavior = setting.agent.tool_use_behavior
    if not results or behavior == "run_llm_again":
        return None
    if behavior == "stop_on_first_tool":
        return _as_final(setting, results[0].output)
    if isinstance(behavior, Mapping):
        names = behavior.get("stop_at_tool_names", [])
        stopping = next((r for r in results if r.tool.name in names), None)
        return None if stopping is None else _as_final(setting, stopping.output)
    if callable(behavior):
        decided = behavior(run.context, results)
        found = await decided if inspect.isawaitable(decided) else decided
        if not isinstance(found, ToolsToFinalOutputResult):
            raise UserError(f"tool_use_behavior must return a ToolsToFinalOutputResult, got {found!r}")
        return _as_final(setting, found.final_output) if found.is_final_output else None
    raise UserError(
        f"Invalid tool_use_behavior {behavior!r}; it takes 'run_llm_again', 'stop_on_first_tool', "
        "{'stop_at_tool_names': [...]} or a function"
    )


def _as_final(setting: TurnSetting, output: Any) -> FinalOutput:
    """A tool's result as a final output: text for agents whose output is text."""
    schema = setting.output_schema
    if schema is None or schema.is_plain_text():
        return FinalOutput(output if isinstance(output, str) else str(output))
    return FinalOutput(output)


async def handled(run: RunState[Any], problem: Exception) -> RunErrorHandlerResult:
    """What the run's handler makes of an error; raises the error itself when there is none, or it leaves it.

    Raises `UserError` when the handler's output does not fit the agent's output type.
    """
    name = next(name for kind, name in zip(HANDLED, HANDLER_NAMES, strict=True) if isinstance(problem, kind))
    error = problem.error if isinstance(problem, InvalidFinalOutput) else problem
    handler = run.error_handlers.get(name)
    if handler is None:
        raise error
    turn_items, responses = ([], []) if run.unrecorded is None else (run.unrecorded[0], [run.unrecorded[1]])
    new_items = [*run.new_items, *turn_items]
    items = sendable(new_items)
    data = RunErrorData(
        input=run.model_input,
        new_items=new_items,
        history=[*ItemHelpers.input_to_new_input_list(run.model_input), *items],
        output=items,
        raw_responses=[*run.raw_responses, *responses],
        last_agent=run.current_agent,
    )
    known = cast("MaxTurnsExceeded | ModelRefusalError | ModelBehaviorError", error)
    answer = handler(RunErrorHandlerInput(error=known, context=run.context, run_data=data))
    result = await answer if inspect.isawaitable(answer) else answer
    if result is None:
        raise error
    if isinstance(result, Mapping) and "final_output" in result:
        result = RunErrorHandlerResult(result["final_output"], bool(result.get("include_in_history", True)))
    elif not isinstance(result, RunErrorHandlerResult):
        result = RunErrorHandlerResult(result)
    return RunErrorHandlerResult(_fitting(run, result.final_output, name), result.include_in_history)


def _fitting(run: RunState[Any], output: Any, handler: str | None) -> Any:
    """A handler's output in the form of the agent's output type; it must fit as strictly as JSON allows."""
    schema = run.current_agent.output_schema()
    if schema is None or schema.is_plain_text():
        return output
    try:
        if not isinstance(schema, AgentOutputSchema):
            return schema.validate_json(_json(output))
        return TypeAdapter(schema.output_type).validate_json(_json(output), strict=True)
    except (ValueError, AgentsException) as problem:
        raise UserError(
            f"the {handler} handler returned {output!r}, which is not a {schema.name()}: {problem}"
        ) from problem


def _json(output: Any) -> str:
    return json.dumps(to_jsonable_python(output), ensure_ascii=False, separators=(",", ":"))


def withhold(run: RunState[Any], outputs: list[RunItem], tripped: OutputGuardrailTripwireTriggered) -> None:
    """Take the results of tools out of the turn's items, and out of what the guardrails have told about them."""
    text = _blocked_message(run, tripped.guardrail_result)
    for item in outputs:
        if isinstance(item, ToolCallOutputItem):
            item.output = text
            item.raw_item = {**item.raw_item, "output": text}
    for found in run.output_guardrail_results:
        found.agent_output = text
        found.output = GuardrailFunctionOutput(None, found.output.tripwire_triggered)


def _blocked_message(run: RunState[Any], found: OutputGuardrailResult) -> str:
    """What stands in the place of the output; a formatter that fails cannot bring the output back."""
    chosen = run.run_config.output_guardrail_blocked_message
    if callable(chosen):
        asked = OutputGuardrailBlockedMessageArgs(WITHHELD, found.guardrail.get_name(), found.agent, run.context)
        try:
            chosen = chosen(asked)
        except Exception:
            logger.exception("output_guardrail_blocked_message failed; the usual text is used")
            return WITHHELD
    return chosen if isinstance(chosen, str) else WITHHELD


def as_message(agent: Agent[Any], output: Any) -> MessageOutputItem:
    """A final output that no model has said, as a message of the run."""
    schema = agent.output_schema()
    if schema is None or schema.is_plain_text():
        text = str(output)
    elif isinstance(schema, AgentOutputSchema):
        text = _json({WRAPPER_KEY: output} if schema.is_wrapped else output)
    else:
        text = json.dumps(to_jsonable_python(output), ensure_ascii=False)
    return MessageOutputItem(
        agent,
        oai.ResponseOutputMessage(
            id=MESSAGE_ID,
            type="message",
            role="assistant",
            status="completed",
            content=[oai.ResponseOutputText(type="output_text", text=text, annotations=[], logprobs=[])],
        ),
    )
