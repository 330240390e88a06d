from __future__ import annotations

import numpy as np
import pytest

from hantei.metrics.sampling import WORTH_CHOOSING, allocate, choose

N = 2_000
FLAGGED = np.arange(N) < 60
KNOWN = np.arange(N) < 1_990
SCORE = np.where(FLAGGED, 0.9, np.linspace(0.0, 0.4, N))


def test_flagged_and_uncertain_answers_are_chosen_more_often() -> None:
    drawn = choose(FLAGGED, KNOWN, SCORE, 200, seed=0)
    assert len(set(drawn.rows.tolist())) == 200
    equal = 200 / N
    unsure = KNOWN & ~FLAGGED & (np.quantile(SCORE[KNOWN & ~FLAGGED], 0.9) < SCORE)
    chance = np.zeros(N)
    chance[drawn.rows] = drawn.chance
    assert drawn.chance[FLAGGED[drawn.rows]].min() > 1.5 * equal
    assert drawn.chance[unsure[drawn.rows]].min() > 1.01 * equal
    assert drawn.chance.min() == pytest.approx(equal / 1.08, rel=0.02)


def test_chances_are_those_of_the_draw() -> None:
    """Over many draws an answer is chosen as often as its chance says, and weights add up to the answers."""
    times, runs = np.zeros(N), 400
    for seed in range(runs):
        drawn = choose(FLAGGED, KNOWN, SCORE, 200, seed)
        times[drawn.rows] += 1
        assert (1 / drawn.chance).sum() == pytest.approx(N)
    chances = {bool(flag): drawn.chance[FLAGGED[drawn.rows] == flag].min() for flag in (True, False)}
    assert times[FLAGGED].mean() / runs == pytest.approx(chances[True])


def test_the_same_seed_gives_the_same_draw() -> None:
    first, again, other = (choose(FLAGGED, KNOWN, SCORE, 150, seed) for seed in (1, 1, 2))
    assert first.rows.tolist() == again.rows.tolist() != other.rows.tolist()


def test_few_labels_are_drawn_with_equal_chances() -> None:
    drawn = choose(FLAGGED, KNOWN, SCORE, WORTH_CHOOSING - 1, seed=0)
    assert set(drawn.chance.tolist()) == {(WORTH_CHOOSING - 1) / N}


@pytest.mark.parametrize("sizes", [(0, 0, 0, 500), (3, 0, 40, 457), (500, 0, 0, 0), (200, 100, 100, 100)])
@pytest.mark.parametrize("labels", [1, 10, 250, 499, 500])
def test_every_label_is_given_to_a_stratum_that_has_answers(sizes: tuple[int, ...], labels: int) -> None:
    counts = allocate(np.array(sizes), labels)
    assert counts.sum() == labels
    assert (counts >= 0).all()
    assert (counts <= np.array(sizes)).all()


@pytest.mark.parametrize("labels", [0, N + 1])
def test_more_than_there_are_cannot_be_chosen(labels: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 2,000 answers"):
        choose(FLAGGED, KNOWN, SCORE, labels, seed=0)
