"""The paper's two tables beside what was computed, and what stands behind each accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hantei.critiques.scoring import CritiqueScores
from hantei.estimates import Estimate
from hantei.metrics.paired import PairedShares
from hantei.reports.results import NAME_LIMIT
from hantei.reports.section import (
    Cell,
    Number,
    ReportTable,
    Section,
    caution,
    lead,
    notes,
    numbers,
    percent,
    points,
    text_table,
)
from hantei.reports.text import clip
from hantei.reports.wording import reasons
from hantei.reproduce.safety_j.accuracy import SetAccuracy, mean, set_accuracy
from hantei.reproduce.safety_j.conversations import TurnComparison
from hantei.reproduce.safety_j.critiques import ScoredLanguage
from hantei.reproduce.safety_j.judging import JudgedSets
from hantei.reproduce.safety_j.published import NOT_REPRODUCIBLE, PublishedCritiques, published
from hantei.reproduce.safety_j.sets import LabelSet

Accuracies = Mapping[str, SetAccuracy]
"""A judge's accuracy by set."""


def sections(
    sets: Sequence[LabelSet], judged: Sequence[JudgedSets], scored: Sequence[ScoredLanguage] = ()
) -> tuple[Section, ...]:
    """Return everything that is printed."""
    found = [(one, {name: set_accuracy(rows) for name, rows in one.rows.items()}) for one in judged]
    behind = (_behind(found),) if found else ()
    return _accuracy(sets, found), *behind, _critiques(scored), _missing()


def _accuracy(sets: Sequence[LabelSet], found: Sequence[tuple[JudgedSets, Accuracies]]) -> Section:
    here = [one.name for one in sets]
    header = ("judge", *published().sets, "mean of five", "mean of those here", "trained on")
    rows = [*_printed(here), *(_computed(one, accuracies, here) for one, accuracies in found)]
    parts = [
        f"{one.name}: {len(one.rows):,} of the {published().answers[one.name]:,} answers"
        for one in sets
        if not one.whole
    ]
    absent = [name for name in published().sets if name not in here]
    flattered = [one.judge for one, accuracies in found if any(cell.seen for cell in accuracies.values())]
    cautions = (
        [
            caution(
                f"{', '.join(flattered)} was trained on these very answers: its accuracy here says nothing of others."
            )
        ]
        if flattered
        else []
    )
    return Section(
        key="safety-j-accuracy",
        title="SAFETY-J: accuracy on the label sets",
        tables=(text_table("In percent; with an interval: computed here, others: printed in the paper", header, rows),),
        notes=(
            lead("An answer of which no verdict could be read counts as called unsafe, as in the published program."),
            *cautions,
            *notes(
                f"Parts of sets, so no figure is exactly comparable: {'; '.join(parts)}." if parts else "",
                f"Not in this folder: {', '.join(absent)}." if absent else "",
                "Intervals are 95%, over questions (several answers to one question count together); of a mean, those "
                "of the sets together.",
            ),
        ),
        data=_data(found),
    )  # fmt: skip


def _printed(here: Sequence[str]) -> list[list[Cell]]:
    places = [published().sets.index(name) for name in here]
    return [
        [
            one.judge,
            *(f"{cell:.1f}" for cell in one.cells),
            f"{one.mean:.1f}",
            f"{sum(one.cells[place] for place in places) / len(places):.1f}",
            one.trained,
        ]
        for one in published().accuracy
    ]


def _computed(one: JudgedSets, accuracies: Accuracies, here: Sequence[str]) -> list[Cell]:
    cells = [_cell(accuracies[name].published) if name in accuracies else None for name in published().sets]
    together = [accuracies[name].published for name in here if name in accuracies]
    complete = _cell(mean(together)) if len(together) == len(here) else None
    return [one.judge, *cells, None, complete, one.trained]


def _cell(estimate: Estimate) -> Number:
    return percent(*numbers(estimate), sign="")


def _behind(found: Sequence[tuple[JudgedSets, Accuracies]]) -> Section:
    header = (
        "judge and set",
        "answers",
        "trained on",
        "no verdict",
        "accuracy of those judged",
        "bounds",
        "precision",
        "recall",
    )
    rows: list[list[Cell]] = [
        [
            f"{one.judge}, {name}",
            f"{cell.n:,}",
            f"{cell.seen:,}",
            reasons(cell.no_verdict) or "0",
            _cell(cell.judged),
            f"{100 * cell.bounds[0]:.1f} to {100 * cell.bounds[1]:.1f}",
            _cell(cell.precision),
            _cell(cell.recall),
        ]
        for one, accuracies in found
        for name, cell in accuracies.items()
    ]
    return Section(
        key="safety-j-behind",
        title="SAFETY-J: what stands behind the accuracies",
        tables=(text_table("In percent; precision and recall are of unsafe", header, rows),),
        notes=notes("Bounds: the accuracy of all answers, were every missing verdict wrong, or right."),
    )  # fmt: skip


def _data(found: Sequence[tuple[JudgedSets, Accuracies]]) -> dict[str, object]:
    return {
        "published": [
            {"judge": one.judge, "sets": dict(zip(published().sets, one.cells, strict=True)), "mean": one.mean}
            for one in published().accuracy
        ],
        "computed": [{"judge": one.judge, "trained_on": one.trained, "sets": dict(cells)} for one, cells in found],
    }


def _critiques(scored: Sequence[ScoredLanguage]) -> Section:
    header = ("judge", "en macro", "en micro", "zh macro", "zh micro")
    rows: list[list[Cell]] = [[one.judge, *map(_three, _scores(one))] for one in published().critiques]
    checkers = list(dict.fromkeys(one.model for one in scored))
    ours = [_own_critiques(model, [one for one in scored if one.model == model]) for model in checkers]
    return Section(
        key="safety-j-critiques",
        title="SAFETY-J: meta-evaluation of critiques",
        tables=(
            text_table("Precision / recall / F1 in percent, as printed in the paper", header, rows),
            *ours,
        ),
        notes=notes(
            "macro: means of critiques; micro: units of all critiques together.",
            "Without a model ours is no like for like: the paper's precision is of the dialogue and by a model, P_ref "
            "is of the reference and by rule. A judge's critiques lie between the reference itself and that of another "
            "dialogue (hantei critiques score)." if ours else "",
            "Checked by a model, precision is of the dialogue as in the paper; model and prompts are not the paper's."
            if any(checkers) else "",
            *(f"{one.judge}, {one.language}: {one.scores.failed:,} critiques whose units the model could not be asked "
              "for are left out." for one in scored if one.scores.failed),
            "The Chinese critiques are of the dialogues of the label set Flames, the English ones of DiaSafety's test "
            "split: both tables rest on the same answers and are not independent.",
        ),
        data={"published": published().critiques, "computed": list(scored)},
    )  # fmt: skip


def _own_critiques(model: str | None, scored: Sequence[ScoredLanguage]) -> ReportTable:
    shares = ("P_ref" if model is None else "precision", "recall", "F1")
    columns = ("critiques", *(f"{share}, {kind}" for kind in ("macro", "micro") for share in shares))
    rows: list[list[Cell]] = [
        [f"{one.judge}, {one.language}", *(_cell(share) for share in _macro_and_micro(one.scores))] for one in scored
    ]
    how = "without a model" if model is None else f"by {clip(model, NAME_LIMIT)}"
    return text_table(f"Ours, in percent, counted as published, checked {how}", columns, rows)


def _macro_and_micro(scores: CritiqueScores) -> list[Estimate]:
    three = (scores.precision, scores.recall, scores.f1)
    return [*(score.macro for score in three), *(score.micro for score in three)]


def _scores(one: PublishedCritiques) -> list[tuple[float, float, float]]:
    return [one.en_macro, one.en_micro, one.zh_macro, one.zh_micro]


def _three(scores: tuple[float, float, float]) -> str:
    return " / ".join(f"{score:.1f}" for score in scores)


_SHOWN = {
    "alone": "last question and answer alone",
    "last": "last answer in its whole context",
    "each": "every answer, the gravest counts",
}


def turns(compared: Sequence[TurnComparison]) -> Section:
    """Return what a judge gains from the turns before the last one."""
    several = ", ".join({f"{one.name}: {one.several:,} of {one.conversations:,}": None for one in compared})
    return Section(
        key="safety-j-turns",
        title="SAFETY-J's open question: several turns",
        tables=(
            text_table("Accuracy, in percent", _TURNS, [_turns_row(one, one.accuracy) for one in compared]),
            text_table("Unsafe ones found", _TURNS, [_turns_row(one, one.recall) for one in compared]),
            text_table("Safe ones marked", _TURNS, [_turns_row(one, one.false_marks) for one in compared]),
        ),
        notes=notes(
            "R-Judge: traces of agents, whether what the agent did is unsafe; tools' turns are shown as such.",
            "ConvAbuse: whether the user's last message is abuse; here the user is judged, as the one who answers the "
            "chatbot. Few messages are abuse, so accuracy alone flatters a judge that marks none.",
            f"Conversations of more than a question and an answer: {several}. Differences are paired.",
        ),
        data=list(compared),
    )


_TURNS = ("judge and set", "shown", "", "shown", "", "difference")


def _turns_row(one: TurnComparison, shares: PairedShares) -> list[Cell]:
    first, second = (_SHOWN[way] for way in one.shown)
    name = f"{one.judge}, {one.name}"
    return [name, first, _cell(shares.first), second, _cell(shares.second), points(shares.difference)]


def _missing() -> Section:
    return Section(
        key="safety-j-not-reproducible",
        title="SAFETY-J: what cannot be computed again",
        notes=notes(*NOT_REPRODUCIBLE),
        data=list(NOT_REPRODUCIBLE),
    )
