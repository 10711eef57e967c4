"""The one escaping module: everything that came from a model or a tool passes through here before it is shown.

Each place has its own function. `text` and `attribute` make HTML; `visible` makes plain text in which nothing can
hide (escape its result too); `plain` makes text for a terminal. `link` and `data_image` decide which addresses may be
followed or shown: they answer an address that is safe in its place or None, and None is never an address.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from urllib.parse import unquote, urlsplit

__all__ = ["attribute", "clean", "data_image", "host", "link", "plain", "plain_lines", "text", "visible"]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, modes
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS and other strings
    r"|\x1b[ -/]*[0-~]"  # two-character sequences
)
_OVERWRITTEN = re.compile(r"[^\n]*\r")
_MAY_HIDE = re.compile(r"[^\n\t\x20-\x7e]")
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that draw nothing although their category says letter, mark or symbol."""
_WEB = re.compile(r"https?://[^\s\\/?#@]+(?:[/?#][^\s\\]*)?", re.IGNORECASE)
_MAIL = re.compile(r"mailto:[^\s\\@?]+@[^\s\\@?]+(?:\?[^\s\\]*)?", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
_BLANKS = re.compile(r"[\s\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def text(value: str) -> str:
    """HTML text: markup escaped, control characters but newline and tab dropped, lone surrogates replaced."""
    return clean(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(value: str) -> str:
    """The inside of a quoted HTML attribute: `text`, with both kinds of quotes escaped."""
    return text(value).replace('"', "&quot;").replace("'", "&#39;")


def visible(value: str) -> str:
    """Plain text in which control, bidirectional and invisible characters show as ⟨U+202E⟩.

    For arguments and approvals: what is read is what will run. A variation selector is kept only where it does its
    ordinary work, after an emoji. The result is not HTML: pass it through `text`.
    """
    return _MAY_HIDE.sub(_show_hidden, value)


def plain(value: str) -> str:
    """Text for a terminal: escape sequences and control characters but newline and tab removed."""
    return clean(_TERMINAL.sub("", value))


def plain_lines(value: str) -> str:
    """`plain` of what a terminal would be left with: a carriage return begins its line again."""
    bare = _TERMINAL.sub("", value).replace("\r\n", "\n")
    return clean(_OVERWRITTEN.sub("", bare) if "\r" in bare else bare)


def clean(value: str) -> str:
    """The text without control characters but newline and tab, surrogate pairs joined, lone surrogates replaced."""
    return _CONTROLS.sub("", _joined_surrogates(value))


def link(url: str) -> str | None:
    """The address if a page may offer it, else None: absolute `https`, `http` and `mailto` only.

    The scheme is looked for after entities, percent signs, control characters and blanks are decoded or removed, as a
    browser would. Addresses with a user name, a backslash or no host are refused, because what they seem to name is
    not where they lead.
    """
    candidate = _BLANKS.sub("", unescape(clean(url)))
    if not (_WEB.fullmatch(candidate) or _MAIL.fullmatch(candidate)):
        return None
    if host(candidate) is None:
        return None
    decoded = _BLANKS.sub("", unescape(unquote(candidate, errors="replace")))
    return candidate if re.match(r"(?:https?|mailto):", decoded, re.IGNORECASE) else None


def host(url: str) -> str | None:
    """The host which an address leads to, in the form sent to the network (punycode), or None without one."""
    try:
        parts = urlsplit(url)
        name = parts.path.rpartition("@")[2] if parts.scheme.lower() == "mailto" else parts.hostname or ""
        name = unquote(name).lower()
        encoded = name if name.isascii() else name.encode("idna").decode("ascii")
    except ValueError:
        return None
    return encoded if encoded and not re.search(r"[\s/\\?#@%<>\"]", encoded) else None


def data_image(url: str) -> str | None:
    """The address if it holds a PNG, JPEG, GIF or WebP image in itself, else None."""
    return url if _DATA_IMAGE.fullmatch(url) else None


def _show_hidden(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if code == 0xFE0F and match.start() and unicodedata.category(match.string[match.start() - 1]) == "So":
        return char
    selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or 0x180B <= code <= 0x180F
    hidden = selector or char in _UNSEEN or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return f"⟨U+{code:04X}⟩" if hidden else char


def _joined_surrogates(value: str) -> str:
    """The text with surrogate pairs joined to the characters they mean, and lone surrogates replaced by U+FFFD."""
    if not _SURROGATES.search(value):
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
