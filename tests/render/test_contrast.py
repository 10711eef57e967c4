"""Colours of both skins: text is readable on light and dark pages, and paleness never adds up."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from golden.codec import decode_entry

from agentcell.engine.log import Entry
from agentcell.render.record import record
from agentcell.render.record_styles import CODE_HUES, CODE_TEXT_SHARE, MARKDOWN_STYLES, STYLES
from agentcell.view.feed import fold
from agentcell.view.model import EMPTY

from .dom import Element, parse

Colour = tuple[float, float, float]
GOLDEN = Path(__file__).parents[1] / "golden"
CSS = (Path(__file__).parents[2] / "src/agentcell/render/assets/run.css").read_text(encoding="utf-8")
PAGES: dict[str, Colour] = {"#ffffff": (255, 255, 255), "#111111": (17, 17, 17)}
TEXT, LARGE_OR_MARK = 4.5, 3.0
MARKS = frozenset({"dot", "mark", "verdict", "gauge"})
"""Classes whose text is a sign beside words that say the same."""


def rgb(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def over(colour: Colour, alpha: float, page: Colour) -> Colour:
    mixed = [alpha * above + (1 - alpha) * below for above, below in zip(colour, page, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def luminance(colour: Colour) -> float:
    parts = [c / 255 for c in colour]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def declared(style: str, name: str) -> str | None:
    found = re.findall(rf"(?:^|;){name}:([^;]+)", style)
    return found[-1] if found else None


def test_the_measure_is_that_of_wcag() -> None:
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    assert contrast((255, 255, 255), rgb("#808080")) == pytest.approx(3.95, abs=0.01)


def test_hues_of_the_record_are_for_signs_alone_and_seen_on_every_page() -> None:
    for name, style in STYLES.items():
        colour = declared(style, "color")
        ground = declared(style, "background-color")
        if colour is None or colour == "inherit":
            continue
        if ground is not None and ground.startswith("#"):
            assert contrast(rgb(colour), rgb(ground)) >= TEXT, name
            continue
        assert name.split(".")[0] in MARKS, f"{name}: no one colour is readable on light and dark pages"
        for page in PAGES.values():
            for behind in (page, over((128, 128, 128), 0.1, page)):
                assert contrast(rgb(colour), behind) >= LARGE_OR_MARK, name


@pytest.mark.parametrize("page", PAGES)
def test_pale_text_of_the_record_is_readable(page: str) -> None:
    """On the greys of the record too, with a page's text as pale as JupyterLab's."""
    text: Colour = (255, 255, 255) if page == "#111111" else over((0, 0, 0), 0.87, PAGES[page])
    ground = over((128, 128, 128), 0.10, PAGES[page])
    pale = {name: float(value) for name, style in STYLES.items() if (value := declared(style, "opacity"))}
    assert pale["meta"] < 1
    for name, opacity in pale.items():
        assert contrast(over(text, opacity, ground), ground) >= TEXT, name


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_nothing_pale_stands_inside_something_pale(path: Path) -> None:
    log: list[Entry] = [decode_entry(data) for data in json.loads(path.read_text(encoding="ascii"))["events"]]

    def pale_in(element: Element) -> list[Element]:
        style = dict(element.attributes).get("style") or ""
        found = [element] if float(declared(style, "opacity") or 1) < 1 else []
        return found + [e for child in element.children if isinstance(child, Element) for e in pale_in(child)]

    pale = pale_in(parse(record(fold(EMPTY, log))))
    assert pale, "a record has something that matters less"
    for element in pale:
        assert pale_in(element) == [element], element.text()


def test_bars_of_the_live_view_have_white_names_that_are_readable() -> None:
    colours = dict(re.findall(r"--ac-(\w+)-colour: (#\w{6});", CSS))
    assert set(colours) == {"model", "tool", "you", "failed", "cancelled"}
    for name, colour in colours.items():
        assert contrast((255, 255, 255), rgb(colour)) >= TEXT, name


def test_both_skins_have_the_same_bars() -> None:
    colours = dict(re.findall(r"--ac-(\w+)-colour: (#\w{6});", CSS))
    drawn = {
        name: declared(STYLES[f"bar.{kind}"], "background-color")
        for name, kind in (
            ("model", "stream"),
            ("tool", "tool"),
            ("you", "you"),
            ("failed", "failed"),
            ("cancelled", "cancelled"),
        )
    }
    assert drawn == colours


def test_markdown_of_the_record_has_the_colours_of_the_page() -> None:
    assert not any(declared(style, "color") for style in MARKDOWN_STYLES.values())


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("kind", CODE_HUES)
def test_highlighted_code_is_readable_in_both_skins_and_every_theme(kind: str, page: str) -> None:
    declared_by = rf"\.ac-hl-{kind}\b[^{{]*{{\s*color: color-mix\(in srgb, var\(--ac-text\) (\d+)%, (#\w{{6}})\)"
    (live,) = re.findall(declared_by, CSS)
    assert live == (str(CODE_TEXT_SHARE), CODE_HUES[kind])
    dark = page == "#111111"
    share = CODE_TEXT_SHARE / 100
    for text in [(255, 255, 255), (221, 221, 221)] if dark else [(0, 0, 0), over((0, 0, 0), 0.87, PAGES[page])]:
        for ground in (over(text, 0.06, PAGES[page]), over((128, 128, 128), 0.10, PAGES[page])):
            assert contrast(over(text, share, rgb(CODE_HUES[kind])), ground) >= TEXT
