"""Model settings: what they take, how they merge; the reference is compared in parity/test_retry.py."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import typing
from typing import Any

import pytest
from openai.types.shared import Reasoning
from pydantic import TypeAdapter, ValidationError

from agentcell import ModelSettings
from agentcell.model_settings import MCPToolChoice, as_settings
from agentcell.retry import ModelRetrySettings


def test_dictionaries_become_what_they_describe() -> None:
    given: dict[str, Any] = {
        "reasoning": {"effort": "low"},
        "tool_choice": {"server_label": "s", "name": "n"},
        "retry": {"max_retries": 2, "backoff": {"initial_delay": 1}},
        "temperature": "0.5",
    }
    settings = ModelSettings(**given)
    assert settings.reasoning == Reasoning(effort="low")
    assert settings.tool_choice == MCPToolChoice("s", "n")
    assert settings.retry == ModelRetrySettings(max_retries=2, backoff={"initial_delay": 1.0})
    assert settings.temperature == 0.5


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan"), "soon"])
def test_a_time_limit_is_a_number_above_zero(timeout: Any) -> None:
    with pytest.raises(ValidationError, match=r"1 validation error for ModelSettings\ntimeout"):
        ModelSettings(timeout=timeout)


def test_unknown_names(caplog: pytest.LogCaptureFixture) -> None:
    """A keyword is ignored, as in the reference, and the log says so; a dictionary with one is refused."""
    wrong: dict[str, Any] = {"temprature": 1}
    assert ModelSettings(**wrong) == ModelSettings()
    assert "ModelSettings ignores what it does not know: 'temprature'" in caplog.text
    with pytest.raises(TypeError, match="Unknown model settings: temprature"):
        as_settings(wrong)
    with pytest.raises(TypeError, match="model_settings must be a ModelSettings instance or a dict, got int: 3"):
        as_settings(3)


def test_given_objects_are_not_changed() -> None:
    metadata, args = {"a": "b"}, {"x": 1}
    base = ModelSettings(metadata=metadata, extra_args=args)
    base.resolve(ModelSettings(metadata={"c": "d"}, extra_args={"y": 2}))
    assert (metadata, args) == ({"a": "b"}, {"x": 1})
    assert base.extra_args == {"x": 1}


def test_a_subclass_stays_one() -> None:
    class Mine(ModelSettings):
        pass

    assert type(Mine(temperature=1).resolve(ModelSettings(top_p=1))) is Mine


def test_traces_hold_no_extras() -> None:
    settings = ModelSettings(
        extra_headers={"Authorization": "secret"}, extra_body={"k": 1}, extra_query={"q": 1}, extra_args={"a": 1}
    )
    assert "secret" not in repr(settings.to_traceable_dict())
    assert settings.to_json_dict()["extra_headers"] == {"Authorization": "secret"}


def test_settings_travel_and_are_understood_by_tools() -> None:
    settings = ModelSettings(temperature=1, reasoning=Reasoning(effort="low"), retry=ModelRetrySettings(max_retries=1))
    assert pickle.loads(pickle.dumps(settings)) == copy.deepcopy(settings) == settings
    assert typing.get_type_hints(ModelSettings)["reasoning"] == Reasoning | None
    assert TypeAdapter(ModelSettings).validate_python({"top_p": "0.5"}).top_p == 0.5


def test_plain_settings_do_not_load_the_client() -> None:
    code = (
        "import sys; from agentcell.model_settings import ModelSettings; "
        "ModelSettings(temperature=1, tool_choice='auto', timeout=2, retry={'max_retries': 1}, metadata={'a': 'b'}); "
        "sys.exit('openai' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
