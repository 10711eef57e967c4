"""`python -m tests.benchmarks [endings | live | blocks]`: measures, and writes its section of `RESULTS.md`.

--short             a few runs, to see that it works
--rounds N          other than 5
--output FILE       another file
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = "# Results of `python -m tests.benchmarks`\n"


def endings(short: bool, rounds: int) -> str:
    """How long runs take to end."""
    from .endings import measure
    from .report import report

    events, repeats = (2, 1) if short else (10, 10)
    return report(asyncio.run(measure(rounds, events, repeats)), rounds, events * repeats)


def live(short: bool, rounds: int) -> str:
    """What live views cost, side by side."""
    from tests.browser.lab import Lab

    from .live_kernel import WAYS
    from .live_report import live_report
    from .live_view import BARE, LONG, MODULE, OURS, SCALES, measure

    scales = {(200, 400): 10.0} if short else SCALES
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder) / "lab") as lab:
        found = {
            (count, rate): measure(
                lab, [BARE, OURS, MODULE, *WAYS], count, rate, (rounds + 1) // 3 if count >= LONG else rounds, limit
            )
            for (count, rate), limit in scales.items()
        }
    return live_report(found)


def blocks(short: bool, _rounds: int) -> str:
    """What big blocks cost, by the kB."""
    from .big_blocks import KINDS, measure
    from .live_report import blocks_report

    return blocks_report(measure(["code"] if short else list(KINDS), short=short))


PARTS = {"endings": ("Ending a run", endings), "live": ("Live views", live), "blocks": ("Big blocks", blocks)}
"""The heading of each section, and what makes it."""


def put(whole: str, heading: str, section: str) -> str:
    """A file's text with one section in its place, or at the end."""
    if not whole.startswith(TITLE):
        whole = TITLE
    kept = re.split(r"(?m)^(?=## )", whole)
    head, sections = kept[0].rstrip() + "\n", [part for part in kept[1:] if not part.startswith(f"## {heading}\n")]
    return "\n".join(part.strip() + "\n" for part in [head, *sections, section])


def main(argv: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, default="endings", help="what to measure (endings)")
    parser.add_argument("--short", action="store_true", help="a few runs, to see that it works")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which the median counts (5)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the file to write (RESULTS.md)")
    options = parser.parse_args(argv)
    heading, measured = PARTS[options.part]
    section = measured(options.short, 1 if options.short else options.rounds)
    before = options.output.read_text(encoding="utf-8") if options.output.exists() else TITLE
    options.output.write_text(put(before, heading, section), encoding="utf-8")


if __name__ == "__main__":
    main()
