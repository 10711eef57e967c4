"""The demo model's answers, in Markdown: from tool outputs, from its small stock of texts, or about itself.

Outputs are data: they are quoted as they are, in code where they hold Markdown's own signs, and nothing is added to
them. Every answer says that rules wrote it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from .arguments import Source, fill
from .expressions import expression_in, simple_value
from .fields import definitions, fields_of, resolve
from .matching import HandoffSpec, ToolSpec
from .planning import PastCall, Plan, Turn, failed
from .stock import Piece, piece_for
from .things import things_in
from .words import name_words, words_of

MAX_QUOTE = 2_000
"""Characters of one output that an answer quotes."""
MAX_TABLE = 50
"""Rows of a table, and items of a list, that an answer shows."""

_SPECIAL = re.compile(r"[*_`\[\]<>#|\\~$]|^\s*(?:[-+>]|\d+[.)])\s|&\w+;|https?://", re.M)


def answer(
    turn: Turn, tools: Sequence[ToolSpec] = (), handoffs: Sequence[HandoffSpec] = (), plan: Plan | None = None
) -> str:
    """The whole answer to a turn in which no further call is to be made."""
    body, source = _body(turn, tools, handoffs, plan or Plan())
    return f"{body}\n\n*Composed by rules{source} (demo model, not an LLM).*"


def structured(turn: Turn, schema: Mapping[str, Any], *, today: date | None = None) -> str:
    """The answer as JSON text that follows a schema, filled from the outputs, the stock of texts and the prompt."""
    piece = _piece(turn)
    outputs = [(c.name, c.value) for c in turn.calls if c.output is not None and not failed(c)]
    if piece is not None:
        outputs.insert(0, ("stock", piece.fields))
        text = piece.text
    elif outputs:
        text = "; ".join(_flat(value) for _, value in outputs)
    else:
        text = f"Filled by rules, not by an LLM, from: {' '.join(turn.request.split())[:200]}"
    source = Source(turn.request, earlier=turn.earlier, outputs=outputs, today=today, answer=text)
    plain, _ = resolve(schema, definitions(schema))
    if "properties" not in plain and plain.get("type") != "object":
        wrapped = {"type": "object", "properties": {"response": schema}, "required": ["response"]}
        wrapped["$defs"] = definitions(schema)
        return json.dumps(fill(wrapped, source, every_field=True).rows[0].get("response"), ensure_ascii=False)
    return json.dumps(fill(schema, source, every_field=True).rows[0], ensure_ascii=False)


def _body(turn: Turn, tools: Sequence[ToolSpec], handoffs: Sequence[HandoffSpec], plan: Plan) -> tuple[str, str]:
    """The answer's text and what it was made from."""
    done = [call for call in turn.calls if call.output is not None]
    blocks = []
    if done:
        blocks.append(outputs_text(done))
    if piece := _piece(turn):
        blocks.append(piece.text)
    if plan.missing:
        blocks.append(_question(plan.missing))
    source = (
        f" from {len(done)} tool outputs" if len(done) > 1 else f" from the output of `{done[0].name}`" if done else ""
    )
    if blocks:
        return "\n\n".join(blocks), source
    return _about(turn, tools, handoffs), source


def _question(missing: Sequence[tuple[str, Sequence[str]]]) -> str:
    lines = []
    for tool, names in missing:
        wanted = " and ".join(f"`{name}`" for name in names)
        lines.append(f"To call `{tool}` I still need {wanted}. Please send it, for example `{names[0]}: ...`.")
    return "\n\n".join(lines)


# ---------------------------------------------------------------- tool outputs


def outputs_text(calls: Sequence[PastCall]) -> str:
    """What some calls returned: a sentence for one, a list or a table for several, failures named as such."""
    if len(calls) == 1:
        return _single(calls[0])
    groups: dict[str, list[PastCall]] = {}
    for call in calls:
        groups.setdefault(call.name, []).append(call)
    blocks = []
    for name, members in groups.items():
        if len(groups) > 1:
            blocks.append(f"### {title_of(name)}")
        else:
            blocks.append(f"## {title_of(name)}")
        blocks.append(_single(members[0], bare=True) if len(members) == 1 else _several(members))
    return "\n\n".join(([] if len(groups) == 1 else ["## Results"]) + blocks)


def title_of(tool: str) -> str:
    """A heading made of a tool's name: "get_stock_price" is "Stock price"."""
    words = name_words(tool)
    words = words[1:] if len(words) > 1 and words[0] in ("get", "fetch", "lookup", "find", "list", "read") else words
    return (" ".join(words) or tool).capitalize()


def _single(call: PastCall, *, bare: bool = False) -> str:
    if failed(call):
        return _failure(call)
    value = call.value
    if isinstance(value, (dict, list)) and value:
        lead = "" if bare else f"`{call.name}`{_for(call)} returned:\n\n"
        return lead + _block(value)
    text = (call.output or "").strip()
    if not text:
        return f"`{call.name}`{_for(call)} returned nothing."
    if "\n" in text or len(text) > 400:
        return ("" if bare else f"`{call.name}`{_for(call)} returned:\n\n") + fenced(text)
    if len(text.split()) > 3 and not _SPECIAL.search(text):
        return text
    return (
        f"{'' if bare else f'`{call.name}`'}{_for(call)} returned **{inline(text)}**.".lstrip()
        if not bare
        else inline(text)
    )


def _failure(call: PastCall) -> str:
    return f"`{call.name}`{_for(call)} **failed**, so I have no result for it. It said: {inline(call.output or '')}"


def _for(call: PastCall) -> str:
    label = _label(call)
    return f" for {label}" if label else ""


def _label(call: PastCall, others: Sequence[PastCall] = ()) -> str:
    """The arguments that tell a call from its siblings, or all plain ones that are set."""
    arguments = {
        k: v for k, v in call.arguments.items() if isinstance(v, (str, int, float)) and not isinstance(v, bool)
    }
    if others:
        varying = {k: v for k, v in arguments.items() if any(o.arguments.get(k) != v for o in others)}
        arguments = varying or arguments
    return ", ".join(inline(_clip(str(v), 60)) for v in list(arguments.values())[:3])


def _several(calls: Sequence[PastCall]) -> str:
    """Several calls of one tool: a table when all returned alike objects, else one bullet for each."""
    good = [c for c in calls if not failed(c)]
    if len(good) > 1 and all(_is_row(c.value) and c.value.keys() == good[0].value.keys() for c in good):
        shown = all(_label(c, calls) in (inline(_text(v)) for v in c.value.values()) for c in good)
        rows = [c.value if shown else {"": _label(c, calls), **c.value} for c in good]
        failures = [f"- {_failure(c)}" for c in calls if failed(c)]
        return "\n".join([table(rows), "", *failures]).rstrip()
    lines = []
    for call in calls:
        label = _label(call, calls) or f"`{call.name}`"
        if failed(call):
            lines.append(f"- **{label}**: {_failure(call)}")
        elif isinstance(call.value, (dict, list)) and call.value:
            lines.append(f"- **{label}**:\n\n{_indented(_block(call.value))}")
        else:
            lines.append(f"- **{label}**: {inline((call.output or '').strip()) or '(nothing)'}")
    return "\n".join(lines)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.splitlines())


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(not isinstance(v, (dict, list)) for v in value.values())


def _block(value: dict[str, Any] | list[Any]) -> str:
    """An object as bullets, a list of alike objects as a table, any other list as bullets, the rest as JSON."""
    if _is_row(value) and isinstance(value, dict):
        return "\n".join(f"- **{inline(str(k))}**: {inline(_text(v))}" for k, v in value.items())
    if isinstance(value, list) and all(_is_row(v) for v in value):
        return table(value)
    if isinstance(value, list) and all(not isinstance(v, (dict, list)) for v in value):
        more = [f"- ... and {len(value) - MAX_TABLE} more"] if len(value) > MAX_TABLE else []
        return "\n".join([f"- {inline(_text(v))}" for v in value[:MAX_TABLE]] + more)
    return fenced(json.dumps(value, indent=2, ensure_ascii=False, default=str), "json")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of objects; columns in order of first appearance."""
    columns = list(dict.fromkeys(key for row in rows for key in row))[:12]
    lines = [
        "| " + " | ".join(_cell(c.replace("_", " ")) for c in columns) + " |",
        "|" + " --- |" * len(columns),
    ]
    for row in rows[:MAX_TABLE]:
        lines.append("| " + " | ".join(_cell(_text(row.get(c, ""))) if c else str(row[c]) for c in columns) + " |")
    if len(rows) > MAX_TABLE:
        lines.append(f"\n{len(rows) - MAX_TABLE} more rows are in the tool's card.")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return inline(" ".join(text.split())).replace("|", "\\|")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _flat(value: Any) -> str:
    return " ".join(_clip(_text(value), 400).split())


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def inline(text: str) -> str:
    """A text within a line, as it is; in a code span when it holds signs that Markdown would read."""
    text = " ".join(_clip(text, MAX_QUOTE).split())
    if not _SPECIAL.search(text):
        return text
    ticks = "`" * (1 + max((len(m) for m in re.findall(r"`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fenced(text: str, language: str = "text") -> str:
    """A text in a code block, cut at `MAX_QUOTE` characters with a note."""
    fence = "`" * max(3, 1 + max((len(m) for m in re.findall(r"`+", text)), default=0))
    cut = len(text) - MAX_QUOTE
    note = f"\n\n{cut} more characters are in the tool's card." if cut > 0 else ""
    return f"{fence}{language}\n{text[:MAX_QUOTE]}\n{fence}{note}"


# ---------------------------------------------------------------- the stock of texts


def _piece(turn: Turn) -> Piece | None:
    """The text of its own that the turn asks for, by the request or else by the instructions."""
    counts = [c.value for c in turn.calls if isinstance(c.value, int) and not isinstance(c.value, bool)]
    if piece := piece_for(turn.request, counts[-1] if counts and "that many" in turn.request else None):
        return piece
    chat = bool(_GREETING.match(turn.request))
    if turn.calls or chat:
        many = counts[-1] if counts and re.search(r"\b(?:that many|this many|as many)\b", turn.instructions) else None
        if many is not None or (chat and not turn.calls):
            return piece_for(turn.instructions, many)
    return None


# ---------------------------------------------------------------- answers about itself

_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|evening|afternoon)|greetings|hola|bonjour|hallo|ciao)\b.{0,40}$",
    re.I,
)
_THANKS = re.compile(r"^\W*(?:thanks?|thank you|thx|great|perfect|cool|bye|goodbye)\b.{0,40}$", re.I)
_WHO = re.compile(
    r"\b(?:who are you|what (?:are you|can you do|model are you)|are you (?:an? )?(?:ai|llm|real|human|bot)"
    r"|what do you do|help)\b",
    re.I,
)
_KEY = (
    "**For a real answer**, give the notebook a key and run the cell again:\n\n"
    '```python\nimport os\nos.environ["OPENAI_API_KEY"] = "sk-..."\n```\n\n'
    "Any OpenAI-compatible server works too, through `OPENAI_BASE_URL`."
)
_OPENINGS = (
    "I am the **demo model**: rules, not an LLM. This one needs a real model; here is what the rules can say.",
    "No rule of the **demo model** answers this, and it will not make something up. It can say what it sees.",
    "This is the **demo model** speaking: it follows rules and knows nothing about the world. "
    "It did read your message.",
)


def _about(turn: Turn, tools: Sequence[ToolSpec], handoffs: Sequence[HandoffSpec]) -> str:
    request = turn.request
    if _THANKS.match(request):
        return "You are welcome. The run, with every call and output, stays in this cell."
    if remembered := _remembered(turn):
        return remembered
    if (found := expression_in(request)) and (value := simple_value(found[2])) is not None:
        return f"{inline(found[2])} = **{value:g}**\n\nThat much arithmetic the rules can do without a tool."
    if turn.agents:
        return (
            f"**{inline(turn.agents[-1])}** has taken over. It was asked:\n\n{_quote(request)}\n\n"
            f"{_abilities(tools, handoffs)}\n\n{_KEY}"
        )
    if _GREETING.match(request) or not request.strip():
        return (
            "Hello! I am the **demo model**: I follow rules and am not an LLM, so that you can try an agent, its tools "
            f"and its handoffs before you have a key.\n\n{_abilities(tools, handoffs)}\n\n{_KEY}"
        )
    if _WHO.search(request):
        return (
            "I am the **demo model**: rules, not an LLM. I match your words with the names, descriptions and "
            "parameters of the agent's tools, take the arguments from what you wrote, call the tools for real, and "
            f"set their outputs in Markdown.\n\n{_abilities(tools, handoffs)}\n\n{_KEY}"
        )
    opening = _OPENINGS[sum(map(ord, request[:500])) % len(_OPENINGS)]
    return f"{opening}\n\n{_quote(request)}\n\n{_seen(request)}\n\n{_abilities(tools, handoffs)}\n\n{_KEY}"


def _quote(text: str) -> str:
    return f"> {inline(_clip(' '.join(text.split()), 300))}"


def _seen(request: str) -> str:
    words = words_of(request[:4000])
    question = request.rstrip().endswith("?") or bool(
        re.match(r"\W*(?:who|what|when|where|why|how|which|is|are|do|does|can)\b", request, re.I)
    )
    lines = [f"- {'a question' if question else 'a request'} of {len(words)} words"]
    telling = list(dict.fromkeys(w.text.lower() for w in words if not w.is_stop and not w.text.isdigit()))
    if telling:
        lines.append("- words that would choose a tool: " + ", ".join(inline(w) for w in telling[:8]))
    kinds: dict[str, list[str]] = {}
    for thing in things_in(request):
        kinds.setdefault({"caps": "name"}.get(thing.kind, thing.kind), []).append(thing.value)
    for kind, values in kinds.items():
        shown = ", ".join(inline(_clip(v, 60)) for v in values[:6])
        lines.append(f"- {kind} {'values' if len(values) > 1 else 'value'} that could become arguments: {shown}")
    return "**What the rules see in it**\n\n" + "\n".join(lines)


def _abilities(tools: Sequence[ToolSpec], handoffs: Sequence[HandoffSpec]) -> str:
    lines = []
    for tool in tools[:12]:
        said = " ".join(tool.description.split("\n\n")[0].split())
        purpose = f": {inline(_clip(said.rstrip('.'), 120))}" if said else ""
        lines.append(f"- `{tool.name}`{purpose}. Try “{example(tool)}”.")
    for target in handoffs[:12]:
        lines.append(f"- hand over to **{inline(target.agent)}**")
    if lines:
        return "**What this agent can do here**\n\n" + "\n".join(lines)
    return (
        "**This agent has no tools yet.** Give it one, and the rules will call it:\n\n"
        "```python\n@function_tool\ndef get_weather(city: str) -> str:\n"
        '    """Get the weather in a city."""\n    return f"{city}: sunny"\n```\n\n'
        "Without tools I can still tell a joke, a fact, a short story, a poem or a haiku, and list a few fruits "
        "or planets."
    )


_EXAMPLES = {
    "place": "Paris", "person": "Ada", "number": "3", "currency": "EUR", "date": "2030-01-31", "time": "18:30",
    "email": "ada@example.com", "id": "A-1234", "ticker": "ACME", "url": "https://example.com", "path": "data.csv",
    "language": "French", "expression": "6 * 7", "free": "tides", "unit": "km", "boolean": "true", "other": "blue",
}  # fmt: skip


def example(tool: ToolSpec) -> str:
    """A prompt that makes the rules call a tool."""
    defs = definitions(tool.schema or {})
    values = []
    for field in fields_of(resolve(tool.schema or {}, defs)[0], defs):
        if field.required and field.sort in _EXAMPLES:
            values.append(f"{field.name}: {_EXAMPLES[field.sort]}")
        elif field.required and field.sort == "enum":
            values.append(f"{field.name}: {field.schema.get('enum', [''])[0]}")
    return ", ".join([" ".join(name_words(tool.name)), *values[:4]])


def _remembered(turn: Turn) -> str | None:
    """What an earlier message said about "my X", when the request asks for it."""
    asked = re.search(
        r"\bwhat(?:'s| is| was)? my ([\w ]{2,30}?)\s*\?|\bwhat my ([\w ]{2,30}?) is\b|\b(who am i)\b",
        turn.request,
        re.I,
    )
    if not asked:
        return None
    what = (asked.group(1) or asked.group(2) or "name").strip().lower()
    said = rf"\bmy {re.escape(what)} is ([^.,;!?\n]{{1,80}})"
    if what == "name":
        said += r"|\b(?:i am|i'm|call me) ([A-Z][\w-]{0,40})"
    for message in turn.earlier:
        if m := re.search(said, message[:4000], re.I):
            value = next(g for g in m.groups() if g)
            return f"You told me: your {inline(what)} is **{inline(value.strip())}**."
    return None
