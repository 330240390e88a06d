"""Which rows are held out: folds by prompt, by answering system, by harm type; and a validation share by prompt."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import numpy as np

from hantei.arrays import Flags, Integers
from hantei.errors import UsageError
from hantei.training.encoder.options import TrainOptions
from hantei.training.encoder.rows import Rows

_WHAT = {"system": "one answering system left out", "harm": "one harm type left out"}


@dataclass(frozen=True, slots=True)
class Fold:
    """One part of a cross-validation: what it is called, the numbers of the rows trained on and of those held out."""

    name: str
    train: Integers
    held_out: Integers


def protocol(options: TrainOptions) -> str:
    """Return in words what each fold leaves out."""
    return f"{options.k} folds by prompt" if options.folds == "prompt" else _WHAT[str(options.folds)]


def folds(rows: Rows, options: TrainOptions) -> list[Fold]:
    """Return the folds that were asked for.

    By prompt, all rows of one question are on one side. By harm type too: a question that stands under two types is
    not trained on while one of them is held out. By system the same questions, answered by the others, are trained on,
    as in Do-Not-Answer (arXiv 2308.13387); an answer that a held-out row repeats word for word is not.

    Raises:
        UsageError: there are too few prompts, systems or harm types, or no such fold.
    """
    every = _by_prompt(rows, options) if options.folds == "prompt" else _left_out(rows, options)
    names = [fold.name for fold in every]
    for name in options.only_folds:
        if name not in names:
            raise UsageError(f"--only-folds {name}: no such fold; choose from {', '.join(names)}")
    return [fold for fold in every if not options.only_folds or fold.name in options.only_folds]


def _by_prompt(rows: Rows, options: TrainOptions) -> list[Fold]:
    prompts = np.unique(rows.question)
    if len(prompts) < options.k:
        raise UsageError(f"--folds prompt: {options.k} folds need as many prompts, found {len(prompts)}")
    drawn = np.random.default_rng(options.seed).permutation(prompts)
    parts = [drawn[number :: options.k] for number in range(options.k)]
    return [
        _fold(f"{number} of {options.k}", rows, np.isin(rows.question, part)) for number, part in enumerate(parts, 1)
    ]


def _left_out(rows: Rows, options: TrainOptions) -> list[Fold]:
    by = str(options.folds)
    values = rows.system if by == "system" else rows.harm
    names = [str(name) for name in np.unique(values) if name]
    if len(names) < 2:
        hint = "; name the benchmark that the rows belong to with --benchmark" if by == "harm" else ""
        raise UsageError(f"--folds {by}: expected rows of at least two of them, found {len(names)}{hint}")
    return [_fold(name, rows, values == name, apart=by == "harm") for name in names]


def _fold(name: str, rows: Rows, held_out: Flags, apart: bool = True) -> Fold:
    """Return a fold; ``apart`` keeps questions on one side, else only equal pairs are."""
    key = rows.question if apart else rows.pair
    out = np.flatnonzero(held_out)
    return Fold(name, np.flatnonzero(~np.isin(key, key[out])), out)


def limited(train: Integers, options: TrainOptions) -> Integers:
    """Return at most ``options.limit`` of the rows, drawn with the seed, in their order."""
    if options.limit is None or options.limit >= len(train):
        return train
    return np.sort(np.random.default_rng((options.seed, 3)).permutation(train)[: options.limit])


def validation(rows: Rows, train: Integers, options: TrainOptions) -> tuple[Integers, Integers]:
    """Return ``train`` without and with only the rows of a share of its prompts, drawn with the seed.

    Raises:
        UsageError: there are fewer than two prompts.
    """
    prompts = np.unique(rows.question[train])
    if len(prompts) < 2:
        raise UsageError("training needs rows of at least two prompts: one side learns, the other says when to stop")
    count = min(max(1, round(options.validation * len(prompts))), len(prompts) - 1)
    drawn = np.random.default_rng((options.seed, 1)).permutation(prompts)[:count]
    chosen = np.isin(rows.question[train], drawn)
    return train[~chosen], train[chosen]


def file_name(kind: str, name: str) -> str:
    """Return a name for the files of a fold: readable, safe for every file system, and different for each fold."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "fold"
    return f"{kind}-{slug}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
