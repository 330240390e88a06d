"""The rule's arithmetic, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hantei.judges.cascade.rule import CascadeRule, chances_of, verdict_of
from hantei.records import Judgment
from tests.judges.cascade.conftest import acting, sure

CONFUSION = np.array([[0.9, 0.1], [0.2, 0.8]])


def test_confidence_is_the_highest_probability() -> None:
    scores = CascadeRule("unsafe").score(np.array([[0.7, 0.3], [0.05, 0.95]]))
    assert scores == pytest.approx([0.7, 0.95])


def test_a_temperature_of_two_squares_the_odds() -> None:
    found = CascadeRule("unsafe", temperature=2.0).calibrated(np.array([[0.75, 0.25]]))
    assert found[0] == pytest.approx([0.9, 0.1])  # odds of 3 become 9


def test_a_probability_of_zero_stays_finite() -> None:
    found = CascadeRule("unsafe", temperature=3.0).calibrated(np.array([[1.0, 0.0]]))
    assert np.isfinite(found).all()
    assert found[0, 0] > 0.999


def test_the_value_of_asking_is_the_rise_of_the_chance_to_be_right() -> None:
    # p = (0.6, 0.4): max(.54, .08) + max(.06, .32) = 0.86 with the verdict known, 0.6 without.
    score = CascadeRule("unsafe", confusion=CONFUSION).score(np.array([[0.6, 0.4], [0.97, 0.03]]))
    assert score[0] == pytest.approx(-0.26)
    # p = (0.97, 0.03): no verdict changes the answer, .097 being above .024, and asking is worth exactly nothing.
    assert score[1] == 0


def test_both_verdicts_are_weighed_by_bayes_rule() -> None:
    rule = CascadeRule("unsafe", confusion=CONFUSION)
    found = rule.combined(np.array([[0.6, 0.4], [0.97, 0.03]]), np.array([1, 1]))
    assert found[0] == pytest.approx([0.06 / 0.38, 0.32 / 0.38])
    assert found[1].argmax() == 0  # the cheap judge is so sure that one unreliable verdict does not turn it


def test_without_a_confusion_the_expensive_judge_is_believed() -> None:
    found = CascadeRule("action").combined(np.full((1, 6), 1 / 6), np.array([4]))
    assert found[0].tolist() == [0, 0, 0, 0, 1, 0]


def test_what_a_judgment_says_of_a_head() -> None:
    assert chances_of(sure("a", 0.25), "unsafe") == [0.75, 0.25]
    assert chances_of(sure("a", 0.25), "action") is None
    assert chances_of(acting("a", 0.5, 0.25), "action") == [0.5, 0.25, 0, 0, 0, 0]
    assert verdict_of(acting("a", 0.2, 0.8), "action") == 1
    assert verdict_of(sure("a", 0.9, status="abstained"), "unsafe") is None
    assert verdict_of(Judgment(response_id="a", judge="", action=3), "unsafe") is None
