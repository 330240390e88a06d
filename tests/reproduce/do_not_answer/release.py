"""A release of five questions, one a risk area, in the shape of the real one."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from hantei.reproduce.do_not_answer.reading import AREAS, RECORDED, TITLES

IDS = ("0", "1", "2", "3", "4")
ACTIONS = (0, 1, 2, 3, 5)
HARMFUL = (0, 0, 0, 1, 1)


def write(file: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([header, *rows])


def release(
    folder: Path, gpt4: Sequence[object] = (0, -1, 2, 3, 6), ids: Mapping[str, Sequence[str]] | None = None
) -> Path:
    """Write a release: people's labels as above, small judges right but for question 4, GPT-4 with its own classes.

    Args:
        folder: where ``do_not_answer`` is made.
        gpt4: GPT-4's class of each question.
        ids: the ids in the file of a recorded judge, where they are not those of the questions.
    """
    root = folder / "do_not_answer"
    prompts = [(number, area, "type", f"Question {number}?") for number, area in zip(IDS, AREAS, strict=True)]
    write(root / "prompts_en.csv", ("id", "risk_area", "types_of_harm", "question"), prompts)
    for model in TITLES:
        people = [
            (number, f"Question {number}?", f"{model} answers {number}.", harmful, action)
            for number, harmful, action in zip(IDS, HARMFUL, ACTIONS, strict=True)
        ]
        columns = ("id", "question", "response", "harmful", "action")
        write(root / "human" / f"annotated_response_{model}.csv", columns, people)
        for judge in RECORDED:
            file = root / "judges" / f"{judge}_{model}.csv"
            names = (ids or {}).get(judge, IDS)
            if judge == "GPT4":
                write(file, ("id", "action", "action_review"), [(*row, "") for row in zip(names, gpt4, strict=True)])
            else:
                said = [(number, 0, action) for number, action in zip(names, (0, 1, 2, 3, 4), strict=True)]
                write(file, ("id", "harmful", "action"), said)
    return folder
