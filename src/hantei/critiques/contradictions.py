"""Critiques that contradict their own label: the reason says harmless, the label unsafe, or the other way round."""

from __future__ import annotations

from collections.abc import Sequence

from hantei.critiques.critique import Critique
from hantei.metrics.intervals import wilson
from hantei.records import Rate
from hantei.stance import contradicts


def contradiction_rates(critiques: Sequence[Critique]) -> list[Rate]:
    """Return the share of critiques that contradict their label, by judge and language.

    The denominator are critiques that call the answer safe or unsafe and have a label; the others are counted apart.
    """
    groups: dict[tuple[str, str | None], list[Critique]] = {}
    for one in critiques:
        groups.setdefault((one.judge, one.language), []).append(one)
    return [_rate(judge, language, group) for (judge, language), group in groups.items()]


def _rate(judge: str, language: str | None, group: Sequence[Critique]) -> Rate:
    verdicts = [contradicts(one.text, one.unsafe, one.language) for one in group]
    n, hits = len([one for one in verdicts if one is not None]), verdicts.count(True)
    low, high = wilson(hits, n) if n else (None, None)
    unknown = {
        "no critique": sum(one.text is None for one in group),
        "no verdict": sum(one.text is not None and one.unsafe is None for one in group),
    }
    unknown["says neither safe nor unsafe"] = len(group) - n - sum(unknown.values())
    return Rate(
        metric="contradiction_rate",
        by={"judge": judge, **({"language": language} if language else {})},
        numerator=hits,
        denominator=n,
        no_verdict={why: count for why, count in unknown.items() if count},
        rate=hits / n if n else None,
        low=low,
        high=high,
        bound_low=hits / len(group),
        bound_high=(hits + len(group) - n) / len(group),
    )
