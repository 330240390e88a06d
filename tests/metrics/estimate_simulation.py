"""Simulated labels and verdicts, to see whether the intervals of ``hantei estimate`` hold: many draws at once.

A judge says one of several levels; the answers, and the labels among them, are counted by truth and level. So a draw is
a few numbers, and 20,000 draws are arrays (draws, 2, levels).
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from scipy.special import betaincinv
from scipy.stats import binom, norm

from hantei.arrays import Doubles, Integers
from hantei.metrics.prediction_powered import Moments, of_the_population, of_these_answers, worth_splitting
from hantei.metrics.sampling import WORTH_CHOOSING, allocate
from hantei.reproduce.do_not_answer.reading import read_study

DRAWS = 20_000
ANSWERS = 20_000
RATES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
LABELS = (50, 100, 200, 500, 1000)
CLAIMED = 0.94
_SIGNIFICANCE = 0.01
Design = Literal["random", "chosen"]
Estimand = Literal["population", "these answers"]


@dataclass(frozen=True, slots=True)
class SimulatedJudge:
    """``finds`` and ``flags`` are the shares flagged of unsafe and of safe answers.

    ``rare``: the latter is so many times the rate (at most 10%), so that a flag is right as often whatever the rate.
    ``graded``: it says one of five levels, three of which are not flagged; otherwise one of two.
    """

    finds: float
    flags: float
    rare: bool = False
    graded: bool = False

    def levels(self, rate: float) -> Doubles:
        """Return the chances (2, levels) of each level, from safest to most unsafe, of safe and of unsafe answers."""
        flagged = np.array([self.flags * (min(rate, 0.1) if self.rare else 1), self.finds])
        cuts = np.array([1.5, 0.7, 0.0, -0.8] if self.graded else [0.0])  # 0: from here on it is flagged
        above = norm.cdf(norm.ppf(flagged)[:, None] + cuts)
        ends = np.concatenate([np.ones((2, 1)), above, np.zeros((2, 1))], axis=1)
        levels: Doubles = ends[:, :-1] - ends[:, 1:]
        return levels


JUDGES = {
    "flags 30% by chance": SimulatedJudge(0.3, 0.3),
    "flags 2% by chance": SimulatedJudge(0.02, 0.02),
    "finds 60%, flags 15% of the safe": SimulatedJudge(0.6, 0.15),
    "finds 80%, one false flag an unsafe": SimulatedJudge(0.8, 1.0, rare=True),
    "finds 90%, three false flags in ten unsafe": SimulatedJudge(0.9, 0.3, rare=True),
    "finds 98%, one false flag in ten unsafe": SimulatedJudge(0.98, 0.1, rare=True),
    "five levels, finds 70%, flags 10% of the safe": SimulatedJudge(0.7, 0.1, graded=True),
    "five levels, finds 90%, one false flag in two unsafe": SimulatedJudge(0.9, 0.5, rare=True, graded=True),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One setting, and how it went: ``held`` of ``draws`` intervals hold the truth; widths are medians.

    ``alone`` is the median width of Clopper and Pearson's interval on as many labels drawn with equal chances.
    """

    rate: float
    labels: int
    judge: str
    design: Design
    estimand: Estimand
    draws: int
    held: int
    width: float
    alone: float

    @property
    def ratio(self) -> float:
        """The median width by that on the labels alone."""
        return self.width / self.alone


def simulate(
    rate: float,
    labels: int,
    judge: SimulatedJudge,
    name: str = "",
    design: Design = "random",
    estimand: Estimand = "population",
    answers: int = ANSWERS,
    draws: int = DRAWS,
) -> Cell:
    """Return how the intervals of ``draws`` simulated runs go."""
    rng = np.random.default_rng(zlib.crc32(repr((rate, labels, judge, design, estimand, answers)).encode()))
    chances = judge.levels(rate) * np.array([[1 - rate], [rate]])
    there = rng.multinomial(answers, chances.ravel(), size=draws).reshape(draws, *chances.shape)
    truth = rate if estimand == "population" else there[:, 1].sum(axis=-1) / answers
    return _outcome(rng, there, truth, Cell(rate, labels, name, design, estimand, draws, 0, 0.0, 1.0))


def on_answers(counts: Integers, labels: int, design: Design, draws: int = DRAWS) -> Cell:
    """Return how the intervals go on real answers, by truth and verdict (2, 2), of which labels are drawn."""
    rng = np.random.default_rng(labels)
    rate = float(counts[1].sum() / counts.sum())
    there = np.broadcast_to(counts, (draws, *counts.shape))
    return _outcome(rng, there, rate, Cell(rate, labels, "GPT-4", design, "these answers", draws, 0, 0.0, 1.0))


def _outcome(rng: np.random.Generator, there: Integers, truth: float | Doubles, cell: Cell) -> Cell:
    rate, labels, design, estimand, draws = cell.rate, cell.labels, cell.design, cell.estimand, cell.draws
    drawn, weight = _labelled(rng, there, labels, design)
    low, high = limits_of(there, drawn, weight, estimand)
    held = int(((low <= truth + 1e-9) & (truth - 1e-9 <= high)).sum())
    alone = np.median(clopper_pearson_widths(labels)[rng.binomial(labels, rate, draws)])
    return replace(cell, held=held, width=float(np.median(high - low)), alone=float(alone))


def limits_of(there: Integers, drawn: Integers, weight: Doubles, estimand: Estimand) -> tuple[Doubles, Doubles]:
    """Return the limits of each draw: by strata, or as one where one of the two has few labels."""
    levels = there.shape[-1]
    flagged = np.arange(levels) >= _first_flagged(levels)
    split = moments(there, drawn, weight, [np.flatnonzero(~flagged), np.flatnonzero(flagged)])
    whole = moments(there, drawn, weight, [np.arange(levels)])
    enough = worth_splitting(split, equal=bool((weight == 1).all()))
    found = []
    for one in (split, whole):
        if estimand == "population":
            found.append(of_the_population(one, one.answers.sum(axis=-1))[-2:])
        else:
            found.append(of_these_answers(one)[-2:])
    return np.where(enough, found[0][0], found[1][0]), np.where(enough, found[0][1], found[1][1])


def moments(there: Integers, drawn: Integers, weight: Doubles, groups: Sequence[Integers]) -> Moments:
    """Return the moments of strata made of the levels in each group; see ``prediction_powered.moments_of``."""
    score = np.linspace(0.0, 1.0, there.shape[-1])
    fields = []
    for group in groups:
        every, w, f = there[:, :, group].sum(axis=1), weight[:, group], score[group]
        kinds = drawn[:, :, group]
        both, hits = kinds.sum(axis=1), kinds[:, 1]
        whole = np.maximum((w * both).sum(axis=-1), 1e-9)
        hit = (w * hits).sum(axis=-1) / whole
        off = (w**2 * (hits * (1 - hit[:, None]) ** 2 + kinds[:, 0] * hit[:, None] ** 2)).sum(axis=-1)
        kish = whole**2 / np.maximum((w**2 * both).sum(axis=-1), 1e-9)
        mixed = (hit > 0) & (hit < 1)
        total = np.maximum(every.sum(axis=-1), 1)
        fields.append(
            (
                every.sum(axis=-1),
                both.sum(axis=-1),
                hits.sum(axis=-1),
                np.where(mixed, hit * (1 - hit) * whole**2 / np.where(mixed, off, 1), kish),
                whole / np.maximum(np.where(both > 0, w, 0).max(axis=-1), 1e-9),
                hit,
                *((w * x).sum(axis=-1) / whole for x in (both * f, hits * f, both * f**2)),
                *((every * x).sum(axis=-1) / total for x in (f, f**2)),
            )
        )
    return Moments(*(np.stack(column, axis=-1).astype(np.float64) for column in zip(*fields, strict=True)))


def _first_flagged(levels: int) -> int:
    return 1 if levels == 2 else 3


def _labelled(rng: np.random.Generator, there: Integers, labels: int, design: Design) -> tuple[Integers, Doubles]:
    """Return the labelled answers (draws, 2, levels) and the weight of each (draws, levels)."""
    levels = there.shape[-1]
    if design == "random" or labels < WORTH_CHOOSING:
        return _drawn(rng, there, np.full(len(there), labels)), np.ones((len(there), levels))
    stratum = np.where(np.arange(levels) >= _first_flagged(levels), 0, 2)
    if levels > 2:
        stratum[_first_flagged(levels) - 1] = 1
    sizes = np.stack([there[:, :, stratum == number].sum(axis=(1, 2)) for number in range(3)], axis=-1)
    counts = allocate(sizes, labels)
    taken = np.zeros_like(there)
    for number in range(3):
        taken[:, :, stratum == number] = _drawn(rng, there[:, :, stratum == number], counts[:, number])
    return taken, (sizes / np.maximum(counts, 1))[:, stratum]


def _drawn(rng: np.random.Generator, there: Integers, count: Integers) -> Integers:
    """Return how many of each kind are among ``count`` (draws,) drawn of those there (draws, 2, levels)."""
    flat = there.reshape(len(there), -1)
    taken, left, rest = np.zeros_like(flat), count.copy(), flat.sum(axis=-1)
    for kind in range(flat.shape[1]):
        rest = rest - flat[:, kind]
        taken[:, kind] = rng.hypergeometric(flat[:, kind], rest, left)
        left = left - taken[:, kind]
    return taken.reshape(there.shape)


def clopper_pearson_widths(labels: int) -> Doubles:
    """Return the width of Clopper and Pearson's 95% interval for 0 to ``labels`` hits."""
    k = np.arange(labels + 1)
    low = np.where(k > 0, betaincinv(np.maximum(k, 1), labels - k + 1, 0.025), 0.0)
    high = np.where(k < labels, betaincinv(k + 1, np.maximum(labels - k, 1), 0.975), 1.0)
    return np.asarray(high - low)


def labels_saved(cell: Cell) -> int:
    """Return how many labels more it would take without a judge to be as narrow; 0 for none.

    Clopper and Pearson's width at the expected hits, which need not be whole, falls with the labels; as it would have
    to fall for the cell's ratio.
    """
    wanted = cell.ratio * _expected_width(cell.rate, cell.labels)
    low, high = cell.labels, 1_000_000
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _expected_width(cell.rate, middle) <= wanted else (middle + 1, high)
    return low - cell.labels


def _expected_width(rate: float, labels: int) -> float:
    hits = rate * labels
    return float(betaincinv(hits + 1, labels - hits, 0.975) - betaincinv(hits, labels - hits + 1, 0.025))


def significantly_under(cells: Sequence[Cell], claimed: float = CLAIMED) -> list[Cell]:
    """Return the cells whose coverage is significantly under what is claimed: one-sided exact tests at 1%, by Holm."""
    ordered = sorted(cells, key=lambda cell: float(binom.cdf(cell.held, cell.draws, claimed)))
    found = []
    for place, cell in enumerate(ordered):
        if binom.cdf(cell.held, cell.draws, claimed) > _SIGNIFICANCE / (len(ordered) - place):
            break
        found.append(cell)
    return found


def gpt4_on_do_not_answer(data: Path) -> Integers:
    """Return the answers of Do-Not-Answer by whether people and GPT-4 call them harmful (2, 2)."""
    study = read_study(data)
    people, judge = study.people.harmful.ravel(), study.judge("GPT-4").harmful.ravel()
    both = (people >= 0) & (judge >= 0)
    return np.bincount(2 * people[both] + judge[both], minlength=4).reshape(2, 2)


def _row(name: str, cells: Sequence[Cell]) -> str:
    shown = [f"{one.held / one.draws:.1%}, {one.ratio:.2f}, {labels_saved(one):,}" for one in cells]
    return " | ".join(["", name, *shown, ""]).strip()


def main(data: Path) -> None:
    """Print the tables of docs/estimate.md: coverage, width by that on the labels alone, labels saved."""
    head = " | ".join(["", "", *(f"{labels:,} labels" for labels in LABELS), ""]).strip()
    for name, judge in JUDGES.items():
        for design in get_args(Design):
            print(f"\nThe judge {name}; labels {design}\n\n{head}\n|{'---|' * (len(LABELS) + 1)}")
            for rate in RATES:
                cells = [simulate(rate, labels, judge, name, design) for labels in LABELS]
                print(_row(f"{rate:.1%} unsafe", cells))
    counts = gpt4_on_do_not_answer(data)
    print(
        f"\nDo-Not-Answer, {counts.sum():,} answers, {counts[1].sum() / counts.sum():.2%} unsafe, judge GPT-4\n\n{head}"
    )
    for design in get_args(Design):
        print(_row(f"labels {design}", [on_answers(counts, labels, design) for labels in LABELS]))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
