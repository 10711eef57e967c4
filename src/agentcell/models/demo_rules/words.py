"""The words of a text as the demo model compares them: stems, synonyms and stop words.

Two texts are compared by the stems of their telling words. `stem` cuts English endings crudely but always the same
way, so that "prices", "priced" and "pricing" meet. `SYNONYMS` is a small table of words that name one everyday
subject; a meeting through it counts less than a meeting of equal stems.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set: how word lists are written here."""
    return frozenset(text.split())


STOP_WORDS = word_set(
    """a an the this that these those there here some any each every all both no not nor and or but so
    than then also too very just only even still please pls thanks thank you your yours i me my mine
    we us our they them their it its he she his her him who whom whose what which when where why how
    is are was were be been being am do does did done doing have has had having can could will would
    shall should may might must let lets let's i'm i'd i'll i've you're it's what's who's where's
    how's that's there's in on at of for to from by with about into onto over under between through
    during as if because while until out up down off like want wanted need needs know tell give show
    use using via vs per etc ok okay hi hello hey now much many lot kind sort thing things way one
    ones something anything someone anyone next last first second finally again called named titled
    entitled get got gets getting make makes made hows whats well yes ja more most other another such own same able
    regarding question questions ask asking asked go going try trying say says currently current
    right"""
)
"""Words that tell nothing about what a prompt is for."""

GENERIC_WORDS = word_set(
    """get set fetch retrieve load read return run do make create build handle process execute perform
    call tool function api my the data info information detail details value values result results
    new given specified of for by to from and in with a an list show find lookup look check item
    items name names id number provide provides tells gives string object parameter argument current
    latest use used using"""
)
"""Words of tool names and descriptions that fit any tool."""

_SYNONYM_TABLE = """
weather forecast temperature rain rainy sunny snow hot cold warm umbrella climate humid humidity wind windy degrees
price cost quote worth expensive cheap fee rate
stock share equity ticker quote trading trade
add sum plus addition
subtract minus difference subtraction
multiply times product multiplication
divide quotient division divided
power exponent squared raised
sqrt root
calculate compute calculator math mathematics arithmetic evaluate solve expression calc
convert conversion exchange currency dollars euros pounds yen
email mail send message
book reserve reservation booking table appointment schedule
order purchase package parcel shipment delivery shipped tracking track
search google browse web internet find lookup look
file files folder directory document
time clock hour o'clock timezone
date today day calendar
joke funny laugh jokes
billing bill invoice payment pay charge charged subscription card receipt
technical tech bug error crash crashes broken computer software internet wifi router login password troubleshoot
sales buy purchase pricing upgrade discount
refund reimburse reimbursement
return exchange
flight fly plane airline seat airport
hotel room accommodation lodging
translate translation language
summarize summary summarise tldr
delete remove erase
cancel cancellation
user customer account profile client
news headline article
distance far kilometers miles
population inhabitants people
roll dice die
random pick chance
history historical war century king queen revolution ancient empire battle president emperor
math algebra equation geometry calculus number solve theorem
science physics chemistry biology
homework assignment tutor
image picture photo draw
song music play playlist
remind reminder alarm
task todo
location place city located
capital country
movie film cinema
recipe cook meal dish dinner
restaurant eat food
car vehicle drive
database sql query
code program programming function script
length long count characters
complaint complain angry
"""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*", re.UNICODE)
_OPERATOR = re.compile(r"(?<=[\d)])\s*(\*\*|[-+*/×÷^−])\s*(?=[\d(-])")
_LOG_IN = re.compile(r"\b(?:log|logg(?:ed|ing)|sign(?:ed|ing)?)[ -](?:in|on|into)\b", re.I)
_OPERATOR_WORDS = {
    "+": "plus", "-": "minus", "−": "minus", "*": "times", "×": "times",
    "/": "divided", "÷": "divided", "^": "power", "**": "power",
}  # fmt: skip
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text."""

    text: str
    """The word as written."""
    stem: str
    """What it is compared by."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset after its last character."""

    @property
    def is_stop(self) -> bool:
        """Whether the word tells nothing about what a text is for."""
        return self.text.lower().replace("’", "'") in STOP_WORDS


@cache
def stem(word: str) -> str:
    """The part of a word that its everyday forms share; always lower case."""
    text = word.lower().replace("’", "'").removesuffix("'s").rstrip("'")
    if len(text) > 4 and text.endswith("ies"):
        text = text[:-3] + "y"
    elif len(text) > 4 and re.search(r"(?:s|x|z|ch|sh)es$", text):
        text = text[:-2]
    elif len(text) > 3 and text.endswith("s") and not text.endswith(("ss", "us", "is")):
        text = text[:-1]
    for ending, shortest in (("ation", 8), ("ion", 6), ("ing", 5), ("ed", 4), ("ly", 5)):
        if len(text) > shortest and text.endswith(ending):
            text = text[: -len(ending)] + ("at" if ending == "ation" else "")
            if len(text) > 3 and text[-1] == text[-2] and text[-1] not in "lsz":
                text = text[:-1]
            break
    return text[:-1] if len(text) > 3 and text.endswith("e") else text


def stem_set(text: str) -> frozenset[str]:
    """The stems of a text's words."""
    return frozenset(stem(word) for word in text.split())


def words_of(text: str) -> list[Word]:
    """The words of a text in order.

    An operator between two numbers is the word for it ("+" is "plus"), and "log in" in its forms is also "login".
    """
    found = [Word(m.group(), stem(m.group()), m.start(), m.end()) for m in _WORD.finditer(text)]
    found += [Word("login", "login", m.start(), m.end()) for m in _LOG_IN.finditer(text)]
    for m in _OPERATOR.finditer(text):
        if m.group(1) == "-" and re.match(r"\d{4}-\d", text[max(0, m.start() - 4) :]):
            continue
        name = _OPERATOR_WORDS[m.group(1)]
        found.append(Word(name, stem(name), m.start(1), m.end(1)))
    return sorted(found, key=lambda word: word.start)


def name_words(name: str) -> list[str]:
    """The lower-case words of an identifier in snake, kebab or camel case."""
    return [part.lower() for part in _CAMEL.findall(name)]


def telling_stems(text: str) -> set[str]:
    """The stems of a text's words that are neither stop words nor generic."""
    found = words_of(text)
    return {w.stem for w in found if not w.is_stop and w.text.lower() not in GENERIC_WORDS and len(w.stem) > 1}


@cache
def _synonym_sets() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for line in _SYNONYM_TABLE.strip().splitlines():
        group = {stem(word) for word in line.split()}
        for member in group:
            table.setdefault(member, set()).update(group)
    return {word: frozenset(group) for word, group in table.items()}


def synonyms(stems: Iterable[str]) -> set[str]:
    """The stems that mean about the same as one of these, without these."""
    given = set(stems)
    table = _synonym_sets()
    return {other for one in given for other in table.get(one, ())} - given


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, roughly: cut at line ends and after `.`, `!`, `?` and `;` before white space."""
    for part in re.split(r"(?<=[.!?;])\s+|\n+", text):
        if part.strip():
            yield part.strip()


_LANGUAGE_MARKS = {
    "spanish": "el la los las de que cómo como está estás hola qué gracias por favor para una con dónde cuál muy",
    "french": "le la les des bonjour merci est comment ça vous êtes je pour une avec où quel quelle très dans",
    "german": "der die das und ist wie geht hallo danke bitte ich nicht ein eine mit wo welche sehr für auf",
    "italian": "il lo gli che come stai ciao grazie per favore una con dove quale molto sono è di",
    "portuguese": "o os as olá obrigado obrigada como está você por favor para uma com onde qual muito não",
    "dutch": "de het een hoe gaat hallo dank je ik niet met waar welke erg voor op is",
    "english": "the is are what how you i my a of to in and for do does can please where which hello",
}
_SCRIPTS = (
    ("japanese", re.compile(r"[\u3040-\u30ff]")),
    ("korean", re.compile(r"[\uac00-\ud7af]")),
    ("chinese", re.compile(r"[\u4e00-\u9fff]")),
    ("russian", re.compile(r"[\u0400-\u04ff]")),
    ("arabic", re.compile(r"[\u0600-\u06ff]")),
    ("greek", re.compile(r"[\u0370-\u03ff]")),
    ("hindi", re.compile(r"[\u0900-\u097f]")),
)


def language_of(text: str) -> str | None:
    """The English name of the language a text seems to be written in, `None` when the words do not tell."""
    for name, script in _SCRIPTS:
        if script.search(text):
            return name
    found = [word.text.lower() for word in words_of(text)]
    scores = {name: sum(word in set(marks.split()) for word in found) for name, marks in _LANGUAGE_MARKS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] >= 1 and list(scores.values()).count(scores[best]) == 1 else None


LANGUAGES = word_set(
    """english spanish french german italian portuguese dutch russian chinese mandarin japanese korean
    arabic greek hindi turkish polish swedish norwegian danish finnish czech latin hebrew ukrainian
    vietnamese thai"""
)
"""Languages that a prompt may name."""
