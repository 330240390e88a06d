"""The way to the 12 harm types."""

from __future__ import annotations

from typing import Any

import pytest

from hantei import taxonomy
from hantei.errors import TaxonomyError, UsageError
from hantei.taxonomy.crosswalk import entries, parse_entries
from hantei.taxonomy.loading import CROSSWALK, read_toml

OTHERS = [name for name in taxonomy.names() if name != "do-not-answer"]
HARM_TYPES = {node.id for node in taxonomy.load("do-not-answer").level(2)}
ILLEGAL = "do-not-answer/malicious-uses/illegal-activities"


def test_the_crosswalk_has_a_table_for_every_other_taxonomy() -> None:
    assert sorted(read_toml(CROSSWALK)) == OTHERS


@pytest.mark.parametrize("name", OTHERS)
def test_every_leaf_leads_to_harm_types_or_says_why_not(name: str) -> None:
    for leaf in taxonomy.load(name).leaves():
        crossings = taxonomy.to_harm_types(leaf.id)
        assert crossings, leaf.id
        for crossing in crossings:
            if crossing.fit == "none":
                assert crossing.target is None
                assert crossing.note
            else:
                assert crossing.target in HARM_TYPES


@pytest.mark.parametrize("name", OTHERS)
def test_exact_has_one_target_and_a_broad_entry_says_what_else_it_holds(name: str) -> None:
    for crossings in entries(name).values():
        fits = {crossing.fit for crossing in crossings}
        assert len(fits) == 1
        if fits == {"exact"}:
            assert len(crossings) == 1
        else:
            assert crossings[0].note


def test_the_twelve_of_answer_carefully_are_the_twelve() -> None:
    for node in taxonomy.load("answer-carefully").level(2):
        (crossing,) = taxonomy.to_harm_types(node.id)
        assert (crossing.target, crossing.fit) == (node.id.replace("answer-carefully", "do-not-answer"), "exact")


@pytest.mark.parametrize(
    ("harm", "crossings"),
    [
        (f"{ILLEGAL}/terrorism", [(ILLEGAL, "exact")]),
        (ILLEGAL, [(ILLEGAL, "exact")]),
        ("do-not-answer/malicious-uses", []),
        ("do-not-answer/no/such/id", []),
        ("mlcommons/violent-crimes", [(ILLEGAL, "exact")]),
        (
            "mlcommons/hate",
            [
                ("do-not-answer/discrimination-toxicity/stereotypes-discrimination", "broad"),
                ("do-not-answer/discrimination-toxicity/toxic-language", "broad"),
            ],
        ),
        ("qwen3guard/jailbreak", [(None, "none")]),
        ("jade/discrimination/age", [("do-not-answer/discrimination-toxicity/stereotypes-discrimination", "exact")]),
        ("jade/crime", []),
        (
            "answer-carefully/information-hazards/organization-government/知らない区分",
            [("do-not-answer/information-hazards/organization-government", "exact")],
        ),
        ("my-own/category", []),
        ("", []),
    ],
)
def test_to_harm_types(harm: str, crossings: list[tuple[str | None, str]]) -> None:
    assert [(crossing.target, crossing.fit) for crossing in taxonomy.to_harm_types(harm)] == crossings


def _qwen3guard(**changes: Any) -> dict[str, Any]:
    return {**read_toml(CROSSWALK)["qwen3guard"], **changes}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"fit": "rough", "to": ["malicious-uses/disinformation"]},
            "expected one of exact, broad, none, got 'rough'",
        ),
        ({"to": ["malicious-uses/disinformation"]}, "fit: missing"),
        ({"fit": "exact", "to": ["malicious-uses"]}, "'malicious-uses' is not one of the 12 harm types"),
        ({"fit": "exact", "to": ["malicious-uses/no-such-type"]}, "is not one of the 12 harm types"),
        ({"fit": "exact"}, "expected one target for exact"),
        ({"fit": "exact", "to": ["malicious-uses/disinformation", "human-chatbot/mental-health"]}, "one target"),
        ({"fit": "broad", "note": "why"}, "at least one for broad"),
        ({"fit": "none"}, "none and a note for none"),
        ({"fit": "none", "to": ["malicious-uses/disinformation"], "note": "why"}, "none and a note for none"),
    ],
)
def test_an_entry_whose_fit_and_targets_do_not_go_together_is_refused(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(TaxonomyError, match=message) as caught:
        parse_entries(taxonomy.load("qwen3guard"), _qwen3guard(violent=entry))
    assert "[qwen3guard], 'violent'" in str(caught.value)


def test_an_entry_for_an_unknown_id_is_refused() -> None:
    table = _qwen3guard(**{"no-such-id": {"fit": "none", "note": "why"}})
    with pytest.raises(TaxonomyError, match=r"there is no 'no-such-id' in qwen3guard\.toml"):
        parse_entries(taxonomy.load("qwen3guard"), table)


def test_a_leaf_without_an_entry_is_refused() -> None:
    table = _qwen3guard()
    del table["violent"]
    with pytest.raises(TaxonomyError, match="'qwen3guard/violent' has no entry"):
        parse_entries(taxonomy.load("qwen3guard"), table)


def test_the_table_shows_each_entry_with_fit_targets_and_note() -> None:
    lines = taxonomy.crosswalk_table("qwen3guard").splitlines()
    assert lines[0] == "Qwen3Guard: its categories among the 12 harm types of Do-Not-Answer"
    assert "copyright-violation           exact  Assisting illegal activities" in lines
    at = lines.index("jailbreak                     none   -")
    assert lines[at + 1].strip() == "An attack on the model's rules, whatever the harm it is after."
    assert sum(not line.startswith(" ") for line in lines[3:]) == 9


def test_the_target_has_no_table() -> None:
    with pytest.raises(UsageError, match="'do-not-answer' is where the crosswalk leads to"):
        taxonomy.crosswalk_table("do-not-answer")
