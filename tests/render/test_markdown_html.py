"""What the Markdown writer makes of hostile and ordinary text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcell.render.markdown import render_markdown

from . import dom

TAG_NAMES = (
    "div p h1 h2 h3 h4 h5 h6 ul ol li pre code em strong s a blockquote table thead tbody tr th td br hr span small img"
)
TAGS = frozenset(TAG_NAMES.split())
ATTRIBUTES = frozenset({"class", "href", "rel", "target", "src", "alt", "data-src", "start", "style"})


def inside(source: str) -> str:
    """The HTML of one paragraph."""
    html = render_markdown(source)
    return html.removeprefix('<div class="ac-chunk"><p>').removesuffix("</p></div>")


@pytest.mark.parametrize(
    "source, expected",
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[x](javascript:alert(1))", "x"),
        ("[x](java&#115;cript:alert(1))", "x"),
        ("[x](vbscript:y)", "x"),
        ("[x](data:text/html;base64,AAAA)", "x"),
        ("[x](/api/contents)", "x"),
        ("[x](../lab?reset)", "x"),
        ("[x](//evil.example)", "x"),
        ("[x](https://user@evil.example)", "x"),
        ("<javascript:alert(1)>", "javascript:alert(1)"),
        ("$a_1$ and $b_2$", "$a_1$ and $b_2$"),
        ("![x](data:image/svg+xml;base64,AAAA)", '<span class="ac-image">x</span>'),
        ("![x](/files/secret.png)", '<span class="ac-image">x</span>'),
        ("![a](data:image/png;base64,iVBO)", '<img src="data:image/png;base64,iVBO" alt="a">'),
    ],
)
def test_hostile_text(source: str, expected: str) -> None:
    assert inside(source) == expected


def test_remote_images_are_placeholders() -> None:
    assert inside('![a "b"](https://i.example/x.png?q=secret)') == (
        '<span class="ac-image" data-src="https://i.example/x.png?q=secret">a "b"'
        '<small class="ac-host"> (i.example)</small></span>'
    )
    assert "data-src" not in inside("![a](http://i.example/x.png)")


@pytest.mark.parametrize(
    "source, note",
    [
        ("[Docs](https://docs.example/a)", "docs.example"),
        ("[bank.example](https://evil.example)", "evil.example"),
        ("[https://bank.example/x](https://evil.example)", "evil.example"),
        ("[write](mailto:a@b.example)", "b.example"),
        ("[аpple.example](https://аpple.example)", "xn--pple-43d.example"),
        ("[docs.example/guide](https://docs.example/a)", None),
        ("[DOCS.example](https://docs.example/a)", None),
        ("[docs.example](https://www.docs.example/a)", None),
        ("<https://docs.example/a>", None),
        ("<a@b.example>", None),
    ],
)
def test_the_host_shows_when_the_text_does_not_name_it(source: str, note: str | None) -> None:
    html = inside(source)
    assert 'rel="noopener noreferrer" target="_blank"' in html
    assert html.endswith("</a>" if note is None else f'</a><small class="ac-host"> ({note})</small>')


def test_only_language_names_become_classes() -> None:
    assert '<code class="language-c++">' in render_markdown("```c++ title\nx\n```")
    assert "<code>x" in render_markdown('```"><b>\nx\n```')
    assert "<code>x" in render_markdown(f"```{'l' * 31}\nx\n```")


def test_deep_nesting_ends() -> None:
    assert render_markdown("> " * 2000 + "deep").count("<blockquote>") <= 20
    assert render_markdown("".join("  " * i + "- x\n" for i in range(200))).count("<ul>") <= 20


@given(st.text(alphabet="a<>\"'&=/ :;()[]!`*|\n-h\x00\x1b\ud800\u202e", max_size=80))
def test_no_text_makes_other_tags_or_attributes(source: str) -> None:
    for element in dom.parse(render_markdown(source)).walk():
        assert element.tag in TAGS
        assert {name for name, _ in element.attributes} <= ATTRIBUTES
