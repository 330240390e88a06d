"""What the filters of drafts did, and how what is left is spread over the taxonomy."""

from __future__ import annotations

from hantei.benchmarks.build.balance import Balance
from hantei.benchmarks.build.filtering import Filtered
from hantei.records import INTENTS
from hantei.reports.figures import Plot, Series
from hantei.reports.section import Cell, Column, ReportRow, ReportTable, Section, caution, notes, text_table

_SHOWN = 8
"""Missing harms that are named for each language, and dropped drafts of each filter."""
_LIMITS = (
    "Personal data are found by their form (mail addresses; phone, identity and card numbers of Japan, China and the "
    "United States) and by the list of --people alone: a name that nobody listed, an address or a description passes."
)


def filter_sections(found: Filtered) -> list[Section]:
    """Return what was dropped by which filter, and the balance of what is left."""
    return [_filters(found), balance_section(found.balance)]


def _filters(found: Filtered) -> Section:
    header = ("filter", "of", "dropped", "such as")
    rows: list[list[Cell]] = [
        [f"{step.title} ({step.name})", f"{step.seen:,}", f"{step.dropped:,}", _example(found, step.name)]
        for step in found.steps
    ]
    compared = sum(found.compared.values())
    return Section(
        key="draft-filters",
        title="Filters",
        tables=(text_table("Drafts dropped by each filter, in their order", header, rows),),
        notes=(
            *(caution(f"{line}; it was not compared with.") for line in found.unread),
            *notes(
                f"{len(found.kept):,} drafts are left, {len(found.dropped):,} lie in dropped.jsonl.",
                f"Compared with {compared:,} prompts of these benchmarks: {', '.join(found.compared)}.",
                *(f"Left out: {line}." for line in found.left_out),
                *(f"{step.title}: {step.note}." for step in found.steps if step.note),
                _LIMITS,
            ),
        ),
    )


def _example(found: Filtered, name: str) -> str:
    first = next((one for one in found.dropped if one.filter == name), None)
    if first is None:
        return ""
    return f"{first.id}: {first.why}" + (f" ({first.other})" if first.other else "")


def balance_section(spread: Balance) -> Section:
    """Return how items are spread over the harm types, as table and picture, with what is missing."""
    columns = (*(Column(title=language) for language in spread.languages), Column(title="all"))
    rows = tuple(
        ReportRow(
            name=f"{at}. {node.title['en']}",
            cells=(
                *(f"{spread.counts[node.id, language]:,}" for language in spread.languages),
                f"{spread.of(node.id):,}",
            ),
        )
        for at, node in enumerate(spread.harm_types, 1)
    )
    totals = [
        sum(count for (_, one), count in spread.intents.items() if one == language) for language in spread.languages
    ]
    total = ReportRow(name="all", cells=(*(f"{count:,}" for count in totals), f"{spread.total:,}"), total=True)
    by_harm = ReportTable(caption="Items by harm type", head="harm type", columns=columns, rows=(*rows, total))
    thin = ", ".join(node.title["en"] for node in spread.thin())
    return Section(
        key="balance",
        title="Balance over the taxonomy",
        tables=(by_harm, _intents(spread)),
        figures=(_picture(spread),) if spread.total else (),
        notes=notes(
            f"Thin, with fewer than half as many items as the mean: {thin}." if thin else "",
            f"{spread.elsewhere:,} items have a harm that is none of these." if spread.elsewhere else "",
            *(_missing(spread, language) for language in spread.languages),
        ),
    )


def _intents(spread: Balance) -> ReportTable:
    known = [one for one in (*INTENTS, "-") if any(spread.intents[one, language] for language in spread.languages)]
    rows: list[list[Cell]] = [
        [intent, *(f"{spread.intents[intent, language]:,}" for language in spread.languages)] for intent in known
    ]
    return text_table("Items by intent", ("intent", *spread.languages), rows)


def _missing(spread: Balance, language: str) -> str:
    missing = spread.missing[language]
    if not missing:
        return f"{language}: every specific harm has an item."
    named = ", ".join(node.title["en"] for node in missing[:_SHOWN])
    more = f" and {len(missing) - _SHOWN:,} more" if len(missing) > _SHOWN else ""
    return f"{language}: {len(missing):,} specific harms have no item: {named}{more}."


def _picture(spread: Balance) -> Plot:
    most = max(spread.counts.values(), default=1)
    return Plot(
        title="Items by harm type and language",
        x_label="Harm type, by its number in the table",
        y_label="Items",
        series=tuple(
            Series(
                language,
                [(float(at), float(spread.counts[node.id, language])) for at, node in enumerate(spread.harm_types, 1)],
                style="bars",
            )
            for language in spread.languages
        ),
        x_range=(0.5, len(spread.harm_types) + 0.5),
        y_range=(0.0, float(most)),
    )
