"""What judges said of the same rows, as arrays: all that agreement is measured on, wherever it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hantei.arrays import Doubles, Flags, Integers
from hantei.inputs.label_files import Scale

MOST_CLASSES = 20
"""Different values of which there is a table of confusion, and exact agreement, at most."""


@dataclass(frozen=True, slots=True)
class HeadRatings:
    """What each judge said of each row, of one head.

    ``values`` (rows, judges) are numbers, nan for what was not said; ``labels`` names the numbers 0, 1, ... and is
    empty where the numbers are meant as such. ``scale`` says what they mean: names, an order, or distances. ``units``
    is each judge's own scale, such as ``1-5``: exact agreement is measured only of equal ones.
    """

    values: Doubles
    scale: Scale
    labels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    def label(self, value: float) -> str:
        """Return what people call a value; nothing for nan."""
        if np.isnan(value):
            return ""
        return self.labels[int(value)] if self.labels else f"{value:.4g}"


@dataclass(frozen=True, slots=True)
class Grouping:
    """A way to divide the rows, such as by language: the number of each row's part (-1 for none), and their names."""

    place: Integers
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ratings:
    """What ``judges`` said of rows, by head; ``prompt`` and ``system`` (rows,) number those of each row.

    ``parts`` divide the rows by what they may be reported by. ``guidelines`` is, by judge, what a person labelled by,
    empty where nothing is known of it. ``lost`` counts rows of label files that belong to no row here.
    """

    judges: tuple[str, ...]
    heads: Mapping[str, HeadRatings]
    prompt: Integers
    system: Integers
    systems: tuple[str, ...]
    parts: Mapping[str, Grouping] = field(default_factory=dict)
    guidelines: tuple[str, ...] = ()
    lost: int = 0

    def people(self) -> Flags:
        """Return which of the judges are people."""
        return np.array([name.startswith("human:") for name in self.judges], dtype=np.bool_)

    def divided(self, head: str) -> Grouping:
        """Return whether the people who rated a row agreed on a head, wholly or not."""
        values = self.heads[head].values[:, self.people()]
        told = ~np.isnan(values)
        least, most = np.where(told, values, np.inf), np.where(told, values, -np.inf)
        alike = least.min(axis=1, initial=np.inf) == most.max(axis=1, initial=-np.inf)
        place = np.where(told.sum(axis=1) < 2, np.where(told.any(axis=1), 2, -1), np.where(alike, 0, 1))
        return Grouping(place.astype(np.int64), ("people agree", "people are divided", "one person"))
