"""Measuring how judges agree, on a run folder with or without more labels, or on tables of labels alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from hantei.cards import did_you_mean
from hantei.errors import UsageError
from hantei.files import AnyPath
from hantei.inputs.label_files import LabelFiles, RatedRow, read_tables
from hantei.metrics.agreement.from_labels import of_labels
from hantei.metrics.agreement.from_run import DIMENSIONS, UNGRADED, of_run
from hantei.metrics.agreement.pairs import group, pair, parts
from hantei.metrics.agreement.ratings import Ratings
from hantei.metrics.agreement.results import Agreement, Disagreement, GroupAgreement, PairAgreement
from hantei.metrics.agreement.worst import furthest
from hantei.reports.text import clip
from hantei.runs.folder import Run, load_run
from hantei.runs.index import Location
from hantei.runs.judging import PairReader
from hantei.runs.people import guidelines, is_derived

MOST_DETAILED = 12
"""Pairs of which the parts are measured too, at most; all judges together are always measured by part."""

MOST_PAIRS = 45
"""Pairs that are measured where no judge is named; beyond, all judges are measured together only."""

FEW = 10
"""Rows in common below which a note says so."""

LABELS_COME = (
    "people's labels come from hantei annotate, in a file of --labels, or with the answers: hantei judge FILE --labels"
)
"""Where a newcomer gets what is missing."""

_SHOWN = 400
"""Characters of a prompt and of a response in the list of rows."""

Describe = Callable[[int], tuple[str, str, str]]
"""The id, prompt and response of a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementOptions:
    """What is compared.

    Args:
        judge: the judges, by name or with ``*``; everybody where none is named.
        against: with whom they are compared, in the same way.
        heads: unsafe, action, refusal, score, label; those that there are where none is named.
        by: what the rows are divided by.
        worst: rows of the greatest disagreement to list, for each head.
        labels: people's labels of a run's responses: files, or ``human:NAME`` of the run; all that it has if none.
        files: how tables of labels are read.
    """

    judge: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    worst: int = 20
    labels: tuple[str | Path, ...] = ()
    files: LabelFiles = field(default_factory=LabelFiles)


def agreement(source: AnyPath | Sequence[AnyPath], options: AgreementOptions | None = None) -> Agreement:
    """Return how judges agree, people among them, on a run's responses or on the rows of tables with labels.

    Raises:
        UsageError: no such run, judge, head or part, fewer than two judges, or labels that belong to no response.
        InputError: a file cannot be read or holds no labels.
    """
    sources, options = paths_of(source), options or AgreementOptions()
    if _is_run(sources):
        return _of_run(load_run(sources[0]), options)
    ratings, items = _of_tables(sources, options)
    return _measured(ratings, options, lambda row: (items[row].id.replace("\0", " "), *items[row].shown))


def paths_of(source: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """Return one path or several as a list."""
    return [Path(source)] if isinstance(source, str | os.PathLike) else [Path(one) for one in source]


def ratings_of(sources: Sequence[Path], options: AgreementOptions) -> Ratings:
    """Return what judges said of the rows of ``sources``, as ``agreement`` compares it.

    Raises:
        UsageError: no such run, or labels that belong to no response.
        InputError: a file cannot be read or holds no labels.
    """
    if _is_run(sources):
        run = load_run(sources[0])
        with run.index() as index:
            return of_run(index, options.labels, options.files, guidelines(run.info().judges))
    return _of_tables(sources, options)[0]


def _is_run(sources: Sequence[Path]) -> bool:
    if not sources:
        raise UsageError("expected a run folder, or files with labels")
    folder = next((path for path in sources if path.is_dir()), None)
    if folder and len(sources) > 1:
        raise UsageError(f"{folder}: expected one run folder, or files of labels; more labels of a run go to --labels")
    return folder is not None


def _of_tables(sources: Sequence[Path], options: AgreementOptions) -> tuple[Ratings, list[RatedRow]]:
    own = tuple(name for name in options.by if name not in ("people", "guideline", "system"))
    files = replace(options.files, by=own)
    collected = read_tables([*sources, *map(Path, options.labels)], files)
    return of_labels(collected, files), collected.items


def _of_run(run: Run, options: AgreementOptions) -> Agreement:
    known = (*DIMENSIONS, "system", "people", "guideline")
    strange = next((name for name in options.by if name not in known), None)
    if strange:
        hint = did_you_mean(strange, known)
        raise UsageError(f"--by {strange}: a run is divided by one of {', '.join(known)}{hint}")
    with run.index() as index:
        ratings = of_run(index, options.labels, options.files, guidelines(run.info().judges))
        places = list(index.pairs())
        with PairReader(run) as reader:
            return _measured(ratings, options, lambda row: _described(reader, places[row]))


def _described(reader: PairReader, place: Location) -> tuple[str, str, str]:
    prompt, response = reader.read(place)
    return response.id, prompt.text, response.text


def _measured(ratings: Ratings, options: AgreementOptions, describe: Describe) -> Agreement:
    chosen = _pairs(ratings, options)
    judges = list(dict.fromkeys(one for two in chosen for one in two))
    crowd = len(chosen) > MOST_PAIRS and not (options.judge or options.against)
    heads = _wanted_heads(ratings, options)
    by = [name for name in options.by if name != "guideline"]
    compared = [] if crowd else chosen
    detailed = len(compared) <= MOST_DETAILED
    pairs = [one for head in heads for two in compared for one in _pair(ratings, head, two, by if detailed else ())]
    groups = tuple(one for head in heads for one in _groups(ratings, head, judges, by, options))
    if not groups and not any(one.n for one in pairs):
        raise UsageError("no two of these judges said something of the same response: there is nothing to compare")
    return Agreement(
        judges=tuple(ratings.judges[one] for one in judges),
        rows=len(ratings.prompt),
        pairs=tuple(one for one in pairs if one.n),
        groups=groups,
        worst=tuple(one for head in heads for one in _worst(ratings, head, judges, options.worst, describe)),
        notes=tuple(_notes(ratings, len(chosen) if crowd else 0, pairs, detailed, options)),
    )


def _pairs(ratings: Ratings, options: AgreementOptions) -> list[tuple[int, int]]:
    """Return which judges are compared, as (judge, against): people are what others are compared with.

    Raises:
        UsageError: fewer than two judges, or none of a name.
    """
    people = ratings.people()
    own = [one for one, name in enumerate(ratings.judges) if not is_derived(name)]
    order = sorted(own, key=lambda one: bool(people[one]))
    left = named(ratings, options.judge) if options.judge else order
    right = named(ratings, options.against) if options.against else order
    found: dict[tuple[int, int], None] = {}
    for one in left:
        for other in right:
            two = (one, other) if options.judge or options.against else tuple(sorted((one, other), key=order.index))
            if one != other and (two[1], two[0]) not in found:
                found[two[0], two[1]] = None
    if not found:
        raise UsageError(f"expected two judges to compare, found {', '.join(ratings.judges) or 'none'}; {LABELS_COME}")
    return list(found)


def named(ratings: Ratings, patterns: Sequence[str]) -> list[int]:
    """Return the numbers of the judges that one of these patterns names.

    Raises:
        UsageError: a pattern names none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in ratings.judges):
            cure = f"; {LABELS_COME}" if pattern.startswith("human:") and not ratings.people().any() else ""
            raise UsageError(f"no judge '{pattern}'; there are {', '.join(ratings.judges)}{cure}")
    return [number for number, name in enumerate(ratings.judges) if any(fnmatchcase(name, one) for one in patterns)]


def _wanted_heads(ratings: Ratings, options: AgreementOptions) -> list[str]:
    strange = next((head for head in options.heads if head not in ratings.heads), None)
    if strange:
        raise UsageError(f"--head {strange}: nobody said it; there are {', '.join(ratings.heads)}")
    return [head for head in ratings.heads if not options.heads or head in options.heads]


def _pair(ratings: Ratings, head: str, two: tuple[int, int], by: Iterable[str]) -> Iterator[PairAgreement]:
    if head == "score" and not _graded(ratings, two):
        return
    yield pair(ratings, head, *two)
    for rows, part in parts(ratings, head, _not_circular(ratings, two, by)):
        found = pair(ratings, head, *two, rows, part)
        if found.n:
            yield found


def _not_circular(ratings: Ratings, judges: Iterable[int], by: Iterable[str]) -> list[str]:
    """Leave out how far people agree as a division of people: it would be by what is measured."""
    only_people = all(ratings.people()[one] for one in judges)
    return [name for name in by if not (only_people and name == "people")]


def _graded(ratings: Ratings, judges: Iterable[int]) -> bool:
    """Whether one of these judges gives more than verdicts."""
    units = ratings.heads["score"].units
    return not units or any(units[one] != UNGRADED for one in judges)


def _groups(
    ratings: Ratings, head: str, judges: Sequence[int], by: Sequence[str], options: AgreementOptions
) -> Iterator[GroupAgreement]:
    """Yield how all judges agree, the people among themselves, and those who labelled by one guideline."""
    if head == "score" and len({unit for unit in ratings.heads["score"].units if unit}) > 1:
        return  # different scales have no distances in common
    people = [one for one in judges if ratings.people()[one]]
    for members in [judges, *([people] if 1 < len(people) < len(judges) else [])]:
        if len(members) > 2 or members is people:
            found = [group(ratings, head, members)]
            divided = parts(ratings, head, _not_circular(ratings, members, by))
            found += [group(ratings, head, members, rows, part) for rows, part in divided]
            yield from (one for one in found if one.n)
    for guideline in dict.fromkeys(filter(None, ratings.guidelines)) if "guideline" in options.by else ():
        members = [one for one in judges if ratings.guidelines[one] == guideline]
        one = group(ratings, head, members, None, {"guideline": guideline})
        if one.n:
            yield one


def _worst(ratings: Ratings, head: str, judges: Sequence[int], most: int, describe: Describe) -> Iterator[Disagreement]:
    said = ratings.heads[head]
    if head == "score" and len(set(said.units)) > 1:
        return  # a score on one scale is not far from one on another
    rows, apart = furthest(ratings, head, judges, most)
    for row, distance in zip(rows.tolist(), apart.tolist(), strict=True):
        identity, prompt, response = describe(row)
        labels = {ratings.judges[one]: said.label(float(said.values[row, one])) for one in judges}
        yield Disagreement(
            head=head,
            id=identity,
            system=ratings.systems[int(ratings.parts["system"].place[row])],
            distance=round(distance, 4),
            said={name: label for name, label in labels.items() if label},
            prompt=clip(prompt, _SHOWN),
            response=clip(response, _SHOWN),
        )


def _notes(
    ratings: Ratings, crowd: int, pairs: Sequence[PairAgreement], detailed: bool, options: AgreementOptions
) -> Iterator[str]:
    if crowd:
        yield (
            f"The {len(ratings.judges):,} judges make {crowd:,} pairs, which are not measured one by one; name some "
            "with --judge and --against."
        )
    if ratings.lost:
        yield f"{ratings.lost:,} rows of --labels belong to no response of this run and are not counted."
    if not detailed and options.by:
        yield (
            f"There are more than {MOST_DETAILED} pairs of judges, so parts are shown for all judges together; name "
            "fewer with --judge and --against."
        )
    few = sorted({one.n for one in pairs if 0 < one.n < FEW and not one.by})
    if few:
        yield f"Some pairs have fewer than {FEW} rows in common: their intervals say how little that tells."
