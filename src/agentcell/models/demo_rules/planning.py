"""What the demo model does next: calls, a handoff, a question back, or an answer. Pure functions over plain data.

The trick: nothing is remembered. Each time the whole plan is made again from the user's message, in the same way, and
what the input already shows as called is struck off. Only calls that needed another tool's output come from that
output, and those tools are called once; so every turn ends, at the latest after `MAX_ROUNDS` rounds.

    steps the instructions demand ("First call `x`, then `y`")     one by one
    tools that parts of the message mean                           all at once
    tools that lacked a value an output now gives                  next round
    a handoff that fits better than any tool, or still fits when the tools are done
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from .arguments import Filling, Source, fill
from .fields import definitions, fields_of, resolve
from .layers import layer_of
from .matching import ENOUGH, HandoffSpec, Match, ToolSpec, handoff_score, matches, shape
from .words import name_words, sentences, stem, stem_set, synonyms, words_of

MAX_ROUNDS = 6
"""Most rounds of calls after one user message."""


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call that the input already shows."""

    name: str
    """The tool's name."""
    arguments: dict[str, Any]
    """What it was called with."""
    output: str | None = None
    """What it returned, as text; `None` when the input has no output for it."""
    value: Any = None
    """The output parsed as JSON or as a Python literal; the text itself when it is neither."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One user message and what happened since."""

    request: str
    """The user's message."""
    instructions: str = ""
    """The agent's instructions."""
    earlier: Sequence[str] = ()
    """Earlier user messages, the latest first."""
    calls: Sequence[PastCall] = ()
    """Tool calls since the message, transfers excluded."""
    agents: Sequence[str] = ()
    """Agents that the run was handed to since the message, the current one last."""
    rounds: int = 0
    """Batches of calls since the message."""
    is_partial: bool = False
    """Whether the input holds outputs of calls it does not hold: the history is kept elsewhere."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call to make."""

    name: str
    """The tool, or the transfer tool of a handoff."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """What to call it with."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do next; without calls, answer."""

    calls: Sequence[Call] = ()
    """Calls to make now, in parallel."""
    reason: str = ""
    """One line that says which rule chose them."""
    missing: Sequence[tuple[str, Sequence[str]]] = ()
    """Tools that were meant but lack values: (tool, parameters)."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A tool that the message means, with where in the message it is meant."""

    match: Match
    start: int
    end: int


def plan(
    turn: Turn,
    tools: Sequence[ToolSpec] = (),
    handoffs: Sequence[HandoffSpec] = (),
    *,
    tool_choice: str | None = None,
    parallel: bool = True,
    today: date | None = None,
) -> Plan:
    """Decide what to do next. `tool_choice` is `None`, "auto", "required", "none" or the name of a tool or handoff."""
    if tool_choice == "none" or turn.is_partial or turn.rounds >= MAX_ROUNDS:
        return Plan()
    named = tool_choice not in (None, "auto", "required") and not (turn.calls or turn.agents)
    if named and (forced := _forced(turn, tools, handoffs, tool_choice or "", today)):
        return forced
    if step := _next_step(turn, tools, handoffs, today):
        return step
    wanted = _wanted(turn, tools)
    chosen, missing = _calls(turn, tools, wanted, today)
    if missing and not chosen and not turn.calls and (other := _search(turn, tools)):
        chosen, missing = _calls(turn, tools, other, today)
    handed = _handoff(turn, handoffs, wanted, bool(chosen), today)
    if handed is not None:
        return handed
    if not chosen and tool_choice == "required" and not (turn.calls or turn.agents):
        return _required(turn, tools, handoffs, today)
    chosen = chosen if parallel else chosen[:1]
    return Plan(chosen, _reason(chosen), () if chosen else missing)


def _forced(
    turn: Turn, tools: Sequence[ToolSpec], handoffs: Sequence[HandoffSpec], name: str, today: date | None
) -> Plan | None:
    for target in handoffs:
        if name in (target.name, target.agent):
            return _transfer(turn, target, f"tool_choice names {target.name}", today)
    tool = next((t for t in tools if t.name == name), None)
    if tool is None:
        return None
    found = next((w for w in _wanted(turn, [tool]) if w.match.tool is tool), None)
    rows = _filling(turn, tool, found, today).rows
    return Plan([Call(name, row) for row in rows], f"tool_choice names {name}")


def _required(turn: Turn, tools: Sequence[ToolSpec], handoffs: Sequence[HandoffSpec], today: date | None) -> Plan:
    layer = layer_of(turn.request)
    if tools:
        tool = max(tools, key=lambda t: shape(t, layer))
        calls = [Call(tool.name, row) for row in _filling(turn, tool, None, today).rows]
        return Plan(calls[:1], f"tool_choice is required: {tool.name} fits best")
    if handoffs:
        target = max(handoffs, key=lambda h: handoff_score(h, turn.request, turn.instructions))
        return _transfer(turn, target, f"tool_choice is required: {target.agent} fits best", today)
    return Plan()


_IMPERATIVE = re.compile(
    r"^(?:please\s+)?(?:first|always|then|start|begin|next|finally|call|before|you must|run)\b", re.I
)
_ALWAYS = re.compile(
    r"\b(?:first|always|start by|start with|begin by|begin with|must (?:call|use|run)"
    r"|before (?:you )?(?:answer|anything|respond|reply)\w*|every time)\b",
    re.I,
)
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|in case|only|never|don't|do not|may|might|can|could|optionally|as needed|where)\b",
    re.I,
)
_HAND_OVER = re.compile(
    r"\b(?:hand ?off|hand (?:it |them |this )?(?:over|off)|transfer|delegate|pass (?:it |them )?(?:on )?to)\b",
    re.I,
)


def demanded_steps(instructions: str, names: Sequence[str]) -> list[str]:
    """The tools that instructions say to call in any case, in the order they say it."""
    steps: list[str] = []
    for sentence in sentences(instructions[:8000]):
        demanded = (_IMPERATIVE.search(sentence) or _ALWAYS.search(sentence)) and not _CONDITION.search(sentence)
        if not demanded:
            continue
        places = []
        for name in names:
            quoted = re.escape(name)
            plain = "" if "_" in name else r"(?=\(| tool\b| function\b)"
            m = re.search(rf"`{quoted}`|(?<![\w.`]){quoted}(?!\w){plain}", sentence)
            if m:
                places.append((m.start(), name))
        steps += [name for _, name in sorted(places) if name not in steps]
    return steps


def _next_step(
    turn: Turn, tools: Sequence[ToolSpec], handoffs: Sequence[HandoffSpec], today: date | None
) -> Plan | None:
    by_name = {tool.name: tool for tool in tools}
    called = {call.name for call in turn.calls}
    for name in demanded_steps(turn.instructions, list(by_name)):
        if name in called:
            continue
        wanted = next((w for w in _wanted(turn, tools) if w.match.tool.name == name), None)
        filling = _filling(turn, by_name[name], wanted, today, with_outputs=True)
        calls = [Call(name, row) for row in filling.rows]
        return Plan(calls, f"the instructions demand {name}" + _arguments_line(calls))
    for target in handoffs:
        named = any(
            (target.name in s or re.search(rf"\b{re.escape(target.agent)}\b", s, re.I))
            and _HAND_OVER.search(s)
            and _ALWAYS.search(s)
            and not _CONDITION.search(s)
            for s in sentences(turn.instructions[:8000])
        )
        if named and target.agent not in turn.agents:
            return _transfer(turn, target, f"the instructions demand a handoff to {target.agent}", today)
    return None


_BREAK = re.compile(
    r"[.?!;\n]+(?=\s|\Z)|,\s*(?:and\s+|then\s+|also\s+)?|\s+(?:and|then|also|but|plus then)\s+|\s+&\s+|\s+/\s+",
    re.I,
)


def _parts(text: str, protected: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The clauses of a text as (start, end)."""
    parts, start = [], 0
    for m in _BREAK.finditer(text):
        if any(a < m.end() and m.start() < b for a, b in protected):
            continue
        parts.append((start, m.start()))
        start = m.end()
    parts.append((start, len(text)))
    return [(a, b) for a, b in parts if text[a:b].strip()]


def _wanted(turn: Turn, tools: Sequence[ToolSpec]) -> list[_Wanted]:
    """The tools that the message means, each with the stretch of the message that is about it."""
    if not tools or not turn.request.strip():
        return []
    found = _wanted_in(turn.request, tools, turn.instructions)
    if not found and (follow := _follow_up(turn, tools)):
        return follow
    return found or _search(turn, tools)


def _wanted_in(text: str, tools: Sequence[ToolSpec], instructions: str) -> list[_Wanted]:
    layer = layer_of(text)
    text = layer.text
    protected = [(t.start, t.end) for t in layer.things]
    segments: list[tuple[int, int, list[Match]]] = []
    lead = 0
    for start, end in _parts(text, protected):
        anchors = matches(layer.part(start, end, frozenset()), tools, instructions)
        if anchors or not segments:
            if segments and not segments[-1][2]:
                lead = segments.pop()[0]
                segments.append((lead, end, anchors))
            else:
                segments.append((start, end, anchors))
        else:
            segments[-1] = (segments[-1][0], end, segments[-1][2])
    wanted = [_Wanted(match, start, end) for start, end, anchors in segments for match in anchors]
    if not wanted:
        wanted = [_Wanted(match, 0, len(text)) for match in matches(layer, tools, instructions)]
    return wanted


_FOLLOW_UP = re.compile(
    r"^\s*(?:and|also|or|what about|how about|now|then|same|ok(?:ay)?|in|for|the one|it'?s|i meant|no)\b",
    re.I,
)
_CHAT = re.compile(
    r"^\W*(?:hi|hello|hey|thanks?|thank you|thx|bye|goodbye|good (?:morning|evening|night|afternoon)"
    r"|ok(?:ay)?|great|cool|yes|no|nice|perfect|how are you|who are you|what can you do|help)\b[\s\w,']{0,20}\W*$",
    re.I,
)


def _follow_up(turn: Turn, tools: Sequence[ToolSpec]) -> list[_Wanted]:
    """ "And in Tokyo?" means the tools of the message before; so does a bare value."""
    layer = layer_of(turn.request)
    words = [w for w in layer.words if not w.is_stop]
    short = len(layer.words) <= 4 and (bool(layer.things) or len(words) <= 2)
    if _CHAT.match(turn.request) or not (short or (_FOLLOW_UP.match(turn.request) and len(layer.words) <= 10)):
        return []
    for message in turn.earlier[:3]:
        if found := _wanted_in(message, tools, turn.instructions):
            whole = Match(found[0].match.tool, found[0].match.score, frozenset(), frozenset())
            return [_Wanted(whole, 0, len(turn.request))]
    return []


_SEARCHERS = stem_set("search query lookup ask browse wiki wikipedia google retrieve faq docs knowledge answer web")
_QUESTION = re.compile(
    r"^\W*(?:who|whose|when|where|why|how (?:do|does|did|can|to|many|much|old|tall|far|is|are)|what(?:'s"
    r"| is| are| was| were| does| do)|which|is|are|does|did|find|look up|tell me about|search|explain)\b",
    re.I,
)
_PERSONAL = re.compile(r"\b(?:you|your|my|me|i|i'm|we)\b", re.I)


def _search(turn: Turn, tools: Sequence[ToolSpec]) -> list[_Wanted]:
    """A question that fits no tool by its words goes to a search tool, if there is one."""
    if _CHAT.match(turn.request) or not _QUESTION.match(turn.request):
        return []
    if _PERSONAL.search(re.sub(r"^\W*(?:tell|show|give) me", "", turn.request, flags=re.I)):
        return []
    for tool in tools:
        defs = definitions(tool.schema or {})
        fields = fields_of(resolve(tool.schema or {}, defs)[0], defs)
        asks = [f for f in fields if f.required]
        if (
            {stem(w) for w in name_words(tool.name)} & _SEARCHERS
            and len(asks) == 1
            and asks[0].sort in ("free", "other")
        ):
            return [_Wanted(Match(tool, ENOUGH, frozenset(), frozenset()), 0, len(turn.request))]
    return []


def _filling(
    turn: Turn, tool: ToolSpec, wanted: _Wanted | None, today: date | None, *, with_outputs: bool = False
) -> Filling:
    outputs = [(c.name, c.value) for c in turn.calls if c.output is not None and not failed(c)] if with_outputs else []
    source = Source(turn.request, earlier=turn.earlier, outputs=outputs, today=today)
    if wanted is not None:
        source = replace(source, start=wanted.start, end=wanted.end, evidence=wanted.match.offsets)
    return fill(tool.schema or {}, source)


def _calls(
    turn: Turn, tools: Sequence[ToolSpec], wanted: Sequence[_Wanted], today: date | None
) -> tuple[list[Call], list[tuple[str, Sequence[str]]]]:
    """The calls to make now, and the tools that lack values."""
    done = {(c.name, _canonical(c.arguments)) for c in turn.calls}
    called = {c.name for c in turn.calls}
    calls: list[Call] = []
    missing: list[tuple[str, Sequence[str]]] = []
    late: list[tuple[_Wanted, Filling]] = []
    for item in wanted:
        tool = item.match.tool
        filling = _filling(turn, tool, item, today)
        if filling.missing:
            late.append((item, filling))
            continue
        calls += [Call(tool.name, row) for row in filling.rows]
    first = bool(calls)
    calls = [c for c in _distinct(calls) if (c.name, _canonical(c.arguments)) not in done]
    if calls and (first or not late):
        return calls, missing
    for item, filling in late:
        tool = item.match.tool
        if tool.name in called:
            continue
        if turn.calls:
            filling = _filling(turn, tool, item, today, with_outputs=True)
        elif provider := _provider(turn, tools, tool, filling, today):
            calls.append(provider)
            continue
        numbers = _number_names(tool)
        lacking = [name for name in filling.missing if name not in numbers]
        if lacking:
            missing.append((tool.name, lacking))
        else:
            calls += [Call(tool.name, row) for row in filling.rows]
            if filling.borrowed:
                break
    return _distinct(calls), missing


def _provider(
    turn: Turn, tools: Sequence[ToolSpec], needy: ToolSpec, lacking: Filling, today: date | None
) -> Call | None:
    """A call of another tool whose name promises a value that a tool lacks: `get_location` for `city`."""
    for name in lacking.missing:
        words = {stem(w) for w in name_words(name)} - {"id", "nam"}
        near = words | synonyms(words)
        for tool in tools:
            own = {stem(w) for w in name_words(tool.name)}
            if (
                tool.name == needy.name
                or not own & near
                or own & {stem(w) for w in name_words(needy.name)} - {"get"} & words
            ):
                continue
            filling = _filling(turn, tool, None, today)
            if not filling.missing and not _required_names(tool):
                return Call(tool.name, filling.rows[0])
    return None


def _required_names(tool: ToolSpec) -> set[str]:
    defs = definitions(tool.schema or {})
    return {f.name for f in fields_of(resolve(tool.schema or {}, defs)[0], defs) if f.required}


def _number_names(tool: ToolSpec) -> set[str]:
    defs = definitions(tool.schema or {})
    return {f.name for f in fields_of(resolve(tool.schema or {}, defs)[0], defs) if f.sort == "number"}


def _handoff(
    turn: Turn,
    handoffs: Sequence[HandoffSpec],
    wanted: Sequence[_Wanted],
    calls_now: bool,
    today: date | None,
) -> Plan | None:
    if _CHAT.match(turn.request) and len(words_of(turn.request)) < 3 and not handoffs:
        return None
    called = {c.name for c in turn.calls}
    explained = frozenset(s for w in wanted if w.match.tool.name in called for s in w.match.stems)
    scored = [
        (handoff_score(h, turn.request, turn.instructions, explained), -i, h)
        for i, h in enumerate(handoffs)
        if h.agent not in turn.agents
    ]
    if not scored:
        return None
    score, _, target = max(scored, key=lambda s: (s[0], s[1]))
    own = 0.0
    if turn.agents:
        here = HandoffSpec("", turn.agents[-1], turn.instructions[:500])
        own = handoff_score(here, turn.request)
    if calls_now:
        own = max(own, max((w.match.score for w in wanted), default=0.0))
    if score < ENOUGH or score <= own:
        return None
    return _transfer(turn, target, f"matched handoff to {target.agent}", today)


def _transfer(turn: Turn, target: HandoffSpec, reason: str, today: date | None) -> Plan:
    rows = fill(target.schema or {}, Source(turn.request, earlier=turn.earlier, today=today)).rows
    return Plan([Call(target.name, rows[0])], reason)


_FAILURE = re.compile(
    r"^\W*(?:an error occurred while running the tool|error\b|exception\b|traceback\b|failed\b|tool .{1,80} not found"
    r"|tool execution was not approved)",
    re.I,
)


def failed(call: PastCall) -> bool:
    """Whether the output of a call says that it failed."""
    if isinstance(call.value, dict) and set(call.value) <= {"error", "message", "code", "detail", "status"}:
        return "error" in call.value
    return call.output is not None and bool(_FAILURE.match(call.output))


def _canonical(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True, ensure_ascii=False, default=str)


def _distinct(calls: Sequence[Call]) -> list[Call]:
    return list({(c.name, _canonical(c.arguments)): c for c in calls}.values())


def _reason(calls: Sequence[Call]) -> str:
    lines = []
    for name in dict.fromkeys(c.name for c in calls):
        lines.append(f"matched tool {name}" + _arguments_line([c for c in calls if c.name == name]))
    return "; ".join(lines)


def _arguments_line(calls: Sequence[Call]) -> str:
    """The arguments of some calls, as ": city = Paris | city = Tokyo"; empty without arguments."""
    parts = []
    for call in calls:
        shown = [f"{k} = {_short(v)}" for k, v in call.arguments.items() if v is not None]
        parts.append(", ".join(shown))
    line = " | ".join(part for part in parts if part)
    return f": {line}" if line else ""


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."
