"""agentcell: run an AI agent in a notebook cell and see everything it does, live.

    from agentcell import Agent, Runner, function_tool

    agent = Agent(name="Assistant", instructions="Be helpful.", tools=[...])
    result = Runner.run_streamed(agent, "Hello")
    async for event in result.stream_events():
        ...

The names resolve at their first use, so importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agent import Agent as Agent
    from .agent_output import AgentOutputSchema as AgentOutputSchema
    from .agent_output import AgentOutputSchemaBase as AgentOutputSchemaBase
    from .engine.state import RunState as RunState
    from .exceptions import AgentsException as AgentsException
    from .exceptions import ArgumentTypeError as ArgumentTypeError
    from .exceptions import MaxTurnsExceeded as MaxTurnsExceeded
    from .exceptions import ModelBehaviorError as ModelBehaviorError
    from .exceptions import ModelRefusalError as ModelRefusalError
    from .exceptions import RunErrorDetails as RunErrorDetails
    from .exceptions import RunNotFinished as RunNotFinished
    from .exceptions import StreamInterrupted as StreamInterrupted
    from .exceptions import UserError as UserError
    from .handoffs import Handoff as Handoff
    from .handoffs import HandoffInputData as HandoffInputData
    from .handoffs import HandoffInputFilter as HandoffInputFilter
    from .handoffs import default_handoff_history_mapper as default_handoff_history_mapper
    from .handoffs import get_conversation_history_wrappers as get_conversation_history_wrappers
    from .handoffs import handoff as handoff
    from .handoffs import nest_handoff_history as nest_handoff_history
    from .handoffs import reset_conversation_history_wrappers as reset_conversation_history_wrappers
    from .handoffs import set_conversation_history_wrappers as set_conversation_history_wrappers
    from .items import HandoffCallItem as HandoffCallItem
    from .items import HandoffOutputItem as HandoffOutputItem
    from .items import ItemHelpers as ItemHelpers
    from .items import MessageOutputItem as MessageOutputItem
    from .items import ModelResponse as ModelResponse
    from .items import ReasoningItem as ReasoningItem
    from .items import RunItem as RunItem
    from .items import ToolCallItem as ToolCallItem
    from .items import ToolCallOutputItem as ToolCallOutputItem
    from .items import TResponseInputItem as TResponseInputItem
    from .model_settings import ModelSettings as ModelSettings
    from .models.demo import DemoModel as DemoModel
    from .models.interface import Model as Model
    from .models.interface import ModelProvider as ModelProvider
    from .models.interface import ModelTracing as ModelTracing
    from .models.multi_provider import MultiProvider as MultiProvider
    from .models.openai_defaults import set_default_openai_api as set_default_openai_api
    from .models.openai_defaults import set_default_openai_client as set_default_openai_client
    from .models.openai_defaults import set_default_openai_key as set_default_openai_key
    from .models.openai_provider import OpenAIProvider as OpenAIProvider
    from .models.openai_responses import OpenAIResponsesModel as OpenAIResponsesModel
    from .result import RunResult as RunResult
    from .result import RunResultStreaming as RunResultStreaming
    from .run import Runner as Runner
    from .run_config import RunConfig as RunConfig
    from .run_context import RunContextWrapper as RunContextWrapper
    from .run_context import TContext as TContext
    from .stream_events import AgentUpdatedStreamEvent as AgentUpdatedStreamEvent
    from .stream_events import RawResponsesStreamEvent as RawResponsesStreamEvent
    from .stream_events import RunItemStreamEvent as RunItemStreamEvent
    from .stream_events import RunSignal as RunSignal
    from .stream_events import StreamEvent as StreamEvent
    from .tool import FunctionTool as FunctionTool
    from .tool import Tool as Tool
    from .tool import default_tool_error_function as default_tool_error_function
    from .tool import function_tool as function_tool
    from .tool_context import ToolContext as ToolContext
    from .usage import Usage as Usage

__version__ = "0.1.0"

_WHERE = {
    "agent": ["Agent"],
    "agent_output": ["AgentOutputSchema", "AgentOutputSchemaBase"],
    "engine.state": ["RunState"],
    "exceptions": [
        "AgentsException",
        "ArgumentTypeError",
        "MaxTurnsExceeded",
        "ModelBehaviorError",
        "ModelRefusalError",
        "RunErrorDetails",
        "RunNotFinished",
        "StreamInterrupted",
        "UserError",
    ],
    "handoffs": [
        "Handoff",
        "handoff",
        "HandoffInputData",
        "HandoffInputFilter",
        "default_handoff_history_mapper",
        "get_conversation_history_wrappers",
        "nest_handoff_history",
        "reset_conversation_history_wrappers",
        "set_conversation_history_wrappers",
    ],
    "items": [
        "HandoffCallItem",
        "HandoffOutputItem",
        "ItemHelpers",
        "MessageOutputItem",
        "ModelResponse",
        "ReasoningItem",
        "RunItem",
        "TResponseInputItem",
        "ToolCallItem",
        "ToolCallOutputItem",
    ],
    "model_settings": ["ModelSettings"],
    "models.demo": ["DemoModel"],
    "models.interface": ["Model", "ModelProvider", "ModelTracing"],
    "models.multi_provider": ["MultiProvider"],
    "models.openai_defaults": [
        "set_default_openai_api",
        "set_default_openai_client",
        "set_default_openai_key",
    ],
    "models.openai_provider": ["OpenAIProvider"],
    "models.openai_responses": ["OpenAIResponsesModel"],
    "result": ["RunResult", "RunResultStreaming"],
    "run": ["Runner"],
    "run_config": ["RunConfig"],
    "run_context": ["RunContextWrapper", "TContext"],
    "stream_events": [
        "AgentUpdatedStreamEvent",
        "RawResponsesStreamEvent",
        "RunItemStreamEvent",
        "RunSignal",
        "StreamEvent",
    ],
    "tool": ["FunctionTool", "Tool", "default_tool_error_function", "function_tool"],
    "tool_context": ["ToolContext"],
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
