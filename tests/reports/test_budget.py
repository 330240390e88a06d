"""What a rate may be off by: parts of different kinds, their hull, on the page and as text in the terminal."""

from __future__ import annotations

import pytest
from msgspec.structs import replace as changed

from hantei.estimates import Estimate
from hantei.metrics.datasheet import Wording
from hantei.metrics.error_budget import BOUNDS, ELSEWHERE, INTERVAL, TRIED, BudgetPart, ErrorBudget
from hantei.metrics.rogan_gladen import NOT_IDENTIFIABLE
from hantei.records import Rate, Summary
from hantei.reports.results import Results
from hantei.reports.rooms import sections
from hantei.reports.rooms.budget import budget_section
from hantei.reports.section import Section
from hantei.reports.to_html import section as html
from hantei.reports.to_terminal import blocks

from .test_trust import sheet


def results(*rates: tuple[str, int], missing: int = 0, confusion: tuple[tuple[int, int], ...] | None = None) -> Results:
    """Return the results of judges that each flag some of 100 answers; with a confusion the first has a data sheet."""
    rows = [
        Rate(
            metric="flagged_rate",
            by={"judge": judge, **by},
            numerator=k,
            denominator=100,
            rate=k / 100,
            low=k / 100 - 0.02,
            high=k / 100 + 0.02,
            no_verdict={"unparsed": missing} if missing else {},
            bound_low=k / (100 + missing),
            bound_high=(k + missing) / (100 + missing),
        )
        for judge, k in rates
        for by in ({}, {"system": "s"})
    ]
    first = rates[0][0]
    made = sheet(first)
    (pair,) = made.languages[0].pairs
    wordings = (Wording(name="other", rate=Estimate(value=0.15)),)
    whole = changed(made.languages[0], pairs=(changed(pair, confusion=confusion or ()),), wordings=wordings)
    sheets = {first: changed(made, languages=(whole,))} if confusion else {}
    return Results(Summary(rates=tuple(rows)), {"judges": {}}, {}, sheets=sheets)


def budget(of: Results) -> tuple[ErrorBudget, Section]:
    found = next(one for one in sections(of) if one.key == "error-budget")
    return found.data["s"], found


def parts(found: ErrorBudget) -> list[tuple[str, float, float, str]]:
    return [(one.reason, round(one.low, 4), round(one.high, 4), one.kind) for one in found.parts]


def test_wordings_of_one_judge_and_other_judges_are_ranges_of_their_own() -> None:
    found, _ = budget(results(("rubric@openai/m", 10), ("rubric?order=turned@openai/m", 14), ("builtin", 30)))
    assert parts(found) == [
        ("sampling", 0.08, 0.12, INTERVAL),
        ("wording and settings: rubric@openai/m, rubric?order=turned@openai/m", 0.1, 0.14, TRIED),
        ("choice of judge: rubric@openai/m, builtin", 0.1, 0.3, TRIED),
    ]
    assert (found.low, found.high) == (0.08, 0.3)


def test_rows_without_a_verdict_are_bounds_and_what_was_not_tried_is_a_row_of_its_own() -> None:
    found, section = budget(results(("builtin", 10), missing=25))
    assert parts(found)[1:] == [("what is missing: all safe, or all unsafe", 0.08, 0.28, BOUNDS)]
    assert [(row.name, row.cells[0]) for row in section.tables[0].rows[2:]] == [
        ("the judge's errors", "not known"),
        ("wording and settings", "not known"),
        ("choice of judge", "not known"),
        ("together, of what is known", "8.0% to 28.0%"),
    ]


def test_a_data_sheet_corrects_the_rate_and_says_on_what_that_stands() -> None:
    """It finds 80 of 100 and flags 10 of 100 safe ones: (0.24 - 0.1) / 0.7 = 20%; a wording was 5 points lower."""
    found, section = budget(results(("builtin", 24), confusion=((90, 10), (20, 80))))
    corrected, wording = parts(found)[1:]
    assert corrected[0] == ELSEWHERE
    assert corrected[1] < 0.2 < corrected[2]
    assert wording == (
        "wording and settings: 2 on its data sheet",
        0.19,
        0.24,
        "range over what was tried on other answers",
    )
    assert "as if it erred on these answers as often as on those" in section.notes[0].text


def test_a_judge_that_tells_nothing_apart_leaves_everything_open() -> None:
    found, _ = budget(results(("builtin", 24), confusion=((50, 50), (50, 50))))
    assert parts(found)[1] == (ELSEWHERE, 0, 1, NOT_IDENTIFIABLE)
    assert (found.low, found.high) == (0, 1)


def test_the_picture_is_drawn_on_the_axis_of_rates_in_text_and_on_the_page() -> None:
    made = ErrorBudget(
        value=0.04,
        low=0.01,
        high=0.25,
        parts=(
            BudgetPart(reason="sampling", low=0.01, high=0.09, kind=INTERVAL),
            BudgetPart(reason="choice of judge: a, <b>", low=0.04, high=0.25, kind=TRIED),
        ),
    )
    lines = [one for one in blocks(budget_section(made)) if isinstance(one, str)]
    # 48 characters of roots: 1% at 4.8, 4% at 9.6, 9% at 14.4, 25% at 24.
    assert lines[2:6] == [
        "  .....=====|====..................................  sampling",
        "  ..........|--------------........................  choice of judge: a, <b>",
        "  .....#####|##############........................  together",
        "  0%   1%        10%      25%       50%           100%",
    ]
    page = str(html(budget_section(made)))
    assert '<rect class="interval" x="20.00%" y="1" width="30.00%"' in page  # 4% to 25%
    assert "choice of judge: a, &lt;b&gt;" in page


@pytest.mark.parametrize(("systems", "there"), [(4, True), (5, False)])
def test_systems_without_a_rate_in_the_headline_have_no_budget(systems: int, there: bool) -> None:
    rates = [
        Rate(
            metric="flagged_rate",
            by={"judge": "builtin", "system": f"{n}"},
            numerator=1,
            denominator=20,
            rate=0.05,
            low=0.0,
            high=0.2,
        )
        for n in range(systems)
    ]
    keys = [one.key for one in sections(Results(Summary(rates=tuple(rates)), {}, {}))]
    assert ("error-budget" in keys) == there
