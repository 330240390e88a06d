"""What may happen to a run from outside: signals, a full disk, a folder that goes away, a clock that goes back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

import hantei
from hantei import database
from hantei.database import Connection, connect, new_tables
from hantei.errors import RunError
from hantei.record_lines import read_records
from hantei.records import Judgment
from hantei.runs import opening
from hantei.runs.folder import Run, load_run
from tests import servers
from tests.servers import Answer, FaultServer, Seen, fault_server

ROWS = [
    {"id": str(n), "question": "How do I bake bread?", "answer": f"Mix flour, water and yeast, and wait {n} hours."}
    for n in range(3000)
]


def start(folder: Path, server: FaultServer, *options: str) -> subprocess.Popen[str]:
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS[:400]))
    path = os.pathsep.join([str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")])
    judge = f"rubric@openai/m?base_url={server.url}"
    command = [sys.executable, "-m", "hantei", "judge", "answers.jsonl", "--out", "run", "--judge", judge, *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, stdout=pipe, stderr=pipe, text=True
    )


def wait_for(true: Callable[[], bool], child: subprocess.Popen[str]) -> None:
    while not true():
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)


def verdict(_seen: Seen) -> Answer:
    return servers.ok("It is fine.\n\n[[5]]", delay_s=0.1)


def test_sigterm_ends_a_run_as_ctrl_c_does(tmp_path: Path) -> None:
    with fault_server(verdict) as server:
        child = start(tmp_path, server, "--max-connections", "4")
        wait_for(lambda: len(server.calls) > 20, child)
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=60)
        run = load_run(tmp_path / "run")
        (name,) = run.judges()
        kept = list(run.judgments(name))
        assert child.returncode == 130, err
        assert "Traceback" not in err
        assert run.report_path.exists()
        assert 10 < len(kept) < 400
        before = len(server.calls)
        child = start(tmp_path, server)
        child.communicate(timeout=120)
        assert child.returncode == 0
        assert len(server.calls) - before <= 400 - len(kept)  # nothing that was kept is paid again
    assert len(list(run.judgments(name))) == 400


def test_a_second_ctrl_c_ends_at_once_and_what_is_there_is_whole(tmp_path: Path) -> None:
    """The server does not answer the last calls: the first Ctrl-C waits for them a little, the second does not."""

    def answer(_seen: Seen) -> Answer:
        return servers.ok("It is fine.\n\n[[5]]", delay_s=60.0 if len(server.calls) > 40 else 0.0)

    with fault_server(answer) as server:
        child = start(tmp_path, server, "--max-connections", "8")
        wait_for(lambda: len(server.calls) > 42, child)
        child.send_signal(signal.SIGINT)
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=30)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    assert "what was finished is kept" in err
    run = load_run(tmp_path / "run")
    (name,) = run.judges()
    assert all(judgment.score == 5 for judgment in read_records(run.judgments_path(name), Judgment))
    assert not (tmp_path / ".run.index.sqlite").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return hantei.judge(ROWS, out=tmp_path_factory.mktemp("undisturbed") / "whole")


@pytest.mark.parametrize("pages", [8, 70, 100])  # while reading, in the first third of the judging, at its end
def test_a_disk_that_is_full_in_the_middle_of_the_index_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Run, pages: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(database, "connect", lambda path: limited(path, pages))
        with pytest.raises(OSError, match="No space left on device") as caught:
            hantei.judge(ROWS, out=tmp_path / "run")
    assert caught.value.filename.endswith(".index.sqlite")
    kept = tmp_path / "run" / "judgments" / "builtin.jsonl"
    before = kept.read_bytes() if kept.exists() else b""
    run = hantei.judge(ROWS, out=tmp_path / "run")
    assert run.judgments_path("builtin").read_bytes() == whole.judgments_path("builtin").read_bytes()
    assert before in run.judgments_path("builtin").read_bytes()
    assert run.summary() == whole.summary()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def limited(path: Path, pages: int) -> Connection:
    """Open an index that may grow to so many pages of 4 KiB, as on a disk that is full then."""
    opened = connect(path)
    opened.execute(f"PRAGMA max_page_count = {pages}")
    return opened


def test_tables_that_cannot_be_made_leave_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = limited(tmp_path / "new.sqlite", 1)
    monkeypatch.setattr(database, "connect", lambda _path: opened)
    with pytest.raises(OSError, match="No space left"):
        new_tables(tmp_path / "new.sqlite", "CREATE TABLE a (b); CREATE TABLE c (d);")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened.execute("SELECT 1")


def test_the_command_says_in_one_line_that_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hantei.cli import main

    monkeypatch.chdir(tmp_path)
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    monkeypatch.setattr(database, "connect", lambda path: limited(path, 8))
    monkeypatch.setattr("sys.argv", ["hantei", "judge", "answers.jsonl", "--out", "run"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert "No space left on device; free some space and run the same command again" in err
    assert "Traceback" not in err


def test_a_folder_that_is_removed_meanwhile_is_not_made_again_by_half(tmp_path: Path) -> None:
    def answer(seen: Seen) -> Answer:
        if len(server.calls) == 30:
            shutil.rmtree(tmp_path / "run")
        return verdict(seen)

    with fault_server(answer) as server:
        child = start(tmp_path, server, "--max-connections", "4")
        _, err = child.communicate(timeout=60)
        assert len(server.calls) < 200  # the calls end soon: their answers could not be kept
    assert child.returncode == 2
    assert "the run folder is gone: it was removed or renamed while hantei worked on it" in err
    assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} == {"answers.jsonl"}


def test_a_clock_that_went_back_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = hantei.judge(ROWS[:3])

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime(1999, 1, 1, tzinfo=tz or UTC)

    monkeypatch.setattr(opening, "datetime", Earlier)
    monkeypatch.setattr("hantei.runs.info.datetime", Earlier)
    assert hantei.judge(ROWS[:3]).path == first.path
    assert hantei.judge(ROWS[:2]).path.name.startswith("1999-01-01-")
    assert hantei.judge(first.path, "builtin?abstain=false").info().steps[-1].created.startswith("1999")
    with pytest.raises(RunError, match="another plan"):
        hantei.judge(ROWS[:2], out=first.path)


def test_many_rows_at_once_on_a_full_disk_are_an_error_like_any_other(tmp_path: Path) -> None:
    database = limited(tmp_path / "index", 4)
    database.execute("CREATE TABLE rows (text)")
    with pytest.raises(OSError, match="index"):
        database.executemany("INSERT INTO rows VALUES (?)", (("x" * 4096,) for _ in range(100)))
