from __future__ import annotations

import base64
import hashlib
import os
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

import hantei
from hantei.errors import UsageError
from hantei.records import Summary
from hantei.reports import ReportInput, render_report, write_report
from hantei.reports.template import _environment, compile_templates

from .hostile import MARKUP, hostile_input
from .people import people_input
from .sample import RUBRIC, rate, report_input


class Elements(HTMLParser):
    """Collects start tags with their attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, str] = {}
        self.inside: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag if tag == "style" or (tag == "script" and not attrs) else None

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.raw[self.inside] = self.raw.get(self.inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        self.inside = None


def digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


@pytest.mark.parametrize("data", [report_input(copies=1), report_input(1, ("builtin", RUBRIC)), hostile_input()])
def test_the_policy_names_the_one_script_and_the_one_style_sheet(data: ReportInput) -> None:
    page = Elements(render_report(data))
    policies = [a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv")]
    assert len(policies) == 1
    rules = dict(rule.split(" ", 1) for rule in str(policies[0]).split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == digest(page.raw["script"])
    assert rules["style-src"] == digest(page.raw["style"])


@pytest.mark.parametrize("data", [report_input(copies=1), hostile_input()])
def test_the_page_names_no_address_and_no_handler(data: ReportInput) -> None:
    for tag, attributes in Elements(render_report(data)).tags:
        assert tag not in {"iframe", "object", "embed", "base", "img", "audio", "video"}
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style", tag
            if name in {"href", "src", "action"}:
                assert (value or "").startswith("#") or value == "data:,", (tag, name, value)


def test_the_page_of_a_plain_run_holds_no_url_at_all() -> None:
    assert not re.search(r"https?:|//[a-z]+\.", re.sub(r"^\s*//.*$", "", render_report(report_input(1)), flags=re.M))


def test_hostile_names_add_no_element() -> None:
    kinds = {tag for tag, _ in Elements(render_report(people_input())).tags}
    found = Counter(tag for tag, _ in Elements(render_report(hostile_input())).tags)
    assert set(found) <= kinds
    assert (found["script"], found["style"], found["meta"]) == (2, 1, 6)


def test_hostile_characters_are_not_in_the_file() -> None:
    page = render_report(hostile_input())
    page.encode()
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]", page
    )
    assert "[U+202E]" in page
    assert MARKUP not in page


def test_nothing_judged_is_said_and_no_zero_is_shown() -> None:
    rates = (rate("flagged_rate", 0, 0, {"judge": "builtin"}, missing=7),)
    page = render_report(replace(report_input(1), summary=Summary(rates=rates), answers=[]))
    assert "none judged" in page
    assert "7 without a verdict" in page
    assert "0.0%" not in page.split('id="reading"')[0].split("<body>")[1]


def test_an_empty_run_has_a_page() -> None:
    data = replace(report_input(1), summary=Summary(rates=()), answers=[], total_answers=0, settings={}, notices=())
    assert "No answer was judged" in render_report(data)


def test_a_flagged_rate_is_never_called_a_violation_rate() -> None:
    results = render_report(report_input(1)).split("<body>")[1].split('id="answers"')[0]
    assert "Flagged rate" in results
    assert "Violation rate" not in results


def test_notices_and_notes_come_before_the_first_number_and_once() -> None:
    data = report_input(1)
    summary = changed(data.summary, notes=("Read me first.", data.notices[0]))
    body = render_report(replace(data, summary=summary)).split("<body>")[1]
    assert body.index("Read me first.") < body.index('class="big"')
    assert body.count("were in the training data") == 1


def test_a_small_cell_has_counts_and_no_percentage() -> None:
    by = {"judge": "builtin", "harm_type": "do-not-answer/a/b"}
    rates = (
        rate("flagged_rate", 3, 9, {**by, "system": "s"}),
        rate("flagged_rate", 1, 9, {"judge": "builtin", "system": "s"}),
    )
    page = render_report(replace(report_input(1), summary=Summary(rates=rates), answers=[]))
    cell = re.search(r'<td class="few"[^>]*>(.*?)</td>', page, re.S)
    assert cell is not None
    assert "3/9" in cell[1]
    assert "%" not in cell[1]


def test_the_same_input_gives_the_same_page() -> None:
    assert render_report(report_input(1)) == render_report(report_input(1))


def test_the_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("before", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(UsageError, match=r"cannot be written \(no space left on device\): free some space"):
            write_report(path, report_input(1))
    assert path.read_text(encoding="utf-8") == "before"
    write_report(path, report_input(1))
    assert os.listdir(tmp_path) == ["report.html"]
    assert path.read_text(encoding="utf-8") == render_report(report_input(1))


def test_folders_on_the_way_are_made_and_a_place_that_cannot_be_is_named(tmp_path: Path) -> None:
    write_report(tmp_path / "new" / "report.html", report_input(1))
    assert (tmp_path / "new" / "report.html").is_file()
    (tmp_path / "file").write_text("")
    with pytest.raises(
        UsageError, match=r"file.report\.html: cannot be written \(a file is in the way\): name another --out"
    ):
        write_report(tmp_path / "file" / "report.html", report_input(1))


def test_what_a_plain_runs_page_is_made_with_is_loaded_beforehand(tmp_path: Path) -> None:
    _environment.cache_clear()
    compile_templates()
    loaded = {name for _, name in _environment().cache}
    rows = [{"id": str(number), "prompt": "How do I cook rice?", "response": "Wash it."} for number in range(3)]
    hantei.judge(rows, "builtin?encoder=none", tmp_path / "run")
    assert {name for _, name in _environment().cache} == loaded
