"""`RunWidget`: the bridge between one live view and the page.

Python makes the HTML and keeps the truth; the page (`render/assets/run.js`) applies operations. Each frame is one
custom message with a sequence number, so a page that missed one asks for a snapshot. The trait `snapshot` is not
assigned while the run streams: it is written out only when a page asks for the model's state, which is when a view is
opened or the page is reloaded. Messages from the page are untrusted input: `page_messages` reads them, `answering`
carries them out.

A kernel may answer a page in another thread than the one that runs the agent (ipykernel 7 has subshells for that), so
whatever pairs the page with its sequence number holds a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from ..render.live import LiveRenderer
from ..view.model import RunView
from .page_messages import WIRE_VERSION, AddInput, Decide, Folded, PageMessage, Refused, Resume, Resync, Slow, read

_ASSETS = files("agentcell.render") / "assets"

MOST_FOLDED = 1000
"""Elements of one view whose opening and closing is remembered."""


class RunWidget(anywidget.AnyWidget):
    """One live view of one run."""

    _esm = (_ASSETS / "run.js").read_text(encoding="utf-8")
    _css = (_ASSETS / "run.css").read_text(encoding="utf-8")

    snapshot: traitlets.Dict[str, Any] = traitlets.Dict().tag(
        sync=True, to_json=lambda _value, widget: widget.current()
    )
    """The page as it is now: `{"seq": n, "html": "..."}`."""

    def __init__(
        self, view: RunView, act: Callable[[PageMessage], str], closed: Callable[[], None] | None = None
    ) -> None:
        self.renderer: LiveRenderer = LiveRenderer()
        """Makes the operations, and keeps the Markdown for the record."""
        self.on_slow: Callable[[float], None] = lambda seconds: None
        """Called when the page says how many seconds a frame has taken it."""
        self.folded: dict[str, bool] = {}
        """Whether somebody has opened or closed an element, by its key."""
        self._act: Callable[[PageMessage], str] | None = act
        self._closed = closed
        self._frames = 0
        self._asked = 0
        self._exact = threading.RLock()
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
        with self._exact:
            self._asked += 1
            return {"seq": self._frames, "html": self.renderer.snapshot()}

    def show(self, view: RunView) -> None:
        """Bring the page to `view` with one message, if anything has changed."""
        with self._exact:
            operations = self.renderer.update(view)
            if operations:
                self._frames += 1
                self.send({"v": WIRE_VERSION, "t": "frame", "seq": self._frames, "ops": operations})

    def finish(self) -> None:
        """Tell the page the last sequence number, so that a lost last frame is noticed."""
        self.send({"v": WIRE_VERSION, "t": "end", "seq": self._frames})

    def discard(self) -> None:
        """Close the model; what is left of its state holds no text of the run and no code."""
        self._act = self._closed = None
        with self._exact:
            self.renderer = LiveRenderer()
            self._frames = 0
        self.snapshot = {}
        self.close()

    def _received(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """A message from the page; it may come in any thread."""
        asked = read(message)
        if isinstance(asked, Resync):
            with self._exact:
                self.send({"v": WIRE_VERSION, "t": "snap", "seq": self._frames, "html": self.renderer.snapshot()})
        elif isinstance(asked, Slow):
            self.on_slow(asked.seconds)
        elif isinstance(asked, Folded):
            if asked.key in self.folded or len(self.folded) < MOST_FOLDED:
                self.folded[asked.key] = asked.open
        elif asked is not None and self._act is not None:
            told = self._act(asked)
            if isinstance(asked, (AddInput, Decide, Refused, Resume)):
                self.send({"v": WIRE_VERSION, "t": "note", "key": asked.key, "text": told})

    def close(self) -> None:
        """Close the model; a live view becomes a record then."""
        closed, self._closed = self._closed, None
        if closed is not None:
            closed()
        super().close()
