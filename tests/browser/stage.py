"""One notebook in which scene after scene is played, because opening one takes longer than most scenes.

with Stage(lab, "notebook7") as stage:
    output = stage.play("run = Runner.run_streamed(agent, 'Hi.')\\nrun", "an answer")
    output.get_by_text("an answer").wait_for()
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentcell.testing import LoopbackServer
from agentcell.testing.turns import TurnLike

from .lab import Lab
from .scenes import connected

if TYPE_CHECKING:
    from playwright.sync_api import Locator

SCENE = 1
"""The cell that is played in."""
ASIDE = 2
"""A cell after it."""
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
"""The themes that both front ends have."""
ALL_PICTURES = os.environ.get("AGENTCELL_PICTURES") == "1"
"""Whether pictures are taken of everything in both themes and two widths."""
HARD_TO_READ = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
"""The visible texts of an element whose contrast is less than WCAG's level AA asks for."""
PRICE = 'from agentcell import set_price\nset_price("loopback", input=100, output=400)'
"""Lets runs say what they cost."""


class Stage:
    """A notebook with a model server; each scene brings its own answers."""

    def __init__(self, lab: Lab, front_end: str) -> None:
        self.front_end = front_end
        """`lab` or `notebook7`."""
        self._turns: list[TurnLike] = []
        self.server = LoopbackServer(self._next).start()
        """The server, which takes its answers from `play`."""
        self.notebook = lab.open([connected(self.server) + PRICE, "", ""], front_end=front_end, height=2400)
        """The notebook."""

    def __enter__(self) -> Stage:
        self.notebook.run(0)
        return self

    def __exit__(self, *exc: object) -> None:
        self.notebook.close()
        self.server.stop()

    def _next(self, request: dict[str, Any]) -> TurnLike:
        return self._turns.pop(0)

    def play(self, cell: str, *turns: TurnLike) -> Locator:
        """Begin a scene: run its cell with its answers; returns what the cell shows."""
        self.notebook.wait_idle()
        self._turns[:] = turns
        self.notebook.write(SCENE, cell)
        self.notebook.run_cell(SCENE)
        return self.notebook.output(SCENE)

    def aside(self, cell: str) -> Locator:
        """Begin to run something in the cell after the scene."""
        self.notebook.write(ASIDE, cell)
        self.notebook.run_cell(ASIDE)
        return self.notebook.output(ASIDE)

    def record(self) -> Locator:
        """Wait until the scene is over and its record stands there; returns that."""
        found = self.notebook.output(SCENE, "section:not(.ac-run)")
        found.wait_for()
        self.notebook.wait_idle()
        return found

    def look(self, folder: Path, name: str) -> None:
        """Take a picture of the scene; in JupyterLab also see that all of its text can be read in both themes.

        With AGENTCELL_PICTURES=1 there are pictures in both themes and two widths.
        """
        if self.front_end != "lab":
            self.notebook.screenshot(folder / f"item-{name}-{self.front_end}.png", SCENE)
            return
        self.notebook.page.emulate_media(reduced_motion="reduce")  # what pulses is pale for a moment
        try:
            for theme in reversed(THEMES):
                self.notebook.set_theme(THEMES[theme])
                hard = self.notebook.output(SCENE).evaluate(HARD_TO_READ)
                assert not hard, f"{name} in the {theme} theme:\n" + "\n".join(hard)
                for width in (1200, 480) if ALL_PICTURES else (1200,):
                    if ALL_PICTURES:
                        self.notebook.set_width(width)
                    self.notebook.screenshot(folder / f"item-{name}-{theme}-{width}.png", SCENE)
        finally:
            self.notebook.page.emulate_media(reduced_motion="no-preference")
            self.notebook.set_width(1200)
            self.notebook.set_theme(THEMES["light"])
