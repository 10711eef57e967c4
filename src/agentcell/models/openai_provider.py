"""Models of OpenAI, or of any server that speaks its API, by name."""

from __future__ import annotations

import os
from typing import Any

from .. import openai_types as oai
from ..exceptions import UserError
from . import openai_defaults
from .default_models import get_default_model
from .interface import Model, ModelProvider

__all__ = ["OpenAIProvider"]


class OpenAIProvider(ModelProvider):
    """Makes models that share one client, which is built when the first model is asked for.

    The key is `api_key`, or the one of `set_default_openai_key`, or `OPENAI_API_KEY`; the server is `base_url`, or
    `OPENAI_BASE_URL`, or OpenAI's. An `openai_client` replaces all of them. Raises `UserError` when both are given.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        websocket_base_url: str | None = None,
        openai_client: oai.AsyncOpenAI | None = None,
        organization: str | None = None,
        project: str | None = None,
        use_responses: bool | None = None,
        use_responses_websocket: bool | None = None,
        strict_feature_validation: bool = False,
        agent_registration: Any = None,
        responses_websocket_options: Any = None,
        buffer_streamed_tool_calls: bool = False,
    ) -> None:
        own = (api_key, base_url, websocket_base_url, organization, project)
        if openai_client is not None and any(value is not None for value in own):
            raise UserError(
                "Don't provide api_key, base_url, websocket_base_url, organization, or project "
                "if you provide openai_client"
            )
        if use_responses_websocket:
            raise UserError("The websocket transport is not supported: leave use_responses_websocket unset")
        self._client = openai_client
        self._api_key = api_key
        self._base_url = base_url
        self._organization = organization
        self._project = project
        self._use_responses = use_responses
        self._strict = strict_feature_validation
        self._buffer_calls = buffer_streamed_tool_calls

    def get_model(self, model_name: str | None) -> Model:
        """The model of this name, or the default model; raises `openai.OpenAIError` when there is no key."""
        use_responses = self._use_responses
        if use_responses is None:
            use_responses = openai_defaults.responses_by_default()
        name = get_default_model() if model_name is None else model_name
        if use_responses:
            from .openai_responses import OpenAIResponsesModel

            return OpenAIResponsesModel(name, self._get_client(name), model_is_explicit=model_name is not None)
        from .openai_chatcompletions import OpenAIChatCompletionsModel

        return OpenAIChatCompletionsModel(
            name,
            self._get_client(name),
            strict_feature_validation=self._strict,
            buffer_streamed_tool_calls=self._buffer_calls,
        )

    def has_credentials(self) -> bool:
        """Whether a client could be made: a client or a key was given here, program-wide or by environment."""
        return bool(
            self._given_client()
            or self._api_key
            or openai_defaults.default_openai_key()
            or os.environ.get("OPENAI_API_KEY")
            or os.environ.get("OPENAI_ADMIN_KEY")
        )

    def has_own_server(self) -> bool:
        """Whether a server other than OpenAI's was named."""
        return bool(self._base_url or os.environ.get("OPENAI_BASE_URL"))

    def _given_client(self) -> oai.AsyncOpenAI | None:
        """This provider's client, or the program's when nothing about the connection was said here."""
        own = (self._api_key, self._base_url, self._organization, self._project)
        if self._client is not None or any(value is not None for value in own):
            return self._client
        return openai_defaults.default_openai_client()

    def _get_client(self, model_name: str) -> oai.AsyncOpenAI:
        if (client := self._given_client()) is not None:
            return client
        from openai import AsyncOpenAI, OpenAIError

        try:
            self._client = AsyncOpenAI(
                api_key=self._api_key or openai_defaults.default_openai_key(),
                base_url=self._base_url,
                organization=self._organization,
                project=self._project,
                http_client=openai_defaults.shared_http_client(),
            )
        except OpenAIError as error:
            if self.has_credentials():
                raise
            raise OpenAIError(self._missing_key(model_name)) from error
        return self._client

    def _missing_key(self, model_name: str) -> str:
        if self.has_own_server():
            server = self._base_url or os.environ["OPENAI_BASE_URL"]
            return (
                f"No API key for model {model_name!r} at {server}. "
                "Set OPENAI_API_KEY; a server that checks no key takes any text, such as OPENAI_API_KEY=none."
            )
        return (
            f"No API key for model {model_name!r}. Set OPENAI_API_KEY, call set_default_openai_key(...), or pass "
            "a client. To try an agent without a key, give it the built-in demo model: model=agentcell.DemoModel()."
        )
