"""Whatever the frames, the page ends with what the record says."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentcell.render.live import LiveRenderer
from agentcell.render.record import record
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY

from .dom import Element, parse
from .page import Page, normal
from .scenes import SCENES, entries


def cut(count: int, cuts: list[int]) -> list[tuple[int, int]]:
    places = sorted({0, count, *(c % (count + 1) for c in cuts)})
    return list(pairwise(places))


@pytest.mark.parametrize("scene", SCENES)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=30))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_operations_of_any_frames_lead_to_the_snapshot(scene: str, cuts: list[int]) -> None:
    log = entries(scene)
    renderer, view = LiveRenderer(), EMPTY
    page = Page(renderer.snapshot())
    for start, end in cut(len(log), cuts):
        view = fold(view, log[start:end])
        page.apply(renderer.update(view))
        assert normal(page.root) == normal(parse(renderer.snapshot()))
    whole = LiveRenderer()
    whole.update(fold(EMPTY, log))
    assert normal(page.root) == normal(parse(whole.snapshot()))


@pytest.mark.parametrize("scene", SCENES)
def test_live_view_and_record_have_the_same_text_and_structure(scene: str) -> None:
    view = fold(EMPTY, entries(scene))
    renderer = LiveRenderer()
    renderer.update(view)
    assert shape(parse(renderer.snapshot())) == shape(parse(record(view)))


def shape(element: Element) -> object:
    """Tags and texts of a tree, without what only a live page has: buttons, arrows, forms, the foot."""
    inside = [c for c in element.children if isinstance(c, str) or not only_live(c)]
    return element.tag, [c if isinstance(c, str) else shape(c) for c in inside]


def only_live(element: Element) -> bool:
    attributes = dict(element.attributes)
    only = ("ac-buttons", "ac-arrow", "ac-arrow ac-up", "ac-foot")
    return element.tag == "button" or "data-form" in attributes or attributes.get("class") in only


@pytest.mark.parametrize("scene", SCENES)
def test_hostile_text_stays_text(scene: str) -> None:
    view = fold(EMPTY, entries(scene))
    renderer = LiveRenderer()
    renderer.update(view)
    for html in (record(view), renderer.snapshot()):
        for element in parse(html).walk():
            assert element.tag not in ("script", "img", "style", "iframe", "object", "svg")
            assert not any(name.startswith("on") for name, _ in element.attributes)
        assert not re.search(r'(?:src|srcset|action|background)="?http', html)


def test_the_record_has_no_script_class_or_key_of_ours() -> None:
    html = record(fold(EMPTY, entries("handoff")))
    for element in parse(html).walk():
        names = {name for name, _ in element.attributes}
        assert not any(name.startswith("data-") or name == "id" for name in names)
        assert element.tag != "button"


def test_a_frame_costs_what_changed() -> None:
    log = entries("weather")
    renderer, view = LiveRenderer(), EMPTY
    sent = 0
    for entry in log:
        view = fold(view, [entry])
        sent += sum(len(str(operation)) for operation in renderer.update(view))
    text = sum(len(getattr(e.event.data, "delta", "")) for e in log if e.event.type == "raw_response_event")
    whole = len(renderer.snapshot())
    assert sent < 6 * whole + 3 * text


def test_nothing_is_sent_when_nothing_changed() -> None:
    view = fold(EMPTY, entries("weather"))
    renderer = LiveRenderer()
    renderer.update(view)
    assert renderer.update(view) == []
