"""A run as a tree of elements (`render.nodes`): the whole, and the blocks of its body."""

from __future__ import annotations

from ..view.model import Block, HandoffMark, Notice, RunView, TextBlock, ToolCard, TurnHead
from . import escape
from .card import card_tree, pretty
from .header import header
from .nodes import Body, Node, el


def run_tree(view: RunView, blocks: Body | None = None, times: Node | None = None) -> Node:
    """The whole view: what stands in its body, and its timeline."""
    body = el("div", "body", *([] if blocks is None else [blocks]), key="b")
    inside = [el("div", "prompt", view.prompt, key="p"), *([] if times is None else [times]), body]
    root = el("section", "run", header(view), el("div", "content", *inside, key="c"), key="run", mods=(view.state,))
    root.attributes["aria-label"] = "agent run"
    return root


def block_tree(block: Block, body: Body | None, began: float = 0.0) -> Node | None:
    """One block of a run that began at `began`, with the part of it that grows; `None` when it shows nothing."""
    match block:
        case TurnHead():
            if not block.new_agent:
                return None
            return el("div", "turn", el("span", "agent", block.agent), key=block.id)
        case TextBlock():
            return _text_tree(block, body)
        case ToolCard():
            return card_tree(block, body, began)
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
