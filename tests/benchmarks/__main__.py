"""`python -m tests.benchmarks`: measures, and writes `RESULTS.md`.

--short             a few runs, to see that it works
--output FILE       another file
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from .endings import measure
from .report import report

RESULTS = Path(__file__).with_name("RESULTS.md")


def main(argv: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few runs, to see that it works")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the file to write (RESULTS.md)")
    options = parser.parse_args(argv)
    rounds, events, repeats = (1, 2, 1) if options.short else (5, 10, 10)
    found = asyncio.run(measure(rounds, events, repeats))
    options.output.write_text(report(found, rounds, events * repeats), encoding="utf-8")


if __name__ == "__main__":
    main()
