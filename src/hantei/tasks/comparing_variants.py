"""What attacks, translations and other variants change: each prompt beside the plain one that it was made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from hantei.metrics.compare import ATTACK, PLAIN, Difference, adjusted, difference, variant_label
from hantei.metrics.compare_effects import BothPatterns, EffectDifference, adjusted_effects, effect_difference
from hantei.metrics.compare_pairs import Pairs, Pattern
from hantei.metrics.definitions import Metric
from hantei.runs.compared import ComparedRuns, Side

_SIBLINGS = ("translation", "adaptation")
"""What both a translation and a cultural adaptation of an item have in common is a row of its own."""


def variant_differences(
    held: ComparedRuns, sides: Sequence[Side], judge: str, metric: Metric, groups: Collection[int]
) -> Iterator[Difference]:
    """Yield what each variant changes on each side, all attacks together first where there are several.

    Args:
        held: the prompts, and what the judge says of them.
        sides: by number.
        judge: the judge's name.
        metric: what is counted.
        groups: the groups of prompts that count.
    """
    for number, side in enumerate(sides):
        for family in _families(held):
            found = []
            for first, second in family:
                pairs = _pairs(held, [(number, first), (number, second)], groups)
                if pairs.prompts:
                    names = (f"{side.name} ({variant_label(first)})", f"{side.name} ({variant_label(second)})")
                    found.append(difference(pairs, metric.name, judge, names, {"variant": second}))
            yield from adjusted(found)


def _families(held: ComparedRuns) -> Iterator[list[tuple[str, str]]]:
    """Yield which variants are compared, those together whose p-values are adjusted for each other."""
    variants = held.variants()
    attacks = [name for name in variants if name.startswith("attack/")]
    if len(attacks) > 1:
        yield [(PLAIN, ATTACK)]
    yield [(PLAIN, name) for name in attacks]
    yield [(PLAIN, name) for name in variants if name not in attacks]
    if set(_SIBLINGS) <= set(variants):
        yield [_SIBLINGS]


def effect_differences(
    held: ComparedRuns,
    sides: Sequence[Side],
    pair: tuple[int, int],
    judge: str,
    metric: Metric,
    groups: Collection[int],
) -> Iterator[EffectDifference]:
    """Yield how much more each variant changes the second side of a pair than the first.

    Args:
        held: the prompts, and what the judge says of them.
        sides: by number.
        pair: the numbers of the two sides.
        judge: the judge's name.
        metric: what is counted.
        groups: the groups of prompts that count.
    """
    names = (sides[pair[0]].name, sides[pair[1]].name)
    for family in _families(held):
        found = []
        for first, second in family:
            if first == PLAIN and (both := _both(held, pair, second, groups)):
                found.append(effect_difference(both, metric.name, judge, second, names))
        yield from adjusted_effects(found)


def _pairs(held: ComparedRuns, parts: Sequence[tuple[int, str]], groups: Collection[int]) -> Pairs:
    pairs = Pairs()
    for group, n, k, missing, other_n, other_k, other_missing in held.together(parts):
        if group in groups:
            times = _times(n, missing, other_n, other_missing)
            pairs.add(Pattern(n * times, k * times, other_n, other_k), (missing * times, other_missing), 1)
    return pairs


def _times(n: int, missing: int, made_n: int, made_missing: int) -> int:
    """Return how often a plain prompt's answers count beside those to what was made of it, in whole answers.

    As often as these: not every attack has words for every language, and a prompt with more attacks on it would count
    more on one side than on the other.

    Args:
        n: verdicts on the plain prompt.
        missing: answers to it without one.
        made_n: verdicts on what was made of it.
        made_missing: answers to that without one.
    """
    plain, made = (n, made_n) if n and made_n else (n + missing, made_n + made_missing)
    return max(1, round(made / plain)) if plain else 1


def _both(held: ComparedRuns, pair: tuple[int, int], variant: str, groups: Collection[int]) -> BothPatterns:
    """Return the patterns of plain prompts on which both sides have a verdict, and on what was made of them, too."""
    found: BothPatterns = Counter()
    parts = [(side, kind) for side in pair for kind in (PLAIN, variant)]
    for group, *counts in held.together(parts):
        shown = []
        for n, k, missing, made_n, made_k, made_missing in (counts[:6], counts[6:]):
            times = _times(n, missing, made_n, made_missing)
            shown.append(Pattern(n * times, k * times, made_n, made_k))
        if group in groups and all(one.first_n and one.second_n for one in shown):
            found[shown[0], shown[1]] += 1
    return found
