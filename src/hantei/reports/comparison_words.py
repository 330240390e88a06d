"""A difference in a sentence: a tie is called a tie, and what would settle it is said."""

from __future__ import annotations

from hantei.metrics import definitions
from hantei.metrics.compare import Difference
from hantei.reports.results import NAME_LIMIT
from hantei.reports.text import clip
from hantei.reports.wording import about


def sentence(one: Difference, where: str = "") -> str:
    """Return what a comparison says, in words; ``where`` names the prompts where they are not all."""
    first, second = clip(one.first, NAME_LIMIT), clip(one.second, NAME_LIMIT)
    begin = f"{where}: " if where else ""
    if one.tie:
        return f"{begin}{first} and {second} are tied in the {_title(one)}: {_between(one)}. {_settles(one)}"
    value = one.difference.value or 0.0
    than = "higher" if value > 0 else "lower"
    return (
        f"{begin}The {_title(one)} of {second} is {than} than that of {first}, by {_points(abs(value))} "
        f"{_interval(one)} on {one.difference.n:,.0f} prompts (p {_p(one.p_adjusted)}{_holm(one)})."
    )


def p_text(p: float) -> str:
    """Return a p-value for people."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _title(one: Difference) -> str:
    return definitions.title(one.metric).lower()


def _between(one: Difference) -> str:
    low, high = 100 * (one.difference.low or 0.0), 100 * (one.difference.high or 0.0)
    return (
        f"no difference is shown on {one.difference.n:,.0f} prompts (p {_p(one.p_adjusted)}{_holm(one)}); that of "
        f"{clip(one.second, NAME_LIMIT)} may lie anywhere from {low:+.1f} to {high:+.1f} points beside the other"
    )


def _settles(one: Difference) -> str:
    if one.more_prompts is None:
        return "The two rates are the same here, so no number of prompts like these would tell them apart."
    value = _points(abs(one.difference.value or 0.0))
    if one.more_prompts == 0:
        return (
            f"Of a single comparison these prompts would be enough to show {value}; of {one.of} together they are not."
        )
    return (
        f"If the {value} seen are real, about {about(one.more_prompts)} more prompts like these would show them, "
        "with a chance of 80%."
    )


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _interval(one: Difference) -> str:
    ends = sorted(abs(100 * (end or 0.0)) for end in (one.difference.low, one.difference.high))
    if (one.difference.low or 0.0) * (one.difference.high or 0.0) < 0:  # Holm says what the interval alone does not
        return f"[{100 * (one.difference.low or 0.0):+.1f}, {100 * (one.difference.high or 0.0):+.1f}]"
    return f"[{ends[0]:.1f}, {ends[1]:.1f}]"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _holm(one: Difference) -> str:
    return f", Holm over {one.of}" if one.of > 1 else ""
