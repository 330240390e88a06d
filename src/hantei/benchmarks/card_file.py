"""What the file of a benchmark's card may hold, as its tables stand there; ``benchmarks/card.py`` reads it."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from hantei.cards import NonBlank

Evidence = Literal["read", "computed", "secondary", "inferred", "from memory", "unknown"]
"""How a fact of a card is known: read in the source, computed from its files, told by others, concluded, remembered."""

EVIDENCE: tuple[str, ...] = get_args(Evidence)


class CellRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a field gets its value: always ``constant``, or from ``column``, translated by ``map`` where there is one."""

    constant: str | None = None
    column: str | None = None
    map: dict[str, str] | None = None


class Origin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the files are: ``kind`` is package, huggingface, github or user (nowhere public: the user has it)."""

    kind: Literal["package", "huggingface", "github", "user"]
    repository: str | None = None
    revision: str | None = None
    gated: bool = False
    access: str | None = None

    @property
    def page(self) -> str | None:
        """The address to visit in a browser."""
        if self.kind == "huggingface":
            return f"https://huggingface.co/datasets/{self.repository}"
        return f"https://github.com/{self.repository}" if self.kind == "github" else None


ColumnNames = dict[str, str | list[str]]


class FileTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[files]]`` as a card's file holds it; ``FileSpec`` says what the fields mean."""

    split: NonBlank
    path: NonBlank
    names: tuple[str, ...] = ()
    count: int | None = None
    sha256: str | None = None
    encoding: str | None = None
    id_prefix: str = ""
    columns: ColumnNames = {}
    rules: dict[str, CellRule] = {}


class EvidenceTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[evidence]``: how what a card says is known."""

    source: Evidence
    columns: Evidence
    counts: Evidence
    licence: Evidence


class BenchmarkCardFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card as its file holds it; ``BenchmarkCard`` says what the fields mean."""

    title: NonBlank
    description: NonBlank
    url: NonBlank
    languages: Annotated[tuple[str, ...], Meta(min_length=1)]
    licence: NonBlank
    terms: NonBlank
    source: Origin
    files: Annotated[tuple[FileTable, ...], Meta(min_length=1)]
    evidence: EvidenceTable
    columns: ColumnNames = {}
    rules: dict[str, CellRule] = {}
    paper: str | None = None
    taxonomy: str | None = None
    default: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class FolderCardFile(BenchmarkCardFile, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The card of a folder of the user's own: what others must know of a published benchmark may be left out."""

    description: NonBlank = "A benchmark of the user's own."
    url: str = ""
    licence: str = ""
    terms: str = ""
    source: Origin = Origin(kind="user")
    evidence: EvidenceTable = EvidenceTable(source="unknown", columns="unknown", counts="unknown", licence="unknown")
