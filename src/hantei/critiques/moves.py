"""How a checker's scores move when good critiques are damaged, in both ways of scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hantei.critiques.critique import CheckedCritique, Checker, Critique
from hantei.critiques.damage import DAMAGES, Damaged, good, half_translated
from hantei.critiques.scoring import MODES, Mode, move, scores
from hantei.estimates import Estimate

PERFECT = "no mistakes"
"""The name of the checker that knows the truth of every unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The macro scores of damaged critiques, and how they moved, in one way of scoring.

    ``after`` and ``moved`` are precision, recall and F1, as shares.
    """

    after: tuple[Estimate, Estimate, Estimate]
    moved: tuple[Estimate, Estimate, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageMoves:
    """What one damage does to the scores that one checker gives to the critiques in one language.

    Args:
        checker: who checked them.
        language: of the references.
        name: of the damage; ``good`` for none.
        title: the damage in words.
        should: how the scores should move.
        n: critiques that could be damaged so.
        moves: by mode.
    """

    checker: str
    language: str | None
    name: str
    title: str
    should: str
    n: int
    moves: Mapping[Mode, Move]


def damage_moves(critiques: Sequence[Critique], checker: Checker | None) -> list[DamageMoves]:
    """Return how the scores of good critiques move, damage by damage.

    Args:
        critiques: references in one language.
        checker: who checks them; None for one that makes no mistakes.
    """
    sound = good(critiques)
    checked: dict[str, list[CheckedCritique | None]] = {"good": _checked(list(sound), checker)}
    out = [_unmoved(checked["good"], checker)]
    for damage in DAMAGES:
        checked[damage.name] = _checked(damage.make(sound), checker)
        found = _moved(checked[damage.base], checked[damage.name])
        if found is not None:
            moves, n = found
            out.append(replace(out[0], name=damage.name, title=damage.title, should=damage.should, n=n, moves=moves))
    return out


def bilingual_moves(
    critiques: Sequence[Critique], translated: Sequence[Sequence[str]], title: str, checker: Checker | None
) -> DamageMoves | None:
    """Return how the scores move when every second unit is in another language.

    Args:
        critiques: references in one language.
        translated: the same units in another one.
        title: which languages, in words.
        checker: who checks them; None for one that makes no mistakes.
    """
    sound = good(critiques)
    mixed = [half_translated(one, other) for one, other in zip(sound, translated, strict=True)]
    before, after = _checked(list(sound), checker), _checked(list(mixed), checker)
    found = _moved(before, after)
    if found is None:
        return None
    plain = _unmoved(before, checker)
    return replace(plain, name="bilingual", title=title, should="nothing moves", n=found[1], moves=found[0])


def _checked(damaged: Sequence[Damaged | None], checker: Checker | None) -> list[CheckedCritique | None]:
    there = [one for one in damaged if one is not None]
    if checker is None:
        found = iter([one.known() for one in there])
    else:
        found = iter(checker.check([one.written() for one in there]))
    return [None if one is None else next(found) for one in damaged]


def _unmoved(checked: Sequence[CheckedCritique | None], checker: Checker | None) -> DamageMoves:
    whole = [one for one in checked if one is not None]
    return DamageMoves(
        checker=checker.name if checker else PERFECT,
        language=whole[0].language,
        name="good",
        title="As they are",
        should="",
        n=len(whole),
        moves={mode: _move(whole, whole, mode) for mode in MODES},
    )


def _moved(
    before: Sequence[CheckedCritique | None], after: Sequence[CheckedCritique | None]
) -> tuple[dict[Mode, Move], int] | None:
    """Return how scores moved on the critiques that could be damaged, and how many these are."""
    both = [(one, other) for one, other in zip(before, after, strict=True) if one is not None and other is not None]
    if not both:
        return None
    first, second = ([pair[at] for pair in both] for at in (0, 1))
    return {mode: _move(first, second, mode) for mode in MODES}, len(both)


def _move(before: Sequence[CheckedCritique], after: Sequence[CheckedCritique], mode: Mode) -> Move:
    found = scores(after, mode)[0]
    moved = move(before, after, mode)
    return Move(after=(found.precision.macro, found.recall.macro, found.f1.macro), moved=(moved[0], moved[1], moved[2]))
