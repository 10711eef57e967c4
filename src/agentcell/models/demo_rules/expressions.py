"""Arithmetic written in a prompt, in signs or in words, and its value for the simplest cases."""

from __future__ import annotations

import re

_SPOKEN = (
    (r"(\d+(?:\.\d+)?)\s?(?:%|percent) of \$?(\d+(?:\.\d+)?)", r"\1 / 100 * \2"),
    (r"(?:the )?(?:square root of|sqrt of) (\d+(?:\.\d+)?)", r"sqrt(\1)"),
    (r"(\d) squared", r"\1 ** 2"),
    (r"(\d) cubed", r"\1 ** 3"),
    (r"(\d) (?:to the power of|raised to) (-?\d)", r"\1 ** \2"),
    (r"(\d) plus (-?\d)", r"\1 + \2"),
    (r"(\d) minus (-?\d)", r"\1 - \2"),
    (r"(\d) (?:times|multiplied by|x) (-?\d)", r"\1 * \2"),
    (r"(\d) (?:divided by|over) (-?\d)", r"\1 / \2"),
)
_MATH = re.compile(r"(?:sqrt)?[\d(.][\d\s.+\-*/×÷^%()]{0,300}[\d)]|sqrt\(\d+(?:\.\d+)?\)")
_DATES = re.compile(r"\d{4}-\d{2}-\d{2}|\d+[/]\d+[/]\d+|\d+-\d+-\d+")


def expression_in(text: str) -> tuple[int, int, str] | None:
    """The first arithmetic of a text as (start, end, expression), `None` without any; words become signs."""
    spoken = text
    for words, signs in _SPOKEN:
        for _ in range(3):
            spoken = re.sub(words, signs, spoken, flags=re.I)
    for m in _MATH.finditer(spoken):
        found = m.group().strip()
        if re.search(r"[\d)]\s*(?:\*\*|[-+*/×÷^%])\s*[\d(]|sqrt", found) and not _DATES.search(found):
            found = found.replace("×", "*").replace("÷", "/").replace("^", "**")
            while found.count("(") < found.count(")") and found.endswith(")"):
                found = found[:-1].rstrip()
            digits = list(re.finditer(r"\d", text))
            if spoken == text:
                return m.start(), m.end(), found
            return (digits[0].start(), digits[-1].end(), found) if digits else None
    return None


def simple_value(expression: str) -> float | None:
    """The value of "a + b", "a - b", "a * b" or "a / b"; `None` for anything else."""
    m = re.fullmatch(r"(-?\d{1,12}(?:\.\d{1,9})?)\s*([-+*/])\s*(-?\d{1,12}(?:\.\d{1,9})?)", expression.strip())
    if not m:
        return None
    a, b = float(m.group(1)), float(m.group(3))
    if m.group(2) == "/":
        return a / b if b else None
    return {"+": a + b, "-": a - b, "*": a * b}[m.group(2)]
