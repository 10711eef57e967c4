"""Settled code is highlighted: once, cheaply, within bounds, and the same in every skin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pygments import lexers

from agentcell.render import highlight
from agentcell.render.folds import TextFold
from agentcell.render.highlight import Highlighter
from agentcell.render.markdown import MarkdownFold, render_markdown
from agentcell.render.nodes import MarkdownBody
from agentcell.render.record_styles import CODE_HUES
from agentcell.view.model import Text, TextBlock

from . import dom
from .test_contrast import CSS

CODE = "```py\n# two\n# lines\ndef f(a):\n    return a + 1.5, 'x😀'\n```\n"


def coloured(html: str) -> list[tuple[str, str]]:
    found = [(dict(e.attributes).get("class") or "", e.text()) for e in dom.parse(html).walk() if e.tag == "span"]
    return [(kind.removeprefix("ac-hl-"), text) for kind, text in found if kind.startswith("ac-hl-")]


def test_code_is_plain_while_it_streams_and_highlighted_when_its_fence_closes() -> None:
    fold, container = MarkdownFold(), dom.Element("root")
    dom.apply(container, fold.append(CODE[:-4]))
    assert coloured(fold.html) == [] and "def f(a)" in fold.html
    code = next(e for e in container.walk() if e.tag == "code")
    ops = fold.append("```\n")
    assert [op[0] for op in ops] == ["mark"]
    dom.apply(container, ops)
    assert next(e for e in container.walk() if e.tag == "code") is code, "the element is the same"
    assert coloured(fold.html) == [
        ("c", "# two\n# lines"),
        ("k", "def"),
        ("f", "f"),
        ("k", "return"),
        ("n", "1.5"),
        ("s", "'x😀'"),
    ]
    assert container == dom.parse(fold.html)


def test_the_text_is_not_sent_again() -> None:
    fold = MarkdownFold()
    fold.append(CODE[:-4])
    assert fold.append("```\n") == [("mark", 0, 0, "c13.k3.f.9k6.5n3.2s5")]


def test_a_text_that_ends_in_open_code_is_highlighted_too() -> None:
    assert coloured(render_markdown("```py\nx = 1"))[-1] == ("n", "1")


def test_every_block_of_a_list_is_highlighted_when_the_list_has_settled() -> None:
    source = "- ```js\n  let x\n  ```\n- ```nope\n  let y\n  ```\n- ```sh\n  echo 'z'\n  ```\n"
    fold = MarkdownFold()
    assert not [op for op in fold.append(source) if op[0] == "mark"]
    (mark,) = [op for op in fold.finish() if op[0] == "mark"]
    assert [part for part in mark[1:] if isinstance(part, int)] == [0, 0, 2], "the second block is of no known language"
    assert {text for _, text in coloured(fold.html)} == {"let", "echo", "'z'"}


@pytest.mark.parametrize("language", ["", "nope", "text", "<b>", "ac-hl-k", "__class__", "PythonLexer", "x" * 40])
def test_code_of_no_known_language_stays_plain(language: str) -> None:
    assert coloured(render_markdown(f"```{language}\ndef f(): return 1\n```\n")) == []


def test_long_code_long_lines_and_many_tokens_stay_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    def highlighted(code: str) -> bool:
        return bool(coloured(render_markdown(f"```py\n{code}\n```\n")))

    line = "x = 'a word and another and another one'\n"
    assert highlighted(line * 200)
    assert not highlighted(line * (highlight.MOST_CHARACTERS // len(line) + 1))
    assert highlighted(line + "#" * highlight.LONGEST_LINE)
    assert not highlighted(line + "#" * (highlight.LONGEST_LINE + 1))
    numbers = "1 a " * 200 + "\n"
    assert highlighted(numbers * 3)
    assert not highlighted(numbers * 10), "more runs than a page should have"
    monkeypatch.setattr(highlight, "MOST_TOKENS", 50)
    assert not highlighted(line * 200)


def test_all_code_of_a_text_shares_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is read from the test: each look at the clock takes ten milliseconds."""
    now = iter(range(10**9))
    monkeypatch.setattr(highlight.time, "thread_time", lambda: next(now) / 100)
    html = render_markdown("```py\nx = 1\n```\n" * 100)
    assert 1 <= len(coloured(html)) < 20
    assert html.count("<pre>") == 100


def test_a_lexer_that_fails_costs_nothing_but_the_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, text: str) -> Iterator[Any]:
        raise RecursionError

    monkeypatch.setattr(lexers.get_lexer_by_name("python").__class__, "get_tokens_unprocessed", fail)
    assert render_markdown("```py\nx = 1\n```\n").count("x = 1") == 1


def test_every_language_that_is_known_has_a_lexer() -> None:
    for name in highlight._LEXERS:
        assert hasattr(lexers, name), name


HOSTILE = [
    "/*",
    '"',
    'f"{',
    "${",
    "<style>",
    "<!--",
    "<<A\n",
    'r#"',
    "a ",
    "a<",
    "-",
    "\\",
    "\t",
    "%q(",
    "'''",
    "s/",
    "é",
]


@pytest.mark.parametrize("language", sorted(highlight._LEXERS))
def test_colours_never_change_the_text(language: str) -> None:
    name = highlight._LEXERS[language].split()[0]
    pieces = [(unit * 200)[:900] for unit in HOSTILE] + ["a = 'b' + 1 # c\n" * 5, "\n\n  \n", "<b>&amp;\u2028x\n"]
    for code in ("\n".join(pieces[i : i + 4]) + "\n" for i in range(0, len(pieces), 4)):
        lines = dom.parse(Highlighter().element(f'<pre><code class="language-{name}">{_text(code)}</code></pre>')[0])
        assert lines.text() == code


def _text(code: str) -> str:
    return code.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_thoughts_are_not_highlighted() -> None:
    fold = MarkdownFold(colours=False)
    ops = fold.append(CODE) + fold.finish()
    assert "def f(a)" in fold.html and coloured(fold.html) == []
    assert all(op[0] != "mark" for op in ops)
    thought = TextFold(TextBlock("t", "reasoning", "A", Text(CODE), done=True))
    thought.advance(TextBlock("t", "reasoning", "A", Text(CODE), done=True))
    assert "def f(a)" in thought.fold.html and coloured(thought.fold.html) == []


def test_the_record_has_the_same_spans_and_names_each_colour_once_a_block() -> None:
    fold = MarkdownFold()
    fold.append(f"{CODE}\n```\nplain\n```\n\n```js\nlet x\n```\n")
    fold.finish()
    record = MarkdownBody(fold).record_html()
    live, saved = dom.parse(fold.html), dom.parse(record)
    assert [e.tag for e in live.walk()] == [e.tag for e in saved.walk()] and live.text() == saved.text()
    assert "ac-hl" not in record
    first, plain, last = [dict(e.attributes)["style"] or "" for e in saved.walk() if e.tag == "pre"]
    assert re.findall(r"--([a-z]):", first) == ["c", "f", "k", "n", "s"]
    assert "--" not in plain and re.findall(r"--([a-z]):", last) == ["k"]
    assert '<span style="color:var(--k)">def</span>' in record


def test_every_kind_has_a_look_in_both_skins() -> None:
    assert set(CODE_HUES) == set(highlight.KINDS)
    for kind in highlight.KINDS:
        assert re.search(rf"\.ac-hl-{kind}\b", CSS), kind
    assert {letter for _, letter in highlight._CLASSES} == set(highlight.KINDS)
