"""A judge beside its variants, by arithmetic that a reader can redo."""

from __future__ import annotations

import pytest

from hantei.metrics.ablation import AblatedRow, ablation


def row(prompt: int, unsafe: bool, judge: bool | None, other: bool | None, length: int = 0) -> AblatedRow:
    return AblatedRow(
        prompt=prompt, unsafe=unsafe, said={"j": judge, "v": other}, critique={"j": 10 * length, "v": length}
    )


def test_each_variant_is_compared_on_the_answers_that_both_judged() -> None:
    rows = [
        row(0, True, True, True, 4),
        row(1, True, False, True, 2),
        row(2, False, False, True),
        row(3, False, False, False),
        row(4, True, None, True),
        row(5, True, True, None),
    ]
    found = ablation("j", {"v": "length=short"}, rows)
    assert (found.accuracy.value, found.accuracy.n, found.no_verdict, found.critique) == (4 / 5, 5, 1, 30)
    (one,) = found.variants
    assert (one.accuracy.first.value, one.accuracy.second.value) == (3 / 4, 3 / 4)  # one more right, one more wrong
    assert one.accuracy.difference.value == 0
    assert one.marked.difference.value == pytest.approx(3 / 4 - 1 / 4)
    assert (one.flips, one.no_verdict, one.critique) == (2, 1, 3)


def test_a_judge_that_writes_no_critique_has_no_length() -> None:
    found = ablation("j", {"v": "x"}, [row(0, True, True, True)])
    assert (found.critique, found.variants[0].critique) == (None, None)
