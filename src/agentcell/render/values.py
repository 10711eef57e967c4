"""What a tool shows besides its answer to the model: progress, what it wrote, and its result as what it is.

Everything here is a value, a name or a text that came from the tool, and stands in the tree as text. What a tool wrote
grows: it is two elements, the lines that are complete and the one that is not, so that a page gets each line once
(`render.differences`) and a progress bar that a tool draws over itself costs no more than its line. Long texts are cut
at a line; the rest stands in a `<details>`, which opens without a script.
"""

from __future__ import annotations

import re

from ..rich_results import ImageResult, OwnDisplay, RichResult, SeveralResults, TableResult, TreeNode, TreeResult
from ..view.model import Printed, ToolCard
from . import escape
from .nodes import Child, Node, el
from .words import pretty

SHOWN_TEXT = 3000
"""Characters of a text that are shown before the rest is folded."""
SHOWN_LINES = 20
"""Lines of a text that are shown before the rest is folded."""
OPEN_NODES = 12
"""Values inside a branch of a tree up to which it is open from the beginning."""

CHANNELS = {"stdout": "stdout", "stderr": "stderr", "log": "log", "warning": "warning"}
"""How a view calls where something was written."""
ELLIPSIS = "\u2026"
TIMES = "\u00d7"

_UNFINISHED = re.compile(r"(?:\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\x9c]{0,200})?|\x9b[0-?]*[ -/]*|\r)\Z")


# ---------------------------------------------------------------------------------------------------- progress


def progress_tree(card: ToolCard) -> list[Child]:
    """How far a running tool is, with a bar when it knows."""
    if card.state != "running" or (not card.progress and card.fraction is None):
        return []
    node = el("div", "progress", key=f"{card.id}.p")
    if card.fraction is not None:
        percent = f"{card.fraction:.0%}"
        fill = el("div", "v-fill", key=f"{card.id}.pf")
        fill.attributes["style"] = f"width:{card.fraction * 100:.1f}%"
        bar = el("div", "v-bar", fill, key=f"{card.id}.pb")
        bar.attributes["aria-hidden"] = "true"
        node.children += [bar, el("span", "v-percent", percent, key=f"{card.id}.pp"), " "]
    node.children.append(el("span", "v-said", escape.visible(card.progress or ""), key=f"{card.id}.pm"))
    return [node]


# ------------------------------------------------------------------------------------------ what a tool wrote


def printed_tree(card: ToolCard) -> list[Child]:
    """What a tool wrote, in the order in which it wrote it, by channel."""
    if not card.printed:
        return []
    key = f"{card.id}.w"
    parts = [_stream_tree(printed, f"{key}{place}") for place, printed in enumerate(card.printed)]
    return [el("div", "part", el("div", "label", "Printed"), *parts, key=key, mods=("printed",))]


def _stream_tree(printed: Printed, key: str) -> Node:
    complete, open_line = written_lines(str(printed.text))
    lines = [el("span", "", complete, key=f"{key}.c"), el("span", "", open_line, key=f"{key}.o")]
    text = el("pre", "code", el("span", "v-all", *lines, key=f"{key}.a"), key=f"{key}.p")
    channel = el("span", "v-channel", CHANNELS[printed.channel])
    return el("div", "v-stream", channel, text, key=key, mods=(printed.channel,))


def written_lines(text: str) -> tuple[str, str]:
    """What a terminal would show of a text: its complete lines, and the one that is still open.

    Escape sequences are left out, also one that has only begun; a carriage return begins its line again.
    """
    plain = escape.visible(escape.plain_lines(_UNFINISHED.sub("", text)))
    at = plain.rfind("\n") + 1
    return plain[:at], plain[at:]


# --------------------------------------------------------------------------------------------------- results


def result_tree(card: ToolCard) -> list[Child]:
    """What came of a call: the result as what it is, or its text."""
    if card.output is None and card.result is None:
        return []
    key = f"{card.id}.o"
    heading = "Sent to the model" if card.state in ("failed", "rejected") else "Result"
    text = pretty_text(card.output or "")
    if card.result is None:
        return [el("div", "part", el("div", "label", heading), *long_text(text, f"{key}.c"), key=key)]
    about = el("div", "label", f"{heading} \u00b7 ", el("span", "", facts(card.result)))
    node = el("div", "part", about, *_rich_tree(card.result, f"{key}.r"), key=key, mods=("rich",))
    if text:
        sent = el("summary", "label", f"As text for the model ({len(text):,} characters)")
        node.children.append(el("details", "v-more", sent, *long_text(text, f"{key}.c"), key=f"{key}.m"))
    if card.place is not None:
        whole = el("code", "", f"result.tool_results[{card.place}]")
        node.children.append(el("div", "v-where", "The object itself: ", whole))
    return [node]


def error_tree(card: ToolCard) -> list[Child]:
    """What went wrong, with the traceback folded."""
    if not card.error and not card.traceback:
        return []
    key = f"{card.id}.e"
    error = long_text(escape.visible(card.error), f"{key}.c", ("failed",)) if card.error else []
    node = el("div", "part", el("div", "label", "Error"), *error, key=key)
    if card.traceback:
        lines = el("pre", "code", el("span", "", escape.visible(card.traceback)), key=f"{key}.tc")
        node.children.append(el("details", "v-more", el("summary", "label", "Traceback"), lines, key=f"{key}.t"))
    return [node]


def pretty_text(text: str) -> str:
    """JSON objects and lists indented; anything else as it is, without what steers a terminal."""
    return escape.visible(escape.plain_lines(pretty(text)))


def long_text(text: str, key: str, mods: tuple[str, ...] = ()) -> list[Child]:
    """A text as it is; of a long one the beginning, and the rest folded under it."""
    at = _cut(text)
    if at is None:
        return [_block(text, key, mods)]
    more = el("summary", "label", f"Show all ({len(text):,} characters)")
    return [
        _block(text[:at], key, mods),
        el("details", "v-more", more, _block(text[at:], f"{key}r", mods), key=f"{key}d"),
    ]


def _block(text: str, key: str, mods: tuple[str, ...]) -> Node:
    inside = el("span", "", text) if text.startswith("\n") else text  # a parser drops the first newline of a <pre>
    return el("pre", "code", inside, key=key, mods=mods)


def _cut(text: str) -> int | None:
    """Where a long text is cut, at the end of a line if there is one near; `None` for others."""
    at = -1
    for _ in range(SHOWN_LINES):
        at = text.find("\n", at + 1, SHOWN_TEXT)
        if at < 0:
            break
    else:
        return at + 1 if len(text) > at + 1 + SHOWN_TEXT // 10 else None
    if len(text) <= SHOWN_TEXT + SHOWN_TEXT // 10:
        return None
    line = text.rfind("\n", SHOWN_TEXT // 2, SHOWN_TEXT)
    return SHOWN_TEXT if line < 0 else line + 1


def _rich_tree(result: RichResult, key: str) -> list[Child]:
    match result:
        case TableResult():
            return [_table(result)]
        case ImageResult():
            return [_image(result)]
        case TreeResult():
            return [_branch(result.root, key)]
        case OwnDisplay():
            told = f"It would show itself as {' or '.join(result.forms)}. Views do not let what a tool made do that."
            return [el("div", "v-note", told)]
        case SeveralResults():
            parts: list[Child] = []
            for place, part in enumerate(result.parts):
                inside = el("div", "label", el("span", "", facts(part)))
                parts.append(el("div", "v-one", inside, *_rich_tree(part, f"{key}.{place}")))
            if result.left_out:
                parts.append(el("div", "v-note", f"{result.left_out:,} more"))
            return parts


def facts(result: RichResult) -> str:
    """What a result is, in a few words: `DataFrame, 1,000 rows × 5 columns`."""
    name = escape.visible(result.type_name)
    match result:
        case TableResult():
            return f"{name}, {shape_words(result)}"
        case ImageResult():
            size = f", {result.width} {TIMES} {result.height}" if result.width and result.height else ""
            note = f" ({escape.visible(result.note)})" if result.note else ""
            return f"{name}{size}{note}"
        case TreeResult():
            return f"{name}, {_count(result.root.size)}"
        case SeveralResults():
            return f"{name}, {_count(len(result.parts) + result.left_out)}"
        case OwnDisplay():
            return name


def shape_words(table: TableResult) -> str:
    """How large the whole table is, in words."""
    rows = f"{table.shape[0]:,} row{'' if table.shape[0] == 1 else 's'}"
    if len(table.shape) < 2:
        return rows
    return f"{rows} {TIMES} {table.shape[1]:,} column{'' if table.shape[1] == 1 else 's'}"


def _count(size: int) -> str:
    return f"{size:,} item{'' if size == 1 else 's'}"


# ---------------------------------------------------------------------------------------------------- tables


def _table(table: TableResult) -> Node:
    """A real table, with an ellipsis where rows or columns are left out."""
    labels = bool(table.index)
    head = el("tr", "", *([el("th", "v-index", escape.visible(table.index_name))] if labels else []))
    for place, name in enumerate(table.columns):
        if place == table.columns_cut_at:
            head.children.append(el("th", "v-cell", ELLIPSIS, mods=("gap",)))
        column = el("th", "v-cell", escape.visible(name), mods=_alignment(table, place))
        if place < len(table.dtypes):
            column.children.append(el("div", "v-dtype", escape.visible(table.dtypes[place])))
        head.children.append(column)
    body = el("tbody")
    for place, row in enumerate(table.rows):
        if place == table.rows_cut_at:
            body.children.append(_gap_row(len(head.children), labels))
        label = [el("th", "v-index", escape.visible(table.index[place]))] if labels else []
        line = el("tr", "", *label)
        for column, cell in enumerate(row):
            if column == table.columns_cut_at:
                line.children.append(el("td", "v-cell", ELLIPSIS, mods=("gap",)))
            line.children.append(el("td", "v-cell", escape.visible(cell), mods=_alignment(table, column)))
        body.children.append(line)
    return el("div", "v-scroll", el("table", "v-grid", el("thead", "", head), body))


def _alignment(table: TableResult, column: int) -> tuple[str, ...]:
    return ("number",) if column < len(table.numeric) and table.numeric[column] else ()


def _gap_row(width: int, labels: bool) -> Node:
    first = [el("th", "v-index", ELLIPSIS)] if labels else []
    return el("tr", "", *first, *(el("td", "v-cell", ELLIPSIS, mods=("gap",)) for _ in range(width - len(first))))


# ---------------------------------------------------------------------------------------------------- images


def _image(image: ImageResult) -> Node:
    source = escape.data_image(f"data:{image.mime};base64,{image.data}")
    if source is None:
        return el("div", "v-note", "A picture that cannot be shown.")
    node = el("img", "v-image")
    node.attributes = {"src": source, "alt": facts(image)}
    if image.width and image.height:
        node.attributes |= {"width": str(image.width), "height": str(image.height)}
    return el("div", "v-picture", node)


# ----------------------------------------------------------------------------------------------------- trees


def _branch(node: TreeNode, key: str) -> Node:
    """The members of a value."""
    inside = el("ul", "v-tree")
    for place, (name, member) in enumerate(node.members):
        inside.children.append(el("li", "", *_member(name, member, f"{key}.{place}")))
    if node.left_out:
        inside.children.append(el("li", "v-note", f"{ELLIPSIS} {node.left_out}"))
    return inside


def _member(name: str, node: TreeNode, key: str) -> list[Child]:
    label: list[Child] = [el("span", "v-field", escape.visible(name)), ": "] if name else []
    kind = el("span", "v-kind", escape.visible(node.type_name))
    if node.members:
        title = el("summary", "", *label, kind, el("span", "v-kind", f", {_count(node.size)}"))
        branch = el("details", "v-branch", title, _branch(node, key), key=key)
        if _nodes(node, OPEN_NODES + 1) <= OPEN_NODES:
            branch.attributes["open"] = ""
        return [branch]
    parts = label
    if node.text is not None:
        parts = [*parts, el("span", "v-value", escape.visible(node.text)), " "]
    parts = [*parts, kind]
    return [*parts, el("span", "v-note", f" {node.left_out}")] if node.left_out else parts


def _nodes(node: TreeNode, most: int) -> int:
    """How many values are inside a node, counted up to `most`."""
    count = 0
    for _, member in node.members:
        count += 1 + (_nodes(member, most - count) if count < most else 0)
        if count >= most:
            break
    return count
