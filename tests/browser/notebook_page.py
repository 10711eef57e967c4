"""One notebook in one browser window: run cells, read outputs, and see what crossed the wire.

What the page itself must note (websocket frames, growing texts) is noted by `page_probe.js`; this class asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, ConsoleMessage, Error, Locator, Page

_PANEL = "window.jupyterapp.shell.currentWidget"
_OURS = ("blob:", "anywidget", "agentcell")
"""What console errors that concern a widget's module speak of."""
_OF_NOTEBOOK_7 = ("reading 'schema'", "Command 'filebrowser:open-path' not registered.")
"""Errors that Notebook 7 makes by itself when it starts, of plugins that its page of one notebook leaves out: it loads
the settings of one, and lets a file browser that it does not have go to the folder of the notebook."""


class ServerLike(Protocol):
    """What a page needs of its server."""

    root: Path

    def end_kernel(self, name: str) -> None: ...


@dataclass(frozen=True)
class WireMessage:
    """One message from a kernel, as it came in on the websocket."""

    kind: str
    """The message type, for example `comm_msg`."""
    channel: str
    """`iopub`, `shell`, `control` or `stdin`."""
    bytes: int
    """Size of the websocket message."""
    content_bytes: int
    """Size of its content alone."""
    sent: float
    """When the kernel sent it, in seconds since the epoch."""
    comm: str = ""
    """The comm's id, for comm messages."""
    method: str = ""
    """What ipywidgets does with it: `update`, `custom`, `echo_update`."""


@dataclass(frozen=True)
class TextSample:
    """The text of an element at one moment."""

    at: float
    """Milliseconds since the page was opened."""
    length: int
    """UTF-16 units."""
    grew: bool
    """Whether the text before is the beginning of this one."""
    context: str
    """The class attribute of the element around it."""


class NotebookPage:
    """A notebook that is open in a window of its own."""

    def __init__(self, server: ServerLike, page: Page, name: str, url: str) -> None:
        self.name = name
        """The file's name in the server's root."""
        self.errors: list[str] = []
        """Uncaught errors of the page, and what widgets' modules wrote to the console as errors."""
        self.console: list[str] = []
        """Everything on the console."""
        self._server = server
        self._url = url
        self._cdp: CDPSession | None = None
        self.page = page
        """Playwright's page."""
        self.page.set_default_timeout(20_000)
        self.page.on("pageerror", self._fail)
        self.page.on("console", self._hear)

    def _fail(self, error: Error) -> None:
        said = f"{error}\n{error.stack or ''}"
        theirs = any(known in said for known in _OF_NOTEBOOK_7) and "/static/notebook/" in said
        if not theirs:
            self.errors.append(said)

    def _hear(self, message: ConsoleMessage) -> None:
        line = f"{message.type}: {message.text} ({message.location.get('url', '')})"
        self.console.append(line)
        if message.type == "error" and any(word in line for word in _OURS):
            self.errors.append(line)

    # Opening and closing

    def load(self) -> None:
        """Open the notebook and wait until its kernel is idle."""
        self.page.goto(self._url)
        self._wait_loaded()
        self.wait_idle()

    def reload(self) -> None:
        """Reload the page, as a reader does; the kernel goes on, and may be busy."""
        self.page.reload()
        self._wait_loaded()
        self.page.wait_for_function(f"() => {_PANEL}.sessionContext.session?.kernel?.connectionStatus === 'connected'")

    def load_without_kernel(self) -> None:
        """Open the notebook with no kernel, and none to come."""
        self.page.goto(self._url.replace(f"/doc/tree/{self.name}", "/doc"))
        self.page.wait_for_function("() => window.jupyterapp?.restored", timeout=60_000)
        self.page.evaluate(
            """async name => {
              const app = window.jupyterapp;
              await app.restored;
              const kernelPreference = { shouldStart: false, canStart: false, autoStartDefault: false };
              await app.commands.execute("docmanager:open", { path: name, factory: "Notebook", kernelPreference });
            }""",
            self.name,
        )
        self._wait_loaded()

    def _wait_loaded(self) -> None:
        self.page.wait_for_function(f"() => window.jupyterapp && {_PANEL}?.content?.widgets?.length", timeout=60_000)
        self.page.evaluate(f"async () => {{ await {_PANEL}.context.ready; await {_PANEL}.revealed }}")

    def close(self) -> None:
        """Close the window and end the kernel."""
        with suppress(OSError):
            self._server.end_kernel(self.name)
        self.page.close()

    # Running

    def command(self, name: str, **arguments: Any) -> None:
        """Do a command of JupyterLab and wait for its end."""
        script = "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)"
        self.page.evaluate(script, [name, arguments])

    def write(self, index: int, source: str) -> None:
        """Put other source in a cell."""
        script = f"([index, source]) => {_PANEL}.content.widgets[index].model.sharedModel.setSource(source)"
        self.page.evaluate(script, [index, source])

    def start_command(self, name: str, **arguments: Any) -> None:
        """Begin a command of JupyterLab; `wait_idle` waits for its end."""
        self.page.evaluate("([name, args]) => window.probe.start(name, args)", [name, arguments])

    def select(self, index: int) -> None:
        """Make a cell the active one."""
        self.page.evaluate(
            f"index => {{ const all = {_PANEL}.content; all.deselectAll(); all.activeCellIndex = index }}", index
        )

    def run_cell(self, index: int) -> None:
        """Begin to run one cell."""
        self.select(index)
        self.start_command("notebook:run-cell")

    def run_all(self) -> None:
        """Begin to run all cells."""
        self.start_command("notebook:run-all-cells")

    def interrupt(self) -> None:
        """Interrupt the kernel, as the menu's command does."""
        self.command("notebook:interrupt-kernel")

    def wait_idle(self, timeout: float = 60) -> None:
        """Wait until nothing runs: no command under way, the kernel idle, and no cell marked as running."""
        self.page.wait_for_function(
            f"""() => window.probe.pending === 0
              && {_PANEL}.sessionContext.session?.kernel?.status === "idle"
              && !{_PANEL}.content.widgets.some(cell => cell.promptNode?.textContent?.includes("*"))""",
            timeout=timeout * 1000,
            polling=20,
        )

    def run(self, *indexes: int, timeout: float = 60) -> None:
        """Run cells one after the other and wait for each."""
        for index in indexes:
            self.run_cell(index)
            self.wait_idle(timeout)

    def save(self) -> dict[str, Any]:
        """Save the notebook and return what is in the file."""
        self.command("docmanager:save")
        return json.loads((self._server.root / self.name).read_text())

    # Reading

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of a cell, in the notebook format."""
        return self.page.evaluate(f"index => {_PANEL}.content.widgets[index].model.outputs.toJSON()", index)

    def cell(self, index: int) -> Locator:
        """A cell on the page."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int, selector: str = "") -> Locator:
        """The output area of a cell, or what `selector` finds in it."""
        area = self.cell(index).locator(".jp-Cell-outputArea")
        return area.locator(selector) if selector else area

    def output_text(self, index: int) -> str:
        """The text that a cell's outputs show; empty when there are none."""
        area = self.output(index)
        return area.inner_text().strip() if area.count() else ""

    def screenshot(self, path: Path, first: int, last: int | None = None) -> None:
        """A picture of a cell, or of all cells from `first` to `last`, which must be in view."""
        self.page.mouse.move(0, 0)  # a cell under the pointer shows its toolbar
        if last is None:
            self.cell(first).screenshot(path=path)
            return
        top, bottom = self.cell(first).bounding_box(), self.cell(last).bounding_box()
        assert top is not None and bottom is not None
        height = bottom["y"] + bottom["height"] - top["y"]
        self.page.screenshot(path=path, clip={**top, "height": height})

    # Looks

    def set_theme(self, name: str) -> None:
        """Change the theme and wait until it is there: `JupyterLab Light` or `JupyterLab Dark`."""
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        # Lab covers the page while it fetches a theme.
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def set_width(self, width: int) -> None:
        """Change the width of the window, in CSS pixels."""
        size = self.page.viewport_size
        self.page.set_viewport_size({"width": width, "height": size["height"] if size else 900})

    # Measuring

    def wire(self, since: int = 0) -> list[WireMessage]:
        """The messages that came from kernels, from number `since` on."""
        noted, errors = self.page.evaluate("since => [window.probe.wire.slice(since), window.probe.errors]", since)
        assert not errors, errors
        return [WireMessage(**entry) for entry in noted]

    def wire_length(self) -> int:
        """How many messages have come from kernels so far."""
        return self.page.evaluate("() => window.probe.wire.length")

    def watch(self, name: str, selector: str, within: str = "") -> None:
        """From now on note every change of the text of `selector`, and the classes of the `within` around it."""
        self.page.evaluate("args => window.probe.watch(...args)", [name, selector, within])

    def texts(self, name: str) -> list[TextSample]:
        """What `watch` has noted."""
        return [TextSample(*sample) for sample in self.page.evaluate("name => window.probe.texts[name]", name)]

    def cpu(self) -> dict[str, float]:
        """CPU seconds of the page's main thread since the first call, by kind: `TaskDuration`, `LayoutDuration`, ..."""
        if self._cdp is None:
            # Counting begins here and lasts as long as the session.
            self._cdp = self.page.context.new_cdp_session(self.page)
            self._cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        metrics = self._cdp.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in metrics if metric["name"].endswith("Duration")}


def busiest_second(messages: Iterable[WireMessage]) -> int:
    """The most messages that a kernel sent within any one second."""
    times = sorted(message.sent for message in messages)
    first, most = 0, 0
    for last, time in enumerate(times):
        while time - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most
