"""``hantei agreement`` on tables, on a run folder, and on public data sets."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from hantei.inputs.label_files import LabelFiles
from hantei.reproduce.do_not_answer.reading import GPT4_ACTIONS, GPT4_HARMFUL
from hantei.tasks.agreeing import AgreementOptions, agreement
from hantei.training.builtin.sources import DNA_MODELS
from tests.cli.test_judge import hantei

TABLE = """\
id,model,language,question,answer,label_ann,label_bo
1,m,en,How do I bake?,Mix flour.,safe,safe
2,m,en,How do I rob?,Like this.,unsafe,unsafe
3,m,ja,Q3,<script>alert(1)</script>,safe,unsafe
4,m,ja,Q4,A4,unsafe,unsafe
5,n,ja,Q5,A5,safe,
6,n,en,Q6,A6,safe,safe
"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("labels.csv").write_text(TABLE)
    return Path("labels.csv")


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_two_people_in_two_columns(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hantei(monkeypatch, "agreement", "labels.csv", "--by", "language", "--json") == 0
    out = printed(capsys)
    assert out["judges"] == ["human:ann", "human:bo"]
    whole, english, japanese = out["sections"][0]["data"]["pairs"]
    assert (whole["n"], whole["only_judge"], whole["only_against"]) == (5, 1, 0)
    numbers = {one["name"]: one["estimate"]["value"] for one in whole["measures"]}
    assert numbers["accuracy"] == 4 / 5
    assert numbers["kappa"] == pytest.approx((4 / 5 - 12 / 25) / (1 - 12 / 25))  # chance: 2/5 x 3/5 + 3/5 x 2/5
    assert whole["confusion"] == [[2, 0], [1, 2]]
    assert (english["by"], english["n"]) == ({"language": "en"}, 3)
    assert (japanese["by"], japanese["n"]) == ({"language": "ja"}, 2)
    (worst,) = out["sections"][-1]["data"]
    assert (worst["id"], worst["said"]) == ("3", {"human:ann": "safe", "human:bo": "unsafe"})


def test_the_terminal_and_the_page_show_the_same(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hantei(monkeypatch, "agreement", "labels.csv", "--out", "page.html") == 0
    out = capsys.readouterr().out
    page = Path("page.html").read_text()
    for text in ("human:ann against human:bo", "80.0%", "4/5", "0.615", "Rows on which judges differ most"):
        assert text in out
        assert text in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_condition_that_holds_exits_with_3(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hantei(monkeypatch, "agreement", "labels.csv", "--fail-if", "kappa < 0.7") == 3
    assert "kappa.value = 0.6154 < 0.7" in capsys.readouterr().err
    assert hantei(monkeypatch, "agreement", "labels.csv", "--fail-if", "accuracy[head=unsafe].high < 50%") == 0
    by = ("--by", "language")
    assert hantei(monkeypatch, "agreement", "labels.csv", *by, "--fail-if", "accuracy[language=ja] < 0.6") == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fail-if", "kapa < 1"], "expected MEASURE.FIELD < NUMBER"),
        (["--fail-if", "kappa[head=action] < 1"], "no kappa was measured of these"),
        (["--fail-if", "kappa[language=en].low < 1", "--by", "language"], "has no low: every drawn replicate"),
        (["--judge", "human:cy"], "no judge 'human:cy'; there are human:ann, human:bo"),
        (["--head", "score"], "nobody said it; there are unsafe"),
        (["--by", "colour"], "--by colour: expected a column of the file"),
        (["--scale", "metric"], "expected one of nominal, ordinal, interval"),
        (["--rater", "=x"], "expected NAME=COLUMN or COLUMN"),
        (["--rater", "label_ann"], "expected two judges to compare, found human:label_ann; "),
    ],
)
def test_mistakes_are_one_line(
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert hantei(monkeypatch, "agreement", "labels.csv", *arguments) == 2
    assert message in capsys.readouterr().err


def test_two_raters_without_a_row_in_common(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("apart.csv").write_text("id,annotator,unsafe\n1,a,0\n2,b,1\n")
    assert hantei(monkeypatch, "agreement", "apart.csv") == 2
    assert "no two of these judges said something of the same response" in capsys.readouterr().err


def test_a_file_a_person(table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("ann.csv").write_text("id,action\n1,0\n2,5\n")
    Path("bo.csv").write_text("id,action\n2,5\n1,1\n3,2\n")
    assert hantei(monkeypatch, "agreement", "ann.csv", "bo.csv", "--json") == 0
    (pair,) = printed(capsys)["sections"][0]["data"]["pairs"]
    assert (pair["judge"], pair["against"], pair["n"], pair["only_against"]) == ("human:ann", "human:bo", 2, 1)


def test_rows_of_two_files_belong_together_by_response_id(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ann.csv").write_text("response_id,unsafe\nm/1/0,1\nm/2/0,0\nm/3/0,0\n")
    Path("bo.csv").write_text("response_id,unsafe\nm/3/0,0\nm/4/0,1\nm/1/0,1\n")
    assert hantei(monkeypatch, "agreement", "ann.csv", "bo.csv", "--json") == 0
    (pair,) = printed(capsys)["sections"][0]["data"]["pairs"]
    assert (pair["n"], pair["confusion"]) == (2, [[1, 0], [0, 1]])  # m/1 and m/3; by row number 3 would be compared


def test_rows_of_two_files_are_not_put_together_by_their_number(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ann.csv", "bo.csv"):
        Path(name).write_text("note,unsafe\nx,1\ny,0\n")
    assert hantei(monkeypatch, "agreement", "ann.csv", "bo.csv") == 2
    assert "ann.csv: expected a column response_id, id or prompt" in capsys.readouterr().err


def test_one_person_twice_on_one_answer_is_a_mistake(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("twice.csv").write_text("id,annotator,unsafe\n1,a,0\n1,a,1\n")
    assert hantei(monkeypatch, "agreement", "twice.csv") == 2
    assert "row 2: human:a has another label of the same answer in an earlier row" in capsys.readouterr().err


def test_by_guideline(table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["id,annotator,guideline,unsafe"]
    rows += [f"{n},{who},strict,{n % 2}" for n in range(6) for who in "ab"]
    rows += [f"{n},{who},loose,{int(n == 1 or (n == 2 and who == 'a'))}" for n in range(6) for who in "ab"]
    Path("two.csv").write_text("\n".join(rows))
    assert hantei(monkeypatch, "agreement", "two.csv", "--by", "guideline", "--json") == 0
    out = printed(capsys)
    assert "human:a (strict)" in out["judges"]
    groups = {one["key"]: one["data"] for one in out["sections"]}["agreement-unsafe-together"]["groups"]
    alphas = {one["by"].get("guideline"): one["measures"][-1]["estimate"]["value"] for one in groups}
    assert alphas["strict"] == 1
    assert 0 < alphas["loose"] < 1  # 5 of 6 alike


def test_a_run_and_more_labels(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("answers.csv").write_text(TABLE.replace("label_ann", "unsafe"))
    assert hantei(monkeypatch, "judge", "answers.csv", "--labels", "--out", "run") == 0
    Path("cy.csv").write_text("id,model,unsafe\n1,m,0\n2,m,1\n99,m,1\n")
    capsys.readouterr()
    assert hantei(monkeypatch, "agreement", "run", "--labels", "cy.csv", "--json") == 0
    assert printed(capsys)["judges"] == ["builtin", "human:cy"]
    both = ["--labels", "cy.csv", "--labels", "human:*"]
    assert hantei(monkeypatch, "agreement", "run", *both, "--by", "system", "--json") == 0
    out = printed(capsys)
    assert out["judges"] == ["builtin", "human:given", "human:cy"]
    assert any("1 rows of --labels belong to no response" in note for note in out["notes"])
    sections = {one["key"]: one["data"] for one in out["sections"]}
    given = {(one["judge"], one["against"]): one for one in sections["agreement-unsafe"]["pairs"] if not one["by"]}
    assert given["builtin", "human:given"]["n"] == 6
    assert given["human:given", "human:cy"]["n"] == 2
    assert hantei(monkeypatch, "agreement", "run", "--labels", "cy.csv", "--judge", "builtin", "--by", "colour") == 2
    assert "a run is divided by one of language, harm_type" in capsys.readouterr().err
    Path("none.csv").write_text("id,unsafe\nx,1\n")
    assert hantei(monkeypatch, "agreement", "run", "--labels", "none.csv") == 2
    assert "none of its 1 rows belongs to one" in capsys.readouterr().err


def measured(files: list[Path], **options: Any) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The numbers over all rows by head and pair."""
    found = agreement(files, AgreementOptions(files=LabelFiles(**options)))
    return {
        (one.head, one.judge, one.against): {m.name: m.estimate.value for m in one.measures}
        for one in found.pairs
        if not one.by
    }


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def test_gpt4_against_people_on_do_not_answer(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "dna.csv"
    with path.open("w") as file:
        out = csv.writer(file)
        out.writerow(["id", "system", "unsafe_people", "action_people", "unsafe_gpt4", "action_gpt4"])
        for model in DNA_MODELS:
            people = csv.DictReader(lines(data / f"do_not_answer/human/annotated_response_{model}.csv"))
            judge = csv.DictReader(lines(data / f"do_not_answer/judges/GPT4_{model}.csv"))
            for one, other in zip(people, judge, strict=True):
                said = int(other["action"])
                label = [one["harmful"], one["action"], int(said == GPT4_HARMFUL), GPT4_ACTIONS[said]]
                out.writerow([one["id"], model, *label])
    found = measured([path])
    assert found["action", "human:people", "human:gpt4"]["kappa"] == pytest.approx(0.887, abs=5e-4)
    assert found["unsafe", "human:people", "human:gpt4"]["kappa"] == pytest.approx(0.766, abs=5e-4)


def test_the_two_annotators_of_xstest(data: Path) -> None:
    """Each file says in a column of its own how often they agree: 443 and 439 of 450."""
    for file, agreed in (("completions_gpt4.csv", 443), ("completions_mistralinstruct.csv", 439)):
        found = measured([data / "xstest" / file])
        assert found["refusal", "human:1", "human:2"]["accuracy"] == agreed / 450


def test_convabuse_has_up_to_eight_raters_with_gaps(data: Path) -> None:
    import krippendorff

    path = data / "convabuse/ConvAbuse_test.json"
    found = agreement([path], AgreementOptions(worst=0))
    (everybody,) = found.groups
    rows = json.loads(path.read_text()).values()
    names = sorted({name for row in rows for name in row["annotators"].split(",")})
    numbers = [[float("nan")] * len(rows) for _ in names]
    for place, row in enumerate(rows):
        for name, label in zip(row["annotators"].split(","), row["annotations"].split(","), strict=True):
            numbers[names.index(name)][place] = int(label)
    for measure in everybody.measures[1:]:
        level: Any = measure.name.removeprefix("alpha_")
        assert measure.estimate.value == pytest.approx(krippendorff.alpha(numbers, level_of_measurement=level))


def test_square_has_a_list_of_people_in_each_row(data: Path) -> None:
    path = data / "square_ko/response_test_ood_annotations.json"
    raters = {"human:raw": "raw_annotations.Q2: Acceptable or Non-acceptable"}
    options = AgreementOptions(files=LabelFiles(raters=raters, unsafe=frozenset({"non-acceptable"})))
    found = agreement([path], options)
    assert len(found.judges) == len({w["workerID"] for r in json.loads(path.read_text())
                                     for w in r["raw_annotations"]["Q2: Acceptable or Non-acceptable"]})  # fmt: skip
    assert found.groups[0].n == 480
    assert found.pairs == ()
    assert "make" in found.notes[0]


def test_pandalm_and_llm_safety_judge(data: Path) -> None:
    from sklearn.metrics import cohen_kappa_score

    path = data / "pandalm_3annotators/testset-v1.json"
    rows = json.loads(path.read_text())
    found = measured([path], scale="nominal")
    for one, other in ((1, 2), (1, 3), (2, 3)):
        expected = cohen_kappa_score([r[f"annotator{one}"] for r in rows], [r[f"annotator{other}"] for r in rows])
        assert found["label", f"human:{one}", f"human:{other}"]["kappa"] == pytest.approx(expected)
    path = data / "llm_safety_judge/natural_300_adjudicated.json"
    rows = json.loads(path.read_text())
    raters = {"qwen": "_judge_qwen7b", "human:adjudicated": "adjudicated"}
    kappa = measured([path], raters=raters)["unsafe", "qwen", "human:adjudicated"]["kappa"]
    labels = [row["adjudicated"] == "UNSAFE" for row in rows]
    assert kappa == pytest.approx(cohen_kappa_score([row["_judge_qwen7b"] for row in rows], labels))


def test_what_is_missing_is_said_with_the_way_to_get_it(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bare.csv").write_text("prompt,response\nHow are you?,Fine.\n")
    assert hantei(monkeypatch, "agreement", "bare.csv") == 2
    assert "name one with --rater NAME=COLUMN" in capsys.readouterr().err
    assert hantei(monkeypatch, "judge", "bare.csv", "--out", "run") == 0
    for command in (["agreement", "run"], ["judges", "rank", "run"], ["calibrate", "run", "--out", "c.json"]):
        assert hantei(monkeypatch, *command) == 2
        assert "hantei judge FILE --labels" in capsys.readouterr().err, command
