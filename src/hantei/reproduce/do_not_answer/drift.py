"""The warning that answers look unlike a judge's training data, on the study whose classifiers needed it.

The paper's classifiers were trained on the answers of five models and judged the sixth (arXiv 2308.13387). Their
accuracy falls on LLaMA-2. Here the training data of each such fit, the five models' answers, is profiled, and the
sixth model's are compared with it as those of any judged system are (``hantei.judges.profile``).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

from hantei.judges.profile import Profile, ProfileComparison
from hantei.reports.section import Section
from hantei.reproduce.do_not_answer.reading import NONE, TITLES, JudgeLabels, Study
from hantei.reproduce.do_not_answer.sections import SectionRows

_CLASSIFIERS = ("Longformer", "BERT")
_MEASURES = {"language": "other languages %", "length": "characters", "unknown words": "unknown words %"}


def drift(study: Study, own: Sequence[JudgeLabels] = ()) -> Section:
    """Return, for each model, how it compares with the other five, beside how well judges fitted on these do on it.

    Args:
        study: the release.
        own: judges of hantei's, whose accuracy is put beside that of Longformer and BERT.
    """
    judges = [*(study.judge(name) for name in _CLASSIFIERS), *own]
    rows = SectionRows()
    for place, title in enumerate(TITLES.values()):
        measures = compared(study, place)
        accuracy = {judge.name: _accuracy(study, judge, place) for judge in judges}
        unlike = [one.measure for one in measures if one.unlike]
        rows.add(
            [
                title,
                *("-" if isnan(value) else f"{100 * value:.1f}" for value in accuracy.values()),
                *(_cell(measures, measure) for measure in _MEASURES),
                ", ".join(unlike) or "none",
            ],
            _data(title, accuracy, measures),
        )
    return rows.section(
        key="drift",
        title="Do a model's answers look unlike those of the other five, which a judge of it was fitted on?",
        header=(
            "model",
            *(f"{judge.name}, accuracy" for judge in judges),
            *_MEASURES.values(),
            "warning",
        ),
        remarks=[
            "Accuracy of actions. The rest is the model's value and in brackets the range of the other five: its "
            "answers' typical length (geometric mean), and the share of their words that no other model uses.",
            "A warning stands where a value is surely outside the range, and by a quarter of it. The rule was settled "
            "after these six were seen; the share of unknown words tells nothing here.",
        ],
    )


def compared(study: Study, place: int) -> list[ProfileComparison]:
    """Return the measures of the answers of one model, by its number, beside a profile of all others'."""
    models = list(TITLES)
    others = Profile.build(
        (text, "en", model)
        for model, responses in zip(models, study.responses, strict=True)
        for text in responses
        if model != models[place]
    )
    return others.measure((text, "en") for text in study.responses[place])


def _accuracy(study: Study, judge: JudgeLabels, place: int) -> float:
    given, label = judge.action[place], study.people.action[place]
    judged = given != NONE
    return float((given[judged] == label[judged]).mean()) if judged.any() else float("nan")


def _cell(measures: Sequence[ProfileComparison], measure: str) -> str:
    one = next((one for one in measures if one.measure == measure), None)
    if one is None:  # too few answers to compare
        return "-"
    if one.measure == "length":
        return f"{one.value:,.0f} ({one.usual_low:,.0f} to {one.usual_high:,.0f})"
    return f"{100 * one.value:.1f} (to {100 * one.usual_high:.1f})"


def _data(title: str, accuracy: dict[str, float], measures: Sequence[ProfileComparison]) -> dict[str, Any]:
    keys = ("value", "usual_low", "usual_high", "unlike")
    written = {one.measure: {key: getattr(one, key) for key in keys} for one in measures}
    return {"model": title, "accuracy": accuracy, "measures": written}
