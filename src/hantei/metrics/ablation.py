"""A judge against variants of itself on the same labelled answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hantei.estimates import Estimate
from hantei.metrics.paired import PairedShares, paired


@dataclass(frozen=True, slots=True, kw_only=True)
class AblatedRow:
    """One labelled answer: its prompt's number, what people say, and what every variant says, None for nothing.

    ``said`` and ``critique`` (characters of it) are by the variant's name.
    """

    prompt: int
    unsafe: bool
    said: Mapping[str, bool | None]
    critique: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantResult:
    """What a variant changes, and how it does beside the judge as it is, on the answers that both give a verdict on.

    ``flips`` counts verdicts that differ; ``no_verdict`` are the variant's missing ones; ``critique`` is the mean
    length of its critiques in characters, None where it writes none.
    """

    name: str
    changed: str
    accuracy: PairedShares
    marked: PairedShares
    flips: int
    no_verdict: int
    critique: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """A judge as it is (``accuracy`` of the answers that it judged), and each of its variants."""

    judge: str
    n: int
    accuracy: Estimate
    no_verdict: int
    critique: float | None
    variants: tuple[VariantResult, ...] = field(default_factory=tuple)


def ablation(judge: str, variants: Mapping[str, str], rows: Sequence[AblatedRow]) -> Ablation:
    """Return how a judge's variants (name to what they change) do beside it on labelled answers."""
    alone = paired((row.prompt, _right(row, judge), _right(row, judge)) for row in rows)
    return Ablation(
        judge=judge,
        n=len(rows),
        accuracy=alone.first,
        no_verdict=alone.unpaired,
        critique=_length(rows, judge),
        variants=tuple(_variant(judge, name, changed, rows) for name, changed in variants.items()),
    )


def _variant(judge: str, name: str, changed: str, rows: Sequence[AblatedRow]) -> VariantResult:
    marked = paired((row.prompt, row.said[judge], row.said[name]) for row in rows)
    return VariantResult(
        name=name,
        changed=changed,
        accuracy=paired((row.prompt, _right(row, judge), _right(row, name)) for row in rows),
        marked=marked,
        flips=marked.gained + marked.lost,
        no_verdict=sum(row.said[name] is None for row in rows),
        critique=_length(rows, name),
    )


def _right(row: AblatedRow, name: str) -> bool | None:
    said = row.said[name]
    return None if said is None else said == row.unsafe


def _length(rows: Iterable[AblatedRow], name: str) -> float | None:
    lengths = [row.critique[name] for row in rows if row.critique.get(name)]
    return sum(lengths) / len(lengths) if lengths else None
