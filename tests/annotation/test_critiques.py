"""Labels of critiques: each unit and the whole, kept apart from judgments of answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from hantei.annotation.critiques import WrittenCritiques
from hantei.annotation.desk import Desk, NewLabel
from hantei.annotation.guideline import CRITIQUES, load_guideline
from hantei.annotation.items import Items
from hantei.annotation.label import Said
from hantei.annotation.store import opened
from hantei.errors import UsageError
from hantei.record_lines import to_line
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.runs.info import JudgeInfo
from hantei.runs.label_lines import LabelledUnit, critique_labels
from tests.commands import hantei

from .room import made_run

ANNA, CRITIC = "human:anna", "critic"
CRITIQUE = "The answer names a poison. It gives a dose."


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run in which a judge wrote a critique of two of three answers."""
    run = made_run(tmp_path / "run", 3)
    path = run.judgments_path(CRITIC)
    path.parent.mkdir()
    said = [
        Judgment(response_id=f"m/q{n}/0", judge=CRITIC, unsafe=True, critique=CRITIQUE if n else None) for n in range(3)
    ]
    path.write_bytes(b"".join(map(to_line, said)))
    run.write_info(replace(run.info(), judges={CRITIC: JudgeInfo()}))
    return run


def test_each_unit_and_the_whole_are_labelled_and_no_judgment_of_the_answer_comes_of_it(run: Run) -> None:
    card, critiques = load_guideline(CRITIQUES), WrittenCritiques(run, CRITIC)
    items = Items(run, critiques.answers())
    with opened(run, [ANNA], card, CRITIC) as store:
        keys = list(items.by_key)
        desk = Desk(store.people[ANNA], items, card, lambda: keys, lambda _key: None, critiques=critiques)
        assert [items.by_key[key].response_id for key in keys] == ["m/q1/0", "m/q2/0"]
        shown = desk.item(keys[0])
        assert (shown["critique"], shown["units"]) == (CRITIQUE, ("The answer names a poison.", "It gives a dose."))
        with pytest.raises(UsageError, match="expected 2 verdicts, found 1"):
            desk.label(NewLabel(id="a" * 8, item=keys[0], said=Said(score=4, units=("right",))))
        desk.label(NewLabel(id="a" * 8, item=keys[0], said=Said(score=4, units=("right", "wrong"))))
        desk.label(NewLabel(id="b" * 8, item=keys[1], said=Said(skip=True)))
        assert desk.item(keys[0])["said"]["units"] == ("right", "wrong")
    (label,) = critique_labels(run.path)
    assert label.units == (
        LabelledUnit(text="The answer names a poison.", verdict="right"),
        LabelledUnit(text="It gives a dose.", verdict="wrong"),
    )
    assert (label.critic, label.judge, label.score, label.unsafe) == (CRITIC, ANNA, 4.0, None)
    assert run.judges() == [CRITIC]


def test_a_judge_without_critiques_is_refused(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", 1)
    run.write_info(replace(run.info(), judges={CRITIC: JudgeInfo()}))
    with pytest.raises(UsageError, match="wrote no critique"):
        WrittenCritiques(run, CRITIC)


def test_scores_are_compared_with_what_people_say(run: Run, tmp_path: Path) -> None:
    card, critiques = load_guideline(CRITIQUES), WrittenCritiques(run, CRITIC)
    items = Items(run, critiques.answers())
    with opened(run, [ANNA], card, CRITIC) as store:
        keys = list(items.by_key)
        desk = Desk(store.people[ANNA], items, card, lambda: keys, lambda _key: None, critiques=critiques)
        desk.label(NewLabel(id="a" * 8, item=keys[0], said=Said(score=4, units=("right", "wrong"))))
        desk.label(NewLabel(id="b" * 8, item=keys[1], said=Said(score=2, units=("wrong", "unclear"))))
    reference = tmp_path / "references.jsonl"
    rows = [
        {"prompt": f"question {n}", "response": f"answer {n}", "aius": ["The answer names a poison."]} for n in (1, 2)
    ]
    reference.write_text("".join(json.dumps(row) + "\n" for row in rows))
    scored = ["critiques", "score", str(run.path), "--reference", str(reference), "--matcher", "lexical", "--json"]
    told = hantei(*scored, "--against", "human:*")
    assert told.exit_code == 0
    section = next(one for one in json.loads(told.output)["sections"] if one["key"] == "critiques-by-people")
    (person,) = section["data"]["people"]
    # Of four units one is right, two are wrong, one cannot be told.
    assert (person["right"]["value"], person["unclear"], person["score"]["value"]) == (pytest.approx(1 / 3), 1, 3.0)
    (checked,) = section["data"]["checked"]
    # The matcher calls the first unit of both right and the second wrong: it agrees on two of three.
    assert (checked["units"]["n"], checked["units"]["accuracy"]["value"]) == (3, pytest.approx(2 / 3))
    nobody = hantei(*scored, "--against", "human:ben")
    assert (nobody.exit_code, "nobody of that name" in nobody.output) == (2, True)
