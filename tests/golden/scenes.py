"""The scenes of the golden transcripts: agents on models that answer from a script, and what people do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from agentcell import (
    Agent,
    GuardrailFunctionOutput,
    ModelRetrySettings,
    ModelSettings,
    OutputGuardrail,
    RunResultStreaming,
    function_tool,
)
from agentcell.approvals import ApprovalDecision
from agentcell.models.interface import Model
from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import message_item as said
from agentcell.models.response_events import reasoning_item, refusal_item, response_events, usage_dict
from agentcell.stream_events import RawResponsesStreamEvent, ToolStarted
from agentcell.tool_context import ToolContext

from .codec import event_data

RESPONSE = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
"""What a response must have beside what the script says."""


@dataclass
class Cut:
    """A response that breaks off."""

    items: list[Any]
    events: int
    error: Exception | None = None


@dataclass
class Wait:
    """A response that is late."""

    seconds: float
    items: list[Any]


class Played(Model):
    """Answers from a script."""

    model = "golden-1"

    def __init__(self, *steps: Any, size: int = 12, pieces: Callable[[str], list[str]] | None = None) -> None:
        self.steps = list(steps)
        self.calls = 0
        self.pieces = pieces or (lambda text: [text[at : at + size] for at in range(0, len(text), size)])

    async def get_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        step = self.steps[self.calls]
        self.calls += 1
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Wait):
            await asyncio.sleep(step.seconds)
        for number, event in enumerate(self._events(step if isinstance(step, list) else step.items)):
            if isinstance(step, Cut) and number == step.events:
                if step.error is not None:
                    raise step.error
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            yield event_data(event)

    def _events(self, items: list[Any]) -> Iterator[Mapping[str, Any]]:
        return response_events(
            items,
            response_id=f"resp_{self.calls}",
            model=self.model,
            usage=usage_dict(100 * self.calls, 10 * self.calls, cached=3, reasoning=2),
            pieces=self.pieces,
            response_fields=RESPONSE,
        )


Deed = Callable[[RunResultStreaming], Awaitable[None]]


@dataclass
class Scene:
    """One run: who runs on what, and what somebody does while it goes on."""

    agent: Agent[Any]
    prompt: str = "What is the weather in Paris?"
    options: dict[str, Any] = field(default_factory=dict)
    deed: Deed | None = None


SCENES: dict[str, Callable[[], Scene]] = {}


def scene(make: Callable[[], Scene]) -> Callable[[], Scene]:
    """Register a scene under the name of its function."""
    SCENES[make.__name__.replace("_", "-")] = make
    return make


@function_tool
async def weather(city: str, days: int = 1) -> str:
    """The weather in a city."""
    return f"{city}: 21 °C for {days} day(s)"


@function_tool
async def broken(why: str) -> str:
    """Fails."""
    raise LookupError(f"no luck: {why} <img src=x onerror=alert(1)>")


@function_tool
async def slow(ctx: ToolContext[Any], pages: int) -> str:
    """Reads pages."""
    for page in range(1, pages + 1):
        ctx.progress(f"page {page} of {pages}", page / pages)
        await asyncio.sleep(1)
    return "read"


@function_tool
async def log_file() -> str:
    """A long text."""
    return "\n".join(
        f"{number:05d} 2026-01-01 INFO worker <{number % 7}> did its part & went on" for number in range(500)
    )


@function_tool(needs_approval=True)
async def send(to: str, text: str) -> str:
    """Send a letter."""
    return f"sent to {to}"


WEATHER = call("weather", {"city": "Paris", "days": 2}, call_id="w1")
SEND = call("send", {"to": "ann@example.org", "text": "Dear Ann,\n‮the <b>bill</b> is paid."}, call_id="s1")
SEND_2 = call("send", {"to": "bob@example.org", "text": "Dear Bob"}, call_id="s2")


def helper(*steps: Any, name: str = "Assistant", tools: list[Any] | None = None, **fields: Any) -> Agent[Any]:
    pieces = fields.pop("pieces", None)
    return Agent(name=name, model=Played(*steps, pieces=pieces), tools=tools or [], **fields)


def plainly(text: str, **fields: Any) -> Scene:
    """A run that is one answer."""
    return Scene(helper([said(text)], **fields))


def cut_into(size: int) -> Callable[[str], list[str]]:
    return lambda text: [text[at : at + size] for at in range(0, len(text), size)]


@scene
def plain() -> Scene:
    return plainly("It is **21 °C** in Paris, and it will stay so.")


@scene
def markdown() -> Scene:
    return plainly(
        "# Weather\n\n- Paris: *21*\n  1. warm\n- Rome\n\n| city | °C |\n|---|--:|\n| Paris | 21 |\n\n"
        "> quoted `code`\n\n```python\nprint('<b>')\n```\n\nEnd with [a link](https://example.org) and ![x](http://attacker.example/?q=1)"
        "<script>alert(1)</script>.\n",
        pieces=cut_into(20),
    )


@scene
def half_open_markdown() -> Scene:
    return plainly("Now **bold that never\n\n- a `code that\n\n> | a | b\n\n```py\nx = [1, 2", pieces=cut_into(5))


@scene
def line_ends() -> Scene:
    return plainly("one\r\ntwo\rthree\n\r\nfour\r\n\r\n- five\r- six\r\n", pieces=cut_into(4))


@scene
def surrogates() -> Scene:
    return plainly("pair 😀, halves \ud83d alone and \udc00 too, cut \ud83d\ude00 in two, flag 🇫🇷.", pieces=list)


@scene
def combining_marks() -> Scene:
    return plainly(
        "café naïve e\u0301\u0302\u0303, नमस्ते, 👩‍👩‍👧, \u202eright to left\u202c, zero\u200bwidth", pieces=cut_into(3)
    )


@scene
def empty_answer() -> Scene:
    return plainly("")


@scene
def no_output() -> Scene:
    return Scene(helper([]))


@scene
def unicode_names() -> Scene:
    @function_tool(name_override="prüfe_größe")
    async def check(ä: str) -> str:
        """Prüft."""
        return f"größe {ä}"

    calls = [call("prüfe_größe", {"ä": "数 <b>"}, call_id="ü 'quoted' <1>")]
    return Scene(
        helper(calls, [said("Très bien.")], name="Ассистент <天気> \u202e", tools=[check]), prompt="数 & <b>ü</b>?"
    )


@scene
def several_parts() -> Scene:
    message = said("First part. ")
    message["content"] = [
        *message["content"],
        *said("Second **part**.")["content"],
        *refusal_item("Not this.")["content"],
    ]
    return Scene(helper([message, said("Another message.")]))


@scene
def citations() -> Scene:
    where = {
        "type": "url_citation",
        "start_index": 0,
        "end_index": 5,
        "title": "A <title>",
        "url": "https://example.org",
    }
    elsewhere = {**where, "title": "\u202emoc.knab", "url": "javascript:alert(1)"}
    file = {"type": "file_citation", "file_id": "file-1", "filename": "notes.pdf", "index": 6}
    return Scene(helper([said("Paris is warm.", annotations=[where, elsewhere, where, file])]))


@scene
def reasoning() -> Scene:
    return Scene(helper([reasoning_item(["**Look** at it.", "Then think."]), said("So it is.")]))


@scene
def refusal() -> Scene:
    return Scene(helper([refusal_item("I will not do <that>.")]))


@scene
def one_tool() -> Scene:
    return Scene(helper([said("Let me look."), WEATHER], [said("21 °C.")], tools=[weather]))


@scene
def parallel_tools() -> Scene:
    calls = [call("slow", {"pages": 3}, call_id="p1"), WEATHER, call("weather", {"city": "Rome"}, call_id="w2")]
    return Scene(helper(calls, [said("Done.")], tools=[weather, slow]))


@scene
def failing_tool() -> Scene:
    calls = [call("broken", {"why": "rain"}, call_id="b1"), call("weather", {"days": "many"}, call_id="w9"), WEATHER]
    return Scene(helper(calls, [said("It failed.")], tools=[weather, broken]))


@scene
def huge_output() -> Scene:
    return Scene(helper([call("log_file", {}, call_id="l1")], [said("A long file.")], tools=[log_file]))


def chain() -> Agent[Any]:
    last = helper([said("C speaks.")], name="C & Co")
    middle = helper(
        [said("To the next."), call("transfer_to_c___co", {}, call_id="h2")], name="Writer", handoffs=[last]
    )
    return helper(
        [reasoning_item("Who?"), call("transfer_to_writer", {}, call_id="h1")], name="Triage", handoffs=[middle]
    )


@scene
def handoff_chain() -> Scene:
    return Scene(chain())


@scene
def several_handoffs() -> Scene:
    writer, other = helper([said("B speaks.")], name="Writer"), helper(name="Other")
    calls = [call("transfer_to_writer", {}, call_id="h1"), WEATHER, call("transfer_to_other", {}, call_id="h2")]
    return Scene(helper(calls, name="Triage", handoffs=[writer, other], tools=[weather]))


def inner_agent(*tools: Any, name: str, steps: list[Any]) -> Any:
    return helper(*steps, name=name, tools=list(tools)).as_tool(f"ask_{name.lower()}", f"Ask {name}.")


@scene
def nested() -> Scene:
    ask = inner_agent(weather, name="Clerk", steps=[[WEATHER], [said("It is **warm**.")]])
    return Scene(
        helper([call("ask_clerk", {"input": "Paris?"}, call_id="n1"), WEATHER], [said("Warm.")], tools=[ask, weather])
    )


@scene
def nested_in_nested() -> Scene:
    deep = inner_agent(weather, name="Deep", steps=[[WEATHER], [said("Deep answer.")]])
    clerk = inner_agent(
        deep, name="Clerk", steps=[[call("ask_deep", {"input": "x"}, call_id="n2")], [said("Passed on.")]]
    )
    return Scene(helper([call("ask_clerk", {"input": "Paris?"}, call_id="n1")], [said("Warm.")], tools=[clerk]))


def sending(*answers: Any, calls: list[Any] | None = None, **options: Any) -> Scene:
    """A run whose call waits until a program answers."""
    given = iter(answers)
    if answers:
        options["on_approval"] = lambda request: next(given)
    return Scene(
        helper(calls or [SEND], [said("That was it.")], tools=[send, weather]),
        "Send the letter.",
        {"approvals": "live", **options},
    )


@scene
def approved() -> Scene:
    return sending(True, calls=[SEND, WEATHER])


@scene
def approved_edited() -> Scene:
    return sending(ApprovalDecision(True, arguments='{"to": "bob@example.org", "text": "Dear Bob"}'))


@scene
def rejected() -> Scene:
    return sending(ApprovalDecision(False, "Not before <noon>."))


@scene
def rejected_silently() -> Scene:
    return sending(False)


@scene
def approval_timed_out() -> Scene:
    return sending(approval_timeout=60)


@scene
def approved_always() -> Scene:
    async def always(result: RunResultStreaming) -> None:
        while not result.pending_approvals:
            await asyncio.sleep(0)
        result.approve("s1", always=True)

    made = sending(calls=[SEND, SEND_2])
    made.deed = always
    return made


@scene
def approval_paused() -> Scene:
    return sending(calls=[SEND, SEND_2, WEATHER], approvals="interrupt")


@scene
def nested_approval() -> Scene:
    ask = inner_agent(send, name="Clerk", steps=[[SEND], [said("Sent.")]])
    agent = helper([call("ask_clerk", {"input": "Send!"}, call_id="n1")], [said("Done.")], tools=[ask])
    return Scene(agent, options={"approvals": "live", "on_approval": lambda request: True})


class Forecast(BaseModel):
    """The weather of one day."""

    city: str
    degrees: float
    notes: list[str]


@scene
def structured() -> Scene:
    text = '{"city": "Paris <b>", "degrees": 21.5, "notes": ["warm", "line\\nbreak"]}'
    return Scene(helper([said(text)], output_type=Forecast))


@scene
def structured_list() -> Scene:
    rows = ", ".join(f'{{"city": "{city}", "degrees": {at}, "notes": []}}' for at, city in enumerate(("Paris", "Rome")))
    return Scene(helper([said(f'{{"response": [{rows}]}}')], output_type=list[Forecast]))


@scene
def failure_before_the_first_event() -> Scene:
    return Scene(helper(ConnectionError("no route to <host>")))


@scene
def failure_in_mid_stream() -> Scene:
    return Scene(helper(Cut([said("Half of a long answer that breaks off")], 7, ConnectionError("the line is dead"))))


@scene
def stream_that_ends_early() -> Scene:
    class Ending(Played):
        def _events(self, items: list[Any]) -> Iterator[Mapping[str, Any]]:
            return iter(list(super()._events(items))[:-3])

    return Scene(Agent(name="Assistant", model=Ending([said("No proper end."), WEATHER]), tools=[weather]))


@scene
def max_turns() -> Scene:
    return Scene(helper([WEATHER], [WEATHER], tools=[weather]), options={"max_turns": 1})


@scene
def guardrail_tripped() -> Scene:
    async def look(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput("bad words", True)

    return Scene(helper([said("Something rude.")], output_guardrails=[OutputGuardrail(look)]))


@scene
def retried() -> Scene:
    backoff: Any = {"initial_delay": 2.0, "jitter": False, "max_delay": 4.0}
    retry = ModelRetrySettings(max_retries=2, policy=lambda context: True, backoff=backoff)
    errors = [ConnectionError("busy"), ConnectionError("still busy")]
    return Scene(helper(*errors, [said("At last.")], model_settings=ModelSettings(retry=retry)))


@scene
def silent() -> Scene:
    return Scene(helper(Wait(45.0, [said("Here I am.")])))


def after(count: int, kind: type[Any], deed: Callable[[RunResultStreaming], Any]) -> Deed:
    """Do something once so many events of a kind have come."""

    async def watch(result: RunResultStreaming) -> None:
        seen = 0
        async for event in result.stream_events(signals=True):
            seen += isinstance(event, kind)
            if seen == count:
                seen += 1
                deed(result)

    return watch


@scene
def cancelled_at_once() -> Scene:
    made = Scene(helper(Cut([said("This answer is stopped somewhere in the middle")], 7)))
    made.deed = after(7, RawResponsesStreamEvent, lambda result: result.cancel())
    return made


@scene
def cancelled_in_a_tool() -> Scene:
    made = Scene(helper([call("slow", {"pages": 3}, call_id="p1")], tools=[slow]))
    made.deed = after(1, ToolStarted, lambda result: result.cancel())
    return made


@scene
def cancelled_after_the_turn() -> Scene:
    made = Scene(helper([WEATHER], [said("Never said.")], tools=[weather]))
    made.deed = after(1, ToolStarted, lambda result: result.cancel("after_turn"))
    return made


@scene
def added_input() -> Scene:
    made = Scene(helper([WEATHER], [said("Paris and Oslo.")], tools=[weather]))
    made.deed = after(1, ToolStarted, lambda result: result.add_input("And in <Oslo>?"))
    return made
