"""Verdicts as files of judgments, so that ``recorded@FILE`` can repeat them: in a cascade, or beside another judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from hantei.errors import UsageError
from hantei.files import write_atomic
from hantei.record_lines import to_line
from hantei.records import Judgment, response_id
from hantei.reproduce.do_not_answer.reading import NONE, TITLES, JudgeLabels, Study
from hantei.runs.folder import file_name


def write_verdicts(folder: Path, study: Study, own: Iterable[JudgeLabels] = ()) -> list[Path]:
    """Write what each recorded judge and each of ``own`` said, one file a judge; return the files.

    Ids are those that hantei gives the answers when it reads several of the files in ``human/`` at once.

    Raises:
        UsageError: a file cannot be written.
    """
    out = []
    for judge in (*study.judges, *own):
        path = folder / f"{file_name(judge.name.lower().replace(', ', '-').replace(' ', '-'))}.jsonl"
        try:
            write_atomic(path, map(to_line, _judgments(study, judge)))
        except OSError as error:
            raise UsageError(f"--verdicts {folder}: {path} cannot be written: {error.strerror}") from None
        out.append(path)
    return out


def _judgments(study: Study, judge: JudgeLabels) -> Iterator[Judgment]:
    for row, model in enumerate(TITLES):
        for column, identity in enumerate(study.ids):
            action, harmful = int(judge.action[row, column]), int(judge.harmful[row, column])
            if action == NONE and harmful == NONE:
                continue
            chance = np.nan if judge.p_harmful is None else judge.p_harmful[row, column]
            yield Judgment(
                response_id=response_id(f"annotated_response_{model}", identity, 0),
                judge=judge.name,
                unsafe=None if harmful == NONE else harmful == 1,
                p_unsafe=None if np.isnan(chance) else round(float(chance), 6),
                probabilities=_actions(judge, row, column),
                action=None if action == NONE else action,
            )


def _actions(judge: JudgeLabels, row: int, column: int) -> dict[str, dict[str, float]]:
    if judge.p_action is None or np.isnan(judge.p_action[row, column, 0]):
        return {}
    chances = np.round(judge.p_action[row, column], 6).tolist()
    return {"action": {str(number): chance for number, chance in enumerate(chances)}}
