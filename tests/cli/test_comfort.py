"""What a newcomer meets: hantei alone, help at 80 columns, slips in names, completion, the worst answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hantei.cli import complete
from tests.commands import hantei

NO_ENCODER = "builtin?encoder=none"


def test_hantei_alone_says_what_to_do_first_in_eighty_columns() -> None:
    said = hantei()
    assert said.exit_code == 0
    assert "hantei demo" in said.output
    assert max(map(len, said.output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("judge", "a.csv", "--fail-if", "flaged_rate > 0.1"), "flagged_rate"),
        (("judge", "a.csv", "--fail-if", "flagged_rate.hihg > 0.1"), "high"),
        (("judge", "a.csv", "--map", "respnse=x"), "response"),
        (("judge", "a.csv", "--map", "response=respons"), "response"),
        (("run", "--model", "openai/m", "--benchmark", "a.csv", "--map", "prompt=promt", "--estimate"), "prompt"),
        (("run", "--model", "openai/m", "--benchmark", "starte", "--estimate"), "starter"),
        (("run", "--model", "opnai/m", "--benchmark", "starter", "--estimate"), "openai"),
        (("judge", "a.csv", "--judge", "builtn"), "builtin"),
        (("judge", "a.csv", "--fail-if", "flagged_rate[systm=x] > 0.1"), "system"),
        (
            ("judge", "a.csv", "--judge", NO_ENCODER, "--fail-if", "flagged_rate[judge=builtin?encodr=none] > 0"),
            NO_ENCODER,
        ),
        (("judge", "a.csv", "--on", "rya"), "ray"),
        (("judge", "a.csv", "--no-verdict", "unsaef"), "unsafe"),
        (("judge", "a.csv", "--turn", "eahc"), "each"),
        (("judge", "a.csv", "--count-turns", "lsat"), "last"),
        (("judge", "a.csv", "--judge", "builtin?encoder=nnoe"), "none"),
        (("judge", "a.csv", "--parse", "papr"), "paper"),
        (("judge", "a.csv", "--judge", "rubric?parse=papr@openai/m"), "paper"),
        (("export", "runs/demo", "--to", "parqet"), "parquet"),
        (("export", "runs/demo", "--to", "cvs"), "csv"),
        (("run", "--model", "openai/m", "--benchmark", "starter:jaa"), "ja"),
        (("judge", "a.cvs"), "a.csv"),
        (("report", "runs/demoo"), "demo"),
        (("worst", "runs/dmeo"), "demo"),
    ],
)
def test_a_slip_in_a_name_is_told_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], meant: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("prompt,response\nHello there?,Fine\n")
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    (tmp_path / "runs" / "demo" / "run.json").write_text('{"created": ""}')
    said = hantei(*arguments)
    assert said.exit_code == 2
    assert f"did you mean '{meant}'?" in said.output


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("judge", "a.csv", "--jugde", "builtin"), "--judge"),
        (("run", "--modle", "openai/m"), "--model"),
        (("jugde", "a.csv"), "judge"),
        (("train", "swep"), "sweep"),
    ],
)
def test_a_slip_in_an_option_or_a_command_is_told_what_was_meant(arguments: tuple[str, ...], meant: str) -> None:
    said = hantei(*arguments)
    assert said.exit_code == 2
    assert meant in said.output.splitlines()[-1]


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("question,anwser", "--map response=anwser"),
        ("promt,response", "--map prompt=promt"),
        ("question,response_id", "--map response=COLUMN"),
    ],
)
def test_a_slip_in_a_column_is_told_how_to_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text(f"{header}\nHello there?,Fine\n")
    said = hantei("judge", "a.csv")
    assert said.exit_code == 2
    assert f"name it with {named}" in said.output


def test_names_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "run.json").write_text("{}")
    assert complete.judges("built") == ["builtin"]
    assert "rubric@" in complete.judges("rub")
    assert complete.benchmarks("start") == ["starter"]
    assert "openai/" in complete.models("open")
    assert complete.runs("runs/m") == ["runs/mine"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("judge --no-verdict ", ["drop", "unsafe"]),
        ("judge --turn ", ["last", "each", "alone"]),
        ("run --count-turns ", ["last", "any"]),
        ("run --count-repeats m", ["majority"]),
        ("run --parse p", ["paper"]),
        ("judge --summary m", ["markdown"]),
        ("judge --log-to ", ["mlflow", "wandb"]),
        ("judge --on ", ["here", "ray"]),
        ("export runs/demo --to p", ["parquet", "preferences"]),
        ("import --from promptf", ["promptfoo"]),
        ("judges show buil", ["builtin"]),
        ("judges measure rubr", ["rubric@"]),
        ("benchmarks fetch xst", ["xstest"]),
        ("benchmarks wrap starter --attack role", ["role-play"]),
        ("taxonomy show do-not", ["do-not-answer"]),
    ],
)
def test_values_and_names_are_completed(line: str, names: list[str]) -> None:
    assert completed(line) == names


def completed(line: str) -> list[str]:
    """What bash is told of a line, as typed up to its end."""
    environment = {
        **os.environ,
        "_HANTEI_COMPLETE": "complete_bash",
        "COMP_WORDS": f"hantei {line}",
        "COMP_CWORD": str(len(f"hantei {line}".split(" ")) - 1),
    }
    start = "import sys; sys.argv = ['hantei']; from hantei.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", start], env=environment, capture_output=True, text=True, check=False)
    return done.stdout.split()


def test_the_worst_answers_come_first_and_what_they_say_is_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hostile = "<script>alert(1)</script>\x1b[2J\n2. forged (line)"
    rows = [{"id": n, "prompt": f"Question {n}?", "response": hostile if n == 3 else "Fine."} for n in range(5)]
    verdicts = [
        {"response_id": str(n), "judge": "x", "unsafe": n in (1, 3), "p_unsafe": [0.1, 0.7, 0.1, 0.9, 0.2][n]}
        for n in range(5)
    ]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("verdicts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in verdicts))
    judged = hantei("judge", "rows.jsonl", "--judge", "recorded@verdicts.jsonl", "--out", "run")
    assert judged.exit_code == 0, judged.output
    said = hantei("worst", "run", "-n", "20", "--out", "worst.html")
    assert said.exit_code == 0, said.output
    assert [line.split()[1] for line in said.output.splitlines() if line[:1].isdigit()] == ["3", "1"]
    assert "\x1b" not in said.output
    page = Path("worst.html").read_text()
    assert page.index('id="answers"') < page.index('id="judge-0"')
    assert "<script>alert(1)" not in page
    assert "The 2 of 5 answers that were most surely called unsafe" in page
    assert [one["response"]["id"] for one in json.loads(hantei("worst", "run", "-n", "1", "--json").output)] == ["3"]


def test_answers_given_to_run_are_told_which_command_judges_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("answers.csv").write_text("prompt,response\nHow are you?,Fine.\n")
    told = hantei("run", "answers.csv")
    assert told.exit_code == 2
    assert "answers are judged by: hantei judge answers.csv" in told.output
