from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.judges.builtin import encoder
from hantei.judges.builtin.encoder import (
    ANSWER_PIECES,
    ANSWER_WIDTH,
    Encoder,
    Vectors,
    clean,
    opening_and_end,
    spans,
    summary,
)
from tests.judges.builtin.tiny import WordEmbedding


@given(st.text(max_size=3000))
def test_pieces_of_a_short_text_are_all_of_it(text: str) -> None:
    found = spans(text, 10_000)
    assert all(one[1] <= other[0] for one, other in pairwise(found))
    assert "".join("".join(text[start:end].split()) for start, end in found) == "".join(text.split())


def test_short_sentences_are_joined_and_long_ones_are_cut() -> None:
    text = "Yes. It is. This sentence has more than forty letters in it, surely. " + "word " * 200
    pieces = [text[start:end] for start, end in spans(text, 50)]
    assert pieces[0] == "Yes. It is. This sentence has more than forty letters in it, surely. "
    assert [len(piece) for piece in pieces[1:]] == [240, 240, 240, 280]


def test_a_character_of_a_script_without_spaces_counts_as_three() -> None:
    assert [end - start for start, end in spans("字" * 200, 50)] == [80, 120]


def test_of_a_long_answer_the_opening_and_some_spread_pieces_are_read() -> None:
    text = "".join(f"This is the sentence with the number {number:04}, no more.\n" for number in range(100))
    numbers = [int(text[start:end].split("number ")[1][:4]) for start, end in spans(text, ANSWER_PIECES)]
    # 4 of the opening, then 8 spread over the 96 others, 12 apart
    assert numbers == [0, 1, 2, 3, 4, 16, 28, 40, 52, 64, 76, 88]


def test_a_long_prompt_is_read_at_its_opening_and_its_end() -> None:
    whole = opening_and_end("a" * 1000 + "b" * 1000)
    assert whole == "a" * 300 + " " + "b" * 600
    assert opening_and_end("short  one") == "short one"


@pytest.mark.parametrize("text", ["\ud800", "a \udfff b", "\x00", "", " \n ", "\u202e", "." * 200_000])
def test_hostile_text_is_embedded(text: str) -> None:
    found = Encoder().answers([text])
    assert found.shape == (1, ANSWER_WIDTH)
    assert np.isfinite(found).all()


def test_half_a_surrogate_pair_is_dropped() -> None:
    assert clean("a\ud800b  c\n") == "ab c"


def test_an_answer_is_the_mean_of_its_pieces_what_goes_beyond_it_and_the_first() -> None:
    parts = np.zeros((2, 512), dtype=np.float32)
    parts[0, 0], parts[1, 1] = 1.0, 3.0
    found = summary(parts)
    assert found[[0, 1]].tolist() == [0.5, 1.5]
    assert found[[512, 513]].tolist() == [0.5, 1.5]
    assert found[[1024, 1025]].tolist() == [1.0, 0.0]
    assert not summary(parts[:0]).any()


def test_no_text_no_vector() -> None:
    assert Encoder(WordEmbedding("x")).prompts([]).shape == (0, 1024)
    assert Encoder(WordEmbedding("x")).answers([]).shape == (0, ANSWER_WIDTH)


def test_a_piece_is_embedded_once_while_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    class Lengths:
        def encode(self, texts: list[str]) -> Vectors:
            asked.append(texts)
            return np.array([[len(text)] for text in texts], dtype=np.float32)

    monkeypatch.setattr(encoder, "_PIECES_KEPT", 3)
    remembering = encoder.Remembering(Lengths())
    assert remembering.encode(["a", "bb", "a"]).tolist() == [[1], [2], [1]]
    assert remembering.encode(["bb", "ccc"]).tolist() == [[2], [3]]
    assert remembering.encode(["dddd", "a"]).tolist() == [[4], [1]]  # makes room: a, the first one, goes
    assert remembering.encode(["ccc", "bb", "a"]).tolist() == [[3], [2], [1]]
    assert asked == [["a", "bb"], ["ccc"], ["dddd"], ["a"]]
    assert remembering.encode(list("vwxyz")).tolist() == [[1]] * 5
    assert len(remembering._kept) == 3
