"""Putting people in front of the drafts of a benchmark, and what they leave of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.annotation.access import members
from hantei.annotation.guideline import REVIEW, Guideline, load_guideline
from hantei.annotation.overview import Overview
from hantei.annotation.review import DraftItems, settled
from hantei.annotation.review_desk import ReviewDesk, ReviewPanel, current
from hantei.annotation.server import application
from hantei.annotation.store import LabelJournal, SaidLabels, Store, check_version, held, sync_folder
from hantei.benchmarks.build.folder import BuildFolder
from hantei.errors import UsageError
from hantei.files import write_atomic
from hantei.records import Prompt
from hantei.runs.folder import file_name
from hantei.runs.label_lines import Review, ReviewDecision
from hantei.runs.people import RULING, derived
from hantei.tasks.annotating import HOST, PORT, STEERING, check_installed, judge_names, links, serve

REVIEWERS = 2
"""So many people accept a draft before it goes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOptions:
    """Who reviews.

    Args:
        people: their names; one person, ``me``, where none is given.
        each: how many of them review a draft; default all.
        adjudicator: who decides where they are divided.
        guideline: a guideline card, or ``review``.
        host: the address to listen on.
        port: the port to listen on.
    """

    people: tuple[str, ...] = ()
    each: int | None = None
    adjudicator: str | None = None
    guideline: str | Path = REVIEW
    host: str = HOST
    port: int = PORT


def review_drafts(path: Path, options: ReviewOptions, say: Callable[[str], None]) -> None:
    """Serve the page on which people review the filtered drafts, until it is interrupted; ``say`` gets the links.

    Raises:
        UsageError: no filtered drafts there, no such guideline, a name that is none, or the page's extra is missing.
        RunError: another process serves this folder, or the port is taken.
    """
    check_installed()
    folder, guideline = BuildFolder(path), load_guideline(options.guideline)
    if "decision" not in guideline.asks:
        raise UsageError(f"--guideline {options.guideline}: expected one that asks for the decision on a draft")
    items = draft_items(folder)
    judges = judge_names(options.people, guideline.name)
    deciding = (
        [derived(one, RULING) for one in judge_names((options.adjudicator,), guideline.name)]
        if options.adjudicator
        else []
    )
    if {one.replace(RULING, "") for one in deciding} & {*judges}:
        raise UsageError(f"--adjudicator {options.adjudicator}: expected somebody else than --people")
    with opened_reviews(folder, [*judges, *deciding], guideline) as store:
        people = {judge: store.people[judge] for judge in judges}
        panel = ReviewPanel(items, people, guideline, options.each, *(store.people[one] for one in deciding))
        desks = [(one, _desk(panel, people[one.judge])) for one in members(path, judges)]
        for one in members(path, deciding):
            rulings = store.people[one.judge]
            desks.append((one, ReviewDesk(rulings, panel, guideline, panel.divided, panel.said)))
        (steering,) = members(path, [STEERING])
        say(f"{path}: {len(items.by_key):,} drafts to review, by the guideline {guideline.name}")
        for line in links(
            [*(member for member, _ in desks), *([steering] if len(desks) > 1 else [])], options.host, options.port
        ):
            say(line)
        say("Ctrl-C ends it; every review that a page has confirmed is on the disk.")
        app = application(desks, (steering, Overview(panel, desks)), store, options.host, options.port)
        serve(app, options.host, options.port)


def _desk(panel: ReviewPanel, person: LabelJournal) -> ReviewDesk:
    mine = panel.assigned[person.judge]
    return ReviewDesk(person, panel, panel.guideline, lambda: mine)


def draft_items(folder: BuildFolder) -> DraftItems:
    """Return the filtered drafts of a folder as what is reviewed.

    Raises:
        UsageError: they are not filtered yet, or none is left.
    """
    build, kept = folder.build(), folder.kept()
    if not kept:
        raise UsageError(f"{folder.path}: the filters left no draft; see dropped.jsonl, and draft more")
    return DraftItems(kept, {one.id: one for one in folder.drafts()}, build.tree())


@contextmanager
def opened_reviews(folder: BuildFolder, judges: Sequence[str], guideline: Guideline) -> Iterator[Store]:
    """Open the reviews of these people for writing; one process at a time holds them.

    Args:
        folder: in which the benchmark is built.
        judges: the people, as judges.
        guideline: by which they review.

    Raises:
        RunError: another process holds them, or some were given by another version of the guideline.
        OSError: nothing can be written there.
    """
    home = folder.reviews_path
    with ExitStack() as stack:
        stack.enter_context(held(home, "hantei benchmarks review"))
        write_atomic(home / f"guideline-{guideline.name}-{guideline.hash[:8]}.toml", [guideline.as_card().encode()])
        people = {}
        for judge in judges:
            people[judge] = LabelJournal(judge, home / f"{file_name(judge)}.jsonl", Review)
            stack.enter_context(people[judge].journal)
            check_version(people[judge], guideline)
        sync_folder(home)
        yield Store(people)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutcome:
    """What people left of the drafts.

    Args:
        stands: by draft what stands of it, None while that is open.
        said: by draft who reviewed it.
        drafts: the drafts, in order.
        agreement: Krippendorff's alpha of the people on each question, as the page's overview tells it.
    """

    stands: dict[str, Review | None]
    said: dict[str, tuple[str, ...]]
    drafts: tuple[Prompt, ...]
    agreement: tuple[dict[str, Any], ...] = ()

    def settled(self, decision: ReviewDecision | None) -> list[Prompt]:
        """Return the drafts on which this stands, in order; None for those that are open."""
        found = ((one, self.stands[one.id]) for one in self.drafts)
        return [one for one, stands in found if (stands.decision if stands else None) == decision]


def verdicts(folder: BuildFolder, needed: int = REVIEWERS) -> ReviewOutcome:
    """Return what people left of the filtered drafts: what ``needed`` of them say alike, or whoever decides said.

    Raises:
        UsageError: the drafts are not filtered yet.
        RecordError: a line of a review is none.
    """
    items = draft_items(folder)
    journals = [SaidLabels(path.stem, path, Review) for path in sorted(folder.reviews_path.glob("*.jsonl"))]
    stands, said = {}, {}
    for key, item in items.by_key.items():
        there = [found for one in journals if (found := current(one, items, key)) and found.status == "ok"]
        reviews = [one for one in there if RULING not in one.judge]
        ruling = next((one for one in there if RULING in one.judge), None)
        stands[item.response_id] = settled(reviews, ruling, needed)
        said[item.response_id] = tuple(one.judge for one in there)
    people = {name: one for one in journals if RULING not in (name := _judge_of(one))}
    panel = ReviewPanel(items, people, load_guideline(REVIEW), needed) if people else None
    return ReviewOutcome(
        stands=stands,
        said=said,
        drafts=tuple(items.draft(key) for key in items.by_key),
        agreement=tuple(panel.agreement()) if panel else (),
    )


def _judge_of(person: SaidLabels) -> str:
    """Return whose labels they are: every line says so."""
    return next((one.judge for one in person.labels()), person.judge)
