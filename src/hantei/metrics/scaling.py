"""Scaling a judge's probabilities to people's labels: logits times a slope, plus an intercept for each class.

For two classes this is Platt's scaling (1999), for more it is vector scaling with one slope (arXiv 1706.04599,
section 4.2). Rows may weigh differently, as where they were chosen with different chances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hantei.arrays import Doubles, Flags, Integers, softmax

_STEPS = 100
_CLOSE = 1e-9
_SURE = 1e-6
_SLOPE_PRECISION, _INTERCEPT_PRECISION = 1.0, 0.25
"""A prior of normal distributions around a judge that needs no scaling: slope 1 +- 1, intercepts 0 +- 2. With ten rows
it keeps a slope finite where the judge makes no mistake; with a hundred it says next to nothing."""


@dataclass(frozen=True, slots=True)
class LogitScaling:
    """What logits (n, classes) are multiplied by, and what is added to those of each class."""

    slope: float
    intercepts: tuple[float, ...]


def fit_line(logits: Doubles, label: Integers, weight: Doubles, free: Flags) -> LogitScaling:
    """Return the line under which labels are most likely, with a weak prior on leaving the logits alone.

    Args:
        logits: of each class, such as log probabilities (n, classes).
        label: the class, from 0 (n,).
        weight: of each row, above 0 (n,).
        free: classes whose intercept is fitted; the first of them and all others stay at 0 (classes,).
    """
    fitted = np.flatnonzero(free)[1:]
    design = np.zeros((*logits.shape, 1 + len(fitted)))
    design[:, :, 0] = logits
    design[:, fitted, 1 + np.arange(len(fitted))] = 1.0
    prior = np.array([1.0, *[0.0] * len(fitted)])
    precision = np.array([_SLOPE_PRECISION, *[_INTERCEPT_PRECISION] * len(fitted)])
    weight = weight / weight.mean()
    found = prior.copy()
    loss = _loss(design, label, weight, found, prior, precision)
    for _ in range(_STEPS):
        step = _newton(design, label, weight, found, prior, precision)
        size = 1.0
        while (new := _loss(design, label, weight, found - size * step, prior, precision)) > loss and size > _CLOSE:
            size /= 2
        if loss - new < _CLOSE:
            break
        found, loss = found - size * step, new
    intercepts = np.zeros(logits.shape[1])
    intercepts[fitted] = found[1:]
    return LogitScaling(float(found[0]), tuple(intercepts.tolist()))


def _loss(design: Doubles, label: Integers, weight: Doubles, at: Doubles, prior: Doubles, precision: Doubles) -> float:
    logits = design @ at
    logits = logits - logits.max(axis=1, keepdims=True)
    missed = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(label)), label]
    return float(weight @ missed + 0.5 * precision @ (at - prior) ** 2)


def _newton(
    design: Doubles, label: Integers, weight: Doubles, at: Doubles, prior: Doubles, precision: Doubles
) -> Doubles:
    shares = softmax(design @ at)
    mean = np.einsum("nk,nkm->nm", shares, design)
    slope = weight @ (mean - design[np.arange(len(label)), label]) + precision * (at - prior)
    square = np.einsum("n,nk,nkm,nkl->ml", weight, shares, design, design)
    curve = square - np.einsum("n,nm,nl->ml", weight, mean, mean) + np.diag(precision)
    step: Doubles = np.linalg.solve(curve, slope)
    return step


def apply_line(line: LogitScaling, logits: Doubles) -> Doubles:
    """Return the probabilities (n, classes) that logits become."""
    return softmax(line.slope * logits + np.array(line.intercepts))


def logits_of(shares: Doubles) -> Doubles:
    """Return the logarithms of probabilities (n, classes); none is taken to be nearer to 0 than a millionth."""
    logits: Doubles = np.log(np.clip(shares, _SURE, 1.0))
    return logits
