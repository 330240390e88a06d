"""Judges on answers of models that they have not seen; the built-in one fitted again without one model, or two.

The paper's own classifiers were trained on five models and judged the sixth (arXiv 2308.13387), so this is
the fair comparison. A threshold for the left-out model must not be chosen on its answers either; for that there are
the fits without a second model, whose verdicts on that second model are as unseen as those on the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations, permutations
from pathlib import Path

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.errors import UsageError
from hantei.judges.builtin.weights import Heads
from hantei.reproduce.do_not_answer.reading import JudgeLabels, Study, read_study
from hantei.training.builtin.evaluate import DNA, EvaluationData, answers_of, prepare
from hantei.training.builtin.left_out import evaluator_of
from hantei.training.builtin.sources import DNA_MODELS


@dataclass(frozen=True, slots=True)
class LeftOut:
    """People's and GPT-4's actions by model, and what a judge said that had not seen the model.

    ``action`` is people's label, ``gpt4`` GPT-4's in people's six classes, each (questions,) in the order of the
    questions. ``p_action[m]`` (questions, 6) and ``p_unsafe[m]`` (questions,) are of the judge fitted without m, on m's
    answers. ``inner[m, k]`` is ``p_action`` on k's answers, by which m's threshold is chosen, empty where it was not
    asked for. ``how`` says of what fits it is.
    """

    judge: str
    models: tuple[str, ...]
    action: Mapping[str, Integers]
    gpt4: Mapping[str, Integers]
    p_action: Mapping[str, Doubles]
    p_unsafe: Mapping[str, Doubles]
    inner: Mapping[tuple[str, str], Doubles]
    how: str = "from fits without the left-out model and without the model that they judge"


def left_out(data: Path, inner: bool = False) -> LeftOut:
    """Fit the built-in judge once without each model, and with ``inner`` once without each pair of models.

    A fit takes some 20 seconds of one core: 6 of them, 15 more with ``inner``, and 9 for the second stage.

    Args:
        data: the folder of public training data, ``do_not_answer`` among it (or that folder itself).
        inner: whether to fit without pairs as well.

    Raises:
        UsageError: scikit-learn is not installed, or ``data`` does not hold the release.
        InputError: a file is missing or broken.
    """
    if find_spec("sklearn") is None:
        raise UsageError("--judge builtin refits the judge, which needs scikit-learn: pip install 'hantei[train]'")
    study = read_study(data)
    gpt4 = study.judge("GPT-4").action
    # The judge learns from all sources, which lie beside the folder of this one.
    fitted = _fits(prepare(study.folder.resolve().parent, "all"), inner)
    return LeftOut(
        judge="builtin",
        models=DNA_MODELS,
        action=dict(zip(DNA_MODELS, study.people.action, strict=True)),
        gpt4=dict(zip(DNA_MODELS, gpt4, strict=True)),
        p_action={model: fitted[model,][model].action for model in DNA_MODELS},
        p_unsafe={model: fitted[model,][model].unsafe for model in DNA_MODELS},
        inner={
            (one, other): fitted[_pair(one, other)][other].action for one, other in permutations(DNA_MODELS, 2) if inner
        },
    )


def left_out_of(study: Study, judge: JudgeLabels) -> LeftOut | None:
    """Return what a judge said of models that it had not seen, None where it lacks the chances of an action.

    There are no fits without two models: a left-out model's threshold is chosen on what the judges said of the other
    five, which were each judged without that one and with the left-out model in training. That leaks nothing of the
    left-out model's own verdicts.
    """
    if judge.p_action is None or judge.p_harmful is None or np.isnan(judge.p_action).any():
        return None
    said = dict(zip(DNA_MODELS, judge.p_action, strict=True))
    return LeftOut(
        judge=judge.name,
        models=DNA_MODELS,
        action=dict(zip(DNA_MODELS, study.people.action, strict=True)),
        gpt4=dict(zip(DNA_MODELS, study.judge("GPT-4").action, strict=True)),
        p_action=said,
        p_unsafe=dict(zip(DNA_MODELS, judge.p_harmful, strict=True)),
        inner={(one, other): said[other] for one, other in permutations(DNA_MODELS, 2)},
        how="from fits without the model that they judge, the left-out model's answers in training",
    )


def _pair(one: str, other: str) -> tuple[str, ...]:
    return tuple(model for model in DNA_MODELS if model in (one, other))


def _fits(data: EvaluationData, inner: bool) -> dict[tuple[str, ...], dict[str, Heads]]:
    groups: list[tuple[str, ...]] = [(model,) for model in DNA_MODELS]
    groups += list(combinations(DNA_MODELS, 2)) if inner else []
    rows = [[answers_of(data, DNA, model) for model in group] for group in groups]
    said = evaluator_of(data).say([np.concatenate(parts) for parts in rows])
    return {
        group: _by_model(group, parts, both["use"].heads) for group, parts, both in zip(groups, rows, said, strict=True)
    }


def _by_model(models: Sequence[str], rows: Sequence[Integers], verdicts: Heads) -> dict[str, Heads]:
    """Return what was said of each model's answers, which lie one model after the other."""
    ends = np.cumsum([0, *(len(part) for part in rows)])
    return {model: verdicts.take(np.arange(ends[place], ends[place + 1])) for place, model in enumerate(models)}
