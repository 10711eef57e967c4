"""What people do with one agent, each as small as it can be, played by both libraries.

A scene asserts what the example is there to show with either library; that both do the rest alike is checked for every
scene. Patterns of several agents are in `test_examples.py`.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from openai.types.responses import ResponseReasoningItem
from pydantic import BaseModel, Field
from stage import Scenes, Stage, compare
from suite import Over
from typing_extensions import TypedDict

from agentcell import Agent, Runner
from agentcell.extensions.handoff_prompt import RECOMMENDED_PROMPT_PREFIX, prompt_with_handoff_instructions
from agentcell.models.response_events import message_item, response_events, typed
from agentcell.testing import ModelStep, ScriptedModel

scene = Scenes()


@scene("hello world", over=("scripted",))
async def hello_world(stage: Stage) -> None:
    agent = stage.agent("Code calls itself.", name="Assistant", instructions="You only respond in haikus.")
    result = await stage.run(agent, "Tell me about recursion in programming.")
    assert result.final_output == "Code calls itself."
    assert agent.model.last_call.system_instructions == "You only respond in haikus."


class Weather(BaseModel):
    """The weather of a day."""

    city: str
    degrees: int = Field(description="In degrees Celsius.")


def weather_tool(stage: Stage) -> Any:
    @stage.lib.function_tool
    def get_weather(city: str) -> Weather:
        """The weather of a city.

        Args:
            city: Its name.
        """
        return Weather(city=city, degrees=21)

    return get_weather


@scene("tools", over=("scripted",))
async def a_tool(stage: Stage) -> None:
    """A function with types and a docstring is a tool, its result an object of its own."""
    agent = stage.agent(stage.call("get_weather", {"city": "Oslo"}), "21 degrees.", tools=[weather_tool(stage)])
    result = await stage.run(agent, "Weather in Oslo?")
    (tool,) = agent.model.calls[0].tools
    assert tool.description == "The weather of a city."
    assert tool.params_json_schema["properties"]["city"]["description"] == "Its name."
    assert result.new_items[1].output == Weather(city="Oslo", degrees=21)


class Location(TypedDict):
    lat: float
    long: float


@scene("tools: typed arguments")
async def a_tool_with_typed_arguments(stage: Stage) -> None:
    """Arguments are checked against their types; what does not fit is an error that the model can mend."""
    asked: list[Location] = []

    @stage.lib.function_tool
    async def fetch(location: Location, days: list[int]) -> str:
        asked.append(location)
        return f"{len(days)} days of sun"

    place = {"lat": 1.5, "long": 2.0}
    steps = [
        stage.call("fetch", {"location": "Oslo", "days": [1]}, "c1"),
        stage.call("fetch", {"location": place, "days": [1, 2]}, "c2"),
    ]
    result = await stage.run(stage.agent(*steps, "Sun.", tools=[fetch]), "Weather?")
    first, second = [item.output for item in result.new_items if item.type == "tool_call_output_item"]
    assert "error" in first.lower() and second == "2 days of sun" and asked == [place]


@scene("tools: context", over=("scripted",))
async def a_tool_with_the_context(stage: Stage) -> None:
    """A tool gets the run's context, which the model never sees."""

    @dataclass
    class User:
        name: str
        age: int

    @stage.lib.function_tool
    async def age(context: stage.lib.RunContextWrapper[Any]) -> str:  # type: ignore[name-defined]
        """The user's age."""
        return f"{context.context.name} is {context.context.age}"

    agent = stage.agent(stage.call("age"), "47.", tools=[age])
    result = await stage.run(agent, "How old is the user?", context=User("Ann", 47))
    assert result.new_items[1].output == "Ann is 47"
    assert "Ann" not in str(agent.model.calls[0].input) + str(agent.model.calls[0].tools[0].params_json_schema)


@scene("forcing tool use", over=("scripted",))
async def forcing_tool_use(stage: Stage) -> None:
    """A required tool is called first; what follows is `tool_use_behavior`, and the demand is not repeated."""

    async def as_final(context: Any, results: list[Any]) -> Any:
        weather: Weather = results[0].output
        return stage.lib.ToolsToFinalOutputResult(is_final_output=True, final_output=f"{weather.degrees} degrees")

    required = stage.lib.ModelSettings(tool_choice="required")
    oslo = stage.call("get_weather", {"city": "Oslo"})
    for behaviour, steps, output in (
        ("run_llm_again", [oslo, "Mild."], "Mild."),
        ("stop_on_first_tool", [oslo], "city='Oslo' degrees=21"),
        ({"stop_at_tool_names": ["get_weather"]}, [oslo], "city='Oslo' degrees=21"),
        (as_final, [oslo], "21 degrees"),
    ):
        tools = [weather_tool(stage)]
        agent = stage.agent(*steps, tools=tools, tool_use_behavior=behaviour, model_settings=required)
        assert (await stage.run(agent, "Oslo?")).final_output == output
        assert [call.model_settings.tool_choice for call in agent.model.calls] == ["required", None][: len(steps)]


@scene("image tool output", over=("scripted",))
async def a_tool_that_gives_an_image(stage: Stage) -> None:
    """The model sees the image itself, not words about it."""
    url = "data:image/png;base64," + base64.b64encode(b"not really").decode()

    @stage.lib.function_tool
    def fetch_image() -> stage.lib.ToolOutputImage:  # type: ignore[name-defined]
        return stage.lib.ToolOutputImage(image_url=url, detail="high")

    agent = stage.agent(stage.call("fetch_image"), "A bridge.", tools=[fetch_image])
    await stage.run(agent, "What is on it?")
    output = agent.model.last_call.input[-1]
    assert output["output"] == [{"type": "input_image", "image_url": url, "detail": "high"}]


@scene("files and images as input", over=("scripted",))
async def files_as_input(stage: Stage) -> None:
    """Local ones as data, remote ones by their address: input items reach the model as they are."""
    pdf = "data:application/pdf;base64," + base64.b64encode(b"%PDF").decode()
    content = [
        {"type": "input_file", "file_data": pdf, "filename": "letter.pdf"},
        {"type": "input_file", "file_url": "https://example.org/letter.pdf"},
        {"type": "input_image", "image_url": "https://example.org/bridge.png", "detail": "low"},
    ]
    agent = stage.agent("A letter and a bridge.")
    given = [{"role": "user", "content": content}, {"role": "user", "content": "What is this?"}]
    await stage.run(agent, given)
    assert agent.model.last_call.input == given


@scene("dynamic system prompt", over=("scripted",))
async def a_dynamic_system_prompt(stage: Stage) -> None:
    """The system prompt is made anew from the context at each turn."""

    @dataclass
    class Style:
        name: str

    async def instructions(context: Any, agent: Any) -> str:
        return f"{agent.name}: answer like a {context.context.name}."

    agent = stage.agent("Arr", "Beep", instructions=instructions)
    for style in ("pirate", "robot"):
        await stage.run(agent, "hi", context=Style(style))
    systems = [call.system_instructions for call in agent.model.calls]
    assert systems == ["A: answer like a pirate.", "A: answer like a robot."]


@scene("prompt template", over=("scripted",))
async def a_prompt_template(stage: Stage) -> None:
    """A prompt that the provider keeps, with variables that the context decides."""

    async def prompt(data: Any) -> Any:
        return {"id": "p1", "version": "2", "variables": {"style": data.context.context}}

    agent = stage.agent("ok", "ok", prompt=prompt)
    for style in ("limerick", "haiku"):
        await stage.run(agent, "hi", context=style)
    assert [call.prompt["variables"] for call in agent.model.calls] == [{"style": "limerick"}, {"style": "haiku"}]


@scene("run lifecycle")
async def hooks_of_the_run(stage: Stage) -> None:
    """One object sees the whole run, in the order in which things happen."""
    seen: list[str] = []

    class Watch(stage.lib.RunHooks):  # type: ignore[name-defined,misc]
        async def on_agent_start(self, context: Any, agent: Any) -> None:
            seen.append(f"{agent.name} starts")

        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            seen.append(f"{agent.name} was answered")

        async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
            seen.append(f"{tool.name} gave {result}")

        async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
            seen.append(f"{from_agent.name} to {to_agent.name}")

        async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
            seen.append(f"{agent.name} ends with {output} after {context.usage.requests} requests")

    lucky = stage.lib.function_tool(lambda: 7, name_override="lucky")
    last = stage.agent("bye", name="B")
    steps = [stage.call("lucky"), stage.call("transfer_to_b", call_id="c2")]
    await stage.run(stage.agent(*steps, tools=[lucky], handoffs=[last]), "go", hooks=Watch())
    assert seen == [
        "A starts", "A was answered", "lucky gave 7", "A was answered", "A to B",
        "B starts", "B was answered", "B ends with bye after 3 requests",
    ]  # fmt: skip


@scene("agent lifecycle")
async def hooks_of_an_agent(stage: Stage) -> None:
    """Each agent can have an object that sees only what this agent does."""
    seen: list[str] = []

    class Own(stage.lib.AgentHooks):  # type: ignore[name-defined,misc]
        def __init__(self, name: str) -> None:
            self.name = name

        async def on_start(self, context: Any, agent: Any) -> None:
            seen.append(f"{self.name}: start")

        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            seen.append(f"{self.name}: {tool.name}")

        async def on_handoff(self, context: Any, agent: Any, source: Any) -> None:
            seen.append(f"{self.name}: {source.name} to {agent.name}")

        async def on_end(self, context: Any, agent: Any, output: Any) -> None:
            seen.append(f"{self.name}: {output}")

    lucky = stage.lib.function_tool(lambda: 7, name_override="lucky")
    last = stage.agent("bye", name="B", hooks=Own("theirs"))
    steps = [stage.call("lucky"), stage.call("transfer_to_b", call_id="c2")]
    await stage.run(stage.agent(*steps, hooks=Own("mine"), tools=[lucky], handoffs=[last]), "go")
    assert seen == ["mine: start", "mine: lucky", "mine: A to B", "theirs: start", "theirs: bye"]


@scene("usage tracking", over=("scripted",))
async def usage(stage: Stage) -> None:
    """Requests and tokens add up over the run, and each request is listed."""
    Usage = stage.module("usage").Usage
    model = stage.model(stage.call("get_weather", {"city": "Oslo"}), "Mild.")
    model.set_default_usage(Usage(requests=1, input_tokens=10, output_tokens=4, total_tokens=14))
    agent = stage.agent(tools=[weather_tool(stage)], model=model)
    used = (await stage.run(agent, "Oslo?")).context_wrapper.usage
    assert (used.requests, used.input_tokens, used.output_tokens, used.total_tokens) == (2, 20, 8, 28)
    assert [entry.total_tokens for entry in used.request_usage_entries] == [14, 14]


@dataclass
class Jokes:
    jokes: dict[int, str]


@scene("non-strict output type")
async def an_output_type_that_is_not_strict(stage: Stage) -> None:
    """A type that strict schemas cannot say is refused, unless the agent does without them."""
    text = '{"response": {"jokes": {"1": "Knock.", "2": "Who?"}}}'
    strict = stage.agent(text, output_type=Jokes)
    with pytest.raises(stage.lib.UserError, match="AgentOutputSchema"):  # in other words, but naming the way out
        await stage.lib.Runner.run(strict, "Three jokes")
    lax = stage.agent(text, output_type=stage.lib.AgentOutputSchema(Jokes, strict_json_schema=False))
    assert (await stage.run(lax, "Three jokes")).final_output == Jokes({1: "Knock.", 2: "Who?"})


@scene("own output schema")
async def an_own_output_schema(stage: Stage) -> None:
    """The schema and its check are the user's own code."""

    class Shouted(stage.lib.AgentOutputSchemaBase):  # type: ignore[name-defined,misc]
        def is_plain_text(self) -> bool:
            return False

        def name(self) -> str:
            return "Shouted"

        def json_schema(self) -> dict[str, Any]:
            return {"type": "object", "properties": {"jokes": {"type": "object"}}}

        def is_strict_json_schema(self) -> bool:
            return False

        def validate_json(self, json_str: str) -> Any:
            return [joke.upper() for joke in json.loads(json_str)["jokes"].values()]

    agent = stage.agent('{"jokes": {"1": "Knock."}}', output_type=Shouted())
    assert (await stage.run(agent, "A joke")).final_output == ["KNOCK."]


@scene("max_turns handler")
async def a_handler_of_the_last_turn(stage: Stage) -> None:
    """A run that is at its limit can still answer."""
    steps = [stage.call("get_weather", {"city": "Oslo"}, f"c{n}") for n in range(2)]
    agent = stage.agent(*steps, tools=[weather_tool(stage)])

    def give_up(data: Any) -> Any:
        return f"No answer after {len(data.run_data.raw_responses)} calls."

    result = await stage.run(agent, "Oslo?", max_turns=2, error_handlers={"max_turns": give_up})
    assert result.final_output == "No answer after 2 calls."


@scene("retries", over=("scripted",))
async def retries(stage: Stage) -> None:
    """A failed call is made again where the policy says so, and only there; the consumer sees one answer."""

    class Busy(Exception):
        status_code = 503

    lib, testing = stage.lib, stage.module("testing")
    retry = lib.ModelRetrySettings(
        max_retries=2, backoff={"initial_delay": 0, "jitter": False}, policy=lib.retry_policies.http_status([503])
    )
    settings = lib.ModelSettings(retry=retry)
    model = testing.ScriptedModel([Busy("later"), Busy("later"), [stage.said("here")]])
    result = await stage.run(stage.agent(model=model, model_settings=settings), "hi")
    assert result.final_output == "here" and len(result.new_items) == 1
    assert result.context_wrapper.usage.requests == 3 == len(model.calls)
    model = testing.ScriptedModel([ValueError("no"), [stage.said("never")]])
    assert await stage.run(stage.agent(model=model, model_settings=settings), "hi") is None
    assert len(model.calls) == 1


@scene("custom model provider")
async def a_model_provider(stage: Stage) -> None:
    """Names of models mean what the run's provider makes of them."""
    asked: list[Any] = []
    model = stage.model("Made here.")

    class Own(stage.module("models.interface").ModelProvider):  # type: ignore[misc]
        def get_model(self, model_name: str | None) -> Any:
            asked.append(model_name)
            return model

    config = stage.lib.RunConfig(model_provider=Own())
    result = await stage.run(stage.agent(model="mine/large"), "hi", run_config=config)
    assert result.final_output == "Made here." and asked[-1] == "mine/large"


@scene("reasoning")
async def reasoning(stage: Stage) -> None:
    """What the model tells of its thoughts is an item before its answer."""
    summary = [{"type": "summary_text", "text": "It is a square."}]
    thought = ResponseReasoningItem.model_validate({"id": "rs_1", "type": "reasoning", "summary": summary})
    result = await stage.run(stage.agent([thought, stage.said("4")]), "2 * 2?")
    first, second = result.new_items
    assert first.raw_item.summary[0].text == "It is a square."
    assert [first.type, second.type] == ["reasoning_item", "message_output_item"] and result.final_output == "4"


async def slowly(read: asyncio.Event, item: dict[str, Any], kind: str) -> AsyncIterator[Any]:
    """Stream an item in single characters, each only when the consumer has looked at the last."""
    for event in response_events([item], response_id="r1", model="m", pieces=list):
        yield typed(event)
        if event["type"] == kind:
            await read.wait()
            read.clear()


@scene("stream text", only="streamed")
async def streaming_text(stage: Stage) -> None:
    """Every piece of text is there before the next is written."""
    testing, read = stage.module("testing"), asyncio.Event()
    kind = "response.output_text.delta"
    step = testing.ModelStep.stream(lambda call: slowly(read, message_item("One."), kind))
    result = stage.lib.Runner.run_streamed(stage.agent(model=testing.ScriptedModel([step])), "Joke")
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == kind:
            stage.tell(event.data.delta)
            read.set()
    assert [note[0] for note in stage.notes] == ["O", "n", "e", "."] and result.final_output == "One."


@scene("stream function call arguments", only="streamed")
async def streaming_arguments(stage: Stage) -> None:
    """The arguments of a call can be watched while the model writes them, each call by its own."""
    testing, read = stage.module("testing"), asyncio.Event()
    arguments = '{"city":"Oslo"}'
    item = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "get_weather", "arguments": arguments}
    kind = "response.function_call_arguments.delta"
    first = testing.ModelStep.stream(lambda call: slowly(read, item, kind))
    model = testing.ScriptedModel([first, [stage.said("Mild.")]])
    result = stage.lib.Runner.run_streamed(stage.agent(model=model, tools=[weather_tool(stage)]), "Oslo?")
    open_calls: dict[str, str] = {}
    written: dict[str, str] = {}
    async for event in result.stream_events():
        if event.type != "raw_response_event":
            continue
        data = event.data
        if data.type == "response.output_item.added" and data.item.type == "function_call":
            open_calls[data.item.id] = data.item.name
            written[data.item.id] = ""
        elif data.type == kind:
            written[data.item_id] += data.delta
            stage.tell(open_calls[data.item_id], written[data.item_id])
            read.set()
    assert len(stage.notes) == len(arguments) and stage.notes[-1] == ("get_weather", arguments)
    assert result.new_items[1].output == Weather(city="Oslo", degrees=21)


@scene("stream items", only="streamed")
async def streaming_items(stage: Stage) -> None:
    """Progress in words, without a look at tokens."""
    agent = stage.agent(stage.call("get_weather", {"city": "Oslo"}), "Mild.", tools=[weather_tool(stage)])
    result = stage.lib.Runner.run_streamed(agent, "Oslo?")
    async for event in result.stream_events():
        if event.type == "agent_updated_stream_event":
            stage.tell("agent", event.new_agent.name)
        elif event.type == "run_item_stream_event" and event.item.type == "tool_call_item":
            stage.tell("called", event.item.raw_item.name)
        elif event.type == "run_item_stream_event" and event.item.type == "tool_call_output_item":
            stage.tell("gave", str(event.item.output))
        elif event.type == "run_item_stream_event" and event.item.type == "message_output_item":
            stage.tell("said", stage.lib.ItemHelpers.text_message_output(event.item))
    assert [note[0] for note in stage.notes] == ["agent", "called", "gave", "said"]


@pytest.mark.parametrize(("played", "streamed", "over", "unlike"), scene.all)
async def test_both_libraries_play_it_alike(played: Any, streamed: bool, over: Over, unlike: dict[str, str]) -> None:
    await compare(played, streamed, over, unlike)


class Happening(BaseModel):
    name: str
    day: int


async def test_structured_output_while_it_streams() -> None:
    """Ours alone: a list of objects can be read before it is complete, and is validated at the end."""
    events = [{"name": "Fair", "day": 3}, {"name": "Race", "day": 9}]
    whole, read = json.dumps({"response": events}), asyncio.Event()
    kind = "response.output_text.delta"
    model = ScriptedModel([ModelStep.stream(lambda call: slowly(read, message_item(whole), kind))])
    result = Runner.run_streamed(Agent(name="A", output_type=list[Happening], model=model), "what is on?")
    partial: list[Any] = []
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == kind:
            partial.append(result.partial_output)
            read.set()
    assert len(partial) == len(whole) and partial[-1] == events
    assert [{"name": "Fa"}] in partial and [events[0]] in partial and [events[0], {"name": "Race"}] in partial
    lengths = [len(found or []) for found in partial]
    assert lengths == sorted(lengths)
    assert result.final_output == [Happening(name="Fair", day=3), Happening(name="Race", day=9)]


def test_the_recommended_prompt() -> None:
    """Ours in words, the reference's in name: the prefix explains handoffs, and one's own instructions follow."""
    assert "transfer_to_<agent_name>" in RECOMMENDED_PROMPT_PREFIX
    assert prompt_with_handoff_instructions("Route.") == f"{RECOMMENDED_PROMPT_PREFIX}\n\nRoute."
