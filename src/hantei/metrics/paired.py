"""Two shares on the same answers, such as a judge's accuracy with and without something, and their difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from hantei.estimates import Estimate
from hantei.metrics.compare_pairs import Pairs, Pattern
from hantei.metrics.compare_tests import newcombe
from hantei.metrics.intervals import share


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedShares:
    """Two shares on the answers of which both are known, and the second less the first.

    ``gained`` counts answers that only the second side hits, ``lost`` those that only the first hits; ``unpaired``
    answers of which one of the sides says nothing.
    """

    first: Estimate
    second: Estimate
    difference: Estimate
    gained: int
    lost: int
    unpaired: int


def paired(rows: Iterable[tuple[Hashable, bool | None, bool | None]]) -> PairedShares:
    """Return the shares of hits of two sides on the same answers, and their difference with a paired 95% interval.

    A row is the answer's cluster (its prompt), and whether it is a hit of each side, None where that is not known.
    """
    known: defaultdict[Hashable, list[tuple[bool, bool]]] = defaultdict(list)
    unpaired = 0
    for cluster, one, other in rows:
        if one is None or other is None:
            unpaired += 1
        else:
            known[cluster].append((one, other))
    pairs = Pairs()
    for hits in known.values():
        n = len(hits)
        pairs.add(Pattern(n, sum(first for first, _ in hits), n, sum(second for _, second in hits)), (0, 0), 1)
    every = [hit for hits in known.values() for hit in hits]
    first, second = (share(sums) for sums in pairs.sums())
    return PairedShares(
        first=first,
        second=second,
        difference=_difference(pairs, first, second),
        gained=sum(not one and other for one, other in every),
        lost=sum(one and not other for one, other in every),
        unpaired=unpaired,
    )


def _difference(pairs: Pairs, first: Estimate, second: Estimate) -> Estimate:
    if first.value is None or second.value is None:
        return Estimate(value=None, method="newcombe")
    low, high = newcombe(pairs)
    return Estimate(value=second.value - first.value, low=low, high=high, n=first.n, method="newcombe")
