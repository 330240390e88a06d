from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="the extra encoder is not installed: torch")

from hantei.cli.train import app
from hantei.training.encoder.run import TrainedEncoder


def _train(base: Path, file: Path, out: Path, *more: str) -> list[str]:
    small = ("--max-tokens", "32", "--epochs", "1", "--lr", "0.005", "--head", "unsafe")
    return ["encoder", str(file), "--model", str(base), "--out", str(out), *small, *more]


def test_the_command_prints_measures_and_the_judges_name(base: Path, file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, _train(base, file, tmp_path / "my judge"))
    assert done.exit_code == 0, done.output
    assert "validation rows" in done.output
    assert "my%20judge" in done.output.replace("\n", "")
    assert "60 rows, 30 prompts" in done.stderr


def test_the_command_prints_json_for_programs(base: Path, file: Path, tmp_path: Path) -> None:
    more = ("--json", "--folds", "system", "--only-folds", "west")
    done = CliRunner().invoke(app, _train(base, file, tmp_path, *more))
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {(m["data"], m["head"]) for m in found} == {("west", "unsafe")}


def test_of_several_processes_one_speaks(
    base: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = TrainedEncoder(tmp_path, ("unsafe",), (), None, first=False)
    monkeypatch.setattr("hantei.training.encoder.train", lambda *_: second)
    done = CliRunner().invoke(app, _train(base, file, tmp_path, "--json"))
    assert (done.exit_code, done.stdout) == (0, "")
