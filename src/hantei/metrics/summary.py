"""The summary of a run: every rate of ``docs/definitions.md``, by judge, system and what the prompts are.

Counting happens in the run's index on disk, so memory does not grow with the run. The sums of one group of prompts add
up, so each rate by language, harm type and so on is a sum over groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter

from hantei import taxonomy
from hantei.metrics.definitions import Metric, all_metrics
from hantei.metrics.intervals import ClusterSums, effective_n, share
from hantei.metrics.places import By, CountedPlaces
from hantei.metrics.turns import rates_by_turn
from hantei.records import CountingRule, Rate, Summary
from hantei.runs.added_counts import added_missing, added_sums, are_whole, store_counts
from hantei.runs.category_counts import categories_of, judged_by_system
from hantei.runs.counting import answers_by_group, hands_on, missing_of, one_sided, sums_of
from hantei.runs.index import Group, Index
from hantei.runs.info import JudgeInfo

POLICIES = ("drop", "unsafe")
"""What to do with rows without a verdict: leave them out (their bounds are printed), or count them as unsafe."""


MOST_CATEGORIES = 30
"""A judge's most frequent categories: systems of which it calls nothing so have a rate, too, which is 0."""

_ANSWERS_A_CELL = 20
"""Answers of a group of prompts and a system from which on a shard's counts are handed on."""

PLAIN = "plain"
"""The variant of prompts that were not made from others, in runs that have such too."""

BROAD = " (broad)"
"""Ends the name of a common harm type that stands on a crosswalk entry which only overlaps it."""


def common_harm_type(harm: str) -> str | None:
    """Return the one of the 12 harm types that a harm of any taxonomy belongs to, marked where the fit is broad.

    None where the crosswalk has no type for it, or several.
    """
    crossings = [crossing for crossing in taxonomy.to_harm_types(harm) if crossing.target]
    if len(crossings) != 1:
        return None
    return f"{crossings[0].target}{BROAD if crossings[0].fit == 'broad' else ''}"


@dataclass(slots=True)
class _Cell:
    """One metric at one place: sums over prompts, and what got no verdict."""

    sums: ClusterSums = field(default_factory=ClusterSums)
    missing: dict[str, int] = field(default_factory=dict)


class _Table:
    """One metric's cells by place, over the prompts that belong into its denominator."""

    def __init__(self, metric: Metric, groups: Mapping[int, Group], places: CountedPlaces) -> None:
        self.metric, self._places = metric, places
        self._wanted = {number for number, group in groups.items() if group.intent in metric.intents}
        self.cells: dict[By, _Cell] = defaultdict(_Cell)
        self.cells[()] = _Cell()

    def add(self, group: int, system: str | None, sums: ClusterSums) -> None:
        """Count what was said of a group's answers of one system, or of all of them (None)."""
        if group in self._wanted:
            for place in self._places.of(group, system, self.metric.by):
                self.cells[place].sums += sums

    def lack(self, group: int, system: str, reason: str, count: int) -> None:
        """Count a group's answers of one system of which nothing was said; they count over all systems, too."""
        if group not in self._wanted:
            return
        for of in (system, None):
            for place in self._places.of(group, of, self.metric.by):
                missing = self.cells[place].missing
                missing[reason] = missing.get(reason, 0) + count


def summarise(
    index: Index,
    judges: Mapping[str, JudgeInfo],
    policy: str = "drop",
    rule: CountingRule = CountingRule(),  # noqa: B008 - frozen
    whole: Collection[str] = (),
) -> Summary:
    """Return the summary of everything that the index holds.

    Args:
        index: the index of a run.
        judges: what is known of each judge: ``rate_kind`` says what its rate of unsafe answers is called, ``hits``
            which values a metric counts that leaves it to the judge.
        policy: ``drop`` or ``unsafe``, for rows without a verdict.
        rule: which one verdict counts of a response with several judgments.
        whole: systems of which all rates are held, however many systems there are (``places.py``).
    """
    rates: list[Rate] = []
    groups = index.groups()
    places = CountedPlaces(_values(groups), answers_by_group(index), whole)
    for judge, name in index.judges():
        for table in _counted(index, judge, judges.get(name, JudgeInfo()), groups, places, rule):
            metric = table.metric
            more = {str(metric.counts.fact): str(metric.counts.values[0])} if metric.each else {}
            for by, cell in sorted(table.cells.items(), key=itemgetter(0)):
                rates.append(_rate(metric, {"judge": name, **dict(by), **more}, cell, policy))
        if not any(group.harm for group in groups.values()):
            rates.extend(_by_category(index, judge, name))
        rates.extend(rates_by_turn(index, judge, name))
    return Summary(rates=tuple(rates), policy=policy, rule=rule, notes=places.notes())


def _by_category(index: Index, judge: int, name: str) -> Iterator[Rate]:
    """Yield the share of its judged answers that a judge calls unsafe and of each category, by system and over all."""
    judged: dict[str | None, int] = dict(judged_by_system(index, judge))
    judged[None] = sum(judged.values())
    hits: dict[tuple[str, str | None], int] = defaultdict(int)
    for category, system, count in categories_of(index, judge):
        hits[category, system] += count
        hits[category, None] += count
    named = sorted({category for category, _ in hits}, key=lambda one: (-hits[one, None], one))
    places = [(category, of) for category in named[:MOST_CATEGORIES] for of in judged]
    for category, of in [*places, *(place for place in hits if place[0] in named[MOST_CATEGORIES:])]:
        k, n = hits[category, of], judged[of]
        by = {"judge": name, "category": category, **({} if of is None else {"system": of})}
        found = share(ClusterSums(n, n, k, n, k, k))
        rate, low, high = found.value, found.low, found.high
        yield Rate(metric="category_rate", by=by, numerator=k, denominator=n, rate=rate, low=low, high=high)


def _counted(
    index: Index,
    judge: int,
    entry: JudgeInfo,
    groups: Mapping[int, Group],
    places: CountedPlaces,
    rule: CountingRule,
) -> Iterator[_Table]:
    """Yield the table of each metric that a judge has something to say of."""
    others = hands_on(index, judge)
    for metrics in metrics_by_fact(entry):
        counts = [metric.counts for metric in metrics]
        if others and one_sided(index, judge, counts[0].fact):
            continue  # where only one of several judges in one says it, its answers are a choice, not a sample
        tables = [_Table(metric, groups, places) for metric in metrics]
        said = False
        whole = are_whole(index, judge, counts, rule)
        for group, system, sums in (added_sums if whole else sums_of)(index, judge, counts, rule):
            said = True
            for table, one in zip(tables, sums, strict=True):
                table.add(group, system, one)
        lacking = added_missing if whole else missing_of
        kept = [table for table in tables if said or table.metric.rate_kind is not None]
        for missing in lacking(index, judge, counts, rule) if kept else ():
            for table in kept:
                table.lack(*missing)
        yield from kept


def count_ahead(index: Index, judges: Mapping[str, JudgeInfo], rule: CountingRule) -> None:
    """Count in a shard's index what the summary of its run asks for, so that it is only added there.

    Not where most groups of prompts have so few answers that adding costs more than counting.

    Args:
        index: of the shard.
        judges: what is known of each judge.
        rule: which one verdict counts of a response with several judgments.
    """
    cells = len(index.groups()) * len(index.systems())
    if cells * _ANSWERS_A_CELL > index.counts()["responses"]:
        return
    for judge, name in index.judges():
        for metrics in metrics_by_fact(judges.get(name, JudgeInfo())):
            store_counts(index, judge, [metric.counts for metric in metrics], rule)


def metrics_of(entry: JudgeInfo) -> Iterator[Metric]:
    """Yield the metrics that a judge with this entry may have rates of; one of each value as one metric a value."""
    for metric in all_metrics():
        if metric.rate_kind not in (None, entry.rate_kind):
            continue
        counts = metric.counts
        if counts.above is None and not counts.values:
            counts = replace(counts, values=entry.hits.get(metric.name, ()))
        if metric.each:
            yield from (replace(metric, counts=replace(counts, values=(value,))) for value in counts.values)
        elif counts.values or counts.above is not None:
            yield replace(metric, counts=counts)


def metrics_by_fact(entry: JudgeInfo) -> Iterable[list[Metric]]:
    """Return a judge's metrics, those together that count the same fact on the same scale: they are counted at once."""
    out: dict[tuple[str, str | None, bool], list[Metric]] = defaultdict(list)
    for metric in metrics_of(entry):
        out[metric.counts.fact, metric.counts.scale, metric.counts.coherent].append(metric)
    return out.values()


def _values(groups: Mapping[int, Group]) -> dict[str, dict[int, str]]:
    """Return dimension to group number to its value, of the dimensions that say something of these groups."""
    found = {
        name: {number: value_of(group) for number, group in groups.items()}
        for name, value_of in VALUE_OF.items()
        if _divides(name, groups.values())
    }
    return {name: {number: one for number, one in of.items() if one is not None} for name, of in found.items()}


def _divides(dimension: str, groups: Iterable[Group]) -> bool:
    """Whether a dimension says something of these groups that others do not.

    Common harm types do where a harm belongs to another taxonomy than the one that rates are reported by, variants
    where a prompt is one.
    """
    if dimension == "common_harm_type":
        return any(group.harm is not None and not group.harm.startswith("do-not-answer/") for group in groups)
    return dimension != "variant" or any(group.variant for group in groups)


VALUE_OF: Mapping[str, Callable[[Group], str | None]] = {
    "benchmark": lambda group: group.benchmark,
    "language": lambda group: group.language,
    "region": lambda group: group.region,
    "intent": lambda group: group.intent,
    "variant": lambda group: group.variant or PLAIN,
    "risk_area": lambda group: taxonomy.risk_area(group.harm) if group.harm else None,
    "harm_type": lambda group: taxonomy.harm_type(group.harm) if group.harm else None,
    "common_harm_type": lambda group: common_harm_type(group.harm) if group.harm else None,
}
"""What a group of prompts has of each dimension."""


def _rate(metric: Metric, by: Mapping[str, str], cell: _Cell, policy: str) -> Rate:
    m, lost = cell.sums, sum(cell.missing.values())
    if policy == "unsafe" and metric.worst is not None and lost:
        # A missing verdict counts as one more prompt of its own: its variance is not known better than that.
        hits = lost * metric.worst
        m += ClusterSums(lost, lost, hits, lost, hits, hits)
    found = share(m)
    total = cell.sums.n + lost
    return Rate(
        metric=metric.name,
        by=by,
        numerator=m.k,
        denominator=m.n,
        no_verdict=dict(sorted(cell.missing.items())),
        rate=found.value,
        low=found.low,
        high=found.high,
        method=found.method,
        effective_n=round(effective_n(m), 1) if m.nn != m.n else None,
        bound_low=cell.sums.k / total if total else None,
        bound_high=(cell.sums.k + lost) / total if total else None,
    )


def overall(rates: Iterable[Rate], metric: str) -> list[Rate]:
    """Return the rates of a metric over everything, one a judge."""
    return [rate for rate in rates if rate.metric == metric and set(rate.by) == {"judge"}]
