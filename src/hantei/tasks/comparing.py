"""Comparing runs, or the systems of one, prompt by prompt: opening them, counting, and the answers that flipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from hantei.cards import did_you_mean
from hantei.errors import UsageError
from hantei.files import AnyPath
from hantei.metrics.compare import Comparison, Difference, FlippedPrompt, adjusted, difference
from hantei.metrics.compare_effects import EffectDifference
from hantei.metrics.compare_pairs import Pairs
from hantei.metrics.definitions import Metric
from hantei.metrics.summary import VALUE_OF, metrics_of
from hantei.models.families import families
from hantei.records import Prompt, Response
from hantei.runs.comparable import comparability_problems
from hantei.runs.compared import ComparedRuns, Flip, Side, compared
from hantei.runs.counting import answer_with, one_sided
from hantei.runs.folder import Run, load_run
from hantei.runs.index import Index
from hantei.runs.info import RunInfo
from hantei.runs.judging import PairReader
from hantei.tasks.comparing_sides import matched, sides_of
from hantei.tasks.comparing_variants import effect_differences, variant_differences

FLIPS = 50
"""Prompts that flipped whose answers are kept, of each pair of sides."""

DIMENSIONS = ("language", "harm_type")


def compare(
    *paths: AnyPath,
    judge: str | None = None,
    systems: Sequence[str] = (),
    anyway: bool = False,
    also: Sequence[str] = (),
) -> Comparison:
    """Say whether systems truly differ, prompt by prompt: those of one run, or across several runs.

    Args:
        paths: run folders; of a single one its systems are compared with each other.
        judge: whose verdicts; None for every judge that judged all of the runs.
        systems: only these; all where there are none.
        anyway: compare runs of other versions of a judge, benchmarks or policies, and say so.
        also: metrics that are compared besides, such as ``incoherent_rate``.

    Raises:
        UsageError: no run there, no such judge or system, nothing to compare, or runs that measure different things.
        RunError: a run folder is damaged.
    """
    runs = [load_run(path) for path in paths]
    infos = [run.info() for run in runs]
    judges = _judges(infos, judge)
    with ExitStack() as stack:
        indexes = [
            stack.enter_context(run.index(info.plan.samples_asked, info.plan.systems))
            for run, info in zip(runs, infos, strict=True)
        ]
        sides = sides_of(runs, indexes, systems)
        held = stack.enter_context(compared(indexes))
        against = comparability_problems([str(path) for path in paths], infos, judges, held.changed)
        if against and not anyway:
            raise UsageError(f"{'; '.join(against)}: the difference would not be the systems'. --anyway compares them")
        work = _Work(runs, infos, indexes, held, sides, also)
        return work.comparison(judges, against)


def _judges(infos: Sequence[RunInfo], judge: str | None) -> list[str]:
    shared = [name for name in infos[0].judges if all(name in info.judges for info in infos)]
    if judge is not None and judge in shared:
        return [judge]
    if judge is None and shared:
        return shared
    there = "; ".join(", ".join(info.judges) or "none" for info in infos)
    wanted = "a judge that judged every run" if judge is None else f"--judge {judge} in every run"
    hint = did_you_mean(judge or "", shared)
    raise UsageError(f"expected {wanted}; their judges are: {there}. hantei judge RUN --judge NAME adds one{hint}")


_NOT_COMPARED = ("answered_by", "incoherent")
"""Facts of the judging, or of no interest by themselves: each comparison more costs all others certainty (Holm)."""


@dataclass(frozen=True, slots=True)
class _Work:
    """Runs that are open, and their sides."""

    runs: Sequence[Run]
    infos: Sequence[RunInfo]
    indexes: Sequence[Index]
    held: ComparedRuns
    sides: Sequence[Side]
    also: Sequence[str]

    def comparison(self, judges: Sequence[str], against: Sequence[str]) -> Comparison:
        pairs, differences, slices, flipped = self._pairs(), [], [], []
        variants: list[Difference] = []
        effects: list[EffectDifference] = []
        kept = {}
        for judge in judges:
            for metric in self._metrics(judge):
                found = list(self._of_metric(judge, metric, pairs))
                differences += adjusted([whole for whole, _, _ in found])
                if metric.rate_kind is not None and not metric.counts.coherent:
                    kept[judge] = metric.name
                    flipped += [flip for _, _, flips in found for flip in flips]
                if "headline" in metric.shown:
                    slices += [one for _, parts, _ in found for one in parts]
                    variants += self._variants(judge, metric)
                    effects += self._effects(judge, metric, pairs)
        if not differences and not variants:
            raise UsageError("the sides have no prompt in common on which both have a verdict: nothing to compare")
        return Comparison(
            title=self._title(),
            sides=tuple(side.name for side in self.sides),
            judges=kept,
            differences=tuple(differences),
            slices=tuple(slices),
            flipped=tuple(flipped),
            notices=(
                *(f"{line}. Compared all the same." for line in against),
                *(self._alone(differences) if differences else ()),
                *self._attacked(),
                *self._kin(judges),
            ),
            variants=tuple(variants),
            effects=tuple(effects),
        )

    def _pairs(self) -> list[tuple[int, int]]:
        """Return which sides are compared; none where there is one, and attacks or the like to see what they change."""
        return [] if len(self.sides) == 1 and self.held.variants() else matched(self.sides)

    def _attacked(self) -> Iterator[str]:
        """Yield a line on what is left out where sides are compared."""
        if any(name.startswith("attack/") for name in self.held.variants()):
            yield (
                "Prompts in attacks are compared with the plain ones that they were made from; whether the sides "
                "differ is said of the others alone."
            )

    def _variants(self, judge: str, metric: Metric) -> Iterator[Difference]:
        return variant_differences(self.held, self.sides, judge, metric, set(self._wanted(metric)))

    def _effects(self, judge: str, metric: Metric, pairs: Sequence[tuple[int, int]]) -> Iterator[EffectDifference]:
        groups = set(self._wanted(metric))
        for pair in pairs:
            yield from effect_differences(self.held, self.sides, pair, judge, metric, groups)

    def _wanted(self, metric: Metric) -> list[int]:
        """Return the groups of prompts that a metric counts."""
        return [number for number, group in enumerate(self.held.groups) if group.intent in metric.intents]

    def _alone(self, differences: Sequence[Difference]) -> Iterator[str]:
        """Yield a line on the sides that are in no comparison."""
        compared_sides = {name for one in differences for name in (one.first, one.second)}
        alone = [side.name for side in self.sides if side.name not in compared_sides]
        if alone:
            yield f"{', '.join(alone)}: no prompt in common with what it would be compared with, so in no line here."

    def _title(self) -> str:
        if len(self.runs) == 1:
            return f"{len(self.sides)} systems of {self.runs[0].path.resolve().name}"
        return " against ".join(run.path.resolve().name for run in self.runs)

    def _metrics(self, judge: str) -> Iterator[Metric]:
        """Yield the metrics that all runs have of a judge and that are of the systems, not of the judging."""
        entry = self.infos[0].judges[judge]
        for metric in metrics_of(entry):
            fact = metric.counts.fact
            whole = not any(one_sided(index, index.judge_no(judge), fact) for index in self.indexes)
            usual = "terminal" in metric.shown and fact not in _NOT_COMPARED and not metric.counts.coherent
            if (usual or metric.name in self.also) and whole and not metric.each:
                yield metric

    def _of_metric(
        self, judge: str, metric: Metric, pairs: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[Difference, list[Difference], list[FlippedPrompt]]]:
        """Yield for each pair of sides that has prompts in common its difference, its slices and what flipped."""
        worst = metric.worst if self.infos[0].no_verdict == "unsafe" else None
        self.held.count(self.sides, judge, metric.counts, self.infos[0].rule, worst)
        wanted = self._wanted(metric)
        for first, second in pairs:
            names = (self.sides[first].name, self.sides[second].name)
            found = {group: one for group, one in self.held.pairs(first, second).items() if group in set(wanted)}
            whole = _together(found.values())
            if whole.prompts:
                flips = self.held.flips(self.sides, first, second, wanted, FLIPS)
                yield (
                    difference(whole, metric.name, judge, names, {}),
                    list(self._slices(found, metric, judge, names)),
                    list(self._answers(flips, judge, metric, (first, second))),
                )

    def _slices(
        self, found: Mapping[int, Pairs], metric: Metric, judge: str, names: tuple[str, str]
    ) -> Iterator[Difference]:
        for dimension in DIMENSIONS:
            parts: dict[str, list[Pairs]] = {}
            for group, pairs in found.items():
                value = VALUE_OF[dimension](self.held.groups[group])
                if value is not None:
                    parts.setdefault(value, []).append(pairs)
            whole = {value: _together(several) for value, several in sorted(parts.items())}
            if len(whole) > 1:
                yield from adjusted(
                    [
                        difference(pairs, metric.name, judge, names, {dimension: value})
                        for value, pairs in whole.items()
                        if pairs.prompts
                    ]
                )

    def _answers(
        self, flips: Sequence[Flip], judge: str, metric: Metric, pair: tuple[int, int]
    ) -> Iterator[FlippedPrompt]:
        first, second = (self.sides[number] for number in pair)
        for flip in flips:
            one = self._answer(first, judge, metric, flip.first_prompt, not flip.second_more)
            other = self._answer(second, judge, metric, flip.second_prompt, flip.second_more)
            if one is not None and other is not None:
                yield FlippedPrompt(
                    judge=judge,
                    metric=metric.name,
                    first=first.name,
                    second=second.name,
                    second_more=flip.second_more,
                    prompt=one[0],
                    first_answer=one[1],
                    second_answer=other[1],
                )

    def _answer(self, side: Side, judge: str, metric: Metric, prompt: int, hit: bool) -> tuple[Prompt, Response] | None:
        index = self.indexes[side.run]
        rule = self.infos[0].rule
        place = answer_with(index, index.judge_no(judge), metric.counts, rule, (prompt, side.system, hit))
        if place is None:  # counted as a hit by the policy: no verdict to show
            return None
        with PairReader(self.runs[side.run]) as reader:
            return reader.read(place)

    def _kin(self, judges: Sequence[str]) -> Iterator[str]:
        """Yield a warning for each judge that is of the family of a model that it judges."""
        for judge in judges:
            full = self.infos[0].judges[judge].full_name or judge
            own = families([full]) if not judge.startswith("human:") else frozenset()
            for side in self.sides:
                models = [one.model for one in self.infos[side.run].plan.models if one.name == side.system]
                for family in sorted(own & families([side.system, *models])):
                    yield (
                        f"{judge} and {side.name} are both of the family {family}: judges are known to favour answers "
                        "of their own family. Compare with a judge of another one."
                    )


def _together(several: Iterable[Pairs]) -> Pairs:
    whole = Pairs()
    for one in several:
        whole.merge(one)
    return whole
