"""Test doubles for agents: a scripted model, and a server that answers the real client from a script.

Everything resolves on first use, so that a server process starts without loading the runner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .loopback import LoopbackServer, RecordedRequest
    from .scripted import (
        InvalidModelStep,
        ModelCall,
        ModelScriptError,
        ModelStep,
        ModelStepSpec,
        ScriptedModel,
        UnconsumedModelSteps,
        UnexpectedModelCall,
        assistant_message,
        function_call,
    )
    from .strict import assert_sendable
    from .turns import HttpError, Turn

__all__ = [
    "HttpError",
    "InvalidModelStep",
    "LoopbackServer",
    "ModelCall",
    "ModelScriptError",
    "ModelStep",
    "ModelStepSpec",
    "RecordedRequest",
    "ScriptedModel",
    "Turn",
    "UnconsumedModelSteps",
    "UnexpectedModelCall",
    "assert_sendable",
    "assistant_message",
    "function_call",
]

_ELSEWHERE = {
    "HttpError": "turns",
    "LoopbackServer": "loopback",
    "RecordedRequest": "loopback",
    "Turn": "turns",
    "assert_sendable": "strict",
}
"""The module of a name that is not in `scripted`."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'scripted')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
