"""`show(result)` with the real openai-agents: who owns the stream, what is shown, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import agents
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

import agentcell
from agentcell import ArgumentTypeError, ShownResult, UserError, show
from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import reasoning_item
from agentcell.notebook import display
from agentcell.testing import HttpError, LoopbackServer, Turn
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY, HandoffMark, RunView, TextBlock, ToolCard, TurnHead

ADD = call("add", {"a": 1, "b": 2}, call_id="c1")
BROKEN = call("broken", {}, call_id="c2")
PAY = call("pay", {"a": 1}, call_id="p1")
TO_B = call("to_the_other", {"reason": "weather"}, call_id="h1")


@pytest.fixture
async def model(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """Makes models of the reference that a loopback server answers for, behind the official client."""
    opened: list[Any] = []

    def make(*turns: Any) -> Any:
        server = LoopbackServer(turns)
        server.__enter__()
        http = DefaultAsyncHttpxClient(verify=False)
        client = AsyncOpenAI(base_url=server.base_url, api_key="test", max_retries=0, http_client=http)
        opened.append((server, client))
        return agents.OpenAIResponsesModel("gpt-test", client)

    yield make
    for server, client in opened:
        await client.close()
        server.__exit__(None, None, None)


@agents.function_tool
async def add(a: int, b: int) -> int:
    return a + b


@agents.function_tool
async def broken() -> str:
    raise ValueError("no luck")


@agents.function_tool(needs_approval=True)
async def pay(a: int) -> str:
    return f"paid {a}"


def agent(model: Any, **fields: Any) -> Any:
    return agents.Agent(name="A", model=model, tools=[add, broken, pay], **fields)


def view_of(shown: Any) -> RunView:
    return fold(EMPTY, shown._run.log.entries)


def blocks(shown: Any, kind: type[Any]) -> list[Any]:
    return [block for block in view_of(shown).blocks if isinstance(block, kind)]


def told(events: list[Any]) -> list[str]:
    return [getattr(event, "name", None) or getattr(event, "data", event).type for event in events]


async def test_iterating_gives_the_references_own_events(model: Any) -> None:
    turns = [[reasoning_item("Hm."), ADD, BROKEN], "It is **3**."]
    plain = agents.Runner.run_streamed(agent(model(*turns)), "Add!")
    expected = told([event async for event in plain.stream_events()])
    result = agents.Runner.run_streamed(agent(model(*turns)), "Add!")
    shown = show(result)
    assert isinstance(shown, ShownResult)
    events = [event async for event in shown]
    assert told(events) == expected
    assert {type(event).__module__.split(".")[0] for event in events} == {"agents"}
    assert [event async for event in shown.stream_events()] == events, "again from the beginning"
    assert await shown is result and shown.final_output == "It is **3**."
    assert shown.last_agent.name == "A" and shown.to_input_list() == result.to_input_list()


async def test_the_view_says_what_happened(model: Any) -> None:
    shown = show(agents.Runner.run_streamed(agent(model([reasoning_item("Hm."), ADD, BROKEN], "It is **3**.")), "Add!"))
    await shown
    view = view_of(shown)
    assert (view.state, view.prompt, view.agent, view.model, view.turn) == ("done", "Add!", "A", "gpt-test", 2)
    assert (view.requests, view.final_output) == (2, "It is **3**.") and view.input_tokens and view.output_tokens
    assert [(b.kind, str(b.text), b.done) for b in view.blocks if isinstance(b, TextBlock)] == [
        ("reasoning", "Hm.", True),
        ("answer", "It is **3**.", True),
    ]
    cards = [(card.name, str(card.arguments), card.state, card.output) for card in blocks(shown, ToolCard)]
    said = "An error occurred while running the tool. Please try again."
    assert cards == [("add", '{"a":1,"b":2}', "completed", "3"), ("broken", "{}", "failed", said)]
    assert blocks(shown, ToolCard)[0].schema["required"] == ["a", "b"]


async def test_a_handoff_of_any_name_is_one(model: Any) -> None:
    other = agents.Agent(name="B", model=model("B speaks."))
    passing: Any = agents.handoff(other, tool_name_override="to_the_other")
    shown = show(agents.Runner.run_streamed(agent(model([TO_B]), handoffs=[passing]), "Go"))
    await shown
    (mark,) = blocks(shown, HandoffMark)
    assert (mark.source, mark.target, mark.state, blocks(shown, ToolCard)) == ("A", "B", "done", [])
    assert [head.agent for head in blocks(shown, TurnHead)] == ["A", "B"] and view_of(shown).agent == "B"


async def test_the_view_drains_the_stream_when_nobody_iterates(model: Any) -> None:
    result = agents.Runner.run_streamed(agent(model([ADD], "3.")), "Go")
    shown = show(result)
    await shown._run.events.wait_closed()
    assert result.is_complete and view_of(shown).state == "done"


async def test_leaving_an_iteration_early_does_not_stop_the_run(model: Any) -> None:
    shown = show(agents.Runner.run_streamed(agent(model([ADD], "3.")), "Go"))
    async for _ in shown:
        break
    assert (await shown).final_output == "3."


async def test_the_original_says_who_owns_its_stream(model: Any) -> None:
    result = agents.Runner.run_streamed(agent(model("Hi.")), "Go")
    shown = show(result)
    with pytest.raises(UserError, match=r"shown\.stream_events\(\)"):
        result.stream_events()
    assert show(result)._run is shown._run, "a second view of the same run"
    assert show(shown) is shown
    await shown


async def test_a_failure_is_shown_and_raised(model: Any) -> None:
    shown = show(agents.Runner.run_streamed(agent(model(HttpError(400))), "Go"))
    with pytest.raises(Exception, match="400") as raised:
        async for _ in shown:
            pass
    with pytest.raises(type(raised.value)):
        await shown
    view = view_of(shown)
    assert view.state == "failed" and "BadRequestError" in (view.error or "") and view.agent == "A"


async def test_a_failure_in_mid_stream_keeps_the_text(model: Any) -> None:
    shown = show(agents.Runner.run_streamed(agent(model(Turn(["One two three four."], cut_after=7))), "Go"))
    with pytest.raises(Exception):  # noqa: B017 - of the client or of the reference, as the version has it
        await shown
    (text,) = blocks(shown, TextBlock)
    assert view_of(shown).state == "failed" and str(text.text).startswith("One") and text.cut


async def test_too_many_turns_are_a_failure(model: Any) -> None:
    shown = show(agents.Runner.run_streamed(agent(model([ADD], [ADD])), "Go", max_turns=1))
    with pytest.raises(agents.MaxTurnsExceeded):
        await shown
    assert (view_of(shown).error or "").startswith("MaxTurnsExceeded: ")


async def test_a_run_is_stopped_from_its_view(model: Any) -> None:
    result = agents.Runner.run_streamed(agent(model(Turn(["One two three four."], hold_after=7))), "Go")
    shown = show(result)
    count = 0
    async for event in shown:
        count += event.type == "raw_response_event"
        if count == 7:
            shown.cancel()
    assert (await shown) is result and result.is_complete
    assert view_of(shown).state == "stopped" and [b.cut for b in blocks(shown, TextBlock)] == [True]


async def test_an_interruption_pauses_and_a_run_goes_on(model: Any) -> None:
    asking = agent(model([PAY, ADD], "Not paid."))
    shown = show(agents.Runner.run_streamed(asking, "Pay!"))
    result = await shown
    assert view_of(shown).state == "paused"
    assert [(c.name, c.state) for c in blocks(shown, ToolCard)] == [("pay", "asking"), ("add", "completed")]
    state = result.to_state()
    state.reject(shown.interruptions[0])
    again = show(agents.Runner.run_streamed(asking, state))
    await again
    (card,) = blocks(again, ToolCard)
    assert (card.name, str(card.arguments), card.state) == ("pay", '{"a":1}', "rejected")
    assert (view_of(again).state, view_of(again).prompt) == ("done", "Pay!")


async def test_a_waiting_call_of_an_agent_that_is_a_tool_is_shown(model: Any) -> None:
    tool = agent(model([PAY])).as_tool("ask", "Ask.")
    boss = agents.Agent(name="Boss", model=model([call("ask", {"input": "x"}, call_id="n1")]), tools=[tool])
    shown = show(agents.Runner.run_streamed(boss, "Go"))
    await shown
    assert [(c.name, c.state) for c in blocks(shown, ToolCard)] == [("ask", "called"), ("pay", "asking")]


async def test_a_finished_result_is_shown_from_its_items(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    turns = [[reasoning_item("Hm."), ADD], [call("transfer_to_b", {}, call_id="h1")]]
    other = agents.Agent(name="B", model=model("B speaks.", "B speaks."))
    first = agent(model(*turns, *turns), handoffs=[other])
    live = show(agents.Runner.run_streamed(first, "Go"))
    await live
    while display._tasks:
        await asyncio.wait(list(display._tasks))
    capsys.readouterr()
    shown = show(await agents.Runner.run(first, "Go"))
    kinds = [type(block).__name__ for block in view_of(live).blocks]
    assert [type(block).__name__ for block in view_of(shown).blocks] == kinds
    now, then = view_of(shown), view_of(live)
    assert (now.state, now.agent, now.requests, now.final_output) == ("done", "B", 3, "B speaks.")
    assert (now.input_tokens, now.output_tokens) == (then.input_tokens, then.output_tokens)
    assert "B speaks." in shown._repr_html_() and "B speaks." in capsys.readouterr().out


async def test_a_stream_that_was_read_before_is_shown_from_its_items(model: Any) -> None:
    result = agents.Runner.run_streamed(agent(model([ADD], "3.")), "Go")
    async for _ in result.stream_events():
        pass
    shown = show(result)
    await shown
    assert view_of(shown).state == "done" and [c.output for c in blocks(shown, ToolCard)] == ["3"]


@pytest.mark.parametrize("wrong", [3, "text", None, agents.Runner, SimpleNamespace(final_output=1)])
def test_anything_else_is_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"of agentcell or of openai-agents"):
        show(wrong)


async def test_a_coroutine_is_told_to_be_awaited(model: Any) -> None:
    running = agents.Runner.run(agent(model("Hi.")), "Go")
    with pytest.raises(ArgumentTypeError, match="await the run first"):
        show(running)
    running.close()


def test_without_an_event_loop_a_live_run_is_refused() -> None:
    live: Any = SimpleNamespace(is_complete=False, **dict.fromkeys(("stream_events", "cancel", "new_items")))
    live.final_output = live.last_agent = None
    with pytest.raises(UserError, match="inside the async function"):
        show(live)


async def test_our_own_results_come_back(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "current_shell", lambda: None)
    from agentcell.testing import ScriptedModel, assistant_message

    ours = agentcell.Agent(name="A", model=ScriptedModel([[assistant_message("Hi.")]] * 2))
    result = agentcell.Runner.run_streamed(ours, "Go")
    assert show(result) is result
    done = await result
    while display._tasks:
        await asyncio.wait(list(display._tasks))
    assert "Hi." in capsys.readouterr().out
    assert show(done) is done and "Hi." in capsys.readouterr().out


class Shell:
    """As much of a kernel's shell as a live view uses."""

    def __init__(self) -> None:
        self.kernel = SimpleNamespace(_allow_stdin=False)
        self.execution_count = 1
        self.events = SimpleNamespace(callbacks={"post_execute": []}, register=lambda *_: None)
        self.published: list[dict[str, Any]] = []
        self.display_pub = SimpleNamespace(publish=lambda **given: self.published.append(given))


async def test_in_a_notebook_the_view_becomes_the_record(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell()
    monkeypatch.setattr(display, "current_shell", lambda: shell)
    monkeypatch.setattr(display, "in_ipython", lambda: True)
    shown = show(agents.Runner.run_streamed(agent(model([ADD], "It is <b>3</b>.")), "Go"))
    shown._ipython_display_()  # the cell's value: shown already
    await shown
    while display._tasks:
        await asyncio.wait(list(display._tasks))
    first, record = shell.published
    assert "queued" in first["data"]["text/plain"] and not first["update"]
    assert record["update"] and "It is &lt;b&gt;3&lt;/b&gt;." in record["data"]["text/html"]
    assert {"text/html", "text/markdown", "text/plain"} == set(record["data"])
    show(shown)
    assert len(shell.published) == 2, "once in each execution"
    shell.execution_count = 2
    show(shown)
    assert shell.published[2]["data"]["text/html"] == record["data"]["text/html"]
