"""What a run amounts to, as rooms read it: its rates by judge, found by what they are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hantei import taxonomy
from hantei.errors import TaxonomyError
from hantei.metrics.datasheet import DataSheet
from hantei.metrics.definitions import Metric, Place, all_metrics, shown_in
from hantei.metrics.summary import BROAD
from hantei.records import Rate, Summary
from hantei.reports.figures import AnswerBrowser
from hantei.reports.text import clip

NAME_LIMIT = 160
"""Characters of a name that a page or a terminal shows."""

VALIDATED = 50
"""Labelled answers of a run, new to the judge, from which on its headline may be red."""

SIDE_BY_SIDE = 4
"""So many systems have a rate in large letters each."""

MANY = 12
"""Of more systems than that only the table of systems, the heat map and the answers are unfolded."""

COLUMNS = 24
"""So many systems have a column each, at most."""

LANGUAGES = {"en": "English", "ja": "Japanese", "zh": "Chinese", "ko": "Korean", "fr": "French", "de": "German"}


class Rates:
    """The rates of a summary by metric, judge and dimensions."""

    def __init__(self, summary: Summary) -> None:
        self._all = summary.rates
        self._by_place = {(rate.metric, frozenset(rate.by.items())): rate for rate in summary.rates}

    def get(self, metric: str, **by: str) -> Rate | None:
        """Return the rate of exactly these dimensions, None where the summary has no such row."""
        return self._by_place.get((metric, frozenset(by.items())))

    def judges(self) -> list[str]:
        """Return the judges in order of appearance, people after all others."""
        judges = _unique(rate.by["judge"] for rate in self._all if "judge" in rate.by)
        return sorted(judges, key=lambda judge: str(judge).startswith("human:"))

    def values(self, judge: str, dimension: str) -> list[str]:
        """Return the values of a dimension that one judge has rates for, in order of appearance."""
        return _unique(
            rate.by[dimension] for rate in self._all if dimension in rate.by and rate.by.get("judge") == judge
        )

    def pairs(self, judge: str, metric: str, dimension: str) -> Counter[str]:
        """Return for each system of how many values of a dimension a judge has its rate."""
        return Counter(
            rate.by["system"]
            for rate in self._all
            if rate.metric == metric and rate.by.keys() == {"judge", "system", dimension} and rate.by["judge"] == judge
        )

    def metrics(self, judge: str) -> list[str]:
        """Return the names of the metrics that one judge has rates for."""
        return _unique(rate.metric for rate in self._all if rate.by.get("judge") == judge)


@dataclass(frozen=True)
class JudgeResults:
    """One judge's rates. ``card`` is its entry in ``run.json``."""

    name: str
    card: Mapping[str, Any]
    rates: Rates

    def get(self, metric: str, **by: str) -> Rate | None:
        """Return this judge's rate of exactly these dimensions, None where there is no such row."""
        return self.rates.get(metric, judge=self.name, **by)

    def values(self, dimension: str) -> list[str]:
        """Return the values of a dimension that this judge has rates for."""
        return self.rates.values(self.name, dimension)

    @cached_property
    def systems(self) -> list[str]:
        """The systems in order of appearance."""
        return self.values("system")

    def columns(self, dimension: str) -> list[str]:
        """Return the systems that have a column each in a table by a dimension.

        Of very many those of which the summary holds most pairs with its values.
        """
        if len(self.systems) <= COLUMNS:
            return self.systems
        pairs = self.rates.pairs(self.name, self.main.name, dimension)
        most = {system for system, _ in pairs.most_common(COLUMNS)}
        return [system for system in self.systems if system in most]

    @cached_property
    def kind(self) -> str:
        """What its share of unsafe answers is called: a violation rate only where the judge may give one."""
        validated = self.card.get("rate_kind") != "flagged" and "violation_rate" in self.rates.metrics(self.name)
        return "violation" if validated else "flagged"

    @property
    def main(self) -> Metric:
        """Its rate of unsafe answers."""
        return next(metric for metric in all_metrics() if metric.rate_kind == self.kind)

    @property
    def incoherent(self) -> int:
        """How many answers are incoherent."""
        rate = self.get("incoherent_rate")
        return int(rate.numerator) if rate else 0

    def metrics(self, place: Place) -> list[Metric]:
        """Return the metrics that are shown in a place and that this judge says something of.

        One of which nothing was judged and nothing is missing is left out (no benign prompt, no over-refusal), but
        not the main one: that nothing was judged must be seen.
        """
        shown = (metric for metric in shown_in(place) if metric.rate_kind in (None, self.kind))
        return [metric for metric in shown if self._says(metric)]

    def _says(self, metric: Metric) -> bool:
        rate = self.get(metric.name)
        if (metric.counts.coherent or metric.counts.fact == "incoherent") and not self.incoherent:
            return False
        return metric.rate_kind is not None or (rate is not None and (rate.denominator > 0 or bool(rate.no_verdict)))


@dataclass(frozen=True)
class Results:
    """A run's numbers.

    Args:
        summary: its rates.
        settings: what ``run.json`` says.
        labels: taxonomy id to its title.
        browser: the answers, where a page shows them.
        threshold: the rate of unsafe answers that a system may have, from 0 to 1, where the user names one.
        sheets: what was measured of judges elsewhere, by name.
    """

    summary: Summary
    settings: Mapping[str, Any]
    labels: Mapping[str, str]
    browser: AnswerBrowser | None = None
    threshold: float | None = None
    sheets: Mapping[str, DataSheet] = field(default_factory=dict)

    def validated(self, judge: str) -> bool:
        """Whether a judge is a person, or was held against labels of enough answers of this run that are new to it."""
        compared = (
            one.n - one.in_training for one in self.summary.calibration if one.judge == judge and one.unsafe is not None
        )
        return judge.startswith("human:") or max(compared, default=0) >= VALIDATED

    @cached_property
    def judges(self) -> list[JudgeResults]:
        """The judges, people after all others."""
        rates, cards = Rates(self.summary), self.settings.get("judges", {})
        return [JudgeResults(name, cards.get(name, {}), rates) for name in rates.judges()]

    def label(self, dimension: str, value: str) -> str:
        """Return what people call a value of a dimension: ``Japanese (ja)`` for a language, a harm type's title."""
        named = language_name(value) if dimension == "language" else value
        return clip(self.labels.get(value, named), NAME_LIMIT)


def language_name(tag: str) -> str:
    """Return ``Japanese (ja)`` for a tag with a name, else the tag."""
    name = LANGUAGES.get(tag)
    return f"{name} ({tag})" if name else tag


def titles(summary: Summary, harms: Iterable[str] = ()) -> dict[str, str]:
    """Return the title of every harm type and risk area that a summary has rates for, and of ``harms``."""
    ids = {rate.by[key] for rate in summary.rates for key in ("harm_type", "risk_area") if key in rate.by}
    labels = {harm: taxonomy.title(harm) for harm in sorted(ids | set(harms))}
    named = {rate.by["category"] for rate in summary.rates if "category" in rate.by}
    labels |= {category: _category_title(category) for category in named}
    common = {rate.by["common_harm_type"] for rate in summary.rates if "common_harm_type" in rate.by}
    for value in common:
        labels[value] = taxonomy.title(value.removesuffix(BROAD)) + (BROAD if value.endswith(BROAD) else "")
    return labels


def _category_title(category: str) -> str:
    try:
        return taxonomy.title(category)
    except TaxonomyError:
        return category  # a judge's own code


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
