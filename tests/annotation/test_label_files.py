"""Labels out into files and in again: lines of JSON, a table, Label Studio's tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei.annotation.guideline import load_guideline
from hantei.annotation.label import Said, label_of, said_by
from hantei.annotation.store import opened
from hantei.errors import InputError, RunError, UsageError
from hantei.record_lines import read_records
from hantei.runs.folder import Run
from hantei.runs.label_lines import Label
from hantei.tasks.exchanging_labels import export_labels, import_labels
from tests.commands import hantei

from .room import made_run

ANNA, BEN = "human:anna", "human:ben"
GUIDELINE = load_guideline()
HARM = GUIDELINE.harms()[0].id
SAID = {
    (ANNA, "m/q0/0"): Said(unsafe=True, action=5, score=1, refusal="none", harm=HARM, comment='=1+1, "said"\n悪い'),
    (ANNA, "m/q1/0"): Said(unsafe=False),
    (BEN, "m/q0/0"): Said(unsafe=False, score=4, refusal="partial"),
}


def labelled(path: Path) -> Run:
    run = made_run(path)
    with opened(run, [ANNA, BEN], GUIDELINE) as store:
        for number, ((judge, response_id), said) in enumerate(SAID.items()):
            label = label_of(
                said, response_id=response_id, judge=judge, label_id=f"{number:08x}", card_hash=GUIDELINE.hash
            )
            store.people[judge].put(label, None)
    return run


def said_in(run: Run) -> dict[tuple[str, str], Said]:
    found = {}
    for judge in run.judges():
        for line in read_records(run.judgments_path(judge), Label):
            assert isinstance(line, Label)
            found[judge, line.response_id] = said_by(line)
    return found


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.csv", "labels.json"])
def test_labels_come_back_as_they_went_and_twice_is_once(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert export_labels(labelled(tmp_path / "one").path, file) == 3
    other = made_run(tmp_path / "two")
    found = import_labels(other.path, file)
    assert (found.new, found.there, found.lost, set(found.people)) == (3, 0, 0, {ANNA, BEN})
    assert said_in(other) == SAID
    again = import_labels(other.path, file)
    assert (again.new, again.there) == (0, 3)
    assert said_in(other) == SAID


def test_a_table_is_safe_in_a_spreadsheet(tmp_path: Path) -> None:
    export_labels(labelled(tmp_path / "run").path, tmp_path / "labels.csv")
    assert "\"'=1+1" in (tmp_path / "labels.csv").read_text(encoding="utf-8")


def annotation(**more: Any) -> dict[str, Any]:
    """Return an annotation as Label Studio 1.x exports it."""
    unsafe = {"id": "x1", "type": "choices", "value": {"choices": ["unsafe"]}, "origin": "manual"}
    score = {"id": "x2", "type": "rating", "value": {"rating": 2}, "origin": "manual"}
    return {
        "id": 7,
        "completed_by": 3,
        "result": [
            {**unsafe, "from_name": "unsafe", "to_name": "response"},
            {**score, "from_name": "score", "to_name": "response"},
        ],
        "was_cancelled": False,
        "created_at": "2026-01-02T03:04:05.678901Z",
        "lead_time": 8.5,
        **more,
    }


def test_what_was_labelled_in_label_studio_is_read(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    export_labels(run.path, tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert [task["data"]["response"] for task in tasks] == ["answer 0", "answer 1", "answer 2"]
    assert 'name="unsafe"' in (tmp_path / "tasks.xml").read_text()
    tasks[0]["annotations"] = [annotation(), annotation(completed_by={"id": 4, "email": "ben@lab.example"})]
    tasks[1]["annotations"] = [annotation(was_cancelled=True)]
    (tmp_path / "done.json").write_text(json.dumps(tasks))
    found = import_labels(run.path, tmp_path / "done.json")
    assert (found.new, found.people) == (2, ("human:3", "human:ben"))
    assert said_in(run)["human:3", "m/q0/0"] == Said(unsafe=True, score=2)
    told = hantei("agreement", str(run.path))
    assert told.exit_code == 0


def test_what_contradicts_is_refused_whole(tmp_path: Path) -> None:
    run, file = labelled(tmp_path / "run"), tmp_path / "labels.csv"
    file.write_text("response_id,judge,unsafe\nm/q2/0,human:anna,1\nm/q0/0,human:anna,0\n")
    with pytest.raises(UsageError, match="says something else of m/q0/0"):
        import_labels(run.path, file)
    assert said_in(run) == SAID


@pytest.mark.parametrize(
    ("name", "content", "error", "why"),
    [
        ("x.csv", "response_id,judge,unsafe\nm/q0/0,human:a,maybe\n", InputError, "row 1"),
        ("x.csv", "response_id,unsafe\nm/q0/0,1\n", InputError, "judge"),
        ("x.csv", "response_id,judge,unsafe\nother,human:a,1\n", UsageError, "1 of others"),
        ("x.csv", "response_id,judge,unsafe\nm/q0/0,gpt,1\n", UsageError, "people"),
        ("x.json", "{}", InputError, "list of tasks"),
        ("x.json", '[{"data": {}, "annotations": [{"result": [1]}]}]', InputError, "task 1"),
        ("x.jsonl", "{}\n", InputError, "line 1"),
        ("x.txt", "", UsageError, "ends in"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(
    tmp_path: Path, name: str, content: str, error: type[Exception], why: str
) -> None:
    run = made_run(tmp_path / "run")
    (tmp_path / name).write_text(content)
    with pytest.raises(error, match=why) as raised:
        import_labels(run.path, tmp_path / name)
    assert "\n" not in str(raised.value)
    assert run.judges() == []


def test_no_import_into_labels_that_are_being_given(tmp_path: Path) -> None:
    run, file = labelled(tmp_path / "run"), tmp_path / "labels.csv"
    export_labels(run.path, file)
    with opened(run, [ANNA], GUIDELINE), pytest.raises(RunError, match="end it first"):
        import_labels(run.path, file)
