"""The names of `openai.types` that our annotations and constructors use, resolved late.

Importing `openai` costs most of a second, so `import agentcell` must not do it. This module imports nothing: type
checkers see the real names below, and at run time the first access of `openai_types.X` imports the client's type
modules and returns the real class. Annotations elsewhere are written `oai.X` and kept as strings, so
`typing.get_type_hints` and `pydantic.TypeAdapter` find them through the same door.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openai import AsyncOpenAI as AsyncOpenAI
    from openai._types import Body as Body
    from openai._types import Headers as Headers
    from openai._types import Query as Query
    from openai.types.responses import FunctionToolParam as FunctionToolParam
    from openai.types.responses import Response as Response
    from openai.types.responses import ResponseCompletedEvent as ResponseCompletedEvent
    from openai.types.responses import ResponseFunctionToolCall as ResponseFunctionToolCall
    from openai.types.responses import ResponseIncludable as ResponseIncludable
    from openai.types.responses import ResponseInputItemParam as ResponseInputItemParam
    from openai.types.responses import ResponseOutputItem as ResponseOutputItem
    from openai.types.responses import ResponseOutputMessage as ResponseOutputMessage
    from openai.types.responses import ResponseOutputRefusal as ResponseOutputRefusal
    from openai.types.responses import ResponseOutputText as ResponseOutputText
    from openai.types.responses import ResponsePromptParam as ResponsePromptParam
    from openai.types.responses import ResponseReasoningItem as ResponseReasoningItem
    from openai.types.responses import ResponseStreamEvent as ResponseStreamEvent
    from openai.types.responses import ResponseTextDeltaEvent as ResponseTextDeltaEvent
    from openai.types.responses import ResponseToolSearchCall as ResponseToolSearchCall
    from openai.types.responses import ResponseToolSearchOutputItem as ResponseToolSearchOutputItem
    from openai.types.responses import ResponseUsage as ResponseUsage
    from openai.types.responses.response_input_item_param import FunctionCallOutput as FunctionCallOutput
    from openai.types.responses.response_input_item_param import McpApprovalResponse as McpApprovalResponse
    from openai.types.responses.response_output_item import McpApprovalRequest as McpApprovalRequest
    from openai.types.responses.response_output_item import McpListTools as McpListTools
    from openai.types.responses.response_usage import InputTokensDetails as InputTokensDetails
    from openai.types.responses.response_usage import OutputTokensDetails as OutputTokensDetails
    from openai.types.shared import Reasoning as Reasoning

_ELSEWHERE = {
    "openai": "AsyncOpenAI",
    "openai._types": "Body Headers Query",
    "openai.types.responses.response_input_item_param": """
        ComputerCallOutput FunctionCallOutput LocalShellCallOutput McpApprovalResponse
    """,
    "openai.types.responses.response_output_item": """
        ImageGenerationCall LocalShellCall McpApprovalRequest McpCall McpListTools Program ProgramOutput
    """,
    "openai.types.responses.response_usage": "InputTokensDetails OutputTokensDetails",
    "openai.types.shared": "Reasoning",
}
"""The modules of names that are not in `openai.types.responses`."""

_HOME = {name: module for module, names in _ELSEWHERE.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    from importlib import import_module

    try:
        value = getattr(import_module(_HOME.get(name, "openai.types.responses")), name)
    except AttributeError:
        raise AttributeError(f"openai's types have no name {name!r}") from None
    globals()[name] = value
    return value
