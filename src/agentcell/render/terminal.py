"""A run in a terminal, through rich.

What is settled is printed once and scrolls away like any output: the header, a line for each agent, call and handoff,
and the parts of the answer that no further text can change. Only the open end of a text, arguments that are being
written and a status line are drawn again; they stand in a transient `rich.live.Live`, which exists only while the model
is at work, never while a tool runs. Where the output is not a terminal the same lines are written as plain text.

Everything that came from a model or a tool passes `escape.plain` twice: as it comes in, and again in the finished
segments, because Markdown can spell a control character with an entity or a percent sign.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol, assert_never

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from ..view.feed import Feed
from ..view.model import EMPTY, HandoffMark, Notice, RunView, TextBlock, ToolCard, TurnHead
from ..view.patch import changes
from . import escape
from .approval import decision_lines
from .sources import source_lines
from .terminal_text import CleanText, MarkdownTail, Part
from .transcript import ADDRESS_LENGTH
from .value_text import printed_lines, rich_lines
from .values import CHANNELS
from .words import CARD_WORDS, HOW_TO_DECIDE, STATE_WORDS, cost_words, decisions, duration, retry_words

__all__ = ["TerminalRenderer", "run_in_terminal"]

FRAMES_PER_SECOND = 15
"""Frames a second in a terminal, where each redraws the open end of the text."""
CALL_LENGTH = 300
"""Characters of a call's arguments in its first line; `BRIEF_LENGTH` in its second."""
BRIEF_LENGTH = 72
RESULT_LENGTH = 1200
"""Characters of a result that are shown."""
RESULT_LINES = 12
"""Lines of a result that are shown."""

Piece = tuple[str, str]
"""A piece of a line: the text and its style."""

_MARKS = {
    "asking": ("?", "yellow"),
    "completed": ("\u2713", "green"),
    "failed": ("\u2717", "red"),
    "cancelled": ("\u2013", "yellow"),
    "rejected": ("\u2013", "yellow"),
}
_END_MARKS = {
    "done": _MARKS["completed"],
    "failed": _MARKS["failed"],
    "stopped": _MARKS["cancelled"],
    "paused": _MARKS["asking"],
}
_LABELS = {"reasoning": ("Thinking", "dim italic"), "refusal": ("Refused", "red")}
_ASCII = str.maketrans(
    {
        "\u2713": "+",
        "\u2717": "x",
        "\u2013": "-",
        "\u25cf": "*",
        "\u00b7": "|",
        "\u2026": "...",
        "\u27e8": "<",
        "\u27e9": ">",
        "\u2022": "*",
        "\u203a": ">",
        "\u2502": "|",
        "\u00d7": "x",
    }
)
_parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])


class TerminalRenderer:
    """Prints one run, view by view."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(force_jupyter=False, force_terminal=None if sys.stdout.isatty() else False)
        live = console.is_terminal and not console.is_dumb_terminal
        self._page: _Page = _LivePage(console) if live else _PlainPage(console)
        self._view = EMPTY
        self._texts: dict[str, CleanText] = {}
        self._announced: set[str] = set()
        self._said_header = False
        self._ended = False
        # what a tool writes stands on the terminal already when this is the terminal that it writes to
        seen = console.file in (sys.stdout, sys.stderr)
        self._width = max(40, console.width - 5)
        self._channels = ("log", "warning") if seen else tuple(CHANNELS)

    def update(self, view: RunView) -> None:
        """Bring the terminal from the last view to this one."""
        if self._ended:
            return
        older, self._view = self._view, view
        if view.prompt and not older.prompt:
            self._page.section("prompt")
            for line in escape.plain(view.prompt).splitlines():
                self._page.line([("> ", "dim"), (line, "bold")])
        for before, after in changes(older, view):
            match after:
                case TurnHead():
                    self._turn(before is None, after)
                case TextBlock():
                    self._text(before if isinstance(before, TextBlock) else None, after)
                case ToolCard():
                    self._inside(before if isinstance(before, ToolCard) else None, after)
                    self._card(after)
                case HandoffMark():
                    self._handoff(after)
                case Notice():
                    self._notice(after)
                case _:
                    assert_never(after)
        if view.finished:
            self._end(view)
        elif view.state in ("thinking", "streaming"):
            self._page.show([*_writing(view), self._status(view)])
        else:
            self._page.show(None)

    def finish(self, view: RunView) -> None:
        """Show the last view and let go of the terminal; does nothing the second time."""
        self.update(view)
        self._page.close()
        self._ended = True

    def _end(self, view: RunView) -> None:
        self._page.section("end")
        mark, style = _END_MARKS[view.state]
        self._page.line([(f"{mark} {STATE_WORDS[view.state]}", f"bold {style}"), (_facts(view), "dim")])
        self._page.close()
        self._ended = True

    def _status(self, view: RunView) -> list[Piece]:
        return [("\u25cf ", "cyan"), (STATE_WORDS[view.state], "bold"), (_facts(view), "dim")]

    def _turn(self, is_new: bool, head: TurnHead) -> None:
        if not is_new or not head.new_agent:
            return
        self._page.section("agent")
        pieces = [(f"[{_one_line(head.agent)}]", "bold magenta")]
        if not self._said_header:
            self._said_header = True
            pieces.append((f"  {_one_line(_model_name(self._view))}", "yellow" if self._view.is_demo else "dim"))
        self._page.line(pieces)

    def _text(self, before: TextBlock | None, block: TextBlock) -> None:
        if before is not None and before.done:
            return self._cited(source_lines(before), block)
        clean = self._texts.get(block.id)
        if clean is None:
            clean = self._texts[block.id] = CleanText()
            label, style = _LABELS.get(block.kind, ("", ""))
            self._page.section("text")
            if label:
                self._page.line([(label, style)])
            self._page.open_text(block.id, is_data=block.kind == "data", style=style)
        added = block.text.since(before.text if before is not None else None)
        shown = clean.feed(str(block.text) if added is None else added)
        self._page.grow_text(block.id, shown + clean.end() if block.done else shown)
        if block.done:
            self._page.end_text(block.id)
            self._cited([], block)
            if block.cut:
                self._page.line([("\u2026 stopped here; the text above is partial", "yellow")])

    def _cited(self, shown: list[str], block: TextBlock) -> None:
        """What a text cites, of which some may be shown already."""
        for line in source_lines(block):
            if line not in shown:
                self._page.line([("  ", ""), (_one_line(line, ADDRESS_LENGTH), "dim")])

    def _card(self, card: ToolCard) -> None:
        begun = f"{card.id} began"
        if card.state == "running" and begun not in self._announced:
            self._announced.add(begun)
            self._page.section("calls")
            word = f" \u00b7 {CARD_WORDS['running']}"
            self._page.line([("\u25cf ", "cyan"), *_call(card, CALL_LENGTH), (word, "dim")])
        ended = f"{card.id} asks" if card.state == "asking" else card.id
        if card.state not in _MARKS or ended in self._announced:
            return
        self._announced.add(ended)
        self._page.section("calls")
        mark, style = _MARKS[card.state]
        time = f" \u00b7 {duration(card.ended - card.started)}" if card.ended and card.started is not None else ""
        word = "" if card.state == "completed" else f" \u00b7 {CARD_WORDS[card.state]}"
        limit = BRIEF_LENGTH if begun in self._announced else CALL_LENGTH
        self._page.line([(f"{mark} ", style), *_call(card, limit), (word, style), (time, "dim")])
        if card.edited and card.state != "asking":
            self._page.line([("    ", ""), ("arguments changed by a person", "dim")])
        for line in decision_lines(card) if card.state != "asking" else []:
            self._page.line([("    ", ""), (_one_line(line), "dim")])
        if card.state == "asking" and card.live:
            self._page.line([("    ", ""), (HOW_TO_DECIDE, "yellow")])
            for code in decisions(card):
                self._page.line([("    ", ""), (_one_line(code), "bold")])
        if card.error:
            self._page.line([("    ", ""), (_one_line(card.error, RESULT_LENGTH), "red")])
        for channel, line in _shortened(printed_lines(card, self._channels)):
            self._page.line([("    ", ""), (f"{channel} \u2502 " if channel else "", "dim"), (line, "")])
        for line in _card_result(card, self._width):
            self._page.line([("    ", ""), (line, "dim" if card.error else "")])

    def _inside(self, before: ToolCard | None, card: ToolCard) -> None:
        """The run inside a call, when that has changed: its calls, with the name of the outer one."""
        inner = card.inner
        older = before.inner if before is not None else None
        if inner is None or inner is older:
            return
        for was, now in changes(older or EMPTY, inner):
            match now:
                case ToolCard():
                    named = replace(now, name=f"{card.name} \u203a {now.name}")
                    self._inside(was if isinstance(was, ToolCard) else None, named)
                    self._card(named)
                case HandoffMark():
                    self._handoff(now)
                case Notice():
                    self._notice(now)

    def _handoff(self, mark: HandoffMark) -> None:
        if mark.state == "asked" or mark.id in self._announced:
            return
        self._announced.add(mark.id)
        word = "Handoff" if mark.state == "done" else "Handoff not followed"
        self._page.section("calls")
        target = _one_line(mark.target or mark.name)
        self._page.line([("\u25cf ", "magenta"), (f"{word}: ", ""), (f"{_one_line(mark.source)} -> {target}", "bold")])

    def _notice(self, notice: Notice) -> None:
        said = f"{notice.id} {notice.title}"
        if said in self._announced:
            return
        self._announced.add(said)
        style = {"error": "red", "input": "cyan"}.get(notice.kind, "yellow")
        self._page.section("notice")
        colon = ": " if notice.text else ""
        self._page.line([(f"{_one_line(notice.title)}{colon}", f"bold {style}"), (escape.plain(notice.text), style)])
        if notice.more:
            self._page.line([(_one_line(notice.more), "")])
        for code in notice.code.splitlines():
            self._page.line([("    ", ""), (code, "bold")])


class Streaming(Protocol):
    """The handle of a run: a `RunResultStreaming`, or what `show` gives for one of another library."""

    @property
    def _run(self) -> Any: ...
    def start(self) -> None: ...
    async def aclose(self) -> None: ...


async def run_in_terminal(result: Streaming, console: Console | None = None) -> RunView:
    """Start a run if it has not started, show it until it ends, and return the last view.

    A run that fails shows its error; it is not raised. When the waiting task is cancelled, as Ctrl-C does under
    `asyncio.run`, the run is stopped, what it had written stays, and the cancellation is raised again.
    """
    renderer = TerminalRenderer(console)
    result.start()
    feed = Feed(result._run.log.reader(consumer=False), renderer.update, FRAMES_PER_SECOND)
    showing = asyncio.create_task(feed.run())
    try:
        return await asyncio.shield(showing)
    except BaseException:
        await result.aclose()
        await asyncio.wait([showing])
        raise
    finally:
        renderer.finish(feed.view)


class _Page(Protocol):
    """Where lines and texts go."""

    def section(self, kind: str) -> None: ...
    def line(self, pieces: Iterable[Piece]) -> None: ...
    def open_text(self, text_id: str, *, is_data: bool, style: str) -> None: ...
    def grow_text(self, text_id: str, text: str) -> None: ...
    def end_text(self, text_id: str) -> None: ...
    def show(self, status: Iterable[Iterable[Piece]] | None) -> None: ...
    def close(self) -> None: ...


class _PlainPage:
    """Plain text, written as it comes and never again."""

    def __init__(self, console: Console) -> None:
        self._file = console.file
        self._encoding = console.encoding
        self._last = ""
        self._inside_line = False
        self._begun = False

    def section(self, kind: str) -> None:
        """Leave a line free between things of different kinds."""
        self._end_line()
        if self._last and (kind != self._last or kind in ("agent", "text")):
            self._write("\n")
        self._last = kind

    def line(self, pieces: Iterable[Piece]) -> None:
        """Write one line."""
        self._end_line()
        self._write("".join(text for text, _ in pieces).rstrip() + "\n")

    def open_text(self, text_id: str, *, is_data: bool, style: str) -> None:
        """Begin a text."""
        self._begun = False

    def grow_text(self, text_id: str, text: str) -> None:
        """Write more of a text; blank lines before its first word are left out."""
        text = text if self._begun else text.lstrip("\n")
        if text:
            self._begun, self._inside_line = True, not text.endswith("\n")
            self._write(text)

    def end_text(self, text_id: str) -> None:
        """End a text."""
        self._end_line()

    def show(self, status: Iterable[Iterable[Piece]] | None) -> None:
        """Nothing: only what is settled is written."""

    def close(self) -> None:
        """Leave the cursor at the beginning of a line."""
        self._end_line()

    def _end_line(self) -> None:
        if self._inside_line:
            self._inside_line = False
            self._write("\n")

    def _write(self, text: str) -> None:
        self._file.write(_encodable(text, self._encoding))
        self._file.flush()


class _LivePage:
    """A terminal: settled things are printed, the open end of the texts is drawn again with each frame."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = ""
        self._tails: dict[str, tuple[MarkdownTail, str]] = {}
        self._is_fresh: dict[str, bool] = {}
        self._settled: list[RenderableType] = []
        self._bottom = _Bottom()
        self._live: Live | None = None

    def section(self, kind: str) -> None:
        """Leave a line free between things of different kinds."""
        if self._last and (kind != self._last or kind in ("agent", "text")):
            self._settled.append(Text())
        self._last = kind

    def line(self, pieces: Iterable[Piece]) -> None:
        """Print one line."""
        self._settled.append(_Clean(_line(pieces)))

    def open_text(self, text_id: str, *, is_data: bool, style: str) -> None:
        """Begin a text."""
        self._tails[text_id] = (MarkdownTail(), style)
        self._is_fresh[text_id] = True
        if is_data:
            self.grow_text(text_id, "```json\n")

    def grow_text(self, text_id: str, text: str) -> None:
        """Print what more text has settled."""
        tail, style = self._tails[text_id]
        self._settle(text_id, tail.feed(text), style)

    def end_text(self, text_id: str) -> None:
        """Print the rest of a text."""
        tail, style = self._tails.pop(text_id)
        self._settle(text_id, tail.end(), style)

    def show(self, status: Iterable[Iterable[Piece]] | None) -> None:
        """Print what was settled since the last frame; draw the open texts and `status` below; `None`: nothing."""
        settled, self._settled = self._settled, []
        if status is None:
            self._bottom.inside = Text()
            if self._live is not None:
                self._live.stop()
                self._live = None
            if settled:
                self._console.print(Group(*settled))
            return
        self._bottom.inside = Group(*self._open_texts(), Text(), *map(_line, status))
        if self._live is None:
            if settled:
                self._console.print(Group(*settled))
            self._live = Live(
                self._bottom, console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop"
            )
            self._live.start(refresh=True)
        elif settled:
            self._console.print(Group(*settled))
        else:
            self._live.refresh()

    def close(self) -> None:
        """Let go of the terminal."""
        self.show(None)

    def _open_texts(self) -> Iterable[RenderableType]:
        for text_id, (tail, style) in self._tails.items():
            if tail.source.strip():
                if not tail.continues and not self._is_fresh[text_id]:
                    yield Text()
                yield _Markdown(tail.source, style)

    def _settle(self, text_id: str, parts: Iterable[Part], style: str) -> None:
        for part in parts:
            if not part.continues and not self._is_fresh[text_id]:
                self._settled.append(Text())
            self._is_fresh[text_id] = False
            self._settled.append(_Clean(_Markdown(part.source, style)))


class _Clean:
    """Draws something with every control character removed from its segments."""

    def __init__(self, inside: RenderableType) -> None:
        self.inside = inside

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines(console, options):
            yield from line
            yield Segment.line()

    def lines(self, console: Console, options: ConsoleOptions) -> list[list[Segment]]:
        """The lines, clean."""
        drawn = console.render_lines(self.inside, options.update(height=None), pad=False)
        return [[Segment(_encodable(escape.plain(s.text), console.encoding), s.style) for s in line] for line in drawn]


class _Bottom(_Clean):
    """As much of the end of something as fits on the screen; it can be changed while it is shown."""

    def __init__(self) -> None:
        super().__init__(Text())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for index, line in enumerate(self.lines(console, options)[-max(1, console.height - 2) :]):
            if index:
                yield Segment.line()
            yield from line


class _Markdown:
    """Markdown without HTML, links with their addresses; the source itself where rich cannot draw it."""

    def __init__(self, source: str, style: str = "") -> None:
        self._source = source
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        drawn = Markdown("", code_theme="ansi_dark", style=self._style or "none", hyperlinks=False)
        try:
            drawn.parsed = _parser.parse(self._source)
            lines = console.render_lines(drawn, options, pad=False)
        except Exception:  # whatever a text does to the drawing, it must not end the run
            lines = console.render_lines(Text(self._source, style=self._style), options, pad=False)
        while lines and _is_blank(lines[0]):
            lines.pop(0)
        while lines and _is_blank(lines[-1]):
            lines.pop()
        for index, line in enumerate(lines):
            if index:
                yield Segment.line()
            yield from line


def _is_blank(line: list[Segment]) -> bool:
    return all(not segment.text.strip() for segment in line)


def _line(pieces: Iterable[Piece]) -> RenderableType:
    """A line; what does not fit goes on below its text, not below its mark."""
    assembled = Text(overflow="fold")
    for text, style in pieces:
        assembled.append(text, style or None)
    indent = len(assembled.plain) - len(assembled.plain.lstrip(" "))
    return Padding(assembled[indent:], (0, 0, 0, indent)) if indent else assembled


def _encodable(text: str, encoding: str) -> str:
    """The text in characters that the output has."""
    if encoding.lower().replace("-", "").startswith("utf"):
        return text
    return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)


def _model_name(view: RunView) -> str:
    return (view.label or view.model) if view.is_demo else view.model


def _facts(view: RunView) -> str:
    facts = [_one_line(view.agent), _one_line(_model_name(view))]
    if view.finished:
        facts.append(duration(view.elapsed))
    if view.input_tokens or view.output_tokens:
        facts.append(f"{view.input_tokens:,} in / {view.output_tokens:,} out tokens")
    if view.finished:
        facts += [cost_words(view), retry_words(view)]
    return "".join(f" \u00b7 {fact}" for fact in facts if fact)


def _writing(view: RunView) -> Iterable[list[Piece]]:
    """The calls of the current turn whose arguments are being written."""
    for place in range(len(view.blocks) - 1, -1, -1):
        block = view.blocks[place]
        if isinstance(block, TurnHead):
            return
        if isinstance(block, ToolCard) and block.state == "writing":
            written = " ".join(escape.visible(str(block.arguments)[-BRIEF_LENGTH:]).split())
            yield [("\u25cf ", "cyan"), (_one_line(block.name), "bold"), (f"({written}\u2026", "")]


def _call(card: ToolCard, limit: int) -> list[Piece]:
    """A call as people write it: `get_weather(city="Paris", days=3)`."""
    written = str(card.arguments)
    try:
        parsed = json.loads(written)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        written = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in parsed.items())
    return [(_one_line(card.name), "bold"), (f"({_one_line(written, limit)})", "")]


def _one_line(text: str, limit: int = CALL_LENGTH) -> str:
    line = " ".join(escape.plain(escape.visible(text)).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}\u2026"


def _shortened(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The last lines of what a tool wrote, and how much was before."""
    short = [(channel, line if len(line) <= CALL_LENGTH else f"{line[:CALL_LENGTH]}\u2026") for channel, line in lines]
    left = len(lines) - RESULT_LINES
    return short if left <= 1 else [("", f"\u2026 {left:,} lines before"), *short[-RESULT_LINES:]]


def _card_result(card: ToolCard, width: int) -> list[str]:
    """The beginning of what a call has led to, as what it is."""
    if card.state == "cancelled" or card.result is None:
        return _result_lines(card.output if card.state != "cancelled" else None)
    lines = rich_lines(card.result, width)
    left = len(lines) - RESULT_LINES
    return lines if left <= 1 else [*lines[:RESULT_LINES], f"\u2026 {left:,} more lines"]


def _result_lines(output: str | None) -> list[str]:
    """The beginning of a result, and how much of it is not shown."""
    if not output:
        return []
    shown = "\n".join(escape.plain(output[:RESULT_LENGTH]).splitlines()[:RESULT_LINES])
    left = len(output) - len(shown)
    lines = shown.splitlines()
    return [*lines, f"\u2026 {left:,} more characters"] if left > RESULT_LINES else lines
