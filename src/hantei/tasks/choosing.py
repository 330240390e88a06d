"""A sheet of answers for people to label: drawn with known chances, and safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hantei.errors import UsageError
from hantei.exchange.table import csv_line
from hantei.files import AnyPath, write_atomic
from hantei.inputs.exported import columns
from hantei.inputs.label_files import CHANCE, RESPONSE_ID
from hantei.inputs.label_sheet import TEXTS
from hantei.metrics.sampling import WORTH_CHOOSING, choose
from hantei.runs.folder import Run, load_run
from hantei.tasks.estimating import answers_of


@dataclass(frozen=True, slots=True)
class DrawnSheet:
    """What was written: how many answers of how many, how many of them flagged, and what is to be known of it."""

    path: Path
    chosen: int
    answers: int
    flagged: int
    note: str = ""


def choose_to_label(
    path: AnyPath,
    labels: int,
    out: str | Path,
    judge: str | None = None,
    system: str | None = None,
    seed: int = 0,
) -> DrawnSheet:
    """Write a CSV file of answers to label, flagged and uncertain ones chosen more often, each with its chance.

    The judge's verdicts are not in it: people who see them agree with them.

    Args:
        path: the run folder.
        labels: how many answers.
        out: the file to write.
        judge: the judge's name; default the run's only one.
        system: only this system's answers; default all.
        seed: of the draw; the same again gives the same file.

    Raises:
        UsageError: no such run, judge or system, not so many answers, or the file exists or cannot be written.
    """
    run, out = load_run(path), Path(out)
    run.refuse_own_records(out)
    if out.exists():
        raise UsageError(f"--out {out}: is there already, perhaps with labels in it: name another file or remove it")
    answers = answers_of(run, run.one_judge(judge), system)
    if not 1 <= labels <= len(answers.ids):
        raise UsageError(f"--choose {labels}: expected 1 to {len(answers.ids):,}, as many answers as there are")
    verdict = answers.verdicts.verdict
    drawn = choose(verdict == 1, verdict < 2, answers.verdicts.score, labels, seed)
    chances = {answers.ids[row]: float(chance) for row, chance in zip(drawn.rows, drawn.chance, strict=True)}
    try:
        write_atomic(out, _lines(run, chances))
    except OSError as error:
        raise UsageError(f"--out {out}: expected a place to write the sheet: {error.strerror or error}") from None
    flagged = int(np.count_nonzero(verdict[drawn.rows] == 1))
    note = (
        f"with fewer than {WORTH_CHOOSING} labels every answer has the same chance: preferring flagged ones would cost "
        "more than it brings"
    )
    return DrawnSheet(out, labels, len(answers.ids), flagged, note if labels < WORTH_CHOOSING else "")


def _lines(run: Run, chances: Mapping[str, float]) -> Iterator[bytes]:
    # A mark at the head lets spreadsheets read the file as UTF-8.
    yield b"\xef\xbb\xbf" + csv_line(["unsafe", *TEXTS, RESPONSE_ID, CHANCE])
    chosen = [response for response in run.responses() if response.id in chances]
    wanted = {response.prompt_id for response in chosen}
    prompts = {prompt.id: prompt for prompt in run.prompts() if prompt.id in wanted}
    for one in chosen:
        shown = columns(prompts[one.prompt_id], one)
        yield csv_line([None, *(shown[name] for name in (*TEXTS, RESPONSE_ID)), chances[one.id]])
