"""Live approval: calls that wait in the running stream, and everything that can be said to them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from runs import WatchedModel, assert_quiet, assert_valid_history, texts
from virtual_loop import VirtualLoop, assert_no_complaints, run_virtually

from agentcell import (
    Agent,
    RunConfig,
    Runner,
    RunResultStreaming,
    ToolExecutionConfig,
    ToolGuardrailFunctionOutput,
    UserError,
    function_tool,
)
from agentcell.approvals import ApprovalDecision, ApprovalRequest, call_digest
from agentcell.models.response_events import function_call_item as call
from agentcell.stream_events import ApprovalDecided, ApprovalRequested, NestedEvent, ToolFinished, ToolStarted
from agentcell.tool_context import ToolContext
from agentcell.tool_guardrails import ToolInputGuardrail


class Desk:
    """An agent whose `pay` needs approval and whose `look` does not, and what they have done."""

    def __init__(self, *turns: Any, **agent: Any) -> None:
        self.paid: list[int] = []
        self.looked = 0
        self.model = WatchedModel([*turns, texts("Done.")])

        @function_tool(needs_approval=True)
        async def pay(a: int) -> str:
            """Pay an amount."""
            self.paid.append(a)
            return f"paid {a}"

        @function_tool
        async def look() -> str:
            self.looked += 1
            return "seen"

        self.pay = pay
        self.agent: Agent[Any] = Agent(name="A", model=self.model, tools=[pay, look], **agent)

    def start(self, **options: Any) -> RunResultStreaming:
        return Runner.run_streamed(self.agent, "go", approvals="live", **options)


ONCE = r"the call 'c1' was approved by result.approve\(\) already, and the first decision counts"
PAY = call("pay", {"a": 1}, call_id="c1")
PAY_2 = call("pay", {"a": 2}, call_id="c2")
LOOK = call("look", {}, call_id="c0")


async def until(what: Callable[[], Any]) -> None:
    """Let the loop turn until something holds."""
    for _ in range(2000):
        if what():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to this")


async def asked(result: RunResultStreaming, *call_ids: str) -> None:
    """Wait until exactly these calls wait."""
    await until(lambda: {item.call_id for item in result.pending_approvals} == set(call_ids) or result.is_complete)
    assert [item.call_id for item in result.pending_approvals] == list(call_ids), result.status


def signals(result: RunResultStreaming, *kinds: type[Any]) -> list[Any]:
    return [entry.event for entry in result._run.log.entries if isinstance(entry.event, kinds)]


def outputs(result: Any) -> dict[str, Any]:
    return {i["call_id"]: i["output"] for i in result.to_input_list() if i.get("type") == "function_call_output"}


def told(model: WatchedModel) -> dict[str, Any]:
    """The outputs that the last model call was sent."""
    return {item["call_id"]: item["output"] for item in model.inputs[-1] if item.get("type") == "function_call_output"}


async def test_an_approved_call_runs(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    result = desk.start()
    await asked(result, "c1")
    (item,) = result.pending_approvals
    assert (item.tool_name, item.arguments, item.agent.name) == ("pay", '{"a":1}', "A")
    assert desk.paid == [] and not result.is_complete and result.status == "running" and result.interruptions == []
    result.approve("c1")
    assert result.pending_approvals == [], "a decision counts at once"
    done = await result
    assert done.final_output == "Done." and desk.paid == [1] and outputs(done) == {"c1": "paid 1"}
    (request,) = signals(result, ApprovalRequested)
    assert (request.call_id, request.name, request.live) == ("c1", "pay", True)
    assert request.digest == call_digest("pay", '{"a": 1}')
    assert signals(result, ApprovalDecided) == [ApprovalDecided("c1", True, by="result.approve()")]
    assert_quiet(result, desk.model)


@pytest.mark.parametrize("edited", [{"a": 7}, '{"a": 7}'], ids=["dictionary", "text"])
async def test_edited_arguments_run_and_the_model_is_told(edited: Any, quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    result = desk.start()
    await asked(result, "c1")
    result.approve("c1", edited)
    await result
    assert desk.paid == [7]
    assert told(desk.model)["c1"] == '[A person changed the arguments of this call before it ran, to {"a": 7}]\npaid 7'
    items: list[Any] = result.to_input_list()
    written = [item["arguments"] for item in items if item.get("type") == "function_call"]
    assert written == ['{"a":1}'], "the model's own words stay"
    assert signals(result, ApprovalDecided) == [ApprovalDecided("c1", True, None, '{"a": 7}', by="result.approve()")]
    assert_quiet(result, desk.model)


async def test_tools_and_hooks_see_the_edited_arguments(quiet_loop: list[Any]) -> None:
    seen: list[Any] = []

    @function_tool(needs_approval=True)
    async def pay(ctx: ToolContext[Any], a: int) -> str:
        seen.append((a, ctx.tool_arguments, ctx.is_tool_approved("pay", "c1")))
        return "ok"

    model = WatchedModel([[PAY], texts("Done.")])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[pay]), "go", approvals="live")
    await asked(result, "c1")
    result.approve("c1", {"a": 5})
    await result
    assert seen == [(5, '{"a": 5}', True)]


@pytest.mark.parametrize(
    "edited",
    [{"a": "many"}, {}, "{bad", "[1]", 5, {"a": float("nan")}, {"a": object()}],
    ids=["type", "missing", "syntax", "list", "number", "nan", "object"],
)
async def test_arguments_that_do_not_fit_are_refused_and_the_call_still_waits(
    edited: Any, quiet_loop: list[Any]
) -> None:
    desk = Desk([PAY])
    result = desk.start()
    await asked(result, "c1")
    with pytest.raises(UserError, match="arguments"):
        result.approve("c1", edited)
    await asked(result, "c1")
    assert signals(result, ApprovalDecided) == []
    result.approve("c1")
    await result
    assert desk.paid == [1]


@pytest.mark.parametrize(
    ("reason", "said"), [(None, "Tool execution was not approved."), ("Too much.", "Too much."), ("", "")]
)
async def test_a_rejected_call_never_begins(reason: str | None, said: str, quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    result = desk.start()
    await asked(result, "c1")
    result.reject("c1", reason)
    await result
    assert desk.paid == [] and told(desk.model) == {"c1": said}
    assert signals(result, ToolStarted) == []
    assert [event.status for event in signals(result, ToolFinished)] == ["rejected"]
    assert_quiet(result, desk.model)


async def test_the_runs_formatter_words_a_rejection_without_a_reason(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    config = RunConfig(tool_error_formatter=lambda args: f"{args.kind}: {args.tool_name}")
    result = desk.start(run_config=config)
    await asked(result, "c1")
    result.reject("c1")
    await result
    assert told(desk.model) == {"c1": "approval_rejected: pay"}


def test_a_call_that_nobody_decides_on_is_not_made() -> None:
    desk = Desk([PAY, LOOK])

    async def scene(loop: VirtualLoop) -> None:
        result = desk.start(approval_timeout=30)
        await result
        assert loop.time() == 30
        assert_quiet(result, desk.model)
        assert loop.left_over() == []

    assert_no_complaints([run_virtually(scene)])
    assert desk.paid == [] and desk.looked == 1
    assert told(desk.model)["c1"] == "Nobody decided about the call within 30 seconds, so it was not made."


def test_a_decision_within_the_time_leaves_no_timer() -> None:
    desk = Desk([PAY])

    async def scene(loop: VirtualLoop) -> None:
        result = desk.start(approval_timeout=30)
        await asyncio.sleep(29)
        result.approve("c1")
        await result
        assert loop.time() == 29 and loop.left_over() == []

    assert_no_complaints([run_virtually(scene)])
    assert desk.paid == [1]


@pytest.mark.parametrize("seconds", [0, -1, True, "soon"])
async def test_a_time_that_is_none_is_refused(seconds: Any) -> None:
    with pytest.raises(UserError, match=f"approval_timeout must be .* got {seconds!r}"):
        Desk([PAY]).start(approval_timeout=seconds)


async def test_options_that_do_not_go_together_are_refused() -> None:
    agent = Desk([PAY]).agent
    with pytest.raises(UserError, match="needs approvals='live'"):
        Runner.run_streamed(agent, "go", approval_timeout=3)
    with pytest.raises(UserError, match="must be 'interrupt' or 'live', got 'later'"):
        Runner.run_streamed(agent, "go", approvals="later")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="on_approval must be a function"):
        Runner.run_streamed(agent, "go", on_approval=True)  # type: ignore[arg-type]


async def test_siblings_run_while_calls_wait_and_each_is_decided_by_itself(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY, LOOK, PAY_2])
    result = desk.start()
    await until(lambda: desk.looked)
    await asked(result, "c1", "c2")
    result.reject("c2", "No.")
    await asked(result, "c1")
    await until(lambda: signals(result, ApprovalDecided))
    assert desk.model.calls == 1, "the turn waits for all of its calls"
    result.approve("c1")
    await result
    assert desk.paid == [1] and told(desk.model) == {"c1": "paid 1", "c0": "seen", "c2": "No."}
    assert_quiet(result, desk.model)


async def test_waiting_calls_take_no_place_of_those_that_run(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY, LOOK, PAY_2])
    one = RunConfig(tool_execution=ToolExecutionConfig(max_function_tool_concurrency=1))
    result = desk.start(run_config=one)
    await asked(result, "c1", "c2")
    await until(lambda: desk.looked)
    result.approve("c2")
    await until(lambda: desk.paid)
    result.approve("c1")
    await result
    assert desk.paid == [2, 1]


@pytest.mark.parametrize("approved", [True, False])
async def test_always_holds_for_the_tools_other_and_later_calls(approved: bool, quiet_loop: list[Any]) -> None:
    desk = Desk([PAY, PAY_2], [call("pay", {"a": 3}, call_id="c3")])
    result = desk.start()
    await asked(result, "c1", "c2")
    if approved:
        result.approve("c1", {"a": 9}, always=True)
    else:
        result.reject("c1", "Never.", always=True)
    await result
    assert desk.paid == ([9, 2, 3] if approved else []), "edited arguments are for one call only"
    if not approved:
        assert told(desk.model) == dict.fromkeys(("c1", "c2", "c3"), "Never.")
    assert [event.call_id for event in signals(result, ApprovalRequested)] == ["c1", "c2"]
    decided = signals(result, ApprovalDecided)
    assert [(event.call_id, event.always) for event in decided] == [("c1", True), ("c2", True), ("c3", True)]
    assert decided[0].by == decided[1].by in ("result.approve()", "result.reject()")
    assert decided[2].by == "an earlier decision"


async def test_always_is_not_for_another_agents_tool(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY], call("transfer_to_b", {}, call_id="h1"), [PAY_2])
    other = Agent(name="B", model=desk.model, tools=[desk.pay])
    desk.agent.handoffs = [other]
    result = desk.start()
    await asked(result, "c1")
    result.approve("c1", always=True)
    await asked(result, "c2")
    result.approve("c2")
    await result
    assert desk.paid == [1, 2]


async def test_wrong_decisions_change_nothing(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    result = desk.start()
    with pytest.raises(UserError, match="no call 'c1' waits for approval; waiting: none"):
        result.approve("c1")
    await asked(result, "c1")
    with pytest.raises(UserError, match="no call 'c9' waits for approval; waiting: 'c1'"):
        result.approve("c9")
    with pytest.raises(UserError, match="another call than the 'c1' that waits"):
        result.approve("c1", digest=call_digest("pay", '{"a": 2}'))
    with pytest.raises(UserError, match="another call than the 'c1' that waits"):
        result.reject("c1", digest=call_digest("look", '{"a": 1}'))
    with pytest.raises(UserError, match="reason must be a text"):
        result.reject("c1", 5)  # type: ignore[arg-type]
    await asked(result, "c1")
    result.approve("c1", digest=call_digest("pay", '{ "a":1 }'))
    for again in (result.approve, result.reject):
        with pytest.raises(UserError, match=ONCE):
            again("c1")
    await result
    assert desk.paid == [1]
    with pytest.raises(UserError, match=r"the run has ended \(done\), so no call 'c1' waits"):
        result.approve("c1")


async def test_a_pending_item_can_be_given_for_its_call(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY], [PAY_2])
    result = desk.start()
    await asked(result, "c1")
    (item,) = result.pending_approvals
    result.approve(item)
    await asked(result, "c2")
    with pytest.raises(UserError, match=ONCE):
        result.approve(item)
    result.reject(result.pending_approvals[0], "No.")
    await result
    assert desk.paid == [1]


async def test_decisions_from_another_task_and_while_the_events_are_read(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY], [PAY_2])
    result = desk.start()

    async def decide() -> None:
        for call_id in ("c1", "c2"):
            await asked(result, call_id)
            result.approve(call_id)

    deciding = asyncio.create_task(decide())
    names = [event.name async for event in result if event.type == "run_item_stream_event"]
    await deciding
    assert names == ["tool_called", "tool_output"] * 2 + ["message_output_created"]
    assert desk.paid == [1, 2]


async def test_decisions_in_the_loop_over_the_events(quiet_loop: list[Any]) -> None:
    """`ApprovalRequested` says that a call waits; the reader can answer on the spot."""
    desk = Desk([PAY])
    result = desk.start()
    async for event in result.stream_events(signals=True):
        if isinstance(event, ApprovalRequested):
            result.approve(event.call_id, digest=event.digest)
    assert desk.paid == [1] and result.final_output == "Done."


async def test_decisions_from_another_thread_count_once(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    result = desk.start()
    await asked(result, "c1")
    start, wins, refusals = threading.Barrier(8), [], []

    def decide(number: int) -> None:
        start.wait(10)
        try:
            result.approve("c1", {"a": number})
            wins.append(number)
        except UserError as error:
            refusals.append(str(error))

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join, 10)
    await result
    assert len(wins) == 1 and desk.paid == wins and len(refusals) == 7
    assert all("'c1'" in refusal for refusal in refusals)


def test_a_blocked_caller_is_answered_from_a_thread() -> None:
    """`wait()` outside an event loop, the decision in another thread."""
    desk = Desk([PAY])
    result = desk.start()
    seen = threading.Event()

    def decide() -> None:
        for event in result.stream_events_sync(signals=True):
            if isinstance(event, ApprovalRequested):
                seen.set()
                result.approve(event.call_id)

    thread = threading.Thread(target=decide)
    thread.start()
    assert result.wait().final_output == "Done."
    thread.join(10)
    assert seen.is_set() and desk.paid == [1]


ENDINGS = ["break", "body", "aclose", "task", "cancel", "thread", "after turn"]


@pytest.mark.parametrize("way", ENDINGS)
@pytest.mark.parametrize("nested", [False, True], ids=["plain", "nested"])
def test_nothing_is_pending_after_any_end(way: str, nested: bool) -> None:
    desk = Desk([PAY, LOOK, PAY_2])
    if nested:
        outer = WatchedModel([call("ask", {"input": "x"}, call_id="o1"), texts("Outer.")])
        desk.agent = Agent(name="Outer", model=outer, tools=[desk.agent.as_tool("ask", "Ask.")])

    async def scene(loop: VirtualLoop) -> None:
        result = desk.start()
        if way in ("break", "body"):

            async def read() -> None:
                events = result.stream_events(signals=True)
                async for _ in events:
                    if len(result.pending_approvals) == 2:
                        if way == "body":
                            raise LookupError
                        break
                await events.aclose()

            if way == "body":
                with pytest.raises(LookupError):
                    await read()
            else:
                await read()
        await until(lambda: len(result.pending_approvals) == 2 or result.is_complete)
        if way == "aclose":
            await result.aclose()
        elif way == "task":

            async def consume() -> None:
                async for _ in result:
                    pass

            reading = asyncio.create_task(consume())
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        elif way == "cancel":
            result.cancel()
            assert result.pending_approvals == []
            with pytest.raises(UserError, match="the run has ended"):
                result.approve("c1")
        elif way == "thread":
            await asyncio.to_thread(result.cancel)
        elif way == "after turn":
            result.cancel("after_turn")
            assert len(result.pending_approvals) == 2, "the turn is not over"
            result.approve("c1")
            result.reject("c2")
        await result._run.log.wait_closed()
        await until(lambda: result._run.task is None or result._run.task.done())
        assert result.pending_approvals == [] and result._run.approvals.questions == []
        assert result.status == "stopped" and desk.paid == ([1] if way == "after turn" else [])
        assert_valid_history(result.to_input_list())
        assert loop.time() == 0

    loop = run_virtually(scene)
    assert_no_complaints([loop])


async def test_a_stopped_run_can_be_gone_on_with_and_the_calls_are_answered(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    result = desk.start()
    await asked(result, "c1")
    await result.aclose()
    assert outputs(result) == {"c1": "The call was not carried out, because the run ended before."}
    done = await Runner.run(desk.agent, result.to_state())
    assert done.final_output == "Done." and desk.paid == []


async def test_a_failing_sibling_ends_the_wait(quiet_loop: list[Any]) -> None:
    @function_tool(failure_error_function=None)
    async def burn() -> str:
        raise LookupError("burnt")

    desk = Desk([PAY, call("burn", {}, call_id="c7")])
    desk.agent.tools.append(burn)
    result = desk.start()
    with pytest.raises(UserError, match="burnt"):
        await result
    assert result.pending_approvals == [] and result._run.approvals.questions == [] and desk.paid == []
    assert_valid_history(result.to_input_list())


def answers(answer: Any, asynchronous: bool, seen: list[ApprovalRequest]) -> Any:
    """An `on_approval` function."""

    def give(request: ApprovalRequest) -> Any:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def give_later(request: ApprovalRequest) -> Any:
        await asyncio.sleep(0)
        return give(request)

    return give_later if asynchronous else give


KINDS = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@KINDS
@pytest.mark.parametrize(
    ("answer", "paid", "said"),
    [
        (True, [1], "paid 1"),
        (False, [], "Tool execution was not approved."),
        (ApprovalDecision(False, "Not on Sundays."), [], "Not on Sundays."),
        (
            ApprovalDecision(True, arguments='{"a": 4}'),
            [4],
            '[A person changed the arguments of this call before it ran, to {"a": 4}]\npaid 4',
        ),
    ],
    ids=["yes", "no", "no, because", "edited"],
)
@pytest.mark.parametrize("way", ["streamed live", "streamed", "run", "run live"])
async def test_a_program_decides(
    answer: Any, paid: list[int], said: str, asynchronous: bool, way: str, quiet_loop: list[Any]
) -> None:
    desk, seen = Desk([PAY]), list[ApprovalRequest]()
    options: Any = {"on_approval": answers(answer, asynchronous, seen)}
    if "live" in way:
        options["approvals"] = "live"
    run: Any = Runner.run_streamed if "streamed" in way else Runner.run
    result = await run(desk.agent, "go", **options)
    assert result.final_output == "Done." and desk.paid == paid and outputs(result) == {"c1": said}
    (request,) = seen
    assert (request.call_id, request.tool_name, request.agent_name) == ("c1", "pay", "A")
    assert json.loads(request.arguments) == {"a": 1} and request.digest == call_digest("pay", '{"a":1}')
    assert request.schema["properties"]["a"]["type"] == "integer" and request.description == "Pay an amount."
    assert request.tool_call is not None and request.tool_call.name == "pay"


@KINDS
def test_a_program_decides_for_a_blocked_caller(asynchronous: bool) -> None:
    desk, seen = Desk([PAY]), list[ApprovalRequest]()
    result = Runner.run_sync(desk.agent, "go", on_approval=answers(True, asynchronous, seen))
    assert result.final_output == "Done." and desk.paid == [1] and len(seen) == 1


@KINDS
async def test_what_a_program_leaves_open_people_decide(asynchronous: bool, quiet_loop: list[Any]) -> None:
    desk, seen = Desk([PAY]), list[ApprovalRequest]()
    result = desk.start(on_approval=answers(None, asynchronous, seen))
    await asked(result, "c1")
    result.approve("c1")
    await result
    assert desk.paid == [1] and len(seen) == 1


@pytest.mark.parametrize("mode", ["interrupt", "live"])
async def test_what_a_program_leaves_open_pauses_a_run_without_a_handle(mode: Any, quiet_loop: list[Any]) -> None:
    """Nobody could ever answer a call that waits inside `Runner.run`."""
    desk = Desk([PAY, PAY_2])
    result = await Runner.run(
        desk.agent, "go", approvals=mode, on_approval=lambda request: True if request.call_id == "c1" else None
    )
    assert desk.paid == [1] and [item.call_id for item in result.interruptions] == ["c2"]
    state = result.to_state()
    state.approve(state.get_interruptions()[0])
    done = await Runner.run(desk.agent, state)
    assert desk.paid == [1, 2] and done.final_output == "Done."


@pytest.mark.parametrize("answer", ["yes", 1, {"approved": True}], ids=["text", "number", "dictionary"])
async def test_a_nonsense_answer_ends_the_run(answer: Any, quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    result = desk.start(on_approval=lambda request: answer)
    with pytest.raises(UserError, match=r"on_approval must return True, False, an ApprovalDecision or None, got"):
        await result
    assert desk.paid == []
    assert_valid_history(result.to_input_list())


@KINDS
async def test_an_error_of_the_program_ends_the_run(asynchronous: bool, quiet_loop: list[Any]) -> None:
    desk = Desk([PAY, PAY_2])
    result = desk.start(on_approval=answers(LookupError("no rules"), asynchronous, []))
    with pytest.raises(LookupError, match="no rules"):
        await result
    assert desk.paid == [] and result.pending_approvals == []
    assert_valid_history(result.to_input_list())


async def test_arguments_of_a_program_that_do_not_fit_end_the_run(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    with pytest.raises(UserError, match="do not fit the tool 'pay'"):
        await Runner.run(desk.agent, "go", on_approval=lambda _: ApprovalDecision(True, arguments='{"a": "x"}'))
    assert desk.paid == []


async def test_live_approval_needs_somebody_who_can_answer() -> None:
    desk = Desk([PAY])
    with pytest.raises(UserError, match=r"on_approval=\.\.\., or use Runner.run_streamed"):
        await Runner.run(desk.agent, "go", approvals="live")
    assert desk.model.calls == 0


def test_live_approval_needs_somebody_who_can_answer_a_blocked_caller() -> None:
    with pytest.raises(UserError, match=r"on_approval=\.\.\., or use Runner.run_streamed"):
        Runner.run_sync(Desk([PAY]).agent, "go", approvals="live")


async def test_the_outer_result_decides_about_a_nested_call(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    outer = WatchedModel([[call("ask", {"input": "x"}, call_id="o1"), PAY_2], texts("Outer.")])
    agent = Agent(name="Outer", model=outer, tools=[desk.agent.as_tool("ask", "Ask."), desk.pay])
    result = Runner.run_streamed(agent, "go", approvals="live")
    await until(lambda: len(result.pending_approvals) == 2)
    assert {(item.call_id, item.agent.name) for item in result.pending_approvals} == {("c1", "A"), ("c2", "Outer")}
    result.approve("c2")
    result.approve("c1", {"a": 8})
    await result
    assert sorted(desk.paid) == [2, 8] and outputs(result) == {"o1": "Done.", "c2": "paid 2"}
    nested = [event.event for event in signals(result, NestedEvent)]
    assert [e.call_id for e in nested if isinstance(e, (ApprovalRequested, ApprovalDecided))] == ["c1", "c1"]


async def test_an_agent_tool_can_need_approval_itself(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    outer = WatchedModel([call("ask", {"input": "x"}, call_id="o1"), texts("Outer.")])
    tool = desk.agent.as_tool("ask", "Ask.", needs_approval=True)
    result = Runner.run_streamed(Agent(name="Outer", model=outer, tools=[tool]), "go", approvals="live")
    await asked(result, "o1")
    assert desk.model.calls == 0
    result.approve("o1", {"input": "y"})
    await asked(result, "c1")
    assert desk.model.inputs == [[{"role": "user", "content": "y"}]]
    result.reject("c1")
    await result
    assert desk.paid == [] and result.final_output == "Outer."


async def test_a_decision_is_for_one_call_of_one_run(quiet_loop: list[Any]) -> None:
    """Another nested run whose model gives its call the same id and arguments is asked about anew."""
    desk = Desk([PAY], texts("First."), [PAY])
    outer = WatchedModel([*(call("ask", {"input": "x"}, call_id=f"o{n}") for n in (1, 2)), texts("Outer.")])
    agent = Agent(name="Outer", model=outer, tools=[desk.agent.as_tool("ask", "Ask.")])
    result = Runner.run_streamed(agent, "go", approvals="live")
    for expected in ([1], [1, 1]):
        await asked(result, "c1")
        result.approve("c1")
        await until(lambda expected=expected: desk.paid == expected)
    await result
    assert result.final_output == "Outer."


async def test_calls_with_one_id_in_parallel_runs_are_decided_one_by_one(quiet_loop: list[Any]) -> None:
    first, second = Desk([PAY]), Desk([PAY])
    outer = WatchedModel(
        [[call("ask", {"input": "x"}, call_id="o1"), call("beg", {"input": "x"}, call_id="o2")], texts("Outer.")]
    )
    tools: list[Any] = [first.agent.as_tool("ask", "Ask."), second.agent.as_tool("beg", "Beg.")]
    result = Runner.run_streamed(Agent(name="Outer", model=outer, tools=tools), "go", approvals="live")
    await until(lambda: len(result.pending_approvals) == 2)
    result.approve("c1")
    result.reject("c1", "Once only.")
    assert result.pending_approvals == []
    await result
    assert sorted([first.paid, second.paid]) == [[], [1]]


@pytest.mark.parametrize("rejects", [False, True])
async def test_guardrails_can_look_before_anybody_is_asked(rejects: bool, quiet_loop: list[Any]) -> None:
    looks: list[str] = []

    async def check(data: Any) -> ToolGuardrailFunctionOutput:
        looks.append(data.context.tool_arguments)
        return ToolGuardrailFunctionOutput.reject_content("Never.") if rejects else ToolGuardrailFunctionOutput.allow()

    desk = Desk([PAY])
    desk.pay.tool_input_guardrails = [ToolInputGuardrail(check)]
    config = RunConfig(tool_execution=ToolExecutionConfig(pre_approval_tool_input_guardrails=True))
    result = desk.start(run_config=config)
    if rejects:
        await result
        assert signals(result, ApprovalRequested) == [] and told(desk.model) == {"c1": "Never."}
        assert desk.paid == [] and len(looks) == 1
        return
    await asked(result, "c1")
    assert looks == ['{"a":1}']
    result.approve("c1", {"a": 6})
    await result
    assert looks == ['{"a":1}', '{"a": 6}'], "what a person has written is looked at, too"
    assert desk.paid == [6]


async def test_input_added_while_a_call_waits_is_taken_in_behind_its_output(quiet_loop: list[Any]) -> None:
    desk = Desk([PAY])
    result = desk.start()
    await asked(result, "c1")
    result.add_input("And hurry.")
    assert result.pending_approvals, "it decides nothing"
    result.approve("c1")
    await result
    sent: Any = desk.model.inputs[-1]
    assert [item.get("type") or item["role"] for item in sent][-2:] == ["function_call_output", "user"]


async def test_a_state_goes_on_live(quiet_loop: list[Any]) -> None:
    """What was left open in a paused run waits in the stream of the run that goes on from it."""
    desk = Desk([PAY, LOOK])
    paused = await Runner.run(desk.agent, "go")
    assert [item.call_id for item in paused.interruptions] == ["c1"]
    result = Runner.run_streamed(desk.agent, paused.to_state(), approvals="live")
    await asked(result, "c1")
    result.approve("c1")
    await result
    assert desk.paid == [1] and desk.looked == 1 and result.final_output == "Done."
