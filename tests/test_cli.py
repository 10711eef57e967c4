"""The command line: what it parses, which notebook it opens, and what `agentcell demo` shows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentcell import __version__, cli
from agentcell.cli import CommandError, lab_command, lab_environment, main, notebook_to_open, parse

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
ROOT = Path(__file__).parent.parent


def test_demo_options() -> None:
    options = parse(["demo", "What now?", "--speed", "2.5"])
    assert (options.command, options.prompt, options.speed) == ("demo", "What now?", 2.5)
    assert parse(["demo"]).prompt is None


def test_lab_options_and_what_goes_to_jupyter() -> None:
    options = parse(
        ["lab", "--no-browser", "--port", "9999", "--dir", "x", "--", "--ServerApp.ip=127.0.0.1", "--", "y"]
    )
    assert (options.no_browser, options.port, options.dir) == (True, 9999, Path("x"))
    assert options.extra == ["--ServerApp.ip=127.0.0.1", "--", "y"]
    assert parse(["lab"]).extra == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["demo", "--speed", "-1"], ["demo", "--speed", "nan"], ["demo", "a", "b"], ["demo", "--", "x"]],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(arguments)
    assert caught.value.code == 2
    assert "usage: agentcell" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"agentcell {__version__}\n"


def test_an_empty_prompt_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "  "]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "agentcell: the prompt is empty; give it as one quoted argument, or leave it out"
    ]


def test_lab_command(tmp_path: Path) -> None:
    notebook = tmp_path / "notebooks" / "01-first-run.ipynb"
    opened = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={tmp_path}",
        "--LabApp.default_url=/lab/tree/notebooks/01-first-run.ipynb",
    ]
    assert lab_command(tmp_path, notebook) == opened
    more = lab_command(tmp_path, notebook, no_browser=True, port=9999, extra=["--debug"])
    assert more == [*opened, "--no-browser", "--ServerApp.port=9999", "--debug"]
    assert lab_command(tmp_path, tmp_path / "a b.ipynb")[-1] == "--LabApp.default_url=/lab/tree/a%20b.ipynb"


def test_the_server_runs_in_a_folder_given_by_its_relative_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = lab_command(Path(), Path("notebooks/01-first-run.ipynb"))
    assert f"--ServerApp.root_dir={tmp_path}" in command


@pytest.mark.parametrize(
    ("given", "demo"),
    [
        ({}, "1"),
        ({"PATH": "/bin"}, "1"),
        ({"OPENAI_API_KEY": ""}, "1"),
        ({"OPENAI_API_KEY": "k"}, None),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, None),
        ({"AGENTCELL_DEMO": "0"}, "0"),
        ({"AGENTCELL_DEMO": "1", "OPENAI_API_KEY": "k"}, "1"),
    ],
)
def test_the_servers_environment_asks_for_the_demo_model_only_when_nothing_else_is_wished(
    given: dict[str, str], demo: str | None
) -> None:
    made = lab_environment(given)
    assert made.get("AGENTCELL_DEMO") == demo
    assert {k: v for k, v in made.items() if k != "AGENTCELL_DEMO"} == {
        k: v for k, v in given.items() if k != "AGENTCELL_DEMO"
    }


def packaged(folder: Path) -> Path:
    source = folder / "packaged"
    (source / "data").mkdir(parents=True)
    (source / "01-first-run.ipynb").write_text("new")
    (source / "02-next.ipynb").write_text("next")
    (source / "data" / "table.csv").write_text("a,b")
    (source / ".ipynb_checkpoints").mkdir()
    (source / ".ipynb_checkpoints" / "old.ipynb").write_text("old")
    return source


def test_the_notebook_of_a_checkout_is_opened_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    own = tmp_path / "notebooks" / "01-first-run.ipynb"
    own.write_text("{}")
    assert notebook_to_open(tmp_path) == own
    assert not (tmp_path / "agentcell-notebooks").exists()


def test_elsewhere_the_packaged_notebooks_are_copied_and_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = packaged(tmp_path)
    monkeypatch.setattr(cli, "_packaged_notebooks", lambda: source)
    work = tmp_path / "work"
    copies = work / "agentcell-notebooks"
    copies.mkdir(parents=True)
    (copies / "02-next.ipynb").write_text("edited by hand")
    assert notebook_to_open(work) == copies / "01-first-run.ipynb"
    assert (copies / "01-first-run.ipynb").read_text() == "new"
    assert (copies / "02-next.ipynb").read_text() == "edited by hand"
    assert (copies / "data" / "table.csv").read_text() == "a,b"
    assert not (copies / ".ipynb_checkpoints").exists()
    (copies / "01-first-run.ipynb").write_text("edited too")
    notebook_to_open(work)
    assert (copies / "01-first-run.ipynb").read_text() == "edited too"


def test_an_unrelated_notebooks_folder_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = packaged(tmp_path)
    monkeypatch.setattr(cli, "_packaged_notebooks", lambda: source)
    work = tmp_path / "work"
    (work / "notebooks").mkdir(parents=True)
    (work / "notebooks" / "mine.ipynb").write_text("{}")
    assert notebook_to_open(work).parent == work / "agentcell-notebooks"
    assert [p.name for p in (work / "notebooks").iterdir()] == ["mine.ipynb"]


def test_a_checkout_serves_its_own_notebooks_as_the_packaged_ones(tmp_path: Path) -> None:
    opened = notebook_to_open(tmp_path)
    assert opened == tmp_path / "agentcell-notebooks" / "01-first-run.ipynb"
    assert opened.read_bytes() == (ROOT / "notebooks" / "01-first-run.ipynb").read_bytes()


def test_what_lab_cannot_do_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="--dir takes a folder that exists, got"):
        notebook_to_open(tmp_path / "missing")
    (tmp_path / "agentcell-notebooks").write_text("a file in the way")
    with pytest.raises(CommandError, match="cannot copy the notebooks to"):
        notebook_to_open(tmp_path)
    monkeypatch.setattr(cli, "_packaged_notebooks", lambda: None)
    with pytest.raises(CommandError, match=r"pip install 'agentcell\[lab\]'"):
        notebook_to_open(tmp_path)
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    assert main(["lab"]) == 1
    assert capsys.readouterr().err == (
        "agentcell: JupyterLab is not installed; install it with: pip install 'agentcell[lab]'\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be replaced there")
def test_lab_becomes_jupyter_with_the_notebook_as_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []

    def execve(path: str, command: list[str], environment: dict[str, str]) -> None:
        assert path == sys.executable
        started.append((command, environment))
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.os, "execve", execve)
    monkeypatch.setattr(cli, "find_spec", lambda name: object())
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert main(["lab", "--no-browser", "--dir", str(tmp_path), "--", "--debug"]) == 130
    [(command, environment)] = started
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert command[3:] == [
        f"--ServerApp.root_dir={tmp_path}",
        "--LabApp.default_url=/lab/tree/agentcell-notebooks/01-first-run.ipynb",
        "--no-browser",
        "--debug",
    ]
    assert environment["AGENTCELL_DEMO"] == "1"


def command_line(*arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen(
        [sys.executable, "-m", "agentcell", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever runs the tests in the background has interrupts ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_demo_in_a_pipe_shows_tools_handoff_and_what_answers() -> None:
    process = command_line("demo", "--speed", "0")
    out, errors = process.communicate(timeout=60)
    text = out.decode()
    assert (process.returncode, errors.decode()) == (0, "")
    assert not CONTROL.search(text)
    assert "demo model: rules, not an LLM" in text
    assert "Handoff: Triage -> Weather" in text
    assert 'get_weather(city="Oslo")' in text
    assert 'get_weather(city="Lisbon")' in text
    assert 'packing_list(city="Oslo")' in text
    assert "made up" in text
    assert "Done" in text.splitlines()[-1]


def test_demo_takes_a_prompt() -> None:
    process = command_line("demo", "What is the weather in Nairobi?", "--speed", "0")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert 'get_weather(city="Nairobi")' in out.decode()
    assert "packing_list(" not in out.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_stops_the_demo_and_says_so() -> None:
    process = command_line("demo", "--speed", "0.05")
    assert process.stdout is not None and process.stderr is not None
    begun = b""
    while b"demo model" not in begun:
        begun += process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped" in out.decode().splitlines()[-1]
    assert errors == b""


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    process = command_line("demo", "--speed", "1")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=30) == 1
    process.stderr.close()
