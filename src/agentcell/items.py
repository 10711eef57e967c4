"""What a run leaves behind: one item for each thing the model or a tool produced.

    RunItem
    |-- MessageOutputItem       the model said something
    |-- ReasoningItem           the model thought
    |-- ToolCallItem            the model asked for a tool
    |-- ToolCallOutputItem      a tool answered
    |-- ToolApprovalItem        a call waits for a person's decision (never streamed, never sent again)
    |-- InputItem               input that was added while the run went on
    |-- HandoffCallItem         the model asked for a handoff
    |-- HandoffOutputItem       the conversation passed to another agent
    |-- ToolSearchCallItem      the provider looked for tools
    |-- ToolSearchOutputItem    what it found
    |-- MCPListToolsItem        the provider asked an MCP server for its tools
    |-- MCPApprovalRequestItem  the provider wants to call one of them and asks
    |-- MCPApprovalResponseItem what it was told
    `-- CompactionItem          the provider folded the conversation so far; never an event

Each item keeps the Responses API object it came from in `raw_item`, so that history can be sent again unchanged.
"""

from __future__ import annotations

import copy
import functools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, Union, cast

from pydantic import BaseModel, TypeAdapter

import agentcell as ac

from . import openai_types as oai
from .exceptions import AgentsException, ArgumentTypeError
from .released import HoldsAgents
from .tool_origin import ToolOrigin
from .tool_outputs import declared_text, input_content, output_text, rich_parts
from .usage import Usage

if TYPE_CHECKING:
    TResponse: TypeAlias = oai.Response
    TResponseInputItem: TypeAlias = oai.ResponseInputItemParam
    TResponseOutputItem: TypeAlias = oai.ResponseOutputItem
    TResponseStreamEvent: TypeAlias = oai.ResponseStreamEvent
    ToolCallItemTypes: TypeAlias = Any
    ToolCallOutputTypes: TypeAlias = Any
    ToolSearchCallRawItem: TypeAlias = oai.ResponseToolSearchCall | dict[str, Any]
    ToolSearchOutputRawItem: TypeAlias = oai.ResponseToolSearchOutputItem | dict[str, Any]

_LATE = {
    "TResponse": "Response",
    "TResponseInputItem": "ResponseInputItemParam",
    "TResponseOutputItem": "ResponseOutputItem",
    "TResponseStreamEvent": "ResponseStreamEvent",
    "ToolCallItemTypes": """
        ResponseFunctionToolCall ResponseComputerToolCall ResponseFileSearchToolCall ResponseFunctionWebSearch McpCall
        ResponseCodeInterpreterToolCall ImageGenerationCall LocalShellCall Program {}
    """,
    "ToolCallOutputTypes": """
        FunctionCallOutput ComputerCallOutput LocalShellCallOutput ResponseFunctionShellToolCallOutput ProgramOutput {}
    """,
    "ToolSearchCallRawItem": "ResponseToolSearchCall {}",
    "ToolSearchOutputRawItem": "ResponseToolSearchOutputItem {}",
}
"""Aliases, each with the client's types that it joins; `{}` for any dictionary."""


def __getattr__(name: str) -> Any:
    if name in _LATE:
        kinds: list[Any] = [dict[str, Any] if kind == "{}" else getattr(oai, kind) for kind in _LATE[name].split()]
        return functools.reduce(lambda one, other: one | other, kinds)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass
class RunItemBase(HoldsAgents):
    """What all items have."""

    AGENTS: ClassVar[tuple[str, ...]] = ("agent",)
    """The fields that hold agents."""

    agent: ac.Agent[Any]
    """The agent whose run made the item."""
    raw_item: Any
    """The Responses API object or dictionary behind the item."""

    def to_input_item(self) -> oai.ResponseInputItemParam:
        """The item in the form in which it is sent back to a model."""
        return cast("oai.ResponseInputItemParam", as_input_item(self.raw_item))

    def release_agent(self) -> None:
        """Keep the item's agents only weakly: they read as `None` once nobody else holds them."""
        self.let_go()


def as_input_item(raw_item: Any) -> dict[str, Any]:
    """A Responses API object as the dictionary in which it is sent again."""
    if isinstance(raw_item, dict):
        return cast("dict[str, Any]", raw_item)
    return cast("BaseModel", raw_item).model_dump(exclude_unset=True)


def _field(raw_item: Any, name: str) -> Any:
    """A field of a raw item, which may be an object or a dictionary."""
    if isinstance(raw_item, Mapping):
        return cast("Mapping[str, Any]", raw_item).get(name)
    return getattr(raw_item, name, None)


@dataclass
class MessageOutputItem(RunItemBase):
    """A message of the model."""

    raw_item: oai.ResponseOutputMessage
    """The message."""
    type: Literal["message_output_item"] = "message_output_item"
    """The item's kind."""


@dataclass
class ReasoningItem(RunItemBase):
    """A piece of the model's reasoning."""

    raw_item: oai.ResponseReasoningItem
    """The reasoning."""
    type: Literal["reasoning_item"] = "reasoning_item"
    """The item's kind."""


@dataclass
class ToolCallItem(RunItemBase):
    """The model's wish to call a tool; it says nothing about whether the tool has run."""

    raw_item: Any
    """The call: a `ResponseFunctionToolCall` for function tools."""
    type: Literal["tool_call_item"] = "tool_call_item"
    """The item's kind."""
    description: str | None = None
    """The tool's description."""
    title: str | None = None
    """The tool's name for people, when it has one."""
    tool_origin: ToolOrigin | None = None
    """Where the tool came from."""

    @property
    def tool_name(self) -> str | None:
        """The name of the tool."""
        return _field(self.raw_item, "name")

    @property
    def call_id(self) -> str | None:
        """The id that joins the call and its output."""
        return _field(self.raw_item, "call_id") or _field(self.raw_item, "id")


@dataclass
class ToolCallOutputItem(RunItemBase):
    """What a tool returned."""

    raw_item: Any
    """The output as the model gets it: a dictionary with `call_id` and `output`."""
    output: Any
    """The object that the tool returned."""
    type: Literal["tool_call_output_item"] = "tool_call_output_item"
    """The item's kind."""
    tool_origin: ToolOrigin | None = None
    """Where the tool came from."""
    custom_data: dict[str, Any] | None = None
    """Data for the application, which no model gets."""

    @property
    def call_id(self) -> str | None:
        """The id that joins the call and its output."""
        return _field(self.raw_item, "call_id")

    def to_input_item(self) -> oai.ResponseInputItemParam:
        """The item in the form in which it is sent back to a model."""
        of_shell = _field(self.raw_item, "type") == "shell_call_output"
        return cast(
            Any, without(super().to_input_item(), "status", "created_by") if of_shell else super().to_input_item()
        )


@dataclass
class HandoffCallItem(RunItemBase):
    """The model's wish to pass on to another agent."""

    raw_item: oai.ResponseFunctionToolCall
    """The call of the transfer tool."""
    type: Literal["handoff_call_item"] = "handoff_call_item"
    """The item's kind."""


@dataclass
class HandoffOutputItem(RunItemBase):
    """The conversation passed from one agent to another."""

    AGENTS: ClassVar[tuple[str, ...]] = ("agent", "source_agent", "target_agent")
    """The fields that hold agents."""

    raw_item: Any
    """The transfer tool's output as the model gets it."""
    source_agent: ac.Agent[Any]
    """Who passed on."""
    target_agent: ac.Agent[Any]
    """Who goes on."""
    type: Literal["handoff_output_item"] = "handoff_output_item"
    """The item's kind."""


@dataclass
class ToolSearchCallItem(RunItemBase):
    """The provider's search for tools that the model has not been shown."""

    raw_item: oai.ResponseToolSearchCall | dict[str, Any]
    """The search."""
    type: Literal["tool_search_call_item"] = "tool_search_call_item"
    """The item's kind."""

    def to_input_item(self) -> oai.ResponseInputItemParam:
        """The item in the form in which it is sent back to a model."""
        return cast(Any, without(super().to_input_item(), "created_by"))


@dataclass
class ToolSearchOutputItem(RunItemBase):
    """The tools that a search has found."""

    raw_item: oai.ResponseToolSearchOutputItem | dict[str, Any]
    """What was found."""
    type: Literal["tool_search_output_item"] = "tool_search_output_item"
    """The item's kind."""

    def to_input_item(self) -> oai.ResponseInputItemParam:
        """The item in the form in which it is sent back to a model."""
        return cast(Any, without(super().to_input_item(), "created_by"))


@dataclass
class MCPListToolsItem(RunItemBase):
    """The tools of an MCP server that the provider talks to."""

    raw_item: oai.McpListTools
    """The list."""
    type: Literal["mcp_list_tools_item"] = "mcp_list_tools_item"
    """The item's kind."""


@dataclass
class MCPApprovalRequestItem(RunItemBase):
    """The provider's question whether it may call a tool of an MCP server."""

    raw_item: oai.McpApprovalRequest
    """The question."""
    type: Literal["mcp_approval_request_item"] = "mcp_approval_request_item"
    """The item's kind."""


@dataclass
class MCPApprovalResponseItem(RunItemBase):
    """The answer to that question."""

    raw_item: oai.McpApprovalResponse
    """The answer: a dictionary."""
    type: Literal["mcp_approval_response_item"] = "mcp_approval_response_item"
    """The item's kind."""


@dataclass
class CompactionItem(RunItemBase):
    """The conversation so far, folded by the provider."""

    raw_item: Any
    """The folded conversation, which only the provider can read: a dictionary."""
    type: Literal["compaction_item"] = "compaction_item"
    """The item's kind."""


def without(item: Any, *names: str) -> dict[str, Any]:
    """An input item without fields that a provider gives and does not take back."""
    return {name: value for name, value in item.items() if name not in names}


def coerce_tool_search_call_raw_item(raw_item: Any) -> oai.ResponseToolSearchCall | dict[str, Any]:
    """A tool search as the client's object, or as the dictionary that it is when something is missing.

    Raises `AgentsException` for anything else.
    """
    return _coerced(raw_item, "tool_search_call", oai.ResponseToolSearchCall)


def coerce_tool_search_output_raw_item(raw_item: Any) -> oai.ResponseToolSearchOutputItem | dict[str, Any]:
    """What a tool search has found as the client's object, or as a dictionary; see the other one."""
    return _coerced(raw_item, "tool_search_output", oai.ResponseToolSearchOutputItem)


def _coerced(raw_item: Any, kind: str, of: type[BaseModel]) -> Any:
    if isinstance(raw_item, of):
        return raw_item
    found: Any = raw_item.get("type") if isinstance(raw_item, dict) else type(raw_item)  # pyright: ignore
    if found != kind:
        raise AgentsException(f"Unexpected {kind.replace('_', ' ')} item type: {found!r}")
    try:
        return of.model_validate(raw_item)
    except ValueError:
        return dict(cast("Mapping[str, Any]", raw_item))


@dataclass
class InputItem(RunItemBase):
    """Input that was added while the run went on, once it was taken in."""

    raw_item: oai.ResponseInputItemParam
    """The input item."""
    type: Literal["input_item"] = "input_item"
    """The item's kind."""
    input_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """A name for the input that no other has."""


@dataclass(eq=False)
class ToolApprovalItem(RunItemBase):
    """A call that waits for a person's decision."""

    raw_item: Any
    """The call."""
    tool_name: str | None = None
    """The tool's name, when it is not in the call."""
    type: Literal["tool_approval_item"] = "tool_approval_item"
    """The item's kind."""
    tool_namespace: str | None = None
    """The namespace of the tool, when it has one."""
    tool_origin: ToolOrigin | None = None
    """Where the tool came from."""
    tool_lookup_key: tuple[str, ...] | None = field(default=None, kw_only=True)
    """How the tool is found: `("bare", name)` or `("namespaced", namespace, name)`."""

    @property
    def name(self) -> str | None:
        """The name of the tool."""
        return self.tool_name or _field(self.raw_item, "name")

    @property
    def arguments(self) -> str | None:
        """The arguments: JSON text."""
        return _field(self.raw_item, "arguments")

    @property
    def call_id(self) -> str | None:
        """The id of the call."""
        return _field(self.raw_item, "call_id") or _field(self.raw_item, "id")

    @property
    def qualified_name(self) -> str | None:
        """The name of the tool with its namespace, when it has one."""
        space = self.tool_namespace or _field(self.raw_item, "namespace")
        return f"{space}.{self.name}" if space and space != self.name else self.name

    @property
    def agent_name(self) -> str:
        """The name of the agent whose model made the call."""
        return self.agent.name

    def to_input_item(self) -> oai.ResponseInputItemParam:
        """Refused: an open question is not part of the conversation."""
        raise AgentsException(
            f"a ToolApprovalItem ({self.name!r}, call {self.call_id!r}) is a question to a person and is never sent to "
            "a model; leave it out of the input"
        )


ToolApprovalRawItem: TypeAlias = Any
"""The call that a person is asked about: an output of a model, or a dictionary."""

RunItem = Union[
    MessageOutputItem,
    ReasoningItem,
    ToolCallItem,
    ToolCallOutputItem,
    HandoffCallItem,
    HandoffOutputItem,
    ToolSearchCallItem,
    ToolSearchOutputItem,
    MCPListToolsItem,
    MCPApprovalRequestItem,
    MCPApprovalResponseItem,
    CompactionItem,
    ToolApprovalItem,
    InputItem,
]
"""Any item of a run."""


@dataclass
class ModelResponse:
    """One finished response of a model."""

    output: list[oai.ResponseOutputItem]
    """What the model produced, in order."""
    usage: Usage
    """What the request cost."""
    response_id: str | None
    """The provider's id of the response."""
    request_id: str | None = None
    """The provider's id of the HTTP request."""
    raw_usage: dict[str, Any] | None = field(default=None, repr=False)
    """The usage exactly as the provider reported it, where it was kept."""

    def to_input_items(self) -> list[oai.ResponseInputItemParam]:
        """The outputs in the form in which they are sent back to a model."""
        return [cast("oai.ResponseInputItemParam", as_input_item(item)) for item in self.output]


class ItemHelpers:
    """Reading and building items."""

    REFUSAL: ClassVar[str] = "refusal"
    """The content type of a refusal."""

    @classmethod
    def extract_last_content(cls, message: oai.ResponseOutputItem) -> str:
        """The last text, or refusal, of a message; empty for other items."""
        parts = _contents(message)
        if not parts:
            return ""
        last = parts[-1]
        return last.refusal if last.type == cls.REFUSAL else last.text

    @classmethod
    def extract_last_text(cls, message: oai.ResponseOutputItem) -> str | None:
        """The last text of a message; `None` for a refusal and for other items."""
        parts = _contents(message)
        return parts[-1].text if parts and parts[-1].type != cls.REFUSAL else None

    @classmethod
    def extract_text(cls, message: oai.ResponseOutputItem) -> str | None:
        """All texts of a message joined; `None` when there is none."""
        return "".join(part.text for part in _contents(message) if part.type != cls.REFUSAL) or None

    @classmethod
    def extract_refusal(cls, message: oai.ResponseOutputItem) -> str | None:
        """The refusal in a message; `None` when there is none."""
        return "".join(part.refusal for part in _contents(message) if part.type == cls.REFUSAL) or None

    @classmethod
    def input_to_new_input_list(cls, input: str | list[oai.ResponseInputItemParam]) -> list[oai.ResponseInputItemParam]:
        """A run's input as a new list of items; a text becomes one user message."""
        if isinstance(input, str):
            return [cast("oai.ResponseInputItemParam", {"content": input, "role": "user"})]
        return copy.deepcopy(input)

    @classmethod
    def text_message_output(cls, message: MessageOutputItem) -> str:
        """All text of a message item."""
        return cls.extract_text(cast("oai.ResponseOutputItem", message.raw_item)) or ""

    @classmethod
    def text_message_outputs(cls, items: list[RunItem]) -> str:
        """All text of all message items."""
        return "".join(cls.text_message_output(item) for item in items if isinstance(item, MessageOutputItem))

    @classmethod
    def tool_call_output_item(
        cls,
        tool_call: oai.ResponseFunctionToolCall,
        output: Any,
        *,
        output_json_schema: dict[str, Any] | None = None,
        output_type_adapter: TypeAdapter[Any] | None = None,
    ) -> oai.FunctionCallOutput:
        """A tool's output in the form in which the model gets it.

        Rich content becomes a list of parts, a result of a declared type compact JSON, anything else a text; where
        even `str` fails the text says so. Raises `UserError` when a result does not fit its declared type.
        """
        if output_json_schema is not None or output_type_adapter is not None:
            sent: Any = declared_text(output, output_json_schema, output_type_adapter)
        else:
            parts = rich_parts(output)
            sent = output_text(output) if parts is None else input_content(parts)
        return {"call_id": tool_call.call_id, "output": sent, "type": "function_call_output"}


def _contents(message: Any) -> list[Any]:
    """The content parts of a message; none for other items."""
    return list(message.content) if getattr(message, "type", None) == "message" else []


def as_input_list(input: object) -> str | list[oai.ResponseInputItemParam]:
    """`input` as a run takes it: a text that is not empty, or a list of items.

    Raises `ArgumentTypeError` for other types and `UserError` for an empty prompt.
    """
    from .exceptions import UserError

    if isinstance(input, str):
        if not input.strip():
            raise UserError(f"the input is empty ({input!r}); give the agent a prompt or a list of input items")
        return input
    if not isinstance(input, list):
        raise ArgumentTypeError(
            f"the input must be a text or a list of input items, got {input!r} ({type(input).__name__})"
        )
    if not input:
        raise UserError("the input is an empty list; give the agent a prompt or at least one input item")
    return cast("list[oai.ResponseInputItemParam]", input)
