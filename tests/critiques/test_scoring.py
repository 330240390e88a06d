"""Expected values are counted by hand."""

from __future__ import annotations

import pytest

from hantei.critiques.critique import CheckedCritique, CheckedUnit, not_written
from hantei.critiques.scoring import CritiqueScores, Mode, UnitCounts, scores
from tests.critiques.made import critique


def units(text: str) -> tuple[CheckedUnit, ...]:
    """One unit a letter: right, wrong, none, generic."""
    made = {
        "r": CheckedUnit(text="r", right=True, paper=True),
        "w": CheckedUnit(text="w", right=False, paper=False),
        "n": CheckedUnit(text="n", right=None, paper=None),
        "g": CheckedUnit(text="g", right=True, generic=True, paper=True),
    }
    return tuple(made[letter] for letter in text)


def scored(*critiques: tuple[str, str], mode: Mode = "robust") -> CritiqueScores:
    checked = [
        CheckedCritique(id=str(number), judge="j", language="en", units=units(one), reference=units(other))
        for number, (one, other) in enumerate(critiques)
    ]
    return scores(checked, mode)[0]


def test_macro_is_the_mean_over_critiques_and_micro_of_all_units() -> None:
    found = scored(("rrrw", "rw"), ("ww", "rrww"))
    assert found.precision.macro.value == pytest.approx((3 / 4 + 0) / 2)
    assert found.recall.macro.value == pytest.approx(1 / 2)
    assert found.f1.macro.value == pytest.approx((2 * 0.75 * 0.5 / 1.25 + 0) / 2)
    assert found.precision.micro.value == pytest.approx(3 / 6)
    assert found.recall.micro.value == pytest.approx(3 / 6)
    assert found.f1.micro.value == pytest.approx(0.5)


@pytest.mark.parametrize(("mode", "precision"), [("paper", 7 / 8), ("robust", 3 / 4)])
def test_padding_pays_in_the_paper_and_not_in_the_robust_mode(mode: Mode, precision: float) -> None:
    assert scored(("rrrwgggg", "r"), mode=mode).precision.macro.value == pytest.approx(precision)


def test_units_without_a_verdict_are_wrong_in_the_paper_and_bounds_in_the_robust_mode() -> None:
    paper, robust = scored(("rn", "rn"), mode="paper"), scored(("rn", "rn"))
    assert paper.precision.macro.value == paper.recall.macro.value == pytest.approx(0.5)
    assert robust.precision.macro.value == robust.recall.macro.value == pytest.approx(1)
    assert robust.precision.macro_bounds == robust.precision.micro_bounds == pytest.approx((0.5, 1))
    assert robust.units == UnitCounts(right=1, unread=1)


@pytest.mark.parametrize("mode", ["paper", "robust"])
def test_a_critique_without_units_has_nothing_right(mode: Mode) -> None:
    found = scored(("", "ww"), mode=mode)
    assert found.precision.macro.value == found.f1.macro.value == 0


def test_a_critique_of_generic_units_alone_has_no_precision() -> None:
    found = scored(("gg", "r"), ("r", "r"))
    assert (found.precision.macro.value, found.precision.macro.n) == (1, 1)
    assert found.precision.macro_bounds == pytest.approx((0.5, 1))
    assert found.unscored == 1


def test_a_critique_that_is_missing_counts_in_the_bounds() -> None:
    checked = [
        CheckedCritique(id="1", judge="j", units=units("r"), reference=units("r")),
        CheckedCritique(id="2", judge="j", missing=True),
    ]
    found = scores(checked, "robust")[0]
    assert (found.critiques, found.missing, found.f1.macro.value) == (1, 1, 1)
    assert found.f1.macro_bounds == pytest.approx((0.5, 1))
    paper = scores([checked[0], not_written(critique(2, "A.", "B.", language=None))], "paper")[0]
    assert (paper.critiques, paper.f1.macro.value) == (2, 0.5)
    assert paper.recall.micro.value == pytest.approx(1 / 3)


def test_what_is_missing_widens_the_bounds_of_all_units_together_too() -> None:
    checked = [
        CheckedCritique(id="1", judge="j", units=units("rw"), reference=units("rr")),
        CheckedCritique(id="2", judge="j", missing=True, reference=units("ww")),
        CheckedCritique(id="3", judge="j", failed=True, reference=units("rr")),
    ]
    found = scores(checked, "robust")[0]
    assert (found.precision.micro.value, found.recall.micro.value) == (0.5, 1)
    assert found.precision.micro_bounds == pytest.approx((1 / 6, 5 / 6))  # as many units as their references: 2 each
    assert found.recall.micro_bounds == pytest.approx((2 / 6, 1))


def test_no_critique_at_all_gives_no_number() -> None:
    found = scores([CheckedCritique(id="1", judge="j", missing=True)], "robust")[0]
    assert (found.f1.macro.value, found.f1.macro_bounds) == (None, (0, 1))


def test_judges_and_languages_are_apart() -> None:
    checked = [
        CheckedCritique(id="1", judge=judge, language=language, units=units("r"), reference=units("r"))
        for judge, language in [("a", "en"), ("a", "zh"), ("b", "en")]
    ]
    assert [(one.judge, one.language) for one in scores(checked, "paper")] == [("a", "en"), ("a", "zh"), ("b", "en")]
