"""The kinds of NumPy arrays by what they hold, as docstrings name them with their shapes, softmax and log odds.

It imports NumPy, so a module that must stay light imports it for types only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
"""Whole numbers: classes, counts, numbers of rows or of prompts."""

Flags = NDArray[np.bool_]


def softmax(values: Doubles) -> Doubles:
    """Return probabilities (n, classes) that are proportional to exp(values) and sum to 1 in each row."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    out: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return out


def log_odds_of(chances: Doubles) -> Doubles:
    """Return the log odds of probabilities; 0 and 1 are taken to be a millionth of a millionth away from themselves."""
    out: Doubles = np.log(chances + 1e-12) - np.log1p(1e-12 - chances)
    return out
