"""A judge with weights written by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hantei.judges.builtin.encoder import ANSWER_WIDTH, PROMPT_WIDTH, WIDTH, Encoder, Vectors
from hantei.judges.builtin.features import ANSWER_BITS, PROMPT_BITS, buckets, tokenise
from hantei.judges.builtin.model import BuiltinJudge
from hantei.judges.builtin.semantic import Semantic
from hantei.judges.builtin.weights import ANSWER_SCORES, COLUMNS, KINDS, BuiltinWeights
from hantei.records import Message, Prompt, Response

ASSISTANT = KINDS - 1
"""The column of "unsafe as an assistant's answer"."""
SCALE = 0.01
INPUTS = 16
"""What the second stage sees: 5 kinds of chat, the remark, three forms of the risk, 5 of the answer, 2 flags."""
UNSAFE_INPUT = 10


def tiny_weights(words: Mapping[str, int], part: str = "answer") -> BuiltinWeights:
    """Return weights that know single words: each moves "unsafe as an assistant's answer" by its number / 100.

    The log odds of the verdict are 10 times that score, and every text is surely an assistant's answer.
    """
    columns = len(ANSWER_SCORES)
    answer = np.zeros((1 << ANSWER_BITS, columns), dtype=np.int8)
    for word, weight in words.items():
        answer[buckets(tokenise([word]).hash, part, ANSWER_BITS)[0], ASSISTANT] = weight
    bias = np.zeros(COLUMNS, dtype=np.float32)
    bias[2 * KINDS - 1] = 100.0
    unsafe_stage = np.zeros((INPUTS + 1, 1))
    unsafe_stage[UNSAFE_INPUT] = 10.0
    return BuiltinWeights(
        answer=answer,
        answer_scale=np.full(columns, SCALE, dtype=np.float32),
        opening_weight=np.full(columns, 1.0, dtype=np.float32),
        prompt=np.zeros((1 << PROMPT_BITS, COLUMNS), dtype=np.int8),
        prompt_scale=np.ones(COLUMNS, dtype=np.float32),
        bias=bias,
        unsafe_stage=unsafe_stage,
        refusal_stage=np.zeros((4, 3)),
        intent_stage=np.zeros((2, 1)),
        action_heat=np.ones(1),
        harm_heat=np.ones(1),
        thresholds=np.array([[0.0] * 3, [5.0] * 3]),
        trained=np.array([], dtype=np.uint64),
    )


def tiny_judge(words: Mapping[str, int], *, abstain: bool = True) -> BuiltinJudge:
    """Return a judge with such weights, for English and Japanese."""
    return BuiltinJudge(tiny_weights(words), "0" * 64, ["en", "ja"], abstain=abstain)


class WordEmbedding:
    """Embeds in one number: 1 at place 0 where a text has a word, else 1 at place 1."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.texts: list[str] = []

    def encode(self, texts: list[str]) -> Vectors:
        """Return one vector a text."""
        self.texts += texts
        out = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for number, text in enumerate(texts):
            out[number, 0 if self.word in text else 1] = 1.0
        return out


def meaning_judge(word: str) -> BuiltinJudge:
    """Return a judge that reads meaning: an answer is unsafe as far as its pieces have the word."""
    hidden, out = np.zeros((ANSWER_WIDTH + 1, 1), dtype=np.float16), np.zeros((2, 4), dtype=np.float16)
    hidden[0, 0] = out[0, 0] = 1.0
    unsafe_stage = np.zeros((INPUTS + 6, 1))
    unsafe_stage[15] = 1.0  # what gives harm: after 10 that stand alone, 5 of the n-grams
    semantic = Semantic(
        prompt_hidden=np.zeros((PROMPT_WIDTH + 1, 1), dtype=np.float16),
        prompt_out=np.zeros((2, 1), dtype=np.float16),
        answer_hidden=hidden,
        answer_out=out,
        unsafe_stage=unsafe_stage,
        refusal_stage=np.zeros((5, 3)),
        thresholds=np.array([[0.0] * 3, [1.0] * 3]),
    )
    encoder = Encoder(WordEmbedding(word))
    return BuiltinJudge(tiny_weights({}), "0" * 64, ["en", "ja"], semantic=semantic, encoder=encoder)


def pair(
    text: str, asked: str = "What is it?", language: str | None = "en", **fields: object
) -> tuple[Prompt, Response]:
    """Return a prompt of one turn and a response to it."""
    prompt = Prompt(id="p", messages=(Message(role="user", content=asked),), language=language)
    return prompt, Response(id="m/p/0", prompt_id="p", system="m", text=text, **fields)  # type: ignore[arg-type]
