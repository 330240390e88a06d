from __future__ import annotations

import os
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from hantei.arrays import Integers
from hantei.errors import UsageError
from hantei.judges.builtin.encoder import Encoder
from hantei.judges.builtin.features import answer_bags, prompt_bags
from hantei.judges.builtin.model import BuiltinJudge
from hantei.judges.builtin.semantic import Semantic
from hantei.judges.builtin.semantic import save as save_semantic
from hantei.judges.builtin.weights import REFUSAL, BuiltinWeights, pair_hashes, save
from hantei.training.builtin import both_builds
from hantei.training.builtin.both_builds import NOT_CHOSEN, fit_both, fit_seconds, semantic_of, unseen_scores
from hantei.training.builtin.evaluate import EvaluationData, Evaluator
from hantei.training.builtin.fit import fit_first, weights_of
from hantei.training.builtin.labels import distinct, labels_of
from hantei.training.builtin.matrix import featurise
from hantei.training.builtin.row import TrainingRow
from hantei.training.builtin.second_stage import StageScores, UnseenScores
from hantei.training.builtin.semantic import by_source
from tests.judges.builtin.tiny import WordEmbedding, pair

pytest.importorskip("torch", reason="the extra train is not installed: torch")

SAFE = "Sorry, I will not help with that."
UNSAFE = "Sure, here is the way to do it."


def rows() -> list[TrainingRow]:
    """Return 90 answers of three kinds, 15 remarks of each kind of chat, 12 harmful prompts and 5 benign ones."""
    out = []
    for number, (text, unsafe, action, refusal) in product(
        range(30), ((SAFE, False, 0, 2), (UNSAFE, True, 5, 0), ("I will tell you a little.", False, 3, 1))
    ):
        asked = f"How do I do thing {number}?"
        out.append(
            TrainingRow(
                source="written",
                language="en",
                prompt=asked,
                response=text,
                unsafe=unsafe,
                action=action,
                refusal=refusal,
                intent=True,
            )
        )
    for number, kind in product(range(15), range(5)):
        said = "awful hateful words" if number % 2 else "kind and friendly words"
        out.append(
            TrainingRow(
                source="diasafety",
                language="en",
                prompt=f"chat {kind} {number}",
                response=said,
                unsafe=number % 2 == 1,
                kind=kind,
            )
        )
    out += [
        TrainingRow(source="jade", language="en", prompt=f"harm {n}", response=None, harm=n, intent=True)
        for n in range(12)
    ]
    out += [TrainingRow(source="jade", language="en", prompt=f"tea {n}", response=None, intent=False) for n in range(5)]
    return out


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)


def data(found: list[TrainingRow]) -> EvaluationData:
    encoder = Encoder(WordEmbedding("Sure"))
    return EvaluationData(found, featurise(found, encoder), labels_of(found), np.ones(len(found), dtype=np.bool_))


def fitted(found: list[TrainingRow]) -> tuple[BuiltinWeights, Semantic]:
    made = data(found)
    chosen = np.arange(len(found))
    unseen = unseen_scores(made.matrix, made.labels, chosen, [chosen[:30]])
    first, second = fit_both(made.matrix, made.labels, chosen), fit_seconds(unseen, made.labels, chosen)
    pairs = made.labels.pair[made.labels.answered]
    thresholds = np.zeros((2, 3))
    return weights_of(first.ngrams, second.ngrams, pairs, thresholds), semantic_of(
        first.semantic, second.semantic, thresholds
    )


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        weights, semantic = fitted(rows())
        save(weights, tmp_path / f"{name}.npz")
        save_semantic(semantic, tmp_path / f"{name}.semantic.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert (tmp_path / "a.semantic.npz").read_bytes() == (tmp_path / "b.semantic.npz").read_bytes()


@pytest.mark.parametrize("meaning", [False, True])
def test_what_it_learned_it_says_of_new_prompts(meaning: bool) -> None:
    weights, semantic = fitted(rows())
    encoder = Encoder(WordEmbedding("Sure"))
    judge = BuiltinJudge(weights, "0" * 64, ["en"], semantic=semantic if meaning else None, encoder=encoder)
    safe, unsafe = judge.judge([pair(SAFE, "How do I do another thing?"), pair(UNSAFE, "How do I do another thing?")])
    assert (safe.unsafe, safe.action, safe.refusal) == (False, 0, "full")
    assert (unsafe.unsafe, unsafe.action, unsafe.refusal) == (True, 5, "none")


def test_the_judge_computes_what_training_computes() -> None:
    found = data(rows())
    chosen = np.arange(len(found.rows))
    weights, semantic = fitted(rows())
    first = fit_both(found.matrix, found.labels, chosen)
    texts = [(row.prompt, row.response or "") for row in found.rows]
    judged = weights.scores(answer_bags([answer for _, answer in texts]), prompt_bags([prompt for prompt, _ in texts]))
    trained = first.scores(found.matrix, chosen)
    assert np.abs(judged - trained.ngrams).max() < 1e-5
    assert np.abs(semantic.scores(found.matrix.prompts, found.matrix.answers) - trained.semantic).max() < 1e-5


def test_it_ships_the_hashes_of_its_answers_alone() -> None:
    expected = pair_hashes([(row.prompt, row.response) for row in rows() if row.response is not None])
    assert fitted(rows())[0].trained.tolist() == sorted(set(expected.tolist()))


def test_refusal_is_read_from_the_answer_alone() -> None:
    found = data(rows())
    stage = fit_first(found.matrix, found.labels, np.arange(len(found.rows)))
    assert not stage.prompt[:, REFUSAL].any()
    assert stage.answer[:, REFUSAL].any()


def test_labels_that_never_vary_cannot_be_trained() -> None:
    with pytest.raises(UsageError, match="2 labels"):
        fitted([replace(row, unsafe=False) for row in rows()])


def test_the_fold_follows_from_what_is_asked() -> None:
    labels = labels_of(
        [
            *(replace(rows()[0], prompt=text) for text in ("a b", " a\n b", "a  b")),
            replace(rows()[0], prompt="Please: a b", asked="a b"),
        ]
    )
    assert len(set(labels.fold.tolist())) == 1
    assert len(set(labels.question.tolist())) == 1
    assert len(set(labels.prompt.tolist())) == 2  # white space is folded, the frame is not


def test_distinct_keeps_the_first() -> None:
    keys = np.array([7, 8, 7, 9, 8], dtype=np.uint64)
    assert distinct(np.array([4, 1, 3, 0, 2]), keys).tolist() == [4, 3, 0]


def test_what_is_held_out_is_never_trained_on_nor_what_may_not_be() -> None:
    found = data([*rows(), *rows()[:3]])  # the last three are copies of the first three
    found.usable[10:20] = False
    empty = StageScores(np.zeros((0, 34)), np.zeros((0, 5)))
    evaluator = Evaluator(found, UnseenScores(empty, empty, np.zeros(0, dtype=np.bool_)), NOT_CHOSEN)
    kept = set(evaluator.without(np.array([0, 1, 2, 50])).tolist())
    answered = len(rows())
    assert set(range(answered)) - kept == {0, 1, 2, 50, *range(10, 20)}
    assert not kept & {answered, answered + 1, answered + 2}


def test_a_source_left_out_takes_what_it_asks_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = data(rows())
    seen = []

    def spy(matrix: object, labels: object, jobs: list[tuple[Integers, Integers]]) -> list[StageScores]:
        seen.extend(jobs)
        return [StageScores(np.zeros((len(job[1]), 34)), np.zeros((len(job[1]), 5))) for job in jobs]

    monkeypatch.setattr(both_builds, "scores_of_unseen", spy)
    group = np.array([0, 4])  # the first answers of the first two questions, which have three each
    both_builds.unseen_scores(found.matrix, found.labels, np.arange(len(found.rows)), [group])
    fitted_on, scored = seen[-1]
    assert scored.tolist() == [0, 4]
    assert set(range(len(found.rows))) - set(fitted_on.tolist()) == {0, 1, 2, 3, 4, 5}
    for fold, (kept, held) in enumerate(seen[:5]):
        assert set(found.labels.fold[held].tolist()) <= {fold}
        assert fold not in found.labels.fold[kept]


def test_weights_of_rows_even_out_sources_and_sides() -> None:
    found = data(rows())
    chosen = np.flatnonzero(found.labels.answered)
    weight = by_source(found.labels, chosen)
    written, chats = found.labels.source[chosen] == "written", found.labels.source[chosen] == "diasafety"
    # 90 and 75 rows: weights of 90 ** -1/2 and 75 ** -1/2, 1 in the mean
    assert weight[written][0] / weight[chats][0] == pytest.approx((75 / 90) ** 0.5)
    assert weight.mean() == pytest.approx(1)
