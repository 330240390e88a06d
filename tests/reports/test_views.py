from __future__ import annotations

from dataclasses import replace

from hantei.records import Rate, Summary
from hantei.reports.data import ReportInput
from hantei.reports.views import JudgeView, judge_views, judges_table

from .sample import RUBRIC, SYSTEMS, rate, report_input


def only(rates: tuple[Rate, ...], **changes: object) -> JudgeView:
    data: ReportInput = replace(report_input(copies=1), summary=Summary(rates=rates), **changes)  # type: ignore[arg-type]
    return judge_views(data)[0]


def test_the_sample_fills_every_part_of_the_page() -> None:
    (view,) = judge_views(report_input())
    assert view.flagged
    assert view.systems is not None
    assert [row.name for row in view.systems.rows] == [*SYSTEMS, "All systems"]
    assert view.harms is not None
    assert [len(rows) for _, rows in view.harms.groups] == [2, 3, 3, 2, 2]
    assert [row.name for row in view.actions] == [*SYSTEMS, "All systems"]
    assert [part for part, _, _ in view.slices] == ["language", "region", "benchmark", "intent"]
    assert view.plane is not None
    assert [point.number for point in view.plane.points] == [1, 2, 3]


def test_judges_stand_side_by_side_with_the_kind_of_rate_that_each_has() -> None:
    data = report_input(copies=1, judges=("builtin", RUBRIC))
    assert [view.flagged for view in judge_views(data)] == [True, False]
    table = judges_table(data)
    assert table is not None
    assert [title for title, _ in table.columns] == ["Violation rate", "Flagged rate", "Over-refusal rate"]
    assert [[cell.rate is None for cell in row.cells] for row in table.rows] == [
        [True, False, False],
        [False, True, False],
    ]
    assert judges_table(report_input(copies=1)) is None


def test_the_values_of_a_slice_share_their_axes() -> None:
    (view,) = judge_views(report_input())
    tables = {part: tables for part, _, tables in view.slices}["language"]
    assert [table.caption for table in tables] == ["English (en)", "Japanese (ja)", "Chinese (zh)"]
    assert len({table.columns for table in tables}) == 1


def test_one_system_has_one_table_of_languages() -> None:
    rates = [rate("flagged_rate", 1, 20, {"judge": "builtin", "system": "s"})]
    rates += [rate("flagged_rate", k, 20, {"judge": "builtin", "language": tag}) for k, tag in ((1, "en"), (2, "ja"))]
    view = only(tuple(rates))
    ((_, _, (table,)),) = view.slices
    assert [row.name for row in table.rows] == ["English (en)", "Japanese (ja)"]


def test_a_summary_of_one_number_is_a_headline_and_nothing_else() -> None:
    view = only((rate("violation_rate", 0, 0, {"judge": "x"}, missing=3),))
    assert view.main is not None
    assert not view.main.judged
    assert (view.over, view.systems, view.plane, view.harms) == (None, None, None, None)
    assert (view.actions, view.slices) == ((), ())
