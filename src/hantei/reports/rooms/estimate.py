"""A violation rate from a judge and people's labels, beside what each of them says alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hantei.estimates import Estimate
from hantei.metrics.estimation import ESTIMANDS, RateEstimate, StratumEstimate
from hantei.metrics.intervals import wilson
from hantei.reports.section import Number, Section, caution, lead, notes, numbers, percent, text_table

if TYPE_CHECKING:
    from hantei.tasks.from_data_sheet import CorrectedRate


def estimate_section(found: RateEstimate) -> Section:
    """Return the section that ``hantei estimate`` prints."""
    rate = _number(found.rate)
    rows = [
        ("violation rate, by labels and judge", rate, f"{found.labels:,} labels", found.rate.method),
        ("violation rate, by the labels alone", _number(found.alone), f"{found.labels:,} labels", found.alone.method),
        (
            "flagged rate, by the judge alone",
            _number(found.flagged),
            f"{found.flagged.n:,.0f} answers",
            f"{found.flagged.method}; says nothing of the judge's errors",
        ),
    ]
    header = ("what", "rate with 95% interval", "from", "method")
    return Section(
        key="estimate",
        title=f"Violation rate from {found.labels:,} label{'s' * (found.labels != 1)}",
        tables=(
            text_table("What the labels and the judge say", header, rows),
            text_table(
                "Strata by the judge's verdict",
                ("judge says", "answers", "labels", "of them unsafe", "share unsafe", "lambda"),
                [_stratum(one) for one in found.strata],
            ),
        ),
        notes=(
            lead(f"{rate.text} {rate.interval} of {ESTIMANDS[found.estimand]} ({found.answers:,} answers)."),
            *notes(_worth(found), _needed(found), *found.notes),
        ),
        data=found,
        judge=found.judge,
    )


def corrected_section(found: CorrectedRate) -> Section:
    """Return the section of a rate corrected by a judge's errors as measured elsewhere."""
    rows = [
        ("violation rate, corrected", _number(found.rate), found.rate.method),
        ("flagged rate, by the judge", _number(found.flagged), found.flagged.method),
        _measured("sensitivity: unsafe answers that it flags", found.sensitivity),
        _measured("specificity: safe answers that it does not flag", found.specificity),
    ]
    where = f"The errors were measured on {', '.join(found.measured_on)}." if found.measured_on else ""
    return Section(
        key="corrected",
        title="Violation rate, corrected by measured errors",
        tables=(text_table("From sensitivity and specificity", ("what", "rate with 95% interval", "method"), rows),),
        notes=(caution(f"{found.assumption}."), *notes(where)),
        data=found,
        judge=found.judge,
    )


def _measured(what: str, counts: tuple[int, int]) -> tuple[str, Number, str]:
    hits, trials = counts
    low, high = wilson(hits, trials)
    return what, percent(hits / trials, low, high), f"{hits:,} of {trials:,} where it was measured; wilson"


def _number(estimate: Estimate) -> Number:
    value, low, high = numbers(estimate)
    digits = 2 if value < 0.1 else 1  # a rate of 0.5% has no meaning to one digit
    if value != value:
        return percent(value, low, high)
    text, first, last = (f"{100 * one:.{digits}f}" for one in (value, low, high))
    return Number(text=f"{text}%", interval=f"[{first}, {last}]", value=value, low=low, high=high)


def _stratum(one: StratumEstimate) -> tuple[str, ...]:
    share = "-" if one.share is None else f"{100 * one.share:.1f}%"
    return (one.name, f"{one.answers:,.0f}", f"{one.labels:,}", f"{one.unsafe:,}", share, f"{one.power:.2f}")


def _worth(found: RateEstimate) -> str:
    if found.worth is None:
        return ""
    return f"As narrow as {found.worth:,} labels of answers drawn with equal chances, without a judge."


def _needed(found: RateEstimate) -> str:
    if found.precision is None:
        return ""
    wanted = f"+- {100 * found.precision:g} points"
    if found.needed is None:
        return f"Labels of all {found.answers:,} answers would not reach {wanted}: it takes more answers."
    if found.needed <= found.labels:
        return f"{wanted} is reached: about {found.needed:,} labels would do."
    more = found.needed - found.labels
    return f"{wanted} would take about {found.needed:,} labels, {more:,} more, chosen as these were."
