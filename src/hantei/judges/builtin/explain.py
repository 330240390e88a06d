"""Which words of an answer moved the built-in judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hantei.judges.base import language_of
from hantei.judges.builtin.features import (
    ANSWER_BITS,
    WINDOW,
    Grams,
    Tokens,
    buckets,
    grams,
    in_opening,
    tokenise,
)
from hantei.judges.builtin.model import BuiltinJudge, windows_of
from hantei.judges.builtin.weights import ANSWER_SCORES, Doubles, unsafe_logits
from hantei.records import Prompt, Response

_STEP = 1e-4


@dataclass(frozen=True, slots=True)
class Mark:
    """``text[start:end]`` of the answer moved the log odds of "unsafe" by about ``weight``: up where positive."""

    start: int
    end: int
    weight: float


def explain(judge: BuiltinJudge, prompt: Prompt, response: Response, top: int = 12) -> list[Mark]:
    """Return the spans of ``response.text`` that moved the verdict most, in the order of the text.

    The judge's log odds are followed back through its second stage (by their slope at this answer's scores) to every
    feature, and each feature's share is divided among the words that make it up. The ``top`` words are kept, and
    neighbours that pull the same way become one span. Of an answer read in windows, the judged one is explained.

    Args:
        judge: the judge, loaded.
        prompt: the question.
        response: the answer that is explained.
        top: words that are kept at most.
    """
    language = language_of(prompt, response)
    windows = windows_of(prompt, response)
    if not windows:
        return []
    scores = judge.scores(windows)
    chosen = int(np.argmax(unsafe_logits(judge.weights, scores, [language] * len(scores))))
    start = windows[chosen].start
    tokens = tokenise([response.text[start : start + WINDOW]])
    weights = _token_weights(judge, tokens, _slope(judge, scores[chosen], language))
    return _marks(tokens, weights, top, start)


def _slope(judge: BuiltinJudge, scores: Doubles, language: str | None) -> Doubles:
    """Return how the log odds change with each of the answer's scores, (21,)."""
    columns = len(ANSWER_SCORES)
    moved = np.tile(scores, (2 * columns, 1))
    moved[np.arange(columns), np.arange(columns)] += _STEP
    moved[columns + np.arange(columns), np.arange(columns)] -= _STEP
    logits = unsafe_logits(judge.weights, moved, [language] * len(moved))
    out: Doubles = (logits[:columns] - logits[columns:]) / (2 * _STEP)
    return out


def _token_weights(judge: BuiltinJudge, tokens: Tokens, slope: Doubles) -> Doubles:
    found = grams(tokens)
    opening = np.flatnonzero(in_opening(tokens, found))
    out = np.zeros(len(tokens.text))
    head = Grams(found.text[opening], found.hash[opening], found.first[opening], found.last[opening])
    for part, features, factor in (("answer", found, 1.0), ("opening", head, judge.weights.opening_weight)):
        bucket, place, count = np.unique(
            buckets(features.hash, part, ANSWER_BITS), return_inverse=True, return_counts=True
        )
        if not len(bucket):
            continue
        shares = (judge.weights.answer[bucket] * judge.weights.answer_scale * factor) @ slope
        share = (shares / np.sqrt(len(bucket)) / count)[place] / (features.last - features.first + 1)
        for offset in range(3):
            inside = features.first + offset <= features.last
            np.add.at(out, features.first[inside] + offset, share[inside])
    return out


def _marks(tokens: Tokens, weights: Doubles, top: int, shift: int) -> list[Mark]:
    order = np.argsort(-np.abs(weights), kind="stable")[:top]
    marks: list[Mark] = []
    last = -2
    for number in sorted(order.tolist()):
        weight = float(weights[number])
        if weight == 0:
            continue
        start, end = shift + int(tokens.start[number]), shift + int(tokens.end[number])
        if marks and number == last + 1 and (marks[-1].weight > 0) == (weight > 0):
            previous = marks.pop()
            start, weight = previous.start, previous.weight + weight
        marks.append(Mark(start, end, round(weight, 4)))
        last = number
    return marks
