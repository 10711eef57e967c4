"""`Agent`: instructions, tools, handoffs, a model and an output type, as data.

AgentBase       what any agent has: a name and tools
`-- Agent       one that the runner runs
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, NotRequired

from typing_extensions import TypedDict

import agentcell as ac

from . import openai_types as oai
from .agent_output import AgentOutputSchema, AgentOutputSchemaBase
from .agent_tool_input import StructuredToolInputBuilder
from .exceptions import ArgumentTypeError, UserError
from .guardrail import InputGuardrail, OutputGuardrail
from .handoffs import Handoff, handoff
from .instances import checked_by_instance
from .lifecycle import AgentHooksBase, RunHooksBase
from .model_settings import ModelSettings, as_settings
from .prompts import DynamicPromptFunction, GenerateDynamicPromptData, Prompt
from .run_config import RunConfig
from .run_context import RunContextWrapper, TContext
from .stream_events import StreamEvent
from .tool import FunctionTool, FunctionToolResult, NeedsApproval, Tool, ToolErrorFunction, default_tool_error_function


class StopAtTools(TypedDict):
    """The names of the tools whose output is the final output."""

    stop_at_tool_names: list[str]


@dataclass
class ToolsToFinalOutputResult:
    """What a `tool_use_behavior` function decides."""

    is_final_output: bool
    """Whether the run ends here."""
    final_output: Any | None = None
    """Its final output then."""


ToolsToFinalOutputFunction = Callable[
    [RunContextWrapper[Any], "list[FunctionToolResult]"],
    "ToolsToFinalOutputResult | Awaitable[ToolsToFinalOutputResult]",
]
"""Decides after a turn's tools whether the run ends."""


class AgentToolStreamEvent(TypedDict):
    """An event of a nested run, as `on_stream` of `Agent.as_tool` gets it."""

    event: StreamEvent
    agent: Agent[Any]
    tool_call: oai.ResponseFunctionToolCall | None


class MCPConfig(TypedDict):
    """Settings of an agent's MCP servers."""

    convert_schemas_to_strict: NotRequired[bool]
    failure_error_function: NotRequired[ToolErrorFunction | None]
    include_server_in_tool_names: NotRequired[bool]


Instructions = Callable[[RunContextWrapper[Any], "Agent[Any]"], "str | Awaitable[str]"]
"""Computes an agent's instructions at each turn."""


def default_settings(model: str | ac.Model | None = None) -> ModelSettings:
    """The settings that go with a model when nobody gave any; a model object knows its own."""
    from .models.default_models import get_default_model_settings

    return get_default_model_settings(model) if model is None or isinstance(model, str) else ModelSettings()


@dataclass(eq=False)
class AgentBase(Generic[TContext]):
    """What every kind of agent has: a name, and tools."""

    name: str
    """The agent's name, shown everywhere."""
    handoff_description: str | None = None
    """What the agent is for, told to the agents that can pass on to it."""
    tools: list[Tool] = field(default_factory=list)
    """What the agent can call."""
    mcp_servers: list[Any] = field(default_factory=list)
    """MCP servers whose tools the agent can call, too; not supported yet, must be empty."""
    mcp_config: MCPConfig = field(default_factory=lambda: MCPConfig())
    """Settings of those; not supported yet, must be empty."""

    async def get_mcp_tools(self, run_context: RunContextWrapper[TContext]) -> list[Tool]:
        """The tools of the agent's MCP servers."""
        return []

    async def get_all_tools(self, run_context: RunContextWrapper[TContext]) -> list[Tool]:
        """The tools that are enabled for this turn, those of MCP servers first."""
        mine = [tool for tool in self.tools if await self._enabled(tool.is_enabled, run_context)]
        return [*await self.get_mcp_tools(run_context), *mine]

    async def _enabled(self, rule: Any, run_context: RunContextWrapper[Any]) -> bool:
        if not callable(rule):
            return bool(rule)
        answer = rule(run_context, self)
        return bool(await answer if inspect.isawaitable(answer) else answer)


@checked_by_instance
@dataclass(eq=False)
class Agent(AgentBase[TContext], Generic[TContext]):
    """A model with a task: what it is told, what it can call, to whom it can pass on, and what it must return."""

    instructions: str | Instructions | None = None
    """The system prompt, or a function of (context, agent) that makes it."""
    prompt: Prompt | DynamicPromptFunction | None = None
    """A prompt that is kept at the provider, or a function that makes one at each turn."""
    handoffs: list[Agent[Any] | Handoff] = field(default_factory=list)
    """To whom the agent can pass the conversation."""
    model: str | ac.Model | None = None
    """The model, by name or as an object; `None` for the provider's default."""
    model_settings: ModelSettings = field(default_factory=default_settings)
    """Settings of the model's calls."""
    input_guardrails: list[InputGuardrail[Any]] = field(default_factory=list)
    """Checks of the run's input, when the agent is the first one."""
    output_guardrails: list[OutputGuardrail[Any]] = field(default_factory=list)
    """Checks of the final output, when the agent gives it."""
    output_type: type[Any] | AgentOutputSchemaBase | None = None
    """The type of the final output; `None` or `str` for text."""
    hooks: AgentHooksBase[Any, Any] | None = None
    """What the run calls as the agent goes on."""
    tool_use_behavior: Literal["run_llm_again", "stop_on_first_tool"] | StopAtTools | ToolsToFinalOutputFunction = (
        "run_llm_again"
    )
    """What follows when tools have run: the model again, or the run's end with a tool's output."""
    reset_tool_choice: bool = True
    """Whether `tool_choice` is dropped once the agent has used a tool, so that it cannot loop for ever."""

    def __post_init__(self) -> None:
        self._check("name", self.name, isinstance(self.name, str), "a text")
        self._check("tools", self.tools, isinstance(self.tools, list), "a list of tools")
        self._check_mcp()
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
            self._check("model", self.model, isinstance(self.model, ac.Model), "a model's name or a Model")
        self.model_settings = as_settings(self.model_settings, f"Agent {self.name!r}: model_settings")
        kind = self.output_type
        fits = kind is None or isinstance(kind, (type, AgentOutputSchemaBase)) or hasattr(kind, "__origin__")
        self._check("output_type", kind, fits, "a type or an AgentOutputSchema")
        self._check_behaviour()
        self.model_settings = self.settings_for(self.model, was=None)

    def _check_mcp(self) -> None:
        for name, kind in (("mcp_servers", list), ("mcp_config", dict)):
            given = getattr(self, name)
            self._check(name, given, isinstance(given, kind), f"a {kind.__name__}")
            if given:
                raise UserError(
                    f"Agent {self.name!r}: MCP servers are not supported yet, got {name}={_shown(given)}; leave it out"
                )

    def _check_behaviour(self) -> None:
        for name, kind in (("input_guardrails", InputGuardrail), ("output_guardrails", OutputGuardrail)):
            given = getattr(self, name)
            self._check(name, given, isinstance(given, list), f"a list of {kind.__name__} objects")
            for guardrail in given:
                self._check(name, guardrail, isinstance(guardrail, kind), f"{kind.__name__} objects")
        if self.hooks is not None:
            from .lifecycle import AgentHooksBase

            self._check("hooks", self.hooks, isinstance(self.hooks, AgentHooksBase), "an AgentHooks object or None")
        said = self.tool_use_behavior
        known = said in ("run_llm_again", "stop_on_first_tool") if isinstance(said, str) else False
        fits = known or isinstance(said, Mapping) or callable(said)
        self._check("tool_use_behavior", said, fits, "'run_llm_again', 'stop_on_first_tool', a dict or a function")
        prompt = self.prompt
        fits = prompt is None or isinstance(prompt, Mapping) or callable(prompt)
        self._check("prompt", prompt, fits, "a Prompt, a function or None")

    def _check(self, what: str, given: object, fits: bool, expected: str) -> None:
        if not fits:
            owner = f"Agent {self.name!r}" if isinstance(self.name, str) else "Agent"
            raise ArgumentTypeError(f"{owner}: {what} takes {expected}, got {_shown(given)}")

    def settings_for(self, model: str | ac.Model | None, *, was: str | ac.Model | None) -> ModelSettings:
        """The agent's settings when `model` takes the place of `was`: the defaults of one become those of the other."""
        if model is was or self.model_settings != default_settings(was):
            return self.model_settings
        return default_settings(model)

    def clone(self, **kwargs: Any) -> Agent[TContext]:
        """A copy of the agent with some fields changed; lists are shared with the original unless they are given."""
        return replace(self, **kwargs)

    def as_tool(
        self,
        tool_name: str | None,
        tool_description: str | None,
        custom_output_extractor: Callable[[ac.RunResult | ac.RunResultStreaming], Awaitable[str]] | None = None,
        is_enabled: bool | Callable[[RunContextWrapper[Any], Agent[Any]], bool | Awaitable[bool]] = True,
        on_stream: Callable[[AgentToolStreamEvent], Awaitable[None] | None] | None = None,
        run_config: RunConfig | dict[str, Any] | None = None,
        max_turns: int | None = None,
        hooks: RunHooksBase[Any, Any] | None = None,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        session: Any | None = None,
        failure_error_function: ToolErrorFunction | None = default_tool_error_function,
        needs_approval: NeedsApproval = False,
        parameters: type[Any] | None = None,
        input_builder: StructuredToolInputBuilder | None = None,
        include_input_schema: bool = False,
        on_stream_max_pending_events: int | None = 1024,
    ) -> FunctionTool:
        """The agent as a tool of another one: a call runs it on its own and returns its final output.

        Args:
            tool_name: the tool's name; the agent's when not given.
            tool_description: what the tool does.
            custom_output_extractor: makes the tool's output of the nested run's result.
            is_enabled: whether the model sees the tool.
            on_stream: called with every event of the nested run.
            run_config: settings of the nested run; the outer run's when not given.
            max_turns: the nested run's limit of turns.
            hooks: hooks of the nested run.
            previous_response_id: the response at the provider that the nested run goes on from.
            conversation_id: the conversation at the provider that the nested run adds to.
            session: where the nested run's conversation is kept, in this program.
            failure_error_function: makes the text for a failed nested run; `None` ends the outer run.
            needs_approval: whether a person must agree to each call.
            parameters: a type whose fields are the tool's arguments, instead of one text.
            input_builder: makes the nested run's input of those arguments.
            include_input_schema: whether the nested run's input shows their schema.
            on_stream_max_pending_events: how far `on_stream` may lag behind before the tool fails.
        """
        from .engine.nested import AgentTool

        return AgentTool(
            agent=self,
            extractor=custom_output_extractor,
            on_stream=on_stream,
            run_config=run_config,
            max_turns=max_turns,
            hooks=hooks,
            on_error=failure_error_function,
            parameters=parameters,
            input_builder=input_builder,
            include_input_schema=include_input_schema,
            most_pending=on_stream_max_pending_events,
            session=session,
            previous_response_id=previous_response_id,
            conversation_id=conversation_id,
        ).tool(tool_name, tool_description, is_enabled, needs_approval)

    async def get_prompt(self, run_context: RunContextWrapper[TContext]) -> Prompt | None:
        """The stored prompt for one turn, computed where it is a function."""
        found: Any = self.prompt
        if callable(found):
            made = found(GenerateDynamicPromptData(context=run_context, agent=self))
            found = await made if inspect.isawaitable(made) else made
        elif found is None:
            return None
        if not isinstance(found, Mapping) or "id" not in found:
            raise UserError(f"Agent {self.name!r}: a prompt must be a Prompt, which has an id; got {found!r}")
        return Prompt(id=found["id"], version=found.get("version"), variables=found.get("variables"))

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

    async def get_handoffs(self, run_context: RunContextWrapper[TContext]) -> list[Handoff]:
        """The handoffs that are enabled for this turn, agents wrapped in their default handoff."""
        offered = [h if isinstance(h, Handoff) else handoff(h) for h in self.handoffs]
        return [h for h in offered if await self._enabled(h.is_enabled, run_context)]

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
