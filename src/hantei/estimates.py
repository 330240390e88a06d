"""One number with its interval, and what is made of several: a judge's calibration and its agreement with a person."""

from __future__ import annotations

from msgspec import Struct


class Estimate(Struct, frozen=True, kw_only=True):
    """One number with its interval, whatever it is an estimate of.

    ``value`` is None where it is not defined (nothing to count), ``low`` and ``high`` where no interval is known; they
    are the ends of a 95% interval unless ``method``, which names how it was made, says otherwise. ``n`` is how many
    observations it stands on, so that a share has ``value * n`` hits.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: float = 0
    method: str = ""


class Bin(Struct, frozen=True, kw_only=True):
    """The answers whose probability lies from ``low`` to ``high``: their number, their mean probability, the share of
    which it is so, and its 95% interval (Wilson's).
    """

    low: float
    high: float
    n: int
    mean: float
    share: float
    share_low: float
    share_high: float


class CalibrationReading(Struct, frozen=True, kw_only=True):
    """How well one set of probabilities is calibrated: expected calibration error, Brier score, the bins."""

    error: Estimate
    brier: Estimate
    bins: tuple[Bin, ...]


class Calibration(Struct, frozen=True, kw_only=True):
    """The probabilities of ``n`` answers (``drawn_of`` so many, where only a draw was read), as judged and scaled.

    ``factor`` is what temperature scaling multiplies the logits by when it is fitted on all answers: below 1 the judge
    is too sure of itself. The scaled readings are out of fold, and None where there are not two prompts to fit and
    measure on.
    """

    n: int
    factor: float
    before: CalibrationReading
    after_temperature: CalibrationReading | None = None
    after_isotonic: CalibrationReading | None = None
    drawn_of: int | None = None


class UnsafeAgreement(Struct, frozen=True, kw_only=True):
    """A judge's verdicts against labels: what people call unsafe, and how the judge finds it; None is 0 of 0."""

    base_rate: Estimate
    accuracy: Estimate
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None


class ClassAgreement(Struct, frozen=True, kw_only=True):
    """A judge's action or refusal against labels; ``calibration`` is that of the likeliest one's probability."""

    n: int
    accuracy: Estimate
    macro_f1: Estimate
    calibration: Calibration | None = None


class SecondLooks(Struct, frozen=True, kw_only=True):
    """What people changed of their labels at a second look, in the ``arm`` in which a critique was shown or hidden.

    ``n`` second looks were taken, ``decided`` of them at answers of which it stands what is right. ``changed`` is the
    share whose verdict changed, ``towards`` and ``away`` are the shares that went over to the right one and left it, of
    the decided; None where there are none.
    """

    arm: str
    n: int
    decided: int
    changed: Estimate | None
    towards: Estimate | None
    away: Estimate | None


class AgainstPerson(Struct, frozen=True, kw_only=True):
    """How a judge does ``against`` a person, on the ``n`` answers of which both said something.

    ``no_verdict`` counts labelled answers that the judge calls neither unsafe nor safe, ``in_training`` those of the n
    that the judge was trained on. ``p_unsafe`` is the calibration of its probability of unsafe. What cannot be measured
    is None.
    """

    judge: str
    against: str
    n: int
    no_verdict: int = 0
    in_training: int = 0
    unsafe: UnsafeAgreement | None = None
    p_unsafe: Calibration | None = None
    action: ClassAgreement | None = None
    refusal: ClassAgreement | None = None
