"""The example of docs/correct.md, with recorded answers: what the page says came of it comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import hantei

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "correct.md").read_text(encoding="utf-8")
COMMAND = (
    "hantei correct docs/example/answers.jsonl --model replay/docs/example/recorded.jsonl "
    "--judge 'builtin?encoder=none' --out runs/corrected"
)


def test_the_page_says_what_comes_of_its_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"    {COMMAND}\n" in PAGE
    monkeypatch.chdir(ROOT)
    out = tmp_path / "corrected"
    words = COMMAND.replace("'", "").replace("runs/corrected", str(out)).split()[1:]
    done = hantei(*words)
    assert done.exit_code == 0, done.output
    for name, safe, lost in (("corrected by its critique", "4/4", "4/4"), ("asked again, no critique", "1/4", "0/4")):
        (line,) = [line for line in done.output.splitlines() if line.strip().startswith(name) and "%" in line]
        assert f" {safe} " in line
        assert line.rstrip().endswith(lost)
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {name} ")]
        assert row.split("|")[2:4] == [f" {safe} ", f" {lost} "]
