"""`typing.get_type_hints` and `pydantic.TypeAdapter` work on everything public, whatever was imported first."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import pkgutil
import subprocess
import sys
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from typing_extensions import is_typeddict

import agentcell

PRIVATE = ("__main__", "cli", "demo_agents", "engine", "notebook", "render", "view")
"""Parts whose annotations nobody evaluates."""
OPTIONAL = {"agentcell.extensions.visualization.draw_graph": "graphviz is not installed"}
"""What names a type of a package that need not be there."""


def public_modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(agentcell.__path__, "agentcell."):
        parts = found.name.split(".")
        if parts[1] not in PRIVATE and not any(part.startswith("_") for part in parts):
            yield importlib.import_module(found.name)


def declared(module: Any) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(module).items()):
        mine = getattr(value, "__module__", None) == module.__name__
        if mine and not name.startswith("_") and (inspect.isclass(value) or inspect.isfunction(value)):
            yield f"{module.__name__}.{name}", value


def functions_of(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A function itself, or the functions of a class."""
    if inspect.isfunction(value):
        yield path, value
        return
    for name, member in vars(value).items():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        written_here = inspect.isfunction(function) and function.__module__ == value.__module__
        if written_here and (name == "__init__" or not name.startswith("_")):
            yield f"{path}.{name}", function


DECLARED = dict(pair for module in public_modules() for pair in declared(module))
CLASSES = {path: value for path, value in DECLARED.items() if inspect.isclass(value)}
FUNCTIONS = dict(pair for path, value in DECLARED.items() for pair in functions_of(path, value))


@pytest.mark.parametrize("path", [*FUNCTIONS, *CLASSES])
def test_type_hints_resolve(path: str) -> None:
    if path in OPTIONAL and importlib.util.find_spec("graphviz") is None:
        pytest.skip(OPTIONAL[path])
    value = FUNCTIONS.get(path) or CLASSES[path]
    hints = typing.get_type_hints(value, include_extras=True)
    assert not [name for name, hint in hints.items() if isinstance(hint, str)]
    if dataclasses.is_dataclass(value):
        assert {field.name for field in dataclasses.fields(value)} <= set(hints)


@pytest.mark.parametrize("path", CLASSES)
def test_pydantic_knows_every_class(path: str) -> None:
    """Data needs nothing; any other class, as always with pydantic, needs the leave to be checked by `isinstance`."""
    value = CLASSES[path]
    data = dataclasses.is_dataclass(value) or is_typeddict(value) or issubclass(value, BaseModel)
    config = None if data else ConfigDict(arbitrary_types_allowed=True)
    adapter = TypeAdapter(value, config=config)
    with pytest.raises(ValidationError):
        adapter.validate_python(object())


def test_objects_pass_pydantic_unchanged() -> None:
    from agentcell.testing import ScriptedModel

    tool = agentcell.function_tool(lambda: "x", name_override="t")
    agent = agentcell.Agent(name="A", tools=[tool], model=ScriptedModel())
    assert TypeAdapter(agentcell.Agent).validate_python(agent) is agent
    config = agentcell.RunConfig(model="m")
    assert TypeAdapter(agentcell.RunConfig).validate_python(config) is config

    class Team(BaseModel):
        agents: list[agentcell.Agent]
        usage: agentcell.Usage

    team = Team(agents=[agent], usage=agentcell.Usage(requests=1))
    assert team.agents[0] is agent
    with pytest.raises(ValidationError):
        Team(agents=["no agent"], usage=agentcell.Usage())  # type: ignore[list-item]


def test_subclasses_of_users_resolve() -> None:
    class Mine(agentcell.RunHooks):  # type: ignore[misc]
        async def on_agent_start(self, context: agentcell.AgentHookContext[Any], agent: agentcell.Agent[Any]) -> None:
            pass

    @dataclasses.dataclass
    class Special(agentcell.Agent[Any]):
        level: int = 0

    from agentcell.lifecycle import RunHooksBase

    assert "input_items" in typing.get_type_hints(RunHooksBase.on_llm_start)
    assert typing.get_type_hints(Mine.on_agent_start, localns=locals())["agent"] == agentcell.Agent[Any]
    assert typing.get_type_hints(Special)["level"] is int
    special = Special(name="S", level=2)
    assert TypeAdapter(Special).validate_python(special) is special


FIRST = "items exceptions guardrail tool agent run handoffs.history models.interface engine.loop testing"


@pytest.mark.parametrize("name", FIRST.split())
def test_they_resolve_whatever_was_imported_first(name: str) -> None:
    """The imports are circular, so each order is another one; and the client stays unloaded until it is asked for."""
    code = f"""
import sys, typing
import agentcell.{name}
assert "openai" not in sys.modules
from agentcell.items import ToolCallItem
from agentcell.exceptions import RunErrorDetails
from agentcell.guardrail import OutputGuardrailResult
from agentcell.lifecycle import AgentHooksBase
from agentcell.tool import FunctionTool
from agentcell.models.interface import Model
assert "openai" not in sys.modules
for thing in (ToolCallItem, RunErrorDetails, OutputGuardrailResult, AgentHooksBase.on_tool_end, FunctionTool,
              Model.get_response):
    typing.get_type_hints(thing)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_package_itself_loads_nothing() -> None:
    code = "import sys, agentcell; print(sorted(n for n in sys.modules if n.startswith(('agentcell.', 'pydantic'))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
