"""Markdown that covers every kind of block and span, for tests that cut it to pieces."""

BLOCKS = [
    "para", "two\nlines", "hard  \nbreak", "hard\\\nbreak", "  indented para\n   more", "a\n    not code",
    "# one", "## two ##", "###### six", "####### seven", "#not", "# a | b\n---|---", "#", "## *em* `code`",
    "setext\n===", "setext\n---", "two\nlines\n---", "a | b\n---", "- list\n---", "> q\n---", "para\n***",
    "---", "***", "_ _ _", " - - -", "+++", "para\n#", "para\n# hash", "--\n", "*\t*\t*",
    "```\ncode\n```", "```py\nx = 1 < 2\n\n# c\n```", "~~~\ntilde\n~~~", "````\n```\n````", "```\nopen", "``` a|b\n-|-",
    "   ```\n   in\n  out\n   ```", "```c++ x y\n1\n```", "```<b>\n&amp;\n```", "```\n\n\n```", "```\n  \n```", "``\nno\n``",
    "para\n```\ncode\n```\npara", "```\n```", "~~~ `a`\nx\n~~~", "```\n``` x\n```", "```\n    ```\n```  \nafter",
    "    code", "    a\n\n    b", "para\n\n    code\npara", "\tcode\n\t\tmore",
    "- a\n- b", "* a\n* b\n\n* c", "+ a\n\n  b\n+ c", "- a\n  - b\n    - c\n- d", "1. a\n2. b", "7) a\n8) b", "1. a\n1. b\n\npara",
    "- a\n\n\n- b", "- \n- b", "-\n\n  no", "- ```\n  code\n  ```\n- b", "- # h\n- > q", "- a\n+ b\n* c", "1. a\n2) b",
    "- a\nlazy", "- a\n\nout", "  - a\n - b\n- c", "- a\n    - b", "10. a\n    b\n11. c", "para\n- a", "para\n2. no", "para\n1. a",
    "- a | b\n-|-", "- x\n- a | b\n---|---", "- [ ] task\n- [x] done", "- a\n\n      code", "- a\n  [r]: https://r.e/\n- [r]",
    "- a\n- b\n\n  [d]: https://d.e/x\n- [d]", "- ```\n  x\n\n- b\n- c", "-  - a\n   - b\n-  c", "- - -a", "1. - a\n   - b\n2. c",
    "> q", "> a\nlazy", "> a\n\n> b", ">> deep\n> less", "> - a\n> - b", "> ```\n> x", "> # h\n> p", ">", "> a\n>\n> b", "> a\n- b",
    "|a|b|\n|-|-|\n|1|2|", "a|b\n:-|-:\n1|2|3\n4", "|a|\n|:-:|\n|x|\npara", "|a|b|\n|-|-|\n", "a|b\n-|-\n\\||`|`\n> q", "x\na|b\n-|-\n1|2",
    "|a\n|-|\n", "|*a*|[l](https://l.e)|\n|-|-|\n|![i](https://i.e/i)|<b>|", "|a|b|\n|-|\n|c|", "|a|\n|-|\n|\n|b|",
]

SPANS = [
    "*em* **strong** ***both***", "_em_ __strong__ a_b_c", "*open", "**open *in*", "*a **b** c*", "**a *b*", "~~gone~~ ~one~ ~~open",
    "`code` ``a`b`` `open", "` `` `", "`a\nb`", "\\*not\\* \\\\ \\`", "&amp; &lt; &copy; &#65; &#x202e; &nope; &#0;", "<b>raw</b> <!-- c -->",
    "[l](https://l.e/p)", "[l](<https://l.e/a b>)", "[l](https://l.e 'title')", "[*em* `c`](https://l.e)", "[l.e](https://l.e/x)",
    "[bank.e](https://evil.e)", "[l](javascript:alert(1))", "[l](/api/contents)", "[l](data:text/html,x)", "[m](mailto:a@b.e)", "[l](",
    "<https://auto.e/x>", "<a@b.e>", "<ftp://f.e>", "[a [b](https://b.e) c](https://c.e)", "[![i](https://i.e/i.png)](https://l.e)",
    "![alt](https://i.e/i.png)", "![](http://i.e/i.png)", "![*a*](/rel.png)", "![d](data:image/png;base64,iVBORw0KGgo=)",
    "![s](data:image/svg+xml;base64,AAAA)", "[ref] [text][ref] [ref][]", "[Ref]: <https://ref.e> 'T'", "[ref]:\nhttps://ref.e/2\n'a\nb'",
    "[ref]: https://ref.e/3", "[miss] [1]", "[1]: https://one.e\n[2]: https://two.e \"x\" y", "[ref]: /rel 'open\n\ntitle'", "$x_1^2$ and $$y_2$$ \\(z\\)",
    "日本語 **強調** です。", "emoji 😀*x*😀 👩\u200d👩\u200d👧", "e\u0301 \u202eabc\u202c", "a\u00a0b\u3000c", "tab\there", "x" * 90, "a*b*c **d**e", "*(a*) _)b_",
    "![a][ref]", "[a\nb](https://n.e)", "**bold `co*de`** *x `y*`", "end *", "end **", "end [", "end \\",
]  # fmt: skip

CASES = [*BLOCKS, *SPANS]
