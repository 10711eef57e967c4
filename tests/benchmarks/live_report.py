"""Writes what `live_view` and `big_blocks` have measured as Markdown tables; nothing about the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from .live_view import BARE, MODULE, OURS, SCALES, Sample

GOALS = {
    "kernel CPU / bare": 1.3,
    "browser CPU / streaming-markdown": 1.0,
    "websocket bytes / bare": 1.15,
    "operations / text, at 200 tokens/s": 2.5,
    "long tasks - bare": 1.0,
    "last token - bare, ms": 30.0,
}
"""The most that each figure may be."""


def middle(samples: Sequence[Sample]) -> Sample:
    """The median of each figure."""
    lasts = [sample.last for sample in samples if sample.last is not None]
    names = ("messages", "bytes", "content", "opening", "record", "kernel", "browser", "long_tasks", "late_frames")
    figures = {name: median(getattr(sample, name) for sample in samples) for name in (*names, "worst")}
    return Sample(
        **figures,
        last=median(lasts) if len(lasts) * 2 > len(samples) else None,
        unfinished=samples[-1].unfinished,
        notes=samples[-1].notes,
    )


def ratios(found: Mapping[str, Sample], rate: float) -> dict[str, float]:
    """The figures that there are goals for."""
    ours, bare, module = found[OURS], found[BARE], found.get(MODULE)
    values = {"kernel CPU / bare": ours.kernel / bare.kernel, "websocket bytes / bare": ours.bytes / bare.bytes}
    if module is not None:
        values["browser CPU / streaming-markdown"] = ours.browser / module.browser
    if rate == 200:
        values["operations / text, at 200 tokens/s"] = ours.notes["operations"] / ours.notes["characters"]
    values["long tasks - bare"] = ours.long_tasks - bare.long_tasks
    if ours.last is not None and bare.last is not None:
        values["last token - bare, ms"] = ours.last - bare.last
    return values


def live_report(found: Mapping[tuple[int, int], Mapping[str, Sequence[Sample]]]) -> str:
    """The section about live views."""
    lines = [
        "## Live views",
        "",
        "One simulated answer of ordinary Markdown (tokens of some 4.4 characters) in a real JupyterLab with Chromium,",
        "shown in several ways, each in a new notebook with a kernel of its own that has shown a short answer before.",
        "*bare* joins deltas to 30 frames a second and appends them as plain text; *streaming-markdown* is the npm",
        "module, fed with the same deltas. Every way reads the same events from the same paced source, agentcell",
        "through its runner, log and view. Kernel CPU is that of the whole cell with everything after it (for",
        "agentcell also the record that stays in the notebook), browser CPU that of the page's main thread",
        "(`threadTicks`) until half a second after the last word. Messages and bytes are those of the stream; what",
        "opens a view (with its code) and the record at the end stand beside. The slow ways ran once, the others as",
        "often as is said; figures are medians.",
        "",
    ]
    for (count, rate), ways in found.items():
        middles = {way: middle(samples) for way, samples in ways.items() if samples}
        rounds = len(ways[OURS])
        lines += [
            f"### {count:,} tokens at {rate:,} a second ({rounds} round{'s' * (rounds != 1)})",
            "",
            "| way | messages | bytes | opening + record | kernel CPU s | browser CPU s | tasks > 50 ms "
            "| frames > 50 ms | longest task ms | last token ms |",
            "| --- |" + " ---: |" * 9,
        ]
        for way, one in middles.items():
            last = "not shown" if one.last is None else f"{one.last:.0f}"
            name = f"{way} ({one.unfinished})" if one.unfinished else way
            lines.append(
                f"| {name} | {one.messages:,.0f} | {one.bytes:,.0f} | {one.opening:,.0f} + {one.record:,.0f} "
                f"| {one.kernel:.2f} | {one.browser:.2f} | {one.long_tasks:.0f} | {one.late_frames:.0f} "
                f"| {one.worst:.0f} | {last} |"
            )
        lines += ["", "| figure | value | goal | |", "| --- | ---: | ---: | --- |"]
        for name, value in ratios(middles, rate).items():
            lines.append(
                f"| {name} | {value:.2f} | {GOALS[name]:.2f} | {'met' if value <= GOALS[name] else 'missed'} |"
            )
        lines.append("")
    skipped = [scale for scale in SCALES if scale not in found]
    if skipped:
        lines += [f"Not measured: {', '.join(f'{count:,} at {rate:,}' for count, rate in skipped)}.", ""]
    return "\n".join(lines)


def blocks_report(found: Mapping[str, Mapping[str, tuple[float, float]]]) -> str:
    """The section about big blocks: by kind and by what was measured, milliseconds a kB, small and big."""
    columns = list(dict.fromkeys(name for row in found.values() for name in row))
    lines = [
        "## Big blocks",
        "",
        "CPU milliseconds for a kB of one block of 200 kB, in the parentheses of one of 20 kB, and the ratio (goal: at",
        "most 1.5). *ordinary Markdown* is 1 MB long. Kernel: folding frames of 400 or 40 characters (2,000 or 200",
        "tokens a second) into operations and writing them as JSON. Browser: the page's main thread, frames of 400",
        "characters, 30 a second. Where a block cannot be cut (quotes, indented code, one item of a list), the kernel",
        "shows a long one in larger and larger steps, up to an eighth of it, which is why the ratios are below 1.",
        "",
        f"| block | {' | '.join(columns)} |",
        "| --- |" + " ---: |" * len(columns),
    ]
    for kind, row in found.items():
        cells = []
        for name in columns:
            if name not in row:
                cells.append("")
                continue
            small, big = row[name]
            cells.append(f"{big:.2f} ({small:.2f}) **{big / small:.2f}**" + ("" if big <= 1.5 * small else " missed"))
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])
