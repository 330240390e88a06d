"""Systems whose answers are unlike the judge's training data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hantei.reports.results import NAME_LIMIT, Results
from hantei.reports.section import Section, lead, text_table
from hantei.reports.text import clip

_READING = (
    "A judge is as good as measured on answers of the kind that it learned from. These systems' answers are not of "
    "that kind: take its rates for them with care."
)
_HEADER = ("System", "Differs in", "Here", "In the training data")


def drift(results: Results) -> Iterator[Section]:
    """Yield, for each judge, in what systems differ from its training data, from its entry in ``run.json``."""
    for judge in results.judges:
        unlike = list(judge.card.get("drift") or ())
        if unlike:
            table = text_table(
                "Systems whose answers differ from the training data", _HEADER, [_row(one) for one in unlike]
            )
            yield Section(
                key="drift",
                title="Answers unlike the judge's training data",
                tables=(table,),
                notes=(lead(_READING),),
                data=unlike,
                judge=judge.name,
                terminal=False,  # its notices say the same
            )


def _row(one: Mapping[str, Any]) -> list[str]:
    measure = str(one["measure"])
    value, low, high = (_written(measure, one[key]) for key in ("value", "usual_low", "usual_high"))
    language = f" ({one['language']})" if one.get("language") else ""
    usual = f"{low} to {high}" if one["usual_low"] else f"up to {high}"
    unit = " characters" if measure == "length" else ""
    return [clip(str(one["system"]), NAME_LIMIT), measure + clip(language, 40), value + unit, usual + unit]


def _written(measure: str, value: float) -> str:
    if measure == "topic":
        return f"{value:.3f}"
    return f"{value:,.0f}" if measure == "length" else f"{100 * value:.1f}%"
