"""The kernel's half of the live benchmark: one paced stream of tokens, and the ways to show it.

Every way reads the same events of one model's answer from the same source, at the same pace. The events are made
before anything is measured. What a way costs is the CPU time of the whole kernel while its cell runs.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import anywidget
import traitlets

from agentcell import Agent
from agentcell.models.interface import Model
from agentcell.models.response_events import message_item, response_events, typed

from .big_blocks import text

FRAMES_PER_SECOND = 30
"""Of the ways that join deltas: as many as a run's view may have."""
END = "endmark"
"""The last word of every answer."""
DELTA = "response.output_text.delta"


def tokens(count: int) -> list[str]:
    """So many tokens of about five characters of ordinary Markdown; the last is `END`."""
    pieces = re.findall(r"\s?.{1,5}(?![^\W_])|.{1,5}|\s", text("ordinary Markdown", 8 * count), re.DOTALL)
    return [*pieces[: count - 1], f"\n\n{END}"]


class Source(Model):
    """A model that says its tokens at a certain pace, and gives up after `limit` seconds."""

    model = "paced"

    def __init__(self, count: int, rate: float, limit: float) -> None:
        self.words: list[str] = tokens(count)
        self.text: str = "".join(self.words)
        self.sent = 0
        """Tokens so far."""
        self.last_at = 0.0
        """When the last one was sent, in seconds since the epoch."""
        self._rate, self._limit = rate, limit
        self._events = [
            typed(event)
            for event in response_events(
                [message_item(self.text)], response_id="r", model="paced", pieces=lambda _text: self.words
            )
        ]

    async def events(self) -> AsyncIterator[Any]:
        """The events of the answer, each delta at its moment."""
        start = time.perf_counter()
        for event in self._events:
            if event.type == DELTA:
                wait = start + self.sent / self._rate - time.perf_counter()
                if wait > 0:
                    await asyncio.sleep(wait)
                elif wait < -self._limit:
                    raise TimeoutError
                self.sent += 1
                self.last_at = time.time()
            yield event

    async def deltas(self) -> AsyncIterator[str]:
        """The text of the answer, piece by piece."""
        async for event in self.events():
            if event.type == DELTA:
                yield event.delta

    def stream_response(self, *args: Any, **options: Any) -> AsyncIterator[Any]:
        return self.events()

    async def get_response(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError("this model only streams")


class Deltas(anywidget.AnyWidget):
    """Shows text that arrives as deltas: the page's part is given, and gets each text."""

    draws = traitlets.Unicode().tag(sync=True)
    _esm = """
      export default { async render({ model, el }) {
        const place = document.createElement("div");
        el.append(place);
        const url = URL.createObjectURL(new Blob([model.get("draws")], { type: "text/javascript" }));
        const draw = (await import(url)).default(place);
        model.on("msg:custom", message => draw(message));
        model.send({ ready: true });
      } }"""

    def __init__(self, draws: str) -> None:
        super().__init__(draws=draws)
        self.ready = asyncio.Event()
        self.on_msg(lambda *_: self.ready.set())


PLAIN_TEXT = """
export default place => {
  place.style.whiteSpace = "pre-wrap";
  return message => place.append(message.text);
};"""
"""The least that shows the text."""

MODULE_BESIDE = """
const other = await import(URL.createObjectURL(new Blob([%s], { type: "text/javascript" })));
export default place => {
  const parser = other.parser(other.default_renderer(place));
  return message => {
    other.parser_write(parser, message.text);
    if (message.end) other.parser_end(parser);
  };
};"""
"""The same with a streaming Markdown parser in the page: the source of the `streaming-markdown` module goes in."""


async def coalesced(source: Source, widget: Deltas) -> None:
    """Deltas joined to frames, one custom message each."""
    pending: list[str] = []

    async def send() -> None:
        while True:
            await asyncio.sleep(1 / FRAMES_PER_SECOND)
            if pending:
                widget.send({"text": "".join(pending)})
                pending.clear()

    sending = asyncio.ensure_future(send())
    async for delta in source.deltas():
        pending.append(delta)
    sending.cancel()
    widget.send({"text": "".join(pending), "end": True})


async def update_display(source: Source) -> None:
    """The whole text again for each delta, as a Markdown output."""
    from IPython.display import Markdown, display

    shown = ""
    handle: Any = display(Markdown(shown), display_id=True)
    async for delta in source.deltas():
        shown += delta
        handle.update(Markdown(shown))


async def html_value(source: Source) -> None:
    """The whole text again for each delta, as the value of an `ipywidgets.HTML`."""
    from IPython.display import display
    from ipywidgets import HTML

    shown = HTML()
    display(shown)
    async for delta in source.deltas():
        shown.value += html.escape(delta)


async def rich_live(source: Source) -> None:
    """`rich.live.Live` with Markdown, as its documentation has it."""
    from rich.live import Live
    from rich.markdown import Markdown

    shown = ""
    with Live(vertical_overflow="visible") as live:
        async for delta in source.deltas():
            shown += delta
            live.update(Markdown(shown))


async def object_again(source: Source) -> None:
    """What pydantic-ai-jupyter 0.1.2 does: an object displays itself again for each delta.

    Its MIME bundle has the whole text as Markdown; the formatter adds the object's `repr`, with the text in it too.
    """
    from IPython.display import display
    from pydantic import BaseModel

    class View(BaseModel):
        content: str = ""

        def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
            return {"text/markdown": self.content}

    view, name = View(), str(uuid.uuid4())
    display(view, display_id=name)
    async for delta in source.deltas():
        view.content += delta
        display(view, display_id=name, update=True)


WAYS: dict[str, Callable[[Source], Any]] = {
    "update_display(Markdown)": update_display,
    "HTML.value +=": html_value,
    "rich.Live": rich_live,
    "pydantic-ai-jupyter's way": object_again,
}


class Meter:
    """The kernel's CPU seconds from the beginning of each cell to its end."""

    def __init__(self, shell: Any) -> None:
        self.spent = 0.0
        self._began = 0.0
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def _begin(self, *_: Any) -> None:
        self._began = time.process_time()

    def _end(self, *_: Any) -> None:
        self.spent = time.process_time() - self._began


def said(source: Source, cpu: float, error: str = "") -> str:
    """What the kernel knows, as JSON."""
    return json.dumps(
        {
            "cpu": cpu,
            "sent": source.sent,
            "tokens": len(source.words),
            "last_at": source.last_at,
            "characters": len(source.text),
            "error": error,
        }
    )


def agent(source: Source) -> Agent:
    """An agent that answers with the source's tokens."""
    return Agent(name="Paced", model=source)
