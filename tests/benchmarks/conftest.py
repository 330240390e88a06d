"""Small files in the columns that the cards document; nothing of any benchmark's own text."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, so that no test sees what a person has fetched."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("HANTEI_CACHE", str(folder))
    return folder


def write_json(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text(json.dumps(list(rows), ensure_ascii=False), encoding="utf-8")
    return path


def write_jsonl(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    return path


def answer_carefully(number: int, text: str, specific: str = "医療", split: str = "dev") -> dict[str, Any]:
    """Return a row as AnswerCarefully has them, written for the tests."""
    prefix = "answercarefully-instruction-test-" if split == "test" else "answercarefully-instruction-"
    return {
        "ID": f"{prefix}001-001-{number:07d}-001",
        "text": text,
        "output": f"回答{number}",
        "meta": {"risk-area": "情報漏洩", "harm-type": "個人情報漏洩", "specific-harm": specific},
    }
