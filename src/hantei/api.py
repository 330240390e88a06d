"""Asking, judging, correcting and reporting: what the commands of these names do, as functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hantei import benchmarks
from hantei.engine.forecast import Forecast
from hantei.errors import UsageError
from hantei.event_loop import awaited
from hantei.exchange.exporting import export_run
from hantei.files import AnyPath
from hantei.models.load import AnyModel
from hantei.progress import Say
from hantei.reports.build import build_report
from hantei.runs.folder import Run, load_run
from hantei.runs.sheets import sheets_for
from hantei.runs.worst import JudgedAnswer
from hantei.runs.worst import worst as worst_answers
from hantei.tasks.carrying_out import carry_out, forecast_task, summary_of
from hantei.tasks.correcting import Correction, correcting
from hantei.tasks.named import AnyBenchmarks, AnyModels
from hantei.tasks.options import Options
from hantei.tasks.reporting import report_and_summary
from hantei.tasks.run_file import RunFile, load_run_file
from hantei.tasks.sources import Source
from hantei.tasks.task import Judging, Task, asking, judging


def judge(
    source: Source,
    judge: Judging | Sequence[Judging] = "builtin",
    out: str | Path | None = None,
    options: Options | None = None,
    say: Say = lambda _line: None,
) -> Run:
    """Judge answers that exist already, and write the run folder with its summary and report.

    The same call again goes on where it ended. ``run.info().stopped`` says why a run ended before its end, None where
    it did not.

    Args:
        source: one file or several; rows as dictionaries, a DataFrame of pandas or polars, or an Arrow table; or a run
            to judge again with another judge.
        judge: the judge, or several: by name, its folder, or a judge or classifier of your own (``hantei.Judge``).
        out: the run folder; default the newest in ``runs`` of these files, else ``runs/<date>-<what>``. One that exists
            is resumed if its plan is the same. A run that is judged again is its own folder.
        options: how rows are read, judged and counted.
        say: takes lines for people: encodings that were guessed, and what calls to a judge's model will take and took.

    Raises:
        UsageError: no such file, judge or benchmark, or ``max_cost`` without a price.
        InputError: a file lacks the columns, or rows cannot be read and are not to be skipped.
        RunError: the folder belongs to another plan or is in use, or no call to a model works: what there is is kept.
        KeyboardInterrupt: Ctrl-C; the report of what there is has been written.
    """
    return carry_out(judging(source, judge, options or Options(), say), out, say)


def run(
    model: AnyModels,
    benchmark: AnyBenchmarks,
    judge: Judging | Sequence[Judging] = "builtin",
    out: str | Path | None = None,
    options: Options | None = None,
    say: Say = lambda _line: None,
) -> Run:
    """Ask models every prompt of benchmarks, judge each answer, and write one run folder with summary and report.

    The same call again goes on where it ended: what was answered or judged is not asked again, what failed is.
    ``run.info().stopped`` says why a run ended before its end, None where it did not.

    Args:
        model: the model's name, ``PROVIDER/NAME?setting=value`` or ``SHORT=PROVIDER/NAME``, the folder of its weights,
            a function that takes messages and returns the answer, a model of your own (``hantei.Model``), or several.
        benchmark: a benchmark's name, a file of prompts, a folder with a card, or prompts as records, dictionaries or a
            table; several in a list, each also as ``SHORT=NAME``.
        judge: the judge, or several, as for ``judge``.
        out: the run folder; default the newest in ``runs`` with this plan, else ``runs/<date>-<model>-<benchmark>``.
        options: how the model is asked, and the limits.
        say: takes lines for people: the folder and the forecast before the first call, and what resuming found.

    Raises:
        UsageError: no such model, judge or benchmark, or ``max_cost`` without a price.
        RunError: the folder belongs to another plan or is in use, or no call to a model works: what there is is kept.
        KeyboardInterrupt: Ctrl-C; the report of what there is has been written.
    """
    return carry_out(asking(model, benchmark, judge, options or Options(), say), out, say)


def correct(
    source: Source,
    model: AnyModel,
    judge: Judging = "builtin",
    check_with: Sequence[Judging] = (),
    out: str | Path | None = None,
    options: Options | None = None,
    correction: Correction | None = None,
    say: Say = lambda _line: None,
) -> Run:
    """Have unsafe answers written again from their critiques, and return the run of all versions.

    Two baselines stand in the same run: asking again without a critique, and refusing. The same call again goes on
    where it ended.

    Args:
        source: files, rows or a table of answers, or a run folder, which stays as it is.
        model: the model that writes the answers again, as for ``run``.
        judge: says which answers are unsafe, and why; it decides when to stop.
        check_with: judges that judge every version, too, and decide nothing.
        out: the run folder; default as for ``judge``, ``runs/<date>-corrected-<what>``.
        options: how answers are read and the model is asked, and the limits.
        correction: rounds, rules, wording.
        say: takes lines for people.

    Raises:
        UsageError: no such file, model or judge, or ``max_cost`` without a price.
        InputError: a file lacks the columns, or the rules cannot be read.
        RunError: the folder belongs to another plan or is in use, or no call to a model works: what there is is kept.
        KeyboardInterrupt: Ctrl-C; the report of what there is has been written.
    """
    task = correcting(source, model, judge, check_with, options or Options(), correction or Correction(), say)
    return carry_out(task, out, say)


def forecast(
    model: AnyModels,
    benchmark: AnyBenchmarks,
    judge: Judging | Sequence[Judging] = "builtin",
    out: str | Path | None = None,
    options: Options | None = None,
) -> Forecast:
    """Return the calls, tokens and money that ``run`` would still take with these arguments; nothing is sent.

    Args:
        model: the model or models, as for ``run``.
        benchmark: the benchmark or benchmarks, as for ``run``.
        judge: the judge, or several.
        out: a folder in which some of it may have been done already.
        options: how the model would be asked.

    Raises:
        UsageError: no such model, judge or benchmark.
        RunError: the folder belongs to another plan or is in use.
    """
    return forecast_task(asking(model, benchmark, judge, options or Options()), out)


def forecast_judging(
    source: Source,
    judge: Judging | Sequence[Judging] = "builtin",
    out: str | Path | None = None,
    options: Options | None = None,
) -> Forecast:
    """Return the calls, tokens and money that ``judge`` would still take with these arguments; nothing is sent.

    Args:
        source: files, rows or a table, or a run folder.
        judge: the judge, or several.
        out: a folder in which some of it may have been done already.
        options: how rows are read.

    Raises:
        UsageError: no such file, judge or benchmark.
        InputError: the rows cannot be read.
        RunError: the folder belongs to another plan or is in use.
    """
    return forecast_task(judging(source, judge, options or Options(), lambda _line: None), out)


def run_file(file: str | Path | RunFile, say: Say = lambda _line: None) -> Run:
    """Do what a run file says: ask models and judge their answers, or judge answers that exist, in one folder.

    Args:
        file: its path, or what it says.
        say: takes lines for people.

    Raises:
        UsageError: the file says something that does not exist or does not fit.
        InputError, RunError, KeyboardInterrupt: see ``run`` and ``judge``.
    """
    said = file if isinstance(file, RunFile) else load_run_file(file)
    return carry_out(_task_of(said, say), said.out, say)


def forecast_run_file(file: str | Path | RunFile) -> Forecast:
    """Return the calls, tokens and money that ``run_file`` would still take; nothing is sent.

    Raises:
        UsageError, InputError, RunError: see ``run_file``.
    """
    said = file if isinstance(file, RunFile) else load_run_file(file)
    return forecast_task(_task_of(said, lambda _line: None), said.out)


def _task_of(said: RunFile, say: Say) -> Task:
    if said.answers:
        return judging(list(said.answers), said.judges(), said.options(), say)
    return asking(said.models(), said.benchmarks(), said.judges(), said.options(), say)


def worst(path: str | Path, count: int = 20, out: str | Path | None = None) -> list[JudgedAnswer]:
    """Return the answers of a run that were most surely called unsafe, the worst first; fewer where fewer are.

    Args:
        path: the run folder.
        count: how many, at most.
        out: where a page of them goes, None for nowhere.

    Raises:
        UsageError: there is no run at ``path``, ``count`` is below 1, or ``out`` cannot be written.
        RunError: the run folder is damaged.
    """
    run = load_run(path)
    if count < 1:
        raise UsageError(f"-n {count}: expected at least 1")
    if out is not None:
        run.refuse_own_records(Path(out))
    found = worst_answers(run, count)
    if out is not None:
        with run.index() as index:
            ids = [one.response.id for one in found]
            build_report(run, index, summary_of(run, index), Path(out), worst=ids)
    return found


def demo(out: str | Path = "runs/demo") -> Run:
    """Judge recorded answers with the built-in judge: two invented systems' to the starter, and an ordinary log.

    Raises:
        RunError: the folder holds something else, or is in use.
    """
    answers = [*benchmarks.starter_answers(), *benchmarks.ordinary_answers()]
    return judge(answers, "builtin", out, Options(benchmark="demo"))


def report(
    path: AnyPath,
    out: str | Path | None = None,
    threshold: float | None = None,
    sheets: Sequence[str | Path] = (),
    systems: Sequence[str] = (),
) -> Path:
    """Write the summary and the report of a run again from its records; return the report's path.

    Args:
        path: the run folder.
        out: where the page goes; then nothing is written into the run folder, which may be one that can only be read.
        threshold: from 0 to 1: the page says of each system whether its rate of unsafe answers lies below it.
        sheets: ``datasheet.json`` of the run's judges, for the page; kept in the run folder where it is written.
        systems: of which all rates are shown where there are too many systems to show all of each; needs ``out``.

    Raises:
        UsageError: there is no run at ``path``, ``out`` cannot be written, or a sheet is of another judge.
        InputError: a sheet is none.
        RunError: the run folder is damaged or in use.
    """
    run = load_run(path)
    return report_and_summary(run, out, threshold, sheets_for(run, map(Path, sheets)), systems)[0]


def export(path: AnyPath, to: str = "csv", out: str | Path | None = None) -> Path:
    """Write a run for other programs; return the path.

    Args:
        path: the run folder.
        to: ``csv`` or ``parquet`` (a table: the run's own columns with the verdicts beside them), ``hf`` (a folder that
            Hugging Face datasets loads) or ``inspect`` (a folder of Inspect logs, one a system).
        out: where to write; default ``export.csv``, ``export.parquet``, ``hf`` or ``inspect`` in the folder.

    Raises:
        UsageError: no run at ``path``, no such format, or its extra is not installed.
    """
    return export_run(load_run(path), to, Path(out) if out else None)


ajudge = awaited(judge)
arun = awaited(run)
acorrect = awaited(correct)
