"""When a cascade asks its expensive judge, and what it makes of two verdicts: the same in judging and in fitting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hantei.arrays import Doubles, Integers, softmax
from hantei.records import Judgment

CascadeHead = Literal["unsafe", "action"]

CLASSES: dict[CascadeHead, int] = {"unsafe": 2, "action": 6}
"""The heads that a cascade can go by, and how many classes each has."""

ALWAYS, NEVER = 2.0, -2.0
"""Thresholds that every score, which is from -1 to 1, is below, and that none is below."""

_LEAST = 1e-4
"""What a probability of 0 is taken for: judges write theirs with three or four digits."""


@dataclass(frozen=True, slots=True, eq=False)
class CascadeRule:
    """How sure a cheap judge is, from its probabilities, and how both verdicts are combined.

    ``temperature`` is the factor on the logarithms of the probabilities that makes them mean what they say.
    ``confusion`` (classes, classes) is how often the expensive judge gives each verdict (a column) to each class (a
    row, which sums to 1); with it the score is that of the value of asking, else the confidence.
    """

    head: CascadeHead
    temperature: float = 1.0
    confusion: Doubles | None = None

    def calibrated(self, chances: Doubles) -> Doubles:
        """Return probabilities (n, classes) after the temperature."""
        return softmax(self.temperature * np.log(np.maximum(chances, _LEAST)))

    def score(self, chances: Doubles) -> Doubles:
        """Return how little it is worth to ask, (n,), for the cheap judge's probabilities (n, classes).

        That is the highest calibrated probability; or, with ``confusion``, minus the value of asking: by how much the
        chance of being right is expected to rise when the expensive judge's verdict g is known and the best class
        given both is taken, sum over g of max over y of p[y] C[y, g], less max over y of p[y]. Judges are taken to err
        independently of each other given the true class.
        """
        p = self.calibrated(chances)
        score = p.max(axis=1)
        if self.confusion is not None:
            score = score - (p[:, :, None] * self.confusion).max(axis=1).sum(axis=1)
        # What is equal to a threshold, or worth nothing to ask about, must not differ by the rounding of a sum.
        rounded: Doubles = np.round(score, 9)
        return rounded

    def combined(self, chances: Doubles, said: Integers) -> Doubles:
        """Return the probabilities (n, classes) of each class given the cheap judge's and the verdict ``said`` (n,).

        Without a ``confusion`` the expensive judge is believed: its verdict has probability 1.
        """
        if self.confusion is None:
            sure: Doubles = np.eye(CLASSES[self.head])[said]
            return sure
        both = self.calibrated(chances) * self.confusion[:, said].T
        out: Doubles = both / both.sum(axis=1, keepdims=True)
        return out


def chances_of(judgment: Judgment, head: CascadeHead) -> list[float] | None:
    """Return a judgment's probabilities of the classes of a head, None where it gives none or has no verdict."""
    if verdict_of(judgment, head) is None:
        return None
    if head == "unsafe":
        p = judgment.p_unsafe
        return None if p is None else [1 - p, p]
    given = judgment.probabilities.get(head)
    return [given.get(str(action), 0.0) for action in range(CLASSES[head])] if given else None


def verdict_of(judgment: Judgment, head: CascadeHead) -> int | None:
    """Return the class that a judgment gives for a head, None where it gives none."""
    if judgment.status != "ok":
        return None
    if head == "unsafe":
        return None if judgment.unsafe is None else int(judgment.unsafe)
    return judgment.action
