"""Which systems of which runs are compared with each other, and what each is called."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from hantei.errors import UsageError
from hantei.runs.compared import Side
from hantei.runs.folder import Run
from hantei.runs.index import Index


def sides_of(runs: Sequence[Run], indexes: Sequence[Index], wanted: Sequence[str]) -> list[Side]:
    """Return the systems of runs, as sides to compare; each has a name of its own.

    Raises:
        UsageError: a system is wanted that no run has.
    """
    found = [(number, system) for number, index in enumerate(indexes) for system in index.systems()]
    known = {system for _, system in found}
    for name in wanted:
        if name not in known:
            raise UsageError(f"--system {name}: no such system; there are {', '.join(sorted(known))}")
    kept = [(number, system) for number, system in found if not wanted or system in wanted]
    names = [run.path.resolve().name for run in runs]
    if len(set(names)) < len(names):
        names = [str(run.path) for run in runs]
    return [Side(number, system, _name(names, number, system, kept)) for number, system in kept]


def _name(names: Sequence[str], number: int, system: str, sides: Sequence[tuple[int, str]]) -> str:
    """Return what a side is called: its system, with its run where another side's system has that name."""
    if sum(other == system for _, other in sides) == 1:
        return system
    alone = sum(run == number for run, _ in sides) == 1
    return names[number] if alone else f"{names[number]}: {system}"


def matched(sides: Sequence[Side]) -> list[tuple[int, int]]:
    """Return which sides are compared: in one run all, across two runs those of one name, or all where none is shared.

    Raises:
        UsageError: there are no two.
    """
    all_pairs = list(combinations(range(len(sides)), 2))
    if len({side.run for side in sides}) == 1:
        found = all_pairs
    else:
        across = [(one, other) for one, other in all_pairs if sides[one].run != sides[other].run]
        same = [(one, other) for one, other in across if sides[one].system == sides[other].system]
        runs = {(sides[one].run, sides[other].run) for one, other in same}
        found = same + [pair for pair in across if (sides[pair[0]].run, sides[pair[1]].run) not in runs]
    if not found:
        raise UsageError("expected two systems to compare: name two runs, or one run of several systems")
    return sorted(found)
