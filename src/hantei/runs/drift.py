"""After judging: does what was judged look like what the judge learned from?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hantei.judges.base import Named
from hantei.runs.counting import spread_over_systems
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.judging import PairReader

if TYPE_CHECKING:  # it needs NumPy, which commands that judge nothing do not load
    from hantei.judges.profile import Drift, Profile

MOST = 2_000
"""Answers of one system that are looked at, at most."""
_IN_ALL = 40_000


def note_drift(run: Run, index: Index, judges: Iterable[Named]) -> None:
    """Write into ``run.json`` how the judged answers differ from each judge's training data, system by system.

    ``judges[NAME].drift`` is a list with the fields of ``Drift``, empty where nothing differs, absent where the judge
    carries no profile of its training data (attribute ``profile``) or has judged nothing. Of a system with many
    answers an even draw is looked at, the same each time.
    """
    info = run.info()
    noted = dict(info.judges)
    numbers = {name: number for number, name in index.judges()}
    for judge in judges:
        profile: Profile | None = getattr(judge, "profile", None)
        if profile is not None and judge.name in numbers:
            found = tuple(asdict(drift) for drift in _drift(run, index, numbers[judge.name], profile))
            noted[judge.name] = replace(noted[judge.name], drift=found)
    run.write_info(replace(info, judges=noted))


def _drift(run: Run, index: Index, judge: int, profile: Profile) -> Iterator[Drift]:
    from hantei.judges.profile import ENOUGH

    most = max(ENOUGH, min(MOST, _IN_ALL // max(index.counts()["systems"], 1)))
    drawn = spread_over_systems(index, judge, ENOUGH, most)
    with PairReader(run) as reader:
        for system, rows in groupby(drawn, key=itemgetter(0)):
            pairs = (reader.read(place) for _, place in rows)
            yield from profile.compare(system, ((answer.text, asked.language) for asked, answer in pairs))
