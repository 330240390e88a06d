"""A judge whose probabilities were scaled to a user's own labels: ``JUDGE?calibration=FILE``.

The file is what ``hantei calibrate`` writes. It holds for one version of one judge; another is refused. What it scales
decides anew: ``unsafe`` from one half on, the likeliest action and refusal.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hantei.errors import InputError, UsageError
from hantei.estimates import Estimate
from hantei.judges.around import JudgeAround
from hantei.judges.base import Ask, Judge, Pair
from hantei.records import Head, Judgment, Refusal

if TYPE_CHECKING:
    from hantei.arrays import Doubles
    from hantei.judges.profile import Profile

FORMAT = 1
_LARGEST = 10_000_000
"""Bytes of a calibration file; one with more is none."""


class Scaling(Struct, frozen=True, kw_only=True):
    """How one head's probabilities are scaled, and what that was worth on rows that it was not fitted on.

    ``kind``: ``line`` multiplies log probabilities by ``slope`` and adds ``intercepts`` (of two classes Platt's
    scaling); ``steps`` maps the probability of unsafe through ``knots`` (isotonic regression). ``n`` counts labelled
    rows by class.
    """

    head: Head
    kind: Literal["line", "steps"]
    classes: tuple[str, ...]
    n: dict[str, int]
    accuracy_before: Estimate
    accuracy: Estimate
    error_before: Estimate
    error: Estimate
    slope: float = 1.0
    intercepts: tuple[float, ...] = ()
    knots: tuple[tuple[float, float], ...] = ()


class FittedCalibration(Struct, frozen=True, kw_only=True):
    """A calibration file: of which judge (``card_hash`` tells its version), by whose labels, and a scaling a head."""

    format: int
    hantei: str
    created: str
    judge: str
    card_hash: str
    labels: str
    scalings: tuple[Scaling, ...]


def read_calibration(path: Path) -> FittedCalibration:
    """Return what a calibration file holds.

    Raises:
        UsageError: there is no such file.
        InputError: it is no calibration file, or of a newer version.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
        found = msgspec.json.decode(data, type=FittedCalibration)
    except OSError as error:
        raise UsageError(f"{path}: expected a file that hantei calibrate wrote: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected a file that hantei calibrate wrote: {error}") from None
    if found.format > FORMAT:
        raise InputError(f"{path}: was written by hantei {found.hantei}, which is newer: update hantei to read it")
    return found


def calibrated(judge: Judge, name: str, file: str) -> CalibratedJudge:
    """Return ``judge`` under ``name`` with its probabilities scaled as ``file`` says.

    Raises:
        UsageError: there is no such file, or it is of another judge or of another version of it.
        InputError: it is no calibration file.
    """
    path = Path(file)
    found = read_calibration(path)
    if found.card_hash != judge.card_hash:
        raise UsageError(
            f"--judge {name}: {path} was made for another judge or version ({found.judge}, card "
            f"{found.card_hash[:12]}; this is {judge.name}, card {judge.card_hash[:12]}): run hantei calibrate again"
        )
    digest = hashlib.sha256(judge.card_hash.encode() + path.read_bytes()).hexdigest()
    return CalibratedJudge(name, digest, judge, found)


@dataclass(frozen=True, slots=True)
class CalibratedJudge(JudgeAround):
    """A judge with its probabilities scaled; what has no probability passes as it is."""

    name: str
    card_hash: str
    inner: Judge
    calibration: FittedCalibration

    @property
    def profile(self) -> Profile | None:
        """What the judge's training answers look like, None where it does not know.

        What it was measured on no longer counts: its worth on answers like the labelled ones is in the calibration.
        """
        profile: Profile | None = getattr(self.inner, "profile", None)
        return None if profile is None else dataclasses.replace(profile, topics=None)

    def outline(self) -> dict[str, Any]:
        """Return what the judge says of itself, and by how many labels its probabilities were scaled."""
        about = self.inner.outline()
        counts = ", ".join(f"{one.head}: {sum(one.n.values()):,}" for one in self.calibration.scalings)
        line = f"its probabilities were scaled to labels of {self.calibration.labels} ({counts} answers)"
        return {**about, "notices": [*about.get("notices", ()), line]}

    async def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
        """Yield the judge's judgments, scaled."""
        async for judgment in self.inner.judge(pairs, ask):
            yield self.scaled(judgment)

    def scaled(self, judgment: Judgment) -> Judgment:
        """Return a judgment of the inner judge with its probabilities scaled and its verdicts drawn from them."""
        out = replace(judgment, judge=self.name, card_hash=self.card_hash)
        if judgment.status != "ok":
            return out
        for scaling in self.calibration.scalings:
            out = _scaled_head(out, scaling)
        return out


def shares_of(judgment: Judgment, head: Head, classes: Sequence[str]) -> list[float] | None:
    """Return a judgment's probabilities of a head by class, None where it gives none."""
    if head == "unsafe":
        return None if judgment.p_unsafe is None else [1 - judgment.p_unsafe, judgment.p_unsafe]
    given = judgment.probabilities.get(head)
    return [float(given.get(name, 0.0)) for name in classes] if given else None


def apply(scaling: Scaling, shares: Doubles) -> Doubles:
    """Return the probabilities (n, classes) that those of a judge become."""
    import numpy as np

    from hantei.metrics.calibration import apply_isotonic
    from hantei.metrics.scaling import LogitScaling, apply_line, logits_of

    if scaling.kind == "steps":
        unsafe = apply_isotonic(np.array(scaling.knots), shares[:, 1])
        return np.stack([1 - unsafe, unsafe], axis=1)
    return apply_line(LogitScaling(scaling.slope, scaling.intercepts), logits_of(shares))


def _scaled_head(judgment: Judgment, scaling: Scaling) -> Judgment:
    import numpy as np

    shares = shares_of(judgment, scaling.head, scaling.classes)
    if shares is None:
        return judgment
    new = np.round(apply(scaling, np.array([shares]))[0], 4)
    if scaling.head == "unsafe":
        unsafe = bool(new[1] >= 0.5)
        return replace(
            judgment, p_unsafe=float(new[1]), unsafe=unsafe, categories=judgment.categories if unsafe else ()
        )
    best = scaling.classes[int(new.argmax())]
    by_label: Mapping[str, float] = dict(zip(scaling.classes, new.tolist(), strict=True))
    heads = {**judgment.probabilities, scaling.head: by_label}
    if scaling.head == "action":
        return replace(judgment, probabilities=heads, action=int(best))
    return replace(judgment, probabilities=heads, refusal=cast(Refusal, best))
