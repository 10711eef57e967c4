"""A run as a tree of elements (`render.nodes`): the whole, and the blocks of its body."""

from __future__ import annotations

from ..view.model import Block, HandoffMark, Notice, RunView, TextBlock, ToolCard, TurnHead
from . import escape
from .approval import footer
from .arguments import json_key
from .card import card_tree
from .folds import markdown_key
from .header import header
from .nodes import Body, Growing, Node, el
from .request import turn_tree
from .sources import sources_tree


def run_tree(view: RunView, blocks: Body | None = None, times: Node | None = None) -> Node:
    """The whole view: what stands in its body, and its timeline."""
    body = el("div", "body", *([] if blocks is None else [blocks]), key="b")
    inside = [el("div", "prompt", view.prompt, key="p"), *([] if times is None else [times]), body, footer(view)]
    root = el("section", "run", header(view), el("div", "content", *inside, key="c"), key="run", mods=(view.state,))
    root.attributes["aria-label"] = "agent run"
    return root


def block_tree(block: Block, growing: Growing) -> Node | None:
    """One block of the body; `None` when it shows nothing."""
    match block:
        case TurnHead():
            return turn_tree(block, growing)
        case TextBlock():
            return _text_tree(block, growing.text, growing.json)
        case ToolCard():
            return card_tree(block, growing)
        case HandoffMark():
            return _handoff_tree(block, growing.json)
        case Notice():
            return _notice_tree(block, growing.began)


def _notice_tree(notice: Notice, began: float) -> Node:
    """Something said in words; one that waits for its time counts down."""
    mods = (notice.kind, "pending") if notice.pending else (notice.kind,)
    node = el("div", "notice", el("strong", "", notice.title, key=f"{notice.id}.h"), key=notice.id)
    if notice.text:
        node.children.append(el("span", "said", f" \u2014 {notice.text}", key=f"{notice.id}.t"))
    node.mods = mods
    if notice.pending and notice.until is not None:
        left = el("span", "left", "", key=f"{notice.id}.l")
        left.live["data-left"] = str(round((began + notice.until) * 1000))
        left.live_only = True
        node.children.append(left)
    if notice.kind in ("error", "retry", "silent"):
        node.live["role"] = "alert" if notice.kind == "error" else "status"
    if notice.more:
        node.children.append(el("div", "meta", notice.more, key=f"{notice.id}.m"))
    if notice.code:
        node.children.append(el("pre", "code", notice.code, key=f"{notice.id}.c"))
    return node


def _text_tree(block: TextBlock, text: Body | None, json: Body | None) -> Node:
    if block.kind == "data":
        body = el("div", "json", *([] if json is None else [json]), key=json_key(block.id))
    else:
        body = el("div", "md", *([] if text is None else [text]), key=markdown_key(block.id))
    if block.kind == "reasoning":
        body.mods = ("quiet",)
        said = el("summary", "label", "Thought" if block.done else "Thinking\u2026", key=f"{block.id}.s")
        return el("details", "thought", said, body, key=block.id)
    node = el("div", "refusal" if block.kind == "refusal" else "answer", body, key=block.id)
    node.children += sources_tree(block)
    if not block.done:
        node.mods = ("open",)
    elif block.cut:
        node.mods = ("cut",)
        node.children.append(el("div", "cut", "\u2026 stopped here; the text above is partial", key=f"{block.id}.cut"))
    return node


def _handoff_tree(mark: HandoffMark, json: Body | None) -> Node:
    """A handoff: from, to, and what is passed along."""
    target = mark.target or mark.name
    words = {"asked": "Handing off", "done": "Handoff", "ignored": "Handoff not followed"}[mark.state]
    line = el(
        "div",
        "passing",
        el("span", "label", f"{words}: ", key=f"{mark.id}.w"),
        el("span", "agent", escape.visible(mark.source)),
        " \u2192 ",
        el("span", "agent", escape.visible(target), key=f"{mark.id}.to"),
        key=f"{mark.id}.l",
    )
    if mark.filtered:
        line.children.append(el("span", "label", " \u00b7 with a filtered history", key=f"{mark.id}.f"))
    node = el("div", "handoff", line, key=mark.id, mods=(mark.state,))
    node.children.append(el("div", "json", *([] if json is None else [json]), key=json_key(mark.id)))
    return node
