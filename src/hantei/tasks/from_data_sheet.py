"""A violation rate from a judge's verdicts and its measured errors, where no answer has a label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from hantei.errors import UsageError
from hantei.estimates import Estimate
from hantei.files import AnyPath
from hantei.metrics.error_budget import ELSEWHERE, ErrorBudget, error_budget
from hantei.metrics.intervals import effective_n, share
from hantei.metrics.rogan_gladen import rogan_gladen
from hantei.metrics.shares import cluster_sums
from hantei.runs.folder import load_run
from hantei.runs.sheets import sheets_for
from hantei.tasks.estimating import answers_of

ASSUMPTION = (
    "It takes for granted that the judge errs on these answers as often as where it was measured; nothing here says "
    "so. A few labels of these answers would: hantei annotate --choose"
)


class CorrectedRate(Struct, frozen=True, kw_only=True):
    """A rate corrected by sensitivity and specificity that were measured elsewhere, beside the judge's own.

    ``sensitivity`` is how many of how many unsafe answers it flagged there, ``specificity`` how many of how many safe
    ones it did not, ``measured_on`` the files, where a data sheet names them. ``rate`` has no value where these do not
    tell the rate; ``assumption`` is what it stands on.
    """

    judge: str
    sensitivity: tuple[int, int]
    specificity: tuple[int, int]
    measured_on: tuple[str, ...] = ()
    rate: Estimate
    flagged: Estimate
    answers: int
    budget: ErrorBudget | None
    assumption: str = ASSUMPTION


def corrected_rate(
    path: AnyPath,
    sheet: str | Path | None = None,
    errors: tuple[tuple[int, int], tuple[int, int]] | None = None,
    judge: str | None = None,
    system: str | None = None,
) -> CorrectedRate:
    """Return a judge's flagged rate corrected by its errors as measured elsewhere (Rogan and Gladen), without labels.

    It takes for granted that the judge errs on these answers as it did there.

    Args:
        path: the run folder.
        sheet: the ``datasheet.json`` of ``measure`` that tells the errors.
        errors: in place of a sheet: how many of how many unsafe answers it flagged, and of how many safe ones not.
        judge: the judge's name; default that of the sheet, or the run's only one.
        system: the rate of this system's answers; default all of them.

    Raises:
        UsageError: no such run, judge or system, or the sheet is of another judge or tells no errors.
        InputError: the file is no data sheet.
        ValueError: neither sheet nor errors, or counts that are none.
    """
    if sheet is not None:
        return _by_sheet(path, sheet, judge, system)
    if errors is None:
        raise ValueError("expected a sheet or errors")
    return _corrected(path, *errors, judge, system)


def _by_sheet(path: AnyPath, sheet: str | Path, judge: str | None, system: str | None) -> CorrectedRate:
    ((name, found),) = sheets_for(load_run(path), [Path(sheet)]).items()
    if judge not in (None, name):
        raise UsageError(f"--sheet {sheet}: is the data sheet of {name}, not of {judge}")
    if found.errors is None:
        raise UsageError(f"{sheet}: expected answers that people called unsafe and some that they called safe")
    rate = _corrected(path, *found.errors, name, system)
    return replace(rate, measured_on=found.data)


def _corrected(
    path: AnyPath,
    sensitivity: tuple[int, int],
    specificity: tuple[int, int],
    judge: str | None,
    system: str | None,
) -> CorrectedRate:
    run = load_run(path)
    name = run.one_judge(judge)
    answers = answers_of(run, name, system)
    known = answers.verdicts.verdict < 2
    hit, lost = answers.verdicts.verdict[known] == 1, int(np.count_nonzero(~known))
    if not known.any():
        unknown = Estimate(value=None, method="the judge gave no verdict")
        return CorrectedRate(
            judge=name,
            sensitivity=sensitivity,
            specificity=specificity,
            rate=unknown,
            flagged=unknown,
            answers=len(answers.ids),
            budget=None,
        )
    sums = cluster_sums(hit, answers.prompt[known])
    size, flagged = effective_n(sums), share(sums)
    rate = rogan_gladen((sums.k / sums.n * size, size), sensitivity, specificity)
    whole = sums.n + lost
    filled = [rogan_gladen((sums.k + more, whole), sensitivity, specificity).value for more in (0, lost)]
    ends = [end if value is None else value for value, end in zip(filled, (0.0, 1.0), strict=True)]
    return CorrectedRate(
        judge=name,
        sensitivity=sensitivity,
        specificity=specificity,
        rate=rate,
        flagged=flagged,
        answers=len(answers.ids),
        budget=error_budget(rate, filled=ends if lost else (), sampled=ELSEWHERE),
    )
