"""What is measured of how judges agree, as records that JSON holds."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from hantei.estimates import Estimate


class AgreementMeasure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measure; where its value or its interval is None, ``reason`` says why."""

    name: str
    estimate: Estimate
    reason: str = ""


class PairAgreement(Struct, frozen=True, kw_only=True):
    """How ``judge`` agrees with ``against`` on one head, on the ``n`` rows of which both said something.

    ``head`` is what is compared: ``unsafe``, ``action``, ``refusal``, ``score``, or ``label`` for labels of another
    kind. ``by`` names the part of the rows that it is of, empty for all of them. ``only_judge`` and ``only_against``
    count rows that only one of the two rated. ``confusion`` has a row for each of ``labels`` that ``against`` gave and
    a column for each that ``judge`` gave; both are empty where there are too many values for a table.
    """

    judge: str
    against: str
    head: str
    by: Mapping[str, str] = field(default_factory=dict)
    n: int
    only_judge: int = 0
    only_against: int = 0
    measures: tuple[AgreementMeasure, ...] = ()
    labels: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()

    def get(self, name: str) -> AgreementMeasure | None:
        """Return a measure by its name, None where it is not measured."""
        return next((one for one in self.measures if one.name == name), None)


class GroupAgreement(Struct, frozen=True, kw_only=True):
    """How all of ``judges`` agree on one head, on the ``n`` rows that two or more of them rated."""

    judges: tuple[str, ...]
    head: str
    by: Mapping[str, str] = field(default_factory=dict)
    n: int
    measures: tuple[AgreementMeasure, ...] = ()

    def get(self, name: str) -> AgreementMeasure | None:
        """Return a measure by its name, None where it is not measured."""
        return next((one for one in self.measures if one.name == name), None)


class Disagreement(Struct, frozen=True, kw_only=True):
    """One row on which judges differ: ``distance`` is the mean over pairs of them, from 0 to 1; ``said`` by judge.

    ``id`` is the response's, ``prompt`` and ``response`` are its texts as far as a list shows them.
    """

    head: str
    id: str
    system: str
    distance: float
    said: Mapping[str, str]
    prompt: str = ""
    response: str = ""


class Agreement(Struct, frozen=True, kw_only=True):
    """How judges agree: pair by pair, all together, and where they differ most; ``notes`` must be read beside it."""

    judges: tuple[str, ...]
    rows: int
    pairs: tuple[PairAgreement, ...]
    groups: tuple[GroupAgreement, ...]
    worst: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()
