"""What a page pays to show a big block: `run.js` alone in Chromium, with frames as they would come from a kernel."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from agentcell.render.folds import markdown_operation
from agentcell.render.markdown import MarkdownFold
from tests.browser.lab import CHROMIUM_FLAGS, chromium

from .big_blocks import frames

_ASSETS = files("agentcell.render") / "assets"

SNAPSHOT = (
    '<section class="ac-run ac-streaming" data-k="run"><div class="ac-body" data-k="b">'
    '<div class="ac-answer ac-open" data-k="a"><div class="ac-md" data-k="m"></div></div></div></section>'
)

PAGE = """async ({ source, css, html }) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const widget = (await import(url)).default();
  const model = {
    get: () => ({ seq: 0, html }), off() {}, send() {},
    on: (name, callback) => { if (name === "msg:custom") window.hear = callback; },
  };
  widget.initialize({ model });
  widget.render({ model, el: document.body });
}"""

PLAY = """frames => new Promise((done) => {
  let seq = 0;
  const next = () => {
    if (seq === frames.length) { clearInterval(timer); setTimeout(done, 300); return; }
    window.hear({ v: 1, t: "frame", seq: seq + 1, ops: frames[seq++] });
  };
  const timer = setInterval(next, 33);
})"""


def operations(source: str, frame: int) -> list[list[Any]]:
    """The operations of each frame of a text."""
    fold = MarkdownFold()
    found = [[markdown_operation("m", op) for op in fold.append(piece)] for piece in frames(source, frame)]
    found.append([markdown_operation("m", op) for op in fold.finish()])
    return [ops for ops in found if ops]


class BlockPage:
    """A browser that shows blocks, each in a new page."""

    def __enter__(self) -> BlockPage:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        return self

    def __exit__(self, *exc: object) -> None:
        self._browser.close()
        self._playwright.stop()

    def cost(self, source: str, frame: int = 400) -> float:
        """CPU seconds of the main thread to show a text as it arrives."""
        ops = operations(source, frame)
        page = self._browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(300_000)
        page.set_content("<!doctype html><body></body>")
        code, css = ((_ASSETS / name).read_text(encoding="utf-8") for name in ("run.js", "run.css"))
        page.evaluate(PAGE, {"source": code, "css": css, "html": SNAPSHOT})
        # The frames are in the page before anything is measured.
        handle = page.evaluate_handle("frames => frames", ops)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = _task_seconds(session)
        page.evaluate(PLAY, handle)
        spent = _task_seconds(session) - before
        shown = page.evaluate("() => document.querySelector('.ac-md').textContent.length")
        page.close()
        assert shown > len(source) * 0.6, f"only {shown} characters of {len(source)} are shown"
        return spent


def _task_seconds(session: Any) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")
