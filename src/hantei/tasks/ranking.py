"""Ranking judges by how they agree with people."""

from __future__ import annotations

from collections.abc import Sequence

from hantei.errors import UsageError
from hantei.files import AnyPath
from hantei.metrics.agreement import ranking
from hantei.metrics.agreement.ranking import Ranking
from hantei.tasks.agreeing import AgreementOptions, named, paths_of, ratings_of


def rank(
    source: AnyPath | Sequence[AnyPath], options: AgreementOptions | None = None, measure: str = "kappa"
) -> list[Ranking]:
    """Return judges by their agreement with people, for each head that two judges or more gave; ties share places.

    Args:
        source: a run folder, or tables with labels.
        options: which judges, ``against`` whose labels (people's, where nobody is named), which heads, and the files.
        measure: kappa, accuracy or f1.

    Raises:
        UsageError: no such run, judge, head or measure, or nobody to rank or to rank by.
        InputError: a file cannot be read or holds no labels.
    """
    options = options or AgreementOptions()
    ratings = ratings_of(paths_of(source), options)
    against = named(ratings, options.against or ("human:*",))
    judges = [one for one in named(ratings, options.judge or ("*",)) if one not in against]
    heads = [head for head in ratings.heads if head != "score" and head in (options.heads or ratings.heads)]
    found = []
    for head in heads:
        told = ratings.heads[head].values
        members = [one for one in judges if (told[:, one] == told[:, one]).any()]  # not all of them nan
        people = [one for one in against if (told[:, one] == told[:, one]).any()]
        if len(members) > 1 and people:
            found.append(ranking.rank(ratings, head, members, people, measure))
    if not found:
        raise UsageError(
            f"expected two judges or more and labels to rank them by; there are {', '.join(ratings.judges)}"
        )
    return found
