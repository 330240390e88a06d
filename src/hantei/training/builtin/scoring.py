"""Measures of predictions against labels, each with a 95% interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hantei.metrics.intervals import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationMeasure:
    """One measured number: what was measured on which data under which protocol, its interval, and its floor.

    Values are shares from 0 to 1 (correlations from -1 to 1). ``beside`` names published figures of other classifiers.
    """

    protocol: str
    data: str
    language: str
    head: str
    metric: str
    value: float
    low: float
    high: float
    n: int
    floor: float | None = None
    beside: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the value reaches its floor; None where it has none."""
        return None if self.floor is None else self.value >= self.floor


@dataclass(frozen=True, slots=True)
class Subject:
    """What a measure is about: the protocol, the data, their language, and the head that was scored."""

    protocol: str
    data: str
    language: str
    head: str

    def value(
        self,
        metric: str,
        value: float,
        interval: tuple[float, float],
        n: int,
        floor: float | None = None,
        beside: str = "",
    ) -> EvaluationMeasure:
        """Return a measure of this subject.

        Args:
            metric: what was measured.
            value: its value.
            interval: its 95% interval, low and high.
            n: how many answers it is of.
            floor: the least value with which training passes; None for any.
            beside: what it is to be compared with, in words.
        """
        return EvaluationMeasure(
            protocol=self.protocol,
            data=self.data,
            language=self.language,
            head=self.head,
            metric=metric,
            value=value,
            low=interval[0],
            high=interval[1],
            n=n,
            floor=floor,
            beside=beside,
        )

    def share(
        self, metric: str, hits: NDArray[np.bool_], floor: float | None = None, beside: str = ""
    ) -> EvaluationMeasure:
        """Return a share of ``hits`` with its Wilson interval; 0 of 0 is 0 with the interval from 0 to 1.

        Args:
            metric: what was measured.
            hits: one for each answer.
            floor: the least value with which training passes; None for any.
            beside: what it is to be compared with, in words.
        """
        if not len(hits):
            return self.value(metric, 0.0, (0.0, 1.0), 0, floor, beside)
        return self.value(metric, float(hits.mean()), wilson(int(hits.sum()), len(hits)), len(hits), floor, beside)


def spearman(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation, ties given their mean rank; nan where one side is constant."""
    from scipy.stats import rankdata

    ranks = np.stack((rankdata(left), rankdata(right)))
    ranks -= ranks.mean(axis=1, keepdims=True)
    size = np.sqrt((ranks**2).sum(axis=1).prod())
    return float((ranks[0] * ranks[1]).sum() / size) if size else float("nan")
