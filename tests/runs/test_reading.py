"""What only reads a run: it writes nothing into the folder or beside it, and works where nothing may be written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import hantei
from hantei.cli import main
from hantei.runs.folder import Run

ROWS = [{"question": "How do I bake bread?", "answer": "Mix flour, water, salt and yeast, then wait."}] * 3


@pytest.fixture
def kept(tmp_path: Path) -> Run:
    (tmp_path / "kept").mkdir()
    return hantei.judge(ROWS, out=tmp_path / "kept" / "run")


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Return when each file and folder was changed: a folder is when a file in it came or went."""
    found = [folder, *folder.rglob("*")]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in found}


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["hantei", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_reports_and_exports_elsewhere_leave_a_run_untouched(kept: Run, tmp_path: Path) -> None:
    before = state(kept.path.parent)
    assert hantei.report(kept.path, tmp_path / "page.html").read_text().startswith("<!doctype html>")
    for to in ("csv", "parquet", "hf", "inspect"):
        assert hantei.export(kept.path, to, tmp_path / to).exists()
    assert state(kept.path.parent) == before


def test_a_report_elsewhere_is_of_what_is_there_now(
    kept: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The summary in the folder may be old or missing: rates that are printed are counted anew."""
    kept.summary_path.unlink()
    before = state(kept.path.parent)
    assert command(monkeypatch, "report", str(kept.path), "--out", str(tmp_path / "page.html"), "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["report"] == str(tmp_path / "page.html")
    assert {rate["denominator"] for rate in printed["rates"] if rate["metric"] == "flagged_rate"} == {3}
    assert state(kept.path.parent) == before


@pytest.mark.parametrize("name", [".", "../run", "./"])
def test_inside_its_folder_a_run_is_reported_and_exported(
    kept: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kept.path)
    kept.report_path.unlink()
    assert command(monkeypatch, "report", name) == 0
    assert kept.report_path.exists()
    assert command(monkeypatch, "export", name) == 0
    assert command(monkeypatch, "judge", name, "--judge", "builtin?abstain=false") == 0
    assert not [path for path in kept.path.parent.iterdir() if path != kept.path]


def test_two_readers_and_a_writer_do_not_take_each_others_index(kept: Run) -> None:
    with kept.lock(), kept.index() as one, kept.index() as other:
        assert one.counts() == other.counts()
        assert not os.path.lexists(kept.index_path)
