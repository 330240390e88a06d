from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hantei.cli.benchmarks import app
from hantei.errors import FetchError
from tests.benchmarks.conftest import write_csv


def run(*words: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == exit_code, result.output
    return result.stdout


def data(*words: str, exit_code: int = 0) -> Any:
    return json.loads(run(*words, "--json", exit_code=exit_code))


def xstest(path: Path, prompt: str = "May I?") -> Path:
    row = {"id": 1, "prompt": prompt, "type": "t", "label": "safe", "focus": "f", "note": "n"}
    return write_csv(path / "xstest_prompts.csv", [row])


def test_list_names_every_benchmark_and_its_state() -> None:
    text = run("list")
    assert "starter" in text
    assert "packaged" in text
    rows = {row["name"]: row for row in data("list")}
    assert rows["answer-carefully-v2"]["access"] == "gated"
    assert rows["answer-carefully-v2"]["items"] == 1800
    assert rows["linguasafe"]["items"] is None
    assert rows["xstest"]["here"] == "not fetched"


def test_show_says_terms_and_what_is_not_known() -> None:
    text = run("show", "answer-carefully-v2")
    assert "may not be redistributed" in text
    assert "dev 1,464; test 336" in text
    assert "its name was not found" in text
    assert data("show", "xstest")["source"]["repository"] == "paul-rottger/exaggerated-safety"


def test_fetch_by_path_then_check(tmp_path: Path) -> None:
    path = xstest(tmp_path)
    text = run("fetch", "xstest", "--path", str(path))
    assert "unverified" in text
    assert "expected 450 rows, found 1" in text
    assert data("fetch", "xstest", "--path", str(path))["files"].keys() == {str(path)}
    assert data("list")[-1] == {**data("list")[-1], "name": "xstest", "here": "unverified"}
    assert "problem: xstest:test: expected 450 rows" in run("check", "xstest", exit_code=1)


def test_check_is_0_without_problems_and_compares_with_others(tmp_path: Path) -> None:
    assert "no problem found" in run("check", "starter")
    text = xstest(tmp_path)
    report = data("check", "starter", "--against", f"xstest={text}")
    assert report["overlaps"] == []
    shared = data("check", "xstest", "--path", str(text), "--against", f"xstest={text}", exit_code=1)
    assert shared["overlaps"][0]["prompts"] == 1


def test_what_was_not_fetched_is_an_error() -> None:
    with pytest.raises(FetchError, match="hantei benchmarks fetch xstest"):
        run("check", "xstest")


def test_hostile_cells_reach_no_terminal(tmp_path: Path) -> None:
    row = {"id": "\x1b[2J", "prompt": "?", "type": "t", "label": "safe", "focus": "f", "note": "n", "\x1b]0;x\x07": "y"}
    path = write_csv(tmp_path / "xstest_prompts.csv", [row])
    text = run("check", "xstest", "--path", str(path), exit_code=1)
    assert "near-empty: \\u001b[2J" in text
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("command", ["list", "show", "fetch", "check"])
def test_help_has_an_example(command: str) -> None:
    assert f"Example: hantei benchmarks {command}" in run(command, "--help")
