"""`Agent`: instructions, tools, handoffs, a model and an output type, as data."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from .agent_output import AgentOutputSchema, AgentOutputSchemaBase
from .exceptions import ArgumentTypeError, UserError
from .handoffs import Handoff, handoff
from .model_settings import ModelSettings
from .run_context import RunContextWrapper, TContext
from .tool import FunctionTool, Tool

if TYPE_CHECKING:
    from .models.interface import Model

Instructions = Callable[[RunContextWrapper[Any], "Agent[Any]"], "str | Awaitable[str]"]
"""Computes an agent's instructions at each turn."""


def default_settings(model: str | Model | None = None) -> ModelSettings:
    """The settings that go with a model when nobody gave any; a model object knows its own."""
    from .models.default_models import get_default_model_settings

    return get_default_model_settings(model) if model is None or isinstance(model, str) else ModelSettings()


@dataclass(eq=False)
class Agent(Generic[TContext]):
    """A model with a task: what it is told, what it can call, to whom it can pass on, and what it must return."""

    name: str
    """The agent's name, shown everywhere."""
    handoff_description: str | None = None
    """What the agent is for, told to the agents that can pass on to it."""
    tools: list[Tool] = field(default_factory=list)
    """What the agent can call."""
    instructions: str | Instructions | None = None
    """The system prompt, or a function of (context, agent) that makes it."""
    handoffs: list[Agent[Any] | Handoff] = field(default_factory=list)
    """To whom the agent can pass the conversation."""
    model: str | Model | None = None
    """The model, by name or as an object; `None` for the provider's default."""
    model_settings: ModelSettings = field(default_factory=default_settings)
    """Settings of the model's calls."""
    output_type: type[Any] | AgentOutputSchemaBase | None = None
    """The type of the final output; `None` or `str` for text."""

    def __post_init__(self) -> None:
        self._check("name", self.name, isinstance(self.name, str), "a text")
        self._check("tools", self.tools, isinstance(self.tools, list), "a list of tools")
        self._check("handoffs", self.handoffs, isinstance(self.handoffs, list), "a list of agents or handoffs")
        for tool in self.tools:
            hint = "; decorate the function with @function_tool" if callable(tool) else ""
            self._check("tools", tool, isinstance(tool, FunctionTool), f"FunctionTool objects{hint}")
        for target in self.handoffs:
            self._check("handoffs", target, isinstance(target, (Agent, Handoff)), "Agent or Handoff objects")
        said = self.instructions
        self._check(
            "instructions",
            said,
            said is None or isinstance(said, str) or callable(said),
            "a text or function",
        )
        if self.model is not None and not isinstance(self.model, str):
            from .models.interface import Model

            self._check("model", self.model, isinstance(self.model, Model), "a model's name or a Model")
        settings = self.model_settings
        self._check("model_settings", settings, isinstance(settings, ModelSettings), "a ModelSettings")
        kind = self.output_type
        fits = kind is None or isinstance(kind, (type, AgentOutputSchemaBase)) or hasattr(kind, "__origin__")
        self._check("output_type", kind, fits, "a type or an AgentOutputSchema")
        self.model_settings = self.settings_for(self.model, was=None)

    def _check(self, what: str, given: object, fits: bool, expected: str) -> None:
        if not fits:
            owner = f"Agent {self.name!r}" if isinstance(self.name, str) else "Agent"
            raise ArgumentTypeError(f"{owner}: {what} takes {expected}, got {_shown(given)}")

    def settings_for(self, model: str | Model | None, *, was: str | Model | None) -> ModelSettings:
        """The agent's settings when `model` takes the place of `was`: the defaults of one become those of the other."""
        if model is was or self.model_settings != default_settings(was):
            return self.model_settings
        return default_settings(model)

    async def get_system_prompt(self, run_context: RunContextWrapper[TContext]) -> str | None:
        """The instructions for one turn, computed where they are a function."""
        if self.instructions is None or isinstance(self.instructions, str):
            return self.instructions
        taken = len(inspect.signature(self.instructions).parameters)
        if taken != 2:
            raise UserError(
                f"Agent {self.name!r}: instructions must be a function of (context, agent), got {taken} parameters"
            )
        text = self.instructions(run_context, self)
        return await text if inspect.isawaitable(text) else text

    async def get_all_tools(self, run_context: RunContextWrapper[TContext]) -> list[Tool]:
        """The tools that are enabled for this turn."""
        return [tool for tool in self.tools if await self._enabled(tool.is_enabled, run_context)]

    async def get_handoffs(self, run_context: RunContextWrapper[TContext]) -> list[Handoff]:
        """The handoffs that are enabled for this turn, agents wrapped in their default handoff."""
        offered = [h if isinstance(h, Handoff) else handoff(h) for h in self.handoffs]
        return [h for h in offered if await self._enabled(h.is_enabled, run_context)]

    async def _enabled(self, rule: Any, run_context: RunContextWrapper[Any]) -> bool:
        if not callable(rule):
            return bool(rule)
        answer = rule(run_context, self)
        return bool(await answer if inspect.isawaitable(answer) else answer)

    def output_schema(self) -> AgentOutputSchemaBase | None:
        """The schema of the final output; `None` for plain text."""
        if self.output_type is None or self.output_type is str:
            return None
        if isinstance(self.output_type, AgentOutputSchemaBase):
            return self.output_type
        return AgentOutputSchema(self.output_type)


def _shown(value: object) -> str:
    text = repr(value)
    return f"{text if len(text) <= 80 else text[:77] + '...'} ({type(value).__name__})"
