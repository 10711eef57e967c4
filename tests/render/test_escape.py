"""The one escaping module."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcell.render import escape


def test_text_and_attribute() -> None:
    assert escape.text("<a & 'b'>\n\t\"c\"") == "&lt;a &amp; 'b'&gt;\n\t\"c\""
    assert escape.attribute("\"'<>&") == "&quot;&#39;&lt;&gt;&amp;"
    assert escape.text("a\x00\x07\x1b\r\x7f\x85\x9fb") == "ab"
    assert escape.text("\ud83d\ude00 \ud83d \ude00") == "😀 \ufffd \ufffd"


@given(st.text())
def test_what_is_escaped_comes_back_from_a_parser(value: str) -> None:
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.extend(v or "" for _, v in attrs)

        def handle_data(self, data: str) -> None:
            seen.append(data)

    reader = Reader(convert_charrefs=True)
    reader.feed(f'<p title="{escape.attribute(value)}">{escape.text(value)}</p>')
    reader.close()
    assert seen[0] == escape.clean(value)
    assert "".join(seen[1:]) == escape.clean(value)


@pytest.mark.parametrize(
    "value, shown",
    [
        ("rm \u202e-rf", "rm ⟨U+202E⟩-rf"),
        ("a\u200bb\ufeffc", "a⟨U+200B⟩b⟨U+FEFF⟩c"),
        ("\x00\x1b[31m", "⟨U+0000⟩⟨U+001B⟩[31m"),
        ("\u3164\u2800", "⟨U+3164⟩⟨U+2800⟩"),
        ("a\U000e0041", "a⟨U+E0041⟩"),
        ("a\ufe0f", "a⟨U+FE0F⟩"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("\ud800", "⟨U+D800⟩"),
        ("line\n\tnext é 日本", "line\n\tnext é 日本"),
    ],
)
def test_nothing_hides_in_visible_text(value: str, shown: str) -> None:
    assert escape.visible(value) == shown


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "http://a.example:8080/p?q#f",
        "mailto:a@b.example?subject=x",
        "HTTPS://A.example/%20",
        "https://[::1]/x",
    ],
)
def test_links_that_pass(url: str) -> None:
    assert escape.link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "#x",
        "/api",
        "../lab",
        "//h.example",
        "https:",
        "https://",
        "https:/h.example",
        "https:\\\\h.example",
        "https:h.example",
        "javascript:alert(1)",
        "java\tscript:alert(1)",
        "java&#115;cript:alert(1)",
        "java%73cript:alert(1)",
        " javascript:x",
        "\x01javascript:x",
        "data:text/html,x",
        "data:image/png;base64,AA",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://h.example",
        "blob:https://h",
        "https://user@h.example",
        "https://user:pw@h.example",
        "https://h.example\\@evil.example",
        "https://%68.example%2f@x",
        "mailto:",
        "mailto:x",
        "mailto:a@",
        "https://[::1",
        "view-source:https://h.example",
    ],
)
def test_links_that_do_not_pass(url: str) -> None:
    assert escape.link(url) is None


def test_links_lose_what_a_browser_would_drop() -> None:
    assert escape.link(" https://a.exa\nmple/\u200bx&#x2f;y ") == "https://a.example/x/y"


def test_hosts() -> None:
    assert escape.host("https://BÜCHER.example:8/x") == "xn--bcher-kva.example"
    assert escape.host("mailto:a@b.example") == "b.example"
    assert escape.host("nothing") is None


def test_only_raster_images_carry_themselves() -> None:
    assert escape.data_image("data:image/webp;base64,AAAA") == "data:image/webp;base64,AAAA"
    for other in (
        "data:image/svg+xml;base64,AA",
        "data:image/png,AA",
        'data:image/png;base64,A"A',
        "https://h.example/x.png",
    ):
        assert escape.data_image(other) is None


@pytest.mark.parametrize(
    "value, expected",
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07a\x1b]8;;https://x\x1b\\b", "ab"),
        ("\x9b31mx\x1bPq\x1b\\y\x1b(Bz", "xyz"),
        ("\x1b]never ended", "never ended"),
        ("a\rb\x08c\n\td", "abc\n\td"),
        ("\ud83d\ude00\ud800", "😀\ufffd"),
    ],
)
def test_plain_text_for_terminals(value: str, expected: str) -> None:
    assert escape.plain(value) == expected


@given(st.text(alphabet="\x1b[]0;m\x07\x9b\x9dP\\a\x00"))
def test_plain_text_holds_no_control(value: str) -> None:
    assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in escape.plain(value) if c not in "\n\t")
