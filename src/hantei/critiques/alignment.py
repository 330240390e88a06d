"""Whether rows that are said to be the same in two languages are: told by the multilingual sentence encoder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hantei.arrays import Doubles
from hantei.critiques.pairs import PairedRow, by_pair
from hantei.judges.builtin.encoder import Encoder, opening_and_end

_AMONG = 200
"""Rows of a table that a row's counterpart is looked for among, at most."""
_SURE = 0.95
"""A row's counterpart must be more like it than so large a share of the other rows of its table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedLanguages:
    """How the rows of two languages fit together.

    ``nearest`` is the share of rows whose counterpart is the most like them of all rows of its table; ``own`` and
    ``others`` are the median similarities (cosines) of counterparts and of other rows. ``doubted`` names pairs whose
    counterpart is not more alike than 95 in 100 others.
    """

    first: str
    second: str
    n: int
    nearest: float
    own: float
    others: float
    doubted: tuple[str, ...]


def alignment(rows: Sequence[PairedRow], encoder: Encoder | None = None) -> list[AlignedLanguages]:
    """Return how well the rows of each two languages fit together; nothing where no table has two rows."""
    vectors = (encoder or Encoder()).embed([opening_and_end(row.prompt) for row in rows]).astype(np.float64)
    place = {row.id: number for number, row in enumerate(rows)}
    languages = list(dict.fromkeys(row.language for row in rows))
    found = []
    for first, second in combinations(languages, 2):
        groups: defaultdict[str, list[tuple[str, int, int]]] = defaultdict(list)
        for pair, both in by_pair(rows).items():
            if first in both and second in both:
                groups[both[first].group].append((pair, place[both[first].id], place[both[second].id]))
        parts = [part for group in groups.values() for part in _parts(group) if len(part) > 1]
        if parts:
            found.append(_aligned(first, second, parts, vectors))
    return found


def _parts(group: Sequence[tuple[str, int, int]]) -> list[Sequence[tuple[str, int, int]]]:
    return [group[start : start + _AMONG] for start in range(0, len(group), _AMONG)]


def _aligned(
    first: str, second: str, parts: Sequence[Sequence[tuple[str, int, int]]], vectors: Doubles
) -> AlignedLanguages:
    nearest, own, others, doubted = 0, [], [], []
    for part in parts:
        alike = vectors[[one for _, one, _ in part]] @ vectors[[two for _, _, two in part]].T
        mine = np.diag(alike)
        below = (alike < mine[:, None]).sum(axis=1) / (len(part) - 1)
        nearest += int((below == 1).sum())
        doubted += [pair for (pair, _, _), share in zip(part, below.tolist(), strict=True) if share < _SURE]
        own.append(mine)
        others.append(alike[~np.eye(len(part), dtype=bool)])
    n = sum(len(part) for part in parts)
    return AlignedLanguages(
        first=first,
        second=second,
        n=n,
        nearest=nearest / n,
        own=float(np.median(np.concatenate(own))),
        others=float(np.median(np.concatenate(others))),
        doubted=tuple(doubted),
    )
