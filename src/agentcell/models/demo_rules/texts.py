"""Which stretch of a prompt belongs to which text field.

`Picker` holds the rules by sort of field. A preposition decides between things of one sort: "from USD to EUR" gives
`from_currency` the first and `to_currency` the second, whatever their order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from .choices import choices_in, flag_in
from .dates import iso_date, iso_time
from .expressions import expression_in
from .fields import NO_DEFAULT, Field, Schema, Sort, sort_of_name
from .layers import DETERMINERS, Layer
from .phrases import FROM_PREPOSITIONS, TO_PREPOSITIONS, phrase_list, role_of, trimmed, units_in
from .things import CURRENCIES, Kind, Thing, coordinated, number_value
from .words import GENERIC_WORDS, Word, stem, word_set

_PREPOSITIONS: Mapping[Sort, frozenset[str]] = {
    "place": word_set("in at for near of around to from visit between on"),
    "person": word_set("for to with named called by is from of am i'm tell"),
    "id": word_set("order number id no ticket code invoice reference sku for of"),
    "other": word_set("for about of on in with called named is by to"),
    "free": word_set("about on regarding for of titled called named into"),
    "path": word_set("in of from file folder directory open read"),
    "language": frozenset({"to", "into", "in", "from"}),
}
_KINDS: Mapping[Sort, tuple[Kind, ...]] = {
    "email": ("email",), "url": ("url",), "date": ("date",), "time": ("time",), "id": ("id", "caps", "quoted"),
    "ticker": ("caps", "quoted", "name"), "currency": ("currency",), "language": ("language",),
    "place": ("name", "caps", "quoted"), "person": ("name", "quoted", "email"), "path": ("path", "quoted"),
}  # fmt: skip
TICKERS = {
    "apple": "AAPL", "microsoft": "MSFT", "google": "GOOGL", "alphabet": "GOOGL", "amazon": "AMZN", "tesla": "TSLA",
    "nvidia": "NVDA", "meta": "META", "netflix": "NFLX", "intel": "INTC", "amd": "AMD", "ibm": "IBM",
}  # fmt: skip
"""Companies whose names stand for their tickers."""
_SAYING = re.compile(
    r"\b(?:saying(?: that)?|that says|says|reading|with (?:the )?(?:text|message|body|words|content))[:,]?\s+(.+)",
    re.S | re.I,
)
_COLON = re.compile(r":\s+(\S.*)\Z", re.S)
_LIST_JOINER = re.compile(r"\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or|&)\s+", re.I)
_TOPICS = frozenset({"topic", "topics", "subject", "title", "theme"})
_ABOUT = frozenset({"about", "on", "regarding"})
_WHOLE = word_set("""input prompt question request instruction instructions task reason problem""")
_ANSWERS = word_set(
    """summary explanation reasoning answer response content text message description body reply output
    result analysis rationale comment story poem feedback recommendation"""
)
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


_NO_NAMES = word_set(
    """nice good bad great fine beautiful best latest outside outdoors home here there today tomorrow now call run
    tool function test try check show please city place area location weekend"""
)


def _could_name(text: str) -> bool:
    """Whether left-over words may be a name or a short value: few, without punctuation, not all of them empty."""
    words = text.lower().split()
    return len(words) <= 4 and not re.search(r"[.?!;:]", text) and not set(words) <= _NO_NAMES


class Picker:
    """Finds the texts for fields in layers, each stretch once."""

    def __init__(self, layers: Sequence[Layer], today: date | None = None) -> None:
        self.layers = layers
        self.today: date = today or date.today()

    def by_name(self, item: Field) -> Any:
        """The value written next to the field's name ("city: Paris", "limit=5"), `NO_DEFAULT` without one."""
        names = {item.name, " ".join(item.words)} - {""}
        pattern = "|".join(sorted((re.escape(n) for n in names), key=len, reverse=True))
        sign = r"\s*[:=]\s*|\s+is\s+" if len(item.name) > 2 else r"\s*[:=]\s*"
        if item.sort == "number" and len(item.name) > 2:
            sign += r"|\s+(?:of\s+)?(?=-?\d)"
        finder = re.compile(rf"(?<![\w])(?:{pattern})(?:{sign})(?=\S)", re.I)
        for layer in self.layers[:2]:
            for m in finder.finditer(layer.text, layer.start, layer.end):
                asked = " is" in m.group() and not {"my", "the", "and", "whose"} & set(
                    layer.text[max(0, m.start() - 8) : m.start()].lower().split()
                )
                asked = asked or bool(
                    re.match(r"(?:what|who|where|which)\b", layer.text[layer.start : m.start()], re.I)
                )
                value, end = (NO_DEFAULT, 0) if asked else self._value_at(layer, m.end(), item)
                if value is not NO_DEFAULT:
                    layer.taken.append((m.start(), end))
                    return value
        return NO_DEFAULT

    def _value_at(self, layer: Layer, offset: int, item: Field) -> tuple[Any, int]:
        thing = next((t for t in layer.things if t.start == offset), None)
        end = min(layer.end, offset + 400)
        raw = re.match(
            r"[^,;\n]*?(?=[,;\n]|[.!?](?:\s|\Z)|\s+(?:and|with|then|in|on|at|for|to|from)\s|\Z)",
            layer.text[offset:end],
        )
        text = (raw.group() if raw else "").strip().strip("\"'`“”")
        match item.sort:
            case "number":
                if thing is not None and thing.kind == "number":
                    number = number_value(thing.value)
                    whole = item.schema.get("type") == "integer"
                    return (int(number) if whole else number), thing.end
                return NO_DEFAULT, 0
            case "boolean":
                word = text.lower().split(" ")[0]
                return (word in _YES, offset + len(word)) if word in _YES | _NO else (NO_DEFAULT, 0)
            case "enum":
                for choice in item.schema.get("enum") or ():
                    if str(choice).lower() == text.lower():
                        return choice, offset + len(text)
                return NO_DEFAULT, 0
            case _:
                if thing is not None and thing.kind != "number":
                    return self._finished(thing.value, item), thing.end
                return (self._finished(text, item), offset + len(text)) if text else (NO_DEFAULT, 0)

    def values(self, item: Field, title: str = "") -> list[Any]:
        """The values for a plain field, from the first layer that has some; several when the text lists them."""
        match item.sort:
            case "enum":
                return choices_in(item, self.layers)
            case "boolean":
                return flag_in(item, self.layers)
            case "number":
                return []
        for index, layer in enumerate(self.layers):
            if index > 1 and (not item.required or item.sort in ("free", "other")):
                break
            if found := self._in_layer(item, layer):
                return [self._finished(text, item) for text in found]
        return []

    def _in_layer(self, item: Field, layer: Layer) -> list[str]:
        match item.sort:
            case "free":
                return self._free_text(item, layer)
            case "other":
                return self._other_text(item, layer)
            case "expression":
                found = expression_in(layer.text[layer.start : layer.end])
                if found is None:
                    return [t.value for t in layer.free("quoted")[:1]]
                start, end, value = found
                layer.taken.append((layer.start + start, layer.start + end))
                return [value]
            case "unit":
                return self._best(item, units_in(layer), layer)
            case "currency":
                signs = [
                    replace(t, kind="currency", value=CURRENCIES[t.unit])
                    for t in layer.free("number")
                    if t.unit in CURRENCIES
                ]
                return self._best(item, sorted(layer.free("currency") + signs, key=lambda t: t.start), layer)
            case sort:
                return self._typed(item, sort, layer)

    def _typed(self, item: Field, sort: Sort, layer: Layer) -> list[str]:
        kinds = _KINDS.get(sort, ())
        if sort == "ticker" and (capitals := layer.free("caps")):
            return self._best(item, capitals, layer)
        unquoted: list[Kind] = [k for k in kinds if k != "quoted"]
        if found := self._best(item, layer.free(*unquoted), layer):
            return found
        if sort == "id":
            numbers = [
                t
                for t in layer.free("number")
                if len(t.value) > 2 or layer.before(t.start, 1)[:1] in (["id"], ["order"], ["number"], ["ticket"])
            ]
            if found := self._best(item, numbers, layer):
                return found
        if "quoted" in kinds and (found := self._best(item, layer.free("quoted"), layer)):
            return found
        if sort == "ticker":
            known = [
                Thing("name", w.text, w.start, w.end)
                for w in layer.words
                if w.text.lower() in TICKERS and layer.is_free(w.start, w.end)
            ]
            return self._best(item, known, layer)
        if sort in ("place", "person", "language") and item.required:
            return self._phrases(item, layer, _PREPOSITIONS[sort])
        if sort == "path" and (
            m := re.search(r"\b([\w-]+) (?:folder|directory)\b", layer.text[layer.start : layer.end])
        ):
            return [m.group(1)] if m.group(1).lower() not in DETERMINERS | {"current", "which", "working"} else []
        return []

    def _best(self, item: Field, things: Sequence[Thing], layer: Layer) -> list[str]:
        """The listed things whose preposition fits the field best; nothing where it speaks against the field."""
        groups = coordinated(things, layer.text)
        scored = [(self._fit(item, group[0], layer), group) for group in groups]
        scored = [(points, group) for points, group in scored if points >= 0]
        if not scored:
            return []
        best = max(points for points, _ in scored)
        chosen = next(group for points, group in scored if points == best)
        if role_of(item) and best >= 3:
            chosen = [thing for points, group in scored if points == best for thing in group]
        if role_of(item) and best < 3 and len(chosen) == 2 and len(groups) == 1:
            chosen = [chosen[0] if role_of(item) == "from" else chosen[1]]
        layer.take(*(thing for thing in chosen if thing.kind != "currency" or not thing.unit))
        return [thing.value for thing in chosen]

    def _fit(self, item: Field, thing: Thing, layer: Layer) -> int:
        before = layer.before(thing.start, 2)
        nearest = before[0] if before else ""
        sign = re.search(r"(->|→|=>)\s*\Z", layer.text[: thing.start])
        role = role_of(item)
        if role and nearest == "between":
            return 2
        if role == "from":
            return 3 if nearest in FROM_PREPOSITIONS else -1 if sign or nearest in TO_PREPOSITIONS - {"and"} else 1
        if role == "to":
            return 3 if sign or nearest in TO_PREPOSITIONS else -1 if nearest in FROM_PREPOSITIONS else 1
        own = {stem(w) for w in item.words}
        if any(stem(w) in own for w in before):
            return 3
        if item.sort == "place" and nearest in ("by", "with", "named", "called", "author"):
            return 0
        if item.sort in ("person",) and nearest in ("in", "at", "near"):
            return 0
        return 2 if nearest in _PREPOSITIONS.get(item.sort, ()) else 1

    def _phrases(self, item: Field, layer: Layer, prepositions: frozenset[str]) -> list[str]:
        """The lower-case words after a preposition, cut at commas and "and": "in paris, tokyo and lima"."""
        role = role_of(item)
        wanted = {"from": FROM_PREPOSITIONS, "to": TO_PREPOSITIONS}.get(role, prepositions)
        words = [w for w in layer.words if layer.start <= w.start and w.end <= layer.end]
        for index, word in enumerate(words):
            if word.text.lower() not in wanted or word.start in layer.evidence:
                continue
            found = phrase_list(words[index + 1 :], layer)
            if found:
                layer.take(*found)
                return [t.value for t in found]
        return []

    def _other_text(self, item: Field, layer: Layer) -> list[str]:
        own = {stem(w) for w in item.words if w not in GENERIC_WORDS}
        words = [w for w in layer.words if layer.start <= w.start and w.end <= layer.end]
        for index, word in enumerate(words[:-1]):
            if word.stem in own and (found := phrase_list(words[index + 1 : index + 3], layer)):
                layer.take(*found)
                return [t.value for t in found]
        if not item.required:
            return self._best(item, layer.free("quoted", "email", "name"), layer) if role_of(item) else []
        if found := self._best(item, layer.free("quoted"), layer):
            return found
        if found := self._best(item, layer.free("email", "name", "caps", "id", "path", "url", "language"), layer):
            return found
        return self._phrases(item, layer, _PREPOSITIONS["other"])

    def _free_text(self, item: Field, layer: Layer) -> list[str]:
        if found := self._best(item, layer.free("quoted"), layer):
            return found
        words = set(item.words)
        if not item.required:
            return self._phrases(item, layer, _ABOUT) if words & _TOPICS else []
        part = layer.text[layer.start : layer.end]
        if not self.residual(layer):
            return []
        said = None if words & _TOPICS else _SAYING.search(part) or _COLON.search(part)
        if said and layer.is_free(layer.start + said.start(1), layer.start + said.end(1)):
            layer.taken.append((layer.start + said.start(1), layer.start + said.end(1)))
            return [said.group(1).strip()]
        if words & _WHOLE or not any(layer.start <= e < layer.end for e in layer.evidence):
            whole = not words & _TOPICS and not layer.taken
            if whole and (text := part.strip(" \n.!?,;")):
                return [text if words & {"query", "search", "q", "keyword", "term"} else part.strip(" ,;")]
        if words & _TOPICS and (found := self._phrases(item, layer, _PREPOSITIONS["free"])):
            return found
        rest = self.residual(layer)
        return [rest] if rest else []

    def residual(self, layer: Layer) -> str:
        """The longest stretch that no field used, without the words that chose the tool or tell nothing at its ends."""
        runs: list[list[Word]] = [[]]
        for word in layer.words:
            if word.start < layer.start or word.end > layer.end:
                continue
            if not layer.is_free(word.start, word.end):
                runs.append([])
                continue
            runs[-1].append(word)
        best = ""
        for run in runs:
            telling = [i for i, w in enumerate(run) if not w.is_stop and w.start not in layer.evidence]
            if telling:
                start, end = run[telling[0]].start, run[telling[-1]].end
                text = re.sub(r"[\s,;]+", lambda m: m.group() if "," in m.group() else " ", layer.text[start:end])
                best = max(best, text.strip(" '\"`"), key=len)
        return best

    def guess(self, item: Field, answer: str = "") -> str:
        """The vaguest finding: the answer for a text about the whole, else the words that nobody used."""
        if answer and set(item.words) & _ANSWERS:
            return answer
        for layer in self.layers[:2]:
            rest = self.residual(layer)
            if rest and (item.sort == "free" or _could_name(rest)):
                layer.taken.extend((w.start, w.end) for w in layer.words if w.text in rest)
                return rest
        text = self.layers[0].text.strip() if self.layers else ""
        return text if item.sort == "free" else ""

    def listed(self, item: Field, inner: Schema, answer: str = "") -> list[Any]:
        """The values for a field that holds a list of plain values."""
        if "enum" in inner:
            return choices_in(replace(item, schema=inner, sort="enum"), self.layers)
        kind = inner.get("type")
        for layer in self.layers[: 3 if item.required else 2]:
            if kind in ("integer", "number"):
                if numbers := layer.free("number"):
                    layer.take(*numbers)
                    values = [number_value(n.value) for n in numbers]
                    return [int(v) for v in values] if kind == "integer" else values
            elif kind in ("string", None) and (texts := self._listed_texts(item, layer)):
                return [self._finished(t, replace(item, schema=inner)) for t in texts]
        if answer and kind in ("string", None):
            return [m.strip() for m in re.findall(r"^(?:[-*]|\d+\.) +(.+)$", answer, re.M)][:50]
        if item.required and kind in ("string", None):
            rest = self.guess(replace(item, sort="other"))
            return [rest] if rest else []
        return []

    def _listed_texts(self, item: Field, layer: Layer) -> list[str]:
        own = {stem(w) for w in item.words}
        words = [w for w in layer.words if layer.start <= w.start and w.end <= layer.end]
        for index, word in enumerate(words[:-1]):
            if (
                word.stem in own
                and (found := phrase_list(words[index + 1 :], layer, any_word=True))
                and (len(found) > 1 or item.required)
            ):
                layer.take(*found)
                return [t.value for t in found]
        sort = sort_of_name(item.name)
        if sort in ("person", "place") and (names := layer.free("name", "caps")):
            layer.take(*names)
            return [t.value for t in names]
        if quoted := layer.free("quoted"):
            layer.take(*quoted)
            return [t.value for t in quoted]
        kinds: tuple[Kind, ...] = _KINDS.get(sort, ("name", "caps", "id", "email", "url", "path", "language"))
        if sort in ("free", "other") and not item.required:
            return []
        things = layer.free(*kinds)
        if things and (sort not in ("free", "other") or len(things) > 1):
            layer.take(*things)
            return [t.value for t in things]
        for group in re.split(r"[.;:!?\n]+\s", layer.text[layer.start : layer.end]):
            parts = [trimmed(part, layer.evidence, layer.text) for part in _LIST_JOINER.split(group)]
            parts = [part for part in parts if part and len(part.split()) <= 4]
            if len(parts) > 1 and item.required:
                return parts
        return []

    def counted(self) -> list[tuple[int | float, str]]:
        """What the prompt counts: "2 apples and 3 green pears" gives (2, "apples") and (3, "green pears")."""
        for layer in self.layers[:2]:
            pairs = []
            for number in layer.free("number"):
                after = [w for w in layer.words if w.start >= number.end and w.end <= layer.end][:4]
                found = phrase_list(after, layer)
                if found and not layer.text[number.end : found[0].start].strip(" x"):
                    layer.take(number, found[0])
                    pairs.append((number_value(number.value), found[0].value))
            if pairs:
                return pairs
        return []

    def _finished(self, text: str, item: Field) -> str:
        """A text in the form its field demands: ISO dates for date formats, ids without "#", known tickers."""
        form = item.schema.get("format")
        if form in ("date", "date-time"):
            return iso_date(text, self.today, with_time=form == "date-time")
        if form == "time":
            return iso_time(text)
        if item.sort == "id":
            return text.lstrip("#")
        if item.sort == "ticker":
            return TICKERS.get(text.lower(), text)
        if item.sort == "url" and form and "://" not in text:
            return f"https://{text}"
        return text

    def sample(self, schema: Schema, item: Field | None) -> str:
        """A valid text that says nothing, by format."""
        samples = {
            "date": self.today.isoformat(), "date-time": f"{self.today.isoformat()}T00:00:00Z", "time": "00:00:00",
            "email": "user@example.com", "uri": "https://example.com", "uuid": "00000000-0000-0000-0000-000000000000",
            "ipv4": "127.0.0.1", "duration": "PT0S",
        }  # fmt: skip
        form = str(schema.get("format") or (item.sort if item else ""))
        return samples.get({"url": "uri", "time": ""}.get(form, form) if not schema.get("format") else form, "unknown")
