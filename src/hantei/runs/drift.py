"""After judging: does what was judged look like what the judge learned from?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hantei.judges.base import Named, language_of
from hantei.judges.drift import ENOUGH, Drift
from hantei.runs.chosen import spread_over_systems
from hantei.runs.folder import Run
from hantei.runs.index import Index, Location
from hantei.runs.judged_text import pair_to_be_judged
from hantei.runs.judging import PairReader

if TYPE_CHECKING:  # it needs NumPy, which commands that judge nothing do not load
    from hantei.judges.profile import Profile

MOST = 2_000
"""Answers of one system that are looked at, at most."""
_IN_ALL = 40_000
_READ = 8_192
"""Characters of a prompt that are compared, its end."""


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
    most = max(ENOUGH, min(MOST, _IN_ALL // max(index.counts()["systems"], 1)))
    drawn = spread_over_systems(index, judge, ENOUGH, most)
    with PairReader(run) as reader:
        for system, rows in groupby(drawn, key=itemgetter(0)):
            asked: list[tuple[str, str | None]] = []
            yield from profile.compare(system, _answers(reader, (place for _, place in rows), asked))
            if profile.topics is not None:
                yield from profile.topics.compare(system, asked)


def _answers(
    reader: PairReader, places: Iterable[Location], asked: list[tuple[str, str | None]]
) -> Iterator[tuple[str, str | None]]:
    """Yield answers with their prompts' declared languages, and put what was asked into ``asked`` on the way."""
    for place in places:
        prompt, answer = pair_to_be_judged(*reader.read(place))
        asked.append((prompt.text[-_READ:], language_of(prompt, answer)))
        yield answer.text, prompt.language
