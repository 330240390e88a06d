"""Whether the intervals of ``hantei estimate`` hold, by simulation; figures: docs/estimate.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.measured import Measured
from tests.metrics.estimate_simulation import (
    DRAWS,
    JUDGES,
    LABELS,
    RATES,
    Cell,
    Design,
    Estimand,
    gpt4_on_do_not_answer,
    on_answers,
    significantly_under,
    simulate,
)

GOOD = "finds 98%, one false flag in ten unsafe"
WORTHLESS = "flags 2% by chance"
WIDEST = 1.15


def cells(draws: int) -> Iterator[Cell]:
    for rate in RATES:
        for name, judge in JUDGES.items():
            for design in ("random", "chosen"):
                for labels in LABELS:
                    yield simulate(rate, labels, judge, name, design, draws=draws)
                for labels in (100, 500):
                    yield simulate(rate, labels, judge, name, design, "these answers", answers=1_000, draws=draws)


@pytest.mark.parametrize("rate", [0.005, 0.02, 0.1, 0.5])
@pytest.mark.parametrize("design", ["random", "chosen"])
@pytest.mark.parametrize(("labels", "estimand"), [(50, "population"), (200, "population"), (500, "these answers")])
def test_intervals_hold(rate: float, design: Design, labels: int, estimand: Estimand) -> None:
    answers = 20_000 if estimand == "population" else 1_000
    found = [simulate(rate, labels, judge, name, design, estimand, answers, 2_000) for name, judge in JUDGES.items()]
    assert significantly_under(found) == []
    assert max(cell.ratio for cell in found) <= WIDEST


def test_a_good_judge_narrows_and_a_worthless_one_does_not() -> None:
    good = simulate(0.1, 200, JUDGES[GOOD], draws=2_000)
    worthless = simulate(0.1, 200, JUDGES[WORTHLESS], draws=2_000)
    assert good.ratio < 0.6
    assert 0.95 < worthless.ratio < 1.05


def test_the_study_would_tell_an_interval_that_does_not_hold() -> None:
    """An interval of half the width holds in two thirds of the draws: the test of the study must say so."""
    cell = simulate(0.1, 200, JUDGES[GOOD], draws=2_000)
    worse = Cell(**{**{name: getattr(cell, name) for name in Cell.__slots__}, "held": 1_850})
    assert significantly_under([cell, worse]) == [worse]


@pytest.mark.parametrize("design", ["random", "chosen"])
@pytest.mark.parametrize("labels", [100, 200, 500])
def test_do_not_answer_with_gpt4_as_the_judge(data: Path, labels: int, design: Design) -> None:
    """Of all answers 3.4% are unsafe by people's labels; what a draw of some of these labels says must hold that."""
    counts = gpt4_on_do_not_answer(data)
    found = on_answers(counts, labels, design, draws=4_000)
    assert found.rate == pytest.approx(0.0337, abs=0.002)
    assert significantly_under([found]) == []
    assert found.ratio <= (WIDEST if labels < 500 else 0.85)


@pytest.mark.long
def test_every_cell(measured: Measured) -> None:
    found = list(cells(DRAWS))
    under = significantly_under(found)
    worst, widest = min(found, key=lambda cell: cell.held), max(found, key=lambda cell: cell.ratio)
    good = [cell.ratio for cell in found if cell.judge == GOOD and cell.labels >= 200 and cell.rate >= 0.02]
    measured(
        f"coverage of `hantei estimate` in {len(found)} simulated cells of {DRAWS:,} draws",
        f"{len(under)} significantly under 94%; the least {worst.held / DRAWS:.2%}; the widest {widest.ratio:.2f} "
        f"times Clopper-Pearson on the labels alone; with a good judge, from 2% and 200 labels on, {min(good):.2f} to "
        f"{max(good):.2f} times",
    )
    assert under == []
    assert widest.ratio <= WIDEST
    assert max(good) < 0.8
