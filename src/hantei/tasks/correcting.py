"""Correcting unsafe answers: a run whose answers are those of a file or a run, and the versions that follow them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from hantei.correction.card import CorrectionCard, load_correction_card
from hantei.correction.errand import Round, add_refusals
from hantei.correction.rules import Rules, read_rules
from hantei.correction.versions import is_original
from hantei.engine.asking import AskedModel
from hantei.engine.work import Errand
from hantei.errors import UsageError
from hantei.files import sha256
from hantei.judges import Judge
from hantei.models.load import AnyModel, load_model
from hantei.progress import Say
from hantei.record_lines import to_line
from hantei.runs.folder import Run
from hantei.runs.grouped import GroupedJournal
from hantei.runs.index import Index
from hantei.runs.info import JudgeInfo, RunInfo, new_info
from hantei.runs.opening import opened
from hantei.runs.plan import InputFile, Plan
from hantei.tasks.named import sampling_of
from hantei.tasks.options import ASKING, Options
from hantei.tasks.sources import Source, run_folder, title_of
from hantei.tasks.task import Judging, Task, given, make_task, read_given


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """How unsafe answers are corrected: in ``rounds`` at most, by ``rules`` (a file) and ``template`` (a folder)."""

    rounds: int = 2
    rules: Path | None = None
    template: Path | None = None


def correcting(
    source: Source,
    model: AnyModel,
    judge: Judging,
    check_with: Sequence[Judging],
    options: Options,
    correction: Correction,
    say: Say,
) -> Task:
    """Return the task of correcting answers.

    Args:
        source: a file or several, rows as dictionaries, or a run folder.
        model: the model that writes the answers again.
        judge: says which answers are unsafe, and why.
        check_with: judges that judge every version, too.
        options: how answers are read, asked for and judged.
        correction: how they are corrected.
        say: takes lines for people.

    Raises:
        UsageError: no such file, model or judge, an option that says nothing here, or ``max_cost`` without a price.
        InputError: the rules cannot be read.
    """
    options.check_unused(*(name for name in ASKING if name != "sampling"))
    if correction.rounds < 1:
        raise UsageError(f"--rounds {correction.rounds}: expected at least 1")
    card, rules = load_correction_card(correction.template), _rules(correction.rules)
    asked = AskedModel(model=load_model(model), sampling=sampling_of(model, options))
    again = run_folder(source)
    if again is not None and again.info().plan.correction:
        raise UsageError(f"{again.path}: its answers are corrections already: correct the run that it was made from")
    maker = _RunAnswers(again) if again is not None else _GivenAnswers(source, options, say)
    judges: list[Judging] = [judge, *check_with]

    def make(part: Run, index: Index) -> RunInfo:
        return maker.fill(part, index, rules, task.judges, plan)

    def passes(run: Run, index: Index) -> Iterator[Errand | None]:
        yield None
        name = task.judges[0].name
        add_refusals(run, index, name, card)
        for _ in range(correction.rounds):
            this = Round(run, index, name, card, rules, correction.rounds, asked.sampling)
            if not this:
                break
            yield this
        yield None

    task = make_task(judges, options, lambda out: opened(out, plan, f"corrected-{maker.title}", make), (asked,), passes)
    plan = replace(maker.plan, correction=_planned(asked, task.judges[0].name, correction, card, rules))
    return task


def _planned(
    asked: AskedModel, judge: str, correction: Correction, card: CorrectionCard, rules: Rules
) -> dict[str, object]:
    """Return what decides the versions of an answer."""
    return {
        "model": asked.model.name,
        "judge": judge,
        "rounds": correction.rounds,
        "rules": [rule.text for rule in rules.rules] and _digest(rules),
        "template": f"{card.file.name} {card.hash[:16]}",
        **{name: value for name, value in json.loads(json.dumps(asdict(asked.sampling))).items() if value},
    }


def _digest(rules: Rules) -> str:
    parts = [[rule.text, rule.region, rule.product] for rule in rules.rules]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _rules(path: Path | None) -> Rules:
    return read_rules(path) if path is not None else Rules()


class _GivenAnswers:
    """Answers of files or rows."""

    def __init__(self, source: Source, options: Options, say: Say) -> None:
        self._options, self._say = options, say
        self._sources, self.plan = given(source, options, say)
        self.title = title_of(self._sources)

    def fill(self, part: Run, index: Index, rules: Rules, judges: Sequence[Judge], plan: Plan) -> RunInfo:
        """Make a new run of them."""
        with TemporaryDirectory(prefix="hantei-") as folder:
            read = Run(Path(folder) / "run")
            read.path.mkdir()
            with Index(read.index_path) as first:
                info = read_given(self._sources, read, first, self._options, self._say, plan)
            _copy(read, info, part, index, rules, judges)
            if read.rejected_path.exists():
                part.rejected_path.write_bytes(read.rejected_path.read_bytes())
        return info


class _RunAnswers:
    """The answers of a run, with what judges that judge here too, and people, said of them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.title = run.path.resolve().name
        self._info = run.info()
        files = tuple(InputFile(file=path.name, sha256=sha256(path)) for path in (run.prompts_path, run.responses_path))
        self.plan = Plan(inputs=files, judge_reasoning=self._info.plan.judge_reasoning)

    def fill(self, part: Run, index: Index, rules: Rules, judges: Sequence[Judge], plan: Plan) -> RunInfo:
        """Make a new run of them."""
        info = replace(new_info(plan), notices=self._info.notices)
        return replace(info, judges=_copy(self._run, self._info, part, index, rules, judges))


def _copy(
    run: Run, info: RunInfo, part: Run, index: Index, rules: Rules, judges: Sequence[Judge]
) -> dict[str, JudgeInfo]:
    """Write a run's prompts, answers and judgments into another, and return what is known of the judges.

    Judgments of a judge are taken where it judges here too, in the same version, and no rules are new to it; people's
    labels always.

    Args:
        run: the run to copy from.
        info: what is known of it.
        part: the folder to write into.
        index: its index.
        rules: become criteria of the prompts that they hold for.
        judges: those of the new run.
    """
    with GroupedJournal(part.prompts_path) as prompts:
        for prompt in run.prompts():
            prompt = rules.applied(prompt)
            index.add_prompt(prompt, prompts.offset)
            prompts.add(to_line(prompt))
    with GroupedJournal(part.responses_path) as responses:
        for response in run.responses():
            if is_original(response):
                index.add_response(response, responses.offset)
                responses.add(to_line(response))
    same = {judge.name: judge.card_hash for judge in judges} if not rules.rules else {}
    taken = {
        name: known
        for name, known in info.judges.items()
        if name.startswith("human:") or same.get(name) == known.card_hash
    }
    for name in taken:
        with GroupedJournal(part.judgments_path(name)) as journal:
            for judgment in run.judgments(name):
                judgment = replace(judgment, cost=judgment.cost and 0.0)  # it was paid for in the other run
                index.add_judgment(judgment, journal.offset)
                journal.add(to_line(judgment))
    return taken
