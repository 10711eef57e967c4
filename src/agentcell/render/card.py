"""A tool's card: closed, it says what was asked and how it went; open, it shows everything."""

from __future__ import annotations

import json

from ..view.model import RunView, ToolCard
from . import escape, values
from .approval import decision, question
from .arguments import json_key
from .nodes import Body, Child, Growing, Node, el
from .words import CARD_WORDS, cost_words, duration

CARD_MARKS = {"asking": "?", "completed": "\u2713", "failed": "\u2717", "cancelled": "\u2013", "rejected": "\u2013"}
BRIEF_LENGTH = 72
"""Characters of a card's arguments in its closed form."""


def card_tree(card: ToolCard, growing: Growing) -> Node:
    """The card of a call."""
    began, inner, arguments = growing.began, growing.inner, growing.json
    mark = CARD_MARKS.get(card.state, "\u25cf")
    time = el("span", "meta", key=f"{card.id}.t")
    if card.started is not None:
        over = card.ended is not None
        time = ticking(time, began + card.started, began + (card.ended or card.started), ended=over, lead=" \u00b7 ")
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
    inside: list[Child] = [summary]
    if card.state == "asking":
        inside += question(card)
    else:
        rows = el("div", "json", *([] if arguments is None else [arguments]), key=json_key(card.id))
        inside += [el("div", "part", el("div", "label", given), rows, key=f"{card.id}.a"), *decision(card)]
    inside += values.progress_tree(card)
    inside += values.printed_tree(card)
    if card.inner is not None and inner is not None:
        inside.append(_inner_tree(card.inner, inner, f"{card.id}.i"))
    inside += values.result_tree(card)
    inside += values.error_tree(card)
    node = Node("details", "card", inside, key=card.id, mods=(card.state,))
    decided = card.state == "called" and card.approved is not None and card.asked_at is not None
    if card.state == "asking" or decided or (card.inner is not None and card.inner.open_questions):
        node.attributes["open"] = ""
    return node


def _inner_tree(view: RunView, blocks: Body, key: str) -> Node:
    """The run inside a card: what it has cost by itself, and what it does."""
    facts = [
        view.agent,
        _counted(view.requests, "model call") if view.requests else "",
        f"{view.input_tokens:,} in / {view.output_tokens:,} out" if view.input_tokens or view.output_tokens else "",
        cost_words(view),
    ]
    said = " \u00b7 ".join(fact for fact in facts if fact)
    return el(
        "div", "inner", el("div", "sum", said, key=f"{key}.s"), el("div", "body", blocks, key=f"{view.path}b"), key=key
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


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


def ticking(node: Node, start: float, now: float, *, ended: bool, lead: str = "") -> Node:
    """Show the time since `start`, in seconds of the run; until `ended` the page counts on by itself."""
    if ended:
        node.children = [lead + duration(now - start)]
        return node
    counter = el("span", "", duration(now - start), key=f"{node.key}.n")
    counter.live["data-tick"] = str(round(start * 1000))
    node.children = [lead, counter] if lead else [counter]
    return node
