"""What attacks and other variants change, as sections: on each side, and on one side more than on another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from hantei.metrics import definitions
from hantei.metrics.compare import ATTACK, Comparison, Difference, variant_label
from hantei.metrics.compare_effects import EffectDifference
from hantei.reports.comparison_words import p_text, sentence
from hantei.reports.results import NAME_LIMIT
from hantei.reports.section import ReportTable, Section, lead, notes, numbers, percent, points, text_table
from hantei.reports.text import clip

_One = TypeVar("_One", Difference, EffectDifference)

_READING = (
    "Each prompt is compared with the plain one that it was made from, as two sides are. Of every attack together the "
    "interval counts plain prompts, not what was made of them. p is adjusted by Holm's method over the attacks on one "
    "system."
)
_EFFECTS = (
    "The change is the rate on what was made of prompts less that on the plain ones; the difference is the second "
    "side's change less the first's, on plain prompts of which both have verdicts either way. Its interval is put "
    "together of both changes' (Zou and Donner 2008), p is of exchanging the sides at random, prompt by prompt, "
    "adjusted by Holm's method."
)


def variant_sections(found: Comparison, judge: str) -> Iterator[Section]:
    """Yield what variants change of a judge's rates, where prompts were made from others."""
    mine = [one for one in found.variants if one.judge == judge]
    effects = [one for one in found.effects if one.judge == judge]
    if mine:
        yield Section(
            key="comparison-variants",
            title="What attacks and other variants change",
            tables=tuple(_table(list(group)) for _, group in groupby(mine, key=lambda one: (one.metric, one.first))),
            notes=(*(lead(sentence(one)) for one in _told(mine)), *notes(_READING)),
            data={"differences": mine},
            judge=judge,
        )
    if effects:
        yield Section(
            key="comparison-effects",
            title="Do attacks change one side more than another?",
            tables=tuple(
                _effects_table(list(group))
                for _, group in groupby(effects, key=lambda one: (one.metric, one.first, one.second))
            ),
            notes=(*(lead(_effect_sentence(one)) for one in _told(effects)), *notes(_EFFECTS)),
            data={"differences": effects},
            judge=judge,
        )


def _variant(one: Difference | EffectDifference) -> str:
    return one.variant if isinstance(one, EffectDifference) else one.by["variant"]


def _told(found: Sequence[_One]) -> list[_One]:
    """Return what is said in a sentence: all attacks together, or each variant where there are no several attacks."""
    together = [one for one in found if _variant(one) == ATTACK]
    attacks = {_variant(one) for one in found if _variant(one).startswith("attack/")}
    return together if together else [one for one in found if len(attacks) < 2]


def _table(parts: Sequence[Difference]) -> ReportTable:
    rows = [
        (
            clip(variant_label(one.by["variant"]), NAME_LIMIT),
            points(one.difference),
            percent(*numbers(one.first_rate)),
            percent(*numbers(one.second_rate)),
            f"+{one.more:,} -{one.less:,}",
            f"{int(one.difference.n):,}",
            p_text(one.p_adjusted),
        )
        for one in parts
    ]
    first = parts[0].first.rpartition(" (")[2].removesuffix(")")
    header = ("Made how", "Change, points", first.capitalize(), "So made", "Flipped", "Plain prompts", "p, Holm")
    return text_table(f"{definitions.title(parts[0].metric)}: {clip(_side(parts[0]), NAME_LIMIT)}", header, rows)


def _side(one: Difference) -> str:
    return one.first.rpartition(" (")[0]


def _effects_table(parts: Sequence[EffectDifference]) -> ReportTable:
    rows = [
        (
            clip(variant_label(one.variant), NAME_LIMIT),
            points(one.difference),
            points(one.first_effect),
            points(one.second_effect),
            f"{int(one.difference.n):,}",
            p_text(one.p_adjusted),
            "tie" if one.tie else ("second more" if (one.difference.value or 0) > 0 else "second less"),
        )
        for one in parts
    ]
    header = (
        "Made how",
        "Difference, points",
        "First's change",
        "Second's change",
        "Plain prompts",
        "p, Holm",
        "In a word",
    )
    names = f"{clip(parts[0].first, NAME_LIMIT)} → {clip(parts[0].second, NAME_LIMIT)}"
    return text_table(f"{definitions.title(parts[0].metric)}: {names}", header, rows)


def _effect_sentence(one: EffectDifference) -> str:
    first, second = clip(one.first, NAME_LIMIT), clip(one.second, NAME_LIMIT)
    what = "Attacks change" if one.variant == ATTACK else f"{clip(variant_label(one.variant), NAME_LIMIT)} changes"
    found, before, after = (f"{points(part).text}" for part in (one.difference, one.first_effect, one.second_effect))
    title = definitions.title(one.metric).lower()
    changes = f"{what} the {title} of {first} by {before} points and that of {second} by {after}"
    interval = points(one.difference).interval
    if one.tie:
        return f"{changes}: no difference is shown ({found} {interval}, p {p_text(one.p_adjusted)})."
    prompts = f"{int(one.difference.n):,} prompts"
    return f"{changes}: a difference of {found} {interval} on {prompts} (p {p_text(one.p_adjusted)})."
