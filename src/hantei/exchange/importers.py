"""The programs whose files are imported: the one list, by which they are read and recognised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hantei.errors import RowError, UsageError
from hantei.exchange import (
    anthropic_batch,
    deepteam,
    exported,
    flexeval,
    garak,
    inspect_read,
    langfuse,
    llm_jp_judge,
    lm_eval,
    mt_bench,
    openai_batch,
    otel,
    promptfoo,
    pyrit,
)
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import Recognises, first_object, tables_in
from hantei.inputs.exported import is_exported


@dataclass(frozen=True, slots=True)
class Importer:
    """How one program's files are read, and by what they are recognised. ``folders`` is whether it reads these itself,
    with what stands in them beside the answers.
    """

    read: Callable[[Sequence[Path]], ImportSource]
    recognises: Recognises
    folders: bool = False


def _each(read: Callable[[Path], ImportSource]) -> Callable[[Sequence[Path]], ImportSource]:
    """Make a reader of one path one of several."""

    def read_all(paths: Sequence[Path]) -> ImportSource:
        sources = [read(path) for path in paths]
        judges = {name: known for source in sources for name, known in source.judges.items()}
        items: Iterable[Item | RowError] = (item for source in sources for item in source.items)
        return ImportSource(items, judges)

    return read_all


_FILES = 500
"""So many files of a folder are looked at to tell whose they are."""

IMPORTERS: dict[str, Importer] = {
    "hantei": Importer(exported.read, is_exported),
    "inspect": Importer(_each(inspect_read.read), lambda cells: {"eval", "samples"} <= cells.keys(), folders=True),
    "lm-eval": Importer(_each(lm_eval.read), lambda cells: {"doc_id", "resps"} <= cells.keys(), folders=True),
    "llm-jp-judge": Importer(_each(llm_jp_judge.read), llm_jp_judge.recognises, folders=True),
    "promptfoo": Importer(promptfoo.read, promptfoo.recognises),
    "garak": Importer(garak.read, garak.recognises),
    "pyrit": Importer(pyrit.read, pyrit.recognises),
    "deepteam": Importer(deepteam.read, deepteam.recognises),
    "flexeval": Importer(flexeval.read, flexeval.recognises),
    "openai-batch": Importer(openai_batch.BATCH.read, openai_batch.BATCH.recognises),
    "anthropic-batch": Importer(anthropic_batch.BATCH.read, anthropic_batch.BATCH.recognises),
    "mt-bench": Importer(mt_bench.read, mt_bench.recognises),
    "langfuse": Importer(langfuse.read, langfuse.recognises),
    "otel": Importer(otel.read, otel.recognises),
}
"""What can be imported, by the name that ``--from`` takes."""


def recognised(paths: Sequence[Path]) -> str:
    """Return the name of the program that wrote the files, by what is in them.

    Raises:
        UsageError: none is recognised, or several are.
    """
    found = {name: file for path in paths for file in islice(tables_in(path), _FILES) for name in _names(file)}
    for path in paths:
        found |= dict.fromkeys(["inspect"], path) if _has_logs(path) else {}
    shown = " ".join(map(str, paths))
    if not found:
        raise UsageError(
            f"{shown}: not recognised; name the program with --from {', '.join(IMPORTERS)}; a file of questions and "
            f"answers is read by hantei judge"
        )
    if len(found) > 1:
        both = ", ".join(f"{name} ({file})" for name, file in found.items())
        raise UsageError(f"{shown}: holds files of several programs: {both}; choose one with --from, or give its files")
    return next(iter(found))


def import_hint(paths: Iterable[Path]) -> str:
    """Return what a message adds where a file that cannot be read as a table is another program's, else nothing."""
    for path in paths:
        if names := [name for name in _names(path) if name != "hantei"]:
            return f". This looks like a file of {names[0]}: hantei import {path}"
    return ""


def _names(file: Path) -> list[str]:
    cells = first_object(file)
    return [name for name, importer in IMPORTERS.items() if importer.recognises(cells)][:1]


def _has_logs(path: Path) -> bool:
    return any(path.rglob("*.eval")) if path.is_dir() else path.suffix == ".eval"
