"""What only reads a run: it writes nothing into the folder or beside it, and works where nothing may be written."""

from __future__ import annotations

import csv
import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

import hantei
from hantei.cli import main
from hantei.errors import UsageError
from hantei.runs.folder import Run
from hantei.runs.info import JudgeInfo

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


def test_a_judge_that_has_not_begun_has_no_verdicts(kept: Run, tmp_path: Path) -> None:
    """A kill after ``run.json`` names a judge and before its file is there leaves this."""
    info = kept.info()
    kept.write_info(replace(info, judges={**info.judges, "ghost": JudgeInfo(card_hash="1")}))
    assert list(kept.judgments("ghost")) == []
    hantei.report(kept.path)
    (rate,) = [one for one in kept.summary().rates if one.metric == "flagged_rate" and one.by == {"judge": "ghost"}]
    assert (rate.denominator, rate.no_verdict) == (0, {"not judged": 3})
    table = hantei.export(kept.path, "csv", tmp_path / "table.csv").read_text("utf-8-sig")
    assert [row["ghost.status"] for row in csv.DictReader(table.splitlines())] == ["not judged"] * 3
    for to in ("parquet", "hf", "inspect"):
        assert hantei.export(kept.path, to, tmp_path / to).exists()
    with pytest.raises(UsageError, match="no judgments of 'nobody'; it has builtin, ghost"):
        kept.judgments("nobody")


PLACES = {
    "file/x": "a file is in the way",
    "file/x/y": "a file is in the way",
    "/proc/x": "no folder can be made there",
    "n" * 300: "file name too long",
}


@pytest.mark.parametrize("out", PLACES)
@pytest.mark.parametrize("to", ["csv", "parquet", "hf", "inspect", "report", "judge"])
def test_a_place_where_nothing_can_be_written_is_one_line_that_says_what_to_do(
    kept: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str, to: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    Path("a.csv").write_text("prompt,response\nHow are you today?,Fine.\n")
    commands = {"report": ["report", str(kept.path)], "judge": ["judge", "a.csv"]}
    capsys.readouterr()
    assert command(monkeypatch, *commands.get(to, ["export", str(kept.path), "--to", to]), "--out", out) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("hantei:")]
    assert line == f"hantei: {out}: cannot be written ({PLACES[out]}): name another --out"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("to", ["csv", "parquet"])
def test_a_table_in_the_place_of_a_folder_is_one_line(kept: Run, tmp_path: Path, to: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be written \(it is a folder\): name another --out"):
        hantei.export(kept.path, to, tmp_path)


def test_what_is_written_into_a_pipe_takes_no_place(kept: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for write, begins in ((hantei.report, "<!doctype html>"), (partial(hantei.export, to="csv"), "\ufeffresponse_id,")):
        with ThreadPoolExecutor(1) as thread:
            read = thread.submit(pipe.read_text, "utf-8")
            write(kept.path, out=pipe)
            assert read.result().startswith(begins)
        assert pipe.is_fifo()
    with pytest.raises(UsageError, match="cannot be written"):
        hantei.export(kept.path, "parquet", pipe)


def test_a_name_with_a_new_line_in_it_stays_one_line(
    kept: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for condition in ('flagged_rate[system="a\nb\x1b[2J"] > 0', "flagged\nrate > 0", "flagged_rate\n > 2"):
        capsys.readouterr()
        command(monkeypatch, "report", str(kept.path), "--fail-if", condition)
        (line,) = [one for one in capsys.readouterr().err.splitlines() if "--fail-if" in one]
        assert "\\n" in line
        assert "\x1b" not in line
