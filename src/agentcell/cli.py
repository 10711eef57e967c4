"""The command `agentcell`: `demo` shows a run in the terminal, `lab` opens the first notebook in JupyterLab.

agentcell demo ["prompt"] [--speed X]
agentcell lab [--no-browser] [--port N] [--dir DIR] [-- jupyter arguments]
agentcell version
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from . import __version__

__all__ = ["CommandError", "lab_command", "lab_environment", "main", "notebook_to_open", "parse"]

FIRST_NOTEBOOK = "01-first-run.ipynb"
"""The notebook that `agentcell lab` opens."""
COPIES = "agentcell-notebooks"
"""The folder that the packaged notebooks are copied to."""
INTERRUPTED = 128 + 2
"""The exit status of a command that Ctrl-C ended, as shells say it."""
_KEY_VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL")


class CommandError(Exception):
    """A command cannot do what was asked; the message is one line for the person at the terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for an error, 2 for wrong usage, 130 after Ctrl-C."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        if options.command == "demo":
            return _demo(options.prompt, options.speed)
        if options.command == "lab":
            return _lab(options)
        print(f"agentcell {__version__}")
        return 0
    except CommandError as error:
        print(f"agentcell: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; a second complaint, when Python flushes at its end, helps nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command line; what follows `--` goes to Jupyter. Exits with status 2 for wrong usage."""
    given = list(arguments)
    place = given.index("--") if "--" in given else len(given)
    own, extra = given[:place], given[place + 1 :]
    parser = argparse.ArgumentParser(prog="agentcell", description="Run an AI agent and see everything it does, live.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="demo | lab | version")
    demo = commands.add_parser("demo", help="show a run with tools and a handoff in this terminal; needs no key")
    demo.add_argument("prompt", nargs="?", help="what to ask; has a default")
    demo.add_argument(
        "--speed", type=_speed, default=1.0, help="how fast to write: 1 is a readable pace, 0 does not wait at all"
    )
    lab = commands.add_parser("lab", help="open the first notebook in JupyterLab")
    lab.add_argument("--no-browser", action="store_true", help="start the server and open no browser")
    lab.add_argument("--port", type=int, help="the server's port")
    lab.add_argument("--dir", type=Path, default=Path(), help="where ./notebooks is looked for; default: here")
    commands.add_parser("version", help="print the version")
    options = parser.parse_args(own)
    if extra and options.command != "lab":
        parser.error(f"only `agentcell lab` takes arguments after --, got {extra!r}")
    options.extra = extra
    return options


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not value >= 0:
        raise argparse.ArgumentTypeError(f"expected a number from 0 up, got {text!r}")
    return value


def _demo(prompt: str | None, speed: float) -> int:
    from .demo_agents import DEMO_PROMPT, triage_agent
    from .models.demo import DemoModel
    from .models.demo_default import enable
    from .render.terminal import run_in_terminal
    from .run import Runner

    asked = DEMO_PROMPT if prompt is None else prompt
    if not asked.strip():
        raise CommandError("the prompt is empty; give it as one quoted argument, or leave it out")
    enable()

    async def run() -> int:
        view = await run_in_terminal(Runner.run_streamed(triage_agent(DemoModel(speed=speed)), asked))
        return 0 if view.state == "done" else 1

    return asyncio.run(run())


def _lab(options: argparse.Namespace) -> int:
    if find_spec("jupyterlab") is None:
        raise CommandError("JupyterLab is not installed; install it with: pip install 'agentcell[lab]'")
    notebook = notebook_to_open(options.dir)
    command = lab_command(options.dir, notebook, no_browser=options.no_browser, port=options.port, extra=options.extra)
    environment = lab_environment(os.environ)
    if sys.platform == "win32":
        return subprocess.call(command, env=environment)
    # In this process's place, so that Ctrl-C and every other signal reach the server itself.
    sys.stdout.flush()
    os.execve(command[0], command, environment)


def lab_command(
    folder: Path, notebook: Path, *, no_browser: bool = False, port: int | None = None, extra: Sequence[str] = ()
) -> list[str]:
    """The command that starts JupyterLab in `folder` with `notebook`, which is inside it, as the page to open.

    The notebook is given as the page and not as a file, so that the address which the server prints leads to it too.
    """
    page = quote(f"/lab/tree/{notebook.relative_to(folder).as_posix()}")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}"]
    command.append(f"--LabApp.default_url={page}")
    if no_browser:
        command.append("--no-browser")
    if port is not None:
        command.append(f"--ServerApp.port={port}")
    return [*command, *extra]


def lab_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The server's environment: agents without a model use the demo model, unless a key, a server or a wish is set."""
    wished = any(environment.get(name) for name in ("AGENTCELL_DEMO", *_KEY_VARIABLES))
    return dict(environment) if wished else {**environment, "AGENTCELL_DEMO": "1"}


def notebook_to_open(folder: Path) -> Path:
    """The first notebook: that of `folder`/notebooks in a checkout, else a copy of the packaged one in `folder`.

    Copies go to `agentcell-notebooks`, and files that are there already are left as they are. Raises `CommandError`
    when the folder does not exist or the package has no notebooks.
    """
    if not folder.is_dir():
        raise CommandError(f"--dir takes a folder that exists, got {str(folder)!r}")
    own = folder / "notebooks" / FIRST_NOTEBOOK
    if own.is_file():
        return own
    target = folder / COPIES
    packaged = _packaged_notebooks()
    if packaged is None:
        raise CommandError(
            f"found no {own} and no notebooks in the package; run this in a checkout of agentcell, "
            "or install a wheel: pip install 'agentcell[lab]'"
        )
    try:
        _copy_new(packaged, target)
    except OSError as error:
        raise CommandError(f"cannot copy the notebooks to {target}: {error.strerror or error}") from None
    return target / FIRST_NOTEBOOK


def _packaged_notebooks() -> Traversable | None:
    """The notebooks of the installed package; those of the checkout for an editable install."""
    package = resources.files("agentcell")
    candidates: list[Traversable] = [package / "notebooks"]
    if isinstance(package, Path):
        candidates.append(package.parent.parent / "notebooks")
    return next((found for found in candidates if (found / FIRST_NOTEBOOK).is_file()), None)


def _copy_new(source: Traversable, target: Path) -> None:
    """Copy a folder of the package; what exists stays as it is."""
    target.mkdir(exist_ok=True)
    for entry in source.iterdir():
        copy = target / entry.name
        if entry.is_dir():
            if not entry.name.startswith((".", "__")):
                _copy_new(entry, copy)
        elif not copy.exists():
            with entry.open("rb") as original, copy.open("xb") as written:
                shutil.copyfileobj(original, written)
