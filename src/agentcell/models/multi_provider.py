"""Models by prefixed name: the part before the first slash chooses the provider."""

from __future__ import annotations

import os
from typing import Any, Literal

from .. import openai_types as oai
from ..exceptions import UserError
from .default_models import OPENAI_DEFAULT_MODEL_ENV_VARIABLE_NAME
from .demo_default import demo_allowed
from .interface import Model, ModelProvider
from .openai_provider import OpenAIProvider

__all__ = ["MultiProvider", "MultiProviderMap"]

MultiProviderOpenAIPrefixMode = Literal["alias", "model_id"]
MultiProviderUnknownPrefixMode = Literal["error", "model_id"]


class MultiProviderMap:
    """Providers by prefix."""

    def __init__(self) -> None:
        self._mapping: dict[str, ModelProvider] = {}

    def has_prefix(self, prefix: str) -> bool:
        """Whether a provider is known for the prefix."""
        return prefix in self._mapping

    def get_mapping(self) -> dict[str, ModelProvider]:
        """A copy of the mapping."""
        return self._mapping.copy()

    def set_mapping(self, mapping: dict[str, ModelProvider]) -> None:
        """Replace the whole mapping."""
        self._mapping = mapping

    def get_provider(self, prefix: str) -> ModelProvider | None:
        """The provider of a prefix, or None."""
        return self._mapping.get(prefix)

    def add_provider(self, prefix: str, provider: ModelProvider) -> None:
        """Set the provider of a prefix."""
        self._mapping[prefix] = provider

    def remove_provider(self, prefix: str) -> None:
        """Forget the provider of a prefix; raises `KeyError` for an unknown one."""
        del self._mapping[prefix]


class MultiProvider(ModelProvider):
    """Routes model names: `openai/gpt-x` and `gpt-x` to OpenAI, other prefixes to `provider_map`.

    `openai_prefix_mode="model_id"` and `unknown_prefix_mode="model_id"` send the whole name to OpenAI's provider,
    for servers whose model names have slashes. Without a name, a key or a server, the demo model is used where
    `demo_default.demo_allowed()` says so.
    """

    def __init__(
        self,
        *,
        provider_map: MultiProviderMap | None = None,
        openai_api_key: str | None = None,
        openai_base_url: str | None = None,
        openai_client: oai.AsyncOpenAI | None = None,
        openai_organization: str | None = None,
        openai_project: str | None = None,
        openai_use_responses: bool | None = None,
        openai_use_responses_websocket: bool | None = None,
        openai_strict_feature_validation: bool = False,
        openai_websocket_base_url: str | None = None,
        openai_prefix_mode: MultiProviderOpenAIPrefixMode = "alias",
        unknown_prefix_mode: MultiProviderUnknownPrefixMode = "error",
        openai_agent_registration: Any = None,
        openai_responses_websocket_options: Any = None,
        openai_buffer_streamed_tool_calls: bool = False,
    ) -> None:
        if openai_prefix_mode not in ("alias", "model_id"):
            raise UserError(
                f"MultiProvider openai_prefix_mode must be one of: 'alias', 'model_id', not {openai_prefix_mode!r}"
            )
        if unknown_prefix_mode not in ("error", "model_id"):
            raise UserError(
                f"MultiProvider unknown_prefix_mode must be one of: 'error', 'model_id', not {unknown_prefix_mode!r}"
            )
        self.provider_map = provider_map
        self.openai_provider: OpenAIProvider = OpenAIProvider(
            api_key=openai_api_key,
            base_url=openai_base_url,
            websocket_base_url=openai_websocket_base_url,
            openai_client=openai_client,
            organization=openai_organization,
            project=openai_project,
            use_responses=openai_use_responses,
            use_responses_websocket=openai_use_responses_websocket,
            strict_feature_validation=openai_strict_feature_validation,
            agent_registration=openai_agent_registration,
            responses_websocket_options=openai_responses_websocket_options,
            buffer_streamed_tool_calls=openai_buffer_streamed_tool_calls,
        )
        self._openai_prefix_mode = openai_prefix_mode
        self._unknown_prefix_mode = unknown_prefix_mode

    def get_model(self, model_name: str | None) -> Model:
        """The model of this name; raises `UserError` for an unknown prefix and `openai.OpenAIError` without a key."""
        if model_name is None:
            if self._is_for_demo():
                from .demo import DemoModel

                return DemoModel()
            return self.openai_provider.get_model(None)
        prefix, slash, rest = model_name.partition("/")
        if not slash:
            return self.openai_provider.get_model(model_name)
        provider = self.provider_map.get_provider(prefix) if self.provider_map is not None else None
        if provider is not None:
            return provider.get_model(rest)
        if prefix == "openai":
            return self.openai_provider.get_model(rest if self._openai_prefix_mode == "alias" else model_name)
        if self._unknown_prefix_mode == "model_id":
            return self.openai_provider.get_model(model_name)
        raise UserError(
            f"Unknown prefix: {prefix} in model {model_name!r}. Expected 'openai/...' or a name without a slash; "
            "unknown_prefix_mode='model_id' sends such names to the server as they are."
        )

    async def aclose(self) -> None:
        """Close the providers."""
        await self.openai_provider.aclose()
        for provider in (self.provider_map.get_mapping() if self.provider_map is not None else {}).values():
            await provider.aclose()

    def _is_for_demo(self) -> bool:
        return (
            not self.openai_provider.has_credentials()
            and not self.openai_provider.has_own_server()
            and not os.environ.get(OPENAI_DEFAULT_MODEL_ENV_VARIABLE_NAME)
            and demo_allowed()
        )
