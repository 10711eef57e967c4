"""`RunWidget`: the bridge between one live view and the page.

Python makes the HTML and keeps the truth; the page (`render/assets/run.js`) applies operations. Each frame is one
custom message with a sequence number, so a page that missed one asks for a snapshot. The trait `snapshot` is not
assigned while the run streams: it is written out only when a page asks for the model's state, which is when a view is
opened or the page is reloaded. Messages from the page are untrusted input: their shape and size are checked, and all
they can do is to ask for a snapshot or for one of the named actions.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from ..render.live import LiveRenderer
from ..view.model import RunView

WIRE_VERSION = 1
"""The version of the messages between kernel and page."""
LARGEST_MESSAGE = 4096
"""Characters of the largest message that a page may send."""

LONGEST_FRAME = 60_000
"""Milliseconds that a page may say a frame has taken."""

_ASSETS = files("agentcell.render") / "assets"


class RunWidget(anywidget.AnyWidget):
    """One live view of one run."""

    _esm = (_ASSETS / "run.js").read_text(encoding="utf-8")
    _css = (_ASSETS / "run.css").read_text(encoding="utf-8")

    snapshot: traitlets.Dict[str, Any] = traitlets.Dict().tag(
        sync=True, to_json=lambda _value, widget: widget.current()
    )
    """The page as it is now: `{"seq": n, "html": "..."}`."""

    def __init__(self, view: RunView, actions: dict[str, Callable[[], None]]) -> None:
        self.renderer: LiveRenderer = LiveRenderer()
        """Makes the operations, and keeps the Markdown for the record."""
        self._actions = actions
        self.on_slow: Callable[[float], None] = lambda seconds: None
        """Called when the page says how many seconds a frame has taken it."""
        self._frames = 0
        self._asked = 0
        self.renderer.update(view)
        super().__init__()
        self._asked = 0
        self.on_msg(self._received)

    @property
    def reopened(self) -> bool:
        """Whether a page has asked for the model's state: it was loaded anew while the run went on.

        Such a page knows the model but no display ids, so the record would not reach it.
        """
        return self._asked > 0

    def current(self) -> dict[str, Any]:
        """The snapshot of this moment."""
        self._asked += 1
        return {"seq": self._frames, "html": self.renderer.snapshot()}

    def show(self, view: RunView) -> None:
        """Bring the page to `view` with one message, if anything has changed."""
        operations = self.renderer.update(view)
        if operations:
            self._frames += 1
            self.send({"v": WIRE_VERSION, "t": "frame", "seq": self._frames, "ops": operations})

    def finish(self) -> None:
        """Tell the page the last sequence number, so that a lost last frame is noticed."""
        self.send({"v": WIRE_VERSION, "t": "end", "seq": self._frames})

    def discard(self) -> None:
        """Close the model; what is left of its state holds no text of the run and no code."""
        self._actions = {}
        self.renderer = LiveRenderer()
        self._frames = 0
        self.snapshot = {}
        self.close()

    def _received(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """A message from the page."""
        if not isinstance(message, dict) or message.get("v") != WIRE_VERSION or len(str(message)) > LARGEST_MESSAGE:
            return
        match message.get("t"):
            case "resync":
                self.send({"v": WIRE_VERSION, "t": "snap", "seq": self._frames, "html": self.renderer.snapshot()})
            case "slow":
                spent = message.get("ms")
                if isinstance(spent, (int, float)) and 0 <= spent < LONGEST_FRAME:
                    self.on_slow(spent / 1000)
            case "do":
                action = self._actions.get(str(message.get("do")))
                if action is not None:
                    action()
