"""A run as text to read: Markdown for repository hosts and exports, plain text for terminals.

The Markdown is safe when it is opened as a page by itself. A model's text is kept as it is except that outside of code
blocks nothing in it can start an HTML tag or an image; code blocks are recognised by their fences at the start of a
line and are always closed.
"""

from __future__ import annotations

import re

from ..view.model import HandoffMark, Notice, RunView, TextBlock, ToolCard, TurnHead
from . import escape
from .approval import decision_lines
from .sources import source_lines
from .value_text import printed_lines, rich_lines
from .words import CARD_WORDS, HOW_TO_DECIDE, STATE_WORDS, cost_words, decisions, duration, retry_words

ADDRESS_LENGTH = 2_400
"""Characters of a line about a source."""
_FENCE = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})")


def plain_transcript(view: RunView) -> str:
    """The run in plain text: the header, the calls with their results, and what was said."""
    lines = [_head(view)]
    if view.prompt:
        lines += ["", f"> {escape.plain(view.prompt)}"]
    return "\n".join(lines + _plain_blocks(view))


def _plain_blocks(view: RunView) -> list[str]:
    lines: list[str] = []
    for block in view.blocks:
        match block:
            case TurnHead(new_agent=True):
                lines += ["", f"[{escape.plain(block.agent)}]"]
            case TextBlock(kind="reasoning"):
                lines.append(f"(thought: {escape.plain(str(block.text)).strip()})")
            case TextBlock():
                lines += ["", escape.plain(str(block.text)).strip()]
                lines += [_one_line(line, ADDRESS_LENGTH) for line in source_lines(block)]
                if block.cut:
                    lines.append("... stopped here; the text above is partial")
            case ToolCard():
                result = (block.error if block.state == "failed" else None) or block.output
                said = f" -> {_one_line(result)}" if result and block.result is None else ""
                edited = " (arguments changed by a person)" if block.edited else ""
                call = f"{_one_line(block.name)}({_one_line(str(block.arguments))})"
                lines.append(f"- {call}{edited}: {CARD_WORDS[block.state]}{said}")
                lines += [f"    {channel} | {line}" for channel, line in printed_lines(block)]
                lines += [f"  {_one_line(line)}" for line in decision_lines(block)]
                if block.inner is not None:
                    lines += [f"    {line}" if line else "" for line in _plain_blocks(block.inner)]
                if block.result is not None:
                    lines += [f"    {line}" for line in rich_lines(block.result)]
                if block.traceback:
                    lines += [f"    {line}" for line in escape.plain(escape.visible(block.traceback)).splitlines()]
                if block.state == "asking" and block.live:
                    lines.append(f"  {HOW_TO_DECIDE} {_one_line(' or '.join(decisions(block)))}")
            case HandoffMark():
                lines.append(f"- handoff: {block.source} -> {block.target or block.name}")
            case Notice():
                said = " ".join(part for part in (block.text, block.more) if part)
                lines += ["", f"{block.title}: {escape.plain(said)}" if said else block.title]
                lines += [f"    {line}" for line in block.code.splitlines()]
    return lines


def _head(view: RunView) -> str:
    parts = [STATE_WORDS[view.state], view.agent, view.label if view.is_demo and view.label else view.model]
    parts.append(duration(view.elapsed))
    if view.input_tokens or view.output_tokens:
        parts.append(f"{view.input_tokens:,} in / {view.output_tokens:,} out tokens")
    parts += [cost_words(view), retry_words(view)]
    return " | ".join(escape.plain(part) for part in parts if part)


def _one_line(text: str, limit: int = 200) -> str:
    line = " ".join(escape.plain(escape.visible(text)).split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def markdown_transcript(view: RunView) -> str:
    """The run in Markdown."""
    parts = [f"**{inert(_head(view))}**"]
    if view.prompt:
        parts.append("\n".join(f"> {line}" for line in inert(view.prompt).splitlines()))
    return "\n\n".join(parts + _markdown_blocks(view)) + "\n"


def _markdown_blocks(view: RunView) -> list[str]:
    parts: list[str] = []
    for block in view.blocks:
        match block:
            case TurnHead(new_agent=True):
                parts.append(f"#### {inert(block.agent)}")
            case TextBlock(kind="reasoning"):
                parts.append(f"*Thought:* {inert(str(block.text).strip())}")
            case TextBlock(kind="data"):
                parts.append(_code(str(block.text), "json"))
            case TextBlock():
                parts.append(inert(str(block.text).strip()) + ("\n\n*(stopped here)*" if block.cut else ""))
                if block.sources:
                    lines = [re.sub(r"[\\\[\]]", r"\\\g<0>", inert(line)) for line in source_lines(block)]
                    parts.append("Sources:\n\n" + "\n".join(f"- {line}" for line in lines))
            case ToolCard():
                parts.append(_markdown_call(block))
            case HandoffMark():
                parts.append(f"*Handoff: {inert(block.source)} \u2192 {inert(block.target or block.name)}*")
            case Notice():
                said = " ".join(part for part in (block.text, block.more) if part)
                parts.append(f"**{inert(block.title)}**" + (f": {inert(said)}" if said else ""))
                parts += [_code(block.code, "python")] if block.code else []
    return parts


def _markdown_call(card: ToolCard) -> str:
    result = (card.error if card.state == "failed" else None) or card.output
    edited = ", arguments changed by a person" if card.edited else ""
    name = card.name.replace("`", "")
    lines = [f"Tool `{name}` \u2014 {CARD_WORDS[card.state]}{edited}", _code(str(card.arguments), "json")]
    for line in decision_lines(card):
        lines.append(inert(" ".join(line.split())))
    if card.state == "asking" and card.live:
        lines += [HOW_TO_DECIDE, _code("\n".join(decisions(card)), "python")]
    if card.inner is not None:
        inside = "\n\n".join(_markdown_blocks(card.inner))
        lines.append("\n".join(f"> {line}".rstrip() for line in inside.splitlines()))
    if card.printed:
        lines += ["Printed:", _code("\n".join(f"{channel} | {line}" for channel, line in printed_lines(card)))]
    if card.result is not None:
        lines.append(_code("\n".join(rich_lines(card.result))))
    elif result:
        lines.append(_code(result))
    if card.traceback:
        lines.append(_code(card.traceback))
    return "\n\n".join(lines)


def _code(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any inside."""
    text = escape.visible(escape.clean(text))
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def inert(text: str) -> str:
    """Markdown in which nothing outside of code blocks can become a tag or load an image."""
    lines: list[str] = []
    fence = ""
    for line in escape.clean(text).splitlines():
        if fence:
            lines.append(line)
            stripped = line.rstrip()
            if stripped.startswith(fence) and not stripped.strip(fence[0]):
                fence = ""
            continue
        opening = _FENCE.match(line)
        if opening:
            fence = opening.group(1)
            lines.append(fence + re.sub(r"[^\w+#.-]", "", line[len(fence) :])[:30])
        else:
            lines.append(line.replace("<", "&lt;").replace("![", "!\\["))
    if fence:
        lines.append(fence)
    return "\n".join(lines)
