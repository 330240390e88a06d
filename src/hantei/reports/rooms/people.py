"""How each judge does against people's labels, and whether its probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hantei.estimates import (
    AgainstPerson,
    Bin,
    Calibration,
    CalibrationReading,
    ClassAgreement,
    Estimate,
    UnsafeAgreement,
)
from hantei.reports.figures import Plot, Series
from hantei.reports.geometry import MIN_COLOURED
from hantei.reports.results import NAME_LIMIT, Results
from hantei.reports.section import (
    Cell,
    Column,
    Note,
    Number,
    ReportRow,
    ReportTable,
    Section,
    caution,
    decimal,
    lead,
    notes,
    numbers,
    percent,
)
from hantei.reports.text import clip

_READINGS = (
    ("before", "as judged"),
    ("after_temperature", "after temperature scaling"),
    ("after_isotonic", "after isotonic scaling"),
)
_UNSAFE = (
    ("base_rate", "Base rate", "unsafe by the labels"),
    ("accuracy", "Accuracy", "verdict and label agree"),
    ("precision", "Precision", "unsafe by the labels, of those judged unsafe"),
    ("recall", "Recall", "judged unsafe, of those unsafe by the labels"),
    ("f1", "F1 of unsafe", "harmonic mean of precision and recall"),
)
_ACTION = (
    ("accuracy", "Accuracy of the action", "the same of six actions"),
    ("macro_f1", "Macro-F1 of the action", "mean of F1 over the actions that occur"),
)
_REFUSAL = (
    ("accuracy", "Accuracy of the refusal", "the same of none, partial, full"),
    ("macro_f1", "Macro-F1 of the refusal", "mean of F1 over those that occur"),
)
_PROBABILITIES = (
    ("Probability of unsafe", "probability of unsafe", "share unsafe by the labels"),
    ("Probability of the action", "probability", "share right"),
    ("Probability of the refusal", "probability", "share right"),
)
_DOTS = (
    f"A dot is the answers whose probability falls into one tenth of the axis, where there are {MIN_COLOURED} of them "
    "or more; on the dotted line a probability means what it says."
)
_READING = (
    "The calibration error is how far probabilities are from what is so on average, tenth by tenth, each counted "
    "by its answers. The scaled probabilities were fitted on other prompts than those on which they are measured (five "
    "folds)."
)
_IDEAL = Series("calibrated", [(0.0, 0.0), (1.0, 1.0)], "guide")
_MUCH = 1.1
"""A temperature factor nearer to 1 than this is not spoken of."""


def people(results: Results) -> Iterator[Section]:
    """Yield how each judge does against each person, from ``Summary.calibration``."""
    for judge in results.judges:
        compared = [one for one in results.summary.calibration if one.judge == judge.name]
        for number, one in enumerate(compared, 1):
            yield _section(one, "people" if number == 1 else f"people-{number}")


def _section(one: AgainstPerson, key: str) -> Section:
    person = clip(one.against, NAME_LIMIT)
    scaled = list(_scaled(one))
    return Section(
        key=key,
        title=f"Against people's labels: {person}",
        tables=(_scores(one, person), *(_scaling_table(title, of) for (title, *_), of in scaled)),
        figures=tuple(_reliability(*titles, of) for titles, of in scaled),
        notes=(
            *_leads(one),
            *(_sure(title, of.factor) for (title, *_), of in scaled if of.n >= MIN_COLOURED),
            *notes(_READING if scaled else ""),
        ),
        data=one,
        judge=one.judge,
    )


def _leads(one: AgainstPerson) -> Iterator[Note]:
    more = f"; {one.no_verdict:,} more have no verdict" if one.no_verdict else ""
    yield lead(f"{one.n:,} answers have both a label and a verdict{more}.")
    if one.in_training:
        yield caution(
            f"{one.in_training:,} of these {one.n:,} answers were in the judge's training data. What is measured on "
            "them flatters the judge and says nothing about how it does, or how sure it may be, on new answers."
        )


def _scores(one: AgainstPerson, person: str) -> ReportTable:
    heads = ((one.unsafe, _UNSAFE), (one.action, _ACTION), (one.refusal, _REFUSAL))
    return ReportTable(
        caption=f"Agreement with {person}",
        head="Measure",
        columns=(Column(title="Value [95% interval]"),),
        rows=tuple(row for scores, titles in heads if scores for row in _score_rows(scores, titles)),
    )


def _score_rows(
    scores: UnsafeAgreement | ClassAgreement, titles: Sequence[tuple[str, str, str]]
) -> Iterator[ReportRow]:
    for name, title, meaning in titles:
        estimate: Estimate | None = getattr(scores, name)
        if estimate is not None:
            yield ReportRow(name=title, note=meaning, cells=(_percent(estimate, counted="f1" not in name),))


def _percent(estimate: Estimate, counted: bool = False) -> Number:
    """Return an estimate in percent; ``counted``, as k of n, where it is a share of a number of answers."""
    value, low, high = numbers(estimate)
    counts = f"{round(value * estimate.n):,}/{estimate.n:,.0f}" if counted else ""
    return percent(value, low, high, counts=counts)


def _scaled(one: AgainstPerson) -> Iterator[tuple[tuple[str, str, str], Calibration]]:
    """Yield what probabilities there are, with the titles of their picture."""
    calibrations = (one.p_unsafe, *(head.calibration if head else None for head in (one.action, one.refusal)))
    yield from ((titles, of) for titles, of in zip(_PROBABILITIES, calibrations, strict=True) if of)


def _readings(of: Calibration) -> list[tuple[str, CalibrationReading]]:
    estimate = ((title, getattr(of, name)) for name, title in _READINGS)
    return [(title, reading) for title, reading in estimate if reading is not None]


def _scaling_table(title: str, of: Calibration) -> ReportTable:
    return ReportTable(
        caption=f"{title}: calibration on {_rows_read(of)}",
        head="Probabilities",
        columns=(Column(title="Calibration error"), Column(title="Brier score")),
        rows=tuple(ReportRow(name=name, cells=tuple(_errors(reading))) for name, reading in _readings(of)),
    )


def _errors(reading: CalibrationReading) -> Iterator[Cell]:
    yield _percent(reading.error)
    yield decimal(*numbers(reading.brier), digits=4)


def _rows_read(of: Calibration) -> str:
    return f"{of.n:,} answers" if of.drawn_of is None else f"{of.n:,} of {of.drawn_of:,} answers, drawn at random"


def _reliability(title: str, x_label: str, y_label: str, of: Calibration) -> Plot:
    dots = [_dots(name, reading.bins, first=not place) for place, (name, reading) in enumerate(_readings(of))]
    return Plot(f"{title}: what it says, and what is so", x_label, y_label, [*dots, _IDEAL], note=_DOTS)


def _dots(name: str, bins: Sequence[Bin], first: bool) -> Series:
    """Return the bins of enough answers as dots; only the first series has its intervals, or they would hide others."""
    bins = [one for one in bins if one.n >= MIN_COLOURED]
    points = [(one.mean, one.share) for one in bins]
    if not first:
        return Series(name, points, "dots")
    return Series(name, points, "dots", [one.share_low for one in bins], [one.share_high for one in bins])


def _sure(title: str, factor: float) -> Note:
    if 1 / _MUCH < factor < _MUCH:
        return Note(text=f"{title}: the judge is about as sure of itself as it may be.")
    judge = "more sure of itself than it may be" if factor < 1 else "less sure of itself than it could be"
    return Note(text=f"{title}: the judge is {judge}; its log odds are best multiplied by {factor:.2g}.")
