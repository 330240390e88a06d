"""Fitting the whole judge, in both builds: n-grams alone, and with sentence embeddings.

The second stage is fitted on scores that other first stages gave to rows whose prompt they had not seen (five folds by
prompt): scores of rows that a machine was fitted on are far too sure.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.judges.builtin.semantic import Semantic, verdicts
from hantei.judges.builtin.weights import COLUMNS, Heads
from hantei.training.builtin.fit import EMPTY, FirstStage, Stages, fit_first, rounded, weights_of
from hantei.training.builtin.labels import FOLDS, TrainingLabels, distinct
from hantei.training.builtin.matrix import Matrix
from hantei.training.builtin.second_stage import StageScores, UnseenScores, fit_second, fit_second_semantic
from hantei.training.builtin.semantic import MEANT, NO_SEMANTIC, SemanticNetworks, fit_semantic


@dataclass(frozen=True, slots=True)
class FirstStages:
    """Both first stages, the n-grams' rounded as it ships."""

    ngrams: FirstStage
    semantic: SemanticNetworks

    def scores(self, matrix: Matrix, rows: Integers) -> StageScores:
        """Return the scores of some rows."""
        return StageScores(self.ngrams.scores(matrix, rows), self.semantic.scores(matrix, rows))


def fit_both(matrix: Matrix, labels: TrainingLabels, rows: Integers) -> FirstStages:
    """Fit both first stages on ``rows``, of equal pairs on the first only."""
    rows = distinct(rows, labels.pair)
    return FirstStages(rounded(fit_first(matrix, labels, rows)), fit_semantic(matrix, labels, rows))


_SHARED: list[tuple[Matrix, TrainingLabels]] = []


def scores_of_unseen(
    matrix: Matrix, labels: TrainingLabels, jobs: Sequence[tuple[Integers, Integers]]
) -> list[StageScores]:
    """Return for each job, rows to fit on and others to score, the scores of the latter; one fit a core at a time.

    The order of the jobs and the number of processes change nothing.
    """
    _SHARED[:] = [(matrix, labels)]
    try:
        if (cores := os.cpu_count() or 1) == 1:
            return [_fit_and_score(job) for job in jobs]
        with ProcessPoolExecutor(cores, mp_context=get_context("fork")) as pool:
            return list(pool.map(_fit_and_score, jobs))
    finally:
        _SHARED.clear()


def _fit_and_score(job: tuple[Integers, Integers]) -> StageScores:
    matrix, labels = _SHARED[0]
    from threadpoolctl import threadpool_limits  # of the extra train

    with threadpool_limits(1):
        return fit_both(matrix, labels, job[0]).scores(matrix, job[1])


def unseen_scores(matrix: Matrix, labels: TrainingLabels, rows: Integers, groups: Sequence[Integers]) -> UnseenScores:
    """Return scores of rows by first stages that had not seen what they ask, or had not seen their source.

    Args:
        matrix: the features of all rows.
        labels: their labels.
        rows: those that may be fitted on.
        groups: rows of sources that are left out together; what they ask is left out with them.
    """
    folds = [rows[labels.fold[rows] == fold] for fold in range(FOLDS)]
    jobs = [(np.setdiff1d(rows, fold), fold) for fold in folds]
    jobs += [(rows[~np.isin(labels.question[rows], labels.question[group])], group) for group in groups]
    found = scores_of_unseen(matrix, labels, jobs)
    crossed = np.zeros(len(labels.fold), dtype=np.bool_)
    for group in groups:
        crossed[group] = True
    size = len(labels.fold)
    return UnseenScores(_placed(size, folds, found[:FOLDS]), _placed(size, groups, found[FOLDS:]), crossed)


def _placed(size: int, places: Sequence[Integers], parts: Sequence[StageScores]) -> StageScores:
    out = StageScores(np.zeros((size, COLUMNS)), np.zeros((size, MEANT)))
    for place, part in zip(places, parts, strict=True):
        out.ngrams[place], out.semantic[place] = part.ngrams, part.semantic
    return out


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Log odds from which each build calls an answer unsafe, (2, 3): as shipped and "strict", by language."""

    ngrams: Doubles
    semantic: Doubles


NOT_CHOSEN = Thresholds(np.zeros((2, 3)), np.zeros((2, 3)))


@dataclass(frozen=True, slots=True)
class SecondStages:
    """The second stages of both builds."""

    ngrams: Stages
    semantic: Stages


def fit_seconds(unseen: UnseenScores, labels: TrainingLabels, rows: Integers) -> SecondStages:
    """Fit the second stages on scores of ``rows`` that were given to unseen rows, of equal pairs to the first."""
    rows = distinct(rows, labels.pair)
    return SecondStages(fit_second(unseen, labels, rows), fit_second_semantic(unseen, labels, rows))


def heads_of(
    second: SecondStages, scores: StageScores, languages: Sequence[str], thresholds: Thresholds
) -> tuple[Heads, Heads]:
    """Return what both builds say of texts with these scores: n-grams alone, and with embeddings.

    Args:
        second: the second stages of both.
        scores: the first stages' scores of the texts.
        languages: of each text.
        thresholds: from where each build calls an answer unsafe.
    """
    weights = weights_of(EMPTY, second.ngrams, np.zeros(0, dtype=np.uint64), thresholds.ngrams)
    semantic = semantic_of(NO_SEMANTIC, second.semantic, thresholds.semantic)
    alone = verdicts(weights, scores.ngrams, languages)
    return alone, verdicts(weights, scores.ngrams, languages, (semantic, scores.semantic))


def semantic_of(semantic: SemanticNetworks, second: Stages, thresholds: Doubles) -> Semantic:
    """Return what ships of the part with embeddings."""
    return Semantic(
        prompt_hidden=semantic.prompt.hidden,
        prompt_out=semantic.prompt.out,
        answer_hidden=semantic.answer.hidden,
        answer_out=semantic.answer.out,
        **second,
        thresholds=thresholds,
    )
