"""Training the built-in judge from public files, and measuring it on data that it has not seen.

    python -m hantei.training.builtin.train --data DIR [--out DIR] [--licences all|permissive] [--evaluate-only]

Equal inputs and library versions give equal bytes.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hantei.errors import UsageError
from hantei.judges.builtin import semantic
from hantei.judges.builtin.loading import CARDS
from hantei.judges.builtin.model import BuiltinJudge
from hantei.judges.builtin.semantic import Semantic
from hantei.judges.builtin.weights import BuiltinWeights, Heads, save
from hantei.judges.profile import Profile
from hantei.records import Message, Prompt, Response
from hantei.training.builtin import left_out
from hantei.training.builtin.both_builds import fit_both, fit_seconds, semantic_of
from hantei.training.builtin.boundary import boundary
from hantei.training.builtin.card import (
    PROFILE,
    SEMANTIC,
    TOPICS,
    WEIGHTS,
    Evaluation,
    judged_languages,
    measures_of,
    write_card,
)
from hantei.training.builtin.evaluate import (
    BUILDS,
    Build,
    EvaluationData,
    Evaluator,
    measure,
    prepare,
    training_encoder,
)
from hantei.training.builtin.fit import weights_of
from hantei.training.builtin.measure_only import PredictRows, measure_only, numerical_stability
from hantei.training.builtin.row import Licences, TrainingRow
from hantei.training.builtin.scoring import EvaluationMeasure
from hantei.training.builtin.topics import topic_measures, topics_of

PACKAGE = Path(__file__).parents[2] / "judges" / "builtin"
"""Where the shipped weights and their cards lie."""
_NAMED = ("do-not-answer", "xstest", "alpaca-eval", "rakuda")
"""The sources whose rows say which system answered."""


@dataclass(frozen=True, slots=True)
class TrainedJudge:
    """Both builds of the judge, and what was measured of each."""

    weights: BuiltinWeights
    semantic: Semantic
    evaluations: tuple[Evaluation, ...]


def evaluate(data: Path, licences: Licences = "all") -> tuple[Evaluation, ...]:
    """Measure both builds on everything that each fit leaves out; nothing is written.

    With ``permissive`` the other sources are measured on and never trained on, and the shipped card's figures stand
    beside as the cost.

    Raises:
        UsageError: ``data`` is no folder, or ``licences`` is not one of the two.
        InputError: a file under ``data`` is missing or broken.
    """
    return _train(prepare(data, licences), data).evaluations


def train(data: Path, out: Path | None = None, licences: Licences = "all") -> tuple[Evaluation, ...]:
    """Train the judge, measure it, and write weights, profile, cards and licence to ``out``, by default the package.

    Raises:
        UsageError: ``data`` is no folder, or ``licences`` is not one of the two.
        InputError: a file under ``data`` is missing or broken.
    """
    folder = out or PACKAGE
    prepared = prepare(data, licences)
    trained = _train(prepared, data)
    folder.mkdir(parents=True, exist_ok=True)
    save(trained.weights, folder / WEIGHTS)
    semantic.save(trained.semantic, folder / SEMANTIC)
    rows = [row for row, usable in zip(prepared.rows, prepared.usable.tolist(), strict=True) if usable]
    profile_of(rows).save(folder / PROFILE)
    topics_of(rows, data, training_encoder().topics).save(folder / TOPICS)
    for evaluation in trained.evaluations:
        write_card(folder, rows, evaluation, judged_languages(evaluation.measures))
    return trained.evaluations


def profile_of(rows: Iterable[TrainingRow]) -> Profile:
    """Return what the answers among some rows look like; those whose system is not named count as their source's."""
    answers = ((row.response, row.language, _system(row)) for row in rows if row.response is not None)
    return Profile.build(answers)


def _system(row: TrainingRow) -> str:
    return f"{row.source}/{row.system}" if row.source in _NAMED else row.source


def _train(prepared: EvaluationData, data: Path) -> TrainedJudge:
    """Fit both builds and measure them: thresholds first, on sources and prompts that the fits did not see."""
    labels, rows = prepared.labels, np.flatnonzero(prepared.usable)
    evaluator = left_out.evaluator_of(prepared)
    first = fit_both(prepared.matrix, labels, rows)
    second = fit_seconds(evaluator.unseen, labels, rows)
    pairs = labels.pair[rows[labels.answered[rows]]]
    weights = weights_of(first.ngrams, second.ngrams, pairs, evaluator.thresholds.ngrams)
    semantic = semantic_of(first.semantic, second.semantic, evaluator.thresholds.semantic)
    return TrainedJudge(weights, semantic, tuple(_evaluations(evaluator, data, weights, semantic)))


def _evaluations(evaluator: Evaluator, data: Path, weights: BuiltinWeights, semantic: Semantic) -> Iterable[Evaluation]:
    measured = measure(evaluator)
    apart = left_out.left_out(evaluator)
    encoder = training_encoder()
    for build in BUILDS:
        judge = predictor_of(
            BuiltinJudge(weights, "", (), semantic=semantic if build == "use" else None, encoder=encoder)
        )
        measures = (
            *measured[build],
            *left_out.measures(evaluator, apart[build], build),
            *(topic_measures(evaluator.data) if build == "use" else ()),
            *measure_only(data, judge),
            *boundary(judge, data),
            *numerical_stability(judge),
        )
        licences = evaluator.data.licences
        yield Evaluation(licences, measures, _shipped(build) if licences == "permissive" else (), build)


def predictor_of(judge: BuiltinJudge) -> PredictRows:
    """Return what a judge says of training rows with an answer."""

    def say(rows: Sequence[TrainingRow]) -> Heads:
        return judge.read([_pair(row) for row in rows])

    return say


def _pair(row: TrainingRow) -> tuple[Prompt, Response]:
    prompt = Prompt(id="p", messages=(Message(role="user", content=row.prompt),), language=row.language)
    return prompt, Response(id="r", prompt_id="p", system=row.system or "s", text=row.response or "")


def _shipped(build: Build) -> tuple[EvaluationMeasure, ...]:
    file = PACKAGE / CARDS[build]
    return measures_of(tomllib.loads(file.read_text(encoding="utf-8"))) if file.is_file() else ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line and return the exit status: 0, or 1 where the default build misses a floor.

    Raises:
        UsageError: options exclude each other.
    """
    parser = argparse.ArgumentParser(description="Train the built-in judge and print what was measured.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of public data")
    parser.add_argument("--out", type=Path, help="where the weights go, by default into the package")
    parser.add_argument("--licences", choices=("all", "permissive"), default="all")
    parser.add_argument("--evaluate-only", action="store_true", help="print the measurements, write nothing")
    options = parser.parse_args(arguments)
    if options.evaluate_only and options.out:
        raise UsageError("--evaluate-only writes nothing: leave out --out")
    if options.evaluate_only:
        evaluations = evaluate(options.data, options.licences)
    else:
        evaluations = train(options.data, options.out, options.licences)
    print("\n\n".join(evaluation.table() for evaluation in evaluations))
    return 0 if evaluations[-1].passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
