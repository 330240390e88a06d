"""The page in a real browser: filters clicked and typed, hostile text, a phone, the dark, a keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

from hantei.reports import ReportInput, write_report

from .chromium import chromium, requests, screen
from .hostile import TEXTS, hostile_input
from .people import people_input
from .sample import RUBRIC, SYSTEMS, report_input

pytestmark = pytest.mark.browser
CHECKS = (Path(__file__).parent / "checks.js").read_text(encoding="utf-8")
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def page(driver: Any, tmp_path: Path) -> Open:
    """Return a function that opens a report and checks that it asked for itself alone and complained of nothing."""

    def opened(data: ReportInput, width: int = 1280, *, dark: bool = False) -> Any:
        path = tmp_path / "report.html"
        write_report(path, data)
        screen(driver, width, dark=dark)
        requests(driver)
        driver.get_log("browser")
        driver.get(path.as_uri())
        assert {url for url in requests(driver) if not url.startswith("data:")} == {path.as_uri()}
        assert driver.get_log("browser") == []
        return driver

    return opened


def by_id(driver: Any, name: str) -> Any:
    return driver.find_element("id", name)


def select(driver: Any, name: str, label: str) -> None:
    from selenium.webdriver.support.ui import Select

    choice = Select(by_id(driver, name))
    (text,) = [option.text for option in choice.options if option.text.startswith(label)]
    choice.select_by_visible_text(text)


def counted(driver: Any) -> tuple[int, int]:
    """Return how many answers pass the filters, of how many."""
    shown, _, total, _ = by_id(driver, "count").text.replace(",", "").split()
    return int(shown), int(total)


def wait(driver: Any, condition: Callable[[], bool]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 10, 0.02).until(lambda _: condition())


def expected(data: ReportInput, keep: Callable[[Any], bool]) -> tuple[int, int]:
    rows = list(data.answers)
    return sum(keep(row) for row in rows), len(rows)


def texts(driver: Any, css: str) -> list[str]:
    return [node.text for node in driver.find_elements("css selector", css)]


def test_filters_choose_the_answers(page: Open) -> None:
    data = report_input()
    driver = page(data)
    assert counted(driver) == (data.total_answers, data.total_answers)
    select(driver, "f-system", "careless-8b")
    assert counted(driver) == expected(data, lambda row: row.response.system == "careless-8b")
    select(driver, "f-language", "Japanese (ja)")
    select(driver, "f-verdict", "Unsafe")
    wanted = expected(
        data,
        lambda row: (
            row.response.system == "careless-8b" and row.prompt.language == "ja" and row.judgments[0].unsafe is True
        ),
    )
    assert counted(driver) == wanted
    assert 0 < wanted[0] < wanted[1]
    assert set(texts(driver, "#list .verdict")) == {"Unsafe"}
    by_id(driver, "f-clear").click()
    assert counted(driver) == (data.total_answers, data.total_answers)


@pytest.mark.parametrize("kind", ["full", "partial"])
def test_refusals_and_harm_types_are_filters(page: Open, kind: str) -> None:
    data = report_input()
    driver = page(data)
    select(driver, "f-refusal", f"{kind.capitalize()} refusal")
    select(driver, "f-harm", "Toxic language")
    assert counted(driver) == expected(
        data, lambda row: row.judgments[0].refusal == kind and str(row.prompt.harm).endswith("toxic-language")
    )


def test_text_is_typed_and_found_in_any_width_or_case(page: Open) -> None:
    data = report_input()
    driver = page(data)
    by_id(driver, "f-text").send_keys("ＩＮＳＵＬＩＮ cinnamon")
    wanted = expected(data, lambda row: "insulin" in row.prompt.text)
    wait(driver, lambda: counted(driver) == wanted)
    assert wanted[0] > 0
    by_id(driver, "f-text").send_keys(" nowhere")
    wait(driver, lambda: counted(driver)[0] == 0)
    assert texts(driver, "#list li") == ["No answer passes these filters."]


def test_unsafe_comes_first_and_uncertain_can(page: Open) -> None:
    driver = page(report_input())
    by_id(driver, "f-size").send_keys("50")
    wait(driver, lambda: len(texts(driver, "#list > li")) == 50)
    found = texts(driver, "#list .verdict")
    assert found == sorted(found, key=["Unsafe", "No verdict", "Safe"].index)
    select(driver, "f-order", "Most uncertain first")
    first = driver.execute_script("return document.querySelector('#list .facts').textContent.match(/p (0\\.\\d+)/)[1]")
    assert abs(float(first) - 0.5) < 0.05


def test_answers_on_which_judges_disagree_are_a_filter_and_an_order(page: Open) -> None:
    data = report_input(judges=("builtin", RUBRIC))
    rows = list(data.answers)
    for place in range(0, len(rows), 5):  # a second judge says the opposite
        first = changed(rows[place].judgments[0], unsafe=True)
        second = changed(first, judge=RUBRIC, unsafe=False)
        rows[place] = replace(rows[place], judgments=(first, second))
    data = replace(data, answers=rows)
    driver = page(data)

    def differ(row: Any) -> bool:
        return len({one.unsafe for one in row.judgments} - {None}) > 1

    wanted = expected(data, differ)
    assert 0 < wanted[0] < wanted[1]
    select(driver, "f-judges", "Judges disagree")
    assert counted(driver) == wanted
    assert all("judges disagree" in facts for facts in texts(driver, "#list .facts"))
    by_id(driver, "f-clear").click()
    select(driver, "f-order", "Judges furthest apart first")
    top = texts(driver, "#list .facts")[: min(wanted[0], 20)]
    assert all("judges disagree" in facts for facts in top)


def test_pages_are_turned_and_end(page: Open) -> None:
    data = report_input(copies=1)
    driver = page(data)
    pages = -(-data.total_answers // 20)
    assert by_id(driver, "page").text == f"Page 1 of {pages}"
    assert not by_id(driver, "previous").is_enabled()
    seen = texts(driver, "#list > li")
    for number in range(2, pages + 1):
        driver.execute_script("arguments[0].click()", by_id(driver, "next"))
        assert by_id(driver, "page").text == f"Page {number} of {pages}"
        seen += texts(driver, "#list > li")
    assert len(seen) == data.total_answers
    assert not by_id(driver, "next").is_enabled()


def test_an_answer_unfolds_with_its_marks_and_verdict(page: Open) -> None:
    driver = page(report_input())
    assert texts(driver, "#list .text") == []
    driver.find_element("css selector", "#list summary").click()
    wait(driver, lambda: len(texts(driver, "#list .text.main")) == 1)
    main = driver.find_element("css selector", "#list .text.main")
    assert texts(driver, "#list .text.main mark .sign") == ["+", "+"]
    assert main.get_attribute("lang") in {"en", "ja", "zh"}
    assert main.get_attribute("dir") == "auto"
    assert "5 follows" in texts(driver, "#list .judgment dd")


def test_a_cell_of_the_heat_map_leads_to_its_answers(page: Open) -> None:
    data = report_input()
    driver = page(data)
    cell = driver.find_element("css selector", "table.heat td[data-system][data-harm] button")
    cell.click()
    rows = [r for r in data.answers if r.response.system == "careful-8b" and r.prompt.harm == next(iter(data.labels))]
    assert counted(driver) == (len(rows), data.total_answers)
    assert driver.switch_to.active_element.get_attribute("id") == "count-title"


def test_the_rows_of_a_long_table_are_searched(page: Open) -> None:
    data = report_input()
    rates = data.summary.rates
    of_one = [rate for rate in rates if rate.by.get("system") == next(iter(SYSTEMS))]
    many = [changed(rate, by={**rate.by, "system": f"model {number}"}) for rate in of_one for number in range(50)]
    driver = page(replace(data, summary=changed(data.summary, rates=(*rates, *many))))
    (box,) = driver.find_elements("css selector", "#systems-0 input.search")
    box.send_keys("MODEL 4")
    shown = [row.text for row in driver.find_elements("css selector", "#systems-0 tbody th") if row.is_displayed()]
    assert len(shown) == 12  # 4, 40 to 49, and the line of all systems
    assert all("model 4" in name for name in shown[:-1])


def test_another_judge_brings_its_own_numbers(page: Open) -> None:
    data = report_input(copies=1, judges=("builtin", RUBRIC))
    driver = page(data)
    assert texts(driver, ".judge .badge") == ["flagged rate", ""]
    driver.find_elements("css selector", "#judge-choice input")[1].click()
    assert texts(driver, ".judge .badge") == ["", "violation rate"]
    select(driver, "f-verdict", "No verdict")
    assert counted(driver) == expected(data, lambda row: row.judgments[1].unsafe is None)
    for link in driver.find_elements("css selector", "nav.sections a[data-part]"):
        assert link.get_attribute("href").endswith("-1")


def test_everything_can_be_done_by_keyboard(page: Open) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = page(report_input(copies=1))
    driver.find_element("tag name", "body").send_keys(Keys.TAB)
    assert driver.switch_to.active_element.text == "Skip to the results"
    reached: list[str] = []
    for _ in range(300):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(driver.switch_to.active_element.get_attribute("id"))
        if reached[-1] == "next":
            break
    assert [name for name in reached if name.startswith("f-")] == [
        f"f-{name}"
        for name in ("text", "verdict", "system", "harm", "language", "refusal", "intent", "order", "size", "clear")
    ]
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert by_id(driver, "page").text.startswith("Page 2")
    driver.find_element("css selector", "#list summary").send_keys(Keys.ENTER)
    wait(driver, lambda: len(texts(driver, "#list .text.main")) == 1)


@pytest.mark.parametrize("width", [360, 1280])
def test_hostile_text_neither_runs_nor_breaks_the_page(page: Open, width: int) -> None:
    driver = page(hostile_input(), width)
    by_id(driver, "fold").click()
    wait(driver, lambda: len(texts(driver, "#list .text.main")) == len(TEXTS))
    driver.execute_script("document.querySelectorAll('details').forEach(node => { node.open = true; })")
    assert driver.execute_script("return window.__pwned === undefined")
    assert driver.execute_script("return document.querySelectorAll('script').length") == 2
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert driver.execute_script("return getComputedStyle(document.body).display") == "block"
    assert driver.get_log("browser") == []
    assert requests(driver) == []
    shown = driver.execute_script("return document.body.innerText")
    assert "[U+202E]" in shown
    assert "first 20,000 of 5,270,001 characters" in shown
    assert not set("\x00\x1b\u202e\u2066\u200b") & set(shown)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("data", [report_input(), report_input(1, ("builtin", RUBRIC)), people_input()])
def test_the_page_passes_the_checks_for_all_readers(page: Open, data: ReportInput, dark: bool) -> None:
    driver = page(data, dark=dark)
    by_id(driver, "fold").click()
    wait(driver, lambda: len(texts(driver, "#list .text.main")) == 20)
    assert driver.execute_script(CHECKS) == []


def test_the_dark_is_dark(page: Open) -> None:
    colour = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert max(page(report_input(copies=1), dark=True).execute_script(colour)) < 60
    assert min(page(report_input(copies=1)).execute_script(colour)) > 230


@pytest.mark.parametrize("data", [report_input(judges=("builtin", RUBRIC)), people_input()])
def test_a_phone_never_scrolls_sideways(page: Open, data: ReportInput) -> None:
    driver = page(data, 360)
    by_id(driver, "fold").click()
    wait(driver, lambda: len(texts(driver, "#list .text.main")) == 20)
    assert driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]") == [360, 360]


def test_paper_has_the_results_and_no_controls(page: Open) -> None:
    driver = page(report_input(copies=1), dark=True)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    hidden = "return ['nav.sections', '#browser', '.skip'].map(q => document.querySelector(q).getClientRects().length)"
    assert driver.execute_script(hidden) == [0, 0, 0]
    assert texts(driver, ".paper") == ["The answers are left out on paper: open the file to read and filter them."]
    assert len(texts(driver, "table.heat td")) > len(SYSTEMS)


def test_without_javascript_the_numbers_are_there(page: Open, driver: Any) -> None:
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page(report_input(copies=1, judges=("builtin", RUBRIC)))
        body = driver.find_element("tag name", "body").text
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "Reading and filtering the answers needs JavaScript." in body
    assert "Verdicts of builtin" in body
    assert f"Verdicts of {RUBRIC}" in body


def test_two_thousand_long_answers_open_quickly(page: Open) -> None:
    rows = list(report_input(copies=16).answers)[:2_000]
    long = [replace(row, response=changed(row.response, text=row.response.text * 20)) for row in rows]
    driver = page(report_input(copies=1, answers=long, total_answers=50_000))
    assert counted(driver) == (2_000, 2_000)
    entry = json.loads(driver.execute_script("return JSON.stringify(performance.getEntriesByType('navigation')[0])"))
    # About a second is the aim; a shared machine may be several times as slow.
    assert entry["domComplete"] < 6_000
