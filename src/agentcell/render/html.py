"""A run as HTML: one small tree of nodes, written with one of two skins.

    RunView -> tree of Node -> live skin     classes, keys and data attributes; run.css and run.js bring it to life
                           '-> record skin   inline styles only; no class, key, button or script, for any reader

Both skins write the same text in the same structure. The tree is made of our own tags and classes; everything that
comes from a model, a tool or a user is a `str` in it and passes `render.escape`, or is Markdown that `render.markdown`
has made safe. Elements that have a key can be changed later by their key (`render.live`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Union

from ..view.model import Block, HandoffMark, Notice, RunView, TextBlock, ToolCard, TurnHead
from . import escape
from .markdown import MarkdownFold
from .record_styles import CODE_IN_PRE, MARKDOWN_STYLES, STYLES


class MarkdownBody:
    """Rendered Markdown inside a tree: the fold's own HTML, which grows by the fold's operations."""

    __slots__ = ("fold",)

    def __init__(self, fold: MarkdownFold) -> None:
        self.fold: MarkdownFold = fold
        """Where the HTML comes from."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MarkdownBody) and other.fold is self.fold

    __hash__: ClassVar[None] = None  # type: ignore[assignment]


@dataclass(slots=True)
class Node:
    """One element."""

    tag: str
    """The element's name."""
    kind: str = ""
    """Our class, without the prefix; it decides the look in both skins."""
    children: list[Child] = field(default_factory=list)
    """What is inside."""
    key: str | None = None
    """The name by which the element can be changed."""
    mods: tuple[str, ...] = ()
    """States of the element, as more classes."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Attributes of both skins, such as `title` and `open`."""
    live: dict[str, str] = field(default_factory=dict)
    """Attributes of the live skin alone, such as `data-tick`."""
    live_only: bool = False
    """Whether the record leaves the element out."""


Child = Union[Node, MarkdownBody, str]
"""What can be inside a node."""


def el(tag: str, kind: str = "", *children: Child, key: str | None = None, mods: Iterable[str] = ()) -> Node:
    """A node, written shortly."""
    return Node(tag, kind, list(children), key=key, mods=tuple(mods))


@dataclass(frozen=True)
class Skin:
    """How a tree is written."""

    attributes: Callable[[Node], dict[str, str]]
    """The attributes of an element."""
    markdown: Callable[[str], str]
    """What becomes of Markdown's HTML."""
    buttons: bool
    """Whether elements that only live views have are written."""


def live_html(node: Child) -> str:
    """A tree in the live skin."""
    return _write(node, _LIVE)


def record_html(node: Child) -> str:
    """A tree in the record skin."""
    return _write(node, _RECORD)


def _write(node: Child, skin: Skin) -> str:
    if isinstance(node, str):
        return escape.text(node)
    if isinstance(node, MarkdownBody):
        return skin.markdown(node.fold.html)
    if node.live_only and not skin.buttons:
        return ""
    pairs = skin.attributes(node).items()
    written = "".join(f' {name}="{escape.attribute(value)}"' if value else f" {name}" for name, value in pairs)
    inside = "".join(_write(child, skin) for child in node.children)
    return f"<{node.tag}{written}>{inside}</{node.tag}>"


def live_class(node: Node) -> str:
    """The class attribute of a node in the live skin."""
    return " ".join(f"ac-{name}" for name in (node.kind, *node.mods) if name)


def _live_attributes(node: Node) -> dict[str, str]:
    found: dict[str, str] = {}
    if node.kind or node.mods:
        found["class"] = live_class(node)
    if node.key:
        found["data-k"] = node.key
    return {**found, **node.attributes, **node.live}


def _record_attributes(node: Node) -> dict[str, str]:
    names = (node.kind, *(f"{node.kind}.{mod}" for mod in node.mods))
    style = ";".join(s for name in names if (s := STYLES.get(name)))
    return {**({"style": style} if style else {}), **node.attributes}


def _styled_markdown(html: str) -> str:
    """Markdown's HTML with inline styles in the place of classes; in it every `<` begins a tag of our own."""
    plain = html.replace(_CHUNK, "<div>").replace("<pre><code", f'<pre><code style="{CODE_IN_PRE}"')
    return _MARKDOWN_TAG.sub(lambda tag: f'<{tag[1]} style="{MARKDOWN_STYLES[tag[1]]}">', plain)


_CHUNK = '<div class="ac-chunk">'
_MARKDOWN_TAG = re.compile(rf"<({'|'.join(MARKDOWN_STYLES)})>")
_LIVE = Skin(_live_attributes, markdown=str, buttons=True)
_RECORD = Skin(_record_attributes, markdown=_styled_markdown, buttons=False)


STATE_WORDS = {
    "queued": "Queued",
    "thinking": "Thinking",
    "streaming": "Streaming",
    "tools": "Running tools",
    "waiting": "Waiting for you",
    "done": "Done",
    "stopped": "Stopped",
    "failed": "Failed",
    "paused": "Paused",
}
"""How the header says what a run is doing."""

CARD_WORDS = {
    "writing": "writing arguments",
    "called": "waiting",
    "asking": "waiting for approval",
    "running": "running",
    "completed": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "rejected": "not approved",
}
"""How a card says what its call is doing."""

HOW_TO_DECIDE = "The run waits for your decision. In another cell:"
"""What a call that waits in a running run says, before `decisions`."""

CARD_MARKS = {"asking": "?", "completed": "\u2713", "failed": "\u2717", "cancelled": "\u2013", "rejected": "\u2013"}
BRIEF_LENGTH = 72
"""Characters of a card's arguments in its closed form."""
WRITING_TAIL = 400
"""Characters of unfinished arguments that are shown while they are written."""


def decisions(card: ToolCard) -> tuple[str, str]:
    """The two ways to decide about a call that waits in a running run, as Python code."""
    call_id = escape.visible(repr(card.call_id))
    return f"result.approve({call_id})", f"result.reject({call_id}, 'why not')"


def duration(seconds: float) -> str:
    """A time span as people write it: `0.4 s`, `12.3 s`, `2 min 05 s`."""
    tenths = max(0, round(seconds * 10))
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def run_tree(view: RunView, blocks: Iterable[Node]) -> Node:
    """The whole view."""
    root = el("section", "run", header(view), el("div", "prompt", view.prompt, key="p"), key="run", mods=(view.state,))
    root.children.append(el("div", "body", *blocks, key="b"))
    root.attributes["aria-label"] = "agent run"
    return root


def header(view: RunView) -> Node:
    """Who is working, on what, for how long and at what cost, in one line."""
    dot = el("span", "dot", "\u25cf", key="h.dot", mods=(view.state,))
    dot.attributes["aria-hidden"] = "true"
    model = view.label if view.is_demo and view.label else view.model
    head = el(
        "header",
        "head",
        dot,
        el("strong", "state", STATE_WORDS[view.state], key="h.state"),
        el("span", "who", _sep(view.agent), key="h.agent"),
        el("span", "model", _sep(model), key="h.model", mods=("demo",) if view.is_demo else ()),
        _ticking(el("span", "meta", key="h.time"), view.elapsed, ended=view.finished, lead=" \u00b7 "),
        el("span", "meta", _tokens(view), key="h.tokens"),
        key="h",
    )
    stop = el("button", "stop", "Stop", key="h.stop")
    stop.live_only = True
    stop.live.update({"type": "button", "data-do": "stop", "title": "Stop this run now; what was written is kept"})
    if view.finished:
        stop.live["hidden"] = ""
    head.children.append(stop)
    return head


def _sep(text: str) -> str:
    return f" \u00b7 {text}" if text else ""


def _tokens(view: RunView) -> str:
    if not view.input_tokens and not view.output_tokens:
        return ""
    return f" \u00b7 {view.input_tokens:,} in / {view.output_tokens:,} out"


def _ticking(node: Node, seconds: float, *, ended: bool, lead: str = "") -> Node:
    """Show a time span; the page counts on from it until `ended`."""
    if not ended:
        node.live["data-tick"] = str(round(seconds * 1000))
    counter = el("span", "", duration(seconds))
    if ended:
        node.children = [lead + duration(seconds)]
    else:
        counter.live, node.live = node.live, {}
        counter.key, node.children = f"{node.key}.n", [lead, counter]
    return node


def block_tree(block: Block, fold: MarkdownFold | None) -> Node | None:
    """One block of the body; `None` for blocks that have nothing to show."""
    match block:
        case TurnHead():
            if not block.new_agent:
                return None
            return el("div", "turn", el("span", "agent", block.agent), key=block.id)
        case TextBlock():
            return _text_tree(block, fold)
        case ToolCard():
            return _card_tree(block)
        case HandoffMark():
            return _handoff_tree(block)
        case Notice():
            title = el("strong", "", block.title)
            notice = el("div", "notice", title, " \u2014 ", block.text, key=block.id, mods=(block.kind,))
            if block.code:
                notice.children.append(el("pre", "code", block.code))
            return notice


def _text_tree(block: TextBlock, fold: MarkdownFold | None) -> Node:
    body = el("div", "md", *([MarkdownBody(fold)] if fold is not None else []), key=f"{block.id}.md")
    if block.kind == "reasoning":
        said = el("summary", "label", "Thought" if block.done else "Thinking\u2026", key=f"{block.id}.s")
        return el("details", "thought", said, body, key=block.id)
    node = el("div", "refusal" if block.kind == "refusal" else "answer", body, key=block.id)
    if not block.done:
        node.mods = ("open",)
    elif block.cut:
        node.mods = ("cut",)
        node.children.append(el("div", "cut", "\u2026 stopped here; the text above is partial", key=f"{block.id}.cut"))
    return node


def _card_tree(card: ToolCard) -> Node:
    """A call: closed, it says what was asked and how it went; open, it shows everything."""
    mark = CARD_MARKS.get(card.state, "\u25cf")
    time = el("span", "meta", key=f"{card.id}.t")
    if card.started is not None:
        over = card.ended is not None
        time = _ticking(time, (card.ended or card.started) - card.started, ended=over, lead=" \u00b7 ")
    summary = el(
        "summary",
        "title",
        el("span", "mark", mark, key=f"{card.id}.m", mods=(card.state,)),
        " ",
        el("code", "name", escape.visible(card.name)),
        el("span", "brief", f" {_brief(card)}", key=f"{card.id}.b"),
        el("span", "sep", " \u00b7 "),
        el(
            "span",
            "meta",
            CARD_WORDS[card.state],
            key=f"{card.id}.w",
            mods=("asking",) if card.state == "asking" else (),
        ),
        time,
        key=f"{card.id}.s",
    )
    given = "Arguments, changed by a person" if card.edited else "Arguments"
    inside: list[Child] = [summary, _labelled(given, _arguments(card), f"{card.id}.a")]
    if card.state == "asking" and card.live:
        lines = "\n".join(decisions(card))
        inside.append(el("div", "ask", HOW_TO_DECIDE, el("pre", "code", lines), key=f"{card.id}.q"))
    if card.progress and card.state == "running":
        share = f" ({card.fraction:.0%})" if card.fraction is not None else ""
        inside.append(el("div", "progress", f"{card.progress}{share}", key=f"{card.id}.p"))
    if card.output is not None:
        heading = "Sent to the model" if card.state in ("failed", "rejected") else "Result"
        inside.append(_labelled(heading, _pretty(card.output), f"{card.id}.o"))
    if card.error:
        inside.append(_labelled("Error", card.error, f"{card.id}.e", ("failed",)))
    node = Node("details", "card", inside, key=card.id, mods=(card.state,))
    if card.state == "asking":
        node.attributes["open"] = ""
    return node


def _labelled(label: str, text: str, key: str, mods: tuple[str, ...] = ()) -> Node:
    return el("div", "part", el("div", "label", label), el("pre", "code", text, key=f"{key}.c", mods=mods), key=key)


def _arguments(card: ToolCard) -> str:
    if card.state != "writing":
        return escape.visible(_pretty(str(card.arguments) or "{}"))
    written = str(card.arguments)
    return escape.visible(written if len(written) <= WRITING_TAIL else "\u2026" + written[-WRITING_TAIL:])


def _pretty(text: str) -> str:
    """JSON objects and lists indented; anything else as it is."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _brief(card: ToolCard) -> str:
    """The arguments in one short line: `city="Paris", days=3`."""
    written = str(card.arguments)
    try:
        parsed = json.loads(written) if card.state != "writing" else None
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        written = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in parsed.items())
    elif card.state == "writing":
        written = ""
    line = escape.visible(" ".join(written.split()))
    return line if len(line) <= BRIEF_LENGTH else line[: BRIEF_LENGTH - 1] + "\u2026"


def _handoff_tree(mark: HandoffMark) -> Node:
    target = mark.target or mark.name
    words = {"asked": "Handing off", "done": "Handoff", "ignored": "Handoff not followed"}[mark.state]
    node = el(
        "div",
        "handoff",
        el("span", "label", f"{words}: "),
        el("span", "agent", mark.source),
        " \u2192 ",
        el("span", "agent", target),
        key=mark.id,
        mods=(mark.state,),
    )
    passed = str(mark.arguments).strip()
    if passed not in ("", "{}"):
        node.children.append(el("pre", "code", escape.visible(_pretty(passed))))
    return node
