"""The look of the record skin: one inline style for each class of `render.html`.

Only properties that repository hosts and sanitisers keep, only literal values, and only colours that work on light and
dark pages. No one colour has enough contrast for text on both white and black, so text has the page's own colour, paler
where it matters less; hues are for marks, borders and bars alone. The colours of code are the page's own, drawn towards
a hue; a host that does not know how to mix leaves them plain.
"""

from __future__ import annotations

from collections.abc import Iterable

_LINE = "1px solid rgba(128,128,128,0.35)"
_EDGE = f"border:{_LINE};border-radius:6px;border-left:3px solid"
_SOFT = "rgba(128,128,128,0.10)"
_WRAPPED = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
_BARE = "background-color:transparent;border:0"
_CELL = f"{_BARE};text-align:left;vertical-align:top;font-weight:normal"
_SMALL = "font-family:monospace;font-size:12px"
_NOTE = "font-size:12px"
_PALE = "opacity:0.7"
"""For elements with nothing pale inside: paleness adds up."""
MODEL_COLOUR = "#3b6fd4"
TOOL_COLOUR = "#1c7c57"
YOU_COLOUR = "#b35900"
FAILED_COLOUR = "#b3261e"
CANCELLED_COLOUR = "#6b7280"
_GOOD = "#2e8b57"
_BAD = "#c03030"
_WARN = "#b86e00"

STYLES: dict[str, str] = {
    "run": f"border:{_LINE};border-radius:8px;padding:0;margin:4px 0;max-width:960px;line-height:1.5",
    "head": f"padding:6px 12px;border-bottom:{_LINE};background-color:{_SOFT}",
    "dot": "margin-right:6px",
    "model": _PALE,
    "meta": _PALE,
    "facts": "display:block;margin-left:-14px;clip-path:inset(0 0 0 14px)",
    "fact": "display:inline-block;white-space:nowrap",
    "fact.first": "padding-left:14px",
    "sep.lead": "display:inline-block;width:14px;text-align:center",
    "who": "font-weight:bold",
    "times": "padding:6px 12px 0 12px",
    "ledger": f"cursor:pointer;{_NOTE}",
    "part-of": _PALE,
    "share": (
        "display:inline-block;width:90px;height:6px;line-height:6px;margin-left:8px;white-space:nowrap;overflow:hidden"
        ";vertical-align:middle"
    ),
    "piece": "display:inline-block;height:6px;vertical-align:top",
    "piece.model": f"background-color:{MODEL_COLOUR}",
    "piece.tools": f"background-color:{TOOL_COLOUR}",
    "piece.you": f"background-color:{YOU_COLOUR}",
    "piece.overhead": "background-color:rgba(128,128,128,0.4)",
    "lanes": "padding:4px 0;font-size:11px",
    "lane": "margin:1px 0;white-space:nowrap;overflow:hidden",
    "lane-name": f"display:inline-block;width:20%;overflow:hidden;text-overflow:ellipsis;vertical-align:top;{_PALE}",
    "track": "display:inline-block;width:79%;vertical-align:top;background-color:rgba(128,128,128,0.06)",
    "bars": "height:14px;line-height:14px;margin:1px 0;white-space:nowrap;overflow:hidden",
    "bar": "display:inline-block;height:12px;line-height:12px;border-radius:3px;overflow:hidden;vertical-align:top",
    "bar.wait": "background-color:rgba(91,141,239,0.35)",
    "bar.stream": f"background-color:{MODEL_COLOUR}",
    "bar.tool": f"background-color:{TOOL_COLOUR};color:#ffffff",
    "bar.sub": "background-color:rgba(46,158,115,0.25)",
    "bar.you": f"background-color:{YOU_COLOUR};color:#ffffff",
    "bar.failed": f"background-color:{FAILED_COLOUR};color:#ffffff",
    "bar.cancelled": f"background-color:{CANCELLED_COLOUR};color:#ffffff",
    "inner": "border-left:3px solid rgba(128,128,128,0.25);padding:0 0 0 12px;margin:6px 0",
    "sum": f"{_NOTE};{_PALE}",
    "prompt": f"padding:8px 12px 0 12px;white-space:pre-wrap;{_PALE}",
    "body": "padding:8px 12px",
    "turn": "margin:8px 0 4px 0",
    "agent": f"border:{_LINE};border-radius:10px;padding:1px 8px;{_NOTE};font-weight:bold",
    "answer": "margin:4px 0",
    "refusal": f"margin:4px 0;border-left:3px solid {_WARN};padding-left:10px",
    "cut": f"{_NOTE};{_PALE}",
    "cited": "margin:8px 0",
    "sources": f"margin:0;padding:0 0 0 24px;{_NOTE}",
    "cite": "margin:2px 0;overflow-wrap:anywhere",
    "source.link": "color:inherit;text-decoration:underline",
    "host": _PALE,
    "address": f"{_SMALL};{_PALE}",
    "thought": "margin:4px 0",
    "md.quiet": f"padding-left:14px;{_PALE}",
    "card": f"{_EDGE} rgba(128,128,128,0.5);margin:6px 0;padding:4px 10px",
    "card.completed": f"border-left-color:{_GOOD}",
    "card.failed": f"border-left-color:{_BAD}",
    "card.rejected": f"border-left-color:{_WARN}",
    "card.cancelled": f"border-left-color:{_WARN}",
    "title": "cursor:pointer",
    "name": f"background-color:transparent;font-weight:bold;padding:0;{_SMALL}",
    "brief": f"{_SMALL};{_PALE}",
    "label": f"{_NOTE};{_PALE}",
    "code": f"background-color:{_SOFT};border-radius:4px;padding:6px 8px;margin:2px 0 6px 0;{_NOTE};{_WRAPPED}",
    "code.failed": f"border-left:3px solid {_BAD}",
    "handoff": "margin:8px 0",
    "request": "margin:2px 0",
    "call": f"{_NOTE};{_PALE}",
    "parts": f"padding-left:12px;{_NOTE}",
    "saw": f"padding-left:12px;{_NOTE}",
    "since": _PALE,
    "part-name": f"{_CELL};padding:0 12px 0 0",
    "gauge": f"font-family:monospace;font-size:60%;color:{MODEL_COLOUR};white-space:nowrap;{_BARE}",
    "number": f"{_BARE};text-align:right",
    "role": f"border:{_LINE};border-radius:8px;padding:0 6px;font-size:11px",
    "said-item": "margin:4px 0",
    "changes": "margin:6px 0 0 0;padding-left:18px",
    "notice": f"{_EDGE} {_WARN};margin:8px 0;padding:6px 10px;white-space:pre-wrap",
    "notice.error": f"border-left-color:{_BAD}",
    "notice.paused": f"border-left-color:{_WARN}",
    "notice.input": f"border-left-color:{MODEL_COLOUR}",
    "card.asking": f"border-color:{_WARN}",
    "meta.asking": "opacity:1;font-weight:bold",
    "ask": "padding-top:2px",
    "told": f"padding:4px 0;white-space:pre-wrap;{_PALE}",
    "exact": "width:100%;border-collapse:collapse;margin:2px 0 8px 0",
    "changed": "width:100%;border-collapse:collapse;margin:2px 0 8px 0",
    "f-field": f"{_BARE};text-align:left;vertical-align:top;padding:3px 12px 3px 0;{_SMALL};{_PALE}",
    "f-value": f"{_BARE};text-align:left;vertical-align:top;padding:3px 8px 3px 0;{_SMALL};{_WRAPPED}",
    "exactly": f"margin:0;padding:0;border:0;background-color:transparent;{_WRAPPED}",
    "was": _PALE,
    "decided": f"{_NOTE};padding:2px 0;{_PALE}",
    "dot.done": f"color:{_GOOD}",
    "dot.failed": f"color:{_BAD}",
    "dot.stopped": f"color:{_WARN}",
    "dot.paused": f"color:{_WARN}",
    "dot.waiting": f"color:{_WARN}",
    "mark.completed": f"color:{_GOOD}",
    "mark.failed": f"color:{_BAD}",
    "mark.cancelled": f"color:{_WARN}",
    "mark.asking": f"color:{_WARN}",
    "mark.rejected": f"color:{_WARN}",
    "mark.called": "font-size:9px;opacity:0.7",
    "sep": f"white-space:normal;{_PALE}",
    "json": "margin:2px 0 6px 0;overflow-wrap:anywhere",
    "fields": "border-collapse:collapse;border:0;margin:0;width:100%",
    "field": _BARE,
    "field-name": f"{_CELL};width:18%;padding:2px 10px 2px 0;{_SMALL};overflow-wrap:normal;{_PALE}",
    "field.nest": _BARE,
    "value": f"{_CELL};padding:2px 0",
    "value.text": _WRAPPED,
    "value.lines": f"{_SMALL};{_WRAPPED}",
    "value.source": f"{_SMALL};{_WRAPPED}",
    "value.number": _SMALL,
    "value.truth": _SMALL,
    "value.null": f"{_SMALL};{_PALE}",
    "verdict": f"{_CELL};width:24px;padding:2px 4px",
    "verdict.ok": f"color:{_GOOD}",
    "verdict.bad": f"color:{_BAD}",
    "problem": f"border-left:2px solid {_BAD};padding-left:6px;{_NOTE};font-family:sans-serif",
    "none": _PALE,
    "table": "overflow:auto",
    "rows": f"border-collapse:collapse;border:{_LINE};margin:2px 0;width:100%",
    "column": f"{_CELL};padding:2px 10px;background-color:{_SOFT};{_SMALL};{_PALE}",
    "row": _BARE,
    "cell": f"{_CELL};padding:2px 10px;border-top:{_LINE}",
    "cell.text": "white-space:pre-wrap;overflow-wrap:break-word",
    "cell.lines": f"{_SMALL};{_WRAPPED}",
    "cell.source": f"{_SMALL};{_WRAPPED}",
    "cell.number": _SMALL,
    "cell.truth": _SMALL,
    "cell.null": f"{_SMALL};{_PALE}",
    "extra": f"{_CELL};padding:2px 10px 4px 22px",
    "list": "max-height:300px;overflow:auto",
    "items": "margin:0;padding:0;list-style:none",
    "item": f"display:inline-block;border:{_LINE};border-radius:4px;margin:1px 4px 1px 0;padding:0 6px",
    "item.text": _WRAPPED,
    "item.source": f"{_SMALL};{_WRAPPED}",
    "item.number": _SMALL,
    "item.truth": _SMALL,
    "item.null": _SMALL,
    "item.list": "display:block",
    "item.nest": "display:block",
    # what tools show
    "progress": "padding:2px 0",
    "v-bar": f"background-color:{_SOFT};border:{_LINE};border-radius:4px;width:180px;max-width:100%;height:8px",
    "v-fill": f"background-color:{MODEL_COLOUR};border-radius:3px;height:8px",
    "v-said": _PALE,
    "v-stream": f"border-left:{_LINE};padding-left:8px;margin:2px 0",
    "v-stream.stderr": f"border-left-color:{_WARN}",
    "v-stream.warning": f"border-left-color:{_WARN}",
    "v-channel": f"font-family:monospace;font-size:11px;{_PALE}",
    "v-more": "margin:0 0 6px 0",
    "v-kind": f"{_NOTE};{_PALE}",
    "v-note": f"{_NOTE};{_PALE}",
    "v-where": f"{_NOTE};{_PALE}",
    "v-scroll": "overflow:auto;max-width:100%;margin:4px 0",
    "v-grid": f"border-collapse:collapse;{_NOTE};margin:0",
    "v-index": f"border:{_LINE};padding:2px 8px;text-align:left;font-weight:normal",
    "v-cell": f"border:{_LINE};padding:2px 8px;text-align:left;white-space:pre-wrap",
    "v-cell.number": "text-align:right",
    "v-cell.gap": f"text-align:center;{_PALE}",
    "v-dtype": f"font-size:11px;font-weight:normal;{_PALE}",
    "v-image": "max-width:100%;height:auto",
    "v-tree": "list-style:none;margin:2px 0;padding-left:14px",
    "v-field": f"font-weight:bold;{_SMALL}",
    "v-value": f"{_SMALL};white-space:pre-wrap",
}
"""Inline style by class, and by class and state (`class.state`); what needs no look of its own is left out."""

RECORD_CLASSES: dict[str, str] = {"run": "mathjax_ignore tex2jax_ignore"}
"""Classes of the record, by class of the live view: pages that typeset formulas leave what a run said as it was typed.

The first is for MathJax 3 and 4 (JupyterLab, Notebook 7), the second for MathJax 2 (pages that nbconvert makes).
"""

_HEADING = "margin:12px 0 6px;font-size:"

MARKDOWN_STYLES: dict[str, str] = {
    "h1": f"{_HEADING}135%",
    "h2": f"{_HEADING}120%",
    "h3": f"{_HEADING}105%",
    "h4": f"{_HEADING}100%",
    "h5": f"{_HEADING}100%",
    "h6": f"{_HEADING}100%",
    "pre": f"background-color:{_SOFT};border-radius:4px;padding:6px 8px;margin:2px 0 8px;overflow:auto",
    "table": "border-collapse:collapse;margin:0 0 8px",
    "th": "text-align:left",
    "td": "text-align:left",
}
"""Inline style by Markdown element, for those that pages style in ways that do not fit into a card.

Front ends read every one of them with a parser, and an answer has hundreds: no more is said than must be.
"""

MARKDOWN_ATTRIBUTES: dict[str, str] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), 'class="jp-toc-ignore"'),
    "table": 'border="1" cellpadding="5"',
}
"""Other attributes by Markdown element.

An answer's headings are no headings of the notebook: JupyterLab leaves those of this class out of its table of
contents. Pages without a style for tables draw lines with the old attributes.
"""

CODE_IN_PRE = "background-color:transparent"
"""Inline style of the code inside a code block, which pages give a colour of its own."""

LINK = "color:inherit"
"""Inline style of links: a page without styles of its own would write them in a blue that dark pages swallow."""

FAR = "content-visibility:auto;contain-intrinsic-size:auto 800px"
"""Inline style of the parts of a long answer: those that nobody looks at are not laid out."""

CODE_TEXT_SHARE = 45
"""How much of a colour of code is the page's own text, in per cent."""

CODE_HUES: dict[str, str] = {
    "k": "#7c3aed",
    "s": "#0f9d58",
    "n": "#d97706",
    "c": "#808080",
    "f": "#2563eb",
    "b": "#0891b2",
    "a": "#db2777",
    "t": "#2563eb",
    "i": "#0f9d58",
    "d": "#dc2626",
}
"""The hue of each kind of highlighted code (`highlight.KINDS`)."""


def code_palette(kinds: Iterable[str]) -> str:
    """The colours of these kinds as custom properties of a block, so that each word of code names its own shortly."""
    mixed = f"color-mix(in srgb,currentColor {CODE_TEXT_SHARE}%,"
    return ";".join(f"--{kind}:{mixed}{CODE_HUES[kind]})" for kind in sorted(kinds))


def code_style(kind: str) -> str:
    """Inline style of highlighted code of one kind, in a block with its `code_palette`."""
    return f"color:var(--{kind})" + (";font-style:italic" if kind == "c" else "")
