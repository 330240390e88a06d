"""Which rates a summary holds: over all, by system, by what prompts share, and by both while that means something.

With hundreds of systems and of harm types most pairs of the two have a handful of answers, and say nothing: where a
dimension makes more than ``MOST_PAIRS`` pairs with the systems, those with most answers are held. ``hantei report
--system`` counts all pairs of a system, from the same index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

MOST_PAIRS = 2_000
"""Pairs of a system and a value that a summary holds of a dimension."""

By = tuple[tuple[str, str], ...]
"""What a rate is of: names and values of dimensions, ``system`` first."""
PairOfValues = tuple[str, str]
"""A system's name and a dimension's value."""


class Dimension(NamedTuple):
    """A dimension: group number to its value there, how many pairs it makes with the systems, which are held.

    ``held`` is None where all are; else those of at least ``least`` answers.
    """

    values: Mapping[int, str]
    pairs: int
    least: int
    held: Collection[PairOfValues] | None

    def shown(self) -> str:
        """Return which pairs are held, in words."""
        if not self.held:
            return f"none stands here, since more than {MOST_PAIRS:,} have as many answers as any other"
        return f"{len(self.held):,} stand here, those with {self.least:,} answers or more"


class CountedPlaces:
    """The places at which the answers of a group of prompts and a system count."""

    def __init__(
        self,
        values: Mapping[str, Mapping[int, str]],
        answers: Iterable[tuple[int, str, int]],
        whole: Collection[str] = (),
    ) -> None:
        """Count which pairs are held.

        Args:
            values: dimension to group number to its value.
            answers: group number, system, how many answers.
            whole: systems of which every pair is held.
        """
        counts: dict[str, Counter[PairOfValues]] = {name: Counter() for name in values}
        for group, system, count in answers:
            for name, of_groups in values.items():
                if group in of_groups:
                    counts[name][system, of_groups[group]] += count
        self._dimensions = {name: _dimension(values[name], counts[name], whole) for name in values}

    def of(self, group: int, system: str | None, by: Iterable[str]) -> list[By]:
        """Return the places of a group's answers of one system, or of all (None), over all and by each dimension."""
        base: By = () if system is None else (("system", system),)
        out = [base]
        for name in by:
            dimension = self._dimensions.get(name)
            value = dimension.values.get(group) if dimension else None
            if dimension is None or value is None:
                continue
            if system is None or dimension.held is None or (system, value) in dimension.held:
                out.append((*base, (name, value)))
        return out

    def notes(self) -> tuple[str, ...]:
        """Return a line for each dimension of which not all pairs are held."""
        return tuple(
            f"{one.pairs:,} pairs of a system and a {name.replace('_', ' ')} are too many to show: {one.shown()}. "
            "hantei report RUN --system NAME --out FILE shows all of a system."
            for name, one in self._dimensions.items()
            if one.held is not None
        )


def _dimension(values: Mapping[int, str], counts: Counter[PairOfValues], whole: Collection[str]) -> Dimension:
    if len(counts) <= MOST_PAIRS:
        return Dimension(values, len(counts), 0, None)
    least = sorted(counts.values(), reverse=True)[MOST_PAIRS] + 1
    held = {pair for pair, count in counts.items() if count >= least or pair[0] in whole}
    return Dimension(values, len(counts), least, held)
