from __future__ import annotations

import numpy as np
import pytest

from hantei.metrics.calibration import calibration_error


def test_the_calibration_error_is_the_gap_in_each_bin_by_its_rows() -> None:
    label = np.array([1, 0, 1, 1])
    probability = np.array([0.62, 0.68, 0.95, 1.0])
    # bin 0.6 to 0.7: |1 - 1.3|; bin 0.9 to 1: |2 - 1.95|; of 4 rows
    assert calibration_error(label, probability) == pytest.approx((0.3 + 0.05) / 4)
