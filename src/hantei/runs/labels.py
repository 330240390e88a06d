"""One person's labels of a run's answers: from a file, or from the run itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hantei.errors import RowError, UsageError
from hantei.inputs.label_files import RESPONSE_ID, LabelFiles, response_ids
from hantei.inputs.label_sheet import EXPECTED_CHANCE, SheetRow, is_chance, sheet_rows
from hantei.inputs.labels import RowLabels
from hantei.runs.folder import Run
from hantei.runs.index import Index


@dataclass(frozen=True, slots=True)
class PersonLabels:
    """Rows of labels by response id; ``who`` gave them, in ``source``; ``lost`` rows are of no answer of the run."""

    who: str
    source: str
    rows: Mapping[str, SheetRow]
    lost: int = 0


def is_person(labels: str | Path) -> bool:
    """Whether ``--labels`` names a person of the run, not a file."""
    return str(labels).startswith("human:")


def labels_of(run: Run, labels: str | Path | None, files: LabelFiles) -> PersonLabels:
    """Return the labels that ``--labels`` names.

    Args:
        run: the run.
        labels: a file, or ``human:NAME`` of the run; None for the run's only person.
        files: how a file is read.

    Raises:
        UsageError: no such file or person, or no row is of an answer of the run.
        InputError: the file cannot be read, or has no column with labels or ids.
    """
    if labels is None or is_person(labels):
        return _of_person(run, run.one_person(None if labels is None else str(labels)))
    with run.index() as index:
        return _of_file(index, Path(labels), files)


def _of_person(run: Run, who: str) -> PersonLabels:
    """Return the labels of a person of the run.

    Raises:
        UsageError: one was chosen with a chance that is none.
    """
    rows: dict[str, SheetRow] = {}
    for number, one in enumerate(run.judgments(who), start=1):  # the last word on an answer stands
        said = RowLabels(unsafe=one.unsafe, action=one.action, refusal=one.refusal)
        rows.pop(one.response_id, None)
        if one.reason != "taken back":
            rows[one.response_id] = SheetRow(number, said, one.sampling_p)
    bad = next(
        (name for name, one in rows.items() if one.sampling_p is not None and not is_chance(one.sampling_p)), None
    )
    if bad is not None:
        raise UsageError(f"{who}, {bad}: sampling_p {rows[bad].sampling_p:g}: {EXPECTED_CHANCE}")
    return PersonLabels(who, who, rows)


def _of_file(index: Index, path: Path, files: LabelFiles) -> PersonLabels:
    """Return the labels of a file by the responses that they belong to.

    Raises:
        RowError: an answer has two rows.
        UsageError: no row is of an answer.
    """
    found: dict[str, SheetRow] = {}
    systems, lost, first = index.systems(), 0, ""
    for row, fields, sheet in sheet_rows(path, files):
        names = list(response_ids(row, fields, [*systems[: len(systems) == 1], path.stem]))
        name = next((name for name in names if index.response_no(name) is not None), None)
        if name is None:
            lost, first = lost + 1, first or names[0]
            continue
        if name in found:
            problem = f"{name} stands in row {found[name].row}, too: expected each answer once"
            raise RowError(str(path), row.number, RESPONSE_ID, problem)
        found[name] = sheet
    if not found:
        such = f"found only those of others, such as '{first[:60]}'" if lost else "found no row"
        raise UsageError(f"--labels {path}: expected labels of this run's answers, {such}")
    return PersonLabels(f"human:{path.stem}", str(path), found, lost)


def lost_rows(labels: PersonLabels) -> list[str]:
    """Return what is to be said of rows that are of no answer of the run."""
    return [f"rows of {labels.source} that are of no answer of this run: {labels.lost:,}"] if labels.lost else []
