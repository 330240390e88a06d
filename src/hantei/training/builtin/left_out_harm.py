"""One harm type left out: whether what the built-in judge learned of some harms carries over to another.

A judge that never saw a harm type judges the answers to its prompts, and one that saw other prompts of it judges the
same answers: the difference is what seeing the harm type is worth. A row of which no harm type is known could belong to
any and is in no fit, unless its prompt is harmless.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from hantei.arrays import Flags, Integers
from hantei.files import write_atomic
from hantei.judges.builtin.labels import HARMS
from hantei.training.builtin.evaluate import EvaluationData, Evaluator, Predictions, PredictionsByBuild, join, prepare
from hantei.training.builtin.labels import FOLDS
from hantei.training.builtin.left_out import evaluator_of
from hantei.training.builtin.row import Licences


def write_verdicts(data: Path, out: Path, licences: Licences = "all") -> int:
    """Write what both judges say of every answer with a harm type and a label, and return how many these are.

    The file is one that ``hantei agreement`` reads: people's labels beside those of ``seen`` and ``unseen``. It takes
    26 fits of half a minute of one core each.

    Args:
        data: the folder of public training data.
        out: the JSON-lines file to write.
        licences: which sources may be trained on.

    Raises:
        UsageError: ``data`` is no folder, or ``licences`` is not one of the two.
        InputError: a file under ``data`` is missing or broken.
    """
    prepared = prepare(data, licences)
    seen, unseen = seen_and_unseen(evaluator_of(prepared))
    write_atomic(out, _lines(prepared, seen, unseen))
    return len(seen.rows)


def seen_and_unseen(evaluator: Evaluator) -> tuple[Predictions, Predictions]:
    """Return what is said of all answers with a harm type by judges that had seen that type, and that had not.

    Neither had seen what a row asks. Both sets of predictions are of the same rows in the same order.
    """
    data = evaluator.data
    rows, harm_of = judged(data), harms_asked(data)
    folds = [rows[data.labels.fold[rows] == fold] for fold in range(FOLDS)]
    harms = [rows[harm_of[rows] == harm] for harm in range(len(HARMS))]
    jobs = [(_without(data, part), part) for part in folds]
    jobs += [(_without(data, part, harm), part) for harm, part in enumerate(harms) if len(part)]
    said = evaluator.fitted_on(jobs)
    return _in_order(said[:FOLDS]), _in_order(said[FOLDS:])


def judged(data: EvaluationData) -> Integers:
    """Return the answers that have a label, to questions of a known harm type."""
    labels = data.labels
    return np.flatnonzero(labels.answered & (harms_asked(data) >= 0) & (labels.unsafe >= 0) & data.usable)


def harms_asked(data: EvaluationData) -> Integers:
    """Return the harm type of what each row asks, which may stand on another row with the same question, else -1."""
    labels = data.labels
    known = np.flatnonzero(labels.harm >= 0)
    asked, first = np.unique(labels.question[known], return_index=True)
    place = np.minimum(np.searchsorted(asked, labels.question), len(asked) - 1)
    out: Integers = np.where(asked[place] == labels.question, labels.harm[known][first][place], -1)
    return out


def _without(data: EvaluationData, rows: Integers, harm: int | None = None) -> Integers:
    """Return the rows to fit on: none that asks what ``rows`` ask, is of this harm type, or may be of any."""
    labels = data.labels
    asked: Flags = np.isin(labels.question, labels.question[rows])
    harms = harms_asked(data)
    any_harm = (harms < 0) & (labels.intent != 0)
    left_out = asked | any_harm if harm is None else asked | any_harm | (harms == harm)
    return np.flatnonzero(data.usable & ~left_out)


def _in_order(said: Sequence[PredictionsByBuild]) -> Predictions:
    together = join([one["use"] for one in said])
    return together.take(np.argsort(together.rows))


def _lines(data: EvaluationData, seen: Predictions, unseen: Predictions) -> Iterator[bytes]:
    harms = harms_asked(data)
    said = zip(seen.rows.tolist(), seen.unsafe.tolist(), unseen.unsafe.tolist(), strict=True)
    for number, by_seen, by_unseen in said:
        row = data.rows[number]
        line = {
            "id": str(number),
            "source": row.source,
            "system": row.system or row.source,
            "language": row.language,
            "harm": HARMS[harms[number]],
            "prompt": row.prompt,
            "response": row.response,
            "people": int(data.labels.unsafe[number]),
            "seen": by_seen,
            "unseen": by_unseen,
        }
        yield json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
