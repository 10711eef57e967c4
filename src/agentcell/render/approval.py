"""What a card shows while somebody is asked about its call, and of the decision afterwards.

The arguments are shown as they will run, whole, with invisible characters as escapes; what is long is folded, and the
page lets nobody approve before all of it was opened. Under them, in a live view alone, stands the form: its buttons and
fields are the page's generic ones (`data-do`, `data-field`), its subject is the call, and its digest says which version
of the call was shown.
"""

from __future__ import annotations

import json

from ..view.model import RunView, ToolCard
from . import escape
from .form import NAMES as KINDS
from .form import RAW, Field, differences, fields
from .nodes import Child, Node, el
from .words import HOW_TO_DECIDE, NEXT_TURN, decided, decisions

FOLD_LENGTH = 1200
"""Characters of a value above which it is folded."""
FOLD_LINES = 16
"""Lines of a value above which it is folded."""
EDITED_WIDTH = 100
"""Characters that about fit into a line of a text that is edited."""
MOST_ROWS = 14
"""Lines of such a text that are seen at once."""
ONE_LINE = 72
"""Characters of a text that is edited in one line."""


def question(card: ToolCard) -> list[Child]:
    """The inside of a card whose call waits for a decision."""
    known = fields(str(card.arguments), card.schema)
    inside: list[Child] = []
    if card.description:
        inside.append(el("div", "told", escape.visible(card.description), key=f"{card.id}.d"))
    inside.append(_exactly(card, [field for field in known if field.is_given]))
    if card.digest:
        inside.append(_form(card, known))
    if card.live:
        lines = "\n".join(decisions(card))
        how = el("details", "ask", el("summary", "label", HOW_TO_DECIDE), el("pre", "code", lines), key=f"{card.id}.q")
        inside.append(how)
    return inside


def _exactly(card: ToolCard, given: list[Field]) -> Node:
    """What will run."""
    part = el("div", "part", el("div", "label", "What will run"), key=f"{card.id}.a")
    if not given:
        part.children.append(el("div", "meta", "no arguments"))
        return part
    rows = [
        el("tr", "", el("th", "f-field", escape.visible(field.name)), el("td", "f-value", _value(field)))
        for field in given
    ]
    part.children.append(el("table", "exact", el("tbody", "", *rows)))
    return part


def _value(field: Field) -> Node:
    """A value, whole; folded when it is long."""
    if field.kind == "text" and not field.text:
        return el("span", "meta", "(empty text)")
    text = escape.visible(field.value) if isinstance(field.value, str) and field.kind == "choice" else field.text
    whole = el("pre", "exactly", text)
    lines = field.text.count("\n") + 1
    if len(field.text) <= FOLD_LENGTH and lines <= FOLD_LINES:
        return whole
    size = f"Show all: {len(field.text):,} characters, {lines:,} line{'s' if lines > 1 else ''}"
    fold = el("details", "f-fold", el("summary", "label", size), whole)
    fold.live["data-must"] = ""
    return fold


def _form(card: ToolCard, known: list[Field]) -> Node:
    """The form; it never changes while the call waits, so that nobody's typing is disturbed."""
    tool = escape.visible(card.name)
    editing = el("details", "edit", el("summary", "label", "Edit the arguments"))
    editing.children += [_entry(field) for field in known]
    reason = _control("input", "reason", "text", placeholder="Reason for a rejection, told to the model")
    reason.live |= {"data-enter": "reject", "data-note": "", "aria-label": "Reason for a rejection"}
    always = el("label", "always", _control("input", "always", "checkbox"), f" Always for {tool} in this run")
    always.children[0].live["data-note"] = ""  # type: ignore[union-attr]
    buttons = el(
        "div",
        "buttons",
        button("approve", "Approve", needs="seen same", main=True),
        button("approve_edited", "Approve edited", needs="seen edited"),
        button("reject", "Reject"),
        reason,
    )
    form = el("div", "form", editing, buttons, always, said_here(), key=f"{card.id}.f")
    form.live_only = True
    form.live |= {"data-form": card.call_id, "data-digest": card.digest or ""}
    return form


def _entry(field: Field) -> Node:
    """One field to edit."""
    control = _editor(field)
    control.live["aria-label"] = escape.visible(field.name)
    if field.told:
        control.live["title"] = escape.visible(field.told)
    kind = KINDS[field.kind] + ("" if field.is_given else ", left out")
    name = el("span", "f-field", escape.visible(field.name), " ", el("span", "meta", kind))
    return el("label", "entry", name, control)


def _editor(field: Field) -> Node:
    if field.kind == "boolean":
        box = _control("input", field.path, "checkbox")
        return _with(box, checked=bool(field.value is True))
    if field.kind == "choice":
        options = [_option(text, text == field.text) for text in field.options]
        if not field.is_given:
            options.insert(0, _option("", True))
        select = el("select", "input", *options)
        select.live["data-field"] = field.path
        return select
    if field.kind in ("integer", "number") or (
        field.kind == "text" and len(field.text) <= ONE_LINE and "\n" not in field.text
    ):
        return _control("input", field.path, "text", value=field.text)
    area = el("textarea", "input", "\n", field.text)  # HTML takes the first line end of a textarea away
    rows = sum(1 + len(line) // EDITED_WIDTH for line in field.text.split("\n"))
    area.live |= {"data-field": field.path, "rows": str(min(MOST_ROWS, max(2, rows)))}
    if field.path == RAW or field.kind == "json":
        area.live["spellcheck"] = "false"
    return area


def _option(text: str, selected: bool) -> Node:
    option = el("option", "", escape.visible(json.loads(text)) if text[:1] == '"' else escape.visible(text))
    option.live["value"] = text
    return _with(option, selected=selected)


def _with(node: Node, **flags: bool) -> Node:
    node.live |= {name: "" for name, is_set in flags.items() if is_set}
    return node


def _control(tag: str, field: str, type_: str, *, placeholder: str = "", value: str = "") -> Node:
    node = el(tag, "input" if type_ == "text" else "check")
    node.live |= {"type": type_, "data-field": field}
    if placeholder:
        node.live["placeholder"] = placeholder
    if value:
        node.live["value"] = value
    return node


def button(do: str, text: str, *, needs: str = "", main: bool = False) -> Node:
    """A button of a form; the page enables it when what it needs is there: `seen`, `same`, `edited`, `text`."""
    node = el("button", "button", text, mods=("main",) if main else ())
    node.live |= {"type": "button", "data-do": do}
    if needs:
        node.live["data-needs"] = needs
    node.live_only = True
    return node


def said_here() -> Node:
    """Where the page shows what the kernel answers to a form."""
    node = el("div", "said")
    node.live |= {"data-said": "", "role": "status"}
    return node


def decision(card: ToolCard) -> list[Child]:
    """What was decided about a call, and what a person has changed of it."""
    inside: list[Child] = []
    if card.approved is None:
        return inside
    said = [decided(card)]
    if card.reason and not card.approved:
        said.append(f": \u201c{escape.visible(card.reason)}\u201d")
    inside.append(el("div", "decided", *said, key=f"{card.id}.y", mods=("yes" if card.approved else "no",)))
    if card.asked is not None:
        changed = differences(str(card.asked), str(card.arguments))
        ran = "What will run" if card.state == "called" else "What ran"
        head = el("tr", "", *(el("th", "f-field", text) for text in ("", "The model asked", ran)))
        rows = [
            el("tr", "", el("th", "f-field", escape.visible(name)), _cell("del", before), _cell("strong", after))
            for name, before, after in changed
        ]
        if rows:
            table = el("table", "changed", el("thead", "", head), el("tbody", "", *rows), key=f"{card.id}.x")
            inside.append(table)
    return inside


def decision_lines(card: ToolCard) -> list[str]:
    """The same as lines of text: the decision, then each argument that was changed."""
    if card.approved is None:
        return []
    reason = f": {escape.visible(card.reason)}" if card.reason and not card.approved else ""
    changed = [] if card.asked is None else differences(str(card.asked), str(card.arguments))
    return [
        f"{decided(card)}{reason}",
        *(f"{escape.visible(name)}: {_told(before)} \u2192 {_told(after)}" for name, before, after in changed),
    ]


def _told(text: str | None) -> str:
    return "(left out)" if text is None else text or "(empty text)"


def _cell(tag: str, text: str | None) -> Node:
    kind = "was" if tag == "del" else "ran"
    if text is None:
        return el("td", "f-value", el("span", "meta", "(left out)"))
    return el("td", "f-value", el(tag, kind, text or "(empty text)"))


def footer(view: RunView) -> Node:
    """What a person can say to the whole run, under it: more input, or that it goes on; in live views alone."""
    foot = el("div", "foot", key="f")
    foot.live_only = True
    if view.takes_input and not view.finished and not view.path:
        line = _control("input", "text", "text", placeholder=NEXT_TURN)
        line.live |= {"data-enter": "input", "aria-label": NEXT_TURN}
        form = el("div", "form", line, button("input", "Add", needs="text"), said_here(), key="f.input", mods=("line",))
        form.live["data-form"] = "input"
        foot.children.append(form)
    elif view.resumable:
        resume = button("resume", "Resume", main=True)
        resume.key = "f.resume"
        word = ""
        if view.state == "paused" and view.open_questions:
            resume.live["data-off"] = ""
            word = "Decide on every call above, then resume."
        elif view.state == "paused":
            word = "Everything is decided."
        keep = button("keep", "Keep as record")
        told = el("span", "meta", word, key="f.told")
        form = el("div", "form", resume, keep, told, said_here(), key="f.resumed", mods=("line",))
        form.live["data-form"] = "run"
        foot.children.append(form)
    return foot
