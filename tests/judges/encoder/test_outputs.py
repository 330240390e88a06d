"""What logits mean: classes by head, temperature, several windows."""

from __future__ import annotations

import numpy as np
import pytest

from hantei.arrays import Doubles
from hantei.judges.encoder.heads import slices, width
from hantei.judges.encoder.outputs import OutputHead, joined, log_probabilities, trained_heads


def test_heads_stand_side_by_side() -> None:
    assert slices(("refusal", "unsafe")) == {"refusal": slice(0, 3), "unsafe": slice(3, 5)}
    assert width(("unsafe", "action", "refusal")) == 11


def test_the_temperature_divides_the_logits_of_its_head() -> None:
    logits = np.array([[0.0, 2.0, 1.0, 1.0, 1.0]], dtype=np.float32)
    found = log_probabilities(logits, trained_heads(("unsafe", "refusal"), {"unsafe": 2.0}))
    assert np.exp(found["unsafe"][0, 1]) == pytest.approx(1 / (1 + np.exp(-1)))
    assert np.exp(found["refusal"]) == pytest.approx(np.full((1, 3), 1 / 3))


def test_outputs_of_one_class_are_added() -> None:
    head = OutputHead("action", slice(0, 7), ("0", "1", "2", "3", "4", "4", "5"))
    logits = np.log(np.array([[0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.1]])).astype(np.float32)
    found = np.exp(log_probabilities(logits, [head])["action"])
    assert found == pytest.approx(np.array([[0.1, 0.1, 0.1, 0.1, 0.5, 0.1]]), abs=1e-6)


def logs(*rows: tuple[float, ...]) -> Doubles:
    found: Doubles = np.log(np.array(rows))
    return found


def test_a_pair_is_its_most_unsafe_window_in_every_head() -> None:
    found = {
        "unsafe": logs((0.9, 0.1), (0.2, 0.8), (0.2, 0.8), (0.6, 0.4)),
        "refusal": logs((0.1, 0.1, 0.8), (0.7, 0.2, 0.1), (0.1, 0.8, 0.1), (0.3, 0.3, 0.4)),
    }
    merged = joined(found, [0, 0, 0, 1], [10, 10, 1, 5])
    assert np.exp(merged["unsafe"]) == pytest.approx(np.array([[0.2, 0.8], [0.6, 0.4]]))
    assert np.exp(merged["refusal"])[0] == pytest.approx([0.7, 0.2, 0.1])


def test_without_the_head_unsafe_windows_are_averaged_by_tokens() -> None:
    merged = joined({"refusal": logs((0.8, 0.1, 0.1), (0.2, 0.4, 0.4))}, [0, 0], [30, 10])
    powers = np.array([0.8**0.75 * 0.2**0.25, 0.1**0.75 * 0.4**0.25, 0.1**0.75 * 0.4**0.25])
    assert np.exp(merged["refusal"][0]) == pytest.approx(powers / powers.sum())
