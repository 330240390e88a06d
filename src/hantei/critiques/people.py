"""How well a checker's verdicts on units agree with people's: precision and recall apart, by language.

Labels are read from MetaCritique's annotations (Sun et al., arXiv 2401.04518; English question answering), or from
tables with the same columns as those that come with hantei (``labelled/``; their README has the rule).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.critiques.critique import CheckedCritique, Critique
from hantei.critiques.matching import Matcher, how_strongly
from hantei.errors import InputError, RowError
from hantei.estimates import Estimate
from hantei.inputs import open_table
from hantei.metrics.bootstrap import bootstrap
from hantei.metrics.classification import auroc, kappa
from hantei.records import Message, Prompt, Response

FOLDS = 5
_GRID = np.arange(1, 100) / 100
_METACRITIQUE = ("human_critique", "llm1_critique", "llm2_critique")
BY_DIALOGUE = "percentiles of drawing dialogues again"

Part = str
"""``precision`` or ``recall``."""


@dataclass(frozen=True, slots=True)
class LabelledCritique:
    """A critique whose own units (precision) and whose reference's units (recall) people labelled."""

    critique: Critique
    precision: tuple[bool, ...]
    recall: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleAgreement:
    """How a checker agrees with people on the units of one file.

    Args:
        labels: the file.
        part: whose units: the critique's (``precision``) or the reference's (``recall``).
        checker: who checked them.
        n: labelled units with a verdict.
        no_verdict: labelled units without one.
        right: the share that people call right, of those with a verdict.
        accuracy: the share on which both say the same; what always saying the commoner label gets is ``commoner``.
        kappa: Cohen's.
        auroc: of the strengths, None for a checker that has none.
        commoner: the share of the commoner label.
    """

    labels: str
    part: Part
    checker: str
    n: int
    no_verdict: int
    right: float
    accuracy: Estimate
    kappa: Estimate
    auroc: Estimate | None
    commoner: float


def read_unit_labels(path: Path) -> list[LabelledCritique]:
    """Return the labelled critiques of a file.

    Raises:
        InputError: it cannot be read, or a row lacks units, or has not one label for each.
    """
    found: list[LabelledCritique] = []
    for row in open_table(path).rows():
        if isinstance(row, RowError):
            raise row
        try:
            found += _labelled(row.number, row.cells)
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}, row {row.number}: expected units with a label each: {error}") from None
    if not found:
        raise InputError(f"{path}: no labelled unit")
    return found


def shipped_labels(language: str) -> Path:
    """Return the file of labels in ``en``, ``ja`` or ``zh`` that comes with hantei."""
    return Path(__file__).parent / "labelled" / f"{language}.jsonl"


def _labelled(number: int, cells: Mapping[str, Any]) -> Iterator[LabelledCritique]:
    if "gpt4_critique" not in cells:
        yield _one(str(number), cells["language"], cells, cells["reference"], cells)
        return
    for name in _METACRITIQUE:
        yield _one(f"{number}/{name}", "en", cells, cells["gpt4_critique"]["aius"], cells[name])


def _one(
    identity: str, language: str, dialogue: Mapping[str, Any], reference: Sequence[str], said: Mapping[str, Any]
) -> LabelledCritique:
    units = tuple(said["units"] if "units" in said else said["aius"])
    precision, recall = (tuple(map(bool, said[f"{part}_labels"])) for part in ("precision", "recall"))
    if len(precision) != len(units) or len(recall) != len(reference):
        raise TypeError(f"{len(units)} and {len(reference)} units, {len(precision)} and {len(recall)} labels")
    prompt = Prompt(id=identity.partition("/")[0], messages=(Message(role="user", content=dialogue["question"]),))
    response = Response(id=identity, prompt_id=prompt.id, system="labelled", text=dialogue["response"])
    return LabelledCritique(
        Critique(
            id=identity,
            judge="labelled",
            language=language,
            prompt=prompt,
            response=response,
            text=said["critique"],
            reference=tuple(reference),
            units=units,
        ),
        precision,
        recall,
    )


def agreement_with_people(
    labels: str, labelled: Sequence[LabelledCritique], checked: Sequence[CheckedCritique], checker: str
) -> list[PeopleAgreement]:
    """Return how verdicts agree with people's labels, precision and recall apart.

    Args:
        labels: the name of the file.
        labelled: the critiques with their labels.
        checked: the same critiques, checked.
        checker: who checked them.
    """
    out = []
    for part in ("precision", "recall"):
        label, dialogue = _labels(labelled, part)
        units = [one.units if part == "precision" else one.reference for one in checked]
        verdicts = np.array([np.nan if unit.right is None else unit.right for group in units for unit in group])
        out.append(unit_agreement(labels, part, checker, (label, dialogue, verdicts), None))
    return out


def embedded_agreement(
    labels: str, labelled: Sequence[LabelledCritique], by: Matcher, out_of_fold: bool
) -> list[PeopleAgreement]:
    """Return how a matcher agrees with people's labels, precision and recall apart.

    Args:
        labels: the name of the file.
        labelled: the critiques with their labels.
        by: the matcher.
        out_of_fold: whether each dialogue is judged by the threshold that is best on the recall labels of the other
            four fifths of the dialogues, and not by the matcher's own, which was chosen on MetaCritique.
    """
    strengths = {part: _strengths(labelled, part, by) for part in ("precision", "recall")}
    label, dialogue = _labels(labelled, "recall")
    own = np.full(int(dialogue.max()) + 1, by.threshold)
    limits = thresholds(label, dialogue, strengths["recall"]) if out_of_fold else own
    checker = f"{by.name}, out of fold" if out_of_fold else by.name
    out = []
    for part, strength in strengths.items():
        label, dialogue = _labels(labelled, part)
        verdicts = (strength >= limits[dialogue]).astype(float)
        out.append(unit_agreement(labels, part, checker, (label, dialogue, verdicts), strength))
    return out


def thresholds(label: Integers, dialogue: Integers, strength: Doubles) -> Doubles:
    """Return for each dialogue the threshold that is best on the dialogues of the other folds."""
    fold = np.arange(int(dialogue.max()) + 1) % FOLDS
    chosen = [best_threshold(label[fold[dialogue] != one], strength[fold[dialogue] != one]) for one in range(FOLDS)]
    return np.array(chosen)[fold]


def best_threshold(label: Integers, strength: Doubles) -> float:
    """Return the threshold of 0.01 to 0.99 with the highest kappa, the lowest of equals."""
    found = [kappa(label, (strength >= one).astype(np.int64), 2) for one in _GRID]
    return float(_GRID[int(np.argmax(np.nan_to_num(found, nan=-1.0)))])


def _labels(labelled: Sequence[LabelledCritique], part: Part) -> tuple[Integers, Integers]:
    """Return labels (0 or 1) and the number of each one's dialogue."""
    groups = [one.precision if part == "precision" else one.recall for one in labelled]
    numbers = {one.critique.prompt.id: None for one in labelled}
    place = {identity: number for number, identity in enumerate(numbers)}
    dialogues = [place[one.critique.prompt.id] for one in labelled]
    return (
        np.array([label for group in groups for label in group], dtype=np.int64),
        np.repeat(np.array(dialogues, dtype=np.int64), [len(group) for group in groups]),
    )


def _strengths(labelled: Sequence[LabelledCritique], part: Part, by: Matcher) -> Doubles:
    found: list[float] = []
    for one in labelled:
        units, reference = one.critique.units or (), one.critique.reference
        found += how_strongly(units, reference, by) if part == "precision" else how_strongly(reference, units, by)
    return np.array(found)


def unit_agreement(
    labels: str, part: Part, checker: str, units: tuple[Integers, Integers, Doubles], strength: Doubles | None
) -> PeopleAgreement:
    """Return how verdicts on units agree with labels.

    Args:
        labels: where they are from.
        part: whose units they are.
        checker: who gave the verdicts.
        units: by unit, the label (0 or 1), the number of its dialogue, and the verdict, nan where there is none.
        strength: how strongly each unit is matched, None for a checker without such.
    """
    known = ~np.isnan(units[2])
    label, dialogue = units[0][known], units[1][known]
    verdict = units[2][known].astype(np.int64)

    def share(rows: Integers) -> float:
        return float((label[rows] == verdict[rows]).mean())

    def beyond_chance(rows: Integers) -> float:
        return kappa(label[rows], verdict[rows], 2)

    ranked = None
    if strength is not None:
        ranked = _estimate(partial(_auroc, label, strength[known]), dialogue)
    right = float(label.mean()) if len(label) else float("nan")
    return PeopleAgreement(
        labels=labels,
        part=part,
        checker=checker,
        n=int(known.sum()),
        no_verdict=int((~known).sum()),
        right=right,
        accuracy=_estimate(share, dialogue),
        kappa=_estimate(beyond_chance, dialogue),
        auroc=ranked,
        commoner=max(right, 1 - right),
    )


def _auroc(label: Integers, strength: Doubles, rows: Integers) -> float:
    return auroc(label[rows], strength[rows])


def _estimate(statistic: Callable[[Integers], float], dialogue: Integers) -> Estimate:
    n = len(dialogue)
    if not n:
        return Estimate(value=None, method=BY_DIALOGUE)
    low, high = bootstrap(statistic, dialogue)
    return Estimate(value=statistic(np.arange(n)), low=low, high=high, n=n, method=BY_DIALOGUE)
