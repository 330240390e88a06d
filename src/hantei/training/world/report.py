"""What came of the world's experiments, as sections: tables with intervals over seeds and dialogues, and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hantei.arrays import Doubles
from hantei.estimates import Estimate
from hantei.reports.figures import Plot, Series
from hantei.reports.section import Cell, Number, ReportTable, Section, notes, numbers, percent, points, text_table
from hantei.training.preferences.pairs import PreferencePair
from hantei.training.sweep import STEPS, StepRule
from hantei.training.world.answering import RATES
from hantei.training.world.copies import Curve
from hantei.training.world.correcting import OUTCOMES, Corrected
from hantei.training.world.tested import Tested, over_seeds

Seeds = Sequence[Mapping[str, Tested]]
"""For each seed what each judge of an arm is worth."""


def rounds_section(arms: Mapping[str, Seeds], pairs: Mapping[str, Sequence[Sequence[PreferencePair]]]) -> Section:
    """Return what came of the rounds of every arm.

    Args:
        arms: for each arm what its judges are worth, for each seed.
        pairs: for each arm those of each round, of all seeds together; none where the arm has no pairs.
    """
    return Section(
        key="rounds",
        title="Preference rounds",
        tables=(_gains(arms), _by_seed(arms), _chosen(pairs), _by_judge(arms)),
        figures=(
            _rounds_plot(arms, "f1", "F1"),
            _rounds_plot(arms, "precision", "Precision"),
            _rounds_plot(arms, "recall", "Recall"),
        ),
        notes=notes(f"{_size(arms)}; intervals are from drawing seeds and dialogues again."),
    )


def _gains(arms: Mapping[str, Seeds]) -> ReportTable:
    judges = list(next(iter(arms.values()))[0])
    last, rows = judges[-1], []
    for arm, seeds in arms.items():
        gain = [one[last]["f1"] - one["M2"]["f1"] for one in seeds]
        lot = [one[last]["f1"] - other[last]["f1"] for one, other in zip(seeds, arms["random"], strict=True)]
        cells = [_percent([one[judge]["f1"] for one in seeds]) for judge in judges]
        rows.append((arm, *cells, points(over_seeds(gain)), None if arm == "random" else points(over_seeds(lot))))
    header = ("Arm", *judges, f"{last} over M2", f"{last} over random")
    return text_table("F1 of critiques' units on test, in percent", header, rows)


def _by_judge(arms: Mapping[str, Seeds]) -> ReportTable:
    rows: list[Sequence[Cell]] = []
    for arm, seeds in arms.items():
        for judge in seeds[0]:
            if judge not in ("M1", "M2") or not any(str(row[0]).startswith(judge) for row in rows):
                name = judge if judge in ("M1", "M2") else f"{judge}, {arm}"
                rows.append((name, *_details([one[judge] for one in seeds])))
    header = ("Judge", "Precision", "Recall", "F1", "Units", "Unparsed", "No unit", "Label right", "Tokens")
    return text_table("Every judge", header, rows)


def _details(found: Sequence[Tested]) -> tuple[Cell, ...]:
    def mean(name: str) -> float:
        return over_seeds([one[name] for one in found]).value or 0.0

    three = (_percent([one[name] for one in found]) for name in ("precision", "recall", "f1"))
    unknown = mean("unknown") / mean("units") if mean("units") else 0.0
    shares = [f"{100 * share:.1f}%" for share in (mean("unparsed"), unknown, mean("accuracy"))]
    return (*three, f"{mean('units'):.2f}", *shares, f"{mean('tokens'):.1f}")


def _by_seed(arms: Mapping[str, Seeds]) -> ReportTable:
    last = list(next(iter(arms.values()))[0])[-1]
    rows = [
        (arm, *(f"{100 * float((one[last]['f1'] - one['M2']['f1']).mean()):+.1f}" for one in seeds))
        for arm, seeds in arms.items()
    ]
    count = len(next(iter(arms.values())))
    header = ("Arm", *(f"Seed {number}" for number in range(count)))
    return text_table(f"Gain in F1 of {last} over M2, seed by seed, in points", header, rows)


def _chosen(arms: Mapping[str, Sequence[Sequence[PreferencePair]]]) -> ReportTable:
    """Return how often the chosen critique is the one with the higher F1."""
    rows: list[Sequence[Cell]] = []
    for arm, rounds in arms.items():
        for number, pairs in enumerate(rounds, 1):
            gaps = np.array([(pair.chosen_f1 or 0.0) - (pair.rejected_f1 or 0.0) for pair in pairs])
            if len(gaps):
                shares = (f"{100 * float(share.mean()):.0f}%" for share in (gaps > 0, gaps < 0, gaps == 0))
                rows.append((f"{arm}, round {number}", *shares, f"{100 * float(gaps.mean()):+.1f}"))
    header = ("Arm", "Chosen is better", "Worse", "As good", "Mean difference in F1")
    return text_table("The pairs of each round", header, rows)


def _rounds_plot(arms: Mapping[str, Seeds], measure: str, title: str) -> Plot:
    series = []
    for arm, seeds in arms.items():
        found = [over_seeds([one[judge][measure] for one in seeds]) for judge in seeds[0]]
        series.append(_series(arm, list(range(1, len(found) + 1)), found))
    return Plot(
        f"{title} of critiques by judge, M1 to M{len(found)}",
        "judge",
        f"macro {title}",
        series,
        x_range=(1, len(found)),
        y_range=_range(series),
    )


def copies_section(found: Sequence[Curve]) -> Section:
    """Return the curve of safety copies: for each seed the rates by arm and copies."""
    rows: list[Sequence[Cell]] = [
        (f"{copies}, steps {arm}", *(_percent([one[arm, copies][rate] for one in found]) for rate in RATES))
        for arm, copies in found[0]
    ]
    header = ("Copies", "Harm", "Over-refusal", "Refusal of harmful", "Incoherent")
    return Section(
        key="copies",
        title="Copies of safety data",
        tables=(text_table("Answers to tested requests", header, rows),),
        figures=tuple(_copies_plot(found, arm) for arm in STEPS),
        notes=notes(f"{len(found)} seeds; intervals are from drawing seeds and prompts again."),
    )


def _copies_plot(found: Sequence[Curve], arm: StepRule) -> Plot:
    copies = [number for steps, number in found[0] if steps == arm]
    series = [
        _series(
            name,
            list(range(len(copies))),
            [over_seeds([one[arm, number][rate] for one in found]) for number in copies],
        )
        for rate, name in (("harm", "harm"), ("over_refusal", "over-refusal"), ("incoherent", "incoherent"))
    ]
    shown = ", ".join(map(str, copies))
    return Plot(
        f"Copies of safety data, steps {arm}",
        f"place in the list of copies: {shown}",
        "share of answers",
        series,
        x_range=(0, max(1, len(copies) - 1)),
    )


def correction_section(found: Sequence[Mapping[str, Corrected]], before: Sequence[Mapping[str, Doubles]]) -> Section:
    """Return what came of corrections.

    Args:
        found: for each seed by kind of critique.
        before: for each seed the rates of the answering model as it was.
    """
    kinds = list(found[0])
    return Section(
        key="correction",
        title="Corrections by their critiques",
        tables=(_made_safe(found, kinds), _tuned(found, kinds, before)),
        notes=notes(f"{len(found)} seeds; intervals are from drawing seeds and prompts again."),
    )


def _made_safe(found: Sequence[Mapping[str, Corrected]], kinds: Sequence[str]) -> ReportTable:
    def outcome(kind: str, version: str, what: str) -> list[Doubles]:
        return [one[kind].outcomes[version, what] for one in found]

    rows: list[Sequence[Cell]] = []
    for kind in kinds:
        safe = outcome(kind, "critique", "made safe")
        pairs = zip(safe, outcome("damaged", "critique", "made safe"), strict=True)
        gain = None if kind == "damaged" else points(over_seeds([one - other for one, other in pairs]))
        more = (_percent(outcome(kind, "critique", what)) for what in ("refused", "incoherent"))
        rows.append((kind, _percent(safe), gain, *more))
    safe_again, *more_again = (_percent(outcome(kinds[0], "again", what)) for what in OUTCOMES)
    rows.append(("asked again, no critique", safe_again, None, *more_again))
    header = ("Critique", "Made safe", "Over damaged", "Refused", "Incoherent")
    return text_table("Unsafe answers, corrected once", header, rows)


def _tuned(
    found: Sequence[Mapping[str, Corrected]], kinds: Sequence[str], before: Sequence[Mapping[str, Doubles]]
) -> ReportTable:
    rows: list[Sequence[Cell]] = [("none: as it was", "0", *_rates(before))]
    for kind in kinds:
        pairs = sum(one[kind].pairs for one in found) / len(found)
        rows.append((kind, f"{pairs:.0f}", *_rates([one[kind].tuned for one in found])))
    header = ("Preferences from", "Pairs", "Harm", "Over-refusal", "Refusal of harmful", "Incoherent")
    return text_table("The answering model, tuned on the preferences", header, rows)


def _rates(found: Sequence[Mapping[str, Doubles]]) -> tuple[Number, ...]:
    return tuple(_percent([one[rate] for one in found]) for rate in RATES)


def _percent(values: Sequence[Doubles]) -> Number:
    return percent(*numbers(over_seeds(values)))


def _series(name: str, places: Sequence[int], found: Sequence[Estimate]) -> Series:
    value, low, high = zip(*(numbers(one) for one in found), strict=True)
    return Series(name, list(zip(places, value, strict=True)), low=low, high=high)


def _range(series: Sequence[Series]) -> tuple[float, float]:
    """Return an axis in whole tenths that holds all intervals."""
    low = min(min(one.low) for one in series)
    high = max(max(one.high) for one in series)
    return max(0.0, int(low * 10) / 10), min(1.0, (int(high * 10) + 1) / 10)


def _size(arms: Mapping[str, Seeds]) -> str:
    seeds = next(iter(arms.values()))
    return f"{len(seeds)} seeds of {len(seeds[0]['M1']['f1'])} dialogues each"
