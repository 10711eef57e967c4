"""The header of a run: who is working, on what, for how long and at what cost."""

from __future__ import annotations

from ..view.model import RunView
from .card import ticking
from .nodes import Node, el
from .words import STATE_WORDS, cost_words, duration

BUTTONS = (
    ("stop_after_turn", "stop", "Stop", "Stop after this turn: what runs is finished, nothing new begins"),
    ("stop", "stop-now", "Stop now", "Stop at once; what was written is kept"),
)
"""The buttons of a run that goes on: action, class, text and explanation."""


def header(view: RunView) -> Node:
    """The header, in one line where there is room for it."""
    dot = el("span", "dot", "\u25cf", key="h.dot", mods=(view.state,))
    dot.attributes["aria-hidden"] = "true"
    state = el("strong", "state", STATE_WORDS[view.state], key="h.state")
    state.live.update({"role": "status", "aria-live": "polite"})
    facts = _facts(view)
    for fact in facts:  # where a line begins, the page cuts what leads off
        fact.children.insert(0, el("span", "sep", " \u00b7 ", mods=("lead",)))
    now = el("span", "fact", dot, state, key="h.now", mods=("first",))
    return el("header", "head", el("span", "facts", now, *facts, key="h.facts"), _buttons(view), key="h")


def _facts(view: RunView) -> list[Node]:
    """What is known by now."""
    model = view.label if view.is_demo and view.label else view.model
    speed = view.streamed_tokens / view.streamed_for if view.streamed_for > 0 and view.streamed_tokens else 0
    found: list[Node] = []
    if view.agent:
        found.append(_fact("agent", "who", view.agent))
    if model:
        found.append(_fact("model", "model", model, mods=("demo",) if view.is_demo else ()))
    if view.state != "queued":
        time = ticking(el("span", "meta", key="h.time.t"), 0.0, view.elapsed, ended=view.finished)
        found.append(el("span", "fact", time, key="h.time"))
    if view.first_token is not None:
        found.append(_fact("first", "meta", f"first token {duration(view.first_token)}"))
    if view.input_tokens or view.output_tokens:
        found.append(_fact("tokens", "meta", f"{view.input_tokens:,} in / {view.output_tokens:,} out"))
        if speed:
            found.append(_fact("speed", "meta", f"{speed:,.0f} tok/s"))
        if said := cost_words(view):
            found.append(_cost(view, said))
    return found


def _cost(view: RunView, said: str) -> Node:
    fact = _fact("cost", "meta", said)
    if view.cost is None:
        fact.attributes["title"] = "No price is known for a model of this run: agentcell.set_price(...) adds one"
    return fact


def _fact(name: str, kind: str, text: str, mods: tuple[str, ...] = ()) -> Node:
    return el("span", "fact", el("span", kind, text, key=f"h.{name}.t", mods=mods), key=f"h.{name}")


def _buttons(view: RunView) -> Node:
    buttons = el("span", "buttons", key="h.buttons")
    buttons.live_only = True
    for action, kind, text, told in BUTTONS:
        button = el("button", kind, text, key=f"h.{kind}")
        button.live.update({"type": "button", "data-do": action, "title": told})
        if view.finished:
            button.live["hidden"] = ""
        buttons.children.append(button)
    fold = el("button", "fold", "\u25be", key="h.fold")
    fold.live.update({"type": "button", "data-fold": "c", "aria-expanded": "true"})
    fold.live.update({"title": "Hide or show what is below", "aria-label": "Hide or show the run"})
    buttons.children.append(fold)
    return buttons
