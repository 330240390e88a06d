"""Files of answers with people's labels, read whole: what judges are trained on, calibrated on and compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.errors import InputError, RowError
from hantei.inputs.columns import Columns
from hantei.inputs.labels import LABEL_ALIASES, LabelColumns, RowLabels, no_label
from hantei.inputs.names import ALIASES
from hantei.inputs.tables import open_table
from hantei.records import Prompt, Response


@dataclass(frozen=True, slots=True)
class Labelled:
    """One answer with the question before it and what people said of it."""

    prompt: Prompt
    response: Response
    labels: RowLabels

    @property
    def question(self) -> str:
        """The question with its white space folded: rows of one question are never on both sides of a split."""
        return " ".join(self.prompt.text.split())


def read_labelled(
    paths: Sequence[Path],
    mapping: Mapping[str, str] | None = None,
    language: str | None = None,
    encoding: str | None = None,
    prompts: Mapping[str, Prompt] | None = None,
) -> list[Labelled]:
    """Return every row of the files that has an answer and at least one label.

    Ids are made as ``hantei judge`` makes them: ``system/prompt_id/sample``, the system of a file without such a
    column being its stem.

    Args:
        paths: JSONL, JSON, CSV or Parquet files.
        mapping: field or label to column where a name is not the usual.
        language: of rows that do not say.
        encoding: of the files, where their bytes do not tell.
        prompts: a benchmark's prompts by id, which the rows then belong to (harm types come from there).

    Raises:
        InputError: a file cannot be read, has no column for the question, the answer or a label, or a bad row.
    """
    rows: list[Labelled] = []
    for path in paths:
        rows += [row for row, _ in labelled_rows(path, mapping or {}, language, encoding, prompts)]
    return rows


def labelled_rows(
    path: Path,
    mapping: Mapping[str, str],
    language: str | None = None,
    encoding: str | None = None,
    prompts: Mapping[str, Prompt] | None = None,
) -> Iterator[tuple[Labelled, Mapping[str, Any]]]:
    """Yield every row of a file that has an answer and a label, with all its cells by name in small letters.

    Args:
        path: the file.
        mapping: field or label to column where a name is not the usual.
        language: of rows that do not say.
        encoding: of the file, where its bytes do not tell.
        prompts: a benchmark's prompts by id, which the rows then belong to.

    Raises:
        InputError: the file cannot be read, has no column for the question, the answer or a label, a bad row, or no row
            that has an answer and a label.
    """  # noqa: DOC501 - a function makes one of the errors
    there = False
    wanted = {key: column for key, column in mapping.items() if key in LABEL_ALIASES}
    fields = {key: column for key, column in mapping.items() if key not in LABEL_ALIASES}
    columns = Columns(path, fields, language, prompts)
    labels = LabelColumns(path, wanted)
    for row in open_table(path, encoding).rows():
        if isinstance(row, RowError):
            raise row
        found = labels.columns_by_field(list(row.cells), columns.columns_by_field(row))
        if not found:
            raise no_label(path, list(row.cells))
        prompt, response = columns.records(row, bare_ids=False)
        said = labels.labels(row, found)
        if response.status == "ok" and said.any:
            there = True
            yield Labelled(prompt, response, said), {name.strip().lower(): cell for name, cell in row.cells.items()}
    if not there:
        raise InputError(f"{path}: no row has an answer and a label")


assert not ALIASES.keys() & LABEL_ALIASES.keys()  # noqa: S101 - one --map for both
