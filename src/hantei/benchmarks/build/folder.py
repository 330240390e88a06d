"""The folder in which a benchmark is built: what was drafted, what the filters left, what people said, what went out.

build.toml      the taxonomy, and the sources with their licences
drafts.jsonl    every draft, appended; of two lines with one id the last counts
kept.jsonl      what the filters left, in order
dropped.jsonl   what they dropped, each with the filter and the reason
reviews/        what each person said, appended
cache/          replies of models, from which the same command goes on
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from hantei import cards, taxonomy
from hantei.benchmarks.build.sources import DraftSource
from hantei.errors import RunError, UsageError
from hantei.files import write_atomic
from hantei.record_lines import read_records, to_line
from hantei.records import Prompt
from hantei.runs.journal import Journal
from hantei.runs.lock import locked
from hantei.taxonomy import Node, Taxonomy


class BuildCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``build.toml``: what the drafts of a folder are of, and what they are made from."""

    taxonomy: str
    sources: tuple[DraftSource, ...] = ()

    def tree(self) -> Taxonomy:
        """Return the taxonomy."""
        return taxonomy.load(self.taxonomy)

    def source(self, name: str) -> DraftSource:
        """Return a source by its name.

        Raises:
            RunError: it is not there.
        """
        found = next((one for one in self.sources if one.name == name), None)
        if found is None:
            raise RunError(f"build.toml: no source '{name[:80]}', which a draft names: put its entry back")
        return found


class Dropped(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A draft that a filter dropped: which one, why, and the other item where it is too near to one."""

    id: str
    filter: str
    why: str
    prompt: Prompt
    other: str | None = None


class BuildFolder:
    """A folder in which a benchmark is built."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.card_path = path / "build.toml"
        self.drafts_path = path / "drafts.jsonl"
        self.kept_path = path / "kept.jsonl"
        self.dropped_path = path / "dropped.jsonl"
        self.reviews_path = path / "reviews"
        self.cache_path = path / "cache"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, so that one process at a time drafts or filters.

        Raises:
            RunError: another process holds it.
        """
        with locked(self.path):
            yield

    def build(self) -> BuildCard:
        """Return what the folder is of.

        Raises:
            UsageError: nothing was drafted here.
            CardError: ``build.toml`` was damaged.
        """
        if not self.card_path.is_file():
            raise UsageError(f"{self.path}: no drafts here; begin with: hantei benchmarks draft {self.path}")
        text = self.card_path.read_text(encoding="utf-8")
        return cards.typed(cards.parse(text, str(self.card_path)), BuildCard, str(self.card_path))

    def begun(self, tree: str | None) -> BuildCard:
        """Return what the folder is of; a new one is of ``tree``, by default of Do-Not-Answer.

        Raises:
            UsageError: no such taxonomy, or the folder is of another one or holds something else.
        """
        if self.card_path.is_file():
            build = self.build()
            if tree not in (None, build.taxonomy):
                raise UsageError(f"--taxonomy {tree}: {self.path} is of {build.taxonomy}: take another folder")
            return build
        if self.path.is_file() or (self.path.is_dir() and any(self.path.iterdir())):
            raise UsageError(f"{self.path}: holds something else than drafts: name a new folder")
        build = BuildCard(taxonomy=tree or "do-not-answer")
        try:
            build.tree()
        except UsageError as error:
            raise UsageError(f"--taxonomy: {error}") from None
        return build

    def begin(self, build: BuildCard, sources: Sequence[DraftSource]) -> BuildCard:
        """Write what the folder is of, with more sources, before anything is drafted; return it.

        Raises:
            UsageError: a source of that name is there and says something else.
            OSError: it could not be written.
        """
        there = self.with_sources(build, sources)
        write_atomic(self.card_path, [cards.write(msgspec.to_builtins(there)).encode()])
        return there

    def add(self, drafts: Iterable[Prompt]) -> list[Prompt]:
        """Append the drafts that are not there yet; return them.

        Raises:
            OSError: they could not be written.
        """
        known = {one.id: one for one in self.drafts()}
        new = {one.id: one for one in drafts if known.get(one.id) != one and not _poorer(one, known.get(one.id))}
        with Journal(self.drafts_path) as journal:
            journal.append_synced([to_line(one) for one in new.values()])
        return list(new.values())

    def with_sources(self, build: BuildCard, sources: Sequence[DraftSource]) -> BuildCard:
        """Return what the folder is of, with more sources.

        Raises:
            UsageError: a source of that name is there and says something else.
        """
        for one in sources:
            there = next((other for other in build.sources if other.name == one.name), None)
            if there not in (None, one):
                raise UsageError(
                    f"{self.card_path}: the source '{one.name}' is there with another licence, terms or text: "
                    "say the same again, or change the entry there"
                )
        new = {one.name: one for one in (*build.sources, *sources)}
        return msgspec.structs.replace(build, sources=tuple(new.values()))

    def drafts(self) -> list[Prompt]:
        """Return the drafts in order; the last line of an id counts.

        Raises:
            RecordError: a line is none.
        """
        return list({one.id: one for one in read_records(self.drafts_path, Prompt)}.values())

    def kept(self) -> list[Prompt]:
        """Return what the filters left.

        Raises:
            UsageError: they have not run yet.
            RecordError: a line is none.
        """
        if not self.kept_path.is_file():
            raise UsageError(f"{self.path}: not filtered yet; first: hantei benchmarks filter {self.path}")
        return list(read_records(self.kept_path, Prompt))

    def write_filtered(self, kept: Sequence[Prompt], dropped: Sequence[Dropped]) -> None:
        """Write what the filters left and what they dropped, each file whole."""
        write_atomic(self.dropped_path, (msgspec.json.encode(one) + b"\n" for one in dropped))
        write_atomic(self.kept_path, map(to_line, kept))


def _poorer(new: Prompt, there: Prompt | None) -> bool:
    """Whether a draft adds nothing to the one that is there: one without its reference answer, say."""
    return there is not None and new.reference in (None, there.reference)


def harms_below(tree: Taxonomy, names: Sequence[str]) -> list[Node]:
    """Return the specific harms that are, or are below, what is named by id, title or last part of the id; all where
    nothing is.

    Raises:
        UsageError: the taxonomy has no such harm.
    """
    roots = []
    for name in names:
        last = [node for node in tree.nodes if node.id.rpartition("/")[2] == name]
        node = tree.find(name) or (last[0] if len(last) == 1 else None)
        if node is None:
            hint = cards.did_you_mean(name, [one.id.rpartition("/")[2] for one in tree.nodes])
            raise UsageError(f"--harm {name[:200]}: {tree.name} has no such harm, see hantei taxonomy show{hint}")
        roots.append(node.id)
    return [leaf for leaf in tree.leaves() if not roots or any(f"{leaf.id}/".startswith(f"{root}/") for root in roots)]
