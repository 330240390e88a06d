"""Preference rounds: the best two judges of a pool write critiques, the better one is trained on the better ones.

    pool --measured--> the best two --write of training dialogues--> pairs --DPO--> a judge more in the pool

Everything a round makes is a file of its folder, written whole or reply by reply, so that the same call goes on after a
kill: ``written`` (replies), ``measured`` (what each judge is worth), ``rounds`` (pairs, conflicts, checkpoints),
``judges`` (the folders that transformers loads), ``state.json``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from hantei.engine.meter import peak_memory_mb
from hantei.errors import UsageError
from hantei.models.extras import needed
from hantei.progress import Say
from hantei.runs.lock import locked
from hantei.training.preferences.folder import RoundsFolder
from hantei.training.preferences.loaded import check_changed
from hantei.training.preferences.measuring import Measured, gain
from hantei.training.preferences.methods import by_best, by_pairs, by_rewards
from hantei.training.preferences.options import RoundOptions
from hantei.training.preferences.setting import NOTHING, Dialogue, Setting
from hantei.training.preferences.state import PoolJudge, PreferenceRound, State, opened, save
from hantei.training.preferences.trainers import PreferenceTraining


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
        rounds = RoundsFolder(setting, out, options)
        work = _RoundsWork(rounds, say)
        state = opened(out, setting, options)
        save(out, state)
        for judge in state.pool:
            rounds.measured(judge)
        while len(state.rounds) < options.rounds and state.ended is None:
            state = work.round(state)
            save(out, state)
        return Rounds(state, {name: rounds.measured(judge) for name, judge in _all_judges(state).items()}, options)


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
class _RoundsWork:
    """Carries out rounds in a folder."""

    rounds: RoundsFolder
    say: Say

    def round(self, state: State) -> State:
        """Carry out the next round.

        Raises:
            RunError: it gave nothing to train on.
        """
        rounds, setting, options = self.rounds, self.rounds.setting, self.rounds.options
        started, number = time.monotonic(), len(state.rounds) + 1
        folder = self._place(number)
        resumed = folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        better, worse = self._best_two(state)
        judge = _made(f"M{len(setting.judges) + number}", number)
        self.say(f"round {number}: {judge.name} from {better.name}, beside {worse.name}, by {options.method}")
        done = self._train(better, worse, judge, state)
        check_changed(
            rounds.place(better),
            rounds.place(judge),
            setting.validation,
            setting.form,
        )
        gained = gain(rounds.measured(better).f1_by_dialogue, rounds.measured(judge).f1_by_dialogue)
        kept = options.keep == "always" or (gained.low is not None and gained.low > 0)
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

    def _best_two(self, state: State) -> tuple[PoolJudge, PoolJudge]:
        """Return the best two of the pool by F1 on validation, of equal ones the older first."""
        ranked = sorted(state.pool, key=lambda one: -(self.rounds.measured(one).f1.value or 0.0))
        return ranked[0], ranked[1]

    def _train(self, better: PoolJudge, worse: PoolJudge, judge: PoolJudge, state: State) -> PreferenceRound:
        """Train the judge of a round unless its folder is there, and return what was trained on."""
        training = PreferenceTraining(
            start=self.rounds.place(better),
            out=self.rounds.place(judge),
            work=self._place(judge.round) / "training",
            options=self.rounds.options,
            form=self.rounds.setting.form,
        )
        bare = PreferenceRound(number=judge.round, better=better.name, worse=None, judge=judge.name)
        if self.rounds.options.method == "rloo":
            return by_rewards(self.rounds, training, bare)
        if self.rounds.options.method == "best-of-n":
            return by_best(self.rounds, training, bare, better, self.say)
        bare = replace(bare, worse=worse.name)
        return by_pairs(self.rounds, training, bare, (better, worse), state.pool, self.say)

    def _place(self, number: int) -> Path:
        return self.rounds.out / "rounds" / str(number)


def _memory_mb() -> float | None:
    torch = needed("torch", "tune")
    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated()) // 2**20
    return peak_memory_mb()
