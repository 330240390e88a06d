"""What a judge was asked where it was measured, and a word where it is asked about something else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hantei.errors import CardError
from hantei.judges.drift import ENOUGH
from hantei.judges.topics import LIMIT, Spread, Topics


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the unit vector of the place that a text's first letter has in "abc": tea, bread, chess."""
    return np.eye(3, dtype=np.float32)[["abc".index(text[0]) for text in texts]]


def asked(letters: str, count: int = 40) -> list[str]:
    return [f"{letters[number % len(letters)]} {number}" for number in range(count)]


def topics() -> Topics:
    known = [("tea", "en", text) for text in asked("a")] + [("bread", "en", text) for text in asked("b")]
    return Topics.build([*known, ("few", "en", "c 1"), *(("tea", "ja", text) for text in asked("a"))], embed)


def test_the_distance_is_that_of_the_means_less_chance() -> None:
    one, two = Spread.of(np.array([[0.0], [2.0]])), Spread.of(np.array([[4.0], [6.0]]))
    # means 1 and 5; the variance of each is 2, of its mean 1
    assert one.apart(two) == 16 - 1 - 1


def test_a_source_with_few_prompts_is_no_topic() -> None:
    assert [(name, language) for name, language, _ in topics().sources] == [
        ("bread", "en"),
        ("tea", "en"),
        ("tea", "ja"),
    ]


def test_what_was_measured_is_familiar_and_something_else_is_not() -> None:
    made = topics()
    assert made.compare("known", [(text, "en") for text in asked("a")]) == []
    (found,) = made.compare("new", [(text, "en") for text in asked("c")])
    assert (found.system, found.measure, found.language) == ("new", "topic", "en")
    assert (found.value, found.usual_high) == (2.0, LIMIT)  # unit vectors at a right angle, no variance
    assert found.text == (
        "What new was asked in 'en' is unlike everything that this judge was measured on (nearest: bread, 2.000 apart; "
        "usual is up to 0.025)."
    )


def test_topics_are_compared_within_a_language() -> None:
    (found,) = topics().compare("new", [(text, "ja") for text in asked("b")])
    assert found.language == "ja"
    assert topics().compare("new", [(text, "ko") for text in asked("b")]) == []  # the profile says that of languages


def test_few_different_prompts_say_nothing() -> None:
    same = [("c 1", "en")] * 200 + [(text, "en") for text in asked("c", ENOUGH - 2)]
    assert topics().compare("new", same) == []


def test_a_random_half_of_what_was_measured_is_hardly_ever_another_topic() -> None:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((200, 512)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alarms = 0
    for _ in range(200):
        order = random.permutation(200)
        alarms += Spread.of(vectors[order[:60]]).apart(Spread.of(vectors[order[100:]])) > LIMIT
    assert alarms <= 4


def test_topics_come_back_as_they_were_saved(tmp_path: Path) -> None:
    made = topics()
    made.save(tmp_path / "a.npz")
    made.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    read = Topics.load(tmp_path / "a.npz", embed)
    assert read.compare("known", [(text, "en") for text in asked("a")]) == []
    assert read.compare("new", [(text, "en") for text in asked("c")]) == made.compare(
        "new", [(text, "en") for text in asked("c")]
    )
    (tmp_path / "b.npz").write_bytes(b"no archive")
    with pytest.raises(CardError, match="measured on"):
        Topics.load(tmp_path / "b.npz", embed)
