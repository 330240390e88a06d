"""What a mixture is, exactly: rows, copies and tokens of each source, what was left out, and hashes of it all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from hantei.training.mixtures.example import Example, content_hash
from hantei.training.mixtures.mixture import Mixture
from hantei.training.mixtures.recipe import LoadedRecipe


class SourceCount(msgspec.Struct, frozen=True, kw_only=True):
    """One source: rows read and left out, rows trained on, copies and tokens of one epoch, and the rows' hash."""

    name: str
    kind: str
    read: int
    left_out: dict[str, int]
    rows: int
    copies: int
    tokens: int
    trained_tokens: int
    licence: str
    terms: str
    inherit: bool
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was trained on; ``order`` is the hash of the rows' ids in the order in which they were trained on."""

    recipe: str
    recipe_sha256: str
    seed: int
    sources: tuple[SourceCount, ...]
    over_long: dict[str, int]
    contaminated: tuple[dict[str, Any], ...]
    order_sha256: str

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return the sources as a table for people, with its header and with the whole in the last row."""
        header = ["source", "kind", "rows", "copies", "in an epoch", "tokens", "trained", "left out"]
        rows = [
            [
                *(one.name, one.kind, f"{one.rows:,}", str(one.copies), f"{one.rows * one.copies:,}"),
                *(f"{one.tokens:,}", f"{one.trained_tokens:,}", _told(one.left_out)),
            ]
            for one in self.sources
        ]
        whole = (sum(getattr(one, name) for one in self.sources) for name in ("tokens", "trained_tokens"))
        epoch = sum(one.rows * one.copies for one in self.sources)
        return header, [*rows, ["all", "", "", "", f"{epoch:,}", *(f"{count:,}" for count in whole), ""]]


def make_manifest(
    loaded: LoadedRecipe,
    mixture: Mixture[Example],
    tokens: Sequence[tuple[int, int]],
    over_long: dict[str, int],
    order: Sequence[str],
) -> Manifest:
    """Count a mixture.

    Args:
        loaded: the recipe.
        mixture: its rows.
        tokens: of each row, and how many of them are trained; (0, 0) for one that is left out.
        over_long: rows that are left out as too long, with their tokens.
        order: ids of rows as they are trained on.
    """
    return Manifest(
        recipe=loaded.name,
        recipe_sha256=loaded.sha256,
        seed=loaded.recipe.seed,
        sources=_counted(mixture, tokens, over_long),
        over_long=over_long,
        contaminated=tuple(one._asdict() for one in mixture.dropped.values()),
        order_sha256=hashlib.sha256("\n".join(order).encode()).hexdigest(),
    )


def as_json(manifest: Manifest) -> bytes:
    """Return a manifest as its file holds it."""
    return json.dumps(msgspec.to_builtins(manifest), ensure_ascii=False, indent=1).encode() + b"\n"


def _counted(
    mixture: Mixture[Example], tokens: Sequence[tuple[int, int]], over_long: dict[str, int]
) -> tuple[SourceCount, ...]:
    counts = []
    for read in mixture.sources:
        own = [(row, count) for row, count in zip(mixture.rows, tokens, strict=True) if row.source == read.source.name]
        used = [row for row, _ in own if row.id not in over_long]
        dropped = sum(row.startswith(f"{read.source.name}/") for row in mixture.dropped)
        more = {"too long": len(own) - len(used), "in a benchmark": dropped}
        counts.append(
            SourceCount(
                name=read.source.name,
                kind=read.source.kind,
                read=read.read,
                left_out={**read.left_out, **{why: count for why, count in more.items() if count}},
                rows=len(used),
                copies=read.source.copies,
                tokens=sum(count[0] for _, count in own) * read.source.copies,
                trained_tokens=sum(count[1] for _, count in own) * read.source.copies,
                licence=read.licence,
                terms=read.terms,
                inherit=read.source.inherit,
                sha256=content_hash(used),
            )
        )
    return tuple(counts)


def _told(left_out: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {why}" for why, count in left_out.items()) or "-"
