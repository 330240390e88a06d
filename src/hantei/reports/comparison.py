"""A comparison as sections: in words, in numbers, by language and harm type, both rates at once, and what flipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from hantei import taxonomy
from hantei.estimates import Estimate
from hantei.metrics import definitions
from hantei.metrics.compare import Comparison, Difference, FlippedPrompt
from hantei.records import Rate
from hantei.reports.comparison_variants import variant_sections
from hantei.reports.comparison_words import p_text, sentence
from hantei.reports.figures import AnswerPair, AnswerPairs, Plot, Series
from hantei.reports.over_refusal_figure import OVER_REFUSAL, both_at_once
from hantei.reports.results import NAME_LIMIT, language_name
from hantei.reports.section import (
    Cell,
    Column,
    Number,
    ReportRow,
    ReportTable,
    Section,
    lead,
    notes,
    numbers,
    percent,
    text_table,
)
from hantei.reports.sections_page import write_sections
from hantei.reports.text import clip

_ANSWER_LIMIT, _SHORT, _IN_A_TERMINAL = 6_000, 160, 5
_SLICES = {"language": ("Languages", "Language"), "harm_type": ("Harm types", "Harm type")}
_LOWER_LEFT = "Lower left is better: fewer unsafe answers, and fewer refusals of what deserves an answer."
_FROM_TO = "from the first to the second"
_READING = (
    "A difference is the second side's rate less the first's, on the prompts that both answered; a 95% interval by "
    "Newcombe's score method for paired shares. p is of McNemar's exact test (of exchanging the two sides at random, "
    "prompt by prompt, where prompts have several answers), adjusted by Holm's method over all comparisons of the "
    "same metric. What is not below 0.05 is called a tie."
)
_SEVERAL = "Prompts have several answers: beside Newcombe's interval stands that of drawing prompts again."


def sections(found: Comparison) -> list[Section]:
    """Return what is shown of a comparison, judge by judge."""
    return [one for judge in found.judges for one in _of_judge(found, judge)]


def _of_judge(found: Comparison, judge: str) -> Iterator[Section]:
    mine = [one for one in found.differences if one.judge == judge]
    if mine:
        yield _whole(found, judge, mine)
    yield from variant_sections(found, judge)
    for dimension, (title, head) in _SLICES.items():
        parts = [one for one in found.slices if one.judge == judge and dimension in one.by]
        if parts:
            yield _slice(parts, dimension, title, head)
    flipped = [one for one in found.flipped if one.judge == judge]
    if flipped:
        yield _flipped(flipped, judge)


def _whole(found: Comparison, judge: str, mine: Sequence[Difference]) -> Section:
    return Section(
        key="comparison",
        title="Do they differ?",
        tables=tuple(_table(list(group)) for _, group in groupby(mine, key=lambda one: one.metric)),
        figures=tuple(_both_at_once(mine, found.judges[judge], found.sides)),
        notes=(*(lead(sentence(one)) for one in mine if one.metric == found.judges[judge]), *notes(*_notes(mine))),
        data={"differences": mine},
        judge=judge,
    )


def _flipped(flipped: Sequence[FlippedPrompt], judge: str) -> Section:
    return Section(
        key="flipped",
        title="Prompts that flipped",
        figures=tuple(_answer_pairs(flipped)),
        notes=(lead("They differ in the verdict: choose one to read both answers. At most 50 a pair are here."),),
        data=[_plain(one) for one in flipped],
        judge=judge,
        terminal=False,
    )


def _notes(differences: Sequence[Difference]) -> Iterator[str]:
    yield _READING
    if any(one.drawn for one in differences):
        yield _SEVERAL
    for one in differences:
        if one.bound_low is not None and one.bound_high is not None:
            yield (
                f"{_pair(one)}, {definitions.title(one.metric).lower()}: {one.lost:,} prompts lack a verdict on one "
                f"side; were every missing verdict a hit on one side only, the difference would be "
                f"{_points(one.bound_low)} to {_points(one.bound_high)} points."
            )


def _table(differences: Sequence[Difference]) -> ReportTable:
    metric = definitions.named(differences[0].metric)
    unsafe = metric is not None and metric.rate_kind == "violation"
    rates = [(_rate(one, one.first_rate), _rate(one, one.second_rate)) for one in differences]
    several = any(one.drawn for one in differences)
    holm = [f"p, Holm over {differences[0].of}"] if differences[0].of > 1 else []
    titles = ["Flipped", "Prompts", "p", *holm, "In a word"]
    return ReportTable(
        caption=definitions.title(differences[0].metric),
        head="First and second",
        columns=(
            Column(title="Difference, points"),
            *([Column(title="By drawing prompts")] if several else []),
            Column(title="First", unsafe=unsafe),
            Column(title="Second", unsafe=unsafe),
            *(Column(title=title) for title in titles),
        ),
        rows=tuple(
            ReportRow(name=_pair(one), cells=(*_apart(one, several), first, second, *_tested(one)))
            for one, (first, second) in zip(differences, rates, strict=True)
        ),
    )


def _apart(one: Difference, several: bool) -> list[Cell]:
    drawn = difference_cell(one.drawn) if one.drawn else None
    return [difference_cell(one.difference), *([drawn] if several else [])]


def _tested(one: Difference) -> tuple[Cell, ...]:
    return (
        f"+{one.more:,} -{one.less:,}",
        f"{int(one.difference.n):,}",
        p_text(one.p),
        *([p_text(one.p_adjusted)] if one.of > 1 else []),
        "tie" if one.tie else ("second higher" if (one.difference.value or 0) > 0 else "second lower"),
    )


def difference_cell(one: Estimate) -> Number:
    """Return a difference in points with its interval and its sign: ``+3.2 [+1.1, +5.4]``."""
    value, low, high = numbers(one)
    return Number(text=_points(value), interval=f"[{_points(low)}, {_points(high)}]", value=value, low=low, high=high)


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _pair(one: Difference) -> str:
    return f"{clip(one.first, NAME_LIMIT)} → {clip(one.second, NAME_LIMIT)}"


def _rate(one: Difference, of: Estimate) -> Rate:
    return Rate(
        metric=one.metric,
        numerator=round((of.value or 0.0) * of.n),
        denominator=int(of.n),
        rate=of.value,
        low=of.low,
        high=of.high,
        method=of.method,
    )


def _slice(parts: Sequence[Difference], dimension: str, title: str, head: str) -> Section:
    apart = [sentence(one, _value(dimension, one)) for one in parts if not one.tie]
    return Section(
        key=f"comparison-{dimension}",
        title=f"{title} where they differ",
        tables=tuple(
            _slice_table(list(group), dimension, head)
            for _, group in groupby(parts, key=lambda one: (one.metric, one.first, one.second))
        ),
        notes=tuple(lead(text) for text in apart or [f"No difference is shown for any {head.lower()}."]),
        data={"differences": list(parts)},
        judge=parts[0].judge,
        terminal=bool(apart) and len(parts) <= 2 * _IN_A_TERMINAL,
    )


def _slice_table(parts: Sequence[Difference], dimension: str, head: str) -> ReportTable:
    rows = [
        (
            _value(dimension, one),
            difference_cell(one.difference),
            percent(*numbers(one.first_rate)),
            percent(*numbers(one.second_rate)),
            f"+{one.more:,} -{one.less:,}",
            f"{int(one.difference.n):,}",
            p_text(one.p_adjusted),
        )
        for one in parts
    ]
    header = (head, "Difference, points", "First", "Second", "Flipped", "Prompts", f"p, Holm over {parts[0].of}")
    return text_table(f"{definitions.title(parts[0].metric)}: {_pair(parts[0])}", header, rows)


def _value(dimension: str, one: Difference) -> str:
    value = one.by[dimension]
    return clip(language_name(value) if dimension == "language" else taxonomy.title(value), NAME_LIMIT)


def _both_at_once(differences: Sequence[Difference], main: str, sides: Sequence[str]) -> Iterator[Plot]:
    """Yield the picture of over-refusal against unsafe answers, where both are known of two sides or more."""
    rates = [(side, _of_side(differences, OVER_REFUSAL, side), _of_side(differences, main, side)) for side in sides]
    plot = both_at_once(rates, definitions.title(main), _LOWER_LEFT)
    if plot is None or len(plot.series) < 2:
        return
    ends = [one.points[0] for one in plot.series]
    yield replace(plot, series=[*plot.series, *([Series(_FROM_TO, ends, "guide")] if len(ends) == 2 else [])])


def _of_side(differences: Sequence[Difference], metric: str, side: str) -> Rate | None:
    for one in differences:
        if one.metric == metric and side in (one.first, one.second):
            return _rate(one, one.first_rate if side == one.first else one.second_rate)
    return None


def _answer_pairs(flipped: Sequence[FlippedPrompt]) -> Iterator[AnswerPairs]:
    for (first, second), group in groupby(flipped, key=lambda one: (one.first, one.second)):
        pairs = tuple(_answer_pair(one) for one in group)
        yield AnswerPairs(
            title=f"{clip(first, NAME_LIMIT)} → {clip(second, NAME_LIMIT)}",
            sides=(clip(first, NAME_LIMIT), clip(second, NAME_LIMIT)),
            pairs=pairs,
        )


def _answer_pair(one: FlippedPrompt) -> AnswerPair:
    return AnswerPair(
        note=f"{clip(one.prompt.id, NAME_LIMIT)}: unsafe only from {clip(_unsafe(one), NAME_LIMIT)}",
        prompt=clip(one.prompt.text, _ANSWER_LIMIT),
        answers=(clip(one.first_answer.text, _ANSWER_LIMIT), clip(one.second_answer.text, _ANSWER_LIMIT)),
        verdicts=("safe", "unsafe") if one.second_more else ("unsafe", "safe"),
    )


def _unsafe(one: FlippedPrompt) -> str:
    return one.second if one.second_more else one.first


def _plain(one: FlippedPrompt) -> Mapping[str, str | bool]:
    return {
        "first": one.first,
        "second": one.second,
        "prompt_id": one.prompt.id,
        "unsafe": _unsafe(one),
        "first_response": one.first_answer.id,
        "second_response": one.second_answer.id,
    }


def flipped_in_short(found: Comparison) -> Iterator[Section]:
    """Yield a table of a few prompts that flipped with the beginnings of both answers, for a terminal."""
    for judge in found.judges:
        flipped = [one for one in found.flipped if one.judge == judge]
        if flipped:
            rows = [
                (
                    clip(one.prompt.text, _SHORT),
                    clip(one.first_answer.text, _SHORT),
                    clip(one.second_answer.text, _SHORT),
                    _unsafe(one),
                )
                for one in flipped[:_IN_A_TERMINAL]
            ]
            yield Section(
                key="flipped",
                title=f"Prompts that flipped: {len(rows)} of {len(flipped)}, all with --out or --json",
                tables=(text_table("Flipped", ("Prompt", "First", "Second", "Unsafe from"), rows),),
                judge=judge,
            )


def write_comparison(path: Path, found: Comparison) -> None:
    """Write the page to ``path``, whole or not at all.

    Raises:
        UsageError: the file cannot be written there.
    """
    sides = ", ".join(clip(side, NAME_LIMIT) for side in found.sides)
    verdict = f"{sides} · judged by {', '.join(found.judges)}"
    write_sections(path, clip(found.title, NAME_LIMIT), "comparison", verdict, sections(found), found.notices)
