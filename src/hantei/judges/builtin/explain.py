"""Which words of an answer moved the built-in judge, and which sentence where it reads meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from hantei.arrays import Doubles
from hantei.judges.base import Pair, language_of
from hantei.judges.builtin.encoder import summary
from hantei.judges.builtin.features import (
    ANSWER_BITS,
    Grams,
    Places,
    Tokens,
    buckets,
    grams,
    in_opening,
    tokenise,
)
from hantei.judges.builtin.model import BuiltinJudge, Window, most_unsafe, window_batches, windows_and_owners
from hantei.judges.builtin.semantic import unsafe_log_odds
from hantei.judges.builtin.stopwords import is_content
from hantei.judges.builtin.weights import ANSWER_SCORES, language_flags

_STEP = 1e-4


class SpanWeight(NamedTuple):
    """``text[start:end]`` of the answer moved the log odds of "unsafe" by about ``weight``: up where positive."""

    start: int
    end: int
    weight: float


class _Explained(NamedTuple):
    """The windows that were judged, one an answer: flags of their languages (n, 2), scores (n, 34) and (n, 5), and the
    log odds that they are unsafe (n,)."""

    windows: list[Window]
    flags: Doubles
    scores: Doubles
    meaning: Doubles | None
    log_odds: Doubles


def explain(judge: BuiltinJudge, pairs: Sequence[Pair], top: int = 12) -> list[list[SpanWeight]]:
    """Return for each answer the spans of its text that moved the verdict most, in the order of the text.

    The judge's log odds are followed back through its second stage (by their slope at this answer's scores) to every
    feature, and each feature's share is divided among the words that make it up. The ``top`` content words are kept,
    and neighbours that pull the same way become one span. A judge that reads meaning marks one sentence besides where
    it calls the answer unsafe: the one whose absence changes the log odds most; its words are not marked again. Of an
    answer read in windows, the judged one is explained.

    Args:
        judge: the judge, loaded.
        pairs: questions and answers; an empty answer has no spans.
        top: words that are kept at most.
    """
    answered = [number for number, (_, response) in enumerate(pairs) if response.text]
    out: list[list[SpanWeight]] = [[] for _ in pairs]
    if not answered:
        return out
    judged = _judged_windows(judge, [pairs[number] for number in answered])
    for number, marks in zip(answered, _all_marks(judge, judged, top), strict=True):
        out[number] = marks
    return out


def _all_marks(judge: BuiltinJudge, judged: _Explained, top: int) -> Iterator[list[SpanWeight]]:
    slopes = _slopes(judge, judged)
    for part in window_batches(judged.windows):
        windows = judged.windows[part]
        tokens = tokenise([window.text for window in windows])
        weights = _token_weights(judge, tokens, slopes[part])
        before = np.cumsum([0, *(len(window.text) for window in windows)])
        firsts = np.searchsorted(tokens.text, np.arange(len(windows) + 1))
        for place, window in enumerate(windows):
            own = slice(firsts[place], firsts[place + 1])
            start, end = tokens.start[own] - before[place], tokens.end[own] - before[place]
            words = _marks(window, start, end, weights[own], top)
            yield _with_sentence(words, _sentence(judge, judged, part.start + place))


def _judged_windows(judge: BuiltinJudge, pairs: Sequence[Pair]) -> _Explained:
    windows, owner = windows_and_owners(pairs)
    flags = language_flags([language_of(*pair) for pair in pairs])
    scores, meaning = judge.scores(windows), judge.semantic_scores(windows)
    log_odds = unsafe_log_odds(judge.weights, scores, flags[owner], meaning, strict=judge.strict)
    kept = most_unsafe(log_odds, np.array(owner))
    chosen = [windows[number] for number in kept.tolist()]
    return _Explained(chosen, flags, scores[kept], None if meaning is None else meaning[1][kept], log_odds[kept])


def _slopes(judge: BuiltinJudge, judged: _Explained) -> Doubles:
    """Return how the log odds change with each of the answers' n-gram scores, (n, 21)."""
    columns = len(ANSWER_SCORES)
    times = 2 * columns
    moved = np.repeat(judged.scores, times, axis=0).reshape(-1, times, judged.scores.shape[1])
    moved[:, np.arange(columns), np.arange(columns)] += _STEP
    moved[:, columns + np.arange(columns), np.arange(columns)] -= _STEP
    meaning = None
    if judge.semantic is not None and judged.meaning is not None:
        meaning = (judge.semantic, np.repeat(judged.meaning, times, axis=0))
    flags = np.repeat(judged.flags, times, axis=0)
    found = unsafe_log_odds(judge.weights, moved.reshape(-1, judged.scores.shape[1]), flags, meaning)
    log_odds = found.reshape(-1, times)
    out: Doubles = (log_odds[:, :columns] - log_odds[:, columns:]) / (2 * _STEP)
    return out


def _with_sentence(words: list[SpanWeight], sentence: SpanWeight | None) -> list[SpanWeight]:
    if sentence is None:
        return words
    apart = [mark for mark in words if mark.end <= sentence.start or mark.start >= sentence.end]
    return sorted([*apart, sentence], key=lambda mark: mark.start)


def _sentence(judge: BuiltinJudge, judged: _Explained, place: int) -> SpanWeight | None:
    """Return the piece of a window without which the log odds are most unlike, None where there are not two."""
    # Each sentence left out is a judgment more: only an answer that is called unsafe is worth it.
    if judge.semantic is None or judged.log_odds[place] < 0:
        return None
    window = judged.windows[place]
    places, vectors = judge.encoder.pieces(window.text)
    if len(places) < 2:
        return None
    rest = [np.delete(vectors, number, axis=0) for number in range(len(places))]
    answers = np.stack([summary(part) for part in (vectors, *rest)])
    asked = np.repeat(judge.encoder.prompts([window.prompt]), len(answers), axis=0)
    meaning = (judge.semantic, judge.semantic.scores(asked, answers))
    scores = np.repeat(judged.scores[place : place + 1], len(answers), axis=0)
    flags = np.repeat(judged.flags[place : place + 1], len(answers), axis=0)
    odds = unsafe_log_odds(judge.weights, scores, flags, meaning)
    moved = odds[0] - odds[1:]
    best = int(np.argmax(np.abs(moved)))
    start, end = _trimmed(window.text, places[best])
    return SpanWeight(window.start + start, window.start + end, round(float(moved[best]), 4))


def _trimmed(text: str, place: tuple[int, int]) -> tuple[int, int]:
    """Return a place without the white space at its ends."""
    piece = text[place[0] : place[1]]
    start = place[0] + len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())


def _token_weights(judge: BuiltinJudge, tokens: Tokens, slopes: Doubles) -> Doubles:
    """Return what each token of several texts adds to the log odds; ``slopes`` are (texts, 21)."""
    found = grams(tokens)
    opening = np.flatnonzero(in_opening(tokens, found))
    out = np.zeros(len(tokens.text))
    head = Grams(found.text[opening], found.hash[opening], found.first[opening], found.last[opening])
    for part, features, factor in (("answer", found, 1.0), ("opening", head, judge.weights.opening_weight)):
        keys = (features.text << ANSWER_BITS) | buckets(features.hash, part, ANSWER_BITS)
        key, place, count = np.unique(keys, return_inverse=True, return_counts=True)
        starts = np.searchsorted(key, np.arange(len(slopes) + 1) << ANSWER_BITS)
        rows = judge.weights.answer.take(key & ((1 << ANSWER_BITS) - 1), axis=0).astype(np.float32)
        pulls = (slopes * (judge.weights.answer_scale * factor)).astype(np.float32)
        sizes = np.diff(starts)
        sums = [rows[start : start + size] @ pull for start, size, pull in zip(starts, sizes, pulls, strict=False)]
        shares = np.concatenate(sums) / np.sqrt(np.repeat(sizes, sizes))
        share = (shares / count)[place] / (features.last - features.first + 1)
        for offset in range(3):
            inside = features.first + offset <= features.last
            out += np.bincount(features.first[inside] + offset, share[inside], len(out))
    return out


def _marks(window: Window, start: Places, end: Places, weights: Doubles, top: int) -> list[SpanWeight]:
    """Return the marks of the heaviest words of a window.

    Args:
        window: what was judged.
        start: where each of its tokens begins in it.
        end: where it ends.
        weights: what it adds to the log odds.
        top: words that are kept at most.
    """
    text, starts, ends, pulls = window.text, start.tolist(), end.tolist(), weights.tolist()
    heaviest = np.argsort(-np.abs(weights), kind="stable").tolist()
    content = (number for number in heaviest if pulls[number] and is_content(text[starts[number] : ends[number]]))
    marks: list[SpanWeight] = []
    last = -2
    for number in sorted(islice(content, top)):
        weight = pulls[number]
        start_at, end_at = window.start + starts[number], window.start + ends[number]
        if marks and number == last + 1 and (marks[-1].weight > 0) == (weight > 0):
            previous = marks.pop()
            start_at, weight = previous.start, previous.weight + weight
        marks.append(SpanWeight(start_at, end_at, round(weight, 4)))
        last = number
    return marks
