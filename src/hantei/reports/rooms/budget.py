"""What a headline rate may be off by: its error budget as a table and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hantei.estimates import Estimate
from hantei.judges.base import CALIBRATION, split_setting
from hantei.metrics.datasheet import EVERYTHING, DataSheet
from hantei.metrics.error_budget import (
    ELSEWHERE,
    INTERVAL,
    JUDGE,
    SAMPLING,
    WORDING,
    BudgetPart,
    ErrorBudget,
    error_budget,
)
from hantei.metrics.rogan_gladen import METHOD, rogan_gladen
from hantei.records import Rate
from hantei.reports.figures import RangeRow, Ranges
from hantei.reports.geometry import MIN_COLOURED
from hantei.reports.results import NAME_LIMIT, SIDE_BY_SIDE, JudgeResults, Results
from hantei.reports.section import Column, ReportRow, ReportTable, Section, caution, notes
from hantei.reports.text import clip

_HULL = "hull of these: no 95% interval"
_READING = (
    "Only what is called so is a 95% interval; a range is over what was tried, and another judge or wording may lie "
    "outside. Together is from the lowest to the highest of these, never a sum."
)
_CARRIED = (
    "Its errors are taken from its data sheet, as if it erred on these answers as often as on those: nothing here says "
    "so. Labels of some of these answers do (hantei estimate)."
)


def budgets(results: Results) -> Iterator[Section]:
    """Yield for each judge that is no person what the rates in its headline may be off by."""
    for judge in results.judges:
        if judge.name.startswith("human:") or len(judge.systems) > SIDE_BY_SIDE:
            continue
        found = {system: budget for system in judge.systems if (budget := _of_system(results, judge, system))}
        if found:
            yield Section(
                key="error-budget",
                title=f"Error budget: what the {judge.main.title.lower()} may be off by",
                tables=(budget_table(found),),
                figures=tuple(picture(budget, system) for system, budget in found.items()),
                notes=(*([caution(_CARRIED)] if results.sheets.get(judge.name) else []), *notes(_READING)),
                data=found,
                judge=judge.name,
                terminal=any(len(budget.parts) > 1 for budget in found.values()),
            )


def budget_section(budget: ErrorBudget) -> Section:
    """Return the section of what an estimated rate may be off by."""
    return Section(
        key="error-budget",
        title="Error budget: what the rate may be off by",
        tables=(budget_table({"from, to": budget}),),
        figures=(picture(budget, "The rate"),),
        notes=notes(_READING),
        data=budget,
    )


def budget_table(found: Mapping[str, ErrorBudget]) -> ReportTable:
    """Return budgets as a table, a column for each: a reason a row, then what is not known, the hull last."""
    kinds = {part.reason: part.kind for budget in found.values() for part in budget.parts}
    unknown = list(_unknown(list(kinds)))
    rows = [
        ReportRow(name=clip(reason, 400), cells=(*(_said(budget, reason) for budget in found.values()), kind))
        for reason, kind in kinds.items()
    ]
    rows += [ReportRow(name=reason, cells=(*("not known" for _ in found), why)) for reason, why in unknown]
    hulls = (_range(budget.low, budget.high) for budget in found.values())
    rows.append(ReportRow(name=f"together{', of what is known' if unknown else ''}", cells=(*hulls, _HULL), total=True))
    titles = [clip(name, NAME_LIMIT) if len(found) > 1 else "from, to" for name in found]
    columns = tuple(Column(title=title) for title in (*titles, "what that is"))
    return ReportTable(caption="Error budget", head="reason", columns=columns, rows=tuple(rows))


def _said(budget: ErrorBudget, reason: str) -> str:
    return next((_range(part.low, part.high) for part in budget.parts if part.reason == reason), "-")


def _unknown(reasons: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what nobody tried or measured, with why it is not known."""
    if SAMPLING in reasons and ELSEWHERE not in reasons:
        yield "the judge's errors", "no labels of these answers were used, and no data sheet of it"
    if not any(reason.startswith(WORDING) for reason in reasons):
        yield WORDING, "one was tried"
    if not any(reason.startswith(JUDGE) for reason in reasons):
        yield JUDGE, "one was tried"


def picture(budget: ErrorBudget, title: str) -> Ranges:
    """Return a budget as ranges below one another, the hull last where there are several."""
    rows = [
        RangeRow(clip(part.reason, NAME_LIMIT), part.low, part.high, sure=part.kind.startswith(INTERVAL))
        for part in budget.parts
    ]
    whole = [RangeRow("together", budget.low, budget.high, total=True)] if len(rows) > 1 else []
    return Ranges(clip(title, NAME_LIMIT), budget.value, (*rows, *whole))


def _of_system(results: Results, judge: JudgeResults, system: str) -> ErrorBudget | None:
    rate = judge.get(judge.main.name, system=system)
    if rate is None or rate.denominator < MIN_COLOURED:
        return None
    sheet = results.sheets.get(judge.name)
    return error_budget(
        Estimate(value=rate.rate, low=rate.low, high=rate.high, n=rate.denominator, method=rate.method),
        _rates(results, judge, system),
        [one for one in (rate.bound_low, rate.bound_high) if one is not None] if rate.no_verdict else [],
        SAMPLING,
        [*_by_its_sheet(rate, sheet), *_other_wordings(rate, sheet)] if sheet else [],
    )


def _rates(results: Results, judge: JudgeResults, system: str) -> dict[str, float]:
    """Return the rate of a system by every judge that is no person, this one first."""
    machines = [
        one
        for one in results.judges
        if not one.name.startswith("human:")
        and one.name != judge.name
        and split_setting(one.name, CALIBRATION)[1] is None
    ]
    rates = {one.name: one.get(one.main.name, system=system) for one in (judge, *machines)}
    return {name: rate.rate for name, rate in rates.items() if rate and rate.rate is not None}


def _by_its_sheet(rate: Rate, sheet: DataSheet) -> Iterator[BudgetPart]:
    """Yield the rate corrected by the errors that the sheet knows, where people called some answers safe, some not."""
    counts = sheet.errors
    if counts is None or rate.rate is None:
        return
    n = rate.effective_n or rate.denominator
    found = rogan_gladen((rate.rate * n, n), *counts)
    kind = f"{INTERVAL}, if it errs here as there" if found.method == METHOD else found.method
    low, high = found.low or 0.0, 1.0 if found.high is None else found.high
    yield BudgetPart(reason=ELSEWHERE, low=low, high=high, kind=kind)


def _other_wordings(rate: Rate, sheet: DataSheet) -> Iterator[BudgetPart]:
    """Yield how far other wordings moved the rate where the sheet was made."""
    whole = next((one for one in sheet.languages if one.language == EVERYTHING), None)
    if whole is None or whole.rate.value is None or rate.rate is None:
        return
    moved = [one.rate.value - whole.rate.value for one in whole.wordings if one.rate.value is not None]
    if moved:
        low, high = (min(max(rate.rate + by, 0.0), 1.0) for by in (min(*moved, 0.0), max(*moved, 0.0)))
        reason = f"{WORDING}: {len(moved) + 1} on its data sheet"
        yield BudgetPart(reason=reason, low=low, high=high, kind="range over what was tried on other answers")


def _range(low: float, high: float) -> str:
    return f"{100 * low:.1f}% to {100 * high:.1f}%"
