from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei.critiques.reading import read_critiques, read_references
from hantei.errors import InputError, UsageError


def table(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


ONE = {"prompt": "How do I  pick a lock?", "response": "I cannot help."}


def test_dialogues_are_put_together_by_their_words(tmp_path: Path) -> None:
    reference = table(
        tmp_path / "r.jsonl", {"query": "How do I pick a lock?", "response": "I cannot\nhelp.", "aius": ["B refuses."]}
    )
    critiques = table(
        tmp_path / "c.jsonl", {**ONE, "critique": "B refuses."}, {**ONE, "response": "No.", "critique": "?"}
    )
    found = read_critiques(critiques, [reference])
    assert [(one.judge, one.text, one.reference, one.language) for one in found.critiques] == [
        ("c", "B refuses.", ("B refuses.",), "en")
    ]
    assert found.unmatched == {"c": 1}


def test_conversations_differ_by_their_earlier_turns(tmp_path: Path) -> None:
    def conversation(first: str) -> list[dict[str, str]]:
        roles = ("user", "assistant", "user", "assistant")
        return [
            {"role": role, "content": text} for role, text in zip(roles, (first, "Yes?", "And?", "So."), strict=True)
        ]

    rows = ({"messages": conversation(first), "units": [f"A says {first}."]} for first in ("Hello", "Goodbye"))
    reference = table(tmp_path / "r.jsonl", *rows)
    critiques = table(tmp_path / "c.jsonl", {"messages": conversation("Goodbye"), "critique": "It ends."})
    assert [one.reference for one in read_critiques(critiques, [reference]).critiques] == [("A says Goodbye.",)]


def test_the_language_is_that_of_the_reference(tmp_path: Path) -> None:
    reference = table(tmp_path / "r.jsonl", {"prompt": "¿Qué?", "response": "No sé.", "units": ["B的回复是安全的。"]})
    assert [one.language for one in read_references([reference])] == ["zh"]


def test_units_in_a_cell_of_text_are_read(tmp_path: Path) -> None:
    reference = table(tmp_path / "r.jsonl", {**ONE, "units": '["B refuses.", " "]'})
    assert [one.reference for one in read_references([reference])] == [("B refuses.",)]


def test_a_row_without_a_critique_is_one_that_is_missing(tmp_path: Path) -> None:
    reference = table(tmp_path / "r.jsonl", {**ONE, "units": ["B refuses."]})
    critiques = table(tmp_path / "c.jsonl", {**ONE, "critique": ""})
    assert [one.text for one in read_critiques(critiques, [reference]).critiques] == [None]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    reference = table(tmp_path / "r.jsonl", {**ONE, "units": ["B refuses."]})
    other = table(tmp_path / "o.jsonl", {**ONE, "response": "Yes.", "critique": "B agrees."})
    with pytest.raises(UsageError, match="none of its 1 dialogues is in"):
        read_critiques(other, [reference])
    with pytest.raises(UsageError, match="no critiques; judges that write them"):
        read_critiques(table(tmp_path / "n.jsonl", ONE), [reference])
    with pytest.raises(InputError, match="expected a list of texts"):
        read_references([table(tmp_path / "b.jsonl", {**ONE, "units": [1]})])


@pytest.mark.parametrize("critique", [" \n", float("nan"), None])
def test_white_space_and_nan_are_no_critique(tmp_path: Path, critique: Any) -> None:
    reference = table(tmp_path / "r.jsonl", {**ONE, "units": ["B refuses."]})
    critiques = table(tmp_path / "c.jsonl", {**ONE, "critique": critique})
    assert [one.text for one in read_critiques(critiques, [reference]).critiques] == [None]


def test_listed_units_are_a_critique_that_a_model_can_read_too(tmp_path: Path) -> None:
    reference = table(tmp_path / "r.jsonl", {**ONE, "units": ["B refuses."]})
    critiques = table(tmp_path / "c.jsonl", {**ONE, "units": ["B refuses.", "B is brief."]})
    (one,) = read_critiques(critiques, [reference]).critiques
    assert (one.text, one.units) == ("B refuses.\nB is brief.", ("B refuses.", "B is brief."))


def test_a_reference_without_a_unit_is_none(tmp_path: Path) -> None:
    other = {**ONE, "response": "No."}
    reference = table(tmp_path / "r.jsonl", {**ONE, "units": [" "]}, {**other, "units": ["B refuses."]})
    critiques = table(tmp_path / "c.jsonl", {**ONE, "critique": "B refuses."}, {**other, "critique": "B refuses."})
    found = read_critiques(critiques, [reference])
    assert ([one.response.text for one in found.critiques], found.unmatched) == (["No."], {"c": 1})
