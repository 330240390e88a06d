from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from hantei.arrays import softmax
from hantei.errors import CardError
from hantei.judges.builtin.features import answer_bags, buckets, grams, prompt_bags, tokenise
from hantei.judges.builtin.semantic import verdicts
from hantei.judges.builtin.weights import (
    ANSWER_SCORES,
    COLUMNS,
    KINDS,
    BuiltinWeights,
    pair_hashes,
    read,
    save,
    sigmoid,
    unsafe_inputs,
)
from tests.judges.builtin.tiny import ASSISTANT, UNSAFE_INPUT, tiny_weights


def test_a_score_is_a_sum_over_the_root_of_the_number_of_features() -> None:
    weights = tiny_weights({"bad": 100})
    # "a bad one" has 3 words and 2 pairs, in the whole answer and in its opening, and no stem; the scale is 1/100
    scores = weights.scores(answer_bags(["a bad one"]), prompt_bags([""]))
    assert scores[0, ASSISTANT] == pytest.approx(1 / np.sqrt(5))


def test_the_opening_counts_by_its_own_weight() -> None:
    weights = tiny_weights({"bad": 100}, part="opening")
    weights = replace(weights, opening_weight=np.full(len(ANSWER_SCORES), 0.5, dtype=np.float32))
    scores = weights.scores(answer_bags(["a bad one"]), prompt_bags([""]))
    assert scores[0, ASSISTANT] == pytest.approx(0.5 / np.sqrt(5))


def test_an_empty_text_has_the_bias_alone() -> None:
    weights = replace(tiny_weights({}), bias=np.arange(COLUMNS, dtype=np.float32))
    scores = weights.scores(answer_bags([""]), prompt_bags([""]))
    assert scores[0].tolist() == list(range(COLUMNS))


def test_scores_do_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(0)
    weights = tiny_weights({})
    weights = replace(weights, answer=rng.integers(-127, 128, weights.answer.shape).astype(np.int8))
    texts = ["one two three", "", "四五六七", "three two one " * 50]
    together = weights.scores(answer_bags(texts), prompt_bags(texts))
    for number, text in enumerate(texts):
        assert np.array_equal(weights.scores(answer_bags([text]), prompt_bags([text]))[0], together[number])


def test_probabilities_sum_to_one() -> None:
    scores = np.random.default_rng(1).normal(size=(7, COLUMNS)) * 50
    found = verdicts(tiny_weights({}), scores, ["en", "ja", "zh", None, "en", "en", "fr"])
    for head in (found.action, found.refusal, found.harm):
        assert head.sum(axis=1) == pytest.approx(np.ones(7))
    assert ((found.unsafe >= 0) & (found.unsafe <= 1)).all()


def test_a_threshold_moves_where_a_half_lies_and_nothing_else() -> None:
    scores = np.zeros((1, COLUMNS))
    weights = tiny_weights({})
    usual, strict = verdicts(weights, scores, ["en"]), verdicts(weights, scores, ["en"], strict=True)
    assert usual.unsafe[0] == pytest.approx(0.5)
    assert strict.unsafe[0] == pytest.approx(1 / (1 + np.exp(5.0)))  # the tiny judge's second threshold is 5
    assert np.array_equal(usual.action, strict.action)


def test_sigmoid_and_softmax_take_any_size() -> None:
    assert sigmoid(np.array([-1e9, 0.0, 1e9])).tolist() == [0, 0.5, 1]
    assert softmax(np.array([[0.0, 1e9]])).tolist() == [[0, 1]]


def test_a_sure_assistant_answer_leaves_the_chat_experts_out() -> None:
    scores = np.zeros((1, COLUMNS))
    scores[0, :KINDS] = 3.0
    scores[0, 2 * KINDS - 1] = 100.0  # surely an assistant's answer
    inputs = unsafe_inputs(scores, np.zeros((1, 2)))[0]
    assert inputs[: KINDS - 1] == pytest.approx(np.zeros(KINDS - 1))
    assert inputs[KINDS - 1] == pytest.approx(0)  # the chat experts
    assert inputs[UNSAFE_INPUT] == pytest.approx(3)  # the assistant's


def test_weights_come_back_as_they_were_and_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    weights = tiny_weights({"bad": 100})
    for name in ("a.npz", "b.npz"):
        save(weights, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    back = read(tmp_path / "a.npz")
    for field in fields(BuiltinWeights):
        assert np.array_equal(getattr(back, field.name), getattr(weights, field.name))


def test_a_pickled_object_is_not_loaded(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    arrays = {field.name: getattr(tiny_weights({}), field.name) for field in fields(BuiltinWeights)}
    np.savez(file, **{**arrays, "bias": np.array([{"an": "object"}], dtype=object)})
    with pytest.raises(CardError, match="expected the weights"):
        read(file)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04"])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(content)
    with pytest.raises(CardError, match=r"weights\.npz"):
        read(file)


@pytest.mark.parametrize("space", ["  ", "\n", "\t", "\u00a0", "\u3000", "\u2028", "\x1f", " \n "])
def test_all_white_space_is_folded_before_a_pair_is_hashed(space: str) -> None:
    one, other = pair_hashes([(f"{space}a{space}b{space}", f"c{space}d"), ("a b", "c d")])
    assert one == other


def test_pairs_match_but_for_white_space() -> None:
    one, other = pair_hashes([(" a\n b ", "c"), ("a b", "c\t")])
    assert one == other
    assert len(set(pair_hashes([("a b", "c"), ("ab", "c"), ("a", "b c"), ("a b", "\ud800")]).tolist())) == 4


def test_buckets_differ_between_answer_and_opening() -> None:
    found = grams(tokenise(["word"])).hash
    assert buckets(found, "answer", 17)[0] != buckets(found, "opening", 17)[0]
