"""Drafting into a folder: what is asked for, from where, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from pathlib import Path

from hantei.benchmarks.build import templates
from hantei.benchmarks.build.asking import DraftingModel, limits_in
from hantei.benchmarks.build.eliciting import BATCH, MADE, PAIRED, Wish, derivations, derived, elicited, referenced
from hantei.benchmarks.build.folder import BuildCard, BuildFolder, harms_below
from hantei.benchmarks.build.lineage import lineage
from hantei.benchmarks.build.places import Locale, home_of, load_place
from hantei.benchmarks.build.sources import DraftSource, benchmark_source, model_source, rules_source
from hantei.benchmarks.build.taking_in import as_seeds, taken_in
from hantei.engine.limits import Limits
from hantei.errors import UsageError
from hantei.progress import Say
from hantei.records import Prompt
from hantei.taxonomy import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOptions:
    """What is drafted.

    Args:
        taxonomy: of a new folder; default ``do-not-answer``.
        harms: nodes of it; default all specific harms.
        languages: in which.
        places: whose words and circumstances; default the place where each language is spoken.
        each: so many prompts a harm and language, or fills a template; default 5 by a model, else 1. With 0 a model
            only makes what ``make`` says of the drafts that are there.
        make: what is made from each prompt, of ``MADE``.
        into: languages of translations and adaptations.
        model: who drafts; None for templates alone.
        templates: a file of templates in place of hantei's.
        law: texts of laws or rules, with an empty line between passages.
        seeds: a benchmark or a file of prompts to start from.
        prompts: a benchmark or a file of prompts to take in as they are, such as those that people wrote.
        licence: of ``law``, or of ``seeds`` or ``prompts`` that have no card.
        terms: of the same.
        seed: of the draws.
        temperature: of the model's replies.
        limits: connections, money, time, and a folder of replies.
        prices: a file of prices in place of hantei's own.
    """

    taxonomy: str | None = None
    harms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en", "ja", "zh")
    places: tuple[str, ...] = ()
    each: int | None = None
    make: tuple[str, ...] = ()
    into: tuple[str, ...] = ()
    model: str | None = None
    templates: Path | None = None
    law: tuple[Path, ...] = ()
    seeds: str | None = None
    prompts: str | None = None
    licence: str | None = None
    terms: str | None = None
    seed: int = 0
    temperature: float | None = 1.0
    limits: Limits = field(default_factory=Limits)
    prices: Path | None = None

    def check(self) -> None:
        """Look whether the options go together.

        Raises:
            UsageError: they do not.
        """
        wrong = next((one for one in self.make if one not in MADE), None)
        if wrong is not None:
            raise UsageError(f"--make {wrong}: expected some of {', '.join(MADE)}")
        if {*self.make} & {*PAIRED} and not self.into:
            raise UsageError(f"--make {', '.join(PAIRED)}: name the languages with --into, as in --into ja,zh")
        if self.each is not None and self.each < (0 if self.model and self.make else 1):
            raise UsageError(f"--each {self.each}: expected at least 1; 0 where a model is only to --make something")
        if self.model is None and (self.law or self.seeds):
            raise UsageError("--law and --seeds need a model that drafts from them: name it with --model")
        if self.model is None and {*self.make} - {"twin", *PAIRED}:
            raise UsageError("--make: contrast, variation and reference need a --model; templates have twins")
        if self.model is not None and self.templates:
            raise UsageError("--templates: templates are filled without a model: leave out --model")
        if self.prompts and (self.model or self.templates or self.make):
            raise UsageError("--prompts: takes prompts as they are; make something of them with another draft")
        if self.law and not self.harms:
            raise UsageError("--law: name the harm that it forbids with --harm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What was drafted: the new drafts and how many there are in all, and what the model took.

    Args:
        new: the new or changed drafts.
        total: how many drafts the folder has now.
        without: harms for which nothing was drafted.
        calls: of the model.
        cached: of these, answered from the folder of replies.
        failed: calls that failed for good.
        dollars: US dollars, None where a price is not known.
    """

    new: tuple[Prompt, ...]
    total: int
    without: tuple[str, ...] = ()
    calls: int = 0
    cached: int = 0
    failed: int = 0
    dollars: float | None = 0.0

    def counts(self) -> Mapping[str, int]:
        """Return how many of the new drafts there are of each variant."""
        return dict(sorted(Counter(one.variant or "-" for one in self.new).items()))


def draft_benchmark(path: Path, options: DraftOptions, say: Say = lambda _line: None) -> Drafted:
    """Draft into a folder, which is made if it is not there. The same command again adds what is missing.

    Raises:
        UsageError: options that do not go together, or no such taxonomy, harm, place, model or file.
        RunError: another process drafts there, or the calls to the model ended early.
        OSError: the drafts could not be written.
    """
    options.check()
    folder = BuildFolder(path)
    with folder.held():
        build = folder.begun(options.taxonomy)
        harms = harms_below(build.tree(), options.harms)
        by = _by_hand if options.prompts else _by_template if options.model is None else _by_model
        return by(folder, build, harms, options, say)


def _spoken(options: DraftOptions, languages: Sequence[str]) -> list[tuple[str, Locale]]:
    """Return the languages, each with every place that is asked for, by default the one where it is spoken.

    Raises:
        UsageError: no such place, or none comes with hantei where a language is spoken.
    """
    named = [load_place(name) for name in options.places]
    found: list[tuple[str, Locale]] = []
    for language in languages:
        home = home_of(language)
        if not named and home is None:
            raise UsageError(f"--language {language}: no place comes with hantei for it: name one with --place")
        found += [(language, place) for place in (named or filter(None, [home]))]
    return found


def _by_hand(folder: BuildFolder, build: BuildCard, harms: Sequence[Node], options: DraftOptions, say: Say) -> Drafted:
    source = benchmark_source(options.prompts or "", options.licence, options.terms)
    taken = taken_in(options.prompts or "", source, build)
    folder.begin(build, [source])
    return Drafted(new=tuple(folder.add(taken)), total=len(folder.drafts()))


def _by_template(
    folder: BuildFolder, build: BuildCard, harms: Sequence[Node], options: DraftOptions, say: Say
) -> Drafted:
    known = templates.load_templates(options.templates)
    if known.taxonomy != build.taxonomy:
        raise UsageError(f"the templates are of {known.taxonomy}, {folder.path} of {build.taxonomy}: name others")
    ids = [node.id for node in harms]
    into = _spoken(replaced(options, places=()), options.into)
    made = templates.drafts(
        known, ids, _spoken(options, options.languages), into, options.each or 1, options.make, options.seed
    )
    folder.begin(build, [known.source])
    new = folder.add(made)
    covered = {one.harm for one in known.by_id.values()}
    return Drafted(new=tuple(new), total=len(folder.drafts()), without=tuple(one for one in ids if one not in covered))


def _by_model(folder: BuildFolder, build: BuildCard, harms: Sequence[Node], options: DraftOptions, say: Say) -> Drafted:
    limits = limits_in(options.limits, folder.cache_path)
    asked = DraftingModel(
        name=options.model or "",
        limits=limits,
        prices=options.prices,
        temperature=options.temperature,
        seed=options.seed or None,
    )
    asked.check()
    say(f"replies are kept in {limits.cache}: the same command goes on from there")
    new: list[Prompt] = []
    seeds, seed_source = _seeds(build, options)
    if seed_source is None:
        sources, wishes = _wishes(harms, options)
        wishes = [one for one in wishes if one.each]
        folder.begin(build, sources if wishes else [])
        if wishes:
            calls = sum(1 + -(-one.each // BATCH) for one in wishes)
            say(f"about {calls:,} calls of {options.model} for {len(wishes):,} harms and languages")
        new += folder.add(elicited(asked, wishes))
    else:
        folder.begin(build, [seed_source])
    starts = seeds or [one for one in folder.drafts() if _is_start(one, options, harms)]
    new += _derivatives(folder, asked, starts, options)
    harms_there = {lineage(one).harm for one in folder.drafts()}
    return Drafted(
        new=tuple({one.id: one for one in new}.values()),
        total=len(folder.drafts()),
        without=tuple(node.id for node in harms if node.id not in harms_there),
        calls=asked.meter.calls,
        cached=asked.meter.cached,
        failed=asked.failed,
        dollars=asked.meter.cost,
    )


def _wishes(harms: Sequence[Node], options: DraftOptions) -> tuple[list[DraftSource], list[Wish]]:
    each, spoken = 5 if options.each is None else options.each, _spoken(options, options.languages)
    if not options.law:
        source = model_source(options.model or "")
        return [source], [Wish(harm, *one, each, source) for harm in harms for one in spoken]
    sources, wishes = [], []
    for path in options.law:
        source, passages = rules_source(path, options.licence, options.terms)
        sources.append(source)
        wishes += [Wish(harm, *one, each, source, part) for part in passages for harm in harms for one in spoken]
    return sources, wishes


def _seeds(build: BuildCard, options: DraftOptions) -> tuple[list[Prompt], DraftSource | None]:
    """Return the seeds, of harms of the folder's taxonomy, and what they are from.

    Raises:
        UsageError: no such benchmark or file, or nothing is to be made from it.
        InputError: it cannot be read.
    """
    if options.seeds is None:
        return [], None
    if not {*options.make} - {"reference"}:
        raise UsageError("--seeds: say with --make what to make from them, as in --make variation,twin")
    source = benchmark_source(options.seeds, options.licence, options.terms)
    return as_seeds(options.seeds, source, build), source


def _is_start(one: Prompt, options: DraftOptions, harms: Sequence[Node]) -> bool:
    wanted = {node.id for node in harms}
    return one.language in options.languages and lineage(one).harm in wanted and one.variant not in (*MADE,)


def _derivatives(
    folder: BuildFolder, asked: DraftingModel, starts: Sequence[Prompt], options: DraftOptions
) -> list[Prompt]:
    """Make what is asked for from prompts; what was made before is not made again."""
    there = {(one.parent, one.variant, one.language) for one in folder.drafts()}
    work = derivations(starts, options.make, options.into)
    left = [one for one in work if (one.prompt.id, one.how, one.language) not in there]
    new = folder.add(derived(asked, left))
    if "reference" in options.make:
        bare = [one for one in folder.drafts() if one.reference is None]
        new += folder.add(referenced(asked, bare))
    return new
