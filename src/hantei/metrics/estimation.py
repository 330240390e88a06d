"""A violation rate from a judge's verdicts on all answers and people's labels of some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct

from hantei.arrays import Doubles, Flags, Integers
from hantei.estimates import Estimate
from hantei.metrics.error_budget import ErrorBudget
from hantei.metrics.intervals import ClusterSums, effective_n, share
from hantei.metrics.prediction_powered import (
    Moments,
    Powered,
    moments_of,
    of_the_population,
    of_these_answers,
    worth_splitting,
)
from hantei.metrics.shares import cluster_sums

Estimand = Literal["population", "answers"]
ESTIMANDS: dict[Estimand, str] = {
    "population": "all prompts that these stand for",
    "answers": "exactly these answers",
}
SPLIT = "prediction-powered by the judge's verdict"
ALONE = "labels alone"
_GAMMA = "gamma limits with one label more"
VERDICTS = ("not flagged", "flagged", "no verdict")


class Verdicts(NamedTuple):
    """A judge's word on each answer (n,): 0 not flagged, 1 flagged, 2 none; and its probability of unsafe, 0 to 1."""

    verdict: Integers
    score: Doubles


class WeightedLabels(NamedTuple):
    """People's labels by answer (n,): whether there is one, whether it is unsafe, 1 / the chance of being chosen."""

    there: Flags
    unsafe: Doubles
    weight: Doubles


@dataclass(frozen=True, slots=True)
class LabelFold:
    """Verdicts on all answers by a judge that was fitted without the labels ``rows`` (n,), which alone count by it."""

    verdicts: Verdicts
    rows: Flags


class StratumEstimate(Struct, frozen=True, kw_only=True):
    """One stratum: its answers, its labels and those of them unsafe, the share unsafe after the judge's help.

    ``power`` is PPI++'s lambda within it, 0 where only the verdict counted.
    """

    name: str
    answers: float
    labels: int
    unsafe: int
    share: float | None
    power: float


class RateEstimate(Struct, frozen=True, kw_only=True):
    """A violation rate from labels and a judge.

    ``estimand`` says whose rate ``rate`` is; ``flagged`` is the judge's own and ``alone`` that of the labels without
    the judge. ``worth`` is how many labels drawn with equal chances would be as narrow without the judge. ``needed`` is
    how many labels would reach the half width ``precision``, None where none was asked for or all would not do.
    ``budget`` sets the interval beside what else the rate may be off by.
    """

    judge: str
    estimand: Estimand
    rate: Estimate
    flagged: Estimate
    alone: Estimate
    answers: int
    labels: int
    worth: int | None
    strata: tuple[StratumEstimate, ...]
    precision: float | None = None
    needed: int | None = None
    budget: ErrorBudget | None = None
    notes: tuple[str, ...] = ()


def estimated(
    judge: str,
    verdicts: Verdicts,
    labels: WeightedLabels,
    prompt: Integers,
    estimand: Estimand = "population",
    folds: Sequence[LabelFold] = (),
    precision: float | None = None,
) -> RateEstimate:
    """Return the violation rate that labels and a judge give together.

    Args:
        judge: its name.
        verdicts: the judge's.
        labels: people's, at least one.
        prompt: number of the prompt of each answer (n,): answers to one prompt are worth less than independent ones.
        estimand: whose rate it is.
        folds: the same judge fitted without some labels, where it was fitted to these labels; they stand for it.
        precision: half width of the interval for which the number of labels is wanted, as a share.
    """
    equal = bool(np.ptp(labels.weight[labels.there]) == 0)
    names, split = _split(verdicts, labels, folds)
    apart = bool(worth_splitting(split, equal))
    single = _moments(np.zeros(len(prompt)), 1, verdicts.score * 0, labels)
    used = split if apart else single
    independent = _independent(verdicts, prompt) if estimand == "population" else 0.0
    if estimand == "population":
        used, single = (_clustered(one, labels, prompt) for one in (used, single))
    found, value, low, high = _limits(used, estimand, independent)
    method = f"{SPLIT if apart else ALONE}, {_GAMMA}"
    n = int(labels.there.sum())
    return RateEstimate(
        judge=judge,
        estimand=estimand,
        rate=Estimate(value=value, low=low, high=high, n=n, method=method),
        flagged=_flagged(verdicts, prompt),
        alone=_alone(single, estimand, independent, n),
        answers=len(prompt),
        labels=n,
        worth=_worth(value, high - low),
        strata=_strata(names if apart else ["all answers"], used, found),
        precision=precision,
        needed=None if precision is None else _needed(used, estimand, independent, precision),
    )


def _split(verdicts: Verdicts, labels: WeightedLabels, folds: Sequence[LabelFold]) -> tuple[list[str], Moments]:
    """Return the names and moments of the strata by verdict; those without a verdict join the flagged if few."""
    if not folds:
        place, names = _places(verdicts.verdict, labels.there)
        return names, _moments(place, len(names), verdicts.score, labels)
    parts, names = [], []
    for number, fold in enumerate(folds, start=1):
        there = labels.there & fold.rows
        place, own = _places(fold.verdicts.verdict, there)
        part = _moments(place, len(own), fold.verdicts.score, labels._replace(there=there))
        parts.append(replace(part, answers=part.answers * there.sum() / labels.there.sum()))
        names += [f"{name}, fold {number}" for name in own]
    fields = Moments.__dataclass_fields__
    return names, Moments(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in fields})


def _places(verdict: Integers, there: Flags) -> tuple[Doubles, list[str]]:
    """Return the stratum of each answer and the strata's names; answers without a verdict need labels of their own."""
    present = [number for number in range(len(VERDICTS)) if (verdict == number).any()]
    names = [VERDICTS[number] for number in present]
    place = np.searchsorted(present, verdict).astype(np.float64)
    if 2 in present and len(present) > 1 and (there & (verdict == 2)).sum() == 0:
        place[verdict == 2] = len(present) - 2
        names = [*names[:-2], f"{names[-2]} or no verdict"]
    return place, names


def _moments(place: Doubles, strata: int, score: Doubles, labels: WeightedLabels) -> Moments:
    return moments_of(place, strata, score, labels.there, labels.unsafe, labels.weight)


def _limits(moments: Moments, estimand: Estimand, independent: float) -> tuple[Powered, float, float, float]:
    if estimand == "population":
        found, *numbers = of_the_population(moments, np.asarray(independent))
    else:
        found, *numbers = of_these_answers(moments)
    value, low, high = (float(number) for number in numbers)
    return found, value, low, high


def _independent(verdicts: Verdicts, prompt: Integers) -> float:
    """Return how many independent answers these are worth, by how alike the verdicts on one prompt's answers are."""
    return effective_n(cluster_sums(verdicts.verdict == 1, prompt))


def _clustered(moments: Moments, labels: WeightedLabels, prompt: Integers) -> Moments:
    """Return moments whose labels count for less where several answers to one prompt were labelled."""
    sums = cluster_sums(labels.unsafe[labels.there] == 1, prompt[labels.there])
    if sums.nn == sums.n:
        return moments
    worth = effective_n(sums) / sums.n
    return replace(moments, labels=moments.labels * worth, units=moments.units * worth)


def _flagged(verdicts: Verdicts, prompt: Integers) -> Estimate:
    known = verdicts.verdict < 2
    return share(cluster_sums(verdicts.verdict[known] == 1, prompt[known]) if known.any() else ClusterSums())


def _alone(single: Moments, estimand: Estimand, independent: float, n: int) -> Estimate:
    _, value, low, high = _limits(single, estimand, independent)
    return Estimate(value=value, low=low, high=high, n=n, method=f"{ALONE}, {_GAMMA}")


def _strata(names: Sequence[str], moments: Moments, found: Powered) -> tuple[StratumEstimate, ...]:
    columns = zip(names, moments.answers, moments.drawn, moments.unsafe, found.share, found.power, strict=True)
    return tuple(
        StratumEstimate(
            name=name,
            answers=round(float(answers), 1),
            labels=int(drawn),
            unsafe=int(unsafe),
            share=float(share_) if drawn else None,
            power=float(power),
        )
        for name, answers, drawn, unsafe, share_, power in columns
    )


def _needed(moments: Moments, estimand: Estimand, independent: float, precision: float) -> int | None:
    """Return how many labels, spread over the strata as these, would give the half width; None where all would not."""
    labels, answers = float(moments.drawn.sum()), float(moments.answers.sum())

    def half(count: float) -> float:
        times = count / labels
        scaled = {name: getattr(moments, name) * times for name in ("drawn", "labels", "units")}
        capped = {name: np.minimum(values, moments.answers) for name, values in scaled.items()}
        _, _, low, high = _limits(replace(moments, **capped), estimand, independent)
        return (high - low) / 2

    return _smallest(half, precision, answers)


def _worth(value: float, width: float) -> int | None:
    """Return how many labels drawn with equal chances would be as narrow without a judge."""

    def wide(count: float) -> float:
        size = np.array([count])
        one = np.ones(1)
        strata = Moments(one, size, size * value, size, size, one * value, *(one * 0 for _ in range(5)))
        _, _, low, high = _limits(strata, "population", np.inf)
        return high - low

    return _smallest(wide, width, 1e9) if width > 0 else None


def _smallest(falling: Callable[[float], float], target: float, most: float) -> int | None:
    """Return the least whole number at which a falling function is at most the target, None if ``most`` is too few."""
    low, high = 1, int(most)
    if falling(high) > target:
        return None
    while low < high:
        middle = (low + high) // 2
        if falling(middle) <= target:
            high = middle
        else:
            low = middle + 1
    return low
