"""``--fail-if 'violation_rate[language=ja].high > 2%'``: a condition on the summary, for continuous integration.

    METRIC[BY=VALUE,BY=VALUE].FIELD > NUMBER

The brackets and the field may be left out. Where no judge or no system is named the condition holds if it holds for
any, or for all systems together. A value with a comma, a bracket, a quote or a space at an end stands in double
quotes, in which a quote or a backslash has a backslash before it. A number may be a percentage.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import typer

from hantei.cards import did_you_mean
from hantei.cli.output import warn
from hantei.errors import UsageError
from hantei.metrics.definitions import Metric, all_metrics, named
from hantei.records import INTENTS, Rate, Summary

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_SHARES = ("rate", "low", "high", "bound_low", "bound_high")
_FIELDS = (*_SHARES, "numerator", "denominator")
_ALWAYS = ("judge", "system")
"""What every rate may be named by, besides what its metric is reported by."""

_SIDES = ("judge", "first", "second")
"""The same of a difference."""

_PREFIX = "difference."

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?%?"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BY = rf'(\w+)\s*=\s*({_QUOTED}|[^\s",\[\]](?:[^",\[\]]*[^\s",\[\]])?)'
_BYS = re.compile(rf"\s*{_BY}\s*(?:,|\Z)", re.DOTALL)
_SHAPE = re.compile(
    rf"\s*(\w+)\s*(?:\[((?:{_QUOTED}|[^\"\[\]])*)\])?\s*(?:\.\s*(\w+))?\s*(>=|<=|>|<)\s*({_NUMBER})\s*", re.DOTALL
)
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class ConditionParts:
    """What stands in a condition: ``NAME[BY=VALUE].FIELD SIGN NUMBER``; ``field`` is empty where it was left out."""

    name: str
    by: Mapping[str, str]
    field: str
    sign: str
    number: str


def condition_parts(text: str) -> ConditionParts | None:
    """Return the pieces of a condition, None where it is not of that form."""
    match = _SHAPE.fullmatch(text)
    by = by_values(match[2] or "") if match else None
    if match is None or by is None:
        return None
    return ConditionParts(match[1], by, match[3] or "", match[4], match[5])


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one field of one metric with a number; ``by`` is what the rate is named by."""

    text: str
    metric: str
    by: Mapping[str, str]
    field: str
    sign: str
    limit: float

    def held(self, summary: Summary) -> list[str]:
        """Return, for each judge and system for which the condition holds, what it holds for.

        Raises:
            UsageError: the run has no such rate, or nothing was judged: a check that cannot fail must not pass.
        """
        rates = self._rates(summary)
        if not rates:
            raise UsageError(f"--fail-if '{self.text}': {self._what_there_is(summary)}")
        return [self._said(rate, value) for rate, value in self._values(rates) if self._holds(value)]

    def _rates(self, summary: Summary) -> list[Rate]:
        """Return the rates that the condition is about: of any judge and system, where it names none."""
        rates = [rate for rate in summary.rates if rate.metric == self.metric and rate.by == self._named_like(rate)]
        systems = {rate.by.get("system") for rate in rates} - {None}
        if "system" not in self.by and len(systems) == 1:  # its rate is that of all systems
            rates = [rate for rate in rates if "system" not in rate.by]
        return rates

    def _named_like(self, rate: Rate) -> dict[str, str]:
        return {key: rate.by[key] for key in (*_ALWAYS, *_SIDES) if key in rate.by} | dict(self.by)

    def _values(self, rates: Iterable[Rate]) -> Iterator[tuple[Rate, float]]:
        for rate in rates:
            value = getattr(rate, self.field)
            if value is not None:
                yield rate, value
            elif "system" in self.by or not (_is_person(rate) and "system" in rate.by):
                raise UsageError(f"--fail-if '{self.text}': {self._why_none(rate)}")

    def _why_none(self, rate: Rate) -> str:
        metric = named(self.metric)
        intents = [str(intent) for intent in metric.intents if intent] if metric else []
        if intents and not rate.denominator and not sum(rate.no_verdict.values()):
            return (
                f"it counts prompts whose intent is {' or '.join(intents)}, and there is none: add a column 'intent' "
                f"({', '.join(INTENTS)}), or name the --benchmark whose ids the rows carry"
            )
        return f"{_whose(rate)} judged nothing, so there is no rate"

    def _holds(self, value: float) -> bool:
        return OPERATORS[self.sign](value, self.limit)

    def _said(self, rate: Rate, value: float) -> str:
        return f"{_whose(rate)}: {self.metric}.{self.field} = {value:.4g} {self.sign} {self.limit:g}"

    def _what_there_is(self, summary: Summary) -> str:
        rates = [rate for rate in summary.rates if rate.metric == self.metric]
        if not rates:
            has = ", ".join(sorted({rate.metric for rate in summary.rates}))
            return f"this run has no {self.metric}; it has {has or 'no rates'}"
        for key, value in self.by.items():
            known = list(dict.fromkeys(rate.by[key] for rate in rates if key in rate.by))
            if value not in known:
                there = f"{_choices(key, known)}{did_you_mean(value, known)}"
                return f"this run has no {self.metric} with {key}={quoted(value)}; {there}"
        together = " and ".join(f"{key}={quoted(value)}" for key, value in self.by.items())
        return f"this run has no {self.metric} with {together} together"


def parse(text: str) -> Condition:
    """Return the condition that ``text`` says.

    Raises:
        UsageError: it is not of the form ``METRIC[BY=VALUE].FIELD > NUMBER``, or names what no rate is named by.
    """
    condition = _parse(text, text, _ALWAYS)
    if condition.field in _SHARES and not any(condition._holds(end) for end in (0.0, 1.0)):
        warn(
            f"--fail-if '{text}' never holds: a {condition.field} is a share from 0 to 1, which can be written as in 2%"
        )
    return condition


def parse_difference(text: str) -> Condition:
    """Return the condition on a difference, second less first, that ``text`` says: ``difference.METRIC.low > 0``.

    Raises:
        UsageError: it does not begin with ``difference.``, or what follows is no condition as ``parse`` reads it.
    """
    if not text.strip().startswith(_PREFIX):
        raise UsageError(
            f"--fail-if '{text}': expected difference.METRIC.FIELD > NUMBER: what is compared has no rates"
        )
    condition = _parse(text, text.strip().removeprefix(_PREFIX), _SIDES)
    if condition.field in _SHARES and not any(condition._holds(end) for end in (-1.0, 1.0)):
        warn(f"--fail-if '{text}' never holds: a difference is from -1 to 1, which can be written as in 2%")
    return replace(condition, metric=_PREFIX + condition.metric)


def _parse(text: str, said: str, always: tuple[str, ...]) -> Condition:
    """Return what ``said``, the whole or a part of ``text``, says; every rate may be named by ``always``."""
    match = _SHAPE.fullmatch(said)
    metric = named(match[1]) if match else None
    field = (match[3] or "rate") if match else ""
    if match is None or metric is None or field not in _FIELDS:
        raise UsageError(
            f"--fail-if '{text}': expected METRIC.FIELD > NUMBER or METRIC[BY=VALUE].FIELD > NUMBER with METRIC one of "
            f"{', '.join(sorted(metric.name for metric in all_metrics()))} and FIELD one of {', '.join(_FIELDS)}"
            f"{_meant(match, metric, field)}"
        )
    by = _parse_by(text, metric, match[2], always)
    return Condition(text, metric.name, by, field, match[4], _number(text, field, match[5]))


def _meant(match: re.Match[str] | None, metric: Metric | None, field: str) -> str:
    """Return what was meant where a metric's or a field's name has a slip."""
    if match is None:
        return ""
    if metric is None:
        return did_you_mean(match[1], [one.name for one in all_metrics()])
    return did_you_mean(field, _FIELDS)


def exit_if(held: Sequence[str]) -> None:
    """Say what each condition that held holds for, and exit with 3 if there is one.

    Raises:
        typer.Exit: one held.
    """
    for line in held:
        warn(f"--fail-if held: {line}")
    if held:
        raise typer.Exit(3)


def quoted(value: str) -> str:
    """Return a value as it stands in the brackets: in quotes where it has to be."""
    plain = re.fullmatch(_BY, f"x={value}", re.DOTALL)
    if plain and plain[2] == value and not value.startswith('"'):
        return value
    escaped = re.sub(r'(["\\])', r"\\\1", value)
    return f'"{escaped}"'


def _parse_by(text: str, metric: Metric, inside: str | None, always: tuple[str, ...]) -> dict[str, str]:
    """Return what stands in the brackets.

    Args:
        text: the whole condition, for messages.
        metric: what its rates are by.
        inside: what stands in the brackets, None where there are none.
        always: what every rate may be named by.
    """
    known = (*always, *metric.by, *([metric.counts.fact] if metric.each else []))
    by = by_values(inside or "")
    if by is None or not by.keys() <= {*known}:
        hint = did_you_mean(next(iter(by.keys() - {*known})), known) if by else ""
        raise UsageError(
            f"--fail-if '{text}': expected BY=VALUE, once each, in the brackets of {metric.name}, with BY one of "
            f'{", ".join(known)}; a value with a comma, bracket or quote stands in "double quotes"{hint}'
        )
    dimensions = [key for key in by if key in metric.by]
    if len(dimensions) > 1:
        raise UsageError(f"--fail-if '{text}': rates are by one of {', '.join(metric.by)}, not by several at once")
    if metric.each and metric.counts.fact not in by:
        fact = metric.counts.fact
        raise UsageError(f"--fail-if '{text}': {metric.name} is a rate for each {fact}: add [{fact}=VALUE]")
    return by


def by_values(inside: str) -> dict[str, str] | None:
    """Return what ``BY=VALUE, BY=VALUE`` says, None where it is not of that form or says one thing twice."""
    by: dict[str, str] = {}
    at = 0
    while at < len(inside.rstrip()):
        match = _BYS.match(inside, at)
        if match is None or match[1] in by:
            return None
        by[match[1]] = _unquoted(match[2])
        at = match.end()
    return by


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL) if value.startswith('"') else value


def as_number(number: str) -> float:
    """Return the number that a condition names; ``2%`` is 0.02."""
    return float(number[:-1]) / 100 if number.endswith("%") else float(number)


def _number(text: str, field: str, number: str) -> float:
    if number.endswith("%") and field not in _SHARES:
        raise UsageError(f"--fail-if '{text}': {field} is a count, got the share {number}")
    return as_number(number)


def _is_person(rate: Rate) -> bool:
    """Whether a person judged: nobody labels every system."""
    return rate.by["judge"].startswith("human:")


def _whose(rate: Rate) -> str:
    more = ", ".join(f"{key}={quoted(value)}" for key, value in rate.by.items() if key != "judge")
    return rate.by["judge"] + (f" [{more}]" if more else "")


def _choices(key: str, known: list[str]) -> str:
    if not known:
        return f"no prompt or answer has a {key}"
    more = f" and {len(known) - _MOST_NAMED:,} more" if len(known) > _MOST_NAMED else ""
    return f"{key} is one of {', '.join(map(quoted, known[:_MOST_NAMED]))}{more}"
