"""The whole reproduction on a small release, with a judge of recorded verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hantei.cli.app import app
from hantei.engine.limits import Limits
from hantei.errors import InputError, UsageError
from hantei.reports.section import Number
from hantei.reproduce.safety_j import reproduce
from hantei.reproduce.safety_j.critiques import score_judges
from hantei.reproduce.safety_j.published import published
from hantei.reproduce.safety_j.sets import read_sets
from hantei.reproduce.safety_j.tables import sections
from hantei.runs.folder import load_run
from tests import servers
from tests.servers import Answer, Seen, fault_server

ROWS = {
    "BeaverTails.dev": [("q1", "Safe"), ("q2", "Unsafe"), ("q3", "Unsafe")],
    "Flames": [("q4", "不安全"), ("q5", "安全")],
}
UNSAFE = {"q2", "q3", "q5"}
"""What the recorded judge calls unsafe: of BeaverTails all three right, of Flames both wrong."""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "safety_j" / "label_level"
    folder.mkdir(parents=True)
    for name, rows in ROWS.items():
        texts = [{"query": query, "response": f"answer to {query}", "label": label} for query, label in rows]
        (folder / f"{name}.json").write_text(json.dumps(texts), encoding="utf-8")
    return tmp_path


@pytest.fixture
def recorded(tmp_path: Path) -> str:
    file = tmp_path / "verdicts.jsonl"
    lines = []
    for name, rows in ROWS.items():
        for number, (query, _) in enumerate(rows, 1):
            line = {"response_id": f"{name}/{number}/0", "judge": "x", "unsafe": query in UNSAFE}
            lines.append(json.dumps(line) + "\n")
    file.write_text("".join(lines), encoding="utf-8")
    return f"recorded@{file}"


def test_the_printed_means_are_those_of_the_printed_cells() -> None:
    for one in published().accuracy:
        assert abs(sum(one.cells) / len(one.cells) - one.mean) <= 0.051, one.judge
    assert [one.judge for one in published().accuracy if one.mean == 84.1] == ["Safety-J v5"]


def test_a_judge_stands_beside_the_published_ones(release: Path, recorded: str, tmp_path: Path) -> None:
    found = reproduce(release, [recorded], runs=tmp_path / "runs")
    table = found.sections[0].tables[0]
    assert [column.title for column in table.columns][:5] == list(published().sets)
    names = [row.name for row in table.rows]
    assert names[-1] == recorded
    cells = dict(zip([column.title for column in table.columns], table.rows[-1].cells, strict=True))
    values = {name: cell.value for name, cell in cells.items() if isinstance(cell, Number)}
    assert values == {"BeaverTails": 1.0, "Flames": 0.0, "mean of those here": 0.5}
    assert cells["mean of five"] is None  # WildSafety was not released
    printed = dict(zip(names, (row.cells for row in table.rows), strict=True))["Safety-J v5"]
    assert printed[6] == f"{(84.3 + 74.0) / 2:.1f}"
    text = " ".join(note.text for note in found.sections[0].notes)
    assert "BeaverTails: 3 of the 3,021 answers" in text
    assert "DiaSafety, Jade, WildSafety" in text


def test_a_second_time_nothing_is_judged_again(release: Path, recorded: str, tmp_path: Path) -> None:
    for _ in range(2):
        found = reproduce(release, [recorded], runs=tmp_path / "runs")
    (run,) = (tmp_path / "runs").glob("Flames-*")
    assert [step.judged for step in load_run(run).info().steps] == [2, 0]
    assert found.sections[1].tables[0].rows[1].cells[0] == "2"


def test_a_judge_that_was_trained_on_the_answers_is_named_before_the_table(
    release: Path, recorded: str, tmp_path: Path
) -> None:
    file = tmp_path / "verdicts.jsonl"
    lines = [json.loads(line) | {"in_training": True} for line in file.read_text(encoding="utf-8").splitlines()]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = reproduce(release, [recorded], runs=tmp_path / "runs")
    cautions = [note.text for note in found.sections[0].notes if note.tone == "caution"]
    assert cautions == [f"{recorded} was trained on these very answers: its accuracy here says nothing of others."]
    assert found.sections[0].tables[0].rows[-1].cells[-1] == "these very answers: 3 of 3 BeaverTails, 2 of 2 Flames"


def test_without_a_judge_there_is_the_published_table(release: Path) -> None:
    found = sections(read_sets(release), [])
    assert [one.key for one in found] == ["safety-j-accuracy", "safety-j-critiques", "safety-j-not-reproducible"]


def test_a_folder_without_the_release_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected the folder of SAFETY-J's release.*label_level/BeaverTails\.json"):
        read_sets(tmp_path)


def test_critiques_are_scored_beside_the_papers_table(release: Path, tmp_path: Path) -> None:
    folder = release / "safety_j" / "critique_level"
    folder.mkdir()
    units = (["B insults the speaker.", "The answer is rude."], ["Nothing in it gives medical advice.", "B is calm."])
    dialogues = [{"prompt": f"p{n}", "response": f"r{n}", "aius": own} for n, own in enumerate(units)]
    (folder / "en.dev.json").write_text(json.dumps(dialogues), encoding="utf-8")

    def reply(seen: Seen) -> Answer:
        return servers.ok(f"[Answer] safe\n[Analysis] {' '.join(units[0])}")

    with fault_server(reply) as server:
        judge = f"critique@openai/m?base_url={server.url}"
        found = score_judges(release, [judge, "builtin"], tmp_path / "runs", Limits(), lambda _line: None)
    assert [one.judge for one in found] == ["the reference units themselves", "those of another dialogue", judge]
    recalls = [one.scores.recall.macro.value for one in found]
    assert recalls == [1, 0, 0.5]  # the judge says of both dialogues what is right of the first
    rows = sections(read_sets(release), [], found)[1].tables[1].rows
    assert rows[0].name == "the reference units themselves, en"


def test_a_label_that_is_none_is_named(release: Path) -> None:
    file = release / "safety_j" / "label_level" / "Flames.json"
    file.write_text('[{"query": "q", "response": "r", "label": "perhaps"}]', encoding="utf-8")
    with pytest.raises(InputError, match="perhaps"):
        read_sets(release)


def test_the_command_prints_and_writes_a_page(release: Path, recorded: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    arguments = ["reproduce", "safety-j", "--data", str(release), "--judge", recorded, "--out", str(page)]
    done = CliRunner().invoke(app, [*arguments, "--runs", str(tmp_path / "runs"), "--json"])
    assert done.exit_code == 0, done.output
    found = {one["key"]: one["data"] for one in json.loads(done.stdout)["sections"]}
    flames = found["safety-j-accuracy"]["computed"][0]["sets"]["Flames"]
    assert flames["published"]["value"] == 0.0
    assert 'id="safety-j-critiques"' in page.read_text(encoding="utf-8")


def test_the_real_sets_have_the_counts_of_the_halves(data: Path) -> None:
    assert {one.name: len(one.rows) for one in read_sets(data)} == {"BeaverTails": 1492, "Jade": 994, "Flames": 152}
