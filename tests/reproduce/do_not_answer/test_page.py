from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hantei.errors import UsageError
from hantei.reports.section import Number, notes, text_table
from hantei.reproduce.do_not_answer import Reproduction, reproduce
from hantei.reproduce.do_not_answer.page import render_page, write_page
from tests.reports.chromium import chromium, requests

from .release import release


@pytest.fixture
def found(tmp_path: Path) -> Reproduction:
    return reproduce(release(tmp_path))


def test_the_page_holds_every_section_and_runs_nothing(found: Reproduction) -> None:
    page = render_page(found)
    for section in found.sections:
        assert f'id="{section.key}"' in page
    assert "<script" not in page
    assert "script-src" not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert 'class="n differs"' in page  # this release is not the paper's


def test_what_files_say_is_text(found: Reproduction) -> None:
    hostile = "<img src=x onerror=alert(1)>\u202e"
    table = text_table(hostile, [hostile] * 3, [[hostile, hostile, Number(text=hostile)]])
    first = replace(found.sections[0], title=hostile, tables=(table,), notes=notes(hostile))
    sections = (first, *found.sections[1:])
    page = render_page(Reproduction(sections, (hostile,)))
    assert "<img" not in page
    assert "\u202e" not in page


def test_a_place_that_cannot_be_written_is_named(found: Reproduction, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"page\.html: cannot be written \(a file is in the way\): name another --out"):
        write_page(tmp_path / "file" / "page.html", found)


@pytest.mark.browser
def test_a_browser_shows_it_without_a_complaint_or_a_request(found: Reproduction, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_page(page, found)
    with chromium(tmp_path / "profile") as driver:
        driver.get(page.as_uri())
        own = ("data:", "chrome:")  # pictures in the page, and the browser's own first page
        assert {url for url in requests(driver) if not url.startswith(own)} == {page.as_uri()}
        assert driver.get_log("browser") == []
        assert driver.find_element("css selector", "#areas svg").is_displayed()
