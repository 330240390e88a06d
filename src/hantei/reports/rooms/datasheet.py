"""A judge's data sheet: a measure a row, a language a column."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hantei.estimates import Estimate
from hantei.metrics.datasheet import EVERYTHING, DataSheet, LanguageSheet
from hantei.reports.results import NAME_LIMIT, language_name
from hantei.reports.rooms.agreement import HEADS, MEASURES, cell
from hantei.reports.section import (
    Cell,
    Column,
    Note,
    Number,
    ReportRow,
    ReportTable,
    Section,
    caution,
    lead,
    notes,
    percent,
)
from hantei.reports.section import numbers as ends
from hantei.reports.text import clip

_PAIR = {
    "unsafe": ("accuracy", "kappa", "precision", "recall", "f1"),
    "action": ("accuracy", "kappa", "macro_f1"),
    "refusal": ("accuracy", "kappa_quadratic", "macro_f1"),
}
_READING = (
    "People's label is what most of those say who labelled the answer. Length: by what the odds of unsafe are "
    "multiplied where the answer is twice as long and the label the same; 1 is no bias. Injections: a text after an "
    "unsafe answer asks for another verdict. Wordings are a range over what was tried, never a 95% interval."
)


def datasheet(sheet: DataSheet) -> Iterator[Section]:
    """Yield what was measured of a judge, and its rate under other wordings."""
    yield Section(
        key="datasheet",
        title=f"Data sheet of {clip(sheet.judge, NAME_LIMIT)}",
        tables=(_table(sheet),),
        notes=(*_leads(sheet), *notes(_READING, *_not_there(sheet), *(clip(one, 400) for one in sheet.notices))),
        data=sheet,
    )
    if any(one.wordings for one in sheet.languages):
        yield Section(key="wordings", title="Rate under other wordings of its prompt", tables=(_wordings(sheet),))


def _leads(sheet: DataSheet) -> Iterator[Note]:
    files = ", ".join(clip(name, 60) for name in sheet.data)
    yield lead(
        f"Measured on {files} by hantei {sheet.hantei} on {sheet.created[:10]}; judge's card {sheet.card_hash[:12]}."
    )
    cost = "unknown" if sheet.cost_per_1000 is None else f"{sheet.cost_per_1000:.2f} US dollars"
    seconds = "unknown" if sheet.seconds_per_1000 is None else f"{sheet.seconds_per_1000:.1f} seconds"
    yield lead(f"For 1,000 answers: {cost}, {seconds} on this machine.")
    for note in sheet.notes:
        yield caution(clip(note, 400))


def _not_there(sheet: DataSheet) -> Iterator[str]:
    for one in sheet.languages:
        if one.no_verdict:
            reasons = ", ".join(f"{count:,} {clip(reason, 60)}" for reason, count in sorted(one.no_verdict.items()))
            yield f"Without a verdict, {language_title(one)}: {reasons}."
        if one.length_odds and one.length_odds.reason:
            yield f"Length, {language_title(one)}: {one.length_odds.reason}."


def _table(sheet: DataSheet) -> ReportTable:
    rows = [
        ReportRow(name="Answers with people's labels", cells=tuple(f"{one.rows:,}" for one in sheet.languages)),
        *_pairs(sheet),
        *_people(sheet),
        *(_row(sheet, title, note, of) for title, note, of in _ROWS),
        _row(sheet, "No verdict", "answers", lambda one: f"{sum(one.no_verdict.values()):,}"),
    ]
    return ReportTable(
        caption="By language",
        head="Measure",
        columns=tuple(Column(title=language_title(one)) for one in sheet.languages),
        rows=tuple(row for row in rows if any(value is not None for value in row.cells)),
    )


def language_title(one: LanguageSheet) -> str:
    """Return what people call the language of a part of the sheet."""
    return "All" if one.language == EVERYTHING else language_name(clip(one.language, 40))


def _row(sheet: DataSheet, title: str, note: str, of: Callable[[LanguageSheet], Cell]) -> ReportRow:
    return ReportRow(name=title, note=note, cells=tuple(of(one) for one in sheet.languages))


def _pairs(sheet: DataSheet) -> Iterator[ReportRow]:
    for head, names in _PAIR.items():
        for name in names:
            measures = [next((p.get(name) for p in one.pairs if p.head == head), None) for one in sheet.languages]
            title, note = MEASURES[name]
            of = title if head == "unsafe" else f"{title} ({HEADS[head].lower()})"
            yield ReportRow(name=f"{of}, with people", note=note, cells=tuple(cell(one) for one in measures))


def _people(sheet: DataSheet) -> Iterator[ReportRow]:
    """Yield how people agree among themselves, which a judge can hardly surpass."""
    for head in _PAIR:
        groups = [next((group for group in one.people if group.head == head), None) for one in sheet.languages]
        for name in ("unanimous", "alpha_nominal", "alpha_ordinal"):
            found = [group.get(name) if group else None for group in groups]
            if any(found):
                title = f"{MEASURES[name][0]} ({HEADS[head].lower()}), people among themselves"
                yield ReportRow(name=title, note=MEASURES[name][1], cells=tuple(cell(one) for one in found))


def share(estimate: Estimate | None) -> Cell:
    """Return a share as a cell, None where it was not measured."""
    if estimate is None or estimate.value is None:
        return None
    return percent(*ends(estimate), counts=f"{round(estimate.value * estimate.n):,}/{estimate.n:,.0f}")


def _bare(estimate: Estimate | None) -> Cell:
    if estimate is None or estimate.value is None:
        return None
    value, low, high = ends(estimate)
    return Number(text=f"{value:.3f}", interval=f"[{low:.3f}, {high:.3f}]", value=value, low=low, high=high)


def _length(one: LanguageSheet) -> Cell:
    return "not measurable" if one.length_odds and one.length_odds.reason else cell(one.length_odds)


def _points(one: LanguageSheet) -> Cell:
    return None if one.spread is None else f"{100 * one.spread:.1f} points over {len(one.wordings) + 1} wordings"


_ROWS: tuple[tuple[str, str, Callable[[LanguageSheet], Cell]], ...] = (
    ("Rate", "judged unsafe, of those with a verdict", lambda one: share(one.rate)),
    ("Ordinary answers flagged", "of ordinary answers to ordinary requests", lambda one: share(one.ordinary)),
    ("Calibration error", "of its probability of unsafe", lambda one: _bare(one.calibration_error)),
    ("Brier score", "squared distance of the probability from the label", lambda one: _bare(one.brier)),
    ("Length", "odds of unsafe, twice as long", _length),
    ("Flips", "answers whose verdict changed when judged again", lambda one: share(one.flips)),
    ("Injections withstood", "still unsafe", lambda one: share(one.injections)),
    ("Spread of the rate", "over wordings and orders of options", _points),
)


def _wordings(sheet: DataSheet) -> ReportTable:
    names = [one.name for one in sheet.languages[0].wordings]
    rows = [ReportRow(name=clip(sheet.judge, NAME_LIMIT), cells=tuple(share(one.rate) for one in sheet.languages))]
    rows += [
        ReportRow(name=clip(name, NAME_LIMIT), cells=tuple(share(one.wordings[place].rate) for one in sheet.languages))
        for place, name in enumerate(names)
    ]
    columns = tuple(Column(title=language_title(one)) for one in sheet.languages)
    return ReportTable(caption="Share judged unsafe", head="Judge", columns=columns, rows=tuple(rows))
