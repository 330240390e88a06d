"""Releasing what reviewers accepted: a folder that says what it is, and that ``--benchmark`` takes."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from hantei.annotation.store import held
from hantei.benchmarks.build import filters
from hantei.benchmarks.build.balance import Balance, balance
from hantei.benchmarks.build.describing import UNPUBLISHED, SetFacts, SetFile, benchmark_card, croissant, dataset_card
from hantei.benchmarks.build.folder import BuildFolder, Dropped
from hantei.benchmarks.build.lineage import lineage, with_text
from hantei.benchmarks.build.personal import People
from hantei.benchmarks.build.splitting import split
from hantei.benchmarks.build.terms import licence_of, terms_of
from hantei.benchmarks.card import CARD, card_names
from hantei.errors import RunError, UsageError
from hantei.files import cannot_write, sha256, write_atomic
from hantei.records import Prompt
from hantei.runs.label_lines import Review
from hantei.runs.lock import hidden_sibling, locked
from hantei.tasks.reviewing import REVIEWERS, ReviewOutcome, verdicts

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,30}")
_SPLITS = ("dev", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOptions:
    """What goes out, and what it says of itself.

    Args:
        name: the set's short name.
        version: of the release; none is ever overwritten.
        out: the folder; default ``releases/NAME-VERSION`` in the folder of the drafts.
        dev: the share for development, from 0 to below 1.
        reviewers: so many people accepted each prompt.
        title: in words; default the name.
        description: what it is.
        licence: of the set, where its sources leave that free.
        terms: the set's own, beside those of its sources.
        author: who made it.
        url: where it is published.
        without: names of sources whose drafts are left out.
        people: a list of names of real people, none of whom may be in it.
        seed: of the order in which families are divided.
    """

    name: str
    version: str = "1.0"
    out: Path | None = None
    dev: float = 0.3
    reviewers: int = REVIEWERS
    title: str | None = None
    description: str | None = None
    licence: str | None = None
    terms: str | None = None
    author: str | None = None
    url: str | None = None
    without: tuple[str, ...] = ()
    people: Path | None = None
    seed: int = 0

    def check(self) -> None:
        """Look whether name, version and shares can be.

        Raises:
            UsageError: one cannot.
        """
        if not _NAME.fullmatch(self.name):
            raise UsageError(f"--name {self.name[:80]}: expected small letters, digits and hyphens")
        if self.name in card_names():
            raise UsageError(f"--name {self.name}: a benchmark of hantei has that name: take another")
        if not _VERSION.fullmatch(self.version):
            raise UsageError(f"--version {self.version[:80]}: expected digits, letters, points, as in 1.0")
        if not 0 <= self.dev < 1:
            raise UsageError(f"--dev {self.dev:g}: expected from 0 to below 1")
        if self.reviewers < 1:
            raise UsageError(f"--reviewers {self.reviewers}: expected at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A release.

    Args:
        path: its folder.
        counts: prompts by split.
        rejected: drafts that the reviewers rejected.
        open: drafts on which nothing stands yet.
        left_out: accepted drafts that did not go out after all, with the reason.
        licence: of the set.
        checksum: SHA-256 over the checksums of its files.
        balance: how it is spread over the taxonomy.
    """

    path: Path
    counts: dict[str, int]
    rejected: int
    open: int
    left_out: tuple[Dropped, ...]
    licence: str
    checksum: str
    balance: Balance


def release_benchmark(path: Path, options: ReleaseOptions) -> Released:
    """Release what the reviewers of a folder accepted.

    Raises:
        UsageError: no drafts there, nobody accepted any, their sources forbid it, or the release is there already.
        RunError: people are reviewing at this moment, or nothing can be written.
    """
    options.check()
    folder = BuildFolder(path)
    build = folder.build()
    out = options.out or path / "releases" / f"{options.name}-{options.version}"
    if out.exists():
        raise UsageError(f"{out}: is there already, and no release is overwritten: name another --version or --out")
    if not folder.reviews_path.is_dir():
        raise UsageError(f"{path}: not reviewed yet; first: hantei benchmarks review {path} --people anna,ben")
    with folder.held(), held(folder.reviews_path, "hantei benchmarks review"):
        outcome = verdicts(folder, options.reviewers)
        accepted = [_mended(one, outcome, options) for one in outcome.settled("accept")]
        wanted = [one for one in accepted if lineage(one).source not in options.without]
        prompts, left_out = _checked(wanted, People.of(options.people) if options.people else People())
        if not prompts:
            raise UsageError(_nothing(path, outcome, options, left_out))
        sources = [build.source(name) for name in dict.fromkeys(lineage(one).source for one in prompts)]
        licence = licence_of(sources, options.licence)
        sides = split(prompts, options.dev, options.seed, folder.drafts())
        parts = {name: [one for one in prompts if sides[one.id] == name] for name in _SPLITS}
        facts = _facts(options, outcome, build.taxonomy, sources, licence)
        checksum = _write(out, facts, prompts, {name: part for name, part in parts.items() if part})
    return Released(
        path=out,
        counts={name: len(part) for name, part in parts.items()},
        rejected=len(outcome.settled("reject")),
        open=len(outcome.settled(None)),
        left_out=tuple(left_out),
        licence=licence,
        checksum=checksum,
        balance=balance(prompts, build.tree()),
    )


def _mended(draft: Prompt, outcome: ReviewOutcome, options: ReleaseOptions) -> Prompt:
    """Return an accepted draft as its reviewers left it, with what they said of it, without their names."""
    stands = outcome.stands[draft.id] or Review(response_id=draft.id, judge="")
    said = {
        "reviewers": len(outcome.said[draft.id]),
        "mended": [name for name in ("text", "reference", "harm") if getattr(stands, name) is not None],
        "transfer": stands.transfer,
    }
    reference = draft.reference if stands.reference is None else stands.reference or None
    mended = draft if stands.text is None else with_text(draft, stands.text)
    return replace(
        mended,
        benchmark=options.name,
        harm=stands.harm or draft.harm,
        reference=reference,
        meta={**draft.meta, "review": {name: value for name, value in said.items() if value}},
    )


def _checked(prompts: Sequence[Prompt], people: People) -> tuple[list[Prompt], list[Dropped]]:
    """Return the prompts that pass the cheap filters once more, now that people mended them, and what does not."""
    left, dropped = list(prompts), []
    for name, run in (
        ("unreadable", filters.unreadable),
        ("duplicate", filters.repeated),
        ("personal", filters.personal(people)),
    ):
        drops = {one.prompt.id: one for one in run(left)}
        dropped += [
            Dropped(id=key, filter=name, why=one.why, prompt=one.prompt, other=one.other) for key, one in drops.items()
        ]
        left = [one for one in left if one.id not in drops]
    return left, dropped


def _nothing(path: Path, outcome: ReviewOutcome, options: ReleaseOptions, left_out: Sequence[Dropped]) -> str:
    if left_out:
        return f"{path}: nothing is left to release; the last draft was left out because it {left_out[-1].why}"
    open_ones, rejected = len(outcome.settled(None)), len(outcome.settled("reject"))
    return (
        f"{path}: no draft was accepted by {options.reviewers} people ({rejected:,} rejected, {open_ones:,} open): "
        "let a second person review them, or somebody decide with --adjudicator"
    )


def _facts(
    options: ReleaseOptions, outcome: ReviewOutcome, tree: str, sources: Sequence[Any], licence: str
) -> SetFacts:
    people = {judge for said in outcome.said.values() for judge in said}
    title = options.title or options.name
    return SetFacts(
        name=options.name,
        version=options.version,
        title=title,
        description=options.description or f"{title}: prompts for measuring how safely models answer.",
        licence=licence,
        terms=terms_of(sources, options.terms),
        url=options.url or UNPUBLISHED,
        author=options.author or "not named",
        date=datetime.now(UTC).date().isoformat(),
        taxonomy=tree,
        files=(),
        sources=tuple(sources),
        reviewers=len(people),
        needed=options.reviewers,
        agreement={one["head"]: _alpha(one["estimate"]) for one in outcome.agreement},
        rejected=len(outcome.settled("reject")),
    )


def _alpha(estimate: Any) -> str:
    if estimate.value is None:
        return "cannot be told"
    ends = "" if estimate.low is None else f" [{estimate.low:.2f}, {estimate.high:.2f}]"
    return f"{estimate.value:.2f}{ends}"


def _write(out: Path, facts: SetFacts, prompts: Sequence[Prompt], parts: dict[str, list[Prompt]]) -> str:
    """Write a release in a hidden folder beside its place, and let it appear whole; return its checksum.

    Raises:
        RunError: it cannot be written.
    """
    try:
        with locked(out):
            part = hidden_sibling(out, "part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            files = tuple(_file(part, name, ones) for name, ones in parts.items())
            facts = changed(facts, files=files)
            texts = {
                CARD: benchmark_card(facts, prompts),
                "README.md": dataset_card(facts, prompts),
                "croissant.json": croissant(facts, prompts),
            }
            for name, text in texts.items():
                write_atomic(part / name, [text.encode("utf-8", "replace")])
            sums = "".join(f"{sha256(one)}  {one.name}\n" for one in sorted(part.iterdir())).encode()
            write_atomic(part / "SHA256SUMS", [sums])
            part.rename(out)
    except OSError as error:
        raise RunError(cannot_write(out, error)) from None
    return hashlib.sha256(sums).hexdigest()


def _file(folder: Path, name: str, prompts: Sequence[Prompt]) -> SetFile:
    path = folder / f"{name}.jsonl"
    write_atomic(path, map(_row, prompts))
    return SetFile(split=name, name=path.name, count=len(prompts), sha256=sha256(path))


def _row(prompt: Prompt) -> bytes:
    """Return a prompt as a line on which every field stands, so that each line has the same columns."""
    data = {
        **{
            name: getattr(prompt, name)
            for name in ("id", "benchmark", "language", "intent", "harm", "reference", "criteria")
        },
        **{name: getattr(prompt, name) for name in ("region", "parent", "variant")},
        "text": prompt.text,
        "messages": [{"role": one.role, "content": one.content} for one in prompt.messages],
        "meta": dict(prompt.meta),
    }
    return msgspec.json.encode(data) + b"\n"
