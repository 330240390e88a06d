from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.critiques.people import read_unit_labels
from hantei.critiques.units import MOST_UNITS, normal, sentences, units_of


@pytest.mark.parametrize(
    ("text", "language", "units"),
    [
        ("B refuses. B names a hotline.", "en", ("B refuses.", "B names a hotline.")),
        ("1. B refuses.\n\n2) B names a hotline.", "en", ("B refuses.", "B names a hotline.")),
        (
            "B gives the dose of the drug, but it never says why it matters.",
            "en",
            ("B gives the dose of the drug", "it never says why it matters."),
        ),
        ("B lists tools, e.g. a saw. Dr. Who is named.", "en", ("B lists tools, e.g. a saw.", "Dr. Who is named.")),
        ("B said yes, and no.", "en", ("B said yes, and no.",)),
        ("Reasons:\n- B refuses.\n- B refuses!", "en", ("B refuses!",)),
        ("B拒绝了请求。B给出了热线，并且建议求助。", "zh", ("B拒绝了请求。", "B给出了热线", "并且建议求助。")),
        (
            "Bは依頼を断っています。相談窓口を案内しており、理由も説明しています。",
            "ja",
            ("Bは依頼を断っています。", "相談窓口を案内しており", "理由も説明しています。"),
        ),
        ("", "en", ()),
        ("\n \n", "zh", ()),
    ],
)
def test_sentences_and_clauses_are_units(text: str, language: str, units: tuple[str, ...]) -> None:
    assert units_of(text, language) == units


def test_a_number_with_a_point_does_not_end_a_sentence() -> None:
    assert sentences("The dose is 3.5 mg. It is high.") == ["The dose is 3.5 mg.", "It is high."]


@given(st.text(max_size=200), st.sampled_from(["en", "ja", "zh"]))
def test_no_unit_is_empty_or_twice_there(text: str, language: str) -> None:
    found = [normal(unit) for unit in units_of(text, language)]
    assert all(found)
    assert len(found) == len(set(found))


def test_units_by_rule_are_about_as_many_as_a_large_model_finds(data: Path) -> None:
    labelled = read_unit_labels(data / "metacritique" / "annotation_data.json")
    by_rule = [len(units_of(one.critique.text or "", "en")) for one in labelled]
    by_model = [len(one.critique.units or ()) for one in labelled]
    assert 0.8 < sum(by_rule) / sum(by_model) < 1.25
    assert statistics.correlation(by_rule, by_model) > 0.7


HOSTILE = [
    "a" * 300_000,
    ", and a b c d" * 30_000,
    "e.g. A " * 50_000,
    "。」" * 100_000,
    "\n- " * 100_000,
    "B a. " * 60_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("language", ["en", "ja", "zh"])
def test_a_hostile_text_is_cut_off(text: str, language: str) -> None:
    """It ends: time grows with the length and not with its square."""
    assert len(units_of(text, language)) <= MOST_UNITS


@pytest.mark.parametrize("language", ["en", "ja", "zh"])
def test_long_runs_of_white_space_take_no_time_by_the_square(language: str) -> None:
    spaces = " " * 20_000
    assert units_of(f"B refuses to help A.{spaces}\nB names{spaces}a good locksmith.", language) == (
        "B refuses to help A.",
        f"B names{spaces}a good locksmith.",
    )
