"""A run as a tree of elements (`render.nodes`): the header and the blocks of the body."""

from __future__ import annotations

from ..view.model import Block, HandoffMark, Notice, RunView, TextBlock, ToolCard, TurnHead
from . import escape
from .card import card_tree, pretty, ticking
from .nodes import Body, Node, el
from .words import STATE_WORDS


def run_tree(view: RunView, blocks: Body | None) -> Node:
    """The whole view; `blocks` are what stands in its body."""
    root = el("section", "run", header(view), el("div", "prompt", view.prompt, key="p"), key="run", mods=(view.state,))
    root.children.append(el("div", "body", *([] if blocks is None else [blocks]), key="b"))
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
        ticking(el("span", "meta", key="h.time"), view.elapsed, ended=view.finished, lead=" \u00b7 "),
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


def block_tree(block: Block, body: Body | None) -> Node | None:
    """One block of the body, with the part of it that grows; `None` for blocks that have nothing to show."""
    match block:
        case TurnHead():
            if not block.new_agent:
                return None
            return el("div", "turn", el("span", "agent", block.agent), key=block.id)
        case TextBlock():
            return _text_tree(block, body)
        case ToolCard():
            return card_tree(block, body)
        case HandoffMark():
            return _handoff_tree(block)
        case Notice():
            title = el("strong", "", block.title)
            notice = el("div", "notice", title, " \u2014 ", block.text, key=block.id, mods=(block.kind,))
            if block.code:
                notice.children.append(el("pre", "code", block.code))
            return notice


def _text_tree(block: TextBlock, text: Body | None) -> Node:
    body = el("div", "md", *([] if text is None else [text]), key=f"{block.id}.md")
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
        node.children.append(el("pre", "code", escape.visible(pretty(passed))))
    return node
