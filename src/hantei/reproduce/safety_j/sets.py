"""The released label sets: answers with people's verdicts, whole or in part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hantei.errors import UsageError
from hantei.inputs.labelled import Labelled, read_labelled
from hantei.reproduce.safety_j.published import published

_LABELS = "label_level"


@dataclass(frozen=True, slots=True)
class LabelSet:
    """One set: its file and its rows, in the file's order. ``whole`` is False where the file holds a part of it."""

    name: str
    path: Path
    rows: Sequence[Labelled]

    @property
    def language(self) -> str:
        """The language of its answers."""
        return published().language[self.name]

    @property
    def whole(self) -> bool:
        """Whether all answers of the published set are there."""
        return len(self.rows) == published().answers[self.name]


def read_sets(data: Path) -> list[LabelSet]:
    """Return the label sets below ``data``, in the order of the paper's table.

    Raises:
        UsageError: there is none.
        InputError: a file cannot be read or holds no labels.
    """
    found = [(name, release_file(data, _LABELS, name)) for name in published().language]
    sets = [_read(name, path) for name, path in found if path is not None]
    if not sets:
        raise UsageError(
            f"--data {data}: expected the folder of SAFETY-J's release, or one that has it as safety_j, with "
            f"{_LABELS}/BeaverTails.json or {_LABELS}/BeaverTails.dev.json"
        )
    return sets


def release_file(data: Path, folder: str, name: str) -> Path | None:
    """Return a file of the release below ``data``, whole or the half that is called ``.dev``; None where it is not."""
    homes = (data / "safety_j" / folder, data / folder, *([data] if data.name == folder else []))
    files = (home / f"{name}{ending}" for home in homes for ending in (".json", ".dev.json"))
    return next((file for file in files if file.is_file()), None)


def _read(name: str, path: Path) -> LabelSet:
    return LabelSet(name, path, read_labelled([path], language=published().language[name]))
