"""hantei's own judges on Do-Not-Answer's answers, each verdict by a fit that has not seen the model it judges."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.errors import InputError, UsageError
from hantei.models.names import parse_name
from hantei.record_lines import read_records
from hantei.records import ACTIONS, Judgment
from hantei.reproduce.do_not_answer.embedded import EMBEDDINGS, embedded
from hantei.reproduce.do_not_answer.left_out import LeftOut
from hantei.reproduce.do_not_answer.reading import NONE, TITLES, JudgeLabels, Study

HELD_OUT = "held_out.jsonl"
_MEASURES = "measures.json"
_PUBLISHED = "one answering system left out"


def own_verdicts(study: Study, names: Sequence[str], fitted: Callable[[], LeftOut]) -> list[JudgeLabels]:
    """Return what hantei's judges said of the answers, each answer judged by a fit without its model.

    ``builtin`` is fitted again six times, and so is ``embeddings``, a small head over the built-in judge's sentence
    embeddings alone (``embedded.py``). ``encoder@hf/PATH`` is not: its verdicts are those that training with folds
    left in its folder, for as many answers as there are. ``recorded@FILE`` is any judge's file of judgments, taken as
    it is.

    Args:
        study: the release.
        names: of the judges.
        fitted: gives the fits of ``builtin``; called only where they are needed, and last, so that a mistake in
            another name is told at once.

    Raises:
        UsageError: another judge, no scikit-learn for one that is fitted, or an encoder's folder without verdicts.
        InputError: the verdicts are of other answers, or training data of ``builtin`` are missing.
    """
    fits = {"builtin": lambda: _builtin(fitted()), EMBEDDINGS: lambda: embedded(study)}
    recorded = {name: _recorded(study, name) for name in dict.fromkeys(names) if name not in fits}
    return [fits[name]() if name in fits else recorded[name] for name in dict.fromkeys(names)]


def _recorded(study: Study, name: str) -> JudgeLabels:
    card, _, model = name.partition("@")
    if card == "encoder" and model:
        return _encoder(study, name, model)
    if card == "recorded" and model:
        return _given(study, name, Path(unquote(model)), "as recorded; whether it had seen these answers is not known")
    raise UsageError(
        f"--judge {name}: expected builtin, embeddings, encoder@hf/PATH or recorded@FILE; the paper's judges are "
        "always there"
    )


def _builtin(fitted: LeftOut) -> JudgeLabels:
    chance = np.stack([fitted.p_unsafe[model] for model in TITLES])
    actions = np.stack([fitted.p_action[model] for model in TITLES])
    how = "fitted again without the model whose answers it judges"
    return JudgeLabels("builtin", actions.argmax(axis=2), (chance >= 0.5).astype(np.int64), chance, how, actions)


def _encoder(study: Study, name: str, model: str) -> JudgeLabels:
    folder = Path(parse_name(model).name)
    file = folder / HELD_OUT
    if not file.is_file():
        raise UsageError(
            f"--judge {name}: expected {file}, verdicts on models left out of training; make it with 'hantei train "
            f"encoder {study.folder}/human/*.csv --model {folder} --head action --head unsafe --folds system "
            "--out DIR2' and name encoder@hf/DIR2"
        )
    return _given(study, name, file, f"held out in training: {_folds(folder)}")


def _given(study: Study, name: str, file: Path, how: str) -> JudgeLabels:
    """Return the verdicts in a file of judgments.

    Raises:
        UsageError: the file is not there.
        InputError: it holds no verdict.
    """
    if not file.is_file():
        raise UsageError(f"--judge {name}: {file}: expected a file of judgments, found none")
    action, harmful, chance, actions = _placed(study, read_records(file, Judgment), file)
    judged = (action != NONE) | (harmful != NONE)
    if not judged.any():
        raise InputError(f"{file}: expected judgments with an action or a verdict, found none")
    how = f"{int(judged.sum()):,} of {judged.size:,} answers, {how}"
    return JudgeLabels(name, action, harmful, _said(chance), how, _said(actions))


def _said(chances: Doubles) -> Doubles | None:
    return None if np.isnan(chances).all() else chances


def _folds(folder: Path) -> str:
    """Say what the folds left out, from the measures that the training wrote beside its verdicts."""
    try:
        by = str(json.loads((folder / _MEASURES).read_text(encoding="utf-8"))[0]["protocol"])
    except (OSError, ValueError, TypeError, LookupError):
        return "folds of which nothing is known"
    if by == _PUBLISHED:
        return by
    return f"{by}, while the paper has {_PUBLISHED}: not to be compared with its tables"


def _placed(study: Study, judgments: Iterable[Judgment], file: Path) -> tuple[Integers, Integers, Doubles, Doubles]:
    """Put judgments in their places by the ids that ``inputs.labelled`` gives the files of people's labels.

    Raises:
        InputError: a judgment is of none of these answers.
        RecordError: a line of ``file`` is no judgment.
    """
    places = {
        f"annotated_response_{model}/{identity}/0": (row, column)
        for row, model in enumerate(TITLES)
        for column, identity in enumerate(study.ids)
    }
    shape = study.people.action.shape
    action, harmful = np.full(shape, NONE), np.full(shape, NONE)
    chance, actions = np.full(shape, np.nan), np.full((*shape, len(ACTIONS)), np.nan)
    for one in judgments:
        place = places.get(one.response_id)
        if place is None:
            raise InputError(
                f"{file}: response '{one.response_id[:80]}' is no answer of Do-Not-Answer, such as "
                "annotated_response_GPT4/0/0: train on the files in human/"
            )
        action[place] = NONE if one.action is None else one.action
        harmful[place] = NONE if one.unsafe is None else int(one.unsafe)
        chance[place] = np.nan if one.p_unsafe is None else one.p_unsafe
        given = one.probabilities.get("action")
        if given:
            actions[place] = [given.get(str(number), 0.0) for number in range(len(ACTIONS))]
    return action, harmful, chance, actions
