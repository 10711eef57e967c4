"""One call of a function tool, from the input guardrails to the item in the history.

    approval, where it is needed
    ToolStarted -> input guardrails -> on_tool_start -> the tool -> output guardrails -> the item -> ToolFinished
    -> custom data -> on_tool_end

A guardrail that rejects puts its message in the result's place; one that raises ends the run. Whatever happens, the
call can say what stands in the history for it, at any moment: that is what keeps the history valid to send again.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..approvals import NOT_APPROVED, ApprovalDecision
from ..exceptions import (
    AgentsException,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
    UserError,
)
from ..items import ItemHelpers, RunItem, ToolApprovalItem, ToolCallOutputItem, output_text
from ..rich_results import RichResult
from ..run_config import ToolErrorFormatterArgs
from ..stream_events import ToolFinished, ToolStarted
from ..tool import FunctionToolCustomDataContext, FunctionToolResult
from ..tool_context import ToolContext
from ..tool_guardrails import (
    ToolInputGuardrailData,
    ToolInputGuardrailResult,
    ToolOutputGuardrailData,
    ToolOutputGuardrailResult,
)
from ..tool_invocation import (
    ToolCancelledItself,
    being_cancelled,
    default_tool_error_function,
    formatted,
    invoke_function_tool,
)
from .approving import EARLIER, said
from .capture import CallOutput
from .rich_result import rich_result_in_time
from .tracing_back import tool_traceback
from .turn import PausedRun

if TYPE_CHECKING:
    from .. import openai_types as oai
    from ..agent import Agent
    from ..tool import FunctionTool
    from ..tool_guardrails import ToolGuardrailFunctionOutput
    from .state import RunState
    from .turn import ToolRun

MODEL_OUTPUT_LIMIT = 262_144
"""Characters of a tool's output that the model gets; more is cut in the middle."""
VIEW_OUTPUT_LIMIT = 65_536
"""Characters of a tool's output that views get."""
CANCELLED_CALL = "The call was cancelled before it finished; whether it had an effect is unknown."
NEVER_STARTED = "The call was not carried out, because the run ended before."
EDITED = "[A person changed the arguments of this call before it ran, to {}]"
STILL_RUNNING = "A synchronous tool cannot be stopped: its thread is still running."


class ToolCall:
    """One call of one function tool."""

    def __init__(
        self, run: RunState[Any], agent: Agent[Any], wanted: ToolRun, question: ToolApprovalItem | None = None
    ) -> None:
        self.run = run
        self.agent = agent
        self.wanted = wanted
        self.tool: FunctionTool = wanted.tool
        self.raw: oai.ResponseFunctionToolCall = wanted.call
        self.arguments: str = wanted.call.arguments
        self.edited: bool = False
        self.needs_approval: bool = False
        self.is_open: bool = False
        self.started: bool = False
        self.was_asked_before: bool = question is not None
        self._decided_here = False
        self._question = question or self._new_question()
        self.input_checks: list[ToolInputGuardrailResult] = []
        self.output_checks: list[ToolOutputGuardrailResult] = []
        self._item: ToolCallOutputItem | None = None
        self._said = False
        self._written: CallOutput | None = None

    @property
    def item(self) -> ToolCallOutputItem:
        """What stands in the history for the call, whether it has ended or not."""
        if self._item is None:
            text = CANCELLED_CALL if self.started else NEVER_STARTED
            return self._of_text(text)
        return self._item

    @property
    def decision(self) -> ApprovalDecision | None:
        """What somebody has decided about the call, or about all like it."""
        decisions = self.run.context.decisions
        return decisions.about(self.agent.name, self.tool.qualified_name, self.raw.call_id, self.raw.arguments)

    def open_items(self) -> list[RunItem]:
        """What the call leaves in a turn that stays open: its output, or its question when that is new."""
        if not self.is_open:
            return [self.item]
        asks_anew = not self.was_asked_before and not self.started
        return [self._question] if asks_anew else []

    def _new_question(self) -> ToolApprovalItem:
        space = self.tool._namespace
        key = ("bare", self.tool.name) if space is None else ("namespaced", space, self.tool.name)
        return ToolApprovalItem(
            self.agent,
            self.raw,
            self.tool.name,
            tool_namespace=space,
            tool_origin=self.tool._origin,
            tool_lookup_key=key,
        )

    async def unless_approved(self) -> FunctionToolResult | None:
        """What the call leads to when it does not run: it was rejected, or nobody has decided; `None` when it may."""
        item, decision = self._question, self.decision
        if decision is None and not self.needs_approval:
            return None
        if decision is None:
            execution = self.run.run_config.tool_execution
            if execution is not None and execution.pre_approval_tool_input_guardrails:
                rejection = await self._check_input(self._context())
                if rejection is not None:
                    return self._rejected(rejection.behavior["message"])  # type: ignore[typeddict-item]
            decision = await self.run.approvals.ask(self.run, item, self.tool)
            if decision is not None:
                self._decided_here = True
                self.run.context.decisions.used.add(self.raw.call_id)
        elif self.was_asked_before or self.needs_approval:
            sticky = self.run.context.decisions.is_sticky(item)
            by = decision.by or (EARLIER if sticky and decision.digest is None else None)
            self.run.say(said(self.raw.call_id, replace(decision, by=by), always=sticky))
        if decision is None:
            self.is_open = True
            return FunctionToolResult(self.tool, None, item, interruptions=[item])
        if not decision.approved:
            return self._rejected(await self._rejection_text(decision))
        if decision.arguments is not None:
            self.arguments, self.edited = decision.arguments, True
        return None

    async def _rejection_text(self, decision: ApprovalDecision) -> str:
        if decision.message is not None:
            return decision.message
        formatter = self.run.run_config.tool_error_formatter
        args = ToolErrorFormatterArgs(
            "approval_rejected",
            "function",
            self.tool.qualified_name,
            self.raw.call_id,
            NOT_APPROVED,
            self.run.context,
        )
        return await formatted(formatter, args)

    def _rejected(self, text: str) -> FunctionToolResult:
        self._item = self._of_text(text)
        self._say(self._shown(), "rejected")
        return FunctionToolResult(self.tool, text, self._item)

    async def carry_out(self) -> FunctionToolResult:
        """Make the call and tell the log how it goes.

        Raises the library's errors as they are, and `UserError` around any other that ends the run.
        """
        await self.run.memory.tool_started(self.raw.model_dump(exclude_unset=True))
        self.started = True
        self._written = CallOutput(self.raw.call_id, self.run.say)
        context = self._context()
        self.run.say(ToolStarted(self.raw.call_id, self.raw.name))
        try:
            output = await self._result(context)
            if isinstance(output, PausedRun):
                self.is_open = True
                if self._decided_here:  # it goes on later, without being asked about again
                    self.run.context.decisions.used.discard(self.raw.call_id)
                return FunctionToolResult(self.tool, None, None, interruptions=list(output.interruptions))
            await self.run.memory.tool_finished(self.raw.call_id, self.item.raw_item)
        except asyncio.CancelledError:
            self._say("", "cancelled", STILL_RUNNING if context.in_thread else None)
            raise
        except Exception as error:
            self._say("", "failed", described(error), traceback=tool_traceback(context.failure or error))
            if self._item is None:
                self._item = self._of_text(f"The tool failed: {described(error)}")
            if isinstance(error, AgentsException):
                raise
            raise UserError(f"Error running tool {self.raw.name}: {output_text(error)}") from error
        return FunctionToolResult(self.tool, output, self._item, agent_run_result=context.nested_result)

    async def _result(self, context: ToolContext[Any]) -> Any:
        """The call's result, or the message of the guardrail that rejected it."""
        if self.raw.call_id in self.run.nested:  # it has begun before, and goes on
            rejection = None
        else:
            rejection = await self._check_input(context)
        if rejection is not None:
            self._item = self._of_text(rejection.behavior["message"])  # type: ignore[typeddict-item]
            self._say(self._shown(), "failed", "A guardrail rejected the call.")
            return self._item.output
        if self.raw.call_id not in self.run.nested:
            await self.run.hooks.tool_start(context, self.agent, self.tool)
        output = await self._invoke(context)
        if isinstance(output, PausedRun):
            return output
        declared = context.failure is None
        rejection = await self._check_output(context, output)
        if rejection is not None:
            output, declared = rejection.behavior["message"], False  # type: ignore[typeddict-item]
        self._item = self._of_output(output, declared)
        if rejection is not None:
            self._say(self._shown(), "failed", "A guardrail rejected the result.")
        elif context.failure is not None:
            trace = tool_traceback(context.failure)
            self._say(self._shown(), "failed", described(context.failure), traceback=trace)
        else:
            await self._say_result(output)
        self._item.custom_data = await self._custom_data(context, output)
        await self.run.hooks.tool_end(context, self.agent, self.tool, output)
        return output

    async def _say_result(self, output: Any) -> None:
        """Say that the call has ended well; the result is kept for who wants the object itself."""
        place = len(self.run.tool_results)
        self.run.tool_results.append(output)
        found = None
        try:
            found = await rich_result_in_time(output)
        finally:  # cancelled while a picture was drawn: the call has ended well before
            self._say(self._shown(), result=found, place=place)

    async def _invoke(self, context: ToolContext[Any]) -> Any:
        assert self._written is not None
        try:
            with self._written.capturing():
                return await invoke_function_tool(function_tool=self.tool, context=context, arguments=self.arguments)
        except asyncio.CancelledError:
            if being_cancelled():
                raise
            context.failure = ToolCancelledItself()
            return default_tool_error_function(context, context.failure)

    async def _check_input(self, context: ToolContext[Any]) -> ToolGuardrailFunctionOutput | None:
        """The verdict of the first input guardrail that rejects the call; `None` when none does."""
        for guardrail in self.tool.tool_input_guardrails or []:
            found = await guardrail.run(ToolInputGuardrailData(context, self.agent))
            self.input_checks.append(ToolInputGuardrailResult(guardrail, found))
            match found.behavior["type"]:
                case "raise_exception":
                    raise ToolInputGuardrailTripwireTriggered(guardrail, found)
                case "reject_content":
                    return found
        return None

    async def _check_output(self, context: ToolContext[Any], output: Any) -> ToolGuardrailFunctionOutput | None:
        """The verdict of the first output guardrail that rejects the result; `None` when none does."""
        for guardrail in self.tool.tool_output_guardrails or []:
            found = await guardrail.run(ToolOutputGuardrailData(context, self.agent, output))
            self.output_checks.append(ToolOutputGuardrailResult(guardrail, found))
            match found.behavior["type"]:
                case "raise_exception":
                    raise ToolOutputGuardrailTripwireTriggered(guardrail, found)
                case "reject_content":
                    return found
        return None

    async def _custom_data(self, context: ToolContext[Any], output: Any) -> dict[str, Any] | None:
        """What the tool's extractor has for the application, as plain JSON data."""
        extract = self.tool.custom_data_extractor
        if extract is None:
            return None
        found: Any = extract(FunctionToolCustomDataContext(context, self.tool, output, self.item.raw_item))
        data = await found if inspect.isawaitable(found) else found
        if not data and (data is None or isinstance(data, Mapping)):
            return None
        if not isinstance(data, Mapping):
            raise UserError("custom_data_extractor must return a mapping or None.")
        if not all(isinstance(key, str) for key in data):
            raise UserError("custom_data_extractor must return a mapping with string keys.")
        try:
            return json.loads(json.dumps(dict(data), allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise UserError("custom_data_extractor must return JSON-compatible data.") from error

    def _context(self) -> ToolContext[Any]:
        run = self.run
        context: ToolContext[Any] = ToolContext.from_agent_context(
            run.context,
            self.raw.call_id,
            self.raw,
            self.agent,
            tool_arguments=self.arguments,
            tool_namespace=self.tool._namespace,
            run_config=run.run_config,
        )
        context.report = None if self._written is None else self._written.report
        return context

    def _say(
        self,
        shown: str,
        status: Any = "completed",
        error: str | None = None,
        *,
        result: RichResult | None = None,
        place: int | None = None,
        traceback: str | None = None,
    ) -> None:
        """Say, once, how the call has ended, after everything that it has written."""
        if self._said:
            return
        self._said = True
        if self._written is not None:
            self._written.close()
        self.run.say(ToolFinished(self.raw.call_id, self.raw.name, shown, status, error, result, place, traceback))

    def _shown(self) -> str:
        """The result for people."""
        sent: Any = self.item.raw_item["output"]
        text = sent if isinstance(sent, str) else "\n".join(_part_text(part) for part in sent)
        return capped(text, VIEW_OUTPUT_LIMIT)

    def _of_text(self, text: Any) -> ToolCallOutputItem:
        return self._of_output(text, declared=False)

    def _of_output(self, output: Any, declared: bool) -> ToolCallOutputItem:
        """The item of a result; one of the tool's declared type goes to the model as JSON."""
        adapter, schema = self.tool._output_adapter, self.tool.output_json_schema
        raw: Any = ItemHelpers.tool_call_output_item(
            self.raw,
            output,
            output_json_schema=schema if declared else None,
            output_type_adapter=adapter if declared else None,
        )
        raw["output"] = _sendable(raw["output"])
        if self.edited and self.started:
            raw["output"] = _with_note(raw["output"], EDITED.format(self.arguments))
        return ToolCallOutputItem(self.agent, raw, output, tool_origin=self.tool._origin)


def _sendable(sent: Any) -> Any:
    """An output in a form and size that can be sent."""
    if isinstance(sent, str):
        return capped(clean(sent), MODEL_OUTPUT_LIMIT)
    return [
        {**part, "text": capped(clean(part["text"]), MODEL_OUTPUT_LIMIT)}
        if part["type"] == "input_text"
        else {name: clean(value) for name, value in part.items()}
        for part in sent
    ]


def _with_note(sent: Any, note: str) -> Any:
    """An output with a note before it."""
    return f"{note}\n{sent}" if isinstance(sent, str) else [{"type": "input_text", "text": note}, *sent]


def _part_text(part: dict[str, Any]) -> str:
    """A part of a rich output for people, without its data."""
    if part["type"] == "input_text":
        return part["text"]
    kind = "image" if part["type"] == "input_image" else "file"
    address = part.get("image_url") or part.get("file_url") or ""
    where = address.partition(",")[0] if address.startswith("data:") else address
    return f"[{kind}: {part.get('filename') or where or part.get('file_id') or 'data'}]"


def clean(text: str) -> str:
    """`text` without what JSON, HTTP and databases choke on: lone surrogates and NUL."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def capped(text: str, limit: int) -> str:
    """`text`, or its head and tail with a note of what was left out."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters left out ...]\n{text[-half:]}"


def described(error: BaseException) -> str:
    """An error's class and text, for people."""
    return f"{type(error).__name__}: {output_text(error)}"
