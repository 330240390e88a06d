from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hantei.cli.exchange import import_

RUNNER = CliRunner()
APP = typer.Typer(pretty_exceptions_enable=False)
APP.command("import")(import_)


def rows(*responses: str | None) -> str:
    made = ({"ID": number, "prompt": "What is it?", "response": text} for number, text in enumerate(responses))
    return "".join(json.dumps(row) + "\n" for row in made)


def test_a_run_folder_with_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("safety.jsonl").write_text(rows("It is a mole.", None))
    result = RUNNER.invoke(APP, ["safety.jsonl", "--from", "llm-jp-judge"])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0] == "2 answers, judged by nobody yet"
    (run,) = Path("runs").iterdir()
    assert run.name.endswith("-llm-jp-judge-safety")
    assert (run / "report.html").is_file()
    again = RUNNER.invoke(APP, ["safety.jsonl", "--from", "llm-jp-judge"])
    assert again.exit_code == 0
    assert list(Path("runs").iterdir()) == [run]  # the same files are there already


def test_rows_that_cannot_be_read_end_it_with_1(tmp_path: Path) -> None:
    file = tmp_path / "safety.jsonl"
    file.write_text(rows("It is a mole.") + '{"ID": 9}\n')
    command = [str(file), "--from", "llm-jp-judge", "--out", str(tmp_path / "run"), "--json"]
    result = RUNNER.invoke(APP, command)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["rejected"] == 1
    assert "1 rows could not be read" in result.stderr


def test_several_files_and_whose_they_are_is_said(tmp_path: Path) -> None:
    asked, results = tmp_path / "requests.jsonl", tmp_path / "results.jsonl"
    body = {"model": "m", "messages": [{"role": "user", "content": "What is it?"}]}
    asked.write_text("".join(json.dumps({"custom_id": key, "body": body}) + "\n" for key in "ab"))
    choice = {"message": {"content": "A mole."}, "finish_reason": "stop"}
    results.write_text(json.dumps({"custom_id": "a", "response": {"status_code": 200, "body": {"choices": [choice]}}}))
    result = RUNNER.invoke(APP, [str(asked), str(results), "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines() == [
        "read as openai-batch, by what is in the files (--from names another)",
        "requests without a result in these files, left out: 1; some may be in a second file",
    ]
    assert result.stdout.splitlines()[0] == "1 answers, judged by nobody yet"
