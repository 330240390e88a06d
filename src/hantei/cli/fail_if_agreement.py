"""``--fail-if 'kappa[head=action].low < 0.6'`` on agreement.

    MEASURE[BY=VALUE,BY=VALUE].FIELD < NUMBER

In the brackets stand ``head``, ``judge``, ``against`` and what rows were divided by; what is left out may be any, but
a condition that names no part is about all rows together. It holds if it holds for one of the pairs, or of the groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hantei.cli.fail_if import OPERATORS, ConditionParts, as_number, condition_parts
from hantei.errors import UsageError
from hantei.metrics.agreement.results import AgreementMeasure, GroupAgreement, PairAgreement
from hantei.reports.rooms.agreement import MEASURES

_FIELDS = ("value", "low", "high", "n")
_NAMED = ("head", "judge", "against")

Compared = Sequence[PairAgreement | GroupAgreement]


@dataclass(frozen=True, slots=True)
class AgreementCondition:
    """A comparison of one field of one measure with a number."""

    text: str
    measure: str
    by: Mapping[str, str]
    field: str
    sign: str
    limit: float


def parse(text: str) -> AgreementCondition:
    """Return the condition that ``text`` says.

    Raises:
        UsageError: it is not of the form ``MEASURE[BY=VALUE].FIELD < NUMBER``, or there is no such measure.
    """
    found: ConditionParts | None = condition_parts(text)
    field = (found.field or "value") if found else ""
    if found is None or found.name not in MEASURES or field not in _FIELDS:
        raise UsageError(
            f"--fail-if '{text}': expected MEASURE.FIELD < NUMBER with MEASURE one of {', '.join(MEASURES)} and FIELD "
            f"one of {', '.join(_FIELDS)}"
        )
    return AgreementCondition(text, found.name, found.by, field, found.sign, as_number(found.number))


def held(condition: AgreementCondition, found: Compared) -> list[str]:
    """Return, for each pair or group for which the condition holds, what it holds for.

    Raises:
        UsageError: nothing of that name was measured, or it has no number: a check that cannot fail must not pass.
    """
    out, seen = [], False
    for who, measure in _measures(condition, found):
        seen = True
        value = getattr(measure.estimate, condition.field)
        if value is None:
            raise UsageError(f"--fail-if '{condition.text}': {who} has no {condition.field}: {measure.reason}")
        if OPERATORS[condition.sign](value, condition.limit):
            out.append(
                f"{who}: {condition.measure}.{condition.field} = {value:.4g} {condition.sign} {condition.limit:g}"
            )
    if not seen:
        raise UsageError(f"--fail-if '{condition.text}': no {condition.measure} was measured of these; see --json")
    return out


def _measures(condition: AgreementCondition, found: Compared) -> Iterator[tuple[str, AgreementMeasure]]:
    for one in found:
        if _is_meant(condition.by, one):
            yield from ((_who(one), measure) for measure in one.measures if measure.name == condition.measure)


def _is_meant(by: Mapping[str, str], one: PairAgreement | GroupAgreement) -> bool:
    own = {name: getattr(one, name, None) for name in _NAMED}
    parts = {name: value for name, value in by.items() if name not in _NAMED}
    return parts == dict(one.by) and all(own[name] == by[name] for name in _NAMED if name in by)


def _who(one: PairAgreement | GroupAgreement) -> str:
    who = f"{one.judge} against {one.against}" if isinstance(one, PairAgreement) else ", ".join(one.judges)
    more = ", ".join([one.head, *(f"{name}={value}" for name, value in one.by.items())])
    return f"{who} [{more}]"
