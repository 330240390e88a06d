# ruff: noqa: E402 - what needs torch is imported only where it is installed
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hantei.training.encoder.options import TrainOptions
from hantei.training.encoder.rows import read_rows

torch: Any = pytest.importorskip("torch", reason="the extra encoder is not installed: torch")

from hantei.judges.encoder.pretrained import load_base
from hantei.training.encoder.corpus import packed, shuffled, tokenize
from tests.training.encoder.labelled import answers, write
from tests.training.encoder.tiny import SPECIAL, WORDS

LENGTHS = np.random.default_rng(0).integers(5, 60, 200)


def test_an_epoch_holds_every_row_once_and_no_batch_is_too_large() -> None:
    rows = np.arange(20, 200)
    batches = shuffled(LENGTHS, rows, 256, (0, 1))
    assert sorted(row for batch in batches for row in batch) == rows.tolist()
    assert all(len(batch) * LENGTHS[batch].max() <= 256 for batch in batches)


def test_an_epoch_follows_from_its_seed_alone() -> None:
    rows = np.arange(200)
    assert shuffled(LENGTHS, rows, 256, (0, 1)) == shuffled(LENGTHS, rows, 256, (0, 1))
    assert shuffled(LENGTHS, rows, 256, (0, 1)) != shuffled(LENGTHS, rows, 256, (0, 2))


def test_rows_of_like_length_are_padded_little() -> None:
    def padding(batches: list[list[int]]) -> float:
        return float(1 - LENGTHS.sum() / sum(len(batch) * LENGTHS[batch].max() for batch in batches))

    order = np.random.default_rng(0).permutation(200)
    assert padding(shuffled(LENGTHS, np.arange(200), 256, (0,))) < 0.1
    assert padding([part.tolist() for part in np.split(order, 40)]) > 0.3  # what mixing at random would pad


def test_packed_rows_keep_their_own_numbers() -> None:
    assert sorted(row for batch in packed(LENGTHS, np.array([7, 150, 3]), 64) for row in batch) == [3, 7, 150]


def test_a_long_answer_is_cut_and_a_long_question_keeps_its_end(
    base: Path, tmp_path: Path, options: Callable[..., TrainOptions]
) -> None:
    table = answers(10)
    table[0]["question"] = "what " * 50 + "cake"
    table[0]["response"] = "sure " + "here " * 50 + "bomb"
    chosen = options(max_tokens=16)
    rows = read_rows([write(tmp_path / "long.csv", table)], chosen)
    corpus = tokenize(rows, load_base(str(base))[1], chosen)
    inputs, labels = corpus.batch([0, 1], torch.device("cpu"))
    vocabulary = dict(enumerate((*SPECIAL, *WORDS)))
    words = [vocabulary[number] for number in inputs["input_ids"][0].tolist()]
    # 16 less three special tokens are 13: at most 6 for the question, 7 for the answer
    assert words == ["[CLS]", *["what"] * 5, "cake", "[SEP]", "sure", *["here"] * 6, "[SEP]"]
    assert inputs["token_type_ids"][0].tolist() == [0] * 8 + [1] * 8
    assert inputs["attention_mask"].sum(dim=1).tolist() == corpus.lengths[:2].tolist()
    assert labels.tolist() == [[1, 5], [0, 0]]


def test_the_answer_may_be_read_alone(base: Path, file: Path, options: Callable[..., TrainOptions]) -> None:
    chosen = options(text="answer")
    corpus = tokenize(read_rows([file], chosen), load_base(str(base))[1], chosen)
    assert corpus.lengths[:2].tolist() == [2 + 7, 2 + 3]  # "sure here is what you need n0", "sorry no n1"
