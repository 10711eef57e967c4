"""The patterns that people build of several agents, each as small as it can be, played by both libraries.

A scene asserts the pattern's promise with either library; that both do the rest alike is checked for every scene. What
one agent does alone is in `test_examples_basic.py`.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel
from stage import Scenes, Stage, compare
from suite import Over

scene = Scenes()


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def texts(items: Any) -> list[str]:
    """The texts of an input: a model was sent these."""
    if isinstance(items, str):
        return [items]
    contents = [item.get("content") for item in items if item.get("role")]
    return [c if isinstance(c, str) else "".join(part.get("text", "") for part in c) for c in contents]


def outputs(result: Any) -> list[Any]:
    return [item.output for item in result.new_items if item.type == "tool_call_output_item"]


def responding(stage: Stage, answer: Callable[[Any], Any], times: int) -> Any:
    """A model that answers with what a function makes of each call."""
    testing = stage.module("testing")
    return testing.ScriptedModel([testing.ModelStep.respond(answer)] * times)


@scene("routing")
async def routing(stage: Stage) -> None:
    """A triage agent hands off to the one that speaks the language; the next line stays there."""
    spanish = stage.agent("Hola", "Adiós", name="Spanish")
    french = stage.agent("Bonjour", name="French")
    triage = stage.agent(
        stage.call("transfer_to_spanish"),
        name="Triage",
        instructions="Hand off by language.",
        handoffs=[french, spanish],
    )
    result = await stage.run(triage, "Hola, ¿qué tal?")
    assert result.final_output == "Hola" and result.last_agent is spanish
    again = await stage.run(result.last_agent, [*result.to_input_list(), user("Tengo que irme")])
    assert again.final_output == "Adiós" and again.last_agent is spanish


@scene("message filter", over=("scripted",))
async def a_message_filter(stage: Stage) -> None:
    """What the next agent sees is the filter's decision: no tools, and not the first lines."""

    @stage.lib.function_tool
    def dice() -> int:
        return 4

    remove_all_tools = stage.module("extensions.handoff_filters").remove_all_tools

    def shorten(data: Any) -> Any:
        data = remove_all_tools(data)
        return data.clone(input_history=data.input_history[2:])

    second = stage.agent("done", name="Second")
    first = stage.agent(
        stage.call("dice"),
        stage.call("transfer_to_second", call_id="c2"),
        name="First",
        tools=[dice],
        handoffs=[stage.lib.handoff(second, input_filter=shorten)],
    )
    await stage.run(first, [user("one"), user("two"), user("roll, then pass on")])
    assert texts(second.model.last_call.input) == ["roll, then pass on"]
    assert not any("dice" in str(item) for item in second.model.last_call.input)


@scene("handoff with data")
async def a_handoff_with_data(stage: Stage) -> None:
    """The model says why it hands off; a callback gets that, checked, before the next agent begins."""

    class Escalation(BaseModel):
        reason: str

    async def escalated(context: Any, data: Escalation) -> None:
        context.context.append(data.reason)

    boss = stage.agent("I see.", name="Boss")
    clerk = stage.agent(
        stage.call("escalate", {"reason": "lost luggage"}),
        name="Clerk",
        handoffs=[stage.lib.handoff(boss, tool_name_override="escalate", on_handoff=escalated, input_type=Escalation)],
    )
    reasons: list[str] = []
    await stage.run(clerk, "My bag!", context=reasons)
    assert reasons == ["lost luggage"]


@scene("agents as tools", over=("scripted",))  # over HTTP either translator may be first, and its usage with it
async def agents_as_tools(stage: Stage) -> None:
    """The orchestrator stays in charge and gets what the translators said as outputs of its tools."""
    spanish, french = stage.agent("hola", name="Spanish"), stage.agent("bonjour", name="French")
    both = [
        stage.call("to_spanish", {"input": "hello"}, "c1"),
        stage.call("to_french", {"input": "hello"}, "c2"),
    ]
    orchestrator = stage.agent(
        both,
        "hola, bonjour",
        name="Orchestrator",
        tools=[spanish.as_tool("to_spanish", "To Spanish"), french.as_tool("to_french", "To French")],
    )
    result = await stage.run(orchestrator, "hello in both")
    assert outputs(result) == ["hola", "bonjour"] and result.last_agent is orchestrator
    assert result.context_wrapper.usage.requests == 4


@scene("agents as tools: conditional", over=("scripted",))
async def agents_as_tools_where_enabled(stage: Stage) -> None:
    """Each run asks anew which agents are tools."""

    @dataclass
    class Person:
        languages: list[str]

    def speaks(language: str) -> Callable[[Any, Any], bool]:
        return lambda context, agent: language in context.context.languages

    spoken = {name: stage.agent(name=name) for name in ("spanish", "french")}
    tools = [agent.as_tool(name, name, is_enabled=speaks(name)) for name, agent in spoken.items()]
    agent = stage.agent("ok", "ok", tools=tools)
    for languages in (["french"], ["french", "spanish"]):
        await stage.run(agent, "hi", context=Person(languages))
    assert [sorted(tool.name for tool in call.tools) for call in agent.model.calls] == [
        ["french"],
        ["french", "spanish"],
    ]


@scene("agents as tools: streaming")
async def agents_as_tools_that_stream(stage: Stage) -> None:
    """The inner agent's events are seen while it works, with the call that they belong to."""
    seen: list[Any] = []

    async def watch(event: Any) -> None:
        if event["event"].type != "raw_response_event":
            seen.append((event["agent"].name, event["event"].type, event["tool_call"].call_id))

    billing = stage.agent("You owe nothing.", name="Billing")
    tool = billing.as_tool("billing", "Asks billing.", on_stream=watch)
    asking = stage.agent(stage.call("billing", {"input": "what do I owe?"}), "Nothing.", tools=[tool])
    assert outputs(await stage.run(asking, "My bill?")) == ["You owe nothing."]
    assert seen == [("Billing", "agent_updated_stream_event", "c1"), ("Billing", "run_item_stream_event", "c1")]


@scene("agents as tools: structured", over=("scripted",))
async def agents_as_tools_with_arguments(stage: Stage) -> None:
    """The tool takes fields of its own, which the inner agent is told in words that its tool makes of them."""

    class Order(BaseModel):
        text: str
        source: str
        target: str

    def brief(options: Any) -> str:
        order = options["params"]
        return f"{order['source']} to {order['target']}: {order['text']}"

    translator = stage.agent("Hola", name="Translator")
    tool = translator.as_tool("translate", "Translates.", parameters=Order, input_builder=brief)
    order = {"text": "Hello", "source": "English", "target": "Spanish"}
    await stage.run(stage.agent(stage.call("translate", order), "Done.", tools=[tool]), "Hello in Spanish")
    assert texts(translator.model.last_call.input) == ["English to Spanish: Hello"]
    assert sorted(tool.params_json_schema["properties"]) == ["source", "target", "text"]


class Verification(BaseModel):
    verified: bool
    issues: str


@scene("agents as tools: extracted output")
async def agents_as_tools_with_an_extract(stage: Stage) -> None:
    """A report is written by specialists; what the writer gets of them is an extract."""

    class Analysis(BaseModel):
        summary: str
        tables: list[str]

    async def summary_only(result: Any) -> str:
        return result.final_output.summary

    found = Analysis(summary="Margins grew.", tables=["x" * 1000])
    analyst = stage.agent(found.model_dump_json(), name="Analyst", output_type=Analysis)
    writer = stage.agent(
        stage.call("fundamentals", {"input": "numbers"}),
        "A good year: margins grew.",
        name="Writer",
        tools=[analyst.as_tool("fundamentals", "Numbers.", custom_output_extractor=summary_only)],
    )
    verifier = stage.agent('{"verified": true, "issues": ""}', name="Verifier", output_type=Verification)
    report = await stage.run(writer, "Report on the year")
    assert outputs(report) == ["Margins grew."]
    assert (await stage.run(verifier, report.final_output)).final_output.verified


@scene("parallelisation", over=("scripted",))
async def parallelisation(stage: Stage) -> None:
    """Three runs at once, and a picker that sees all three answers."""
    together = asyncio.Barrier(3)

    async def answer(call: Any) -> list[Any]:
        await together.wait()  # none gets further before all of them are here
        return [stage.said("bueno")]

    translator = stage.agent(name="T", model=responding(stage, answer, 3))
    runs = (stage.lib.Runner.run(translator, "good") for _ in range(3))
    results = await asyncio.wait_for(asyncio.gather(*runs), 5)
    said = [stage.lib.ItemHelpers.text_message_outputs(result.new_items) for result in results]
    picker = stage.agent("bueno", name="Picker")
    best = await stage.run(picker, "Pick:\n" + "\n".join(said))
    assert best.final_output == "bueno" and texts(picker.model.last_call.input)[0].count("bueno") == 3


class Plan(BaseModel):
    searches: list[str]


@scene("research bot", over=("scripted",))
async def a_research_bot(stage: Stage) -> None:
    """A planner lays out searches, code makes them at once, one of them fails, and a writer gets the rest."""

    plan = Plan(searches=["beaches", "nothing", "music"])
    planner = stage.agent(plan.model_dump_json(), name="Planner", output_type=Plan)

    async def search(call: Any) -> list[Any]:
        term = texts(call.input)[0].removeprefix("Search: ")
        if term == "nothing":
            raise ConnectionError("no network")
        return [stage.said(f"about {term}")]

    searcher = stage.agent(name="Search", model=responding(stage, search, 3))
    planned = await stage.run(planner, "Caribbean")

    async def find(term: str) -> str | None:
        try:
            return (await stage.lib.Runner.run(searcher, f"Search: {term}")).final_output
        except ConnectionError:
            return None

    found = await asyncio.gather(*map(find, planned.final_output.searches))
    assert found == ["about beaches", None, "about music"]
    writer = stage.agent("# Report", name="Writer")
    await stage.run(writer, "Write: " + ", ".join(filter(None, found)))
    assert texts(writer.model.last_call.input) == ["Write: about beaches, about music"]


class OutlineCheck(BaseModel):
    good_quality: bool
    is_scifi: bool


@scene("deterministic flow", over=("scripted",))
async def a_deterministic_flow(stage: Stage) -> None:
    """Code decides what follows from a structured answer."""
    for good in (True, False):
        verdict = OutlineCheck(good_quality=good, is_scifi=True)
        outliner = stage.agent("A ship. A storm.", name="Outline")
        checker = stage.agent(verdict.model_dump_json(), name="Check", output_type=OutlineCheck)
        writer = stage.agent("Once upon a time", name="Write")
        outline = await stage.run(outliner, "a story")
        checked = await stage.run(checker, outline.final_output)
        assert checked.final_output_as(OutlineCheck, raise_if_incorrect_type=True) == verdict
        if checked.final_output.good_quality:
            await stage.run(writer, outline.final_output)
        assert len(writer.model.calls) == good


class Verdict(BaseModel):
    feedback: str
    score: str


@scene("LLM as a judge", over=("scripted",))
async def a_model_as_judge(stage: Stage) -> None:
    """The writer tries again with the judge's feedback until it passes."""
    verdicts = [Verdict(feedback="more ships", score="needs_improvement"), Verdict(feedback="", score="pass")]
    author = stage.agent("Outline 1", "Outline 2", name="Author")
    judge = stage.agent(*(v.model_dump_json() for v in verdicts), name="Judge", output_type=Verdict)
    conversation: list[Any] = [user("a sea story")]
    while True:
        outline = await stage.run(author, conversation)
        conversation = outline.to_input_list()
        verdict = (await stage.run(judge, conversation)).final_output
        if verdict.score == "pass":
            break
        conversation.append(user(f"Feedback: {verdict.feedback}"))
    assert outline.final_output == "Outline 2"
    assert texts(author.model.last_call.input) == ["a sea story", "Outline 1", "Feedback: more ships"]


class Homework(BaseModel):
    is_homework: bool


@scene("input guardrail", over=("scripted",))
async def an_input_guardrail(stage: Stage) -> None:
    """An agent that checks the question keeps the main model from being asked."""
    guard = stage.agent('{"is_homework": true}', name="Guard", output_type=Homework)

    @stage.lib.input_guardrail(run_in_parallel=False)
    async def no_homework(context: Any, agent: Any, given: Any) -> Any:
        found = (await stage.lib.Runner.run(guard, given, context=context.context)).final_output
        return stage.lib.GuardrailFunctionOutput(found, found.is_homework)

    main = stage.agent("x is 2", input_guardrails=[no_homework])
    assert await stage.run(main, "solve 2x = 4") is None
    name, _, found, *_ = stage.runs[-1]["error"]
    assert name == "InputGuardrailTripwireTriggered" and found[:3] == ("no_homework", Homework(is_homework=True), True)
    assert not main.model.calls


class Message(BaseModel):
    response: str
    user_name: str | None


@scene("output guardrail")
async def an_output_guardrail(stage: Stage) -> None:
    """An answer with a telephone number does not get out."""

    @stage.lib.output_guardrail
    async def no_numbers(context: Any, agent: Any, output: Message) -> Any:
        return stage.lib.GuardrailFunctionOutput({"found": "650" in output.response}, "650" in output.response)

    answers = [Message(response="Hello", user_name=None), Message(response="Call 650-123", user_name="Ann")]
    steps = [answer.model_dump_json() for answer in answers]
    agent = stage.agent(*steps, output_type=Message, output_guardrails=[no_numbers])
    assert (await stage.run(agent, "hi")).final_output == answers[0]
    assert await stage.run(agent, "number?") is None
    name, _, found, *_ = stage.runs[-1]["error"]
    assert name == "OutputGuardrailTripwireTriggered" and found[2] is True and found[-1] == answers[1]


@scene("tool guardrails")
async def tool_guardrails(stage: Stage) -> None:
    """A call that must not be made, and a result that must not be told, are answered in words; the run goes on."""
    sent: list[str] = []
    rule = stage.lib.ToolGuardrailFunctionOutput

    @stage.lib.tool_input_guardrail
    def no_secrets(data: Any) -> Any:
        secret = "sk-" in json.loads(data.context.tool_arguments)["body"]
        return rule.reject_content("Secrets stay here.") if secret else rule.allow()

    @stage.lib.tool_output_guardrail
    def no_addresses(data: Any) -> Any:
        return rule.reject_content("Sent, to whom is private.") if "@" in data.output else rule.allow()

    @stage.lib.function_tool(tool_input_guardrails=[no_secrets], tool_output_guardrails=[no_addresses])
    def send(body: str) -> str:
        sent.append(body)
        return "sent to ann@example.org" if body == "hello" else "sent"

    bodies = ["sk-123", "hello", "bye"]
    steps = [stage.call("send", {"body": body}, f"c{n}") for n, body in enumerate(bodies)]
    result = await stage.run(stage.agent(*steps, "done", tools=[send]), "send all")
    assert outputs(result) == ["Secrets stay here.", "Sent, to whom is private.", "sent"] and sent == ["hello", "bye"]


@scene("streaming guardrail", only="streamed", over=("scripted",))
async def a_streaming_guardrail(stage: Stage) -> None:
    """The text so far is checked while it streams; a bad one stops the run before its end."""
    from agentcell.models.response_events import message_item, response_events, typed

    words = ["Fish ", "swim ", "in ", "FORBIDDEN ", "never ", "shown"]
    read, closed = asyncio.Event(), asyncio.Event()

    async def slowly(call: Any) -> Any:
        try:
            item = message_item("".join(words))
            for event in response_events([item], response_id="r1", model="m", pieces=lambda text: words):
                yield typed(event)
                if event["type"] == "response.output_text.delta":
                    await read.wait()
                    read.clear()
        finally:
            closed.set()

    def judged(call: Any) -> list[Any]:
        return [stage.said("bad" if "FORBIDDEN" in texts(call.input)[0] else "ok")]

    testing = stage.module("testing")
    judge = stage.agent(name="Judge", model=responding(stage, judged, len(words)))
    agent = stage.agent(name="A", model=testing.ScriptedModel([testing.ModelStep.stream(slowly)]))
    result = stage.lib.Runner.run_streamed(agent, "tell")
    shown = ""
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            if (await stage.lib.Runner.run(judge, shown + event.data.delta)).final_output == "bad":
                result.cancel()
                break
            shown += event.data.delta
            read.set()
    await asyncio.wait_for(closed.wait(), 5)
    assert shown == "Fish swim in " and len(judge.model.calls) == 4
    assert result.is_complete and result.final_output is None


@scene("customer service")
async def customer_service(stage: Stage) -> None:
    """A conversation of several lines: each goes to the agent that spoke last, and the context remembers."""

    @dataclass
    class Flight:
        seat: str | None = None
        number: str | None = None

    async def give_number(context: Any) -> None:
        context.context.number = "FLT-123"

    @stage.lib.function_tool
    async def update_seat(context: stage.lib.RunContextWrapper[Any], seat: str) -> str:  # type: ignore[name-defined]
        """Change the seat."""
        assert context.context.number, "the handoff has set it"
        context.context.seat = seat
        return f"seat {seat} on {context.context.number}"

    triage = stage.agent(
        stage.call("transfer_to_seats", call_id="h1"), "Anything else?", name="Triage", instructions="Route."
    )
    seats = stage.agent(
        "Which seat?",
        stage.call("update_seat", {"seat": "2A"}, "c1"),
        "You sit in 2A.",
        stage.call("transfer_to_triage", call_id="h2"),
        name="Seats",
        tools=[update_seat],
        handoffs=[triage],
    )
    triage.handoffs.append(stage.lib.handoff(seats, on_handoff=give_number))
    current, conversation, context = triage, list[Any](), Flight()
    said: list[str] = []
    for line in ("Change my seat", "2A", "Thanks"):
        result = await stage.run(current, [*conversation, user(line)], context=context)
        current, conversation = result.last_agent, result.to_input_list()
        said.append(f"{current.name}: {result.final_output}")
    assert said == ["Seats: Which seat?", "Seats: You sit in 2A.", "Triage: Anything else?"]
    assert context == Flight("2A", "FLT-123")


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)
