"""The scripted model under the reference's module name; it lives in `agentcell.testing.scripted`."""

from __future__ import annotations

from .scripted import (
    InvalidModelStep,
    ModelCall,
    ModelResponder,
    ModelScriptError,
    ModelScriptItem,
    ModelStep,
    ModelStepReason,
    ModelStepResult,
    ModelStepSpec,
    ModelStreamFactory,
    ScriptedModel,
    UnconsumedModelSteps,
    UnexpectedModelCall,
    assistant_message,
    function_call,
)

__all__ = [
    "InvalidModelStep",
    "ModelCall",
    "ModelResponder",
    "ModelScriptError",
    "ModelScriptItem",
    "ModelStep",
    "ModelStepReason",
    "ModelStepResult",
    "ModelStepSpec",
    "ModelStreamFactory",
    "ScriptedModel",
    "UnconsumedModelSteps",
    "UnexpectedModelCall",
    "assistant_message",
    "function_call",
]
