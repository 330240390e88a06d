"""Can I trust this judge here? By people's labels of these very answers, by its data sheet, or plainly not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hantei.estimates import AgainstPerson, Estimate
from hantei.metrics.datasheet import EVERYTHING, DataSheet, LanguageSheet
from hantei.reports.results import NAME_LIMIT, VALIDATED, JudgeResults, Results, language_name
from hantei.reports.rooms.agreement import cell
from hantei.reports.rooms.datasheet import datasheet, language_title, share
from hantei.reports.section import (
    Cell,
    Column,
    Note,
    ReportRow,
    ReportTable,
    Section,
    caution,
    lead,
    notes,
    numbers,
    percent,
)
from hantei.reports.text import clip

_WAY_OUT = (
    "Label some of them (hantei annotate --choose 100) for a rate that holds however good the judge is (hantei "
    "estimate), or to fit the judge to them (hantei calibrate)."
)
_READING = (
    "Kappa and alpha are agreement beyond chance: 0 is chance, 1 is always. A judge that agrees with people about as "
    "much as they do among themselves is as good as one can tell."
)


def trust(results: Results) -> Iterator[Section]:
    """Yield for each judge that is no person what is known of it on answers like these, with its data sheet."""
    for judge in results.judges:
        if judge.name.startswith("human:"):
            continue
        people = [one for one in results.summary.calibration if one.judge == judge.name and one.unsafe is not None]
        sheet = results.sheets.get(judge.name)
        unknown = _not_in(sheet, judge) if sheet else []
        answer = _answer(results.validated(judge.name), people, sheet)
        yield Section(
            key="trust",
            title="Can I trust this judge here?",
            tables=(_table(sheet),) if sheet else (),
            notes=(*_leads(answer, people, sheet, unknown), *notes(_READING if sheet else "")),
            data={"answer": answer, "people": people, "sheet": sheet, "languages_not_measured": unknown},
            judge=judge.name,
        )
        for part in datasheet(sheet) if sheet else ():
            yield replace(part, judge=judge.name, folded=True, terminal=False)


def _answer(validated: bool, people: Sequence[AgainstPerson], sheet: DataSheet | None) -> str:
    if validated:
        return "measured here"
    if sheet:
        return "measured elsewhere"
    return "too few labels" if people else "not measured on answers like these"


def _leads(
    answer: str, people: Sequence[AgainstPerson], sheet: DataSheet | None, unknown: Sequence[str]
) -> Iterator[Note]:
    for one in people:
        yield lead(_here(one))
    if people and answer != "measured here":
        yield caution(
            f"Fewer than {VALIDATED} answers of this run have a label and are new to it: too few to tell. {_WAY_OUT}"
        )
    if sheet:
        yield caution(
            f"Its data sheet is of other answers ({', '.join(clip(name, 60) for name in sheet.data)}): nothing here "
            "says whether it errs as often on these."
        )
    if unknown:
        yield caution(f"Not measured in {', '.join(language_name(clip(one, 40)) for one in unknown)}.")
    if not people and not sheet:
        yield caution(
            f"Not measured on answers like these: nobody labelled any of them, and there is no data sheet. {_WAY_OUT} "
            "A sheet of hantei judges measure is shown by hantei report --sheet."
        )


def _here(one: AgainstPerson) -> str:
    said = _said(one.unsafe.accuracy) if one.unsafe else "-"
    seen = f"; {one.in_training:,} of them were in its training data" if one.in_training else ""
    return f"On {one.n:,} of these very answers it agrees with {clip(one.against, NAME_LIMIT)} on {said}{seen}."


def _said(estimate: Estimate) -> str:
    number = percent(*numbers(estimate))
    return f"{number.text} {number.interval}"


def _not_in(sheet: DataSheet, judge: JudgeResults) -> list[str]:
    """Return the languages of the run in which the sheet has no labelled answer."""
    measured = {one.language for one in sheet.languages if one.rows}
    return [one for one in judge.values("language") if one not in measured and one != "unknown"]


def _table(sheet: DataSheet) -> ReportTable:
    titles = ("Answers", "Agrees with people", "Kappa with people", "Alpha among people", "Finds of the unsafe")
    return ReportTable(
        caption="What its data sheet says, by language",
        head="Language",
        columns=tuple(Column(title=title) for title in (*titles, "Ordinary answers flagged")),
        rows=tuple(
            ReportRow(name=language_title(one), cells=_cells(one), total=one.language == EVERYTHING)
            for one in sheet.languages
        ),
    )


def _cells(one: LanguageSheet) -> tuple[Cell, ...]:
    judge = next((pair for pair in one.pairs if pair.head == "unsafe"), None)
    people = next((group for group in one.people if group.head == "unsafe"), None)
    accuracy, kappa, recall = (cell(judge.get(name) if judge else None) for name in ("accuracy", "kappa", "recall"))
    alpha = cell(people.get("alpha_nominal") if people else None)
    return (f"{one.rows:,}", accuracy, kappa, alpha, recall, share(one.ordinary))
