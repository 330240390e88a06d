"""Can I trust this judge here: by a data sheet of this very judge, or plainly not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace as changed

import hantei
from hantei.errors import InputError, UsageError
from hantei.estimates import AgainstPerson, Estimate, UnsafeAgreement
from hantei.metrics.agreement.results import AgreementMeasure, GroupAgreement, PairAgreement
from hantei.metrics.datasheet import DataSheet, LanguageSheet
from hantei.reports.page import render_report
from hantei.reports.results import Results
from hantei.reports.rooms import sections
from hantei.reports.section import Section
from hantei.runs.sheets import kept_sheets, sheets_for

from .sample import report_input


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.1, high=value + 0.1, n=100)


def sheet(judge: str = "builtin", card: str = "abc") -> DataSheet:
    pair = PairAgreement(
        judge=judge,
        against="human:majority",
        head="unsafe",
        n=100,
        measures=tuple(AgreementMeasure(name=name, estimate=estimate(0.8)) for name in ("accuracy", "kappa", "recall")),
        labels=("safe", "unsafe"),
        confusion=((70, 10), (10, 10)),
    )
    people = GroupAgreement(
        judges=("a", "b"),
        head="unsafe",
        n=100,
        measures=(AgreementMeasure(name="alpha_nominal", estimate=estimate(0.7)),),
    )
    parts = [
        LanguageSheet(
            language=one, rows=100, rate=estimate(0.2), pairs=(pair,), people=(people,), ordinary=estimate(0.2)
        )
        for one in ("all", "en")
    ]
    return DataSheet(
        judge=judge,
        card_hash=card,
        hantei="1",
        created="2026-11-28",
        data=("a.csv",),
        ordinary=(),
        languages=tuple(parts),
        cost_per_1000=None,
        seconds_per_1000=None,
        repeats=1,
    )


def trust(results: Results) -> Section:
    (found,) = [one for one in sections(results) if one.key == "trust"]
    return found


def test_without_labels_and_without_a_sheet_it_is_said_with_the_way_out() -> None:
    data = report_input(copies=1)
    found = trust(Results(data.summary, data.settings, data.labels))
    assert found.data["answer"] == "not measured on answers like these"
    assert "hantei calibrate" in found.notes[0].text
    assert "annotate --choose" in found.notes[0].text


def test_a_sheet_is_shown_by_language_with_what_it_was_not_measured_in() -> None:
    data = replace(report_input(copies=1), sheets={"builtin": sheet()})
    found = trust(Results(data.summary, data.settings, data.labels, sheets=data.sheets))
    assert found.data["answer"] == "measured elsewhere"
    assert sorted(found.data["languages_not_measured"]) == ["ja", "zh"]
    texts = [getattr(cell, "text", cell) for cell in found.tables[0].rows[1].cells]
    assert texts == ["100", "80.0%", "0.800", "0.700", "80.0%", "20.0%"]
    page = render_report(data)
    assert "Not measured in Japanese (ja), Chinese (zh)." in page
    assert "Data sheet of builtin" in page


@pytest.mark.parametrize(
    ("labelled", "answer", "caution"),
    [(53, "measured here", ""), (52, "too few labels", "Fewer than 50 answers of this run have a label and are new")],
)
def test_labels_of_these_answers_answer_it_from_fifty_on(labelled: int, answer: str, caution: str) -> None:
    agreed = UnsafeAgreement(base_rate=estimate(0.3), accuracy=estimate(0.8), precision=None, recall=None, f1=None)
    people = AgainstPerson(judge="builtin", against="human:given", n=labelled, unsafe=agreed, in_training=3)
    data = report_input(copies=1)
    found = trust(Results(changed(data.summary, calibration=(people,)), data.settings, data.labels))
    assert found.data["answer"] == answer
    first, *others = [note.text for note in found.notes]
    assert first == (
        f"On {labelled} of these very answers it agrees with human:given on 80.0% [70.0, 90.0]; 3 of them were in its "
        "training data."
    )
    assert [text for text in others if caution and text.startswith(caution)] == others


def test_a_damaged_sheet_and_one_of_another_version_are_a_line_each_and_the_report_is_made(tmp_path: Path) -> None:
    rows = [{"id": "1", "prompt": "Hello?", "response": "Hello.", "language": "en"}]
    run = hantei.judge(rows, out=tmp_path / "run", judge="builtin?encoder=none")
    (name,) = run.judges()
    (run.path / "sheets").mkdir()
    (run.path / "sheets" / "a.json").write_text('{"judge": ')
    (run.path / "sheets" / "b.json").write_bytes(msgspec.json.encode(sheet(name, "other")))
    hantei.report(run.path)
    damaged, other = (note for note in run.summary().notes if note.startswith("A data sheet is left out"))
    assert "a.json: expected a datasheet.json of hantei judges measure" in damaged
    assert "b.json: measured another version of builtin?encoder=none (card other)" in other
    assert "measured another version" in run.report_path.read_text()
    assert kept_sheets(run) == {}


def test_a_sheet_is_kept_in_the_folder_and_another_card_is_refused(tmp_path: Path) -> None:
    rows = [{"id": "1", "prompt": "Hello?", "response": "Hello.", "language": "en"}]
    run = hantei.judge(rows, out=tmp_path / "run", judge="builtin?encoder=none")
    (name,) = run.judges()
    path = tmp_path / "datasheet.json"
    own = sheet(name, run.info().judges[name].card_hash)
    path.write_bytes(msgspec.json.encode(own))
    hantei.report(run.path, out=tmp_path / "page.html", sheets=[path])
    assert kept_sheets(run) == {}
    assert "Alpha among people" in (tmp_path / "page.html").read_text()
    hantei.report(run.path, sheets=[path])
    assert kept_sheets(run) == {name: own}
    hantei.report(run.path)
    assert "Alpha among people" in run.report_path.read_text()
    for other, said in ((changed(own, card_hash="other"), "another version"), (changed(own, judge="x"), "of x")):
        path.write_bytes(msgspec.json.encode(other))
        with pytest.raises(UsageError, match=said):
            sheets_for(run, [path])
    path.write_text("{}")
    with pytest.raises(InputError, match=r"expected a datasheet\.json"):
        sheets_for(run, [path])
