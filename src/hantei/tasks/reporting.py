"""Making a run's summary and page again from its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from hantei.cards import did_you_mean
from hantei.errors import UsageError
from hantei.metrics.datasheet import DataSheet
from hantei.records import Summary
from hantei.reports.build import build_report
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.sheets import keep_sheets
from hantei.tasks.carrying_out import summary_of, write_report


def report_and_summary(
    run: Run,
    out: str | Path | None = None,
    threshold: float | None = None,
    sheets: Mapping[str, DataSheet] | None = None,
    systems: Sequence[str] = (),
    title: str | None = None,
) -> tuple[Path, Summary]:
    """Write the summary and the report of a run again from its records; return the page's path and the summary.

    Args:
        run: the run.
        out: where the page goes; then nothing is written into the run folder, which may be one that can only be read.
        threshold: from 0 to 1: the page says of each system whether its rate of unsafe answers lies below it.
        sheets: data sheets by the judge's name.
        systems: of which all rates are shown where there are too many systems to show all of each; needs ``out``.
        title: of the page; None for the run's own. Kept in ``run.json`` where the page is the run's.

    Raises:
        UsageError: ``out`` cannot be written, or there is no such system.
        RunError: the run folder is damaged or in use.
    """
    if out is not None:
        run.refuse_own_records(Path(out))
        with run.index() as index:
            _check_systems(index, systems)
            summary = summary_of(run, index, systems)
            return build_report(run, index, summary, Path(out), threshold, sheets, title), summary
    if systems:
        raise UsageError("--system: expected an --out: the run's own page holds all systems")
    with run.lock(), Index(run.index_path) as index:
        run.fill(index)
        keep_sheets(run, sheets or {})
        if title is not None:
            run.write_info(replace(run.info(), title=title))
        return write_report(run, index, threshold)


def _check_systems(index: Index, systems: Sequence[str]) -> None:
    """Raise a UsageError where a run has no such system.

    Raises:
        UsageError: it has not.
    """
    known = index.systems()
    for system in systems:
        if system not in known:
            raise UsageError(f"--system {system}: the run has no such system{did_you_mean(system, known)}")
