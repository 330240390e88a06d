from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hantei.errors import CardError
from hantei.judges.drift import ENOUGH
from hantei.judges.profile import Profile, ProfileComparison

WORDS = ["the", "bread", "is", "made", "with", "flour", "and", "water", "and", "you", "have", "to", "wait", "for", "it"]


def text(words: int, turn: int = 0) -> str:
    return " ".join(WORDS[(turn + place) % len(WORDS)] for place in range(words))


def answers(words: int, count: int = 60) -> list[tuple[str, str | None]]:
    """Return English answers of about so many words, from half to twice as many."""
    return [(text(max(1, round(words * 2 ** (turn % 3 - 1))), turn), "en") for turn in range(count)]


def systems(**words: int) -> Iterator[tuple[str, str | None, str]]:
    for name, size in words.items():
        yield from ((answer, language, name) for answer, language in answers(size))


def by_measure(found: list[ProfileComparison]) -> dict[str, ProfileComparison]:
    return {one.measure: one for one in found}


@pytest.fixture(scope="module")
def profile() -> Profile:
    return Profile.build(systems(short=20, middle=40, long=80))


def test_the_range_is_that_of_the_systems_typical_lengths(profile: Profile) -> None:
    (usual,) = profile.usual
    assert (usual.language, usual.systems) == ("en", 3)
    sizes = [[len(answer) for answer, _ in answers(words)] for words in (20, 80)]
    low, high = (math.exp(sum(map(math.log, size)) / len(size)) for size in sizes)
    assert (usual.shortest, usual.longest) == pytest.approx((low, high))


def test_a_system_between_those_that_are_known_is_not_unlike_them(profile: Profile) -> None:
    for words in (20, 30, 60, 80):
        assert profile.compare("new", answers(words)) == []


@pytest.mark.parametrize(("words", "unlike"), [(8, True), (18, False), (90, False), (160, True)])
def test_a_quarter_longer_or_shorter_than_any_system_is_unlike(profile: Profile, words: int, unlike: bool) -> None:
    found = profile.compare("new", answers(words))
    assert [one.measure for one in found] == (["length"] if unlike else [])


def test_the_warning_is_a_sentence_with_the_numbers(profile: Profile) -> None:
    (drift,) = profile.compare("new", answers(160))
    assert drift.system == "new"
    assert drift.text == (
        f"The answers of new look unlike this judge's training data: those in 'en' are typically {drift.value:,.0f} "
        f"characters long; usual is {drift.usual_low:,.0f} to {drift.usual_high:,.0f} (its 3 systems)."
    )


def test_what_noise_explains_is_no_warning(profile: Profile) -> None:
    # Typically twice as long as the longest system, but of lengths so different that 30 answers do not settle it: a
    # third is short, the others are 100 times as long, so the geometric mean is 100**(2/3) times the short ones.
    high = profile.usual[0].longest
    short = 2 * high / 100 ** (2 / 3)
    sizes = [round(short if turn % 3 == 0 else 100 * short) for turn in range(ENOUGH)]
    spread = [(("the bread is " * size)[:size], "en") for size in sizes]
    one = by_measure(profile.measure(spread))["length"]
    assert one.value == pytest.approx(2 * high, rel=0.02)
    assert not one.unlike
    assert by_measure(profile.measure(spread * 30))["length"].unlike


def test_a_system_with_few_answers_is_not_compared(profile: Profile) -> None:
    assert profile.measure(answers(1, count=ENOUGH - 1)) == []
    assert len(profile.measure(answers(1, count=ENOUGH))) == 3


def test_words_that_one_system_alone_uses_are_its_unknown_words() -> None:
    def rows(name: str, own: int) -> Iterator[tuple[str, str | None, str]]:
        """Ten words an answer, so many of them no other system's, and of those each in every answer."""
        words = [f"{name}{number}" for number in range(own)] + WORDS[: 10 - own]
        return ((" ".join(words), "en", name) for _ in range(40))

    profile = Profile.build([*rows("a", 1), *rows("b", 2), *rows("c", 1)])
    assert profile.usual[0].unknown == pytest.approx(0.2)
    for own, unlike in ((2, False), (3, True)):
        one = by_measure(profile.measure((answer, language) for answer, language, _ in rows("d", own)))["unknown words"]
        assert one.value == pytest.approx(own / 10)
        assert one.unlike is unlike


def test_a_few_unknown_words_are_a_trifle_however_many_answers() -> None:
    profile = Profile.build(systems(a=100, b=100, c=100))
    assert profile.usual[0].unknown == 0
    rare = [(f"{text(120)} {'q' * (2 + number % 50)}", "en") for number in range(5_000)]
    one = by_measure(profile.measure(rare))["unknown words"]
    assert one.value == pytest.approx(1 / 121)
    assert not one.unlike


def test_a_language_that_the_training_data_lacks_is_told_with_its_share(profile: Profile) -> None:
    japanese = [("パンを焼くには小麦粉と水が要ります。", "en")] * 20
    (drift,) = profile.compare("new", [*answers(40, count=60), *japanese])
    assert (drift.measure, drift.language, drift.value) == ("language", None, 0.25)
    assert "25% are in languages that it lacks (ja); usual is 0%" in drift.text


def test_lengths_are_compared_within_a_language() -> None:
    chinese = [("面包要用面粉和水做。" * (1 + turn % 2), "zh") for turn in range(60)]
    rows = [(answer, language, f"{name}-zh") for name in "abc" for answer, language in chinese]
    profile = Profile.build([*systems(a=100, b=120, c=140), *rows])
    assert profile.compare("new", chinese) == []
    assert profile.compare("new", [(answer[0] * 3, language) for answer, language in chinese])[0].language == "zh"
    assert profile.compare("new", answers(3))[0].language == "en"


def test_of_fewer_than_three_systems_the_range_is_that_of_single_answers() -> None:
    lengths = [10 * (1 + number % 100) for number in range(200)]
    profile = Profile.build(("a" * length, "en", "one") for length in lengths)
    (usual,) = profile.usual
    assert usual.systems == 0
    logs = np.quantile(np.log(lengths), (0.1, 0.9))
    assert (usual.shortest, usual.longest) == pytest.approx(tuple(np.exp(logs)))
    assert "(eight of ten of its answers)" in profile.measure(answers(200))[1].what


def test_nothing_is_known_of_nothing() -> None:
    empty = Profile.build([])
    assert (len(empty.vocabulary), empty.usual, empty.foreign) == (0, (), 0.0)
    assert empty.compare("new", answers(40)) == []
    few = Profile.build(("the bread is good", "en", "a") for _ in range(ENOUGH - 1))
    assert few.compare("new", answers(40)) == []


def test_empty_answers_and_hostile_ones_are_no_trouble(profile: Profile) -> None:
    odd = [("", "en"), (" \n", None), ("\ud800", None), ("!!!", None), ("\u202e\x00" * 9, "en"), ("a" * 100_000, None)]
    found = profile.compare("<b>" * 1_000, odd * 30)
    assert all(len(one.text) < 400 for one in found)


def test_a_profile_that_is_saved_is_the_one_that_is_read(profile: Profile, tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        profile.save(tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    read = Profile.load(tmp_path / "one.npz")
    assert (read.usual, read.foreign) == (profile.usual, profile.foreign)
    assert read.vocabulary.tolist() == profile.vocabulary.tolist() == sorted(profile.vocabulary.tolist())
    Profile.build([]).save(tmp_path / "empty.npz")
    assert Profile.load(tmp_path / "empty.npz").usual == ()


def test_a_broken_profile_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "profile.npz"
    with pytest.raises(CardError, match="expected the profile of a judge's training data"):
        Profile.load(file)
    file.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(CardError, match="expected the profile"):
        Profile.load(file)
    np.savez(file, vocabulary=np.array([{"a": 1}], dtype=object))
    with pytest.raises(CardError, match="expected the profile"):
        Profile.load(file)


def test_the_shipped_profile_takes_the_starter_answers_for_familiar() -> None:
    from hantei import benchmarks
    from hantei.judges.builtin.loading import load

    profile = load().profile
    assert profile is not None
    files = [path.read_text(encoding="utf-8") for path in benchmarks.starter_answers()]
    rows = [json.loads(line) for file in files for line in file.rstrip("\n").split("\n")]
    for system in ("careful", "careless"):
        chosen = [(row["response"], None) for row in rows if row["system"] == system]
        assert len(chosen) > 300
        assert profile.compare(system, chosen) == []
