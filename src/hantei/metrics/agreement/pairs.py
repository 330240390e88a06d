"""How judges agree, people among them: two by two and all together, over everything and part by part.

Shares (accuracy, precision, recall, F1) have the interval of a rate, by prompt, which holds where every row agrees;
everything else is drawn again by prompt (``draws``). What is not defined is None, and says
why; it is never nan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from hantei.arrays import Doubles, Flags, Integers
from hantei.estimates import Estimate
from hantei.metrics.agreement import measures
from hantei.metrics.agreement.alpha import alpha
from hantei.metrics.agreement.draws import Kinds, kinds_of
from hantei.metrics.agreement.ratings import MOST_CLASSES, HeadRatings, Ratings
from hantei.metrics.agreement.results import AgreementMeasure, GroupAgreement, PairAgreement
from hantei.metrics.bootstrap import BY_PROMPT, REPLICATES, percentile_interval
from hantei.metrics.classification import macro_f1_of
from hantei.metrics.shares import share_of, unsafe_agreement

Weighed = Callable[[Doubles, Doubles], Doubles]
"""A measure: values (kinds, columns) and weights (b, kinds) to b numbers."""

_ONE_VALUE = "only one value was given, so there is no agreement beyond chance to measure"
_CONSTANT = "one of the two said the same of every row"
_REASONS = {
    "kappa": _ONE_VALUE,
    "kappa_quadratic": _ONE_VALUE,
    "alpha_nominal": _ONE_VALUE,
    "alpha_ordinal": _ONE_VALUE,
    "alpha_interval": _ONE_VALUE,
    "pearson": _CONSTANT,
    "spearman": _CONSTANT,
    "tau_b": _CONSTANT,
    "ranking_tau_b": "there are not two systems of which each judge puts one above the other",
    "precision": "the judge calls nothing unsafe",
    "recall": "the labels call nothing unsafe",
    "f1": "neither calls anything unsafe",
}
_SCALES = {"nominal": ("nominal",), "ordinal": ("nominal", "ordinal"), "interval": ("ordinal", "interval")}
"""The distances of Krippendorff's alpha that fit what values mean."""

_SAME = "every drawn replicate gives the same number, so that drawing tells of no interval"
_SELDOM = "undefined in most drawn replicates"
_MANY = f"both judges gave so many values that Kendall's tau-b is not drawn again (over {measures.MOST_CELLS:,} cells)"


def pair(
    ratings: Ratings,
    head: str,
    judge: int,
    against: int,
    rows: Flags | None = None,
    by: Mapping[str, str] | None = None,
) -> PairAgreement:
    """Return how two judges agree on a head.

    Args:
        ratings: what was said.
        head: what is compared.
        judge: the number of one judge.
        against: the number of the other, whose labels precision and recall take for right.
        rows: which rows count, all where it is None.
        by: what these rows are.
    """
    said, everything = ratings.heads[head], np.ones(len(ratings.prompt), dtype=np.bool_)
    chosen = everything if rows is None else rows
    told = ~np.isnan(said.values[:, [judge, against]])
    both = chosen & told.all(axis=1)
    values, prompt = said.values[both][:, [judge, against]], ratings.prompt[both]
    levels = _levels(said, judge, against, values)
    found: list[AgreementMeasure] = []
    if len(values):
        found += _shares(head, values, prompt, levels)
        kinds = kinds_of(values, prompt)
        found += _weighed(kinds, _of_pair(head, said, levels), len(values), _tau(values, kinds, said, head))
        if head in ("unsafe", "score") and "system" not in (by or {}):
            found += _ranking(values, ratings.system[both], prompt)
    return PairAgreement(
        judge=ratings.judges[judge],
        against=ratings.judges[against],
        head=head,
        by=dict(by or {}),
        n=len(values),
        only_judge=int((chosen & told[:, 0] & ~told[:, 1]).sum()),
        only_against=int((chosen & told[:, 1] & ~told[:, 0]).sum()),
        measures=tuple(found),
        labels=tuple(said.label(level) for level in levels),
        confusion=_confusion(values, levels),
    )


def group(
    ratings: Ratings, head: str, judges: Sequence[int], rows: Flags | None = None, by: Mapping[str, str] | None = None
) -> GroupAgreement:
    """Return Krippendorff's alpha of several judges on a head, and the share of rows on which all of them agree.

    Args:
        ratings: what was said.
        head: what is compared.
        judges: their numbers.
        rows: which rows count, all where it is None.
        by: what these rows are.
    """
    said = ratings.heads[head]
    values = said.values[:, list(judges)]
    paired = (~np.isnan(values)).sum(axis=1) > 1
    counted = paired if rows is None else paired & rows
    values, prompt = values[counted], ratings.prompt[counted]
    found: list[AgreementMeasure] = []
    if len(values):
        alike = np.nanmin(values, axis=1) == np.nanmax(values, axis=1)
        share = share_of(alike, np.ones(len(values), dtype=np.bool_), prompt)
        found += [_as_measure("unanimous", share, len(values))]
        found += _weighed(kinds_of(values, prompt), _alphas(said), len(values))
    return GroupAgreement(
        judges=tuple(ratings.judges[one] for one in judges),
        head=head,
        by=dict(by or {}),
        n=len(values),
        measures=tuple(found),
    )


def parts(ratings: Ratings, head: str, by: Iterable[str]) -> Iterator[tuple[Flags, dict[str, str]]]:
    """Yield which rows belong to each part that the rows are divided into, and what the part is."""
    for dimension in by:
        part = ratings.divided(head) if dimension == "people" else ratings.parts[dimension]
        for number, name in enumerate(part.names):
            rows = part.place == number
            if rows.any():
                yield rows, {dimension: name}


def _levels(said: HeadRatings, judge: int, against: int, values: Doubles) -> Doubles:
    """Return the values of a table of confusion, none where there are too many, or where two scales differ."""
    if said.labels:
        return np.arange(len(said.labels), dtype=np.float64)
    if said.units and said.units[judge] != said.units[against]:
        return np.zeros(0)
    levels = np.unique(values)
    return levels if len(levels) <= MOST_CLASSES else np.zeros(0)


def _confusion(values: Doubles, levels: Doubles) -> tuple[tuple[int, ...], ...]:
    if not len(levels) or not len(values):
        return ()
    x, y = (np.searchsorted(levels, values[:, column]) for column in (0, 1))
    table = np.bincount(y * len(levels) + x, minlength=len(levels) ** 2).reshape(len(levels), -1)
    return tuple(tuple(row) for row in table.tolist())


def _shares(head: str, values: Doubles, prompt: Integers, levels: Doubles) -> Iterator[AgreementMeasure]:
    if head == "unsafe":
        found = unsafe_agreement(values[:, 1] == 1, values[:, 0] == 1, prompt)
        for name in ("accuracy", "precision", "recall", "f1"):
            yield _as_measure(name, getattr(found, name), len(values))
    elif len(levels):
        same = values[:, 0] == values[:, 1]
        yield _as_measure("accuracy", share_of(same, np.ones(len(values), dtype=np.bool_), prompt), len(values))


def _as_measure(name: str, estimate: Estimate | None, n: int) -> AgreementMeasure:
    if estimate is None:
        return AgreementMeasure(name=name, estimate=Estimate(value=None, n=n), reason=_REASONS[name])
    return AgreementMeasure(name=name, estimate=estimate)


def _of_pair(head: str, said: HeadRatings, levels: Doubles) -> dict[str, Weighed]:
    """Return the measures of a head that weightings of kinds give, by name."""
    found: dict[str, Weighed] = {}
    if len(levels):
        found |= _of_tables(head, said, levels)
    if said.scale == "interval":
        found["pearson"] = lambda values, weights: measures.pearson(values[:, 0], values[:, 1], weights)
    if said.scale != "nominal":
        found["spearman"] = lambda values, weights: measures.spearman(values[:, 0], values[:, 1], weights)
    return found


def _of_tables(head: str, said: HeadRatings, levels: Doubles) -> dict[str, Weighed]:
    def on(measure: Callable[[Doubles], Doubles]) -> Weighed:
        return lambda values, weights: measure(measures.tables(values[:, 0], values[:, 1], weights, levels))

    found = {"kappa": on(lambda table: measures.kappa(table, measures.nominal(len(levels))))}
    if said.scale != "nominal":
        found["kappa_quadratic"] = on(lambda table: measures.kappa(table, measures.quadratic(levels)))
    if said.labels and head != "unsafe":
        found["macro_f1"] = on(macro_f1_of)
    return found | _alphas(said)


def _alphas(said: HeadRatings) -> dict[str, Weighed]:
    few = len(np.unique(said.values[~np.isnan(said.values)])) <= MOST_CLASSES
    kept = [name for name in _SCALES[said.scale] if few or name == "interval"]
    return {f"alpha_{name}": _alpha_on(name) for name in kept}


def _alpha_on(scale: str) -> Weighed:
    return lambda values, weights: alpha(values, weights, scale)


def _tau(values: Doubles, kinds: Kinds, said: HeadRatings, head: str) -> dict[str, tuple[float, Weighed | None]]:
    """Return Kendall's tau-b of rows, and how it is drawn again, None where there are too many values for that."""
    if said.scale == "nominal":
        return {}
    x, y = values.T
    cells = len(np.unique(x)) * len(np.unique(y))
    again: Weighed | None = None
    if cells <= measures.MOST_CELLS:
        again = lambda one, weights: measures.tau_b(one[:, 0], one[:, 1], weights)  # noqa: E731
    return {"tau_b": (measures.tau_b_of_rows(x, y), again)}


def _weighed(
    kinds: Kinds,
    functions: Mapping[str, Weighed],
    n: int,
    rows: Mapping[str, tuple[float, Weighed | None]] | None = None,
) -> list[AgreementMeasure]:
    """Return measures with intervals by drawing again.

    Args:
        kinds: the rows.
        functions: by name, measures of the kinds.
        n: how many rows there are.
        rows: by name, a value that was measured on the rows and how it is drawn again, if it is.
    """
    known = {name: float(function(kinds.values, kinds.counts[None])[0]) for name, function in functions.items()}
    again = dict(functions)
    for name, (value, function) in (rows or {}).items():
        known[name] = value
        if function is not None:
            again[name] = function
    wanted = {name: function for name, function in again.items() if not np.isnan(known[name])}
    drawn: dict[str, list[Doubles]] = {name: [] for name in wanted}
    for weights in kinds.draws() if wanted else ():
        for name, function in wanted.items():
            drawn[name].append(function(kinds.values, weights))
    return [
        measured(name, value, np.concatenate(drawn[name]) if name in drawn else None, n)
        for name, value in known.items()
    ]


def measured(name: str, value: float, drawn: Doubles | None, n: int) -> AgreementMeasure:
    """Return a measure with its interval, or why it has none.

    Args:
        name: of the measure.
        value: of the data, nan where it is not defined.
        drawn: of each replicate, nan where it is not defined; None where nothing was drawn again.
        n: rows.
    """
    if np.isnan(value):
        return AgreementMeasure(name=name, estimate=Estimate(value=None, n=n), reason=_REASONS[name])
    bare = Estimate(value=value, n=n)
    if drawn is None:
        return AgreementMeasure(name=name, estimate=bare, reason=_MANY)
    kept = drawn[~np.isnan(drawn)]
    if 2 * len(kept) < REPLICATES:
        return AgreementMeasure(name=name, estimate=bare, reason=_SELDOM)
    low, high = percentile_interval(kept)
    if low == high:
        return AgreementMeasure(name=name, estimate=bare, reason=_SAME)
    left = "" if len(kept) == len(drawn) else f", {len(kept):,} of {len(drawn):,} where it is defined"
    return AgreementMeasure(name=name, estimate=Estimate(value=value, low=low, high=high, n=n, method=BY_PROMPT + left))


def _ranking(values: Doubles, system: Integers, prompt: Integers) -> list[AgreementMeasure]:
    """Return how alike two judges rank the systems by the mean of what they said."""
    _, number = np.unique(system, return_inverse=True)
    systems = int(number.max()) + 1
    if systems < 2:
        return []
    kinds = kinds_of(np.column_stack([number.astype(np.float64), values]), prompt)

    def ranked(of: Doubles, weights: Doubles) -> Doubles:
        place = of[:, 0].astype(np.int64)
        x, y = (measures.system_means(of[:, column], place, weights) for column in (1, 2))
        return measures.ranking(x, y)

    return _weighed(kinds, {"ranking_tau_b": ranked}, systems)
