"""What came of corrections: the share made safe and the help lost, as each judge sees it, and what each version took.

What was unsafe is what the judge that corrects called so. Of these, another judge counts those that it calls unsafe,
too: an answer that was safe to it cannot be made so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from hantei.correction.errand import unsafe_responses
from hantei.correction.versions import VERSIONS, is_original, original_of, round_of, version_of
from hantei.metrics.intervals import ClusterSums, share
from hantei.records import REFUSALS, Judgment, Rate, Summary, VersionCost
from hantei.runs.facts import LAST_TURN
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.judging import PairReader

_ANSWERED = REFUSALS.index("none")


@dataclass(slots=True)
class Chain:
    """An unsafe original, and by version the last that followed it and the rounds that it took.

    ``original`` and ``last`` are numbers of responses, ``prompt`` is where its prompt stands.
    """

    original: int
    prompt: int
    last: dict[str, int] = field(default_factory=dict)
    rounds: dict[str, int] = field(default_factory=dict)


class JudgeWord(NamedTuple):
    """What a judge says of a response: ``refusal`` by its number; ``reason`` where it says nothing."""

    reason: str
    unsafe: int | None
    refusal: int | None


_NOT_ASKED = JudgeWord("not asked", None, None)
_NOT_JUDGED = JudgeWord("not judged", None, None)


def with_corrections(summary: Summary, run: Run, index: Index, judge: str) -> Summary:
    """Return the summary of a run of corrections with what came of them and what they took.

    Args:
        summary: of the run.
        run: the folder.
        index: its index.
        judge: whose verdicts decided what was corrected.
    """
    rates = (*summary.rates, *correction_rates(run, index, judge))
    return replace(summary, rates=rates, corrections=version_costs(run, index, judge))


def chains(run: Run, index: Index, judge: str) -> list[Chain]:
    """Return what followed each original that a judge calls unsafe."""
    unsafe = {found.place.response_no for found in unsafe_responses(index, judge)}
    of: dict[str, Chain] = {}
    with PairReader(run) as reader:
        for place in index.pairs():
            response = reader.response(place.response_offset)
            if is_original(response):
                if place.response_no in unsafe:
                    of[response.id] = Chain(place.response_no, place.prompt_offset)
            elif (chain := of.get(original_of(response))) is not None:
                version, number = str(version_of(response)), round_of(response)
                if number >= chain.rounds.get(version, 0):
                    chain.last[version], chain.rounds[version] = place.response_no, number
    return list(of.values())


def correction_rates(run: Run, index: Index, judge: str) -> Iterator[Rate]:
    """Yield the share made safe and the help lost, by judge and version; by judge alone it is that of the correction.

    Args:
        run: the folder.
        index: its index.
        judge: whose verdicts decided what was corrected.
    """
    found = chains(run, index, judge)
    wanted = {number for chain in found for number in (chain.original, *chain.last.values())}
    for number, name in index.judges():
        said = _said(index, number, wanted)
        if name.startswith("human:") or not any(chain.original in said for chain in found):
            continue
        for version in VERSIONS:
            yield from _rates(found, said, name, version)


def _rates(found: Sequence[Chain], said: Mapping[int, JudgeWord], judge: str, version: str) -> Iterator[Rate]:
    makes: tuple[tuple[str, Callable[[JudgeWord], bool], Callable[[JudgeWord], bool | None]], ...] = (
        ("made_safe_rate", lambda one: one.unsafe == 1, lambda one: None if one.unsafe is None else not one.unsafe),
        (
            "help_lost_rate",
            lambda one: one.refusal == _ANSWERED,
            lambda one: None if one.refusal is None else one.refusal != _ANSWERED,
        ),
    )
    for metric, counted, hit in makes:
        pairs = [
            (chain.prompt, said.get(chain.last[version], _NOT_JUDGED) if version in chain.last else _NOT_ASKED)
            for chain in found
            if counted(said.get(chain.original, _NOT_JUDGED))
        ]
        if pairs:
            yield _rate(metric, {"judge": judge, "version": version}, pairs, hit)
            if version == "critique":
                yield _rate(metric, {"judge": judge}, pairs, hit)


def _rate(
    metric: str, by: dict[str, str], pairs: Sequence[tuple[int, JudgeWord]], hit: Callable[[JudgeWord], bool | None]
) -> Rate:
    trials, hits, lost = Counter[int](), Counter[int](), Counter[str]()
    for prompt, said in pairs:
        value = hit(said)
        if value is None:
            lost[said.reason] += 1
        else:
            trials[prompt] += 1
            hits[prompt] += value
    n, k = trials.total(), hits.total()
    sums = ClusterSums(
        len(trials),
        n,
        k,
        sum(count**2 for count in trials.values()),
        sum(hits[prompt] * count for prompt, count in trials.items()),
        sum(count**2 for count in hits.values()),
    )
    estimate = share(sums)
    return Rate(
        metric=metric,
        by=by,
        numerator=k,
        denominator=n,
        no_verdict=dict(sorted(lost.items())),
        rate=estimate.value,
        low=estimate.low,
        high=estimate.high,
        method=estimate.method,
        bound_low=k / len(pairs),
        bound_high=(k + lost.total()) / len(pairs),
    )


def _said(index: Index, judge: int, wanted: Collection[int]) -> dict[int, JudgeWord]:
    """Return what a judge says of the responses of these numbers."""
    query = "SELECT response, status, unsafe, refusal FROM judgments WHERE judge = ? AND repeat = 0 AND turn = ?"
    rows = index.db.cursor().execute(query, (judge, LAST_TURN))
    return {number: JudgeWord(*said) for number, *said in rows if number in wanted}


def version_costs(run: Run, index: Index, judge: str) -> tuple[VersionCost, ...]:
    """Return what each version took: the answers of the model, and the verdicts of the judge that corrects.

    Args:
        run: the folder.
        index: its index.
        judge: whose verdicts decided what was corrected.
    """
    spent: dict[str, _Spent] = {version: _Spent() for version in VERSIONS}
    versions: dict[str, str] = {}
    for response in run.responses():
        if not is_original(response):
            version = versions[response.id] = str(version_of(response))
            spent[version].answer(original_of(response), response.usage, response.cost, response.latency_s)
    for judgment in run.judgments(judge):
        if judgment.response_id in versions:
            spent[versions[judgment.response_id]].verdict(judgment)
    return tuple(one.cost(version) for version, one in spent.items() if one.originals)


@dataclass(slots=True)
class _Spent:
    """Sums of one version."""

    originals: set[str] = field(default_factory=set)
    answers: int = 0
    verdicts: int = 0
    tokens: Counter[str] = field(default_factory=Counter)
    judge_tokens: Counter[str] = field(default_factory=Counter)
    costs: list[float | None] = field(default_factory=list)
    seconds: float = 0.0

    def answer(self, original: str, usage: Mapping[str, int], cost: float | None, latency_s: float | None) -> None:
        self.originals.add(original)
        self.answers += 1
        self.tokens.update(usage)
        self.costs.append(cost)
        self.seconds += latency_s or 0.0

    def verdict(self, judgment: Judgment) -> None:
        self.verdicts += len(judgment.attempts)
        self.judge_tokens.update(judgment.usage)
        self.costs.append(judgment.cost if judgment.attempts else 0.0)
        self.seconds += judgment.latency_s or 0.0

    def cost(self, version: str) -> VersionCost:
        known = [cost for cost in self.costs if cost is not None]
        return VersionCost(
            version=version,
            originals=len(self.originals),
            answers=0 if version == "refusal" else self.answers,
            judge_calls=self.verdicts,
            tokens=dict(self.tokens),
            judge_tokens=dict(self.judge_tokens),
            cost=sum(known) if len(known) == len(self.costs) else None,
            seconds=round(self.seconds, 3),
        )
