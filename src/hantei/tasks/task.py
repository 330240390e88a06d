"""What a run is made of, loaded and checked before anything is written: judges, limits, folder, and whom to ask."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from hantei import benchmarks
from hantei.engine.asking import AskedModel
from hantei.engine.caller import PriceLookup
from hantei.engine.work import Errand
from hantei.errors import InputError, UsageError
from hantei.exchange.importers import import_hint
from hantei.inputs import Table, check_language
from hantei.inputs.labels import LABEL_ALIASES
from hantei.judges import Judge, load_judge
from hantei.judges.base import Classifier
from hantei.judges.called import called
from hantei.judges.classifying import as_judge
from hantei.judges.user_judge import check_own
from hantei.models.base import Model
from hantei.models.prices import no_price_for, pricing
from hantei.progress import Say
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import RunInfo, judge_info, new_info
from hantei.runs.ingest import Reading, RowSource, ingest, write_prompts
from hantei.runs.opening import opened, reopened
from hantei.runs.plan import Plan, PlannedModel
from hantei.tasks.foreign import import_judged, program_of
from hantei.tasks.named import (
    AnyBenchmarks,
    AnyModels,
    AskedBenchmark,
    asked_benchmarks,
    asked_models,
    check_name,
    name_and_rest,
)
from hantei.tasks.options import ASKING, PROMPTS, READING, Options
from hantei.tasks.sources import Source, and_more, identity, open_sources, paths_of, run_folder, title_of

Judging = str | os.PathLike[str] | Judge | Classifier
"""A judge by its name or its folder, or a judge or classifier of the user's own."""

Folder = Callable[[str | Path | None], AbstractContextManager[tuple[Run, Index]]]
"""Takes ``out``; holds the run's folder, made if it is not there, with its index."""

Passes = Callable[[Run, Index], Iterator[Errand | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A run's parts.

    ``asked`` are the models that give the answers, none where they exist; ``again`` says that they are those of a run,
    which is judged where it is. ``passes`` yields what is to do, pass after pass, where that depends on the verdicts of
    the pass before: None for what the folder lacks.
    """

    judges: tuple[Judge, ...]
    options: Options
    price: PriceLookup
    folder: Folder
    asked: tuple[AskedModel, ...] = ()
    again: bool = False
    passes: Passes | None = None

    @property
    def models(self) -> list[Model]:
        """The models that are called: those that are asked, and those of judges."""
        return [*(asked.model for asked in self.asked), *(model for judge in self.judges for model in judge.models)]


def asking(
    model: AnyModels,
    benchmark: AnyBenchmarks,
    judge: Judging | Sequence[Judging],
    options: Options,
    say: Say = lambda _line: None,
) -> Task:
    """Return the task of asking models and judging their answers.

    Args:
        model: the model that is asked, or several, as ``openai/NAME?temperature=0`` or ``SHORT=openai/NAME``.
        benchmark: a benchmark's name or a file of prompts, or several, each also as ``SHORT=NAME``; or prompts.
        judge: who judges.
        options: how the models are asked, and how their answers are judged and counted.
        say: takes a line that says which columns of a file of prompts were taken as what.

    Raises:
        UsageError: no such model, judge or benchmark, two of one name, an option that answers which exist have, or
            ``max_cost`` without a price.
    """
    options.check_unused(*(name for name in READING if name not in PROMPTS))
    reading = benchmarks.PromptReading(mapping=options.mapping, rows=options.rows, missing=options.missing)
    asked, found = asked_models(model, options), asked_benchmarks(benchmark, reading)
    for taken in filter(None, (one.taken for one in found)):
        say(taken)
    plan = plan_of(asked, found, options)

    def make(part: Run, index: Index) -> RunInfo:
        write_prompts([(one.name, islice(one.prompts(), plan.limit)) for one in found], part, index)
        return new_info(plan)

    title = f"{and_more(plan.systems)}-{and_more([one.name for one in found])}"
    return make_task(judge, options, lambda out: opened(out, plan, title, make), asked)


def judging(source: Source, judge: Judging | Sequence[Judging], options: Options, say: Say) -> Task:
    """Return the task of judging answers that exist.

    Args:
        source: one file or several, rows as dictionaries, or a run folder to judge again. Files of another program are
            imported first.
        judge: who judges.
        options: how the answers are read, judged and counted.
        say: takes a line where an encoding was guessed.

    Raises:
        UsageError: no such file or judge, an option that a model is asked with, or ``max_cost`` without a price.
    """
    options.check_unused(*ASKING)
    again = run_folder(source)
    if again is not None:
        if options.label_columns() is not None:
            raise UsageError(f"--labels: {again.path} is a run; labels are taken from the files, when it is made")
        return replace(make_task(judge, options, lambda out: _again(again, out)), again=True)
    files = [path for path in paths_of(source) if path.exists()]
    try:
        sources, plan = given(source, options, say)
        program = program_of(files, sources, options)
    except UsageError:
        program = program_of(files, (), options)
        if program is None:
            raise
    if program is not None:
        return make_task(judge, options, lambda out: _imported(files, program, out, options, say))

    def make(part: Run, index: Index) -> RunInfo:
        return read_given(sources, part, index, options, say, plan)

    return make_task(judge, options, lambda out: opened(out, plan, title_of(sources), make))


def given(source: Source, options: Options, say: Say) -> tuple[list[RowSource], Plan]:
    """Return files or rows of answers, opened, and the plan of a run of them.

    Raises:
        UsageError: no such file or benchmark.
    """
    sources = open_sources(source, options)
    for table in sources:
        if isinstance(table, Table) and table.encoding.how == "guessed":
            say(f"{table.path} was read as {table.encoding.name}, which is a guess; --encoding overrides it")
    return sources, Plan(
        inputs=tuple(identity(source) for source in sources),
        map=dict(options.mapping),
        missing=options.missing,
        rows=options.rows,
        language=options.language,
        benchmarks=(benchmarks.identity(options.benchmark),) if options.benchmark else (),
        labels=options.label_columns() is not None,
    )


def read_given(sources: Sequence[RowSource], run: Run, index: Index, options: Options, say: Say, plan: Plan) -> RunInfo:
    """Write prompts and responses of a new run from opened sources, and return what ``run.json`` says of it.

    Args:
        sources: what the rows come from.
        run: the folder to write into, empty.
        index: its index, empty.
        options: how rows are read.
        say: takes what people should know of a file, a line each.
        plan: of the run.

    Raises:
        InputError: see ``ingest``.
    """
    try:
        return ingest(sources, run, index, _reading(options, say), new_info(plan))
    except InputError as error:
        hint = import_hint(table.path for table in sources if isinstance(table, Table))
        raise InputError(f"{error}{hint}") from None


def plan_of(asked: Sequence[AskedModel], asks: Sequence[AskedBenchmark], options: Options) -> Plan:
    """Return what decides a run's prompts, answers and what judges see of them.

    Args:
        asked: the models, with their sampling and system prompts.
        asks: the benchmarks.
        options: how prompts are read, and what of the answers is judged.
    """
    return Plan(
        models=tuple(
            PlannedModel(
                name=one.system,
                model=one.model.name,
                sampling=json.loads(json.dumps(asdict(one.sampling))),
                system_prompt=one.system_prompt,
            )
            for one in asked
        ),
        benchmarks=tuple(dict(one.identity) for one in asks),
        samples=options.samples,
        limit=options.limit,
        judge_reasoning=options.judge_reasoning,
        map=dict(options.mapping),
        missing=options.missing,
        rows=options.rows,
    )


def make_task(
    judge: Judging | Sequence[Judging],
    options: Options,
    folder: Folder,
    asked: tuple[AskedModel, ...] = (),
    passes: Passes | None = None,
) -> Task:
    """Return a task, its parts checked.

    Args:
        judge: who judges.
        options: how answers are read or asked for, judged and counted.
        folder: holds the run's folder.
        asked: the models that are asked, none where the answers exist.
        passes: what is to do, pass after pass; None for what the folder lacks, once.

    Raises:
        UsageError: no such judge, a wrong option, or ``max_cost`` without a price.
    """
    options.check()
    given: Sequence[Judging] = judge if isinstance(judge, list | tuple) else [judge]  # type: ignore[list-item]
    judges = tuple(loaded_judge(one, options.limits.workers) for one in given)
    _check_names(judges)
    task = Task(
        judges=judges, options=options, price=pricing(options.prices), folder=folder, asked=asked, passes=passes
    )
    unpriced = [model.name for model in task.models if task.price(model.name, {"input": 1, "output": 1}) is None]
    if options.limits.max_cost is not None and unpriced:
        what = no_price_for(unpriced[0], options.prices)
        raise UsageError(f"--max-cost needs a price for {unpriced[0]}: {what}")
    return task


def loaded_judge(given: Judging, workers: int | None = 1) -> Judge:
    """Return a judge by its name or folder, or one of the user's own, checked; ``workers`` as in ``load_judge``.

    Raises:
        UsageError: there is no such judge, or it is none.
    """
    if isinstance(given, os.PathLike):
        return load_judge(os.path.join(os.curdir, given), workers)
    if isinstance(given, str):
        name, full = name_and_rest(given)
        judge = load_judge(full, workers)
        return called(judge, check_name(name, "the name of a judge")) if name else judge
    check_own(given)
    judge = as_judge(given)
    judge_info(judge.name, judge.card_hash, judge.outline())  # an outline that cannot be written is refused now
    return judge


def _check_names(judges: Sequence[Judge]) -> None:
    by_name: dict[str, Judge] = {}
    for judge in judges:
        if by_name.setdefault(judge.name, judge).card_hash != judge.card_hash:
            raise UsageError(f"two different judges are called {judge.name}: give each a name of its own")


@contextmanager
def _again(run: Run, out: str | Path | None) -> Iterator[tuple[Run, Index]]:
    if out is not None and Path(out).resolve() != run.path.resolve():
        raise UsageError(f"{run.path} is a run: it is judged where it is, without --out")
    with reopened(run) as index:
        yield run, index


@contextmanager
def _imported(
    files: Sequence[Path], program: str, out: str | Path | None, options: Options, say: Say
) -> Iterator[tuple[Run, Index]]:
    run = import_judged(files, program, None if out is None else Path(out), options, say)
    with reopened(run) as index:
        yield run, index


def _reading(options: Options, say: Say) -> Reading:
    prompts = benchmarks.prompts_by_id(options.benchmark) if options.benchmark else None
    language = check_language(options.language) if options.language else None
    fields = {name: column for name, column in options.mapping.items() if name not in LABEL_ALIASES}
    labels = options.label_columns()
    return Reading(fields, language, prompts, options.skip_bad_rows, labels, options.missing, say)
