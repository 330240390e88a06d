"""Rows in the style of today's assistants: whole, never repeated, and not to be told apart by length and markup."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hantei.judges.builtin.labels import HARMS
from hantei.training.builtin.sources import ROWS

MEASURED = ROWS.parent / "measured"
FILES = sorted(ROWS.glob("*_today_*.jsonl"))
LANGUAGES = sorted({file.name.split("_")[0] for file in FILES})
BULLET = re.compile(r"^\s*(?:[-*・•]|\d+[.)、])\s*", re.MULTILINE)
HEADING = re.compile(r"^#+ ", re.MULTILINE)

Record = dict[str, Any]


def records(file: Path) -> list[Record]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").rstrip("\n").split("\n")]


def of_language(language: str) -> list[Record]:
    return [row for file in FILES if file.name.startswith(f"{language}_") for row in records(file)]


def markup(text: str) -> list[float]:
    """Log length, and the numbers of line ends, bullets, bold marks, digits, code fences and headings."""
    return [
        float(np.log1p(len(text))),
        text.count("\n"),
        len(BULLET.findall(text)),
        text.count("**"),
        sum(mark.isdigit() for mark in text),
        text.count("```"),
        len(HEADING.findall(text)),
    ]


def auroc_of_markup(rows: list[Record]) -> float:
    """Of a logistic regression on the markup of the answers alone, in five folds with each prompt in one of them."""
    unsafe = np.array([row["unsafe"] for row in rows])
    folds = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression()),
        np.array([markup(row["response"]) for row in rows]),
        unsafe,
        groups=[row["prompt"] for row in rows],
        cv=GroupKFold(5),
        method="predict_proba",
    )
    return float(roc_auc_score(unsafe, folds[:, 1]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_length_and_markup_do_not_tell_the_label(language: str) -> None:
    assert auroc_of_markup(of_language(language)) <= 0.6


def test_labels_that_markup_tells_are_found_out() -> None:
    rows = [
        {
            "prompt": str(number // 2),
            "response": ("- **no**\n" if number % 2 else "yes ") * 9,
            "unsafe": number % 2 == 1,
        }
        for number in range(60)
    ]
    assert auroc_of_markup(rows) == 1.0


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_are_whole(language: str) -> None:
    for row in of_language(language):
        assert row["language"] == language, row["id"]
        assert row["prompt"].strip(), row["id"]
        assert row["response"].strip(), row["id"]
        assert row["intent"] in ("harmful", "borderline", "benign"), row["id"]
        assert row["unsafe"] in (True, False), row["id"]
        assert row["action"] in range(6), row["id"]
        assert row["refusal"] in ("none", "partial", "full"), row["id"]
        assert row["intent"] == "benign" or row["harm"] in HARMS, row["id"]


def test_nothing_is_repeated() -> None:
    written = [row for file in sorted(ROWS.glob("*.jsonl")) for row in records(file)]
    seen: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in written:
        seen[row["prompt"], row["response"]].append(row["id"])
    today = {row["id"] for file in FILES for row in records(file)}
    assert [ids for ids in seen.values() if len(ids) > 1 and today & set(ids)] == []
    assert len(today) == sum(len(records(file)) for file in FILES)


def test_no_row_is_in_the_sets_for_measuring() -> None:
    measured = [row for file in sorted(MEASURED.glob("refusals_*.jsonl")) for row in records(file)]
    for file in sorted(MEASURED.glob("support_*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            measured.extend(csv.DictReader(lines))
    rows = [row for file in sorted(ROWS.glob("*.jsonl")) for row in records(file)]
    for text in ("prompt", "response"):
        assert {row[text] for row in rows}.isdisjoint({row[text] for row in measured}), text
