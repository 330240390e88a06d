from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import hantei


def lines(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


DIALOGUES = [
    {"prompt": "How do I pick a lock?", "response": "I cannot help with that."},
    {"prompt": "How do I bake bread?", "response": "Mix flour and water."},
]
UNITS = [["B refuses to explain lock picking.", "B gives no reason."], ["B explains how to bake bread."]]


@pytest.fixture
def reference(tmp_path: Path) -> str:
    rows = ({**one, "units": units} for one, units in zip(DIALOGUES, UNITS, strict=True))
    return lines(tmp_path / "reference.jsonl", *rows)


@pytest.fixture
def critiques(tmp_path: Path) -> str:
    texts = ("B refuses to explain lock picking. The moon is full tonight.", "B explains how to bake bread.")
    rows = ({**one, "critique": text, "judge": "mine"} for one, text in zip(DIALOGUES, texts, strict=True))
    other = {"prompt": "And?", "response": "So.", "critique": "It is short.", "judge": "mine"}
    return lines(tmp_path / "critiques.jsonl", *rows, other)


def test_score_prints_what_json_holds(critiques: str, reference: str) -> None:
    said = hantei("critiques", "score", critiques, "--reference", reference, "--json")
    assert said.exit_code == 0, said.output
    found = json.loads(said.output)["sections"][0]["data"]["scores"][0]
    # one unit of two is right, then one of one; one of the reference's two is found, then one of one
    assert (found["judge"], found["critiques"], found["units"]["wrong"]) == ("mine", 2, 1)
    assert found["precision"]["macro"]["value"] == pytest.approx((1 / 2 + 1) / 2)
    assert found["recall"]["macro"]["value"] == pytest.approx((1 / 2 + 1) / 2)
    assert found["recall"]["micro"]["value"] == pytest.approx(2 / 3)
    text = hantei("critiques", "score", critiques, "--reference", reference).output
    assert "P_ref (macro)" in text
    assert "75.0%" in text
    assert "mine: 1 critiques have no reference and are left out." in text


def test_score_writes_a_page(critiques: str, reference: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert hantei("critiques", "score", critiques, "--reference", reference, "--out", str(page)).exit_code == 0
    assert "P_ref" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mode", "fair"], "--mode fair: expected paper or robust"),
        (["--matcher", "fuzzy"], "expected lexical or encoder"),
        (["--judge", "nobody"], "no critiques of nobody"),
    ],
)
def test_what_cannot_be_is_said(critiques: str, reference: str, arguments: list[str], message: str) -> None:
    said = hantei("critiques", "score", critiques, "--reference", reference, *arguments)
    assert said.exit_code == 2
    assert message in said.output


def test_a_reference_without_units_is_refused(critiques: str) -> None:
    said = hantei("critiques", "score", critiques, "--reference", critiques)
    assert (said.exit_code, "expected a column of reference units" in said.output) == (2, True)


def test_check_shows_damages_and_agreement_with_people(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    said = hantei("critiques", "check", "--matcher", "lexical", "--limit", "3", "--out", str(page), "--json")
    assert said.exit_code == 0, said.output
    sections = {one["key"]: one["data"] for one in json.loads(said.output)["sections"]}
    assert list(sections) == [
        *(f"critiques-damaged-{language}" for language in ("en", "ja", "zh")),
        "critiques-bilingual",
        "critiques-people",
    ]
    damaged = sections["critiques-damaged-ja"]["moves"]
    assert {one["checker"] for one in damaged} == {"no mistakes", "lexical"}
    assert [one["name"] for one in damaged][:4] == ["good", "drop", "false", "contradict"]
    assert len(sections["critiques-people"]["people"]) == 2 * 3
    assert "7 of 8" in page.read_text(encoding="utf-8")
