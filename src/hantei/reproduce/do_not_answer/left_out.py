"""The built-in judge on answers of models that it has not seen: fitted again without one model, or without two.

The paper's own classifiers were trained on five models and judged the sixth (arXiv 2308.13387), so this is
the fair comparison. A threshold for the left-out model must not be chosen on its answers either; for that there are
the fits without a second model, whose verdicts on that second model are as unseen as those on the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import numpy as np

from hantei.arrays import Integers
from hantei.errors import UsageError
from hantei.judges.builtin.weights import Heads
from hantei.reproduce.do_not_answer.reading import read_study
from hantei.training.builtin.evaluate import DNA, EvaluationData, answers_of, prepare
from hantei.training.builtin.left_out import evaluator_of
from hantei.training.builtin.sources import DNA_MODELS


@dataclass(frozen=True, slots=True)
class LeftOut:
    """People's and GPT-4's labels by model, and what judges said that had not seen the model.

    ``action`` and ``unsafe`` are people's labels, ``gpt4`` is GPT-4's action in people's six classes, each (questions,)
    in the order of the questions. ``heads[m]`` is the judge fitted without m, on m's answers; ``inner[m, k]`` the judge
    fitted without m and k, on k's answers, empty where it was not asked for.
    """

    models: tuple[str, ...]
    action: Mapping[str, Integers]
    unsafe: Mapping[str, Integers]
    gpt4: Mapping[str, Integers]
    heads: Mapping[str, Heads]
    inner: Mapping[tuple[str, str], Heads]


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
        models=DNA_MODELS,
        action=dict(zip(DNA_MODELS, study.people.action, strict=True)),
        unsafe=dict(zip(DNA_MODELS, study.people.harmful, strict=True)),
        gpt4=dict(zip(DNA_MODELS, gpt4, strict=True)),
        heads={model: fitted[model,][model] for model in DNA_MODELS},
        inner={
            (one, other): fitted[_pair(one, other)][other]
            for one in DNA_MODELS
            for other in DNA_MODELS
            if inner and one != other
        },
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
