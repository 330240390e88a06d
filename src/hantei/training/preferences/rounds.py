"""Preference rounds: the best two judges of a pool write critiques, the better one is trained on the better ones.

    pool --measured--> the best two --write of training dialogues--> pairs --DPO--> a judge more in the pool

Everything a round makes is a file of its folder, written whole or reply by reply, so that the same call goes on after a
kill: ``written`` (replies), ``measured`` (what each judge is worth), ``rounds`` (pairs, conflicts, checkpoints),
``judges`` (the folders that transformers loads), ``state.json``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from hantei.engine.meter import peak_memory_mb
from hantei.errors import RunError, UsageError
from hantei.files import write_atomic
from hantei.models.extras import needed
from hantei.progress import Say
from hantei.runs.lock import locked
from hantei.training.preferences.loaded import LoadedJudge, check_changed
from hantei.training.preferences.measuring import Measured, check, f1s, gain, measure
from hantei.training.preferences.options import RoundOptions
from hantei.training.preferences.pairs import Candidate, PairSet, make_pairs
from hantei.training.preferences.setting import NOTHING, Dialogue, Setting
from hantei.training.preferences.state import PoolJudge, PreferenceRound, State, opened, save
from hantei.training.preferences.trainers import PreferenceTraining
from hantei.training.preferences.writing import Written, against_label, write_critiques


@dataclass(frozen=True, slots=True)
class Rounds:
    """How far the rounds are, and what each judge is worth by its name, those that were not kept too."""

    state: State
    measured: Mapping[str, Measured]
    options: RoundOptions


def run_rounds(setting: Setting, out: Path, options: RoundOptions, say: Say = lambda _line: None) -> Rounds:
    """Run preference rounds in a folder; a call that was cut off goes on when it is made again.

    Args:
        setting: dialogues, form, checker and first judges.
        out: the folder.
        options: the choices.
        say: takes lines for people.

    Raises:
        UsageError: choices, dialogues or judges that do not fit, or a library is not installed.
        RunError: the folder is in use, damaged or of other rounds; a round gave no pairs, or its training changed
            nothing.
    """
    options.check()
    _check(setting)
    needed("trl", "tune")
    with locked(out):
        work = _RoundsInFolder(setting, out, options, say)
        state = opened(out, setting, options)
        save(out, state)
        for judge in state.pool:
            work.measured(judge)
        while len(state.rounds) < options.rounds and state.ended is None:
            state = work.round(state)
            save(out, state)
        return Rounds(state, {name: work.measured(judge) for name, judge in _all_judges(state).items()}, options)


def _check(setting: Setting) -> None:
    if len(setting.judges) < 2:
        raise UsageError(f"expected two first judges or more, got {len(setting.judges)}: the best two write critiques")
    if not setting.train or not setting.validation:
        raise UsageError("expected dialogues to train on and dialogues to validate on")
    known = {_said(one) for one in setting.train}
    both = [one.id for one in setting.validation if _said(one) in known]
    if both:
        raise UsageError(f"{len(both)} dialogues are in both training and validation, such as {both[0][:80]}")
    ids = Counter(one.id for one in (*setting.train, *setting.validation))
    if len(ids) < ids.total():
        raise UsageError(f"expected an id for each dialogue, '{ids.most_common(1)[0][0][:80]}' is that of several")
    bare = [one.id for one in setting.validation if not one.reference]
    if bare:
        raise UsageError(f"{len(bare)} validation dialogues have no reference units, such as {bare[0]}")


def _said(dialogue: Dialogue) -> tuple[str, ...]:
    return dialogue.criticised("", NOTHING).dialogue


def _all_judges(state: State) -> dict[str, PoolJudge]:
    made = {one.judge: _made(one.judge, one.number) for one in state.rounds}
    return {one.name: one for one in state.pool} | made


def _made(name: str, number: int) -> PoolJudge:
    return PoolJudge(name=name, folder=f"judges/{name}", round=number)


@dataclass(frozen=True, slots=True)
class _RoundsInFolder:
    """The rounds of one folder."""

    setting: Setting
    out: Path
    options: RoundOptions
    say: Say

    def round(self, state: State) -> State:
        """Carry out the next round.

        Raises:
            RunError: it gave nothing to train on.
        """
        started, number = time.monotonic(), len(state.rounds) + 1
        folder = self.out / "rounds" / str(number)
        resumed = folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        better, worse = self._best_two(state)
        judge = _made(f"M{len(self.setting.judges) + number}", number)
        self.say(f"round {number}: {judge.name} from {better.name}, beside {worse.name}, by {self.options.method}")
        done = self._train(better, worse, judge, state, folder)
        check_changed(self._folder(better), self._folder(judge), self.setting.validation, self.setting.form)
        gained = gain(self.measured(better).f1_by_dialogue, self.measured(judge).f1_by_dialogue)
        kept = self.options.keep == "always" or (gained.low is not None and gained.low > 0)
        finished = replace(
            done,
            kept=kept,
            gain=gained,
            seconds=round(time.monotonic() - started, 1),
            memory_mb=_memory_mb(),
            resumed=resumed,
        )
        ended = None if kept else f"round {number} gained nothing beyond its interval: {judge.name} is not kept"
        pool = (*state.pool, judge) if kept else state.pool
        return replace(state, pool=pool, rounds=(*state.rounds, finished), ended=ended)

    def measured(self, judge: PoolJudge) -> Measured:
        """Return what a judge is worth on validation, from its file where it was measured before.

        Raises:
            RunError: the file is damaged.
        """
        file = self.out / "measured" / f"{judge.name}.json"
        if file.is_file():
            try:
                return msgspec.json.decode(file.read_bytes(), type=Measured)
            except msgspec.DecodeError as error:
                raise RunError(f"{file}: it is damaged: {error}; delete it to measure {judge.name} again") from None
        dialogues = self.setting.validation
        written = self._written(judge, dialogues, "validation")
        p_unsafe = LoadedJudge(self._folder(judge)).p_unsafe(dialogues, self.setting.form)
        found = measure(judge.name, dialogues, written, self.setting.checker, p_unsafe)
        write_atomic(file, [msgspec.json.encode(found)])
        return found

    def _best_two(self, state: State) -> tuple[PoolJudge, PoolJudge]:
        """Return the best two of the pool by F1 on validation, of equal ones the older first."""
        ranked = sorted(state.pool, key=lambda one: -(self.measured(one).f1.value or 0.0))
        return ranked[0], ranked[1]

    def _folder(self, judge: PoolJudge) -> Path:
        return self.out / judge.folder if judge.round else self.setting.judges[int(judge.name[1:]) - 1]

    def _written(self, judge: PoolJudge, dialogues: Sequence[Dialogue], what: str, samples: int = 1) -> list[Written]:
        file = self.out / "written" / f"{judge.name}.{what}.jsonl"
        return write_critiques(self._folder(judge), dialogues, self.setting.form, self.options, file, samples)

    def _train(
        self, better: PoolJudge, worse: PoolJudge, judge: PoolJudge, state: State, folder: Path
    ) -> PreferenceRound:
        """Train the judge of a round unless its folder is there, and return what was trained on."""
        training = PreferenceTraining(
            start=self._folder(better),
            out=self._folder(judge),
            work=folder / "training",
            options=self.options,
            form=self.setting.form,
        )
        bare = PreferenceRound(number=judge.round, better=better.name, worse=None, judge=judge.name)
        if self.options.method == "rloo":
            return self._by_rewards(training, bare)
        if self.options.method == "best-of-n":
            return self._by_best(training, bare, better)
        return self._by_pairs(training, replace(bare, worse=worse.name), (better, worse), state, folder)

    def _by_pairs(
        self,
        training: PreferenceTraining,
        bare: PreferenceRound,
        judges: tuple[PoolJudge, PoolJudge],
        state: State,
        folder: Path,
    ) -> PreferenceRound:
        made, written = self._pairs(judges, state)
        write_atomic(folder / "pairs.jsonl", [msgspec.json.encode(pair) + b"\n" for pair in made.pairs])
        write_atomic(folder / "conflicts.jsonl", [msgspec.json.encode(one) + b"\n" for one in made.conflicts])
        left_out = dict(made.left_out)
        if not made.pairs:
            raise RunError(f"round {bare.number}: no dialogue gave a pair: {left_out}; see docs/judge-training.md")
        self.say(f"  {len(made.pairs):,} pairs, {len(made.conflicts):,} conflicts, left out: {left_out or 'none'}")
        if not training.out.exists():
            training.on_pairs(made.pairs, {one.id: one for one in self.setting.train})
        return replace(
            bare,
            pairs=len(made.pairs),
            left_out=left_out,
            decided=dict(Counter(pair.chosen_by for pair in made.pairs)),
            chosen_tokens=_mean([pair.chosen_tokens for pair in made.pairs]),
            rejected_tokens=_mean([pair.rejected_tokens for pair in made.pairs]),
            conflicts=made.conflicts,
            tokens_written=sum(one.tokens for one in written),
            tokens_trained=self.options.epochs * sum(pair.tokens for pair in made.pairs),
        )

    def _pairs(self, judges: tuple[PoolJudge, PoolJudge], state: State) -> tuple[PairSet, list[Written]]:
        better, worse = (self._candidates(judge, state) for judge in judges)
        written = [one.written for one in (*better, *worse)]
        return make_pairs(self.setting.train, better, worse, self.options), written

    def _candidates(self, judge: PoolJudge, state: State) -> list[Candidate]:
        written = self._written(judge, self.setting.train, "train")
        found = self._f1s(judge, self.setting.train, written) if self.options.scores_pairs else [None] * len(written)
        age = [one.name for one in state.pool].index(judge.name)
        return [
            Candidate(judge=judge.name, age=age, trained=judge.round > 0, written=one, f1=f1)
            for one, f1 in zip(written, found, strict=True)
        ]

    def _f1s(self, judge: PoolJudge, dialogues: Sequence[Dialogue], written: Sequence[Written]) -> list[float | None]:
        return f1s(check(judge.name, dialogues, written, self.setting.checker))

    def _by_best(self, training: PreferenceTraining, bare: PreferenceRound, better: PoolJudge) -> PreferenceRound:
        """Train on the best of several critiques of each dialogue, of those with the right label.

        Raises:
            RunError: there are none.
        """
        count = self.options.samples
        written = self._written(better, self.setting.train, f"train-{count}", count)
        dialogues = [one for one in self.setting.train for _ in range(count)]
        scored = self._f1s(better, dialogues, written)
        best: dict[str, tuple[float, Written]] = {}
        for dialogue, one, f1 in zip(dialogues, written, scored, strict=True):
            fits = one.reading.parsed and not against_label(dialogue, one) and one.tokens <= self.options.max_length
            if fits and f1 is not None and f1 > best.get(one.id, (-1.0, one))[0]:
                best[one.id] = (f1, one)
        if not best:
            raise RunError(f"round {bare.number}: no dialogue has a critique with the right label that can be scored")
        self.say(f"  {len(best):,} critiques, each the best of {count}")
        if not training.out.exists():
            replies = {id_: one.reply for id_, (_, one) in best.items()}
            training.on_best(replies, {one.id: one for one in self.setting.train})
        left = len(self.setting.train) - len(best)
        return replace(
            bare,
            pairs=len(best),
            left_out={"no critique with the right label": left} if left else {},
            chosen_tokens=_mean([one.output_tokens for _, one in best.values()]),
            tokens_written=sum(one.tokens for one in written),
            tokens_trained=self.options.epochs * sum(one.tokens for _, one in best.values()),
        )

    def _by_rewards(self, training: PreferenceTraining, bare: PreferenceRound) -> PreferenceRound:
        """Train by RLOO on the dialogues whose critiques can be scored.

        Raises:
            RunError: there are none.
        """
        dialogues = [one for one in self.setting.train if one.reference]
        if not dialogues:
            raise RunError(f"round {bare.number}: no training dialogue has reference units to reward")
        if not training.out.exists():
            training.on_rewards(dialogues, self._rewards)
        left = len(self.setting.train) - len(dialogues)
        return replace(bare, pairs=len(dialogues), left_out={"no reference": left} if left else {})

    def _rewards(self, dialogues: Sequence[Dialogue], replies: Sequence[str]) -> list[float]:
        """Return the F1 of each reply's units; 0 for one that cannot be read or denies the label."""
        readings = [self.setting.form.read(one, reply) for one, reply in zip(dialogues, replies, strict=True)]
        written = [
            Written(id=one.id, reply=reply, unsafe=reading.unsafe, critique=reading.critique)
            for one, reply, reading in zip(dialogues, replies, readings, strict=True)
        ]
        found = f1s(check("rloo", dialogues, written, self.setting.checker))
        right = (not against_label(dialogue, one) for dialogue, one in zip(dialogues, written, strict=True))
        return [(f1 or 0.0) if fits else 0.0 for f1, fits in zip(found, right, strict=True)]


def _memory_mb() -> float | None:
    torch = needed("torch", "tune")
    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated()) // 2**20
    return peak_memory_mb()


def _mean(values: Sequence[int]) -> float:
    return float(np.mean(values)) if values else 0.0
