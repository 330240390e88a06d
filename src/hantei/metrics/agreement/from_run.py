"""What the judges of a run said, and what more labels in files say of its responses, as ratings of the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from hantei import taxonomy
from hantei.arrays import Doubles, Integers
from hantei.cards import did_you_mean
from hantei.errors import UsageError
from hantei.inputs.label_files import Collected, LabelFiles, collect, label_rows, need_identity, response_ids
from hantei.metrics.agreement.from_labels import LABELS, SCALES, heads_of, part_of
from hantei.metrics.agreement.ratings import Grouping, HeadRatings, Ratings
from hantei.runs.counting import response_positions, verdicts_by_response
from hantei.runs.index import Group, Index
from hantei.runs.labels import is_person

DIMENSIONS: Mapping[str, Callable[[Group], str | None]] = {
    "language": lambda group: group.language,
    "harm_type": lambda group: taxonomy.harm_type(group.harm) if group.harm else None,
    "risk_area": lambda group: taxonomy.risk_area(group.harm) if group.harm else None,
    "intent": lambda group: group.intent,
    "benchmark": lambda group: group.benchmark,
    "region": lambda group: group.region,
    "variant": lambda group: group.variant,
}
"""What a run's agreement is reported by, besides system, guideline and people."""


UNGRADED = "unsafe 0-1"
"""The scale of a judge that gives verdicts and nothing finer."""


def of_run(
    index: Index, labels: Sequence[str | Path], files: LabelFiles, guidelines: Mapping[str, str] | None = None
) -> Ratings:
    """Return what the judges of a run said, and people's ``labels`` of its responses: all that it has if none is named.

    Args:
        index: the run's index.
        labels: files, and people of the run.
        files: how files are read.
        guidelines: by which guideline people of the run labelled, where it is known.

    Raises:
        UsageError: nobody judged anything, no such person, or no label of a file belongs to a response of the run.
        InputError: a file cannot be read or has no labels, or a row holds none that can be read.
    """
    places = np.array(list(response_positions(index)), dtype=np.int64).reshape(-1, 4)
    collected = Collected()
    for path in labels:
        if not is_person(path):
            _join(collected, Path(path), index, places[:, 0], files)
    known = [(name, _of_judge(index, number, places[:, 0])) for number, name in _heard(index, labels)]
    judges = list(dict.fromkeys([*(name for name, _ in known), *collected.judges()]))
    heads = heads_of(collected, judges, len(places), files.scale)
    for name, (values, unit) in known:
        _merge(heads, judges, judges.index(name), values, unit)
    systems = tuple(index.systems())
    return Ratings(
        judges=tuple(judges),
        heads={name: said for name, said in heads.items() if not np.isnan(said.values).all()},
        prompt=places[:, 1],
        system=places[:, 2],
        systems=systems,
        parts={"system": Grouping(places[:, 2] - 1, systems), **_parts(index, places[:, 3])},
        guidelines=tuple({**(guidelines or {}), **collected.guidelines}.get(judge, "") for judge in judges),
        lost=collected.lost,
    )


def _heard(index: Index, labels: Sequence[str | Path]) -> list[tuple[int, str]]:
    """Return the number and name of each judge of the run, and of those people whose labels are wanted.

    Raises:
        UsageError: a person is wanted whom the run does not have.
    """
    judges = list(index.judges())
    people = [name for _, name in judges if is_person(name)]
    for wanted in filter(is_person, labels):
        if not any(fnmatchcase(name, str(wanted)) for name in people):
            hint = did_you_mean(str(wanted), people)
            raise UsageError(f"--labels {wanted}: expected a file, or one of {', '.join(people) or 'no person'}{hint}")
    return [
        (number, name)
        for number, name in judges
        if not labels or not is_person(name) or any(fnmatchcase(name, str(wanted)) for wanted in labels)
    ]


def _parts(index: Index, group: Integers) -> dict[str, Grouping]:
    groups = index.groups()
    return {name: part_of(value(groups[number]) for number in group.tolist()) for name, value in DIMENSIONS.items()}


def _join(collected: Collected, path: Path, index: Index, numbers: Integers, files: LabelFiles) -> None:
    """Collect the labels of a file for the responses that they belong to.

    Raises:
        UsageError: none belongs to any.
    """
    systems = index.systems()
    joined = lost = 0
    for row, columns, found in label_rows(path, files):
        if not files.own:
            need_identity(path, row, found, also=())
        names = response_ids(row, found, [*systems[: len(systems) == 1], path.stem], files.own)
        number = next((number for name in names if (number := index.response_no(name)) is not None), None)
        if number is None:
            lost += 1
            continue
        joined += 1
        collect(collected, path, row, columns, int(np.searchsorted(numbers, number)))
    if not joined:
        raise UsageError(
            f"{path}: expected labels of the run's responses, by response_id, or by id, system and sample; "
            f"none of its {lost:,} rows belongs to one"
        )
    collected.lost += lost


def _of_judge(index: Index, judge: int, numbers: Integers) -> tuple[dict[str, Doubles], str]:
    """Return what a judge said (rows,) by head, and the scale of its score.

    A judge without a score is graded by its probability of unsafe, one without either by its verdict.
    """
    kind = [("no", np.int64), *((name, np.float64) for name in ("unsafe", "action", "refusal", "score", "p"))]
    rows, scale = [], ""
    for *values, unit in verdicts_by_response(index, judge):
        if values[4] is not None:
            scale = scale or str(unit or "score")
            values[4] = values[4] if scale == str(unit or "score") else None
        rows.append(tuple(np.nan if value is None else value for value in values))
    told = np.array(rows, dtype=kind)
    place = np.searchsorted(numbers, told["no"])
    found = {}
    for head in ("unsafe", "action", "refusal", "score", "p"):
        found[head] = np.full(len(numbers), np.nan)
        found[head][place] = told[head]
    p = found.pop("p")
    if np.isnan(found["score"]).all():
        graded = not np.isnan(p).all()
        found["score"], scale = (p, "probability of unsafe") if graded else (found["unsafe"], UNGRADED)
    return found, scale


def _merge(
    heads: dict[str, HeadRatings], judges: Sequence[str], judge: int, values: Mapping[str, Doubles], unit: str
) -> None:
    for head, said in values.items():
        rows = len(said)
        if head not in heads:
            empty = np.full((rows, len(judges)), np.nan)
            heads[head] = HeadRatings(empty, SCALES[head], LABELS.get(head, ()), ("",) * len(judges))
        known = heads[head]
        column = known.values[:, judge]
        known.values[:, judge] = np.where(np.isnan(column), said, column)
        if head == "score":
            units = [*(known.units or ("",) * len(judges))]
            units[judge] = unit
            heads[head] = HeadRatings(known.values, known.scale, known.labels, tuple(units))
