"""The README is true: its snippets run, its commands are the ones that exist, its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from agentcell.testing import LoopbackServer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

IPYTHON_SESSION = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
for cell in json.load(sys.stdin):
    if not shell.run_cell(cell, store_history=True).success:
        raise SystemExit(1)
"""


def fenced(language: str) -> list[str]:
    """The README's code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(code: str, given: str = "", **variables: str) -> str:
    """What a program prints, run as a user would."""
    source = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": source, "PYTHONIOENCODING": "utf-8", **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], input=given.encode(), env=environment, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode()


def test_every_python_block_is_tested_here() -> None:
    assert len(fenced("python")) == 5
    assert len(fenced("ipython")) == 3
    assert set(re.findall(r"^```(\w+)", README, re.MULTILINE)) == {"sh", "python", "ipython"}


def test_the_streaming_sample() -> None:
    sample = fenced("python")[0]
    printed = run(sample, AGENTCELL_DEMO="1")
    assert "-- Counter is running\n" in printed
    assert '-- calls count_letters with {"word":"notebook"}' in printed
    assert "-- gets 8\n" in printed or "-- gets '8'\n" in printed
    assert re.search(r"-- said \d+ characters", printed)
    assert printed.count("demo model") == 2, "once as it is written, once as the final output"


def test_the_sample_with_a_server_of_ones_own() -> None:
    sample = fenced("python")[-1]
    with LoopbackServer([["Hello from the server."]]) as server:
        code = sample.replace("http://localhost:11434/v1", server.base_url)
        assert code != sample
        assert run(code) == "Hello from the server.\n"
        assert server.requests[0].body["model"] == "a-model-it-knows"


def test_the_approvals(tmp_path: Path) -> None:
    _, pausing, live, *_ = fenced("python")
    printed = run(pausing, AGENTCELL_DEMO="1", XDG_STATE_HOME=str(tmp_path))
    assert printed.startswith('count_letters wants to run with {"word":"notebook"}\n')
    assert re.search(r"\b8\b", printed)
    assert (tmp_path / "agentcell" / "state.key").is_file(), "the key in a file of yours"
    printed = run(live, AGENTCELL_DEMO="1")
    assert printed.startswith('count_letters waits with {"word":"notebook"}\n')
    assert 'to {"word": "book"}]\n4\n' in printed, "what ran, and that a person changed it"


def test_the_session(tmp_path: Path) -> None:
    sample = fenced("python")[3]
    code = sample.replace("conversations.db", str(tmp_path / "conversations.db"))
    assert run(code, AGENTCELL_DEMO="1").split() == ["user", "assistant"] * 3
    assert code != sample and (tmp_path / "conversations.db").is_file()
    assert run(code, AGENTCELL_DEMO="1").split() == ["user", "assistant"] * 6, "the file is there in the next program"


def test_the_cells_in_ipython() -> None:
    printed = run(IPYTHON_SESSION, json.dumps(fenced("ipython")), AGENTCELL_DEMO="1")
    assert 'get_weather(city="Oslo")' in printed
    assert 'get_weather(city="Lisbon")' in printed
    assert "demo model: rules, not an LLM" in printed
    assert "12 degrees" in printed.split("Done")[-1], "print(run.final_output)"


def test_there_are_exactly_two_set_up_commands() -> None:
    assert fenced("sh") == ["pip install '.[lab]' && agentcell lab\n", "pip install -e '.[test]' && pytest -n auto\n"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"lab", "test"} <= project["optional-dependencies"].keys()
    assert project["scripts"]["agentcell"] == "agentcell.cli:main"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_to_files_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert page != "README.md" or len(targets) >= 4
    for target in targets:
        assert (ROOT / target.split("#")[0]).is_file(), target


def test_the_picture_is_declared_for_both_themes() -> None:
    assert '<source media="(prefers-color-scheme: dark)" srcset="docs/images/first-run-dark.png">' in README
    assert re.search(r'<img src="docs/images/first-run\.png" alt="[^"]{20,}">', README)


def test_the_badge_opens_a_notebook_that_exists() -> None:
    badge = re.search(r"https://mybinder\.org/v2/gh/agentcell/agentcell/HEAD\?urlpath=lab/tree/(\S+)\)", README)
    assert badge is not None
    assert (ROOT / badge[1]).is_file()
    assert badge[0] in (ROOT / badge[1]).read_text(encoding="utf-8")


def test_binder_installs_this_checkout_and_asks_for_the_demo_model() -> None:
    binder = ROOT / "binder"
    lines = (binder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-e .[lab]"]
    assert "export AGENTCELL_DEMO=1" in (binder / "start").read_text(encoding="utf-8")
    for script in ("start", "postBuild"):
        assert os.access(binder / script, os.X_OK), script
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = (binder / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


def test_the_changelog_names_the_version() -> None:
    from agentcell import __version__

    assert __version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
