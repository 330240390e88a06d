"""Training the built-in judge from public files, and measuring it on data that it has not seen.

    python -m hantei.training.builtin.train --data DIR [--out DIR] [--licences all|permissive] [--evaluate-only]

Equal inputs and library versions give equal bytes.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from hantei.errors import UsageError
from hantei.judges.builtin.weights import Weights, save
from hantei.judges.profile import Profile
from hantei.training.builtin.boundary import boundary
from hantei.training.builtin.card import PROFILE, WEIGHTS, Evaluation, judged_languages, measures_of, write_card
from hantei.training.builtin.evaluate import Data, measure, prepare
from hantei.training.builtin.fit import fit
from hantei.training.builtin.scoring import Measure
from hantei.training.builtin.sources import Licences, Row

PACKAGE = Path(__file__).parents[2] / "judges" / "builtin"
"""Where the shipped weights and their card lie."""
_NAMED = ("do-not-answer", "xstest")
"""The sources whose rows say which system answered."""


def evaluate(data: Path, licences: Licences = "all") -> Evaluation:
    """Measure the judge on everything that each fit leaves out; nothing is written.

    With ``permissive`` the other sources are measured on and never trained on, and the shipped card's figures stand
    beside as the cost.

    Raises:
        UsageError: ``data`` is no folder, or ``licences`` is not one of the two.
        InputError: a file under ``data`` is missing or broken.
    """
    prepared = prepare(data, licences)
    return _evaluation(prepared, _fit_all(prepared), data, licences)


def train(data: Path, out: Path | None = None, licences: Licences = "all") -> Evaluation:
    """Train the judge, measure it, and write weights, profile, card and licence to ``out``, by default the package.

    Raises:
        UsageError: ``data`` is no folder, or ``licences`` is not one of the two.
        InputError: a file under ``data`` is missing or broken.
    """
    folder = out or PACKAGE
    prepared = prepare(data, licences)
    weights = _fit_all(prepared)
    evaluation = _evaluation(prepared, weights, data, licences)
    folder.mkdir(parents=True, exist_ok=True)
    save(weights, folder / WEIGHTS)
    rows = [row for row, usable in zip(prepared.rows, prepared.usable.tolist(), strict=True) if usable]
    profile_of(rows).save(folder / PROFILE)
    write_card(folder, rows, evaluation, judged_languages(evaluation.measures))
    return evaluation


def profile_of(rows: Iterable[Row]) -> Profile:
    """Return what the answers among some rows look like; those whose system is not named count as their source's."""
    answers = ((row.response, row.language, _system(row)) for row in rows if row.response is not None)
    return Profile.build(answers)


def _system(row: Row) -> str:
    return f"{row.source}/{row.system}" if row.source in _NAMED else row.source


def _fit_all(prepared: Data) -> Weights:
    return fit(prepared.matrix, prepared.labels, np.flatnonzero(prepared.usable))


def _evaluation(prepared: Data, weights: Weights, data: Path, licences: Licences) -> Evaluation:
    measures = (*measure(prepared), *boundary(weights, data))
    return Evaluation(licences, measures, _shipped() if licences == "permissive" else ())


def _shipped() -> tuple[Measure, ...]:
    file = PACKAGE / "card.toml"
    return measures_of(tomllib.loads(file.read_text(encoding="utf-8"))) if file.is_file() else ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line and return the exit status: 0, or 1 where a floor is missed.

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
        evaluation = evaluate(options.data, options.licences)
    else:
        evaluation = train(options.data, options.out, options.licences)
    print(evaluation.table())
    return 0 if evaluation.passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
