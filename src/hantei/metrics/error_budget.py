"""What a rate may be off by, and why: an interval, ranges over what was tried, bounds, and the hull of all of them.

They are not of one kind, so they are never added up as squares: only the first is a 95% interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hantei.estimates import Estimate

INTERVAL, TRIED, BOUNDS = "95% interval", "range over what was tried", "bounds"
SAMPLING, LABELS = "sampling", "sampling and labels"
ELSEWHERE = "sampling and the judge's errors as measured elsewhere"
WORDING, JUDGE = "wording and settings", "choice of judge"


class BudgetPart(Struct, frozen=True, kw_only=True):
    """One reason why the rate may be another: from ``low`` to ``high``, which is what ``kind`` says."""

    reason: str
    low: float
    high: float
    kind: str


class ErrorBudget(Struct, frozen=True, kw_only=True):
    """The parts, and the hull of them: from the lowest to the highest that any part says."""

    value: float
    low: float
    high: float
    parts: tuple[BudgetPart, ...]


def error_budget(
    rate: Estimate,
    rates: Mapping[str, float] | None = None,
    filled: Sequence[float] = (),
    sampled: str = LABELS,
    others: Sequence[BudgetPart] = (),
) -> ErrorBudget | None:
    """Return what a rate may be off by, None where the rate has no value.

    Args:
        rate: the rate with its interval from sampling and labels.
        rates: the same rate with each judge that was tried, by name, the judge of ``rate`` first. Those of the same
            card and model are other wordings of it. With fewer than two there is no range.
        filled: the rate were what is missing all safe, and were it all unsafe; empty where nothing is missing.
        sampled: what the interval of ``rate`` is of.
        others: parts that are known from elsewhere.
    """
    if rate.value is None or rate.low is None or rate.high is None:
        return None
    parts = [BudgetPart(reason=sampled, low=rate.low, high=rate.high, kind=INTERVAL)]
    parts += [*others, *_tried(rates or {})]
    if filled:
        reason = "what is missing: all safe, or all unsafe"
        parts.append(BudgetPart(reason=reason, low=min(filled), high=max(filled), kind=BOUNDS))
    low, high = min(part.low for part in parts), max(part.high for part in parts)
    return ErrorBudget(value=rate.value, low=low, high=high, parts=tuple(parts))


def _tried(rates: Mapping[str, float]) -> list[BudgetPart]:
    """Return the range over wordings of one judge, and that over judges."""
    own = next(iter(rates), "")
    wordings = [name for name in rates if _plain(name) == _plain(own)]
    judges = [own, *(name for name in rates if name not in wordings)]
    return [
        BudgetPart(
            reason=f"{what}: {', '.join(names)}",
            low=min(rates[name] for name in names),
            high=max(rates[name] for name in names),
            kind=TRIED,
        )
        for what, names in ((WORDING, wordings), (JUDGE, judges))
        if len(names) > 1
    ]


def _plain(judge: str) -> str:
    """Return a judge's card and model without settings, which wordings of one judge have in common."""
    card, _, model = judge.partition("@")
    return f"{card.partition('?')[0]}@{model.partition('?')[0]}"
