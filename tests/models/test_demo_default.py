"""The demo model stands in only where it may, and only when nobody chose a model."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from agentcell.models import demo_default, openai_defaults
from agentcell.models.multi_provider import MultiProvider

STAND_IN = object()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_BASE_URL", "OPENAI_DEFAULT_MODEL", "AGENTCELL_DEMO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(openai_defaults, "_key", None)
    monkeypatch.setattr(openai_defaults, "_client", None)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    demo: Any = types.ModuleType("agentcell.models.demo")
    demo.DemoModel = lambda: STAND_IN
    monkeypatch.setitem(sys.modules, "agentcell.models.demo", demo)
    yield
    demo_default.disable()


def in_ipython(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    ipython: Any = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    monkeypatch.setitem(sys.modules, "IPython", ipython)


def test_a_plain_program_does_not_get_it() -> None:
    assert not demo_default.demo_allowed()
    with pytest.raises(openai.OpenAIError):
        MultiProvider().get_model(None)


def test_a_session_gets_it_and_an_imported_library_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    in_ipython(monkeypatch, None)
    assert not demo_default.demo_allowed()
    in_ipython(monkeypatch, object())
    assert MultiProvider().get_model(None) is STAND_IN


def test_our_commands_turn_it_on() -> None:
    demo_default.enable()
    assert MultiProvider().get_model(None) is STAND_IN


@pytest.mark.parametrize(("value", "allowed"), [("1", True), ("yes", True), ("0", False), ("no", False), ("", True)])
def test_the_variable_has_the_last_word(value: str, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    demo_default.enable()
    monkeypatch.setenv("AGENTCELL_DEMO", value)
    assert demo_default.demo_allowed() is allowed
    demo_default.disable()
    assert demo_default.demo_allowed() is (allowed and bool(value))


def test_whatever_was_chosen_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTCELL_DEMO", "1")
    with pytest.raises(openai.OpenAIError):
        MultiProvider().get_model("gpt-4.1")
    assert MultiProvider(openai_api_key="k").get_model(None) is not STAND_IN
    assert MultiProvider(openai_client=openai.AsyncOpenAI(api_key="k")).get_model(None) is not STAND_IN
    with monkeypatch.context() as patch, pytest.raises(openai.OpenAIError):
        patch.setenv("OPENAI_DEFAULT_MODEL", "gpt-4.1")
        MultiProvider().get_model(None)
    with pytest.raises(openai.OpenAIError):
        MultiProvider(openai_base_url="http://127.0.0.1:9/v1").get_model(None)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert MultiProvider().get_model(None) is not STAND_IN


def test_asking_never_imports_ipython() -> None:
    code = "import sys; from agentcell.models.demo_default import demo_allowed; demo_allowed();"
    subprocess.run([sys.executable, "-c", code + "assert 'IPython' not in sys.modules"], check=True)
