"""``hantei benchmarks draft``, ``filter``, ``review``, ``release``: building a benchmark in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import (
    CacheOption,
    ConnectionsOption,
    JsonOption,
    MaxCostOption,
    PricesOption,
    TimeoutOption,
    limits_of,
)
from hantei.cli.output import print_json, say, show_sections, warn

BuildPath = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder in which the benchmark is built.")]
LANGUAGES = "en,ja,zh"


def register(app: typer.Typer) -> None:
    """Add the commands to ``hantei benchmarks``."""
    app.command(short_help="Draft prompts, from templates or with a model.")(draft)
    app.command("filter", short_help="Drop what is repeated, misplaced or personal.")(filter_)
    app.command(short_help="Serve the page on which people review drafts.")(review)
    app.command(short_help="Make a benchmark of what was accepted.")(release)


def draft(
    folder: BuildPath,
    taxonomy: Annotated[str | None, typer.Option(help="Of a new folder. [default: do-not-answer]")] = None,
    harm: Annotated[list[str] | None, typer.Option(help="A harm, or all below it; may be repeated.")] = None,
    language: Annotated[str, typer.Option(help="The languages.")] = LANGUAGES,
    place: Annotated[
        list[str] | None, typer.Option(help="JP, CN, US or a TOML file of words. [default: where each is spoken]")
    ] = None,
    each: Annotated[
        int | None, typer.Option(help="Prompts a harm and language, or fills a template. [default: 5, or 1]", min=0)
    ] = None,
    make: Annotated[
        str | None,
        typer.Option(help="Made of each: twin, contrast, variation, translation, adaptation, reference."),
    ] = None,
    into: Annotated[str | None, typer.Option(help="Languages of translations and adaptations, as ja,zh.")] = None,
    model: Annotated[str | None, typer.Option(help="Who drafts. [default: nobody, templates are filled]")] = None,
    templates: Annotated[Path | None, typer.Option(help="A TOML file of templates in place of hantei's.")] = None,
    law: Annotated[
        list[Path] | None, typer.Option(help="A text of laws or rules, passages parted by empty lines.")
    ] = None,
    seeds: Annotated[str | None, typer.Option(help="A benchmark or a file of prompts to --make drafts of.")] = None,
    prompts: Annotated[str | None, typer.Option(help="A file of prompts to take in as they are.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of --law, or of --seeds or --prompts without a card.")] = None,
    terms: Annotated[str | None, typer.Option(help="Of the same, in a sentence.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draws: the same again drafts the same.", min=0)] = 0,
    temperature: Annotated[float, typer.Option(help="Of the model's replies.", min=0)] = 1.0,
    max_connections: ConnectionsOption = 64,
    max_cost: MaxCostOption = None,
    timeout: TimeoutOption = 600.0,
    cache: CacheOption = None,
    prices: PricesOption = None,
    json: JsonOption = False,
) -> None:
    """Draft prompts for a benchmark, from templates or with a model, each with where it comes from.

    Example: hantei benchmarks draft builds/mine --make twin
    """
    from hantei.benchmarks.build.drafting import DraftOptions, draft_benchmark

    options = DraftOptions(
        taxonomy=taxonomy,
        harms=tuple(harm or ()),
        languages=_names(language),
        places=tuple(place or ()),
        each=each,
        make=_names(make),
        into=_names(into),
        model=model,
        templates=templates,
        law=tuple(law or ()),
        seeds=seeds,
        prompts=prompts,
        licence=licence,
        terms=terms,
        seed=seed,
        temperature=temperature,
        limits=limits_of(max_connections, max_cost, timeout, cache),
        prices=prices,
    )
    done = draft_benchmark(folder, options, warn)
    if json:
        print_json(
            {
                "new": done.counts(),
                "ids": [one.id for one in done.new],
                "total": done.total,
                "without": list(done.without),
                "calls": done.calls,
                "cached": done.cached,
                "failed": done.failed,
                "dollars": done.dollars,
            }
        )
        return
    made = ", ".join(f"{count:,} {name}" for name, count in done.counts().items()) or "nothing that was not there"
    say(f"{folder}: {made}; {done.total:,} drafts in all")
    if done.calls or done.cached or done.failed:
        cost = "price not known" if done.dollars is None else f"${done.dollars:.4f}"
        say(f"{done.calls:,} calls, {done.cached:,} answered from the cache, {done.failed:,} failed, {cost}")
    if done.without:
        say(f"Harms without a draft: {len(done.without):,}, such as {done.without[0]}")
    say(f"Next: hantei benchmarks filter {folder}")


def filter_(
    folder: BuildPath,
    against: Annotated[
        list[str] | None, typer.Option(help="A benchmark or a file of prompts, beside those on this machine.")
    ] = None,
    near: Annotated[float, typer.Option(help="Share of common character n-grams that is too near.")] = 0.7,
    close: Annotated[float, typer.Option(help="Cosine of meanings that is too close; 0 for no such filter.")] = 0.93,
    people: Annotated[Path | None, typer.Option(help="Names of real people, one a line.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Asked of each draft whether it is risky. [default: nobody]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A page of what was dropped and what is missing.")] = None,
    max_connections: ConnectionsOption = 64,
    max_cost: MaxCostOption = None,
    timeout: TimeoutOption = 600.0,
    cache: CacheOption = None,
    prices: PricesOption = None,
    json: JsonOption = False,
) -> None:
    """Drop drafts that are repeated, misplaced or personal, and show how the rest is spread over the taxonomy.

    Example: hantei benchmarks filter builds/mine --out filter.html
    """
    from hantei.benchmarks.build.filtering import FilterOptions, filter_drafts
    from hantei.reports.rooms.building import filter_sections

    options = FilterOptions(
        against=tuple(against or ()),
        near=near,
        close=close,
        people=people,
        model=model,
        limits=limits_of(max_connections, max_cost, timeout, cache),
        prices=prices,
    )
    done = filter_drafts(folder, options, warn)
    verdict = f"{len(done.kept):,} of {len(done.kept) + len(done.dropped):,} drafts are left"
    show_sections(filter_sections(done), f"Drafts of {folder.name}", "filtered drafts", verdict, out, json)
    if not json:
        say(f"Next: hantei benchmarks review {folder} --people anna,ben")


def review(
    folder: BuildPath,
    people: Annotated[str | None, typer.Option(help="Who reviews, as anna,ben: each has a link. [default: me]")] = None,
    each: Annotated[int | None, typer.Option(help="How many of them review a draft. [default: all]", min=1)] = None,
    adjudicator: Annotated[str | None, typer.Option(help="Who decides where they are divided.")] = None,
    guideline: Annotated[str, typer.Option(help="A guideline card (TOML) to review by.")] = "review",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.", min=1, max=65535)] = 8137,
) -> None:
    """Review drafts on a page in the browser: accept, mend or reject each; two people or more.

    Example: hantei benchmarks review builds/mine --people anna,ben
    """
    from hantei.tasks.reviewing import ReviewOptions, review_drafts

    options = ReviewOptions(
        people=() if people is None else tuple(people.split(",")),
        each=each,
        adjudicator=adjudicator,
        guideline=guideline,
        host=host,
        port=port,
    )
    review_drafts(folder, options, say)


def release(
    folder: BuildPath,
    name: Annotated[str, typer.Option(help="The set's short name, as in my-set.")],
    version: Annotated[str, typer.Option(help="Of the release; none is overwritten.")] = "1.0",
    out: Annotated[Path | None, typer.Option(help="Its folder. [default: FOLDER/releases/NAME-VERSION]")] = None,
    dev: Annotated[float, typer.Option(help="Share for development; families stay together.")] = 0.3,
    reviewers: Annotated[int, typer.Option(help="So many people accepted each prompt.", min=1)] = 2,
    title: Annotated[str | None, typer.Option(help="In words. [default: the name]")] = None,
    description: Annotated[str | None, typer.Option(help="What it is, in a sentence.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of the set, where its sources leave that free.")] = None,
    terms: Annotated[str | None, typer.Option(help="The set's own, beside those of its sources.")] = None,
    author: Annotated[str | None, typer.Option(help="Who made it.")] = None,
    url: Annotated[str | None, typer.Option(help="Where it is published.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="A source whose drafts are left out.")] = None,
    people: Annotated[Path | None, typer.Option(help="Names of real people, one a line: none may be in it.")] = None,
    seed: Annotated[int, typer.Option(help="Of the order in which families are divided.", min=0)] = 0,
    json: JsonOption = False,
) -> None:
    """Release what the reviewers accepted as a benchmark: files, checksums, cards, licence.

    Example: hantei benchmarks release builds/mine --name mine --version 1.0
    """
    from hantei.tasks.releasing import ReleaseOptions, release_benchmark

    options = ReleaseOptions(
        name=name,
        version=version,
        out=out,
        dev=dev,
        reviewers=reviewers,
        title=title,
        description=description,
        licence=licence,
        terms=terms,
        author=author,
        url=url,
        without=tuple(without or ()),
        people=people,
        seed=seed,
    )
    done = release_benchmark(folder, options)
    if json:
        print_json(
            {
                "path": str(done.path),
                "counts": done.counts,
                "rejected": done.rejected,
                "open": done.open,
                "left_out": {one.id: one.why for one in done.left_out},
                "licence": done.licence,
                "checksum": done.checksum,
            }
        )
        return
    counts = ", ".join(f"{count:,} {split}" for split, count in done.counts.items())
    say(f"{done.path}: {counts}; {done.rejected:,} drafts were rejected, {done.open:,} are open")
    for one in done.left_out:
        say(f"left out: {one.id} ({one.why})")
    say(f"licence {done.licence}, checksum {done.checksum}")
    say(f"Next: hantei run --model MODEL --benchmark {done.path}")


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in (text or "").split(",") if one.strip()))
