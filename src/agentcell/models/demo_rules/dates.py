"""Dates and times as people write them, turned into the ISO forms that a schema may demand."""

from __future__ import annotations

import re
from datetime import date, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHIFTS = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "day after tomorrow": 2, "next week": 7}


def iso_date(text: str, today: date, *, with_time: bool = False) -> str:
    """The ISO date (and midnight UTC with `with_time`) a text means; `today` for what is not understood."""
    low = text.lower().strip()
    if m := re.match(r"(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2})(?::(\d{2}))?)?", low):
        year, month_number, day_number = (int(n) for n in m.group(1).split("-"))
        day = _day(year, month_number, day_number, today)
        time = f"{m.group(2)}:{m.group(3) or '00'}" if m.group(2) else "00:00:00"
        return f"{day.isoformat()}T{time}Z" if with_time else day.isoformat()
    day = today
    month = re.search(r"[a-z]{3}", low)
    numbers = [int(n) for n in re.findall(r"\d+", low)]
    if low in _SHIFTS:
        day = today + timedelta(days=_SHIFTS[low])
    elif m := re.match(r"(\d{1,2})[/.](\d{1,2})[/.](\d{2,4})", low):
        first, second, year = (int(n) for n in m.groups())
        if first > 12 or "." in low:
            first, second = second, first
        day = _day(year + 2000 if year < 100 else year, first, second, today)
    elif month and month.group() in _MONTHS and numbers:
        year = next((n for n in numbers if n > 31), today.year)
        day = _day(year, _MONTHS.index(month.group()) + 1, next((n for n in numbers if n <= 31), 1), today)
    elif found := next((i for i, name in enumerate(_DAYS) if re.search(rf"\b{name}\w*day\b", low)), None):
        day = today + timedelta(days=(found - today.weekday()) % 7 or 7)
    elif re.search(r"\bmonday\b", low):
        day = today + timedelta(days=-today.weekday() % 7 or 7)
    return f"{day.isoformat()}T00:00:00Z" if with_time else day.isoformat()


def _day(year: int, month: int, day: int, otherwise: date) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        return otherwise


def iso_time(text: str) -> str:
    """The ISO time a text means; midnight for what is not understood."""
    low = text.lower()
    m = re.match(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*([ap])?", low)
    if not m:
        return "12:00:00" if low == "noon" else "00:00:00"
    hour = int(m.group(1)) % 24
    if m.group(4):
        hour = hour % 12 + (12 if m.group(4) == "p" else 0)
    minute, second = min(59, int(m.group(2) or 0)), min(59, int(m.group(3) or 0))
    return f"{hour:02}:{minute:02}:{second:02}"
