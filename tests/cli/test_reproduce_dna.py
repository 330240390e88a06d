from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from hantei.cli.reproduce import app
from tests.reproduce.do_not_answer.release import release

RUNNER = CliRunner()


def test_tables_are_printed_with_how_much_agrees(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["do-not-answer", "--data", str(release(tmp_path))])
    assert result.exit_code == 0, result.output  # a difference is counted, not an error
    assert "Table 11: Longformer less BERT by action" in result.output
    assert "Of 184 printed numbers" in result.output
    assert " !" in result.output


def test_json_and_a_page_at_once(tmp_path: Path) -> None:
    page = tmp_path / "out" / "page.html"
    result = RUNNER.invoke(app, ["do-not-answer", "--data", str(release(tmp_path)), "--json", "--out", str(page)])
    found = json.loads(result.output)
    assert found["compared"] == 184
    assert found["sections"]["areas"]["data"][0]["shares"] == [0.0, 0.0, 0.0, 1.0, 1.0]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
