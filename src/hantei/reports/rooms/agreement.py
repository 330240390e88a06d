"""How judges agree: a section for each thing compared, and one of the rows on which they differ most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from hantei.metrics.agreement.results import Agreement, AgreementMeasure, Disagreement, GroupAgreement, PairAgreement
from hantei.reports.results import NAME_LIMIT, language_name
from hantei.reports.section import (
    Cell,
    Column,
    Note,
    Number,
    ReportRow,
    ReportTable,
    Section,
    decimal,
    lead,
    notes,
    numbers,
    percent,
)
from hantei.reports.text import clip

HEADS = {
    "unsafe": "Unsafe or safe",
    "action": "Action",
    "refusal": "Refusal",
    "score": "Score",
    "label": "Label",
}
MEASURES = {
    "accuracy": ("Accuracy", "both say the same"),
    "precision": ("Precision of unsafe", "unsafe by the labels, of those judged unsafe"),
    "recall": ("Recall of unsafe", "judged unsafe, of those unsafe by the labels"),
    "f1": ("F1 of unsafe", "harmonic mean of precision and recall"),
    "macro_f1": ("Macro-F1", "mean of F1 over the labels that occur"),
    "kappa": ("Cohen's kappa", "agreement beyond chance; 0 is chance, 1 is always"),
    "kappa_quadratic": ("Quadratic kappa", "the same, near misses counting less than far ones"),
    "alpha_nominal": ("Krippendorff's alpha", "agreement beyond chance of any number of raters"),
    "alpha_ordinal": ("Alpha, ordinal", "the same, by how many values lie between two"),
    "alpha_interval": ("Alpha, interval", "the same, by the squared difference"),
    "pearson": ("Pearson's r", "how far one follows the other in a straight line"),
    "spearman": ("Spearman's rho", "how far they order the rows alike"),
    "tau_b": ("Kendall's tau-b", "pairs of rows ordered alike less those turned round"),
    "ranking_tau_b": ("Ranking of systems, tau-b", "pairs of systems ordered alike less those turned round"),
    "unanimous": ("All agree", "share of the rows"),
}
"""The title and the meaning of each measure, in the order in which tables show them."""

_SHARES = ("accuracy", "precision", "recall", "unanimous")
_KEY = {
    "unsafe": ("accuracy", "kappa", "f1"),
    "action": ("accuracy", "kappa", "macro_f1"),
    "refusal": ("accuracy", "kappa_quadratic", "macro_f1"),
    "score": ("accuracy", "kappa_quadratic", "spearman"),
    "label": ("accuracy", "kappa", "spearman"),
}
"""What a table of many pairs, or of parts, has room for."""

_FEW_PAIRS = 3
"""So many pairs have a table of all measures each."""

_MOST_COLUMNS = 8
"""Judges that have a column each in the list of rows, at most."""

_READING = (
    "Shares have the interval of a rate, clustered by prompt, everything else the middle 95% of 1,000 draws "
    "of the prompts. Where an interval or a number is missing, the JSON (--json) says why."
)


def agreement(found: Agreement) -> Iterator[Section]:
    """Yield for each head how judges agree, all together, part by part, and what they confuse; then the worst rows."""
    for head in dict.fromkeys([*(one.head for one in found.pairs), *(one.head for one in found.groups)]):
        pairs = [one for one in found.pairs if one.head == head]
        whole = [one for one in pairs if not one.by]
        if whole:
            yield _pairs(head, whole, pairs)
        yield from _together(head, [one for one in found.groups if one.head == head])
        yield from _parts(head, [one for one in pairs if one.by], several=len(whole) > 1)
        yield from _confusions(head, whole)
    if found.worst:
        yield _worst(found.worst)


def _pairs(head: str, whole: Sequence[PairAgreement], pairs: Sequence[PairAgreement]) -> Section:
    few = whole if len(whole) <= _FEW_PAIRS else []
    return Section(
        key=f"agreement-{head}",
        title=f"{HEADS[head]}: how judges agree",
        tables=tuple(_all_measures(one) for one in few)
        or (_table(f"{HEADS[head]}: pair by pair", "Pair", head, ((_name(one), one) for one in whole)),),
        notes=(*_leads(head, few), *notes(*_reasons(few), _READING)),
        data={"head": head, "pairs": list(pairs)},
    )


def _together(head: str, groups: Sequence[GroupAgreement]) -> Iterator[Section]:
    if groups:
        yield Section(
            key=f"agreement-{head}-together",
            title=f"{HEADS[head]}, several raters together",
            tables=(_groups(groups),),
            data={"head": head, "groups": list(groups)},
        )


def _parts(head: str, pairs: Sequence[PairAgreement], several: bool) -> Iterator[Section]:
    for dimension in dict.fromkeys(name for one in pairs for name in one.by):
        own = [one for one in pairs if dimension in one.by]
        rows = ((_row(one, dimension, several), one) for one in own)
        title = f"{HEADS[head]}, by {dimension.replace('_', ' ')}"
        yield Section(
            key=f"agreement-{head}-by-{dimension}",
            title=title,
            tables=(_table(_name(own[0]) if not several else title, _title(dimension), head, rows),),
            data={"head": head, "pairs": own},
        )


def _row(one: PairAgreement, dimension: str, several: bool) -> str:
    part = _part(dimension, one.by[dimension])
    return f"{part}: {_name(one)}" if several else part


def _confusions(head: str, whole: Sequence[PairAgreement]) -> Iterator[Section]:
    tables = tuple(_confusion(one) for one in whole if one.confusion) if len(whole) <= _FEW_PAIRS else ()
    if tables:
        yield Section(key=f"agreement-{head}-confusion", title=f"{HEADS[head]}, what is confused", tables=tables)


def _leads(head: str, pairs: Iterable[PairAgreement]) -> Iterator[Note]:
    for one in pairs:
        more = ", ".join(
            f"{count:,} more only {clip(who, NAME_LIMIT)} rated"
            for count, who in ((one.only_judge, one.judge), (one.only_against, one.against))
            if count
        )
        yield lead(f"{_name(one)}: {one.n:,} rows that both rated{'; ' + more if more else ''}.")
    if head == "score":
        yield lead(
            "A judge without a score is compared by its probability of unsafe, one without either by its verdict; a "
            "correlation is negative where one's higher score is the safer one."
        )


def _reasons(pairs: Iterable[PairAgreement]) -> Iterator[str]:
    told = {one.reason: MEASURES[one.name][0] for two in pairs for one in two.measures if one.reason}
    yield from (f"{title}: {reason}." for reason, title in told.items())


def _name(one: PairAgreement) -> str:
    return f"{clip(one.judge, NAME_LIMIT)} against {clip(one.against, NAME_LIMIT)}"


def _all_measures(one: PairAgreement) -> ReportTable:
    return ReportTable(
        caption=_name(one),
        head="Measure",
        columns=(Column(title="Value [95% interval]"),),
        rows=tuple(
            ReportRow(name=title, note=meaning, cells=(cell(one.get(name)),))
            for name, (title, meaning) in MEASURES.items()
            if one.get(name)
        ),
    )


def cell(one: AgreementMeasure | None) -> Cell:
    """Return a measure as people read it: shares in percent, all others with three digits; None where undefined."""
    if one is None or one.estimate.value is None:
        return None
    estimate = one.estimate
    value, low, high = numbers(estimate)
    if one.name in _SHARES:
        return percent(value, low, high, counts=f"{round(value * estimate.n):,}/{estimate.n:,.0f}")
    if estimate.low is None:
        return Number(text=f"{value:.3f}", value=value)
    return decimal(value, low, high)


def _table(caption: str, title: str, head: str, rows: Iterable[tuple[str, PairAgreement]]) -> ReportTable:
    """Return a table of the measures that there is room for; a row is its name and what is measured."""
    listed = list(rows)
    names = [name for name in _KEY[head] if any(one.get(name) for _, one in listed)]
    return ReportTable(
        caption=caption,
        head=title,
        columns=(Column(title="Rows"), *(Column(title=MEASURES[name][0]) for name in names)),
        rows=tuple(
            ReportRow(name=row, cells=(f"{one.n:,}", *(cell(one.get(name)) for name in names))) for row, one in listed
        ),
    )


def _title(dimension: str) -> str:
    return dimension.replace("_", " ").capitalize()


def _part(dimension: str, name: str) -> str:
    if dimension in ("harm_type", "risk_area"):
        from hantei import taxonomy

        return clip(taxonomy.title(name), NAME_LIMIT)
    return clip(language_name(name) if dimension == "language" else name, NAME_LIMIT)


def _groups(groups: Sequence[GroupAgreement]) -> ReportTable:
    names = [name for name in MEASURES if any(one.name == name for of in groups for one in of.measures)]
    return ReportTable(
        caption="Several raters together",
        head="Raters",
        columns=(Column(title="Rows"), *(Column(title=MEASURES[name][0]) for name in names)),
        rows=tuple(
            ReportRow(name=_group(of), cells=(f"{of.n:,}", *(_measure(of, name) for name in names))) for of in groups
        ),
    )


def _group(of: GroupAgreement) -> str:
    part = ", ".join(_part(dimension, name) for dimension, name in of.by.items())
    people = all(name.startswith("human:") for name in of.judges)
    who = f"{len(of.judges)} {'people' if people else 'judges'}"
    return f"{who}: {part}" if part else who


def _measure(of: GroupAgreement, name: str) -> Cell:
    return cell(of.get(name))


def _confusion(one: PairAgreement) -> ReportTable:
    return ReportTable(
        caption=f"How often {clip(one.judge, NAME_LIMIT)} said what (across), by what {clip(one.against, NAME_LIMIT)} "
        "said (down)",
        head=clip(one.against, NAME_LIMIT),
        columns=tuple(Column(title=clip(label, 40)) for label in one.labels),
        rows=tuple(
            ReportRow(name=clip(label, 40), cells=tuple(f"{count:,}" for count in row))
            for label, row in zip(one.labels, one.confusion, strict=True)
        ),
    )


def _worst(worst: Sequence[Disagreement]) -> Section:
    return Section(
        key="disagreement",
        title="Rows on which judges differ most",
        tables=tuple(_list(head, worst) for head in dict.fromkeys(one.head for one in worst)),
        notes=(lead("Distance is the mean over pairs of judges, from 0 (the same) to 1 (as far apart as can be)."),),
        data=list(worst),
        folded=True,
    )


def _list(head: str, worst: Sequence[Disagreement]) -> ReportTable:
    own = [one for one in worst if one.head == head]
    judges = list(dict.fromkeys(name for one in own for name in one.said))
    few = len(judges) <= _MOST_COLUMNS
    columns = [clip(judge, NAME_LIMIT) for judge in judges] if few else ["What each said"]
    cells = _each(judges) if few else _in_one
    titles = (Column(title="System"), Column(title="Distance"), *(Column(title=title) for title in columns))
    texts = (Column(title="Question", terminal=False), Column(title="Answer", terminal=False))
    rows = [
        ReportRow(
            name=clip(one.id, NAME_LIMIT),
            cells=(clip(one.system, NAME_LIMIT), f"{one.distance:.2f}", *cells(one), one.prompt, one.response),
        )
        for one in own
    ]
    return ReportTable(caption=HEADS[head], head="Response", columns=(*titles, *texts), rows=tuple(rows))


def _each(judges: Sequence[str]) -> Callable[[Disagreement], tuple[str, ...]]:
    return lambda one: tuple(clip(one.said.get(judge, "-"), 40) for judge in judges)


def _in_one(one: Disagreement) -> tuple[str, ...]:
    return (clip("; ".join(f"{judge}: {label}" for judge, label in one.said.items()), NAME_LIMIT),)
