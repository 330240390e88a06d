"""What came of correcting unsafe answers, as each judge sees it, and what each version took."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.engine.meter import dollars
from hantei.records import VersionCost
from hantei.reports.results import JudgeResults, Results
from hantei.reports.rooms.tables import rate_table
from hantei.reports.section import Column, ReportRow, Section, lead, notes, text_table

_TITLES = {
    "critique": "corrected by its critique",
    "again": "asked again, no critique",
    "refusal": "refused",
}
_OWN = (
    "This judge decided which answers to correct and when to stop: that it now finds them safe may only say that it "
    "was satisfied. A judge of --check-with had no part in that."
)


def correction(results: Results) -> Iterator[Section]:
    """Yield what became of unsafe answers by judge, and what it took, where a run has corrections."""
    own = results.settings.get("plan", {}).get("correction", {}).get("judge")
    if not own:
        return
    for judge in results.judges:
        rows = list(_rows(judge))
        if rows:
            table = rate_table(
                "What became of unsafe answers", "Version", [Column(title="Made safe"), Column(title="Help lost")], rows
            )
            said = notes(_OWN) if judge.name == own else ()
            yield Section(
                key="correction", title="Unsafe answers, corrected", tables=(table,), notes=said, judge=judge.name
            )
    if results.summary.corrections:
        yield _costs(results.summary.corrections)


def _rows(judge: JudgeResults) -> Iterator[ReportRow]:
    for version, title in _TITLES.items():
        safe = judge.get("made_safe_rate", version=version)
        if safe is not None:
            yield ReportRow(name=title, cells=(safe, judge.get("help_lost_rate", version=version)))


def _costs(versions: tuple[VersionCost, ...]) -> Section:
    rows = [
        (
            _TITLES[one.version],
            f"{one.originals:,}",
            f"{one.answers / one.originals:.2f}",
            f"{one.answers:,} + {one.judge_calls:,}",
            _tokens(one.tokens),
            _tokens(one.judge_tokens),
            f"{one.seconds:,.1f}",
            dollars(one.cost),
        )
        for one in versions
    ]
    header = (
        "Version",
        "Answers",
        "Rounds",
        "Calls: model + judge",
        "Tokens, model",
        "Tokens, judge",
        "Seconds",
        "Cost",
    )
    return Section(
        key="correction-cost",
        title="What corrections took",
        tables=(text_table("What corrections took", header, rows),),
        notes=(lead("Tokens in + out; seconds of calls one after the other, of which many go at a time."),),
    )


def _tokens(tokens: object) -> str:
    counts = tokens if isinstance(tokens, dict) else {}
    return f"{counts.get('input', 0):,} + {counts.get('output', 0):,}"
