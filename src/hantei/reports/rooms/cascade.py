"""A judge that asks an expensive one where its cheap one is unsure: what it promises, what it saved, and its curve."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hantei.reports.figures import Mark, Plot, Series
from hantei.reports.results import NAME_LIMIT, JudgeResults, Results
from hantei.reports.section import Note, Section, lead, text_table
from hantei.reports.text import clip
from hantei.reports.wording import describe

_LONG_TEXT = 2_000
_TWENTIETH = 0.05
_SHARES = (
    ("calls", "Share of calls on the sample"),
    ("accuracy", "Accuracy on the sample"),
    ("macro_f1", "Macro-F1 on the sample"),
    ("kept_error", "Error among the kept"),
    ("kept_error_bound", "Its upper bound"),
)


def cascade(results: Results) -> Iterator[Section]:
    """Yield what to show of each judge whose entry in ``run.json`` is that of a cascade."""
    for judge in results.judges:
        about = judge.card.get("cascade")
        if about:
            operating = about.get("operating") or {}
            yield Section(
                key="cascade",
                title="The cascade",
                tables=(text_table("How it operates", ("What", "Value"), list(_facts(about, operating))),),
                figures=tuple(_figures(about.get("curve") or (), operating)),
                notes=tuple(_leads(about, judge)),
                data=about,
                judge=judge.name,
                terminal=False,
            )


def _leads(about: Mapping[str, Any], judge: JudgeResults) -> Iterator[Note]:
    cheap, expensive = (clip(str(about.get(key, "")), NAME_LIMIT) for key in ("cheap", "expensive"))
    saved = judge.get("calls_saved_rate")
    text = describe(saved) if saved else None
    in_this_run = (
        f" In this run {text.percent} {text.interval} of the judged answers ({text.counts}) needed no call to the "
        "expensive judge."
        if text and text.judged
        else ""
    )
    yield lead(f"{cheap} answers where it is sure enough, {expensive} elsewhere.{in_this_run}")
    yield lead(f"Guarantee: {clip(str(about.get('guarantee', '')), _LONG_TEXT)}")


def _facts(about: Mapping[str, Any], operating: Mapping[str, Any]) -> Iterator[list[str]]:
    yield ["Asks the expensive judge where", _rule(about)]
    for key, title in _SHARES:
        if _known(operating.get(key)):
            yield [title, f"{100 * operating[key]:.1f}%"]


def _rule(about: Mapping[str, Any]) -> str:
    threshold = about.get("threshold")
    score = {"confidence": "its confidence", "value": "what asking is worth"}.get(str(about.get("rule")), "its score")
    below = f"{threshold:.4g}" if _known(threshold) else "its threshold"
    return f"{score} in the {clip(str(about.get('head', 'unsafe')), NAME_LIMIT)} is below {below}"


def _figures(curve: Sequence[Mapping[str, Any]], operating: Mapping[str, Any]) -> Iterator[Plot]:
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
            yield Plot(title, "share of calls", y_label, drawn, marks, y_range=_around(heights))


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


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
