"""What a round is trained on, by its method: pairs, rewards, or the best of several critiques."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
from msgspec.structs import replace

from hantei.errors import RunError
from hantei.files import write_atomic
from hantei.progress import Say
from hantei.training.preferences.folder import RoundsFolder
from hantei.training.preferences.pairs import Candidate, PairSet, make_pairs
from hantei.training.preferences.setting import Dialogue
from hantei.training.preferences.state import PoolJudge, PreferenceRound
from hantei.training.preferences.trainers import PreferenceTraining
from hantei.training.preferences.writing import Written, against_label


def by_pairs(
    rounds: RoundsFolder,
    training: PreferenceTraining,
    bare: PreferenceRound,
    judges: tuple[PoolJudge, PoolJudge],
    pool: Sequence[PoolJudge],
    say: Say,
) -> PreferenceRound:
    """Train on pairs of the critiques of two judges.

    Args:
        rounds: the folder.
        training: from where to where.
        bare: the round, of which this fills in what was trained on.
        judges: the better one and the other.
        pool: all judges, the older first.
        say: takes lines for people.

    Raises:
        RunError: no dialogue gave a pair.
    """
    folder = training.work.parent
    made, written = _pairs(rounds, judges, pool)
    write_atomic(folder / "pairs.jsonl", [msgspec.json.encode(pair) + b"\n" for pair in made.pairs])
    write_atomic(folder / "conflicts.jsonl", [msgspec.json.encode(one) + b"\n" for one in made.conflicts])
    left_out = dict(made.left_out)
    if not made.pairs:
        raise RunError(f"round {bare.number}: no dialogue gave a pair: {left_out}; see docs/judge-training.md")
    say(f"  {len(made.pairs):,} pairs, {len(made.conflicts):,} conflicts, left out: {left_out or 'none'}")
    if not training.out.exists():
        training.on_pairs(made.pairs, {one.id: one for one in rounds.setting.train})
    return replace(
        bare,
        pairs=len(made.pairs),
        left_out=left_out,
        decided=dict(Counter(pair.chosen_by for pair in made.pairs)),
        chosen_tokens=_mean([pair.chosen_tokens for pair in made.pairs]),
        rejected_tokens=_mean([pair.rejected_tokens for pair in made.pairs]),
        conflicts=made.conflicts,
        tokens_written=sum(one.tokens for one in written),
        tokens_trained=rounds.options.epochs * sum(pair.tokens for pair in made.pairs),
    )


def _pairs(
    rounds: RoundsFolder, judges: tuple[PoolJudge, PoolJudge], pool: Sequence[PoolJudge]
) -> tuple[PairSet, list[Written]]:
    better, worse = (_candidates(rounds, judge, pool) for judge in judges)
    written = [one.written for one in (*better, *worse)]
    return make_pairs(rounds.setting.train, better, worse, rounds.options), written


def _candidates(rounds: RoundsFolder, judge: PoolJudge, pool: Sequence[PoolJudge]) -> list[Candidate]:
    written = rounds.written(judge, rounds.setting.train, "train")
    found = (
        rounds.f1s(judge.name, rounds.setting.train, written) if rounds.options.scores_pairs else [None] * len(written)
    )
    age = [one.name for one in pool].index(judge.name)
    return [
        Candidate(judge=judge.name, age=age, trained=judge.round > 0, written=one, f1=f1)
        for one, f1 in zip(written, found, strict=True)
    ]


def by_best(
    rounds: RoundsFolder, training: PreferenceTraining, bare: PreferenceRound, better: PoolJudge, say: Say
) -> PreferenceRound:
    """Train on the best of several critiques of each dialogue, of those with the right label.

    Args:
        rounds: the folder.
        training: from where to where.
        bare: the round, of which this fills in what was trained on.
        better: who writes the critiques.
        say: takes lines for people.

    Raises:
        RunError: there are none.
    """
    count = rounds.options.samples
    written = rounds.written(better, rounds.setting.train, f"train-{count}", count)
    dialogues = [one for one in rounds.setting.train for _ in range(count)]
    scored = rounds.f1s(better.name, dialogues, written)
    best: dict[str, tuple[float, Written]] = {}
    for dialogue, one, f1 in zip(dialogues, written, scored, strict=True):
        fits = one.reading.parsed and not against_label(dialogue, one) and one.tokens <= rounds.options.max_length
        if fits and f1 is not None and f1 > best.get(one.id, (-1.0, one))[0]:
            best[one.id] = (f1, one)
    if not best:
        raise RunError(f"round {bare.number}: no dialogue has a critique with the right label that can be scored")
    say(f"  {len(best):,} critiques, each the best of {count}")
    if not training.out.exists():
        replies = {id_: one.reply for id_, (_, one) in best.items()}
        training.on_best(replies, {one.id: one for one in rounds.setting.train})
    left = len(rounds.setting.train) - len(best)
    return replace(
        bare,
        pairs=len(best),
        left_out={"no critique with the right label": left} if left else {},
        chosen_tokens=_mean([one.output_tokens for _, one in best.values()]),
        tokens_written=sum(one.tokens for one in written),
        tokens_trained=rounds.options.epochs * sum(one.tokens for _, one in best.values()),
    )


def by_rewards(rounds: RoundsFolder, training: PreferenceTraining, bare: PreferenceRound) -> PreferenceRound:
    """Train by RLOO on the dialogues whose critiques can be scored.

    Raises:
        RunError: there are none.
    """
    dialogues = [one for one in rounds.setting.train if one.reference]
    if not dialogues:
        raise RunError(f"round {bare.number}: no training dialogue has reference units to reward")
    if not training.out.exists():
        training.on_rewards(dialogues, partial(_rewards, rounds))
    left = len(rounds.setting.train) - len(dialogues)
    return replace(bare, pairs=len(dialogues), left_out={"no reference": left} if left else {})


def _rewards(rounds: RoundsFolder, dialogues: Sequence[Dialogue], replies: Sequence[str]) -> list[float]:
    """Return the F1 of each reply's units; 0 for one that cannot be read or denies the label."""
    readings = [rounds.setting.form.read(one, reply) for one, reply in zip(dialogues, replies, strict=True)]
    written = [
        Written(id=one.id, reply=reply, unsafe=reading.unsafe, critique=reading.critique)
        for one, reply, reading in zip(dialogues, replies, readings, strict=True)
    ]
    found = rounds.f1s("rloo", dialogues, written)
    right = (not against_label(dialogue, one) for dialogue, one in zip(dialogues, written, strict=True))
    return [(f1 or 0.0) if fits else 0.0 for f1, fits in zip(found, right, strict=True)]


def _mean(values: Sequence[int]) -> float:
    return float(np.mean(values)) if values else 0.0
