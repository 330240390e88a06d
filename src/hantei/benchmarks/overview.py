"""What the command line shows of cards: one row each, and one in full."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hantei.benchmarks.cache import cache_folder, outline
from hantei.benchmarks.card import BenchmarkCard, card_names, load_card
from hantei.benchmarks.checking import BenchmarkFiles, CheckReport, check
from hantei.benchmarks.fetching import given, locate, status

_ACCESS = {"package": "in the package", "user": "your file", "huggingface": "open", "github": "open"}


def outlines(cache: Path | None = None) -> list[dict[str, Any]]:
    """Return one row for every card: name, title, items, languages, licence, access and whether it is here."""
    return [_outline(load_card(name), cache) for name in card_names()]


def _outline(card: BenchmarkCard, cache: Path | None) -> dict[str, Any]:
    counts = list(card.counts.values())
    known = sum(count for count in counts if count is not None)
    return {
        "name": card.name,
        "title": card.title,
        "items": known if None not in counts else None,
        "languages": list(card.languages),
        "licence": card.licence,
        "access": "gated" if card.origin.gated else _ACCESS[card.origin.kind],
        "here": status(card.name, cache),
    }


def sheet(name: str, cache: Path | None = None) -> dict[str, Any]:
    """Return all of a card for reading, with the state of the files on this machine.

    Raises:
        UsageError: no such benchmark.
    """
    card = load_card(name)
    return {
        "name": card.name,
        "title": card.title,
        "description": card.description,
        "paper": card.paper,
        "page": card.url,
        "licence": card.licence,
        "terms": card.terms,
        "languages": list(card.languages),
        "taxonomy": card.taxonomy,
        "source": {key: value for key, value in card.data.get("source", {}).items() if value},
        "splits": card.counts,
        "judged unless a split is named": list(card.default or card.splits),
        "files": [_file(spec) for spec in card.data["files"]],
        "columns": card.data.get("columns", {}),
        "rules": card.data.get("rules", {}),
        "how this is known": dict(card.evidence),
        "not known, or to be kept in mind": list(card.unknown),
        "here": status(name, cache),
        "fetched": outline(cache_folder(name, cache)),
    }


def _file(data: dict[str, Any]) -> dict[str, Any]:
    return {key: data.get(key) for key in ("split", "path", "count", "sha256")}


def check_named(
    name: str, path: Path | None = None, against: Sequence[str] = (), cache: Path | None = None
) -> CheckReport:
    """Check the files of a benchmark that are on this machine, or those at ``path``.

    ``against`` names other benchmarks, as ``NAME`` (fetched) or ``NAME=PATH``.

    Args:
        name: of the benchmark.
        path: its file or folder; None for what was fetched.
        against: other benchmarks, as ``NAME`` (fetched) or ``NAME=PATH``.
        cache: where fetched benchmarks are; None for the usual place.

    Raises:
        UsageError: no such benchmark, or a file is not one of its card's.
        FetchError: it was not fetched yet.
        InputError: a file cannot be read.
    """
    card = load_card(name)
    files = given(card, path) if path else locate(name, cache)
    return check(card, files, [_other(item, cache) for item in against])


def _other(item: str, cache: Path | None) -> BenchmarkFiles:
    name, _, path = item.partition("=")
    card = load_card(name)
    return card, given(card, Path(path)) if path else locate(name, cache)
