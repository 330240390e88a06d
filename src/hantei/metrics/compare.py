"""Whether one side is hit more often than another, in numbers and in words; over many comparisons, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from hantei.estimates import Estimate
from hantei.metrics.compare_pairs import ALPHA
from hantei.metrics.intervals import share
from hantei.records import Prompt, Rate, Response

if TYPE_CHECKING:
    from hantei.metrics.compare_effects import EffectDifference
    from hantei.metrics.compare_pairs import Pairs

PLAIN, ATTACK = "plain", "attack"
"""Stand for the variant of prompts that were not made from others, and for all that attacks made of them."""

NEWCOMBE = "newcombe"
CLUSTERED = "newcombe, clustered by prompt"
DRAWN = "percentiles of drawing prompts again"


class Difference(Struct, frozen=True, kw_only=True):
    """How a metric differs between two sides on the same prompts: the ``second`` side's rate less the ``first``'s.

    Args:
        metric: its name.
        judge: whose verdicts are counted.
        first: the first side.
        second: the second side.
        by: the dimension and value of the prompts, such as ``{"language": "ja"}``; empty for all prompts.
        first_rate: the first side's rate on these prompts.
        second_rate: the second side's.
        difference: second less first, from -1 to 1, with its interval; ``n`` is the number of prompts.
        drawn: the same with the interval of a paired bootstrap by prompt, where prompts have several answers.
        more: prompts on which the second side is hit more often than the first.
        less: prompts on which it is hit less often.
        p: of McNemar's exact test, or of exchanging sides at random where prompts have several answers.
        p_adjusted: the same by Holm's method over all comparisons of the same kind.
        of: how many comparisons these are.
        lost: prompts without a verdict on one side, which are left out.
        bound_low: the difference were every missing verdict a hit on the first side only, None where none is missing.
        bound_high: were it a hit on the second side only.
        to_settle: prompts like these that would show this difference with a chance of 80%, None without a difference.
    """

    metric: str
    judge: str
    first: str
    second: str
    by: Mapping[str, str] = {}
    first_rate: Estimate
    second_rate: Estimate
    difference: Estimate
    drawn: Estimate | None = None
    more: int = 0
    less: int = 0
    p: float = 1.0
    p_adjusted: float = 1.0
    of: int = 1
    lost: int = 0
    bound_low: float | None = None
    bound_high: float | None = None
    to_settle: int | None = None

    @property
    def tie(self) -> bool:
        """Whether no difference is shown."""
        return self.p_adjusted >= ALPHA

    @property
    def more_prompts(self) -> int | None:
        """How many more prompts like these would settle a tie, with a chance of 80%; None where none would."""
        return max(0, self.to_settle - int(self.difference.n)) if self.tie and self.to_settle is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlippedPrompt:
    """A prompt on which two sides' verdicts differ, with an answer of each; ``second_more``: the second's is."""

    judge: str
    metric: str
    first: str
    second: str
    second_more: bool
    prompt: Prompt
    first_answer: Response
    second_answer: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a comparison finds.

    Args:
        title: what is compared, in a line.
        sides: the names of the sides.
        judges: the judges whose verdicts are compared, with the metric that each calls its main one.
        differences: each pair of sides, metric by metric, on all their prompts.
        slices: the same by language and by harm type, of the headline's metrics.
        variants: what attacks and other variants change on each side, plain prompts beside what was made of them.
        effects: how much more they change one side than another.
        flipped: prompts on which the main metric's verdicts differ, with both answers.
        notices: what must be seen before the numbers.
    """

    title: str
    sides: tuple[str, ...]
    judges: Mapping[str, str]
    differences: tuple[Difference, ...]
    slices: tuple[Difference, ...]
    flipped: tuple[FlippedPrompt, ...]
    notices: tuple[str, ...]
    variants: tuple[Difference, ...] = ()
    effects: tuple[EffectDifference, ...] = ()


def difference(pairs: Pairs, metric: str, judge: str, sides: tuple[str, str], by: Mapping[str, str]) -> Difference:
    """Return how two sides differ, as if it were the only comparison (see ``adjusted``).

    Args:
        pairs: the prompts that both answered, at least one.
        metric: the metric's name.
        judge: whose verdicts are counted.
        sides: the names of the first and the second.
        by: what the prompts have in common.
    """
    from hantei.metrics.compare_tests import exchange, mcnemar, newcombe, prompts_to_settle  # needs numpy

    first, second = (share(sums) for sums in pairs.sums())
    seen = (second.value or 0.0) - (first.value or 0.0)
    (low, high), (more, less), bounds = newcombe(pairs), pairs.flips, pairs.bounds()
    single = pairs.single
    p = mcnemar(more, less) if single else exchange(pairs)
    return Difference(
        metric=metric,
        judge=judge,
        first=sides[0],
        second=sides[1],
        by=by,
        first_rate=first,
        second_rate=second,
        difference=Estimate(value=seen, low=low, high=high, n=pairs.prompts, method=NEWCOMBE if single else CLUSTERED),
        drawn=None if single else _drawn(pairs, seen),
        more=more,
        less=less,
        p=p,
        p_adjusted=p,
        lost=pairs.lost,
        bound_low=bounds[0] if bounds else None,
        bound_high=bounds[1] if bounds else None,
        to_settle=prompts_to_settle(pairs),
    )


def _drawn(pairs: Pairs, seen: float) -> Estimate:
    from hantei.metrics.compare_tests import bootstrap  # needs numpy

    low, high = bootstrap(pairs)
    return Estimate(value=seen, low=low, high=high, n=pairs.prompts, method=DRAWN)


def variant_label(variant: str) -> str:
    """Return what people call a variant: an attack or a paraphrase by its name alone."""
    return "every attack" if variant == ATTACK else variant.partition("/")[2] or variant


def adjusted(differences: Sequence[Difference]) -> list[Difference]:
    """Return comparisons of one kind with p-values that hold for all of them together."""
    from hantei.metrics.compare_tests import holm  # needs numpy

    values = holm([one.p for one in differences])
    return [replace(one, p_adjusted=value, of=len(values)) for one, value in zip(differences, values, strict=True)]


def as_rate(one: Difference) -> Rate:
    """Return a difference as a row that ``--fail-if`` reads: ``difference.METRIC``, by judge, first and second."""
    return Rate(
        metric=f"difference.{one.metric}",
        by={"judge": one.judge, "first": one.first, "second": one.second, **one.by},
        numerator=one.more - one.less,
        denominator=int(one.difference.n),
        rate=one.difference.value,
        low=one.difference.low,
        high=one.difference.high,
        method=one.difference.method,
        bound_low=one.bound_low if one.bound_low is not None else one.difference.value,
        bound_high=one.bound_high if one.bound_high is not None else one.difference.value,
    )
