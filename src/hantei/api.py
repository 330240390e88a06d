"""What the command line does, as functions with the same names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hantei import benchmarks
from hantei.engine.limits import Limits
from hantei.engine.pipeline import drive
from hantei.errors import RowError, UsageError
from hantei.exchange.exporting import export_run
from hantei.inputs import Row, Table, check_language, given_row, open_table
from hantei.inputs.labels import LABEL_ALIASES
from hantei.judges import Judge, load_judge
from hantei.metrics.summary import POLICIES, summarise
from hantei.models.prices import pricing
from hantei.records import AgainstPerson, Summary
from hantei.reports.build import build_report, notices
from hantei.runs.drift import note_drift
from hantei.runs.folder import Run, load_run
from hantei.runs.index import Index
from hantei.runs.info import RunInfo, new_info
from hantei.runs.ingest import Reading, Rows, ingest
from hantei.runs.judging import add_judges, put_in_order
from hantei.runs.opening import opened, reopened
from hantei.runs.plan import InputFile, Plan

Say = Callable[[str], None]
"""Takes one line for people."""

Source = str | Path | Iterable[Mapping[str, Any]]
"""A file of questions and answers, a run folder, or rows as dictionaries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How answers are read and counted; the flags of ``hantei judge``.

    ``mapping`` is field to column where a column's name is not one of the usual. ``encoding`` and ``language`` are
    declared for all files. ``benchmark`` is a card's name or a file of prompts that the rows' ids belong to.
    ``labels`` takes people's labels from the columns that hold some, as the judge ``human:given``; a ``mapping`` of a
    label (``unsafe``, ``action``, ``refusal``) implies it.
    ``no_verdict`` is ``drop`` or ``unsafe``: what a row without a verdict counts as. ``limits`` hold for judges that
    ask a model; ``prices`` is a file of prices that replaces hantei's own.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    language: str | None = None
    benchmark: str | None = None
    skip_bad_rows: bool = False
    no_verdict: str = "drop"
    labels: bool = False
    limits: Limits = field(default_factory=Limits)
    prices: Path | None = None


def judge(
    source: Source | Sequence[str | Path],
    judge: str | Sequence[str] = "builtin",
    out: str | Path | None = None,
    options: Options | None = None,
    say: Say = lambda _line: None,
) -> Run:
    """Judge answers that exist already, and write the run folder with its summary and report.

    Args:
        source: one file or several, rows as dictionaries, or a run folder to judge again with another judge.
        judge: name of the judge, or several.
        out: the run folder; default ``runs/<date>-<what>``. One that exists is resumed if its plan is the same. A run
            that is judged again is its own folder.
        options: how rows are read and counted.
        say: takes lines for people: encodings that were guessed, and what calls to a judge's model took.

    Raises:
        UsageError: no such file, judge or benchmark.
        InputError: a file lacks the columns, or rows cannot be read and are not to be skipped.
        RunError: the folder belongs to another plan, or is in use.
    """
    options = options or Options()
    if options.no_verdict not in POLICIES:
        raise UsageError(f"--no-verdict {options.no_verdict}: expected one of {', '.join(POLICIES)}")
    judges = [load_judge(name) for name in ([judge] if isinstance(judge, str) else list(judge))]
    again = _run_folder(source)
    if again is not None:
        if out is not None and Path(out) != again.path:
            raise UsageError(f"{again.path} is a run: it is judged where it is, without --out")
        if _labels(options) is not None:
            raise UsageError(f"--labels: {again.path} is a run; labels are taken from the files, when it is made")
        with reopened(again) as index:
            return _judge(again, index, judges, options, say)
    sources = _sources(source, options)
    for table in sources:
        if isinstance(table, Table) and table.encoding.how == "guessed":
            say(f"{table.path} was read as {table.encoding.name}, which is a guess; --encoding overrides it")
    plan = _plan(sources, options)

    def make(part: Run, index: Index) -> RunInfo:
        return ingest(sources, part, index, _reading(options), new_info(plan))

    with opened(out, plan, _title(sources), make) as (run, index):
        return _judge(run, index, judges, options, say)


def demo(out: str | Path = "runs/demo") -> Run:
    """Judge the recorded answers of the starter benchmark's two invented systems with the built-in judge.

    Raises:
        RunError: the folder holds something else, or is in use.
    """
    return judge(benchmarks.starter_answers(), "builtin", out, Options(benchmark="starter"))


def report(path: str | Path, out: str | Path | None = None) -> Path:
    """Write the summary and the report of a run again from its records; return the report's path.

    With ``out`` nothing is written into the run folder, which may be one that can only be read.

    Raises:
        UsageError: there is no run at ``path``, or ``out`` cannot be written.
        RunError: the run folder is damaged or in use.
    """
    return report_and_summary(path, out)[0]


def report_and_summary(path: str | Path, out: str | Path | None = None) -> tuple[Path, Summary]:
    """Do what ``report`` does; return the summary, too.

    Raises:
        UsageError, RunError: see ``report``.
    """
    run = load_run(path)
    if out is not None:
        with run.index() as index:
            summary = _summary(run, index, run.info().no_verdict)
            return build_report(run, index, summary, Path(out)), summary
    with run.lock(), Index(run.index_path) as index:
        run.fill(index)
        return _finish(run, index, run.info().no_verdict)


def export(path: str | Path, to: str = "csv", out: str | Path | None = None) -> Path:
    """Write a run for other programs; return the path.

    Args:
        path: the run folder.
        to: ``csv`` or ``parquet`` (a table: the run's own columns with the verdicts beside them), ``hf`` (a folder that
            Hugging Face datasets loads) or ``inspect`` (a folder of Inspect logs, one a system).
        out: where to write; default ``export.csv``, ``export.parquet``, ``hf`` or ``inspect`` in the folder.

    Raises:
        UsageError: no run at ``path``, no such format, or its extra is not installed.
    """
    run = load_run(path)
    return export_run(run, to, Path(out) if out else None)


def trained_on(path: str | Path, judge: str = "builtin") -> tuple[int, int]:
    """Return how many answers of a run a judge judged, and how many of these were in its training data.

    Raises:
        UsageError: there is no run at ``path``, or none of this judge's judgments in it.
    """
    judgments = list(load_run(path).judgments(judge))
    return len(judgments), sum(judgment.in_training for judgment in judgments)


def _judge(run: Run, index: Index, judges: Sequence[Judge], options: Options, say: Say) -> Run:
    add_judges(run, judges)
    run.write_info(replace(run.info(), no_verdict=options.no_verdict))
    try:
        outcome = drive(run, index, judges, None, options.limits, pricing(options.prices))
        if any(judge.models for judge in judges):
            say(outcome.meter.line())
    finally:
        # Stopped by hand or by a full disk, there is still the report of what there is.
        for one in judges:
            put_in_order(run, index, one.name)
        add_judges(run, judges)  # some know more of themselves now
        note_drift(run, index, judges)
        _finish(run, index, options.no_verdict)
    if outcome.error is not None:
        raise outcome.error
    return run


def _finish(run: Run, index: Index, policy: str) -> tuple[Path, Summary]:
    summary = _summary(run, index, policy)
    run.write_summary(summary)
    return build_report(run, index, summary), summary


def _summary(run: Run, index: Index, policy: str) -> Summary:
    judges = run.info().judges
    against = _against_people(run, index) if any(name.startswith("human:") for name in judges) else ()
    summary = summarise(index, judges, policy)
    return replace(summary, notes=notices(run, index, summary.rates), calibration=against)


def _against_people(run: Run, index: Index) -> tuple[AgainstPerson, ...]:
    from hantei.metrics.against import against_people  # needs numpy, which a run without people's labels does not

    return against_people(run, index)


def _run_folder(source: Source | Sequence[str | Path]) -> Run | None:
    paths = [source] if isinstance(source, str | Path) else list(source) if isinstance(source, list | tuple) else []
    folders = [path for path in paths if isinstance(path, str | Path) and Path(path).is_dir()]
    if not folders:
        return None
    if len(paths) > 1:
        raise UsageError(f"{folders[0]} is a run folder: judge one run at a time, and files on their own")
    return load_run(folders[0])


def _sources(source: Source | Sequence[str | Path], options: Options) -> list[Rows]:
    if isinstance(source, str | Path):
        source = [source]
    items = list(source)
    paths = [item for item in items if isinstance(item, str | Path)]
    if paths and len(paths) == len(items):
        return [open_table(Path(path), options.encoding) for path in paths]
    if paths or not items:
        raise UsageError("expected files, a run folder, or rows as dictionaries")
    return [GivenRows(items)]  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class GivenRows:
    """Rows that were given in Python, read like those of a file called ``rows``."""

    items: Sequence[Mapping[str, Any]]
    path: Path = Path("rows")

    def rows(self) -> Iterator[Row | RowError]:
        """Yield the rows by number."""
        for number, cells in enumerate(self.items, 1):
            yield given_row(number, cells, self.path)

    def digest(self) -> str:
        """Return the SHA-256 of the rows as JSON."""
        return hashlib.sha256(json.dumps(list(self.items), default=str).encode()).hexdigest()


def _plan(sources: Sequence[Rows], options: Options) -> Plan:
    """Return what decides a run's prompts and responses; a folder is resumed only where it is the same."""
    return Plan(
        inputs=tuple(_identity(source) for source in sources),
        map=dict(options.mapping),
        language=options.language,
        benchmark=benchmarks.identity(options.benchmark) if options.benchmark else None,
        labels=_labels(options) is not None,
    )


def _title(sources: Sequence[Rows]) -> str:
    more = f"-and-{len(sources) - 1}-more" if len(sources) > 1 else ""
    return f"{sources[0].path.stem[:60]}{more}"


def _identity(source: Rows) -> InputFile:
    if isinstance(source, Table):
        with source.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return InputFile(file=source.path.name, sha256=digest, encoding=source.encoding.name)
    assert isinstance(source, GivenRows)  # noqa: S101 - the only other kind
    return InputFile(file=str(source.path), sha256=source.digest())


def _reading(options: Options) -> Reading:
    prompts = benchmarks.prompts_by_id(options.benchmark) if options.benchmark else None
    language = check_language(options.language) if options.language else None
    fields = {name: column for name, column in options.mapping.items() if name not in LABEL_ALIASES}
    return Reading(fields, language, prompts, options.skip_bad_rows, _labels(options))


def _labels(options: Options) -> dict[str, str] | None:
    """Return label to column as ``--map`` gave it, None where labels are not to be read."""
    mapped = {name: column for name, column in options.mapping.items() if name in LABEL_ALIASES}
    return mapped if options.labels or mapped else None
