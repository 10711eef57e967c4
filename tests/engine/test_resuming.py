"""Going on with runs that have ended early: `result.resume()`, and decisions about paused runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from runs import WatchedModel, texts

from agentcell import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    Runner,
    RunResultStreaming,
    SQLiteSession,
    UserError,
    function_tool,
    input_guardrail,
)
from agentcell.exceptions import RunNotFinished
from agentcell.models.response_events import function_call_item as call
from agentcell.notebook.display import whole_view
from agentcell.stream_events import ApprovalDecided, RunFinished
from agentcell.testing import ModelStep, ScriptedModel, assistant_message, function_call
from agentcell.view.model import Notice, ToolCard, TurnHead

PAY = call("pay", {"a": 1}, call_id="c1")
PAY_2 = call("pay", {"a": 2}, call_id="c2")


class Desk:
    """An agent whose `pay` needs approval, and what it has paid."""

    def __init__(self, *turns: Any, **agent: Any) -> None:
        self.paid: list[int] = []
        self.model = WatchedModel([*turns, texts("Done.")])

        @function_tool(needs_approval=True)
        async def pay(a: int) -> str:
            self.paid.append(a)
            return f"paid {a}"

        self.pay = pay
        self.agent: Agent[Any] = Agent(name="A", model=self.model, tools=[pay], **agent)

    async def pause(self, **options: Any) -> RunResultStreaming:
        result = Runner.run_streamed(self.agent, "go", **options)
        await result
        assert result.status == "paused"
        return result


def card(result: Any, call_id: str) -> ToolCard:
    found = whole_view(result._run).find_call(call_id)
    assert found is not None and isinstance(found[1], ToolCard)
    return found[1]


def history(items: Any) -> list[str]:
    return [item.get("type") or item["role"] for item in items]


async def test_a_paused_run_is_decided_on_and_resumed() -> None:
    desk = Desk([PAY, PAY_2])
    result = await desk.pause()
    result.approve("c1", {"a": 7})
    result.reject(result.interruptions[1], "Not twice.")
    assert desk.paid == [] and result.resumed is None
    going = result.resume()
    assert result.resumed is not None and result.resumed.run_id == going.run_id != result.run_id
    done = await going
    assert desk.paid == [7] and done.final_output == "Done."
    items: list[Any] = done.to_input_list()
    outputs = {item["call_id"]: item["output"] for item in items if item.get("type") == "function_call_output"}
    assert outputs["c1"].endswith("paid 7") and outputs["c2"] == "Not twice."


async def test_so_is_the_result_of_a_run_that_was_awaited() -> None:
    desk = Desk([PAY])
    result = await Runner.run(desk.agent, "go")
    result.approve(result.interruptions[0])
    assert (await result.resume()).final_output == "Done." and desk.paid == [1]


async def test_the_first_decision_counts_and_the_other_is_told() -> None:
    desk = Desk([PAY])
    result = await desk.pause()
    result.approve("c1")
    with pytest.raises(UserError, match=r"was approved by result.approve\(\) already"):
        result.reject("c1")
    await result.resume()
    with pytest.raises(UserError, match="gone on with already"):
        result.reject("c1")
    assert desk.paid == [1]


async def test_edits_that_do_not_fit_are_refused_and_the_call_still_waits() -> None:
    desk = Desk([PAY])
    result = await desk.pause()
    with pytest.raises(UserError, match="do not fit"):
        result.approve("c1", {"a": "many"})
    with pytest.raises(UserError, match="another call"):
        result.approve("c1", digest="0" * 64)
    assert [item.call_id for item in result._run.undecided] == ["c1"]
    result.approve("c1", {"a": 3})
    await result.resume()
    assert desk.paid == [3]


async def test_always_is_about_the_other_calls_too_and_holds_after_the_resumption() -> None:
    desk = Desk([PAY, PAY_2], [call("pay", {"a": 3}, call_id="c3")])
    result = await desk.pause()
    result.approve("c1", always=True)
    assert result._run.undecided == []
    await result.resume()
    assert sorted(desk.paid) == [1, 2, 3]
    assert card(result, "c3").decided_by == "an earlier decision"
    assert card(result, "c2").decided_by == "result.approve()"


async def test_a_run_resumed_without_a_decision_pauses_again() -> None:
    desk = Desk([PAY])
    result = await desk.pause()
    again = result.resume()
    await again
    assert again.status == "paused" and desk.paid == []
    view = whole_view(result._run)
    assert (view.state, view.open_questions, view.part) == ("paused", 1, 1)
    assert [b.title for b in view.blocks if isinstance(b, Notice)] == ["Paused and gone on with", "Paused"]
    again.approve("c1")
    await again.resume()
    assert desk.paid == [1]


async def test_a_call_inside_an_agent_that_runs_as_a_tool_is_decided_on() -> None:
    inner = Desk([PAY])
    model = WatchedModel([[call("clerk", {"input": "pay"}, call_id="o1")], texts("All done.")])
    outer: Agent[Any] = Agent(name="Boss", model=model, tools=[inner.agent.as_tool("clerk", "Pays.")])
    result = Runner.run_streamed(outer, "go")
    await result
    assert result.status == "paused"
    result.approve("c1", {"a": 9})
    view = whole_view(result._run)
    outside = view.find_call("o1")
    assert outside is not None and isinstance(outside[1], ToolCard) and outside[1].inner is not None
    inside = outside[1].inner.find_call("c1")
    assert inside is not None and isinstance(inside[1], ToolCard)
    assert (inside[1].decided_by, inside[1].approved, view.open_questions, view.state) == (
        "result.approve()", True, 0, "paused",
    )  # fmt: skip
    done = await result.resume()
    assert inner.paid == [9] and done.final_output == "All done."
    assert card(result, "o1").state == "completed"


async def test_one_view_holds_the_run_and_what_went_on_from_it() -> None:
    desk = Desk([PAY])
    result = await desk.pause()
    result.approve("c1", {"a": 7})
    waiting = card(result, "c1")
    assert (waiting.state, waiting.approved, waiting.decided_by) == ("called", True, "result.approve()")
    await result.resume()
    view, ran = whole_view(result._run), card(result, "c1")
    assert view.state == "done" and view.final_output == "Done." and view.prompt == "go"
    assert (ran.state, str(ran.asked), str(ran.arguments)) == ("completed", '{"a":1}', '{"a": 7}')
    assert ran.decided_at == waiting.decided_at and ran.asked_at is not None and ran.decided_at is not None
    assert ran.asked_at <= ran.decided_at <= (ran.started or 0) <= view.elapsed
    assert [block.number for block in view.blocks if isinstance(block, TurnHead)] == [1, 2]
    ids = [block.id for block in view.blocks]
    assert len(set(ids)) == len(ids)


async def test_a_state_that_is_gone_on_with_is_the_same_run_in_views() -> None:
    desk = Desk([PAY])
    result = await desk.pause()
    state = result.to_state()
    state.approve(state.get_interruptions()[0])
    done = await Runner.run(desk.agent, state)
    assert done.final_output == "Done." and result.resumed is not None
    assert whole_view(result._run).state == "done" and card(result, "c1").decided_by == "state.approve()"


async def test_decisions_from_many_threads_leave_one() -> None:
    desk = Desk([PAY])
    result = await desk.pause()

    def decide(index: int) -> bool:
        try:
            result.approve("c1", {"a": index})
        except UserError:
            return False
        return True

    won = await asyncio.gather(*(asyncio.to_thread(decide, index) for index in range(8)))
    assert sum(won) == 1
    await result.resume()
    assert desk.paid == [won.index(True)]
    decided = [entry.event for entry in result._run.after.entries if isinstance(entry.event, ApprovalDecided)]
    assert len(decided) == 1


def failing(*, at: int, error: Exception) -> tuple[Agent[Any], list[str], ScriptedModel]:
    """An agent whose model fails once, in the given call, after a tool has run."""
    done: list[str] = []

    @function_tool
    def work(what: str) -> str:
        done.append(what)
        return f"did {what}"

    steps: list[Any] = [[function_call("work", {"what": "it"}, call_id="w1")], [assistant_message("Ready.")]]
    steps.insert(at - 1, ModelStep.raise_error(error))
    model = ScriptedModel(steps)
    return Agent(name="A", model=model, tools=[work]), done, model


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("in_session", [False, True])
async def test_a_model_call_that_failed_is_made_again_and_nothing_else(at: int, in_session: bool) -> None:
    agent, done, _ = failing(at=at, error=ConnectionError("reset"))
    session = SQLiteSession("s") if in_session else None
    result = Runner.run_streamed(agent, "go", session=session)
    with pytest.raises(ConnectionError):
        await result
    assert result.status == "failed" and done == (["it"] if at == 2 else [])
    (end,) = [entry.event for entry in result._run.log.entries if isinstance(entry.event, RunFinished)]
    assert end.resumable
    finished = await result.resume()
    assert finished.final_output == "Ready." and done == ["it"]
    told = ["user", "function_call", "function_call_output", "message"]
    assert history(finished.to_input_list()) == told
    view = whole_view(result._run)
    assert view.state == "done" and view.error is None
    assert [b.number for b in view.blocks if isinstance(b, TurnHead)] == [*range(1, at + 1), *range(at, 3)]
    ids = [block.id for block in view.blocks]
    assert len(set(ids)) == len(ids)
    if session is not None:
        assert history(await session.get_items()) == told


async def test_a_failed_call_does_not_use_up_a_turn() -> None:
    agent, done, _ = failing(at=2, error=ConnectionError("reset"))
    result = Runner.run_streamed(agent, "go", max_turns=2)
    with pytest.raises(ConnectionError):
        await result
    assert (await result.resume()).final_output == "Ready." and done == ["it"]


async def test_a_run_may_fail_and_be_resumed_more_than_once() -> None:
    failures = [ModelStep.raise_error(ConnectionError(str(n))) for n in range(3)]
    agent: Agent[Any] = Agent(name="A", model=ScriptedModel([*failures, [assistant_message("At last.")]]))
    first = result = Runner.run_streamed(agent, "go")
    for _ in range(3):
        with pytest.raises(ConnectionError):
            await result
        result = result.resume()
    assert (await result).final_output == "At last."
    view = whole_view(first._run)
    assert view.part == 3 and view.state == "done"
    errors = [block for block in view.blocks if isinstance(block, Notice)]
    assert [block.text for block in errors] == ["0", "1", "2"] and all(block.more for block in errors)


async def test_a_run_without_turns_left_needs_more() -> None:
    agent, done, _ = failing(at=9, error=ConnectionError("never"))
    result = Runner.run_streamed(agent, "go", max_turns=1)
    with pytest.raises(MaxTurnsExceeded):
        await result
    with pytest.raises(UserError, match=r"result.resume\(max_turns=2\)"):
        result.resume()
    assert (await result.resume(max_turns=2)).final_output == "Ready." and done == ["it"]


async def test_what_a_guardrail_has_ended_stays_ended() -> None:
    @input_guardrail
    def never(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(None, True)

    agent: Agent[Any] = Agent(name="A", model=WatchedModel([texts("No.")]), input_guardrails=[never])
    result = Runner.run_streamed(agent, "go")
    with pytest.raises(InputGuardrailTripwireTriggered):
        await result
    with pytest.raises(UserError, match="guardrail"):
        result.resume()
    view = whole_view(result._run)
    assert not view.resumable
    assert any("cannot be gone on with" in b.more for b in view.blocks if isinstance(b, Notice))


@pytest.mark.parametrize("parallel", [True, False])
async def test_a_guardrail_that_came_to_no_verdict_is_asked_again(parallel: bool) -> None:
    asked: list[str] = []

    @input_guardrail(run_in_parallel=parallel)
    async def breaks_once(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
        asked.append("asked")
        if len(asked) == 1:
            raise LookupError("the list of words is not there")
        return GuardrailFunctionOutput(None, True)

    model = ScriptedModel([[assistant_message("Ready.")], [assistant_message("Ready.")]])
    result = Runner.run_streamed(Agent(name="A", model=model, input_guardrails=[breaks_once]), "go")
    with pytest.raises(LookupError):
        await result
    with pytest.raises(InputGuardrailTripwireTriggered):
        await result.resume()


async def test_runs_that_are_over_or_go_on_are_not_resumed() -> None:
    result = Runner.run_streamed(Agent(name="A", model=WatchedModel([texts("Done.")])), "go")
    with pytest.raises(RunNotFinished):
        result.resume()
    await result
    with pytest.raises(UserError, match="final output"):
        result.resume()
