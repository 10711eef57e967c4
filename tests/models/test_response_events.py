"""The stream of dicts is the wire format: every event validates as the official client's class."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agentcell.models.response_events import (
    fill_ids,
    function_call_item,
    message_item,
    reasoning_item,
    refusal_item,
    response_events,
    typed,
    usage_dict,
    whole,
    words,
)

CITATION = {"type": "url_citation", "url": "https://e.org", "title": "E", "start_index": 0, "end_index": 3}

BROKEN = {"type": "http_error", "code": 500, "message": "broken"}

EVERY_ITEM: list[dict[str, Any]] = [
    reasoning_item(["First thought.", "Second thought."]),
    {
        "type": "reasoning",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "Open thoughts."}],
    },
    message_item("One **bold** word.\n\nAnd *é* 日本 🎉.", annotations=[CITATION]),
    refusal_item("I cannot do that."),
    function_call_item("add", {"a": 1, "b": "zwei"}),
    {"type": "custom_tool_call", "name": "grammar", "input": "free text"},
    {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}},
    {"type": "file_search_call", "status": "completed", "queries": ["q"], "results": None},
    {"type": "image_generation_call", "status": "completed", "result": None},
    {
        "type": "code_interpreter_call",
        "status": "completed",
        "code": "1 + 1",
        "container_id": "c",
        "outputs": [],
    },
    {"type": "mcp_call", "name": "t", "server_label": "s", "arguments": '{"x": 1}', "output": "ok"},
    {"type": "mcp_call", "name": "t", "server_label": "s", "arguments": "{}", "error": BROKEN},
    {"type": "mcp_list_tools", "server_label": "s", "tools": []},
    {"type": "mcp_approval_request", "name": "t", "server_label": "s", "arguments": "{}"},
]


def stream(output: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    return list(response_events(output, response_id="resp_1", model="m", **options))


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed"])
@pytest.mark.parametrize("pieces", [words, whole, list])
def test_every_event_is_its_official_class_and_round_trips(status: Any, pieces: Any) -> None:
    events = stream(EVERY_ITEM, usage=usage_dict(7, 9, cached=2, reasoning=3), status=status, pieces=pieces)
    for event in events:
        model = typed(event)
        assert model.type == event["type"]
        assert model.to_dict(exclude_unset=True) == event
        assert typed(json.loads(json.dumps(event))) == model


def test_sequence_numbers_count_from_zero() -> None:
    assert [event["sequence_number"] for event in stream(EVERY_ITEM)] == list(range(len(stream(EVERY_ITEM))))


def test_a_message_streams_in_wire_order() -> None:
    events = stream([message_item("Hello there")])
    assert types(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert events[2]["item"]["content"] == [] and events[2]["item"]["status"] == "in_progress"
    assert [event["delta"] for event in events[4:6]] == ["Hello", " there"]
    assert events[6]["text"] == "Hello there"
    assert events[8]["item"] == events[-1]["response"]["output"][0]


def test_refusal_reasoning_and_call_stream_in_wire_order() -> None:
    assert types(stream([refusal_item("No")]))[3:-2] == [
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
    ]
    assert types(stream([reasoning_item(["a", "b"])]))[3:-2] == 2 * [
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
    ]
    call = stream([function_call_item("f", {"a": 1})])
    assert types(call)[2:-1] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
    ]
    assert call[2]["item"]["arguments"] == "" and call[2]["item"]["name"] == "f"
    assert call[4]["arguments"] == '{"a":1}'


def test_events_carry_the_position_of_their_item_and_part() -> None:
    message = message_item("a")
    message["content"].append({"type": "refusal", "refusal": "b"})
    events = stream([function_call_item("f", {}), message])
    text = next(event for event in events if event["type"] == "response.output_text.delta")
    refusal = next(event for event in events if event["type"] == "response.refusal.delta")
    assert (text["output_index"], text["content_index"]) == (1, 0)
    assert (refusal["output_index"], refusal["content_index"]) == (1, 1)
    assert text["item_id"] == refusal["item_id"] == events[-1]["response"]["output"][1]["id"]


def test_the_response_is_empty_until_it_is_terminal() -> None:
    usage = usage_dict(3, 4)
    events = stream([message_item("x")], usage=usage, created_at=12.5)
    for event in events[:2]:
        assert event["response"]["output"] == [] and event["response"]["usage"] is None
        assert event["response"]["status"] == "in_progress"
    final = events[-1]["response"]
    assert (final["status"], final["usage"], final["created_at"]) == ("completed", usage, 12.5)


def test_incomplete_and_failed_say_why() -> None:
    incomplete = stream([], status="incomplete")[-1]
    failed = stream([], status="failed", response_fields={**_minimal(), "error": _error("boom")})
    assert incomplete["type"] == "response.incomplete"
    assert incomplete["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert failed[0]["response"]["error"] is None
    assert failed[-1]["response"]["error"]["message"] == "boom"
    assert stream([], status="failed")[-1]["response"]["error"]["code"] == "server_error"


def _minimal() -> dict[str, Any]:
    return {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}


def _error(message: str) -> dict[str, Any]:
    return {"code": "server_error", "message": message}


def test_ids_follow_from_the_seed_and_given_ids_stay() -> None:
    items = [message_item("a"), function_call_item("f", {}), message_item("b", id="mine")]
    once, again, other = fill_ids(items, "x"), fill_ids(items, "x"), fill_ids(items, "y")
    assert once == again
    assert once[0]["id"] == "msg_x_0" and once[1]["call_id"] == "call_x_1" and once[2]["id"] == "mine"
    assert other[0]["id"] != once[0]["id"] and other[1]["call_id"] != once[1]["call_id"]
    assert items[0]["id"] == "", "the given items are not changed"


def test_arguments_keep_text_and_compact_mappings() -> None:
    assert function_call_item("f", '{"a":  1')["arguments"] == '{"a":  1'
    assert function_call_item("f", {"a": "é"})["arguments"] == '{"a":"é"}'


@given(st.text())
def test_words_lose_nothing(text: str) -> None:
    pieces = list(words(text))
    assert "".join(pieces) == text
    assert all(pieces)


def test_unknown_and_broken_events_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'response\.nonsense'"):
        typed({"type": "response.nonsense", "sequence_number": 0})
    with pytest.raises(ValidationError):
        typed({"type": "response.output_text.delta", "sequence_number": 0})


def test_making_events_needs_no_client() -> None:
    code = (
        "import sys; from agentcell.models.response_events import response_events, message_item;"
        "list(response_events([message_item('x')], response_id='r', model='m'));"
        "assert 'openai' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
