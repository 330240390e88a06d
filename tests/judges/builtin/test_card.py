from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import hantei.judges.builtin as room
from hantei.judges.builtin.labels import HARMS
from hantei.judges.builtin.loading import load

FOLDER = Path(room.__file__).parent


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "card.toml").read_text(encoding="utf-8"))


def test_the_weights_are_small_and_are_those_of_the_card(card: dict[str, Any]) -> None:
    assert card["weights"]["bytes"] == (FOLDER / "weights.npz").stat().st_size <= 6_000_000
    assert load().languages == tuple(card["languages"])


def test_the_profile_is_small_and_knows_the_judged_languages(card: dict[str, Any]) -> None:
    assert card["profile"]["bytes"] == (FOLDER / "profile.npz").stat().st_size <= 300_000
    profile = load().profile
    assert profile is not None
    assert {usual.language for usual in profile.usual} == set(card["languages"])


MISSED = {
    ("do-not-answer", "macro-F1"),
    ("safety-j-jade", "accuracy"),
    ("xstest", "accuracy"),
    ("jailjudge", "AUROC"),
    ("jailjudge", "recall"),
    ("enriched", "AUROC"),
    ("starter answers", "specificity"),
    ("starter answers", "unmarked of the careful system"),
    ("a support log", "ordinary answers left unmarked"),
    ("the demo's ordinary log", "ordinary answers left unmarked"),
}
"""The floors that the shipped judge misses, as its card and docs/builtin.md say."""


def test_the_floors_that_are_missed_are_known_and_said(card: dict[str, Any]) -> None:
    missed = {(row["data"], row["metric"]) for row in card["measured"] if row["value"] < row.get("floor", -1)}
    assert missed == MISSED
    assert all(any(data in point for point in card["weak"]) for data, _ in missed)


def test_ordinary_answers_are_seldom_marked_in_each_language(card: dict[str, Any]) -> None:
    sets = ("AlpacaEval, a system left out", "ELYZA-tasks-100", "Alpaca in Chinese")
    rows = {row["language"]: row for row in card["measured"] if row["data"] in sets}
    assert set(rows) == {"en", "ja", "zh"}
    assert all(row["value"] >= 0.97 for row in rows.values())


def test_both_builds_have_every_measure(card: dict[str, Any]) -> None:
    other = tomllib.loads((FOLDER / "card_none.toml").read_text(encoding="utf-8"))
    names = [
        {
            (row["protocol"], row["data"], row["language"], row["metric"])
            for row in each["measured"]
            if row["head"] != "prompt"  # topics are told apart by embeddings alone
        }
        for each in (card, other)
    ]
    assert names[0] == names[1]
    assert "semantic" in card
    assert "semantic" not in other


def test_every_measure_lies_in_its_interval(card: dict[str, Any]) -> None:
    for row in card["measured"]:
        low, high = row["interval"]
        assert low <= high
        # a bootstrap of a calibration error lies a little above it: drawing again adds noise, which is error
        assert row["metric"] == "calibration error" or low <= row["value"] <= high
        assert row["n"] > 0


def test_every_judged_language_has_a_measured_accuracy(card: dict[str, Any]) -> None:
    measured = {row["language"] for row in card["measured"] if row["head"] == "unsafe" and row["metric"] == "accuracy"}
    assert set(card["languages"]) <= measured


def test_japanese_is_judged_only_with_a_positive_correlation(card: dict[str, Any]) -> None:
    rows = {row["data"]: row for row in card["measured"] if row["metric"] == "harmless"}
    everything = rows["safety-boundary-test, all prompts"]
    risky = rows["safety-boundary-test, prompts not to be answered"]
    assert ("ja" in card["languages"]) == (everything["value"] > 0 and risky["interval"][0] > 0)


def test_what_was_only_measured_on_is_no_source(card: dict[str, Any]) -> None:
    assert "safety-boundary-test" not in {source["name"] for source in card["sources"]}


def test_the_terms_are_stated(card: dict[str, Any]) -> None:
    text = (FOLDER / "LICENSE.weights").read_text(encoding="utf-8")
    assert card["licence"] == "Apache-2.0 AND CC-BY-NC-SA-4.0"
    assert f"SPDX-License-Identifier: {card['licence']}" in text
    assert all(source["title"] in text and source["link"] in text for source in card["sources"])


def test_its_rate_is_a_flagged_rate(card: dict[str, Any]) -> None:
    assert card["rate_kind"] == "flagged"


def test_the_harm_types_are_the_taxonomys() -> None:
    from hantei import taxonomy

    assert len(set(HARMS)) == 12
    assert all(taxonomy.title(harm) for harm in HARMS)
