"""The rows on which judges differ most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.metrics.agreement.ratings import HeadRatings, Ratings


def distances(said: HeadRatings, judges: Sequence[int]) -> Doubles:
    """Return, for each row, the mean over pairs of judges of how far apart they are, from 0 to 1; 0 with one judge.

    Different names are 1 apart, values of an order or a distance as far as they are of the whole range that was given.
    """
    values = said.values[:, list(judges)]
    span = 1.0 if said.scale == "nominal" else _span(values)
    total, pairs = np.zeros(len(values)), np.zeros(len(values))
    for place in range(len(judges)):
        gaps = np.abs(values[:, place + 1 :] - values[:, [place]])
        apart = (gaps > 0).astype(np.float64) if said.scale == "nominal" else gaps / span
        told = ~np.isnan(gaps)
        total += np.where(told, apart, 0.0).sum(axis=1)
        pairs += told.sum(axis=1)
    mean: Doubles = total / np.maximum(pairs, 1)
    return mean


def _span(values: Doubles) -> float:
    told = values[~np.isnan(values)]
    return float(np.ptp(told)) if len(told) and np.ptp(told) > 0 else 1.0


def furthest(ratings: Ratings, head: str, judges: Sequence[int], most: int) -> tuple[Integers, Doubles]:
    """Return at most so many rows on which judges differ, the furthest first, and how far apart they are there.

    Where rows are equally far apart the scores decide, as probabilities do of two verdicts; then the order of the rows.

    Args:
        ratings: what was said.
        head: what is compared.
        judges: the numbers of the judges.
        most: how many rows.
    """
    apart = distances(ratings.heads[head], judges)
    closer = distances(ratings.heads["score"], judges) if "score" in ratings.heads else np.zeros(len(apart))
    order = np.lexsort((np.arange(len(apart)), -closer, -apart))
    chosen: Integers = order[apart[order] > 0][:most]
    return chosen, apart[chosen]
