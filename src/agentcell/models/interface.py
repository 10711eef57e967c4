"""What the runner asks of a model: `Model`, `ModelProvider` and `ModelTracing`.

A model turns instructions, input items and tools into one response, either at once (`get_response`) or as the events
of the Responses API (`stream_response`). Everything vendor-specific stays behind this line.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from enum import Enum

from .. import openai_types as oai
from ..agent_output import AgentOutputSchemaBase
from ..handoffs import Handoff
from ..items import ModelResponse
from ..model_settings import ModelSettings
from ..retry import ModelRetryAdvice, ModelRetryAdviceRequest
from ..tool import Tool


class ModelTracing(Enum):
    """How much of a model call is traced."""

    DISABLED = 0
    """Nothing is traced."""
    ENABLED = 1
    """Calls are traced with their data."""
    ENABLED_WITHOUT_DATA = 2
    """Calls are traced without inputs and outputs."""

    def is_disabled(self) -> bool:
        """Whether nothing is traced."""
        return self is ModelTracing.DISABLED

    def include_data(self) -> bool:
        """Whether inputs and outputs are part of the trace."""
        return self is ModelTracing.ENABLED


class Model(ABC):
    """A language model that answers with Responses API output items."""

    is_demo: bool = False
    """True for the built-in rule model: every view then says so."""

    label: str | None = None
    """What a view calls the model; `None` for its `model` attribute."""

    @abstractmethod
    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[oai.ResponseInputItemParam],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: oai.ResponsePromptParam | None,
    ) -> ModelResponse:
        """The whole response of one model call."""

    @abstractmethod
    def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[oai.ResponseInputItemParam],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: oai.ResponsePromptParam | None,
    ) -> AsyncIterator[oai.ResponseStreamEvent]:
        """The events of one model call as they arrive, ending with `response.completed`."""

    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        """What the provider knows about trying a failed call again; `None` for nothing."""
        return None

    async def close(self) -> None:
        """Release what the model holds; the default holds nothing."""
        return None


class ModelProvider(ABC):
    """Finds a model by name."""

    @abstractmethod
    def get_model(self, model_name: str | None) -> Model:
        """The model called `model_name`, or the provider's default for `None`."""

    async def aclose(self) -> None:
        """Release what the provider holds; the default holds nothing."""
        return None
