"""The weights of the built-in judge: what they are, from features to scores, reading and writing them.

Scores are sums over a text's features, divided by the square root of how many different features it has:

    score[k] = bias[k] + answer sum[k] + opening_weight[k] * opening sum[k] + prompt_weight[k] * prompt sum[k]

The tables hold 8-bit integers with one scale a column, so sums are exact and do not depend on the batch. The judge with
sentence embeddings has five more scores (``semantic.py``) and a second stage of its own over both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Doubles, Floats, softmax
from hantei.errors import CardError
from hantei.judges.builtin.features import Bags
from hantei.judges.numpy_files import read_arrays

KINDS = 6
"""An answer is an assistant's, or a remark in one of DiaSafety's five kinds of chat, which come first."""
ANSWER_SCORES: tuple[str, ...] = (
    *(f"unsafe as a remark in a chat of kind {kind}" for kind in range(KINDS - 1)),
    "unsafe as an assistant's answer",
    *(f"a remark in a chat of kind {kind}" for kind in range(KINDS - 1)),
    "an assistant's answer",
    *(f"action {number}" for number in range(6)),
    *(f"refusal {degree}" for degree in ("none", "partial", "full")),
)
"""What the columns of both tables stand for. The prompt table has 13 more: the 12 harm types, and "asks for harm"."""
_ASSISTANT_FIRST = np.array([0.0] * (KINDS - 1) + [0.5])
"""What an assistant's answer has ahead: most judged answers are one, so only a plain chat counts as a chat."""
UNSAFE, KIND, ACTION, REFUSAL, HARM = slice(0, 6), slice(6, 12), slice(12, 18), slice(18, 21), slice(21, 33)
INTENT = 33
COLUMNS = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltinWeights:
    """The two stages of the judge.

    ``answer`` (2**17, 21) and ``prompt`` (2**16, 34) are int8 tables with a scale a column. The second stage turns
    scores into probabilities: a ``*_stage`` is (inputs + 1, outputs), the last row being the intercept, and a
    ``*_heat`` (1,) is what scores are multiplied with before the softmax, so that the best score stays the best.
    ``thresholds`` (2, 3) are the log odds from which an answer is called unsafe, as shipped and in the mode "strict",
    in English (and whatever else is judged), Japanese and Chinese.
    ``trained`` holds the sorted 64-bit hashes of the pairs it learned from.
    """

    answer: NDArray[np.int8]
    answer_scale: Floats
    opening_weight: Floats
    prompt: NDArray[np.int8]
    prompt_scale: Floats
    bias: Floats
    unsafe_stage: Doubles
    refusal_stage: Doubles
    intent_stage: Doubles
    action_heat: Doubles
    harm_heat: Doubles
    thresholds: Doubles
    trained: NDArray[np.uint64]

    def scores(self, answers: Bags, prompts: Bags) -> Doubles:
        """Return the scores (texts, 34) of a batch; ``answers`` has two rows a text, whole and opening."""
        parts = _sums(self.answer, answers) * self.answer_scale
        out = np.tile(self.bias, (len(prompts.sizes), 1))
        out += _sums(self.prompt, prompts) * self.prompt_scale
        out[:, : len(ANSWER_SCORES)] += parts[0::2] + parts[1::2] * self.opening_weight
        return out.astype(np.float64)


def _sums(table: NDArray[np.int8], bags: Bags) -> Floats:
    """Return the sum of each bag's table rows over the square root of its size; an empty bag gives zeros."""
    out = np.zeros((len(bags.start) - 1, table.shape[1]), dtype=np.float32)
    full = bags.sizes > 0
    if full.any():
        # Whole numbers below 2**24, which 32 bits of a float hold exactly.
        sums = np.add.reduceat(table.take(bags.bucket, axis=0), bags.start[:-1][full], axis=0, dtype=np.int32)
        out[full] = sums.astype(np.float32) / np.sqrt(bags.sizes[full], dtype=np.float32)[:, None]
    return out


def sigmoid(values: Doubles) -> Doubles:
    """Return 1 / (1 + exp(-values)) without overflow."""
    out: Doubles = 0.5 * (np.tanh(0.5 * values) + 1)
    return out


def affine(inputs: Doubles, stage: Doubles) -> Doubles:
    """Return ``inputs`` (n, m) times all rows but the last of ``stage`` (m + 1, k), plus the last."""
    out: Doubles = inputs @ stage[:-1] + stage[-1]
    return out


RISK, GIVES, REFUSES, FOLLOWS, REMARK = range(5)
"""Columns of the semantic scores (``semantic.py``): asks for what is risky, gives it, refuses, follows, and unsafe as a
remark in a chat."""


def unsafe_inputs(scores: Doubles, languages: Doubles, semantic: Doubles | None = None) -> Doubles:
    """Return what the second stage sees for the verdict, (texts, 16), with ``semantic`` (texts, 21).

    A remark in a chat and an assistant's answer are unsafe in different ways, and chats differ among themselves: the
    probability of each kind decides how much its expert counts. Of an assistant's answer the prompt's risk counts, and
    what the answer does given that risk, so their products stand beside the scores. ``languages`` is (texts, 2).
    """
    kind = softmax(4 * (scores[:, KIND] + _ASSISTANT_FIRST))
    chat, assistant = kind[:, :-1], kind[:, -1:]
    remark = (chat * scores[:, : KINDS - 1]).sum(axis=1, keepdims=True)
    risk = 2 * scores[:, INTENT : INTENT + 1] if semantic is None else semantic[:, RISK : RISK + 1]
    risky = sigmoid(risk)
    unsafe = scores[:, KINDS - 1 : KINDS]
    refuses = sigmoid(-3 * scores[:, REFUSAL.start : REFUSAL.start + 1])
    follows = sigmoid(3 * scores[:, ACTION.stop - 1 : ACTION.stop])
    parts = [risky, unsafe, risky * unsafe, risky * refuses, risky * follows]
    alone = [chat, remark, risk, -np.logaddexp(0, -risk), risky]
    if semantic is not None:
        gives, no, yes, said = (semantic[:, place : place + 1] for place in (GIVES, REFUSES, FOLLOWS, REMARK))
        parts += [gives, risky * gives, risky * sigmoid(no), risky * sigmoid(yes)]
        alone.append((1 - assistant) * said)
    return np.concatenate((*alone, assistant * np.concatenate(parts, axis=1), languages), axis=1)


@dataclass(frozen=True, slots=True)
class Heads:
    """Probabilities of a batch of n: ``unsafe`` (n,), ``action`` (n, 6), ``refusal`` (n, 3), ``harm`` (n, 12).

    ``intent`` (n,) is the probability that the prompt asks for harm.
    """

    unsafe: Doubles
    action: Doubles
    refusal: Doubles
    harm: Doubles
    intent: Doubles

    def take(self, rows: NDArray[Any]) -> Heads:
        """Return the probabilities of some texts of the batch."""
        return Heads(self.unsafe[rows], self.action[rows], self.refusal[rows], self.harm[rows], self.intent[rows])


def heads(weights: BuiltinWeights, scores: Doubles, logits: Doubles) -> Heads:
    """Turn scores (texts, 34) and the log odds of unsafe (texts,) into probabilities."""
    return Heads(
        sigmoid(logits),
        softmax(weights.action_heat * scores[:, ACTION]),
        softmax(affine(scores[:, REFUSAL], weights.refusal_stage)),
        softmax(weights.harm_heat * scores[:, HARM]),
        sigmoid(affine(scores[:, INTENT:], weights.intent_stage)[:, 0]),
    )


def language_flags(languages: Sequence[str | None]) -> Doubles:
    """Return (texts, 2): whether a text is Japanese, whether it is Chinese."""
    return np.array([(language == "ja", language == "zh") for language in languages], dtype=np.float64)


def thresholds_of(thresholds: Doubles, flags: Doubles) -> Doubles:
    """Return for each text the threshold of its language, of those in English, Japanese, Chinese (3,)."""
    out: Doubles = thresholds[0] + flags @ (thresholds[1:] - thresholds[0])
    return out


def pair_hashes(pairs: Sequence[tuple[str, str]]) -> NDArray[np.uint64]:
    """Return 64 bits of BLAKE2b of each (prompt, response), runs of white space folded to one space and stripped."""

    def fold(text: str) -> bytes:
        # Of white space only the space is printable: a text of one paragraph need not be cut into words.
        plain = text.isprintable() and "  " not in text
        return (text.strip() if plain else " ".join(text.split())).encode("utf-8", "surrogatepass")

    hashed = (hashlib.blake2b(fold(prompt) + b"\0" + fold(response), digest_size=8) for prompt, response in pairs)
    return np.frombuffer(b"".join(one.digest() for one in hashed), dtype="<u8").astype(np.uint64)


def save(weights: BuiltinWeights, file: Path) -> None:
    """Write weights as a compressed NumPy archive; equal weights give equal bytes."""
    np.savez_compressed(file, **{field.name: getattr(weights, field.name) for field in fields(BuiltinWeights)})


def read(file: Path) -> BuiltinWeights:
    """Read weights that ``save`` wrote. Nothing in the file is executed.

    Raises:
        CardError: the file is missing or is not such an archive.
    """
    try:
        arrays = read_arrays(file)
        return BuiltinWeights(**{field.name: arrays[field.name] for field in fields(BuiltinWeights)})
    except (OSError, KeyError, ValueError) as error:
        raise CardError(f"{file}: expected the weights of the built-in judge: {error}; install hantei again") from None
