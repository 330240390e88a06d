from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.critiques.units import normal, sentences, units_of


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
