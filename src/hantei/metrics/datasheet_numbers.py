"""The numbers of a judge's data sheet, from what it said of labelled answers, of ordinary ones, and in other ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hantei.arrays import Doubles, Flags, Integers
from hantei.estimates import Estimate
from hantei.metrics.agreement.pairs import group, pair
from hantei.metrics.agreement.ranking import majority
from hantei.metrics.agreement.ratings import HeadRatings, Ratings
from hantei.metrics.agreement.results import GroupAgreement, PairAgreement
from hantei.metrics.calibration import calibrated
from hantei.metrics.datasheet import EVERYTHING, LanguageSheet, Wording
from hantei.metrics.length_bias import length_odds
from hantei.metrics.shares import share_of
from hantei.records import Prompt, Response
from hantei.runs.folder import Run

MAJORITY = "human:majority"
"""The judge that says what most people say."""


@dataclass(frozen=True, slots=True)
class JudgedAnswers:
    """The answers of a run, one a row, and what the judge said of them: 1, 0 and its probability of unsafe, or nan."""

    pairs: Sequence[tuple[Prompt, Response]]
    language: Sequence[str]
    prompt: Integers
    verdict: Doubles
    p: Doubles

    def of(self, language: str) -> Flags:
        """Return which answers are in a language, all of them for ``all``."""
        return np.array([language in (EVERYTHING, one) for one in self.language], dtype=np.bool_)

    def share(self, hit: Doubles, language: str) -> Estimate | None:
        """Return the share of 1 among the answers in a language that are not nan."""
        return share_of(hit == 1, self.of(language) & ~np.isnan(hit), self.prompt)


@dataclass(frozen=True, slots=True)
class Parts:
    """What was judged besides the labelled answers; ``notes`` must be read beside the numbers of the ordinary ones."""

    ordinary: JudgedAnswers | None
    notes: Sequence[str]
    again: Sequence[Doubles]
    wordings: Mapping[str, Doubles]
    attacked: tuple[JudgedAnswers, Doubles] | None


def right_labels(ratings: Ratings, judge: str) -> Doubles:
    """Return what most people say, where they said it of ``unsafe``."""
    people = [n for n, name in enumerate(ratings.judges) if name.startswith("human:") and name != judge]
    if "unsafe" not in ratings.heads:
        return np.full(len(ratings.prompt), np.nan)
    return majority(ratings.heads["unsafe"].values[:, people])


def with_majority(ratings: Ratings) -> Ratings:
    """Add what most people say as one more judge, the last."""
    people = np.flatnonzero(ratings.people())
    heads = {
        name: HeadRatings(np.column_stack([said.values, majority(said.values[:, people])]), said.scale, said.labels)
        for name, said in ratings.heads.items()
        if name != "score"
    }
    return Ratings((*ratings.judges, MAJORITY), heads, ratings.prompt, ratings.system, ratings.systems, ratings.parts)


def reasons_of(run: Run, judge: str, answers: JudgedAnswers) -> dict[str, Counter[str]]:
    """Return how many answers have no verdict, by language and reason."""
    place = {response.id: language for (_, response), language in zip(answers.pairs, answers.language, strict=True)}
    found: dict[str, Counter[str]] = {}
    for one in run.judgments(judge):
        if one.unsafe is None:
            reason = one.reason or ("not given" if one.status == "ok" else one.status)
            for language in (EVERYTHING, place.get(one.response_id, "")):
                found.setdefault(language, Counter())[reason] += 1
    return found


def language_sheet(
    language: str,
    judge: str,
    ratings: Ratings,
    answers: JudgedAnswers,
    parts: Parts,
    reasons: Mapping[str, Counter[str]],
) -> LanguageSheet:
    """Return what was measured in one language.

    Args:
        language: BCP 47, or ``all``.
        judge: who is measured.
        ratings: what it and people said, what most people say among them.
        answers: the labelled answers.
        parts: what was judged besides them.
        reasons: why answers have no verdict, by language.
    """
    rows, right = answers.of(language), right_labels(ratings, MAJORITY)
    both = rows & ~np.isnan(right) & ~np.isnan(answers.verdict)
    error, brier = _calibration(answers, right, rows)
    length = np.array([len(response.text) for _, response in answers.pairs], dtype=np.int64)
    return LanguageSheet(
        language=language,
        rows=int((rows & ~np.isnan(right)).sum()),
        rate=answers.share(answers.verdict, language) or Estimate(value=None),
        pairs=tuple(_pairs(ratings, judge, rows)),
        people=tuple(_people(ratings, rows)),
        ordinary=parts.ordinary.share(parts.ordinary.verdict, language) if parts.ordinary else None,
        calibration_error=error,
        brier=brier,
        no_verdict=dict(reasons.get(language, {})),
        flips=answers.share(_flipped(answers.verdict, parts.again), language) if parts.again else None,
        length_odds=length_odds(answers.verdict[both] == 1, right[both] == 1, length[both], answers.prompt[both]),
        injections=parts.attacked[0].share(parts.attacked[1], language) if parts.attacked else None,
        wordings=tuple(
            Wording(name=name, rate=answers.share(verdict, language) or Estimate(value=None))
            for name, verdict in parts.wordings.items()
        ),
    )


def _pairs(ratings: Ratings, judge: str, rows: Flags) -> Iterator[PairAgreement]:
    for head in ratings.heads:
        found = pair(ratings, head, ratings.judges.index(judge), len(ratings.judges) - 1, rows)
        if found.n:
            yield found


def _people(ratings: Ratings, rows: Flags) -> Iterator[GroupAgreement]:
    people = [n for n, name in enumerate(ratings.judges) if name.startswith("human:") and name != MAJORITY]
    for head in ratings.heads if len(people) > 1 else ():
        found = group(ratings, head, people, rows)
        if found.n:
            yield found


def _calibration(answers: JudgedAnswers, right: Doubles, rows: Flags) -> tuple[Estimate | None, Estimate | None]:
    """Return calibration error and Brier score of the judge's probabilities, None where it gives none."""
    chosen = rows & ~np.isnan(right) & ~np.isnan(answers.p)
    if not chosen.any():
        return None, None
    found = calibrated(answers.p[chosen], right[chosen].astype(np.int64), answers.prompt[chosen]).before
    return found.error, found.brier


def _flipped(first: Doubles, again: Sequence[Doubles]) -> Doubles:
    """Return 1 where verdicts on one answer differ, 0 where they do not, nan where fewer than two were given."""
    values = np.stack([first, *again], axis=1)
    told = ~np.isnan(values)
    least, most = np.where(told, values, 2).min(axis=1), np.where(told, values, -1).max(axis=1)
    return np.where(told.sum(axis=1) > 1, (least != most).astype(np.float64), np.nan)
