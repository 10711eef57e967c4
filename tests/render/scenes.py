"""Runs for tests of renderers: real runs of the loop on scripted models, as lists of log entries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from agentcell import Agent, Runner, function_tool
from agentcell.approvals import ApprovalDecision
from agentcell.engine.compact import PackedEntry
from agentcell.engine.log import Entry
from agentcell.testing import ModelStep, ScriptedModel, assistant_message, function_call
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY

ANSWER = """## Weather

- **Paris**: 21 °C
- *Tokyo*: 26 °C

| city | °C |
|---|---|
| Paris | 21 |

```python
print("<b>hello</b>")
```

Done & <script>alert(1)</script> ![x](http://attacker.example/?q=1)
"""


@function_tool
def get_weather(city: str) -> dict[str, Any]:
    """The weather in a city.

    Args:
        city: its name.
    """
    if city == "Atlantis":
        raise LookupError("no such city <img src=x onerror=alert(1)>")
    return {"city": city, "degrees": 21}


def _weather() -> Agent[Any]:
    calls = [
        function_call("get_weather", {"city": city}, call_id=f"call_{city}") for city in ("Paris", "Atlantis", "Tokyo")
    ]
    model = ScriptedModel([[assistant_message("Let me look."), *calls], [assistant_message(ANSWER)]])
    return Agent(name="Weather <desk>", tools=[get_weather], model=model)


def _handoff() -> Agent[Any]:
    triage = ScriptedModel([[function_call("transfer_to_weather__desk_", {}, call_id="call_h")]])
    return Agent(name="Triage", handoffs=[_weather()], model=triage)


def _failing() -> Agent[Any]:
    return Agent(name="Broken", model=ScriptedModel([ModelStep.raise_error(RuntimeError("no route to <host>"))]))


@function_tool(needs_approval=True)
def send(to: str, text: str) -> str:
    return f"sent to {to}"


LETTER = {"to": "ann@example.org", "text": "Dear Ann,\n\u202e\u200bthe <b>bill</b> is paid."}


def _asking() -> Agent[Any]:
    calls = [
        function_call("send", LETTER, call_id="call_'s"),
        function_call("get_weather", {"city": "Oslo"}, call_id="w"),
    ]
    return Agent(
        name="Clerk", tools=[send, get_weather], model=ScriptedModel([calls, [assistant_message("It is done.")]])
    )


def _nested() -> Agent[Any]:
    model = ScriptedModel([[function_call("clerk", {"input": "x"}, call_id="o1")], [assistant_message("Done.")]])
    return Agent(name="Boss", tools=[_asking().as_tool("clerk", "Ask the clerk.")], model=model)


EDITED = ApprovalDecision(True, arguments=json.dumps({**LETTER, "to": "bob@example.org"}))

SCENES: dict[str, Callable[[], Agent[Any]]] = {
    "weather": _weather,
    "handoff": _handoff,
    "failing": _failing,
    "paused": _asking,
    "approved": _asking,
    "edited": _asking,
    "rejected": _asking,
    "nested": _nested,
    "added input": _weather,
}

DECISIONS: dict[str, Any] = {
    "approved": True,
    "edited": EDITED,
    "rejected": ApprovalDecision(False, "Not before <noon>."),
    "nested": True,
}
"""What a program decides about the calls of a scene that need approval."""


@cache
def entries(scene: str) -> tuple[Entry | PackedEntry, ...]:
    """The log of a finished run."""

    async def run() -> tuple[Entry | PackedEntry, ...]:
        options: dict[str, Any] = {}
        if scene in DECISIONS:
            options = {"approvals": "live", "on_approval": lambda request: DECISIONS[scene]}
        result = Runner.run_streamed(SCENES[scene](), "What is the weather in Paris & Tokyo?", **options)
        if scene == "added input":
            result.add_input("And in <Oslo>?")
        await result._run.log.wait_closed()
        return tuple(result._run.log.entries)

    return asyncio.run(run())


def waiting(scene: str) -> tuple[Entry | PackedEntry, ...]:
    """The log of a run at the moment when its first call waits for a decision."""
    log, view = entries(scene), EMPTY
    for count, entry in enumerate(log, 1):
        view = fold(view, [entry])
        if view.state == "waiting":
            return log[:count]
    raise AssertionError(f"nothing waits in {scene!r}")
