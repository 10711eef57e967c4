"""The patterns that people build of agents, each as small as it can be: the pattern's promise is what is checked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from agentcell import (
    Agent,
    AgentHookContext,
    AgentHooks,
    GenerateDynamicPromptData,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    ItemHelpers,
    ModelRetrySettings,
    ModelSettings,
    OutputGuardrailTripwireTriggered,
    Prompt,
    RunConfig,
    RunContextWrapper,
    RunHooks,
    Runner,
    Tool,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrailData,
    function_tool,
    handoff,
    input_guardrail,
    output_guardrail,
    retry_policies,
    tool_input_guardrail,
)
from agentcell.extensions import handoff_filters
from agentcell.extensions.handoff_prompt import RECOMMENDED_PROMPT_PREFIX
from agentcell.models.response_events import message_item, response_events, typed
from agentcell.testing import ModelCall, ModelStep, ScriptedModel, assistant_message, function_call


def said(text: str) -> list[Any]:
    return [assistant_message(text)]


def calls(name: str, arguments: dict[str, Any] | None = None, call_id: str = "c1") -> list[Any]:
    return [function_call(name, arguments or {}, call_id=call_id)]


def texts(items: Any) -> list[str]:
    """The texts of an input: a model was sent these."""
    if isinstance(items, str):
        return [items]
    contents = [item.get("content") for item in items if item.get("role")]
    return [c if isinstance(c, str) else "".join(part.get("text", "") for part in c) for c in contents]


async def test_routing() -> None:
    """A triage agent hands off to the one that speaks the language; the next line stays there."""
    spanish = Agent(name="Spanish", model=ScriptedModel([said("Hola"), said("Adiós")]))
    french = Agent(name="French", model=ScriptedModel())
    triage = Agent(
        name="Triage",
        instructions=f"{RECOMMENDED_PROMPT_PREFIX}\nHand off by language.",
        handoffs=[french, spanish],
        model=ScriptedModel([calls("transfer_to_spanish")]),
    )
    result = Runner.run_streamed(triage, "Hola, ¿qué tal?")
    agents = [
        event.new_agent.name async for event in result.stream_events() if event.type == "agent_updated_stream_event"
    ]
    assert agents == ["Triage", "Spanish"]
    assert result.final_output == "Hola" and result.current_agent is spanish
    again = await Runner.run(
        result.current_agent, [*result.to_input_list(), {"role": "user", "content": "Tengo que irme"}]
    )
    assert again.final_output == "Adiós" and again.last_agent is spanish


async def test_routing_with_a_filter() -> None:
    """What the next agent sees of the conversation is the filter's decision; earlier turns stay in the result."""

    @function_tool
    def dice() -> int:
        return 4

    second = Agent(name="Second", model=ScriptedModel([said("done")]))
    first = Agent(
        name="First",
        tools=[dice],
        handoffs=[handoff(second, input_filter=handoff_filters.remove_all_tools)],
        model=ScriptedModel([calls("dice"), calls("transfer_to_second", call_id="c2")]),
    )
    result = await Runner.run(first, "roll, then pass on")
    model: Any = second.model
    assert [item.get("type") or item["role"] for item in model.last_call.input] == ["user"]
    kept = ["tool_call_item", "tool_call_output_item", "message_output_item"]
    assert [item.type for item in result.new_items] == kept, "of the handoff's turn the filter has left nothing"


async def test_agents_as_tools() -> None:
    """The orchestrator stays in charge and gets what the translators said as outputs of its tools."""
    to_spanish = Agent(name="Spanish", model=ScriptedModel([said("hola")]))
    to_french = Agent(name="French", model=ScriptedModel([said("bonjour")]))
    both = [
        function_call("to_spanish", {"input": "hello"}, call_id="c1"),
        function_call("to_french", {"input": "hello"}, call_id="c2"),
    ]
    orchestrator = Agent(
        name="Orchestrator",
        tools=[to_spanish.as_tool("to_spanish", "To Spanish"), to_french.as_tool("to_french", "To French")],
        model=ScriptedModel([both, said("hola, bonjour")]),
    )
    result = await Runner.run(orchestrator, "hello in both")
    assert [item.output for item in result.new_items if item.type == "tool_call_output_item"] == ["hola", "bonjour"]
    assert result.last_agent is orchestrator
    assert result.context_wrapper.usage.requests == 4


async def test_a_tool_that_runs_only_where_it_is_enabled() -> None:
    """Each turn asks anew which agents are tools."""

    @dataclass
    class Person:
        languages: list[str]

    def speaks(language: str) -> Callable[[RunContextWrapper[Person], Any], bool]:
        return lambda context, agent: language in context.context.languages

    spoken = {name: Agent(name=name, model=ScriptedModel()) for name in ("spanish", "french")}
    tools: list[Tool] = [agent.as_tool(name, name, is_enabled=speaks(name)) for name, agent in spoken.items()]
    model = ScriptedModel([said("ok"), said("ok")])
    agent: Agent[Any] = Agent(name="O", tools=tools, model=model)
    for languages in (["french"], ["french", "spanish"]):
        await Runner.run(agent, "hi", context=Person(languages))
    assert [sorted(tool.name for tool in call.tools) for call in model.calls] == [["french"], ["french", "spanish"]]


async def test_parallelisation() -> None:
    """Three runs at once, and a picker that sees all three answers."""
    together = asyncio.Barrier(3)

    async def answer(call: ModelCall) -> list[Any]:
        await together.wait()  # none gets further before all of them are here
        return said("bueno")

    translator = Agent(name="T", model=ScriptedModel([ModelStep.respond(answer)] * 3))
    results = await asyncio.wait_for(asyncio.gather(*(Runner.run(translator, "good") for _ in range(3))), 5)
    outputs = [ItemHelpers.text_message_outputs(result.new_items) for result in results]
    model = ScriptedModel([said("bueno")])
    best = await Runner.run(Agent(name="Picker", model=model), "Pick:\n" + "\n".join(outputs))
    assert best.final_output == "bueno" and texts(model.calls[-1].input)[0].count("bueno") == 3


class OutlineCheck(BaseModel):
    good_quality: bool
    is_scifi: bool


@pytest.mark.parametrize("good", [True, False])
async def test_a_deterministic_flow(good: bool) -> None:
    """Code decides what follows from a structured answer."""
    outliner = Agent(name="Outline", model=ScriptedModel([said("A ship. A storm.")]))
    verdict = OutlineCheck(good_quality=good, is_scifi=True)
    checker = Agent(name="Check", output_type=OutlineCheck, model=ScriptedModel([said(verdict.model_dump_json())]))
    writer = Agent(name="Write", model=ScriptedModel([said("Once upon a time")]))

    outline = await Runner.run(outliner, "a story")
    checked = await Runner.run(checker, outline.final_output)
    assert checked.final_output_as(OutlineCheck, raise_if_incorrect_type=True) == verdict
    story = await Runner.run(writer, outline.final_output) if checked.final_output.good_quality else None
    model: Any = writer.model
    assert (story is not None) == good == bool(model.calls)


class Weather(BaseModel):
    city: str
    degrees: int


@function_tool
def get_weather(city: str) -> Weather:
    """The weather of a city."""
    return Weather(city=city, degrees=21)


@pytest.mark.parametrize("behaviour", ["run_llm_again", "stop_on_first_tool", {"stop_at_tool_names": ["get_weather"]}])
async def test_forcing_tool_use(behaviour: Any) -> None:
    """A required tool is called first; what follows is `tool_use_behavior`, and the demand is not repeated."""
    again = behaviour == "run_llm_again"
    model = ScriptedModel([calls("get_weather", {"city": "Oslo"}), *([said("21 degrees")] if again else [])])
    agent = Agent(
        name="W",
        tools=[get_weather],
        tool_use_behavior=behaviour,
        model_settings=ModelSettings(tool_choice="required"),
        model=model,
    )
    result = await Runner.run(agent, "Oslo?")
    assert result.final_output == ("21 degrees" if again else "city='Oslo' degrees=21")
    assert [call.model_settings.tool_choice for call in model.calls] == ["required", None][: 1 + again]


class Homework(BaseModel):
    is_homework: bool


@pytest.mark.parametrize("streamed", [True, False])
async def test_an_input_guardrail(streamed: bool) -> None:
    """An agent that checks the question keeps the main model from being asked."""
    guard = Agent(name="Guard", output_type=Homework, model=ScriptedModel([said('{"is_homework": true}')]))

    @input_guardrail(run_in_parallel=False)
    async def no_homework(context: RunContextWrapper[Any], agent: Agent[Any], given: Any) -> GuardrailFunctionOutput:
        found = (await Runner.run(guard, given, context=context.context)).final_output
        return GuardrailFunctionOutput(found, found.is_homework)

    main = ScriptedModel()
    agent = Agent(name="Support", input_guardrails=[no_homework], model=main)
    with pytest.raises(InputGuardrailTripwireTriggered) as caught:
        if streamed:
            async for _ in Runner.run_streamed(agent, "solve 2x = 4").stream_events():
                pass
        else:
            await Runner.run(agent, "solve 2x = 4")
    assert caught.value.guardrail_result.output.output_info == Homework(is_homework=True)
    assert not main.calls


class Message(BaseModel):
    response: str
    user_name: str | None


async def test_an_output_guardrail() -> None:
    """An answer with a telephone number does not get out."""

    @output_guardrail
    async def no_numbers(
        context: RunContextWrapper[Any], agent: Agent[Any], output: Message
    ) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput({"found": "650" in output.response}, "650" in output.response)

    answers = [Message(response="Hello", user_name=None), Message(response="Call 650-123", user_name="Ann")]
    model = ScriptedModel([said(answer.model_dump_json()) for answer in answers])
    agent = Agent(name="A", output_type=Message, output_guardrails=[no_numbers], model=model)
    assert (await Runner.run(agent, "hi")).final_output == answers[0]
    with pytest.raises(OutputGuardrailTripwireTriggered) as caught:
        await Runner.run(agent, "number?")
    assert caught.value.guardrail_result.agent_output == answers[1]


async def test_a_tool_guardrail() -> None:
    """A call that must not be made is answered in words, and the run goes on."""
    sent: list[str] = []

    @tool_input_guardrail
    def no_secrets(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        if "sk-" in json.loads(data.context.tool_arguments)["body"]:
            return ToolGuardrailFunctionOutput.reject_content("Secrets stay here.")
        return ToolGuardrailFunctionOutput.allow()

    @function_tool(tool_input_guardrails=[no_secrets])
    def send(body: str) -> str:
        sent.append(body)
        return "sent"

    steps = [calls("send", {"body": "sk-123"}), calls("send", {"body": "hello"}, "c2"), said("done")]
    result = await Runner.run(Agent(name="A", tools=[send], model=ScriptedModel(steps)), "send both")
    outputs = [item.output for item in result.new_items if item.type == "tool_call_output_item"]
    assert outputs == ["Secrets stay here.", "sent"] and sent == ["hello"]


async def test_a_streaming_guardrail() -> None:
    """The text so far is checked while it streams; a bad one stops the run before its end."""
    words = ["Fish ", "swim ", "in ", "FORBIDDEN ", "never ", "shown"]
    read, closed = asyncio.Event(), asyncio.Event()

    async def slowly(call: ModelCall) -> AsyncIterator[Any]:
        try:
            item = message_item("".join(words))
            for event in response_events([item], response_id="r1", model="m", pieces=lambda text: words):
                yield typed(event)
                if event["type"] == "response.output_text.delta":
                    await read.wait()
                    read.clear()
        finally:
            closed.set()

    verdicts = ScriptedModel([ModelStep.respond(judgement)] * len(words))
    judge = Agent(name="Judge", model=verdicts)
    result = Runner.run_streamed(Agent(name="A", model=ScriptedModel([ModelStep.stream(slowly)])), "tell")
    shown = ""
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            if (await Runner.run(judge, shown + event.data.delta)).final_output == "bad":
                result.cancel()
                break
            shown += event.data.delta
            read.set()
    await asyncio.wait_for(closed.wait(), 5)
    assert shown == "Fish swim in " and len(verdicts.calls) == 4
    assert result.is_complete and result.final_output is None


def judgement(call: ModelCall) -> list[Any]:
    return said("bad" if "FORBIDDEN" in texts(call.input)[0] else "ok")


class Verdict(BaseModel):
    feedback: str
    score: str


async def test_a_model_as_judge() -> None:
    """The writer tries again with the judge's feedback until it passes."""
    writer = ScriptedModel([said("Outline 1"), said("Outline 2")])
    verdicts = [Verdict(feedback="more ships", score="needs_improvement"), Verdict(feedback="", score="pass")]
    author = Agent(name="Author", model=writer)
    judge = Agent(name="Judge", output_type=Verdict, model=ScriptedModel([said(v.model_dump_json()) for v in verdicts]))
    conversation: list[Any] = [{"role": "user", "content": "a sea story"}]
    while True:
        outline = await Runner.run(author, conversation)
        conversation = outline.to_input_list()
        verdict = (await Runner.run(judge, conversation)).final_output
        if verdict.score == "pass":
            break
        conversation.append({"role": "user", "content": f"Feedback: {verdict.feedback}"})
    assert outline.final_output == "Outline 2"
    assert texts(writer.calls[-1].input) == ["a sea story", "Outline 1", "Feedback: more ships"]


async def test_dynamic_instructions_and_prompts() -> None:
    """The system prompt, and a prompt that the provider keeps, are made anew from the context at each turn."""

    @dataclass
    class Style:
        name: str

    def instructions(context: RunContextWrapper[Style], agent: Agent[Style]) -> str:
        return f"{agent.name}: answer like a {context.context.name}."

    async def prompt(data: GenerateDynamicPromptData[Style]) -> Prompt:
        return {"id": "p1", "variables": {"style": data.context.context.name}}

    model = ScriptedModel([said("Arr"), said("Beep")])
    agent: Agent[Style] = Agent(name="S", instructions=instructions, prompt=prompt, model=model)
    for style in ("pirate", "robot"):
        await Runner.run(agent, "hi", context=Style(style))
    assert [call.system_instructions for call in model.calls] == [
        "S: answer like a pirate.",
        "S: answer like a robot.",
    ]
    variables: list[Any] = [call.prompt.get("variables") for call in model.calls if call.prompt]
    assert variables == [{"style": "pirate"}, {"style": "robot"}]


async def test_lifecycle_hooks() -> None:
    """One object sees the whole run, another one agent, in the order in which things happen."""
    seen: list[str] = []

    class Watch(RunHooks):  # type: ignore[misc]
        async def on_agent_start(self, context: AgentHookContext[Any], agent: Any) -> None:
            seen.append(f"{agent.name} starts")

        async def on_tool_end(self, context: RunContextWrapper[Any], agent: Any, tool: Any, result: Any) -> None:
            seen.append(f"{tool.name} gave {result}")

        async def on_handoff(self, context: RunContextWrapper[Any], from_agent: Any, to_agent: Any) -> None:
            seen.append(f"{from_agent.name} to {to_agent.name}")

        async def on_agent_end(self, context: AgentHookContext[Any], agent: Any, output: Any) -> None:
            seen.append(f"{agent.name} ends with {output} after {context.usage.requests} requests")

    class Own(AgentHooks):  # type: ignore[misc]
        async def on_start(self, context: AgentHookContext[Any], agent: Any) -> None:
            seen.append(f"own start of {agent.name}")

        async def on_handoff(self, context: RunContextWrapper[Any], agent: Any, source: Any) -> None:
            seen.append(f"own: {source.name} to {agent.name}")

    @function_tool
    def lucky() -> int:
        return 7

    last = Agent(name="B", hooks=Own(), model=ScriptedModel([said("bye")]))
    steps = [calls("lucky"), calls("transfer_to_b", call_id="c2")]
    first = Agent(name="A", hooks=Own(), tools=[lucky], handoffs=[last], model=ScriptedModel(steps))
    await Runner.run(first, "go", hooks=Watch())
    happened = ["A starts", "lucky gave 7", "A to B", "B starts", "B ends with bye after 3 requests"]
    assert [text for text in seen if not text.startswith("own")] == happened
    assert [text for text in seen if text.startswith("own")] == ["own start of A", "own: A to B", "own start of B"]


async def test_structured_output_while_it_streams() -> None:
    """A list of objects can be read before it is complete, and is validated at the end."""
    events = [{"name": "Fair", "day": 3}, {"name": "Race", "day": 9}]

    class Happening(BaseModel):
        name: str
        day: int

    whole = json.dumps({"response": events})
    read = asyncio.Event()

    async def slowly(call: ModelCall) -> AsyncIterator[Any]:
        item = message_item(whole)
        for event in response_events([item], response_id="r1", model="m", pieces=list):
            yield typed(event)
            if event["type"] == "response.output_text.delta":
                await read.wait()  # until the consumer has looked at the text so far
                read.clear()

    agent = Agent(name="A", output_type=list[Happening], model=ScriptedModel([ModelStep.stream(slowly)]))
    result = Runner.run_streamed(agent, "what is on?")
    partial: list[Any] = []
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            partial.append(result.partial_output)
            read.set()
    assert len(partial) == len(whole) and partial[-1] == events
    assert [{"name": "Fa"}] in partial and [events[0]] in partial and [events[0], {"name": "Race"}] in partial
    lengths = [len(found or []) for found in partial]
    assert lengths == sorted(lengths)
    assert result.final_output == [Happening(**event) for event in events]


class Busy(Exception):
    """A server that asks to be left alone for a moment."""

    status_code = 503


@pytest.mark.parametrize("streamed", [True, False])
async def test_retries(streamed: bool) -> None:
    """A failed call is made again where the policy says so; the run's consumer sees one answer."""
    model = ScriptedModel([Busy("later"), Busy("later"), said("here")])
    retry = ModelRetrySettings(
        max_retries=2, backoff={"initial_delay": 0, "jitter": False}, policy=retry_policies.http_status([503])
    )
    config = RunConfig(model_settings=ModelSettings(retry=retry))
    agent = Agent(name="A", model=model)
    if streamed:
        result: Any = Runner.run_streamed(agent, "hi", run_config=config)
        messages = [e async for e in result.stream_events() if e.type == "run_item_stream_event"]
        assert len(messages) == 1
    else:
        result = await Runner.run(agent, "hi", run_config=config)
    assert result.final_output == "here" and len(model.calls) == 3
    assert result.context_wrapper.usage.requests == 3


async def test_retries_end_where_the_policy_ends() -> None:
    """What the policy does not name is not tried again."""
    model = ScriptedModel([ValueError("no"), said("never")])
    retry = ModelRetrySettings(max_retries=2, policy=retry_policies.http_status([503]))
    agent = Agent(name="A", model=model, model_settings=ModelSettings(retry=retry))
    with pytest.raises(ValueError, match="no"):
        await Runner.run(agent, "hi")
    assert len(model.calls) == 1
