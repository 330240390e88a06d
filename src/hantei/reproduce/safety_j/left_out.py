"""The built-in judge on the label sets, fitted again without the set that it judges and all that was made from it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from hantei.errors import UsageError
from hantei.reproduce.safety_j.accuracy import JudgedRow
from hantei.reproduce.safety_j.judging import JudgedSets

SOURCES = {"BeaverTails": "beavertails", "Jade": "safety-j-jade", "Flames": "safety-j-flames"}
"""The label sets by their names among the sources of the built-in judge."""


def left_out(data: Path) -> JudgedSets:
    """Return what the built-in judge says of each set when the set's source played no part in its fit.

    Sources are left out as in the figures of its card: those that are related together, and with them every answer to a
    question that they ask. It takes ten minutes and more.

    Args:
        data: the folder of public training data, with ``safety_j`` in it.

    Raises:
        UsageError: scikit-learn is not installed, or ``data`` is not that folder.
        InputError: a source is missing or broken.
    """
    if find_spec("sklearn") is None:
        raise UsageError(
            "--left-out fits the built-in judge again, which needs scikit-learn: pip install 'hantei[train]'"
        )
    from hantei.training.builtin.evaluate import EvaluationData, Predictions, prepare
    from hantei.training.builtin.left_out import evaluator_of, left_out

    def rows(source: str, found: EvaluationData, said: Predictions) -> list[JudgedRow]:
        mine = said.take(found.labels.source[said.rows] == source)
        pairs = [found.rows[number] for number in mine.rows]
        return [
            JudgedRow(question=row.group, unsafe=bool(row.unsafe), said=bool(unsafe))
            for row, unsafe in zip(pairs, mine.unsafe.tolist(), strict=True)
        ]

    prepared = prepare(data, "all")
    said = left_out(evaluator_of(prepared))["use"]
    return JudgedSets(
        judge="builtin, set left out",
        trained="all its sources but the set and what is related to it",
        rows={name: rows(source, prepared, said) for name, source in SOURCES.items()},
    )
