"""Sections as Markdown: what models named may be read there and may do nothing."""

from __future__ import annotations

import pytest

from hantei.records import Rate
from hantei.reports.section import Section, caution, notes, text_table
from hantei.reports.to_markdown import escaped, markdown


def test_a_section_is_a_heading_sentences_and_a_table() -> None:
    rate = Rate(metric="flagged_rate", numerator=1, denominator=20, rate=0.05, low=0.009, high=0.236)
    section = Section(
        key="systems",
        title="By system",
        tables=(text_table("Rates", ["system", "flagged"], [["m|1", rate]]),),
        notes=(caution("Few answers."), *notes("That is all.")),
        judge="builtin",
    )
    assert markdown([section]).splitlines() == [
        "### builtin: By system",
        "",
        "Few answers.",
        "",
        "| system | flagged |",
        "| --- | --- |",
        "| m\\|1 | 5.0% \\[0.9, 23.6\\] 1/20 |",
        "",
        "That is all.",
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "[click](https://evil.example)",
        "![x](https://evil.example/p.png)",
        "https://evil.example",
        "www.evil.example",
        "<img src=x onerror=alert(1)>",
        "a | b",
        "`code`",
        "**bold** _it_ ~~gone~~",
        "&lt;b&gt;",
        "# title",
    ],
)
def test_what_a_model_wrote_is_read_and_does_nothing(hostile: str) -> None:
    markdown_it = pytest.importorskip("markdown_it")
    parser = markdown_it.MarkdownIt("commonmark", {"linkify": False}).enable("table").enable("strikethrough")
    shown = parser.parseInline(escaped(hostile))[0].children
    assert {token.type for token in shown} <= {"text", "text_special"}
    assert "".join(token.content for token in shown).replace("\u2060", "") == hostile


@pytest.mark.parametrize(("text", "links"), [("https://e.example", "://"), ("WWW.e.example", "WWW."), ("@all", "@a")])
def test_an_address_is_no_link_and_nobody_is_called(text: str, links: str) -> None:
    assert links in text
    assert links not in escaped(text)
    assert escaped(text).replace("\u2060", "") == text


def test_controls_are_seen() -> None:
    assert escaped("a\nb\x1b[31m") == "a b\\[ESC\\]\\[31m"
