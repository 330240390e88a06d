"""Filtering the drafts of a folder: what each filter dropped, what is left, and how that is spread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hantei.benchmarks.build import filters
from hantei.benchmarks.build.asking import DraftingModel, limits_in
from hantei.benchmarks.build.balance import Balance, balance
from hantei.benchmarks.build.folder import BuildFolder, Dropped
from hantei.benchmarks.build.lineage import whole_text
from hantei.benchmarks.build.personal import People
from hantei.benchmarks.build.risk import RiskFilter
from hantei.benchmarks.card import card_names
from hantei.benchmarks.checking import fold
from hantei.benchmarks.fetching import status
from hantei.benchmarks.named import load_benchmark
from hantei.engine.limits import Limits
from hantei.errors import HanteiError, UsageError
from hantei.progress import Say
from hantei.records import Prompt

NEAR, CLOSE = 0.7, 0.93


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOptions:
    """How drafts are filtered.

    Args:
        against: benchmarks or files of prompts beside those on this machine.
        near: the share of common character n-grams from which two are near-duplicates.
        close: the cosine of meanings from which two are too close; 0 leaves that filter out.
        people: a list of names of real people.
        model: who says what is risky; None leaves that filter out.
        limits: connections, money, time, and a folder of replies.
        prices: a file of prices in place of hantei's own.
    """

    against: tuple[str, ...] = ()
    near: float = NEAR
    close: float = CLOSE
    people: Path | None = None
    model: str | None = None
    limits: Limits = field(default_factory=Limits)
    prices: Path | None = None

    def check(self) -> None:
        """Look whether the numbers can be.

        Raises:
            UsageError: one cannot.
        """
        if not 0 < self.near <= 1:
            raise UsageError(f"--near {self.near:g}: expected above 0 and at most 1")
        if not 0 <= self.close <= 1:
            raise UsageError(f"--close {self.close:g}: expected from 0 (no such filter) to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterStep:
    """What one filter did: of how many it dropped how many; ``note`` says what it could not tell."""

    name: str
    title: str
    seen: int
    dropped: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """What the filters did, and what is left.

    Args:
        steps: in order.
        left_out: filters that did not run, and why.
        kept: what is left.
        dropped: what is not, with filter and reason.
        balance: how what is left is spread.
        compared: benchmarks on this machine that the drafts were compared with, and how many prompts these have.
        unread: benchmarks that are here and cannot be read.
    """

    steps: tuple[FilterStep, ...]
    left_out: tuple[str, ...]
    kept: tuple[Prompt, ...]
    dropped: tuple[Dropped, ...]
    balance: Balance
    compared: dict[str, int]
    unread: tuple[str, ...]


def filter_drafts(path: Path, options: FilterOptions, say: Say = lambda _line: None) -> Filtered:
    """Filter the drafts of a folder; each time all of them, so that a filter can be set otherwise.

    Raises:
        UsageError: no drafts there, or no such benchmark, model or list of names.
        RunError: another process is at work there, or the calls to the model ended early.
        OSError: the result could not be written.
    """
    options.check()
    folder = BuildFolder(path)
    build = folder.build()
    people = People.of(options.people) if options.people else People()
    asked = _asked(folder, options, say)
    with folder.held():
        published = _Published(options.against)
        rule = RiskFilter(asked) if asked else None
        left = folder.drafts()
        steps, dropped = [], []
        for name, title, run in _filters(options, published.texts, people, rule):
            drops = {one.prompt.id: one for one in run(left)}
            dropped += [
                Dropped(id=key, filter=name, why=one.why, prompt=one.prompt, other=one.other)
                for key, one in drops.items()
            ]
            note = (
                f"{rule.untold:,} of which the model said nothing stay" if run is rule and rule and rule.untold else ""
            )
            steps.append(FilterStep(name=name, title=title, seen=len(left), dropped=len(drops), note=note))
            left = [one for one in left if one.id not in drops]
        folder.write_filtered(left, dropped)
    return Filtered(
        steps=tuple(steps),
        left_out=tuple(_left_out(options)),
        kept=tuple(left),
        dropped=tuple(dropped),
        balance=balance(left, build.tree()),
        compared=published.counts,
        unread=tuple(published.unread),
    )


def _asked(folder: BuildFolder, options: FilterOptions, say: Say) -> DraftingModel | None:
    if options.model is None:
        return None
    limits = limits_in(options.limits, folder.cache_path)
    asked = DraftingModel(name=options.model, limits=limits, prices=options.prices, temperature=0.0)
    asked.check()
    say(f"replies are kept in {limits.cache}: the same command goes on from there")
    return asked


def _filters(
    options: FilterOptions, published: dict[str, str], people: People, rule: RiskFilter | None
) -> Iterator[tuple[str, str, filters.Filter]]:
    """Yield the filters that run, the cheap ones first: name, title, and what does it."""
    yield "unreadable", "Nothing that a person would read", filters.unreadable
    yield "duplicate", "Says the same as another draft", filters.repeated
    yield (
        "published",
        "Stands in another benchmark",
        filters.published({fold(text): at for text, at in published.items()}),
    )
    yield "language", "In another language than it says", filters.foreign
    yield "personal", "Looks like personal data", filters.personal(people)
    yield "near", "Nearly the same characters", filters.near(options.near, published)
    if options.close:
        yield "close", "Nearly the same meaning", filters.close(options.close)
    if rule is not None:
        yield "risk", "Not what it is said to be, by a model", rule


def _left_out(options: FilterOptions) -> Iterator[str]:
    if not options.close:
        yield "close: --close 0"
    if options.model is None:
        yield "risk: no --model says what is risky"
    if options.people is None:
        yield "listed people: no --people FILE names any"


class _Published:
    """The prompts of the benchmarks on this machine, and of others that are named: each text with where it stands."""

    def __init__(self, against: Sequence[str]) -> None:
        self.texts: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.unread: list[str] = []
        for name in card_names():
            if status(name) != "not fetched":
                self._read(name, self.unread.append)
        for name in against:
            self._read(name, None)

    def _read(self, name: str, unread: Callable[[str], None] | None) -> None:
        try:
            for count, prompt in enumerate(load_benchmark(name), 1):
                self.texts.setdefault(whole_text(prompt), f"{name}: {prompt.id}")
                self.counts[name] = count
        except HanteiError as error:
            if unread is None:
                raise
            unread(f"{name}: {error}")
