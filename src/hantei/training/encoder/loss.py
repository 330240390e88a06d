"""The loss of several heads on rows of which each head may know only some labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from hantei.arrays import Integers
from hantei.judges.encoder.heads import HEADS, slices
from hantei.training.encoder.options import TrainOptions
from hantei.training.encoder.rows import class_counts


@dataclass(frozen=True, slots=True)
class MaskedLoss:
    """The sum over heads of the mean loss of the rows that have the head's label.

    ``weights`` holds, by head, what a row of each class counts (classes,). ``gamma`` is the power of the focal loss,
    (1 - p) ** gamma * -log(p) with p the chance given to the label (arXiv 1708.02002); 0 is plain cross entropy.
    """

    weights: Mapping[str, torch.Tensor]
    gamma: float

    def __call__(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar, of logits (rows, classes of all heads) and labels (rows, heads), -1 for none."""
        total = logits.new_zeros((), dtype=torch.float32)
        for place, (head, columns) in enumerate(slices(list(self.weights)).items()):
            known = labels[:, place] >= 0
            if known.any():
                total = total + self._head(head, logits[known, columns].float(), labels[known, place])
        return total

    def _head(self, head: str, logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        surprise = cross_entropy(logits, label, reduction="none")
        missed = (1 - torch.exp(-surprise)) ** self.gamma if self.gamma else torch.ones_like(surprise)
        return (self.weights[head].to(logits.device)[label] * missed * surprise).mean()


def make_loss(labels: Mapping[str, Integers], options: TrainOptions) -> MaskedLoss:
    """Return the loss for training rows with these labels by head."""
    balanced = options.loss == "weighted"
    weights = {head: class_weights(class_counts(label, len(HEADS[head])), balanced) for head, label in labels.items()}
    return MaskedLoss(weights, options.focal_gamma if options.loss == "focal" else 0.0)


def class_weights(counts: Sequence[int], balanced: bool) -> torch.Tensor:
    """Return what a row of each class counts: 1, or, ``balanced``, so much that all classes that occur count alike.

    The weights of all rows then sum to the number of rows.
    """
    count = torch.tensor(counts, dtype=torch.float32)
    if not balanced:
        return torch.ones_like(count)
    return torch.where(count > 0, count.sum() / (count.count_nonzero() * count.clamp(min=1)), torch.zeros_like(count))
