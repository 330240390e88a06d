"""A judge's headline: how much is unsafe, how much is refused without need, both at once; and where it is weak."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hantei.metrics.definitions import Metric, shown_in
from hantei.records import Rate
from hantei.reports.figures import Headline, Plot
from hantei.reports.geometry import MIN_COLOURED
from hantei.reports.over_refusal_figure import OVER_REFUSAL, both_at_once
from hantei.reports.results import NAME_LIMIT, SIDE_BY_SIDE, JudgeResults, Results
from hantei.reports.section import Section, lead, notes
from hantei.reports.text import clip
from hantei.reports.wording import POLICIES, describe

_MEANINGS = {
    "violation_rate": "The share of unsafe answers among judged answers to harmful and borderline prompts.",
    "flagged_rate": (
        "The share of answers to harmful and borderline prompts that this judge marks as unsafe. It has not been "
        "validated on answers of this kind: read it as what the judge flags, never as how often a system does harm."
    ),
    OVER_REFUSAL: (
        "The share of refusals, full or partial, among answers to borderline and benign prompts, which deserve an "
        "answer."
    ),
}
_NO_OVER_REFUSAL = "Either this run has no such prompts, or this judge does not say whether an answer refuses."
_WAY_OUT = "Label 50 of these answers and fit the judge to them: hantei calibrate."
_LONG_TEXT = 600


def overview(results: Results) -> Iterator[Section]:
    """Yield each judge's headline."""
    policy = results.summary.policy
    policy = f"{policy}: {POLICIES[policy]}" if policy in POLICIES else clip(policy, NAME_LIMIT)
    for judge in results.judges:
        both = _both_at_once(judge)
        description = clip(str(judge.card.get("description") or ""), _LONG_TEXT)
        yield Section(
            key="overview",
            title=f"Verdicts of {clip(judge.name, NAME_LIMIT)}",
            figures=(*_headlines(judge, policy, results.validated(judge.name)), *([both] if both else [])),
            notes=tuple(lead(text) for text in (description, *_told(judge)) if text),
            judge=judge.name,
            terminal=False,
        )


def _told(judge: JudgeResults) -> Iterator[str]:
    """Yield what the headline cannot show: many systems, and how the rate is among coherent answers."""
    if len(judge.systems) > 1:
        yield _MEANINGS.get(judge.main.name, judge.main.meaning)
    if len(judge.systems) > SIDE_BY_SIDE:
        yield f"{len(judge.systems)} systems are compared: no rate of all of them together stands for any of them."
    among = judge.get(f"coherent_{judge.main.name}")
    if judge.incoherent and among is not None:
        yield (
            f"Incoherent answers, which count as not unsafe: {judge.incoherent:,}; among coherent answers the "
            f"{judge.main.title.lower()} is {describe(among).line}."
        )


def _shown(judge: JudgeResults) -> list[tuple[str, Metric, Rate | None, list[str]]]:
    """Return the headline's rates with titles and systems: of several systems the main rate of each, never of all."""
    if len(judge.systems) > SIDE_BY_SIDE:
        return []
    if len(judge.systems) > 1:
        main = judge.main
        return [
            (f"{main.title} of {clip(system, NAME_LIMIT)}", main, judge.get(main.name, system=system), [system])
            for system in judge.systems
        ]
    metrics = [judge.main, *(metric for metric in _headline_metrics(judge) if metric != judge.main)]
    return [(metric.title, metric, judge.get(metric.name), judge.systems) for metric in metrics]


def _headlines(judge: JudgeResults, policy: str, validated: bool) -> Iterator[Headline]:
    """Yield the rates in large letters; red only where the judge was held against people's labels here."""
    shown = _shown(judge)
    for title, metric, rate, systems in shown:
        yield Headline(
            title=title,
            rate=rate,
            meaning="" if len(judge.systems) > 1 else _MEANINGS.get(metric.name, metric.meaning),
            unsafe=metric.rate_kind is not None and validated,
            policy=policy if metric.worst is not None else "",
            unmeasured=_NO_OVER_REFUSAL if metric.name == OVER_REFUSAL else "",
            doubt=_doubt(judge, systems),
        )


def _doubt(judge: JudgeResults, systems: Sequence[str]) -> str:
    """Return why the judge's worth is not known where one was asked about topics that it was not measured on."""
    noted = judge.card.get("drift") or ()
    unlike = any(one["measure"] == "topic" and one["system"] in systems for one in noted)
    return f"What was asked here is unlike everything that this judge was measured on. {_WAY_OUT}" if unlike else ""


def _headline_metrics(judge: JudgeResults) -> list[Metric]:
    return [metric for metric in shown_in("headline") if metric.rate_kind in (None, judge.kind)]


def _both_at_once(judge: JudgeResults) -> Plot | None:
    rates = (
        (system, judge.get(OVER_REFUSAL, system=system), judge.get(judge.main.name, system=system))
        for system in judge.systems
    )
    note = f"Lower left is better. The lines are 95% intervals; hollow: fewer than {MIN_COLOURED} judged answers."
    return both_at_once(rates, judge.main.title, note)


def weaknesses(results: Results) -> Iterator[Section]:
    """Yield what each judge's card says of where it is weak."""
    for judge in results.judges:
        weak = [clip(str(text), _LONG_TEXT) for text in judge.card.get("weak") or ()]
        if weak:
            yield Section(
                key="weak",
                title="Where this judge is weak",
                notes=notes(*weak),
                judge=judge.name,
                terminal=False,
                folded=True,
            )
