"""Whether probabilities mean what they say."""

from __future__ import annotations

import numpy as np

from hantei.metrics.classification import Doubles, Labels


def calibration_error(label: Labels, probability: Doubles, bins: int = 10) -> float:
    """Return the expected calibration error of probabilities of label 1, in bins of equal width (arXiv 1706.04599)."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = np.abs(np.bincount(place, label - probability, bins))
    return float(gaps.sum() / len(label))
