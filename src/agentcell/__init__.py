"""agentcell: run an AI agent in a notebook cell and see everything it does, live.

    from agentcell import Agent, Runner, function_tool

    agent = Agent(name="Assistant", instructions="Be helpful.", tools=[...])
    result = Runner.run_streamed(agent, "Hello")
    async for event in result.stream_events():
        ...

The names resolve at their first use, so importing the package costs next to nothing. Modules of ours whose
declarations know each other in circles (an agent has tools, a tool's context knows its agent) name such classes through
the package, too: `import agentcell as ac`, and `ac.Agent` in an annotation. That works in any order of imports, and
`typing.get_type_hints` and `pydantic.TypeAdapter`, which evaluate annotations, find them there. `openai_types` does the
same for the client's classes. What points the other way is an ordinary import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agent import Agent as Agent
    from .agent import AgentBase as AgentBase
    from .agent import AgentToolStreamEvent as AgentToolStreamEvent
    from .agent import StopAtTools as StopAtTools
    from .agent import ToolsToFinalOutputFunction as ToolsToFinalOutputFunction
    from .agent import ToolsToFinalOutputResult as ToolsToFinalOutputResult
    from .agent_output import AgentOutputSchema as AgentOutputSchema
    from .agent_output import AgentOutputSchemaBase as AgentOutputSchemaBase
    from .approvals import ApprovalDecision as ApprovalDecision
    from .approvals import ApprovalRequest as ApprovalRequest
    from .exceptions import AgentsException as AgentsException
    from .exceptions import ArgumentTypeError as ArgumentTypeError
    from .exceptions import InputGuardrailTripwireTriggered as InputGuardrailTripwireTriggered
    from .exceptions import InvalidRunState as InvalidRunState
    from .exceptions import MalformedStreamEvent as MalformedStreamEvent
    from .exceptions import MaxTurnsExceeded as MaxTurnsExceeded
    from .exceptions import MCPToolCancellationError as MCPToolCancellationError
    from .exceptions import ModelBehaviorError as ModelBehaviorError
    from .exceptions import ModelRefusalError as ModelRefusalError
    from .exceptions import ModelTimeoutError as ModelTimeoutError
    from .exceptions import OutputGuardrailTripwireTriggered as OutputGuardrailTripwireTriggered
    from .exceptions import RunErrorDetails as RunErrorDetails
    from .exceptions import RunNotFinished as RunNotFinished
    from .exceptions import SessionBusy as SessionBusy
    from .exceptions import SessionCorrupt as SessionCorrupt
    from .exceptions import StreamInterrupted as StreamInterrupted
    from .exceptions import ToolInputGuardrailTripwireTriggered as ToolInputGuardrailTripwireTriggered
    from .exceptions import ToolOutputGuardrailTripwireTriggered as ToolOutputGuardrailTripwireTriggered
    from .exceptions import ToolTimeoutError as ToolTimeoutError
    from .exceptions import UserError as UserError
    from .guardrail import GuardrailFunctionOutput as GuardrailFunctionOutput
    from .guardrail import InputGuardrail as InputGuardrail
    from .guardrail import InputGuardrailResult as InputGuardrailResult
    from .guardrail import OutputGuardrail as OutputGuardrail
    from .guardrail import OutputGuardrailResult as OutputGuardrailResult
    from .guardrail import input_guardrail as input_guardrail
    from .guardrail import output_guardrail as output_guardrail
    from .handoffs import Handoff as Handoff
    from .handoffs import HandoffInputData as HandoffInputData
    from .handoffs import HandoffInputFilter as HandoffInputFilter
    from .handoffs import default_handoff_history_mapper as default_handoff_history_mapper
    from .handoffs import get_conversation_history_wrappers as get_conversation_history_wrappers
    from .handoffs import handoff as handoff
    from .handoffs import nest_handoff_history as nest_handoff_history
    from .handoffs import reset_conversation_history_wrappers as reset_conversation_history_wrappers
    from .handoffs import set_conversation_history_wrappers as set_conversation_history_wrappers
    from .install import install_as_agents as install_as_agents
    from .install import uninstall_as_agents as uninstall_as_agents
    from .items import CompactionItem as CompactionItem
    from .items import HandoffCallItem as HandoffCallItem
    from .items import HandoffOutputItem as HandoffOutputItem
    from .items import InputItem as InputItem
    from .items import ItemHelpers as ItemHelpers
    from .items import MCPApprovalRequestItem as MCPApprovalRequestItem
    from .items import MCPApprovalResponseItem as MCPApprovalResponseItem
    from .items import MCPListToolsItem as MCPListToolsItem
    from .items import MessageOutputItem as MessageOutputItem
    from .items import ModelResponse as ModelResponse
    from .items import ReasoningItem as ReasoningItem
    from .items import RunItem as RunItem
    from .items import ToolApprovalItem as ToolApprovalItem
    from .items import ToolCallItem as ToolCallItem
    from .items import ToolCallOutputItem as ToolCallOutputItem
    from .items import ToolSearchCallItem as ToolSearchCallItem
    from .items import ToolSearchOutputItem as ToolSearchOutputItem
    from .items import TResponseInputItem as TResponseInputItem
    from .lifecycle import AgentHooks as AgentHooks
    from .lifecycle import RunHooks as RunHooks
    from .logger import enable_verbose_stdout_logging as enable_verbose_stdout_logging
    from .memory.journal import JournalSession as JournalSession
    from .memory.session import Session as Session
    from .memory.session import SessionABC as SessionABC
    from .memory.session_settings import SessionSettings as SessionSettings
    from .memory.sqlite_session import SQLiteSession as SQLiteSession
    from .model_settings import ModelSettings as ModelSettings
    from .models.demo import DemoModel as DemoModel
    from .models.interface import Model as Model
    from .models.interface import ModelProvider as ModelProvider
    from .models.interface import ModelTracing as ModelTracing
    from .models.multi_provider import MultiProvider as MultiProvider
    from .models.openai_chatcompletions import OpenAIChatCompletionsModel as OpenAIChatCompletionsModel
    from .models.openai_defaults import set_default_openai_api as set_default_openai_api
    from .models.openai_defaults import set_default_openai_client as set_default_openai_client
    from .models.openai_defaults import set_default_openai_key as set_default_openai_key
    from .models.openai_provider import OpenAIProvider as OpenAIProvider
    from .models.openai_responses import OpenAIResponsesModel as OpenAIResponsesModel
    from .notebook.shown import ShownResult as ShownResult
    from .notebook.shown import show as show
    from .prices import Price as Price
    from .prices import cost as cost
    from .prices import price_of as price_of
    from .prices import set_price as set_price
    from .prompts import DynamicPromptFunction as DynamicPromptFunction
    from .prompts import GenerateDynamicPromptData as GenerateDynamicPromptData
    from .prompts import Prompt as Prompt
    from .repl import run_demo_loop as run_demo_loop
    from .result import AgentToolInvocation as AgentToolInvocation
    from .result import RunResult as RunResult
    from .result import RunResultStreaming as RunResultStreaming
    from .retry import ModelRetryAdvice as ModelRetryAdvice
    from .retry import ModelRetryAdviceRequest as ModelRetryAdviceRequest
    from .retry import ModelRetryBackoffSettings as ModelRetryBackoffSettings
    from .retry import ModelRetryNormalizedError as ModelRetryNormalizedError
    from .retry import ModelRetrySettings as ModelRetrySettings
    from .retry import RetryDecision as RetryDecision
    from .retry import RetryPolicy as RetryPolicy
    from .retry import RetryPolicyContext as RetryPolicyContext
    from .retry import retry_policies as retry_policies
    from .run import Runner as Runner
    from .run_config import OutputGuardrailBlockedMessageArgs as OutputGuardrailBlockedMessageArgs
    from .run_config import OutputGuardrailBlockedMessageFormatter as OutputGuardrailBlockedMessageFormatter
    from .run_config import ReasoningItemIdPolicy as ReasoningItemIdPolicy
    from .run_config import RunConfig as RunConfig
    from .run_config import ToolErrorFormatter as ToolErrorFormatter
    from .run_config import ToolErrorFormatterArgs as ToolErrorFormatterArgs
    from .run_config import ToolExecutionConfig as ToolExecutionConfig
    from .run_config import ToolNameCollisionPolicy as ToolNameCollisionPolicy
    from .run_config import ToolNotFoundBehavior as ToolNotFoundBehavior
    from .run_context import AgentHookContext as AgentHookContext
    from .run_context import RunContextWrapper as RunContextWrapper
    from .run_context import TContext as TContext
    from .run_error_handlers import RunErrorData as RunErrorData
    from .run_error_handlers import RunErrorHandler as RunErrorHandler
    from .run_error_handlers import RunErrorHandlerInput as RunErrorHandlerInput
    from .run_error_handlers import RunErrorHandlerResult as RunErrorHandlerResult
    from .run_error_handlers import RunErrorHandlers as RunErrorHandlers
    from .run_state import RunState as RunState
    from .stream_events import AgentUpdatedStreamEvent as AgentUpdatedStreamEvent
    from .stream_events import RawResponsesStreamEvent as RawResponsesStreamEvent
    from .stream_events import RunItemStreamEvent as RunItemStreamEvent
    from .stream_events import RunSignal as RunSignal
    from .stream_events import StreamEvent as StreamEvent
    from .tool import FunctionTool as FunctionTool
    from .tool import FunctionToolCustomDataContext as FunctionToolCustomDataContext
    from .tool import FunctionToolCustomDataExtractor as FunctionToolCustomDataExtractor
    from .tool import FunctionToolResult as FunctionToolResult
    from .tool import Tool as Tool
    from .tool import ToolCaller as ToolCaller
    from .tool import default_tool_error_function as default_tool_error_function
    from .tool import function_tool as function_tool
    from .tool import tool_namespace as tool_namespace
    from .tool_context import ToolContext as ToolContext
    from .tool_guardrails import ToolGuardrailFunctionOutput as ToolGuardrailFunctionOutput
    from .tool_guardrails import ToolInputGuardrail as ToolInputGuardrail
    from .tool_guardrails import ToolInputGuardrailData as ToolInputGuardrailData
    from .tool_guardrails import ToolInputGuardrailResult as ToolInputGuardrailResult
    from .tool_guardrails import ToolOutputGuardrail as ToolOutputGuardrail
    from .tool_guardrails import ToolOutputGuardrailData as ToolOutputGuardrailData
    from .tool_guardrails import ToolOutputGuardrailResult as ToolOutputGuardrailResult
    from .tool_guardrails import tool_input_guardrail as tool_input_guardrail
    from .tool_guardrails import tool_output_guardrail as tool_output_guardrail
    from .tool_origin import ToolOrigin as ToolOrigin
    from .tool_origin import ToolOriginType as ToolOriginType
    from .tool_outputs import ToolOutputFileContent as ToolOutputFileContent
    from .tool_outputs import ToolOutputFileContentDict as ToolOutputFileContentDict
    from .tool_outputs import ToolOutputImage as ToolOutputImage
    from .tool_outputs import ToolOutputImageDict as ToolOutputImageDict
    from .tool_outputs import ToolOutputText as ToolOutputText
    from .tool_outputs import ToolOutputTextDict as ToolOutputTextDict
    from .usage import Usage as Usage

__version__ = "0.1.0"

_WHERE = {
    "agent": [
        "Agent",
        "AgentBase",
        "AgentToolStreamEvent",
        "StopAtTools",
        "ToolsToFinalOutputFunction",
        "ToolsToFinalOutputResult",
    ],
    "agent_output": ["AgentOutputSchema", "AgentOutputSchemaBase"],
    "approvals": ["ApprovalDecision", "ApprovalRequest"],
    "exceptions": [
        "AgentsException",
        "ArgumentTypeError",
        "InputGuardrailTripwireTriggered",
        "InvalidRunState",
        "MCPToolCancellationError",
        "MalformedStreamEvent",
        "MaxTurnsExceeded",
        "ModelBehaviorError",
        "ModelRefusalError",
        "ModelTimeoutError",
        "OutputGuardrailTripwireTriggered",
        "RunErrorDetails",
        "RunNotFinished",
        "SessionBusy",
        "SessionCorrupt",
        "StreamInterrupted",
        "ToolInputGuardrailTripwireTriggered",
        "ToolOutputGuardrailTripwireTriggered",
        "ToolTimeoutError",
        "UserError",
    ],
    "guardrail": [
        "GuardrailFunctionOutput",
        "InputGuardrail",
        "InputGuardrailResult",
        "OutputGuardrail",
        "OutputGuardrailResult",
        "input_guardrail",
        "output_guardrail",
    ],
    "handoffs": [
        "Handoff",
        "HandoffInputData",
        "HandoffInputFilter",
        "default_handoff_history_mapper",
        "get_conversation_history_wrappers",
        "handoff",
        "nest_handoff_history",
        "reset_conversation_history_wrappers",
        "set_conversation_history_wrappers",
    ],
    "install": ["install_as_agents", "uninstall_as_agents"],
    "items": [
        "CompactionItem",
        "HandoffCallItem",
        "HandoffOutputItem",
        "InputItem",
        "ItemHelpers",
        "MCPApprovalRequestItem",
        "MCPApprovalResponseItem",
        "MCPListToolsItem",
        "MessageOutputItem",
        "ModelResponse",
        "ReasoningItem",
        "RunItem",
        "TResponseInputItem",
        "ToolApprovalItem",
        "ToolCallItem",
        "ToolCallOutputItem",
        "ToolSearchCallItem",
        "ToolSearchOutputItem",
    ],
    "lifecycle": ["AgentHooks", "RunHooks"],
    "logger": ["enable_verbose_stdout_logging"],
    "memory.journal": ["JournalSession"],
    "memory.session": ["Session", "SessionABC"],
    "memory.session_settings": ["SessionSettings"],
    "memory.sqlite_session": ["SQLiteSession"],
    "model_settings": ["ModelSettings"],
    "models.demo": ["DemoModel"],
    "models.interface": ["Model", "ModelProvider", "ModelTracing"],
    "models.multi_provider": ["MultiProvider"],
    "models.openai_chatcompletions": ["OpenAIChatCompletionsModel"],
    "models.openai_defaults": ["set_default_openai_api", "set_default_openai_client", "set_default_openai_key"],
    "models.openai_provider": ["OpenAIProvider"],
    "models.openai_responses": ["OpenAIResponsesModel"],
    "prices": ["Price", "cost", "price_of", "set_price"],
    "notebook.shown": ["ShownResult", "show"],
    "prompts": ["DynamicPromptFunction", "GenerateDynamicPromptData", "Prompt"],
    "repl": ["run_demo_loop"],
    "result": ["AgentToolInvocation", "RunResult", "RunResultStreaming"],
    "retry": [
        "ModelRetryAdvice",
        "ModelRetryAdviceRequest",
        "ModelRetryBackoffSettings",
        "ModelRetryNormalizedError",
        "ModelRetrySettings",
        "RetryDecision",
        "RetryPolicy",
        "RetryPolicyContext",
        "retry_policies",
    ],
    "run": ["Runner"],
    "run_config": [
        "OutputGuardrailBlockedMessageArgs",
        "OutputGuardrailBlockedMessageFormatter",
        "ReasoningItemIdPolicy",
        "RunConfig",
        "ToolErrorFormatter",
        "ToolErrorFormatterArgs",
        "ToolExecutionConfig",
        "ToolNameCollisionPolicy",
        "ToolNotFoundBehavior",
    ],
    "run_context": ["AgentHookContext", "RunContextWrapper", "TContext"],
    "run_error_handlers": [
        "RunErrorData",
        "RunErrorHandler",
        "RunErrorHandlerInput",
        "RunErrorHandlerResult",
        "RunErrorHandlers",
    ],
    "run_state": ["RunState"],
    "stream_events": [
        "AgentUpdatedStreamEvent",
        "RawResponsesStreamEvent",
        "RunItemStreamEvent",
        "RunSignal",
        "StreamEvent",
    ],
    "tool": [
        "FunctionTool",
        "FunctionToolCustomDataContext",
        "FunctionToolCustomDataExtractor",
        "FunctionToolResult",
        "Tool",
        "ToolCaller",
        "default_tool_error_function",
        "function_tool",
        "tool_namespace",
    ],
    "tool_context": ["ToolContext"],
    "tool_guardrails": [
        "ToolGuardrailFunctionOutput",
        "ToolInputGuardrail",
        "ToolInputGuardrailData",
        "ToolInputGuardrailResult",
        "ToolOutputGuardrail",
        "ToolOutputGuardrailData",
        "ToolOutputGuardrailResult",
        "tool_input_guardrail",
        "tool_output_guardrail",
    ],
    "tool_origin": ["ToolOrigin", "ToolOriginType"],
    "tool_outputs": [
        "ToolOutputFileContent",
        "ToolOutputFileContentDict",
        "ToolOutputImage",
        "ToolOutputImageDict",
        "ToolOutputText",
        "ToolOutputTextDict",
    ],
    "usage": ["Usage"],
}
"""The module of each public name."""

_HOME = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [*sorted(_HOME), "load_ipython_extension", "unload_ipython_extension"]


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module 'agentcell' has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    if name != "TResponseInputItem":
        globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext agentcell`: the magics, and live views of runs."""
    from .notebook.magics import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """`%unload_ext agentcell`: takes back everything that loading did."""
    from .notebook.magics import unload

    unload(ipython)
