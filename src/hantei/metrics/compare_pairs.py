"""Two sides on the same prompts, counted: how often each pattern of verdicts occurs is all that a comparison needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from hantei.metrics.intervals import ClusterSums

if TYPE_CHECKING:
    from hantei.arrays import Doubles


ALPHA = 0.05
"""A difference is spoken of where its adjusted p-value is below this; everything else is a tie."""


class Pattern(NamedTuple):
    """What became of one prompt: trials and hits of the first side, trials and hits of the second."""

    first_n: int
    first_k: int
    second_n: int
    second_k: int


@dataclass(slots=True)
class Pairs:
    """Prompts that both sides answered: how many of each pattern, and what has no verdict.

    ``first_missing`` and ``second_missing`` are answers without a verdict to any prompt that both sides answered;
    ``lost`` counts the prompts to which one side has no verdict at all, so that they are in no pattern. ``unpaired_n``
    and ``unpaired_k`` are the trials and hits of the side that has one there, first and second.
    """

    patterns: Counter[Pattern] = field(default_factory=Counter)
    first_missing: int = 0
    second_missing: int = 0
    lost: int = 0
    unpaired_n: tuple[int, int] = (0, 0)
    unpaired_k: tuple[int, int] = (0, 0)

    def add(self, pattern: Pattern, missing: tuple[int, int], prompts: int) -> None:
        """Add so many prompts of one pattern, each with so many answers without a verdict on either side."""
        self.first_missing += missing[0] * prompts
        self.second_missing += missing[1] * prompts
        if pattern.first_n and pattern.second_n:
            self.patterns[pattern] += prompts
            return
        self.lost += prompts
        self.unpaired_n = _added(self.unpaired_n, (pattern.first_n * prompts, pattern.second_n * prompts))
        self.unpaired_k = _added(self.unpaired_k, (pattern.first_k * prompts, pattern.second_k * prompts))

    def merge(self, other: Pairs) -> None:
        """Add other prompts to these."""
        self.patterns += other.patterns
        self.first_missing += other.first_missing
        self.second_missing += other.second_missing
        self.lost += other.lost
        self.unpaired_n = _added(self.unpaired_n, other.unpaired_n)
        self.unpaired_k = _added(self.unpaired_k, other.unpaired_k)

    @property
    def prompts(self) -> int:
        """The prompts on which both sides have a verdict."""
        return self.patterns.total()

    @property
    def single(self) -> bool:
        """Whether each side has one verdict on each prompt."""
        return all(one.first_n == one.second_n == 1 for one in self.patterns)

    @property
    def flips(self) -> tuple[int, int]:
        """The prompts on which the second side is hit more often than the first, and less often."""
        apart = [
            (one.second_k * one.first_n - one.first_k * one.second_n, count) for one, count in self.patterns.items()
        ]
        more = sum(count for by, count in apart if by > 0)
        return more, sum(count for by, count in apart if by < 0)

    def sums(self) -> tuple[ClusterSums, ClusterSums]:
        """Return the sums over prompts of each side."""
        return (
            _sums((one.first_n, one.first_k, count) for one, count in self.patterns.items()),
            _sums((one.second_n, one.second_k, count) for one, count in self.patterns.items()),
        )

    def arrays(self) -> tuple[Doubles, Doubles]:
        """Return the patterns, a row each, and how many prompts have each."""
        import numpy as np

        rows = sorted(self.patterns.items())
        patterns = np.array([pattern for pattern, _ in rows], dtype=np.float64).reshape(len(rows), 4)
        return patterns, np.array([count for _, count in rows], dtype=np.float64)

    def bounds(self) -> tuple[float, float] | None:
        """Return the difference were all that has no verdict a hit on the first side alone, and on the second alone.

        None where nothing is missing.
        """
        lost = (self.first_missing, self.second_missing)
        if lost == (0, 0):
            return None
        sides = self.sums()
        trials = [side.n + more + gone for side, more, gone in zip(sides, self.unpaired_n, lost, strict=True)]
        least = [side.k + more for side, more in zip(sides, self.unpaired_k, strict=True)]
        most = [hits + gone for hits, gone in zip(least, lost, strict=True)]
        return least[1] / trials[1] - most[0] / trials[0], most[1] / trials[1] - least[0] / trials[0]


def _added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _sums(rows: Iterable[tuple[int, int, int]]) -> ClusterSums:
    total = ClusterSums()
    for n, k, count in rows:
        total += ClusterSums(count, n * count, k * count, n * n * count, k * n * count, k * k * count)
    return total
