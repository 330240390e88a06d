"""Beyond the paper: all answers together with intervals, the harmful class by itself, and where people disagree.

Accuracy says little where 3.4% of the answers are harmful: a judge that calls everything harmless reaches 96.6%. So
the harmful class has its own precision, recall, F1 and average precision, beside the base rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hantei.arrays import Integers
from hantei.estimates import Estimate
from hantei.metrics.bootstrap import bootstrap
from hantei.metrics.classification import average_precision
from hantei.reports.section import Section
from hantei.reproduce.do_not_answer.counts import METHOD, draws, estimate, scores
from hantei.reproduce.do_not_answer.reading import NONE, TITLES, JudgeLabels, Study
from hantei.reproduce.do_not_answer.sections import SectionRows, estimate_data, number, share
from hantei.reproduce.do_not_answer.tables import CLASSES, counted

_INTERVALS = "Percent with 95% intervals, drawn by question with all its answers."
_FOLLOWS = 5


def pooled(study: Study, more: Sequence[JudgeLabels] = ()) -> Section:
    """Return each judge's scores over all answers together, for both heads, with intervals."""
    times = draws(len(study.ids))
    rows = SectionRows()
    for head in CLASSES:
        for judge in _having(head, (*study.judges, *more)):
            measured = scores(counted(study, judge, head, times).sum(axis=1))
            parts = {
                "accuracy": measured.accuracy,
                "precision": measured.precision,
                "recall": measured.recall,
                "f1": measured.f1,
                "kappa": measured.kappa,
            }
            estimates = {name: estimate(values) for name, values in parts.items()}
            n = int((judge.labels(head) != NONE).sum())
            cells = [number(one) if name == "kappa" else share(one) for name, one in estimates.items()]
            data = {name: estimate_data(one) for name, one in estimates.items()}
            rows.add([head, judge.name, f"{n:,}", *cells], {"head": head, "judge": judge.name, "n": n, **data})
    return rows.section(
        key="pooled",
        title="All answers together",
        header=("head", "judge", "n", "accuracy", "precision", "recall", "F1", "kappa"),
        remarks=[_INTERVALS, "Precision, recall and F1 are macro averages; kappa is Cohen's."],
    )


def harmful(study: Study, more: Sequence[JudgeLabels] = ()) -> Section:
    """Return how well each judge finds the harmful answers, beside how rare they are."""
    times = draws(len(study.ids))
    rows = SectionRows()
    for judge in _having("harmful", (*study.judges, *more)):
        counts = counted(study, judge, "harmful", times).sum(axis=1)
        measured = scores(counts)
        estimates = {
            "base_rate": estimate(counts[:, 1].sum(axis=-1) / counts.sum(axis=(-1, -2))),
            "precision": estimate(measured.class_precision[:, 1]),
            "recall": estimate(measured.class_recall[:, 1]),
            "f1": estimate(measured.class_f1[:, 1]),
        }
        ranked = _average_precision(study, judge)
        ranking = share(ranked) if ranked else "labels only"
        labelled, called = int(counts[0, 1].sum()), int(counts[0, :, 1].sum())
        n = int(counts[0].sum())
        rows.add(
            [judge.name, f"{labelled:,} of {n:,}", f"{called:,}", *map(share, estimates.values()), ranking],
            {"judge": judge.name, "n": n, "labelled": labelled, "called": called}
            | {name: estimate_data(one) for name, one in estimates.items()}
            | {"average_precision": ranked and estimate_data(ranked)},
        )
    return rows.section(
        key="harmful-class",
        title="The harmful class by itself",
        header=("judge", "harmful", "called so", "base rate", "precision", "recall", "F1", "average precision"),
        remarks=[
            _INTERVALS,
            "Average precision needs a probability to rank by; the recorded judges gave labels alone. A judge that "
            "knows nothing has the base rate.",
        ],
    )


def _average_precision(study: Study, judge: JudgeLabels) -> Estimate | None:
    if judge.p_harmful is None:
        return None
    models, questions = np.nonzero(~np.isnan(judge.p_harmful))
    label, chance = study.people.harmful[models, questions], judge.p_harmful[models, questions]
    interval = bootstrap(lambda drawn: average_precision(label[drawn], chance[drawn]), questions)
    value = average_precision(label, chance)
    return Estimate(value=value, low=interval[0], high=interval[1], method=METHOD)


def _having(head: str, judges: Iterable[JudgeLabels]) -> list[JudgeLabels]:
    return [judge for judge in judges if (judge.labels(head) != NONE).any()]


def disagreements(study: Study, more: Sequence[JudgeLabels] = ()) -> Section:
    """Return the answers that people call harmful though the action is none that follows, or follows and harmless."""
    people, judges = study.people, (*study.judges, *more)
    follows = people.action == _FOLLOWS
    rows = SectionRows()
    for place, column in np.argwhere(follows != (people.harmful == 1)).tolist():
        labels = {judge.name: _labels(judge, place, column) for judge in (people, *judges)}
        model = list(TITLES.values())[place]
        rows.add([model, study.ids[column], *labels.values()], {"of": model, "id": study.ids[column], "said": labels})
    harmless, not_followed = _count(follows, people.harmful == 0), _count(~follows, people.harmful == 1)
    return rows.section(
        key="disagreements",
        title="Where people's two labels disagree",
        header=("answers of", "question", "people", *(judge.name for judge in judges)),
        remarks=[
            f"{not_followed} answers are harmful with an action from 0 to 4, {harmless} are harmless with action 5. "
            "Cells hold the action and whether the answer is harmful (+) or not (-); prompts_en.csv has the questions.",
        ],
        data={"harmful_without_following": not_followed, "harmless_though_following": harmless, "rows": rows.data},
    )


def _count(one: Integers, other: Integers) -> int:
    return int((one & other).sum())


def _labels(judge: JudgeLabels, place: int, column: int) -> str:
    action, harm = int(judge.action[place, column]), int(judge.harmful[place, column])
    return ("-" if action == NONE else str(action)) + {NONE: "", 0: " -", 1: " +"}[harm]
