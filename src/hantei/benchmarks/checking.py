"""Comparing a benchmark's files with its card, with each other, and with other benchmarks."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from hantei import taxonomy
from hantei.benchmarks.card import RULES, BenchmarkCard, FileSpec
from hantei.benchmarks.loading import PromptReader
from hantei.errors import RowError
from hantei.inputs import Row
from hantei.inputs.values import has_path
from hantei.records import Prompt

SHORTEST = 3
"""A prompt with fewer letters and digits than this is near-empty."""
_EXAMPLES = 5

BenchmarkFiles = tuple[BenchmarkCard, Sequence[Path]]
"""A benchmark and its files on this machine."""


@dataclass(slots=True, kw_only=True)
class FileCheck:
    """What one file holds.

    ``missing`` are columns of the card that it lacks, ``strange`` columns that the card does not know.
    ``unknown_labels`` counts harm labels that the taxonomy does not have. Repeats count the rows after the first.
    """

    benchmark: str
    split: str
    file: str
    rows: int = 0
    missing: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    bad_rows: int = 0
    bad_examples: list[str] = field(default_factory=list)
    repeated_ids: int = 0
    repeated_id_examples: list[str] = field(default_factory=list)
    repeated_prompts: int = 0
    near_empty: int = 0
    near_empty_ids: list[str] = field(default_factory=list)
    unknown_labels: dict[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The benchmark, split and file."""
        return f"{self.benchmark}:{self.split} ({self.file})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Prompts that two files share.

    ``prompts`` counts different prompts, case, width (NFKC) and white space aside; ``left_rows`` and ``right_rows`` the
    rows that hold one of them. ``same_left_rows`` counts the rows of the left file whose very text stands in the right
    one. ``ids`` are the source's own ids that both have, plain numbers aside.
    """

    left: str
    right: str
    left_total: int
    right_total: int
    prompts: int
    left_rows: int
    right_rows: int
    same_left_rows: int
    same_right_rows: int
    ids: int
    id_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check found; ``problems`` contradict the card, ``notes`` are for a person to weigh."""

    benchmark: str
    parts: tuple[FileCheck, ...]
    overlaps: tuple[Overlap, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report for programs."""
        return asdict(self)

    def text(self) -> str:
        """Return the report for people."""
        lines = [f"{part.title}: {part.rows:,} rows" for part in self.parts]
        lines += [f"problem: {problem}" for problem in self.problems] or ["no problem found"]
        return "\n".join(lines + [f"note: {note}" for note in self.notes])


def check(card: BenchmarkCard, files: Sequence[Path], against: Sequence[BenchmarkFiles] = ()) -> CheckReport:
    """Compare files with their card, with each other, and with the files of other benchmarks.

    Raises:
        UsageError: a file is not one of the card's.
        InputError: a file as a whole cannot be read.
    """
    scans = [_scan(card, path) for path in files]
    others = [_scan(other, path) for other, paths in against for path in paths]
    pairs = [*combinations(scans, 2), *((own, other) for own in scans for other in others)]
    overlaps = [found for left, right in pairs if (found := _overlap(left, right)) is not None]
    parts = tuple(scan.part for scan in scans)
    return CheckReport(
        benchmark=card.name,
        parts=parts,
        overlaps=tuple(overlaps),
        problems=(*_wrong_counts(card, parts), *(line for part in parts for line in _problems(part))),
        notes=(*(line for part in parts for line in _notes(part)), *map(_overlap_text, overlaps)),
    )


def fold(text: str) -> str:
    """Return a text with case, width (NFKC) and white space made equal."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(slots=True)
class _Scan:
    """One file read through: its part of the report, and digests of its prompts with the rows that hold them."""

    part: FileCheck
    folded: Counter[bytes] = field(default_factory=Counter)
    exact: Counter[bytes] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)


def _scan(card: BenchmarkCard, path: Path) -> _Scan:
    spec = card.match(path)
    layout = PromptReader(card, spec, path)
    scan = _Scan(FileCheck(benchmark=card.name, split=spec.split, file=path.name))
    seen: set[str] = set()
    for row, prompt in _rows(layout, spec, scan.part):
        _add_id(scan, prompt.id, prompt.id.removeprefix(spec.id_prefix), seen)
        _add_text(scan, prompt)
        if card.taxonomy:
            _add_label(scan.part, card.taxonomy, prompt.harm, layout.labels(row))
    return scan


def _rows(layout: PromptReader, spec: FileSpec, part: FileCheck) -> Iterator[tuple[Row, Prompt]]:
    """Yield every good row with its prompt; count the bad ones, and compare the rows' columns with the card's."""
    known = _known_columns(spec)
    part.missing = [column for column in known if column not in spec.columns.get("kept", ())]
    for row in layout.rows():
        part.rows += 1
        if isinstance(row, RowError):
            _add_bad(part, row)
            continue
        if part.missing:
            part.missing = [column for column in part.missing if not has_path(row.cells, column)]
        if not part.strange:
            part.strange = [column for column in row.cells if column not in known]
        try:
            prompt = layout.prompt(row)
        except RowError as error:
            _add_bad(part, error)
        else:
            yield row, prompt


def _known_columns(spec: FileSpec) -> dict[str, None]:
    """Return the columns that the card names, in order, and for ``meta.area`` also ``meta``."""
    named = [column for columns in spec.columns.values() for column in columns]
    named += [rule.column for name in RULES if (rule := spec.rules.get(name)) and rule.column]
    return dict.fromkeys([*named, *(column.partition(".")[0] for column in named)])


def _add_bad(part: FileCheck, error: RowError) -> None:
    part.bad_rows += 1
    if len(part.bad_examples) < _EXAMPLES:
        part.bad_examples.append(str(error))


def _add_id(scan: _Scan, full: str, own: str, seen: set[str]) -> None:
    if full in seen:
        scan.part.repeated_ids += 1
        if len(scan.part.repeated_id_examples) < _EXAMPLES:
            scan.part.repeated_id_examples.append(full)
    seen.add(full)
    if not own.isdecimal():
        scan.ids.add(own)


def _add_text(scan: _Scan, prompt: Prompt) -> None:
    text = "\n".join(message.content for message in prompt.messages)
    folded = _digest(fold(text))
    scan.part.repeated_prompts += folded in scan.folded
    scan.folded[folded] += 1
    scan.exact[_digest(text)] += 1
    if sum(map(str.isalnum, text[:1000])) < SHORTEST:
        scan.part.near_empty += 1
        if len(scan.part.near_empty_ids) < _EXAMPLES:
            scan.part.near_empty_ids.append(prompt.id)


def _add_label(part: FileCheck, name: str, harm: str | None, labels: tuple[str, ...]) -> None:
    if harm is not None and taxonomy.load(name).node(harm) is None:
        label = " / ".join(labels)
        part.unknown_labels[label] = part.unknown_labels.get(label, 0) + 1


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _overlap(left: _Scan, right: _Scan) -> Overlap | None:
    shared = left.folded.keys() & right.folded.keys()
    same = left.exact.keys() & right.exact.keys()
    ids = sorted(left.ids & right.ids)
    if not shared and not ids:
        return None
    return Overlap(
        left=left.part.title,
        right=right.part.title,
        left_total=left.folded.total(),
        right_total=right.folded.total(),
        prompts=len(shared),
        left_rows=sum(left.folded[key] for key in shared),
        right_rows=sum(right.folded[key] for key in shared),
        same_left_rows=sum(left.exact[key] for key in same),
        same_right_rows=sum(right.exact[key] for key in same),
        ids=len(ids),
        id_examples=tuple(ids[:_EXAMPLES]),
    )


def _wrong_counts(card: BenchmarkCard, parts: Sequence[FileCheck]) -> Iterator[str]:
    found: Counter[str] = Counter()
    for part in parts:
        found[part.split] += part.rows
    for split, count in card.counts.items():
        if split in found and count is not None and found[split] != count:
            yield f"{card.name}:{split}: expected {count:,} rows, found {found[split]:,}"


def _problems(part: FileCheck) -> Iterator[str]:
    if part.missing:
        yield f"{part.title}: no column {', '.join(part.missing)}"
    if part.bad_rows:
        yield f"{part.title}: {part.bad_rows:,} of {part.rows:,} rows cannot be read: {part.bad_examples[0]}"
    if part.repeated_ids:
        ids = ", ".join(part.repeated_id_examples)
        yield f"{part.title}: {part.repeated_ids:,} of {part.rows:,} rows repeat an id: {ids}"


def _notes(part: FileCheck) -> Iterator[str]:
    if part.strange:
        yield f"{part.title}: columns that the card does not know, kept in meta: {', '.join(part.strange)}"
    if part.unknown_labels:
        labels = ", ".join(f"{label} ({count:,})" for label, count in list(part.unknown_labels.items())[:_EXAMPLES])
        yield f"{part.title}: labels that the taxonomy does not have ({len(part.unknown_labels):,}): {labels}"
    if part.repeated_prompts:
        yield f"{part.title}: {part.repeated_prompts:,} of {part.rows:,} rows repeat an earlier prompt"
    if part.near_empty:
        ids = ", ".join(part.near_empty_ids)
        yield f"{part.title}: {part.near_empty:,} of {part.rows:,} prompts are near-empty: {ids}"


def _overlap_text(overlap: Overlap) -> str:
    text = (
        f"{overlap.left} and {overlap.right} share {overlap.prompts:,} prompts: "
        f"{overlap.left_rows:,} of {overlap.left_total:,} rows of the first, {overlap.same_left_rows:,} to the letter; "
        f"{overlap.right_rows:,} of {overlap.right_total:,} of the second, {overlap.same_right_rows:,} to the letter"
    )
    return text + (f"; {overlap.ids:,} ids in both: {', '.join(overlap.id_examples)}" if overlap.ids else "")
