"""Benchmark cards: where a benchmark comes from, what its columns mean and what terms bind it, as TOML in ``cards/``.

A new benchmark is one new card and no code. Nothing of a card is assumed: a field that is missing or does not fit is a
``CardError`` that names the card and the field.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import to_builtins

from hantei import cards
from hantei.benchmarks.card_file import BenchmarkCardFile, CellRule, ColumnNames, FileTable, FolderCardFile, Origin
from hantei.errors import CardError, UsageError
from hantei.records import INTENTS
from hantei.registry import BENCHMARKS

CARDS = Path(__file__).parent / "cards"
CARD = "card.toml"
"""The card's file in a folder of the user's own."""
TEXT_FIELDS = ("prompt", "reference", "criteria")
FIELDS = (*TEXT_FIELDS, "id", "parent", "messages", "plain", "meta", "harm", "response", "label", "kept")
RULES = ("intent", "language", "region", "variant", "benchmark")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """One file of a benchmark.

    ``path`` is its path at the source, for Hugging Face a pattern. ``names`` are other names under which people have
    it. ``count`` is the number of rows that it must have, None where that is unknown. ``id_prefix`` keeps ids of
    several files apart. ``columns`` and ``rules`` are the card's, with this file's own in their place. ``rows`` is
    where the rows are inside a JSON object, ``missing`` are cells that mean that nothing is there.
    """

    split: str
    path: str
    columns: Mapping[str, tuple[str, ...]]
    rules: Mapping[str, CellRule]
    names: tuple[str, ...] = ()
    count: int | None = None
    sha256: str | None = None
    encoding: str | None = None
    id_prefix: str = ""
    rows: str | None = None
    missing: tuple[str, ...] = ()

    def is_named(self, path: Path) -> bool:
        """Whether a file's path or name is one under which this file is known."""
        if fnmatchcase(path.as_posix(), f"*/{self.path}"):
            return True
        return any(fnmatchcase(path.name, name) for name in (PurePosixPath(self.path).name, *self.names))


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkCard:
    """What is known of one benchmark.

    ``default`` names the splits that are judged when none is named: all, or those meant for measuring. ``taxonomy`` is
    the name of the taxonomy that its labels belong to. ``evidence`` says how source, columns, counts and licence are
    known (one of ``EVIDENCE``), ``unknown`` what is not. ``folder`` is where a card that does not come with hantei lies
    beside its files. ``data`` is the card as its file holds it.
    """

    name: str
    title: str
    description: str
    url: str
    languages: tuple[str, ...]
    licence: str
    terms: str
    origin: Origin
    files: tuple[FileSpec, ...]
    evidence: Mapping[str, str]
    paper: str | None = None
    taxonomy: str | None = None
    default: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    folder: Path | None = None
    data: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits in order, each once."""
        return tuple(dict.fromkeys(spec.split for spec in self.files))

    @property
    def counts(self) -> dict[str, int | None]:
        """Expected rows by split; None where a file's count is unknown."""
        found: dict[str, int | None] = dict.fromkeys(self.splits, 0)
        for spec in self.files:
            known = found[spec.split]
            found[spec.split] = None if known is None or spec.count is None else known + spec.count
        return found

    def match(self, path: Path) -> FileSpec:
        """Return which of the card's files ``path`` is: by its path, by its name, by the split named in it.

        Raises:
            UsageError: it could be several, or none.
        """
        named = [spec for spec in self.files if spec.is_named(path)]
        if not named:
            words = re.split(r"[^a-z0-9]+", path.stem.lower())
            named = [spec for spec in self.files if spec.split.lower() in words]
        if not named and len(self.files) == 1:
            named = list(self.files)
        exact = [spec for spec in named if path.as_posix().endswith(f"/{spec.path}") or path.parent.name == spec.split]
        found = exact or named
        if len(found) == 1:
            return found[0]
        known = ", ".join(f"{PurePosixPath(spec.path).name} ({spec.split})" for spec in self.files)
        raise UsageError(f"{path}: which file of {self.name} is this? Name it as its source does: {known}")


def card_names() -> tuple[str, ...]:
    """Return the names of the cards that come with hantei, the starter first."""
    names = sorted(path.stem for path in CARDS.glob("*.toml"))
    return tuple(sorted(names, key=lambda name: name != "starter"))


def load_card(name: str) -> BenchmarkCard:
    """Read a card: one that comes with hantei, that of a folder, or one that another package offers.

    Raises:
        UsageError: there is none of this name.
        CardError: it lacks a field, or one does not fit.
    """
    if name in card_names():
        return parse_card(name, (CARDS / f"{name}.toml").read_text(encoding="utf-8"))
    folder = card_folder(name)
    if folder is None:
        hint = BENCHMARKS.unknown(name[:80], card_names())
        raise UsageError(f"no benchmark '{name[:80]}': 'hantei benchmarks list' names them all{hint}")
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CardError(f"{folder / CARD}: is not UTF-8: {error.reason} at byte {error.start}") from None
    called = name if name in BENCHMARKS.names() else folder.resolve().name
    return replace(parse_card(called, text, FolderCardFile), folder=folder)


def card_folder(name: str) -> Path | None:
    """Return the folder with the card that a path or another package's name means, None where there is none."""
    if (Path(name) / CARD).is_file():
        return Path(name)
    offered = BENCHMARKS.find(name, name)
    found = isinstance(offered, str | os.PathLike) and (Path(offered) / CARD).is_file()
    return Path(offered) if found else None


def parse_card(name: str, text: str, kind: type[BenchmarkCardFile] = BenchmarkCardFile) -> BenchmarkCard:
    """Build a card from its TOML.

    Raises:
        CardError: it is not TOML, lacks a field, or one does not fit.
    """
    what = f"benchmark card {name}"
    data = cards.parse(text, what)
    file = cards.typed(data, kind, what)
    _check_origin(what, file.source)
    card = BenchmarkCard(
        name=name,
        title=file.title,
        description=file.description,
        url=file.url,
        languages=file.languages,
        licence=file.licence,
        terms=file.terms,
        origin=file.source,
        files=tuple(_file(f"{what}, files[{number}]", file, table) for number, table in enumerate(file.files, 1)),
        evidence=to_builtins(file.evidence),
        paper=file.paper,
        taxonomy=file.taxonomy,
        default=file.default,
        unknown=file.unknown,
        data=data,
    )
    _check_among(f"{what}, default", card.default, card.splits)
    return card


def _check_origin(what: str, origin: Origin) -> None:
    if origin.page and not (origin.repository and origin.revision):
        raise CardError(f"{what}, source: expected a repository and a revision")
    if origin.gated and not origin.access:
        raise CardError(f"{what}, source.access: expected how to ask for access")


def _file(where: str, file: BenchmarkCardFile, table: FileTable) -> FileSpec:
    return FileSpec(
        split=table.split,
        path=table.path,
        columns=_columns(f"{where}.columns", {**file.columns, **table.columns}),
        rules=_rules(f"{where}.rules", {**file.rules, **table.rules}),
        names=table.names,
        count=table.count,
        sha256=table.sha256,
        encoding=table.encoding,
        id_prefix=table.id_prefix,
    )


def _columns(where: str, columns: ColumnNames) -> dict[str, tuple[str, ...]]:
    _check_among(where, columns, FIELDS)
    if "prompt" not in columns and "messages" not in columns:
        raise CardError(f"{where}: expected a column for the prompt or for the messages")
    return {key: (value,) if isinstance(value, str) else tuple(value) for key, value in columns.items()}


def _rules(where: str, rules: Mapping[str, CellRule]) -> dict[str, CellRule]:
    _check_among(where, rules, RULES)
    for key, rule in rules.items():
        if (rule.constant is None) == (rule.column is None):
            raise CardError(f"{where}.{key}: expected either a constant or a column")
    intent = rules.get("intent", CellRule())
    said = [intent.constant, *(intent.map or {}).values()]
    _check_among(f"{where}.intent", [value for value in said if value is not None], INTENTS)
    return dict(rules)


def _check_among(where: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            hint = cards.did_you_mean(name, list(known))
            raise CardError(f"{where}: expected one of {', '.join(known)}, got '{name}'{hint}")
