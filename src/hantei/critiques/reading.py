"""Critiques and reference units from files and run folders, put together by the text of their dialogues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec.structs import replace as changed

from hantei.critiques.critique import Critique
from hantei.errors import InputError, RowError, UsageError
from hantei.inputs import Columns, open_table
from hantei.inputs.values import is_nan, parsed_list
from hantei.language import detect
from hantei.records import Judgment, Prompt, Response
from hantei.runs.folder import Run, load_run
from hantei.runs.judging import PairReader

UNITS = ("aius", "units", "reference_units")
"""Columns that hold a list of units, the first that a row has winning."""
CRITIQUE = ("critique", "analysis")
JUDGE = ("judge", "critic")


@dataclass(frozen=True, slots=True)
class FoundCritiques:
    """Critiques of answers that have a reference; ``unmatched`` counts those that have none, by judge."""

    critiques: tuple[Critique, ...]
    unmatched: Mapping[str, int]


def read_critiques(source: Path, references: Sequence[Path], judge: str | None = None) -> FoundCritiques:
    """Return the critiques of a run folder, or of a table, whose dialogues have reference units.

    A table holds dialogues and, in a column ``critique``, what a judge (column ``judge``, else the file) wrote of each;
    a row without one whose units are listed is a critique made of these units.

    Args:
        source: a run folder, or a table.
        references: tables of dialogues with their reference units (``aius``, ``units`` or ``reference_units``).
        judge: only this judge's; default every judge that wrote critiques.

    Raises:
        UsageError: no such run, file or judge, or nobody wrote a critique.
        InputError: a file cannot be read, or lacks the units.
    """
    known = _references(references)
    run = (source / "run.json").is_file()
    found = list(_of_run(load_run(source), judge) if run else _of_table(source, judge))
    if not found:
        which = f" of {judge}" if judge else ""
        raise UsageError(f"{source}: no critiques{which}; judges that write them are critique@MODEL and safety-j@MODEL")
    matched: list[Critique] = []
    unmatched: dict[str, int] = {}
    for one in found:
        reference = known.get(one.dialogue)
        if reference is None:
            unmatched[one.judge] = unmatched.get(one.judge, 0) + 1
        else:
            matched.append(replace(one, reference=reference.reference, language=reference.language))
    if not matched:
        names = ", ".join(str(path) for path in references)
        raise UsageError(f"{source}: none of its {len(found)} dialogues is in {names}, word for word")
    return FoundCritiques(tuple(matched), unmatched)


def read_references(paths: Sequence[Path]) -> tuple[Critique, ...]:
    """Return the references themselves as critiques: each holds exactly its own units.

    Raises:
        UsageError: no such file.
        InputError: a file cannot be read, or lacks the units.
    """
    return tuple(_references(paths).values())


def _critique(prompt: Prompt, response: Response, judge: str, **more: Any) -> Critique:
    return Critique(
        id=response.id, judge=judge, language=prompt.language, prompt=prompt, response=response,
        **{"text": None, "reference": (), **more},
    )  # fmt: skip


def _references(paths: Sequence[Path]) -> dict[tuple[str, ...], Critique]:
    out = {}
    for path in paths:
        for prompt, response, cells in _rows(path):
            units = listed_units(path, cells)
            if units is None:
                raise InputError(f"{path}: expected a column of reference units: {', '.join(UNITS)}")
            if not units:
                continue  # no unit to look for: as if the dialogue had no reference
            own = _critique(prompt, response, "reference", text="\n".join(units), units=units, reference=units)
            # The dialogue may be in another language, or in none that is known.
            out[own.dialogue] = replace(own, language=detect("\n".join(units)) or own.language)
    return out


def _of_table(path: Path, judge: str | None) -> Iterator[Critique]:
    for prompt, response, cells in _rows(path):
        name = str(_first(cells, JUDGE) or path.stem)
        text = _first(cells, CRITIQUE)
        units = listed_units(path, cells) if text is None else None
        if judge in (None, name) and (units is not None or any(column in cells for column in CRITIQUE)):
            written = text if units is None else "\n".join(units)
            yield _critique(prompt, response, name, text=None if written is None else str(written), units=units)


def _rows(path: Path) -> Iterator[tuple[Prompt, Response, Mapping[str, Any]]]:
    columns = Columns(path)
    for row in open_table(path).rows():
        if isinstance(row, RowError):
            raise row
        prompt, response = columns.records(row, bare_ids=False)
        yield prompt, changed(response, meta={}), {name.strip().lower(): cell for name, cell in row.cells.items()}


def listed_units(path: Path, cells: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the reference units in a row's cells (by names in small letters), None where it lists none.

    Raises:
        InputError: what is there is no list of texts.
    """
    held = _first(cells, UNITS)
    listed = parsed_list(held) if isinstance(held, str) else held
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(unit, str) for unit in listed):
        raise InputError(f"{path}: expected a list of texts as units")
    return tuple(unit for unit in listed if unit.strip())


def _first(cells: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((cells[name] for name in names if not _empty(cells.get(name))), None)


def _empty(cell: Any) -> bool:
    """Whether nothing stands in a cell: nothing at all, white space, or NaN as tables of numbers have it."""
    return cell is None or is_nan(cell) or (isinstance(cell, str) and not cell.strip())


def _of_run(run: Run, judge: str | None) -> Iterator[Critique]:
    names = [run.one_judge(judge)] if judge is not None else run.judges()
    with run.index() as index, PairReader(run) as reader:
        places = {place.response_no: place for place in index.pairs()}
        for name in names:
            judgments = _first_ones(run.judgments(name))
            if not any(one.critique for one in judgments):
                continue
            for one in judgments:
                number = index.response_no(one.response_id)
                if number is not None:
                    prompt, response = reader.read(places[number])
                    text = None if _empty(one.critique) else one.critique
                    yield _critique(prompt, response, name, text=text, unsafe=one.unsafe)


def _first_ones(judgments: Iterator[Judgment]) -> list[Judgment]:
    """Return the judgments of whole answers, of several of one answer the last line of the first repeat."""
    return list({one.response_id: one for one in judgments if one.repeat == 0 and one.turn is None}.values())
