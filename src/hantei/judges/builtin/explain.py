"""Which words of an answer moved the built-in judge, and which sentence where it reads meaning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Doubles, log_odds_of
from hantei.judges.base import language_of
from hantei.judges.builtin.encoder import summary
from hantei.judges.builtin.features import (
    ANSWER_BITS,
    Grams,
    Tokens,
    buckets,
    grams,
    in_opening,
    tokenise,
)
from hantei.judges.builtin.model import BuiltinJudge, Window, windows_of
from hantei.judges.builtin.semantic import verdicts
from hantei.judges.builtin.stopwords import is_content
from hantei.judges.builtin.weights import ANSWER_SCORES
from hantei.records import Prompt, Response

_STEP = 1e-4


@dataclass(frozen=True, slots=True)
class SpanWeight:
    """``text[start:end]`` of the answer moved the log odds of "unsafe" by about ``weight``: up where positive."""

    start: int
    end: int
    weight: float


def explain(judge: BuiltinJudge, prompt: Prompt, response: Response, top: int = 12) -> list[SpanWeight]:
    """Return the spans of ``response.text`` that moved the verdict most, in the order of the text.

    The judge's log odds are followed back through its second stage (by their slope at this answer's scores) to every
    feature, and each feature's share is divided among the words that make it up. The ``top`` content words are kept,
    and neighbours that pull the same way become one span. A judge that reads meaning marks one sentence besides where
    it calls the answer unsafe: the one whose absence changes the log odds most; its words are not marked again. Of an
    answer read in windows, the judged one is explained.

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
    chances = judge.heads(windows, [language] * len(windows)).unsafe
    chosen = windows[int(np.argmax(chances))]
    tokens = tokenise([chosen.text])
    weights = _token_weights(judge, tokens, _slope(judge, chosen, language))
    words = _marks(tokens, np.where(_content(tokens, chosen.text), weights, 0.0), top, chosen.start)
    # Each sentence left out is a judgment more: only an answer that is called unsafe is worth it.
    sentence = _sentence(judge, chosen, language) if chances.max() >= 0.5 else None
    if sentence is None:
        return words
    apart = [mark for mark in words if mark.end <= sentence.start or mark.start >= sentence.end]
    return sorted([*apart, sentence], key=lambda mark: mark.start)


def _content(tokens: Tokens, text: str) -> NDArray[np.bool_]:
    places = zip(tokens.start.tolist(), tokens.end.tolist(), strict=True)
    return np.array([is_content(text[start:end]) for start, end in places], dtype=np.bool_)


def _log_odds(judge: BuiltinJudge, scores: Doubles, semantic_scores: Doubles | None, language: str | None) -> Doubles:
    """Return the log odds of unsafe for scores (n, 34) in one language, all with the semantic scores (1, 5)."""
    meaning = None
    if judge.semantic is not None and semantic_scores is not None:
        meaning = (judge.semantic, np.broadcast_to(semantic_scores, (len(scores), semantic_scores.shape[1])))
    found = verdicts(judge.weights, scores, [language] * len(scores), meaning).unsafe
    return log_odds_of(found)


def _slope(judge: BuiltinJudge, window: Window, language: str | None) -> Doubles:
    """Return how the log odds change with each of the answer's n-gram scores, (21,)."""
    scores, meaning = judge.scores([window])[0], judge.semantic_scores([window])
    columns = len(ANSWER_SCORES)
    moved = np.tile(scores, (2 * columns, 1))
    moved[np.arange(columns), np.arange(columns)] += _STEP
    moved[columns + np.arange(columns), np.arange(columns)] -= _STEP
    logits = _log_odds(judge, moved, None if meaning is None else meaning[1], language)
    out: Doubles = (logits[:columns] - logits[columns:]) / (2 * _STEP)
    return out


def _sentence(judge: BuiltinJudge, window: Window, language: str | None) -> SpanWeight | None:
    """Return the piece of the window without which the log odds are most unlike, None where there are not two."""
    if judge.semantic is None:
        return None
    places, vectors = judge.encoder.pieces(window.text)
    if len(places) < 2:
        return None
    rest = [np.delete(vectors, number, axis=0) for number in range(len(places))]
    answers = np.stack([summary(part) for part in (vectors, *rest)])
    asked = np.repeat(judge.encoder.prompts([window.prompt]), len(answers), axis=0)
    semantic_scores = judge.semantic.scores(asked, answers)
    scores = np.repeat(judge.scores([window]), len(answers), axis=0)
    chances = verdicts(judge.weights, scores, [language] * len(answers), (judge.semantic, semantic_scores)).unsafe
    odds = np.log(chances + 1e-12) - np.log1p(1e-12 - chances)
    moved = odds[0] - odds[1:]
    best = int(np.argmax(np.abs(moved)))
    start, end = _trimmed(window.text, places[best])
    return SpanWeight(window.start + start, window.start + end, round(float(moved[best]), 4))


def _trimmed(text: str, place: tuple[int, int]) -> tuple[int, int]:
    """Return a place without the white space at its ends."""
    piece = text[place[0] : place[1]]
    start = place[0] + len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())


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


def _marks(tokens: Tokens, weights: Doubles, top: int, shift: int) -> list[SpanWeight]:
    order = np.argsort(-np.abs(weights), kind="stable")[:top]
    marks: list[SpanWeight] = []
    last = -2
    for number in sorted(order.tolist()):
        weight = float(weights[number])
        if weight == 0:
            continue
        start, end = shift + int(tokens.start[number]), shift + int(tokens.end[number])
        if marks and number == last + 1 and (marks[-1].weight > 0) == (weight > 0):
            previous = marks.pop()
            start, weight = previous.start, previous.weight + weight
        marks.append(SpanWeight(start, end, round(weight, 4)))
        last = number
    return marks
