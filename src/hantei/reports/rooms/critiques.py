"""Critiques by their units: precision, recall and F1, and what could not be counted."""

from __future__ import annotations

from hantei.critiques.scoring import CritiqueScores, Score, UnitCounts
from hantei.estimates import Estimate
from hantei.reports.section import Cell, Section, caution, lead, notes, numbers, percent, text_table
from hantei.tasks.critiquing import ScoredCritiques

EMBEDDED = (
    "No model was asked: units are found by rule and matched approximately, and precision is against the reference "
    "units (P_ref), since a dialogue is not made of such units. hantei critiques check says how far to trust it."
)
_GENERIC = (
    "Generic units also hold for another dialogue. They are right and say nothing of this answer, so that precision "
    "leaves them out."
)
_MACRO = "Macro is the mean over critiques, micro of all their units together; intervals: critiques drawn again."


def critique_scores(scored: ScoredCritiques) -> Section:
    """Return the scores of critiques, by judge and language."""
    found, asked, mode = scored.scores, scored.asked, scored.scores[0].mode
    unmatched = [f"{name}: {count:,} critiques have no reference and are left out." for name, count
                 in scored.unmatched.items()]  # fmt: skip
    return Section(
        key="critique-scores",
        title=f"Critiques by their units, checked by {scored.checker}, {mode} scoring",
        tables=(
            text_table("The mean over critiques", _header("macro", asked), [_row(one, "macro") for one in found]),
            text_table("Of all units together", _header("micro", asked), [_row(one, "micro") for one in found]),
            text_table("Units", _UNITS, [_counts(one) for one in found]),
        ),
        notes=(
            *(() if asked else (caution(EMBEDDED),)),
            *map(caution, unmatched),
            lead(_MACRO),
            *notes(_GENERIC if any(one.units.generic for one in found) else "", *map(_left_out, found)),
        ),
        data={"checker": scored.checker, "scores": list(found), "unmatched": dict(scored.unmatched)},
    )


_UNITS = ("Judge", "Language", "Critiques", "Units", "Right", "Wrong", "Generic", "No verdict", "Reference units",
          "Found", "Not found", "No verdict")  # fmt: skip


def _header(kind: str, asked: bool) -> tuple[str, ...]:
    precision = "Precision" if asked else "P_ref"
    names = (f"{precision} ({kind})", f"Recall ({kind})", f"F1 ({kind})")
    return ("Judge", "Language", "Critiques", *names, "Bounds of F1")


def _row(one: CritiqueScores, kind: str) -> tuple[Cell, ...]:
    shares = tuple(_cell(getattr(score, kind)) for score in (one.precision, one.recall, one.f1))
    return (one.judge, one.language or "-", f"{one.critiques:,}", *shares, _bounds(one.f1, kind))


def _cell(estimate: Estimate) -> Cell:
    return percent(*numbers(estimate))


def _bounds(score: Score, kind: str) -> str:
    low, high = score.macro_bounds if kind == "macro" else score.micro_bounds
    return f"{100 * low:.1f}-{100 * high:.1f}"


def _counts(one: CritiqueScores) -> tuple[Cell, ...]:
    units, reference = one.units, one.reference
    counts = (_total(units), units.right, units.wrong, units.generic, units.unread)
    recalled = (_total(reference), reference.right, reference.wrong, reference.unread)
    return (one.judge, one.language or "-", *(f"{count:,}" for count in (one.critiques, *counts, *recalled)))


def _total(tally: UnitCounts) -> int:
    return tally.right + tally.wrong + tally.unread + tally.generic


def _left_out(one: CritiqueScores) -> str:
    parts = []
    if one.missing:
        parts.append(f"{one.missing:,} answers have no critique: they count in the bounds only")
    if one.unscored:
        parts.append(f"{one.unscored:,} critiques have no unit that precision can be taken of (all generic or unread)")
    return f"{one.judge}, {one.language or 'no language'}: {'; '.join(parts)}." if parts else ""
