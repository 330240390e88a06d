"""Which answers people should label: flagged and uncertain ones more often, each with a known chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hantei.arrays import Doubles, Flags, Integers

WORTH_CHOOSING = 100
"""With fewer labels than this all answers have the same chance: choosing would cost more than it brings."""

_MANY = 200
_LEAST_OF_MANY, _LEAST_OF_FEW = 1 / 1.08, 1 / 1.03
"""No answer is chosen with less than this part of the chance that all would have in an equal draw, of ``_MANY`` labels
or more, and of fewer. Where the judge is worth nothing, or nothing is found, the interval is only so much wider than by
equal chances; set so that it is at most 1.15 times as wide in every simulated cell (docs/estimate.md)."""

_UNSURE = 0.1
"""This part of the answers that are not flagged counts as uncertain: those with the highest probability."""


class Chosen(NamedTuple):
    """The row numbers of the chosen answers, rising, and the chance with which each was chosen."""

    rows: Integers
    chance: Doubles


def choose(flagged: Flags, known: Flags, score: Doubles, labels: int, seed: int) -> Chosen:
    """Return a draw of ``labels`` answers: equal chances within each of up to four strata, or over all with few labels.

    The strata are the flagged answers, those without a verdict, the tenth of the others that the judge is least sure
    of, and the rest. The same arguments give the same draw.

    Args:
        flagged: whether the judge calls the answer unsafe (n,).
        known: whether it gave a verdict (n,).
        score: its probability of unsafe (n,).
        labels: how many to draw, at most n.
        seed: of the draw.

    Raises:
        ValueError: ``labels`` is not from 1 to n.
    """
    if not 1 <= labels <= len(flagged):
        raise ValueError(f"expected 1 to {len(flagged):,} answers to choose, got {labels:,}")
    everything = np.full(len(flagged), 3, dtype=np.int64)
    stratum = everything if labels < WORTH_CHOOSING else _strata(flagged, known, score)
    sizes = np.bincount(stratum, minlength=4)
    counts = allocate(sizes, labels)
    rng = np.random.default_rng(seed)
    places = (np.flatnonzero(stratum == number) for number in range(len(sizes)))
    drawn = [rng.choice(place, count, replace=False) for place, count in zip(places, counts.tolist(), strict=True)]
    rows = np.sort(np.concatenate(drawn))
    chance = counts / np.maximum(sizes, 1)
    return Chosen(rows, chance[stratum[rows]])


def _strata(flagged: Flags, known: Flags, score: Doubles) -> Integers:
    """Return 0 for flagged answers, 1 for those without a verdict, 2 for uncertain ones, 3 for the rest."""
    stratum = np.where(~known, 1, np.where(flagged, 0, 3))
    others = np.flatnonzero(stratum == 3)
    if len(others):
        border = np.quantile(score[others], 1 - _UNSURE, method="higher")
        stratum[others[score[others] > max(border, float(score[others].min()))]] = 2
    return stratum.astype(np.int64)


def allocate(sizes: Integers, labels: int) -> Integers:
    """Return how many answers to draw of each stratum (..., strata); the last stratum is that of the ordinary answers.

    Each gets nearly its equal part; what is over goes to all but the last in equal parts, as far as they have answers.

    Args:
        sizes: the number of answers in each stratum (..., strata).
        labels: how many to draw, at most as many as there are answers.
    """
    least = _LEAST_OF_MANY if labels >= _MANY else _LEAST_OF_FEW
    parts = least * labels * sizes / sizes.sum(axis=-1, keepdims=True)
    counts: Integers = np.floor(parts).astype(np.int64)
    counts[..., -1] = np.ceil(parts[..., -1])
    preferred = range(sizes.shape[-1] - 1)
    for place, number in enumerate((*preferred, sizes.shape[-1] - 1, *preferred)):
        over = labels - counts.sum(axis=-1)
        among = max(len(preferred) - place, 1)
        counts[..., number] += np.minimum(-(-over // among), sizes[..., number] - counts[..., number])
    return counts
