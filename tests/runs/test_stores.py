"""Files in a store: what is said of them where Ray Data does not read them (``tests/engine/ray_cases.py``: where it
does)."""

from __future__ import annotations

from pathlib import Path

import pytest

import hantei
from hantei.errors import UsageError
from hantei.tasks.run_file import RunFile, load_run_file, save_run_file

JUDGE = "builtin?encoder=none"


def test_only_ray_reads_from_a_store(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"s3://bucket/a.parquet: only --on ray reads from a store .*hantei\[ray\]"):
        hantei.judge("s3://bucket/a.parquet", JUDGE, tmp_path / "run")


def test_files_here_do_not_stand_beside_files_in_a_store(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"s3://bucket/a.parquet: expected files in a store, found others"):
        hantei.judge(["s3://bucket/a.parquet", "b.jsonl"], JUDGE, tmp_path / "run", hantei.Options(on="ray"))


def test_a_run_file_elsewhere_names_the_same_store(tmp_path: Path) -> None:
    save_run_file(RunFile(answers=("gs://bucket/a/", "b.jsonl"), on="ray"), tmp_path / "judging.toml")
    loaded = load_run_file(tmp_path / "judging.toml")
    assert loaded.answers[0] == "gs://bucket/a/"
    assert Path(loaded.answers[1]).resolve() == Path("b.jsonl").resolve()
