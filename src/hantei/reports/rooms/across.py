"""What changes when only the language does."""

from __future__ import annotations

from hantei.critiques.across import AcrossLanguages
from hantei.critiques.alignment import AlignedLanguages
from hantei.critiques.scoring import CritiqueScores
from hantei.estimates import Estimate
from hantei.metrics.paired import PairedShares
from hantei.reports.section import (
    Cell,
    Number,
    Section,
    caution,
    decimal,
    lead,
    notes,
    numbers,
    percent,
    points,
    text_table,
)
from hantei.tasks.across_languages import AcrossResult

_FIXED = (
    "The prompts have no answers: every one was given the same short answers in its language, one that refuses and two "
    "that agree and say nothing more. What differs, the judge says of the language, or of how these answers are worded."
)
_SCORES = ("system", "languages", "pairs", "of", "mean difference")
_PARTS = ("P_ref", "recall", "F1")
_FLIPS = ("system", "languages", "pairs", "first", "second", "difference", "flips", "unpaired")


def across_sections(found: AcrossResult) -> list[Section]:
    """Return whether rows fit together, then verdicts, refusals, scores and critiques by language."""
    return [_aligned(found), _verdicts(found), *([_critiques(found)] if found.critiques else [])]


def _aligned(found: AcrossResult) -> Section:
    header = ("languages", "pairs", "counterpart is nearest", "similarity to it", "to other rows", "doubted")
    rows: list[list[Cell]] = [
        [
            f"{one.first}, {one.second}",
            f"{one.n:,}",
            f"{100 * one.nearest:.1f}%",
            f"{one.own:.2f}",
            f"{one.others:.2f}",
            _doubted(one),
        ]
        for one in found.aligned
    ]
    return Section(
        key="across-alignment",
        title="Are the rows the same in all languages?",
        tables=(text_table("By the multilingual sentence encoder", header, rows),),
        notes=notes(
            "Nearest: of the rows of its table (200 at most) the counterpart is the most alike. Similarities are "
            "median cosines.",
            f"{found.left_out:,} pairs whose counterpart is not more alike than 95 in 100 others are left out.",
            "" if found.aligned else "Nothing was checked: it takes two pairs or more.",
        ),
        data=found.aligned,
    )


def _doubted(one: AlignedLanguages) -> str:
    more = f" and {len(one.doubted) - 3:,} more" if len(one.doubted) > 3 else ""
    return f"{len(one.doubted):,}: {', '.join(one.doubted[:3])}{more}" if one.doubted else "0"


def _verdicts(found: AcrossResult) -> Section:
    tables = [
        text_table("Called unsafe, in percent", _FLIPS, [_row(one, one.unsafe) for one in found.between]),
        text_table("Refused, in percent", _FLIPS, [_row(one, one.refused) for one in found.between]),
        text_table(
            "Scores", ("system", "languages", "pairs", "of", "mean difference"), [_score(one) for one in found.between]
        ),
    ]
    return Section(
        key="across-verdicts",
        title=f"{found.judge} on {found.answered}: what changes with the language",
        tables=tuple(tables),
        notes=(
            *((caution(_FIXED),) if found.answered == "fixed answers" else ()),
            lead("Differences are the second language less the first, on the pairs that have a verdict in both."),
            *notes(
                "Flips: pairs unsafe (refused) only in the second language, and only in the first. Intervals are "
                "paired: Newcombe's for shares, pairs drawn again for scores."
            ),
        ),
        data=found.between,
    )  # fmt: skip


def _row(one: AcrossLanguages, shares: PairedShares) -> list[Cell]:
    return [
        one.system,
        f"{one.first} to {one.second}",
        f"{one.pairs:,}",
        _share(shares.first),
        _share(shares.second),
        points(shares.difference),
        f"+{shares.gained:,} -{shares.lost:,}",
        f"{shares.unpaired:,}",
    ]


def _share(estimate: Estimate) -> Number:
    return percent(*numbers(estimate), sign="")


def _score(one: AcrossLanguages) -> list[Cell]:
    of = "probability of unsafe" if one.scale is None else f"score from {one.scale.replace('-', ' to ')}"
    return [one.system, f"{one.first} to {one.second}", f"{one.score.n:,.0f}", of, decimal(*numbers(one.score))]


def _critiques(found: AcrossResult) -> Section:
    by_language = [_by_language(one) for one in found.critiques]
    between: list[list[Cell]] = [
        [f"{one.first} to {one.second}", f"{one.critiques[0].n:,.0f}", *map(points, one.critiques)]
        for one in found.between
        if one.critiques
    ]
    return Section(
        key="across-critiques",
        title="Critiques by language",
        tables=(
            text_table("Means of critiques, in percent", ("language", "critiques", *_PARTS), by_language),
            text_table("Differences, paired by dialogue", ("languages", "pairs", *_PARTS), between),
        ),
        notes=(caution("Checked without a model: approximate, and more so outside English (hantei critiques check)."),),
        data={"by_language": found.critiques, "differences": [one.critiques for one in found.between]},
    )  # fmt: skip


def _by_language(one: CritiqueScores) -> list[Cell]:
    means = (score.macro for score in (one.precision, one.recall, one.f1))
    return [one.language or "-", f"{one.critiques:,}", *map(_share, means)]
