"""How each judge does against people's labels, and whether its probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hantei.reports.figures import Plot, Series
from hantei.reports.geometry import MIN_COLOURED
from hantei.reports.results import NAME_LIMIT, Results
from hantei.reports.section import (
    Cell,
    Column,
    Note,
    Number,
    Row,
    Section,
    Table,
    caution,
    decimal,
    lead,
    notes,
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
_READING = (
    f"A dot is the answers whose probability falls into one tenth of the axis, where there are {MIN_COLOURED} of them "
    "or more; on the dotted line a probability means what it says. The calibration error is how far the dots are from "
    "the line on average, each counted by its answers. The scaled probabilities were fitted on other prompts than "
    "those on which they are measured (five folds)."
)
_IDEAL = Series("calibrated", [(0.0, 0.0), (1.0, 1.0)], "guide")
_MUCH = 1.1
"""A temperature factor nearer to 1 than this is not spoken of."""


def people(results: Results) -> Iterator[Section]:
    """Yield how each judge does against each person, from ``Summary.calibration``."""
    for judge in results.judges:
        compared = [one for one in results.summary.calibration if one["judge"] == judge.name]
        for number, one in enumerate(compared, 1):
            yield _section(one, judge.name, "people" if number == 1 else f"people-{number}")


def _section(one: Mapping[str, Any], judge: str, key: str) -> Section:
    person = clip(str(one["against"]), NAME_LIMIT)
    scaled = list(_scaled(one))
    return Section(
        key=key,
        title=f"Against people's labels: {person}",
        tables=(_scores(one, person), *(_scaling_table(title, of) for (title, *_), of in scaled)),
        figures=tuple(_reliability(*titles, of) for titles, of in scaled),
        notes=(
            *_leads(one),
            *(_sure(title, of["factor"]) for (title, *_), of in scaled),
            *notes(_READING if scaled else ""),
        ),
        data=one,
        judge=judge,
    )


def _leads(one: Mapping[str, Any]) -> Iterator[Note]:
    n, lost, trained = one["n"], one["no_verdict"], one["in_training"]
    more = f"; {lost:,} more have no verdict" if lost else ""
    yield lead(f"{n:,} answers have both a label and a verdict{more}.")
    if trained:
        yield caution(
            f"{trained:,} of these {n:,} answers were in the judge's training data. What is measured on them flatters "
            "the judge and says nothing about how it does, or how sure it may be, on new answers."
        )


def _scores(one: Mapping[str, Any], person: str) -> Table:
    heads = ((one.get("unsafe"), _UNSAFE), (one.get("action"), _ACTION), (one.get("refusal"), _REFUSAL))
    rows = [row for scores, titles in heads for row in _score_rows(scores or {}, titles)]
    return Table(
        caption=f"Agreement with {person}",
        head="Measure",
        columns=(Column(title="Value [95% interval]"),),
        rows=tuple(rows),
    )


def _score_rows(scores: Mapping[str, Any], titles: Sequence[tuple[str, str, str]]) -> Iterator[Row]:
    for key, title, meaning in titles:
        if scores.get(key):
            yield Row(name=title, note=meaning, cells=(_percent(scores[key]),))


def _percent(score: Mapping[str, Any]) -> Number:
    counts = f"{score['k']:,}/{score['n']:,}" if "k" in score else ""
    return percent(score["value"], score["low"], score["high"], counts=counts)


def _scaled(one: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str, str], Mapping[str, Any]]]:
    """Yield what probabilities there are, with the titles of their picture."""
    found = (one.get("p_unsafe"), *((one.get(head) or {}).get("calibration") for head in ("action", "refusal")))
    yield from ((titles, of) for titles, of in zip(_PROBABILITIES, found, strict=True) if of)


def _scaling_table(title: str, of: Mapping[str, Any]) -> Table:
    rows = [Row(name=name, cells=tuple(_errors(of[key]))) for key, name in _READINGS if of.get(key)]
    return Table(
        caption=f"{title}: calibration on {_rows_read(of)}",
        head="Probabilities",
        columns=(Column(title="Calibration error"), Column(title="Brier score")),
        rows=tuple(rows),
    )


def _errors(reading: Mapping[str, Any]) -> Iterator[Cell]:
    yield _percent(reading["error"])
    brier = reading["brier"]
    yield decimal(brier["value"], brier["low"], brier["high"], digits=4)


def _rows_read(of: Mapping[str, Any]) -> str:
    if "drawn_of" in of:
        return f"{of['n']:,} of {of['drawn_of']:,} answers, drawn at random"
    return f"{of['n']:,} answers"


def _reliability(title: str, x_label: str, y_label: str, of: Mapping[str, Any]) -> Plot:
    readings = [(name, of[key]) for key, name in _READINGS if of.get(key)]
    dots = [_dots(name, reading["bins"], first=not place) for place, (name, reading) in enumerate(readings)]
    return Plot(f"{title}: what it says, and what is so", x_label, y_label, [*dots, _IDEAL])


def _dots(name: str, bins: Sequence[Mapping[str, Any]], first: bool) -> Series:
    """Return the bins of enough answers as dots; only the first series has its intervals, or they would hide others."""
    bins = [one for one in bins if one["n"] >= MIN_COLOURED]
    points = [(one["mean"], one["share"]) for one in bins]
    if not first:
        return Series(name, points, "dots")
    return Series(name, points, "dots", [one["share_low"] for one in bins], [one["share_high"] for one in bins])


def _sure(title: str, factor: float) -> Note:
    if 1 / _MUCH < factor < _MUCH:
        return Note(text=f"{title}: the judge is about as sure of itself as it may be.")
    judge = "more sure of itself than it may be" if factor < 1 else "less sure of itself than it could be"
    return Note(text=f"{title}: the judge is {judge}; its log odds are best multiplied by {factor:.2g}.")
