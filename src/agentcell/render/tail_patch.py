"""What changed between two states of the open tail, as one operation on the page's DOM.

Both states are HTML of our own making, so equal beginnings of the strings are equal beginnings of the trees. The last
element of the tree, its last element and so on down are the *chain*; an address in the page is a depth on that chain.
The patch finds where the strings part, climbs to the nearest element that is still on the old chain, removes what the
old string holds after that point (child nodes, then UTF-16 units of the last text node) and appends what the new one
holds there, level by level on the way up. So a growing text costs its new characters only, and nodes that did not
change stay as they are, with selection and focus.
"""

from __future__ import annotations

import re
from html import unescape

VOID_TAGS = frozenset({"br", "hr", "img"})
_TAG = re.compile(r"<(/?)([a-z0-9]+)[^>]*>")


def patch(old: str, new: str) -> tuple[int, int, int, list[int | str]] | None:
    """The change from `old` to `new`, or None when they are equal.

    Returns `(depth, nodes, units, fragments)`: in the element `depth` levels down the chain remove the last `nodes`
    child nodes, then `units` UTF-16 units from the end of the last text node; then append `fragments`, alternately
    the depth to append at (never increasing) and the HTML.
    """
    if old == new:
        return None
    start = _boundary(new, _common_prefix(old, new))
    tags = list(_TAG.finditer(old, start))
    depth = sum((1 if t[1] else -1) for t in tags if t[2] not in VOID_TAGS)
    anchor = _shallowest(old, start, tags, depth)
    if anchor < depth:
        start = _opening(old, start, depth - anchor)
        tags = list(_TAG.finditer(old, start))
    nodes, units = _removed(old, start, tags, anchor)
    return anchor, nodes, units, _fragments(new, start, anchor)


def utf16_length(text: str) -> int:
    """The length which a browser counts: characters beyond U+FFFF are two units."""
    return len(text) if text.isascii() else len(text) + sum(c > "\uffff" for c in text)


def _common_prefix(a: str, b: str) -> int:
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while low < high - 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _boundary(html: str, position: int) -> int:
    """The last position up to `position` that is neither inside a tag nor inside an entity."""
    tag = html.rfind("<", 0, position)
    if tag > html.rfind(">", 0, position):
        return tag
    entity = html.rfind("&", max(0, position - 10), position)
    return entity if entity >= 0 and ";" not in html[entity:position] else position


def _shallowest(html: str, start: int, tags: list[re.Match[str]], depth: int) -> int:
    """The least depth at which anything but end tags follows `start`; `depth` when nothing shallower does."""
    least, here, position = depth, depth, start
    for tag in tags:
        if tag.start() > position or not tag[1]:
            least = min(least, here)
        here += 0 if tag[2] in VOID_TAGS else -1 if tag[1] else 1
        position = tag.end()
    return least if position == len(html) else min(least, here)


def _opening(html: str, position: int, levels: int) -> int:
    """Where the element `levels` levels above `position` begins."""
    while levels:
        position = html.rindex("<", 0, position)
        tag = _TAG.match(html, position)
        assert tag is not None
        if tag[2] not in VOID_TAGS:
            levels += 1 if tag[1] else -1
    return position


def _removed(html: str, start: int, tags: list[re.Match[str]], depth: int) -> tuple[int, int]:
    """How many child nodes of the element at `depth`, and units of a text cut in two, lie after `start`."""
    nodes, units, here, position = 0, 0, depth, start
    for tag in tags:
        if tag.start() > position and here == depth:
            if position == start:
                units = utf16_length(unescape(html[start : tag.start()]))
            else:
                nodes += 1
        if tag[1]:
            here -= 1
        else:
            nodes += here == depth
            here += tag[2] not in VOID_TAGS
        position = tag.end()
    return nodes, units


def _fragments(html: str, start: int, depth: int) -> list[int | str]:
    found: list[int | str] = []
    inside, begin = 0, start
    for tag in _TAG.finditer(html, start):
        if not tag[1]:
            inside += tag[2] not in VOID_TAGS
        elif inside:
            inside -= 1
        else:
            if tag.start() > begin:
                found += [depth, html[begin : tag.start()]]
            depth, begin = depth - 1, tag.end()
    if begin < len(html):
        found += [depth, html[begin:]]
    return found
