"""Code written for the reference works unchanged: what we have is called as it is called there.

Every parameter of ours that the reference has, too, has its kind, its default and its relative position. Parameters
that this version does not have yet stand in `NOT_YET`, and only there; ours alone are keyword-only or come last.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import agents
import agents.agent_output
import agents.function_schema
import agents.items
import agents.models.interface
import agents.stream_events
import agents.strict_schema
import agents.tool_context
import agents.usage
import pytest

import agentcell
import agentcell.function_schema
import agentcell.items
import agentcell.models.interface
import agentcell.stream_events
import agentcell.strict_schema
import agentcell.tool_context
import agentcell.usage

SERVER_STATE = {"previous_response_id", "auto_previous_response_id", "conversation_id", "session"}

NOT_YET: dict[str, set[str]] = {
    "Runner.run": {"hooks", "error_handlers", *SERVER_STATE},
    "Runner.run_sync": {"hooks", "error_handlers", *SERVER_STATE},
    "Runner.run_streamed": {"hooks", *SERVER_STATE, "error_handlers"},
    "Agent": {
        "mcp_servers",
        "mcp_config",
        "prompt",
        "input_guardrails",
        "output_guardrails",
        "hooks",
        "tool_use_behavior",
        "reset_tool_choice",
    },
    "function_tool": {
        "needs_approval",
        "tool_input_guardrails",
        "tool_output_guardrails",
        "timeout",
        "timeout_behavior",
        "timeout_error_function",
        "defer_loading",
        "custom_data_extractor",
        "allowed_callers",
        "output_type",
        "output_json_schema",
    },
    "handoff": {"input_filter", "nest_handoff_history"},
    "FunctionTool": {
        "tool_input_guardrails",
        "tool_output_guardrails",
        "needs_approval",
        "timeout_seconds",
        "timeout_behavior",
        "timeout_error_function",
        "defer_loading",
        "custom_data_extractor",
        "allowed_callers",
        "output_json_schema",
    },
    "Handoff": {"input_filter", "nest_handoff_history"},
    "ModelSettings": {"retry", "context_management", "prompt_cache_options", "preserve_raw_usage", "timeout"},
    "RunConfig": {
        "handoff_input_filter",
        "nest_handoff_history",
        "handoff_history_mapper",
        "input_guardrails",
        "output_guardrails",
        "tracing_disabled",
        "tracing",
        "trace_include_sensitive_data",
        "workflow_name",
        "trace_id",
        "group_id",
        "trace_metadata",
        "session_input_callback",
        "call_model_input_filter",
        "tool_error_formatter",
        "session_settings",
        "reasoning_item_id_policy",
        "sandbox",
        "tool_execution",
        "tool_not_found_behavior",
        "tool_name_collision_policy",
        "output_guardrail_blocked_message",
    },
    "ToolCallItem": {"title", "tool_origin"},
    "ToolCallOutputItem": {"tool_origin", "custom_data"},
    "ItemHelpers.tool_call_output_item": {"output_json_schema", "output_type_adapter"},
    "RunResult.to_input_list": {"mode"},
    "RunResultStreaming.to_input_list": {"mode"},
    "RunErrorDetails": {
        "input_guardrail_results",
        "output_guardrail_results",
        "tool_input_guardrail_results",
        "tool_output_guardrail_results",
    },
    "function_schema.FuncSchema": {"return_annotation"},
    "tool_context.ToolContext": {"tool_namespace", "run_config"},
}
"""Parameters and fields of the reference that agentcell does not have yet."""

OPTIONAL_HERE = {
    "RawResponsesStreamEvent": {"data"},
    "RunItemStreamEvent": {"name", "item"},
    "AgentUpdatedStreamEvent": {"new_agent"},
    "tool_context.ToolContext": {"usage", "tool_name", "tool_call_id", "tool_arguments", "turn_input"},
}
"""Parameters that must be given there, or have a marker for a default, and may be left out here; events also take
`event=`, `agent=` or just `item=`."""

PAIRS: dict[str, tuple[Any, Any]] = {}


def pair(path: str, ours: Any = agentcell, theirs: Any = agents) -> None:
    for name in path.split("."):
        ours, theirs = getattr(ours, name), getattr(theirs, name)
    PAIRS[path] = (ours, theirs)


PATHS = """
    Runner.run Runner.run_sync Runner.run_streamed
    Agent Agent.get_system_prompt Agent.get_all_tools function_tool handoff default_tool_error_function
    FunctionTool Handoff Handoff.default_tool_name Handoff.default_tool_description Handoff.get_transfer_message
    ModelSettings ModelSettings.resolve ModelSettings.to_json_dict RunConfig RunContextWrapper
    AgentOutputSchema AgentOutputSchema.is_plain_text AgentOutputSchema.name AgentOutputSchema.json_schema
    AgentOutputSchema.is_strict_json_schema AgentOutputSchema.validate_json
    RawResponsesStreamEvent RunItemStreamEvent AgentUpdatedStreamEvent
    MessageOutputItem ReasoningItem ToolCallItem ToolCallOutputItem HandoffCallItem HandoffOutputItem ModelResponse
    MessageOutputItem.to_input_item ModelResponse.to_input_items
    ItemHelpers.extract_last_content ItemHelpers.extract_last_text ItemHelpers.extract_text ItemHelpers.extract_refusal
    ItemHelpers.input_to_new_input_list ItemHelpers.text_message_output ItemHelpers.text_message_outputs
    ItemHelpers.tool_call_output_item
    RunResult.final_output_as RunResult.to_input_list RunResultStreaming.final_output_as RunResultStreaming.cancel
    RunResultStreaming.to_input_list RunResultStreaming.stream_events
    AgentsException MaxTurnsExceeded ModelBehaviorError ModelRefusalError UserError RunErrorDetails Usage Usage.add
    Model.get_response Model.stream_response Model.close ModelProvider.get_model ModelProvider.aclose
    OpenAIResponsesModel OpenAIResponsesModel.get_response OpenAIResponsesModel.stream_response
"""

for path in PATHS.split():
    pair(path)
pair("tool_context.ToolContext")
pair("function_schema.function_schema")
pair("function_schema.FuncSchema")
pair("function_schema.FuncSchema.to_call_args")
pair("function_schema.generate_func_documentation")
pair("function_schema.FuncDocumentation")
pair("strict_schema.ensure_strict_json_schema")

CALLABLES = [path for path in PAIRS if path != "function_schema.FuncSchema"]
"""`inspect.signature` cannot read the constructor of the reference's `FuncSchema`."""

NOTHING = inspect.Parameter.empty


def parameters(thing: Any) -> dict[str, inspect.Parameter]:
    found = inspect.signature(thing).parameters.items()
    return {name: p for name, p in found if name not in ("self", "cls", "kwargs") and not name.startswith("_")}


def plain_default(thing: Any, parameter: inspect.Parameter) -> Any:
    """A default in a form that can be compared across the libraries."""
    default = parameter.default
    if dataclasses.is_dataclass(thing) and default is not NOTHING and repr(default) == "<factory>":
        field = next(f for f in dataclasses.fields(thing) if f.name == parameter.name)
        assert field.default_factory is not dataclasses.MISSING
        default = field.default_factory()
    if dataclasses.is_dataclass(default):
        return type(default).__name__, sorted((k, str(v)) for k, v in vars(default).items() if v is not None)
    if callable(default) or not isinstance(default, (str, int, float, bool, list, dict, type(None))):
        return type(default).__name__ if default is not NOTHING else NOTHING
    return default


@pytest.mark.parametrize("path", CALLABLES)
def test_parameters_are_those_of_the_reference(path: str) -> None:
    ours, theirs = PAIRS[path]
    mine, wanted = parameters(ours), parameters(theirs)
    shared = [name for name in mine if name in wanted]
    placed = [name for name in shared if mine[name].kind is not mine[name].KEYWORD_ONLY]
    assert placed == [name for name in wanted if name in placed], "the order differs"
    missing = [name for name in wanted if name not in mine]
    for name in shared:
        if name not in OPTIONAL_HERE.get(path, ()):
            assert plain_default(ours, mine[name]) == plain_default(theirs, wanted[name]), name
        # A parameter that is still missing would shift those behind it; until it is there they go by keyword.
        shifted = any(list(wanted).index(other) < list(wanted).index(name) for other in missing)
        if not (shifted and mine[name].kind is mine[name].KEYWORD_ONLY):
            assert mine[name].kind == wanted[name].kind, name
    assert set(missing) == NOT_YET.get(path, set())


@pytest.mark.parametrize("path", CALLABLES)
def test_own_parameters_come_last_or_by_keyword(path: str) -> None:
    ours, theirs = PAIRS[path]
    mine, wanted = parameters(ours), parameters(theirs)
    seen_own = False
    for name, parameter in mine.items():
        if name not in wanted:
            seen_own = True
            assert parameter.default is not NOTHING or parameter.kind is parameter.VAR_KEYWORD, name
        elif seen_own:
            assert parameter.kind is parameter.KEYWORD_ONLY, f"{name} moved behind a parameter of our own"


@pytest.mark.parametrize("path", [path for path, (_, theirs) in PAIRS.items() if dataclasses.is_dataclass(theirs)])
def test_dataclasses_stay_dataclasses(path: str) -> None:
    ours, theirs = PAIRS[path]
    assert dataclasses.is_dataclass(ours)
    names = {f.name for f in dataclasses.fields(theirs) if not f.name.startswith("_")}
    assert {f.name for f in dataclasses.fields(ours) if f.name in names} == names - NOT_YET.get(path, set())


@pytest.mark.parametrize("name", ["run", "run_sync", "run_streamed"])
def test_doors_are_of_the_same_kind(name: str) -> None:
    ours, theirs = getattr(agentcell.Runner, name), getattr(agents.Runner, name)
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)
    assert inspect.ismethod(ours) == inspect.ismethod(theirs)


@pytest.mark.parametrize("name", [n for n in agentcell.__all__ if isinstance(getattr(agents, n, None), type)])
def test_classes_have_the_same_bases(name: str) -> None:
    """`except AgentsException` and `isinstance(model, Model)` catch what they catch there."""
    ours, theirs = getattr(agentcell, name), getattr(agents, name)
    known = {base.__name__ for base in theirs.__mro__ if hasattr(agentcell, base.__name__)}
    assert known <= {base.__name__ for base in ours.__mro__}
