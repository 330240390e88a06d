"""The kinds of NumPy arrays by what they hold; their shapes stand in docstrings, as ``(n, classes)``.

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
