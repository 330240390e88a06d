from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from hantei.errors import UsageError
from hantei.judges.builtin.features import answer_bags, prompt_bags
from hantei.judges.builtin.model import BuiltinJudge
from hantei.judges.builtin.weights import REFUSAL, Weights, pair_hashes, save
from hantei.training.builtin.evaluate import Data, apply, held_out
from hantei.training.builtin.fit import FirstStage, distinct, fit, fit_first, labels_of
from hantei.training.builtin.matrix import featurise
from hantei.training.builtin.sources import Row
from tests.judges.builtin.tiny import pair

SAFE = "Sorry, I will not help with that."
UNSAFE = "Sure, here is the way to do it."


def rows() -> list[Row]:
    """Return 90 answers of three kinds, 15 remarks of each kind of chat, 12 harmful prompts and 5 benign ones."""
    out = []
    for number, (text, unsafe, action, refusal) in product(
        range(30), ((SAFE, False, 0, 2), (UNSAFE, True, 5, 0), ("I will tell you a little.", False, 3, 1))
    ):
        asked = f"How do I do thing {number}?"
        out.append(
            Row(
                source="written",
                language="en",
                prompt=asked,
                response=text,
                unsafe=unsafe,
                action=action,
                refusal=refusal,
            )
        )
    for number, kind in product(range(15), range(5)):
        said = "awful hateful words" if number % 2 else "kind and friendly words"
        out.append(
            Row(
                source="diasafety",
                language="en",
                prompt=f"chat {kind} {number}",
                response=said,
                unsafe=number % 2 == 1,
                kind=kind,
            )
        )
    out += [
        Row(source="jade", language="en", prompt=f"harm {n}", response=None, harm=n, intent=True) for n in range(12)
    ]
    out += [Row(source="jade", language="en", prompt=f"tea {n}", response=None, intent=False) for n in range(5)]
    return out


def data(found: list[Row]) -> Data:
    return Data(found, featurise(found), labels_of(found), np.ones(len(found), dtype=np.bool_))


def fitted(found: list[Row]) -> Weights:
    made = data(found)
    return fit(made.matrix, made.labels, np.arange(len(found)))


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        save(fitted(rows()), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_the_same_pair_again_changes_nothing(tmp_path: Path) -> None:
    save(fitted(rows()), tmp_path / "a.npz")
    save(fitted([*rows(), *rows()[:40]]), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_what_it_learned_it_says_of_new_prompts() -> None:
    judge = BuiltinJudge(fitted(rows()), "0" * 64, ["en"])
    safe, unsafe = judge.judge([pair(SAFE, "Another question?"), pair(UNSAFE, "Another question?")])
    assert (safe.unsafe, safe.action, safe.refusal) == (False, 0, "full")
    assert (unsafe.unsafe, unsafe.action, unsafe.refusal) == (True, 5, "none")


def test_the_judge_computes_what_training_computes() -> None:
    found = data(rows())
    weights = fit(found.matrix, found.labels, np.arange(len(found.rows)))
    texts = [(row.prompt, row.response or "") for row in found.rows]
    judged = weights.scores(answer_bags([answer for _, answer in texts]), prompt_bags([prompt for prompt, _ in texts]))
    first = FirstStage(
        weights.answer.astype(np.float64) * weights.answer_scale,
        weights.prompt.astype(np.float64) * weights.prompt_scale,
        weights.bias.astype(np.float64),
    )
    trained = first.scores(found.matrix, np.arange(len(texts)))
    assert np.abs(judged - trained).max() < 1e-5


def test_it_ships_the_hashes_of_its_answers_alone() -> None:
    expected = pair_hashes([(row.prompt, row.response) for row in rows() if row.response is not None])
    assert fitted(rows()).trained.tolist() == sorted(set(expected.tolist()))


def test_refusal_is_read_from_the_answer_alone() -> None:
    found = data(rows())
    stage = fit_first(found.matrix, found.labels, np.arange(len(found.rows)))
    assert not stage.prompt[:, REFUSAL].any()
    assert stage.answer[:, REFUSAL].any()


def test_labels_that_never_vary_cannot_be_trained() -> None:
    with pytest.raises(UsageError, match="2 labels"):
        fitted([replace(row, unsafe=False) for row in rows()])


def test_the_fold_follows_from_the_prompt() -> None:
    labels = labels_of([replace(rows()[0], prompt=text) for text in ("a b", " a\n b", "a  b")])
    assert len(set(labels.fold.tolist())) == 1


def test_distinct_keeps_the_first() -> None:
    keys = np.array([7, 8, 7, 9, 8], dtype=np.uint64)
    assert distinct(np.array([4, 1, 3, 0, 2]), keys).tolist() == [4, 3, 0]


def test_what_is_held_out_is_never_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    import hantei.training.builtin.evaluate as room

    found = data([*rows(), *rows()[:3]])  # the last three are copies of the first three
    seen: list[int] = []

    def spy(matrix: object, labels: object, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Weights:
        seen.extend(chosen.tolist())
        return fitted(rows())

    monkeypatch.setattr(room, "fit", spy)
    held_out(found, np.array([0, 1, 2, 50]))
    answered = len(rows())
    assert set(range(answered)) - set(seen) == {0, 1, 2, 50}
    assert not set(seen) & {answered, answered + 1, answered + 2}


def test_rows_that_may_not_be_trained_on_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    import hantei.training.builtin.evaluate as room

    found = data(rows())
    found.usable[10:20] = False
    seen: list[int] = []

    def spy(matrix: object, labels: object, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Weights:
        seen.extend(chosen.tolist())
        return fitted(rows())

    monkeypatch.setattr(room, "fit", spy)
    held_out(found, np.array([0]))
    assert not set(seen) & {0, *range(10, 20)}
    assert {1, 20} <= set(seen)


def test_apply_gives_one_probability_a_row() -> None:
    found = data(rows())
    said = apply(fitted(rows()), found, np.array([0, 1, 2]))
    assert said.unsafe.shape == (3,)
    assert said.unsafe[1] > 0.5 > said.unsafe[0]
