"""Runs for tests of renderers: real runs of the loop on scripted models, as lists of log entries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any

from agentcell import Agent, Runner, function_tool
from agentcell.engine.compact import PackedEntry
from agentcell.engine.log import Entry
from agentcell.testing import ModelStep, ScriptedModel, assistant_message, function_call

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


SCENES: dict[str, Callable[[], Agent[Any]]] = {"weather": _weather, "handoff": _handoff, "failing": _failing}


@cache
def entries(scene: str) -> tuple[Entry | PackedEntry, ...]:
    """The log of a finished run."""

    async def run() -> tuple[Entry | PackedEntry, ...]:
        result = Runner.run_streamed(SCENES[scene](), "What is the weather in Paris & Tokyo?")
        await result._run.log.wait_closed()
        return tuple(result._run.log.entries)

    return asyncio.run(run())
