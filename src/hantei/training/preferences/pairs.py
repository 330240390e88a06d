"""Which of two critiques of a dialogue is chosen, which rejected, and which dialogues give no pair."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from hantei.training.preferences.options import RoundOptions
from hantei.training.preferences.setting import Dialogue
from hantei.training.preferences.writing import Written, against_label


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A critique that may be chosen.

    Args:
        judge: who wrote it.
        age: the place of the judge in the pool: a later one is larger.
        trained: whether a round made the judge.
        written: what it wrote.
        f1: of the critique's units; None where that is not known.
    """

    judge: str
    age: int
    trained: bool
    written: Written
    f1: float | None


class PreferencePair(Struct, frozen=True, kw_only=True):
    """Two replies about one dialogue; ``tokens`` is those of the question with each of them, added up."""

    id: str
    chosen: str
    rejected: str
    chosen_by: str
    rejected_by: str
    chosen_f1: float | None
    rejected_f1: float | None
    chosen_tokens: int
    rejected_tokens: int
    tokens: int


class Conflict(Struct, frozen=True, kw_only=True):
    """A dialogue on which the judge that is better on the whole, made by a round, scores lower than an older one."""

    id: str
    older: str
    later: str
    older_f1: float
    later_f1: float


@dataclass(frozen=True, slots=True)
class PairSet:
    """The pairs of a round, how many dialogues gave none by reason, and the conflicts."""

    pairs: tuple[PreferencePair, ...]
    left_out: Mapping[str, int]
    conflicts: tuple[Conflict, ...]


def make_pairs(
    dialogues: Sequence[Dialogue], better: Sequence[Candidate], worse: Sequence[Candidate], options: RoundOptions
) -> PairSet:
    """Return the pairs of a round.

    Args:
        dialogues: of which critiques were written.
        better: those of the judge that is better on validation, dialogue by dialogue.
        worse: those of the other one.
        options: the choices.
    """
    left_out: Counter[str] = Counter()
    pairs: list[PreferencePair] = []
    conflicts = [found for pair in zip(better, worse, strict=True) if (found := _conflict(*pair))]
    for dialogue, one, other in zip(dialogues, better, worse, strict=True):
        chosen, rejected = _decided(one, other, options)
        why = _why_not(dialogue, chosen, rejected, options)
        if why:
            left_out[why] += 1
        else:
            pairs.append(_pair(chosen, rejected))
    if options.balance_length:
        pairs = _kept(_balanced(pairs, options.seed), pairs, left_out, "for balance of length")
    if options.max_pairs is not None:
        pairs = _kept(_drawn(pairs, options.max_pairs, options.seed), pairs, left_out, "beyond the most pairs")
    return PairSet(tuple(pairs), dict(left_out), tuple(conflicts))


def _decided(better: Candidate, worse: Candidate, options: RoundOptions) -> tuple[Candidate, Candidate]:
    """Return the chosen critique and the rejected one."""
    if options.decide == "random":
        return (better, worse) if _lot(options.seed, better.written.id) % 2 else (worse, better)
    if options.decide == "dialogue" or (options.conflicts == "keep-older" and _conflict(better, worse)):
        return (worse, better) if (worse.f1 or 0) > (better.f1 or 0) else (better, worse)
    return better, worse


def _conflict(better: Candidate, worse: Candidate) -> Conflict | None:
    if better.f1 is None or worse.f1 is None:
        return None
    if not better.trained or better.age < worse.age or better.f1 >= worse.f1:
        return None
    return Conflict(id=better.written.id, older=worse.judge, later=better.judge, older_f1=worse.f1, later_f1=better.f1)


def _why_not(dialogue: Dialogue, chosen: Candidate, rejected: Candidate, options: RoundOptions) -> str:
    """Return why a dialogue gives no pair, an empty text where it gives one."""
    if chosen.written.error or rejected.written.error:
        return "no reply"
    if chosen.written.reply == rejected.written.reply:
        return "identical"
    if not chosen.written.reading.parsed:
        return "chosen not parsed"
    looked_at = {"keep": (), "chosen": (chosen,), "either": (chosen, rejected)}[options.mismatched]
    if any(against_label(dialogue, one.written) for one in looked_at):
        return "against the label"
    if max(chosen.written.tokens, rejected.written.tokens) > options.max_length:
        return "too long"
    return _too_close(chosen.f1, rejected.f1, options)


def _too_close(chosen: float | None, rejected: float | None, options: RoundOptions) -> str:
    if options.decide != "dialogue" and options.margin <= 0:
        return ""
    if chosen is None or rejected is None:
        return "not scored"
    if options.decide == "dialogue" and chosen == rejected:
        return "tied"
    return "below the margin" if abs(chosen - rejected) < options.margin - 1e-9 else ""


def _pair(chosen: Candidate, rejected: Candidate) -> PreferencePair:
    return PreferencePair(
        id=chosen.written.id,
        chosen=chosen.written.reply,
        rejected=rejected.written.reply,
        chosen_by=chosen.judge,
        rejected_by=rejected.judge,
        chosen_f1=chosen.f1,
        rejected_f1=rejected.f1,
        chosen_tokens=chosen.written.output_tokens,
        rejected_tokens=rejected.written.output_tokens,
        tokens=chosen.written.tokens + rejected.written.tokens,
    )


def _balanced(pairs: Sequence[PreferencePair], seed: int) -> list[PreferencePair]:
    """Return as many pairs whose chosen reply is longer as pairs where it is shorter, and all that are as long."""
    longer = [pair for pair in pairs if pair.chosen_tokens > pair.rejected_tokens]
    shorter = [pair for pair in pairs if pair.chosen_tokens < pair.rejected_tokens]
    alike = [pair for pair in pairs if pair.chosen_tokens == pair.rejected_tokens]
    count = min(len(longer), len(shorter))
    return [*_drawn(longer, count, seed), *_drawn(shorter, count, seed), *alike]


def _drawn(pairs: Sequence[PreferencePair], count: int, seed: int) -> list[PreferencePair]:
    return sorted(pairs, key=lambda pair: _lot(seed, pair.id))[:count]


def _kept(
    kept: Sequence[PreferencePair], before: Sequence[PreferencePair], left_out: Counter[str], why: str
) -> list[PreferencePair]:
    """Return what was kept in the order of before, and count what was not."""
    ids = {pair.id for pair in kept}
    if len(ids) < len(before):
        left_out[why] += len(before) - len(ids)
    return [pair for pair in before if pair.id in ids]


def _lot(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:8])
