"""Rows as tokens, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hantei.arrays import Integers
from hantei.judges.encoder.packing import batches
from hantei.judges.encoder.windows import EncoderTokens, InputTemplate, encode, padded
from hantei.training.encoder.options import TrainOptions
from hantei.training.encoder.rows import Rows

_CHUNK = 2048
_MIXED = 16
"""How many batches' rows are sorted by length together: more would pad less, and mix less."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The tokens of all rows, one after another, with the labels of each.

    ``ids`` and ``types`` are (tokens,), ``start`` (rows + 1,) says where each row begins, ``labels`` is (rows, heads)
    with -1 where a row has none.
    """

    template: InputTemplate
    ids: NDArray[np.int32]
    types: NDArray[np.int8]
    start: Integers
    labels: Integers

    @property
    def lengths(self) -> Integers:
        """The number of tokens of each row, special tokens included."""
        return np.diff(self.start)

    def batch(self, rows: Sequence[int], device: torch.device) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Return what the network takes for some rows, padded to the longest of them, and their labels."""
        arrays = padded(self.template, [self._tokens(row) for row in rows])
        inputs = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        return inputs, torch.from_numpy(self.labels[list(rows)]).to(device)

    def _tokens(self, row: int) -> EncoderTokens:
        part = slice(self.start[row], self.start[row + 1])
        return EncoderTokens(self.ids[part].tolist(), self.types[part].tolist(), 0)


def tokenize(rows: Rows, tokenizer: Any, options: TrainOptions) -> Corpus:
    """Return the rows as the judge would see them; of a pair too long for one input, the first window."""
    template = InputTemplate(tokenizer, pair=options.text == "question and answer")
    pairs = list(zip(rows.questions, rows.answers, strict=True))
    ids: list[NDArray[np.int32]] = []
    types: list[NDArray[np.int8]] = []
    for start in range(0, len(pairs), _CHUNK):
        for found in encode(template, pairs[start : start + _CHUNK], options.max_tokens):
            ids.append(np.array(found[0].ids, dtype=np.int32))
            types.append(np.array(found[0].types, dtype=np.int8))
    ends = np.cumsum([0, *map(len, ids)])
    labels = np.stack(list(rows.labels.values()), axis=1)
    return Corpus(template, np.concatenate(ids), np.concatenate(types), ends.astype(np.int64), labels)


def shuffled(lengths: Integers, rows: Integers, token_budget: int, seed: Sequence[int]) -> list[list[int]]:
    """Return the batches of one epoch: every row once, in an order drawn with the seed, with little padding.

    Rows are drawn, sorted by length within stretches of some batches, and packed; the batches are then drawn again.

    Args:
        lengths: the tokens of each row of the corpus.
        rows: the numbers of the rows that are drawn.
        token_budget: tokens in a batch at most, padding included.
        seed: the numbers that seed the order, such as seed and epoch.
    """
    rng = np.random.default_rng(list(seed))
    drawn = rng.permutation(rows)
    size = _MIXED * max(1, int(token_budget // max(1.0, float(lengths[rows].mean()))))
    found = [batch for part in _parts(drawn, size) for batch in packed(lengths, part, token_budget)]
    return [found[number] for number in rng.permutation(len(found)).tolist()]


def packed(lengths: Integers, rows: Integers, token_budget: int) -> Iterator[list[int]]:
    """Yield rows in batches of at most ``token_budget`` tokens, padding included, longest first."""
    for places in batches(lengths[rows].tolist(), token_budget):
        yield rows[places].tolist()


def _parts(rows: Integers, size: int) -> Iterator[Integers]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
