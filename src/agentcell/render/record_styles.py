"""The look of the record skin: one inline style for each class of `render.html`.

Only properties that repository hosts and sanitisers keep, only literal values, and only colours that work on light and
dark pages: the page's own text colour, translucent greys, and mid-tone hues.
"""

from __future__ import annotations

_LINE = "1px solid rgba(128,128,128,0.35)"
_SOFT = "rgba(128,128,128,0.10)"
_WRAPPED = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
_BARE = "background-color:transparent;border:0"
_CELL = f"{_BARE};text-align:left;vertical-align:top;font-weight:normal"
_SMALL = "font-family:monospace;font-size:90%"

STYLES: dict[str, str] = {
    "run": f"border:{_LINE};border-radius:8px;padding:0;margin:4px 0;max-width:960px;line-height:1.5",
    "head": f"padding:6px 12px;border-bottom:{_LINE};background-color:{_SOFT};font-size:90%",
    "dot": "margin-right:6px",
    "model": "color:#808080",
    "meta": "color:#808080;font-size:90%",
    "fact": "white-space:nowrap",
    "who": "font-weight:bold",
    "times": "padding:6px 12px 0 12px",
    "ledger": "cursor:pointer;color:#808080;font-size:85%",
    "share": (
        "display:inline-block;width:90px;height:6px;line-height:6px;margin-left:8px;white-space:nowrap;overflow:hidden"
        ";vertical-align:middle"
    ),
    "piece": "display:inline-block;height:6px;vertical-align:top",
    "piece.model": "background-color:#5b8def",
    "piece.tools": "background-color:#2e9e73",
    "piece.you": "background-color:#d08000",
    "piece.overhead": "background-color:rgba(128,128,128,0.4)",
    "lanes": "padding:4px 0;font-size:75%",
    "lane": "margin:1px 0;white-space:nowrap;overflow:hidden",
    "lane-name": (
        "display:inline-block;width:20%;overflow:hidden;text-overflow:ellipsis;vertical-align:top;color:#808080"
    ),
    "track": "display:inline-block;width:79%;vertical-align:top;background-color:rgba(128,128,128,0.06)",
    "bars": "height:14px;line-height:14px;margin:1px 0;white-space:nowrap;overflow:hidden",
    "bar": (
        "display:inline-block;height:12px;line-height:12px;overflow:hidden;vertical-align:top;text-overflow:ellipsis"
    ),
    "bar.wait": "background-color:rgba(91,141,239,0.35)",
    "bar.stream": "background-color:#5b8def",
    "bar.tool": "background-color:#2e9e73;color:#ffffff",
    "bar.sub": "background-color:rgba(46,158,115,0.25)",
    "bar.you": "background-color:#d08000;color:#ffffff",
    "bar.failed": "background-color:#c03030;color:#ffffff",
    "bar.cancelled": "background-color:#808080;color:#ffffff",
    "inner": "border-left:3px solid rgba(128,128,128,0.25);padding:0 0 0 12px;margin:6px 0",
    "sum": "color:#808080;font-size:85%",
    "prompt": "padding:8px 12px 0 12px;color:#808080;white-space:pre-wrap",
    "body": "padding:8px 12px",
    "turn": "margin:8px 0 4px 0",
    "agent": f"border:{_LINE};border-radius:10px;padding:1px 8px;font-size:85%;font-weight:bold",
    "answer": "margin:4px 0",
    "refusal": "margin:4px 0;border-left:3px solid #d08000;padding-left:10px",
    "cut": "color:#808080;font-size:90%",
    "thought": "margin:4px 0;color:#808080",
    "card": f"border:{_LINE};border-radius:6px;margin:6px 0;padding:4px 10px",
    "title": "cursor:pointer",
    "name": "background-color:transparent;font-weight:bold;font-size:90%;padding:0",
    "brief": "color:#808080;font-family:monospace;font-size:90%",
    "label": "color:#808080;font-size:85%",
    "code": f"background-color:{_SOFT};border-radius:4px;padding:6px 8px;margin:2px 0 6px 0;{_WRAPPED}",
    "handoff": "margin:8px 0",
    "request": "margin:2px 0;color:#808080;font-size:90%",
    "parts": "padding-left:12px",
    "saw": "padding-left:12px",
    "gauge": "font-family:monospace;font-size:60%;color:#4a90d9;white-space:nowrap",
    "number": "text-align:right",
    "role": f"border:{_LINE};border-radius:8px;padding:0 6px;font-size:85%",
    "said-item": "margin:4px 0",
    "changes": "margin:6px 0 0 0",
    "notice": f"border:{_LINE};border-radius:6px;margin:8px 0;padding:6px 10px;white-space:pre-wrap",
    "notice.error": "border-color:#c03030",
    "notice.paused": "border-color:#d08000",
    "card.asking": "border-color:#d08000",
    "meta.asking": "color:inherit;font-weight:bold",
    "ask": "padding-top:2px",
    "dot.done": "color:#2e8b57",
    "dot.failed": "color:#c03030",
    "dot.stopped": "color:#d08000",
    "dot.paused": "color:#d08000",
    "mark.completed": "color:#2e8b57",
    "mark.failed": "color:#c03030",
    "mark.cancelled": "color:#d08000",
    "mark.asking": "color:#d08000",
    "mark.rejected": "color:#d08000",
    "sep": "color:#808080",
    "json": "margin:2px 0 6px 0;font-size:95%;overflow-wrap:anywhere",
    "fields": "border-collapse:collapse;border:0;margin:0;width:100%",
    "field": _BARE,
    "field-name": f"{_CELL};width:18%;padding:2px 10px 2px 0;{_SMALL};color:#808080;overflow-wrap:normal",
    "field.nest": _BARE,
    "value": f"{_CELL};padding:2px 0",
    "value.text": _WRAPPED,
    "value.lines": f"{_SMALL};{_WRAPPED}",
    "value.source": f"{_SMALL};{_WRAPPED}",
    "value.number": _SMALL,
    "value.truth": _SMALL,
    "value.null": f"{_SMALL};color:#808080",
    "verdict": f"{_CELL};width:24px;padding:2px 4px",
    "verdict.ok": "color:#2e8b57",
    "verdict.bad": "color:#c03030",
    "problem": "color:#c03030;font-size:90%;font-family:sans-serif",
    "none": "color:#808080",
    "table": "overflow:auto",
    "rows": f"border-collapse:collapse;border:{_LINE};margin:2px 0;width:100%",
    "column": f"{_CELL};padding:2px 10px;background-color:{_SOFT};{_SMALL};color:#808080",
    "row": _BARE,
    "cell": f"{_CELL};padding:2px 10px;border-top:{_LINE}",
    "cell.text": "white-space:pre-wrap;overflow-wrap:break-word",
    "cell.lines": f"{_SMALL};{_WRAPPED}",
    "cell.source": f"{_SMALL};{_WRAPPED}",
    "cell.number": _SMALL,
    "cell.truth": _SMALL,
    "cell.null": f"{_SMALL};color:#808080",
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
    "v-fill": "background-color:#1976d2;border-radius:3px;height:8px",
    "v-said": "color:#808080",
    "v-stream": f"border-left:{_LINE};padding-left:8px;margin:2px 0",
    "v-stream.stderr": "border-left-color:#d08000",
    "v-stream.warning": "border-left-color:#d08000",
    "v-channel": "color:#808080;font-family:monospace;font-size:80%",
    "v-more": "margin:0 0 6px 0",
    "v-kind": "color:#808080;font-size:85%",
    "v-note": "color:#808080;font-size:85%",
    "v-where": "color:#808080;font-size:85%",
    "v-scroll": "overflow:auto;max-width:100%;margin:4px 0",
    "v-grid": "border-collapse:collapse;font-size:90%;margin:0",
    "v-index": f"border:{_LINE};padding:2px 8px;text-align:left;font-weight:normal;color:#808080",
    "v-cell": f"border:{_LINE};padding:2px 8px;text-align:left;white-space:pre-wrap",
    "v-cell.number": "text-align:right",
    "v-cell.gap": "text-align:center;color:#808080",
    "v-dtype": "color:#808080;font-size:85%;font-weight:normal",
    "v-image": "max-width:100%;height:auto",
    "v-tree": "list-style:none;margin:2px 0;padding-left:14px",
    "v-field": "font-weight:bold;font-family:monospace;font-size:90%",
    "v-value": "font-family:monospace;font-size:90%;white-space:pre-wrap",
}
"""Inline style by class, and by class and state (`class.state`); what needs no look of its own is left out."""

_HEADING = "font-weight:600;line-height:1.3;margin:12px 0 6px 0;padding:0;border:0;font-size:"

MARKDOWN_STYLES: dict[str, str] = {
    "h1": f"{_HEADING}135%",
    "h2": f"{_HEADING}120%",
    "h3": f"{_HEADING}105%",
    "h4": f"{_HEADING}100%",
    "h5": f"{_HEADING}100%",
    "h6": f"{_HEADING}100%",
    "pre": f"background-color:{_SOFT};border-radius:4px;padding:6px 8px;margin:2px 0 8px 0",
    "th": "text-align:left",
    "td": "text-align:left",
}
"""Inline style by Markdown element, for those that pages style in ways that do not fit into a card."""

CODE_IN_PRE = "background-color:transparent;padding:0;border:0"
"""Inline style of the code inside a code block, which pages give a colour of its own."""
