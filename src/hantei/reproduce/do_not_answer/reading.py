"""Do-Not-Answer's published labels, read whole: what people and four recorded judges said of 5,634 answers.

Source: the release of arXiv 2308.13387, github.com/Libr-AI/do-not-answer: 939 questions, the answers of six models
with people's labels, and for each model the verdicts of GPT-4, Longformer, Longformer on the answer alone, and BERT.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.errors import InputError, UsageError
from hantei.training.builtin.sources import DNA_MODELS

NONE = -1
"""What stands in an array of labels where there is none."""

TITLES: Mapping[str, str] = dict(
    zip(DNA_MODELS, ("GPT-4", "ChatGPT", "Claude", "ChatGLM2", "LLaMA-2", "Vicuna"), strict=True)
)
"""The paper's names of the six responding models, by the names in its files."""

AREAS: Mapping[str, str] = {
    "Information Hazards": "I Information",
    "Malicious Uses": "II Malicious",
    "Discrimination, Exclusion, Toxicity, Hateful, Offensive": "III Discrimination",
    "Misinformation Harms": "IV Misinformation",
    "Human-Chatbot Interaction Harms": "V Human-Chatbot",
}
"""Short names of the five risk areas, by the names in the file of prompts, in the paper's order."""

GPT4_ACTIONS: Mapping[int, int] = {-1: 0, 0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 4, 6: 5}
"""GPT-4's seven classes as the six that people used. A review from which no class could be read (-1) counts as 0."""

GPT4_HARMFUL = 6
"""The one of GPT-4's seven classes, "follows the instruction", that counts as harmful."""

RECORDED: Mapping[str, str] = {
    "GPT4": "GPT-4",
    "Longformer": "Longformer",
    "Longformer_response_only": "Longformer, answer only",
    "BERT": "BERT",
}
"""The recorded judges by the names in their files."""


@dataclass(frozen=True, slots=True)
class JudgeLabels:
    """What one judge said of all answers, models down and questions across.

    ``action`` and ``harmful`` are (models, questions), NONE where it said nothing. ``p_harmful`` holds its probability
    of harm and ``p_action`` (models, questions, 6) those of the actions (nan where it said nothing), None where the
    judge gives labels alone. ``how`` says whence they are.
    """

    name: str
    action: Integers
    harmful: Integers
    p_harmful: Doubles | None = None
    how: str = "recorded by the paper's authors"
    p_action: Doubles | None = None

    def labels(self, head: str) -> Integers:
        """Return the labels of a head, ``action`` or ``harmful``."""
        labels: Integers = getattr(self, head)
        return labels


@dataclass(frozen=True, slots=True)
class Study:
    """All that is recorded. ``area`` is an index into AREAS; ``responses`` is models down, questions across."""

    folder: Path
    ids: tuple[str, ...]
    questions: tuple[str, ...]
    area: Integers
    responses: tuple[tuple[str, ...], ...]
    people: JudgeLabels
    judges: tuple[JudgeLabels, ...]
    notes: tuple[str, ...]

    def judge(self, name: str) -> JudgeLabels:
        """Return a recorded judge by its title."""
        return next(judge for judge in self.judges if judge.name == name)


def folder_of(data: Path) -> Path:
    """Return the folder of the data set: ``data`` itself, or ``do_not_answer`` in it.

    Raises:
        UsageError: neither holds the file of prompts.
    """
    for folder in (data / "do_not_answer", data):
        if (folder / "prompts_en.csv").is_file():
            return folder
    raise UsageError(
        f"--data {data}: expected prompts_en.csv there or in do_not_answer under it; see docs/reproduce.md"
    )


def read_study(data: Path) -> Study:
    """Read the release under ``data``.

    Raises:
        UsageError: ``data`` does not hold it.
        InputError: a file is missing, lacks a column or a row, or a label is not one of the paper's.
    """
    folder = folder_of(data)
    prompts = _rows(folder / "prompts_en.csv", ("id", "risk_area", "question"))
    ids = tuple(row["id"] for row in prompts)
    people = [_people(folder, model, prompts) for model in DNA_MODELS]
    notes: dict[str, None] = {}
    judges = tuple(_recorded(folder, name, ids, notes) for name in RECORDED)
    return Study(
        folder=folder,
        ids=ids,
        questions=tuple(row["question"] for row in prompts),
        area=_areas(folder / "prompts_en.csv", prompts),
        responses=tuple(one.responses for one in people),
        people=JudgeLabels("people", np.stack([p.action for p in people]), np.stack([p.harmful for p in people])),
        judges=judges,
        notes=tuple(notes),
    )


def _rows(file: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{file}: expected a file of Do-Not-Answer's release: {error}; get it again") from None
    if not rows or any(row.get(column) is None for row in rows for column in columns):
        raise InputError(f"{file}: expected rows with the columns {', '.join(columns)}; get the file again")
    return rows


class _People(NamedTuple):
    responses: tuple[str, ...]
    action: Integers
    harmful: Integers


def _people(folder: Path, model: str, prompts: Sequence[Mapping[str, str]]) -> _People:
    file = folder / "human" / f"annotated_response_{model}.csv"
    rows = _rows(file, ("id", "question", "response", "harmful", "action"))
    if [(row["id"], row["question"]) for row in rows] != [(row["id"], row["question"]) for row in prompts]:
        raise InputError(f"{file}: expected the {len(prompts):,} questions of prompts_en.csv in order; get it again")
    responses = tuple(row["response"] for row in rows)
    return _People(responses, _labels(file, rows, "action", range(6)), _labels(file, rows, "harmful", range(2)))


def _recorded(folder: Path, name: str, ids: Sequence[str], notes: dict[str, None]) -> JudgeLabels:
    actions, harms = [], []
    for model in DNA_MODELS:
        file = folder / "judges" / f"{name}_{model}.csv"
        rows = _rows(file, ("id", "action"))
        _check_ids(file, [row["id"] for row in rows], ids, notes)
        if name == "GPT4":
            labels = _labels(file, rows, "action", GPT4_ACTIONS)
            harms.append((labels == GPT4_HARMFUL).astype(np.int64))
            actions.append(np.array([GPT4_ACTIONS[action] for action in labels.tolist()]))
        else:
            actions.append(_labels(file, rows, "action", range(6)))
            harms.append(_labels(file, rows, "harmful", range(2)))
    return JudgeLabels(RECORDED[name], np.stack(actions), np.stack(harms))


def _check_ids(file: Path, given: Sequence[str], ids: Sequence[str], notes: dict[str, None]) -> None:
    """Check that rows are in the order of the questions; at most one may carry the id of a neighbour.

    GPT-4's files name question 434 twice and 433 not at all. They were written in the order of the questions, so the
    place of a row tells its question, and the id does not.

    Raises:
        InputError: rows are missing, or stand in another order.
    """
    wrong = [place for place, (one, other) in enumerate(zip(given, ids, strict=False)) if one != other]
    if len(given) != len(ids) or len(wrong) > 1 or any(given[place] not in _neighbours(ids, place) for place in wrong):
        raise InputError(f"{file}: expected the {len(ids):,} questions of prompts_en.csv in order; get the file again")
    for place in wrong:
        judge = file.stem.partition("_")[0]
        notes[
            f"The files {judge}_*.csv name question {given[place]} twice and {ids[place]} not at all: rows are in the "
            "order of the questions, so they are joined by place."
        ] = None


def _neighbours(ids: Sequence[str], place: int) -> Sequence[str]:
    return ids[max(place - 1, 0) : place + 2]


def _labels(file: Path, rows: Sequence[Mapping[str, str]], column: str, known: range | Mapping[int, int]) -> Integers:
    try:
        values = [int(row[column]) for row in rows]
    except (KeyError, TypeError, ValueError):
        values = []
    if not values or not all(value in known for value in values):
        raise InputError(f"{file}, column '{column}': expected whole numbers among {_list(known)}; get the file again")
    return np.array(values, dtype=np.int64)


def _list(known: range | Mapping[int, int]) -> str:
    return ", ".join(str(value) for value in sorted(known))


def _areas(file: Path, prompts: Sequence[Mapping[str, str]]) -> Integers:
    names = list(AREAS)
    unknown = sorted({row["risk_area"] for row in prompts} - set(names))
    if unknown:
        raise InputError(f"{file}: risk area '{unknown[0][:60]}' is none of Do-Not-Answer's five; get the file again")
    return np.array([names.index(row["risk_area"]) for row in prompts])
