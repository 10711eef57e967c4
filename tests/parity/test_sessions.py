"""Sessions, played by both libraries: when they are read and written, and with what."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from gated import NO, OPEN, YES, decide, free, gated, goes_on, hooks, reloaded
from stage import Scenes, Stage, compare
from suite import Over
from world import Weather

scene = Scenes()

HISTORY: list[Any] = [{"role": "user", "content": "Earlier."}, {"role": "assistant", "content": "Indeed."}]


class Kept:
    """A session with the four methods, and nothing else, which tells of every call.

    Where `reads` is off it tells of writes alone: before it writes what follows a handoff or an approval, the reference
    looks whether the session has it already.
    """

    session_id = "kept"
    session_settings: Any = None

    def __init__(self, stage: Stage, *items: Any, name: str = "", fails: str = "", at: int = 1) -> None:
        self.stage, self.items, self.name, self.reads = stage, list(items), name, True
        self.fails, self.at, self.calls = fails, at, 0

    def _tell(self, method: str, *args: Any) -> None:
        if self.reads or method != "get_items":
            self.stage.tell(f"{self.name}{method}", *args)
        if method == self.fails:
            self.calls += 1
            if self.calls == self.at:
                raise OSError(f"{method} failed")

    async def get_items(self, limit: int | None = None) -> list[Any]:
        self._tell("get_items", limit)
        return list(self.items if limit is None else self.items[-limit:])

    async def add_items(self, items: list[Any]) -> None:
        self._tell("add_items", [*items])
        self.items += items

    async def pop_item(self) -> Any:
        self._tell("pop_item")
        return self.items.pop() if self.items else None

    async def clear_session(self) -> None:
        self._tell("clear_session")
        self.items.clear()


@scene("51")
async def one_conversation(stage: Stage) -> None:
    session = Kept(stage)
    agent = stage.agent([stage.call("look")], "First.", "Second.", tools=[free(stage)])
    await stage.run(agent, "One?", session=session, hooks=hooks(stage))
    await stage.run(agent, "Two?", session=session, hooks=hooks(stage))
    stage.tell(session.items)


@scene("51")
async def several_tools_and_reasoning(stage: Stage) -> None:
    session = Kept(stage, *HISTORY)
    calls = [stage.call("look", {}, "c1"), stage.said("Wait."), stage.call("seek", {}, "c2")]
    agent = stage.agent(calls, [stage.call("look", {}, "c3")], "Done.", tools=[free(stage), free(stage, "seek")])
    await stage.run(agent, session=session)


@scene("51")
async def lists_as_input(stage: Stage) -> None:
    session = Kept(stage, *HISTORY)
    agent = stage.agent("Done.")
    await stage.run(agent, [{"role": "user", "content": "One."}, {"role": "user", "content": "Two."}], session=session)


@scene("51")
async def callbacks_for_the_input(stage: Stage) -> None:
    def reordered(history: list[Any], new: list[Any]) -> list[Any]:
        stage.tell("callback", history, new)
        return [*new, *history]

    async def dropped(history: list[Any], new: list[Any]) -> list[Any]:
        return [*history[-1:], *new]

    def added(history: list[Any], new: list[Any]) -> list[Any]:
        return [*history, {"role": "system", "content": "Be brief."}, *new]

    def changed(history: list[Any], new: list[Any]) -> list[Any]:
        return [*history, *({**item, "content": item["content"].upper()} for item in new)]

    def copied(history: list[Any], new: list[Any]) -> list[Any]:
        return [dict(item) for item in [*history, *new]]

    def without(history: list[Any], new: list[Any]) -> list[Any]:
        return history

    def doubled(history: list[Any], new: list[Any]) -> list[Any]:
        return [*history, *history, *new, *new]

    def emptied(history: list[Any], new: list[Any]) -> list[Any]:
        return []

    for callback in (reordered, dropped, added, changed, copied, without, doubled, emptied):
        session = Kept(stage, *HISTORY)
        stage.tell(callback.__name__)
        config = stage.lib.RunConfig(session_input_callback=callback)
        await stage.run(stage.agent("Done."), "New.", session=session, run_config=config)


@scene("51")
async def a_callback_that_changes_what_it_gets(stage: Stage) -> None:
    def changed(history: list[Any], new: list[Any]) -> list[Any]:
        history.pop(0)
        new.insert(0, {"role": "user", "content": "Before."})
        return history + new

    session = Kept(stage, *HISTORY)
    config = stage.lib.RunConfig(session_input_callback=changed)
    await stage.run(stage.agent("Done."), "New.", session=session, run_config=config)


@scene("51")
async def new_input_like_the_history(stage: Stage) -> None:
    def joined(history: list[Any], new: list[Any]) -> list[Any]:
        return [*history, *new]

    for callback in (None, joined):
        session = Kept(stage, {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."})
        config = stage.lib.RunConfig(session_input_callback=callback)
        await stage.run(stage.agent("Done."), "Hello", session=session, run_config=config)


@scene("51 52")
async def callbacks_that_fail(stage: Stage) -> None:
    def failing(history: list[Any], new: list[Any]) -> list[Any]:
        raise ValueError("no input")

    for callback in (failing, lambda history, new: None, lambda history, new: "text", "no function"):
        session = Kept(stage, *HISTORY)
        config = stage.lib.RunConfig(session_input_callback=callback)
        await stage.run(stage.agent("Done."), session=session, run_config=config)
        error = stage.runs[-1]["error"]
        stage.runs[-1] = {"error": None, "failed": error and error[0]}


@scene("51")
async def limits(stage: Stage) -> None:
    settings = stage.lib.SessionSettings
    for own, asked in ((None, 1), (1, None), (1, 2), (None, None), (2, 0)):
        session = Kept(stage, *HISTORY, *HISTORY)
        session.session_settings = None if own is None else settings(limit=own)
        config = stage.lib.RunConfig(session_settings=settings(limit=asked))
        await stage.run(stage.agent("Done."), session=session, run_config=config)


@scene("51 42")
async def with_handoffs(stage: Stage) -> None:
    session = Kept(stage, *HISTORY)
    session.reads = False
    other = stage.agent("B speaks.", name="B")
    turn = [stage.call("look"), stage.call("transfer_to_b", "{}", "h1")]
    await stage.run(stage.agent(turn, tools=[free(stage)], handoffs=[other]), session=session)


@scene("51 45 44")
async def with_filters_and_nesting(stage: Stage) -> None:
    def cut(data: Any) -> Any:
        return data.clone(input_history="Cut.", pre_handoff_items=(), new_items=data.new_items[-1:])

    def both(data: Any) -> Any:
        return data.clone(new_items=data.new_items, input_items=data.new_items[-1:])

    for chosen in (cut, both, None):
        session = Kept(stage, *HISTORY)
        session.reads = False
        other = stage.agent("B speaks.", name="B")
        turns = [[stage.call("look")], [stage.call("look", {}, "c2"), stage.call("transfer_to_b", "{}", "h1")]]
        handoff = stage.lib.handoff(other, input_filter=chosen)
        config = stage.lib.RunConfig(nest_handoff_history=chosen is None)
        agent = stage.agent(*turns, tools=[free(stage)], handoffs=[handoff])
        await stage.run(agent, session=session, run_config=config)


@scene("51 27")
async def input_guardrails_that_trip(stage: Stage) -> None:
    def check(context: Any, agent: Any, given: Any) -> Any:
        stage.tell("checks", given)
        return stage.lib.GuardrailFunctionOutput(output_info="seen", tripwire_triggered=True)

    session = Kept(stage, *HISTORY)
    guardrail = stage.lib.InputGuardrail(check, name="check", run_in_parallel=False)
    await stage.run(stage.agent(input_guardrails=[guardrail], model=stage.model()), session=session)
    stage.tell(session.items)


@scene("51 31")
async def output_guardrails_that_trip(stage: Stage) -> None:
    def check(context: Any, agent: Any, output: Any) -> Any:
        return stage.lib.GuardrailFunctionOutput(output_info="seen", tripwire_triggered=True)

    session = Kept(stage)
    fields: dict[str, Any] = {
        "tools": [free(stage)],
        "output_guardrails": [stage.lib.OutputGuardrail(check, name="check")],
    }
    await stage.run(stage.agent([stage.call("look")], "Bad.", **fields), session=session)
    stage.tell(session.items)


@scene("52")
async def methods_that_fail(stage: Stage) -> None:
    for method, at in (("get_items", 1), ("add_items", 1), ("add_items", 2), ("add_items", 3)):
        session = Kept(stage, *HISTORY, fails=method, at=at)
        agent = stage.agent([stage.call("look")], "Done.", tools=[free(stage)])
        await stage.run(agent, session=session)
        stage.runs[-1] = {key: stage.runs[-1].get(key) for key in ("error", "final_output", "is_complete")}
        stage.tell("---")


@scene("51 34")
async def a_tool_that_fails(stage: Stage) -> None:
    @stage.lib.function_tool
    def broken() -> str:
        raise ValueError("secret")

    session = Kept(stage)
    await stage.run(stage.agent([stage.call("broken")], "Done.", tools=[broken]), session=session)


@scene("51 47 48")
async def too_many_turns(stage: Stage) -> None:
    handlers: list[Any] = [None, {"max_turns": lambda _: "Enough."}]
    for handler in handlers:
        session = Kept(stage)
        agent = stage.agent([stage.call("look")], tools=[free(stage)])
        await stage.run(agent, session=session, max_turns=1, error_handlers=handler)
        stage.tell(session.items)


@scene("51 19")
async def a_model_that_fails(stage: Stage) -> None:
    session = Kept(stage, *HISTORY)
    await stage.run(stage.agent([stage.call("look")], tools=[free(stage)]), session=session)
    stage.runs[-1] = {"error": None, "failed": bool(stage.runs[-1]["error"])}
    stage.tell(session.items)


@scene("51 36")
async def an_unknown_tool(stage: Stage) -> None:
    session = Kept(stage, *HISTORY)
    await stage.run(stage.agent([stage.call("gone")]), session=session)
    stage.runs[-1] = {"error": stage.runs[-1]["error"]}


@scene("51 21", only="streamed")
async def stopped_after_a_turn(stage: Stage) -> None:
    session = Kept(stage)
    agent = stage.agent([stage.call("look")], "Done.", tools=[free(stage)])
    result = stage.lib.Runner.run_streamed(agent, "Hello", session=session)
    async for event in result.stream_events():
        if event.type == "run_item_stream_event":
            result.cancel(mode="after_turn")
    state = result.to_state()
    await stage.run(agent, state, session=session)
    stage.tell(session.items)


@scene("51 20", only="streamed")
async def stopped_at_once(stage: Stage) -> None:
    class Stopping(stage.lib.RunHooks):
        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            running[0].cancel()
            await asyncio.Event().wait()

    session = Kept(stage)
    running = [stage.lib.Runner.run_streamed(stage.agent("Lost."), "Hello", session=session, hooks=Stopping())]
    async for _ in running[0].stream_events():
        pass
    stage.tell(session.items)


@scene("51 55 56")
async def with_approvals(stage: Stage) -> None:
    for choices in ((YES, NO), (OPEN, YES)):
        for between in (False, True):
            session = Kept(stage, *HISTORY[:1])
            session.reads = False
            turn = [stage.call("look"), stage.call("pay", {}, "c2"), stage.call("pay", {"amount": 2}, "c3")]
            agent = stage.agent(turn, "Done.", tools=[free(stage), gated(stage)])
            state = (await stage.run(agent, session=session)).to_state()
            decide(state, choices)
            state = await reloaded(stage, agent, state) if between else state
            result = await stage.run(agent, state, session=session)
            if result.interruptions:
                await goes_on(stage, agent, result, YES, session=session)
            stage.tell("kept", session.items)


@scene("51 56")
async def going_on_without_the_session(stage: Stage) -> None:
    session = Kept(stage)
    agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
    await goes_on(stage, agent, await stage.run(agent, session=session), YES)
    stage.tell(session.items)


@scene("51 58")
async def added_input(stage: Stage) -> None:
    session = Kept(stage)
    session.reads = False
    agent = stage.agent([stage.call("pay")], "Done.", tools=[gated(stage)])
    state = (await stage.run(agent, session=session)).to_state()
    decide(state, [YES])
    state.add_input("And this.")
    await stage.run(agent, state, session=session)
    stage.tell(session.items)


@scene("51 59")
async def of_nested_agents(stage: Stage) -> None:
    session = Kept(stage, name="inner ")
    inner = stage.agent("One.", "Two.", name="B")
    tool = inner.as_tool("ask_b", "Ask.", session=session)
    turns = [[stage.call("ask_b", {"input": str(number)}, f"c{number}")] for number in (1, 2)]
    await stage.run(stage.agent(*turns, "Done.", tools=[tool]), session=Kept(stage, name="outer "))


@scene("51 59 55")
async def of_nested_agents_that_ask(stage: Stage) -> None:
    session = Kept(stage, name="inner ")
    session.reads = False
    inner = stage.agent([stage.call("pay", {}, "n1")], "Inner.", name="B", tools=[gated(stage)])
    tool = inner.as_tool("ask_b", "Ask.", session=session)
    agent = stage.agent([stage.call("ask_b", {"input": "Hi"})], "Done.", tools=[tool])
    await goes_on(stage, agent, await stage.run(agent), YES)


@scene("51 39")
async def structured_output(stage: Stage) -> None:
    session = Kept(stage)
    agent = stage.agent('{"city": "Rome", "degrees": 20.0}', output_type=Weather)
    await stage.run(agent, session=session)


@scene("51 37")
async def an_output_of_a_tool(stage: Stage) -> None:
    session = Kept(stage)
    agent = stage.agent([stage.call("look")], tools=[free(stage)], tool_use_behavior="stop_on_first_tool")
    await stage.run(agent, session=session)


@scene("51 41")
async def a_filter_of_the_model_s_input(stage: Stage) -> None:
    def only_last(data: Any) -> Any:
        return stage.lib.ModelInputData(input=data.model_data.input[-1:], instructions="Briefly.")

    session = Kept(stage, *HISTORY)
    config = stage.lib.RunConfig(call_model_input_filter=only_last)
    agent = stage.agent([stage.call("look")], "Done.", tools=[free(stage)])
    await stage.run(agent, session=session, run_config=config)


@scene("51")
async def in_a_database(stage: Stage) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "kept.db")
        with closing(stage.lib.SQLiteSession("one", path)) as session:
            other = stage.agent("B speaks.", "B again.", name="B")
            turn = [stage.call("pay"), stage.call("transfer_to_b", "{}", "h1")]
            agent = stage.agent(turn, "A again.", tools=[gated(stage)], handoffs=[other])
            await goes_on(stage, agent, await stage.run(agent, session=session), YES, session=session)
            await stage.run(agent, "More.", session=session)
        with closing(stage.lib.SQLiteSession("one", path)) as session:
            stage.tell(await session.get_items())


@scene("51")
async def results_of_sessions(stage: Stage) -> None:
    session = Kept(stage, *HISTORY)
    result = await stage.run(stage.agent("Done."), session=session)
    stage.tell(result.input, result.to_input_list())


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)
