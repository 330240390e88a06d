"""What a rate may be off by, and why: an interval, ranges over what was tried, bounds, and the hull of all of them.

They are not of one kind, so they are never added up as squares: only the first is a 95% interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hantei.estimates import Estimate

INTERVAL, TRIED, BOUNDS = "95% interval", "range over what was tried", "bounds"


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
    rate: Estimate, judges: Mapping[str, float] | None = None, filled: Sequence[float] = ()
) -> ErrorBudget | None:
    """Return what a rate may be off by, None where the rate has no value.

    Args:
        rate: the rate with its interval from sampling and labels.
        judges: the same rate with each judge that was tried, by name; with fewer than two there is no range.
        filled: the rate were what is missing all safe, and were it all unsafe; empty where nothing is missing.
    """
    if rate.value is None or rate.low is None or rate.high is None:
        return None
    parts = [BudgetPart(reason="sampling and labels", low=rate.low, high=rate.high, kind=INTERVAL)]
    if judges and len(judges) > 1:
        reason = f"choice of judge: {', '.join(judges)}"
        parts.append(BudgetPart(reason=reason, low=min(judges.values()), high=max(judges.values()), kind=TRIED))
    if filled:
        reason = "what is missing: all safe, or all unsafe"
        parts.append(BudgetPart(reason=reason, low=min(filled), high=max(filled), kind=BOUNDS))
    low, high = min(part.low for part in parts), max(part.high for part in parts)
    return ErrorBudget(value=rate.value, low=low, high=high, parts=tuple(parts))
