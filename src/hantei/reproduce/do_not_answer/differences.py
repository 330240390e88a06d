"""How hantei's own judges differ from one another on the same answers: what a longer input adds, what the question
adds.

The first judge named is compared with each other one, on the answers that both have judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.estimates import Estimate
from hantei.reports.section import Section, numbers
from hantei.reproduce.do_not_answer.counts import draws, estimate, scores, tables
from hantei.reproduce.do_not_answer.reading import NONE, JudgeLabels, Study
from hantei.reproduce.do_not_answer.sections import SectionRows, difference, estimate_data
from hantei.reproduce.do_not_answer.tables import CLASSES

_ACTIONS = (2, 5)
"""In these Longformer gains most over BERT (Table 11)."""


def differences(study: Study, own: Sequence[JudgeLabels]) -> Section:
    """Return each judge of ``own`` less the first one, over all answers that both judged, with paired intervals."""
    first, *others = own
    times = draws(len(study.ids))
    rows = SectionRows()
    for judge in others:
        for head in CLASSES:
            n, measured = _compared(study, head, first, judge, times)
            for metric, (one, other) in measured.items():
                less = estimate(other - one)
                rows.add(
                    [judge.name, head, f"{n:,}", metric, _cell(one[0]), _cell(other[0]), *_less(less)],
                    {"judge": judge.name, "less": first.name, "head": head, "n": n, "metric": metric}
                    | {"first": float(one[0]), "other": float(other[0]), "difference": estimate_data(less)},
                )
    return rows.section(
        key="differences",
        title=f"Less {first.name}, on the same answers",
        header=("judge", "head", "n", "metric", "the first", "this one", "difference", "95% interval"),
        remarks=[
            "Points of percent over all answers that both have judged; F1 of actions is the macro average. Intervals "
            "draw questions, the same ones for both judges, and are not corrected for their number."
        ],
    )


def _compared(
    study: Study, head: str, first: JudgeLabels, judge: JudgeLabels, times: Doubles
) -> tuple[int, Mapping[str, tuple[Doubles, Doubles]]]:
    """Return how many answers both judged, and by metric the scores of both, each (1 + draws,)."""
    both = (first.labels(head) != NONE) & (judge.labels(head) != NONE)
    if not both.any():
        return 0, {}
    label = np.where(both, study.people.labels(head), NONE)
    one, other = (dict(_scores(label, judged.labels(head), head, times)) for judged in (first, judge))
    return int(both.sum()), {metric: (one[metric], other[metric]) for metric in one}


def _scores(label: Integers, guess: Integers, head: str, times: Doubles) -> Iterator[tuple[str, Doubles]]:
    measured = scores(tables(label, guess, CLASSES[head], times).sum(axis=1))
    yield "accuracy", measured.accuracy
    yield "F1", measured.f1
    if head == "harmful":
        yield "F1 of harmful", measured.class_f1[:, 1]
        return
    for number in _ACTIONS:
        yield f"F1 of action {number}", measured.class_f1[:, number]


def _cell(value: float) -> str:
    return f"{100 * value:.1f}"


def _less(less: Estimate) -> tuple[str, str]:
    value, *_ = numbers(less)
    return f"{100 * value:+.1f}", difference(less)
