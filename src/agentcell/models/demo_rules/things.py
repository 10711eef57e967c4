"""The things a prompt names: quoted texts, numbers, dates, ids, names and so on, each with its place in the text.

The trick: patterns run from the most to the least telling kind, and a stretch of text that one kind has claimed is not
looked at again. So the "1234" of "#A-1234" is never a number and the "May" of "May 3" is never a name.
Every pattern is linear in the length of the text, and texts are cut at `MAX_TEXT` characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .words import LANGUAGES, STOP_WORDS, Word, stem, synonyms, word_set, words_of

MAX_TEXT = 4_000
"""Characters of a text that are looked at."""

Kind = Literal["quoted", "url", "email", "date", "time", "id", "path", "number", "currency", "language", "caps", "name"]


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that a text names."""

    kind: Kind
    """What it is."""
    value: str
    """The text that stands for it: without quotes, a currency as its code, a number without separators."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset after its last character."""
    unit: str = ""
    """For a number, what is written directly after or before it: "%", "$", "km"."""


_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ruary|ch|il|ust|tember|ober|ember)?"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_COUNTED = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty"""
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_COUNTED.split())} | {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "hundred": "100",
    "thousand": "1000",
    "dozen": "12",
}
CURRENCIES = {
    "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "dollar": "USD", "buck": "USD", "euro": "EUR",
    "pound": "GBP", "yen": "JPY", "rupee": "INR", "franc": "CHF", "peso": "MXN", "yuan": "CNY", "won": "KRW",
    "krona": "SEK", "ruble": "RUB", "real": "BRL", "bitcoin": "BTC", "lira": "TRY",
}  # fmt: skip
"""Currency signs and words, and the codes they stand for."""
_CODES = word_set(
    """USD EUR GBP JPY CHF CAD AUD NZD CNY INR SEK NOK DKK PLN CZK HUF MXN BRL ZAR KRW SGD HKD TRY RUB
    ILS THB BTC ETH"""
)
_COUNTRIES = word_set(
    """argentina australia austria bangladesh belgium brazil bulgaria canada chile china colombia
    croatia cuba czechia denmark egypt england estonia ethiopia finland france germany ghana greece
    hungary iceland india indonesia iran iraq ireland israel italy jamaica japan jordan kenya korea
    latvia lithuania malaysia mexico morocco nepal netherlands nigeria norway pakistan peru
    philippines poland portugal romania russia scotland senegal serbia singapore slovakia slovenia
    spain sweden switzerland taiwan thailand tunisia turkey uganda uk ukraine uruguay us usa
    venezuela vietnam wales alabama alaska arizona arkansas california colorado connecticut delaware
    florida georgia hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland
    massachusetts michigan minnesota mississippi missouri montana nebraska nevada ohio oklahoma
    oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming ontario
    quebec bavaria al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne
    nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy"""
)
_NOT_NAMES = word_set(
    """invite visit meet message text notify greet welcome schedule move turn change fetch generate roll buy sell
    pay put read save print rename upload download navigate walk drive calculate compute multiply subtract divide
    i a api json csv sql html pdf url id faq ok am pm please hello hi hey dear thanks mr mrs ms dr
    compare plan write create list sort count check open close start stop run send set add remove
    delete update cancel summarize explain describe name pick choose generate draw play reply answer
    respond extract classify analyze analyse monday tuesday wednesday thursday friday saturday
    sunday book buy order"""
)

_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("quoted", re.compile(r"\"([^\"\n]{1,2000})\"|“([^”\n]{1,2000})”|«([^»\n]{1,2000})»|`([^`\n]{1,2000})`")),
    ("quoted", re.compile(r"(?<!\w)['‘]([^'’\n]{1,2000})['’](?!\w)")),
    ("url", re.compile(r"(?:https?://|www\.)[^\s<>\"']+[^\s<>\"'.,;:!?)\]]", re.I)),
    ("email", re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b")),
    ("date", re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?)?\b")),
    ("date", re.compile(r"\b\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d{2})\b")),
    (
        "date",
        re.compile(
            rf"\b(?:{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
            rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?)\b",
            re.I,
        ),
    ),
    (
        "date",
        re.compile(
            rf"\b(?:day after tomorrow|today|tonight|tomorrow|yesterday|(?:(?:next|this|last) )?{_WEEKDAY}"
            r"|(?:next|this|last) (?:week(?:end)?|month|year))\b",
            re.I,
        ),
    ),
    (
        "time",
        re.compile(r"\b(?:\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]m|noon|midnight)\b", re.I),
    ),
    (
        "path",
        re.compile(r"(?<![\w/])(?:~|\.{1,2})?/[\w.-]+(?:/[\w.-]+)*/?(?<![.,])|(?<![\w/])(?:~|\.{1,2})/"),
    ),
    (
        "path",
        re.compile(
            r"(?<![\w/])(?!and/or|yes/no|his/her|he/she|w/o"
            r"|[A-Z]{2,5}/[A-Z]{2,5}\b)[\w-]+(?:/[\w.-]+)+/?(?<![.,])(?=[\s,;:?!)]|\.(?:\s|$)|$)"
        ),
    ),
    (
        "path",
        re.compile(
            r"(?<![\w.])[\w-]{1,80}(?:\.[\w-]{1,20})?\.(?:py|ipynb|txt|md|csv|tsv|json|ya?ml|toml|xml|html?|pdf|docx?"
            r"|xlsx?|png|jpe?g|gif|svg|js|ts|css|sh|sql|log|zip|gz|parquet|ini|cfg)\b",
            re.I,
        ),
    ),
    ("id", re.compile(r"#[A-Za-z0-9][\w-]*")),
    ("id", re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")),
    ("id", re.compile(r"(?<![\w-])[A-Za-z]{1,12}[-_]?\d[\w-]*(?:\.\d+)*(?<![-_])(?!\w)")),
    (
        "id",
        re.compile(r"(?<![\w-])(?=\d{1,12}[A-Za-z])\d[A-Za-z\d]{5,}(?!\w)|(?<![\w-])\d{3,}(?:-\d+)+(?![\w-])"),
    ),
    (
        "number",
        re.compile(
            r"(?<![\w.])([$€£¥₹])?\s?(-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|-?\.\d+)"
            r"\s?(%|€|£|\$|¥|₹|°\s?[CF]?|[kKM](?!\w)|(?:km|kg|cm|mm|mi|ml|lb|oz|[cfg])(?!\w))?(?!\w)",
            re.I,
        ),
    ),
)
_NAME = re.compile(
    r"(?<!\w)[A-ZÀ-ÖØ-Þ][\w’'-]*(?:(?: (?:de|da|do|del|di|la|le|van|von|der|of the|al|el|upon|sur))? "
    r"[A-ZÀ-ÖØ-Þ][\w’'-]*)*"
)
_AFTER_VERB = re.compile(
    r" (?:on|off|up|out|the|my|a|an|of|for|to|in|me|this|that|all|some|it|with|about|from|into|by)\b"
)
_JOINER = re.compile(
    r"(?:,\s*(?:and|or)\s+|\s*,\s*|\s+(?:and|or|vs\.?|versus)\s+|\s*&\s*)(?:(?:in|for|at)\s+)?\Z", re.I
)


def things_in(text: str) -> list[Thing]:
    """Everything that the first `MAX_TEXT` characters of a text name, in order of appearance, never overlapping."""
    text = text[:MAX_TEXT]
    taken = bytearray(len(text))
    found: list[Thing] = []

    def claim(thing: Thing) -> None:
        if thing.start < thing.end and not any(taken[thing.start : thing.end]):
            taken[thing.start : thing.end] = b"\1" * (thing.end - thing.start)
            found.append(thing)

    for kind, pattern in _PATTERNS:
        for m in pattern.finditer(text):
            claim(_thing(kind, m))
    for word in words_of(text):
        if thing := _word_thing(word):
            claim(thing)
    for m in _NAME.finditer(text):
        for thing in _names(m, text):
            claim(thing)
    return _join_regions(sorted(found, key=lambda thing: thing.start), text)


def _thing(kind: Kind, m: re.Match[str]) -> Thing:
    value = m.group()
    if kind == "quoted":
        value = next(group for group in m.groups() if group is not None).strip()
    elif kind == "number":
        value, unit = m.group(2).replace(",", ""), m.group(1) or m.group(3) or ""
        if unit in ("k", "K", "M"):
            value, unit = repr(float(value) * (1e6 if unit == "M" else 1e3)).removesuffix(".0"), ""
        lead = len(m.group()) - len(m.group().lstrip())
        return Thing("number", value, m.start() + lead, m.end(), unit.replace(" ", ""))
    return Thing(kind, value, m.start(), m.end())


def _word_thing(word: Word) -> Thing | None:
    low = word.text.lower()
    code = word.text if word.text in _CODES else CURRENCIES.get(low) or CURRENCIES.get(low.removesuffix("s"))
    if code:
        return Thing("currency", code, word.start, word.end)
    if low in _NUMBER_WORDS and low != "one":
        return Thing("number", _NUMBER_WORDS[low], word.start, word.end)
    if low in LANGUAGES:
        return Thing("language", word.text, word.start, word.end)
    if re.fullmatch(r"[A-Z]{2,5}", word.text) and low not in _NOT_NAMES and low not in STOP_WORDS:
        return Thing("caps", word.text, word.start, word.end)
    return None


def _names(m: re.Match[str], text: str) -> Iterator[Thing]:
    """The name in a run of capitalised words, without what only opens the sentence."""
    start, value = m.start(), m.group()
    while value:
        first = value.split(" ", 1)[0]
        bare = first.rstrip("'’")
        opens = not text[:start].strip() or bool(re.search(r"[.!?:\n]\s*\Z|[\"“]\Z", text[:start]))
        low = re.sub(r"['’]\w*\Z", "", bare).lower()
        drop = low in STOP_WORDS or low in _NOT_NAMES or (opens and bool(synonyms({stem(bare)})))
        drop = drop or (opens and first == value and bool(_AFTER_VERB.match(text, start + len(value))))
        if not drop:
            break
        rest = value[len(first) :].lstrip()
        start, value = start + len(value) - len(rest), rest
    value = re.sub(r"['’]s?\Z", "", value)
    if value:
        yield Thing("name", value, start, start + len(value))


def _join_regions(things: Sequence[Thing], text: str) -> list[Thing]:
    """Read "Paris, France" and "Austin, TX" as one name each; "France, Spain" stays two."""
    joined: list[Thing] = []
    for thing in things:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.kind == "name"
            and thing.kind in ("name", "caps")
            and text[before.end : thing.start] in (", ", ",")
            and thing.value.lower() in _COUNTRIES
            and before.value.lower() not in _COUNTRIES
        ):
            joined[-1] = Thing("name", text[before.start : thing.end], before.start, thing.end)
        else:
            joined.append(thing)
    return joined


def coordinated(things: Sequence[Thing], text: str) -> list[list[Thing]]:
    """Group things of like kind that the text lists with commas, "and" or "or"; a single thing is its own group."""
    groups: list[list[Thing]] = []
    for thing in things:
        last = groups[-1][-1] if groups else None
        alike = last is not None and (last.kind == thing.kind or {last.kind, thing.kind} == {"name", "caps"})
        if last is not None and alike and _JOINER.match(text[last.end : thing.start]):
            groups[-1].append(thing)
        else:
            groups.append([thing])
    return groups


def number_value(text: str) -> int | float:
    """The number a thing of kind "number" stands for."""
    value = float(text)
    return int(value) if value.is_integer() and "." not in text and abs(value) < 1e15 else value
