"""What a provider does by itself, run by both libraries: items, events, the next call, and what ends the run."""

from __future__ import annotations

import importlib
from typing import Any

import agents
import pytest
from case_names import said
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseOutputItem,
    ResponseOutputItemDoneEvent,
    ResponseToolSearchCall,
    ResponseUsage,
)
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails
from pydantic import TypeAdapter

import agentcell

LIBS = (agents, agentcell)
OUTPUT: TypeAdapter[Any] = TypeAdapter(ResponseOutputItem)
SEARCH = {"id": "1", "call_id": "c1", "status": "completed", "created_by": "us"}
CALL = {"id": "1", "call_id": "c1", "status": "completed"}
MCP = {"id": "1", "server_label": "s"}
RAW: dict[str, dict[str, Any]] = {
    "tool_search_output": {"execution": "server", "tools": [{"type": "function", "name": "found"}], **SEARCH},
    "mcp_list_tools": {"tools": [{"name": "t", "input_schema": {}}], **MCP},
    "mcp_call": {"name": "t", "arguments": "{}", "output": "x", **MCP},
    "mcp_approval_request": {"name": "t", "arguments": "{}", **MCP},
    "mcp_approval_response": {"id": "1", "approval_request_id": "a", "approve": True},
    "compaction": {"id": "1", "encrypted_content": "x", "created_by": "us"},
    "web_search_call": {"id": "1", "status": "completed", "action": {"type": "search", "query": "x"}},
    "file_search_call": {"id": "1", "status": "completed", "queries": ["x"]},
    "code_interpreter_call": {"id": "1", "status": "completed", "code": "1", "container_id": "c", "outputs": []},
    "image_generation_call": {"id": "1", "status": "completed", "result": "x"},
    "computer_call": {"pending_safety_checks": [], "action": {"type": "screenshot"}, **CALL},
    "local_shell_call": {"action": {"type": "exec", "command": ["ls"], "env": {}}, **CALL},
    "shell_call": {"action": {"commands": ["ls"]}, **CALL},
    "shell_call_output": {"output": [], **SEARCH},
    "apply_patch_call": {"operation": {"type": "delete_file", "path": "x"}, **CALL},
    "apply_patch_call_output": {"output": "", **CALL},
    "custom_tool_call": {"id": "1", "call_id": "c1", "name": "foo", "input": "x"},
    "function_call_output": {"output": "x", **CALL},
    "local_shell_call_output": {"id": "1", "output": "x"},
    "program": {"id": "1", "call_id": "c1", "code": "x", "fingerprint": "f"},
    "program_output": {"result": "x", **CALL},
    "additional_tools": {"id": "1", "role": "developer", "tools": []},
}
NO_USAGE = ResponseUsage(
    input_tokens=0,
    output_tokens=0,
    total_tokens=0,
    input_tokens_details=InputTokensDetails(cached_tokens=0, cache_write_tokens=0),
    output_tokens_details=OutputTokensDetails(reasoning_tokens=0),
)


def scripted(lib: Any, steps: list[list[Any]]) -> Any:
    """A model that gives these outputs, whatever they are; `seen` is what it was sent."""
    interface, items = (importlib.import_module(f"{lib.__name__}.{m}") for m in ("models.interface", "items"))
    usage = importlib.import_module(f"{lib.__name__}.usage").Usage

    class Script(interface.Model):
        seen: list[Any]

        async def get_response(self, *args: Any, input: Any = None, **more: Any) -> Any:
            self.seen.append(list(args[1] if input is None else input))
            return items.ModelResponse(output=steps.pop(0), usage=usage(requests=1), response_id=None)

        async def stream_response(self, *args: Any, input: Any = None, **more: Any) -> Any:
            self.seen.append(list(args[1] if input is None else input))
            output = steps.pop(0)
            for n, item in enumerate(output):
                yield ResponseOutputItemDoneEvent.model_construct(
                    type="response.output_item.done", item=item, output_index=n, sequence_number=n
                )
            response = Response.model_construct(
                id="r", created_at=0, model="m", object="response", output=output, tools=[], usage=NO_USAGE
            )
            yield ResponseCompletedEvent.model_construct(
                type="response.completed", response=response, sequence_number=len(output)
            )

    model = Script()
    model.seen = []
    return model


def shown(item: Any) -> Any:
    """An item of either library as plain data."""
    raw = item.raw_item
    origin = getattr(item, "tool_origin", None)
    return (
        type(item).__name__,
        item.type,
        type(raw).__name__,
        raw if isinstance(raw, dict) else raw.model_dump(exclude_unset=True),
        item.to_input_item(),
        None if origin is None else origin.to_json_dict(),
        [getattr(item, name, None) for name in ("call_id", "tool_name", "output")],
    )


async def seen(lib: Any, raw: dict[str, Any], *, streamed: bool, alone: bool) -> Any:
    """All that a user sees of a run whose model does this first."""
    testing = importlib.import_module(f"{lib.__name__}.testing")
    first = [OUTPUT.validate_python(raw), *([] if alone else [testing.assistant_message("First.")])]
    model = scripted(lib, [first, [testing.assistant_message("Second.")]])
    agent = lib.Agent("A", model=model)
    events = []
    try:
        if streamed:
            result = lib.Runner.run_streamed(agent, "Hello")
            async for event in result.stream_events():
                if event.type == "run_item_stream_event":
                    events.append((event.name, type(event.item).__name__))
        else:
            result = await lib.Runner.run(agent, "Hello")
    except Exception as error:
        return type(error).__name__, str(error), events
    return [shown(i) for i in result.new_items], events, result.final_output, model.seen, result.to_input_list()


@pytest.mark.parametrize("kind", RAW)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with a message"])
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
async def test_outputs_of_a_provider(kind: str, alone: bool, streamed: bool) -> None:
    raw = {"type": kind, **RAW[kind]}
    theirs, ours = [await seen(lib, raw, streamed=streamed, alone=alone) for lib in LIBS]
    assert ours == theirs


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with a message"])
async def test_a_search_for_tools(alone: bool, streamed: bool) -> None:
    """The same but for one thing: what is sent next; the reference leaves out a search without an output."""
    raw = {"type": "tool_search_call", "arguments": {"q": "x"}, "execution": "server", **SEARCH}
    theirs, ours = [list(await seen(lib, raw, streamed=streamed, alone=alone)) for lib in LIBS]
    calls = theirs.pop(3), ours.pop(3)
    assert ours == theirs and ours[0][0][0] == "ToolSearchCallItem"
    assert len(calls[0]) == len(calls[1]) and calls[0][0] == calls[1][0]


async def test_a_search_that_the_program_would_have_to_make() -> None:
    raw = {"type": "tool_search_call", "arguments": {"q": "x"}, "execution": "client", **SEARCH}
    for lib in LIBS:
        name, text, events = await seen(lib, raw, streamed=True, alone=True)
        assert (name, events) == ("ModelBehaviorError", [])
        assert text.startswith("Client-executed tool_search calls are not supported")


SEARCHES: list[Any] = [
    {"type": "tool_search_call", "arguments": {"q": "x"}, "execution": "server", **SEARCH},
    {"type": "tool_search_call"},
    {"type": "tool_search_call", "arguments": {}, "execution": "server", **SEARCH, "status": "odd"},
    ResponseToolSearchCall(type="tool_search_call", id="1", arguments={}, execution="server", status="completed"),
    {"type": "tool_search_output", "execution": "server", "tools": [], **SEARCH},
    {"type": "tool_search_output"},
    {"type": "other"},
    {},
    3,
    None,
]


@pytest.mark.parametrize("raw", SEARCHES, ids=said)
@pytest.mark.parametrize("kind", ["call", "output"])
def test_searches_as_objects(raw: Any, kind: str) -> None:
    """An object where everything is there, a dictionary where something is missing, an error for anything else."""

    def coerced(lib: Any) -> Any:
        items = importlib.import_module(f"{lib.__name__}.items")
        try:
            return getattr(items, f"coerce_tool_search_{kind}_raw_item")(raw)
        except Exception as error:
            return type(error).__name__, str(error)

    theirs, ours = map(coerced, LIBS)
    assert ours == theirs and type(ours) is type(theirs)


ALIASES = """
    TResponse TResponseInputItem TResponseOutputItem TResponseStreamEvent ToolCallItemTypes ToolCallOutputTypes
    ToolSearchCallRawItem ToolSearchOutputRawItem
"""


@pytest.mark.parametrize("name", ALIASES.split())
def test_aliases_are_the_same_types(name: str) -> None:
    assert getattr(agentcell.items, name) == getattr(agents.items, name)


def test_events_find_the_names_of_items() -> None:
    from agentcell.stream_events import RunItemStreamEvent, item_events

    agent = agentcell.Agent("A")
    kinds = {
        "ToolSearchCallItem": "tool_search_called",
        "ToolSearchOutputItem": "tool_search_output_created",
        "MCPListToolsItem": "mcp_list_tools",
        "MCPApprovalRequestItem": "mcp_approval_requested",
        "MCPApprovalResponseItem": "mcp_approval_response",
    }
    made = [getattr(agentcell, kind)(agent, {}) for kind in kinds]
    assert [RunItemStreamEvent(item=item).name for item in made] == [*kinds.values()]
    assert [event.item for event in item_events([*made, agentcell.CompactionItem(agent, {})])] == made
