"""What of the reference is not here, each with the reason: the other half of `test_api.py`.

Every table is exact: an entry for something that exists is a failure, and so is something that is missing without one.
Names are written one after another; a name below a class has a dot.
"""

from __future__ import annotations

APPROVALS = "later: approvals and run states"
SESSIONS = "later: sessions and conversations that the server keeps"
MCP = "later: MCP"
HOSTED = "later: hosted, shell, patch, computer and custom tools"
TRACING = "later: tracing"
LOADED_LATE = "never: tool search and programmatic tool calling"
WEBSOCKET = "never: the websocket transport"
SANDBOX = "never: sandboxes, realtime, voice"
INTERNAL = "never: a part of the reference's own works, which its documentation does not describe"
OPTIONAL = "later: models and stores of other vendors"

MODULES = {
    MCP: "mcp mcp.manager mcp.server mcp.util",
    SESSIONS: """
        memory.openai_conversations_session memory.openai_responses_compaction_session
        extensions.memory extensions.memory.advanced_sqlite_session extensions.memory.async_sqlite_session
        extensions.memory.dapr_session extensions.memory.encrypt_session extensions.memory.mongodb_session
        extensions.memory.redis_session extensions.memory.sqlalchemy_session
    """,
    HOSTED: "apply_diff computer editor extensions.tool_output_trimmer",
    TRACING: """
        tracing tracing.config tracing.context tracing.create tracing.logger tracing.model_tracing
        tracing.processor_interface tracing.processors tracing.provider tracing.scope tracing.setup tracing.span_data
        tracing.spans tracing.traces tracing.util models.openai_agent_registration
    """,
    WEBSOCKET: "responses_websocket_session",
    SANDBOX: "testing.sandbox",
    OPTIONAL: """
        extensions.models extensions.models.any_llm_model extensions.models.any_llm_provider
        extensions.models.litellm_model extensions.models.litellm_provider
    """,
    INTERNAL: """
        models.chatcmpl_converter models.chatcmpl_helpers models.chatcmpl_stream_handler models.fake_id
        models.openai_client_utils util version agent_tool_state
    """,
}
"""Modules that are missing as a whole."""

IGNORED = ("sandbox", "realtime", "voice", "run_internal", "extensions.sandbox", "extensions.experimental")
"""Packages that are out of scope with everything below them."""

NAMES = {
    "": {
        SESSIONS: """
            OpenAIConversationsSession OpenAIResponsesCompactionArgs
            OpenAIResponsesCompactionAwareSession OpenAIResponsesCompactionSession
            is_openai_responses_compaction_aware_session
        """,
        HOSTED: """
            ApplyPatchEditor ApplyPatchOperation ApplyPatchResult ApplyPatchTool ApplyPatchToolCustomDataContext
            ApplyPatchToolCustomDataExtractor AsyncComputer Button CodeInterpreterTool Computer ComputerProvider
            ComputerTool ComputerToolCustomDataContext ComputerToolCustomDataExtractor CustomTool
            CustomToolCustomDataContext CustomToolCustomDataExtractor Environment FileSearchTool HostedMCPTool
            ImageGenerationTool ImageGenerationToolConfig LocalShellCommandRequest LocalShellExecutor LocalShellTool
            MCPToolApprovalFunction MCPToolApprovalFunctionResult MCPToolApprovalRequest ShellActionRequest
            ShellCallData ShellCallOutcome ShellCommandOutput ShellCommandRequest ShellExecutor ShellResult ShellTool
            ShellToolContainerAutoEnvironment ShellToolContainerNetworkPolicy ShellToolContainerNetworkPolicyAllowlist
            ShellToolContainerNetworkPolicyDisabled ShellToolContainerNetworkPolicyDomainSecret
            ShellToolContainerReferenceEnvironment ShellToolContainerSkill ShellToolEnvironment
            ShellToolHostedEnvironment ShellToolInlineSkill ShellToolInlineSkillSource ShellToolLocalEnvironment
            ShellToolLocalSkill ShellToolSkillReference WebSearchTool WebSearchToolImageSettings apply_diff
            dispose_resolved_computers resolve_computer
        """,
        LOADED_LATE: "ProgrammaticToolCallingTool ToolSearchTool",
        TRACING: """
            AgentSpanData CustomSpanData FunctionSpanData GenerationSpanData GuardrailSpanData HandoffSpanData
            MCPListToolsSpanData OpenAIAgentRegistrationConfig ResponseSpanData Span SpanData SpanError
            SpeechGroupSpanData SpeechSpanData TaskSpanData Trace TracingProcessor TranscriptionSpanData TurnSpanData
            add_trace_processor agent_span custom_span flush_traces function_span gen_span_id gen_trace_id
            generation_span get_current_span get_current_trace guardrail_span handoff_span mcp_tools_span
            response_span set_default_openai_agent_registration set_default_openai_harness set_trace_processors
            set_trace_provider set_tracing_disabled set_tracing_export_api_key speech_group_span speech_span task_span
            trace transcription_span turn_span
        """,
        WEBSOCKET: """
            OpenAIResponsesWSModel OpenAIResponsesWebSocketOptions ResponsesWebSocketSession
            responses_websocket_session set_default_openai_responses_transport
        """,
        SANDBOX: "sandbox",
    },
    "extensions": {HOSTED: "ToolOutputTrimmer"},
    "memory": {
        SESSIONS: """
            OpenAIConversationsSession OpenAIResponsesCompactionArgs OpenAIResponsesCompactionAwareSession
            OpenAIResponsesCompactionSession is_openai_responses_compaction_aware_session
        """,
    },
    "memory.session": {
        SESSIONS: """
            OpenAIResponsesCompactionArgs OpenAIResponsesCompactionAwareSession
            is_openai_responses_compaction_aware_session
        """,
    },
    "logger": {
        INTERNAL: """
            log_model_action_debug log_model_action_error log_model_action_warning log_model_and_tool_action_debug
            log_model_and_tool_action_error log_model_and_tool_action_warning log_model_and_tool_data_warning
            log_tool_action_debug log_tool_action_error log_tool_action_warning
        """,
    },
    "models": {TRACING: "OpenAIAgentRegistrationConfig"},
    "models.openai_provider": {INTERNAL: "DEFAULT_MODEL shared_http_client"},
    "models.openai_responses": {
        INTERNAL: "ConvertedTools Converter",
        WEBSOCKET: "OpenAIResponsesWSModel OpenAIResponsesWebSocketOptions ResponsesWebSocketError",
    },
    "prompts": {INTERNAL: "PromptUtil"},
    "retry": {INTERNAL: "retry_policy_retries_all_transient_errors retry_policy_retries_safe_transport_errors"},
    "run_config": {
        SANDBOX: "SandboxArchiveLimits SandboxConcurrencyLimits SandboxRunConfig",
    },
    "strict_schema": {INTERNAL: "has_more_than_n_keys is_dict is_list resolve_ref"},
    "testing": {
        SANDBOX: """
            InvalidSandboxStep SandboxCall SandboxCallMatcherError SandboxScriptError SandboxStepSpec
            ScriptedSandboxSession UnconsumedSandboxSteps UnexpectedSandboxCall scripted_sandbox_session
        """,
    },
    "tool": {
        HOSTED: """
            ApplyPatchOnApprovalFunctionResult ApplyPatchTool ApplyPatchToolCustomDataContext CodeInterpreterTool
            ComputerCreate ComputerDispose ComputerProvider ComputerTool ComputerToolCustomDataContext
            ComputerToolSafetyCheckData CustomTool CustomToolCustomDataContext CustomToolOnApprovalFunctionResult
            FileSearchTool HostedMCPTool ImageGenerationTool ImageGenerationToolConfig LocalShellCommandRequest
            LocalShellTool MCPToolApprovalFunctionResult MCPToolApprovalRequest ShellActionRequest ShellCallData
            ShellCallOutcome ShellCommandOutput ShellCommandRequest ShellOnApprovalFunctionResult ShellResult ShellTool
            ShellToolContainerAutoEnvironment ShellToolContainerNetworkPolicyAllowlist
            ShellToolContainerNetworkPolicyDisabled ShellToolContainerNetworkPolicyDomainSecret
            ShellToolContainerReferenceEnvironment ShellToolInlineSkill ShellToolInlineSkillSource
            ShellToolLocalEnvironment ShellToolLocalSkill ShellToolSkillReference WebSearchTool
            WebSearchToolImageSettings dispose_resolved_computers resolve_computer
        """,
        LOADED_LATE: """
            ProgrammaticToolCallingTool ToolSearchTool has_required_tool_search_surface
            has_responses_tool_search_surface is_required_tool_search_surface is_responses_tool_search_surface
            prune_orphaned_tool_search_tools validate_responses_programmatic_tool_calling_configuration
            validate_responses_tool_search_configuration
        """,
        INTERNAL: """
            ensure_function_tool_supports_responses_only_features ensure_tool_choice_supports_backend
            get_function_tool_responses_only_features
            maybe_invoke_function_tool_failure_error_function resolve_function_tool_failure_error_function
            set_function_tool_failure_error_function with_function_tool_failure_error_handler
        """,
    },
    "usage": {
        TRACING: """
            model_usage_to_span_usage task_usage_to_span_data total_usage_to_span_metadata turn_usage_to_span_data
        """,
    },
}
"""Missing names of modules that exist, by module; the empty one is the package."""

ALIASES = {
    "agent": "ToolsToFinalOutputFunction",
    "agent_tool_input": "STRUCTURED_INPUT_PREAMBLE StructuredToolInputBuilder StructuredToolInputResult",
    "extensions.handoff_prompt": "RECOMMENDED_PROMPT_PREFIX",
    "function_schema": "DocstringStyle",
    "handoffs": "OnHandoffWithInput OnHandoffWithoutInput THandoffInput",
    "items": """
        RunItem TResponseInputItem TResponseOutputItem TResponseStreamEvent ToolApprovalRawItem ToolCallItemTypes
        ToolCallOutputTypes ToolSearchCallRawItem ToolSearchOutputRawItem
    """,
    "lifecycle": "AgentHooks RunHooks TAgent",
    "logger": "logger",
    "memory.util": "SessionInputCallback",
    "model_settings": "ToolChoice",
    "models.default_models": "OPENAI_DEFAULT_MODEL_ENV_VARIABLE_NAME",
    "models.multi_provider": "MultiProviderOpenAIPrefixMode MultiProviderUnknownPrefixMode",
    "models.openai_provider": "DEFAULT_MODEL",
    "prompts": "DynamicPromptFunction",
    "result": "ToInputListMode",
    "retry": "ModelRetryBackoffInput RetryPolicy retry_policies",
    "run_config": "ToolNotFoundBehavior",
    "run_context": "TContext",
    "stream_events": "StreamEvent",
    "testing.model": "ModelResponder ModelScriptItem ModelStepReason ModelStepResult ModelStreamFactory",
    "tool": """
        FunctionToolCustomDataExtractor Tool ToolCaller ToolErrorFunction ToolFunction ToolFunctionWithContext
        ToolFunctionWithToolContext ToolFunctionWithoutContext ToolParams ToolTimeoutBehavior
        ValidToolOutputPydanticModels
    """,
}
"""Names of the reference's modules that `inspect` cannot tell from imported ones: aliases and constants."""

OPTIONAL_HERE = {
    "stream_events.AgentUpdatedStreamEvent": "new_agent",
    "stream_events.RawResponsesStreamEvent": "data",
    "stream_events.RunItemStreamEvent": "name item",
    "tool_context.ToolContext": "usage tool_name tool_call_id tool_arguments turn_input",
}
"""Parameters that must be given there, or have a marker for a default, and may be left out here: events also take
`event=`, `agent=` or just `item=`."""

NOT_CONSTRUCTED = "result.RunResult result.RunResultBase result.RunResultStreaming run_state.RunState"
"""Classes that the runner alone makes: ours are faces of a run, and what matters is what can be read of them."""

WITHOUT: dict[str, dict[str, str]] = {
    "items.ItemHelpers": {LOADED_LATE: "copy_tool_call_caller"},
    "models.openai_provider.OpenAIProvider": {TRACING: "agent_registration"},
    "result.RunResultStreaming": {
        SANDBOX: "ensure_sandbox_cleanup_on_completion",
        TRACING: "trace",
    },
    "run_state.RunState": {
        APPROVALS: "get_tool_use_tracker_snapshot set_tool_use_tracker_snapshot",
        TRACING: "set_trace",
    },
}
"""Parameters, fields and members that are missing, by what they belong to; `method(parameter)` for one of a method."""
