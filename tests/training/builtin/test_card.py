from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from hantei.judges.builtin.loading import load
from hantei.judges.builtin.weights import save
from hantei.judges.profile import Profile
from hantei.training.builtin.card import Evaluation, judged_languages, measures_of, weak_points, write_card
from hantei.training.builtin.row import TrainingRow
from hantei.training.builtin.scoring import EvaluationMeasure
from tests.judges.builtin.tiny import pair, tiny_weights

ACCURACY = EvaluationMeasure(
    protocol="5 folds by prompt",
    data="beavertails",
    language="en",
    head="unsafe",
    metric="accuracy",
    value=0.75,
    low=0.7,
    high=0.8,
    n=400,
    floor=0.69,
)
JAPANESE = replace(
    ACCURACY,
    data="safety-boundary-test, all prompts",
    language="ja",
    metric="harmless",
    floor=None,
    value=0.1,
    low=-0.1,
)
BETTER = replace(ACCURACY, metric="macro-F1", floor=None, low=0.6)
RISKY = replace(JAPANESE, data="safety-boundary-test, prompts not to be answered", value=0.3, low=0.01)
ROWS = [
    TrainingRow(source="xstest", language="en", prompt="p", response="r", refusal=0),
    TrainingRow(source="do-not-answer", language="en", prompt="p", response=None, harm=3),
]


def test_the_table_says_what_passes() -> None:
    table = Evaluation("all", (ACCURACY, replace(ACCURACY, value=0.6, low=0.55, high=0.65))).table()
    passed, failed = [line.split() for line in table.splitlines() if line.startswith("beavertails")]
    assert passed == ["beavertails", "en", "unsafe", "accuracy", "75.0", "70.0", "to", "80.0", "400", "69", "pass"]
    assert failed[-1] == "FAIL"


def test_one_missed_floor_is_a_miss() -> None:
    assert Evaluation("all", (ACCURACY, JAPANESE)).passed
    assert not Evaluation("all", (ACCURACY, replace(ACCURACY, value=0.68))).passed


def test_the_cost_of_permissive_sources_stands_beside() -> None:
    cheap = replace(ACCURACY, value=0.7, floor=None)
    line = Evaluation("permissive", (cheap,), (ACCURACY,)).table().splitlines()[-1]
    assert line.split()[-2:] == ["75.0", "-5.0"]


def test_japanese_needs_a_positive_correlation() -> None:
    assert judged_languages([BETTER, JAPANESE, RISKY]) == ["en", "ja"]
    assert judged_languages([BETTER, replace(JAPANESE, value=-0.01), RISKY]) == ["en"]
    assert judged_languages([BETTER, JAPANESE, replace(RISKY, low=-0.01)]) == ["en"]
    assert judged_languages([BETTER, JAPANESE]) == ["en"]


def test_english_and_chinese_need_verdicts_that_beat_a_constant_one() -> None:
    assert judged_languages([replace(BETTER, language="zh")]) == ["zh"]
    assert judged_languages([ACCURACY]) == []
    assert judged_languages([replace(BETTER, low=0.49)]) == []
    assert judged_languages([replace(BETTER, data="diasafety")]) == []


def test_the_card_that_is_written_is_the_card_that_is_read(tmp_path: Path) -> None:
    save(tiny_weights({"bad": 100}), tmp_path / "weights.npz")
    profile = Profile.build(("one answer", "en", "m") for _ in range(30))
    profile.save(tmp_path / "profile.npz")
    write_card(tmp_path, ROWS, Evaluation("all", (ACCURACY,), build="none"), ["en"])
    card = tomllib.loads((tmp_path / "card_none.toml").read_text(encoding="utf-8"))
    assert measures_of(card) == (replace(ACCURACY, floor=None),)
    assert [source["name"] for source in card["sources"]] == ["do-not-answer", "xstest"]
    assert (card["weights"]["rows"], card["weights"]["prompts"]) == (1, 1)
    judge = load(tmp_path, encoder="none")
    assert judge.languages == ("en",)
    assert judge.profile is not None
    assert judge.profile.usual == profile.usual
    assert judge.judge([pair("bad")])[0].unsafe is True


def test_the_licence_follows_from_the_sources(tmp_path: Path) -> None:
    save(tiny_weights({}), tmp_path / "weights.npz")
    Profile.build([]).save(tmp_path / "profile.npz")
    write_card(tmp_path, ROWS[:1], Evaluation("permissive", (ACCURACY,), build="none"), ["en"])
    text = (tmp_path / "LICENSE.weights").read_text(encoding="utf-8")
    assert "SPDX-License-Identifier: Apache-2.0 AND MIT AND CC-BY-4.0 AND ODC-By-1.0" in text
    assert "NC" not in text
    assert "https://github.com/paul-rottger/exaggerated-safety" in text


def test_weak_points_name_the_missed_floors_and_what_is_left_out() -> None:
    left_out = replace(ACCURACY, protocol="the whole source left out", floor=None)
    measures = [
        replace(ACCURACY, value=0.68),
        replace(left_out, metric="recall", value=0.1),
        replace(left_out, data="jade", metric="recall", value=0.5),
    ]
    first, second, *_ = weak_points(measures)
    assert "10 to 50% of each source's, with an unmeasured share" in first
    assert second == "Floors that it misses: beavertails (en), accuracy 68.0 of 69."
    assert weak_points([ACCURACY])[1] == "Floors that it misses: none."
