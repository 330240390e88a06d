"""``hantei annotate --choose`` and ``hantei estimate``: from a run to a sheet to a rate, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

import hantei
from hantei.cli.app import app
from hantei.cli.estimate import half_width
from hantei.errors import HanteiError, InputError, RowError, UsageError
from hantei.estimates import Estimate
from hantei.metrics.agreement.results import PairAgreement
from hantei.metrics.datasheet import EVERYTHING, DataSheet, LanguageSheet
from hantei.record_lines import to_line
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.tasks.choosing import choose_to_label

N = 400
UNSAFE = frozenset(range(40)) - {0, 1} | {200, 201, 202, 203}
"""42 of 400 answers; the judge flags the first 40."""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose ids and texts would be formulas; the judge gives no verdict on the last ten answers."""
    rows = [{"id": f"=row{k}", "prompt": f"=1+{k}", "response": f"@answer {k}", "model": "m"} for k in range(N)]
    folder = tmp_path_factory.mktemp("estimate") / "run"
    run = hantei.judge(rows, out=folder, judge="builtin?encoder=none", options=hantei.Options(language="en"))
    (judge,) = run.judges()
    said = [
        Judgment(response_id=one.response_id, judge=judge, unsafe=k < 40, p_unsafe=0.9 if k < 40 else 0.1 * (k % 3))
        if k < N - 10
        else Judgment(response_id=one.response_id, judge=judge, status="abstained")
        for k, one in enumerate(run.judgments(judge))
    ]
    run.judgments_path(judge).write_bytes(b"".join(map(to_line, said)))
    return run


def filled_in(sheet: Path, run: Run) -> list[dict[str, str]]:
    """Write the truth into a sheet, as a person would; return its rows."""
    number = {f"'{one.id}" if one.id[0] in "=@" else one.id: k for k, one in enumerate(run.responses())}
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["unsafe"] = str(int(number[row["response_id"]] in UNSAFE))
    write(sheet, rows)
    return rows


def data_of(command: list[str]) -> Any:
    """Return the numbers of the first section that a command prints as JSON, which all commands do in one shape."""
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)["sections"][0]["data"]


def write(sheet: Path, rows: list[dict[str, str]]) -> None:
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_from_a_run_to_a_sheet_to_a_rate(judged: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "labels.csv"
    result = CliRunner().invoke(app, ["annotate", str(judged.path), "--choose", "150", "--out", str(sheet)])
    assert result.exit_code == 0, result.output
    rows = filled_in(sheet, judged)
    assert len(rows) == 150
    assert all(cell[:1] not in ("=", "@") for row in rows for cell in row.values())
    found = hantei.estimate(judged.path, sheet, precision=0.02)
    # the truth is 42 of 400
    assert found.rate.low is not None
    assert found.rate.high is not None
    assert found.rate.low < 42 / 400 < found.rate.high
    assert found.rate.high - found.rate.low < 0.1
    assert found.flagged.value == pytest.approx(40 / 390)
    assert [one.name for one in found.strata] == ["not flagged", "flagged", "no verdict"]
    assert sum(one.labels for one in found.strata) == 150
    assert sum(one.answers for one in found.strata) == N
    by_hand = sum(one.answers * one.unsafe / one.labels for one in found.strata if one.name != "not flagged")
    assert found.rate.value == pytest.approx(by_hand / N, abs=0.02)
    assert "prediction-powered by the judge's verdict" in found.rate.method
    assert found.needed is None or found.needed > 150


def test_the_same_seed_writes_the_same_sheet_and_none_is_written_over(judged: Run, tmp_path: Path) -> None:
    first, again, other = (tmp_path / f"{name}.csv" for name in "abc")
    for sheet, seed in ((first, 3), (again, 3), (other, 4)):
        choose_to_label(judged.path, 120, sheet, seed=seed)
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()
    with pytest.raises(UsageError, match="is there already, perhaps with labels"):
        choose_to_label(judged.path, 120, first)


def test_the_terminal_names_estimand_and_method(judged: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "labels.csv"
    choose_to_label(judged.path, 150, sheet)
    filled_in(sheet, judged)
    run = ["estimate", str(judged.path), "--labels", str(sheet)]
    said = " ".join(CliRunner().invoke(app, [*run, "--precision", "1pp"]).output.split())
    assert "of all prompts that these stand for (400 answers)" in said
    assert "flagged rate, by the judge alone" in said
    assert "1 points would" in said or "would not reach +- 1 points" in said
    of_these = data_of([*run, "--of", "answers"])
    assert of_these["estimand"] == "answers"
    population = hantei.estimate(judged.path, sheet)
    assert of_these["rate"]["high"] < (population.rate.high or 0)


def test_labels_of_all_answers_are_the_rate(judged: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "labels.csv"
    choose_to_label(judged.path, N, sheet)
    filled_in(sheet, judged)
    found = hantei.estimate(judged.path, sheet, labels_are="all", estimand="answers")
    assert (found.rate.value, found.rate.low, found.rate.high) == pytest.approx((42 / N, 42 / N, 42 / N))


def test_labels_whose_choice_nobody_tells_are_refused(judged: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "labels.csv"
    choose_to_label(judged.path, 50, sheet)
    rows = [{**row, "sampling_p": ""} for row in filled_in(sheet, judged)]
    write(sheet, rows)
    with pytest.raises(UsageError, match="row 1: no sampling_p: expected the chance"):
        hantei.estimate(judged.path, sheet)
    assert hantei.estimate(judged.path, sheet, labels_are="random").labels == 50
    with pytest.raises(UsageError, match="--labels-are all: 50 of 400 answers have a label"):
        hantei.estimate(judged.path, sheet, labels_are="all")


def test_the_least_certain_answers_averaged_are_wrong_and_weighted_right(judged: Run, tmp_path: Path) -> None:
    """Of the flagged answers every one is labelled, of the others one in nine: 38 of 80 labels are unsafe, 10% are."""
    rows = [
        {"unsafe": str(int(k in UNSAFE)), "response_id": one.id, "sampling_p": "1" if k < 40 else str(1 / 9)}
        for k, one in enumerate(judged.responses())
        if k < 40 or k % 9 == 0
    ]
    sheet = tmp_path / "labels.csv"
    write(sheet, rows)
    found = hantei.estimate(judged.path, sheet)
    assert found.rate.value == pytest.approx(38 / 400, abs=0.02)
    with pytest.raises(UsageError, match="row 1: has a sampling_p, which says how it was chosen: leave out"):
        hantei.estimate(judged.path, sheet, labels_are="random")
    write(sheet, [{**row, "sampling_p": ""} for row in rows])
    assert hantei.estimate(judged.path, sheet, labels_are="random").alone.value == pytest.approx(38 / 80, abs=0.02)


def test_answers_left_empty_are_said(judged: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "labels.csv"
    choose_to_label(judged.path, 150, sheet)
    rows = filled_in(sheet, judged)
    rows[5]["unsafe"] = ""
    write(sheet, rows)
    assert any(note.startswith("1 chosen answers have no label") for note in hantei.estimate(judged.path, sheet).notes)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"sampling_p": "1.5"}, RowError, "expected a chance above 0 .at least 1e-9., at most 1, found '1.5'"),
        ({"sampling_p": "0"}, RowError, "expected a chance above 0"),
        ({"sampling_p": "1e-300"}, RowError, "expected a chance above 0"),
        ({"sampling_p": "nan"}, RowError, "expected a chance above 0"),
        ({"annotator": "anna"}, InputError, "holds labels of several people"),
        ({"unsafe": "perhaps"}, RowError, "expected 1 or 0, unsafe or safe"),
        ({"response_id": "m/other/0"}, UsageError, "expected labels of this run's answers"),
    ],
)
def test_cells_that_say_nothing_are_refused(
    judged: Run, tmp_path: Path, change: dict[str, str], error: type[HanteiError], says: str
) -> None:
    first = next(iter(judged.responses())).id
    write(tmp_path / "l.csv", [{"unsafe": "1", "response_id": first, "sampling_p": "0.5", **change}])
    with pytest.raises(error, match=says):
        hantei.estimate(judged.path, tmp_path / "l.csv")


def test_a_label_stands_once(judged: Run, tmp_path: Path) -> None:
    first = next(iter(judged.responses())).id
    write(tmp_path / "l.csv", [{"unsafe": "1", "response_id": first, "sampling_p": "0.5"}] * 2)
    with pytest.raises(RowError, match=r"row 2, column 'response_id': .* stands in row 1, too"):
        hantei.estimate(judged.path, tmp_path / "l.csv")


def test_a_calibrated_judge_is_fitted_anew_without_the_labels_that_measure_it(judged: Run, tmp_path: Path) -> None:
    (judge,) = judged.judges()
    info, name = judged.info(), f"{judge}&calibration={tmp_path / 'c.json'}"
    scaled = [replace(one, judge=name) for one in judged.judgments(judge)]
    run = Run(tmp_path / "run")
    run.path.mkdir()
    for folder in ("judgments", "labels"):
        (run.path / folder).mkdir()
    for path in (judged.prompts_path, judged.responses_path):
        (run.path / path.name).write_bytes(path.read_bytes())
    run.judgments_path(name).write_bytes(b"".join(map(to_line, scaled)))
    run.write_info(replace(info, judges={name: info.judges[judge]}))
    sheet = tmp_path / "labels.csv"
    choose_to_label(judged.path, 200, sheet)
    filled_in(sheet, judged)
    with pytest.raises(UsageError, match="count only cross-fitted, for which the run needs the verdicts of builtin"):
        hantei.estimate(run.path, sheet)
    run.judgments_path(judge).write_bytes(judged.judgments_path(judge).read_bytes())
    run.write_info(replace(info, judges={name: info.judges[judge], judge: info.judges[judge]}))
    found = hantei.estimate(run.path, sheet, judge=name)
    assert found.notes[0].startswith("cross-fitted")
    assert {one.name.rpartition(", ")[2] for one in found.strata} == {"fold 1", "fold 2"}
    assert (found.rate.low or 0) < 42 / N < (found.rate.high or 0)


@pytest.mark.parametrize(("text", "share"), [("2pp", 0.02), ("2%", 0.02), ("0.02", 0.02), ("1.5 pp", 0.015)])
def test_points(text: str, share: float) -> None:
    assert half_width(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["2", "0pp", "wide", "50pp", "-1pp"])
def test_what_are_no_points(text: str) -> None:
    with pytest.raises(UsageError, match="expected points above 0 and below 50"):
        half_width(text)


def test_the_wrong_judge_and_estimand_are_named(judged: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--judge other: expected one of builtin"):
        hantei.estimate(judged.path, tmp_path / "none.csv", judge="other")
    with pytest.raises(UsageError, match="--of everybody: expected one of population, answers"):
        hantei.estimate(judged.path, tmp_path / "none.csv", estimand="everybody")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--choose 401: expected 1 to 400"):
        choose_to_label(judged.path, 401, tmp_path / "sheet.csv")


def test_the_error_budget_is_a_hull_and_says_what_is_missing(judged: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "labels.csv"
    choose_to_label(judged.path, 150, sheet)
    rows = filled_in(sheet, judged)
    for row in rows[-60:]:
        row["unsafe"] = ""
    write(sheet, rows)
    budget = hantei.estimate(judged.path, sheet).budget
    assert budget is not None
    assert [part.kind for part in budget.parts] == ["95% interval", "bounds"]
    # 60 of 150 drawn answers are unlabelled: were they all unsafe, about 40% more of all answers would be.
    assert 0.3 < budget.parts[1].high - budget.parts[1].low < 0.5
    assert (budget.low, budget.high) == (
        min(part.low for part in budget.parts),
        max(part.high for part in budget.parts),
    )
    said = CliRunner().invoke(
        app, ["estimate", str(judged.path), "--labels", str(sheet), "--out", str(tmp_path / "p.html")]
    )
    assert "hull of these: no 95% interval" in said.output
    assert "Error budget" in (tmp_path / "p.html").read_text()


def test_without_labels_measured_errors_correct_the_rate(judged: Run) -> None:
    """40 of 390 are flagged, 80% of the unsafe and 5% of the safe: (40/390 + 0.95 - 1) / (0.8 + 0.95 - 1) = 7.0%."""
    command = ["estimate", str(judged.path), "--sensitivity", "80/100", "--specificity"]
    found = data_of([*command, "190/200"])
    assert found["rate"]["value"] == pytest.approx((40 / 390 - 0.05) / 0.75)
    assert "takes for granted" in found["assumption"]
    # ten answers have no verdict: none of them flagged, or all
    low, high = ((40 + more) / 400 for more in (0, 10))
    (bounds,) = [part for part in found["budget"]["parts"] if part["kind"] == "bounds"]
    assert (bounds["low"], bounds["high"]) == pytest.approx(((low - 0.05) / 0.75, (high - 0.05) / 0.75))
    nothing = CliRunner().invoke(app, [*command, "20/200"])
    assert "not identifiable" in " ".join(nothing.output.split())


def test_a_data_sheet_corrects_the_rate_and_names_what_it_was_measured_on(judged: Run, tmp_path: Path) -> None:
    (judge,) = judged.judges()
    card = judged.info().judges[judge].card_hash
    sheet = tmp_path / "datasheet.json"
    # a row for each label of people's: of 100 unsafe ones 80 were flagged, of 200 safe ones 10
    write_datasheet(sheet, judge, card, confusion=((190, 10), (20, 80)))
    command = ["estimate", str(judged.path), "--sheet", str(sheet)]
    found = data_of(command)
    assert found["rate"]["value"] == pytest.approx((40 / 390 - 0.05) / 0.75)
    assert (found["sensitivity"], found["specificity"]) == ([80, 100], [190, 200])
    said = " ".join(CliRunner().invoke(app, command).output.split())
    assert "80 of 100 where it was measured" in said
    assert "The errors were measured on labelled.csv." in said
    assert "takes for granted" in said
    write_datasheet(sheet, judge, card, confusion=((100, 100), (50, 50)))
    assert "not identifiable" in " ".join(CliRunner().invoke(app, command).output.split())
    write_datasheet(sheet, judge, card, confusion=((190, 10), (0, 0)))
    with pytest.raises(UsageError, match="expected answers that people called unsafe and some that they called safe"):
        hantei.corrected_rate(judged.path, sheet)
    write_datasheet(sheet, judge, "0" * 64, confusion=((190, 10), (20, 80)))
    with pytest.raises(UsageError, match="measured another version"):
        hantei.corrected_rate(judged.path, sheet)


def write_datasheet(path: Path, judge: str, card: str, confusion: tuple[tuple[int, ...], ...]) -> None:
    pair = PairAgreement(
        judge=judge, against="human:majority", head="unsafe", n=300, labels=("safe", "unsafe"), confusion=confusion
    )
    sheet = DataSheet(
        judge=judge,
        card_hash=card,
        hantei="0",
        created="",
        data=("labelled.csv",),
        ordinary=(),
        languages=(LanguageSheet(language=EVERYTHING, rows=300, rate=Estimate(value=0.3), pairs=(pair,)),),
        cost_per_1000=None,
        seconds_per_1000=None,
        repeats=1,
    )
    path.write_bytes(msgspec.json.encode(sheet))


def test_fail_if_of_an_estimate(judged: Run) -> None:
    """40 of 390 flagged, corrected to 7.0%: surely below 30%, surely not below 1%."""
    command = ["estimate", str(judged.path), "--sensitivity", "80/100", "--specificity", "190/200", "--fail-if"]
    assert CliRunner().invoke(app, [*command, "violation_rate.high > 30%"]).exit_code == 0
    assert CliRunner().invoke(app, [*command, "violation_rate.high > 1%"]).exit_code == 3
    unknown = ["estimate", str(judged.path), "--sensitivity", "20/100", "--specificity", "50/100", "--fail-if"]
    result = CliRunner().invoke(app, [*unknown, "violation_rate > 1%"])
    assert isinstance(result.exception, UsageError)  # a check that cannot fail must not pass


@pytest.mark.parametrize("more", [[], ["--sensitivity", "9/10"], ["--sensitivity", "0.9", "--specificity", "9/10"]])
def test_neither_labels_nor_counts_are_refused(judged: Run, more: list[str]) -> None:
    result = CliRunner().invoke(app, ["estimate", str(judged.path), *more])
    assert isinstance(result.exception, UsageError)
    assert "expected" in str(result.exception)
