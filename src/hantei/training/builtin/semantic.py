"""Fitting the scores over sentence embeddings: two small networks, one for prompts and one for answers.

Linear scores know a source that they have not seen less well (docs/builtin.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Doubles, Integers
from hantei.judges.builtin.encoder import Vectors
from hantei.judges.builtin.semantic import SCALE, Network
from hantei.training.builtin.labels import TrainingLabels, distinct
from hantei.training.builtin.matrix import Matrix
from hantei.training.builtin.sources import CHAT_KINDS

MEANT = 5
_UNITS, _NETWORKS = 128, 2
_EPOCHS, _BATCH, _RATE, _DECAY = 6, 256, 2e-3, 0.05
_DROPPED_INPUTS, _DROPPED_UNITS = 0.2, 0.4
_COUNTS = np.array([1.0, 0.5, 0.3, 1.0])
"""How much what the answer gives, refuses, follows, and is as a remark count in the loss."""


@dataclass(frozen=True, slots=True)
class SemanticNetworks:
    """The network over prompts, with one score, and that over answers, with four."""

    prompt: Network
    answer: Network

    def scores(self, matrix: Matrix, rows: Integers) -> Doubles:
        """Return the scores (rows, 5) of some rows."""
        return np.hstack((self.prompt.scores(matrix.prompts[rows]), self.answer.scores(matrix.answers[rows])))


def _silent(inputs: int, scores: int) -> Network:
    """Return a network that gives zeros."""
    return Network(np.zeros((inputs + 1, 0), dtype=np.float16), np.zeros((1, scores), dtype=np.float16))


NO_SEMANTIC = SemanticNetworks(_silent(0, 1), _silent(0, MEANT - 1))
"""In place of networks where scores are there already."""


def fit_semantic(matrix: Matrix, labels: TrainingLabels, rows: Integers) -> SemanticNetworks:
    """Fit both networks on ``rows``; a score without labels stays at zero."""
    asked = distinct(rows[labels.intent[rows] >= 0], labels.prompt)
    prompt = _fit(matrix.prompts[asked], labels.intent[asked][:, None], _even(labels, asked)[:, None])
    goals = _goals(labels, rows[labels.answered[rows]])
    chosen = rows[labels.answered[rows]][(goals >= 0).any(axis=1)]
    weight = by_source(labels, chosen)[:, None] * _COUNTS
    return SemanticNetworks(prompt, _fit(matrix.answers[chosen], goals[(goals >= 0).any(axis=1)], weight))


def _goals(labels: TrainingLabels, rows: Integers) -> Integers:
    """Return what answers do (rows, 4): give what is risky, refuse, follow, offend as a remark; -1 where unknown."""
    remark = labels.kind[rows] < len(CHAT_KINDS)
    unsafe, refusal, action = labels.unsafe[rows], labels.refusal[rows], labels.action[rows]
    return np.column_stack(
        (
            np.where(~remark & (labels.intent[rows] != 0), unsafe, -1),
            np.where(refusal < 0, -1, refusal > 0),
            np.where(action < 0, -1, action == 5),
            np.where(remark, unsafe, -1),
        )
    )


def by_source(labels: TrainingLabels, rows: Integers) -> Doubles:
    """Return a weight for each row, by the size of its source to the power of -1/2, 1 in the mean."""
    return _weights([labels.source[rows], labels.language[rows]])


def _even(labels: TrainingLabels, rows: Integers) -> Doubles:
    """Return weights of prompts by source, intent and whether they are framed, risky and other ones alike in sum."""
    risky = labels.intent[rows] == 1
    weight = _weights([labels.source[rows], labels.language[rows], risky, labels.framed[rows]])
    for side in (risky, ~risky):
        weight[side] /= weight[side].sum() or 1.0
    out: Doubles = weight * len(rows) / 2
    return out


def _weights(keys: Sequence[NDArray[Any]]) -> Doubles:
    names = np.array(["\0".join(map(str, key)) for key in zip(*keys, strict=True)])
    _, place, counts = np.unique(names, return_inverse=True, return_counts=True)
    weight = counts[place].astype(np.float64) ** -0.5
    out: Doubles = weight / weight.mean() if len(weight) else weight
    return out


def _fit(vectors: Vectors, goals: Integers, weight: Doubles) -> Network:
    """Return a network for goals (rows, scores) of 0, 1 or -1 (unknown), by its cross-entropy with weights alike.

    Several are trained from different seeds; side by side they are one whose scores are their mean. One thread: the
    order of sums, and so the bytes, must not hang on the machine's cores.
    """
    import torch

    if not len(vectors):
        return _silent(vectors.shape[1], goals.shape[1])
    centre = SCALE * vectors.mean(axis=0, dtype=np.float64)
    inputs = torch.tensor((SCALE * vectors - centre).astype(np.float32))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=()):
            found = [_trained(seed, inputs, goals, weight) for seed in range(_NETWORKS)]
    finally:
        torch.set_num_threads(threads)
    hidden = np.hstack([np.vstack((table, intercept - centre @ table)) for table, intercept, _, _ in found])
    out = np.vstack([table for _, _, table, _ in found]) / _NETWORKS
    out = np.vstack((out, np.mean([last for _, _, _, last in found], axis=0)))
    out[:, (goals < 0).all(axis=0)] = 0
    return Network(hidden.astype(np.float16), out.astype(np.float16))


def _trained(seed: int, inputs: Any, goals: Integers, weight: Doubles) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Return table and intercept of the hidden layer, then of the scores: AdamW, one cycle of the rate, dropout."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Dropout(_DROPPED_INPUTS),
        nn.Linear(inputs.shape[1], _UNITS),
        nn.ReLU(),
        nn.Dropout(_DROPPED_UNITS),
        nn.Linear(_UNITS, goals.shape[1]),
    )
    wanted = torch.tensor(np.maximum(goals, 0), dtype=torch.float32)
    counts = torch.tensor(weight * (goals >= 0), dtype=torch.float32)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(inputs) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    loss = nn.BCEWithLogitsLoss(reduction="none")
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(inputs)).split(_BATCH):
            optimizer.zero_grad()
            ((loss(network(inputs[batch]), wanted[batch]) * counts[batch]).sum() / len(batch)).backward()
            optimizer.step()
            schedule.step()
    first, last = network[1], network[4]
    tables = (first.weight.T, first.bias, last.weight.T, last.bias)
    one, two, three, four = (table.detach().numpy().astype(np.float64) for table in tables)
    return one, two, three, four
