"""Fitting a judge to labels: what it gains, what it refuses, and that the file holds for one version of one judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.optimize import minimize
from typer.testing import CliRunner

import hantei
from hantei.cli.app import app
from hantei.errors import InputError, UsageError
from hantei.judges import load_judge
from hantei.judges.base import CALIBRATION, split_setting, with_setting
from hantei.judges.calibrated import read_calibration
from hantei.metrics.calibration import fit_isotonic
from hantei.metrics.scaling import apply_line, fit_line, logits_of
from hantei.record_lines import to_line
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.training.calibration import calibrate


def overconfident(folder: Path, n: int, **more: Any) -> Run:
    """A run of a judge that says 0.99 or 0.6 of every answer, where 0.8 or 0.1 of them are unsafe."""
    rows = [
        {"id": str(k), "prompt": f"How do I repair item {k}?", "response": f"Take it apart, number {k}.", "unsafe": 0}
        for k in range(n)
    ]
    run = hantei.judge(rows, out=folder, options=hantei.Options(labels=True, language="en"))
    card_hash = run.info().judges["builtin"].card_hash
    judgments, labels = [], []
    for k in range(n):
        high = k % 2 == 0
        unsafe = (k // 2) % 10 < (8 if high else 1)
        p = 0.99 if high else 0.6
        said: dict[str, Any] = {"judge": "builtin", "unsafe": True, "p_unsafe": p, "card_hash": card_hash, **more}
        judgments.append(Judgment(response_id=str(k), **said))
        labels.append(Judgment(response_id=str(k), judge="human:given", unsafe=unsafe))
    run.judgments_path("builtin").write_bytes(b"".join(map(to_line, judgments)))
    run.judgments_path("human:given").write_bytes(b"".join(map(to_line, labels)))
    return run


def test_platt_takes_away_what_the_judge_is_too_sure_of(tmp_path: Path) -> None:
    run = overconfident(tmp_path / "run", 200)
    fitted = calibrate(run.path, tmp_path / "c.json")
    (scaling,) = fitted.calibration.scalings
    assert (scaling.head, scaling.kind, scaling.n) == ("unsafe", "line", {"safe": 110, "unsafe": 90})
    # As judged all 200 are called unsafe and 90 are; calibrated 80 of 100 and 90 of 100 are right.
    assert scaling.accuracy_before.value == pytest.approx(0.45)
    assert scaling.accuracy.value == pytest.approx(0.85)
    assert scaling.error_before.value == pytest.approx((0.19 + 0.5) / 2, abs=1e-3)
    assert scaling.error.value is not None
    assert scaling.error_before.value is not None
    assert scaling.error.value < scaling.error_before.value / 3
    judge = load_judge(f"builtin?calibration={tmp_path / 'c.json'}")
    high, low = (judge.scaled(Judgment(response_id="r", judge="builtin", unsafe=True, p_unsafe=p)) for p in (0.99, 0.6))  # type: ignore[attr-defined]
    assert (high.unsafe, low.unsafe) == (True, False)
    assert high.p_unsafe == pytest.approx(0.8, abs=0.03)
    assert low.p_unsafe == pytest.approx(0.1, abs=0.03)


def test_isotonic_is_chosen_where_it_predicts_better(tmp_path: Path) -> None:
    run = overconfident(tmp_path / "run", 400)
    # A judge that is right in the middle and wrong at both ends: no line can undo that.
    lines = []
    for k in range(400):
        p = (0.05, 0.5, 0.95)[k % 3]
        lines.append(to_line(Judgment(response_id=str(k), judge="builtin", p_unsafe=p, unsafe=p >= 0.5)))
    run.judgments_path("builtin").write_bytes(b"".join(lines))
    labels = [Judgment(response_id=str(k), judge="human:given", unsafe=k % 3 == 2) for k in range(400)]
    run.judgments_path("human:given").write_bytes(b"".join(map(to_line, labels)))
    (scaling,) = calibrate(run.path, tmp_path / "c.json").calibration.scalings
    assert scaling.accuracy.value == 1.0
    assert scaling.kind == "steps"


@pytest.mark.parametrize(("unsafe", "says"), [(9, "found 31 safe, 9 unsafe"), (0, "found 40 safe, 0 unsafe")])
def test_too_few_labels_are_refused_with_the_reason(tmp_path: Path, unsafe: int, says: str) -> None:
    run = overconfident(tmp_path / "run", 40)
    labels = [Judgment(response_id=str(k), judge="human:given", unsafe=k < unsafe) for k in range(40)]
    run.judgments_path("human:given").write_bytes(b"".join(map(to_line, labels)))
    with pytest.raises(UsageError, match=f"at least 10 labelled answers of each of two classes, {says}"):
        calibrate(run.path, tmp_path / "c.json")
    assert not (tmp_path / "c.json").exists()


def test_answers_of_the_training_data_are_left_out(tmp_path: Path) -> None:
    run = overconfident(tmp_path / "run", 40, in_training=True)
    with pytest.raises(UsageError, match=r"no labelled answer .*; 40 labelled answers were left out: .* was trained"):
        calibrate(run.path, tmp_path / "c.json")


def test_a_scaling_that_is_no_better_is_said_to_be_so(tmp_path: Path) -> None:
    """Nothing can be better than a judge that is always right and says 0 or 1."""
    run = overconfident(tmp_path / "run", 40)
    assert not [note for note in calibrate(run.path, tmp_path / "c.json").notes if "no better" in note]
    right = [replace(one, p_unsafe=float(k % 2)) for k, one in enumerate(run.judgments("builtin"))]
    labels = [Judgment(response_id=one.response_id, judge="human:given", unsafe=one.p_unsafe == 1) for one in right]
    run.judgments_path("builtin").write_bytes(b"".join(map(to_line, right)))
    run.judgments_path("human:given").write_bytes(b"".join(map(to_line, labels)))
    made = calibrate(run.path, tmp_path / "c.json")
    (scaling,) = made.calibration.scalings
    assert scaling.accuracy_before.value == scaling.accuracy.value == 1.0
    assert scaling.error_before.value == 0
    assert [note for note in made.notes if note.startswith("unsafe: no better than the judge as it is")]


def test_another_version_and_another_file_are_refused(tmp_path: Path) -> None:
    run = overconfident(tmp_path / "run", 40)
    out = tmp_path / "c.json"
    calibrate(run.path, out)
    data = json.loads(out.read_text())
    out.write_text(json.dumps({**data, "card_hash": "0" * 64}))
    with pytest.raises(UsageError, match="another judge or version"):
        load_judge(f"builtin?calibration={out}")
    out.write_text(json.dumps({**data, "format": 2, "hantei": "9.9"}))
    with pytest.raises(InputError, match=r"written by hantei 9\.9, which is newer"):
        read_calibration(out)
    out.write_text("[]")
    with pytest.raises(InputError, match="expected a file that hantei calibrate wrote"):
        read_calibration(out)
    with pytest.raises(UsageError, match="expected a file that hantei calibrate wrote"):
        load_judge(f"builtin?calibration={tmp_path / 'absent.json'}")


def test_from_the_command_line_to_calibrated_verdicts(tmp_path: Path) -> None:
    run = overconfident(tmp_path / "run", 100)
    out = tmp_path / "c.json"
    said = CliRunner().invoke(app, ["calibrate", str(run.path), "--labels", "human:*", "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert "45 unsafe" in said.output
    assert f"builtin?calibration={out}" in said.output
    again = hantei.judge(run.path, judge=f"builtin?calibration={out}")
    name = f"builtin?calibration={out}"
    assert {one.judge for one in again.judgments(name)} == {name}
    assert again.info().judges[name].rate_kind == "flagged"
    assert any("scaled to labels of human:given" in line for line in again.info().judges[name].notices)


def test_a_sheet_that_was_filled_in_calibrates_as_the_labels_in_the_run_do(tmp_path: Path) -> None:
    run = overconfident(tmp_path / "run", 100)
    given = {one.response_id: one.unsafe for one in run.judgments("human:given")}
    rows = [f"{name},{int(bool(unsafe))},0.5" for name, unsafe in given.items()]
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("\n".join(["response_id,harm?,sampling_p", *rows[:-1], "elsewhere,1,0.5"]))
    named = ["calibrate", str(run.path), "--labels", str(sheet), "--map", "unsafe=harm?"]
    said = CliRunner().invoke(app, [*named, "--out", str(tmp_path / "c.json"), "--json"])
    assert said.exit_code == 0, said.output
    (found,) = json.loads(said.output)["sections"]
    assert found["data"]["labels"] == "human:sheet"
    assert sum(found["data"]["scalings"][0]["n"].values()) == 99
    assert found["notes"][0] == f"rows of {sheet} that are of no answer of this run: 1"


def test_labels_that_are_no_file_and_no_person_are_refused(tmp_path: Path) -> None:
    run = overconfident(tmp_path / "run", 40)
    with pytest.raises(UsageError, match="expected a file, or human:NAME of the run; there is no such file"):
        calibrate(run.path, tmp_path / "c.json", labels="given")
    (tmp_path / "no_ids.csv").write_text("unsafe\n1\n")
    with pytest.raises(InputError, match="expected a column response_id or id, which says of which answer a row is"):
        calibrate(run.path, tmp_path / "c.json", labels=tmp_path / "no_ids.csv")


def test_rows_that_were_chosen_with_a_chance_weigh_by_it(tmp_path: Path) -> None:
    run = overconfident(tmp_path / "run", 200)
    lines = []
    for one in run.judgments("human:given"):
        # Unsafe rows were labelled always, safe ones one time in four: they stand for four.
        chance = 1.0 if one.unsafe else 0.25
        lines.append(
            to_line(Judgment(response_id=one.response_id, judge="human:given", unsafe=one.unsafe, sampling_p=chance))
        )
    run.judgments_path("human:given").write_bytes(b"".join(lines))
    calibrate(run.path, tmp_path / "c.json")
    judge = load_judge(f"builtin?calibration={tmp_path / 'c.json'}")
    high = judge.scaled(Judgment(response_id="r", judge="builtin", unsafe=True, p_unsafe=0.99))  # type: ignore[attr-defined]
    assert high.p_unsafe == pytest.approx(80 / (80 + 4 * 20), abs=0.04)


def test_the_line_is_scipys(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    shares = rng.dirichlet(np.ones(3), 200)
    label = rng.integers(0, 3, 200)
    weight = rng.uniform(0.5, 2.0, 200)
    line = fit_line(logits_of(shares), label, weight, np.array([True, True, True]))

    def loss(at: np.ndarray[Any, Any]) -> float:
        logits = at[0] * logits_of(shares) + np.array([0.0, at[1], at[2]])
        logits -= logits.max(axis=1, keepdims=True)
        missed = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(200), label]
        prior = 0.5 * ((at[0] - 1) ** 2 + 0.25 * (at[1] ** 2 + at[2] ** 2))
        return float(weight / weight.mean() @ missed + prior)

    oracle = minimize(loss, [1.0, 0.0, 0.0]).x
    assert [line.slope, *line.intercepts[1:]] == pytest.approx(oracle.tolist(), abs=1e-4)
    assert apply_line(line, logits_of(shares)).sum(axis=1) == pytest.approx(np.ones(200))


def test_a_judge_without_a_mistake_gets_a_finite_slope() -> None:
    shares = np.array([[0.9, 0.1]] * 10 + [[0.1, 0.9]] * 10)
    line = fit_line(logits_of(shares), np.array([0] * 10 + [1] * 10), np.ones(20), np.array([True, True]))
    assert 1 < line.slope < 4


def test_weighted_isotonic_is_that_of_repeated_rows() -> None:
    p, label = np.array([0.1, 0.2, 0.3]), np.array([1, 0, 1])
    repeated = fit_isotonic(np.repeat(p, [1, 3, 2]), np.repeat(label, [1, 3, 2]))
    assert fit_isotonic(p, label, np.array([1.0, 3.0, 2.0])) == pytest.approx(repeated)


@pytest.mark.parametrize(
    ("name", "plain", "file"),
    [
        ("builtin", "builtin", None),
        ("builtin?calibration=a%20b.json", "builtin", "a b.json"),
        (
            "rubric?abstain=false&calibration=c.json@openai/gpt-4o?x=1",
            "rubric?abstain=false@openai/gpt-4o?x=1",
            "c.json",
        ),
    ],
)
def test_the_setting_is_read_from_any_judges_name(name: str, plain: str, file: str | None) -> None:
    assert split_setting(name, CALIBRATION) == (plain, file)


def test_a_judge_that_gives_no_probability_is_refused(tmp_path: Path) -> None:
    run = overconfident(tmp_path / "run", 40, p_unsafe=None)
    with pytest.raises(UsageError, match="no labelled answer has both a label and a probability"):
        calibrate(run.path, tmp_path / "c.json")


def test_actions_are_scaled_where_two_of_them_have_labels(tmp_path: Path) -> None:
    shares = {"action": {"0": 0.6, "5": 0.4}}
    run = overconfident(tmp_path / "run", 60, probabilities=shares, action=0)
    labels = [
        Judgment(response_id=str(k), judge="human:given", unsafe=k % 2 == 0, action=5 if k % 3 else 0)
        for k in range(60)
    ]
    run.judgments_path("human:given").write_bytes(b"".join(map(to_line, labels)))
    _, action = calibrate(run.path, tmp_path / "c.json").calibration.scalings
    assert (action.head, action.n["0"], action.n["5"]) == ("action", 20, 40)
    assert action.accuracy_before.value == pytest.approx(1 / 3)
    assert action.accuracy.value == pytest.approx(2 / 3)


@pytest.mark.parametrize("file", ["anna@strict.json", "a&b+c?d#e.json", "100%.json", "評価 1.json", "judges/mine.json"])
@pytest.mark.parametrize("name", ["builtin", "builtin?mode=strict", "rubric@openai/m", "rubric?abstain=false@openai/m"])
def test_a_setting_comes_back_from_a_name_whatever_its_value(name: str, file: str) -> None:
    assert split_setting(with_setting(name, CALIBRATION, file), CALIBRATION) == (name, file)
