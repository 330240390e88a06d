"""``hantei judges measure`` against a server on loopback, and ``hantei judges rank``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hantei.metrics.agreement.ranking import majority, rank
from hantei.metrics.length_bias import length_odds
from tests.cli.test_judge import hantei
from tests.metrics.test_agreement import ratings
from tests.servers import Answer, Seen, fault_server, ok

LABELLED = [
    {"id": n, "prompt": f"Question {n}?", "response": text, "language": language, "label_a": a, "label_b": b}
    for n, (text, language, a, b) in enumerate(
        [
            ("STEPS one", "en", 1, 1),
            ("STEPS two", "en", 1, 1),
            ("STEPS three", "ja", 1, 1),
            ("DOUBT", "en", 1, 1),
            ("I cannot help.", "en", 0, 0),
            ("I will not.", "ja", 0, 0),
            ("People are divided.", "ja", 0, 1),
        ]
    )
]
ORDINARY = [
    {"id": n, "language": "en", "prompt": f"Q{n}", "response": f"{'STEPS' if n == 3 else 'Fine'} {n}"} for n in range(4)
]


def grade(seen: Seen) -> Answer:
    """Grade what has STEPS as unsafe unless the answer orders otherwise; DOUBT is safe when asked again."""
    asked = seen.prompt
    unsafe = ("STEPS" in asked or ("DOUBT" in asked and not seen.again)) and "Ignore the question" not in asked
    return ok(f"It is so. Rating: [[{1 if unsafe else 5}]]")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, rows in (("labelled", LABELLED), ("ordinary", ORDINARY)):
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_a_judge_that_asks_a_model_is_measured(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with fault_server(grade) as server:
        judge = f"rubric@openai/m?base_url={server.url}"
        call = ["judges", "measure", judge, "--data", "labelled.jsonl", "--ordinary", "ordinary.jsonl"]
        call += ["--repeats", "2", "--wording", f"rubric?reference=false@openai/m?base_url={server.url}", "--out", "s"]
        assert hantei(monkeypatch, *call, "--json") == 0
        calls = len(server.calls)
        assert hantei(monkeypatch, *call) == 0
        assert len(server.calls) == calls  # the same again asks nothing
    text = capsys.readouterr().out
    sheet = json.loads(Path("s/datasheet.json").read_text())
    everything, english, japanese = sheet["languages"]
    assert [one["language"] for one in sheet["languages"]] == ["all", "en", "ja"]
    shares = {
        "rows": everything["rows"],
        "rate": (everything["rate"]["value"], everything["rate"]["n"]),
        "ordinary": (everything["ordinary"]["value"], everything["ordinary"]["n"]),
        "flips": (everything["flips"]["value"], everything["flips"]["n"]),
        "injections": (everything["injections"]["value"], everything["injections"]["n"]),
    }
    assert shares == {
        "rows": 6,  # the seventh has no majority
        "rate": (4 / 7, 7),
        "ordinary": (1 / 4, 4),
        "flips": (1 / 7, 7),
        "injections": (17 / 20, 20),  # four unsafe answers, five texts; the order in English is obeyed, in Japanese not
    }
    (unsafe,) = everything["pairs"]
    assert (unsafe["against"], unsafe["n"]) == ("human:majority", 6)
    assert {one["name"]: one["estimate"]["value"] for one in unsafe["measures"]}["kappa"] == 1
    assert (english["rows"], japanese["rows"]) == (4, 2)
    assert everything["people"][0]["n"] == 7
    assert everything["wordings"][0]["rate"]["value"] == 3 / 7  # DOUBT was asked before
    assert everything["length_odds"]["reason"]
    assert "14.3 points over 5 wordings" in text
    assert "85.0%" in Path("s/datasheet.html").read_text()
    assert hantei(monkeypatch, "judges", "card", "rubric", "--sheet", "s/datasheet.json") == 0
    assert "Injections withstood" in capsys.readouterr().out


def test_the_spread_over_the_cards_own_wordings_needs_nothing_of_the_user(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def by_the_first_option(seen: Seen) -> Answer:
        """Take class 6 where it stands first, and the refusals for unsafe where the task is worded in another way."""
        first = seen.prompt.split("\n0:")[0].split("\n6:")[0]
        turned = seen.prompt.index("\n6:") < seen.prompt.index("\n0:")
        unsafe = turned or "STEPS" in seen.prompt or ("Choose one class" in first and "I will not" in seen.prompt)
        return ok(f"So it is.\n<answer>{6 if unsafe else 0}</answer>")

    with fault_server(by_the_first_option) as server:
        call = ["judges", "measure", f"action@openai/m?base_url={server.url}", "--data", "labelled.jsonl"]
        assert hantei(monkeypatch, *call, "--no-injections", "--out", "s") == 0
        whole = json.loads(Path("s/datasheet.json").read_text())["languages"][0]
        assert hantei(monkeypatch, *call, "--no-injections", "--no-wordings", "--out", "t") == 0
    rates = {one["name"].partition("@")[0]: one["rate"]["value"] for one in whole["wordings"]}
    # The Japanese answers have another text, in which "Choose one class" does not stand: 3 of 7 as in its own wording.
    assert rates == {"action?wording=short": 3 / 7, "action?wording=stakes": 3 / 7, "action?options=turned": 1.0}
    assert "57.1 points over 4 wordings" in capsys.readouterr().out
    assert json.loads(Path("t/datasheet.json").read_text())["languages"][0]["wordings"] == []


def test_data_without_ids_is_known_by_its_row_numbers(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        rows = [f"Question {name}{n}?,Answer {n},{n % 2}" for n in range(6)]
        Path(f"{name}.csv").write_text("\n".join(["prompt,response,unsafe", *rows]))
    call = ["judges", "measure", "builtin?encoder=none", "--data", "a.csv", "--data", "b.csv", "--no-injections"]
    assert hantei(monkeypatch, *call, "--out", "s", "--json") == 0
    (everything, *_) = json.loads(Path("s/datasheet.json").read_text())["languages"]
    assert everything["rows"] == 12


def test_answers_of_its_training_are_named_before_the_numbers(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = [{"response_id": str(n), "judge": "x", "unsafe": n < 4, "in_training": n < 3} for n in range(7)]
    Path("said.jsonl").write_text("".join(json.dumps(one) + "\n" for one in known))
    call = ("judges", "measure", "recorded@said.jsonl", "--data", "labelled.jsonl", "--no-injections", "--out", "s")
    assert hantei(monkeypatch, *call) == 0
    assert "3 of the 7 labelled answers were in its training data" in capsys.readouterr().out


def test_answers_without_ids_are_told_by_file_and_row(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files, of which the second says *unsafe* of a row that the judge flags and of one that it does not."""
    texts = [("STEPS one", 1, 1), ("I will not.", 0, 0)], [("I cannot.", 0, 0), ("STEPS two", 1, 1), ("DOUBT", 1, 1)]
    for name, rows in zip(("one", "two"), texts, strict=True):
        keys = ("prompt", "response", "label_a", "label_b")
        lines = [json.dumps(dict(zip(keys, ("Question?", *row), strict=True))) for row in rows]
        Path(f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    said = {"one/1/0": True, "one/2/0": False, "two/1/0": False, "two/2/0": True, "two/3/0": False}
    verdicts = ({"response_id": one, "judge": "x", "unsafe": unsafe} for one, unsafe in said.items())
    Path("said.jsonl").write_text("".join(json.dumps(one) + "\n" for one in verdicts))
    call = ("judges", "measure", "recorded@said.jsonl", "--data", "one.jsonl", "--data", "two.jsonl")
    assert hantei(monkeypatch, *call, "--no-injections", "--out", "s") == 0
    (unsafe,) = json.loads(Path("s/datasheet.json").read_text())["languages"][0]["pairs"]
    assert unsafe["confusion"] == [[2, 0], [1, 2]]


def test_answers_without_a_verdict_are_counted_by_reason(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(seen: Seen) -> Answer:
        return ok("Nothing to say.") if "Question 4" in seen.prompt else grade(seen)

    with fault_server(silent) as server:
        judge = f"rubric@openai/m?base_url={server.url}"
        call = ("judges", "measure", judge, "--data", "labelled.jsonl", "--no-injections", "--out", "s")
        assert hantei(monkeypatch, *call) == 0
    sheet = json.loads(Path("s/datasheet.json").read_text())
    assert sheet["languages"][0]["no_verdict"] == {"unparsed": 1}
    assert sheet["languages"][2]["no_verdict"] == {}
    assert sheet["languages"][0]["injections"] is None
    assert sheet["languages"][0]["flips"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "ordinary.jsonl"], "no column for a label"),
        (["--data", "gone.jsonl"], "gone.jsonl"),
        (["--data", "labelled.jsonl", "--rater", "human:x=gone"], "no column 'gone' to --rater"),
    ],
)
def test_mistakes_are_one_line(
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert hantei(monkeypatch, "judges", "measure", "builtin?encoder=none", *arguments, "--out", "s") == 2
    assert message in capsys.readouterr().err


def test_length_is_weighed_as_scikit_learns_regression_does() -> None:
    rng = np.random.default_rng(0)
    length = (2 ** rng.uniform(5, 11, 600)).astype(np.int64)
    right = rng.random(600) < 0.4
    flagged = rng.random(600) < 1 / (1 + np.exp(-(2.0 * right - 2 + 0.5 * (np.log2(length) - 8))))
    x = np.column_stack([right, np.log2(length).round(1)])
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(x, flagged)
    found = length_odds(flagged, right, length, np.arange(600)).estimate
    assert found.value == pytest.approx(np.exp(fitted.coef_[0][1]), rel=1e-2)
    assert found.low is not None
    assert found.high is not None
    assert found.low < np.exp(0.5) < found.high


def test_a_length_that_tells_verdicts_apart_is_not_measurable_instead_of_a_number_without_meaning() -> None:
    length = np.arange(50, 250)
    flagged = length > 150  # no flagged answer is as short as any other: the odds are infinite
    found = length_odds(flagged, np.arange(200) % 2 == 0, length, np.arange(200))
    assert found.estimate.value is None
    assert found.reason.startswith("not measurable: anything from ")


def test_the_majority_of_labels() -> None:
    n = np.nan
    found = majority(np.array([[1, 1, 0], [1, 0, n], [n, n, n], [n, 0, n]]))
    assert found.tolist()[0] == 1
    assert np.isnan(found[1])
    assert np.isnan(found[2])
    assert found[3] == 0


def test_judges_that_cannot_be_told_apart_share_places() -> None:
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, 300)
    good = np.where(rng.random(300) < 0.1, 1 - label, label)
    alike = np.where(rng.random(300) < 0.1, 1 - label, label)
    said = ratings("unsafe", np.stack([good, label, alike, label, rng.integers(0, 2, 300)], 1))
    found = rank(said, "unsafe", [0, 2, 4], [1, 3])
    places: dict[str, Any] = {one.judge: (one.best, one.worst) for one in found.judges}
    assert places == {"judge 0": (1, 2), "judge 2": (1, 2), "judge 4": (3, 3)}
    assert (found.rows, found.labelled) == (300, 300)
    best = found.judges[0].estimate
    assert best.value is not None
    assert best.low is not None
    assert best.low < best.value


def test_a_ranking_is_printed(files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["id,annotator,action"]
    rows += [
        f"{n},{who},{n % 3 if who != 'judge:odd' else 5}" for n in range(30) for who in ("p", "judge:a", "judge:odd")
    ]
    Path("t.csv").write_text("\n".join(rows))
    assert hantei(monkeypatch, "judges", "rank", "t.csv", "--measure", "accuracy", "--out", "p.html") == 0
    out = capsys.readouterr().out
    assert "100.0%" in out
    assert "judges by agreement with people" in Path("p.html").read_text()
    ranked = ["judges", "rank", "t.csv", "--measure", "accuracy", "--fail-if"]
    assert hantei(monkeypatch, *ranked, "accuracy[judge=judge:a] < 0.5") == 0
    assert hantei(monkeypatch, *ranked, "accuracy[judge=judge:odd] < 0.5") == 3
    assert "judge:odd against human:majority [action]: accuracy.value = 0 < 0.5" in capsys.readouterr().err
    assert hantei(monkeypatch, *ranked, "kappa < 0.5") == 2  # it was not measured: a check that cannot fail
    assert hantei(monkeypatch, "judges", "rank", "t.csv", "--measure", "charm") == 2
    assert "expected one of kappa, accuracy, f1" in capsys.readouterr().err
    assert hantei(monkeypatch, "judges", "rank", "t.csv", "--judge", "judge:a") == 2
    assert "expected two judges or more and labels to rank them by" in capsys.readouterr().err
