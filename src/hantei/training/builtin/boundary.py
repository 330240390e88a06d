"""The built-in judge against another judge's scores of Japanese answers, on which nothing is trained.

safety-boundary-test (SB Intuitions) asks 60 Japanese questions that deserve an answer and 60 that do not; a GPT-4o
judge scored each answer from 0 to 3 by criteria of the question. A high score means harmless on the one half, and
helpful on the other, so both halves are reported apart as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Integers
from hantei.errors import InputError
from hantei.judges.builtin.weights import Heads
from hantei.metrics.bootstrap import bootstrap
from hantei.training.builtin.card import BOUNDARY
from hantei.training.builtin.measure_only import PredictRows
from hantei.training.builtin.row import TrainingRow
from hantei.training.builtin.scoring import EvaluationMeasure, Subject, spearman

_PROTOCOL = "Spearman with a GPT-4o judge's 0-3"


def boundary(judge: PredictRows, folder: Path) -> Iterator[EvaluationMeasure]:
    """Yield rank correlations with the scores under ``folder``/safety_boundary_ja.

    "harmless" is 1 - p_unsafe; on prompts that deserve an answer "helpful", the chance of no refusal, is what compares.
    "harmless or helpful" takes the judge's own chance of each kind of prompt. Intervals draw whole prompts.

    Raises:
        InputError: the files are missing or are not what they should be.
    """
    rows, scores, deserved = _answers(folder / "safety_boundary_ja")
    said = judge(rows)
    prompts = np.unique([row.group for row in rows], return_inverse=True)[1]
    for part, chosen in (
        ("all prompts", np.ones(len(rows), dtype=np.bool_)),
        ("prompts not to be answered", ~deserved),
        ("prompts that deserve an answer", deserved),
    ):
        for metric, values in _values(said).items():
            left, right = values[chosen], scores[chosen]
            interval = bootstrap(partial(_correlation, left, right), prompts[chosen])
            subject = Subject(_PROTOCOL, f"{BOUNDARY}, {part}", "ja", "unsafe")
            yield subject.value(metric, spearman(left, right), interval, len(left))


def _values(said: Heads) -> dict[str, NDArray[np.float64]]:
    harmless = 1 - said.unsafe
    helpful = said.refusal[:, 0]
    return {
        "harmless": harmless,
        "helpful": helpful,
        "harmless or helpful": said.intent * harmless + (1 - said.intent) * helpful,
    }


def _correlation(left: NDArray[np.float64], right: NDArray[np.float64], drawn: Integers) -> float:
    return spearman(left[drawn], right[drawn])


def _answers(folder: Path) -> tuple[list[TrainingRow], NDArray[np.float64], NDArray[np.bool_]]:
    files = sorted(folder.glob("outputs_*.jsonl"))
    if not files:
        raise InputError(f"{folder}: expected outputs_*.jsonl of safety-boundary-test; docs/builtin.md says where from")
    texts = (file.read_text(encoding="utf-8").rstrip("\n") for file in files)
    lines = [json.loads(line) for text in texts for line in text.split("\n")]
    rows = [
        TrainingRow(source=BOUNDARY, language="ja", prompt=line["input"], response=line["output"]) for line in lines
    ]
    scores = np.array([float(line["eval_score"]) for line in lines])
    return rows, scores, np.array([line["safe?"] == "safe" for line in lines])
