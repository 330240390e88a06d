"""Base and tuned model on the same benchmarks: what the tuning changed, each as a paired difference with its interval.

Each benchmark is two runs like any other, in ``OUT/evaluation``; comparing them is ``hantei compare``. Incoherent
answers stand apart: a model that fails to write is not safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from hantei.api import run
from hantei.errors import UsageError
from hantei.estimates import Estimate
from hantei.files import write_atomic
from hantei.metrics.definitions import title
from hantei.models.base import Sampling
from hantei.progress import Say
from hantei.reports.comparison import sections
from hantei.reports.section import Section, lead, numbers, percent, text_table
from hantei.runs.folder import Run
from hantei.tasks.comparing import compare
from hantei.tasks.options import Options
from hantei.training.mixtures.recipe import EvaluationPlan, LoadedRecipe

APART = ("incoherent_rate", "coherent_violation_rate", "coherent_flagged_rate")
FOLDER = "evaluation"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One metric on one benchmark: of the base, of the tuned model, and the second less the first.

    ``lost`` counts prompts that are left out, since one of the two answers has no verdict.
    """

    kind: str
    benchmark: str
    judge: str
    metric: str
    base: Estimate
    tuned: Estimate
    difference: Estimate
    lost: int = 0


class BeforeAfter(msgspec.Struct, frozen=True, kw_only=True):
    """What a tuning changed; ``folders`` are each benchmark's runs of base and tuned model."""

    changes: tuple[Change, ...]
    folders: tuple[tuple[str, str], ...]

    def of(self, kind: str, metric: str) -> Change | None:
        """Return one metric on the first benchmark of a kind, None where it was not measured."""
        return next((one for one in self.changes if (one.kind, one.metric) == (kind, metric)), None)

    def table(self) -> list[list[str]]:
        """Return all changes as text, with a header."""
        rows = [[_title(one.metric), f"{one.kind}: {one.benchmark}", one.judge, *_texts(one)] for one in self.changes]
        return [["", "benchmark", "judge", "base", "tuned", "difference", "prompts"], *rows]


def evaluate(loaded: LoadedRecipe, base: str | None, tuned: Path, say: Say) -> tuple[BeforeAfter, list[Section]]:
    """Measure base and tuned model on the recipe's benchmarks; the same call again goes on.

    Args:
        loaded: the recipe, which says on what and by which judge.
        base: the base's folder or its name on Hugging Face.
        tuned: the tuned model's folder; what is measured goes into ``evaluation`` there, with a page.
        say: takes a line for people.

    Raises:
        UsageError: the recipe names no benchmark, or the model was made from nothing and has no base.
        RunError: no call to a model works.
    """
    plan = loaded.recipe.evaluation
    if base is None:
        raise UsageError("--evaluate compares with the base, and this model was made from nothing: tune it further")
    if not plan.benchmarks:
        raise UsageError(f"recipe {loaded.name}: --evaluate needs benchmarks under [evaluation]")
    home, changes, shown, folders = tuned / FOLDER, [], [], []
    for kind, name in plan.by_kind():
        say(f"{kind}: {name}")
        pair = _runs(loaded, {"base": base, "tuned": str(tuned)}, (kind, name), home)
        found, parts = _compared(kind, name, _judge(plan, kind), pair)
        changes += found
        shown += parts
        folders.append((str(pair[0].path), str(pair[1].path)))
    result = BeforeAfter(changes=tuple(changes), folders=tuple(folders))
    shown.insert(0, overview(result))
    _write(home, loaded, result, shown)
    return result, shown


def overview(result: BeforeAfter) -> Section:
    """Return all changes in one table."""
    header = ["", "benchmark", "judge", "base", "tuned", "difference", "prompts"]
    rows = [[_title(one.metric), f"{one.kind}: {one.benchmark}", one.judge, *_cells(one)] for one in result.changes]
    return Section(
        key="before-and-after",
        title="What the tuning changed",
        tables=(text_table("Base and tuned model on the same prompts", header, rows),),
        notes=(lead("The tuned model's rate less the base's, on the same prompts, with a paired 95% interval."),),
        data=result,
    )


def _judge(plan: EvaluationPlan, kind: str) -> str:
    return (plan.general_judge or plan.judge) if kind == "general" else plan.judge


def _runs(loaded: LoadedRecipe, models: Mapping[str, str], what: tuple[str, str], home: Path) -> tuple[Run, Run]:
    kind, name = what
    plan = loaded.recipe.evaluation
    sampling = Sampling(temperature=plan.temperature, max_tokens=plan.max_tokens, seed=loaded.recipe.seed)
    options = Options(sampling=sampling, samples=plan.samples)
    made = []
    for side, model in models.items():
        out = home / f"{side}-{kind}-{Path(name).stem.replace(':', '-')}"
        made.append(run(f"hf/{model}", loaded.benchmark(name), _judge(plan, kind), out, options))
    return made[0], made[1]


def _compared(kind: str, name: str, judge: str, pair: tuple[Run, Run]) -> tuple[list[Change], list[Section]]:
    found = compare(*(run.path for run in pair), also=APART)
    changes = [
        Change(
            kind=kind,
            benchmark=Path(name).stem,
            judge=one.judge,
            metric=one.metric,
            base=one.first_rate,
            tuned=one.second_rate,
            difference=one.drawn or one.difference,
            lost=one.lost,
        )
        for one in found.differences
    ]
    scores = paired_scores(pair, judge)
    if scores:
        base, tuned, gain = scores
        changes.append(
            Change(
                kind=kind,
                benchmark=Path(name).stem,
                judge=judge,
                metric="score",
                base=base,
                tuned=tuned,
                difference=gain,
            )
        )
    return changes, [_of_benchmark(one, name) for one in sections(found)]


def paired_scores(pair: tuple[Run, Run], judge: str) -> tuple[Estimate, Estimate, Estimate] | None:
    """Return the mean scores of two runs and the second less the first, by prompt; None where the judge gives none.

    The interval is that of drawing prompts again.
    """
    import numpy as np

    from hantei.metrics.bootstrap import BY_PROMPT, bootstrap

    both = [_scores(run, judge) for run in pair]
    shared = sorted(both[0].keys() & both[1].keys())
    if not shared:
        return None
    first, second = (np.array([one[prompt] for prompt in shared]) for one in both)
    rows = np.arange(len(shared))

    def estimate(values: Any) -> Estimate:
        low, high = bootstrap(lambda drawn: float(values[drawn].mean()), rows)
        return Estimate(value=float(values.mean()), low=low, high=high, n=len(shared), method=BY_PROMPT)

    return estimate(first), estimate(second), estimate(second - first)


def _scores(run: Run, judge: str) -> dict[str, float]:
    """Return each prompt's mean score."""
    prompt_of = {response.id: response.prompt_id for response in run.responses()}
    found: dict[str, list[float]] = {}
    for judgment in run.judgments(run.one_judge(judge)):
        if judgment.score is not None:
            found.setdefault(prompt_of[judgment.response_id], []).append(judgment.score)
    return {prompt: sum(scores) / len(scores) for prompt, scores in found.items()}


def _of_benchmark(section: Section, name: str) -> Section:
    """Return a section that says of which benchmark it is."""
    return replace(section, title=f"{section.title} {Path(name).stem}", key=f"{section.key}-{name}")


def _cells(one: Change) -> list[Any]:
    if one.metric == "score":
        return [*(_plain(estimate) for estimate in (one.base, one.tuned, one.difference)), _prompts(one)]
    return [*(percent(*numbers(estimate)) for estimate in (one.base, one.tuned, one.difference)), _prompts(one)]


def _texts(one: Change) -> list[str]:
    cells = _cells(one)
    return [cell if isinstance(cell, str) else f"{cell.text} {cell.interval}".strip() for cell in cells]


def _prompts(one: Change) -> str:
    return f"{int(one.difference.n):,}" + (f", {one.lost} without a verdict" if one.lost else "")


def _plain(estimate: Estimate) -> str:
    value, low, high = numbers(estimate)
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _title(metric: str) -> str:
    return "Mean score" if metric == "score" else title(metric)


def _write(home: Path, loaded: LoadedRecipe, result: BeforeAfter, shown: Sequence[Section]) -> None:
    from hantei.reports.sections_page import write_sections

    write_atomic(home / "changes.json", [msgspec.json.format(msgspec.json.encode(result))])
    heading = f"{loaded.recipe.title}: before and after"
    write_sections(home / "index.html", heading, "Before and after", "The tuned model against its base.", shown)
