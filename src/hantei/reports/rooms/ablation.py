"""A judge beside variants of itself."""

from __future__ import annotations

from hantei.estimates import Estimate
from hantei.metrics.ablation import Ablation, VariantResult
from hantei.reports.section import Cell, Number, Section, lead, notes, numbers, percent, points, text_table

_HEADER = ("variant", "accuracy", "as it is", "difference", "marked unsafe", "flips", "no verdict", "critique")


def ablation_section(found: Ablation) -> Section:
    """Return how a judge's variants differ from it."""
    own = percent(*numbers(found.accuracy))
    rows = [_row(one) for one in found.variants]
    return Section(
        key="ablation",
        title=f"{found.judge}: what changes when one thing changes",
        tables=(text_table("In points of percent, on the same answers", _HEADER, rows),),
        notes=(
            lead(
                f"As it is: accuracy {own.text} {own.interval} on {found.n:,} labelled answers, {found.no_verdict:,} "
                f"without a verdict, {_length(found.critique)}."
            ),
            *notes(
                "Each variant is compared on the answers on which both gave a verdict. Differences are the variant's "
                "less the judge's as it is (of accuracy, and of the share marked unsafe), with Newcombe's paired 95% "
                "interval; answers to one prompt count together. They are not corrected for how many there are."
            ),
        ),
        data=found,
    )  # fmt: skip


def _row(one: VariantResult) -> list[Cell]:
    return [
        one.changed,
        _share(one.accuracy.second),
        _share(one.accuracy.first),
        points(one.accuracy.difference),
        points(one.marked.difference),
        f"{one.flips:,} of {one.marked.first.n:,.0f}",
        f"{one.no_verdict:,}",
        _length(one.critique),
    ]


def _share(estimate: Estimate) -> Number:
    return percent(*numbers(estimate), sign="")


def _length(characters: float | None) -> str:
    return "none" if characters is None else f"{characters:,.0f} characters"
