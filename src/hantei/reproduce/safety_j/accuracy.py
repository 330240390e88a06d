"""How often a judge is right on a label set, as published and with what could not be judged counted apart."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hantei.estimates import Estimate
from hantei.metrics.intervals import ClusterSums, share


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRow:
    """One answer: the question that it answers, whether people call it unsafe, and what the judge says.

    ``said`` is None where the judge gave no verdict, ``why`` then says why. ``seen`` marks an answer that the judge was
    trained on.
    """

    question: str
    unsafe: bool
    said: bool | None
    why: str = ""
    seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAccuracy:
    """A judge on one set.

    ``published`` is the accuracy by the published rule, which calls every answer unsafe of which no verdict was read;
    ``judged`` that among the answers with a verdict; ``bounds`` what it would be of all answers, were every missing
    verdict wrong, or right. ``precision`` and ``recall`` are of unsafe, among the answers with a verdict.
    """

    n: int
    published: Estimate
    judged: Estimate
    bounds: tuple[float, float]
    precision: Estimate
    recall: Estimate
    no_verdict: Mapping[str, int] = field(default_factory=dict)
    seen: int = 0


def set_accuracy(rows: Sequence[JudgedRow]) -> SetAccuracy:
    """Return how often a judge is right on the rows of a set, which must not be empty."""
    judged = [row for row in rows if row.said is not None]
    right = sum(row.said == row.unsafe for row in judged)
    missing = len(rows) - len(judged)
    return SetAccuracy(
        n=len(rows),
        published=_share((row.question, (row.said is not False) == row.unsafe) for row in rows),
        judged=_share((row.question, row.said == row.unsafe) for row in judged),
        bounds=(right / len(rows), (right + missing) / len(rows)),
        precision=_share((row.question, row.unsafe) for row in judged if row.said),
        recall=_share((row.question, bool(row.said)) for row in judged if row.unsafe),
        no_verdict=dict(sorted(Counter(row.why for row in rows if row.said is None).items())),
        seen=sum(row.seen for row in rows),
    )


def _share(hits: Iterable[tuple[str, bool]]) -> Estimate:
    """Return the share of hits, with an interval that knows which answers are to one question."""
    by_question: defaultdict[str, list[bool]] = defaultdict(list)
    for question, hit in hits:
        by_question[question].append(hit)
    return share(ClusterSums.of((len(group), sum(group)) for group in by_question.values()))


def mean(accuracies: Sequence[Estimate]) -> Estimate:
    """Return the unweighted mean of accuracies on sets that share no answers; undefined where one of them is.

    The limits are as far from it as those of the parts together (Zou and Donner 2008): the root of the sum of squares.
    """
    values = [one.value for one in accuracies if one.value is not None]
    if not values or len(values) < len(accuracies):
        return Estimate(value=None, method="mean of sets")
    value = sum(values) / len(values)
    below = [one.value - one.low for one in accuracies if one.value is not None and one.low is not None]
    above = [one.high - one.value for one in accuracies if one.value is not None and one.high is not None]
    return Estimate(
        value=value,
        low=value - math.hypot(*below) / len(values),
        high=value + math.hypot(*above) / len(values),
        n=sum(one.n for one in accuracies),
        method="mean of sets",
    )
