"""What changes in a judge's verdicts and critiques, or in a model's refusals, when only the language does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hantei.critiques.critique import CheckedCritique
from hantei.critiques.scoring import CritiqueScores, move, scores
from hantei.estimates import Estimate
from hantei.metrics.bootstrap import BY_PROMPT, bootstrap
from hantei.metrics.paired import PairedShares, paired


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOfPair:
    """What was said of one dialogue in one language.

    Args:
        pair: names the dialogue, whatever its language.
        system: who answered.
        language: of this row.
        unsafe: the judge's verdict, None where it gave none.
        refused: whether the answer refuses, wholly or in part, None where the judge does not say.
        score: the judge's own score, or its probability of unsafe where it gives none.
        scale: of the score, None where it is that probability.
        critique: the judge's critique with its units checked, None without reference units.
    """

    pair: str
    system: str
    language: str
    unsafe: bool | None
    refused: bool | None
    score: float | None
    scale: str | None
    critique: CheckedCritique | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossLanguages:
    """The same dialogues in two languages: shares of the first and of the second, and the second less the first.

    ``score`` is the mean difference of scores on ``scale`` (of probabilities of unsafe where that is None);
    ``critiques`` that of macro precision, recall and F1 by units, where there are reference units.
    """

    system: str
    first: str
    second: str
    pairs: int
    unsafe: PairedShares
    refused: PairedShares
    score: Estimate
    scale: str | None
    critiques: tuple[Estimate, ...]


SaidByPair = Mapping[str, Mapping[str, SaidOfPair]]
"""What was said, by pair and language."""


def across(said: Sequence[SaidOfPair]) -> list[AcrossLanguages]:
    """Return for each system and each two languages what differs between them."""
    found = []
    for system in dict.fromkeys(one.system for one in said):
        rows: dict[str, dict[str, SaidOfPair]] = {}
        for one in said:
            if one.system == system:
                rows.setdefault(one.pair, {})[one.language] = one
        languages = list(dict.fromkeys(one.language for one in said if one.system == system))
        found += [_between(system, rows, *two) for two in combinations(languages, 2)]
    return found


def _between(system: str, rows: SaidByPair, first: str, second: str) -> AcrossLanguages:
    both = [(pair, one[first], one[second]) for pair, one in rows.items() if first in one and second in one]
    score, scale = _scores([(one, two) for _, one, two in both])
    return AcrossLanguages(
        system=system,
        first=first,
        second=second,
        pairs=len(both),
        unsafe=_shares(both, lambda one: one.unsafe),
        refused=_shares(both, lambda one: one.refused),
        score=score,
        scale=scale,
        critiques=tuple(_critiques([(one, two) for _, one, two in both])),
    )


def _shares(
    both: Sequence[tuple[str, SaidOfPair, SaidOfPair]], what: Callable[[SaidOfPair], bool | None]
) -> PairedShares:
    return paired((pair, what(one), what(two)) for pair, one, two in both)


def _scores(both: Sequence[tuple[SaidOfPair, SaidOfPair]]) -> tuple[Estimate, str | None]:
    known = [
        (one.scale, two.score - one.score)
        for one, two in both
        if one.score is not None and two.score is not None and one.scale == two.scale
    ]
    scales = {scale for scale, _ in known}
    if len(scales) != 1:  # nothing, or numbers of different scales
        return Estimate(value=None, method=BY_PROMPT), None
    by = np.array([difference for _, difference in known])
    low, high = bootstrap(lambda drawn: float(by[drawn].mean()), np.arange(len(by)))
    return Estimate(value=float(by.mean()), low=low, high=high, n=len(by), method=BY_PROMPT), scales.pop()


def _critiques(both: Sequence[tuple[SaidOfPair, SaidOfPair]]) -> Iterator[Estimate]:
    known = [
        (one.critique, two.critique)
        for one, two in both
        if one.critique and two.critique and not one.critique.missing and not two.critique.missing
    ]
    if known:
        yield from move([one for one, _ in known], [two for _, two in known], "robust")


def critique_scores(said: Sequence[SaidOfPair]) -> list[CritiqueScores]:
    """Return precision, recall and F1 of the critiques by language, where there are reference units."""
    return scores([one.critique for one in said if one.critique], "robust")
