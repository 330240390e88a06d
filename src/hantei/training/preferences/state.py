"""How far the rounds of a folder are: ``state.json``, written whole after each, from which the same call goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from hantei.errors import RunError, UsageError
from hantei.estimates import Estimate
from hantei.files import write_atomic
from hantei.training.preferences.options import RoundOptions
from hantei.training.preferences.pairs import Conflict
from hantei.training.preferences.setting import Dialogue, Setting

VERSION = 1


class PoolJudge(Struct, frozen=True, kw_only=True):
    """A judge: its name, its folder (within the folder of the rounds where a round made it), and that round, else 0."""

    name: str
    folder: str
    round: int = 0


class PreferenceRound(Struct, frozen=True, kw_only=True):
    """What one round did.

    ``better`` and ``worse`` are the best two of the pool, ``judge`` the one that it made from ``better``. ``decided``
    is whose critique was chosen how often. ``gain`` is that in F1 on validation over ``better``. Tokens are those that
    were written (questions included) and trained on. ``seconds`` and ``memory_mb`` (the most of the process, or of the
    GPU) are of the call that finished it; ``resumed`` says that an earlier one had begun.
    """

    number: int
    better: str
    worse: str | None
    judge: str
    kept: bool = False
    gain: Estimate = Estimate(value=None)
    pairs: int = 0
    left_out: dict[str, int] = {}
    decided: dict[str, int] = {}
    chosen_tokens: float = 0.0
    rejected_tokens: float = 0.0
    conflicts: tuple[Conflict, ...] = ()
    tokens_written: int = 0
    tokens_trained: int = 0
    seconds: float = 0.0
    memory_mb: float | None = None
    resumed: bool = False


class State(Struct, frozen=True, kw_only=True):
    """The plan that all rounds follow, by name of what it is made of; the pool; the rounds; why they ended."""

    version: int
    plan: dict[str, str]
    pool: tuple[PoolJudge, ...]
    rounds: tuple[PreferenceRound, ...] = ()
    ended: str | None = None

    def judge(self, name: str) -> PoolJudge:
        """Return a judge of the pool."""
        return next(one for one in self.pool if one.name == name)


def opened(out: Path, setting: Setting, options: RoundOptions) -> State:
    """Return the state of a folder, a fresh one where there is none.

    Raises:
        RunError: the state file is damaged, or of rounds on other data, judges or choices.
    """
    plan = plan_of(setting, options)
    file = out / "state.json"
    if not file.is_file():
        return State(version=VERSION, plan=plan, pool=_first(setting))
    try:
        state = msgspec.json.decode(file.read_bytes(), type=State)
    except msgspec.DecodeError as error:
        raise RunError(
            f"{file}: expected the state of preference rounds, it is damaged: {error}; name another --out, or delete "
            f"{out} to start again"
        ) from None
    differing = [name for name in plan if state.plan.get(name) != plan[name]]
    if differing or state.version != VERSION:
        what = ", ".join(differing) or "the form of the file"
        raise RunError(f"{out}: holds rounds with other {what}; name another --out")
    return state


def save(out: Path, state: State) -> None:
    """Write the state whole."""
    write_atomic(out / "state.json", [msgspec.json.format(msgspec.json.encode(state), indent=1)])


def plan_of(setting: Setting, options: RoundOptions) -> dict[str, str]:
    """Return what may not change between the rounds of one folder: every choice but how many rounds there are."""
    chosen = {name: getattr(options, name) for name in options.__dataclass_fields__ if name not in _FREE}
    return {
        "first judges": _hash([_weights(folder) for folder in setting.judges]),
        "training dialogues": _hash(_asked(setting, setting.train)),
        "validation dialogues": _hash(_asked(setting, setting.validation)),
        "checker": setting.checker.name,
        **{name: str(value) for name, value in chosen.items()},
    }


_FREE = ("rounds", "micro_batch", "save_steps")


def _first(setting: Setting) -> tuple[PoolJudge, ...]:
    return tuple(PoolJudge(name=f"M{at}", folder=str(folder)) for at, folder in enumerate(setting.judges, 1))


def _asked(setting: Setting, dialogues: Sequence[Dialogue]) -> list[str]:
    """Return what decides a dialogue's part in the rounds: its id, label, units, and how judges are asked of it."""
    return [
        repr((one.id, one.unsafe, one.reference, [(turn.role, turn.content) for turn in setting.form.messages(one)]))
        for one in dialogues
    ]


def _weights(folder: Path) -> str:
    """Return the hash of a judge's weights.

    Raises:
        UsageError: there are none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UsageError(f"{folder}: expected a judge's folder with *.safetensors, found none")
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened_file:
            digest.update(hashlib.file_digest(opened_file, "sha256").digest())
    return digest.hexdigest()


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
