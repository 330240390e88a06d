"""What a judge's part of the page shows beside its rates: people's labels, the cascade, answers unlike its training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hantei.reports.charts import MIN_COLOURED
from hantei.reports.curves import Mark, Series, plot
from hantei.reports.rates import RateText
from hantei.reports.text import clip

if TYPE_CHECKING:
    from markupsafe import Markup

_NAME_LIMIT = 160
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
_TWENTIETH = 0.05
_MUCH = 1.1
"""A temperature factor nearer to 1 than this is not spoken of."""


@dataclass(frozen=True, slots=True)
class Score:
    """A number with its interval, ``k/n`` where it is a share, and what it is."""

    title: str
    meaning: str
    value: str
    interval: str
    counts: str


@dataclass(frozen=True, slots=True)
class Scaling:
    """How well one kind of probabilities is calibrated: a row for each way to scale them, and the picture."""

    title: str
    rows_read: str
    rows: tuple[tuple[str, Score, Score], ...]
    sure: str
    figure: Markup


@dataclass(frozen=True, slots=True)
class PersonView:
    """One judge against one person: ``in_training`` is a warning, empty where there is nothing to warn of."""

    name: str
    counts: str
    in_training: str
    scores: tuple[Score, ...]
    scalings: tuple[Scaling, ...]


@dataclass(frozen=True, slots=True)
class CascadeView:
    """What a cascade promises, where it operates, and its curve where one was measured."""

    cheap: str
    expensive: str
    guarantee: str
    facts: tuple[tuple[str, str], ...]
    saved: RateText | None
    figures: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class DriftRow:
    """A system whose answers are unlike the judge's training data in one respect."""

    system: str
    measure: str
    value: str
    usual: str


def person_views(calibration: Sequence[Mapping[str, Any]], judge: str) -> tuple[PersonView, ...]:
    """Return how a judge does against each person, from ``Summary.calibration``."""
    return tuple(_person(found) for found in calibration if found["judge"] == judge)


def cascade_view(cascade: Mapping[str, Any] | None, saved: RateText | None) -> CascadeView | None:
    """Return what to show of a judge whose entry in ``run.json`` is that of a cascade, None for any other."""
    if not cascade:
        return None
    operating = cascade.get("operating") or {}
    return CascadeView(
        cheap=_name(cascade.get("cheap", "")),
        expensive=_name(cascade.get("expensive", "")),
        guarantee=str(cascade.get("guarantee", "")),
        facts=tuple(_facts(cascade, operating)),
        saved=saved,
        figures=tuple(_figures(cascade.get("curve") or (), operating)),
    )


def drift_rows(drift: Iterable[Mapping[str, Any]]) -> tuple[DriftRow, ...]:
    """Return in what systems are unlike the judge's training data, from the judge's entry in ``run.json``."""
    return tuple(_drift(found) for found in drift)


def _person(found: Mapping[str, Any]) -> PersonView:
    trained, n = found["in_training"], found["n"]
    lost = found["no_verdict"]
    counts = f"{n:,} answers have both a label and a verdict" + (f"; {lost:,} more have no verdict" if lost else "")
    warning = (
        f"{trained:,} of these {n:,} answers were in the judge's training data. What is measured on them flatters the "
        "judge and says nothing about how it does, or how sure it may be, on new answers."
    )
    unsafe, action, refusal = (found.get(head, {}) for head in ("unsafe", "action", "refusal"))
    scalings = (
        _scaling("Probability of unsafe", "probability of unsafe", "share unsafe by the labels", found.get("p_unsafe")),
        _scaling("Probability of the action", "probability", "share right", action.get("calibration")),
        _scaling("Probability of the refusal", "probability", "share right", refusal.get("calibration")),
    )
    return PersonView(
        name=_name(found["against"]),
        counts=counts,
        in_training=warning if trained else "",
        scores=(*_scores(unsafe, _UNSAFE), *_scores(action, _ACTION), *_scores(refusal, _REFUSAL)),
        scalings=tuple(scaling for scaling in scalings if scaling is not None),
    )


def _scores(found: Mapping[str, Any], titles: Sequence[tuple[str, str, str]]) -> Iterable[Score]:
    return (_score(title, meaning, found[key]) for key, title, meaning in titles if found.get(key))


def _score(title: str, meaning: str, found: Mapping[str, Any], digits: int = 1) -> Score:
    value, low, high = (f"{100 * found[key]:.{digits}f}" for key in ("value", "low", "high"))
    counts = f"{found['k']:,}/{found['n']:,}" if "k" in found else ""
    return Score(title, meaning, f"{value}%", f"[{low}, {high}]", counts)


def _scaling(title: str, x_label: str, y_label: str, found: Mapping[str, Any] | None) -> Scaling | None:
    if found is None:
        return None
    rows = [(name, found[key]) for key, name in _READINGS if key in found]
    return Scaling(
        title=title,
        rows_read=_rows_read(found),
        rows=tuple((name, _score("", "", row["error"]), _brier(row["brier"])) for name, row in rows),
        sure=_sure(found["factor"]),
        figure=plot(
            f"{title}: what it says, and what is so",
            x_label,
            y_label,
            [*(_dots(name, row["bins"], first=not place) for place, (name, row) in enumerate(rows)), _IDEAL],
        ),
    )


def _rows_read(found: Mapping[str, Any]) -> str:
    if "drawn_of" in found:
        return f"{found['n']:,} of {found['drawn_of']:,} answers, drawn at random"
    return f"{found['n']:,} answers"


_IDEAL = Series("calibrated", [(0.0, 0.0), (1.0, 1.0)], "guide")


def _dots(name: str, bins: Sequence[Mapping[str, Any]], first: bool) -> Series:
    """Return the bins of enough answers as dots; only the first series has its intervals, or they would hide others."""
    bins = [one for one in bins if one["n"] >= MIN_COLOURED]
    points = [(one["mean"], one["share"]) for one in bins]
    if not first:
        return Series(name, points, "dots")
    return Series(name, points, "dots", [one["share_low"] for one in bins], [one["share_high"] for one in bins])


def _brier(found: Mapping[str, Any]) -> Score:
    value, low, high = (f"{found[key]:.4f}" for key in ("value", "low", "high"))
    return Score("", "", value, f"[{low}, {high}]", "")


def _sure(factor: float) -> str:
    if 1 / _MUCH < factor < _MUCH:
        return ""
    judge = "more sure of itself than it may be" if factor < 1 else "less sure of itself than it could be"
    return f"The judge is {judge}: its log odds are best multiplied by {factor:.2g}."


def _facts(cascade: Mapping[str, Any], operating: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "Asks the expensive judge where", _rule(cascade)
    shares = (
        ("calls", "Share of calls on the sample"),
        ("accuracy", "Accuracy on the sample"),
        ("macro_f1", "Macro-F1 on the sample"),
        ("kept_error", "Error among the kept"),
        ("kept_error_bound", "Its upper bound"),
    )
    for key, title in shares:
        if _known(operating.get(key)):
            yield title, f"{100 * operating[key]:.1f}%"


def _rule(cascade: Mapping[str, Any]) -> str:
    threshold = cascade.get("threshold")
    score = {"confidence": "its confidence", "value": "what asking is worth"}.get(str(cascade.get("rule")), "its score")
    below = f"{threshold:.4g}" if _known(threshold) else "its threshold"
    return f"{score} in the {cascade.get('head', 'unsafe')} is below {below}"


def _figures(curve: Sequence[Mapping[str, Any]], operating: Mapping[str, Any]) -> Iterable[Markup]:
    """Yield the picture of what the cascade gets right, and that of what its cheap judge gets wrong."""
    right = [_line("accuracy", curve, "accuracy"), _line("macro-F1", curve, "macro_f1")]
    wrong = _line("error among the answers that the cheap judge keeps", curve, "kept_error", "kept_error_bound")
    for title, y_label, series, keys in (
        ("What the cascade gets right", "share right, or F1", right, ("accuracy", "macro_f1")),
        ("What is wrong where no call is made, with its upper bound", "share wrong", [wrong], ("kept_error",)),
    ):
        drawn = [one for one in series if one.points]
        heights = [y for one in drawn for y in (*(y for _, y in one.points), *one.high)]
        if drawn:
            marks = _marks(operating, keys)
            yield plot(title, "share of calls", y_label, drawn, marks, y_range=_around(heights))


def _line(name: str, curve: Sequence[Mapping[str, Any]], key: str, bound: str | None = None) -> Series:
    needed = ("calls", key, *([bound] if bound else []))
    points = [point for point in curve if all(_known(point.get(field)) for field in needed)]
    line = [(point["calls"], point[key]) for point in points]
    if bound is None:
        return Series(name, line)
    return Series(name, line, "line", [y for _, y in line], [point[bound] for point in points])


def _around(heights: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis that holds these shares, at twentieths."""
    low = math.floor(max(0.0, min(heights)) / _TWENTIETH) * _TWENTIETH
    high = math.ceil(min(1.0, max(heights)) / _TWENTIETH) * _TWENTIETH
    return round(low, 2), round(max(high, low + _TWENTIETH), 2)


def _marks(operating: Mapping[str, Any], keys: Sequence[str]) -> Sequence[Mark]:
    if not _known(operating.get("calls")):
        return []
    heights = [operating[key] for key in keys if _known(operating.get(key))]
    return [(operating["calls"], height, "operates here") for height in heights[:1]]


def _drift(found: Mapping[str, Any]) -> DriftRow:
    measure = str(found["measure"])
    value, low, high = (_written(measure, found[key]) for key in ("value", "usual_low", "usual_high"))
    language = f" ({found['language']})" if found.get("language") else ""
    usual = f"{low} to {high}" if found["usual_low"] else f"up to {high}"
    unit = " characters" if measure == "length" else ""
    return DriftRow(_name(found["system"]), measure + clip(language, 40), value + unit, usual + unit)


def _written(measure: str, value: float) -> str:
    return f"{value:,.0f}" if measure == "length" else f"{100 * value:.1f}%"


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _name(name: Any) -> str:
    return clip(str(name), _NAME_LIMIT)
