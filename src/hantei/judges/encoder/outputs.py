"""From the output of a classifier to what it says of each answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hantei.arrays import Doubles, Floats
from hantei.judges.encoder.heads import HEADS, slices

_LEAST = 1e-12
"""Stands for a probability of 0 where its logarithm is needed: a class that a classifier does not have."""


@dataclass(frozen=True, slots=True)
class OutputHead:
    """Which columns of the output belong to a head, and the class that each of them stands for.

    Several columns may stand for one class: their probabilities are added. ``temperature`` divides the logits.
    """

    name: str
    columns: slice
    classes: tuple[str, ...]
    temperature: float = 1.0


def trained_heads(names: Sequence[str], temperature: Mapping[str, float]) -> tuple[OutputHead, ...]:
    """Return the heads of an encoder that hantei trained."""
    return tuple(
        OutputHead(name, columns, HEADS[name], temperature.get(name, 1.0)) for name, columns in slices(names).items()
    )


def log_probabilities(logits: Floats, heads: Sequence[OutputHead]) -> dict[str, Doubles]:
    """Return the log-probabilities (rows, classes of the head) by head; classes are those of ``HEADS``, in order."""
    return {head.name: _of_head(logits[:, head.columns].astype(np.float64), head) for head in heads}


def _of_head(logits: Doubles, head: OutputHead) -> Doubles:
    scaled = logits / head.temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    chances = powers / powers.sum(axis=1, keepdims=True)
    known = HEADS[head.name]
    merging = np.zeros((len(head.classes), len(known)))
    merging[range(len(head.classes)), [known.index(label) for label in head.classes]] = 1
    out: Doubles = np.log(np.maximum(chances @ merging, _LEAST))
    return out


def joined(found: Mapping[str, Doubles], owner: Sequence[int], answered: Sequence[int]) -> dict[str, Doubles]:
    """Return one row a pair from one row a window.

    Where there is a head ``unsafe``, a pair is what its window with the highest probability of unsafe is, in every
    head; of equals the first counts. Else it is the mean of the windows' log-probabilities, weighted by how many tokens
    of the answer each holds, made to sum to 1 again.

    Args:
        found: log-probabilities by head, a row for each window.
        owner: the number of the pair that each window belongs to, rising by steps of 0 or 1 from 0.
        answered: tokens of the answer in each window.
    """
    owners = np.array(owner)
    if len(owners) == owners[-1] + 1:
        return dict(found)
    if "unsafe" in found:
        order = np.lexsort((np.arange(len(owners)), -found["unsafe"][:, 1], owners))
        kept = order[np.unique(owners[order], return_index=True)[1]]
        return {name: head[kept] for name, head in found.items()}
    weight = np.maximum(np.array(answered, dtype=np.float64), 1)[:, None]
    starts = np.unique(owners, return_index=True)[1]
    total = np.add.reduceat(weight, starts)
    means = {name: np.add.reduceat(head * weight, starts) / total for name, head in found.items()}
    return {name: mean - np.log(np.exp(mean).sum(axis=1, keepdims=True)) for name, mean in means.items()}
