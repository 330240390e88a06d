"""From a question and an answer to the tokens that an encoder reads, in windows where they are longer than it takes.

A pair that fits is one input. Of one that does not, the question keeps its end, at most half of the input, and the
answer is read in windows that overlap by a quarter; each window has the question before it, and the last one ends where
the answer ends. Nothing is cut away silently. Training and judging make their inputs here, so they see the same tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from hantei.arrays import Integers

OVERLAP = 4
"""Neighbouring windows share one part in so many of what a window holds of the answer."""


class EncoderTokens(NamedTuple):
    """One input of an encoder: token ids, their types (0 question, 1 answer, as the tokenizer has it), no padding.

    ``answered`` counts the tokens of the answer among them.
    """

    ids: list[int]
    types: list[int]
    answered: int


class InputTemplate:
    """How a tokenizer puts a question and an answer together: which special tokens stand before, between and after.

    Read off a sample, because tokenizers differ in it and in how they can be asked for it.
    """

    def __init__(self, tokenizer: Any, *, pair: bool) -> None:
        self._tokenizer = tokenizer
        self.pair = pair
        self.pad = tokenizer.pad_token_id or 0
        self.vocabulary = len(tokenizer)
        self._special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
        self.typed = "token_type_ids" in tokenizer.model_input_names
        texts = ("a", "b") if pair else ("a",)
        sample = tokenizer(*texts, return_special_tokens_mask=True, return_token_type_ids=True, verbose=False)
        ids, types, special = sample["input_ids"], sample["token_type_ids"], sample["special_tokens_mask"]
        plain = [place for place, mark in enumerate(special) if not mark]
        first = len(self.split(["a"])[0]) if pair else 0
        ends = (
            (plain[0], plain[first - 1] + 1, plain[first], plain[-1] + 1)
            if pair
            else (plain[0],) * 3 + (plain[-1] + 1,)
        )
        self.before, self.between, self.after = ids[: ends[0]], ids[ends[1] : ends[2]], ids[ends[3] :]
        self._types = (types[: ends[0]], types[ends[1] : ends[2]], types[ends[3] :])
        self._question_type, self._answer_type = types[ends[0]], types[ends[2]]
        self.specials = len(self.before) + len(self.between) + len(self.after)

    def split(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of texts, without special tokens.

        A text that spells one, such as ``[SEP]``, is cut like any other; what a tokenizer takes for one even so is left
        out. What UTF-8 has no form for becomes a question mark.
        """
        if not texts:
            return []
        whole = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        options = {"return_attention_mask": False, "return_token_type_ids": False, "verbose": False}
        found = self._tokenizer(whole, add_special_tokens=False, split_special_tokens=True, **options)
        ids: list[list[int]] = found["input_ids"]
        return [
            row if self._special.isdisjoint(row) else [one for one in row if one not in self._special] for row in ids
        ]

    def tokens(self, question: Sequence[int], answer: Sequence[int]) -> EncoderTokens:
        """Put token ids together."""
        before, between, after = self._types
        return EncoderTokens(
            [*self.before, *question, *self.between, *answer, *self.after],
            [*before, *[self._question_type] * len(question), *between, *[self._answer_type] * len(answer), *after],
            len(answer),
        )


def windows(
    template: InputTemplate, question: Sequence[int], answer: Sequence[int], max_tokens: int
) -> list[EncoderTokens]:
    """Return the inputs in which a pair is read, one or more, in the order of the answer.

    Args:
        template: of the tokenizer.
        question: token ids, empty where the encoder reads the answer alone.
        answer: token ids.
        max_tokens: the longest input, special tokens included.
    """
    room = max_tokens - template.specials
    if len(question) + len(answer) <= room:
        return [template.tokens(question, answer)]
    kept = question[max(0, len(question) - room // 2) :]
    return [template.tokens(kept, answer[start:stop]) for start, stop in spans(len(answer), room - len(kept))]


def spans(length: int, size: int) -> list[tuple[int, int]]:
    """Return overlapping parts (start, stop) of ``size`` that cover ``length``; the last ends at ``length``."""
    if length <= size:
        return [(0, length)]
    step = size - size // OVERLAP
    starts = [*range(0, length - size, step), length - size]
    return [(start, start + size) for start in starts]


def encode(template: InputTemplate, pairs: Sequence[tuple[str, str]], max_tokens: int) -> list[list[EncoderTokens]]:
    """Return for each (question, answer) the inputs in which it is read, without the question where not ``pair``."""
    questions = template.split([question for question, _ in pairs]) if template.pair else [[]] * len(pairs)
    answers = template.split([answer for _, answer in pairs])
    return [windows(template, q, a, max_tokens) for q, a in zip(questions, answers, strict=True)]


def padded(template: InputTemplate, rows: Sequence[EncoderTokens]) -> dict[str, Integers]:
    """Return a batch as the arrays that a network takes, each (rows, longest), padded on the right."""
    shape = (len(rows), max(len(row.ids) for row in rows))
    ids, mask = np.full(shape, template.pad, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    types = np.zeros(shape, dtype=np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        types[place, : len(row.types)] = row.types
        mask[place, : len(row.ids)] = 1
    return {"input_ids": ids, "attention_mask": mask} | ({"token_type_ids": types} if template.typed else {})
