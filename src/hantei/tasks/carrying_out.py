"""Carrying a task out: the folder, the calls, the judging, and whatever happens a summary and a report at the end."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from hantei.correction.outcome import with_corrections
from hantei.engine.asking import AskedModel
from hantei.engine.forecast import Forecast, forecast
from hantei.engine.limits import Limits
from hantei.engine.pipeline import Outcome, drive
from hantei.engine.stopping import AGAIN
from hantei.engine.work import Errand
from hantei.errors import UsageError
from hantei.estimates import AgainstPerson, SecondLooks
from hantei.event_loop import outside_of_loop
from hantei.garbage import frozen
from hantei.metrics.summary import summarise
from hantei.models.base import Model, Prepared
from hantei.progress import Say
from hantei.records import Summary
from hantei.reports.build import build_report, notices
from hantei.reports.template import compile_templates
from hantei.runs.drift import note_drift
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import Did
from hantei.runs.judging import add_judges
from hantei.runs.order import put_judgments_in_order, put_responses_in_order
from hantei.runs.pending import not_asked
from hantei.runs.people import is_informed
from hantei.tasks.task import Task

_FIRST_CALLS_S = 0.02
"""So soon the first calls are under way."""


def carry_out(task: Task, out: str | Path | None, say: Say) -> Run:
    """Do what is left of a task in its folder, and return the run with its summary and report.

    Inside a running event loop, as in a notebook, the work is done in a thread, to which Ctrl-C is passed on.

    Raises:
        UsageError: a model cannot be asked, as its key is not set.
        RunError: the folder belongs to another plan or is in use, or no call to a model works: what there is is kept.
        OSError: the disk is full or gone; what was written is kept.
        KeyboardInterrupt: Ctrl-C; the report of what there is has been written.
    """
    for model in task.models:
        if isinstance(model, Prepared):
            model.check_ready()
    return outside_of_loop(lambda: _carry_out(task, out, say))


def forecast_task(task: Task, out: str | Path | None) -> Forecast:
    """Return what is left to ask for a task, in its folder if that is there; nothing is asked and nothing is written.

    Raises:
        RunError: the folder belongs to another plan or is in use.
    """
    with TemporaryDirectory(prefix="hantei-") as elsewhere:
        there = task.again or (out is not None and Run(Path(out)).info_path.is_file())
        with task.folder(out if there else Path(elsewhere) / "run") as (run, index):
            return forecast(run, index, task.asked, task.judges, task.price)


def write_report(run: Run, index: Index, threshold: float | None = None) -> tuple[Path, Summary]:
    """Write summary and report of a run from its records; return the page's path and the summary."""
    summary = summary_of(run, index)
    run.write_summary(summary)
    return build_report(run, index, summary, threshold=threshold), summary


def summary_of(run: Run, index: Index, whole: Collection[str] = ()) -> Summary:
    """Return what a run amounts to, from its records; of the systems ``whole`` with all their rates."""
    info = run.info()
    against = _against_people(run, index) if any(name.startswith("human:") for name in info.judges) else ()
    summary = summarise(index, info.judges, info.no_verdict, info.rule, whole)
    if judge := info.plan.correction.get("judge"):
        summary = with_corrections(summary, run, index, judge)
    summary = replace(summary, rates=tuple(one for one in summary.rates if not is_informed(one.by.get("judge", ""))))
    return replace(
        summary,
        notes=(*notices(run, index, summary.rates), *summary.notes),
        calibration=tuple(one for one in against if not is_informed(one.against)),
        second_looks=_second_looks(run) if any(map(is_informed, info.judges)) else (),
    )


def _carry_out(task: Task, out: str | Path | None, say: Say) -> Run:
    with task.folder(out) as (run, index):
        before = _begin(run, task)
        if task.models:
            say(f"run folder: {run.path}")
            for line in forecast(run, index, _foreseen(task), task.judges, task.price).lines():
                say(line)
        try:
            with _page_prepared_while(task.models):
                outcome = _do_passes(run, index, task, before, say)
        finally:
            # Stopped by a full disk, there is still the report of what there is.
            with frozen():
                finish(run, index, task)
    if outcome.error is not None:
        raise outcome.error
    return run


@contextmanager
def _page_prepared_while(models: Sequence[Model]) -> Iterator[None]:
    """Load what the page is made with while the first calls of models, if any, are under way: nothing else is to do."""
    timer = threading.Timer(_FIRST_CALLS_S, compile_templates)
    if models:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if models:
            timer.join()


def _do_passes(run: Run, index: Index, task: Task, before: str | None, say: Say) -> Outcome:
    """Do what is to do, pass after pass, and return how the last one went; each is a step of the run."""
    started = time.monotonic()
    for number, errand in enumerate(task.passes(run, index) if task.passes else [None]):
        limits = task.options.limits
        if number and limits.run_timeout_s is not None:
            left = limits.run_timeout_s - (time.monotonic() - started)
            limits = dataclasses.replace(limits, run_timeout_s=max(left, 0.001))
        outcome = _drive(run, index, task, limits, errand)
        run.check_there()
        _note(run, outcome, task, before, say, errand is not None)
        index.spent, index.paid = outcome.meter.total, index.paid + outcome.meter.calls
        if outcome.stopped or outcome.error or outcome.left_out:
            break
    return outcome


def _drive(run: Run, index: Index, task: Task, limits: Limits, errand: Errand | None) -> Outcome:
    """Do one pass, here or where the options say.

    Raises:
        UsageError: answers are to be corrected elsewhere: what is to do there shows only here.
    """
    if task.options.on == "here":
        return drive(run, index, task.judges, task.asked, limits, task.price, errand)
    if errand is not None:
        raise UsageError(f"--on {task.options.on}: answers are corrected here only: leave it out")
    from hantei.engine.on_ray import drive_on_ray

    return drive_on_ray(run, index, task.judges, task.asked, limits, task.options.prices)


def _foreseen(task: Task) -> tuple[AskedModel, ...]:
    """Return the models whose calls can be foreseen; how many answers to correct shows only once they are judged."""
    return () if task.passes else task.asked


def _begin(run: Run, task: Task) -> str | None:
    """Write into ``run.json`` what is to be done; return why the run was not whole before."""
    add_judges(run, task.judges)
    info = run.info()
    options = task.options
    run.write_info(
        replace(
            info,
            no_verdict=options.no_verdict,
            rule=options.rule,
            title=options.title or info.title,
            stopped="it was not finished" + AGAIN,
        )
    )
    return info.stopped


def _note(run: Run, outcome: Outcome, task: Task, before: str | None, say: Say, corrected: bool) -> None:
    """Write how the work went into ``run.json``: one step a call, so that the sum stays true when a run is resumed.

    Args:
        run: the run.
        outcome: how the work went.
        task: what was to do.
        before: why the run was not whole before.
        say: takes lines for people.
        corrected: whether it was answers that were corrected.
    """
    info = run.info()
    refused = tuple(sorted({name for model in task.models for name in getattr(model, "refused", ())}))
    names = tuple(judge.name for judge in task.judges)
    did: Did = "corrected" if corrected else "asked" if task.asked and not task.passes else "judged"
    step = replace(outcome.meter.step(did, names, refused, outcome.stopped), left_out=outcome.left_out)
    # Judging what a model was asked for does not make up for answers that are still to be asked for.
    lacking = before if info.plan.models and not task.asked else None
    left_out = f"left out, while others went on: {outcome.left_out}" if outcome.left_out else None
    run.write_info(replace(info, stopped=outcome.stopped or left_out or lacking, steps=(*info.steps, step)))
    if refused:
        say(f"the server does not take {', '.join(refused)}: asked without")
    for reason in outcome.meter.unknown_finishes:
        say(f"finish reason '{reason}' is not known; its answers count as whole")
    if task.models:
        say(outcome.meter.line())
    if outcome.torn:
        say(f"{outcome.torn} last lines were torn by a kill and dropped; what they held was done again")


def finish(run: Run, index: Index, task: Task) -> None:
    """Put the files into input order, and write what is known of the judges now, the summary and the report.

    Raises:
        RunError: the folder is gone.
    """
    run.check_there()
    if index.db.failed:
        return  # it does not know all that was written, which must stay as it is until it is read again
    put_responses_in_order(run, index)
    for judge in task.judges:
        put_judgments_in_order(run, index, judge.name)
    add_judges(run, task.judges)  # some know more of themselves now
    info, missing = run.info(), not_asked(index, run.info().plan)
    if missing != info.not_asked:
        run.write_info(replace(info, not_asked=missing))
    note_drift(run, index, task.judges)
    write_report(run, index)


def _second_looks(run: Run) -> tuple[SecondLooks, ...]:
    from hantei.metrics.second_looks import second_looks  # needs numpy, too

    return second_looks(run)


def _against_people(run: Run, index: Index) -> tuple[AgainstPerson, ...]:
    from hantei.metrics.against import against_people  # needs numpy, which a run without people's labels does not

    return against_people(run, index)
